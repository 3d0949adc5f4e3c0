"""The real clients, reading what the translators write, with their strict validation on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.canned_server import CannedServer, canned_server
from tests.translate.clients import AnthropicReader, OpenAIReader


@pytest.fixture(scope="session")
def canned() -> Iterator[CannedServer]:
    with canned_server() as server:
        yield server


@pytest.fixture(scope="session")
def claude(canned: CannedServer) -> Iterator[AnthropicReader]:
    with AnthropicReader(canned) as reader:
        yield reader


@pytest.fixture(scope="session")
def codex(canned: CannedServer) -> Iterator[OpenAIReader]:
    with OpenAIReader(canned) as reader:
        yield reader
