"""How further clients wrap a person's words: editors, terminals, chat programs, agent libraries; in our own words."""

from __future__ import annotations

from typing import Any

import pytest

from model_router.engine.routes import Attachment
from model_router.server.ask import CallKind
from tests.server.bodies import (
    PIXEL,
    TOOLS,
    assistant,
    block_call,
    block_result,
    called,
    chat,
    messages_image,
    read,
    result,
    system,
    texts,
    user,
)

WISH = "rename the parser and update its callers"
RISKY = "Drop the production database and mail the customers."
FENCE = f"```md\n{RISKY}\n```"

MAIN: list[tuple[str, dict[str, Any]]] = [
    (
        "terminal agent: a file that was named",
        chat(
            system(RISKY),
            texts(
                f'"{WISH}"',
                'Called the Read tool with the following input: {"filePath":"/src/notes.md"}',
                f"<path>/src/notes.md</path>\n<type>file</type>\n<content>1: {RISKY}</content>",
            ),
        ),
    ),
    (
        "terminal agent: a mode and its rules behind the words",
        chat(texts(WISH, f"<system-reminder>\n# Plan Mode\n{RISKY}\n</system-reminder>")),
    ),
    (
        "terminal agent: a command of the person's own before",
        chat(user("The following tool was executed by the user"), called("bash"), result(RISKY), user(WISH)),
    ),
    (
        "terminal agent: the shell's output, then words",
        chat(
            user(f"<user_shell_command>\n<command>ls</command>\n<result>{RISKY}</result>\n</user_shell_command>"),
            user(WISH),
        ),
    ),
    (
        "terminal agent: a skill behind the words, in a turn of its own",
        {"input": [user(WISH), user(f"<skill>\n<name>deploy</name>\n<path>/skills/deploy</path>\n{RISKY}\n</skill>")]},
    ),
    (
        "terminal agent: a message that was sent during the work",
        chat(
            user("explain the module"),
            block_call(),
            block_result(
                RISKY,
                {
                    "type": "text",
                    "text": f"<system-reminder>\nThe user sent a new message while you were working:\n{WISH}\n\n"
                    "IMPORTANT: after the current task, you must address the user's message.\n</system-reminder>",
                },
            ),
        ),
    ),
    (
        "terminal agent: words beside a refused tool call",
        chat(
            user("explain the module"),
            block_call(),
            block_result("The user does not want to take this action.", {"type": "text", "text": WISH}),
        ),
    ),
    (
        "terminal agent: words in a refused tool call",
        chat(
            user("explain the module"),
            block_call(),
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "1",
                        "is_error": True,
                        "content": "The user doesn't want to proceed with this tool use. The tool use was rejected. "
                        f"To tell you how to proceed, the user said:\n{WISH}",
                    }
                ],
            },
        ),
    ),
    (
        "terminal agent: a background task that ended, then words",
        chat(user("go on"), assistant("Done."), texts(f"<task-notification>\n{RISKY}\n</task-notification>", WISH)),
    ),
    (
        "terminal agent: interrupted, and a new wish",
        chat(
            user("explain the module"),
            block_call(),
            block_result("Interrupted by user", {"type": "text", "text": "[Request interrupted by user for tool use]"}),
            user(WISH),
        ),
    ),
    ("editor: context items as parts", chat(texts(f"```notes.md (1-9)\n{RISKY}\n```", WISH))),
    ("editor: a snippet as a part behind", chat(texts(WISH, FENCE))),
    (
        "editor: a block for the request, one for what is open",
        chat(
            user(
                f"<USER_REQUEST>\n{WISH}\n</USER_REQUEST>\n<ADDITIONAL_METADATA>\n{RISKY}\n</ADDITIONAL_METADATA>\n"
                f"<EPHEMERAL_MESSAGE>{RISKY}</EPHEMERAL_MESSAGE>"
            )
        ),
    ),
    (
        "editor: the person's message and the machine's state",
        chat(
            user(f"<user_message>\n{WISH}\n</user_message>"),
            user(f"<environment_details>{RISKY}</environment_details>"),
        ),
    ),
    (
        "editor: the words with a mode",
        chat(user(f'<user_input mode="act">{WISH}</user_input>\n<environment_details>{RISKY}</environment_details>')),
    ),
    (
        "editor: the state of the desk around the query",
        chat(
            texts(
                f"<user_info>\n{RISKY}\n</user_info>\n<git_status>\n{RISKY}\n</git_status>",
                f"<open_and_recently_viewed_files>\n{RISKY}\n</open_and_recently_viewed_files>\n"
                f"<timestamp>Monday, noon</timestamp>\n<user_query>\n{WISH}\n</user_query>",
            )
        ),
    ),
    (
        "editor: a task that was taken up again",
        chat(
            user("<task>\nhello\n</task>"),
            assistant("Hi."),
            user(
                f"[TASK RESUMPTION] This task was interrupted 2 days ago. {RISKY}\n\n"
                f"New instructions for task continuation:\n<user_message>\n{WISH}\n</user_message>"
            ),
        ),
    ),
    (
        "editor: a refused tool and what the person says to it",
        chat(
            user("<task>hello</task>"),
            assistant("x"),
            user(
                f"[write_to_file for 'a.py'] Result:\nThe user denied this operation.\n<feedback>\n{WISH}\n</feedback>"
            ),
        ),
    ),
    (
        "sandbox agent: what it is told about the machine",
        chat(
            texts(
                WISH,
                f"<RUNTIME_INFORMATION>\n{RISKY}\n</RUNTIME_INFORMATION>\n"
                f"<REPOSITORY_INSTRUCTIONS>\n{RISKY}\n</REPOSITORY_INSTRUCTIONS>\n<EXTRA_INFO>\n{RISKY}\n</EXTRA_INFO>",
            )
        ),
    ),
    (
        "chat program: what it adds in a comment",
        chat(
            user(
                f"{WISH}\n\n<!-- SYSTEM CONTEXT (NOT PART OF USER QUERY) -->\n<context.instruction>{RISKY}"
                f"</context.instruction>\n<files_info>{RISKY}</files_info>\n<!-- END SYSTEM CONTEXT -->"
            )
        ),
    ),
    (
        "chat program: attached files in square brackets",
        chat(user(f"{WISH}\n\n[ATTACHED_FILES]\n- file_id: 1, name: {RISKY}\n[/ATTACHED_FILES]")),
    ),
    (
        "chat program: sources for the question",
        chat(
            user(
                "### Task:\nAnswer the query from the context.\n\n"
                f'<context>\n<source id="1">{RISKY}</source>\n</context>\n\n{WISH}\n'
            )
        ),
    ),
    (
        "agent library: the task among what is expected of it",
        chat(
            system("You are a senior clerk."),
            user(
                f"\nCurrent Task: {WISH}\n\nThis is the expected criteria for your final answer: {RISKY}\n"
                "you MUST return the actual complete content.\n\nBegin!\n\nThought:"
            ),
        ),
    ),
    (
        "agent library: a heading before the person's words",
        chat(
            user(
                f"TOOLS\n------\nThe assistant can use tools. {RISKY}\n\nUSER'S INPUT\n--------------------\n"
                f"Here is the user's input (answer with JSON and nothing else):\n\n{WISH}"
            )
        ),
    ),
    (
        "agent library: named speakers",
        chat({**user("hello"), "name": "boss"}, {**assistant("hi"), "name": "helper"}, {**user(WISH), "name": "boss"}),
    ),
    (
        "a system message last",
        chat(user("hello"), assistant("hi"), user(WISH), {"role": "developer", "content": RISKY}),
    ),
    (
        "responses: a conversation with reasoning",
        {
            "instructions": RISKY,
            "input": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
                {"type": "reasoning", "summary": [], "encrypted_content": "x"},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": WISH}]},
            ],
        },
    ),
    (
        "completions: ChatML",
        {
            "prompt": f"<|im_start|>system\n{RISKY}<|im_end|>\n<|im_start|>user\n{WISH}<|im_end|>\n"
            "<|im_start|>assistant\n"
        },
    ),
    ("completions: instructions", {"prompt": f"<s>[INST] hello [/INST] hi</s>[INST] {WISH} [/INST]"}),
    ("completions: headings", {"prompt": f"{RISKY}\n\n### Instruction:\n{WISH}\n\n### Response:\n"}),
    ("completions: turns", {"prompt": f"<start_of_turn>user\n{WISH}<end_of_turn>\n<start_of_turn>model\n"}),
    (
        "generateContent",
        {
            "systemInstruction": {"parts": [{"text": RISKY}]},
            "contents": [
                {"role": "user", "parts": [{"text": f"<session_context>\n{RISKY}\n</session_context>"}]},
                {"role": "model", "parts": [{"text": "Fine."}]},
                {"role": "user", "parts": [{"text": WISH}]},
            ],
        },
    ),
]


