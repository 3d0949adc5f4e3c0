"""The usual addresses on loopback, all asked at once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from model_router.setup.running.asking import Questioner
from model_router.setup.running.dialects import ask_server
from model_router.setup.running.server import RunningServer
from model_router.setup.stores.places import lm_studio_home

SECONDS = 0.8
"""What one server may take for all questions together; an address where nobody listens refuses at once."""

_PORTS = (11434, 1234, 8080, 8081, 8000, 30000, 1337, 5001, 5000, 4891, 9090)
"""Ollama, LM Studio, llama.cpp and mlx-lm and LocalAI, vLLM, SGLang, Jan, KoboldCpp, text-generation-webui, GPT4All."""

_HOST_AND_PORT = re.compile(r"(?:https?://)?(?P<host>\[[0-9a-f:]+\]|[^:/\s]*)(?::(?P<port>[0-9]{1,5}))?/?\Z", re.ASCII)
_LOOPBACK = re.compile(r"(localhost|127(\.[0-9]{1,3}){3}|\[::1?\]|0\.0\.0\.0|)\Z", re.ASCII)

Address = tuple[str, int]


def usual_addresses(environ: Mapping[str, str]) -> tuple[Address, ...]:
    """Host and port of each, and where ``OLLAMA_HOST`` and LM Studio's settings moved them; loopback alone."""
    found: list[Address] = []
    moved = _HOST_AND_PORT.match(environ.get("OLLAMA_HOST", "").strip())
    if moved and moved["port"] and _LOOPBACK.match(moved["host"]) and 0 < int(moved["port"]) < 65536:
        host = moved["host"].strip("[]")
        found.append(("::1" if host in {"::", "::1"} else "127.0.0.1", int(moved["port"])))
    port = _lm_studio_port(lm_studio_home(environ))
    if port:
        found.append(("127.0.0.1", port))
    found.extend(("127.0.0.1", port) for port in _PORTS)
    return tuple(dict.fromkeys(found))


def _lm_studio_port(home: Path) -> int | None:
    try:
        with (home / ".internal" / "http-server-config.json").open("rb") as stream:
            value = json.loads(stream.read(1 << 16))
    except (OSError, ValueError, RecursionError):
        return None
    port = value.get("port") if isinstance(value, dict) else None
    return port if isinstance(port, int) and 0 < port < 65536 else None


def find_servers(addresses: Sequence[Address], seconds: float = SECONDS) -> tuple[RunningServer, ...]:
    """The servers that answer, in the order of their addresses. Nothing else than loopback should be among these."""
    if not addresses:
        return ()
    with ThreadPoolExecutor(max_workers=len(addresses), thread_name_prefix="servers") as threads:
        found = threads.map(lambda address: _ask(address, seconds), addresses)
        return tuple(server for server in found if server is not None)


def _ask(address: Address, seconds: float) -> RunningServer | None:
    host, port = address
    shown = f"[{host}]" if ":" in host else host
    return ask_server(Questioner(host, port, seconds), f"http://{shown}:{port}")
