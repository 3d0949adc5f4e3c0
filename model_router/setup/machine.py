"""What a machine has, as plain figures: found by ``hardware``, read by ``fit`` and ``recommend``, shown by everyone.

Memory is in bytes everywhere; words for people are made at the edge. What could not be found out is ``None`` and is
never taken for "enough".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

System = Literal["linux", "wsl", "macos", "windows", "unknown"]
Vendor = Literal["nvidia", "amd", "intel", "apple", "unknown"]


@dataclass(frozen=True, slots=True)
class Memory:
    """System memory. ``limit`` is the tightest container limit above this process, ``remaining`` what is left of it."""

    total: int | None = None
    available: int | None = None
    limit: int | None = None
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class Processor:
    """``cores`` are those this process may use; ``flags`` only the instruction sets that matter for inference."""

    name: str = ""
    cores: int | None = None
    physical_cores: int | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics processor.

    ``unified``: it computes in system memory (Apple, APUs, GB10, Jetson); then ``total`` is the part it may use, or
    ``None`` where only system memory bounds it. ``free_is_known`` is false where the driver reports all as free (WSL2).
    ``cores`` are graphics cores, told by Apple alone, whose chips of one name differ in them. ``own``: the part of
    ``total`` that was carved out for unified graphics and is no system memory any more.
    """

    name: str
    vendor: Vendor = "unknown"
    total: int | None = None
    free: int | None = None
    unified: bool = False
    free_is_known: bool = True
    index: int = 0
    cores: int | None = None
    own: int | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder for models, and the free bytes of the file system that it lies on."""

    folder: str
    total: int | None = None
    free: int | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """All of it. ``warnings`` are sentences for the person: what could not be read, what to beware of."""

    system: System = "unknown"
    architecture: str = ""
    memory: Memory = Memory()
    processor: Processor = Processor()
    gpus: tuple[Gpu, ...] = ()
    disks: tuple[Disk, ...] = ()
    warnings: tuple[str, ...] = ()
