"""What ``routing_proxy.yaml`` may say, as frozen values. Names of keys are those of the file, SPEC section 5."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from model_router.engine.routes import Profile


class PromptCapture(StrEnum):
    """How much of a prompt the event log keeps."""

    OFF = "off"
    REDACTED_PREVIEW = "redacted_preview"
    FULL = "full"


class RoutingMode(StrEnum):
    """Who says where a request goes: the router, the request's ``model``, or the backend that has that model."""

    DECISION = "decision"
    MANUAL = "manual"
    PASSTHROUGH = "passthrough"


class Transport(StrEnum):
    """The way to backends over plain http: the gateway's own client, or httpx's."""

    LEAN = "lean"
    HTTPX = "httpx"


class Abort(StrEnum):
    """What becomes of an answer whose client has left: the connection is closed, or the answer is read to its end."""

    CLOSE = "close"
    DRAIN = "drain"


class ApprovalMode(StrEnum):
    """What becomes of a risky request: it is refused, or held until a person decides."""

    REJECT = "reject"
    HOLD = "hold"


class RuntimeTemplate(StrEnum):
    """Servers whose command is known; ``llama-router`` serves a whole folder of models."""

    LLAMA_SERVER = "llama-server"
    LLAMA_ROUTER = "llama-router"
    MLX_LM = "mlx-lm"


class WireProtocol(StrEnum):
    """The protocols that a model server may speak."""

    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    EMBEDDINGS = "embeddings"


@dataclass(frozen=True, slots=True)
class ApiKeyConfig:
    """One client's key: written out, or in a variable of the environment. It never appears in a ``repr``."""

    key: str | None = field(default=None, repr=False, metadata={"doc": "the key itself", "secret": True})
    env: str | None = field(default=None, metadata={"doc": "environment variable that holds the key", "format": "env"})


@dataclass(frozen=True, slots=True)
class ListenConfig:
    """The ``proxy`` section. ``api_key`` never appears in a ``repr``."""

    host: str = field(
        default="127.0.0.1",
        metadata={"doc": "address to listen on; beyond loopback a key is required", "format": "filled"},
    )
    port: int = field(default=8082, metadata={"doc": "port to listen on; 0 picks a free one", "min": 0, "max": 65535})
    model_ids: tuple[str, ...] = field(default=("model-router",), metadata={"doc": "names that /v1/models lists"})
    api_key: str | None = field(default=None, repr=False, metadata={"doc": "the key clients must send", "secret": True})
    api_key_env: str | None = field(
        default=None, metadata={"doc": "environment variable that holds the key", "format": "env"}
    )
    api_keys: Mapping[str, ApiKeyConfig] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={"doc": "keys by the name of who has them; events say which was used", "secret": True},
    )
    routing_profile: Profile = field(default=Profile.BALANCED, metadata={"doc": "how engines are weighed"})
    routing_mode: RoutingMode = field(
        default=RoutingMode.DECISION,
        metadata={"doc": "who picks: the router, the name in 'model', or the backend that has that model"},
    )
    aliases: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={"doc": "names that clients may send as 'model': the engine or backend they mean", "keys": "free"},
    )
    transport: Transport = field(
        default=Transport.LEAN, metadata={"doc": "the client to http backends; https always takes httpx's"}
    )
    keepalive_seconds: float = field(
        default=10.0, metadata={"doc": "a silent stream gets a comment this often; 0: never", "min": 0, "max": 3600}
    )

    @property
    def asks_for_key(self) -> bool:
        """Whether clients have to send a key."""
        return bool(self.api_key or self.api_key_env or self.api_keys)


@dataclass(frozen=True, slots=True)
class SafetyConfig:
    """How a blocked request is answered."""

    confirm_status: int = field(
        default=409, metadata={"doc": "409, or 400: the one status that no client retries", "enum": (409, 400)}
    )


@dataclass(frozen=True, slots=True)
class ApprovalsConfig:
    """Requests that wait for a person."""

    mode: ApprovalMode = field(
        default=ApprovalMode.REJECT, metadata={"doc": "refuse risky requests, or hold them until a person decides"}
    )
    ttl_seconds: float = field(default=300.0, metadata={"doc": "longest wait for a person", "min": 0.1, "max": 86400})
    retry_window_seconds: float = field(
        default=120.0, metadata={"doc": "repeats of one request are one entry, decided once", "min": 1, "max": 86400}
    )
    max_waiting: int = field(
        default=64, metadata={"doc": "wishes that may wait; more are refused", "min": 1, "max": 1000}
    )


