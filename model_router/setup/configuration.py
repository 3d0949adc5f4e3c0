"""Both configuration files from picks: which model, on which server, for which kind of work.

The packaged catalog is the ground; engines of picks get their model, and what runs elsewhere is called hosted. A route
without a pick shares the model of the nearest one, except vision: a model that reads no pictures gets none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from model_router.config.files import CATALOG_NAME, PROXY_NAME
from model_router.config.proxy_file import is_loopback
from model_router.config.wording import nearest, url_problem
from model_router.engine.routes import DEFAULT_TARGETS, Route
from model_router.errors import UsageError
from model_router.setup.presets import place_files, preset_files
from model_router.setup.whole_file import back_up

_BACKEND_NAMES = {
    Route.SIMPLE: "fast",
    Route.BALANCED: "balanced",
    Route.REASONING: "reasoning",
    Route.CODING: "code",
    Route.RESEARCH: "research",
    Route.VISION: "vision",
    Route.IMAGE_GENERATION: "images",
}
_STAND_INS = {
    Route.SIMPLE: (Route.BALANCED, Route.CODING, Route.REASONING, Route.VISION),
    Route.BALANCED: (Route.REASONING, Route.CODING, Route.SIMPLE, Route.VISION),
    Route.REASONING: (Route.BALANCED, Route.CODING, Route.SIMPLE, Route.VISION),
    Route.CODING: (Route.REASONING, Route.BALANCED, Route.SIMPLE, Route.VISION),
    Route.RESEARCH: (Route.BALANCED, Route.REASONING, Route.CODING, Route.SIMPLE, Route.VISION),
    Route.VISION: (),
    Route.IMAGE_GENERATION: (Route.BALANCED, Route.REASONING, Route.CODING, Route.SIMPLE, Route.VISION),
}
PICKABLE = tuple(_BACKEND_NAMES)
_SLOW = frozenset({Route.REASONING, Route.CODING})


@dataclass(frozen=True, slots=True)
class Pick:
    """A model on a server. ``max_context`` in tokens; the key itself stands in a variable, never here."""

    model: str
    base_url: str
    max_context: int | None = None
    api_key_env: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether prompts to it stay on this machine."""
        return is_loopback(urlsplit(self.base_url).hostname or "")


@dataclass(frozen=True, slots=True)
class WrittenConfiguration:
    """What was written; ``backups`` are copies of the files that stood there before."""

    catalog: Path
    proxy: Path
    backups: tuple[Path, ...] = field(default=())


def read_pick(text: str, base_url: str, api_key_env: str | None = None) -> tuple[Route, Pick]:
    """``ROUTE=MODEL`` or ``ROUTE=MODEL@URL``; without an address the one given.

    Raises:
        UsageError: it is written otherwise, or the route or address is none.
    """
    name, equals, rest = text.partition("=")
    model, at, url = rest.rpartition("@http")
    model, url = (model, f"http{url}") if at else (rest, base_url)
    if not equals or not model.strip():
        raise UsageError(f"{text!r} is no pick", "Write ROUTE=MODEL, or ROUTE=MODEL@http://127.0.0.1:8080/v1.")
    if name not in {route.value for route in PICKABLE}:
        near = nearest(name, [route.value for route in PICKABLE])
        guess = f"did you mean {near!r}? " if near else ""
        raise UsageError(f"{name!r} is no route", f"{guess}known: {' '.join(PICKABLE)}")
    trouble, _ = url_problem(url)
    if trouble:
        raise UsageError(f"the address of {name} {trouble}", "It ends in /v1, as clients write it.")
    pick = Pick(model.strip(), url.rstrip("/"))
    return Route(name), Pick(pick.model, pick.base_url, None, None if pick.is_local else api_key_env)


def configuration_files(picks: Mapping[Route, Pick], port: int | None = None) -> Mapping[str, str]:
    """File name: text.

    Raises:
        UsageError: there is no pick.
    """
    if not picks:
        raise UsageError("a configuration needs at least one model", "Give --pick ROUTE=MODEL.")
    served = {route: pick for route in PICKABLE if (pick := _pick_for(route, picks)) is not None}
    texts = preset_files("llamacpp", port)
    return {
        CATALOG_NAME: _catalog(texts[CATALOG_NAME], served),
        PROXY_NAME: _proxy(texts[PROXY_NAME], served),
    }


