"""Whether the model servers are there, and whether they know the models they are configured for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from model_router.config.proxy import ProxyConfig
from model_router.engine.catalog import Catalog
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.backends import Backend, choose
from model_router.server.refusal import Refusal
from model_router.server.runtime.runtime import Runtime, RuntimeState
from model_router.server.upstream import Upstream, UpstreamFailure

_LARGEST_LIST = 8_388_608
_SHOWN_MODELS = 5


@dataclass(frozen=True, slots=True)
class BackendHealth:
    """One check. ``advertises_model`` is None when the server gave no list; ``checked_at`` is unix seconds.

    ``detail`` is one sentence for people. ``base_url`` holds no login.
    """

    name: str
    base_url: str
    model: str
    reachable: bool
    advertises_model: bool | None
    models: tuple[str, ...]
    latency_ms: float | None
    detail: str
    checked_at: float

    @property
    def healthy(self) -> bool:
        """Reachable, and not known to lack its model."""
        return self.reachable and self.advertises_model is not False


async def check_backends(backends: Iterable[Backend], upstream: Upstream, seconds: float) -> tuple[BackendHealth, ...]:
    """Ask every backend for its models at the same time; each has ``seconds`` in all."""
    return tuple(await asyncio.gather(*(_check(backend, upstream, seconds) for backend in backends)))


def served_engines(
    config: ProxyConfig, catalog: Catalog, backends: dict[str, Backend], health: Iterable[BackendHealth]
) -> dict[str, bool]:
    """By the engines that prompts go to, whether one of those backends is well that would be tried for it."""
    well = {backend.name for backend in health if backend.healthy}
    served: dict[str, bool] = {}
    for engine in catalog.routing_targets.values():
        if engine == HUMAN_CONFIRM:
            continue
        try:
            chain = choose(engine, config, catalog, backends, 0).backends
        except Refusal:  # it has none
            chain = ()
        served[engine] = any(backend.name in well for backend in chain)
    return served


async def _check(backend: Backend, upstream: Upstream, seconds: float) -> BackendHealth:
    if backend.runtime is not None and backend.runtime.state is not RuntimeState.READY:
        return _not_started(backend, backend.runtime)
    started = time.perf_counter()
    latency: float | None = None
    models: tuple[str, ...] | None = None
    try:
        async with asyncio.timeout(seconds):
            status, data = await _ask(backend, upstream, seconds)
        latency = round((time.perf_counter() - started) * 1000, 1)
        if status < 300:
            backend.abilities.learn_models(data, backend.model)
        reachable, models, detail = _judge(backend, status, data)
    except TimeoutError:
        reachable, detail = False, _silence(seconds)
    except UpstreamFailure as failure:
        reachable, detail = False, _silence(seconds) if failure.status == 504 else failure.sentence
    advertises = None if models is None else any(same_model(backend.model, name) for name in models)
    if advertises is False:
        detail = f"answers, but does not list '{backend.model}'{_listed(models or ())}"
    return BackendHealth(
        name=backend.name,
        base_url=without_login(backend.config.base_url),
        model=backend.model,
        reachable=reachable,
        advertises_model=advertises,
        models=models or (),
        latency_ms=latency,
        detail=f"'{backend.name}' {detail}.",
        checked_at=time.time(),
    )


def _not_started(backend: Backend, runtime: Runtime) -> BackendHealth:
    """A server that the gateway starts when it is needed is well while it is not; one that cannot be started is not."""
    stand = runtime.snapshot()
    failed = stand.state is RuntimeState.FAILED or stand.crashes > 0
    detail = stand.reason if failed else "its first request starts it"
    return BackendHealth(
        name=backend.name,
        base_url=without_login(backend.config.base_url),
        model=backend.model,
        reachable=not failed,
        advertises_model=None,
        models=(),
        latency_ms=None,
        detail=f"'{backend.name}' is {stand.state}: {detail}.",
        checked_at=time.time(),
    )


def _silence(seconds: float) -> str:
    return f"gave no answer within {seconds:g} s; it may be busy: look again, or raise health.backend_timeout_seconds"


async def _ask(backend: Backend, upstream: Upstream, seconds: float) -> tuple[int, bytes]:
    answer = await upstream.probe(backend, "/models", seconds)
    try:
        backend.abilities.learn_server(answer.headers)
        data = b""
        async for piece in answer.pieces():
            data += piece
            if len(data) > _LARGEST_LIST:
                raise UpstreamFailure("sent a list of models that is too long")
        return answer.status, data
    finally:
        await answer.close()


def _judge(backend: Backend, status: int, data: bytes) -> tuple[bool, tuple[str, ...] | None, str]:
    if status in (401, 403):
        return False, None, f"refused its key (HTTP {status}); check its api_key_env"
    if status >= 500:
        return False, None, f"answered HTTP {status}; it may still be loading its model"
    if status == 404:
        return True, None, "answers, but has no list of models; check that base_url ends in /v1"
    if status >= 300:
        return False, None, f"answered HTTP {status}; check its base_url"
    models = model_names(data)
    if models is None:
        return True, None, "answers, but its list of models cannot be read"
    return True, models, f"answers and lists '{backend.model}'"


def model_names(data: bytes) -> tuple[str, ...] | None:
    """The ids in a ``/v1/models`` answer; None when it is no such thing."""
    try:
        value: Any = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    entries = value.get("data", value.get("models")) if isinstance(value, dict) else value
    if not isinstance(entries, list):
        return None
    names = (entry.get("id", entry.get("name")) if isinstance(entry, dict) else entry for entry in entries)
    return tuple(name for name in names if isinstance(name, str))


def same_model(wanted: str, listed: str) -> bool:
    """Whether two names mean one model: the same text, with or without ``:latest``, or the last part of a path."""
    return bool(_spellings(wanted) & _spellings(listed))


def _spellings(name: str) -> frozenset[str]:
    full = name.strip().lower().removesuffix(":latest")
    base = full.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return frozenset({full, base, base.removesuffix(".gguf")} - {""})


def _listed(models: tuple[str, ...]) -> str:
    if not models:
        return " (its list is empty)"
    more = f" and {len(models) - _SHOWN_MODELS} more" if len(models) > _SHOWN_MODELS else ""
    return f" (it lists {', '.join(models[:_SHOWN_MODELS])}{more})"


def without_login(url: str) -> str:
    """An address without user name and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
