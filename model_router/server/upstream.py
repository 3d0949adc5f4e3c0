"""The way to the model servers: connections, and failures told as sentences.

Backends over plain http are reached by the gateway's own client, because httpx's costs several times the rest of a
request (docs/performance.md); those over https, and all of them with ``proxy.transport: httpx``, by httpx.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from functools import lru_cache
from http.cookiejar import Cookie, CookieJar
from typing import Protocol

from model_router.config.proxy import Transport, WireProtocol
from model_router.server.abilities import says_no
from model_router.server.backends import Backend
from model_router.server.failure import Failure, FailureKind
from model_router.server.headers import RawHeaders, first_header
from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Limits
from model_router.server.http.library import httpx

_ASKED_FOR = frozenset({WireProtocol.MESSAGES, WireProtocol.RESPONSES})
_ASKING_SECONDS = 5.0
_LARGEST_SAYING = 65_536
_CONNECTIONS = 2000
_KEPT_SECONDS = 60.0
_PLAIN: tuple[bytes, bytes] = (b"accept-encoding", b"identity")
_JSON: RawHeaders = [(b"content-type", b"application/json")]


class UpstreamFailure(Exception):
    """A backend gave no answer. ``sentence`` says so, without its name and full stop; ``status`` is 502 or 504.

    ``failure`` says the same to the retry policy; without one it follows from the ``kind``.
    """

    def __init__(
        self,
        sentence: str,
        status: int = 502,
        kind: FailureKind = FailureKind.UNREADABLE,
        failure: Failure | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.failure = failure or Failure(kind)


class _NoCookies(CookieJar):
    """Remembers nothing: what a backend sets for one client must not be sent for another."""

    def set_cookie(self, cookie: Cookie) -> None:
        """Drop it."""


class _Source(Protocol):
    """Where an answer's body comes from."""

    async def read(self) -> bytes: ...

    def is_over(self) -> bool: ...

    def be_patient(self, seconds: float | None) -> None: ...

    async def aclose(self) -> None: ...


class UpstreamAnswer:
    """An answer whose body is still to come. Whoever has one must close it, on every way out.

    ``begins_by`` is the loop's time by which there must be some content of it, None without a limit. ``content_type``
    is the media type alone, in lower case; ``compressed`` says that the body has an encoding.
    """

    __slots__ = ("_key", "_limits", "_source", "begins_by", "compressed", "content_type", "headers", "status")

    def __init__(self, status: int, headers: RawHeaders, source: _Source, limits: Limits) -> None:
        self.status = status
        self.headers = headers
        self.begins_by: float | None = None
        self.content_type = ""
        self.compressed = False
        for name, value in headers:
            if name == b"content-type":
                self.content_type = self.content_type or _media_type(value)
            elif name == b"content-encoding":
                self.compressed = self.compressed or bool(value)
        self._source = source
        self._limits = limits
        self._key = "timeout_seconds"

    def header(self, name: bytes) -> str:
        """The value of a header, empty when it is not there."""
        return first_header(self.headers, name)

    async def read(self) -> bytes:
        """The next piece of the body as it comes, not decoded; ``b""`` is its end.

        Raises:
            UpstreamFailure: the connection broke, or the server fell silent.
        """
        try:
            piece = await self._source.read()
        except httpx.HTTPError as error:
            raise _failure(error, self._limits, self._key) from error
        return piece

    def is_over(self) -> bool:
        """Whether it is known that no more comes; if not, the next piece tells."""
        return self._source.is_over()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The rest of the body, piece by piece.

        Raises:
            UpstreamFailure: as with :meth:`read`.
        """
        while piece := await self.read():
            yield piece

    def be_patient(self, backend: Backend) -> None:
        """The answer has begun: from now on each silence may be as long as the configuration says of that."""
        config = backend.config
        seconds = config.idle_timeout_seconds or config.timeout_seconds
        self._key = "timeout_seconds" if config.idle_timeout_seconds is None else "idle_timeout_seconds"
        self.begins_by = None
        if seconds != self._limits.read:
            self._limits = self._limits._replace(read=seconds)
            self._source.be_patient(seconds)

    async def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end."""
        await self._source.aclose()


@lru_cache(maxsize=64)
def _media_type(value: bytes) -> str:
    return value.decode("latin-1").partition(";")[0].strip().lower()


