"""The benchmark of the gateway measures what it says, and judges it by the bars."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from benchmarks import load, payloads, proxy, systems, upstream
from benchmarks.bars import ROWS, Bar, Row, Verdict, ratio
from benchmarks.payloads import Payload

NAN = math.nan


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with upstream.running() as port:
        yield port


@pytest.mark.parametrize("payload", Payload)
def test_every_client_is_answered_and_timed(server: int, payload: Payload) -> None:
    cell = load.measure(server, payloads.requests(payload), clients=4, seconds=0.1)
    assert cell.failures == 0
    assert cell.requests >= 4
    assert 0 < cell.p50 <= cell.p99
    assert math.isnan(cell.first) == (payload is not Payload.STREAM)


def test_the_first_event_of_a_stream_is_seen_long_before_its_end(server: int) -> None:
    cell = load.measure(server, payloads.requests(Payload.STREAM), clients=1, seconds=0.2)
    assert cell.p50 > (upstream.PIECES - 1) * upstream.PIECE_SECONDS
    assert cell.first < cell.p50 / 2


def test_clients_keep_the_pace_they_are_given(server: int) -> None:
    cell = load.measure(server, payloads.requests(Payload.SHORT), clients=4, seconds=0.5, per_second=100)
    assert 40 <= cell.requests <= 56


def test_payloads_have_the_sizes_they_are_named_for() -> None:
    sizes = {payload: len(payloads.body(payload)) for payload in Payload}
    assert 250 < sizes[Payload.SHORT] < 320
    assert 57_000 < sizes[Payload.AGENT] < 63_000
    assert 950_000 < sizes[Payload.LARGE] < 1_050_000
    for payload in Payload:
        assert json.loads(payloads.body(payload)).get("stream") is (payload is Payload.STREAM)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", b"nonsense\r\n\r\n", b""])
def test_a_server_that_refuses_or_closes_counts_as_failure(answer: bytes) -> None:
    async def serve() -> None:
        async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(reply, "127.0.0.1", 0) as listening:
            ports.append(listening.sockets[0].getsockname()[1])
            begun.set()
            await asyncio.to_thread(over.wait, 10)

    ports: list[int] = []
    begun, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert begun.wait(5)
        cell = load.measure(ports[0], payloads.requests(Payload.SHORT), clients=3, seconds=0.1)
    finally:
        over.set()
        thread.join()
    assert cell.failures == 3
    assert cell.requests == 0


@pytest.mark.parametrize(
    ("figure", "to_existing", "verdict"),
    [
        (0.2, 0.1, Verdict.AIM),
        (0.4, 0.2, Verdict.DONE),
        (0.4, 0.3, Verdict.MISSED),
        (0.6, 0.2, Verdict.MISSED),
        (0.6, NAN, Verdict.MISSED),
        (0.4, NAN, Verdict.OPEN),
        (NAN, NAN, Verdict.OPEN),
    ],
)
def test_less_is_better_for_times(figure: float, to_existing: float, verdict: Verdict) -> None:
    row = Row("a time", "ms", done=Bar(0.5, 0.25), aim=Bar(0.25))
    assert row.verdict(figure, to_existing) is verdict


@pytest.mark.parametrize(
    ("to_existing", "verdict"), [(9.9, Verdict.MISSED), (10, Verdict.DONE), (40, Verdict.AIM), (NAN, Verdict.OPEN)]
)
def test_more_is_better_for_requests_a_second(to_existing: float, verdict: Verdict) -> None:
    row = Row("a rate", "/s", done=Bar(None, 10), aim=Bar(None, 40), more_is_better=True)
    assert row.verdict(5_000, to_existing) is verdict


def test_a_ratio_compares_what_was_measured_in_the_same_round() -> None:
    found = {"ours": [1.0, 30.0, 2.0], "theirs": [4.0, 100.0, 8.0]}
    assert ratio(found, "ours", "theirs") == 0.25
    assert math.isnan(ratio(found, "ours", "nobody"))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_the_whole_table_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    proxy.main(["--only", "ours", "--rounds", "1", "--seconds", "0.05", "--unpinned", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["failures"] == {}
    assert set(result["rows"]) == {row.title for row in ROWS}
    for title, row in result["rows"].items():
        assert row["rounds"]["ours"][0] > 0, title
    assert result["rows"]["short chat, 1 client: p50"]["rounds"]["direct"][0] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="cores cannot be chosen here")
def test_cores_are_given_back() -> None:
    before = os.sched_getaffinity(0)
    core, others = systems.split_cores()
    with systems.on(others), systems.on(core):
        assert core is None or os.sched_getaffinity(0) == core
    assert os.sched_getaffinity(0) == before
