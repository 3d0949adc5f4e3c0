"""The HTTP surface: routes, and nothing that thinks."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

import msgspec
from quart import Quart, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestTimeout

from model_router.config.proxy import PromptCapture
from model_router.server.ask import read_ask
from model_router.server.backends import choose
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.relay import Outgoing, relay
from model_router.server.routing import decide
from model_router.server.upstream import forwarded_headers
from model_router.server.wire.openai_chat import read_chat
from model_router.version import __version__

_BODY_SECONDS = 120.0
_UNREAD_SECONDS = 2.0
_JSON = "application/json"
_ELSEWHERE = (
    ("/v1/messages", "The Anthropic endpoints are not served yet; use a client of the OpenAI chat API"),
    ("/v1/responses", "The responses endpoint is not served yet; set the client to chat completions"),
    ("/v1/completions", "Plain completions are not served yet"),
    ("/v1/embeddings", "Embeddings are not served yet"),
    ("/v1beta", "Gemini's endpoints are not served; use a client of the OpenAI chat API"),
    ("/api/", "Ollama's own endpoints are not served; use a client of the OpenAI chat API"),
    ("/chat/completions", "The base URL of the client must end in /v1"),
    ("/models", "The base URL of the client must end in /v1"),
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
        record = _new_record(gateway, headers)
        g.record = record
        if request.method == "POST":
            gateway.begin(record)
        if gateway.state is GatewayState.STOPPING:
            raise Refusal(503, "The gateway is stopping; try again in a moment.", kind="server_error", code="stopping")
        if request.path not in ("/", "/health") or request.method == "POST":
            gateway.guard.check(headers)

    @app.after_request
    async def name(response: Response) -> Response:
        record: Record = g.record
        _name_answer(response, record)
        return response

    @app.post("/v1/chat/completions")
    async def chat_completions() -> Response:
        try:
            return await _chat(gateway, g.record)
        except asyncio.CancelledError:
            if not g.record.stopped:
                raise  # the client left
            message = "The gateway was stopped before the answer came; send the request again."
            raise Refusal(503, message, kind="server_error", code="stopping") from None

    @app.get("/v1/models")
    async def models() -> Response:
        return _json({"object": "list", "data": [_model(gateway, name) for name in gateway.config.proxy.model_ids]})

    @app.get("/v1/models/<path:name>")
    async def model(name: str) -> Response:
        if name not in gateway.config.proxy.model_ids:
            known = ", ".join(gateway.config.proxy.model_ids)
            raise Refusal(404, f"Model '{name}' is not listed here; known: {known}.", code="model_not_found")
        return _json(_model(gateway, name))

    @app.get("/health")
    async def health() -> Response:
        gateway.guard.check_host(_headers())
        if not gateway.guard.knows_key(_headers()):
            return _json({"status": "ok" if _is_well(gateway) else "degraded"})
        await gateway.check_health()
        well = _is_well(gateway)
        return _json(_health_report(gateway, well), 200 if well else 503)

    @app.get("/")
    async def root() -> Response:
        gateway.guard.check_host(_headers())
        return _json({"name": "model-router", "version": __version__, "chat": "/v1/chat/completions"})

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


async def _chat(gateway: Gateway, record: Record) -> Response:
    limits = gateway.config.limits
    chat = read_chat(await _read_body(limits.max_body_bytes), limits.max_depth)
    record.stream = chat.stream
    record.ask = read_ask(chat.body, _headers())
    engine = decide(gateway, record.ask, record)
    choice = choose(engine, gateway.config, gateway.router.catalog, gateway.backends, record.ask.estimated_tokens)
    record.engine = choice.engine
    record.fallback = choice.moved
    outgoing = Outgoing(
        path="/chat/completions",
        body_for=lambda backend: chat.forwarded(backend.model, strip_tools=backend.config.strip_tools),
        headers=(*forwarded_headers(request.headers.items()), ("content-type", _JSON)),
    )
    return await relay(gateway.upstream, choice.backends, outgoing, record)


async def _read_body(limit: int) -> bytes:
    """The whole body, or a refusal when it is larger than ``limit`` bytes or takes longer than two minutes."""
    too_large = Refusal(413, f"The body is larger than {limit} bytes (limits.max_body_bytes).", code="body_too_large")
    if (request.content_length or 0) > limit:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for piece in request.body:
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise too_large
    except TimeoutError:
        raise RequestTimeout from None
    return b"".join(pieces)


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
    anthropic = request.path.startswith("/v1/messages")
    body = refusal.anthropic_body() if anthropic else refusal.body()
    return Response(body, refusal.status, {**refusal.headers, "content-type": _JSON})


def _as_refusal(error: HTTPException) -> Refusal:
    if isinstance(error, NotFound):
        path = "".join(character if character.isprintable() else "?" for character in request.path[:100])
        hint = next((text for start, text in _ELSEWHERE if request.path.startswith(start)), "")
        served = "served here: POST /v1/chat/completions, GET /v1/models, GET /health"
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


def _new_record(gateway: Gateway, headers: dict[str, str]) -> Record:
    agent = headers.get("user-agent", "").partition(" ")[0][:60]
    return Record(
        request_id=f"mr-{secrets.token_hex(6)}",
        protocol=request.path.removeprefix("/v1/")[:60],
        client="".join(character for character in agent if character.isprintable()),
        profile=str(gateway.config.proxy.routing_profile),
    )


def _name_answer(response: Response, record: Record) -> None:
    names = {
        "X-ModelRouter-Request-ID": record.request_id,
        "X-ModelRouter-Engine": record.engine,
        "X-ModelRouter-Backend": record.backend,
        "X-ModelRouter-Model": record.model,
    }
    for name, value in names.items():
        if value:
            response.headers[name] = _header_text(value)
    if record.pick is not None:
        response.headers["X-ModelRouter-Fallback"] = "true" if record.fallback else "false"
        response.headers["X-ModelRouter-Profile"] = record.profile
        response.headers["X-ModelRouter-Route-Us"] = f"{record.route_us}"


def _header_text(value: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in value)


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _json(value: dict[str, Any], status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, content_type=_JSON)


def _model(gateway: Gateway, name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": int(gateway.started_at or 0), "owned_by": "model-router"}


def _is_well(gateway: Gateway) -> bool:
    return gateway.router.config_valid and all(backend.healthy for backend in gateway.health)


def _health_report(gateway: Gateway, well: bool) -> dict[str, Any]:
    writer = gateway.writer
    return {
        "status": "ok" if well else "degraded",
        "version": __version__,
        "uptime_seconds": round(time.time() - (gateway.started_at or time.time()), 1),
        "router": {
            "config_valid": gateway.router.config_valid,
            "config_hash": gateway.router.config_hash,
            "ruleset_version": gateway.router.ruleset_version,
            "errors": list(gateway.router.config_errors),
        },
        "events": {
            "problem": writer.problem if writer is not None else "",
            "lost": writer.lost if writer is not None else 0,
            "prompt_capture": str(gateway.capture) if writer is not None else str(PromptCapture.OFF),
        },
        "backends": [
            {
                "name": backend.name,
                "base_url": backend.base_url,
                "model": backend.model,
                "reachable": backend.reachable,
                "advertises_model": backend.advertises_model,
                "latency_ms": backend.latency_ms,
                "detail": backend.detail,
            }
            for backend in gateway.health
        ],
    }
