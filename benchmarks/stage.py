"""Where systems run while they are measured, one beside another."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import load, payloads
from benchmarks.bars import Load
from benchmarks.systems import Launch, Running

DIRECT = "direct"
"""No system at all: the clients talk to the model server."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder for the systems' files, the model server's port, the core that the systems share."""

    folder: Path
    upstream: int
    core: set[int] | None

    @contextlib.contextmanager
    def running(self, name: str, launch: Launch) -> Iterator[Running]:
        """One system, stopped afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))
        system = Running(launch, folder, self.upstream, self.core)
        try:
            yield system
        finally:
            system.stop()

    def measure(self, system: Running | None, loaded: Load, seconds: float) -> load.Cell:
        """One cell, with the system's processor time; ``None`` is no system at all."""
        requests = payloads.requests(loaded.payload)
        if system is None:
            return load.measure(self.upstream, requests, clients=loaded.clients, seconds=seconds)
        used = system.processor()
        cell = load.measure(system.port, requests, clients=loaded.clients, seconds=seconds)
        used = system.processor() - used
        return replace(cell, processor=used / cell.requests) if cell.requests else cell