@dataclass(frozen=True, slots=True)
class ObservabilityConfig:
    """The event log."""

    enabled: bool = True
    log_path: str = field(
        default="~/.model-router/logs/routing-events.jsonl", metadata={"doc": "JSON lines, mode 0600"}
    )
    max_bytes: int = field(default=10_485_760, metadata={"doc": "a file is rotated at this size", "min": 1024})
    backups: int = field(default=5, metadata={"doc": "rotated files that are kept", "min": 0, "max": 1000})
    prompt_capture: PromptCapture = field(default=PromptCapture.OFF, metadata={"doc": "text kept of each prompt"})


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """How backends are checked."""

    backend_timeout_seconds: float = field(default=1.0, metadata={"doc": "limit of one check", "min": 0.05, "max": 60})


@dataclass(frozen=True, slots=True)
class SessionsConfig:
    """How long a conversation stays with its model."""

    enabled: bool = field(default=True, metadata={"doc": "stay with one model while it makes sense"})
    ttl_seconds: float = field(default=14_400.0, metadata={"doc": "a silent conversation is forgotten", "min": 1})
    max_sessions: int = field(default=4096, metadata={"doc": "conversations remembered", "min": 1})
    move_freely_tokens: int = field(
        default=1_500, metadata={"doc": "shorter conversations move at once, they cost little", "min": 0}
    )
    falls_after: int = field(
        default=3, metadata={"doc": "so many easier turns in a row move a conversation down", "min": 1, "max": 100}
    )


@dataclass(frozen=True, slots=True)
class BreakerConfig:
    """When a failing backend rests."""

    window_seconds: float = field(default=30.0, metadata={"doc": "attempts that are looked at", "min": 1})
    min_requests: int = field(default=5, metadata={"doc": "attempts needed to judge", "min": 1})
    failure_rate: float = field(default=0.5, metadata={"doc": "share of failures that opens it", "min": 0.01, "max": 1})
    connect_failures: int = field(default=3, metadata={"doc": "so many in a row open it at once", "min": 1})
    rest_seconds: float = field(default=10.0, metadata={"doc": "first rest; doubles up to two minutes", "min": 0.05})


@dataclass(frozen=True, slots=True)
class RetriesConfig:
    """How much one request may try before it is told that nobody answered."""

    max_attempts: int = field(default=6, metadata={"doc": "attempts in all, all backends together", "min": 1})
    budget_seconds: float = field(default=15.0, metadata={"doc": "waiting between attempts, in all", "min": 0})
    patience_seconds: float = field(
        default=2.0, metadata={"doc": "a Retry-After longer than this: the next backend at once", "min": 0}
    )


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """Bounds on what a client may send."""

    max_connections: int = field(default=4096, metadata={"doc": "open connections of clients", "min": 1})
    request_seconds: float = field(default=120.0, metadata={"doc": "time to send a whole request", "min": 1})
    max_body_bytes: int = field(default=67_108_864, metadata={"doc": "largest request body", "min": 1024})
    max_depth: int = field(default=200, metadata={"doc": "deepest nesting of a JSON body", "min": 8, "max": 900})


@dataclass(frozen=True, slots=True)
class OverridesConfig:
    """What is changed in each request to a backend, after all else: fields by their name in the request."""

    set: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "always this value, whatever the client sent"}
    )
    default: Mapping[str, Any] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "this value when the client sent none"}
    )
    remove: tuple[str, ...] = field(default=(), metadata={"doc": "fields that are left out"})
    max_tokens_cap: int | None = field(
        default=None, metadata={"doc": "longest answer in tokens; a request for more asks for this", "min": 1}
    )


