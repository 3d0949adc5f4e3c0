"""Which headers pass the gateway, either way. Names are bytes in lower case, as ASGI has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeAlias

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
_NOT_FORWARDED = _HOP_BY_HOP | frozenset(
    b"accept-encoding content-encoding content-length content-type cookie expect forwarded host http2-settings origin "
    b"referer remote-addr via".split()
)
_PRIVATE_WORDS = (b"auth", b"key", b"token", b"secret", b"password", b"credential")
_PRIVATE_PREFIXES = (b"sec-", b"proxy-", b"x-forwarded-", b"x-modelrouter-", b"cf-", b"x-real-")
_NOT_RETURNED = _HOP_BY_HOP | frozenset(
    b"content-length set-cookie server date alt-svc strict-transport-security".split()
)
_NOT_RETURNED_PREFIXES = (b"access-control-", b"x-modelrouter-", b"proxy-")


def forwarded_headers(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """What a backend may see of the client's headers: nothing that is a secret or belongs to this connection."""
    return [pair for pair in _kept(headers, _may_go_up) if pair[1].isascii()]


def returned_headers(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """What a client may see of a backend's headers: nothing that opens this address to web pages."""
    return _kept(headers, _may_go_down)


def _kept(headers: Iterable[tuple[bytes, bytes]], may_pass: Callable[[bytes], bool]) -> RawHeaders:
    kept: RawHeaders = []
    named: set[bytes] = set()
    for pair in headers:
        name, value = pair
        if may_pass(name):
            kept.append(pair)
        elif name == b"connection" and value.lower() != b"keep-alive":  # it names headers that are for this hop alone
            named.update(word.strip().lower() for word in value.split(b","))
    return [pair for pair in kept if pair[0] not in named] if named else kept


@lru_cache(maxsize=1024)
def _may_go_up(name: bytes) -> bool:
    private = name.startswith(_PRIVATE_PREFIXES) or any(word in name for word in _PRIVATE_WORDS)
    return not private and name not in _NOT_FORWARDED


@lru_cache(maxsize=1024)
def _may_go_down(name: bytes) -> bool:
    return name not in _NOT_RETURNED and not name.startswith(_NOT_RETURNED_PREFIXES)


def first_header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str:
    """The value of a header as text, empty when it is not there."""
    for found, value in headers:
        if found == name:
            return value.decode("latin-1")
    return ""
