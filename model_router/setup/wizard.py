"""The wizard's questions and what may be answered, without a screen: for the terminal and the application alike.

First where models may run, then route by route a list of offers: what runs here, what lies here in files, what is
recommended, and providers whose key is set. Nothing is asked here, and nothing fetched or written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from model_router.engine.routes import Route
from model_router.setup.configuration import Pick
from model_router.setup.download.sizes import size_words
from model_router.setup.recommend.recommendation import Recommendation
from model_router.setup.served import Served, served_models, suggest_picks
from model_router.setup.stores import LocalModel
from model_router.setup.survey import Survey

LLAMA_SERVER = "http://127.0.0.1:8080/v1"
"""Where llama-server listens unless told otherwise; models in files are served there."""

PROVIDERS: Mapping[str, tuple[str, str]] = {
    "OPENAI_API_KEY": ("OpenAI", "https://api.openai.com/v1"),
    "OPENROUTER_API_KEY": ("OpenRouter", "https://openrouter.ai/api/v1"),
    "GEMINI_API_KEY": ("Google", "https://generativelanguage.googleapis.com/v1beta/openai"),
    "MISTRAL_API_KEY": ("Mistral", "https://api.mistral.ai/v1"),
    "GROQ_API_KEY": ("Groq", "https://api.groq.com/openai/v1"),
    "DEEPSEEK_API_KEY": ("DeepSeek", "https://api.deepseek.com/v1"),
    "TOGETHER_API_KEY": ("Together", "https://api.together.xyz/v1"),
    "XAI_API_KEY": ("xAI", "https://api.x.ai/v1"),
}
"""Variable of the key: name and address of providers that speak chat completions."""


class Where(StrEnum):
    """Where models may run."""

    LOCAL = "local"
    HOSTED = "hosted"
    MIX = "mix"


class Source(StrEnum):
    """Where an offer comes from."""

    RUNNING = "running"
    FILE = "file"
    RECOMMENDED = "recommended"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer for a route. A provider's ``pick`` has no model yet: the person names it.

    ``note`` says what there is to know. ``download``: it has to be fetched first. ``serve`` is the command that serves
    it, where no server does yet. ``catalog_name`` is the catalog's for a recommended one. ``pictures``: it is served
    with its projector.
    """

    source: Source
    pick: Pick
    note: str
    download: bool = False
    serve: str = ""
    catalog_name: str = ""
    pictures: bool = False

    def is_same_model(self, other: Offer) -> bool:
        """Whether both are one model at one place; of a recommended one the files may differ."""
        named = bool(self.pick.model or self.catalog_name)
        same_name = self.pick == other.pick or (self.catalog_name != "" and self.catalog_name == other.catalog_name)
        return self.source is other.source and named and same_name


@dataclass(frozen=True, slots=True)
class Question:
    """One route with its offers; ``default`` is the place of the one suggested, ``None`` to share another's model."""

    route: Route
    offers: tuple[Offer, ...]
    default: int | None


ASKED = (Route.SIMPLE, Route.BALANCED, Route.REASONING, Route.CODING, Route.RESEARCH, Route.VISION)
"""The routes that are asked about, in this order; pictures are made by whatever talks."""


def questions(
    found: Survey,
    recommendation: Recommendation | None,
    where: Where,
    *,
    models_folder: str = "~/.model-router/models",
) -> tuple[Question, ...]:
    """All questions for what was found on this machine; ``models_folder`` is where fetched models will be."""
    served = served_models(found.servers or ()) if where is not Where.HOSTED else ()
    suggested = suggest_picks(served)
    return tuple(
        _question(
            route,
            found,
            recommendation,
            where=where,
            served=served,
            suggested=suggested.get(route),
            models_folder=models_folder,
        )
        for route in ASKED
    )


