"""What HTTP/1.1 itself costs: an application that only answers, on Hypercorn's own protocol and on ours.

Each server is a process of its own; rounds are interleaved, and figures are medians of them. The client is Python too
and shares the machine, so requests a second are a lower bound; processor time per request is the server's alone. Exit
code 1 when ours is not at least twice as cheap as Hypercorn's own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import importlib
import select
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
from hypercorn.asyncio import serve
from hypercorn.config import Config

from model_router.server.http1.serve import serve_fast

NEEDED = 2.0
_BODY = b'{"object": "chat.completion"}' + b" " * 531
_SHORT = b'{"model": "auto", "messages": [{"role": "user", "content": "hello there"}]}'
_CLIENTS = (1, 16)
_KINDS = ("stock", "ours")


@dataclass(frozen=True, slots=True)
class Round:
    """Microseconds; ``processor`` is what the server used for a request."""

    median: float
    per_second: float
    processor: float


def main(arguments: list[str]) -> int:
    """Print the table, or be one of the servers."""
    parser = argparse.ArgumentParser(prog="scripts/bench http1", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each round")
    parser.add_argument("--size", type=int, default=len(_SHORT), help="bytes of a request's body")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--serve", choices=_KINDS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.serve:
        serve_null(options.serve, options.loop)
        return 0
    found: dict[tuple[str, int], list[Round]] = {(kind, clients): [] for kind in _KINDS for clients in _CLIENTS}
    with contextlib.ExitStack() as stack:
        servers = {kind: stack.enter_context(started(kind, options.loop)) for kind in _KINDS}
        for number in range(options.rounds + 1):
            for clients in _CLIENTS:
                for kind, (process, port) in servers.items():
                    result = load(process, port, clients, options.seconds if number else 0.3, options.size)
                    if number:  # the first warms up
                        found[kind, clients].append(result)
    print(f"{options.loop}, request bodies of {options.size} bytes, medians of {options.rounds} rounds")
    print(f"{'':20} p50 us  requests/s  server us/request")
    worst = float("inf")
    for clients in _CLIENTS:
        lines = {kind: middle(found[kind, clients]) for kind in _KINDS}
        for kind, line in lines.items():
            print(f"{kind:6} {clients:3} clients   {line.median:7.0f} {line.per_second:11.0f} {line.processor:18.1f}")
        stock, ours = lines["stock"], lines["ours"]
        ratios = (stock.median / ours.median, ours.per_second / stock.per_second, stock.processor / ours.processor)
        print(f"{'ratio':20} {ratios[0]:6.1f}x {ratios[1]:10.1f}x {ratios[2]:17.1f}x")
        worst = min(worst, ratios[2])
    return int(worst < NEEDED)


def middle(rounds: list[Round]) -> Round:
    """The median of each figure."""
    return Round(*(statistics.median(getattr(each, name) for each in rounds) for name in Round.__slots__))


async def null_application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read the body, answer."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})


def serve_null(kind: str, loop_name: str) -> None:
    """Serve until the standard input is closed; the port goes to the standard output."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.errorlog = None
    config.keep_alive_timeout = 60
    config.keep_alive_max_requests = 2**31
    config.include_server_header = False

    async def run() -> None:
        end = asyncio.Event()
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), end.set)
        run_server = serve_fast if kind == "ours" else serve
        await run_server(null_application, config, shutdown_trigger=end.wait)  # type: ignore[arg-type]  # a plain callable

    gc.collect()
    gc.freeze()
    factory = importlib.import_module("uvloop").new_event_loop if loop_name == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run())


@contextlib.contextmanager
def started(kind: str, loop_name: str) -> Iterator[tuple[psutil.Process, int]]:
    """A server in a process of its own, and its port."""
    command = [sys.executable, "-m", "benchmarks", "http1", "--serve", kind, "--loop", loop_name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        port = int(process.stdout.readline())
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.01)
        try:
            yield psutil.Process(process.pid), port
        finally:
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def load(process: psutil.Process, port: int, clients: int, seconds: float, size: int) -> Round:
    """Each client sends its next request when the answer to the one before is there."""
    body = _SHORT.ljust(size)
    request = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    request += b"Authorization: Bearer none\r\nUser-Agent: bench\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    times: list[float] = []
    with contextlib.ExitStack() as stack:
        poll = stack.enter_context(contextlib.closing(select.epoll()))
        lines: dict[int, socket.socket] = {}
        sent: dict[int, float] = {}
        for _ in range(clients):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            lines[line.fileno()] = line
            poll.register(line.fileno(), select.EPOLLIN)
        used = sum(process.cpu_times()[:2])
        began = now = time.perf_counter()
        got = dict.fromkeys(lines, b"")
        for number, line in lines.items():
            sent[number] = now
            line.sendall(request)
        while now - began < seconds:
            for number, _ in poll.poll(2):
                line = lines[number]
                got[number] += line.recv(65_536)
                if not got[number].endswith(_BODY) and b"\r\n0\r\n\r\n" not in got[number]:
                    continue
                assert got[number].startswith(b"HTTP/1.1 200")
                got[number] = b""
                now = time.perf_counter()
                times.append(now - sent[number])
                sent[number] = now
                line.sendall(request)
        used = sum(process.cpu_times()[:2]) - used
    return Round(statistics.median(times) * 1e6, len(times) / (now - began), used / len(times) * 1e6)
