"""Which model servers to try for an engine, in order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from model_router.config.proxy import BackendConfig, OverridesConfig, ProxyConfig
from model_router.engine.catalog import Catalog
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.server.abilities import Abilities
from model_router.server.breaker import Breaker, BreakerPolicy
from model_router.server.headers import RawHeaders
from model_router.server.http.exchange import Limits
from model_router.server.line import Line
from model_router.server.refusal import Refusal
from model_router.server.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True, eq=False)
class Backend:
    """One model server: its name, its key, which never appears in a ``repr``, how it does, and what was learned of it.

    ``address`` is host and port of a server over plain http, None of others; ``host`` the header for it, ``target``
    the path before each endpoint, ``limits`` those of each exchange. ``changes``: the configuration changes requests
    to it. ``line`` is None when it takes any number of requests at once, ``runtime`` when the gateway neither starts
    nor stops it.
    """

    name: str
    config: BackendConfig
    api_key: str | None
    breaker: Breaker = field(default_factory=lambda: Breaker("", BreakerPolicy(), time.monotonic), repr=False)
    line: Line | None = field(default=None, repr=False)
    abilities: Abilities = field(default_factory=Abilities, repr=False)
    runtime: Runtime | None = field(default=None, repr=False)
    address: tuple[str, int] | None = field(init=False, repr=False)
    host: bytes = field(init=False, repr=False)
    target: bytes = field(init=False, repr=False)
    key_headers: RawHeaders = field(init=False, repr=False)
    limits: Limits = field(init=False, repr=False)
    changes: bool = field(init=False, repr=False)
    model_json: bytes = field(init=False, repr=False)
    set_json: Mapping[str, bytes] = field(init=False, repr=False)
    default_json: Mapping[str, bytes] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        url = urlsplit(self.config.base_url)
        object.__setattr__(self, "address", _address(url))
        object.__setattr__(self, "host", url.netloc.rpartition("@")[2].encode())
        object.__setattr__(self, "target", quote(url.path.rstrip("/"), safe="/%:@!$&'()*+,;=~").encode())
        object.__setattr__(self, "key_headers", _key_headers(self.api_key))
        seconds = self.config.timeout_seconds
        changes = self.config.strip_tools or self.config.overrides != OverridesConfig()
        object.__setattr__(self, "changes", changes)
        object.__setattr__(self, "limits", Limits(self.config.connect_timeout_seconds, seconds, seconds, seconds))
        object.__setattr__(self, "model_json", msgspec.json.encode(self.config.model))
        object.__setattr__(self, "set_json", _encoded(self.config.overrides.set))
        object.__setattr__(self, "default_json", _encoded(self.config.overrides.default))

    def __repr__(self) -> str:
        return f"Backend({self.name!r}, {self.config!r})"

    @property
    def model(self) -> str:
        """The name that this server knows its model by."""
        return self.config.model

    @property
    def context(self) -> int | None:
        """Tokens that fit: as configured, else as the server itself says."""
        return self.config.max_context or self.abilities.context

    def keys(self, path: str) -> RawHeaders:
        """The headers that carry the key: OpenAI's way, and Anthropic's beside it where that is spoken."""
        if self.api_key and path.startswith("/messages"):
            return [*self.key_headers, (b"x-api-key", self.api_key.encode())]
        return self.key_headers

    def url(self, path: str) -> str:
        """The address of an endpoint; ``path`` begins behind ``/v1``."""
        return self.config.base_url.rstrip("/") + path


def _address(url: SplitResult) -> tuple[str, int] | None:
    """Where a plain http server listens; None for others and for a port that is none, which httpx has words for."""
    try:
        port = url.port or 80
    except ValueError:
        return None
    return (url.hostname, port) if url.scheme == "http" and url.hostname else None


def _key_headers(key: str | None) -> RawHeaders:
    return [(b"authorization", b"Bearer " + key.encode())] if key else []


def _encoded(values: Mapping[str, object]) -> dict[str, bytes]:
    return {name: msgspec.json.encode(value) for name, value in values.items()}


class Choice(msgspec.Struct, frozen=True, gc=False):
    """``engine`` is whose backend it is: another than the decision's when that one has none. Never empty."""

    engine: str
    backends: tuple[Backend, ...]
    moved: bool


def choose(
    engine: str,
    config: ProxyConfig,
    catalog: Catalog,
    backends: dict[str, Backend],
    estimated_tokens: int,
    *,
    pictures: bool = False,
) -> Choice:
    """The backends to try, best first: the engine's own, then its fallbacks, without loops.

    Those whose context is too small are passed over. When all are, the largest is tried: the estimate is rough, and
    the server's own refusal says more than ours could. With ``pictures`` the same holds for those that took none when
    the doctor asked.

    Raises:
        Refusal: 503, when neither the engine nor its catalog fallbacks have a backend.
    """
    usual = config.engine_backends.get(engine)
    if usual is not None and usual in backends and usual not in config.fallback_backends:
        return Choice(engine, (backends[usual],), False)  # whatever its context: there is no other
    for candidate in _engines(engine, catalog):
        name = config.engine_backends.get(candidate)
        if name is None or name not in backends:
            continue
        fitting = chain_of(name, config, backends, estimated_tokens, pictures=pictures)
        moved = candidate != engine or fitting[0].name != name
        return Choice(candidate, fitting, moved)
    place = config.source or "the proxy configuration"
    known = ", ".join(backends) or "none yet"
    message = f"Engine '{engine}' has no backend; add engine_backends.{engine} to {place} (backends there: {known})."
    raise Refusal(503, message, kind="server_error", code="no_backend", headers={"x-should-retry": "false"})


def chain_of(
    first: str, config: ProxyConfig, backends: dict[str, Backend], estimated_tokens: int, *, pictures: bool = False
) -> tuple[Backend, ...]:
    """A backend and those to try after it, as far as the request fits into them; never empty."""
    chain = [backends[member] for member in _chain(first, config) if member in backends]
    if pictures:
        chain = [backend for backend in chain if backend.abilities.pictures is not False] or chain
    fitting = [backend for backend in chain if _fits(backend, estimated_tokens)]
    return tuple(fitting) or (max(chain, key=lambda backend: backend.context or 0),)


def _engines(engine: str, catalog: Catalog) -> Iterator[str]:
    seen: set[str] = set()
    current: str | None = engine
    while current is not None and current not in seen and current != HUMAN_CONFIRM:
        seen.add(current)
        yield current
        spec = catalog.engines.get(current)
        current = spec.fallback if spec is not None else None


def _chain(first: str, config: ProxyConfig) -> list[str]:
    order: list[str] = []
    waiting = [first]
    while waiting:
        name = waiting.pop(0)
        if name not in order:
            order.append(name)
            waiting = [*config.fallback_backends.get(name, ()), *waiting]
    return order


def _fits(backend: Backend, tokens: int) -> bool:
    return backend.context is None or tokens <= backend.context
