"""The paths below ``/control``. Who may call them is settled before (:mod:`pass_control`)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
from quart import Quart, Response, request

from model_router.engine.routes import Profile
from model_router.errors import ServerError
from model_router.server.control.journal import Batch
from model_router.server.control.report import approval_row, health_report, state_report
from model_router.server.gateway import Gateway
from model_router.server.happenings import GatewayEvent
from model_router.server.refusal import Refusal
from model_router.server.reload import Reloads
from model_router.server.runtime.printed import tail
from model_router.server.runtime.process import RuntimeFailed
from model_router.server.runtime.runtime import Runtime, RuntimeSnapshot

_JSON = "application/json"
_SIGN_SECONDS = 10.0
_LARGEST_BODY = 65_536
_PEOPLE = ("cli", "attached")
_NUMBER = re.compile(r"[0-9]{1,17}")


def add_control(app: Quart, gateway: Gateway) -> None:
    """Add the control surface to the application."""

    @app.get("/control/state")
    async def state() -> Response:
        return _json(state_report(gateway))

    @app.get("/control/health")
    async def control_health() -> Response:
        await gateway.check_health()
        return _json(health_report(gateway))

    @app.get("/control/sessions")
    async def sessions() -> Response:
        return _json({"sessions": gateway.sessions.list()})

    @app.post("/control/sessions/forget")
    async def forget() -> Response:
        found = gateway.sessions.forget(_text(await _body(), "session"))
        return _json({"forgotten": found})

    @app.post("/control/reload")
    async def reload() -> Response:
        event = await asyncio.to_thread(_reloader(gateway).reload, _who(await _body()))
        return _json(event)

    @app.post("/control/profile")
    async def profile() -> Response:
        body = await _body()
        name = _text(body, "profile")
        if name not in {one.value for one in Profile}:
            known = " ".join(one.value for one in Profile)
            raise Refusal(400, f"No profile is called '{name[:40]}'; known: {known}.", code="unknown_profile")
        event = await asyncio.to_thread(_reloader(gateway).switch_profile, Profile(name), _who(body))
        return _json(event)

    _add_approvals(app, gateway)
    _add_runtimes(app, gateway)
    _add_events(app, gateway)


def _add_approvals(app: Quart, gateway: Gateway) -> None:
    @app.get("/control/approvals")
    async def approvals() -> Response:
        settings = gateway.config.approvals
        rows = [approval_row(one) for one in gateway.approvals.list()]
        return _json({"mode": settings.mode.value, "ttl_seconds": settings.ttl_seconds, "approvals": rows})

    @app.post("/control/approvals/<request_id>/<decision>")
    async def decide(request_id: str, decision: str) -> Response:
        body = await _body()
        who, note = _who(body), _text(body, "note", "")
        try:
            if decision == "approve":
                session = body.get("session", False) is True
                found = gateway.approvals.approve(request_id, who, session=session, note=note)
            elif decision == "deny":
                found = gateway.approvals.deny(request_id, who, note=note)
            else:
                raise Refusal(404, "A request is approved or denied.", code="unknown_endpoint")
        except ServerError as error:
            raise Refusal(409, error.message, code="not_waiting") from None
        return _json(approval_row(found))


def _add_runtimes(app: Quart, gateway: Gateway) -> None:
    def named(name: str) -> Runtime:
        runtime = gateway.runtimes().get(name)
        if runtime is None:
            known = ", ".join(gateway.runtimes()) or "none"
            raise Refusal(404, f"No backend '{name[:64]}' has a runtime; known: {known}.", code="unknown_runtime")
        return runtime

    @app.get("/control/runtimes")
    async def runtimes() -> Response:
        return _json({"runtimes": [_row(name, one) for name, one in gateway.runtimes().items()]})

    @app.post("/control/runtimes/<name>/<action>")
    async def act(name: str, action: str) -> Response:
        runtime, who = named(name), _who(await _body())
        if action not in ("start", "stop", "restart"):
            raise Refusal(404, "A runtime is started, stopped or restarted.", code="unknown_endpoint")
        reason = f"a person has said so ({who})"
        try:
            if action != "start":
                await runtime.clear(reason)
            if action != "stop":
                await runtime.start(reason)
        except RuntimeFailed as failed:
            raise Refusal(409, f"'{name}' {failed}.", code="runtime_failed") from None
        return _json(_row(name, runtime))

    @app.get("/control/runtimes/<name>/logs")
    async def logs(name: str) -> Response:
        lines = min(_number(request.args.get("lines", ""), 100), 10_000)
        path = named(name).launch.log
        return _json({"log": str(path), "lines": await asyncio.to_thread(tail, path, lines)})


def _add_events(app: Quart, gateway: Gateway) -> None:
    journal = gateway.journal

    @app.get("/control/events")
    async def events() -> Response:
        """From ``after``, else from the ``Last-Event-ID`` of a client that comes back, else from now on."""
        gateway.write_events()
        asked = request.args.get("after") or request.headers.get("last-event-id") or ""
        start = _number(asked, journal.newest)

        async def stream() -> AsyncIterator[bytes]:
            cursor = start
            yield b": the events of this gateway\n\n"
            while True:
                batch = journal.after(cursor)
                yield _pieces(batch)
                cursor = batch.cursor
                if journal.closed and cursor >= journal.newest:
                    return
                try:
                    async with asyncio.timeout(_SIGN_SECONDS):
                        await journal.more(cursor)
                except TimeoutError:
                    yield b": nothing new\n\n"

        response = Response(stream(), content_type="text/event-stream; charset=utf-8")
        response.headers["cache-control"] = "no-cache"
        response.timeout = None
        return response


def _row(name: str, runtime: Runtime) -> RuntimeSnapshot:
    """Several backends may have one server."""
    return replace(runtime.snapshot(), backend=name)


def _pieces(batch: Batch) -> bytes:
    """Events as server-sent ones; a gap is told first, with the number from which it goes on."""
    found = []
    if batch.missed:
        found.append(_event("gap", batch.first - 1, msgspec.json.encode({"missed": batch.missed})))
    for number, event in enumerate(batch.events, batch.first):
        kind = _kind(event) if isinstance(event, GatewayEvent) else "request"
        found.append(_event(kind, number, msgspec.json.encode(event)))
    return b"".join(found)


def _kind(event: GatewayEvent) -> str:
    return str(type(event).__struct_config__.tag)


def _event(kind: str, number: int, data: bytes) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


async def _body() -> dict[str, Any]:
    """A small JSON object; nothing at all is an empty one.

    Raises:
        Refusal: 400 or 413.
    """
    if (request.content_length or 0) > _LARGEST_BODY:
        raise Refusal(413, "The body is too large.", code="body_too_large")
    data = b""
    async for piece in request.body:
        data += piece
        if len(data) > _LARGEST_BODY:
            raise Refusal(413, "The body is too large.", code="body_too_large")
    try:
        value = msgspec.json.decode(data) if data else {}
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Refusal(400, "The body has to be a JSON object.", code="invalid_json")
    return value


def _text(body: dict[str, Any], name: str, default: str | None = None) -> str:
    value = body.get(name, default)
    if not isinstance(value, str):
        raise Refusal(400, f"'{name}' has to be a text.", param=name)
    return value


def _number(text: str, default: int) -> int:
    return int(text) if _NUMBER.fullmatch(text) else default


def _who(body: dict[str, Any]) -> str:
    """Which of the programs that may call this it is; for the record."""
    who = _text(body, "who", "cli")
    if who not in _PEOPLE:
        raise Refusal(400, f"'who' is one of: {' '.join(_PEOPLE)}.", param="who")
    return who


def _reloader(gateway: Gateway) -> Reloads:
    if gateway.reloader is None:
        raise Refusal(503, "The gateway is not open.", kind="server_error", code="stopping")
    return gateway.reloader


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, content_type=_JSON)
