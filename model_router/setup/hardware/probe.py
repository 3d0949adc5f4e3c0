"""The one door to the machine: commands, files, the registry, and what the operating system itself counts.

Detectors ask nothing else, so that a recorded machine is as good as a real one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from model_router.setup.machine import Gpu, System

MIB = 1 << 20
GIB = 1 << 30

RegistryRow = Mapping[str, int | str]
"""The values of one display adapter in the Windows registry; binary values as whole numbers."""

VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "PROCESSOR_IDENTIFIER",
)
"""The environment variables that detectors look at."""

_WHOLE = re.compile(r"\s*([0-9]{1,19})\s*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Output:
    """What a command printed. ``code`` is ``None`` when it had to be stopped."""

    code: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the standard library and psutil know. ``cores`` are those this process may use; memory is in bytes."""

    system: System = "unknown"
    architecture: str = ""
    memory_total: int | None = None
    memory_available: int | None = None
    cores: int | None = None
    physical_cores: int | None = None
    processor: str = ""
    flags: tuple[str, ...] = ()


class Probe(Protocol):
    """Every method answers within two seconds, may be called from several threads, and never raises."""

    def facts(self) -> Facts:
        """What the operating system counts."""
        ...

    def environ(self) -> Mapping[str, str]:
        """Those of ``VARIABLES`` that are set."""
        ...

    def run(self, command: Sequence[str]) -> Output | None:
        """Run a command; ``None`` when there is no such command."""
        ...

    def read(self, path: str) -> str | None:
        """The beginning of a file, by its absolute path with slashes; ``None`` when it cannot be read."""
        ...

    def names(self, folder: str) -> tuple[str, ...]:
        """What a folder holds, sorted."""
        ...

    def registry(self) -> tuple[RegistryRow, ...]:
        """The display adapters in the Windows registry; none elsewhere."""
        ...

    def disk(self, folder: str) -> tuple[int, int] | None:
        """Total and free bytes of the file system a folder is on, or would be on."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What one detector found. ``warnings`` are sentences for the person."""

    gpus: tuple[Gpu, ...] = ()
    warnings: tuple[str, ...] = ()


def whole_number(text: str | None) -> int | None:
    """A number that is all of ``text`` but for spaces; nothing else is guessed at."""
    found = _WHOLE.match(text) if text is not None else None
    return int(found.group(1)) if found else None


def bounded(free: int | None, total: int | None) -> int | None:
    """``free`` as it can be: never below nothing, never above ``total``."""
    if free is None or total is None:
        return None if free is None else max(0, free)
    return max(0, min(free, total))
