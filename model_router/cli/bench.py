"""``model-router bench``: how fast decisions are on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import click

from model_router.cli.options import catalog_file, check_command, config_option, json_option
from model_router.cli.output import columns, say, say_json
from model_router.errors import ConfigError

MEAN_BUDGET_US = 50.0
BEST_BUDGET_US = 25.0

PROMPTS = (
    "rewrite this text",
    "summarize these notes",
    "design a distributed task scheduler architecture",
    "fix the repo and run tests",
    "search the web for the latest TypeScript release notes",
    "extract text from this screenshot",
    "generate an image of a router dashboard",
    "drop the production database",
)
"""The prompts of the README's table."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Rounds for each prompt.")
@config_option
@json_option
def command(rounds: int, config: Path | None, as_json: bool) -> int:
    """Measure route_fast on the README's eight prompts.

    A round is 100 calls. `mean` is over all rounds, `best` the quickest round. The budget is 50 us mean and 25 us best
    for each prompt; the exit code is 1 outside.
    """
    from model_router.router import ModelRouter

    router = ModelRouter.from_config(catalog_file(config))
    if not router.config_valid:
        raise ConfigError(
            f"the catalog cannot be used: {router.config_errors[0]}",
            f"`{check_command(config)}` names every mistake.",
        )
    figures = [(prompt, router.route_fast(prompt), *measure(router.route_fast, prompt, rounds)) for prompt in PROMPTS]
    mean = sum(row[2] for row in figures) / len(figures)
    best = min(row[3] for row in figures)
    inside = all(row[2] <= MEAN_BUDGET_US and row[3] <= BEST_BUDGET_US for row in figures)
    if as_json:
        say_json(
            {
                "inside_budget": inside,
                "budget_us": {"mean": MEAN_BUDGET_US, "best": BEST_BUDGET_US},
                "mean_us": round(mean, 2),
                "best_us": round(best, 2),
                "rounds": rounds,
                "calls_per_round": 100,
                "prompts": [
                    {"prompt": row[0], "engine": row[1], "mean_us": round(row[2], 2), "best_us": round(row[3], 2)}
                    for row in figures
                ],
            }
        )
        return 0 if inside else 1
    rows = [("mean us", "best us", "engine", "prompt")]
    rows += [(f"{row[2]:7.2f}", f"{row[3]:7.2f}", row[1], row[0]) for row in figures]
    for line in columns(rows):
        say(line)
    verdict = "inside" if inside else "outside"
    say(
        f"mean {mean:.2f} us, best {best:.2f} us: {verdict} the budget of"
        f" {MEAN_BUDGET_US:.0f} us mean and {BEST_BUDGET_US:.0f} us best for each prompt",
        bold=True,
    )
    return 0 if inside else 1


def measure(
    decide: Callable[[str], str],
    prompt: str,
    rounds: int,
    *,
    calls: int = 100,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> tuple[float, float]:
    """Mean and best microseconds of one call; each round is timed as a whole, after one warm-up round."""
    for _ in range(calls):
        decide(prompt)
    spent: list[int] = []
    for _ in range(rounds):
        start = clock()
        for _ in range(calls):
            decide(prompt)
        spent.append(clock() - start)
    return sum(spent) / rounds / calls / 1000, min(spent) / calls / 1000
