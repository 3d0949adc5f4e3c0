"""One list of all models that could be used: those on this machine, those that servers have, those of the catalog.

A model of the catalog that is here already stands once, with what the catalog knows of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from model_router.setup.download.wanted import Wanted
from model_router.setup.fit.budget import Pools, pools_of
from model_router.setup.fit.by_name import from_name
from model_router.setup.fit.from_header import from_header
from model_router.setup.fit.measured import measured_speed, plain_name
from model_router.setup.fit.memory import Load
from model_router.setup.fit.placement import Mode
from model_router.setup.fit.shape import ModelShape, from_catalog
from model_router.setup.fit.verdict import Verdict, judge
from model_router.setup.machine import Machine
from model_router.setup.model_catalog import CatalogModel, ModelCatalog, Work
from model_router.setup.quant_ladder import quant_steps
from model_router.setup.recommend.options import LocalModel as Known
from model_router.setup.recommend.recommendation import Recommendation, recommend
from model_router.setup.running import RunningServer, ServedModel
from model_router.setup.stores import LocalModel
from model_router.setup.survey import Survey
from model_router.setup.wizard import LLAMA_SERVER

_STORE_SERVERS = {"ollama": "http://127.0.0.1:11434/v1", "lmstudio": "http://127.0.0.1:1234/v1"}


class Place(StrEnum):
    """Where a model is."""

    SERVED = "served"
    DISK = "on disk"
    CATALOG = "to fetch"


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. ``served_name`` and ``address`` are how a backend asks for it, and empty while it is not here.

    ``verdict`` is ``None`` where not even a rough shape is known. ``quality`` is of 100. ``recommended`` are the routes
    whose pick it is. ``here`` is its file or its server. ``projector_bytes`` are loaded beside it, and not in the
    verdict, where it reads pictures.
    """

    name: str
    quant: str
    place: Place
    verdict: Verdict | None = None
    catalog: CatalogModel | None = None
    catalog_name: str = ""
    quality: float | None = None
    licence: str = ""
    here: str = ""
    size: int | None = None
    loaded: bool | None = None
    served_name: str = ""
    address: str = ""
    recommended: tuple[Work, ...] = ()
    names: tuple[str, ...] = ()
    projector_bytes: int = 0

    @property
    def verdict_with_pictures(self) -> Verdict | None:
        """The verdict with the projector counted."""
        if self.verdict is None or not self.projector_bytes:
            return self.verdict
        shape = replace(self.verdict.shape, projector_bytes=self.projector_bytes)
        return judge(shape, self.verdict.pools, self.verdict.load)

    @property
    def fits(self) -> bool | None:
        """Whether it fits; ``None`` when nobody can tell."""
        return self.verdict.fits if self.verdict is not None else None

    @property
    def plain_names(self) -> frozenset[str]:
        """All its names without folder, quantisation and punctuation: what a configured model is compared with."""
        return frozenset(plain_name(name) for name in (self.name, self.served_name, *self.names) if name)


@dataclass(frozen=True, slots=True)
class Inventory:
    """The list, the machine it was judged for, and what is recommended there."""

    entries: tuple[Entry, ...]
    machine: Machine
    pools: Pools
    load: Load
    recommendation: Recommendation


@dataclass(frozen=True, slots=True)
class _Scales:
    """What every model is weighed with; ``known`` are the catalog's names by their plain form."""

    catalog: ModelCatalog
    known: Mapping[str, str]
    pools: Pools
    load: Load
    measured: Mapping[str, float]

    def judged(self, shape: ModelShape | None, *names: str) -> Verdict | None:
        """The verdict, with the measured speed where there is one."""
        if shape is None:
            return None
        measured = measured_speed(self.measured, *names) if self.measured else None
        return judge(shape, self.pools, self.load, measured=measured)


def take_stock(
    found: Survey,
    catalog: ModelCatalog,
    *,
    machine: Machine | None = None,
    context: int = 16_384,
    measured: Mapping[str, float] = MappingProxyType({}),
) -> Inventory:
    """The list for what was found; ``machine`` stands in for the one that was found. Slow figures are ``measured``."""
    judged = machine or found.machine
    pools = pools_of(judged)
    load = Load(context)
    local = [Known(one.name, one.header.size, one.header, str(one.path), one.aliases) for one in found.found.models]
    advice = recommend(judged, catalog, local=local, measured=measured)
    known = {plain: name for name, model in catalog.models.items() for plain in _plain_names(name, model)}
    scales = _Scales(catalog, known, pools, load, measured)
    served = {plain_name(model.name): (server, model) for server in found.servers or () for model in server.models}
    entries: list[Entry] = []
    taken: set[str] = set()
    for one in found.found.models:
        if one.header.kind not in {"model", ""}:
            continue
        match = next((served[plain] for plain in _local_names(one) if plain in served), None)
        taken |= _local_names(one)
        entries.append(_local(one, match, scales))
    for server in found.servers or ():
        for model in server.models:
            if plain_name(model.name) not in taken and model.kind not in {"embedding", "embeddings"}:
                entries.append(_served(server, model, scales))
    here = {entry.catalog_name for entry in entries}
    picks: dict[str, str] = {}
    for choice in advice.choices.values():
        if choice.pick is not None and not choice.pick.variant.here:
            picks.setdefault(choice.pick.name, choice.pick.variant.step.quant)
    entries += [
        _of_catalog(name, model, scales, picks.get(name, ""))
        for name, model in catalog.models.items()
        if name not in here and model.files
    ]
    return Inventory(tuple(_marked(entries, advice)), judged, pools, load, advice)


