"""``model-router setup wizard``: a few questions, then a configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.init import person_is_there
from model_router.cli.output import columns, talk
from model_router.config.files import user_folder
from model_router.errors import SetupError, UsageError

if TYPE_CHECKING:
    from model_router.engine.routes import Route
    from model_router.setup.own_ports import PortChoice
    from model_router.setup.wizard import Offer, Question, Where


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--where", type=click.Choice(["local", "hosted", "mix"]), help="Where models may run; else it is asked.")
@click.option("--config-dir", type=click.Path(path_type=Path, file_okay=False), help="Where to; else ~/.model-router.")
@click.option(
    "--proxy-port", type=click.IntRange(1, 65535), help="The proxy's port; without it 8082, or the next that is free."
)
@click.option("--force", is_flag=True, help="Replace files that exist; copies of them are kept.")
def command(*, where: str | None, config_dir: Path | None, proxy_port: int | None, force: bool) -> int:
    """Ask where models may run and which of them serves each route, then show and write the configuration.

    Models that run or lie here come with a number; so does what is recommended, and providers whose key is set.
    Nothing is fetched, and nothing is written before a last question.
    """
    from model_router.cli.setup.writing import write_picks
    from model_router.config.proxy import ListenConfig
    from model_router.setup.own_ports import own_ports
    from model_router.setup.presets import existing_files
    from model_router.setup.wizard import Where

    if not person_is_there():
        raise UsageError("the wizard asks questions, and nobody is there to answer", "Use `setup write` in scripts.")
    folder = config_dir.expanduser().absolute() if config_dir else user_folder(os.environ)
    present = existing_files(folder)
    if present and not force:
        listed = " and ".join(str(path) for path in present)
        raise UsageError(f"{listed} would be overwritten", "Give --force to replace them; copies are kept.")
    if where is None:
        talk("Where may models run?")
        kinds = (("local", "on this machine"), ("hosted", "at providers you have a key of"), ("mix", "both"))
        for line in columns(kinds):
            talk(line)
        choice = click.Choice(["local", "hosted", "mix"])
        where = click.prompt("Where", type=choice, default="local", err=True)
    asked, busy = _questions(Where(where))
    if not any(question.offers for question in asked):
        raise SetupError(
            "there is nothing to choose from: no running server, no model in a file, no key of a provider",
            "Start a model server or set a provider's key, or write a preset with `model-router init --preset NAME`.",
        )
    answers: dict[Route, Offer | None] = {}
    for question in asked:
        answers[question.route] = _ask(question, answers)
    port = _proxy_port(proxy_port or ListenConfig().port, folder)
    taken = own_ports(answers, busy | {port.port})
    chosen = {route: offer for route, offer in taken.items() if offer is not None}
    picks = {route: offer.pick for route, offer in chosen.items()}
    downloads = [route for route, offer in chosen.items() if offer.download]
    commands = dict.fromkeys(offer.serve for offer in chosen.values() if offer.serve)
    if not picks:
        talk("no model was chosen, so nothing was written")
        return 1
    if port.taken:
        talk(port.words)
    code = write_picks(picks, folder, port.port, yes=False, force=force, as_json=False)
    if code == 0 and downloads:
        routes = " ".join(f"--route {route}" for route in downloads)
        talk(f"Fetch what is missing: `model-router setup download {routes} --execute`.")
    if code == 0:
        for words in commands:
            talk(f"Serve it: `{words}`")
    return code


def _questions(where: Where) -> tuple[tuple[Question, ...], frozenset[int]]:
    """Look around, once, and work out what may be asked, and which ports servers have."""
    from model_router.server.thread import can_listen
    from model_router.setup.download.plan import Adapter, default_root
    from model_router.setup.download.wanted import models_here
    from model_router.setup.hardware import LiveProbe
    from model_router.setup.model_catalog_file import load_models
    from model_router.setup.own_ports import ports_in_use
    from model_router.setup.recommend.recommendation import recommend
    from model_router.setup.survey import survey
    from model_router.setup.wizard import Where, questions

    found = survey(LiveProbe(), os.environ)
    local = where is not Where.HOSTED
    here = models_here(found.found)
    asked = questions(
        found,
        recommend(found.machine, load_models(os.environ), local=here) if local else None,
        where,
        models_folder=str(default_root(Adapter.LLAMACPP, os.environ)),
    )
    return asked, ports_in_use(found, can_listen)


def _proxy_port(wanted: int, folder: Path) -> PortChoice:
    """The port that is written; the person's own running gateway reads that file, and keeps its port."""
    from model_router.server.control.run_file import running_gateways
    from model_router.server.thread import can_listen
    from model_router.setup.own_ports import choose_port

    at_home = folder.resolve() == user_folder(os.environ).resolve()
    own = {gateway.port for gateway in running_gateways(os.environ)} if at_home else set()
    return choose_port(wanted, lambda port: port in own or can_listen(port))


def _ask(question: Question, answers: Mapping[Route, Offer | None]) -> Offer | None:
    """One route. 0 shares the model of another route, or for vision takes no pictures."""
    from model_router.engine.routes import Route
    from model_router.setup.wizard import Source, usual_answer

    if not question.offers:
        talk(f"{question.route}: nothing here suits it")
        return None
    talk("")
    talk(f"{question.route}: which model?")
    rows = [(f"{number}", offer.pick.model or "?", offer.note) for number, offer in enumerate(question.offers, 1)]
    nothing = "no pictures" if question.route is Route.VISION else "the model of another route"
    for line in columns([("0", "-", nothing), *rows]):
        talk(line)
    place = usual_answer(question, answers)
    usual = 0 if place is None else place + 1
    number: int = click.prompt("Number", type=click.IntRange(0, len(question.offers)), default=usual, err=True)
    if number == 0:
        return None
    offer = question.offers[number - 1]
    if offer.source is not Source.PROVIDER:
        return offer
    name: str = click.prompt("Model, by the provider's name for it", err=True)
    return replace(offer, pick=replace(offer.pick, model=name.strip()))
