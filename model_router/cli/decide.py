"""``model-router decide``: one decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model_router.cli.options import catalog_file, check_command, config_option, hint_options, json_option
from model_router.cli.output import columns, complain, say, say_json, say_words
from model_router.cli.prompt import read_prompt
from model_router.engine.decision import RoutingDecision
from model_router.engine.hints import RoutingHints
from model_router.errors import UsageError

if TYPE_CHECKING:
    from model_router.router import ModelRouter


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("words", metavar="[PROMPT...]", nargs=-1)
@click.option(
    "--request", type=click.Path(path_type=Path), metavar="FILE", help="A captured HTTP request in place of PROMPT."
)
@json_option
@click.option("--explain", "explained", is_flag=True, help="Show scores, cues, reasons and alternatives.")
@config_option
@hint_options
def command(
    *,
    words: tuple[str, ...],
    request: Path | None,
    as_json: bool,
    explained: bool,
    config: Path | None,
    hints: RoutingHints,
) -> int:
    """Show which engine PROMPT goes to. `-` reads the prompt from standard input.

    With `--request` the prompt is what a person asked in a captured request, found as the proxy finds it: JSON with
    method, path, headers and body, of any protocol.

    Nothing is carried out and no model is called. The exit code is 1 when the configuration cannot be used; every
    prompt then waits for a person.
    """
    if as_json and explained:
        raise UsageError("--json and --explain exclude each other", "The JSON holds everything that --explain shows.")
    if bool(words) == (request is not None):
        raise UsageError("give either a PROMPT or --request FILE", "`model-router decide --help` shows both.")
    if request is not None:
        return _request(request, config, hints, as_json=as_json, explained=explained)
    prompt = read_prompt(words)
    from model_router.router import ModelRouter

    router = ModelRouter.from_config(catalog_file(config), lazily=True)
    decision = router.route(prompt, hints)
    _show(decision, decision.to_dict() if as_json else None, explained=explained)
    return _code(router, config)


def _request(file: Path, config: Path | None, hints: RoutingHints, *, as_json: bool, explained: bool) -> int:
    from model_router.cli.request import request_json, request_rows
    from model_router.router import ModelRouter
    from model_router.server.ask_route import route_ask
    from model_router.server.captured import read_request

    ask = read_request(file)
    router = ModelRouter.from_config(catalog_file(config), lazily=True)
    decision = route_ask(router, ask, hints)
    _show(decision, request_json(ask, decision) if as_json else None, explained=explained)
    if not as_json:
        say()
        for line in columns(request_rows(ask)):
            say(line)
    return _code(router, config)


def _show(decision: RoutingDecision, as_json: dict[str, Any] | None, *, explained: bool) -> None:
    if as_json is not None:
        say_json(as_json)
    elif explained:
        from model_router.cli.explanation import explain

        for line in explain(decision):
            say_words(line)
    else:
        say(decision.selected_engine, bold=True)
        say(decision.summary, dim=True)


def _code(router: ModelRouter, config: Path | None) -> int:
    if router.config_valid:
        return 0
    for number, error in enumerate(router.config_errors):
        complain(error, "", label="error" if number == 0 else "")
    complain("", f"Until this is corrected every prompt waits for a person; `{check_command(config)}` checks it.")
    return 1
