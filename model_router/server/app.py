"""The HTTP surface: routes, and nothing that thinks."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from quart import Quart, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from model_router.server.control.pass_control import check_control, is_control
from model_router.server.control.report import can_serve, health_report, is_well
from model_router.server.control.surface import add_control
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.listing import model_entry
from model_router.server.naming import engine_names, listed_names
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.wire.endpoint import ENDPOINTS
from model_router.version import __version__

_UNREAD_SECONDS = 2.0
_JSON = "application/json"
_ELSEWHERE = (
    ("/v1beta", "Gemini's endpoints are not served; use a client of the OpenAI chat API"),
    ("/api/", "Ollama's own endpoints are not served; use a client of the OpenAI chat API"),
    ("/chat/completions", "The base URL of the client must end in /v1"),
    ("/responses", "The base URL of the client must end in /v1"),
    ("/models", "The base URL of the client must end in /v1"),
    ("/v1/v1/", "The base URL of an Anthropic client must not end in /v1"),
)


def create_app(gateway: Gateway) -> Quart:
    """The Quart application over one gateway."""
    app = Quart("model_router.server")
    app.config.update(
        RESPONSE_TIMEOUT=None, BODY_TIMEOUT=None, MAX_CONTENT_LENGTH=None, PROVIDE_AUTOMATIC_OPTIONS=False
    )
    app.url_map.strict_slashes = False

    @app.before_request
    async def admit() -> None:
        headers = _headers()
        record = gateway.arrive(request.path, headers.get("user-agent", ""))
        g.record = record
        if is_control(request.path):
            client = request.scope.get("client")
            check_control(headers, gateway.token, gateway.config.proxy.host, client[0] if client else None)
            return
        if request.method == "POST":
            gateway.begin(record)
        if gateway.state is GatewayState.STOPPING:
            raise Refusal(503, "The gateway is stopping; try again in a moment.", kind="server_error", code="stopping")
        if request.path not in ("/", "/health") or request.method == "POST":
            record.key_name = gateway.guard.check(headers)

    @app.after_request
    async def name(response: Response) -> Response:
        response.headers["X-ModelRouter-Request-ID"] = g.record.request_id
        return response

    @app.teardown_request
    async def finish(_: BaseException | None) -> None:
        gateway.finish(g.record)

    @app.get("/v1/models")
    async def models() -> Response:
        listed = [model_entry(gateway, name) for name in listed_names(gateway)]
        ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"], "has_more": False} if listed else {}
        return _json({"object": "list", "data": listed, **ends})

    @app.get("/v1/models/<path:name>")
    async def model(name: str) -> Response:
        if name not in (known := [*listed_names(gateway), *engine_names(gateway)]):
            raise Refusal(404, f"Model '{name}' is not listed here; known: {', '.join(known)}.", code="model_not_found")
        return _json(model_entry(gateway, name))

    @app.get("/health")
    async def health() -> Response:
        gateway.guard.check_host(_headers())
        gateway.guard.check_page(_headers())
        if gateway.guard.key_name(_headers()) is None:
            return _json({"status": "ok" if is_well(gateway) else "degraded"})
        await gateway.check_health()
        return _json(health_report(gateway), 200 if can_serve(gateway) else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        gateway.write_events()
        text, kind = gateway.metrics.render(gateway)
        return Response(text, content_type=kind)

    @app.get("/")
    async def root() -> Response:
        gateway.guard.check_host(_headers())
        return _json({"name": "model-router", "version": __version__, "chat": "/v1/chat/completions"})

    add_control(app, gateway)
    _add_error_handlers(app)
    return app


def _add_error_handlers(app: Quart) -> None:
    @app.errorhandler(Refusal)
    async def refused(refusal: Refusal) -> Response:
        return await _refuse(refusal)

    @app.errorhandler(HTTPException)
    async def http_error(error: HTTPException) -> Response:
        return await _refuse(_as_refusal(error))

    @app.errorhandler(Exception)
    async def failed(error: Exception) -> Response:
        app.logger.exception("request %s failed", g.record.request_id, exc_info=error)
        message = f"The gateway failed on this request ({g.record.request_id}); its log says more."
        return await _refuse(Refusal(500, message, kind="server_error", code="internal_error"))


async def _skip_body() -> None:
    """Take in what the client is still sending, for a moment: an answer amid its sending would be lost to it."""
    try:
        async with asyncio.timeout(_UNREAD_SECONDS):
            async for _ in request.body:
                pass
    except TimeoutError:
        pass


async def _refuse(refusal: Refusal) -> Response:
    record: Record = g.record
    if record.outcome != "confirm":
        record.end("error", refusal.status, refusal.message)
    await _skip_body()
    anthropic = request.path.startswith("/v1/messages") or "anthropic-version" in request.headers
    body = refusal.anthropic_body() if anthropic else refusal.body()
    return Response(body, refusal.status, {**refusal.headers, "content-type": _JSON})


def _as_refusal(error: HTTPException) -> Refusal:
    if isinstance(error, NotFound):
        if request.path.rstrip("/") in ENDPOINTS:
            return _as_refusal(MethodNotAllowed(["POST"]))
        path = "".join(character if character.isprintable() else "?" for character in request.path[:100])
        hint = next((text for start, text in _ELSEWHERE if request.path.startswith(start)), "")
        served = f"served here: POST {', '.join(ENDPOINTS)}, GET /v1/models, /health"
        return Refusal(
            404, f"{path} is not served here. {hint + '; ' if hint else ''}{served}.", code="unknown_endpoint"
        )
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(set(error.valid_methods or ()) - {"OPTIONS"}))
        message = f"{request.path} does not take {request.method}; use {allowed}."
        return Refusal(405, message, code="method_not_allowed", headers={"allow": allowed})
    status = error.code or 500
    return Refusal(
        status, f"{error.name}: {error.description or ''}".rstrip(": "), code=error.name.lower().replace(" ", "_")
    )


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, content_type=_JSON)
