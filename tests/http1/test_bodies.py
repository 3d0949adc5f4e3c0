"""Bodies on their way to an application."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from model_router.server.http1.limits import HttpLimits
from tests.http1.conftest import Serve
from tests.http1.serving import Message, Receive, Send, answer, echo, get, post, read_body, until


class Receiving:
    """Takes messages until the body has ended, and keeps them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, _scope: Message, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            self.messages.append(message)
            if not message.get("more_body"):
                break
        await answer(send, b"done")


def test_a_body_in_one_piece_is_one_message(serve: Serve) -> None:
    app = Receiving()
    serve(app).ask(post(b"whole"))
    assert app.messages == [{"type": "http.request", "body": b"whole", "more_body": False}]


def test_no_body_is_one_empty_message(serve: Serve) -> None:
    app = Receiving()
    with serve(app).line() as line:
        line.ask(get())
        line.ask(post(b""))
    assert app.messages == [{"type": "http.request", "body": b"", "more_body": False}] * 2


def test_an_application_starts_with_the_head_and_gets_pieces_as_they_come(serve: Serve) -> None:
    app = Receiving()
    with serve(app).line() as line:
        line.send(post(b"one two three")[:-10])
        until(lambda: app.messages)
        line.send(b" two")
        until(lambda: len(app.messages) == 2)
        assert line.ask(b" three").body == b"done"
    assert [message["body"] for message in app.messages] == [b"one", b" two", b" three"]
    assert [message["more_body"] for message in app.messages] == [True, True, False]


@pytest.mark.parametrize("extension", [b"", b";name=value", b';a="b;c"'])
@pytest.mark.parametrize("trailer", [b"", b"Sum: 1\r\nContent-Type: x\r\n"])
def test_chunks(serve: Serve, extension: bytes, trailer: bytes) -> None:
    head = get("/c", "Transfer-Encoding: Chunked", method="POST")
    body = b"5%b\r\nhello\r\nB%b\r\n, all there!\r\n0%b\r\n%b\r\n" % (extension, extension, extension, trailer)
    body = body.replace(b"B", b"c")  # sizes are hexadecimal, in either case
    with serve(echo).line() as line:
        assert line.ask(head + body).body == b"POST /c hello, all there!"
        assert line.ask(head + body.replace(b"c", b"C")).body == b"POST /c hello, all there!"


def test_megabytes_arrive_whole(serve: Serve) -> None:
    body = bytes(range(256)) * 20_000
    with serve(echo).line() as line:
        for _ in range(2):
            assert line.ask(post(body)).body == b"POST / " + body
        pieces = b"".join(b"%x\r\n%b\r\n" % (60_000, body[at : at + 60_000]) for at in range(0, 5_100_000, 60_000))
        line.send(get("/", "Transfer-Encoding: chunked", method="POST") + pieces + b"0\r\n\r\n")
        assert line.answer().body == b"POST / " + body[:5_100_000]


def test_what_is_not_read_holds_the_client_up(serve: Serve) -> None:
    go = asyncio.Event()
    sizes: list[int] = []

    async def late(_scope: Message, receive: Receive, send: Send) -> None:
        await go.wait()
        while True:
            message = await receive()
            sizes.append(len(message["body"]))
            if not message["more_body"]:
                break
        await answer(send, b"%d" % sum(sizes))

    served = serve(late)
    total = 30_000_000
    with served.line() as line:
        line.send(post(b"x" * total)[:100])
        line.socket.setblocking(False)
        sent, stuck = 100, 0
        piece = b"x" * 1_000_000
        while stuck < 20:
            try:
                sent += line.socket.send(piece)
                stuck = 0
            except BlockingIOError:
                stuck += 1
                time.sleep(0.02)
        assert sent < 15_000_000  # what the sockets hold
        served.run(go.set)
        line.socket.settimeout(5)
        line.send(b"x" * (len(post(b"x" * total)) - sent))
        assert line.answer().body == b"%d" % total
    assert max(sizes) < 800_000
    assert len(sizes) > 30


def test_a_body_is_not_kept_that_nobody_reads(serve: Serve) -> None:
    async def deaf(_scope: Message, _receive: Receive, send: Send) -> None:
        await answer(send, b"no thanks")

    with serve(deaf).line() as line:
        line.send(post(b"x" * 3_000_000))
        assert line.answer().body == b"no thanks"
        assert line.ask(get()).body == b"no thanks"
        line.send(post(b"half of it")[:-5])
        assert line.answer().body == b"no thanks"
        time.sleep(0.1)
        assert line.ask(b"of it" + get()).body == b"no thanks"


@pytest.mark.parametrize(("size", "late"), [(1_000, 500), (3_000_000, 500), (3_000_000, 100_000)])
def test_a_connection_stays_when_the_unwanted_rest_has_come(serve: Serve, size: int, late: int) -> None:
    async def deaf(_scope: Message, _receive: Receive, send: Send) -> None:
        await answer(send, b"no thanks")

    with serve(deaf, HttpLimits(linger_seconds=0.3)).line() as line:
        request = post(b"x" * size)
        assert line.ask(request[:-late]).body == b"no thanks"
        line.send(request[-late:])
        time.sleep(0.6)
        assert line.ask(get()).body == b"no thanks"


