"""Hypercorn with another HTTP/1.1 behind its sockets.

Hypercorn's worker makes a ``TCPServer`` for each connection that it accepts, by the name that stands in its module.
Here the same worker runs with a copy of that module's names in which this one means ours. Sockets, lifespan, signals,
graceful shutdown and ``Config`` stay Hypercorn's, and nothing of it is changed for others in the process. Connections
with TLS, which may speak HTTP/2, and a Hypercorn that is built otherwise than expected, get Hypercorn's own class.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator
from types import CodeType, FunctionType
from typing import Any, Final

from hypercorn.asyncio import run, serve
from hypercorn.config import Config
from hypercorn.logging import Logger
from hypercorn.utils import wrap_app

from model_router.server.http1.connection import Application, Connection
from model_router.server.http1.limits import HttpLimits
from model_router.server.http1.response import CommonFields, error_answer
from model_router.server.refusal import Refusal

logger = logging.getLogger(__name__)

_NAME: Final = "TCPServer"
_EXPLAINED: Final = 64
"""So many at once are told why they are turned away; beyond, connections are just closed."""

_OTHER_FILES: Final = 256
"""What a process may open beside its clients' connections: those to backends, logs, libraries."""

_PARAMETERS: Final = ("self", "app", "loop", "config", "context", "state", "reader", "writer")
_TOO_MANY: Final = Refusal(
    503,
    "The server has as many connections as it takes; try again in a moment.",
    kind="server_error",
    code="too_many_connections",
)


class Listener:
    """What the connections of one server have in common; ``names`` are the hosts it answers to, none for any."""

    def __init__(self, app: Application, config: Config, limits: HttpLimits) -> None:
        self.app = app
        self.limits = limits
        self.names = frozenset(name.encode() for name in config.server_names)
        self.root_path = config.root_path
        self.common = CommonFields(config)
        self.logs_access = type(config.log) is not Logger or config.log.access_logger is not None
        self._config = config
        self._open: set[Connection] = set()
        self._most = min(limits.connections, affordable_connections())
        self._turning_away = 0
        self._ending: asyncio.Task[None] | None = None

    def connect(  # noqa: PLR0917 - Hypercorn passes them so
        self,
        app: Any,
        loop: asyncio.AbstractEventLoop,
        config: Config,
        context: Any,
        state: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> Awaitable[None]:
        """What serves a connection, in the place of Hypercorn's class."""
        if writer.get_extra_info("ssl_object") is not None:
            own: Awaitable[None] = getattr(run, _NAME)(app, loop, config, context, state, reader, writer)
            return own
        if self._ending is None:
            self._ending = loop.create_task(self._shut_down(context))
        if context.terminated.is_set() or len(self._open) >= self._most:
            return self._turn_away(reader, writer, silent=context.terminated.is_set())
        connection = Connection(self.app, loop, config, context, state, reader, writer, listener=self)
        self._open.add(connection)
        return connection

    def leave(self, connection: Connection) -> None:
        """A connection has ended."""
        self._open.discard(connection)

    async def close(self) -> None:
        """Called when the worker has ended."""
        if self._ending is not None:
            self._ending.cancel()
            await asyncio.wait([self._ending])

    async def _turn_away(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, silent: bool) -> None:
        """Say that there are too many, and listen for a moment: else a client that is sending would not read it."""
        self._turning_away += 1
        try:
            if self._turning_away <= _EXPLAINED and not silent:
                writer.write(error_answer(_TOO_MANY, self.common.lines()))
                writer.write_eof()
                async with asyncio.timeout(self.limits.linger_seconds):
                    while await reader.read(65_536):
                        pass
        except (OSError, RuntimeError, TimeoutError, asyncio.CancelledError):
            pass
        finally:
            self._turning_away -= 1
            writer.transport.abort()

    async def _shut_down(self, context: Any) -> None:
        await context.terminated.wait()
        for connection in tuple(self._open):
            connection.shut_down()
        # From Python 3.12 on asyncio's server waits for its connections before the worker counts their grace.
        await asyncio.sleep(self._config.graceful_timeout)
        for connection in tuple(self._open):
            connection.abort()


def affordable_connections() -> int:
    """As many as the process may open files, but for some: when there are none left, nothing works any more."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return 2**31
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 2**31 if most == resource.RLIM_INFINITY else max(most - _OTHER_FILES, most // 2)


async def serve_fast(
    app: Application,
    config: Config,
    *,
    shutdown_trigger: Callable[..., Awaitable[Any]] | None = None,
    limits: HttpLimits | None = None,
) -> None:
    """Serve an ASGI application as ``hypercorn.asyncio.serve`` does, with a faster HTTP/1.1 and with limits."""
    listener = Listener(app, config, limits or HttpLimits())
    worker = _worker(listener.connect)
    if worker is None:
        logger.warning("this Hypercorn is built otherwise than expected; its own HTTP/1.1 is used")
        await serve(app, config, shutdown_trigger=shutdown_trigger, mode="asgi")
        return
    try:
        lifespan = wrap_app(app, config.wsgi_max_body_size, "asgi")
        await worker(lifespan, config, shutdown_trigger=shutdown_trigger)
    finally:
        await listener.close()


def _worker(connect: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]] | None:
    """Hypercorn's worker with ``connect`` for its class; None when it does not look as expected."""
    worker = getattr(run, "worker_serve", None)
    known = getattr(run, _NAME, None)
    if not isinstance(worker, FunctionType) or worker.__closure__ or not inspect.isclass(known):
        return None
    if tuple(inspect.signature(known.__init__).parameters) != _PARAMETERS or not hasattr(known, "__await__"):
        return None
    if not any(_NAME in code.co_names for code in _codes(worker.__code__)):
        return None
    copy = FunctionType(worker.__code__, {**vars(run), _NAME: connect}, worker.__name__, worker.__defaults__)
    copy.__kwdefaults__ = worker.__kwdefaults__
    return copy


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
