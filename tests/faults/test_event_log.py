"""The event log in trouble: killed at any moment, no room, a folder that goes; requests never wait for it."""

from __future__ import annotations

import json
import logging
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from model_router.config.proxy import ObservabilityConfig
from model_router.hindsight.event_files import event_files
from model_router.hindsight.reading import Tally, read_events
from model_router.server.event_file import EventWriter
from tests.faults import servers
from tests.faults.dialects import CHAT
from tests.faults.gateways import config_for, serving
from tests.hindsight.past import past_event
from tests.support.gateway_process import wait_for

WRITE_FOR_EVER = """
import sys, time
from pathlib import Path
from model_router.server.event_file import EventWriter
from tests.hindsight.past import past_event
writer = EventWriter(Path(sys.argv[1]), max_bytes=60_000, backups=500, batch_seconds=0.01)
writer.start()
number = int(sys.argv[2])
while True:
    for _ in range(40):
        writer.write(past_event(number))
        number += 1
    time.sleep(0.002)
"""

AS_NOBODY = """
import json, logging, os, sys, time
from pathlib import Path
from model_router.server.event_file import EventWriter
from tests.hindsight.past import past_event
path, before = Path(sys.argv[1]), int(sys.argv[2])
warnings = []
class Kept(logging.Handler):
    def emit(self, record):
        warnings.append(record.getMessage())
logging.getLogger("model_router").addHandler(Kept())
path.parent.mkdir()
if os.getuid() == 0:
    os.chown(path.parent, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
writer = EventWriter(path, max_bytes=3_000, backups=2, batch_seconds=0.001)
def write(number):
    writer.write(past_event(number))
    deadline = time.monotonic() + 10
    while (path.read_bytes().count(b"\\n") if path.exists() else 0) + writer.lost <= number:
        assert time.monotonic() < deadline, number
        time.sleep(0.002)
if before:
    writer.start()
    for number in range(before):
        write(number)
path.parent.chmod(0o500)
if not before:
    writer.start()
for number in range(before, before + 10):
    write(number)
writer.close()
print(json.dumps({"problem": writer.problem, "lost": writer.lost, "warnings": warnings}))
"""

WITHOUT_ROOM = """
import json, resource, signal, sys, time
from pathlib import Path
from model_router.server.event_file import EventWriter
from tests.hindsight.past import past_event
path = Path(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, hard))
writer = EventWriter(path, max_bytes=10_000_000, backups=1, batch_seconds=0.001)
writer.start()
def settled(count):
    deadline = time.monotonic() + 10
    while path.read_bytes().count(b"\\n") + writer.lost < count and time.monotonic() < deadline:
        time.sleep(0.005)
for number in range(20):
    writer.write(past_event(number))
    settled(number + 1)
problem, lost = writer.problem, writer.lost
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
writer.write(past_event(99))
writer.close()
print(json.dumps({"problem": problem, "lost": lost, "afterwards": writer.lost, "in_the_end": writer.problem}))
"""


def ids(path: Path) -> list[int]:
    """The numbers of the events of a log, oldest first; every line has to be whole."""
    tally = Tally()
    found = [int(event.request_id[3:], 16) for event in read_events(event_files(path), tally)]
    assert (tally.broken, tally.others) == (0, 0), tally.named
    return found


def begun(path: Path, number: int) -> bool:
    """Whether the event of this number is in the log."""
    name = past_event(number).request_id.encode()
    return any(name in file.read_bytes() for file in event_files(path)[-5:])


def test_killed_at_any_moment_no_line_is_broken_and_only_the_end_is_lost(tmp_path: Path) -> None:
    """Five lives of a writer at some ten thousand events a second, each ended in the midst of it."""
    path, rng, start = tmp_path / "e", random.Random(6), 0
    lives: list[int] = []
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path), str(start)]) as process:
            try:
                wait_for(partial(begun, path, start), within=20, what="events in the file")
                time.sleep(rng.random() * 0.05)
            finally:
                process.kill()
        lives.append(start)
        start += 1_000_000
    last = EventWriter(path, max_bytes=60_000, backups=500, batch_seconds=0.01)
    last.start()
    last.write(past_event(start))
    last.close()
    found = ids(path)
    assert found[-1] == start
    for life in lives:
        of_it = [number for number in found if life <= number < life + 1_000_000]
        assert of_it == list(range(life, life + len(of_it)))
        assert of_it


def test_a_full_disk_costs_the_events_that_do_not_fit_and_half_a_line_is_taken_back(tmp_path: Path) -> None:
    """The system refuses the rest of a write, as a full disk does, and takes writes again later."""
    pytest.importorskip("resource")
    path = tmp_path / "e"
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    told = json.loads(ended.stdout)
    kept = ids(path)
    assert "cannot be written" in told["problem"]
    assert told["lost"] == 20 - (len(kept) - 1) > 0
    assert told["afterwards"] == told["lost"]
    assert told["in_the_end"] == "", "it is written again, and /health says nothing else"
    assert kept == [*range(len(kept) - 1), 99]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        (folder / "logs").chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows folders are not closed by their mode")
@pytest.mark.parametrize("before", [0, 3])
def test_a_folder_that_is_read_only(open_folder: Path, before: int) -> None:
    """Without a file in it, all is lost and counted; one that is there grows on, though it cannot be rotated."""
    ended = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(open_folder / "logs" / "e"), str(before)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    told = json.loads(ended.stdout)
    if before:
        assert ids(open_folder / "logs" / "e") == list(range(13))
        assert (told["problem"], told["lost"]) == ("", 0)
        assert [word for word in told["warnings"] if "cannot be rotated (Permission denied)" in word]
    else:
        assert "cannot be written: Permission denied" in told["problem"]
        assert told["lost"] == 10
    assert len(told["warnings"]) == 1


def test_a_folder_that_goes_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "e"
    writer = EventWriter(path, max_bytes=100_000, backups=1, batch_seconds=0.005)
    writer.start()
    writer.write(past_event(1))
    wait_for(lambda: path.stat().st_size, within=5, what="the first event")
    shutil.rmtree(path.parent)
    writer.write(past_event(2))
    writer.close()
    assert ids(path) == [2]
    assert writer.lost == 0


def test_requests_go_on_without_a_log_with_one_warning_and_a_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    log = ObservabilityConfig(log_path=str(tmp_path / "file" / "events.jsonl"))
    quick = servers.stream(CHAT.begun, CHAT.ended)
    with caplog.at_level(logging.WARNING), servers.running(quick) as one:
        config = config_for({"one": one.base_url}, tmp_path, observability=log)
        with serving(config) as running:
            assert [running.ask(stream=True).status_code for _ in range(5)] == [200] * 5
            running.events(5)
            writer = running.gateway.writer
            assert writer is not None
            wait_for(lambda: writer.lost == 5, within=5, what="the count of what was lost")
            metrics = running.client.get("/metrics").text
    assert "events_lost_total 5.0" in metrics
    assert len([record for record in caplog.records if "event log" in record.message]) == 1
