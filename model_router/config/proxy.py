"""What ``routing_proxy.yaml`` may say, as frozen values. Names of keys are those of the file, SPEC section 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from model_router.engine.routes import Profile


class PromptCapture(StrEnum):
    """How much of a prompt the event log keeps."""

    OFF = "off"
    REDACTED_PREVIEW = "redacted_preview"
    FULL = "full"


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
    routing_profile: Profile = field(default=Profile.BALANCED, metadata={"doc": "how engines are weighed"})


@dataclass(frozen=True, slots=True)
class SafetyConfig:
    """How a blocked request is answered."""

    confirm_status: int = field(
        default=409, metadata={"doc": "409, or 400: the one status that no client retries", "enum": (409, 400)}
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
class LimitsConfig:
    """Bounds on what a client may send."""

    max_body_bytes: int = field(default=67_108_864, metadata={"doc": "largest request body", "min": 1024})
    max_depth: int = field(default=200, metadata={"doc": "deepest nesting of a JSON body", "min": 8, "max": 900})


@dataclass(frozen=True, slots=True)
class BackendConfig:
    """One model server. ``base_url`` ends in ``/v1`` as clients write it; ``api_key`` never appears in a ``repr``."""

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
    strip_tools: bool = field(default=False, metadata={"doc": "leave tools out of requests to this server"})
    max_context: int | None = field(default=None, metadata={"doc": "context in tokens, when known", "min": 1})


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """Everything that ``routing_proxy.yaml`` says. ``source`` is the file it came from, empty when built in code."""

    schema_version: int = field(default=1, metadata={"doc": "version of this file's format", "min": 1, "max": 1})
    proxy: ListenConfig = field(default_factory=ListenConfig)
    router_config: str | None = field(
        default=None, metadata={"doc": "the catalog; none: the packaged one", "format": "filled"}
    )
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    observability: ObservabilityConfig = field(default_factory=ObservabilityConfig)
    health: HealthConfig = field(default_factory=HealthConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    backends: Mapping[str, BackendConfig] = field(default_factory=lambda: MappingProxyType({}))
    engine_backends: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "engine: backend"}
    )
    fallback_backends: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({}), metadata={"doc": "backend: those to try when it fails"}
    )
    source: str = field(default="", metadata={"internal": True})
