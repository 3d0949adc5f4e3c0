"""``model-router decide``: one decision."""

from __future__ import annotations

from pathlib import Path

import click

from model_router.cli.explanation import explain
from model_router.cli.options import catalog_file, config_option, hint_options, hints_from, json_option
from model_router.cli.output import complain, say, say_json
from model_router.cli.prompt import read_prompt
from model_router.errors import UsageError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", metavar="PROMPT...", nargs=-1, required=True)
@json_option
@click.option("--explain", "explained", is_flag=True, help="Show scores, cues, reasons and alternatives.")
@config_option
@hint_options
def command(
    *,
    words: tuple[str, ...],
    as_json: bool,
    explained: bool,
    config: Path | None,
    force_engine: str | None,
    attachments: tuple[str, ...],
    max_cost_tier: str | None,
    max_latency_tier: str | None,
    latency_sensitive: bool,
    profile: str | None,
) -> int:
    """Show which engine PROMPT goes to. `-` reads the prompt from standard input.

    Nothing is carried out and no model is called. The exit code is 1 when the configuration cannot be used; every
    prompt then waits for a person.
    """
    if as_json and explained:
        raise UsageError("--json and --explain exclude each other", "The JSON holds everything that --explain shows.")
    prompt = read_prompt(words)
    hints = hints_from(
        force_engine=force_engine,
        attachments=attachments,
        max_cost_tier=max_cost_tier,
        max_latency_tier=max_latency_tier,
        latency_sensitive=latency_sensitive,
        profile=profile,
    )
    from model_router.router import ModelRouter

    router = ModelRouter.from_config(catalog_file(config), only_for=prompt)
    decision = router.route(prompt, hints)
    if as_json:
        say_json(decision.to_dict())
    elif explained:
        for line in explain(decision):
            say(line)
    else:
        say(decision.selected_engine, bold=True)
        say(decision.summary, dim=True)
    if router.config_valid:
        return 0
    for number, error in enumerate(router.config_errors):
        complain(error, "", label="error" if number == 0 else "")
    complain("", "Until this is corrected every prompt waits for a person; `model-router validate-config` checks it.")
    return 1
