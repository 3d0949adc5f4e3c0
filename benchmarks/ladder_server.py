"""One rung of the ladder: a proxy or the gateway, with parts exchanged for what they replaced. Ends on SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

import httpx
from hypercorn.asyncio import serve
from quart import Quart, Response, request

from benchmarks import load
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.server.app import create_app
from model_router.server.door import Door
from model_router.server.events import EventRing
from model_router.server.gateway import GatewayState
from model_router.server.http1.serve import serve_fast
from model_router.server.opening import open_gateway
from model_router.server.thread import bind, hypercorn_config


def main() -> None:
    """Serve the proxy file's address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--app", choices=("quart", "gateway"), default="gateway")
    parser.add_argument("--protocol", choices=("hypercorn", "own"), default="own")
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="uvloop")
    parser.add_argument("--collector", choices=("as it is", "quiet"), default="quiet")
    options = parser.parse_args()
    config = load_proxy(options.config, os.environ)
    with asyncio.Runner(loop_factory=load.loop_factory(options.loop)) as runner:
        runner.run(_run(config, options))


async def _run(config: ProxyConfig, options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = serve_fast if options.protocol == "own" else serve
    if options.collector == "quiet":
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 1_000)
    if options.app == "quart":
        app: Any = _minimal(config)
        await server(app, hypercorn_config(bind(config.proxy)), shutdown_trigger=stop.wait)
        return
    gateway = open_gateway(config)
    gateway.ring = EventRing(0)
    gateway.open()
    gateway.state = GatewayState.SERVING
    try:
        door: Any = Door(gateway, create_app(gateway))
        await server(door, hypercorn_config(bind(config.proxy)), shutdown_trigger=stop.wait)
    finally:
        await gateway.close()


def _minimal(config: ProxyConfig) -> Quart:
    """The proxy that one writes first: no routing, no events, one client for all requests."""
    app = Quart("minimal")
    (backend,) = config.backends.values()
    client = httpx.AsyncClient(limits=httpx.Limits(max_connections=2_000, max_keepalive_connections=200), timeout=300)

    @app.get("/v1/models")
    async def models() -> Response:
        return Response(b"{}", content_type="application/json")

    @app.post("/v1/chat/completions")
    async def chat() -> Response:
        body = await request.get_json()
        body["model"] = backend.model
        answer = await client.post(f"{backend.base_url}/chat/completions", json=body)
        return Response(answer.content, answer.status_code, content_type=answer.headers["content-type"])

    return app


if __name__ == "__main__":
    main()
