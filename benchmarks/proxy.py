"""What a gateway costs: ours, the existing package, a Rust router and haproxy, interleaved, before a fast server.

Each system is a process tree of its own on loopback; where the machine has two cores or more, the systems run on the
last one and the clients with the model server on the others, so figures are those of one core of gateway. Rounds take
every payload through every system in turn. A figure is the median of the rounds, a ratio the median of the rounds'
ratios. Exit code 1 when a bar of "done" is missed. Other work on the machine shifts figures more than ratios; the load
average stands above the table.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import load, payloads, peer, systems, upstream
from benchmarks.bars import (
    LOADS,
    MEMORY,
    PACED,
    PACED_P99,
    READY,
    ROWS,
    SCREEN,
    SCREEN_P99,
    SHARED_OUT,
    SHORT_16,
    Load,
    Row,
    Verdict,
    middle,
    ratio,
)
from benchmarks.stage import DIRECT, Stage
from benchmarks.systems import EXISTING, OURS, Running

_WARM_SECONDS = 0.2
_EVENTS_A_SECOND = 200.0
_SCREEN_TIMES = 3
"""A 99th percentile needs more requests than a median."""


@dataclass(slots=True)
class Figures:
    """By row and system, the figure of each round."""

    found: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, row: Row, system: str, figure: float) -> None:
        """One more round's."""
        self.found.setdefault(row.title, {}).setdefault(system, []).append(figure)


def measure(names: Sequence[str], rounds: int, seconds: float, *, pinned: bool = True) -> Figures:
    """All rows of those systems that can be had."""
    figures = Figures()
    launches = systems.launches(names)
    core, others = systems.split_cores() if pinned else (None, None)
    with (
        contextlib.ExitStack() as stack,
        tempfile.TemporaryDirectory() as folder,
        systems.on(others),
        upstream.running() as port,
    ):
        stage = Stage(Path(folder), port, core)
        launches = _start_up(stage, launches, rounds, figures)
        running = {name: stack.enter_context(stage.running(name, launch)) for name, launch in launches.items()}
        for number in range(rounds + 1):
            for loaded in LOADS:
                for name in (DIRECT, *running):
                    cell = stage.measure(running.get(name), loaded, seconds if number else min(seconds, _WARM_SECONDS))
                    if number:  # the first warms up
                        _note(figures, loaded, name, cell)
        for name, system in running.items():
            held = system.memory()
            figures.add(MEMORY, name, held.resident)
            figures.add(SHARED_OUT, name, held.shared_out)
        if OURS in running and os.name == "posix":
            with stage.running("screen", systems.screen) as screen:
                beside_screen(running[OURS], screen, rounds, seconds * _SCREEN_TIMES, figures)
    return figures


def _start_up(
    stage: Stage, launches: dict[str, systems.Launch], rounds: int, figures: Figures
) -> dict[str, systems.Launch]:
    """Those that start; another package's that does not is left out, with what it said."""
    good = dict(launches)
    for _ in range(rounds):
        for name, launch in list(good.items()):
            try:
                with stage.running(name, launch) as system:
                    figures.add(READY, name, system.ready)
            except RuntimeError as error:
                if name == OURS:
                    raise
                print(f"{name} is left out: {error}", file=sys.stderr)
                del good[name]
    return good


def _note(figures: Figures, loaded: Load, name: str, cell: load.Cell) -> None:
    for row in ROWS:
        if row.load == loaded:
            figures.add(row, name, row.take(cell))
    if cell.failures:
        figures.failures[name] = figures.failures.get(name, 0) + cell.failures