def wanted_for(entry: Entry, route: str = "") -> Wanted | None:
    """What a download of the entry would fetch; nothing when the catalog does not know its files."""
    model = entry.catalog
    if model is None or not model.files:
        return None
    file = model.files.get(entry.quant) or model.files[_usual(model)]
    return Wanted(
        route=route,
        repository=file.repository or model.repository,
        names=(file.file,),
        revision=model.revision if model.revision and not file.repository else None,
        projector=model.projector is not None,
    )


def _local(
    one: LocalModel,
    match: tuple[RunningServer, ServedModel] | None,
    scales: _Scales,
) -> Entry:
    name = next((scales.known[plain] for plain in sorted(_local_names(one)) if plain in scales.known), "")
    model = scales.catalog.models.get(name)
    shape = from_header(one.header, name=one.name) or from_name(one.name, one.header.quantization)
    server, told = match or (None, None)
    file_name = one.path.name.removesuffix(".gguf")
    usual = one.name if one.store in _STORE_SERVERS else file_name
    return Entry(
        name=one.name.rpartition("/")[2] if one.store not in _STORE_SERVERS else one.name,
        quant=one.header.quantization,
        place=Place.SERVED if server is not None else Place.DISK,
        verdict=scales.judged(shape, one.name, name),
        catalog=model,
        catalog_name=name,
        quality=_quality(model),
        licence=one.header.license or (model.licence if model else ""),
        here=str(one.path),
        size=one.size,
        loaded=told.loaded if told else None,
        served_name=told.name if told else usual,
        address=f"{server.address}/v1" if server else _STORE_SERVERS.get(one.store, LLAMA_SERVER),
        names=(one.name, file_name, name, *one.aliases),
        projector_bytes=one.size - one.header.size if one.projector else _projector_bytes(model, one.header.format),
    )


def _served(
    server: RunningServer,
    told: ServedModel,
    scales: _Scales,
) -> Entry:
    name = scales.known.get(plain_name(told.name), "")
    model = scales.catalog.models.get(name)
    shape = from_catalog(name, model, _usual(model), pictures=False) if model and model.files else from_name(told.name)
    if shape is not None and told.size:
        shape = replace(shape, weights_bytes=told.size)
    return Entry(
        name=told.name,
        quant=told.quantization,
        place=Place.SERVED,
        verdict=scales.judged(shape, told.name, name),
        catalog=model,
        catalog_name=name,
        quality=_quality(model),
        licence=model.licence if model else "",
        here=server.address,
        size=told.size,
        loaded=told.loaded,
        served_name=told.name,
        address=f"{server.address}/v1",
        names=(name,),
        projector_bytes=0 if server.kind == "ollama" and told.size else _projector_bytes(model),
    )


def _of_catalog(name: str, model: CatalogModel, scales: _Scales, advised: str) -> Entry:
    """In the file that is advised, else in its usual one, or in the largest smaller one that graphics can hold."""
    usual = _usual(model)
    smaller = [step.quant for step in quant_steps(model) if model.files[step.quant].bytes < model.files[usual].bytes]
    tried = [advised] if advised else [usual, *sorted(smaller, key=lambda quant: -model.files[quant].bytes)]
    found = [(quant, scales.judged(from_catalog(name, model, quant, pictures=False), name)) for quant in tried]
    fast = {Mode.GPU, Mode.EXPERTS_ON_CPU} if scales.pools.graphics else set(Mode)
    fitting = [one for one in found if one[1] is not None and one[1].placement is not None]
    good = [one for one in fitting if one[1] and one[1].placement and one[1].placement.mode in fast]
    chosen, verdict = (good or fitting or found)[0]
    return Entry(
        name=name,
        quant=chosen,
        place=Place.CATALOG,
        verdict=verdict,
        catalog=model,
        catalog_name=name,
        quality=_quality(model),
        licence=model.licence,
        size=model.files[chosen].bytes,
        names=tuple(_plain_names(name, model)),
        projector_bytes=_projector_bytes(model),
    )


def _marked(entries: Iterable[Entry], advice: Recommendation) -> Iterable[Entry]:
    picks: dict[str, list[Work]] = {}
    for work, choice in advice.choices.items():
        if choice.pick is not None:
            picks.setdefault(choice.pick.name, []).append(work)
    for entry in entries:
        works = picks.get(entry.catalog_name)
        yield replace(entry, recommended=tuple(works)) if works else entry


def _usual(model: CatalogModel) -> str:
    """The file that `setup fit` takes too when none is named."""
    usual = [step.quant for step in quant_steps(model) if not step.spare] or list(model.files)
    return "Q4_K_M" if "Q4_K_M" in usual else usual[0]


def _quality(model: CatalogModel | None) -> float | None:
    return model.quality.overall.score if model is not None and model.quality.overall is not None else None


def _projector_bytes(model: CatalogModel | None, file_format: str = "gguf") -> int:
    """The size of the catalog's projector. Ollama and the folders of MLX have it among the weights."""
    return model.projector.bytes if model is not None and model.projector and file_format == "gguf" else 0


def _plain_names(name: str, model: CatalogModel) -> tuple[str, ...]:
    names = (name, model.maker_repository, model.repository, *(file.file for file in model.files.values()))
    return tuple(dict.fromkeys(plain_name(one) for one in names if one))


def _local_names(one: LocalModel) -> set[str]:
    return {plain_name(name) for name in (one.name, one.path.name, *one.aliases)}
