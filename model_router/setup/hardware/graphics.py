"""The cards that Linux lists in ``/sys/class/drm``, whatever their driver tells besides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_router.setup.hardware.probe import Probe, whole_number

AMD, INTEL, NVIDIA = 0x1002, 0x8086, 0x10DE
_CARD = re.compile(r"card([0-9]{1,4})\Z", re.ASCII)
_HEXADECIMAL = re.compile(r"\s*0x([0-9a-fA-F]{1,8})\s*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Card:
    """``folder`` is that of the card, ``number`` the one in its name; ``vendor`` and ``device`` are PCI numbers."""

    folder: str
    number: int
    vendor: int
    device: int

    def read(self, probe: Probe, *names: str) -> int | None:
        """The first of these files of the device that holds a number."""
        for name in names:
            value = whole_number(probe.read(f"{self.folder}/{name}"))
            if value is not None:
                return value
        return None


def cards_of(probe: Probe) -> tuple[Card, ...]:
    """Cards in the order of their numbers; connectors (``card0-HDMI-A-1``) are none."""
    found = []
    for name in probe.names("/sys/class/drm"):
        match = _CARD.match(name)
        if match:
            folder = f"/sys/class/drm/{name}"
            vendor = _identity(probe.read(f"{folder}/device/vendor"))
            device = _identity(probe.read(f"{folder}/device/device"))
            if vendor is not None:
                found.append(Card(folder, int(match.group(1)), vendor, device or 0))
    return tuple(sorted(found, key=lambda card: card.number))


def _identity(text: str | None) -> int | None:
    found = _HEXADECIMAL.match(text or "")
    return int(found.group(1), 16) if found else None
