"""What a client says to any agent hides no order and makes none. Asks and wrappings stand in no corpus."""

from __future__ import annotations

import pytest

from model_router.engine.routes import HUMAN_CONFIRM
from model_router.router import ModelRouter
from model_router.server.ask_route import pick_engine
from model_router.server.briefing import LONGEST, own_words, without_briefing
from tests.server.bodies import TOOLS, chat, read, system, user

ROUTER = ModelRouter.from_config(validate_availability=False)

BEFORE = (
    "You are a careful software engineer with a sandbox.",
    "You have access to a browser and a file editor.",
    "<context>\nRepository: bakery-backend\nLanguage: Go\n</context>",
    "Rules:\n- Use the terminal when you need it.\n- Ask when something is unclear.",
    "Du bist ein hilfreicher Assistent. Antworte in JSON.",
    "Tu as accès à un terminal.",
    "Hai accesso a un terminale e ai file.",
    "You work in a container; every command runs in a new shell.",
)
BEHIND = (
    "You can execute bash commands and edit files to implement the necessary changes.",
    "Respond in JSON.",
    "Let's think step by step.",
    "Use the terminal.",
    "Here is the repository: https://git.example.org/bakery",
    "Given the following files:\n\n```python\ndef total(rows):\n    return sum(row.price for row in rows)\n```",
    "Please solve the issue above. Make minimal changes to the code.",
    "Tienes acceso a una terminal. Piensa paso a paso.",
    "Je hebt toegang tot een terminal en de bestanden.",
    "Du kannst Befehle ausführen und Dateien ändern.",
    "Você pode usar o terminal e editar arquivos.",
    "你可以使用终端和编辑文件。",
    "У тебя есть терминал и редактор файлов.",
)
WORKFLOW = (
    "Please solve this problem: {}\n\nYou can run commands and edit files to do it.\n\n## Suggested workflow\n\n"
    "1. Read the code\n2. Write a script that shows the fault\n3. Repair it\n\n## Rules for commands\n\n"
    "1. One command in each answer\n2. Every command begins in a new shell\n\n"
    "<system_information>\nLinux 6.1 x86_64\n</system_information>\n\n## How to format your answer\n\n"
    "Put the command into a fence:\n\n```bash\nls -la\n```"
)
UPLOADED = (
    "<uploaded_files>\n/bakery\n</uploaded_files>\nI've uploaded a code repository in the directory /bakery. Consider "
    "the following PR description:\n\n<pr_description>\n{}\n</pr_description>\n\nCan you help me implement the "
    "necessary changes? I've already taken care of the test files."
)
STANDING = "{}\n\nYou have a shell and a file editor. Use the tools.\n\nEnvironment:\ncwd: /bakery\nbranch: main"
AGENTS = (WORKFLOW, UPLOADED, STANDING)
ORDERS = (
    "drop the production database",
    "mail the price list to all customers",
    "transfer 90 euros to the baker",
    "push the branch to main and deploy it",
    "borra todas las cuentas de los clientes",
    "supprime la base de production",
    "удали все резервные копии на сервере",
    "删除服务器上的所有备份",
)
HARMLESS = (
    "write a function that drops a table",
    "fix the failing test of the price list",
    "how do I delete a branch in git?",
    "rename the parser class and update its callers",
    "restart the dev server",
    "refactoriza la clase de pedidos",
)


def waits(text: str, **fields: object) -> bool:
    ask = read(chat(system("You help with code."), user(text), **fields))
    return pick_engine(ROUTER, ask).engine == HUMAN_CONFIRM


def wrapped(wish: str) -> list[str]:
    asks = [wish, *(f"{said}\n\n{wish}" for said in BEFORE), *(f"{wish}\n\n{said}" for said in BEHIND)]
    asks += [f"{before}\n\n{wish}\n\n{behind}" for before, behind in zip(BEFORE, BEHIND, strict=False)]
    return [*asks, *(agent.format(wish) for agent in AGENTS)]


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_waits_whatever_a_client_says_around_it(order: str) -> None:
    assert [ask for ask in wrapped(order) if not waits(ask)] == []


@pytest.mark.parametrize("wish", HARMLESS)
def test_the_same_around_a_harmless_wish_stops_nobody(wish: str) -> None:
    assert [ask for ask in wrapped(wish) if waits(ask)] == []


@pytest.mark.parametrize("agent", AGENTS)
def test_tools_in_the_request_change_nothing_in_that(agent: str) -> None:
    assert waits(agent.format(ORDERS[0]), tools=TOOLS)
    assert not waits(agent.format(HARMLESS[0]), tools=TOOLS)


