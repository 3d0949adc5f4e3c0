"""A server for each test, on both event loops."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from model_router.server.http1.limits import HttpLimits
from tests.http1.serving import Application, Served, serving

Serve = Callable[..., Served]


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """An event loop of that kind."""
    factory = importlib.import_module("uvloop").new_event_loop if name == "uvloop" else asyncio.new_event_loop
    loop: asyncio.AbstractEventLoop = factory()
    return loop


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_name(request: pytest.FixtureRequest) -> str:
    """The standard event loop, and the one that is used where it exists."""
    name: str = request.param
    if name == "uvloop":
        pytest.importorskip("uvloop")
    return name


@pytest.fixture
def serve(loop_name: str) -> Iterator[Serve]:
    """Start servers; they are ended after the test, and must have nothing left and nothing said."""
    with contextlib.ExitStack() as stack:

        def start(
            app: Application,
            limits: HttpLimits | None = None,
            listener: socket.socket | None = None,
            **settings: Any,
        ) -> Served:
            return stack.enter_context(serving(app, loop_name, limits=limits, listener=listener, settings=settings))

        yield start
