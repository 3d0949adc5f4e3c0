"""What a client of the responses protocol asks for, as chat completions ask for it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.server.refusal import Refusal
from model_router.server.translate import RESPONSES

RUN = {
    "type": "function",
    "name": "run",
    "description": "Run a command",
    "strict": False,
    "parameters": {"type": "object", "properties": {"cmd": {"type": "string"}}},
}
PATCH = {
    "type": "custom",
    "name": "patch",
    "description": "Edit files",
    "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "x"'},
}
AGENTS = {
    "type": "namespace",
    "name": "agents",
    "description": "Helpers",
    "tools": [{"type": "function", "name": "spawn", "parameters": {"type": "object", "properties": {}}}, PATCH],
}
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "high"}


def fields(given: Any, **more: Any) -> dict[str, Any]:
    return RESPONSES.request({"model": "any", "input": given, **more}).fields


def messages(*items: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return list(fields(list(items), **more)["messages"])


def said(role: str, *parts: Any) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    content = [{"type": kind, "text": part} if isinstance(part, str) else part for part in parts]
    return {"type": "message", "role": role, "content": content}


def called(call_id: str, name: str = "run", arguments: str = '{"cmd": "ls"}', **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": name, "arguments": arguments, **more}


def returned(call_id: str, output: Any, kind: str = "function_call_output") -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "output": output}


def test_a_plain_question() -> None:
    request = RESPONSES.request(
        {
            "model": "any",
            "input": "How tall is it?",
            "instructions": "Be brief.",
            "max_output_tokens": 50,
            "temperature": 0.2,
            "top_p": 0.9,
            "reasoning": {"effort": "low"},
            "store": False,
            "truncation": "disabled",
        }
    )
    assert request.fields == {
        "model": "any",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How tall is it?"}],
        "max_tokens": 50,
        "temperature": 0.2,
        "top_p": 0.9,
        "reasoning_effort": "low",
    }
    assert request.dropped == ()


def test_a_stream_asks_for_its_token_counts() -> None:
    assert fields("hi", stream=True)["stream_options"] == {"include_usage": True}


class TestMessages:
    def test_as_codex_begins_a_conversation(self) -> None:
        got = messages(
            said("developer", "You code."),
            said("developer", "Skills: none", "Sandbox: on"),
            said("user", "<environment_context>here</environment_context>"),
            said("user", "mend the test"),
        )
        assert got == [
            {"role": "system", "content": "You code.\n\nSkills: none\n\nSandbox: on"},
            {"role": "user", "content": "<environment_context>here</environment_context>\n\nmend the test"},
        ]

    def test_a_developer_in_the_middle_stays_in_place_as_a_reminder(self) -> None:
        got = messages(
            said("user", "hi"), said("assistant", "hello"), said("developer", "Be kind."), said("user", "so?")
        )
        assert [message["role"] for message in got] == ["user", "assistant", "user"]
        assert got[2]["content"] == "<system-reminder>\nBe kind.\n</system-reminder>\n\nso?"

    def test_messages_without_a_type_and_with_plain_content(self) -> None:
        assert messages({"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}) == [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"},
        ]

    def test_pictures_and_files(self) -> None:
        data = {"type": "input_file", "filename": "r.pdf", "file_data": "data:application/pdf;base64,JVBE"}
        far = {"type": "input_file", "file_url": "http://127.0.0.1/r.pdf"}
        sound = {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}
        (got,) = messages(said("user", "see", PICTURE, {**PICTURE, "detail": "original"}, data, far, sound))
        assert got["content"] == [
            {"type": "text", "text": "see"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "file", "file": {"filename": "r.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
            {"type": "text", "text": "[A file stands at http://127.0.0.1/r.pdf. It was not read.]"},
            sound,
        ]

    def test_uploaded_pictures_and_files_are_told_of(self) -> None:
        picture, file = {"type": "input_image", "file_id": "f1"}, {"type": "input_file", "file_id": "f2"}
        request = RESPONSES.request({"input": [said("user", picture, file)]})
        assert request.fields["messages"][0]["content"].count("uploaded to another service") == 2
        assert request.dropped == ("input.input_image.file_id", "input.input_file.file_id")


class TestToolTurns:
    def test_calls_and_their_outputs(self) -> None:
        got = messages(
            said("user", "look"),
            said("assistant", "I look."),
            called("c1"),
            called("c2"),
            returned("c1", "a"),
            returned("c2", "b"),
        )
        assert got[1:] == [
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": call, "type": "function", "function": {"name": "run", "arguments": '{"cmd": "ls"}'}}
                    for call in ("c1", "c2")
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "a"},
            {"role": "tool", "tool_call_id": "c2", "content": "b"},
        ]

    def test_an_output_behind_other_words_goes_to_its_call(self) -> None:
        got = messages(
            said("user", "look"),
            called("c1"),
            called("c2"),
            said("user", "faster"),
            returned("c2", "b"),
            returned("c1", "a"),
        )
        assert [(m["role"], m.get("tool_call_id")) for m in got] == [
            ("user", None),
            ("assistant", None),
            ("tool", "c2"),
            ("tool", "c1"),
            ("user", None),
        ]

    def test_an_output_with_a_picture(self) -> None:
        output = [{"type": "input_text", "text": "screen"}, PICTURE]
        got = messages(said("user", "look"), called("c1"), returned("c1", output), called("c2"), returned("c2", "ok"))
        assert [m["role"] for m in got] == ["user", "assistant", "tool", "user", "assistant", "tool"]
        assert got[2]["content"].startswith("screen")
        assert got[3]["content"][1]["type"] == "image_url"

    def test_an_image_given_as_an_object_and_a_part_of_an_unknown_kind(self) -> None:
        picture = {"type": "input_image", "image_url": {"url": "http://127.0.0.1/a.png"}}
        request = RESPONSES.request({"input": [said("user", picture, {"type": "hologram"})]})
        assert request.fields["messages"][0]["content"][0]["image_url"] == {"url": "http://127.0.0.1/a.png"}
        assert request.dropped == ("input.hologram",)

    def test_outputs_of_other_kinds(self) -> None:
        assert messages(called("c1"), returned("c1", {"ok": True}))[1]["content"] == '{"ok":true}'
        assert messages(called("c1"), returned("c1", None))[1]["content"] == ""
        file = [{"type": "input_file", "filename": "r.pdf", "file_data": "x"}]
        assert "r.pdf" in messages(called("c1"), returned("c1", file))[1]["content"]

    def test_custom_calls(self) -> None:
        call = {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": 'say "hi"'}
        got = messages(call, returned("c1", "done", "custom_tool_call_output"))
        (made,) = got[0]["tool_calls"]
        assert made["function"]["name"] == "patch"
        assert json.loads(made["function"]["arguments"]) == {"input": 'say "hi"'}
        assert got[1]["content"] == "done"

    def test_calls_of_a_namespace_keep_their_long_name(self) -> None:
        (got,) = messages(called("c1", "spawn", "{}", namespace="agents"))
        assert got["tool_calls"][0]["function"]["name"] == "agents__spawn"

    def test_shell_calls(self) -> None:
        call = {"type": "local_shell_call", "call_id": "c1", "action": {"type": "exec", "command": ["ls"]}}
        shell = {"type": "shell_call", "call_id": "c2", "action": {"commands": ["ls"]}}
        shown = {
            "type": "shell_call_output",
            "call_id": "c2",
            "output": [{"type": "x", "stdout": "a\n", "stderr": "b"}],
        }
        got = messages(call, {"type": "local_shell_call_output", "id": "c1", "output": "a.py"}, shell, shown)
        assert [m["tool_calls"][0]["function"]["name"] for m in got if m["role"] == "assistant"] == [
            "local_shell",
            "shell",
        ]
        assert [m["content"] for m in got if m["role"] == "tool"] == ["a.py", "a\nb"]

    def test_what_openais_servers_ran_is_named_and_left_out(self) -> None:
        search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
        request = RESPONSES.request(
            {"input": [said("user", "hi"), search, {"type": "compaction", "encrypted_content": "x"}]}
        )
        assert request.fields["messages"] == [{"role": "user", "content": "hi"}]
        assert request.dropped == ("input.web_search_call", "input.compaction")


class TestThoughts:
    def test_our_own_come_back_whether_the_client_returns_them_open_or_encrypted(self) -> None:
        chat = {"choices": [{"message": {"content": "4", "reasoning": "2+2"}, "finish_reason": "stop"}]}
        asked = {"input": "2+2?", "include": ["reasoning.encrypted_content"]}
        thoughts, words = RESPONSES.answer(chat, asked, "m")["output"]
        packed = {name: value for name, value in thoughts.items() if name != "content"}
        assert messages(said("user", "2+2?"), packed, words)[1] == {
            "role": "assistant",
            "content": "4",
            "reasoning": "2+2",
        }
        opened = {name: value for name, value in thoughts.items() if name != "encrypted_content"}
        assert messages(opened, called("c1"))[0]["reasoning_content"] == "2+2"

    def test_those_that_openai_encrypted_are_left_out(self) -> None:
        hidden = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAAB"}
        request = RESPONSES.request({"input": [said("user", "hi"), hidden, said("assistant", "hello")]})
        assert request.fields["messages"][1] == {"role": "assistant", "content": "hello"}
        assert request.dropped == ("input.reasoning",)

    def test_those_that_no_words_followed_are_gone_with_the_next_turn(self) -> None:
        thoughts = {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "x"}],
        }
        assert messages(said("user", "hi"), thoughts, said("user", "stop"), said("assistant", "ok"))[1:] == [
            {"role": "assistant", "content": "ok"}
        ]


class TestTools:
    def test_functions_custom_tools_and_namespaces(self) -> None:
        got = {tool["function"]["name"]: tool["function"] for tool in fields("hi", tools=[RUN, PATCH, AGENTS])["tools"]}
        assert list(got) == ["run", "patch", "agents__spawn", "agents__patch"]
        assert got["run"] == {"name": "run", "description": "Run a command", "parameters": RUN["parameters"]}
        assert got["patch"]["parameters"]["required"] == ["input"]
        assert got["patch"]["description"] == 'Edit files\n\nThe input has to follow this grammar (lark):\nstart: "x"'

    def test_strict_is_passed_on(self) -> None:
        assert fields("hi", tools=[{**RUN, "strict": True}])["tools"][0]["function"]["strict"] is True

    def test_items_may_add_tools(self) -> None:
        added = {"type": "additional_tools", "role": "developer", "tools": [PATCH]}
        got = fields([said("user", "hi"), added], tools=[RUN])
        assert [tool["function"]["name"] for tool in got["tools"]] == ["run", "patch"]
        assert len(got["messages"]) == 1

    def test_tools_that_openais_servers_run_are_named_and_left_out(self) -> None:
        request = RESPONSES.request({"input": "hi", "tools": [{"type": "web_search", "external_web_access": False}]})
        assert "tools" not in request.fields
        assert request.dropped == ("tools.web_search",)

    def test_names_that_are_too_long_for_chat_servers(self) -> None:
        far = {**AGENTS, "name": "n" * 60}
        first, second = (tool["function"]["name"] for tool in fields("hi", tools=[far])["tools"])
        assert len(first) == len(second) == 64
        assert first != second

    @pytest.mark.parametrize(
        ("choice", "chosen"),
        [
            ("auto", "auto"),
            ("none", "none"),
            ("required", "required"),
            ({"type": "function", "name": "run"}, {"type": "function", "function": {"name": "run"}}),
            ({"type": "custom", "name": "patch"}, {"type": "function", "function": {"name": "patch"}}),
            ({"type": "function", "name": "spawn"}, {"type": "function", "function": {"name": "agents__spawn"}}),
        ],
    )
    def test_choices(self, choice: Any, chosen: Any) -> None:
        got = fields("hi", tools=[RUN, PATCH, AGENTS], tool_choice=choice, parallel_tool_calls=False)
        assert got["tool_choice"] == chosen
        assert got["parallel_tool_calls"] is False

    def test_allowed_tools(self) -> None:
        choice = {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "run"}, {"type": "mcp"}],
        }
        got = fields("hi", tools=[RUN, PATCH], tool_choice=choice)
        assert [tool["function"]["name"] for tool in got["tools"]] == ["run"]
        assert got["tool_choice"] == "required"

    @pytest.mark.parametrize(
        "choice",
        [
            {"type": "web_search"},
            {"type": "function", "name": "fly"},
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "mcp"}]},
        ],
    )
    def test_a_tool_that_must_be_called_but_is_not_there_is_refused(self, choice: dict[str, Any]) -> None:
        with pytest.raises(Refusal, match="tool_choice"):
            fields("hi", tools=[RUN], tool_choice=choice)

    def test_no_choice_is_sent_without_tools(self) -> None:
        assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(
            fields("hi", tools=[{"type": "web_search"}], tool_choice="auto", parallel_tool_calls=True)
        )
        with pytest.raises(Refusal, match="tool_choice"):
            fields("hi", tool_choice="required")


class TestForm:
    def test_a_schema_for_the_answer(self) -> None:
        schema = {"type": "object", "properties": {}}
        form = {"type": "json_schema", "name": "title", "schema": schema, "strict": True}
        got = fields("hi", text={"format": form})
        assert got["response_format"] == {
            "type": "json_schema",
            "json_schema": {"name": "title", "schema": schema, "strict": True},
        }

    def test_other_forms(self) -> None:
        assert fields("hi", text={"format": {"type": "json_object"}})["response_format"] == {"type": "json_object"}
        assert "response_format" not in fields("hi", text={"format": {"type": "text"}})
        assert RESPONSES.request({"input": "hi", "text": {"verbosity": "low"}}).dropped == ("text.verbosity",)

    def test_log_probabilities(self) -> None:
        assert fields("hi", top_logprobs=3)["logprobs"] is True
        assert fields("hi", top_logprobs=3)["top_logprobs"] == 3
        assert fields("hi", include=["message.output_text.logprobs"])["logprobs"] is True
        assert "logprobs" not in fields("hi", top_logprobs=0)


def test_what_has_no_place_is_named() -> None:
    request = RESPONSES.request(
        {
            "input": "hi",
            "store": True,
            "truncation": "auto",
            "metadata": {"a": "b"},
            "prompt_cache_key": "k",
            "client_metadata": {},
            "reasoning": {"summary": "auto"},
            "include": ["reasoning.encrypted_content", "file_search_call.results"],
            "user": None,
        }
    )
    assert request.dropped == (
        "store",
        "truncation",
        "metadata",
        "prompt_cache_key",
        "client_metadata",
        "include.file_search_call.results",
        "reasoning.summary",
    )
    assert set(request.fields) == {"model", "messages"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"input": "hi", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"input": "hi", "conversation": "conv_1"}, "conversation"),
        ({"input": "hi", "prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": "hi", "background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].id"),
    ],
)
def test_what_rests_on_kept_answers_is_refused_with_what_to_do(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal, match="send the whole conversation in 'input'") as refused:
        RESPONSES.request(asked)
    assert (refused.value.status, refused.value.param) == (400, field)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "input"),
        ({"input": 7}, "input"),
        ({"input": []}, "input"),
        ({"input": ["hi"]}, "input[0]"),
        ({"input": [{"content": "hi"}]}, "input[0].type"),
        ({"input": [{"role": "robot", "content": "hi"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": 7}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [{"text": "x"}]}]}, "input[0].content[0].type"),
        ({"input": [said("user", {"type": "input_image"})]}, "input[0].content[0].image_url"),
        ({"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, "input[0].call_id"),
        ({"input": [called("c", arguments=None)]}, "input[0].arguments"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"input": "x", "instructions": 7}, "instructions"),
        ({"input": "x", "max_output_tokens": 1.5}, "max_output_tokens"),
        ({"input": "x", "tools": [{"name": "f"}]}, "tools[0].type"),
        ({"input": "x", "tools": [{"type": "function"}]}, "tools[0].name"),
        ({"input": "x", "tools": [{**AGENTS, "tools": None}]}, "tools[0].tools"),
        ({"input": "x", "tools": [RUN], "tool_choice": "maybe"}, "tool_choice"),
        ({"input": "x", "text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"input": "x", "text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name"),
        ({"input": "x", "include": "all"}, "include"),
    ],
)
def test_malformed_requests_are_refused_by_the_name_of_the_field(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        RESPONSES.request(asked)
    assert refused.value.status == 400
    assert refused.value.param == field
    assert refused.value.message.startswith(f"'{field}' ")


_WORDS = st.sampled_from(
    "role content type text user assistant developer message function_call function_call_output reasoning call_id name "
    "arguments output input input_text input_image namespace tools function custom".split()
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=12,
)


@given(_ANYTHING, _ANYTHING, _ANYTHING)
def test_whatever_comes_is_translated_or_refused(items: Any, tools: Any, choice: Any) -> None:
    try:
        request = RESPONSES.request({"input": items, "tools": tools, "tool_choice": choice})
    except Refusal:
        return
    json.dumps(request.fields)
    roles = [message["role"] for message in request.fields["messages"]]
    assert "system" not in roles[1:]
    assert ("user", "user") not in set(itertools.pairwise(roles))