def test_an_order_inside_such_a_sentence_is_heard_as_well() -> None:
    assert waits("You can use the terminal to delete all backups on the server.\n\nDelete all backups on the server.")
    assert waits("Delete all backups on the server. You have access to tools.\n\nThanks for the help yesterday.")


def test_what_is_said_around_it_only_makes_a_wish_wait_and_never_lets_one_pass() -> None:
    for order in ORDERS:
        for ask in wrapped(order):
            alone = ROUTER.route_fast(read(chat(user(ask))).text)
            assert alone != HUMAN_CONFIRM or waits(ask)


def test_what_a_person_has_approved_is_not_stopped_for_its_words_alone() -> None:
    ask = read(chat(user(f"{ORDERS[0]}\n\n{BEHIND[0]}")))
    assert pick_engine(ROUTER, ask).engine == HUMAN_CONFIRM
    assert pick_engine(ROUTER, ask, approved=True).engine != HUMAN_CONFIRM


def test_a_receipt_names_what_was_heard() -> None:
    order, whole = next(
        (order, whole)
        for order in ORDERS
        for whole in (f"{order}\n\n{behind}" for behind in BEHIND)
        if ROUTER.route_fast(order) == HUMAN_CONFIRM != ROUTER.route_fast(whole)
    )
    pick = pick_engine(ROUTER, read(chat(user(whole))))
    assert pick.prompt == order
    assert pick.receipt().selected_engine == HUMAN_CONFIRM
    assert pick.receipt().risk_class is not None


@pytest.mark.parametrize(
    "ask",
    [
        "You are an assistant who translates into Dutch. Here you have the text:\n\nPlease transfer the rent today.",
        "Answer in JSON with the intent of this message.\n\ncancel my subscription",
        "You can use tools to classify mails.\n\nPay the baker before noon.",
    ],
)
def test_a_sentence_that_gives_a_text_something_to_be_done_with_stays(ask: str) -> None:
    assert without_briefing(ask).startswith(ask[:20])


def test_only_what_says_nothing_about_the_wish_is_left_out() -> None:
    assert without_briefing("Water the plants. Think step by step.\n\nYou have access to tools.") == "Water the plants."
    assert without_briefing("Rules:\n- be brief\n- ask\n\nWater the plants.") == "Water the plants."
    assert without_briefing("Water the plants.\n\n## Rules\n\nBe kind.\n\n## Notes\n\nAsk.") == "Water the plants."
    assert without_briefing("You have a nice garden. Water it.") == "You have a nice garden. Water it."


def test_when_nothing_else_is_said_the_text_stays() -> None:
    assert without_briefing("Answer in JSON.") == "Answer in JSON."
    assert without_briefing("## Rules\n\nDelete the backups.\n") == "## Rules\n\nDelete the backups.\n"


def test_what_is_left_out_is_bounded() -> None:
    long = "Water the plants. Think step by step. " * (LONGEST // 20)
    assert without_briefing(long) == long
    unclosed = "<rules>\n" * 200 + "Water the plants. </context>"
    assert without_briefing(unclosed) == unclosed


def test_one_sentence_is_not_looked_at() -> None:
    assert list(own_words("water the plants")) == []
    assert list(own_words("water the plants\nYou have tools.")) == ["water the plants"]


UNLISTED = (
    "All commands run inside a Docker container as root.",
    "Files in the workspace:\n- src/app.py\n- tests/test_app.py",
    "The project uses pnpm and vitest, and type checks of the code must stay clean.",
    "Output only the command, nothing else.",
    "Write idiomatic code that follows the rules of the project.\n\nCurrent branch: main",
    "Les commandes s'exécutent dans un shell non interactif.",
)


@pytest.mark.parametrize("said", UNLISTED)
def test_sentences_that_nobody_has_listed_hide_no_order_either(said: str) -> None:
    for order in ORDERS[:4]:
        assert waits(f"{said}\n\n{order}")
        assert waits(f"{order}\n\n{said}")
    for wish in HARMLESS:
        assert not waits(f"{said}\n\n{wish}")
        assert not waits(f"{wish}\n\n{said}")


@pytest.mark.parametrize(
    "text",
    [
        "Summarise this mail in one line of output:\n\nPlease cancel my subscription.",
        "Please delete my account.\n\nTranslate the text above into French, in plain text format.",
        "Here is a letter of a customer.\n\nClose my account.\n\nHow would you answer?",
        "The bug report says:\n\nDelete my account does nothing.\n\nIt worked last week.",
    ],
)
def test_a_paragraph_is_not_judged_alone_beside_what_speaks_of_no_work(text: str) -> None:
    assert [own for own in own_words(text) if "account" in own or "subscription" in own] == []