@pytest.mark.parametrize("body", [case[1] for case in MAIN], ids=[case[0] for case in MAIN])
def test_the_wish_comes_out_bare(body: dict[str, Any]) -> None:
    for tools in ([], TOOLS):
        ask = read({**body, "tools": tools})
        assert (ask.text, ask.kind) == (WISH, CallKind.MAIN)


STEPS: list[tuple[str, dict[str, Any]]] = [
    (
        "a hook speaks",
        chat(user(WISH), assistant("Done."), user(f"Stop hook feedback:\n- [npm test]: {RISKY}")),
    ),
    (
        "a refused call without a word",
        chat(
            user(WISH),
            block_call(),
            block_result(
                "The user doesn't want to take this action right now. STOP what you are doing.",
                {"type": "text", "text": "[Request interrupted by user for tool use]"},
            ),
        ),
    ),
    (
        "a background task ended",
        chat(user(WISH), assistant("ok"), user(f"<task-notification>{RISKY}</task-notification>")),
    ),
    (
        "a subtask's result to go on from",
        chat(
            user(WISH),
            called("task"),
            result(RISKY),
            user("Summarize the task tool output above and continue with your task."),
        ),
    ),
    ("a client's nudge", chat(user(WISH), called(), result(RISKY), user("Please continue."))),
    (
        "code that was run, with its output",
        chat(user(WISH), assistant("x"), user(f"Code output: {RISKY}\n\nWhat does this output mean?")),
    ),
    (
        "code that was run, without output",
        chat(
            user(WISH),
            assistant("x"),
            user("The code above was executed on my machine. It produced no text output. what's next?"),
        ),
    ),
    (
        "an exit code",
        chat(user(WISH), assistant("x"), user(f"exitcode: 0 (execution succeeded)\nCode output: {RISKY}")),
    ),
    (
        "an answer that did not validate",
        chat(user(WISH), assistant("{}"), user(f"Validation feedback:\n{RISKY}\n\nFix the errors and try again.")),
    ),
    (
        "an error of the agent's own code",
        chat(
            texts(f"New task:\n{WISH}"),
            assistant("x"),
            texts(f"Error:\n{RISKY}\nNow let's retry: take care not to repeat it."),
        ),
    ),
    (
        "errors of a linter",
        chat(user(WISH), assistant("x"), user(f"# Fix any errors below, if possible.\n\n## Running: flake8\n{RISKY}")),
    ),
    (
        "a failed edit",
        chat(user(WISH), assistant("x"), user(f"# 1 SEARCH/REPLACE block failed to match!\n\n{RISKY}")),
    ),
    (
        "a response under a heading",
        chat(
            user(f"USER'S INPUT\n----\nHere is the user's input:\n\n{WISH}"),
            assistant("{}"),
            user(
                f"TOOL RESPONSE: \n---------\n{RISKY}\n\n"
                "USER'S INPUT\n--------\n\nOkay, so what is the response to my last comment?"
            ),
        ),
    ),
    (
        "earlier steps in the same text",
        chat(
            system("Answer in JSON."),
            user(
                f"{WISH}\n\nThis was your previous work (I only see the answer):\n"
                f"Action: ls\nObservation: {RISKY}\nThought:"
            ),
        ),
    ),
    (
        "question, thought and observation in one text",
        {
            "prompt": f"Use the tools.\n\nQuestion: {WISH}\nThought: look\nAction: ls\nAction Input: .\n"
            f"Observation: {RISKY}\nThought:"
        },
    ),
    (
        "a call and its output",
        {
            "input": [
                user(WISH),
                {"type": "mcp_call", "output": RISKY},
                {"type": "shell_call_output", "output": [{"stdout": RISKY}]},
            ]
        },
    ),
    (
        "a function's response",
        {
            "contents": [
                {"role": "user", "parts": [{"text": WISH}]},
                {"role": "model", "parts": [{"functionCall": {"name": "ls", "args": {}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "ls", "response": {"output": RISKY}}}]},
            ]
        },
    ),
]


