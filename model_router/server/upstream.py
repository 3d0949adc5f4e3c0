"""The way to the model servers: one shared client, and failures told as sentences."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx

from model_router.config.proxy import WireProtocol
from model_router.server.abilities import says_no
from model_router.server.backends import Backend
from model_router.server.headers import RawHeaders, first_header

_ASKED_FOR = frozenset({WireProtocol.MESSAGES, WireProtocol.RESPONSES})
_ASKING_SECONDS = 5.0
_LARGEST_SAYING = 65_536
_JSON: RawHeaders = [(b"content-type", b"application/json")]


class UpstreamFailure(Exception):
    """A backend gave no answer. ``sentence`` says so, without its name and full stop; ``status`` is 502 or 504."""

    def __init__(self, sentence: str, status: int = 502) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """An answer whose body is still to come. Whoever has one must close it, on every way out."""

    status: int
    headers: RawHeaders
    response: httpx.Response

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    def header(self, name: bytes) -> str:
        """The value of a header, empty when it is not there."""
        return first_header(self.headers, name)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes, not decoded.

        Raises:
            UpstreamFailure: the connection broke, or the server fell silent.
        """
        try:
            async for piece in self.response.aiter_raw():
                yield piece
        except httpx.HTTPError as error:
            raise _failure(error) from error

    async def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end."""
        await self.response.aclose()


class Upstream:
    """Owns the HTTP client. Made, used and closed on the server's loop."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
            limits=httpx.Limits(max_connections=2000, max_keepalive_connections=200, keepalive_expiry=60),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(
        self, backend: Backend, path: str, body: bytes | None, headers: RawHeaders
    ) -> UpstreamAnswer:
        """Send a request and wait for the head of the answer. ``body`` None makes it a GET.

        Raises:
            UpstreamFailure: refused, timed out, or not HTTP.
        """
        config = backend.config
        limits = httpx.Timeout(
            config.idle_timeout_seconds or config.timeout_seconds, connect=config.connect_timeout_seconds
        )
        return await self._send(backend, path, body, headers, limits)

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
            async with asyncio.timeout(_ASKING_SECONDS):
                answer = await self._send(backend, path, b"{}", _JSON, httpx.Timeout(_ASKING_SECONDS))
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
        return await self._send(backend, path, None, [], httpx.Timeout(seconds))

    async def _send(
        self,
        backend: Backend,
        path: str,
        body: bytes | None,
        headers: RawHeaders,
        limits: httpx.Timeout,
    ) -> UpstreamAnswer:
        try:
            request = self._client.build_request(
                "GET" if body is None else "POST",
                backend.url(path),
                content=body,
                headers=[*headers, *_key_header(backend)],
                timeout=limits,
            )
            response = await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _failure(error) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise UpstreamFailure(f"has an address that cannot be used ({error})") from error
        raw = [(name.lower(), value) for name, value in response.headers.raw]
        return UpstreamAnswer(response.status_code, raw, response)


def _key_header(backend: Backend) -> RawHeaders:
    """OpenAI's way, and Anthropic's beside it: which of them a server reads depends on the endpoint."""
    if not backend.api_key:
        return []
    key = backend.api_key.encode()
    return [(b"authorization", b"Bearer " + key), (b"x-api-key", key)]


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
    (httpx.TimeoutException, "was silent for {read} s; raise its timeout_seconds if its model needs longer", 504),
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


def _failure(error: httpx.HTTPError) -> UpstreamFailure:
    text = str(error).lower()
    if isinstance(error, httpx.RemoteProtocolError):
        for words, sentence in _BREAKS:
            if words in text:
                return UpstreamFailure(sentence)
    if _was_reset(error):
        return UpstreamFailure("broke the connection (reset); its own log may say why")
    sentence, status = next((text, status) for kind, text, status in _FAILURES if isinstance(error, kind))
    if isinstance(error, httpx.TimeoutException):
        sentence = sentence.format_map(_limits(error))
    return UpstreamFailure(sentence, status)


def _was_reset(error: BaseException) -> bool:
    """Whether the other side reset the connection; the client's errors carry the system's as their cause."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionResetError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _limits(error: httpx.HTTPError) -> dict[str, str]:
    """The seconds of each step, as text."""
    given = error.request.extensions.get("timeout", {})
    return {name: f"{given.get(name) or 0:g}" for name in ("connect", "read", "write", "pool")}
