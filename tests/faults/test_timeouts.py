"""Three limits apart: for the connection, for the first byte, for each silence within an answer."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from model_router.config.proxy import Transport
from tests.faults import servers
from tests.faults.dialects import CHAT, EVERY, Dialect
from tests.faults.gateways import config_for, serving
from tests.faults.servers import completion
from tests.support.clock import now

LIMIT = 0.25
LONGER = 0.6


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port that takes no connection: nobody accepts, and its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        yield port
        for one in waiting:
            one.close()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_connection_that_is_not_taken(tmp_path: Path, full_port: int, transport: Transport, stream: bool) -> None:
    config = config_for(
        {"only": f"http://127.0.0.1:{full_port}/v1"},
        tmp_path,
        proxy={"transport": transport},
        backend={"connect_timeout_seconds": LIMIT},
    )
    with serving(config) as running:
        started, unhindered = time.monotonic(), now()
        response = running.ask(stream=stream)
        assert time.monotonic() - started >= LIMIT
        assert now() - unhindered < 4 * LIMIT
        assert response.status_code == 504
        assert "did not take the connection within 0.25 s" in response.text
        assert "connect_timeout_seconds" in response.text


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("before", [0.0, LONGER], ids=["after the head", "before the head"])
def test_a_stream_that_does_not_begin(tmp_path: Path, dialect: Dialect, before: float, transport: Transport) -> None:
    late = servers.after(before, servers.stream(dialect.begun, dialect.ended, before=LONGER))
    with servers.running(late) as backend:
        config = config_for(
            {"only": backend.base_url},
            tmp_path,
            proxy={"transport": transport},
            backend={**dialect.backend, "first_byte_timeout_seconds": LIMIT},
        )
        with serving(config) as running:
            response = dialect.ask(running)
            assert response.status_code == 504
            assert "did not begin its answer within 0.25 s; raise its first_byte_timeout_seconds" in response.text
            assert backend.wait_left() < 0.3


def test_signs_of_life_of_the_server_do_not_move_the_limit_for_the_first_byte(
    tmp_path: Path, transport: Transport
) -> None:
    pings = servers.stream(*[b": still reading\n\n"] * 20, CHAT.begun, CHAT.ended, pause=0.05)
    with servers.running(pings) as backend:
        for limit, status in ((LIMIT, 504), (5.0, 200)):
            config = config_for(
                {"only": backend.base_url},
                tmp_path,
                proxy={"transport": transport},
                backend={"first_byte_timeout_seconds": limit},
            )
            with serving(config) as running:
                assert CHAT.ask(running).status_code == status


def test_without_a_limit_for_the_first_byte_signs_of_life_count(tmp_path: Path, transport: Transport) -> None:
    """A long prefill during which llama.cpp sends comments passes, however long it takes in all."""
    pings = servers.stream(*[b": still reading\n\n"] * 10, CHAT.begun, CHAT.ended, pause=0.1)
    with servers.running(pings) as backend:
        config = config_for(
            {"only": backend.base_url}, tmp_path, proxy={"transport": transport}, backend={"timeout_seconds": 0.5}
        )
        with serving(config) as running:
            assert CHAT.ask(running).text.endswith("[DONE]\n\n")


@pytest.mark.parametrize("dialect", EVERY, ids=lambda dialect: dialect.name)
def test_a_silence_within_a_stream(tmp_path: Path, dialect: Dialect, transport: Transport) -> None:
    with servers.running(servers.stream(dialect.begun, dialect.ended, pause=LONGER)) as backend:
        config = config_for(
            {"only": backend.base_url},
            tmp_path,
            proxy={"transport": transport},
            backend={**dialect.backend, "idle_timeout_seconds": LIMIT},
        )
        with serving(config) as running:
            response = dialect.ask(running)
            assert response.status_code == 200
            assert "was silent for 0.25 s; raise its idle_timeout_seconds" in dialect.error(response)
            assert dialect.mark not in response.text
            (event,) = running.events(1)
            assert (event.outcome, event.attempts) == ("broken", 1)


def test_a_silence_within_a_plain_answer(tmp_path: Path, transport: Transport) -> None:
    async def halting(_seen: servers.Seen, line: servers.Line) -> None:
        data = completion("a slow one")
        await line.head(Content_Type="application/json", Content_Length=str(len(data)))
        await line.send(data[:20])
        await asyncio.sleep(LONGER)
        await line.send(data[20:])

    with servers.running(halting) as backend:
        for idle, first, status in ((LIMIT, 5.0, 504), (5.0, LIMIT, 200)):
            config = config_for(
                {"only": backend.base_url},
                tmp_path,
                proxy={"transport": transport},
                backend={"idle_timeout_seconds": idle, "first_byte_timeout_seconds": first},
            )
            with serving(config) as running:
                assert running.ask().status_code == status


def test_the_limits_do_not_add_up(tmp_path: Path, transport: Transport) -> None:
    """A long wait for the first byte is no silence within the answer, and an answer may take longer than any limit."""
    pieces = [servers.event("word ") for _ in range(8)]
    slow = servers.after(LONGER, servers.stream(*pieces, CHAT.ended, pause=0.15))
    with servers.running(slow) as backend:
        config = config_for(
            {"only": backend.base_url},
            tmp_path,
            proxy={"transport": transport},
            backend={
                "connect_timeout_seconds": 0.3,
                "first_byte_timeout_seconds": 3.0,
                "idle_timeout_seconds": 0.5,
                "timeout_seconds": 0.5,
            },
        )
        with serving(config) as running:
            assert CHAT.ask(running).text.count("word ") == 8
            assert running.events(1)[0].outcome == "ok"
