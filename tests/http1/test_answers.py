"""What an application's messages become on the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.http1.conftest import Serve
from tests.http1.serving import Application, Message, Receive, Send, get, post, until


def saying(*messages: Message) -> Application:
    """An application that sends these, whatever it is asked."""

    async def app(_scope: Message, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return app


def start(status: int = 200, *headers: tuple[bytes, bytes]) -> Message:
    """The head of an answer."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def piece(body: bytes = b"", *, more: bool = False) -> Message:
    """A piece of its body."""
    return {"type": "http.response.body", "body": body, "more_body": more}


def test_an_answer_in_one_piece_has_its_length(serve: Serve) -> None:
    found = serve(saying(start(), piece(b"whole"))).ask(get())
    assert found.headers["content-length"] == "5"
    assert found.body == b"whole"
    assert "connection" not in found.headers


def test_an_answer_in_pieces_is_chunked(serve: Serve) -> None:
    pieces = [piece(b"a", more=True), piece(b"", more=True), piece(b"b" * 100_000, more=True), piece(b"c")]
    with serve(saying(start(), *pieces)).line() as line:
        for _ in range(2):
            found = line.ask(get())
            assert found.headers["transfer-encoding"] == "chunked"
            assert found.body == b"a" + b"b" * 100_000 + b"c"


def test_an_empty_last_piece_ends_it(serve: Serve) -> None:
    with serve(saying(start(), piece(b"a", more=True), piece())).line() as line:
        line.send(get() * 2)
        assert [line.answer().body for _ in range(2)] == [b"a", b"a"]


def test_a_length_of_the_application_is_kept(serve: Serve) -> None:
    app = saying(start(201, (b"Content-Length", b"6")), piece(b"abc", more=True), piece(b"def"))
    found = serve(app).ask(get())
    assert (found.status, found.headers["content-length"], found.body) == (201, "6", b"abcdef")


def test_headers_may_be_missing_and_the_body_too(serve: Serve) -> None:
    app = saying({"type": "http.response.start", "status": 200}, {"type": "http.response.body"})
    assert serve(app).ask(get()).body == b""


def test_bytearrays_and_views_are_bodies_too(serve: Serve) -> None:
    async def app(_scope: Message, _receive: Receive, send: Send) -> None:
        data = bytearray(b"x" * 200_000)
        await send(start())
        await send({"type": "http.response.body", "body": data, "more_body": True})
        data[:] = b"y" * len(data)
        await send({"type": "http.response.body", "body": memoryview(data)})

    assert serve(app).ask(get()).body == b"x" * 200_000 + b"y" * 200_000


def test_a_chunking_application_is_chunked_for(serve: Serve) -> None:
    headers = ((b"transfer-encoding", b"chunked"), (b"content-length", b"99"))
    app = saying(start(200, *headers), piece(b"a", more=True), piece(b"b"))
    assert serve(app).ask(get()).body == b"ab"


@pytest.mark.parametrize("last", [b"", b"body"], ids=["without a body", "with one that is not sent"])
@pytest.mark.parametrize("more", [False, True])
def test_head_has_the_headers_and_no_body(serve: Serve, last: bytes, more: bool) -> None:
    messages = [start(200, (b"content-length", b"4")), *([piece(last, more=True)] if more else []), piece(last)]
    with serve(saying(*messages)).line() as line:
        line.send(get(method="HEAD") + get(method="HEAD"))
        for _ in range(2):
            found = line.answer(head_only=True)
            assert found.headers["content-length"] == "4"


def test_head_of_an_answer_without_length_has_none(serve: Serve) -> None:
    with serve(saying(start(), piece(b"a", more=True), piece(b"b"))).line() as line:
        line.send(get(method="HEAD") * 2)
        for _ in range(2):
            found = line.answer(head_only=True)
            assert not {"content-length", "transfer-encoding", "connection"} & set(found.headers)


@pytest.mark.parametrize("status", [204, 304])
def test_no_body_where_none_may_be(serve: Serve, status: int) -> None:
    with serve(saying(start(status, (b"content-length", b"4")), piece(b"body"))).line() as line:
        line.send(get() * 2)
        for _ in range(2):
            found = line.answer()
            assert found.status == status
            assert ("content-length" in found.headers) == (status == 304)
            assert "transfer-encoding" not in found.headers


def test_a_status_without_a_name(serve: Serve) -> None:
    served = serve(saying(start(299), piece()))
    with served.line() as line:
        line.send(get())
        assert line.socket.recv(100).startswith(b"HTTP/1.1 299 \r\n")


# Connections


