"""Cards in the Windows registry. WMI's ``AdapterRAM`` has 32 bits and ends at 4 GB, so it is not asked."""

from __future__ import annotations

import re

from model_router.setup.hardware.probe import GIB, Finding, Probe, RegistryRow
from model_router.setup.machine import Gpu, Vendor

_VENDORS: tuple[tuple[str, Vendor], ...] = (("ven_10de", "nvidia"), ("ven_1002", "amd"), ("ven_8086", "intel"))
_NAMES: tuple[tuple[str, Vendor], ...] = (
    ("nvidia", "nvidia"),
    ("geforce", "nvidia"),
    ("radeon", "amd"),
    ("amd ", "amd"),
    ("intel", "intel"),
    ("adreno", "unknown"),
)
_INTEGRATED = re.compile(
    r"\b(UHD|HD Graphics|Iris|Graphics [0-9]{3,4}\b|Arc(\(TM\))? (1[34]0[TV] )?(GPU|Graphics)|Vega (3|6|7|8|9|10|11)\b"
    r"|Radeon(\(TM\))? (Graphics|[0-9]{3,4}[MS]|R[2-7] Graphics)|Adreno)",
    re.IGNORECASE,
)
_LARGEST = 4096 * GIB


def windows_of(probe: Probe) -> Finding:
    """Every adapter of a maker of graphics; pretended ones (remote screens, basic drivers) are left out."""
    gpus: list[Gpu] = []
    warnings: list[str] = []
    counts: dict[str, int] = {}
    for row in probe.registry():
        name = " ".join(str(row.get("DriverDesc") or "").split())
        vendor = _vendor(row, name)
        if not name or vendor is None:
            continue
        unified = vendor != "nvidia" and bool(_INTEGRATED.search(name))
        total = None if unified else _memory(row)
        index = counts.get(vendor, 0)
        counts[vendor] = index + 1
        gpus.append(Gpu(name, vendor, total=total, unified=unified, free_is_known=False, index=index))
        if not unified:
            warnings.append(
                f"How much memory of {name} is free is not known."
                if total
                else f"The memory of {name} could not be read from the registry."
            )
    return Finding(tuple(gpus), tuple(warnings))


def _vendor(row: RegistryRow, name: str) -> Vendor | None:
    device = str(row.get("MatchingDeviceId") or "").lower()
    for mark, vendor in _VENDORS:
        if mark in device:
            return vendor
    return next((vendor for mark, vendor in _NAMES if mark in name.lower()), None)


def _memory(row: RegistryRow) -> int | None:
    """64 bits where the driver wrote them; the older 32 bits only while they cannot have been cut off."""
    whole = row.get("HardwareInformation.qwMemorySize")
    if isinstance(whole, int) and 0 < whole < _LARGEST:
        return whole
    short = row.get("HardwareInformation.MemorySize")
    return short if isinstance(short, int) and 0 < short < 4 * GIB - (1 << 20) else None
