"""``model-router setup recommend``: for each route the model that serves it best on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.options import TokenCount, json_option
from model_router.cli.output import say, say_json, say_words, talk
from model_router.cli.setup.machine import gpu_option, hardware_option, machine_for, models_here, speeds_here

if TYPE_CHECKING:
    from model_router.setup.recommend.recommendation import Choice, Recommendation

_PROFILES = ("lightweight", "balanced", "quality")
_ROUTES = ("simple", "balanced", "reasoning", "coding", "research", "vision")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--profile",
    type=click.Choice(_PROFILES),
    default="balanced",
    show_default=True,
    help="lightweight leaves half of the memory free; quality bears slower answers.",
)
@click.option("--route", "routes", multiple=True, type=click.Choice(_ROUTES), help="Only this route; may be repeated.")
@click.option(
    "--context", type=TokenCount(256, 100_000_000), help="Context for every route, like 32k, not the usual ones."
)
@click.option(
    "--model-dir",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Look for models in this folder too; may be repeated.",
)
@hardware_option
@gpu_option
@json_option
def command(
    *,
    profile: str,
    routes: tuple[str, ...],
    context: int | None,
    folders: tuple[Path, ...],
    hardware: Path | None,
    cards: tuple[str, ...],
    as_json: bool,
) -> int:
    """Recommend a model for each route: what fits this machine, is fast enough, and does that work best.

    Cited quality ranks what fits and is fast enough; a model that is here already and nearly as good is named beside
    the pick. Nothing is downloaded and no network is used. Speeds that the gateway has measured on this machine take
    the place of estimates. The exit code is 1 when no route has a model.
    """
    from model_router.setup.model_catalog import Work
    from model_router.setup.model_catalog_file import load_models
    from model_router.setup.recommend.needs import SetupProfile
    from model_router.setup.recommend.recommendation import recommend

    this = hardware is None
    found = recommend(
        machine_for(hardware, cards),
        load_models(os.environ),
        local=models_here(folders) if this else (),
        measured=speeds_here() if this and not cards else None,
        profile=SetupProfile(profile),
        routes=[Work(name) for name in routes or _ROUTES],
        context=context,
    )
    if as_json:
        from model_router.setup.recommend.report import recommendation_to_dict

        say_json(recommendation_to_dict(found))
    else:
        _show(found)
        if this and not cards:
            _say_next(found)
    return 0 if any(choice.pick for choice in found.choices.values()) else 1


def _show(found: Recommendation) -> None:
    from model_router.setup.fit.wording import gib

    for pool in (*found.at.pools.graphics, found.at.pools.processor):
        amount = "unknown" if pool.budget is None else gib(pool.budget)
        say_words(f"{pool.name}: {amount} for models ({pool.reason})", dim=True)
    for notice in found.notices():
        say_words(f"note: {notice}")
    for choice in found.choices.values():
        say()
        _show_choice(choice)
    joint = found.together
    say()
    say_words(f"together: {joint.words}", bold=True)
    if not joint.fits:
        for work, option in joint.plan.items():
            say(f"  {work.value}: {option.name} {option.variant.step.quant}")
    catalog = found.catalog
    say(f"catalog {catalog.version}, checked {catalog.verified_on}; profile {found.profile.value}", dim=True)


def _say_next(found: Recommendation) -> None:
    """What to do with the answer on this machine."""
    picks = {work.value: choice.pick for work, choice in found.choices.items() if choice.pick is not None}
    missing = [name for name, pick in picks.items() if not pick.variant.here]
    if missing:
        routes = " ".join(f"--route {name}" for name in missing)
        talk(f"See what would be fetched: `model-router setup download {routes}`.")
    if picks:
        talk("Choose and write a configuration: `model-router setup wizard`.")


def _show_choice(choice: Choice) -> None:
    pick = choice.pick
    name = f"{pick.name} {pick.variant.step.quant}" if pick else "no model"
    say(f"{choice.need.work.value}: {name}", bold=True)
    for reason in choice.reasons:
        say_words(f"  {reason}")
    for one in choice.alternatives:
        say_words(f"  or {one.option.name} {one.option.variant.step.quant}: {one.reason}", dim=True)
    for model, why in choice.refused:
        say_words(f"  not {model}: {why.words}", dim=True)