class _HttpxSource:
    """httpx's answer. Its own limit on silence cannot be changed once the body is read, so this has another."""

    def __init__(self, response: httpx.Response, seconds: float | None) -> None:
        self._response = response
        self._seconds = seconds
        self._pieces = response.aiter_raw()
        response.request.extensions["timeout"]["read"] = None

    async def read(self) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                async for piece in self._pieces:
                    if piece:
                        return piece
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"The server was silent for {self._seconds} s.") from error
        return b""

    def is_over(self) -> bool:
        return False

    def be_patient(self, seconds: float | None) -> None:
        self._seconds = seconds

    async def aclose(self) -> None:
        await self._response.aclose()


class Upstream:
    """Owns the connections. Made, used and closed on the server's loop."""

    def __init__(self, transport: Transport = Transport.LEAN) -> None:
        self._lean = LeanClient(max_connections=_CONNECTIONS, keepalive_expiry=_KEPT_SECONDS)
        self._all_httpx = transport is Transport.HTTPX
        self._httpx = _httpx_client() if self._all_httpx else None

    async def close(self) -> None:
        """Close every connection."""
        await self._lean.aclose()
        if self._httpx is not None:
            await self._httpx.aclose()

    async def send(self, backend: Backend, path: str, body: bytes | None, headers: RawHeaders) -> UpstreamAnswer:
        """Send a request and wait for the head of the answer. ``body`` None makes it a GET.

        The limit for the first byte, when there is one, counts from here to the first content; without it only each
        silence is bounded, and a server that shows signs of life is waited for.

        Raises:
            UpstreamFailure: refused, timed out, or not HTTP.
        """
        config, limits = backend.config, backend.limits
        if config.first_byte_timeout_seconds is None:
            return await self._send(backend, path, body, headers, limits)
        begins_by = asyncio.get_running_loop().time() + config.first_byte_timeout_seconds
        try:
            async with asyncio.timeout_at(begins_by):
                answer = await self._send(backend, path, body, headers, limits._replace(read=None))
        except TimeoutError:
            raise begins_late(backend) from None
        answer.begins_by = begins_by
        return answer

    async def speaks(self, backend: Backend, protocol: WireProtocol) -> bool:
        """Whether a backend serves a protocol: as configured, as remembered, or asked with an empty request.

        A chat, completions and embeddings are every server's; whoever lacks them says so when asked.
        """
        if backend.config.protocols is not None:
            return protocol in backend.config.protocols
        if protocol not in _ASKED_FOR:
            return True
        known = backend.abilities.speaks.get(protocol)
        if known is None:
            known = await self._ask_for(backend, f"/{protocol}")
            if known is not None:
                backend.abilities.speaks[protocol] = known
        return known or False

    async def _ask_for(self, backend: Backend, path: str) -> bool | None:
        try:
            config = backend.config
            seconds = min(_ASKING_SECONDS, config.first_byte_timeout_seconds or config.timeout_seconds)
            async with asyncio.timeout(seconds):
                answer = await self._send(backend, path, b"{}", _JSON, Limits(*[seconds] * 4))
                try:
                    backend.abilities.learn_server(answer.headers)
                    data = b""
                    async for piece in answer.pieces():
                        data += piece
                        if len(data) > _LARGEST_SAYING:
                            break
                finally:
                    await answer.close()
        except (UpstreamFailure, TimeoutError):
            return None
        absent = says_no(answer.status, data)
        return None if absent is None else not absent

    async def probe(self, backend: Backend, path: str, seconds: float) -> UpstreamAnswer:
        """A GET with a limit of its own on each step."""
        return await self._send(backend, path, None, [], Limits(seconds, seconds, seconds, seconds))

    async def _send(
        self, backend: Backend, path: str, body: bytes | None, headers: RawHeaders, limits: Limits
    ) -> UpstreamAnswer:
        try:
            if backend.address is None or self._all_httpx:
                return await self._send_by_httpx(backend, path, body, headers, limits)
            given = [(b"host", backend.host), *headers, _PLAIN, *backend.keys(path)]
            if body is not None:
                given.append((b"content-length", b"%d" % len(body)))
            exchange = await self._lean.exchange(
                backend.address,
                b"GET" if body is None else b"POST",
                backend.target + path.encode(),
                headers=given,
                body=body or b"",
                limits=limits,
            )
        except httpx.HTTPError as error:
            raise _failure(error, limits) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise UpstreamFailure(f"has an address that cannot be used ({error})") from error
        return UpstreamAnswer(exchange.status, exchange.headers, exchange, limits)

    async def _send_by_httpx(
        self, backend: Backend, path: str, body: bytes | None, headers: RawHeaders, limits: Limits
    ) -> UpstreamAnswer:
        client = self._httpx
        if client is None:  # made when it is needed: reading the certificates would slow every start
            client = self._httpx = _httpx_client()
        request = client.build_request(
            "GET" if body is None else "POST",
            backend.url(path),
            content=body,
            headers=[*headers, _PLAIN, *backend.keys(path)],
            timeout=httpx.Timeout(connect=limits.connect, read=limits.read, write=limits.write, pool=limits.pool),
        )
        response = await client.send(request, stream=True)
        raw = [(name.lower(), value) for name, value in response.headers.raw]
        return UpstreamAnswer(response.status_code, raw, _HttpxSource(response, limits.read), limits)