@pytest.mark.parametrize(
    ("version", "header", "kept"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close", False),
        ("1.1", "Connection: Keep-Alive, Close", False),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive", True),
    ],
)
def test_keeping_connections(serve: Serve, version: str, header: str, kept: bool) -> None:
    request = get("/", *filter(None, [header]), version=version)
    with serve(saying(start(), piece(b"x"))).line() as line:
        found = line.ask(request)
        assert found.body == b"x"
        if kept:
            assert found.headers.get("connection") == (None if version == "1.1" else "keep-alive")
            assert line.ask(request).body == b"x"
        else:
            assert found.headers["connection"] == "close"
            assert line.closed()


def test_an_application_can_close(serve: Serve) -> None:
    with serve(saying(start(200, (b"connection", b"Close")), piece(b"x"))).line() as line:
        assert line.ask(get()).headers["connection"] == "close"
        assert line.closed()


def test_what_comes_after_the_last_request_is_not_answered(serve: Serve) -> None:
    with serve(saying(start(), piece(b"x"))).line() as line:
        line.send(get("/", "Connection: close") + get("/2"))
        assert line.answer().body == b"x"
        assert line.closed()


def test_version_1_0_knows_no_chunks(serve: Serve) -> None:
    app = saying(start(), piece(b"a", more=True), piece(b"b" * 100_000, more=True), piece(b"c"))
    found = serve(app).ask(get("/", "Connection: keep-alive", version="1.0"))
    assert found.body == b"a" + b"b" * 100_000 + b"c"
    assert found.headers["connection"] == "close"
    assert "transfer-encoding" not in found.headers


def test_the_end_of_an_unframed_answer_does_not_wait_for_the_application(serve: Serve) -> None:
    end = asyncio.Event()

    async def app(_scope: Message, _receive: Receive, send: Send) -> None:
        await send(start())
        await send(piece(b"a", more=True))
        await send(piece(b"b"))
        await end.wait()

    served = serve(app)
    assert served.ask(get(version="1.0")).body == b"ab"
    served.run(end.set)


def test_a_connection_ends_after_so_many_requests(serve: Serve) -> None:
    with serve(saying(start(), piece(b"x")), keep_alive_max_requests=2).line() as line:
        assert "connection" not in line.ask(get()).headers
        assert line.ask(get()).headers["connection"] == "close"
        assert line.closed()


# Headers of the server


def test_dates(serve: Serve) -> None:
    with serve(saying(start(), piece())).line() as line:
        dates = []
        for _ in range(3):
            dates.append(parsedate_to_datetime(line.ask(get()).headers["date"]).timestamp())
            assert abs(dates[-1] - time.time()) < 2
            time.sleep(0.6)
        assert dates[-1] > dates[0]


def test_no_date_when_it_is_not_wanted_and_a_server_name_when_it_is(serve: Serve) -> None:
    served = serve(saying(start(), piece()), include_date_header=False, include_server_header=True)
    headers = served.ask(get()).headers
    assert "date" not in headers
    assert headers["server"] == "hypercorn-h11"


def test_the_application_s_date_and_server_come_first(serve: Serve) -> None:
    app = saying(start(200, (b"Date", b"then"), (b"server", b"mine")), piece())
    headers = serve(app, include_server_header=True).ask(get()).headers
    assert (headers["date"], headers["server"]) == ("then", "mine")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"x", b"a\r\nset-cookie: b"),
        (b"x", b"a\nb"),
        (b"x", b"a\rb"),
        (b"x", b"\n"),
        (b"x", b"a\0"),
        (b"x\r\ny", b"a"),
        (b"x:", b"a"),
        (b"", b"a"),
        (b"x y", b"a"),
        (b":status", b"200"),
        (b"content-length", b"-1"),
        (b"content-length", b"1 2"),
        (b"transfer-encoding", b"gzip"),
        (b"x", "text"),
    ],
)
def test_headers_that_cannot_be_sent_are_refused(serve: Serve, name: bytes, value: Any) -> None:
    served = serve(saying(start(200, (b"a", b"b"), (name, value)), piece(b"x")))
    with served.line() as line:
        found = line.ask(get())
        assert (found.status, found.error["type"]) == (500, "server_error")
        assert line.closed()
    assert served.logged.pop().startswith("ERROR Error in GET /")


def test_two_lengths_are_refused(serve: Serve) -> None:
    served = serve(saying(start(200, (b"content-length", b"1"), (b"content-length", b"1")), piece(b"x")))
    assert served.ask(get()).status == 500
    served.logged.pop()


# Failures of the application