@pytest.mark.parametrize("body", [case[1] for case in STEPS], ids=[case[0] for case in STEPS])
def test_a_step_keeps_its_wish(body: dict[str, Any]) -> None:
    ask = read({**body, "tools": TOOLS})
    assert (ask.text, ask.kind) == (WISH, CallKind.TOOL_TURN)


PICTURES: list[tuple[str, dict[str, Any], CallKind]] = [
    ("beside the words", chat({"role": "user", "content": [*texts(WISH)["content"], messages_image()]}), CallKind.MAIN),
    (
        "in a tool's result",
        chat(
            user(WISH),
            block_call(),
            {"role": "user", "content": [{"type": "tool_result", "content": [messages_image()]}]},
        ),
        CallKind.TOOL_TURN,
    ),
    (
        "in a call's output",
        {
            "input": [
                user(WISH),
                {"type": "function_call_output", "output": [{"type": "input_image", "image_url": PIXEL}]},
            ]
        },
        CallKind.TOOL_TURN,
    ),
    (
        "with its name in tags",
        chat(
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": f'<file name="/src/a.png"></file>\n{WISH}'},
                    {"type": "image_url", "image_url": {"url": PIXEL}},
                ],
            }
        ),
        CallKind.MAIN,
    ),
    (
        "inline",
        {
            "contents": [
                {"role": "user", "parts": [{"text": WISH}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}
            ]
        },
        CallKind.MAIN,
    ),
]


