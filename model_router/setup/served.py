"""A configuration from what runs here already: which of the served models suits which route.

Only names, sizes and what the servers say about themselves are looked at. It is a first configuration, shown before it
is written; `setup recommend` weighs models with more care.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from model_router.engine.routes import Route
from model_router.setup.configuration import Pick
from model_router.setup.running import RunningServer, ServedModel

_BILLIONS = re.compile(r"(?:^|[-_:/ e])(\d{1,4}(?:\.\d{1,2})?)b(?![a-z0-9])", re.IGNORECASE)
_NO_CHAT = re.compile(r"embed|rerank|whisper|\btts\b|bge-|nomic|minilm|stable-diffusion|flux", re.IGNORECASE)
_SEES = re.compile(r"(?:^|[-_.:/\d])vl(?![a-z])|vision|llava|pixtral|minicpm-v|moondream|-omni", re.IGNORECASE)
_CODES = re.compile(r"cod(?:e|er|estral)|devstral|starcoder", re.IGNORECASE)
_BYTES_PER_BILLION = 6e8
"""Of a file in four to five bits; only to compare models whose names do not say how large they are."""

_EVERYDAY_BILLIONS = 16.0
"""Up to this size models answer at reading speed on most machines that can hold them."""


@dataclass(frozen=True, slots=True)
class Served:
    """One model of a running server. ``billions`` of parameters, as its name tells or its size suggests; 0: unknown."""

    pick: Pick
    billions: float
    sees: bool
    codes: bool


def served_models(servers: Iterable[RunningServer]) -> tuple[Served, ...]:
    """All that can chat, in the order of their servers."""
    return tuple(
        Served(
            Pick(model.name, f"{server.address}/v1", model.context),
            _billions(model),
            model.kind == "vlm" or bool(_SEES.search(model.name)),
            bool(_CODES.search(model.name)),
        )
        for server in servers
        for model in server.models
        if model.kind not in {"embeddings", "embedding"} and not _NO_CHAT.search(model.name)
    )


def suggest_picks(served: Sequence[Served]) -> dict[Route, Pick]:
    """A pick for each route that one of them suits: the smallest for small work, the largest for hard work.

    The same models always give the same picks.
    """
    if not served:
        return {}
    ranked = sorted(served, key=lambda one: (one.billions, one.pick.model, one.pick.base_url))
    talkers = [one for one in ranked if not one.codes] or ranked
    everyday = [one for one in talkers if one.billions <= _EVERYDAY_BILLIONS] or talkers[:1]
    picks = {Route.SIMPLE: _smallest(talkers), Route.BALANCED: everyday[-1], Route.REASONING: talkers[-1]}
    coders = [one for one in ranked if one.codes]
    picks[Route.CODING] = coders[-1] if coders else ranked[-1]
    seeing = [one for one in ranked if one.sees]
    if seeing:
        picks[Route.VISION] = seeing[-1]
    return {route: one.pick for route, one in picks.items()}


def _smallest(ranked: Sequence[Served]) -> Served:
    """Below a billion parameters answers are hardly of use, unless there is nothing else."""
    return next((one for one in ranked if one.billions >= 1), ranked[-1])


def _billions(model: ServedModel) -> float:
    told = _BILLIONS.findall(model.name)
    if told:
        return float(told[0])
    return round((model.size or 0) / _BYTES_PER_BILLION, 2)
