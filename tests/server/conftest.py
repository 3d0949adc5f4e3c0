"""Fixtures for the tests of the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import pytest

from model_router.config.proxy import RuntimeConfig
from tests.faults.gateways import Running, config_for, serving
from tests.server.managing import Managed
from tests.support.ports import free_ports


@pytest.fixture
def managed(tmp_path: Path, home: Path) -> Iterator[Managed]:
    """A gateway before one managed server; it starts none before the first request."""
    with ExitStack() as stack:

        def serve(runtime: RuntimeConfig, *, port: int | None = None, **settings: object) -> Running:
            url = f"http://127.0.0.1:{port or free_ports(1)[0]}/v1"
            config = config_for({"one": url}, tmp_path, backend={"runtime": runtime, "retries": 0}, **settings)
            running: AbstractContextManager[Running] = serving(config)
            return stack.enter_context(running)

        yield serve
