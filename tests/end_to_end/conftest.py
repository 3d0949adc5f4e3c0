"""One gateway process over the seven servers, shared by the tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.support.gateway_process import GatewayProcess, serving
from tests.support.llama import ENGINES, LlamaServer
from tests.support.ports import free_ports
from tests.support.proxy_file import write_proxy_file

PROMPTS = {
    "fast_local": "rewrite this text",
    "balanced_local": "summarize these notes",
    "reasoning_local": "design a distributed task scheduler architecture",
    "code_agent": "fix the repo and run tests",
    "web_research": "search the web for the latest TypeScript release notes",
    "multimodal_vision": "extract text from this screenshot",
    "image_generation": "generate an image of a router dashboard",
}
"""The table of the README, without its last line, which no server answers."""


@pytest.fixture(scope="session")
def gateway(
    llama_servers: dict[str, LlamaServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """``model-router serve`` in a process of its own, one llama.cpp server behind each engine. Do not stop it."""
    (port,) = free_ports(1)
    seven = {engine: llama_servers[engine] for engine in ENGINES}
    config = write_proxy_file(
        tmp_path_factory.mktemp("serve"), seven, port=port, proxy={"model_ids": ["auto", "model-router"]}
    )
    with serving(config, port) as process:
        yield process


@pytest.fixture
def client(gateway: GatewayProcess) -> Iterator[openai.OpenAI]:
    """The SDK with its own defaults, retries included, pointed at the gateway process."""
    with openai.OpenAI(base_url=gateway.base_url, api_key="none", timeout=10) as sdk:
        yield sdk
