"""``model_router.yaml`` into a :class:`Catalog`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from model_router.config.document import Document, parse_document, read_document
from model_router.config.files import packaged_catalog
from model_router.config.reader import Legacy, Reader
from model_router.engine.catalog import DEFAULT_PROFILES, Catalog, EngineSpec
from model_router.engine.routes import DEFAULT_TARGETS, HUMAN_CONFIRM, AvailabilityStatus, CostTier, LatencyTier, Route
from model_router.errors import ConfigError, Problem

_LEGACY = Legacy(
    keys=MappingProxyType({Catalog: frozenset({"scoring"}), EngineSpec: frozenset({"trust_tier"})}),
    values=MappingProxyType(
        {
            CostTier: MappingProxyType({"none": "free", "paid": "high"}),
            LatencyTier: MappingProxyType({"manual": "high", "none": "low"}),
        }
    ),
)


@dataclass(frozen=True, slots=True)
class CheckedCatalog:
    """A catalog with what there is to say about its file. ``catalog`` is usable when ``problems`` is empty.

    ``hint`` is what to do about a file that cannot be read at all.
    """

    file: str
    catalog: Catalog | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    hint: str = ""


def load_catalog(path: Path | None = None) -> Catalog:
    """The catalog of a file; no path: the packaged one.

    Raises:
        ConfigError: with every mistake of the file.
    """
    checked = check_catalog(path)
    if checked.catalog is None or checked.problems:
        raise mistakes(checked.file, checked.problems, "validate-config", checked.hint)
    return checked.catalog


def check_catalog(path: Path | None = None) -> CheckedCatalog:
    """Read a file and say everything about it; never raises for what the file holds."""
    place = packaged_catalog() if path is None else path
    try:
        document = read_document(place)
    except ConfigError as error:
        return CheckedCatalog(str(place), None, error.problems, (), error.hint)
    return _check(document)


def check_catalog_text(text: str, path: Path) -> CheckedCatalog:
    """The same for what a file may hold soon."""
    try:
        document = parse_document(text.encode("utf-8", "replace"), str(path))
    except ConfigError as error:
        return CheckedCatalog(str(path), None, error.problems, (), error.hint)
    return _check(document)


def mistakes(file: str, problems: tuple[Problem, ...], command: str, hint: str = "") -> ConfigError:
    """One error for all mistakes of a file; the message holds the first, the hint names the command that lists all."""
    from shlex import quote

    check = f"`model-router {command} --config {quote(file)}`"
    if len(problems) == 1:
        return ConfigError(str(problems[0]), hint or f"{check} checks it again.", problems)
    message = f"{file} has {len(problems)} mistakes; the first: {problems[0]}" if problems else f"{file} is not usable"
    return ConfigError(message, f"{check} lists them all.", problems)


def _check(document: Document) -> CheckedCatalog:
    reader = Reader(document, _LEGACY)
    bases = {f"profiles.{profile}": spec for profile, spec in DEFAULT_PROFILES.items()}
    catalog = reader.read(Catalog, bases)
    if catalog is not None:
        catalog = _completed(catalog)
        _cross_check(catalog, reader)
    warnings = tuple(sorted(reader.warnings, key=lambda problem: (problem.line, problem.column)))
    return CheckedCatalog(document.file, catalog, reader.sorted_problems(), warnings)


def _completed(catalog: Catalog) -> Catalog:
    """Targets and profiles that the file does not mention keep their usual values."""
    return replace(
        catalog,
        routing_targets=MappingProxyType({**DEFAULT_TARGETS, **catalog.routing_targets}),
        profiles=MappingProxyType({**DEFAULT_PROFILES, **catalog.profiles}),
    )


def _cross_check(catalog: Catalog, reader: Reader) -> None:
    names = reader.names("engines")
    if not names:
        reader.report("engines", "at least one engine is needed")
        return
    known = tuple(dict.fromkeys((*names, HUMAN_CONFIRM)))
    _check_targets(catalog, reader, known)
    for name, engine in catalog.engines.items():
        if engine.fallback is not None and engine.fallback not in known:
            _unknown_engine(reader, f"engines.{name}.fallback", engine.fallback, known)
        elif engine.fallback == name:
            message = "an engine that is its own fallback has none"
            reader.report(f"engines.{name}.fallback", message, found=name, warning=True)
    for route, pool in catalog.provider_policy.route_pools.items():
        for index, name in enumerate(pool):
            path = f"provider_policy.route_pools.{route}[{index}]"
            if name not in known:
                _unknown_engine(reader, path, name, known)
            elif route is Route.CONFIRMATION and name != HUMAN_CONFIRM:
                _must_confirm(reader, path, name)
    for profile, spec in catalog.profiles.items():
        for route, name in spec.routing_targets.items():
            if name not in known:
                _unknown_engine(reader, f"profiles.{profile}.routing_targets.{route}", name, known)
            elif route is Route.CONFIRMATION and name != HUMAN_CONFIRM:
                _must_confirm(reader, f"profiles.{profile}.routing_targets.{route}", name)
    _check_person(catalog, reader)


def _check_targets(catalog: Catalog, reader: Reader, known: tuple[str, ...]) -> None:
    without: list[str] = []
    for route, name in catalog.routing_targets.items():
        path = f"routing_targets.{route}"
        if name not in known and reader.has(path):
            _unknown_engine(reader, path, name, known)
        elif name not in known:
            without.append(route)
        elif route is Route.CONFIRMATION and name != HUMAN_CONFIRM:
            _must_confirm(reader, path, name)
    if without:
        message = f"needs a target for {' '.join(without)}, because the usual engines are not in engines"
        reader.report("routing_targets", message, allowed=known)


def _check_person(catalog: Catalog, reader: Reader) -> None:
    """The person can be asked whatever else is broken; nothing in a file may take that away."""
    person = catalog.engines.get(HUMAN_CONFIRM)
    if person is None:
        return
    fix = "risk classes may pass by safety.confirmation_overrides instead"
    if not person.enabled:
        reader.report(f"engines.{HUMAN_CONFIRM}.enabled", f"{HUMAN_CONFIRM} cannot be switched off; {fix}")
    if person.availability.status is AvailabilityStatus.UNAVAILABLE:
        reader.report(f"engines.{HUMAN_CONFIRM}.availability.status", f"{HUMAN_CONFIRM} is always available; {fix}")


def _unknown_engine(reader: Reader, path: str, found: str, known: Iterable[str]) -> None:
    reader.report(path, "this engine is not in engines", found=found, allowed=known)


def _must_confirm(reader: Reader, path: str, found: str) -> None:
    reader.report(path, f"risky orders go to {HUMAN_CONFIRM} and nowhere else", found=found, allowed=(HUMAN_CONFIRM,))
