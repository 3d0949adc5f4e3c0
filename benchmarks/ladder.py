"""What each part of the gateway saves: the plain way to write a proxy, and the gateway with one part put back.

Each rung is a process of its own; they take turns within each round, on the core that all of them share. A figure is
the median of the rounds. The plain proxies neither route nor write events, the gateway does both on every rung. Exit
code 1 when the gateway with a part put back needs less processor time for a short chat than with all its own parts.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import systems, upstream
from benchmarks.bars import AGENT_1, AGENT_16, SHORT_1, SHORT_16, Load, middle
from benchmarks.load import Cell
from benchmarks.stage import DIRECT, Stage

_SERVER = str(Path(__file__).with_name("ladder_server.py"))
_LOADS = (SHORT_1, SHORT_16, AGENT_1, AGENT_16)
_OWN = "the gateway as it is"


@dataclass(frozen=True, slots=True)
class Rung:
    """Arguments of ``ladder_server``, sections of the proxy file; ``judged``: it must not be cheaper than ours."""

    title: str
    arguments: tuple[str, ...] = ()
    proxy: dict[str, object] = field(default_factory=dict)
    logs: bool = True
    judged: bool = False

    def launch(self, folder: Path, port: int, server: int) -> list[str]:
        """The command of this rung."""
        file = systems.proxy_file(folder, port, server, logs=self.logs, **self.proxy)
        return [sys.executable, _SERVER, "--config", str(file), *self.arguments]


RUNGS = (
    Rung(
        "Quart and httpx",
        ("--app", "quart", "--protocol", "hypercorn", "--loop", "asyncio", "--collector", "as it is"),
    ),
    Rung("Quart and httpx, uvloop", ("--app", "quart", "--protocol", "hypercorn", "--collector", "as it is")),
    Rung("Quart and httpx, uvloop, quiet collector", ("--app", "quart", "--protocol", "hypercorn")),
    Rung("the same on our HTTP/1.1 protocol", ("--app", "quart")),
    Rung("the gateway, both stock", ("--protocol", "hypercorn"), {"transport": "httpx"}, judged=True),
    Rung("the gateway, stock client", (), {"transport": "httpx"}, judged=True),
    Rung("the gateway, stock protocol", ("--protocol", "hypercorn"), judged=True),
    Rung("the gateway, collector as it is", ("--collector", "as it is")),
    Rung("the gateway on asyncio's loop", ("--loop", "asyncio"), judged=True),
    Rung("the gateway without event log", logs=False),
    Rung(_OWN),
)


Cells = dict[str, dict[Load, list[Cell]]]


def measure(rounds: int, seconds: float) -> Cells:
    """By rung and load, a cell for each round."""
    found: Cells = {title: {loaded: [] for loaded in _LOADS} for title in (DIRECT, *(rung.title for rung in RUNGS))}
    core, others = systems.split_cores()
    with (
        contextlib.ExitStack() as stack,
        tempfile.TemporaryDirectory() as folder,
        systems.on(others),
        upstream.running() as port,
    ):
        stage = Stage(Path(folder), port, core)
        running = {rung.title: stack.enter_context(stage.running("rung", rung.launch)) for rung in RUNGS}
        for number in range(rounds + 1):
            for loaded in _LOADS:
                for title in found:
                    cell = stage.measure(running.get(title), loaded, seconds if number else min(seconds, 0.2))
                    if number:  # the first warms up
                        found[title][loaded].append(cell)
    return found


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench ladder", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)  # those of the other benchmarks may stand beside
    found = measure(options.rounds, options.seconds)
    figures = {title: _figures(cells) for title, cells in found.items()}
    own = figures[_OWN]["short us"]
    outside = [rung.title for rung in RUNGS if rung.judged and figures[rung.title]["short us"] < own]
    failed = sum(cell.failures for cells in found.values() for row in cells.values() for cell in row)
    if options.json:
        print(json.dumps({"load_average": os.getloadavg(), "rungs": figures, "outside": outside}, indent=1))
    else:
        print(f"load average {os.getloadavg()[0]:.1f}; p50 ms of 1 client; requests/s and processor us of 16 clients")
        print(f"{'':42} {'short: p50':>10} {'/s':>7} {'us':>6} {'60 KB: p50':>12} {'/s':>7} {'us':>6}")
        for title, row in figures.items():
            mark = "  cheaper than ours" if title in outside else ""
            print(
                f"{title:42} {row['short ms']:10.2f} {row['short /s']:7.0f} {row['short us']:6.0f} "
                f"{row['60 KB ms']:12.2f} {row['60 KB /s']:7.0f} {row['60 KB us']:6.0f}{mark}"
            )
    if failed:
        print(f"{failed} requests failed", file=sys.stderr)
    return int(bool(outside or failed))


def _figures(cells: dict[Load, list[Cell]]) -> dict[str, float]:
    row: dict[str, float] = {}
    for one, sixteen in ((SHORT_1, SHORT_16), (AGENT_1, AGENT_16)):
        row[f"{one.payload} ms"] = middle([1e3 * cell.p50 for cell in cells[one]])
        row[f"{one.payload} /s"] = middle([cell.rate for cell in cells[sixteen]])
        row[f"{one.payload} us"] = middle([1e6 * cell.processor for cell in cells[sixteen]])
    return row
