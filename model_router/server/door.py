"""The door for requests that go on to a model server: an ASGI callable in front of the web application.

It does what a framework would do for them and no more, because each microsecond here is paid by every request. All
other paths are the web application's.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from model_router.server.forward import forward
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.intake import Intake, Receive
from model_router.server.outlet import ClientLeft, Outlet, Send
from model_router.server.refusal import Refusal
from model_router.server.wire.endpoint import ENDPOINTS, Endpoint

Scope: TypeAlias = dict[str, Any]
App: TypeAlias = Callable[..., Awaitable[None]]

logger = logging.getLogger(__name__)


class Door:
    """The whole application: forwarded requests here, the rest to ``app``."""

    def __init__(self, gateway: Gateway, app: App) -> None:
        self._gateway = gateway
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's own start and stop."""
        endpoint: Endpoint | None = None
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            endpoint = ENDPOINTS.get(path) or ENDPOINTS.get(path.rstrip("/"))
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        gateway = self._gateway
        intake = Intake(receive, scope["headers"], gateway.config.limits)
        record = gateway.arrive(endpoint.path, intake.text_headers.get("user-agent", ""))
        outlet = Outlet(send, endpoint, record)
        task = gateway.begin(record)
        try:
            if gateway.state is GatewayState.STOPPING:
                raise _stopping("The gateway is stopping; try again in a moment.")
            record.key_name = gateway.guard.check(intake.text_headers)
            await forward(gateway, endpoint, intake, record, outlet, task=task)
        except Refusal as refusal:
            await _refuse(refusal, intake, outlet)
        except ClientLeft:
            pass
        except asyncio.CancelledError:
            if not (intake.left or record.stopped):
                raise
            _take_back_cancel(task)
            if outlet.finished and not intake.left:
                sentence = "The gateway was stopped before the client had read the whole answer."
                record.end("broken", record.status, sentence)
            elif not intake.left:
                message = "The gateway was stopped before the answer came; send the request again."
                await _refuse(_stopping(message), intake, outlet)
        except Exception as error:
            logger.exception("request %s failed", record.request_id, exc_info=error)
            message = f"The gateway failed on this request ({record.request_id}); its log says more."
            await _refuse(Refusal(500, message, kind="server_error", code="internal_error"), intake, outlet)
        finally:
            intake.close()
            outlet.close()
            gateway.finish(record)


async def _refuse(refusal: Refusal, intake: Intake, outlet: Outlet) -> None:
    await intake.skip()
    with contextlib.suppress(ClientLeft):
        await outlet.refuse(refusal)


def _stopping(message: str) -> Refusal:
    return Refusal(503, message, kind="server_error", code="stopping")


def _take_back_cancel(task: asyncio.Task[object]) -> None:
    """The cancellation was ours and has done its work; the task goes on to its own end."""
    while task.cancelling():
        task.uncancel()
