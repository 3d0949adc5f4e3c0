"""What clients say to any assistant hides no order and makes none. Asks and wrappings stand in no corpus."""

from __future__ import annotations

import pytest

from model_router.config.lexicon_file import load_lexicon
from model_router.engine.briefing import LONGEST, without_briefing
from model_router.engine.catalog import Catalog
from model_router.engine.engine import DecisionEngine
from model_router.engine.hints import NO_HINTS
from model_router.engine.routes import Route

ENGINE = DecisionEngine(Catalog(), load_lexicon(), unavailable={}, config_hash="test")

BEFORE = (
    "You are a careful software engineer with a sandbox.",
    "You have access to a browser and a file editor.",
    "<context>\nRepository: bakery-backend\nLanguage: Go\n</context>",
    "Rules:\n- Use the terminal when you need it.\n- Ask when something is unclear.",
    "Du bist ein hilfreicher Assistent. Antworte in JSON.",
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
)
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


def waits(ask: str) -> bool:
    return ENGINE.decide(ask, NO_HINTS, include_alternatives=False, include_evidence=False).route is Route.CONFIRMATION


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_waits_whatever_a_client_says_around_it(order: str) -> None:
    asks = [order, *(f"{said}\n\n{order}" for said in BEFORE), *(f"{order}\n\n{said}" for said in BEHIND)]
    asks += [f"{before}\n\n{order}\n\n{behind}" for before, behind in zip(BEFORE, BEHIND, strict=False)]
    assert [ask for ask in asks if not waits(ask)] == []


@pytest.mark.parametrize("wish", HARMLESS)
def test_the_same_around_a_harmless_wish_stops_nobody(wish: str) -> None:
    asks = [wish, *(f"{said}\n\n{wish}" for said in BEFORE), *(f"{wish}\n\n{said}" for said in BEHIND)]
    assert [ask for ask in asks if waits(ask)] == []


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
    assert without_briefing("Answer in JSON.") == "Answer in JSON."
    assert without_briefing("You have a nice garden. Water it.") == "You have a nice garden. Water it."


def test_what_is_left_out_is_bounded() -> None:
    long = "Water the plants. Think step by step. " * (LONGEST // 20)
    assert without_briefing(long) == long
    unclosed = "<rules>\n" * 200 + "Water the plants. </context>"
    assert without_briefing(unclosed) == unclosed
