"""What the event log costs: the writer beside requests, and reading a log of a million events.

Requests go through a gateway of its own process, with and without 5,000 events a second more for its writer, in turns;
the figure is the median of the rounds' ratios. The million events lie in a temporary file; every reading is done in a
process of its own, whose largest memory is told. Seconds of readings are processor time, which is what they take on a
machine with nothing else to do. Exit code 1 when a figure is outside its bar.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import load, payloads, systems, upstream
from benchmarks.events_server import event, event_again
from benchmarks.payloads import Payload
from model_router.server.event_file import EventWriter

_SERVER = str(Path(__file__).with_name("events_server.py"))
_RATE = 5_000
BARS = {
    "slower with 5,000 events/s, ratio": 1.05,
    "processor taken by 5,000 events/s, share": 0.05,
    "events lost": 0.0,
    "summary of a million, s": 10.0,
    "open and count a million, s": 0.5,
    "page of 50 rows, s": 0.05,
    "filter a million rows, s": 0.5,
}


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="scripts/bench events", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each round")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args(arguments)
    if options.part:
        print(json.dumps(_PARTS[options.part](options.file)))
        return 0
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="events-") as name:
        folder = Path(name)
        found |= writing(folder, min(50_000, options.events))
        found |= beside_requests(folder, options.rounds, options.seconds)
        path = folder / "routing-events.jsonl"
        generate(path, options.events)
        found["bytes of an event"] = path.stat().st_size / options.events
        for part in _PARTS:
            found |= _apart(part, path)
    outside = [name for name, bar in BARS.items() if not found[name] <= bar]
    if options.json:
        print(json.dumps({"events": options.events, "figures": found, "outside": outside}, indent=1))
        return 1 if outside else 0
    print(f"{options.events:,} events")
    for name, figure in found.items():
        bar = f"  at most {BARS[name]:g}" if name in BARS else ""
        print(f"  {name:42} {figure:14,.3f}{bar}{'  outside' if name in outside else ''}")
    return 1 if outside else 0


def generate(path: Path, count: int) -> None:
    """A log of so many events, half a second apart, ending now."""
    encoder = msgspec.json.Encoder()
    texts = [encoder.encode(event(number)) for number in range(1_009)]
    parts = [(text[8 : text.index(b",")], text) for text in texts]
    started = time.time() - count / 2
    with path.open("wb") as file:
        for number in range(count):
            moment, text = parts[number % len(parts)]
            line = text.replace(moment, b"%.3f" % (started + number / 2), 1)
            name = b'"mr-%012x"' % number
            begin = line.index(b'"mr-')
            file.write(line[:begin] + name + line[begin + len(name) :] + b"\n")


def writing(folder: Path, count: int) -> dict[str, float]:
    """As fast as it goes: from the first event handed over to the last one in the file."""
    writer = EventWriter(folder / "throughput.jsonl", max_bytes=10_485_760, backups=5)
    writer.start()
    used, started = time.process_time(), time.perf_counter()
    for number in range(count):
        writer.write(event_again(number))
    handed = time.perf_counter() - started
    writer.close(60)
    taken, used = time.perf_counter() - started, time.process_time() - used
    return {
        "writer: events/s at most": count / taken,
        "writer: processor time of an event, us": used / count * 1e6,
        "writer: handing an event over, us": handed / count * 1e6,
        "processor taken by 5,000 events/s, share": used / count * _RATE,
    }


def beside_requests(folder: Path, rounds: int, seconds: float) -> dict[str, float]:
    """The latency of requests with the writer at work, and without."""
    requests = payloads.requests(Payload.SHORT)
    pairs: list[tuple[float, float]] = []
    with upstream.running() as port:
        file = systems.proxy_file(folder, 0, port)
        command = [sys.executable, _SERVER, str(file)]
        environ = {**os.environ, "PYTHONPATH": str(Path(_SERVER).resolve().parent.parent)}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            own = int(process.stdout.readline())

            def pump(rate: int) -> dict[str, float]:
                print(rate, file=process.stdin, flush=True)
                told: dict[str, float] = json.loads(process.stdout.readline())  # type: ignore[union-attr]  # a pipe
                return told

            load.measure(own, requests, clients=1, seconds=seconds)
            spent = 0.0
            for number in range(rounds):
                halves: dict[int, float] = {}
                for rate in (0, _RATE) if number % 2 else (_RATE, 0):
                    pump(rate)
                    started = time.perf_counter()
                    halves[rate] = load.measure(own, requests, clients=1, seconds=seconds).p50
                    spent += (time.perf_counter() - started) if rate else 0.0
                pairs.append((halves[0], halves[_RATE]))
            time.sleep(0.5)
            told = pump(0)
            process.stdin.close()
            process.wait(30)
    return {
        "request without, p50, us": statistics.median(quiet for quiet, _ in pairs) * 1e6,
        "request with 5,000 events/s, p50, us": statistics.median(busy for _, busy in pairs) * 1e6,
        "slower with 5,000 events/s, ratio": statistics.median(busy / quiet for quiet, busy in pairs),
        "events handed over a second, meanwhile": told["handed"] / max(spent, 0.001),
        "events lost": told["lost"],
    }


def _apart(part: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.events", "--part", part, "--file", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def _timed(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _memory() -> float:
    """The most memory that this process has had, in MB; what Linux counts for a process starts with its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_048_576


def _stream(path: Path) -> dict[str, float]:
    from model_router.hindsight.reading import read_events

    seconds = _timed(lambda: sum(1 for _ in read_events([path])))
    return {"read every event, s": seconds, "read every event, MB": _memory()}


def _summary(path: Path) -> dict[str, float]:
    from model_router.hindsight.telemetry import summarise

    seconds = _timed(lambda: summarise([path]))
    return {"summary of a million, s": seconds, "summary, MB": _memory()}


def _replay(path: Path) -> dict[str, float]:
    from model_router.config.files import packaged_catalog
    from model_router.hindsight.past_event import PastEvent
    from model_router.hindsight.reading import read_events
    from model_router.hindsight.replay import replay
    from model_router.router import ModelRouter

    router = ModelRouter.from_config(packaged_catalog(), validate_availability=False)

    def same_rules(found: PastEvent) -> PastEvent:
        return msgspec.structs.replace(found, ruleset_version=router.ruleset_version)

    seconds = _timed(lambda: replay(map(same_rules, read_events([path])), router))
    return {"replay by stored scores, s": seconds, "replay, MB": _memory()}


def _index(path: Path) -> dict[str, float]:
    from benchmarks.log_times import time_log

    times = time_log(path)
    return {
        "open and count a million, s": times.opened.processor,
        "first page, s": times.first_page.processor,
        "page of 50 rows, s": times.page.processor,
        "columns for filters, s": times.columns.processor,
        "filter a million rows, s": times.filtered.processor,
        "index with columns, MB": _memory(),
    }


_PARTS: dict[str, Callable[[Path], dict[str, float]]] = {
    "stream": _stream,
    "summary": _summary,
    "index": _index,
    "replay": _replay,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