def beside_screen(headless: Running, screen: Running, rounds: int, seconds: float, figures: Figures) -> None:
    """The same load on both, in turns. Every request is an event, and the log is in view: flat out it draws the newest
    of thousands a second.
    """
    requests = payloads.requests(SHORT_16.payload)
    for _ in range(rounds):
        for row, own, pace in ((SCREEN, SCREEN_P99, None), (PACED, PACED_P99, _EVENTS_A_SECOND)):
            alone, beside = (
                load.measure(each.port, requests, clients=SHORT_16.clients, seconds=seconds, per_second=pace)
                for each in (headless, screen)
            )
            figures.add(row, OURS, beside.p99 / alone.p99)
            figures.add(own, OURS, 1e3 * beside.p99)
            for cell in (alone, beside):
                if cell.failures:
                    figures.failures[OURS] = figures.failures.get(OURS, 0) + cell.failures


def verdicts(figures: Figures) -> dict[str, Verdict]:
    """By row, how ours stands."""
    return {row.title: _verdict(row, figures) for row in ROWS}


def _verdict(row: Row, figures: Figures) -> Verdict:
    found = figures.found.get(row.title, {})
    return row.verdict(middle(found.get(OURS, ())), ratio(found, OURS, EXISTING))


def table(figures: Figures) -> str:
    """As it is printed."""
    known = {name for found in figures.found.values() for name in found}
    order = [DIRECT, EXISTING, systems.LITELLM, systems.RUST, systems.HAPROXY, OURS]
    names = [name for name in order if name in known]
    titles = [f"{row.title}{f', {row.unit}' if row.unit else ''}" for row in ROWS]
    width = max(map(len, titles))
    ends = f"{'to existing':>12} {'to direct':>10}  {'done':20} {'aim':10} ours"
    lines = [" ".join([" " * width, *(f"{name:>13}" for name in names), ends])]
    for title, row in zip(titles, ROWS, strict=True):
        found = figures.found.get(row.title, {})
        cells = [_number(middle(found.get(name, ())), 13) for name in names]
        cells += [_number(ratio(found, OURS, EXISTING), 10, " x"), _number(ratio(found, OURS, DIRECT), 8, " x")]
        done, aim = (
            bar.text(more_is_better=row.more_is_better) if bar is not None else "" for bar in (row.done, row.aim)
        )
        lines.append(f"{title:{width}} {' '.join(cells)}  {done:20} {aim:10} {_verdict(row, figures)}".rstrip())
    return "\n".join(lines)


def _number(value: float, width: int, unit: str = "") -> str:
    if math.isnan(value):
        return " " * (width + len(unit))
    return f"{value:{width}.{0 if value >= 100 else 1 if value >= 10 else 2}f}{unit}"


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench proxy", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each cell")
    parser.add_argument(
        "--only", type=_names, default=systems.NAMES, help="systems, with commas; direct is always there"
    )
    parser.add_argument("--with", dest="more", type=_names, default=(), help="further systems: litellm (800 MB)")
    parser.add_argument("--unpinned", action="store_true", help="let every process run on any core")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)  # those of the other benchmarks may stand beside
    before = os.getloadavg()
    names = (*options.only, *options.more)
    figures = measure(names, options.rounds, options.seconds, pinned=not options.unpinned)
    found = verdicts(figures)
    averages = {"before": before, "after": os.getloadavg()}
    if options.json:
        rows = {title: {"rounds": by_system, "ours": found[title]} for title, by_system in figures.found.items()}
        print(json.dumps({"load_average": averages, "rows": rows, "failures": figures.failures}, indent=1))
    else:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        shown = " and ".join(f"{average:.1f} {when}" for when, (average, *_) in averages.items())
        print(f"{cores} cores, load average {shown}; {options.rounds} rounds of {options.seconds:g} s a cell;")
        print(f"the existing package is {EXISTING} {peer.VERSION}")
        print(table(figures))
    for name, count in figures.failures.items():
        print(f"{name} failed {count} requests", file=sys.stderr)
    return int(Verdict.MISSED in found.values() or OURS in figures.failures)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in (*systems.NAMES, *systems.ON_REQUEST):
            raise argparse.ArgumentTypeError(f"no system is called {name!r}: {', '.join(systems.NAMES)}, litellm")
    return names
