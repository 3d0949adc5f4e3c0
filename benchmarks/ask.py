"""How long it takes from the bytes of an agent's request to the ask in it, in microseconds; standard JSON beside it.

The requests are built here: rules, two dozen tools with their schemas, a history, the person's words at the end. Two
hold 100 KB, one most of it in tools and one most of it in turns; figures are the best of several rounds. A second table
has what forwarding costs: to check a body, and to put a backend's own model name into it.
"""

from __future__ import annotations

import argparse
import json
import timeit
from typing import Any

from model_router.server.ask import Ask, read_ask
from model_router.server.wire.body import read_object, replace_fields

BUDGET_US = 150.0
_FORWARDING_US = {"1 KB": 10.0, "60 KB": 60.0, "1 MB": 600.0}
_WISH = "find out why the import of the price list stops at line 800, and repair it"
_RULE = '- Read a file before you change it; say "what" and why in one sentence, then run the tests of that folder.\n'
_CODE = 'def price(row: dict[str, str]) -> int:\n    return {"net": int(row["net"])}.get(\'net\', 0)  # cents\n'


def tool(number: int, length: int) -> dict[str, Any]:
    """A tool with a long description and a schema of ordinary depth."""
    field = {"type": "string", "description": _RULE.strip()}
    listed = {"type": "array", "items": {"type": "object", "properties": {"path": field}}}
    schema = {"type": "object", "properties": {"path": field, "files": listed, "limit": {"type": "integer"}}}
    text = (_RULE * (length // len(_RULE) + 1))[:length]
    return {"type": "function", "function": {"name": f"tool_{number}", "description": text, "parameters": schema}}


def turns(count: int, length: int) -> list[dict[str, Any]]:
    """A model's calls and what the tools brought."""
    found: list[dict[str, Any]] = []
    for number in range(count):
        call = {"id": f"c{number}", "type": "function", "function": {"name": "tool_1", "arguments": '{"path": "a.py"}'}}
        found.append({"role": "assistant", "content": None, "tool_calls": [call]})
        result = (_CODE * (length // len(_CODE) + 1))[:length]
        found.append({"role": "tool", "tool_call_id": f"c{number}", "content": result})
    return found


def request(
    *,
    tools: int,
    tool_length: int,
    steps: int,
    step_length: int,
    wish_last: bool,
    wish: str = _WISH,
    stream: bool = True,
) -> bytes:
    """An agent's request; with ``wish_last`` a new wish after the history, else a step in the midst of the work."""
    first = {
        "role": "user",
        "content": [{"type": "text", "text": f"<system-reminder>\n{_RULE}</system-reminder>\n{wish}"}],
    }
    history = turns(steps, step_length)
    body = {
        "model": "model-router",
        "stream": stream,
        "messages": [
            {"role": "system", "content": _RULE * 80},
            *([first, *history] if not wish_last else [{"role": "user", "content": "hello"}, *history, first]),
        ],
        "tools": [tool(number, tool_length) for number in range(tools)],
    }
    return json.dumps(body).encode()


def find(raw: bytes) -> Ask:
    """What the gateway does with a body before it routes."""
    return read_ask(read_object(raw, 200), {})


def forward(raw: bytes) -> bytes:
    """What the gateway does with a body beside routing."""
    return replace_fields(read_object(raw, 200), {"model": b'"small"'})


def forwarding(rounds: int) -> dict[str, dict[str, float]]:
    """The times of :func:`forward` for chats of several lengths, written without white space, as most clients do."""
    rows: dict[str, dict[str, float]] = {}
    for name, length in (("1 KB", 1_000), ("60 KB", 60_000), ("1 MB", 1_000_000)):
        words = (f"{_WISH}. " * (length // len(_WISH) + 1))[: length - 100]
        body = {"model": "auto", "stream": True, "messages": [{"role": "user", "content": words}]}
        raw = json.dumps(body, separators=(",", ":")).encode()
        best = min(timeit.repeat(lambda raw=raw: forward(raw), number=10, repeat=rounds)) / 10 * 1e6
        rows[name] = {"bytes": len(raw), "us": best}
    return rows


def main(arguments: list[str]) -> int:
    """Print the table; exit code 1 when a 100 KB request is outside the budget."""
    parser = argparse.ArgumentParser(prog="scripts/bench ask", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)  # those of the other benchmarks may stand beside
    bodies = {
        "a chat, 0.2 KB": json.dumps({"messages": [{"role": "user", "content": _WISH}]}).encode(),
        "100 KB, mostly tools": request(tools=25, tool_length=2_700, steps=4, step_length=2_000, wish_last=True),
        "100 KB, mostly turns": request(tools=10, tool_length=600, steps=40, step_length=1_650, wish_last=False),
    }
    rows: dict[str, dict[str, float]] = {}
    for name, raw in bodies.items():
        if find(raw).text != _WISH:
            raise AssertionError(f"{name}: the wish was not found")
        best = min(timeit.repeat(lambda raw=raw: find(raw), number=5, repeat=options.rounds * 10)) / 5 * 1e6
        loads = min(timeit.repeat(lambda raw=raw: json.loads(raw), number=5, repeat=options.rounds)) / 5 * 1e6
        rows[name] = {"bytes": len(raw), "us": best, "json_loads_us": loads}
    outside = [name for name, row in rows.items() if row["us"] > BUDGET_US]
    forwarded = forwarding(options.rounds * 3)
    outside += [name for name, row in forwarded.items() if row["us"] > _FORWARDING_US[name]]
    if options.json:
        print(json.dumps({"rows": rows, "forwarding": forwarded, "outside": outside}, indent=1))
        return 1 if outside else 0
    print(f"{'bytes to ask':24} {'bytes':>8} {'ours':>10} {'json.loads':>11} {'at most':>9}")
    for name, row in rows.items():
        mark = "  outside" if name in outside else ""
        print(
            f"{name:24} {row['bytes']:8.0f} {row['us']:8.1f}us {row['json_loads_us']:9.1f}us {BUDGET_US:7.0f}us{mark}"
        )
    print(f"\n{'bytes to forward':24} {'bytes':>8} {'ours':>10} {'at most':>21}")
    for name, row in forwarded.items():
        mark = "  outside" if name in outside else ""
        print(f"{name:24} {row['bytes']:8.0f} {row['us']:8.1f}us {_FORWARDING_US[name]:19.0f}us{mark}")
    return 1 if outside else 0
