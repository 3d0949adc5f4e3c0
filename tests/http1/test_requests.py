"""What an application is told about a request."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.http1.conftest import Serve
from tests.http1.serving import Message, Receive, Send, answer, echo, get, post, read_body


class Scopes:
    """Keeps the scopes that it is called with."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.seen.append(scope)
        self.bodies.append(await read_body(receive))
        await answer(send, b"seen")


def test_the_scope_is_that_of_the_specification(serve: Serve) -> None:
    scopes = Scopes()
    served = serve(scopes)
    with served.line() as line:
        head = b"POST /a%20b/%C3%A9?x=1&y=%20 HTTP/1.1\r\nHOST: here\r\nX-Two:  a b \t\r\nx-two: c\r\n"
        line.ask(head + b"Content-Length: 2\r\n\r\nhi")
        own = line.socket.getsockname()
    (scope,) = scopes.seen
    assert scope == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/a b/é",
        "raw_path": b"/a%20b/%C3%A9",
        "query_string": b"x=1&y=%20",
        "root_path": "",
        "headers": [(b"host", b"here"), (b"x-two", b"a b"), (b"x-two", b"c"), (b"content-length", b"2")],
        "client": own,
        "server": ("127.0.0.1", served.port),
        "state": {"word": "kept"},
        "extensions": {},
    }
    assert scopes.bodies == [b"hi"]


@pytest.mark.parametrize(
    ("target", "path", "raw", "query"),
    [
        ("/", "/", b"/", b""),
        ("/?", "/", b"/", b""),
        ("/a?b?c", "/a", b"/a", b"b?c"),
        ("/%2F%25%zz%ff", "//%%zz\ufffd", b"/%2F%25%zz%ff", b""),
        ("//a//b", "//a//b", b"//a//b", b""),
        ("http://other:80/a/b?c", "/a/b", b"/a/b", b"c"),
        ("http://other", "/", b"/", b""),
        ("http://other?c=/d", "/", b"/", b"c=/d"),
        ("*", "*", b"*", b""),
    ],
)
def test_targets(serve: Serve, target: str, path: str, raw: bytes, query: bytes) -> None:
    scopes = Scopes()
    assert serve(scopes).ask(get(target, method="OPTIONS")).status == 200
    (scope,) = scopes.seen
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == (path, raw, query)


@pytest.mark.parametrize("target", ["http://other:80/a", "http://user@other:80", "http://other:80?a"])
def test_a_host_in_the_target_takes_the_place_of_the_header(serve: Serve, target: str) -> None:
    scopes = Scopes()
    assert serve(scopes).ask(get(target)).status == 200
    (scope,) = scopes.seen
    assert [value for name, value in scope["headers"] if name == b"host"] == [
        target.removeprefix("http://").partition("/")[0].partition("?")[0].encode()
    ]


def test_what_an_application_does_to_its_scope_stays_there(serve: Serve) -> None:
    async def spoil(scope: Message, receive: Receive, send: Send) -> None:
        found = repr((scope["state"], scope["asgi"], scope["extensions"], scope["headers"])).encode()
        for name in ("state", "asgi", "extensions"):
            scope[name]["spoilt"] = True
        scope["headers"].append((b"spoilt", b"yes"))
        await answer(send, found)

    with serve(spoil).line() as line:
        first = line.ask(get())
        assert b"spoilt" not in first.body
        assert line.ask(get()).body == first.body


def test_version_1_0_needs_no_host(serve: Serve) -> None:
    scopes = Scopes()
    assert serve(scopes).ask(b"GET / HTTP/1.0\r\n\r\n").body == b"seen"
    assert scopes.seen[0]["http_version"] == "1.0"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_methods(serve: Serve, method: str) -> None:
    scopes = Scopes()
    serve(scopes).ask(get(method=method))
    assert scopes.seen[0]["method"] == method


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
def test_an_upgrade_is_not_taken_up(serve: Serve, upgrade: str) -> None:
    scopes = Scopes()
    with serve(scopes).line() as line:
        assert line.ask(get("/one", "Connection: Upgrade", f"Upgrade: {upgrade}")).body == b"seen"
        assert line.ask(post(b"body", "Connection: Upgrade", f"Upgrade: {upgrade}")).body == b"seen"
        assert line.ask(get("/three")).body == b"seen"
    assert scopes.bodies == [b"", b"body", b""]
    assert {scope["type"] for scope in scopes.seen} == {"http"}


def test_an_upgrade_with_a_chunked_body_and_more_behind_it(serve: Serve) -> None:
    chunked = b"5\r\nhello\r\n0\r\n\r\n"
    head = get("/one", "Connection: Upgrade", "Upgrade: h2c", "Transfer-Encoding: chunked", method="POST")
    with serve(echo).line() as line:
        line.send(head + chunked + get("/two") + get("/three", "Connection: Upgrade", "Upgrade: x") + get("/four"))
        answers = [line.answer().body for _ in range(4)]
    assert answers == [b"POST /one hello", b"GET /two ", b"GET /three ", b"GET /four "]


def test_a_server_name_that_is_not_configured_is_404(serve: Serve) -> None:
    served = serve(echo, server_names=["here"])
    assert served.ask(get()).status == 200
    refused = served.ask(get().replace(b"Host: here", b"Host: there"))
    assert (refused.status, refused.error["code"]) == (404, "unknown_host")


def test_over_a_unix_socket_there_are_no_addresses(serve: Serve, tmp_path: Any) -> None:
    scopes = Scopes()
    place = str(tmp_path / "s")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen()
    serve(scopes, listener=listener)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(place)
        client.sendall(get())
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    assert (scopes.seen[0]["client"], scopes.seen[0]["server"]) == (None, None)
