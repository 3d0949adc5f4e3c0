"""Requests a second to a fast server on loopback: httpx with its own transport, with ours, and our client alone.

The server is a process of its own that answers each request with one and the same chat completion. The three take
turns within each round; figures are medians over rounds, ratios are those to httpx's own transport.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import httpx

from benchmarks import load, upstream
from model_router.server.http.client import LeanClient
from model_router.server.http.exchange import Limits
from model_router.server.http.transport import LeanTransport

BUDGET = 5.0
"""How many times the CPU time of our client httpx has to take at least."""

CLIENTS = (1, 16)
BODIES = {
    "short": json.dumps({"model": "m", "messages": [{"role": "user", "content": "rewrite this text " * 12}]}).encode(),
    "60 KB": json.dumps({"model": "m", "messages": [{"role": "user", "content": "rewrite this " * 4_600}]}).encode(),
}
Send = Callable[[bytes], Awaitable[bytes]]


@contextlib.asynccontextmanager
async def through_httpx(port: int, transport: httpx.AsyncBaseTransport | None) -> AsyncIterator[Send]:
    """``None``: with httpx's own transport."""
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=200)
    headers = {"content-type": "application/json"}

    async def send(body: bytes) -> bytes:
        return (await client.post(url, content=body, headers=headers)).content

    async with httpx.AsyncClient(transport=transport, limits=limits, trust_env=False, timeout=300) as client:
        yield send


@contextlib.asynccontextmanager
async def alone(port: int) -> AsyncIterator[Send]:
    """The client without httpx's objects."""
    client = LeanClient()
    address = ("127.0.0.1", port)
    limits = Limits(connect=300, read=300, write=300, pool=300)
    host = b"127.0.0.1:%d" % port

    async def send(body: bytes) -> bytes:
        length = b"%d" % len(body)
        headers = [(b"host", host), (b"content-type", b"application/json"), (b"content-length", length)]
        answer = await client.exchange(
            address, b"POST", b"/v1/chat/completions", headers=headers, body=body, limits=limits
        )
        pieces = []
        while piece := await answer.read():
            pieces.append(piece)
        return b"".join(pieces)

    try:
        yield send
    finally:
        await client.aclose()


class Figures(NamedTuple):
    """Requests a second, and microseconds of this process's CPU time for each, which other work disturbs less."""

    rate: float
    cpu_us: float


async def drive(send: Send, body: bytes, clients: int, seconds: float) -> Figures:
    """So many clients, each with one request at a time."""
    counts = [0] * clients
    begun, spent = time.perf_counter(), time.process_time()

    async def client(number: int) -> None:
        while time.perf_counter() < begun + seconds:
            await send(body)
            counts[number] += 1

    await asyncio.gather(*map(client, range(clients)))
    took, spent = time.perf_counter() - begun, time.process_time() - spent
    return Figures(sum(counts) / took, 1e6 * spent / sum(counts))


async def measure(port: int, rounds: int, seconds: float) -> dict[str, dict[str, Figures]]:
    """By request and clients, then by system: the medians."""
    async with (
        through_httpx(port, None) as stock,
        through_httpx(port, LeanTransport()) as lean,
        alone(port) as client,
    ):
        systems: dict[str, Send] = {"httpx": stock, "httpx, our transport": lean, "our client": client}
        answers = {await send(b"{}") for send in systems.values()}
        assert len(answers) == 1, "they give different answers"
        rows: dict[str, dict[str, list[Figures]]] = {}
        for _ in range(rounds):
            for name, body in BODIES.items():
                for clients in CLIENTS:
                    row = rows.setdefault(f"{name}, {clients} at once", {system: [] for system in systems})
                    for system, send in systems.items():
                        row[system].append(await drive(send, body, clients, seconds))
    return {name: {system: _medians(found) for system, found in row.items()} for name, row in rows.items()}


def _medians(found: list[Figures]) -> Figures:
    return Figures(*map(statistics.median, zip(*found, strict=True)))


def main(arguments: list[str]) -> int:
    """Print the table; exit code 1 when our client does not save that much of httpx's CPU time."""
    parser = argparse.ArgumentParser(prog="scripts/bench client", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="for each system in each round")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)  # those of the other benchmarks may stand beside
    with upstream.running() as port, asyncio.Runner(loop_factory=load.loop_factory(options.loop)) as runner:
        rows = runner.run(measure(port, options.rounds, options.seconds))
    outside = [name for name, row in rows.items() if row["httpx"].cpu_us < BUDGET * row["our client"].cpu_us]
    if options.json:
        table = {name: {system: figures._asdict() for system, figures in row.items()} for name, row in rows.items()}
        print(json.dumps({"rows": table, "outside": outside}, indent=1))
        return 1 if outside else 0
    print(f"on {options.loop}: requests/s and CPU us a request, each with its ratio to httpx")
    for name, row in rows.items():
        print(f"{name}{'  outside' if name in outside else ''}")
        base = row["httpx"]
        for system, (rate, cpu) in row.items():
            print(f"  {system:22} {rate:7.0f}/s {rate / base.rate:6.1f} x {cpu:8.0f} us {base.cpu_us / cpu:6.1f} x")
    return 1 if outside else 0
