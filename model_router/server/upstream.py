"""The way to the model servers: one shared client, and failures told as sentences."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass

import httpx

from model_router.server.backends import Backend
from model_router.server.http.transport import LeanTransport

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FORWARDED = _HOP_BY_HOP | {
    "accept-encoding",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "origin",
    "referer",
    "remote-addr",
    "via",
}
_PRIVATE_WORDS = ("auth", "key", "token", "secret", "password", "credential")
_PRIVATE_PREFIXES = ("sec-", "proxy-", "x-forwarded-", "x-modelrouter-", "cf-", "x-real-")
_NOT_RETURNED = _HOP_BY_HOP | {"content-length", "set-cookie", "server", "date", "alt-svc", "strict-transport-security"}
_NOT_RETURNED_PREFIXES = ("access-control-", "x-modelrouter-", "proxy-")


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
    headers: httpx.Headers
    response: httpx.Response

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    @property
    def framed(self) -> bool:
        """Whether the server said where the body ends; without that, a broken connection looks like an end."""
        return "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()

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


class _TlsTransport(httpx.AsyncBaseTransport):
    """httpx's own transport, made when a backend first needs it: reading the certificates would slow every start."""

    def __init__(self) -> None:
        self._made: httpx.AsyncHTTPTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._made is None:
            limits = httpx.Limits(max_connections=2000, max_keepalive_connections=200, keepalive_expiry=60)
            self._made = httpx.AsyncHTTPTransport(trust_env=False, limits=limits)
        return await self._made.handle_async_request(request)

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()


class Upstream:
    """Owns the HTTP client. Made, used and closed on the server's loop."""

    def __init__(self) -> None:
        self._lean = LeanTransport(max_connections=2000, keepalive_expiry=60)
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            headers={"accept-encoding": "identity"},
            mounts={"http://": self._lean},
            transport=_TlsTransport(),
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(
        self, backend: Backend, path: str, body: bytes | None, headers: Iterable[tuple[str, str]] = ()
    ) -> UpstreamAnswer:
        """Send a request and wait for the head of the answer. ``body`` None makes it a GET.

        Raises:
            UpstreamFailure: refused, timed out, or not HTTP.
        """
        limits = httpx.Timeout(backend.config.timeout_seconds, connect=backend.config.connect_timeout_seconds)
        return await self._send(backend, path, body, headers, limits)

    async def probe(self, backend: Backend, path: str, seconds: float) -> UpstreamAnswer:
        """A GET with a limit of its own on each step."""
        return await self._send(backend, path, None, (), httpx.Timeout(seconds))

    async def _send(
        self,
        backend: Backend,
        path: str,
        body: bytes | None,
        headers: Iterable[tuple[str, str]],
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
        return UpstreamAnswer(response.status_code, response.headers, response)


def _key_header(backend: Backend) -> list[tuple[str, str]]:
    return [("authorization", f"Bearer {backend.api_key}")] if backend.api_key else []


def forwarded_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What a backend may see of the client's headers: nothing that is a secret or belongs to this connection."""
    kept = []
    given = list(headers)
    named = {word.strip().lower() for name, value in given if name.lower() == "connection" for word in value.split(",")}
    for name, value in given:
        lower = name.lower()
        private = lower.startswith(_PRIVATE_PREFIXES) or any(word in lower for word in _PRIVATE_WORDS)
        if lower not in _NOT_FORWARDED | named and not private and value.isascii():
            kept.append((lower, value))
    return kept


def returned_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What a client may see of a backend's headers: nothing that opens this address to web pages."""
    named = {word.strip().lower() for word in headers.get("connection", "").split(",")}
    return {
        name: value
        for name, value in headers.items()
        if name.lower() not in _NOT_RETURNED | named and not name.lower().startswith(_NOT_RETURNED_PREFIXES)
    }


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
