"""A gateway that writes more events than it has requests, as many a second as it is told on its input."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from pathlib import Path

import msgspec

from model_router.config.proxy_file import load_proxy
from model_router.server.event_file import EventWriter
from model_router.server.events import EventRing, RequestEvent
from model_router.server.opening import open_gateway
from model_router.server.thread import ServerThread

_TICK_SECONDS = 0.01


def event(number: int = 0) -> RequestEvent:
    """A request's event of ordinary length, some 1,100 bytes as a line."""
    scores = {"simple": -96, "balanced": -41, "reasoning": -58, "coding": 0, "research": -120, "vision": -140}
    return RequestEvent(
        time=1_790_000_000.0 + number,
        request_id=f"mr-{number:012x}",
        protocol="chat/completions",
        kind="main",
        client=f"agent/{number % 5}.1",
        route="coding",
        engine="code_agent",
        backend="code",
        model="a-model-of-7b-q4",
        status=200,
        outcome="ok",
        stream=True,
        profile="balanced",
        attempts=1,
        reasons=("reads as code or a command", "stayed: moving would prefill about 12k tokens again"),
        reason_codes=("route.coding", "session.stayed.prefill"),
        scores={**scores, "image_generation": -160, "confirmation": -71},
        confidence=66,
        flags=("code_execution",),
        prompt_chars=412,
        estimated_tokens=12_400,
        session_reason="stayed: moving would prefill about 12k tokens again",
        session_code="session.stayed.prefill",
        prefill_tokens=12_400,
        ask_hash="0123456789abcdef01234567",
        route_us=24.5,
        first_byte_ms=212.5 + number % 97,
        total_ms=1_812.25 + number % 1_009,
        prompt_tokens=11_900,
        completion_tokens=310,
        config_hash="0123456789abcdef",
        ruleset_version="1.0123456789ab",
        decided="code_agent",
        structure=("tools",),
    )


class Pump(threading.Thread):
    """Hands events over at a steady rate. ``rate`` is events a second; ``handed`` counts them."""

    def __init__(self, writer: EventWriter) -> None:
        super().__init__(daemon=True)
        self.rate = 0
        self.handed = 0
        self.ended = threading.Event()
        self._writer = writer

    def run(self) -> None:
        """Until :attr:`ended` is set."""
        due = time.perf_counter()
        while not self.ended.is_set():
            for _ in range(round(self.rate * _TICK_SECONDS)):
                self._writer.write(event_again(self.handed))
                self.handed += 1
            due = max(due + _TICK_SECONDS, time.perf_counter() - 1)
            time.sleep(max(0.0, due - time.perf_counter()))


_KEPT = [event(number) for number in range(64)]


def event_again(number: int) -> RequestEvent:
    """One of some events that are there already: making them is the request's work, not the writer's."""
    return _KEPT[number % len(_KEPT)]


def main() -> None:
    """Print the port; then a rate a line comes in, and a line with what was handed over and lost goes out."""
    config = load_proxy(Path(sys.argv[1]), os.environ)
    gateway = open_gateway(config)
    gateway.ring = EventRing(0)
    server = ServerThread(gateway)
    server.start()
    if gateway.writer is None:
        raise SystemExit("the proxy file has no event log")
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 1_000)  # as `serve` does
    pump = Pump(gateway.writer)
    pump.start()
    print(gateway.address.rpartition(":")[2].removesuffix("/v1"), flush=True)
    for line in sys.stdin:
        pump.rate = int(line)
        told = {"handed": pump.handed, "lost": gateway.writer.lost, "processor": time.process_time()}
        print(msgspec.json.encode(told).decode(), flush=True)
    pump.ended.set()
    server.stop(2)


if __name__ == "__main__":
    main()
