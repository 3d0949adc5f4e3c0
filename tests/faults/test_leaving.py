"""A client that leaves takes its request with it: the backend's connection closes within 0.3 seconds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from model_router.config.proxy import Abort, Transport
from tests.faults import servers
from tests.faults.dialects import EVERY, Dialect
from tests.faults.gateways import before, config_for, serving
from tests.faults.servers import Behaviour
from tests.support.clock import now
from tests.support.gateway_process import wait_for

LIMIT = 0.3
RESET = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""A socket with this as its ``SO_LINGER`` is reset as it is closed."""
LARGE = "x" * 16_000_000
"""More than the system's buffers hold for a client that does not read."""


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_leaving_while_the_backend_thinks(tmp_path: Path, stream: bool) -> None:
    with servers.running(servers.hang) as backend, serving(config_for({"only": backend.base_url}, tmp_path)) as running:
        line = running.connect(stream=stream)
        backend.wait_seen()
        time.sleep(0.1)
        line.close()
        assert backend.wait_left() < LIMIT
        (event,) = running.events(1)
        assert (event.outcome, event.status, event.stream) == ("cancelled", 499, stream)
        assert event.backend == "only"
        assert running.gateway.in_flight == 0


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_leaving_in_the_middle_of_a_stream(tmp_path: Path, reset: bool) -> None:
    with (
        servers.running(servers.talk_for_ever) as backend,
        serving(config_for({"only": backend.base_url}, tmp_path)) as running,
    ):
        line = running.connect(stream=True)
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        if reset:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        line.close()
        assert backend.wait_left() < LIMIT
        (event,) = running.events(1)
        assert event.outcome == "cancelled"


async def _half_a_plain_answer(_seen: servers.Seen, line: servers.Line) -> None:
    await line.head(Content_Type="application/json", Content_Length="1000")
    await line.send(b'{"choices": [')
    await line.until_left()


async def _head_of_a_stream(_seen: servers.Seen, line: servers.Line) -> None:
    await line.head(Content_Type=servers.SSE, Transfer_Encoding="chunked")
    await line.until_left()


@pytest.mark.parametrize(
    ("behaviour", "stream"), [(_half_a_plain_answer, False), (_head_of_a_stream, True)], ids=["plain", "stream"]
)
def test_leaving_after_the_backend_began(tmp_path: Path, behaviour: Behaviour, stream: bool) -> None:
    with servers.running(behaviour) as backend, serving(config_for({"only": backend.base_url}, tmp_path)) as running:
        line = running.connect(stream=stream)
        backend.wait_seen()
        time.sleep(0.1)
        line.close()
        assert backend.wait_left() < LIMIT
        assert running.events(1)[0].outcome == "cancelled"


def test_leaving_before_the_body_is_complete(tmp_path: Path) -> None:
    with servers.running(servers.good) as backend, serving(config_for({"only": backend.base_url}, tmp_path)) as running:
        port = int(running.root.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b'POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n{"mo')
            time.sleep(0.1)
        assert running.events(1)[0].outcome == "cancelled"
        assert backend.seen == []


def test_many_clients_leave_at_once(tmp_path: Path) -> None:
    with servers.running(servers.hang) as backend, serving(config_for({"only": backend.base_url}, tmp_path)) as running:
        lines = [running.connect(stream=bool(number % 2)) for number in range(20)]
        backend.wait_seen(20)
        for line in lines:
            line.close()
        assert {event.outcome for event in running.events(20)} == {"cancelled"}
        deadline = time.monotonic() + 1
        while any(seen.left_at is None for seen in backend.seen):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert running.gateway.in_flight == 0


