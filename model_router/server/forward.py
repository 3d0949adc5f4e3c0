"""One forwarded request, from its bytes to its answer."""

from __future__ import annotations

import asyncio

import msgspec

from model_router.server.ask import read_ask
from model_router.server.ask_route import Pick
from model_router.server.backends import Backend
from model_router.server.call import Call
from model_router.server.gate import pass_gate
from model_router.server.gateway import Gateway
from model_router.server.headers import RawHeaders, forwarded_headers
from model_router.server.intake import Intake
from model_router.server.naming import read_name
from model_router.server.outlet import Outlet
from model_router.server.record import Record
from model_router.server.refusal import Refusal
from model_router.server.relay import relay
from model_router.server.routing import decide
from model_router.server.runtime.runtime import RuntimeState
from model_router.server.wire.endpoint import Endpoint
from model_router.server.wire.request import read_request

_JSON: RawHeaders = [(b"content-type", b"application/json")]


async def forward(
    gateway: Gateway, endpoint: Endpoint, intake: Intake, record: Record, outlet: Outlet, *, task: asyncio.Task[object]
) -> None:
    """Answer one request, in its task.

    Raises:
        Refusal: it cannot be read, no person has let it pass, or nobody answered it.
        ClientLeft: the client closed its connection while it was sending.
    """
    config = gateway.config
    request = read_request(endpoint, await intake.read(), config.limits.max_depth)
    intake.watch(outlet, gateway.later, task)
    record.stream = request.stream
    record.sent = request.body.raw
    record.body_bytes = len(record.sent)
    if request.stream:
        outlet.expect_stream(config.proxy.keepalive_seconds)
    record.ask = read_ask(request.body, intake.text_headers, endpoint.path)
    if record.key_name:  # whoever has another key cannot speak in this conversation
        record.ask = msgspec.structs.replace(record.ask, session=f"{record.key_name}/{record.ask.session}")
    wanted = read_name(gateway, request.model)
    choice = decide(gateway, record.ask, wanted, record)
    if isinstance(choice, Pick):
        choice, wanted = await pass_gate(gateway, record.ask, request, record=record, blocked=choice, outlet=outlet)
    record.engine, record.fallback = choice.engine, choice.moved
    call = Call(request, forwarded_headers(intake.headers), wanted.keeps_model, record, outlet)
    if endpoint.counts_tokens:
        await _count_tokens(gateway, choice.backends, call, record.ask.estimated_tokens)
    else:
        await relay(gateway, choice.backends, call)


async def _count_tokens(gateway: Gateway, backends: tuple[Backend, ...], call: Call, estimate: int) -> None:
    """The backend's own count where it has one, else the gateway's estimate: a client that counts must not be lost."""
    try:
        runtime = backends[0].runtime  # nobody starts a server to count
        there = runtime is None or runtime.state is RuntimeState.READY
        if there and await gateway.upstream.speaks(backends[0], call.request.endpoint.protocol):
            await relay(gateway, backends[:1], call)
            return
    except Refusal:
        pass
    call.record.end("ok", 200)
    await call.outlet.plain(200, _JSON, msgspec.json.encode({"input_tokens": estimate}))
