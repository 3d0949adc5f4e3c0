"""``model-router validate-config``: every mistake of a catalog."""

from __future__ import annotations

import os
from pathlib import Path

import click

from model_router.cli.options import catalog_file, config_option, json_option
from model_router.cli.output import complain, problem_rows, say, say_json
from model_router.config.availability import availability_reasons
from model_router.config.catalog_file import check_catalog


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Check a catalog. Every mistake is named with its line and its fix; the exit code is 1 when there is one."""
    checked = check_catalog(catalog_file(config))
    valid = checked.catalog is not None and not checked.problems
    unavailable = availability_reasons(checked.catalog, os.environ) if valid and checked.catalog else {}
    if as_json:
        say_json(
            {
                "valid": valid,
                "path": checked.file,
                "problems": problem_rows(checked.problems),
                "warnings": problem_rows(checked.warnings),
                "unavailable_engines": dict(unavailable),
            }
        )
        return 0 if valid else 1
    for problem in checked.problems:
        say(str(problem))
    for problem in checked.warnings:
        say(f"note: {problem}")
    for engine, reason in unavailable.items():
        say(f"note: {engine} cannot be used here: {reason}")
    if valid and checked.catalog:
        engines = checked.catalog.engines.values()
        enabled = sum(engine.enabled for engine in engines)
        say(f"{checked.file} is valid: {len(engines)} engines, {enabled} of them enabled")
    else:
        count = len(checked.problems)
        say(f"{checked.file} is not valid: {count} mistake{'s' if count != 1 else ''}")
        complain("", checked.hint)
    return 0 if valid else 1
