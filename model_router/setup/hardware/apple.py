"""Apple's chips: processor and graphics share one memory, of which the graphics may take a part."""

from __future__ import annotations

import json

from model_router.setup.hardware.probe import GIB, MIB, Facts, Finding, Probe, bounded, whole_number
from model_router.setup.hardware.sysctl import sysctl_values
from model_router.setup.machine import Gpu


def apple_of(probe: Probe, facts: Facts) -> Finding:
    """The one graphics processor of an Apple chip, under macOS or under Linux."""
    if facts.system == "linux":
        return _under_linux(probe)
    if facts.system != "macos":
        return Finding()
    values = sysctl_values(probe)
    name = values.get("machdep.cpu.brand_string", "")
    if not name.startswith("Apple") and facts.architecture != "arm64":
        return Finding(warnings=("Graphics of Macs with Intel processors are not counted.",))
    memory = whole_number(values.get("hw.memsize")) or facts.memory_total
    total = _working_set(values, memory)
    free = None
    if total is not None and facts.memory_available is not None:
        free = bounded(facts.memory_available, total)
    gpu = Gpu(
        name or "Apple graphics",
        "apple",
        total=total,
        free=free,
        unified=True,
        free_is_known=free is not None,
        cores=_cores(probe),
    )
    return Finding((gpu,), () if total else ("How much memory the graphics may use could not be read.",))


def _working_set(values: dict[str, str], memory: int | None) -> int | None:
    """What was set by hand, else the share that macOS gives, on the safe side of what was seen.

    Seen: two thirds of 8 GB, 0.74 of 16 and 24 GB, 0.75 and more from 48 GB on.
    """
    if not memory or memory < GIB:
        return None
    megabytes = whole_number(values.get("iogpu.wired_limit_mb"))
    set_by_hand = megabytes * MIB if megabytes else whole_number(values.get("debug.iogpu.wired_limit"))
    if set_by_hand:
        return min(set_by_hand, memory)
    percent = 66 if memory < 16 * GIB else 72 if memory < 48 * GIB else 75
    return memory * percent // 100


def _cores(probe: Probe) -> int | None:
    """Chips of one name differ in graphics cores, and with them in bandwidth."""
    output = probe.run(("system_profiler", "SPDisplaysDataType", "-json"))
    try:
        shown = json.loads(output.text)["SPDisplaysDataType"] if output and output.text else []
        counts = [whole_number(str(row.get("sppci_cores"))) for row in shown]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return next((count for count in counts if count), None)


def _under_linux(probe: Probe) -> Finding:
    compatible = probe.read("/proc/device-tree/compatible") or ""
    if not any(line.startswith("apple,") for line in compatible.split("\n")):
        return Finding()
    model = " ".join((probe.read("/proc/device-tree/model") or "").split())
    gpu = Gpu(model or "Apple graphics", "apple", unified=True, free_is_known=False)
    return Finding((gpu,))
