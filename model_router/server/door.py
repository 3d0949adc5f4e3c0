"""The door for requests that go on to a model server: an ASGI callable in front of the web application.

It does what a framework would do for them and no more, because each microsecond here is paid by every request. The
gateway's small answers are given here too, so that the web application, which has all other paths, is made late.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

from model_router.server.forward import forward
from model_router.server.gateway import Gateway
from model_router.server.headers import RawHeaders
from model_router.server.intake import Intake, Receive
from model_router.server.outlet import ClientLeft, Outlet, Send
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.small_answers import admit, is_small, small_answer
from model_router.server.wire.endpoint import ENDPOINTS, Endpoint

Scope: TypeAlias = dict[str, Any]
App: TypeAlias = Callable[..., Awaitable[None]]

_LOOKING: Final = ("GET", "HEAD")

logger = logging.getLogger(__name__)


class Door:
    """The whole application: forwarded requests and small answers here, the rest to ``app``.

    ``ready`` is called when the server is about to take requests.
    """

    def __init__(self, gateway: Gateway, app: App, ready: Callable[[], None] | None = None) -> None:
        self._gateway = gateway
        self._app = app
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the server's own start and stop."""
        endpoint: Endpoint | None = None
        if scope["type"] == "http":
            path, method = scope["path"], scope["method"]
            if method == "POST":
                endpoint = ENDPOINTS.get(path) or ENDPOINTS.get(path.rstrip("/"))
            elif method in _LOOKING and is_small(path):
                await self._look(scope, receive, send)
                return
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        await self._forward(endpoint, scope, receive, send)

    async def _forward(self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send) -> None:
        gateway = self._gateway
        intake = Intake(receive, scope["headers"], gateway.config.limits)
        record = gateway.arrive(endpoint.path, intake.text_headers.get("user-agent", ""))
        outlet = Outlet(send, endpoint, record)
        task = gateway.begin(record)
        try:
            admit(gateway, endpoint.path, intake.text_headers, record, posts=True)
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
            await _refuse(_failed(record), intake, outlet)
        finally:
            intake.close()
            outlet.close()
            gateway.finish(record)

    async def _look(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One of the small answers; such a request is not counted and gets no event."""
        gateway, path = self._gateway, scope["path"]
        intake = Intake(receive, scope["headers"], gateway.config.limits)
        headers = intake.text_headers
        record = gateway.arrive(path, headers.get("user-agent", ""))
        more: RawHeaders = []
        try:
            admit(gateway, path, headers, record)
            body, status = await small_answer(gateway, path, headers)
        except Refusal as refusal:
            body, status, more = await _refused(refusal, intake)
        except Exception as error:
            logger.exception("request %s failed", record.request_id, exc_info=error)
            body, status, more = await _refused(_failed(record), intake)
        names = (b"x-modelrouter-request-id", record.request_id.encode())
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *more, names]
        body = b"" if scope["method"] == "HEAD" else body
        with contextlib.suppress(ConnectionError):  # the client has left
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        """The server's start and stop; the gateway's own are in other hands."""
        await receive()
        if self._ready is not None:
            self._ready()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _refuse(refusal: Refusal, intake: Intake, outlet: Outlet) -> None:
    await intake.skip()
    with contextlib.suppress(ClientLeft):
        await outlet.refuse(refusal)


async def _refused(refusal: Refusal, intake: Intake) -> tuple[bytes, int, RawHeaders]:
    """Body, status and headers of an answer without an endpoint: the client's headers tell whose client it is."""
    await intake.skip()
    body = refusal.anthropic_body() if "anthropic-version" in intake.text_headers else refusal.body()
    return body, refusal.status, [(name.encode(), value.encode()) for name, value in refusal.headers.items()]


def _failed(record: Record) -> Refusal:
    message = f"The gateway failed on this request ({record.request_id}); its log says more."
    return Refusal(500, message, kind="server_error", code="internal_error")


def _stopping(message: str) -> Refusal:
    return Refusal(503, message, kind="server_error", code="stopping")


def _take_back_cancel(task: asyncio.Task[object]) -> None:
    """The cancellation was ours and has done its work; the task goes on to its own end."""
    while task.cancelling():
        task.uncancel()
