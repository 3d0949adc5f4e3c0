"""Fixtures that every folder of tests may use. Heavy imports stand inside the fixtures that need them."""

from __future__ import annotations

import logging
import os
import signal
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from model_router.config.proxy import ProxyConfig
    from model_router.server.gateway import Gateway
    from tests.support.llama import LlamaServer

_OUTSIDE = ("OPENAI_", "ANTHROPIC_", "MODEL_ROUTER_", "HF_", "LLAMA_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

# How long one example takes says more of the machine than of the product.
settings.register_profile("product", deadline=None)
settings.load_profile("product")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a run in the background: what tests interrupt would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _closed_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the person's own files, keys and proxies out of the tests, and the tests out of the person's home."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(_OUTSIDE) or name in _PROXIES:
                patch.delenv(name)
        patch.setenv("MODEL_ROUTER_HOME", str(tmp_path_factory.mktemp("model-router-home")))
        patch.setenv("NO_PROXY", "*")
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_connection_outlives_its_loop() -> Iterator[None]:
    """Close what a test's own server had just taken in when its loop was closed.

    asyncio leaves the socket of a handler that has not begun to the collector, which then fails some later test.
    """
    close = BaseSelectorEventLoop.close

    def close_with_connections(loop: BaseSelectorEventLoop) -> None:
        left = [one for one in getattr(loop, "_transports", {}).values() if not one.is_closing()]
        if left and not loop.is_closed():
            for transport in left:
                transport.abort()
            loop.call_soon(loop.stop)
            loop.run_forever()
        close(loop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseSelectorEventLoop, "close", close_with_connections)
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user folder of this test's own; ``MODEL_ROUTER_HOME`` names it."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("MODEL_ROUTER_HOME", str(folder))
    return folder


@pytest.fixture
def free_port() -> int:
    """A port that was free a moment ago."""
    from tests.support.ports import free_ports

    return free_ports(1)[0]


@pytest.fixture
def serve_in_thread() -> Iterator[Callable[[ProxyConfig], Gateway]]:
    """Start a gateway in a thread of this process, as the application does; all are stopped after the test."""
    from model_router.server.opening import open_gateway
    from model_router.server.thread import ServerThread

    threads: list[ServerThread] = []

    def serve(config: ProxyConfig) -> Gateway:
        gateway = open_gateway(config)
        thread = ServerThread(gateway)
        thread.start()
        threads.append(thread)
        return gateway

    yield serve
    for thread in threads:
        thread.stop()


@pytest.fixture(scope="session")
def llama_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LlamaServer]]:
    """Real llama.cpp servers by engine, and ``endless``, one that never stops talking. Do not stop these."""
    from tests.support import llama

    if reason := llama.why_unavailable():
        pytest.skip(reason)
    models = {engine: llama.engine_model(engine) for engine in llama.ENGINES} | {"endless": llama.endless_model()}
    with llama.running(list(models.values()), tmp_path_factory.mktemp("llama")) as servers:
        yield {engine: servers[model.name] for engine, model in models.items()}


class _Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.seen.append(error or RuntimeError(record.getMessage()))


@pytest.fixture(autouse=True)
def failures() -> Iterator[list[BaseException]]:
    """What the application survived. A test that did not mean it fails with it; one that did takes it out."""
    logger, errors = logging.getLogger("model_router.tui.failures"), _Errors()
    logger.addHandler(errors)
    try:
        yield errors.seen
    finally:
        logger.removeHandler(errors)
    for error in errors.seen:
        raise error