def breaking(messages: Iterable[Message], error: BaseException | None) -> Application:
    """Says something, then raises, or ends."""

    async def app(_scope: Message, _receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        if error is not None:
            raise type(error)(*error.args)  # a new one: what is raised holds on to where it was

    return app


@pytest.mark.parametrize("before", [[], [start(200, (b"content-length", b"100"))]], ids=["nothing", "head not sent"])
@pytest.mark.parametrize(
    "error", [ValueError("secret"), asyncio.CancelledError(), None], ids=["raises", "cancels", "ends"]
)
def test_an_error_before_the_answer_is_500(serve: Serve, before: list[Message], error: BaseException | None) -> None:
    served = serve(breaking(before, error))
    with served.line() as line:
        found = line.ask(post(b"x"))
        assert found.status == 500
        assert found.error["code"] == "internal_error"
        assert b"secret" not in found.body
        assert line.closed()
    (logged,) = served.logged
    assert "POST /" in logged
    assert ("secret" in logged) == isinstance(error, ValueError)
    served.logged.clear()


@pytest.mark.parametrize("head", [start(), start(200, (b"content-length", b"100"))], ids=["chunked", "length"])
@pytest.mark.parametrize(
    "error", [ValueError("secret"), asyncio.CancelledError(), None], ids=["raises", "cancels", "ends"]
)
def test_an_error_in_the_answer_breaks_it(serve: Serve, head: Message, error: BaseException | None) -> None:
    served = serve(breaking([head, piece(b"the beginning", more=True)], error))
    with served.line() as line:
        line.send(get())
        with pytest.raises(EOFError):
            line.answer()
    with served.line() as line:
        line.send(get())
        assert b"the beginning" in line.rest()
    until(lambda: len(served.logged) == 2)
    served.logged.clear()


def test_an_error_in_an_unframed_answer_is_a_reset(serve: Serve) -> None:
    served = serve(breaking([start(), piece(b"the beginning", more=True)], ValueError()))
    with served.line() as line:
        line.send(get(version="1.0"))
        with pytest.raises(ConnectionResetError):
            line.rest()
    served.logged.pop()


def test_an_error_after_the_answer_is_only_logged(serve: Serve) -> None:
    served = serve(breaking([start(), piece(b"whole")], ValueError("late")))
    with served.line() as line:
        assert line.ask(get()).body == b"whole"
        assert line.ask(get()).body == b"whole"
    until(lambda: len(served.logged) == 2)
    served.logged.clear()


@pytest.mark.parametrize(
    "messages",
    [
        [piece(b"x")],
        [start(), start()],
        [{"type": "websocket.accept"}],
        [start(101), piece()],
        [start(99), piece()],
        [start(200, (b"content-length", b"3")), piece(b"four")],
        [start(200, (b"content-length", b"3")), piece(b"no")],
    ],
    ids=["body first", "two heads", "another protocol", "status 101", "status 99", "too long", "too short"],
)
def test_messages_that_make_no_answer(serve: Serve, messages: list[Message]) -> None:
    served = serve(saying(*messages))
    assert served.ask(get()).status == 500
    served.logged.pop()


@pytest.mark.parametrize("last", [piece(b"four"), piece(b"", more=False)], ids=["too long", "too short"])
def test_a_length_that_turns_out_wrong_breaks_the_answer(serve: Serve, last: Message) -> None:
    served = serve(saying(start(200, (b"content-length", b"5")), piece(b"ab", more=True), last))
    with served.line() as line:
        line.send(get())
        with pytest.raises(EOFError):
            line.answer()
    until(lambda: served.logged)
    served.logged.pop()


def test_a_message_after_the_answer_is_an_error_of_the_application(serve: Serve) -> None:
    served = serve(saying(start(), piece(b"x"), piece(b"y")))
    with served.line() as line:
        assert line.ask(get()).body == b"x"
        assert line.ask(get()).body == b"x"
    until(lambda: len(served.logged) == 2)
    served.logged.clear()


def test_accesses_are_logged_when_hypercorn_is_told_to(serve: Serve) -> None:
    import logging

    lines: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    accesses = logging.getLogger("tests.http1.access")
    accesses.setLevel(logging.INFO)
    accesses.propagate = False
    accesses.addHandler(Kept())
    served = serve(saying(start(418), piece()), accesslog=accesses, access_log_format="%(m)s %(U)s %(s)s")
    served.ask(get("/a"))
    until(lambda: lines)
    assert lines == ["GET /a 418"]


def test_a_request_cannot_write_lines_into_the_log(serve: Serve) -> None:
    served = serve(breaking([], None))
    served.ask(get("/a%0aERROR%20b?secret"))
    assert served.logged.pop() == "ERROR No whole answer to GET /a%0aERROR%20b"
