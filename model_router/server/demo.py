"""The demo: model servers of our own on a free loopback port, and clients that ask them things through the gateway.

Nothing here needs a model, a key or the internet, and nothing is written outside one temporary folder. The parts are
real (Quart on Hypercorn behind, httpx in front); only the answers are made up, and they say so.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import socket
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config as HypercornConfig
from quart import Quart, Response, request

from model_router.config.proxy import BackendConfig, ListenConfig, ObservabilityConfig, ProxyConfig
from model_router.errors import ServerError
from model_router.server.demo_asks import DEMO_ASKS, DemoAsk
from model_router.server.http.library import httpx

DEMO_MODELS: Mapping[str, str] = MappingProxyType(
    {
        "fast_local": "demo-fast",
        "balanced_local": "demo-balanced",
        "reasoning_local": "demo-reasoning",
        "code_agent": "demo-code",
        "web_research": "demo-research",
        "multimodal_vision": "demo-vision",
        "image_generation": "demo-image",
    }
)
"""Engine: the model id that stands for it."""

_FALLBACKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fast": ("balanced",),
        "balanced": ("fast",),
        "reasoning": ("balanced",),
        "code": ("reasoning", "balanced"),
        "research": ("balanced",),
    }
)

_THINKING_SECONDS: Mapping[str, float] = MappingProxyType({"demo-reasoning": 0.35, "demo-research": 0.25})
"""Time before the first word; others take 0.05 s."""

# One grey pixel: enough to be a picture part.
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


def demo_config(backends_port: int, folder: Path) -> ProxyConfig:
    """A proxy configuration whose backends are the demo's own, on a free port, with its event log in ``folder``."""
    address = f"http://127.0.0.1:{backends_port}/v1"
    return ProxyConfig(
        proxy=ListenConfig(host="127.0.0.1", port=0),
        observability=ObservabilityConfig(log_path=str(folder / "routing-events.jsonl")),
        backends=MappingProxyType(
            {_backend(model): BackendConfig(base_url=address, model=model) for model in DEMO_MODELS.values()}
        ),
        engine_backends=MappingProxyType({engine: _backend(model) for engine, model in DEMO_MODELS.items()}),
        fallback_backends=_FALLBACKS,
    )


def _backend(model: str) -> str:
    """``demo-code`` stands behind the backend ``code``."""
    return model.removeprefix("demo-")


