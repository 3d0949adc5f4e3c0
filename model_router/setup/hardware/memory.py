"""System memory, and the limits that a container puts on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from model_router.setup.hardware.probe import Facts, Probe, bounded, whole_number
from model_router.setup.machine import Memory

_NO_LIMIT = 1 << 60
"""Version 1 writes "no limit" as the largest multiple of the page size; nothing real is as large as this."""

_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class ControlGroups:
    """Where the control groups of this process lie: its folder and all above it, the innermost first."""

    memory: tuple[str, ...] = ()
    processor: tuple[str, ...] = ()
    version: int = 0


def control_groups(probe: Probe) -> ControlGroups:
    """Read ``/proc/self/cgroup``; version 2 where it holds the limits, else version 1."""
    listed = probe.read("/proc/self/cgroup")
    if not listed:
        return ControlGroups()
    paths: dict[str, str] = {}
    for line in listed.splitlines():
        parts = line.split(":", 2)
        if len(parts) == 3:
            for controller in parts[1].split(","):
                paths.setdefault(controller, parts[2])
    if "memory" in paths:
        root = "/sys/fs/cgroup"
        cpu = "cpu" if probe.names(f"{root}/cpu") else "cpu,cpuacct"
        return ControlGroups(
            memory=tuple(_walk(f"{root}/memory", paths["memory"])),
            processor=tuple(_walk(f"{root}/{cpu}", paths.get("cpu", "/"))),
            version=1,
        )
    if "" in paths:
        folders = tuple(_walk("/sys/fs/cgroup", paths[""]))
        return ControlGroups(memory=folders, processor=folders, version=2)
    return ControlGroups()


def _walk(root: str, path: str) -> Iterator[str]:
    """``root/a/b``, ``root/a``, ``root``. A path that leads out of the container's own view begins at the root."""
    parts = [part for part in path.split("/") if part]
    if ".." in parts:
        parts = []
    for length in range(min(len(parts), _DEEPEST), -1, -1):
        yield "/".join([root, *parts[:length]])


def memory_of(probe: Probe, facts: Facts, groups: ControlGroups) -> Memory:
    """Total, available, and the tightest limit with what is left of it."""
    total = facts.memory_total if facts.memory_total and facts.memory_total > 0 else None
    limits: list[int] = []
    left: list[int] = []
    for folder in groups.memory:
        limit = _limit(probe, folder, groups.version)
        if limit is None or (total is not None and limit >= total):
            continue
        limits.append(limit)
        used = _used(probe, folder, groups.version)
        if used is not None:
            left.append(max(0, limit - used))
    limit = min(limits, default=None)
    return Memory(
        total=total,
        available=bounded(facts.memory_available, total),
        limit=limit,
        remaining=min(left, default=None) if limit is not None else None,
    )


def _limit(probe: Probe, folder: str, version: int) -> int | None:
    names = ("memory.max", "memory.high") if version == 2 else ("memory.limit_in_bytes",)
    found = [number for name in names if (number := whole_number(probe.read(f"{folder}/{name}"))) is not None]
    return min((number for number in found if number < _NO_LIMIT), default=None)


def _used(probe: Probe, folder: str, version: int) -> int | None:
    """What is in use and cannot simply be dropped: file pages not used of late do not count."""
    name, idle = (
        ("memory.current", "inactive_file") if version == 2 else ("memory.usage_in_bytes", "total_inactive_file")
    )
    used = whole_number(probe.read(f"{folder}/{name}"))
    if used is None:
        return None
    for line in (probe.read(f"{folder}/memory.stat") or "").splitlines():
        key, _, value = line.partition(" ")
        if key == idle:
            return max(0, used - (whole_number(value) or 0))
    return used
