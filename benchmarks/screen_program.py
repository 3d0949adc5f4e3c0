"""The application as ``tui`` opens it, with events that nobody asked for and a look at how late its loop is.

``screen_program.py CONFIG DESCRIPTOR``: orders come in by the socket, a JSON object a line, and each is answered by
one. ``flow`` sets how many events a second come, ``burst`` hands so many over at once, ``probe`` says whether lateness
is noted, and every answer tells what came of it all.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import msgspec

from benchmarks.events_server import event
from model_router.server.event_file import EventWriter
from model_router.server.events import EventRing, LiveEvent, RequestEvent
from model_router.tui.app import ModelRouterApp
from model_router.tui.launch import LEAVE_ON, in_shape, settle
from model_router.tui.notices import noticing
from model_router.tui.session import Session

_TICK_SECONDS = 0.01
_PROBE_SECONDS = 0.005
_READER = msgspec.json.Decoder(RequestEvent)


class Flow(threading.Thread):
    """Events at a steady rate for ring and file, as the server hands them over; each is an object with texts of its
    own, as that of a request is.
    """

    def __init__(self, ring: EventRing, writer: EventWriter) -> None:
        super().__init__(daemon=True)
        self.rate = 0
        self.handed = 0
        self.processor = 0.0
        self._ring = ring
        self._writer = writer
        self._lines = [msgspec.json.encode(event(number)) for number in range(97)]
        self._lock = threading.Lock()

    def run(self) -> None:
        """As long as the process lives."""
        due, owed = time.perf_counter(), 0.0
        while True:
            owed += self.rate * _TICK_SECONDS
            self.hand(int(owed))
            owed -= int(owed)
            self.processor = time.thread_time()
            due = max(due + _TICK_SECONDS, time.perf_counter() - 1)
            time.sleep(max(0.0, due - time.perf_counter()))

    def hand(self, count: int) -> None:
        """So many more, as close together as can be."""
        with self._lock:
            made = [self._next(self.handed + number) for number in range(count)]
            for one in made:
                self._writer.write(one.event)
                self._ring.append(one)
            self.handed += count

    def _next(self, number: int) -> LiveEvent:
        read = _READER.decode(self._lines[number % len(self._lines)])
        return LiveEvent(msgspec.structs.replace(read, time=time.time(), request_id=f"mr-{number:012x}"))


class Probe:
    """How many seconds later than it asked for the screen's loop wakes a task, and how much processor time the screen's
    thread used meanwhile: what the lateness would be on a machine with nothing else to do.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.own: list[float] = []
        self._on = False

    def switch(self, on: bool) -> None:
        """In the screen's thread."""
        if on and not self._on:
            self.late.clear()
            self.own.clear()
            self._task = asyncio.get_running_loop().create_task(self._look())
        self._on = on

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        self._on = True
        while self._on:
            used, due = time.thread_time(), loop.time() + _PROBE_SECONDS
            await asyncio.sleep(_PROBE_SECONDS)
            self.late.append(loop.time() - due)
            self.own.append(time.thread_time() - used)


def _obey(told: socket.socket, session: Session, loop: asyncio.AbstractEventLoop) -> None:
    gateway = session.gateway
    assert gateway is not None
    assert gateway.writer is not None
    flow, probe = Flow(gateway.ring, gateway.writer), Probe()
    flow.start()
    with told.makefile("rw", encoding="utf-8") as orders:
        print(json.dumps({"open": True}), file=orders, flush=True)
        for line in orders:
            order = json.loads(line)
            if "flow" in order:
                flow.rate = order["flow"]
            if "burst" in order:
                flow.hand(order["burst"])
            if "probe" in order:
                loop.call_soon_threadsafe(probe.switch, bool(order["probe"]))
            feed = session.feed
            answer = {
                "handed": flow.handed,
                "rows": feed.kept,
                "total": feed.total,
                "dropped": feed.lost,
                "lost": gateway.writer.lost,
                "flow": flow.processor,
                "late": list(probe.late) if "probe" in order else [],
                "own": list(probe.own) if "probe" in order else [],
            }
            print(json.dumps(answer), file=orders, flush=True)


def main() -> int:
    """As :func:`model_router.tui.launch.run`."""
    told = socket.socket(fileno=int(sys.argv[2]))
    session = Session(os.environ, config_path=Path(sys.argv[1]))

    def opened() -> None:
        settle()
        threading.Thread(target=_obey, args=(told, session, asyncio.get_running_loop()), daemon=True).start()

    with in_shape(), noticing() as notices:
        try:
            app = ModelRouterApp(session, first="log", opened=opened, notices=notices, leave_on=LEAVE_ON)
            return app.run() or 0
        finally:
            session.close()


if __name__ == "__main__":
    sys.exit(main())
