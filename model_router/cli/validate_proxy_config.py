"""``model-router validate-proxy-config``: every mistake of a proxy file, and of the catalog that it names."""

from __future__ import annotations

import os
from pathlib import Path

import click

from model_router.cli.options import json_option
from model_router.cli.output import complain, count, problem_rows, say, say_json
from model_router.config.files import proxy_path
from model_router.config.proxy_file import check_proxy


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="The proxy file; without it ~/.model-router/routing_proxy.yaml.",
)
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Check a proxy file and the catalog that it names. The exit code is 1 when there is a mistake in either."""
    checked = check_proxy(config or proxy_path(os.environ), os.environ)
    problems = checked.problems + (checked.catalog.problems if checked.catalog else ())
    warnings = checked.warnings + (checked.catalog.warnings if checked.catalog else ())
    valid = checked.config is not None and not problems
    if as_json:
        say_json(
            {
                "valid": valid,
                "path": checked.file,
                "router_config": checked.catalog.file if checked.catalog else None,
                "problems": problem_rows(problems),
                "warnings": problem_rows(warnings),
            }
        )
        return 0 if valid else 1
    for problem in problems:
        say(str(problem))
    for problem in warnings:
        say(f"note: {problem}")
    if valid and checked.config:
        backends, engines = len(checked.config.backends), len(checked.config.engine_backends)
        say(f"{checked.file} is valid: {count(backends, 'backend')} for {count(engines, 'engine')}")
    else:
        say(f"{checked.file} is not valid: {len(problems)} mistake{'s' if len(problems) != 1 else ''}")
        complain("", checked.hint)
    return 0 if valid else 1
