"""What a client of Anthropic's protocol asks for, as chat completions ask for it."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.server.refusal import Refusal
from model_router.server.translate import MESSAGES

READ_FILE = {
    "name": "read_file",
    "description": "Read one file",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}


def ask(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "any", "max_tokens": 100, "messages": list(messages), **more}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def use(call_id: str, name: str = "read_file", **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def fields(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return MESSAGES.request(ask(*messages, **more)).fields


def messages(*turns: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return list(fields(*turns, **more)["messages"])


def test_a_plain_question() -> None:
    asked = ask(
        user("How tall is it?"), system="Be brief.", temperature=0.2, top_p=0.9, top_k=40, stop_sequences=["END"]
    )
    request = MESSAGES.request(asked)
    assert request.fields == {
        "model": "any",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How tall is it?"}],
        "max_tokens": 100,
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 40,
        "stop": ["END"],
    }
    assert request.dropped == ()
    assert request.effort is None


def test_a_stream_asks_for_its_token_counts() -> None:
    assert fields(user("hi"), stream=True)["stream_options"] == {"include_usage": True}
    assert "stream_options" not in fields(user("hi"), stream=False)


def test_absent_and_null_are_the_same() -> None:
    assert fields(
        user("hi"), temperature=None, system=None, tools=None, tool_choice=None, stop_sequences=None
    ) == fields(user("hi"))


class TestSystem:
    def test_blocks_become_one_message(self) -> None:
        blocks = [text("You help.", cache_control={"type": "ephemeral"}), text("Be kind.")]
        assert messages(user("hi"), system=blocks)[0] == {"role": "system", "content": "You help.\n\nBe kind."}

    def test_the_line_about_billing_is_left_out_because_it_changes_with_each_request(self) -> None:
        billing = "x-anthropic-billing-header: cc_version=9.9.9.abc; cc_entrypoint=cli; cch=12345;"
        assert messages(user("hi"), system=[text(billing), text("You help.")])[0]["content"] == "You help."
        assert messages(user("hi"), system=f"{billing}\nYou help.")[0]["content"] == "You help."
        assert messages(user("hi"), system=[text(billing)])[0]["role"] == "user"

    def test_a_system_message_behind_the_users_stays_in_its_place_as_a_reminder(self) -> None:
        """As Claude Code sends it; many chat templates raise errors for a system message that is not the first."""
        got = messages(user([text("mend it")]), {"role": "system", "content": "Agents: a, b"}, system="You help.")
        assert got == [
            {"role": "system", "content": "You help."},
            {"role": "user", "content": "mend it\n\n<system-reminder>\nAgents: a, b\n</system-reminder>"},
        ]

    def test_later_turns_repeat_the_same_beginning_so_the_servers_cache_holds(self) -> None:
        first = [user("mend it"), {"role": "system", "content": "Agents: a"}]
        later = [*first, assistant([use("t1", path="x")]), user([result("t1", "x = 1")])]
        assert messages(*later)[: len(messages(*first))] == messages(*first)

    def test_a_system_message_before_all_others_joins_the_system_prompt(self) -> None:
        got = messages({"role": "system", "content": [text("Be kind.")]}, user("hi"), system="You help.")
        assert [turn["content"] for turn in got] == ["You help.\n\nBe kind.", "hi"]


class TestParts:
    def test_pictures_as_data_and_as_addresses(self) -> None:
        far = {"type": "image", "source": {"type": "url", "url": "http://127.0.0.1/a.png"}}
        assert messages(user([text("Which is larger?"), PICTURE, far]))[0]["content"] == [
            {"type": "text", "text": "Which is larger?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            {"type": "image_url", "image_url": {"url": "http://127.0.0.1/a.png"}},
        ]

    def test_a_picture_that_lies_with_another_service_is_told_of(self) -> None:
        request = MESSAGES.request(ask(user([{"type": "image", "source": {"type": "file", "file_id": "file_1"}}])))
        assert "cannot be seen" in request.fields["messages"][0]["content"]
        assert request.dropped == ("messages.image.file",)

    def test_documents(self) -> None:
        plain = {
            "type": "document",
            "title": "Notes",
            "source": {"type": "text", "media_type": "text/plain", "data": "a b"},
        }
        inner = {"type": "document", "source": {"type": "content", "content": [text("page one"), PICTURE]}}
        pdf = {
            "type": "document",
            "title": "r.pdf",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
        }
        assert messages(user([plain]))[0]["content"] == "Notes\n\na b"
        assert [part["type"] for part in messages(user([inner]))[0]["content"]] == ["text", "image_url"]
        assert messages(user([pdf]))[0]["content"] == [
            {"type": "file", "file": {"filename": "r.pdf", "file_data": "data:application/pdf;base64,JVBE"}}
        ]
        far = {"type": "document", "source": {"type": "url", "url": "http://127.0.0.1/r.pdf"}}
        assert "http://127.0.0.1/r.pdf" in messages(user([far]))[0]["content"]

    def test_documents_in_other_places(self) -> None:
        words = {"type": "document", "title": "T", "source": {"type": "content", "content": "page"}}
        kept = {"type": "document", "source": {"type": "file", "file_id": "f"}}
        assert messages(user([words]))[0]["content"] == "T\n\npage"
        request = MESSAGES.request(ask(user([kept])))
        assert "cannot be read" in request.fields["messages"][0]["content"]
        assert request.dropped == ("messages.document.file",)

    def test_tools_that_a_search_for_tools_found(self) -> None:
        found = [{"type": "tool_reference", "tool_name": "read_file"}]
        got = messages(user("look"), assistant([use("t1")]), user([result("t1", found)]))
        assert got[2]["content"] == "Tool: read_file"

    def test_the_summary_of_a_compacted_conversation(self) -> None:
        compacted = assistant([{"type": "compaction", "content": "We mended it."}])
        assert messages(user("a"), compacted, user("b"))[1] == {"role": "assistant", "content": "We mended it."}

    def test_search_results_are_text_with_their_source(self) -> None:
        found = {"type": "search_result", "title": "T", "source": "http://s", "content": [text("one"), text("two")]}
        assert messages(user([found]))[0]["content"] == "T - http://s\n\none\n\ntwo"

    def test_users_who_speak_twice_are_one_turn_as_in_the_protocol_itself(self) -> None:
        assert messages(user("one"), user([text("two"), text("")])) == [{"role": "user", "content": "one\n\ntwo"}]

    def test_unknown_blocks_are_named_and_left_out(self) -> None:
        request = MESSAGES.request(ask(user([text("hi"), {"type": "hologram", "data": 1}])))
        assert request.fields["messages"] == [{"role": "user", "content": "hi"}]
        assert request.dropped == ("messages.hologram",)


class TestToolTurns:
    def test_a_call_and_its_result(self) -> None:
        assert messages(
            user("look"), assistant([text("I look."), use("t1", path="a.py")]), user([result("t1", "x = 1")])
        ) == [
            {"role": "user", "content": "look"},
            {
                "role": "assistant",
                "content": "I look.",
                "tool_calls": [
                    {"id": "t1", "type": "function", "function": {"name": "read_file", "arguments": '{"path":"a.py"}'}}
                ],
            },
            {"role": "tool", "tool_call_id": "t1", "content": "x = 1"},
        ]

    def test_several_results_come_before_the_words_beside_them(self) -> None:
        turn = user([text("only the first"), result("t1", "one"), result("t2", [text("two"), text("three")])])
        got = messages(user("look"), assistant([use("t1"), use("t2")]), turn)
        assert [(m["role"], m.get("tool_call_id"), m["content"]) for m in got[2:]] == [
            ("tool", "t1", "one"),
            ("tool", "t2", "two\n\nthree"),
            ("user", None, "only the first"),
        ]
        assert got[1]["content"] is None

    def test_pictures_of_a_result_follow_all_results_because_tool_messages_hold_text_only(self) -> None:
        turn = user([result("t1", [text("screen"), PICTURE]), result("t2", "ok"), text("what now?")])
        got = messages(user("look"), assistant([use("t1"), use("t2")]), turn)
        assert [m["role"] for m in got[2:]] == ["tool", "tool", "user"]
        assert got[2]["content"].startswith("screen")
        assert [part["type"] for part in got[4]["content"]] == ["text", "image_url", "text"]
        assert "t1" in got[4]["content"][0]["text"]
        assert got[4]["content"][2]["text"] == "what now?"

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("no such file", "Error: no such file"),
            ("Error: no such file", "Error: no such file"),
            ("<tool_use_error>File not read</tool_use_error>", "<tool_use_error>File not read</tool_use_error>"),
            (None, "Error"),
        ],
    )
    def test_a_failure_reads_as_one(self, content: str | None, told: str) -> None:
        got = messages(user("look"), assistant([use("t1")]), user([result("t1", content, is_error=True)]))
        assert got[2]["content"] == told

    def test_an_answer_of_the_model_in_plain_text(self) -> None:
        assert messages(user("a"), assistant("b"), user("c"))[1] == {"role": "assistant", "content": "b"}

    def test_a_result_behind_a_system_message_goes_to_its_call(self) -> None:
        got = messages(
            user("look"), assistant([use("t1")]), {"role": "system", "content": "x"}, user([result("t1", "y")])
        )
        assert [message["role"] for message in got] == ["user", "assistant", "tool", "user"]

    def test_a_result_without_its_call_stays_at_the_end(self) -> None:
        assert [message["role"] for message in messages(user("look"), user([result("t9", "x")]))] == ["user", "tool"]

    def test_a_result_without_content(self) -> None:
        got = messages(user("look"), assistant([use("t1")]), user([{"type": "tool_result", "tool_use_id": "t1"}]))
        assert got[2] == {"role": "tool", "tool_call_id": "t1", "content": ""}

    def test_a_document_in_a_result_is_told_of(self) -> None:
        pdf = {"type": "document", "title": "r.pdf", "source": {"type": "base64", "data": "JVBE"}}
        request = MESSAGES.request(ask(user("look"), assistant([use("t1")]), user([result("t1", [pdf])])))
        assert "r.pdf" in request.fields["messages"][2]["content"]
        assert request.dropped == ("messages.tool_result.document",)


class TestThoughts:
    def test_our_own_go_back_into_the_field_that_the_backend_wrote_them_in(self) -> None:
        for field in ("reasoning_content", "reasoning"):
            chat = {"choices": [{"message": {"content": "4", field: "2+2"}, "finish_reason": "stop"}]}
            said = MESSAGES.answer(chat, ask(user("2+2?"), thinking={"type": "adaptive"}), "m")
            got = messages(user("2+2?"), assistant(said["content"]), user("sure?"))
            assert got[1] == {"role": "assistant", "content": "4", field: "2+2"}

    def test_those_that_a_local_server_signed_with_nothing_go_back_too(self) -> None:
        thought = {"type": "thinking", "thinking": "hm", "signature": ""}
        assert messages(user("a"), assistant([thought]), user("b"))[1] == {
            "role": "assistant",
            "content": "",
            "reasoning_content": "hm",
        }

    def test_a_turn_of_which_nothing_is_left_is_none(self) -> None:
        hidden = {"type": "redacted_thinking", "data": "x"}
        assert messages(user("a"), assistant([hidden]), user("b")) == [{"role": "user", "content": "a\n\nb"}]

    def test_those_of_another_vendor_are_left_out(self) -> None:
        signed = {"type": "thinking", "thinking": "hm", "signature": "EqoBCkgIARABGAIiQL"}
        hidden = {"type": "redacted_thinking", "data": "EmwKAhgB"}
        request = MESSAGES.request(ask(user("a"), assistant([signed, hidden, text("b")]), user("c")))
        assert request.fields["messages"][1] == {"role": "assistant", "content": "b"}
        assert request.dropped == ("messages.thinking", "messages.redacted_thinking")


class TestTools:
    def test_a_tool_with_its_schema(self) -> None:
        assert fields(user("hi"), tools=[{**READ_FILE, "cache_control": {"type": "ephemeral"}}])["tools"] == [
            {
                "type": "function",
                "function": {
                    "name": "read_file",
                    "description": "Read one file",
                    "parameters": READ_FILE["input_schema"],
                },
            }
        ]

    def test_a_strict_tool(self) -> None:
        assert fields(user("hi"), tools=[{**READ_FILE, "strict": True}])["tools"][0]["function"]["strict"] is True

    def test_tools_that_a_server_runs_are_named_and_left_out(self) -> None:
        search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
        request = MESSAGES.request(ask(user("hi"), tools=[search, {**READ_FILE, "type": "custom"}]))
        assert [tool["function"]["name"] for tool in request.fields["tools"]] == ["read_file"]
        assert request.dropped == ("tools.web_search_20250305",)

    @pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "none"}, None])
    def test_no_tools_and_no_choice_are_sent_when_none_is_left(self, choice: dict[str, Any] | None) -> None:
        search = {"type": "web_search_20250305", "name": "web_search"}
        assert not {"tools", "tool_choice"} & set(fields(user("hi"), tools=[search], tool_choice=choice))
        assert not {"tools", "tool_choice"} & set(fields(user("hi"), tools=[], tool_choice=choice))

    @pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "web_search"}])
    def test_a_tool_that_must_be_called_but_only_a_server_runs_is_refused(self, choice: dict[str, Any]) -> None:
        """As Claude Code's own search asks; an answer out of the model's memory would pass for one."""
        search = {"type": "web_search_20250305", "name": "web_search"}
        with pytest.raises(Refusal, match="tool_choice"):
            MESSAGES.request(ask(user("hi"), tools=[search], tool_choice=choice))

    def test_names_that_are_too_long_for_chat_servers_come_back_whole(self) -> None:
        name = "mcp__" + "n" * 80
        asked = ask(user("hi"), assistant([use("t1", name)]), tools=[{**READ_FILE, "name": name}])
        asked["tool_choice"] = {"type": "tool", "name": name}
        got = MESSAGES.request(asked).fields
        short = got["tools"][0]["function"]["name"]
        assert len(short) == 64
        assert got["messages"][1]["tool_calls"][0]["function"]["name"] == short
        assert got["tool_choice"]["function"]["name"] == short
        call = {"id": "t2", "function": {"name": short, "arguments": "{}"}}
        message = MESSAGES.answer({"choices": [{"message": {"tool_calls": [call]}}]}, asked, "m")
        assert message["content"][0]["name"] == name
        stream = MESSAGES.stream(asked, "m")
        assert name.encode() in stream.chunk({"choices": [{"delta": {"tool_calls": [{"index": 0, **call}]}}]})

    @pytest.mark.parametrize(
        ("choice", "chosen"),
        [
            ({"type": "auto"}, "auto"),
            ({"type": "any"}, "required"),
            ({"type": "none"}, "none"),
            ({"type": "tool", "name": "read_file"}, {"type": "function", "function": {"name": "read_file"}}),
        ],
    )
    def test_choices(self, choice: dict[str, Any], chosen: Any) -> None:
        got = fields(user("hi"), tools=[READ_FILE], tool_choice=choice)
        assert got["tool_choice"] == chosen
        assert "parallel_tool_calls" not in got

    def test_one_call_at_a_time(self) -> None:
        choice = {"type": "auto", "disable_parallel_tool_use": True}
        assert fields(user("hi"), tools=[READ_FILE], tool_choice=choice)["parallel_tool_calls"] is False


class TestForm:
    SCHEMA: dict[str, Any] = {"type": "object", "properties": {"title": {"type": "string"}}}  # noqa: RUF012  # read only

    @pytest.mark.parametrize("place", ["output_config", "output_format"])
    def test_a_schema_for_the_answer(self, place: str) -> None:
        form: dict[str, Any] = {"type": "json_schema", "schema": self.SCHEMA}
        got = fields(user("hi"), **{place: {"format": form} if place == "output_config" else form})
        assert got["response_format"] == {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": self.SCHEMA},
        }

    @pytest.mark.parametrize(
        ("more", "effort"),
        [
            ({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}, "none"),
            ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}, "low"),
            ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "high"),
            ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
            ({"thinking": {"type": "enabled", "budget_tokens": 10_000}}, "medium"),
            ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
            ({"thinking": {"type": "adaptive"}}, None),
        ],
    )
    def test_effort_is_told_but_not_sent_because_strict_servers_refuse_the_field(
        self, more: dict[str, Any], effort: str | None
    ) -> None:
        request = MESSAGES.request(ask(user("hi"), **more))
        assert request.effort == effort
        assert "reasoning_effort" not in request.fields
        assert "thinking" in request.dropped


def test_what_has_no_place_is_named_once() -> None:
    request = MESSAGES.request(
        ask(
            user("hi"), metadata={"user_id": "u"}, context_management={"edits": []}, service_tier="auto", container=None
        )
    )
    assert request.dropped == ("metadata", "context_management", "service_tier")
    assert set(request.fields) == {"model", "messages", "max_tokens"}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "hi"}, "messages"),
        ({"messages": [user([{"type": "hologram"}])]}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [user(7)]}, "messages[0].content"),
        ({"messages": [user([{"text": "x"}])]}, "messages[0].content[0].type"),
        ({"messages": [user([{"type": "text"}])]}, "messages[0].content[0].text"),
        ({"messages": [user([{"type": "image"}])]}, "messages[0].content[0].source"),
        ({"messages": [user([{"type": "tool_result", "content": "x"}])]}, "messages[0].content[0].tool_use_id"),
        ({"messages": [assistant([{"type": "tool_use", "id": "a"}])]}, "messages[0].content[0].name"),
        (ask(user("x"), system=7), "system"),
        (ask(user("x"), system=[PICTURE]), "system[0].type"),
        (ask(user("x"), max_tokens="many"), "max_tokens"),
        (ask(user("x"), max_tokens=0), "max_tokens"),
        (ask(user("x"), temperature=True), "temperature"),
        (ask(user("x"), stop_sequences="END"), "stop_sequences"),
        (ask(user("x"), stop_sequences=[1]), "stop_sequences[0]"),
        (ask(user("x"), tools=[{"name": "f"}]), "tools[0].input_schema"),
        (ask(user("x"), tools=[{"input_schema": {}}]), "tools[0].name"),
        (ask(user("x"), tools=[READ_FILE], tool_choice={"type": "maybe"}), "tool_choice.type"),
        (ask(user("x"), stream="yes"), "stream"),
        (ask(user("x"), output_config={"format": {"type": "xml"}}), "output_config.format.type"),
    ],
)
def test_malformed_requests_are_refused_by_the_name_of_the_field(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        MESSAGES.request(asked)
    assert refused.value.status == 400
    assert refused.value.param == field
    assert refused.value.message.startswith(f"'{field}' ")
    assert refused.value.message.count(".") - field.count(".") == 1


_WORDS = st.sampled_from(
    "role content type text source user assistant system tool_use tool_result image thinking input name id".split()
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=12,
)


@given(_ANYTHING, _ANYTHING, _ANYTHING)
def test_whatever_comes_is_translated_or_refused(turns: Any, system: Any, tools: Any) -> None:
    try:
        request = MESSAGES.request({"messages": turns, "system": system, "tools": tools})
    except Refusal:
        return
    json.dumps(request.fields)
    roles = [message["role"] for message in request.fields["messages"]]
    assert "system" not in roles[1:]
    assert ("user", "user") not in set(itertools.pairwise(roles))
