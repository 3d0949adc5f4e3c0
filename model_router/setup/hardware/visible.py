"""The cards that ``CUDA_VISIBLE_DEVICES`` and its like leave over."""

from __future__ import annotations

from collections.abc import Sequence

from model_router.setup.hardware.probe import whole_number
from model_router.setup.machine import Gpu


def visible(cards: Sequence[tuple[str, Gpu]], listed: str | None) -> list[tuple[str, Gpu]]:
    """Those of ``cards`` (identity, card) that ``listed`` names by index or by the beginning of their identity.

    As the drivers read it: ``None`` leaves all, the first entry that names no card ends the list. An index of a card
    that is divided is its first instance.
    """
    if listed is None:
        return list(cards)
    kept: list[tuple[str, Gpu]] = []
    for entry in (part.strip() for part in listed.split(",")):
        number = whole_number(entry)
        named = [
            (identity, gpu)
            for identity, gpu in cards
            if (number == gpu.index if number is not None else bool(entry) and identity.startswith(entry))
        ]
        if number is not None:
            named = named[:1]
        if len(named) != 1 or named[0] in kept:
            break
        kept.append(named[0])
    return kept
