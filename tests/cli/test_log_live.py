"""``log --follow`` while a gateway runs: its own words, each once, with a log or without."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from model_router.cli.log_live import LiveLog, find_live
from model_router.config.proxy import ObservabilityConfig
from model_router.errors import ServerError
from model_router.hindsight.past_event import PastEvent, read_line
from model_router.server.control.client import ControlClient
from model_router.server.happenings import RuntimeEvent
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving
from tests.support.gateway_process import wait_for


@pytest.fixture
def running(tmp_path: Path, home: Path) -> Iterator[Running]:
    with servers.running(servers.good) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as gateway:
        yield gateway


@pytest.fixture
def silent(tmp_path: Path, home: Path) -> Iterator[Running]:
    """It writes no log."""
    with servers.running(servers.good) as backend:
        config = config_for({"one": backend.base_url}, tmp_path, observability=ObservabilityConfig(enabled=False))
        with serving(config) as gateway:
            yield gateway


def ask(running: Running, count: int) -> list[str]:
    return [running.ask().headers["x-modelrouter-request-id"] for _ in range(count)]


def names(lines: Iterator[bytes], count: int) -> list[str]:
    found = [read_line(line) for line in islice(lines, count)]
    return [one.request_id for one in found if isinstance(one, PastEvent)]


def live_of(running: Running) -> LiveLog:
    live = find_live(os.environ, int(running.root.rpartition(":")[2]))
    assert live is not None
    return live


def test_what_the_file_lacks_comes_once_and_in_order(running: Running) -> None:
    writer = running.gateway.writer
    assert writer is not None
    before = ask(running, 3)
    wait_for(lambda: writer.path.exists() and writer.path.read_bytes().count(b"\n") == 3, within=5, what="the file")
    writer._batch_seconds = 600.0  # what comes now stays unwritten until the end
    unwritten = ask(running, 3)
    live = live_of(running)
    assert live.file == writer.path
    live.told.extend(writer.path.read_bytes().splitlines())
    lines = live.lines(0)
    assert names(lines, 3) == unwritten
    later = ask(running, 2)
    assert names(lines, 2) == later
    running.thread.stop(2)
    assert list(lines) == []
    assert live.missed == 0
    written = [name for name in map(read_line, writer.path.read_bytes().splitlines()) if isinstance(name, PastEvent)]
    assert [one.request_id for one in written] == [*before, *unwritten, *later]


def test_what_was_shown_from_the_file_meanwhile_does_not_come_again(running: Running) -> None:
    live = live_of(running)
    name, other = ask(running, 2)
    with ControlClient.find(os.environ) as control:
        (first, *_) = islice(control.events(0), 1)
    live.told.append(first.raw)
    assert name in first.raw.decode()
    assert names(live.lines(0), 1) == [other]


def test_without_a_log_the_newest_that_the_gateway_remembers_come(silent: Running) -> None:
    asked = ask(silent, 4)
    live = live_of(silent)
    assert live.file is None
    lines = live.lines(2)
    assert names(lines, 2) == asked[-2:]
    later = ask(silent, 1)
    assert names(lines, 1) == later


def test_letters_that_end_lines_for_some_end_none_here(silent: Running) -> None:
    words = "a\u2028b\x85c\x0bd\x1ce\r"

    async def happen() -> None:
        silent.gateway.tell(RuntimeEvent(time=1.0, backend="b", before="", after="", reason=words))

    silent.thread.submit(happen()).result(5)
    with ControlClient.find(os.environ) as control:
        (event,) = islice(control.events(0), 1)
    assert event.data["reason"] == words


def test_none_or_another_port_is_said(home: Path) -> None:
    assert find_live(os.environ, None) is None
    with pytest.raises(ServerError, match="on port 1"):
        find_live(os.environ, 1)


def test_the_command_follows_a_gateway_that_writes_no_log(silent: Running) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "model_router", "log", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        text=True,
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        wait_for(lambda: silent.gateway.journal._waiters, within=20, what="somebody who follows")
        (name,) = ask(silent, 1)
        assert process.stdout is not None
        assert name in process.stdout.readline()
        silent.thread.stop(2)
        rest, err = process.communicate(timeout=20)
        assert (process.returncode, rest) == (0, "")
        assert err.splitlines()[-1] == "The gateway has ended."
        assert "writes no event log" in err
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
