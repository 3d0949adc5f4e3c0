"""The whole examination: files, keys, port, every backend; findings for people, cards for the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from model_router.config.proxy import BackendConfig, ProxyConfig, WireProtocol
from model_router.config.proxy_file import CheckedProxy, check_proxy, is_loopback
from model_router.config.truth_card import TruthCard, encode_truth_cards, read_truth_cards
from model_router.engine.catalog import EngineSpec
from model_router.engine.routes import Route
from model_router.setup.doctor.files import check_capture, check_files, check_keys, check_port, engines_of
from model_router.setup.doctor.finding import Finding, Level, fine
from model_router.setup.doctor.probe import Found, Prober
from model_router.setup.doctor.verdict import is_listed, judge
from model_router.setup.whole_file import write_private


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found. ``cards`` are of the backends that could be reached."""

    findings: tuple[Finding, ...]
    cards: tuple[TruthCard, ...]

    @property
    def is_well(self) -> bool:
        """No finding is a problem."""
        return all(finding.level is not Level.PROBLEM for finding in self.findings)


def examine(
    path: Path,
    environ: Mapping[str, str],
    *,
    patience: float,
    ask_hosted: bool = False,
    now: datetime | None = None,
) -> Examination:
    """Look at everything. Servers on this machine get a few short requests; hosted ones only if ``ask_hosted``.

    ``patience`` is how long one answer may take, in seconds.
    """
    return asyncio.run(examination(path, environ, patience=patience, ask_hosted=ask_hosted, now=now))


async def examination(
    path: Path,
    environ: Mapping[str, str],
    *,
    patience: float,
    ask_hosted: bool = False,
    now: datetime | None = None,
    only: str = "",
    progress: Callable[[str], None] = lambda name: None,
) -> Examination:
    """The same where a loop runs already; cancelling it stops the requests. ``only`` names the one backend to ask.

    ``progress`` is told each backend's name when its turn comes.
    """
    checked = await asyncio.to_thread(check_proxy, path, environ)
    findings = list(check_files(checked))
    if checked.config is None or checked.problems:
        return Examination(tuple(findings), ())
    config = checked.config
    findings += check_keys(config, environ)
    findings += check_capture(config, environ)
    findings.append(await asyncio.to_thread(check_port, config))
    names = [name for name in config.backends if only in {"", name}]
    found = await _probe_all(config, environ, patience, names, progress, ask_hosted=ask_hosted)
    stamp = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    cards = []
    for name, seen in found.items():
        backend = config.backends[name]
        findings += judge(name, backend, seen, _engines(checked, name), _painter(checked))
        if not (ask_hosted or _is_here(backend) or seen.trouble):
            findings.append(fine("backend.hosted", name, "it is hosted, so it was not asked to answer"))
        if not seen.trouble:
            cards.append(_card(name, backend, seen, stamp))
    return Examination(tuple(findings), tuple(cards))


def keep_cards(path: Path, cards: tuple[TruthCard, ...]) -> None:
    """Write the cards, over older ones of the same backends; others stay."""
    known = read_truth_cards(path) | {card.backend: card for card in cards}
    write_private(path, encode_truth_cards(known.values()))


async def _probe_all(
    config: ProxyConfig,
    environ: Mapping[str, str],
    patience: float,
    wanted: list[str],
    progress: Callable[[str], None],
    *,
    ask_hosted: bool,
) -> dict[str, Found]:
    """Servers side by side; backends of one server in turn, so that it does not have to swap models."""
    found = {name: Found() for name in wanted}
    # A connection of its own for each request: a server that closes an idle one must not look like one that fails.
    async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as client:

        async def examine_server(names: list[str]) -> None:
            for name in names:
                progress(name)
                backend = config.backends[name]
                key = backend.api_key or environ.get(backend.api_key_env or "")
                prober = Prober(client, backend, key, patience)
                await prober.look(found[name])
                talks = backend.protocols is None or WireProtocol.CHAT in backend.protocols
                here = is_listed(backend.model, found[name].listed or (backend.model,))
                alone = len(found[name].listed or ()) == 1
                if not found[name].trouble and talks and (here or alone) and (ask_hosted or _is_here(backend)):
                    await prober.ask(found[name])

        servers: dict[str, list[str]] = {}
        for name in wanted:
            servers.setdefault(config.backends[name].base_url, []).append(name)
        await asyncio.gather(*(examine_server(names) for names in servers.values()))
    return found


def _is_here(backend: BackendConfig) -> bool:
    return is_loopback(urlsplit(backend.base_url).hostname or "")


def _engines(checked: CheckedProxy, backend: str) -> dict[str, EngineSpec]:
    if checked.config is None or checked.catalog is None or checked.catalog.catalog is None:
        return {}
    known = checked.catalog.catalog.engines
    names = engines_of(checked.config, backend)
    return {name: known[name] for name in names if name in known and known[name].enabled}


def _painter(checked: CheckedProxy) -> str:
    catalog = checked.catalog.catalog if checked.catalog is not None else None
    return catalog.routing_targets.get(Route.IMAGE_GENERATION, "") if catalog is not None else ""


def _card(name: str, backend: BackendConfig, seen: Found, stamp: str) -> TruthCard:
    return TruthCard(
        backend=name,
        base_url=backend.base_url,
        model=backend.model,
        checked_at=stamp,
        server=seen.server,
        advertised=None if seen.listed is None else is_listed(backend.model, seen.listed),
        context=seen.context,
        streams=seen.streams,
        usage_in_streams=seen.usage_in_streams,
        tools=seen.tools,
        pictures=seen.pictures,
        stops_when_left=seen.stops_when_left,
    )
