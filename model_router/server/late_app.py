"""The web application, made when somebody first asks for one of its paths: importing what it is made of takes longer
than all the rest of a start, and a gateway that nobody controls, measures or asks for what is not there needs none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from model_router.server.gateway import Gateway


class LateApp:
    """Passes each request on. Those that come while the application is made wait for it; others go on meanwhile."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._made: Callable[..., Awaitable[None]] | None = None
        self._making: asyncio.Task[Callable[..., Awaitable[None]]] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """One request."""
        app = self._made
        if app is None:
            if self._making is None:
                self._making = asyncio.get_running_loop().create_task(self._make())
            app = self._made = await asyncio.shield(self._making)
        await app(scope, receive, send)

    async def _make(self) -> Callable[..., Awaitable[None]]:
        return await asyncio.to_thread(_create, self._gateway)


def _create(gateway: Gateway) -> Callable[..., Awaitable[None]]:
    from model_router.server.app import create_app

    return create_app(gateway)