def _httpx_client() -> httpx.AsyncClient:
    bounds = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=200, keepalive_expiry=_KEPT_SECONDS)
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, limits=bounds, cookies=_NoCookies())


async def read_whole(answer: UpstreamAnswer, limit: int) -> bytes:
    """A body of at most ``limit`` bytes.

    Raises:
        UpstreamFailure: it is larger, or breaks off.
    """
    first = await answer.read()
    size = len(first)
    collected = [first]
    while collected[-1] and size <= limit:
        collected.append(await answer.read())
        size += len(collected[-1])
    if size > limit:
        raise UpstreamFailure(f"sent an answer larger than {limit} bytes")
    return first if len(collected) <= 2 else b"".join(collected)


def begins_late(backend: Backend) -> UpstreamFailure:
    """The failure of a backend whose answer did not begin in time."""
    seconds = f"{backend.config.first_byte_timeout_seconds or 0:g}"
    sentence = f"did not begin its answer within {seconds} s; raise its first_byte_timeout_seconds if it needs longer"
    return UpstreamFailure(sentence, 504, FailureKind.SILENT)


_FAILURES: tuple[tuple[type[httpx.HTTPError], str, int], ...] = (
    (
        httpx.ConnectTimeout,
        "did not take the connection within {connect} s; check its base_url, or raise its connect_timeout_seconds",
        504,
    ),
    (httpx.PoolTimeout, "has too many requests under way; try again in a moment", 504),
    (
        httpx.WriteTimeout,
        "took in no more of the request for {write} s; look at its log, or raise its timeout_seconds",
        504,
    ),
    (httpx.TimeoutException, "was silent for {read} s; raise its {key} if its model needs longer", 504),
    (httpx.ConnectError, "cannot be reached; start the server, or correct its base_url", 502),
    (httpx.UnsupportedProtocol, "has an address that is not http or https; correct its base_url", 502),
    (httpx.RemoteProtocolError, "did not speak HTTP as it should; check the port in its base_url", 502),
    (httpx.HTTPError, "broke the connection; its own log may say why", 502),
)
"""The first kind that fits counts. The seconds are filled in from the request's own limits."""

_BREAKS = (
    ("server disconnected", "broke the connection before it answered; its own log may say why"),
    ("peer closed connection", "broke the connection before its answer was complete; its own log may say why"),
)
"""How the client words a connection that ended too early: it has the same kind as an answer that is not HTTP."""


def _failure(error: httpx.HTTPError, limits: Limits, key: str = "timeout_seconds") -> UpstreamFailure:
    text = str(error).lower()
    if isinstance(error, httpx.RemoteProtocolError):
        for words, sentence in _BREAKS:
            if words in text:
                return UpstreamFailure(sentence, kind=FailureKind.RESET)
    if _was_reset(error):
        return UpstreamFailure("broke the connection (reset); its own log may say why", kind=FailureKind.RESET)
    sentence, status = next((text, status) for kind, text, status in _FAILURES if isinstance(error, kind))
    if isinstance(error, httpx.TimeoutException):
        sentence = sentence.format_map(
            {"key": key, **{name: f"{one or 0:g}" for name, one in limits._asdict().items()}}
        )
    return UpstreamFailure(sentence, status, _kind(error))


def _kind(error: httpx.HTTPError) -> FailureKind:
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return FailureKind.UNCONNECTED
    if isinstance(error, httpx.TimeoutException):
        return FailureKind.SILENT
    return FailureKind.RESET if isinstance(error, httpx.NetworkError) else FailureKind.UNREADABLE


def _was_reset(error: BaseException) -> bool:
    """Whether the other side reset the connection; the client's errors carry the system's as their cause."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionResetError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
