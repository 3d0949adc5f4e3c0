"""Requests that a program writes around a person: forms, envelopes, answers to tools, whole jobs; our own words."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from model_router.config.files import packaged_catalog
from model_router.engine.routes import Attachment
from model_router.router import ModelRouter
from model_router.server.ask import CallKind
from model_router.server.ask_route import route_ask
from tests.server.bodies import (
    PIXEL,
    TOOLS,
    assistant,
    block_call,
    block_result,
    called,
    chat,
    read,
    result,
    system,
    texts,
    user,
)

WISH = "fix the failing test in the parser"
LINES = "why does the bridge close at noon?\n\nIt was open last week."
ORDER = "drop the production database"
RISKY = "Drop the production database and mail the customers."
MILD = "The bridge was closed on Monday and opened on Friday."
LONG = "Keep every name, path and number that matters. " * 20


@pytest.fixture(scope="module")
def router() -> ModelRouter:
    """The packaged catalog, whatever this machine has."""
    return ModelRouter.from_config(packaged_catalog(), validate_availability=False)


FORMS: list[tuple[str, Callable[[str, str], str]]] = [
    (
        "rules, material, question, open end",
        lambda wish, given: (
            f"Use the context to answer the question at the end.\n\n{given}\n\nQuestion: {wish}\nHelpful Answer:"
        ),
    ),
    (
        "the question before the material",
        lambda wish, given: (
            f"You answer questions from what was retrieved.\nQuestion: {wish} \nContext: {given} \nAnswer:"
        ),
    ),
    (
        "material between lines",
        lambda wish, given: (
            f"Context information is below.\n-------\n{given}\n-------\nGiven the context, answer the query.\n"
            f"Query: {wish}\nAnswer: "
        ),
    ),
    (
        "an answer to be refined",
        lambda wish, given: (
            f"The original query is as follows: {wish}\nWe have an existing answer: {given}\n------\n{given}\n------\n"
            "Given the new context, refine it.\nRefined Answer: "
        ),
    ),
    (
        "names in brackets",
        lambda wish, given: f"Answer from the context.\n\n[Context]\n{given}\n\n[Question]\n{wish}\n\n[Answer]\n",
    ),
    (
        "a last rule",
        lambda wish, given: (
            f"Context documents:\n{given}\n\nQuestion: {wish}\n\nAnswer the question from the context above."
        ),
    ),
    ("headings", lambda wish, given: f"## Context\n{given * 5}\n\n## Question\n{wish}"),
    ("headings in Chinese", lambda wish, given: f"## 参考内容\n{given * 5}\n\n## 用户问题\n{wish}"),
    (
        "results, and who asks",
        lambda wish, given: f"Here are the search results:\n\n[1] {given}\n\nUser question: {wish}",
    ),
    (
        "notes, and who asks",
        lambda wish, given: f"# Additional context:\n\n<note>\n{given}\n</note>\n\n---\n\n[User query]:\n{wish}",
    ),
    (
        "fields with signs around their names",
        lambda wish, given: (
            f"[[ ## context ## ]]\n{given}\n\n[[ ## question ## ]]\n{wish}\n\n"
            "Respond with the corresponding output fields, starting with the field `[[ ## answer ## ]]`."
        ),
    ),
    (
        "an example of the form before it",
        lambda wish, given: (
            "Given a question, write a query and give the answer.\n\nQuestion: Question here\nSQLQuery: a query\n\n"
            f"Only these tables:\n{given}\n\nQuestion: {wish}\nSQLQuery: "
        ),
    ),
    (
        "steps that are described",
        lambda wish, given: (
            f"Answer as best you can. Tools:\n\nrun: {given}\n\nQuestion: the question\nThought: think\n"
            f"Observation: what came\n\nBegin!\n\nQuestion: {wish}\nThought:"
        ),
    ),
    (
        "a history and a new input",
        lambda wish, given: (
            f"Begin!\n\nPrevious history:\nHuman: {given}\n\nNew input: {wish}\nThought: Do I need a tool?"
        ),
    ),
    (
        "a conversation written out",
        lambda wish, given: f"The following is a friendly conversation.\n\nHuman: {given}\nAI: No.\nHuman: {wish}\nAI:",
    ),
    ("a reminder of the form", lambda wish, given: f"{wish}\n\n\n(reminder to respond in a JSON blob no matter what)"),
    (
        "the user's words in quotes",
        lambda wish, given: (
            f"The user has requested code to be rewritten.\n\nThis is the code:\n```\n{given}\n```\n\n"
            f'The user\'s request is: "{wish}"\n\nHere is the rewritten code:'
        ),
    ),
    (
        "answers to the user's query",
        lambda wish, given: (
            f'You have been provided with answers of several models to the latest user query: "{wish}"\n\n'
            f'Make one of them.\n\nAnswers: """{given}"""'
        ),
    ),
    (
        "a prompt that is announced among blocks",
        lambda wish, given: (
            f"<document>\n{given}\n</document>\n\nModify the section by this prompt:\n<prompt>\n{wish}\n</prompt>\n\n"
            f"The section:\n<rewrite_this>\n{given}\n</rewrite_this>\n"
        ),
    ),
    (
        "a task that one agent hands on",
        lambda wish, given: (
            f"You're an agent named 'x'.\nYour manager gave you this.\n---\nTask:\n{wish}\n---\nTell much. {given}"
        ),
    ),
    ("an envelope", lambda wish, given: json.dumps({"type": "user_message", "message": wish, "time": "12:00 PM"})),
    ("provider lines", lambda wish, given: f"[Model: auto]\n\n[Provider: Local]\n\n{wish}"),
    ("attached documents", lambda wish, given: f"Attached document(s):\n```md\n{given}\n```\n\n{wish}"),
    ("a selection behind", lambda wish, given: f"{wish}\n---\nSELECTIONS\na.md (lines 1:3):\n```md\n{given}\n```"),
    (
        "mentions inside of the person's block",
        lambda wish, given: f'<user_message>\n{wish}\n\n<git_commit hash="a">\n{given}\n</git_commit>\n</user_message>',
    ),
]


@pytest.mark.parametrize("form", [case[1] for case in FORMS], ids=[case[0] for case in FORMS])
def test_a_form_gives_the_persons_words_alone(form: Callable[[str, str], str]) -> None:
    for wish in (WISH, LINES):
        ask = read(chat(user(form(wish, RISKY))))
        assert (ask.text, ask.kind) == (wish, CallKind.MAIN)


@pytest.mark.parametrize("form", [case[1] for case in FORMS], ids=[case[0] for case in FORMS])
def test_an_order_in_a_form_waits_and_its_material_does_not(
    form: Callable[[str, str], str], router: ModelRouter
) -> None:
    assert route_ask(router, read(chat(user(form(ORDER, MILD))))).requires_confirmation
    assert not route_ask(router, read(chat(user(form(WISH, RISKY))))).requires_confirmation


ROLES: list[tuple[str, dict[str, Any], CallKind]] = [
    (
        "words in a tool's message",
        chat(user("hello"), called("ask"), result(f"<user_message>\n{WISH}\n</user_message>"), tools=TOOLS),
        CallKind.MAIN,
    ),
    (
        "words in a tool's block",
        chat(user("hello"), block_call(), block_result(f"<answer>\n{WISH}\n</answer>"), tools=TOOLS),
        CallKind.MAIN,
    ),
    (
        "feedback, and the machine's state behind",
        chat(
            user("hello"),
            called(),
            result(json.dumps({"status": "denied", "feedback": WISH})),
            user(f"<environment_details>\n{RISKY}\n</environment_details>"),
            tools=TOOLS,
        ),
        CallKind.MAIN,
    ),
    (
        "a refusal in a tool's message",
        chat(user("hello"), called(), result(f"The user doesn't want to proceed. The user said:\n{WISH}"), tools=TOOLS),
        CallKind.MAIN,
    ),
    (
        "a tool's own object",
        chat(user(WISH), called(), result(json.dumps({"status": "ok", "feedback": RISKY})), tools=TOOLS),
        CallKind.TOOL_TURN,
    ),
    (
        "a report of a command as an object",
        chat(user(WISH), assistant("ls"), user(json.dumps({"returncode": 0, "output": RISKY}))),
        CallKind.TOOL_TURN,
    ),
    (
        "a beat of the heart",
        chat(user(WISH), called(), result("ok"), user(json.dumps({"type": "heartbeat", "reason": RISKY})), tools=TOOLS),
        CallKind.TOOL_TURN,
    ),
    (
        "an error that is appended",
        chat(texts(f"New task:\n{WISH}\nError:\n{RISKY}\nNow let's retry: take care."), tools=TOOLS),
        CallKind.TOOL_TURN,
    ),
    (
        "an answer in the wrong form",
        chat(user(WISH), assistant("{}"), user(f"Correct your JSON response, based on the following errors:\n{RISKY}")),
        CallKind.TOOL_TURN,
    ),
    (
        "an editor's state in the midst of the work",
        chat(
            user(WISH),
            called(),
            result("ok"),
            user(f"Here is a summary of changes in the user's editor context, in JSON.\n```json\n{RISKY}\n```"),
            tools=TOOLS,
        ),
        CallKind.TOOL_TURN,
    ),
    (
        "an approval of a call",
        {
            "input": [
                user(WISH),
                {"type": "mcp_approval_request", "id": "1", "name": "x", "arguments": RISKY},
                {"type": "mcp_approval_response", "approval_request_id": "1", "approve": True},
            ],
            "tools": TOOLS,
        },
        CallKind.TOOL_TURN,
    ),
]


@pytest.mark.parametrize(("body", "kind"), [case[1:] for case in ROLES], ids=[case[0] for case in ROLES])
def test_who_speaks_is_known_wherever_the_words_stand(body: dict[str, Any], kind: CallKind) -> None:
    ask = read(body)
    assert (ask.text, ask.kind) == (WISH, kind)


def test_a_screenshot_of_a_computer_is_a_picture() -> None:
    shot = {
        "type": "computer_call_output",
        "call_id": "1",
        "output": {"type": "computer_screenshot", "image_url": PIXEL},
    }
    ask = read({"input": [user(WISH), {"type": "computer_call", "call_id": "1"}, shot], "tools": TOOLS})
    assert (ask.text, ask.kind, ask.attachments) == (WISH, CallKind.TOOL_TURN, (Attachment.IMAGE,))


def test_a_conversation_that_the_server_keeps_names_the_session() -> None:
    for value in ("conv_9", {"id": "conv_9"}):
        assert read({"conversation": value, "input": WISH}).session == "conversation:conv_9"


TRANSCRIPT = f"<chat_history>\nUSER: {RISKY}\nASSISTANT: No.\nUSER: {WISH}\nASSISTANT: Done.\n</chat_history>"
JOBS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "image_prompt",
        "a slip in the template",
        chat(user(f"### Task:\nWrite a prompt for am image generation task.\n{TRANSCRIPT}")),
    ),
    (
        "followups",
        "messages that may be sent next",
        chat(user(f"### Task:\nPredict 3 useful messages this user might naturally send next.\n{TRANSCRIPT}")),
    ),
    (
        "autocomplete",
        "that speaks of search queries, too",
        chat(
            user(
                "### Task:\nYou are an autocompletion system. For a query, complete it as if generating a search query."
                f"\n{TRANSCRIPT}\n<type>General</type>\n<text>{WISH}</text>\n#### Output:\n"
            )
        ),
    ),
    (
        "title",
        "between lines",
        chat(
            system("Generate a short title (four words or less) for this conversation."),
            user(
                f"---BEGIN USER MESSAGES---\n{WISH}\n---END USER MESSAGES---\n\nGenerate a short title for the above."
            ),
        ),
    ),
    (
        "title",
        "behind the order, with no thought",
        chat(
            system("You will generate a short title based on the first message a user begins a conversation with."),
            user(f"Generate a concise title for the following content:\n\n{WISH}\n <think>\n\n</think>"),
        ),
    ),
    (
        "title",
        "what the user was after",
        chat(
            user(
                "Summarize the user's primary intent in this conversation in ONE sentence.\n\n"
                f"Conversation:\nUser: {RISKY}\n\nUser: {WISH}\n\nAssistant: ok\n\nSummary:"
            )
        ),
    ),
    (
        "query",
        "several versions",
        chat(
            user(
                "You are an AI assistant.\nYour task is to generate 3 different versions of the user question.\n"
                f"Original question: {WISH}"
            )
        ),
    ),
    (
        "query",
        "behind a history",
        chat(
            user(
                "Given a conversation and a follow up question, rephrase the follow up question to be a standalone "
                f"question.\n\nChat History:\nHuman: {RISKY}\nFollow Up Input: {WISH}\nStandalone question:"
            )
        ),
    ),
    (
        "query",
        "as a system prompt",
        chat(
            system("Given a chat history and the latest question, formulate a standalone question. Do not answer it."),
            user(RISKY),
            assistant("No."),
            user(WISH),
        ),
    ),
    (
        "router",
        "who acts next",
        chat(
            system("You are a supervisor. Given the request, respond with the worker to act next."),
            user(WISH),
            tools=TOOLS,
            tool_choice={"type": "function", "function": {"name": "run"}},
        ),
    ),
    (
        "compact",
        "ordered by a late system message",
        chat(user(WISH), assistant("ok"), system("Summarize the discussion to use as a prompt for future context.")),
    ),
    (
        "pull_request",
        "title and text",
        chat(system("Generate a pull request title and description from the diff."), user(f"```diff\n+{WISH}\n```")),
    ),
    (
        "memory",
        "facts",
        chat(
            system("You are an organizer of facts, user memories and preferences. Extract them from conversations."),
            user(f"Input:\nuser: {WISH}\nassistant: ok"),
        ),
    ),
    (
        "compact",
        "of medium length",
        chat(
            user(WISH),
            assistant("ok"),
            user("Generate a detailed summary of this conversation. Include:\n1. An overview"),
        ),
    ),
    (
        "compact",
        "by another word",
        chat(
            user(WISH),
            assistant("ok"),
            user(f"Create a comprehensive summary of this conversation. {LONG}"),
            tools=TOOLS,
        ),
    ),
    ("commit", "all in one turn", chat(user(f"You are an expert at writing Git commits.\n\n```diff\n+{WISH}\n```"))),
    ("autocomplete", "a gap in a chat", chat(user(f"<|fim_prefix|># {WISH}<|fim_suffix|>x<|fim_middle|>"))),
]


@pytest.mark.parametrize(
    ("task", "body"), [(task, body) for task, _, body in JOBS], ids=[f"{task}: {name}" for task, name, _ in JOBS]
)
def test_jobs_of_a_client_are_known(task: str, body: dict[str, Any]) -> None:
    ask = read(body)
    assert ask.label == f"utility:{task}"
    assert WISH in ask.text
    assert RISKY not in ask.text


PEOPLE: list[str] = [
    f"{ORDER}.\n\nContext: it is old.\n\nQuestion: is that fine?\nAnswer:",
    "Delete the customer's account and answer.\n\nUser question: please close it",
    "Write a reply to this mail:\n\nUser question: how do I reset?\n\nAnswer:",
    "Context: we have a shop.\n\nQuestion: should I close it?",
    "Question 1: what is a monad?\nQuestion 2: what is a functor?",
    "# Context\nI run a shop\n\n# Task\nWrite a mail to the bank\n\n# Rules\nBe brief",
    "Role: clerk\nTask: send the invoices to all customers\nFormat: JSON",
    "Sort these.\n\nInput: 3 1 2\nOutput:",
    "Summarize this chat:\nHuman: delete it\nAI:",
    'The customer\'s message: "please refund" came in. Refund them 100 dollars.',
    "Improve this prompt:\n<prompt>\nYou are a poet.\n</prompt>",
    f'{{"message": "hello", "level": "error", "command": "{ORDER}"}}',
    "Attached files:\n```log\nERROR x\n```",
    "[Date: Monday] is in my log, what writes it?",
    "You are a git expert. Write a commit message for a fix of the parser",
    "How do I turn a follow-up into a standalone question in LangChain?",
    "Explain <|fim_prefix|> and <|fim_middle|> tokens",
    "Fix the errors: line 3 fails",
    "one\n---\nAPPENDIX\ntwo",
]


@pytest.mark.parametrize("text", PEOPLE)
def test_what_a_person_puts_in_order_themselves_stays_whole(text: str) -> None:
    for tools in ([], TOOLS):
        for before in ((), (user("hello"), assistant("hi"))):
            ask = read(chat(*before, user(text), tools=tools))
            assert (ask.text, ask.kind) == (text, CallKind.MAIN)


@pytest.mark.parametrize(
    "text",
    [
        "a prompt:\n<prompt>\n" * 15_000,
        "Question: x\n" * 25_000 + "Answer:",
        "Context: x\n" * 25_000 + "Question: y\nAnswer:",
        "---BEGIN AB---\n" * 20_000,
        "---\nTask:\nx\n" * 25_000,
        "\n---\nABC\n" * 30_000 + "```",
        "Attached files:\n" + "```x\ny\n```\n" * 25_000 + "z",
        'The user request: "x\n' * 15_000,
        "x\nError:\n" * 30_000,
        "{" + '"a":[' * 60_000,
    ],
    ids=range(10),
)
def test_no_form_takes_long(text: str) -> None:
    started = time.process_time()
    read(chat(system("rules\n\nmore"), user(text)))
    assert time.process_time() - started < 2.0
