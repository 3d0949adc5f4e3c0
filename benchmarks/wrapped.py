"""Whether an ask routes the same inside an agent's request as alone.

``--captures`` is a folder of captured requests, JSON files with ``client``, ``kind``, ``human_intent``, ``path``,
``headers`` and ``body``; ``--prompts`` a JSON-lines file with ``prompt``, ``attachments``, ``expected`` and
``acceptable``. Each prompt takes the place of the human intent in one main request of each client; the whole way from
bytes to decision is run. Both stay where they are: nothing of them is kept. Exit code 1 when a client loses more than
a point of the strict or accepted figure, or of the confirmation recall.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_router.engine.routes import HUMAN_CONFIRM, Route
from model_router.router import ModelRouter
from model_router.server.ask import CallKind, read_ask
from model_router.server.ask_route import route_ask
from model_router.server.wire.body import read_object

_CONFIRMATION = "confirmation"
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one dot
_LOSS = 1.0
"""Points that a wrapping may cost."""


@dataclass(frozen=True, slots=True)
class Score:
    """Percent; ``asks`` counts prompts that came out of the request word for word."""

    strict: float
    accepted: float
    macro_f1: float
    recall: float
    false: float
    asks: int = 0


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench wrapped", description=__doc__)
    parser.add_argument("--captures", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=300, help="so many rows, spread evenly")
    parser.add_argument("--misses", type=int, default=0, help="name so many rows that a wrapping changed, per client")
    options = parser.parse_args(arguments)
    lines = options.prompts.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines[:: max(1, len(lines) // options.rows)]]
    router = ModelRouter.from_config()
    routes = {engine: str(route) for route, engine in router.catalog.routing_targets.items()}
    routes[HUMAN_CONFIRM] = _CONFIRMATION
    alone = [routes.get(router.route_fast(row["prompt"], _hints(row)), "other") for row in rows]
    plain = score(rows, alone)
    print(f"{len(rows)} rows {'':22} strict accepted macro-F1 recall false  word for word")
    print(_line("plain", plain))
    worst = 0
    for client, capture in shapes(options.captures):
        found = [run(router, routes, capture, row) for row in rows]
        routed = [route for route, _ in found]
        wrapped = score(rows, routed, sum(same for _, same in found))
        lost = max(plain.strict - wrapped.strict, plain.accepted - wrapped.accepted, plain.recall - wrapped.recall)
        worst = max(worst, lost > _LOSS)
        print(_line(client, wrapped) + ("  loses" if lost > _LOSS else ""))
        changed = [index for index in range(len(rows)) if routed[index] != alone[index] or not found[index][1]]
        for index in changed[: options.misses]:
            print(f"    {rows[index].get('id', index)}: {alone[index]} -> {routed[index]} {found[index][1]}")
    return int(worst)


def shapes(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """One main request of each client: the largest, it has most around the words."""
    found: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*.json"), key=lambda file: -file.stat().st_size):
        capture = json.loads(file.read_text(encoding="utf-8"))
        if capture.get("kind") == "main" and capture.get("human_intent") and _texts(capture["body"]):
            found.setdefault(capture["client"], capture)
    return sorted(found.items())


def run(router: ModelRouter, routes: dict[str, str], capture: dict[str, Any], row: dict[str, Any]) -> tuple[str, bool]:
    """The route of a wrapped prompt, and whether it was found word for word as a person's own."""
    body = wrap(capture, row)
    headers = {name.lower(): value for name, value in capture["headers"]}
    ask = read_ask(read_object(json.dumps(body).encode(), 200), headers, capture["path"])
    engine = route_ask(router, ask).selected_engine
    return routes.get(engine, "other"), ask.text == row["prompt"].strip() and ask.kind is CallKind.MAIN


def wrap(capture: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """The captured body with the row's prompt, and its picture, in place of the human intent."""
    body: dict[str, Any] = copy.deepcopy(capture["body"])
    name = "messages" if "messages" in body else "input"
    intent = capture["human_intent"]
    if isinstance(body[name], str):
        body[name] = [{"role": "user", "content": body[name]}]
    for turn in reversed(body[name]):
        if turn.get("role") != "user":
            continue
        content = turn["content"]
        if isinstance(content, str):
            if intent not in content:
                continue
            content = [{"type": "text", "text": content}]
            kept = "input_text" if name == "input" else "text"
            content[0]["type"] = kept
        elif not any(intent in part.get("text", "") for part in content):
            continue
        content = [part for part in content if "image" not in part.get("type", "")]
        for part in content:
            if intent in part.get("text", ""):
                part["text"] = part["text"].replace(intent, row["prompt"])
        pictures = [_picture(name, capture["path"]) for kind in row["attachments"] if kind == "image"]
        turn["content"] = content[0]["text"] if len(content) == 1 and not pictures else [*content, *pictures]
        break
    return body


def _picture(name: str, path: str) -> dict[str, Any]:
    if name == "input":
        return {"type": "input_image", "image_url": f"data:image/png;base64,{_PIXEL}"}
    if "/messages" in path:
        return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": _PIXEL}}
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PIXEL}"}}


def _texts(body: dict[str, Any]) -> bool:
    return isinstance(body.get("messages"), list) or isinstance(body.get("input"), (list, str))


def _hints(row: dict[str, Any]) -> dict[str, Any]:
    return {"attachments": row["attachments"]}


def score(rows: Sequence[dict[str, Any]], routed: Sequence[str], asks: int = 0) -> Score:
    """The figures of one way to route."""
    pairs = list(zip(rows, routed, strict=True))
    risky = [route == _CONFIRMATION for row, route in pairs if row["expected"] == _CONFIRMATION]
    harmless = [
        route == _CONFIRMATION
        for row, route in pairs
        if row["expected"] != _CONFIRMATION and _CONFIRMATION not in row["acceptable"]
    ]
    parts = [_f1(pairs, name) for name in (*map(str, Route), _CONFIRMATION) if any(r["expected"] == name for r in rows)]
    return Score(
        strict=_percent(route == row["expected"] for row, route in pairs),
        accepted=_percent(route == row["expected"] or route in row["acceptable"] for row, route in pairs),
        macro_f1=100 * sum(parts) / len(parts) if parts else 0.0,
        recall=_percent(risky),
        false=_percent(harmless),
        asks=asks,
    )


def _f1(pairs: Sequence[tuple[dict[str, Any], str]], name: str) -> float:
    expected = sum(row["expected"] == name for row, _ in pairs)
    sent = sum(route == name for _, route in pairs)
    right = sum(row["expected"] == name == route for row, route in pairs)
    return 2 * right / (expected + sent) if expected + sent else 0.0


def _percent(flags: Iterable[bool]) -> float:
    values = list(flags)
    return 100 * sum(values) / len(values) if values else 0.0


def _line(name: str, figures: Score) -> str:
    return (
        f"{name:30} {figures.strict:8.1f} {figures.accepted:8.1f} {figures.macro_f1:8.1f} "
        f"{figures.recall:6.1f} {figures.false:5.1f}  {figures.asks or '':>8}"
    )
