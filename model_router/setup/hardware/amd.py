"""AMD cards and processors with graphics, from sysfs; no tool of AMD's is needed."""

from __future__ import annotations

from collections.abc import Sequence

from model_router.setup.hardware.graphics import AMD, Card
from model_router.setup.hardware.probe import GIB, Facts, Finding, Probe, bounded
from model_router.setup.hardware.visible import visible
from model_router.setup.machine import Gpu

_CARDS = {
    0x66AF: "Radeon VII",
    0x731F: "Radeon RX 5700",
    0x73BF: "Radeon RX 6800/6900",
    0x73DF: "Radeon RX 6700",
    0x73EF: "Radeon RX 6650",
    0x73FF: "Radeon RX 6600",
    0x740F: "Instinct MI210",
    0x744C: "Radeon RX 7900",
    0x7448: "Radeon PRO W7900",
    0x747E: "Radeon RX 7700/7800",
    0x7480: "Radeon RX 7600",
    0x74A1: "Instinct MI300X",
    0x7550: "Radeon RX 9070",
    0x7590: "Radeon RX 9060",
}

_PROCESSORS = {
    0x1586: "Radeon 8060S (Strix Halo)",
    0x150E: "Radeon 890M",
    0x1114: "Radeon 860M",
    0x15BF: "Radeon 780M",
    0x15C8: "Radeon 740M",
    0x1900: "Radeon 780M",
    0x1681: "Radeon 680M",
    0x1638: "Radeon Vega (Cezanne)",
    0x1636: "Radeon Vega (Renoir)",
    0x15D8: "Radeon Vega (Picasso)",
    0x15DD: "Radeon Vega (Raven)",
    0x164E: "Radeon Graphics (Raphael)",
    0x13C0: "Radeon Graphics (Granite Ridge)",
    0x163F: "Radeon Graphics (Van Gogh)",
}
"""Graphics inside a processor. The list helps where the carve-out was made large by hand."""


def amd_of(probe: Probe, facts: Facts, cards: Sequence[Card]) -> Finding:
    """Discrete cards with their own memory; processors with the part of system memory they may use."""
    own = [card for card in cards if card.vendor == AMD]
    warnings: list[str] = []
    found: list[tuple[str, Gpu]] = []
    for index, card in enumerate(own):
        total = card.read(probe, "device/mem_info_vram_total")
        shared = card.read(probe, "device/mem_info_gtt_total")
        gpu = _processor(probe, facts, card, index) if _is_processor(card, total, shared) else _card(probe, card, index)
        found.append(("", gpu))
        if gpu.total is None:
            warnings.append(f"The memory of {gpu.name} could not be read; the amdgpu driver does not tell it.")
    environ = probe.environ()
    listed = environ.get("HIP_VISIBLE_DEVICES", environ.get("ROCR_VISIBLE_DEVICES"))
    kept = visible(found, listed)
    if len(kept) < len(found):
        warnings.append("HIP_VISIBLE_DEVICES or ROCR_VISIBLE_DEVICES hides some AMD cards; they are not counted.")
    return Finding(tuple(gpu for _, gpu in kept), tuple(warnings))


def _is_processor(card: Card, total: int | None, shared: int | None) -> bool:
    if card.device in _PROCESSORS:
        return True
    if card.device in _CARDS:
        return False
    return total is not None and shared is not None and total < 4 * GIB and shared >= 4 * total


def _name(probe: Probe, card: Card) -> str:
    told = " ".join((probe.read(f"{card.folder}/device/product_name") or "").split())
    name = told or _CARDS.get(card.device) or _PROCESSORS.get(card.device) or f"graphics 0x{card.device:04x}"
    return name if name.upper().startswith("AMD") else f"AMD {name}"


def _card(probe: Probe, card: Card, index: int) -> Gpu:
    total = card.read(probe, "device/mem_info_vram_total") or None
    used = card.read(probe, "device/mem_info_vram_used")
    free = bounded(total - used, total) if total is not None and used is not None else None
    return Gpu(_name(probe, card), "amd", total=total, free=free, free_is_known=free is not None, index=index)


def _processor(probe: Probe, facts: Facts, card: Card, index: int) -> Gpu:
    """The carve-out and the shared part (GTT) together; of the latter no more is free than the system has."""
    carved = card.read(probe, "device/mem_info_vram_total")
    shared = card.read(probe, "device/mem_info_gtt_total")
    if carved is None or shared is None:
        return Gpu(_name(probe, card), "amd", unified=True, free_is_known=False, index=index)
    carved_used = card.read(probe, "device/mem_info_vram_used")
    shared_used = card.read(probe, "device/mem_info_gtt_used")
    free = None
    if carved_used is not None and shared_used is not None:
        left = max(0, shared - shared_used)
        if facts.memory_available is not None:
            left = min(left, max(0, facts.memory_available))
        free = bounded(max(0, carved - carved_used) + left, carved + shared)
    return Gpu(
        _name(probe, card),
        "amd",
        total=carved + shared or None,
        free=free if carved + shared else None,
        unified=True,
        free_is_known=free is not None,
        index=index,
        own=carved,
    )
