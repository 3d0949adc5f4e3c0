"""Intel graphics: Arc cards with memory of their own, and those inside processors, which have none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from model_router.setup.hardware.graphics import INTEL, Card
from model_router.setup.hardware.probe import GIB, Finding, Probe, bounded
from model_router.setup.machine import Gpu

_CARDS = {
    0x56A0: ("Arc A770", None),  # sold with 8 and with 16 GB
    0x56A1: ("Arc A750", 8),
    0x56A2: ("Arc A580", 8),
    0x56A5: ("Arc A380", 6),
    0x56A6: ("Arc A310", 4),
    0x5690: ("Arc A770M", 16),
    0x5692: ("Arc A550M", 8),
    0x56C0: ("Data Center GPU Flex 170", 16),
    0xE20B: ("Arc B580", 12),
    0xE20C: ("Arc B570", 10),
    0xE211: ("Arc Pro B60", 24),
    0xE212: ("Arc Pro B50", 16),
}
"""PCI number: name and nominal gigabytes."""

_RANGE = re.compile(r"0x([0-9a-fA-F]{1,16})\s+0x([0-9a-fA-F]{1,16})\s", re.ASCII)


def intel_of(probe: Probe, cards: Sequence[Card]) -> Finding:
    """Every Intel card; the memory of a discrete one from its driver, its window on the bus, or its model."""
    gpus: list[Gpu] = []
    warnings: list[str] = []
    for index, card in enumerate(card for card in cards if card.vendor == INTEL):
        total = card.read(
            probe,
            "lmem_total_bytes",
            "device/lmem_total_bytes",
            "device/tile0/physical_vram_size_bytes",
        )
        if card.device not in _CARDS and not total:
            gpus.append(Gpu("Intel integrated graphics", "intel", unified=True, free_is_known=False, index=index))
            continue
        name, gigabytes = _CARDS.get(card.device, (f"graphics 0x{card.device:04x}", None))
        if not total:
            total = _window(probe, card) or (gigabytes * GIB if gigabytes else None)
        free = bounded(card.read(probe, "lmem_avail_bytes", "device/lmem_avail_bytes"), total) if total else None
        gpus.append(
            Gpu(f"Intel {name}", "intel", total=total or None, free=free, free_is_known=free is not None, index=index)
        )
        if not total:
            warnings.append(f"The memory of Intel {name} could not be read; its driver does not tell it.")
    return Finding(tuple(gpus), tuple(warnings))


def _window(probe: Probe, card: Card) -> int | None:
    """With resizable BAR the third range of the device spans all of its memory."""
    lines = (probe.read(f"{card.folder}/device/resource") or "").splitlines()
    found = _RANGE.match(lines[2]) if len(lines) > 2 else None
    if not found:
        return None
    size = int(found.group(2), 16) - int(found.group(1), 16) + 1
    return size if 2 * GIB <= size <= 1024 * GIB else None