def write_configuration(
    picks: Mapping[Route, Pick],
    folder: Path,
    *,
    now: datetime,
    port: int | None = None,
    force: bool = False,
    environ: Mapping[str, str] | None = None,
) -> WrittenConfiguration:
    """Write both files or none; what stood there stays beside them, with the time in its name.

    Raises:
        UsageError: there is no pick, or a file is in the way and ``force`` is not given.
        SetupError: the folder cannot be written.
    """
    texts = configuration_files(picks, port)
    backups = place_files(texts, folder, force=force, environ=environ, back_up=lambda path: back_up(path, now))
    return WrittenConfiguration(folder / CATALOG_NAME, folder / PROXY_NAME, backups)


def _pick_for(route: Route, picks: Mapping[Route, Pick]) -> Pick | None:
    return next((picks[each] for each in (route, *_STAND_INS[route]) if each in picks), None)


def _catalog(text: str, served: Mapping[Route, Pick]) -> str:
    lines = text.split("\n")
    for route in PICKABLE:
        engine = DEFAULT_TARGETS[route]
        pick = served.get(route)
        if pick is None:
            _set(lines, engine, {"enabled": "false            # no model was picked for it"})
            continue
        changes = {"model": json.dumps(pick.model)}
        if not pick.is_local:
            changes |= {"provider": "hosted", "cost_tier": "medium"}
        if pick.max_context:
            changes["max_context"] = str(pick.max_context)
        _set(lines, engine, changes)
    return "\n".join(lines)


def _set(lines: list[str], engine: str, changes: Mapping[str, str]) -> None:
    """Replace values of one engine in the packaged catalog's text, whose layout is known."""
    start = lines.index(f"  {engine}:")
    end = next((number for number in range(start + 1, len(lines)) if not lines[number].startswith("    ")), len(lines))
    for key, value in changes.items():
        number = next(number for number in range(start, end) if re.match(rf"    {key}:", lines[number]))
        lines[number] = f"    {key}: {value}"


def _proxy(preset: str, served: Mapping[Route, Pick]) -> str:
    names = _backend_names(served)
    by_name = {names[pick]: pick for pick in served.values()}
    head = preset[preset.index("schema_version:") : preset.index("health:")]
    first = preset.split("\n", 1)[0]
    lines = [
        first,
        "#",
        "# Written by `model-router setup`; it is yours to change.",
        "#",
        "#   model-router validate-proxy-config --config FILE     names every mistake in this file",
        "#   model-router serve --config FILE                     starts the proxy",
        head.rstrip(),
        "",
        "backends:",
    ]
    for name, pick in by_name.items():
        slow = any(served.get(route) == pick for route in _SLOW)
        lines += [f"  {name}:", *(f"    {key}: {value}" for key, value in _backend(pick, slow=slow))]
    lines += ["", "# engine: backend. human_confirm is a person and has none.", "engine_backends:"]
    lines += [f"  {DEFAULT_TARGETS[route]}: {names[pick]}" for route, pick in served.items()]
    chains = {name: _chain(name, by_name, served, names) for name in by_name}
    if any(chains.values()):
        lines += [
            "",
            "# backend: those to try, in this order, when it does not answer. Prompts to local models stay local.",
        ]
        lines += ["fallback_backends:", *(f"  {name}: [{', '.join(chain)}]" for name, chain in chains.items() if chain)]
    return "\n".join(lines) + "\n"


def _backend_names(served: Mapping[Route, Pick]) -> dict[Pick, str]:
    """One backend a model; it is called after the first route that it serves, most general name first."""
    names: dict[Pick, str] = {}
    for route in sorted(served, key=lambda route: route is not Route.BALANCED):
        names.setdefault(served[route], _BACKEND_NAMES[route])
    return names


def _backend(pick: Pick, *, slow: bool) -> list[tuple[str, Any]]:
    told: list[tuple[str, Any]] = [("base_url", pick.base_url), ("model", json.dumps(pick.model))]
    if pick.api_key_env:
        told.append(("api_key_env", pick.api_key_env))
    if pick.max_context:
        told.append(("max_context", pick.max_context))
    return [*told, ("timeout_seconds", 600 if slow else 300)]


def _chain(
    name: str, by_name: Mapping[str, Pick], served: Mapping[Route, Pick], names: Mapping[Pick, str]
) -> list[str]:
    """Who stands in for a backend: those of the nearest routes, and never one elsewhere for one on this machine."""
    own = by_name[name]
    route = next(
        route for route in sorted(served, key=lambda route: route is not Route.BALANCED) if served[route] == own
    )
    near = [names[served[each]] for each in _STAND_INS[route] if each in served and each is not Route.VISION]
    return [each for each in dict.fromkeys(near) if each != name and (by_name[each].is_local or not own.is_local)]
