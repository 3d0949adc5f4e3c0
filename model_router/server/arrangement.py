"""What the files say, ready for use: one value, so that a change of the files is one assignment."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from model_router.config.files import user_folder
from model_router.config.proxy import BackendConfig, PromptCapture, ProxyConfig
from model_router.router import ModelRouter
from model_router.server.backends import Backend
from model_router.server.breaker import Breaker, BreakerChange, BreakerPolicy
from model_router.server.guard import Guard, resolve_keys
from model_router.server.happenings import RuntimeEvent
from model_router.server.line import Line
from model_router.server.retries import RetryPolicy
from model_router.server.runtime.launch import Launch, launch_of
from model_router.server.runtime.runtime import Places, Runtime
from model_router.server.stickiness import Stickiness, StickinessPolicy

logger = logging.getLogger(__name__)

_TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """Router, backends and all that follows from the configuration. A request keeps to the one it began with.

    ``engine_of`` gives for a backend the first engine whose backend it is. ``proxy_hash`` stands for the proxy file as
    ``router.config_hash`` does for the catalog; keys do not count in it. ``launches`` are the managed servers by
    backend, ``places`` the ports that they and those of earlier arrangements have.
    """

    config: ProxyConfig
    router: ModelRouter
    backends: dict[str, Backend]
    stickiness: Stickiness
    retry_policy: RetryPolicy
    engine_of: Mapping[str, str]
    capture: PromptCapture
    proxy_hash: str
    launches: Mapping[str, Launch]
    places: Places


def arrange(
    config: ProxyConfig,
    router: ModelRouter,
    environ: Mapping[str, str],
    note_change: Callable[[BreakerChange], None],
    before: Arrangement | None = None,
    *,
    tell: Callable[[RuntimeEvent], None] | None = None,
) -> Arrangement:
    """Build everything anew but the backends that are the same as ``before``: those go on with what they have learned.

    A backend with other settings at the same address keeps its breaker and its line; nothing of ``before`` is changed
    here, so that it may be thrown away (:func:`settle` does that, on the server's loop). ``tell`` hears of managed
    servers.
    """
    known = before.backends if before is not None else {}
    launches = _launches(config, environ)
    places = before.places if before is not None else {}
    builder = _Builder(config, environ, note_change, tell or _say_nothing, launches, places)
    backends = {name: builder.backend(name, known.get(name)) for name in config.backends}

    def rests(name: str) -> bool:
        return backends[name].breaker.resting

    keep, tries = config.sessions, config.retries
    return Arrangement(
        config=config,
        router=router,
        backends=backends,
        stickiness=Stickiness(router, config, StickinessPolicy(keep.move_freely_tokens, keep.falls_after), rests),
        retry_policy=RetryPolicy(
            max_attempts=tries.max_attempts,
            budget_seconds=tries.budget_seconds,
            patience_seconds=tries.patience_seconds,
        ),
        engine_of={backend: engine for engine, backend in reversed(list(config.engine_backends.items()))},
        capture=_capture(config, environ),
        proxy_hash=proxy_hash(config),
        launches=launches,
        places=places,
    )


def settle(arrangement: Arrangement) -> None:
    """Give lines, breakers and servers that were kept what holds for them now. On the server's loop only."""
    policy = _breaker_policy(arrangement.config)
    for backend in arrangement.backends.values():
        backend.breaker.policy = policy
        if backend.line is not None and backend.config.parallel is not None:
            backend.line.resize(backend.config.parallel, backend.config.queue)
    shared: dict[Runtime, list[Breaker]] = {}
    for name, launch in arrangement.launches.items():
        backend = arrangement.backends[name]
        if backend.runtime is not None:
            shared.setdefault(backend.runtime, []).append(backend.breaker)
            backend.runtime.settle(launch)
    for runtime, breakers in shared.items():
        runtime.on_ready = partial(_reset, breakers)


def make_guard(config: ProxyConfig, environ: Mapping[str, str]) -> Guard:
    """The checks on who may talk to the gateway.

    Raises:
        ServerError: the configuration asks for a key that is not there, or would open the gateway without one.
    """
    return Guard(config.proxy.host, resolve_keys(config.proxy, environ))


def proxy_hash(config: ProxyConfig) -> str:
    """Sixteen hex digits over what a proxy file means, without its keys: a short key could be guessed from a hash."""
    text = json.dumps(_canonical(config), sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(value: Any) -> Any:
    if is_dataclass(value):
        open_to_see = (item for item in fields(value) if not item.metadata.get("secret"))
        return {item.name: _canonical(getattr(value, item.name)) for item in open_to_see}
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    return [_canonical(item) for item in value] if isinstance(value, tuple | list) else value


def _say_nothing(_: RuntimeEvent) -> None:
    """Nobody asks about managed servers."""


@dataclass(frozen=True, slots=True)
class _Builder:
    config: ProxyConfig
    environ: Mapping[str, str]
    note_change: Callable[[BreakerChange], None]
    tell: Callable[[RuntimeEvent], None]
    launches: Mapping[str, Launch]
    places: Places
    servers: dict[int, tuple[Runtime, list[Breaker]]] = field(default_factory=dict)
    """By port, what was built or kept so far, and whose breakers a start of it resets."""

    def backend(self, name: str, before: Backend | None) -> Backend:
        """One backend; ``before`` is what had its name."""
        own = self.config.backends[name]
        key = _key(name, own, self.environ)
        same_place = before if before is not None and before.config.base_url == own.base_url else None
        breaker = same_place.breaker if same_place is not None else self._breaker(name)
        runtime = self._runtime(name, key, breaker, before)
        if before is not None and before.config == own and before.api_key == key and before.runtime is runtime:
            return before
        line = None
        if own.parallel is not None:
            line = same_place.line if same_place is not None else None
            line = line or Line(own.parallel, own.queue, time.monotonic)
        if same_place is not None and same_place.model == own.model and same_place.api_key == key:
            return Backend(name, own, key, breaker, line, same_place.abilities, runtime)
        return Backend(name, own, key, breaker, line, runtime=runtime)

    def _breaker(self, name: str) -> Breaker:
        return Breaker(name, _breaker_policy(self.config), time.monotonic, self.note_change)

    def _runtime(self, name: str, key: str | None, breaker: Breaker, before: Backend | None) -> Runtime | None:
        launch = self.launches.get(name)
        if launch is None:
            return None
        shared = self.servers.get(launch.port)
        if shared is not None:
            shared[1].append(breaker)
            return shared[0]
        present = before.runtime if before is not None else None
        if present is None or before is None or before.api_key != key or not launch.is_server_of(present.launch):
            mark = user_folder(self.environ) / "run" / "servers" / f"{name}-{launch.port}.json"
            present = Runtime(launch, mark, key=key, tell=self.tell, places=self.places)
            breakers = [breaker]
            present.on_ready = partial(_reset, breakers)
            self.servers[launch.port] = present, breakers
        else:
            self.servers[launch.port] = present, []
        return present


def _reset(breakers: list[Breaker]) -> None:
    """Their server was started anew: what it did before says nothing of it."""
    for breaker in breakers:
        breaker.reset("its server was started anew")


def _launches(config: ProxyConfig, environ: Mapping[str, str]) -> dict[str, Launch]:
    """The servers to start. None of them gets the keys that the gateway holds for its clients and for the others.

    Backends at one port have the same one (that of the first), which the check of the file sees to.
    """
    base = Path(config.source).absolute().parent if config.source else None
    held = {config.proxy.api_key_env, *(one.env for one in config.proxy.api_keys.values())}
    held |= {one.api_key_env for one in config.backends.values()}
    found: dict[str, Launch] = {}
    for name, own in config.backends.items():
        hidden = frozenset(one for one in held if one and one != own.api_key_env)
        launch = launch_of(name, own, environ, base, hidden)
        if launch is not None:
            found[name] = next((one for one in found.values() if one.port == launch.port), launch)
    return found


def _key(name: str, own: BackendConfig, environ: Mapping[str, str]) -> str | None:
    key = own.api_key
    if key is None and own.api_key_env is not None:
        key = environ.get(own.api_key_env)
        if not key:
            logger.warning("backend %s: %s is not set; requests go without a key", name, own.api_key_env)
    return key or None


def _breaker_policy(config: ProxyConfig) -> BreakerPolicy:
    given = config.breaker
    return BreakerPolicy(
        failure_rate=given.failure_rate,
        min_requests=given.min_requests,
        window_seconds=given.window_seconds,
        consecutive=given.connect_failures,
        rest_seconds=given.rest_seconds,
    )


def _capture(config: ProxyConfig, environ: Mapping[str, str]) -> PromptCapture:
    if environ.get("MODEL_ROUTER_LOG_PROMPTS", "").lower() in _TRUE_WORDS:
        return PromptCapture.FULL
    return config.observability.prompt_capture
