"""A gateway on a real port, over the backends that a test gives it."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from model_router.config.proxy import BackendConfig, ObservabilityConfig, ProxyConfig
from model_router.engine.routes import DEFAULT_TARGETS, HUMAN_CONFIRM
from model_router.server.events import RequestEvent
from model_router.server.gateway import Gateway
from model_router.server.opening import open_gateway
from model_router.server.thread import ServerThread
from tests.faults import servers
from tests.faults.servers import Behaviour, FaultServer

ENGINES = tuple(engine for engine in DEFAULT_TARGETS.values() if engine != HUMAN_CONFIRM)


@dataclass(slots=True)
class Running:
    """A gateway that serves, and a client without proxies for it."""

    gateway: Gateway
    thread: ServerThread
    client: httpx.Client

    @property
    def root(self) -> str:
        return self.gateway.address.removesuffix("/v1")

    def ask(self, text: str = "rewrite this text", *, stream: bool = False, **fields: Any) -> httpx.Response:
        """Send one chat request."""
        body = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": text}], **fields}
        return self.client.post("/v1/chat/completions", json=body)

    def post(self, content: bytes, path: str = "/v1/chat/completions") -> httpx.Response:
        """Send bytes as they are."""
        return self.client.post(path, content=content, headers={"content-type": "application/json"})

    def connect(self, text: str = "rewrite this text", *, stream: bool = False, **fields: Any) -> socket.socket:
        """Send a chat request on a socket of its own, and do not wait for the answer."""
        asked = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": text}], **fields}
        body = json.dumps(asked).encode()
        line = socket.create_connection(("127.0.0.1", int(self.root.rpartition(":")[2])), timeout=5)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body)
        return line

    def leave_after(self, seconds: float, *, stream: bool = False) -> None:
        """Send a chat request and close its connection after so many seconds."""
        with self.connect(stream=stream):
            time.sleep(seconds)

    def fresh_client(self) -> httpx.Client:
        """A client with connections of its own."""
        return httpx.Client(base_url=self.root, trust_env=False, timeout=10)

    def events(self, count: int, within: float = 3.0) -> list[RequestEvent]:
        """Exactly so many events: waits for them, then a little longer for one too many."""
        found: list[RequestEvent] = []
        deadline = time.monotonic() + within
        while len(found) < count and time.monotonic() < deadline:
            found += [live.event for live in self.gateway.ring.drain()]
            time.sleep(0.005)
        time.sleep(0.05)
        found += [live.event for live in self.gateway.ring.drain()]
        assert len(found) == count, [(event.outcome, event.status, event.error) for event in found]
        return found


def config_for(
    urls: Mapping[str, str],
    folder: Path,
    *,
    proxy: Mapping[str, Any] | None = None,
    backend: Mapping[str, Any] | None = None,
    each: Mapping[str, Mapping[str, Any]] | None = None,
    **changes: Any,
) -> ProxyConfig:
    """Every engine goes to the first backend; the others are its fallbacks, in order.

    ``proxy`` and ``backend`` are settings of those sections, ``each`` those of single backends, ``changes`` sections.
    """
    names = list(urls)
    common = {"model": "m", "connect_timeout_seconds": 1.0, **(backend or {})}
    config = ProxyConfig(
        backends={name: BackendConfig(url, **{**common, **(each or {}).get(name, {})}) for name, url in urls.items()},
        engine_backends=dict.fromkeys(ENGINES, names[0]),
        fallback_backends={names[0]: tuple(names[1:])},
        observability=ObservabilityConfig(log_path=str(folder / "events.jsonl")),
    )
    config = replace(config, proxy=replace(config.proxy, port=0, **(proxy or {})))
    return replace(config, **changes)


@contextlib.contextmanager
def serving(config: ProxyConfig, environ: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Start a gateway, stop it afterwards."""
    gateway = open_gateway(config, environ)
    thread = ServerThread(gateway)
    thread.start()
    root = gateway.address.removesuffix("/v1")
    try:
        with httpx.Client(base_url=root, trust_env=False, timeout=10) as client:
            yield Running(gateway, thread, client)
    finally:
        thread.stop(2)


@contextlib.contextmanager
def before(behaviour: Behaviour, folder: Path, **settings: Any) -> Iterator[tuple[Running, FaultServer]]:
    """A gateway before one backend, called ``one``; ``settings`` as in :func:`config_for`."""
    with (
        servers.running(behaviour) as backend,
        serving(config_for({"one": backend.base_url}, folder, **settings)) as running,
    ):
        yield running, backend