def test_leaving_a_plain_answer_that_is_made_from_a_stream(tmp_path: Path, transport: Transport) -> None:
    with before(servers.talk_for_ever, tmp_path, backend={"stream_plain": True}, proxy={"transport": transport}) as (
        running,
        one,
    ):
        line = running.connect(stream=False)
        one.wait_seen()
        assert one.seen[0].json()["stream"] is True
        time.sleep(0.1)
        line.close()
        assert one.wait_left() < LIMIT
        (event,) = running.events(1)
        assert (event.outcome, event.status, event.stream) == ("cancelled", 499, False)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_leaving_with_either_client_to_backends(tmp_path: Path, transport: Transport, stream: bool) -> None:
    with before(servers.hang, tmp_path, proxy={"transport": transport}) as (running, one):
        line = running.connect(stream=stream)
        one.wait_seen()
        time.sleep(0.1)
        line.close()
        assert one.wait_left() < LIMIT
        assert running.events(1)[0].outcome == "cancelled"


def test_leaving_between_signs_of_life(tmp_path: Path) -> None:
    with before(servers.hang, tmp_path, proxy={"keepalive_seconds": 0.05}) as (running, one):
        line = running.connect(stream=True)
        assert line.recv(1000).startswith(b"HTTP/1.1 200")
        time.sleep(0.2)
        line.close()
        assert one.wait_left() < LIMIT
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("cancelled", 499)


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_leaving_in_every_protocol(tmp_path: Path, dialect: Dialect) -> None:
    endless = servers.stream(dialect.begun, *[b": more\n\n"] * 200, pause=0.05)
    with before(endless, tmp_path, backend=dialect.backend) as (running, one):
        body = json.dumps({"model": "auto", "stream": True, **dialect.body}).encode()
        line = socket.create_connection(("127.0.0.1", int(running.root.rpartition(":")[2])), timeout=5)
        line.sendall(f"POST {dialect.path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        line.sendall(body)
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        line.close()
        assert one.wait_left() < LIMIT
        assert running.events(1)[0].outcome == "cancelled"


def test_leaving_while_the_backend_takes_in_the_request_slowly(tmp_path: Path, transport: Transport) -> None:
    """A large request that the server does not read: the rest of it is not waited for."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(5)
        config = config_for(
            {"only": f"http://127.0.0.1:{listener.getsockname()[1]}/v1"}, tmp_path, proxy={"transport": transport}
        )
        with serving(config) as running:
            line = running.connect(padding="x" * 8_000_000)
            with listener.accept()[0] as peer:
                peer.settimeout(2)
                time.sleep(0.2)
                line.close()
                left = now()
                _read_to_the_end(peer)
                assert now() - left < LIMIT
            assert running.events(1)[0].outcome == "cancelled"


def _read_to_the_end(peer: socket.socket) -> None:
    """Whether the end is a proper one or a reset does not matter."""
    with contextlib.suppress(ConnectionResetError):
        while peer.recv(1_000_000):
            pass


def test_leaving_while_waiting_to_try_again(tmp_path: Path) -> None:
    busy = servers.status("429 Too Many Requests", b"{}", Retry_After="1")
    with before(servers.in_turn(busy, servers.good), tmp_path) as (running, one):
        running.leave_after(0.2)
        assert running.events(1)[0].outcome == "cancelled"
        time.sleep(1)
        assert len(one.seen) == 1


def counted(_seen: servers.Seen, line: servers.Line) -> Any:
    """A stream of 0.5 s."""
    pieces = [servers.event(f"{number} ") for number in range(10)]
    return servers.stream(*pieces, servers.event(None, "stop") + servers.DONE, pause=0.05)(_seen, line)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("made", [False, True], ids=["as it is", "made from a stream"])
def test_a_server_that_would_crash_is_read_to_its_end(
    tmp_path: Path, transport: Transport, stream: bool, made: bool
) -> None:
    """``abort: drain``: its connection is not cut, and its place in line is held until it is done."""
    answer = counted if stream or made else servers.after(0.5, servers.good)
    with before(
        answer,
        tmp_path,
        proxy={"transport": transport},
        backend={"abort": Abort.DRAIN, "parallel": 1, "stream_plain": made},
    ) as (running, one):
        line = running.connect(stream=stream)
        one.wait_seen()
        time.sleep(0.1)
        line.close()
        left = time.monotonic()
        assert running.ask().status_code == 200, "the next one waited, and was served"
        first, second = one.seen[:2]
        assert first.answered_at is not None
        assert first.answered_at - left > 0.2
        assert first.answered_at <= second.arrived_at
        assert first.left_at is None or first.left_at >= first.answered_at
        cancelled, served = running.events(2)
        assert (cancelled.outcome, cancelled.status) == ("cancelled", 499)
        assert served.outcome == "ok"
        assert running.gateway.in_flight == 0


def test_who_leaves_the_line_of_such_a_server_leaves_at_once(tmp_path: Path) -> None:
    with before(servers.after(0.5, servers.good), tmp_path, backend={"abort": Abort.DRAIN, "parallel": 1}) as (
        running,
        one,
    ):
        served = running.connect()
        one.wait_seen()
        running.leave_after(0.1)
        (event,) = running.events(1, within=0.3)
        assert event.outcome == "cancelled"
        served.recv(100)
        served.close()
        assert len(one.seen) == 1


def test_another_backend_is_not_tried_for_a_client_that_left(tmp_path: Path) -> None:
    failing = servers.after(0.4, servers.status("500 Internal Server Error", b"{}"))
    with servers.running(failing) as one, servers.running(servers.good) as spare:
        config = config_for({"one": one.base_url, "spare": spare.base_url}, tmp_path, backend={"abort": Abort.DRAIN})
        with serving(config) as running:
            running.leave_after(0.1)
            assert running.events(1)[0].outcome == "cancelled"
            assert spare.seen == []


def test_a_gateway_that_stops_does_not_wait_for_answers_that_nobody_reads_for_ever(tmp_path: Path) -> None:
    with before(servers.talk_for_ever, tmp_path, backend={"abort": Abort.DRAIN}) as (running, one):
        line = running.connect(stream=True)
        assert line.recv(100)
        line.close()
        time.sleep(0.2)
        assert one.seen[0].left_at is None
        started = time.monotonic()
        running.thread.stop(0.3)
        assert time.monotonic() - started < 2
        assert one.wait_left() < 1


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_nothing_is_logged_of_an_error_that_nobody_is_there_to_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    """It comes so soon that nobody listens yet whether the client is there."""
    left = threading.Event()

    async def fail(_seen: servers.Seen, line: servers.Line) -> None:
        await asyncio.to_thread(left.wait, 5)
        await line.reply(b"no JSON, so the gateway words it", "500 Internal Server Error")

    with before(fail, tmp_path, backend={"retries": 0}) as (running, one), caplog.at_level(logging.ERROR):
        for count in range(1, 6):
            left.clear()
            line = running.connect(stream=stream)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            one.wait_seen(count)
            line.close()
            left.set()
            (event,) = running.events(1)
            assert event.outcome in ("error", "cancelled")
        assert caplog.records == []


def test_leaving_before_all_of_a_large_answer_is_read(tmp_path: Path) -> None:
    async def answer(_seen: servers.Seen, line: servers.Line) -> None:
        await line.reply(servers.completion(LARGE))

    with before(answer, tmp_path) as (running, one):
        line = running.connect()
        one.wait_seen()
        wait_for(lambda: one.seen[0].answered_at, within=5, what="the answer at the gateway")
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        line.close()
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("cancelled", 499)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_stop_does_not_wait_for_a_client_that_does_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, stream: bool
) -> None:
    """The answer is out as far as the gateway goes, so nothing can be told behind it; the event says what was."""

    async def answer(_seen: servers.Seen, line: servers.Line) -> None:
        if stream:
            await servers.stream(servers.event(LARGE), servers.event(None, "stop"), servers.DONE)(_seen, line)
        else:
            await line.reply(servers.completion(LARGE))

    with before(answer, tmp_path) as (running, one), caplog.at_level(logging.ERROR):
        line = running.connect(stream=stream)
        one.wait_seen()
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        running.thread.stop(0.1)
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("broken", 200)
        assert "stopp" in event.error
        assert [record.getMessage() for record in caplog.records] == []
        line.close()
