"""What translation costs: one streamed chunk, and one request of a coding agent, for each protocol.

Times are the best of many rounds, in microseconds; the budget is 15 for a chunk of words.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from model_router.server.translate import MESSAGES, RESPONSES, Translator

BUDGET = 15.0
_CHUNK = {
    "id": "chatcmpl-4f9a1c77b2d84e06",
    "object": "chat.completion.chunk",
    "created": 1_790_000_000,
    "model": "local",
}
_WORDS = "Reads one file of the project and gives its lines with their numbers. " * 30


def main(arguments: Sequence[str]) -> int:
    """Print a line for each protocol; exit code 1 when a chunk of words is over the budget."""
    del arguments
    over = False
    for name, translator, asked in (("messages", MESSAGES, _message()), ("responses", RESPONSES, _response())):
        words = _chunk_time(translator, asked, {"content": " answer"})
        thoughts = _chunk_time(translator, asked, {"reasoning_content": " answer"})
        request = _best(partial(translator.request, asked), 20)
        size = len(json.dumps(asked)) / 1000
        sys.stdout.write(f"{name:10} chunk of words {words:5.2f}  of thoughts {thoughts:5.2f}")
        sys.stdout.write(f"  request of {size:.0f} kB {request:6.1f}\n")
        over = over or words > BUDGET
    return int(over)


def _chunk_time(translator: Translator, asked: dict[str, Any], delta: dict[str, Any]) -> float:
    stream = translator.stream(asked, "auto")
    chunk = {**_CHUNK, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    chunk = msgspec.json.decode(msgspec.json.encode(chunk))
    stream.chunk(chunk)
    return _best(lambda: stream.chunk(chunk), 300)


def _best(call: Callable[[], object], times: int, rounds: int = 100) -> float:
    best = float("inf")
    for _ in range(rounds):
        begin = time.perf_counter()
        for _ in range(times):
            call()
        best = min(best, (time.perf_counter() - begin) / times)
    return best * 1e6


def _message() -> dict[str, Any]:
    """The size and shape of an agent's tool turn: two dozen described tools, a long system prompt, a few blocks."""
    tools = [
        {"name": f"tool_{index}", "description": _WORDS, "input_schema": {"type": "object", "properties": {}}}
        for index in range(25)
    ]
    use = {"type": "tool_use", "id": "toolu_1", "name": "tool_1", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "README.md\nwidget.py"}
    return {
        "model": "auto",
        "max_tokens": 32_000,
        "system": [{"type": "text", "text": _WORDS, "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": _WORDS}, {"type": "text", "text": "mend the test"}]},
            {"role": "system", "content": _WORDS},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ],
        "tools": tools,
        "thinking": {"type": "adaptive"},
        "stream": True,
    }


def _response() -> dict[str, Any]:
    """The same for the responses protocol."""
    tools = [
        {"type": "function", "name": f"tool_{index}", "description": _WORDS, "parameters": {"type": "object"}}
        for index in range(12)
    ]
    return {
        "model": "auto",
        "input": [
            {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": _WORDS * 7}]},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "mend the test"}]},
            {"type": "function_call", "call_id": "c1", "name": "tool_1", "arguments": '{"cmd": "ls"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "README.md\nwidget.py"},
        ],
        "tools": tools,
        "parallel_tool_calls": True,
        "stream": True,
    }