@dataclass(frozen=True, slots=True)
class RuntimeConfig:
    """A model server that the gateway starts and stops. Nothing here goes through a shell. Arguments may be keys, and
    are in no ``repr``.
    """

    command: tuple[str, ...] | None = field(
        default=None,
        repr=False,
        metadata={"doc": "program and arguments; {host} {port} {model} are those of the backend"},
    )
    template: RuntimeTemplate | None = field(
        default=None, metadata={"doc": "instead of command: a server whose arguments are known"}
    )
    model: str | None = field(
        default=None, metadata={"doc": "for the template: model file, folder or name", "format": "filled"}
    )
    arguments: tuple[str, ...] = field(default=(), repr=False, metadata={"doc": "further arguments for the template"})
    folder: str | None = field(default=None, metadata={"doc": "where it runs; none: where the gateway does"})
    ready_url: str | None = field(
        default=None,
        metadata={"doc": "answers 200 when it is ready; none: the template's, or base_url/models", "format": "url"},
    )
    ready_seconds: float = field(default=120.0, metadata={"doc": "longest start", "min": 0.1, "max": 3600})
    idle_seconds: float = field(
        default=900.0, metadata={"doc": "stopped when nobody has used it for so long; 0: never", "min": 0}
    )
    stop_seconds: float = field(default=5.0, metadata={"doc": "time to end by itself", "min": 0, "max": 60})
    log_path: str | None = field(
        default=None, metadata={"doc": "what it prints; none: ~/.model-router/logs/runtime-NAME.log"}
    )


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """One model server. ``base_url`` ends in ``/v1`` as clients write it.

    Neither ``api_key`` nor a login in the address ever appears in a ``repr``.
    """

    base_url: str = field(metadata={"doc": "address up to and with /v1", "format": "url"})
    model: str = field(metadata={"doc": "the name this server knows the model by", "format": "filled"})
    api_key: str | None = field(default=None, repr=False, metadata={"doc": "key for this server", "secret": True})
    api_key_env: str | None = field(
        default=None, metadata={"doc": "environment variable that holds the key", "format": "env"}
    )
    timeout_seconds: float = field(
        default=300.0, metadata={"doc": "longest silence while waiting for the server", "min": 0.1}
    )
    connect_timeout_seconds: float = field(default=5.0, metadata={"doc": "limit for connecting", "min": 0.05})
    first_byte_timeout_seconds: float | None = field(
        default=None, metadata={"doc": "limit for the answer to begin; none: timeout_seconds", "min": 0.1}
    )
    idle_timeout_seconds: float | None = field(
        default=None, metadata={"doc": "longest silence within an answer; none: timeout_seconds", "min": 0.1}
    )
    strip_tools: bool = field(default=False, metadata={"doc": "leave tools out of requests to this server"})
    max_context: int | None = field(default=None, metadata={"doc": "context in tokens, when known", "min": 1})
    protocols: tuple[WireProtocol, ...] | None = field(
        default=None, metadata={"doc": "endpoints it serves; none: it is asked once"}
    )
    overrides: OverridesConfig = field(default_factory=OverridesConfig)
    retries: int = field(default=1, metadata={"doc": "further attempts here before the next", "min": 0, "max": 10})
    parallel: int | None = field(default=None, metadata={"doc": "requests it takes at once; none: no limit", "min": 1})
    queue: int = field(default=64, metadata={"doc": "requests that may wait in line for it", "min": 0})
    abort: Abort = field(
        default=Abort.CLOSE, metadata={"doc": "drain: read an abandoned answer to its end, for servers that crash"}
    )
    stream_plain: bool | None = field(
        default=None,
        metadata={"doc": "ask for a stream even when the client wants none, so that leaving stops it; none: if known"},
    )
    runtime: RuntimeConfig | None = field(
        default=None, metadata={"doc": "have the gateway start and stop this server; none: it is there by itself"}
    )

    def __repr__(self) -> str:
        address = re.sub(r"//[^/]*@", "//", self.base_url)
        return f"BackendConfig({address!r}, {self.model!r})"


@dataclass(frozen=True, slots=True)
class ScreenConfig:
    """The application's own wishes."""

    keys: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}),
        metadata={"doc": "name of a key (as F1 shows it): the keys that do it, 'f' or 'f,ctrl+f'", "keys": "free"},
    )


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """Everything that ``routing_proxy.yaml`` says. ``source`` is the file it came from, empty when built in code."""

    schema_version: int = field(default=1, metadata={"doc": "version of this file's format", "min": 1, "max": 1})
    proxy: ListenConfig = field(default_factory=ListenConfig)
    router_config: str | None = field(
        default=None, metadata={"doc": "the catalog; none: the packaged one", "format": "filled"}
    )
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    approvals: ApprovalsConfig = field(default_factory=ApprovalsConfig)
    observability: ObservabilityConfig = field(default_factory=ObservabilityConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    sessions: SessionsConfig = field(default_factory=SessionsConfig)
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    retries: RetriesConfig = field(default_factory=RetriesConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    backends: Mapping[str, BackendConfig] = field(default_factory=lambda: MappingProxyType({}))
    engine_backends: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "engine: backend"}
    )
    fallback_backends: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "backend: those to try when it fails"}
    )
    screen: ScreenConfig = field(default_factory=ScreenConfig)
    source: str = field(default="", metadata={"internal": True})
