"""Gateways before one small managed server: how they are started, and what is seen of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx

from model_router.config.proxy import RuntimeConfig
from model_router.server.happenings import RuntimeEvent
from model_router.server.runtime.runtime import Runtime, RuntimeState
from tests.faults.gateways import Running
from tests.support.gateway_process import wait_for

ROOT = Path(__file__).parents[2]
Managed: TypeAlias = Callable[..., Running]


def server(what: str = "", **settings: Any) -> RuntimeConfig:
    """How the small server is started."""
    command = (sys.executable, "-m", "tests.support.managed_server", "{port}", what)
    return RuntimeConfig(command=command, folder=str(ROOT), **{"ready_seconds": 20.0, "stop_seconds": 1.0, **settings})


def runtime_of(running: Running) -> Runtime:
    return running.gateway.runtimes()["one"]


def states(running: Running) -> list[str]:
    return [one.after for one in running.gateway.happenings if isinstance(one, RuntimeEvent)]


def process_of(answer: httpx.Response) -> int:
    found = re.fullmatch(r"process (\d+)", answer.json()["choices"][0]["message"]["content"])
    assert found, answer.text
    return int(found[1])


def until(running: Running, state: RuntimeState) -> None:
    wait_for(lambda: runtime_of(running).state is state, within=10, what=f"a server that is {state}")
