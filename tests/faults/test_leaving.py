"""A client that leaves takes its request with it: the backend's connection closes within 0.3 seconds."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.faults import servers
from tests.faults.gateways import config_for, serving
from tests.faults.servers import Behaviour

LIMIT = 0.3


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
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
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