def demo_app(word_seconds: float = 0.02) -> Quart:
    """The model servers: one application, one model id per engine. ``word_seconds`` is the pause between words."""
    app = Quart("model_router_demo")
    engines = {model: engine for engine, model in DEMO_MODELS.items()}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        listed = [{"id": model, "object": "model", "created": 0, "owned_by": "demo"} for model in engines]
        return {"object": "list", "data": listed}

    @app.post("/v1/chat/completions")
    async def chat() -> Response:
        body = await request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            return _error(400, "the body is not a JSON object", "invalid_request_error")
        model = body.get("model")
        if model not in engines:
            return _error(404, f"the demo has no model {model!r}", "model_not_found")
        words = _answer(str(model), engines[str(model)]).split(" ")
        pause = _THINKING_SECONDS.get(str(model), 0.05) if word_seconds else 0.0
        if body.get("stream") is True:
            options = body.get("stream_options")
            usage = isinstance(options, dict) and options.get("include_usage") is True
            stream = Response(
                _stream(str(model), words, pause, word_seconds, usage), content_type="text/event-stream; charset=utf-8"
            )
            stream.timeout = None
            return stream
        await asyncio.sleep(pause + word_seconds * len(words))
        message = {"role": "assistant", "content": " ".join(words)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return _json(_envelope("chat.completion", str(model)) | {"choices": [choice], "usage": _usage(words)})

    return app


def _answer(model: str, engine: str) -> str:
    return f"This is a demo. The engine {engine} was chosen, and the model {model} would answer here."


def _usage(words: list[str]) -> dict[str, int]:
    return {"prompt_tokens": 8, "completion_tokens": len(words), "total_tokens": 8 + len(words)}


def _envelope(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"demo-{time.time_ns():x}", "object": kind, "created": int(time.time()), "model": model}


async def _stream(model: str, words: list[str], pause: float, word_seconds: float, usage: bool) -> AsyncIterator[bytes]:
    """Server-sent events as an OpenAI client expects them: the role, word after word, the reason, the end."""
    head = _envelope("chat.completion.chunk", model)

    def event(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return b"data: " + json.dumps(head | {"choices": [choice]}).encode() + b"\n\n"

    await asyncio.sleep(pause)
    yield event({"role": "assistant", "content": ""})
    for position, word in enumerate(words):
        yield event({"content": word if position == 0 else " " + word})
        await asyncio.sleep(word_seconds)
    yield event({}, "stop")
    if usage:
        yield b"data: " + json.dumps(head | {"choices": [], "usage": _usage(words)}).encode() + b"\n\n"
    yield b"data: [DONE]\n\n"


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json")


def _error(status: int, message: str, code: str) -> Response:
    return _json({"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}, status)


class DemoBackends:
    """Runs :func:`demo_app` on a free loopback port in a thread of its own."""

    def __init__(self, word_seconds: float = 0.02) -> None:
        self.port = 0
        self._word_seconds = word_seconds
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Listen, and return once requests can come.

        Raises:
            ServerError: the thread did not come up within ten seconds.
        """
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        # The socket is listening already: a request that comes early waits in its queue. Hypercorn takes the
        # descriptor over, and closes it.
        descriptor = listener.detach()
        self._thread = threading.Thread(target=self._run, args=(descriptor,), name="demo-backends", daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise ServerError("the demo's model servers did not start", "try again; the machine may be very busy")

    def _run(self, descriptor: int) -> None:
        config = HypercornConfig()
        config.bind = [f"fd://{descriptor}"]
        config.errorlog = None
        config.graceful_timeout = 0.5

        async def main() -> None:
            self._loop = asyncio.get_running_loop()
            self._end = asyncio.Event()
            self._ready.set()
            # Hypercorn's parameter is annotated for callables that give None; it only waits for them.
            trigger: Callable[..., Awaitable[Any]] = self._end.wait
            await serve(demo_app(self._word_seconds), config, shutdown_trigger=trigger)

        asyncio.run(main())

    def stop(self, timeout: float = 5.0) -> None:
        """Stop listening and wait for the thread, at most ``timeout`` seconds. Harmless when not started."""
        if self._thread is None:
            return
        if self._loop is not None and self._end is not None:
            # The loop is closed already when the thread ended by itself.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(timeout)
        self._thread = None


class DemoTraffic:
    """A client that asks the gateway one sample after the other, in an order that ``seed`` fixes.

    ``start`` and ``stop`` may be called any number of times; ``sent`` counts the answers that came back whole.
    """

    def __init__(self, address: str, *, interval: float = 0.7, seed: int = 7, api_key: str | None = None) -> None:
        self.sent = 0
        self._address = address
        self._interval = interval
        self._headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._asks = _endless(seed)
        self._stop = threading.Event()
        self._switch = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether asks are being sent."""
        return self._thread is not None

    def start(self) -> None:
        """Begin to ask; nothing happens when that is so already."""
        with self._switch:
            if self._thread is None:
                self._stop.clear()
                self._thread = threading.Thread(target=self._run, name="demo-traffic", daemon=True)
                self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Stop asking; what is under way is left as soon as some of its answer is there, within ``timeout`` seconds."""
        with self._switch:
            if self._thread is not None:
                self._stop.set()
                self._thread.join(timeout)
                self._thread = None

    def _run(self) -> None:
        with httpx.Client(base_url=self._address, headers=self._headers, timeout=30, trust_env=False) as client:
            while not self._stop.is_set():
                try:
                    self._send(client, next(self._asks))
                except httpx.HTTPError:
                    # The gateway is stopping or starting: the screen shows that. Ask again later.
                    self._stop.wait(1.0)
                self._stop.wait(self._interval)

    def _send(self, client: httpx.Client, ask: DemoAsk) -> None:
        content: object = ask.text
        if ask.image:
            content = [{"type": "text", "text": ask.text}, {"type": "image_url", "image_url": {"url": _PIXEL}}]
        body = {"model": "model-router", "stream": ask.stream, "messages": [{"role": "user", "content": content}]}
        headers = {"User-Agent": ask.client}
        with client.stream("POST", "chat/completions", json=body, headers=headers) as response:
            for _ in response.iter_raw():
                if self._stop.is_set():
                    return
        self.sent += 1


def _endless(seed: int) -> Iterator[DemoAsk]:
    """The samples in their order once, so that the first minute shows every route; then shuffled for ever."""
    yield from DEMO_ASKS
    order = random.Random(seed)
    for _ in itertools.count():
        yield from order.sample(DEMO_ASKS, len(DEMO_ASKS))


class Demo:
    """Everything the demo needs beside the gateway: a temporary folder, the model servers, the configuration.

    ``close`` stops the servers and removes the folder; it may be called twice.
    """

    def __init__(self, word_seconds: float = 0.02) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="model-router-demo-")
        self._backends = DemoBackends(word_seconds)
        try:
            self._backends.start()
        except ServerError:
            self._folder.cleanup()
            raise
        self.config = demo_config(self._backends.port, self.folder)

    @property
    def folder(self) -> Path:
        """The one place where the demo writes."""
        return Path(self._folder.name)

    def close(self) -> None:
        """Stop the model servers and remove the folder."""
        self._backends.stop()
        self._folder.cleanup()