def _question(
    route: Route,
    found: Survey,
    recommendation: Recommendation | None,
    *,
    where: Where,
    served: Sequence[Served],
    suggested: Pick | None,
    models_folder: str,
) -> Question:
    offers: list[Offer] = []
    if where is not Where.HOSTED:
        offers += [_running(one) for one in served if one.sees or route is not Route.VISION]
        offers += _files(route, found, served)
        offers += _recommended(route, recommendation, offers, models_folder)
    if where is not Where.LOCAL:
        offers += _providers(found)
    default = next((index for index, offer in enumerate(offers) if offer.pick == suggested), None)
    if default is None and route is Route.BALANCED and offers and suggested is None:
        # One route has to have a model; for the others sharing it is the simpler answer.
        default = _best_here(route, offers, recommendation)
    return Question(route, tuple(offers), default)


def _best_here(route: Route, offers: Sequence[Offer], recommendation: Recommendation | None) -> int:
    """What is recommended, or what lies here and is nearly as good; without either the first."""
    from model_router.setup.model_catalog import Work

    choice = recommendation.choices.get(Work(route)) if recommendation is not None else None
    wanted = [option.variant.here for option in (choice.near, choice.pick) if option is not None] if choice else []
    for path in filter(None, wanted):
        for place, offer in enumerate(offers):
            if offer.source is Source.FILE and offer.pick.model == Path(path).name.removesuffix(".gguf"):
                return place
    return next((place for place, offer in enumerate(offers) if offer.source is Source.RECOMMENDED), 0)


def usual_answer(question: Question, answers: Mapping[Route, Offer | None]) -> int | None:
    """The place of the offer to suggest after these answers, or ``None`` to share another route's model.

    Who has just chosen a model that reads pictures wants it for pictures too.
    """
    if question.default is None and question.route is Route.VISION:
        for route in (Route.BALANCED, Route.REASONING, Route.CODING, Route.RESEARCH, Route.SIMPLE):
            chosen = answers.get(route)
            for place, offer in enumerate(question.offers):
                if chosen is not None and offer.is_same_model(chosen):
                    return place
    return question.default


def _running(served: Served) -> Offer:
    return Offer(Source.RUNNING, served.pick, f"runs at {served.pick.base_url}")


def _files(route: Route, found: Survey, served: Sequence[Served]) -> list[Offer]:
    """Models in files that no running server has."""
    running = {one.pick.model for one in served}
    return [
        Offer(
            Source.FILE,
            Pick(model.path.name.removesuffix(".gguf"), LLAMA_SERVER),
            f"{size_words(model.size)} on disk ({model.store})",
            serve=serve_command(model),
            pictures=model.projector is not None,
        )
        for model in found.found.models
        if model.path.suffix == ".gguf"
        and model.header.kind == "model"
        and not running & {model.name, *model.aliases, model.path.name, model.path.stem}
        and (model.projector is not None or route is not Route.VISION)
    ]


def serve_command(model: LocalModel) -> str:
    """What serves a GGUF file at the usual address."""
    projector = f" --mmproj {quote(str(model.projector))}" if model.projector is not None else ""
    return f"llama-server -m {quote(str(model.path))}{projector} --alias {quote(model.path.stem)} --jinja"


def _recommended(
    route: Route, recommendation: Recommendation | None, offers: Sequence[Offer], models_folder: str
) -> list[Offer]:
    from model_router.setup.model_catalog import Work

    choice = recommendation.choices.get(Work(route)) if recommendation is not None else None
    if choice is None or choice.pick is None or choice.pick.variant.here:
        return []
    pick = choice.pick
    name = pick.candidate.model.files[pick.variant.step.quant].file.rpartition("/")[2].removesuffix(".gguf")
    if name in {offer.pick.model for offer in offers}:
        return []
    note = f"recommended; {size_words(pick.variant.download)} to fetch"
    serve = f"llama-server --models-dir {models_folder} --jinja"
    return [
        Offer(
            Source.RECOMMENDED,
            Pick(name, LLAMA_SERVER),
            note,
            download=True,
            serve=serve,
            catalog_name=pick.name,
            pictures=pick.need.projector > 0,
        )
    ]


def _providers(found: Survey) -> list[Offer]:
    return [
        Offer(Source.PROVIDER, Pick("", address, api_key_env=variable), f"{name}, with {variable}")
        for variable, (name, address) in PROVIDERS.items()
        if found.keys.get(variable)
    ]
