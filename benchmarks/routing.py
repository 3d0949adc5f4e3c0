"""How long one decision takes, ours and the existing package's, interleaved in one run.

Prompts are the README's eight and our own corpus, by length; ``--prompts FILE`` takes a JSON-lines file with a
``prompt`` in each line instead. Figures are medians over rounds of the mean of a bucket, in microseconds of
processor time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import peer
from model_router.cli.bench import PROMPTS
from training import corpus

PROSE = (
    "The town council met again on Tuesday to talk about the bridge, the library and the plans for the coming year. "
)
BUDGET: dict[str, float] = {"up to 200": 1.0, "200 to 2,000": 0.7, "over 8,000": 0.3, "100 KB": 0.3, "1 MB": 0.4}
"""The largest ratio, ours to theirs, that counts as inside."""
README_BUDGET_US = 6.0


def buckets(file: Path | None) -> dict[str, list[str]]:
    """Prompts by length in characters."""
    if file is None:
        prompts = sorted({row.text for row in corpus.read()})
        prompts = prompts[::17] + [text for text in prompts if len(text) > 200][::7]
        prompts += [PROSE * 90 + text for text in prompts[:20]]
    else:
        prompts = [json.loads(line)["prompt"] for line in file.read_text(encoding="utf-8").splitlines()]
    return {
        "README's eight": list(PROMPTS),
        "up to 200": [text for text in prompts if len(text) <= 200],
        "200 to 2,000": [text for text in prompts if 200 < len(text) <= 2_000],
        "over 8,000": [text for text in prompts if len(text) > 8_000],
        "100 KB": [(PROSE * 1_000)[:100_000]],
        "1 MB": [(PROSE * 10_000)[:1_000_000]],
    }


class Worker:
    """One interpreter that times buckets on demand."""

    def __init__(self, python: str, data: str) -> None:
        script = str(Path(__file__).with_name("routing_worker.py"))
        self._process = subprocess.Popen(
            [python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        )
        self._say(data)

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def time(self, bucket: str) -> float:
        """Microseconds a prompt."""
        self._say(bucket)
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    def close(self) -> None:
        """End the interpreter."""
        self._process.communicate(timeout=10)


def main(arguments: list[str]) -> int:
    """Print the table; exit code 1 when a figure is outside its budget."""
    parser = argparse.ArgumentParser(prog="scripts/bench routing", description=__doc__)
    parser.add_argument("--prompts", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    prompts = {name: texts for name, texts in buckets(options.prompts).items() if texts}
    data = json.dumps(prompts)
    other = peer.python()
    ours = Worker(sys.executable, data)
    theirs = Worker(str(other), data) if other else None
    rows: dict[str, dict[str, float | None]] = {}
    for bucket in prompts:
        pairs = [(ours.time(bucket), theirs.time(bucket) if theirs else None) for _ in range(options.rounds)]
        mine = statistics.median(a for a, _ in pairs)
        ratio = statistics.median(a / b for a, b in pairs if b) if theirs else None
        rows[bucket] = {"ours_us": mine, "ratio": ratio, "budget": BUDGET.get(bucket)}
    ours.close()
    if theirs:
        theirs.close()
    outside = [name for name, row in rows.items() if _outside(name, row)]
    if options.json:
        print(json.dumps({"rows": rows, "outside": outside}, indent=1))
    else:
        print(f"{'route_fast':16} {'ours':>10} {'to hermes-router ' + peer.VERSION:>24} {'at most':>9}")
        for name, row in rows.items():
            ratio = f"{row['ratio']:.2f} x" if row["ratio"] is not None else "not measured"
            most = f"{row['budget']:.2f} x" if row["budget"] is not None else f"{README_BUDGET_US:.0f} us"
            print(f"{name:16} {row['ours_us']:8.1f}us {ratio:>24} {most:>9}{'  outside' if name in outside else ''}")
    return 1 if outside else 0


def _outside(name: str, row: dict[str, float | None]) -> bool:
    ratio, budget, mine = row["ratio"], row["budget"], row["ours_us"]
    if budget is None:
        return mine is not None and mine > README_BUDGET_US
    return ratio is not None and ratio > budget