@pytest.mark.parametrize("size", [16_000, 60_000, 300_000, 1_000_000])
def test_large_bodies_with_requests_behind_them(serve: Serve, size: int) -> None:
    body = bytes(range(250)) * (size // 250)
    with serve(echo).line() as line:
        line.send(post(body, path="/1") + post(b"", path="/2") + post(body, path="/3") + get("/4"))
        assert [line.answer().body for _ in range(4)] == [
            b"POST /1 " + body,
            b"POST /2 ",
            b"POST /3 " + body,
            b"GET /4 ",
        ]
        line.send(post(body, "Connection: close", path="/5") + get("/6"))
        assert line.answer().body == b"POST /5 " + body
        assert line.closed()


def test_a_rest_that_does_not_come_ends_the_connection(serve: Serve) -> None:
    async def deaf(_scope: Message, _receive: Receive, send: Send) -> None:
        await answer(send, b"no thanks")

    with serve(deaf, HttpLimits(linger_seconds=0.2)).line() as line:
        assert line.ask(post(b"half of it")[:-5]).body == b"no thanks"
        began = time.monotonic()
        assert line.closed()
        assert 0.1 < time.monotonic() - began < 1


def test_receive_after_the_body_waits_for_the_end_of_the_answer(serve: Serve) -> None:
    kinds: list[str] = []

    async def watching(_scope: Message, receive: Receive, send: Send) -> None:
        await read_body(receive)
        watch = asyncio.ensure_future(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await asyncio.sleep(0.02)
        kinds.append(str(watch.done()))
        await send({"type": "http.response.body", "body": b"b"})
        kinds.append((await watch)["type"])
        kinds.append((await receive())["type"])

    with serve(watching).line() as line:
        for _ in range(2):
            assert line.ask(post(b"x")).body == b"ab"
    until(lambda: len(kinds) == 6)
    assert kinds == ["False", "http.disconnect", "http.disconnect"] * 2


def test_two_may_wait_and_one_may_give_up(serve: Serve) -> None:
    async def app(_scope: Message, receive: Receive, send: Send) -> None:
        waiting = [asyncio.ensure_future(receive()) for _ in range(3)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"go", "more_body": True})
        bodies = [(await each).get("body") for each in waiting[1:2]]
        await send({"type": "http.response.body", "body": b",".join(bodies)})
        assert (await waiting[2])["type"] in ("http.request", "http.disconnect")

    with serve(app).line() as line:
        line.send(post(b"late")[:-4])
        time.sleep(0.1)
        line.send(b"late")
        assert line.answer().body == b"golate"


# Expect: 100-continue


def test_continue_is_said_when_the_application_asks(serve: Serve) -> None:
    go = asyncio.Event()

    async def slow(scope: Message, receive: Receive, send: Send) -> None:
        await go.wait()
        await echo(scope, receive, send)

    served = serve(slow)
    with served.line() as line:
        line.send(post(b"body", "Expect: 100-Continue")[:-4])
        line.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            line.socket.recv(1, socket.MSG_PEEK)
        line.socket.settimeout(5)
        served.run(go.set)
        assert line.answer().status == 100
        assert line.ask(b"body").body == b"POST / body"
        assert line.ask(get()).body == b"GET / "


def test_continue_is_not_said_when_the_body_is_there(serve: Serve) -> None:
    with serve(echo).line() as line:
        assert line.ask(post(b"body", "Expect: 100-continue")).body == b"POST / body"
        assert line.ask(post(b"body", "Expect: 100-continue", version="1.0")).body == b"POST / body"


def test_without_continue_the_client_is_told_that_the_connection_ends(serve: Serve) -> None:
    async def refuse(_scope: Message, _receive: Receive, send: Send) -> None:
        await answer(send, b"too large", 413)

    with serve(refuse).line() as line:
        refused = line.ask(post(b"body", "Expect: 100-continue")[:-4])
        assert (refused.status, refused.headers["connection"]) == (413, "close")
        assert line.closed()


# Pipelining


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.02 if scope["path"] == "/0" else 0)
        await echo(scope, receive, send)

    with serve(app).line() as line:
        line.send(b"".join(post(b"%d" % number, path=f"/{number}") for number in range(50)))
        answers = [line.answer().body for _ in range(50)]
    assert answers == [b"POST /%d %d" % (number, number) for number in range(50)]


def test_thousands_of_pipelined_requests_are_not_parsed_ahead(serve: Serve) -> None:
    go = asyncio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await go.wait()
        await echo(scope, receive, send)

    served = serve(app, keep_alive_max_requests=10_000)
    with served.line() as line:
        line.send(b"".join(get(f"/{number}") for number in range(5_000)))
        time.sleep(0.1)

        def waiting() -> int:
            import gc

            from model_router.server.http1.parser import Request

            return sum(isinstance(each, Request) for each in gc.get_objects())

        assert 1 < served.run(waiting) < 1_000
        served.run(go.set)
        assert [line.answer().body for _ in range(5_000)] == [b"GET /%d " % number for number in range(5_000)]


def test_the_next_request_does_not_wait_for_work_after_an_answer(serve: Serve) -> None:
    end = asyncio.Event()
    ended: list[str] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        if scope["path"] == "/long":
            await end.wait()
        ended.append(scope["path"])

    served = serve(app)
    with served.line() as line:
        assert line.ask(get("/long")).body == b"GET /long "
        assert line.ask(get("/a")).body == b"GET /a "
        line.send(get("/long") + get("/b") + get("/c"))
        assert [line.answer().body for _ in range(3)] == [b"GET /long ", b"GET /b ", b"GET /c "]
        until(lambda: ended == ["/a", "/b", "/c"])
        served.run(end.set)
        assert line.ask(get("/d")).body == b"GET /d "
        until(lambda: len(ended) == 6)
    until(lambda: served.tasks() == 0)