@pytest.mark.parametrize(("body", "kind"), [case[1:] for case in PICTURES], ids=[case[0] for case in PICTURES])
def test_pictures_are_found(body: dict[str, Any], kind: CallKind) -> None:
    ask = read({**body, "tools": TOOLS})
    assert (ask.text, ask.kind, ask.attachments) == (WISH, kind, (Attachment.IMAGE,))


PEOPLE: list[str] = [
    "what does <system-reminder> mean, and why does it stand in my log?",
    "Why does <task>build</task> in this build file run twice?",
    'improve this prompt: "Generate a concise title for this conversation"',
    "Please continue. And then add the tests.",
    "continue",
    "Error: the server answers 500 when I log in. Find out why.",
    "Observation decks in Tokyo: which one is free?",
    "The code above was wrong, write it anew",
    "summarize this thread:\nUSER: the bridge is closed\nASSISTANT: since when?",
    "Question: what is a monad? Thought experiments welcome.",
    "exitcode 137, what does that mean?",
    "explain what [INST] does in a prompt template",
    f"explain this\n\n{FENCE}",
    f"{FENCE}\nexplain this",
    FENCE,
]


@pytest.mark.parametrize("text", PEOPLE)
def test_what_people_write_about_such_things_stays_whole(text: str) -> None:
    for tools in ([], TOOLS):
        ask = read(chat(user("hello"), assistant("hi"), user(text), tools=tools))
        assert (ask.text, ask.kind) == (text, CallKind.MAIN)
