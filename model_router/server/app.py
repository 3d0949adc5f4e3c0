"""The HTTP surface: routes, and nothing that thinks."""

from __future__ import annotations

import asyncio

from quart import Quart, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from model_router.server.control.pass_control import check_control, is_control
from model_router.server.control.surface import add_control
from model_router.server.gateway import Gateway
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.small_answers import admit, small_answer
from model_router.server.wire.endpoint import ENDPOINTS

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
    async def let_in() -> None:
        headers = _headers()
        record = gateway.arrive(request.path, headers.get("user-agent", ""))
        g.record = record
        if is_control(request.path):
            client, server = request.scope.get("client"), request.scope.get("server")
            peer, reached = client[0] if client else None, server[0] if server else None
            check_control(headers, gateway.token, gateway.config.proxy.host, peer, reached)
            return
        posts = request.method == "POST"
        if posts:
            gateway.begin(record)
        admit(gateway, request.path, headers, record, posts=posts)

    @app.after_request
    async def name(response: Response) -> Response:
        response.headers["X-ModelRouter-Request-ID"] = g.record.request_id
        return response

    @app.teardown_request
    async def finish(_: BaseException | None) -> None:
        gateway.finish(g.record)

    @app.get("/")
    @app.get("/health")
    @app.get("/v1/models")
    @app.get("/v1/models/<path:name>")
    async def small(**_: str) -> Response:
        # The door answers these before they come this far; here they are known for the sake of other methods.
        answer = await small_answer(gateway, request.path, _headers())
        return Response(answer.body, answer.status, content_type=_JSON)

    @app.get("/metrics")
    async def metrics() -> Response:
        gateway.write_events()
        text, kind = gateway.metrics.render(gateway)
        return Response(text, content_type=kind)

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
