"""The server in a thread of its own: a clean start, a drained stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib
import logging
import os
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from hypercorn.config import Config

from model_router.config.proxy import ListenConfig
from model_router.errors import ServerError
from model_router.server.control.run_file import OwnRunFile, write_run_file
from model_router.server.door import Door
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.http1.limits import HttpLimits
from model_router.server.http1.serve import serve_fast
from model_router.server.late_app import LateApp

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_KEEP_ALIVE_SECONDS = 300.0
_MANY = 2**31
_BACKLOG = 512


class ServerThread:
    """Runs a gateway's server. Used once: a second start needs a new one."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None
        self._run_file: OwnRunFile | None = None

    @property
    def running(self) -> bool:
        """Whether the thread is alive."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, timeout: float = 10.0) -> None:
        """Bind the port, start the thread, and come back when requests are answered.

        Raises:
            ServerError: the port is taken, the address cannot be used, a key is missing, or the start took longer
                than ``timeout`` seconds.
        """
        if self._thread is not None:
            raise ServerError("This server was started before.", "Make a new one to start again.")
        gateway = self._gateway
        gateway.state = GatewayState.STARTING
        try:
            gateway.guard  # noqa: B018 - reads the key, which may be missing
            listener = bind(gateway.config.proxy)
        except ServerError:
            gateway.state = GatewayState.FAILED
            raise
        port = listener.getsockname()[1]
        address = f"http://{_shown_host(gateway.config.proxy.host)}:{port}"
        gateway.address = f"{address}/v1"
        if not gateway.demo:
            self._run_file = write_run_file(gateway.environ, address, port, gateway.token)
        self._thread = threading.Thread(target=self._run, args=(listener,), name="model-router-server", daemon=True)
        self._thread.start()
        if not self._ready.wait(timeout) or self._error is not None:
            gateway.state = GatewayState.FAILED
            self._remove_run_file()
            reason = f": {self._error}" if self._error is not None else f" within {timeout:g} s"
            raise ServerError(f"The server did not start{reason}.", "Its log says more.")
        gateway.state = GatewayState.SERVING

    def stop(self, timeout: float = 10.0) -> None:
        """Refuse new requests, let those under way end (at most ``timeout`` seconds), and end the thread."""
        thread, loop, stop = self._thread, self._loop, self._stop
        self._remove_run_file()
        if thread is None or loop is None or stop is None or not thread.is_alive():
            self._gateway.state = GatewayState.STOPPED
            return
        try:
            draining = asyncio.run_coroutine_threadsafe(self._drain(stop, timeout), loop)
            draining.result(timeout + 5)
        except (RuntimeError, TimeoutError):
            logger.warning("the server did not drain in time")
        thread.join(5)
        if self._gateway.state is not GatewayState.FAILED:
            self._gateway.state = GatewayState.STOPPED

    def hurry(self) -> None:
        """Let a stop under way wait no longer: what is left is ended and told now."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._gateway.hurry)

    def submit(self, coroutine: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Run something on the server's loop, from any other thread.

        Raises:
            ServerError: the server is not running.
        """
        if self._loop is None or not self.running:
            coroutine.close()
            raise ServerError("The server is not running.", "Start it first.")
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:  # the loop has ended meanwhile
            coroutine.close()
            raise ServerError("The server is not running.", "Start it first.") from None

    async def _drain(self, stop: asyncio.Event, seconds: float) -> None:
        await self._gateway.drain(seconds)
        self._gateway.write_events()
        self._gateway.journal.close()
        stop.set()

    def _run(self, listener: socket.socket) -> None:
        loop = _new_loop()
        self._loop = loop
        try:
            asyncio.set_event_loop(loop)
            loop.run_until_complete(self._serve(listener))
        except Exception as error:
            logger.exception("the server ended with an error")
            self._error = error
            self._gateway.state = GatewayState.FAILED
        finally:
            self._remove_run_file()
            self._loop = None  # whoever comes from now on is told; what came before is ended
            _close_loop(loop)
            self._ready.set()

    def _remove_run_file(self) -> None:
        file, self._run_file = self._run_file, None
        if file is not None:
            file.remove()

    async def _serve(self, listener: socket.socket) -> None:
        self._stop = asyncio.Event()
        door = Door(self._gateway, LateApp(self._gateway), self._ready.set)
        self._gateway.open()
        try:
            config = hypercorn_config(listener)
            limits = HttpLimits(connections=self._gateway.config.limits.max_connections)
            await serve_fast(door, config, shutdown_trigger=self._stop.wait, limits=limits)
        finally:
            await self._gateway.close()


def hypercorn_config(listener: socket.socket) -> Config:
    """Hypercorn's settings; it takes the socket over.

    Its defaults close a connection after five idle seconds or a thousand requests, in the middle of an agent's work,
    and write to the terminal that the screen owns.
    """
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = None
    config.errorlog = logging.getLogger("model_router.server.http")
    config.loglevel = "WARNING"
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.keep_alive_max_requests = _MANY
    config.h11_max_incomplete_size = 65_536
    config.include_server_header = False
    config.graceful_timeout = 1.0
    config.backlog = _BACKLOG
    return config


def bind(listen: ListenConfig) -> socket.socket:
    """A listening socket.

    Raises:
        ServerError: one sentence that says why not, and what to do.
    """
    host, port = listen.host.strip("[]"), listen.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError, OSError):
        raise ServerError(f"{host!r} is not an address of this machine.", "Set proxy.host to 127.0.0.1.") from None
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise _bind_error(error, host, port) from None
    return listener


def can_listen(port: int) -> bool:
    """Whether a program could listen there on loopback now: it is tried, and let go."""
    try:
        bind(ListenConfig(port=port)).close()
    except ServerError:
        return False
    return True


def _bind_error(error: OSError, host: str, port: int) -> ServerError:
    other = "choose another port: `model-router serve --port 8083`, or proxy.port in the file"
    if error.errno == errno.EADDRINUSE:
        return ServerError(
            f"Port {port} on {host} is in use.", f"Stop the program that listens there (another gateway?), or {other}."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ServerError(
            f"Port {port} on {host} may not be used by this user.", f"Ports below 1024 need rights; {other}."
        )
    reason = error.strerror or str(error)
    return ServerError(f"The server cannot listen on {host}:{port} ({reason}).", "Set proxy.host to 127.0.0.1.")


def _shown_host(host: str) -> str:
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        return "127.0.0.1"
    return f"[{host.strip('[]')}]" if ":" in host else host


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it can be imported, else the standard one."""
    try:
        loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
    except ImportError:
        return asyncio.new_event_loop()
    return loop


def _close_loop(loop: asyncio.AbstractEventLoop) -> None:
    try:
        _end_tasks(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        _end_tasks(loop)  # those that other threads have begun meanwhile
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    while left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
