"""Gateways over the real model servers: once as they are, once as if they only had chat completions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.server.gateway import Gateway
from tests.support.llama import ENGINES, LlamaServer
from tests.support.proxy_file import write_proxy_file

NATIVE, TRANSLATED = "native", "translated"


@pytest.fixture(params=[NATIVE, TRANSLATED])
def way(request: pytest.FixtureRequest) -> str:
    """Whether the servers speak the client's protocol, or are said to speak chat alone."""
    name: str = request.param
    return name


@pytest.fixture
def gateway(
    way: str,
    llama_servers: dict[str, LlamaServer],
    serve_in_thread: Callable[[ProxyConfig], Gateway],
    tmp_path: Path,
) -> Gateway:
    """One server behind each engine; its answer names the engine."""
    seven = {engine: llama_servers[engine] for engine in ENGINES}
    only_chat = {"protocols": ["chat"]} if way == TRANSLATED else None
    return serve_in_thread(load_proxy(write_proxy_file(tmp_path, seven, backend=only_chat)))


def answer_of(engine: str) -> str:
    """What the scripted model behind an engine says to everything."""
    return f"This answer was made by {engine}."
