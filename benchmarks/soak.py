"""Tens of thousands of mixed requests through ``model-router serve``, over model servers that fail in every way.

Chat, messages and responses, plain and streamed, housekeeping, risky orders, huge and broken bodies, clients that
leave at every stage. At the end nothing may be left: memory, sockets, places in line, requests under way; and every
request has exactly one event in the log. Same seed, same requests. Exit code 1 when something does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil
import yaml

from benchmarks import soak_servers
from benchmarks.soak_requests import Leaving, Sent, configuration, judge, request
from benchmarks.systems import ending_with_us
from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Limits

_ANSWER_SECONDS = 30.0
"""No request may take longer."""
_QUIET_SECONDS = 3.0
"""So soon after the last request nothing may be left of any."""
_GROWTH = 12_000_000
"""Bytes that the process may grow by once it is warm."""
_SAMPLES = 10


@dataclass(slots=True)
class Figures:
    """What was seen. ``answers`` by label and verdict; ``problems`` are sentences, the first of each kind.

    ``spoke`` names the clients from which the head of a request went out for sure, before they left.
    """

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    seconds: float = 0.0
    sent: int = 0
    answered: set[str] = field(default_factory=set)
    spoke: set[str] = field(default_factory=set)

    def complain(self, text: str) -> None:
        """Note what does not hold."""
        if len(self.problems) < 40:
            self.problems.append(text)


class Driver:
    """The clients: ``clients`` at once, one request after the other."""

    def __init__(self, port: int, process: psutil.Process, *, requests: int, clients: int, seed: int) -> None:
        self.figures = Figures()
        self._address = ("127.0.0.1", port)
        self._process = process
        self._numbers = iter(range(requests))
        self._requests = requests
        self._clients = clients
        self._seed = seed
        self._client = LeanClient(max_connections=clients)

    async def run(self, seconds: float) -> None:
        """Send all of them, or as many as there is time for."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._work() for _ in range(self._clients)))
        except TimeoutError:
            self.figures.complain(f"only {self.figures.sent} of {self._requests} requests within {seconds:g} s")
        finally:
            self.figures.seconds = time.monotonic() - started
            await self._client.aclose()

    async def _work(self) -> None:
        for number in self._numbers:
            sent = request(number, self._seed)
            verdict = await self._send(sent)
            figures = self.figures
            figures.answers[sent.label, verdict if verdict in _FINE else "WRONG"] += 1
            if verdict not in _FINE:
                figures.complain(f"request {number} ({sent.label}, {sent.path}, stream {sent.stream}): {verdict}")
            figures.sent += 1
            if figures.sent % max(1, self._requests // _SAMPLES) == 0:
                figures.memory.append(self._process.memory_info().rss)

    async def _send(self, sent: Sent) -> str:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if sent.leaving is Leaving.SENDING:
                    await self._leave_while_sending(sent)
                    return "left"
                if sent.leaving is Leaving.WAITING:
                    await self._leave_while_waiting(sent)
                    return "left"
                return await self._answer(sent)
        except TimeoutError:
            return f"no answer within {_ANSWER_SECONDS:g} s"
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"

    async def _answer(self, sent: Sent) -> str:
        headers = [*self._head(sent), (b"content-length", b"%d" % len(sent.body))]
        exchange = await self._client.exchange(
            self._address, b"POST", sent.path.encode(), headers=headers, body=sent.body, limits=Limits()
        )
        try:
            pieces = []
            while piece := await exchange.read():
                pieces.append(piece)
                if sent.leaving is Leaving.READING:
                    self.figures.spoke.add(sent.client)
                    return "left"
        finally:
            exchange.close()
        named = dict(exchange.headers)
        self.figures.answered.add(sent.client)
        if b"x-modelrouter-request-id" not in named:
            return "an answer without the request's id"
        kind = named.get(b"content-type", b"").decode().partition(";")[0]
        return judge(sent, exchange.status, kind, b"".join(pieces)) or "whole"

    async def _leave_while_sending(self, sent: Sent) -> None:
        _, writer = await self._speak(sent, sent.body[: len(sent.body) // 2])
        await asyncio.sleep(sent.pause)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def _leave_while_waiting(self, sent: Sent) -> None:
        """At once, with whatever has not gone out and whatever of an answer nobody has read."""
        reader, writer = await self._speak(sent, sent.body)
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(sent.pause):
                await reader.read()
        writer.transport.abort()

    async def _speak(self, sent: Sent, body: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a head and so much of its body, as far as the system takes it at once: more than the head, anyway."""
        reader, writer = await asyncio.open_connection(*self._address)
        lines = [b"%b: %b" % pair for pair in (*self._head(sent), (b"content-length", b"%d" % len(sent.body)))]
        head = b"POST " + sent.path.encode() + b" HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n"
        writer.write(head + body)
        self.figures.spoke.add(sent.client)
        return reader, writer

    @staticmethod
    def _head(sent: Sent) -> list[tuple[bytes, bytes]]:
        return [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"user-agent", sent.client.encode())]


_FINE = frozenset({"whole", "broken", "left"})


def main(arguments: Sequence[str]) -> int:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(prog="scripts/bench soak", description=__doc__)
    parser.add_argument("requests", type=int, nargs="?", default=50_000)
    parser.add_argument("--clients", type=int, default=48, help="at once")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3600.0, help="it ends after so many, whatever is left")
    options = parser.parse_args(arguments)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it remarks on servers that write to who has left
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(
            soak(Path(folder), options.requests, clients=options.clients, seed=options.seed, seconds=options.seconds)
        )
    print_table(figures)
    return int(bool(figures.problems))


async def soak(folder: Path, requests: int, *, clients: int = 48, seed: int = 4, seconds: float = 3600.0) -> Figures:
    """One run, in a folder of its own."""
    log = folder / "events.jsonl"
    async with soak_servers.running() as servers:
        port = _free_port()
        file = folder / "routing_proxy.yaml"
        file.write_text(yaml.safe_dump(configuration(servers.ports, port, str(log))))
        with _serve(file, port) as (process, output):
            seen = psutil.Process(process.pid)
            async with httpx.AsyncClient(trust_env=False) as client:  # what the end asks for brings the web framework
                await client.get(f"http://127.0.0.1:{port}/metrics", headers={"connection": "close"})
            driver = Driver(port, seen, requests=requests, clients=clients, seed=seed)
            files = seen.num_fds() - len(_connections(seen))
            threads = seen.num_threads()
            await driver.run(seconds)
            figures = driver.figures
            await _check_quiet(figures, servers, seen, port)
            if seen.num_fds() - len(_connections(seen)) > files + 2:
                figures.complain(f"{seen.num_fds() - len(_connections(seen)) - files} more open files than before")
            if seen.num_threads() > threads + 1:
                figures.complain(f"{seen.num_threads() - threads} more threads than before")
            _check_memory(figures, seen)
            await _check_end(figures, process, output)
    _check_events(figures, log)
    return figures


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.contextmanager
def _serve(file: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """``serve`` in a process of its own, once it answers."""
    output = file.with_suffix(".output")
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [*ending_with_us(), sys.executable, "-m", "model_router", "serve", "--config", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=os.environ | {"MODEL_ROUTER_HOME": str(file.parent / "home")},
        )
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/v1/models", trust_env=False)
                break
            if process.poll() is not None:
                raise RuntimeError(output.read_text())
            time.sleep(0.05)
        yield process, output
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _connections(process: psutil.Process) -> list[Any]:
    return process.net_connections(kind="tcp")


async def _check_quiet(figures: Figures, servers: soak_servers.Servers, process: psutil.Process, port: int) -> None:
    """Soon after the last request nobody works on any: neither the gateway nor the servers behind it."""
    deadline = time.monotonic() + _QUIET_SECONDS
    left: dict[str, float] = {}
    async with httpx.AsyncClient(trust_env=False) as client:
        while True:
            response = await client.get(f"http://127.0.0.1:{port}/metrics", headers={"connection": "close"})
            left = {"requests at the servers": servers.busy} | _left_in(response.text)
            clients = [
                one for one in _connections(process) if tuple(one.laddr)[1:] == (port,) and one.status != "LISTEN"
            ]
            left["connections of clients"] = sum(one.status == "ESTABLISHED" for one in clients)
            left["connections half closed"] = sum(one.status == "CLOSE_WAIT" for one in _connections(process))
            if not any(left.values()) or time.monotonic() > deadline:
                break
            await asyncio.sleep(0.05)
    for name, number in left.items():
        if number:
            figures.complain(f"{number:g} {name} are left")


def _left_in(text: str) -> dict[str, float]:
    """What /metrics says that must be nothing when nothing happens."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, number = line.rpartition(" ")
        if name.startswith(("modelrouter_in_flight", "modelrouter_line{", "modelrouter_events_lost")):
            found[name] = float(number)
    return found


def _check_memory(figures: Figures, process: psutil.Process) -> None:
    """From the middle on, when all that is remembered is full, the process must not grow."""
    figures.memory.append(process.memory_info().rss)
    half = figures.memory[len(figures.memory) // 2 :]
    growth = half[-1] - half[0]
    if growth > _GROWTH:
        figures.complain(f"{growth / 1e6:.1f} MB more memory in the second half")


async def _check_end(figures: Figures, process: subprocess.Popen[bytes], output: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        code = await asyncio.to_thread(process.wait, 5)
        if code:
            figures.complain(f"serve ended with {code}")
    except subprocess.TimeoutExpired:
        figures.complain("serve does not end within 5 s")
    printed = await asyncio.to_thread(output.read_text)
    if "Traceback" in printed:
        figures.complain(f"serve printed a traceback: ...{printed[printed.index('Traceback') :][:2000]}")


def _check_events(figures: Figures, log: Path) -> None:
    """Each request has one event, by the name of its client, whatever its client did once the head was out."""
    events: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    with log.open("rb") as lines:
        for line in lines:
            event = msgspec.json.decode(line)
            events[event["client"]] += 1
            ids[event["request_id"]] += 1
            outcomes[event["outcome"]] += 1
    twice = [name for name, count in (events + ids).items() if count > 1]
    if twice:
        figures.complain(f"{len(twice)} requests have several events, {twice[0]} among them")
    for what, clients in (("answered requests", figures.answered), ("requests of leaving clients", figures.spoke)):
        missing = sorted(clients - events.keys())
        if missing:
            figures.complain(f"{len(missing)} of {len(clients)} {what} have no event, {missing[0]} among them")
    for outcome, count in outcomes.items():
        figures.answers["events", outcome] = count


def print_table(figures: Figures) -> None:
    """For people."""
    labels = sorted({label for label, _ in figures.answers})
    print(f"{figures.sent} requests in {figures.seconds:.0f} s, {figures.sent / figures.seconds:.0f} a second")
    for label in labels:
        found = {verdict: count for (name, verdict), count in sorted(figures.answers.items()) if name == label}
        print(f"  {label:24} " + "  ".join(f"{verdict} {count}" for verdict, count in found.items()))
    print("memory, MB: " + " ".join(f"{one / 1e6:.1f}" for one in figures.memory))
    print("\n".join(figures.problems) if figures.problems else "nothing is left, and every request has its one event")
