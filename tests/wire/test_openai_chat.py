"""What a backend gets of a chat request."""

from __future__ import annotations

import json

from model_router.server.wire.openai_chat import read_chat

TOOLS = [{"type": "function", "function": {"name": "ls", "parameters": {}}}]


def test_the_model_is_replaced_and_nothing_else() -> None:
    raw = json.dumps(
        {"model": "auto", "messages": [{"role": "user", "content": "hä"}], "tools": TOOLS, "x": None}
    ).encode()
    sent = read_chat(raw, 100).forwarded('a "quoted" model', strip_tools=False)
    assert sent == raw.replace(b'"auto"', b'"a \\"quoted\\" model"')


def test_tools_and_all_that_speaks_of_them_are_left_out_on_demand() -> None:
    fields = {
        "tools": TOOLS,
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "functions": [],
        "function_call": "none",
    }
    raw = json.dumps({"model": "auto", **fields, "messages": [{"role": "user", "content": "x"}], "top_p": 0.5}).encode()
    sent = json.loads(read_chat(raw, 100).forwarded("m", strip_tools=True))
    assert sent == {"model": "m", "messages": [{"role": "user", "content": "x"}], "top_p": 0.5}


def test_a_missing_model_is_put_in() -> None:
    raw = b'{"messages": [{"role": "user", "content": "x"}]}'
    assert json.loads(read_chat(raw, 100).forwarded("m", strip_tools=False))["model"] == "m"


def test_stream_is_read() -> None:
    for text, value in ((b"true", True), (b"false", False), (b"null", False)):
        assert read_chat(b'{"messages": [{}], "stream": %s}' % text, 100).stream is value
    assert not read_chat(b'{"messages": [{}]}', 100).stream
