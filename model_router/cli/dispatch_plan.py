"""``model-router dispatch-plan``: what an adapter would do."""

from __future__ import annotations

from pathlib import Path

import click

from model_router.cli.options import catalog_file, check_command, config_option, hint_options, json_option
from model_router.cli.output import columns, complain, say, say_json
from model_router.cli.prompt import read_prompt
from model_router.engine.hints import RoutingHints


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", metavar="PROMPT...", nargs=-1, required=True)
@json_option
@click.option("--include-alternatives", is_flag=True, help="Also list the engines that would do.")
@config_option
@hint_options
def command(
    *,
    words: tuple[str, ...],
    as_json: bool,
    include_alternatives: bool,
    config: Path | None,
    hints: RoutingHints,
) -> int:
    """Show what an adapter would do with PROMPT. It is a dry run: nothing is carried out, ever."""
    prompt = read_prompt(words)
    from model_router.router import ModelRouter, build_dispatch_plan

    router = ModelRouter.from_config(catalog_file(config), lazily=True)
    decision = router.route(prompt, hints, include_alternatives=include_alternatives)
    plan = build_dispatch_plan(decision, router=router)
    if as_json:
        say_json(plan.to_dict())
    else:
        say(f"{plan.engine} (dry run)", bold=True)
        say(plan.summary)
        rows = [("adapter", plan.adapter), ("provider", plan.provider), ("model", plan.model or "none")]
        rows.append(("blocked", "yes, until a person approves" if plan.blocked else "no"))
        for line in columns(rows):
            say(line)
        for number, step in enumerate(plan.steps, start=1):
            say(f"  {number}. {step}")
        for line in columns(
            [("or", item.engine, f"rank {item.rank_score}", ", ".join(item.reasons)) for item in plan.alternatives]
        ):
            say(line)
    if router.config_valid:
        return 0
    complain("; ".join(router.config_errors), f"`{check_command(config)}` checks the configuration.")
    return 1
