"""The client behind httpx: what a user of httpx sees is the same as with its own transport."""

from __future__ import annotations

import gzip
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from model_router.server.http.transport import LeanTransport
from tests.http.peers import OK, answering, serving

ZIPPED = gzip.compress(b"hello")


async def seen(transport: httpx.AsyncBaseTransport, **request: object) -> tuple[list[bytes], httpx.Response]:
    """What a server reads of a request (first line, headers in the order of the alphabet, body), and the answer."""
    answer = b"HTTP/1.1 201 Created\r\nContent-Encoding: gzip\r\nX-Two: a\r\nX-Two: b\r\nContent-Length: %d\r\n\r\n%b"
    async with serving(answering(answer % (len(ZIPPED), ZIPPED))) as peer:
        async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
            url = f"http://user:pass@127.0.0.1:{peer.address[1]}/a%20b/ü?q=1&r=%2F"
            response = await client.request(url=url, **request)  # type: ignore[arg-type]  # any of its arguments
        head, _, body = peer.requests[0].replace(b":%d" % peer.address[1], b":1").partition(b"\r\n\r\n")
        first, *headers = head.split(b"\r\n")
        return [first, *sorted(headers), body], response


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET"},
        {"method": "HEAD", "headers": {"x-name": "value", "host": "elsewhere"}},
        {"method": "POST", "json": {"a": "ü"}},
        {"method": "PUT", "content": b"x" * 200_000},
        {"method": "POST", "data": {"a": "b"}},
        {
            "method": "POST",
            "files": {"file": ("name", b"content", "text/plain")},
            "headers": {"content-type": "multipart/form-data; boundary=b"},
        },
        {"method": "DELETE", "params": {"x": "y"}},
    ],
    ids=lambda request: f"{request['method']} {list(request)[-1]}",
)
async def test_requests_and_responses_are_those_of_httpx(request_: dict[str, object]) -> None:
    theirs_sent, theirs = await seen(httpx.AsyncHTTPTransport(), **request_)
    ours_sent, ours = await seen(LeanTransport(), **request_)
    assert ours_sent == theirs_sent
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
    assert ours.headers == theirs.headers
    assert ours.headers.get_list("x-two") == ["a", "b"]
    assert (ours.reason_phrase, ours.http_version) == (theirs.reason_phrase, theirs.http_version)


async def test_a_body_that_comes_in_pieces_is_sent_with_its_length() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    sent, response = await seen(LeanTransport(), method="POST", content=pieces())
    assert response.content == b"hello"
    assert b"Content-Length: 7" in sent
    assert not [line for line in sent if line.lower().startswith(b"transfer-encoding")]
    assert sent[-1] == b"one two"


async def test_https_is_left_to_others() -> None:
    async with httpx.AsyncClient(transport=LeanTransport()) as client:
        with pytest.raises(httpx.UnsupportedProtocol) as caught:
            await client.get("https://127.0.0.1:1/")
        assert caught.value.request.url == "https://127.0.0.1:1/"


async def test_names_and_both_kinds_of_addresses_lead_to_the_server() -> None:
    for listening, asked in (("127.0.0.1", "127.0.0.1"), ("127.0.0.1", "localhost"), ("::1", "[::1]")):
        if ":" in listening and not _has_ipv6():
            continue
        async with serving(answering(OK), listening) as peer, httpx.AsyncClient(transport=LeanTransport()) as client:
            response = await client.get(f"http://{asked}:{peer.address[1]}/")
            assert response.json() == {}
            assert f"Host: {asked}:{peer.address[1]}".encode() in peer.requests[0]


async def test_packets_are_not_held_back() -> None:
    async with serving(answering(OK)) as peer:
        transport = LeanTransport()
        async with httpx.AsyncClient(transport=transport) as client:
            await client.get(peer.url)
            (connection,) = transport.client._pool._all
            assert connection.transport is not None
            line = connection.transport.get_extra_info("socket")
            assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
