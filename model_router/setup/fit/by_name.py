"""A rough shape out of a model's name alone, for repositories that no catalog knows and no file describes."""

from __future__ import annotations

import re

from model_router.setup.fit.shape import CacheGroup, ModelShape

_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
_ACTIVE = re.compile(r"(?<![a-z0-9.])a(\d+(?:\.\d+)?)b(?![a-z0-9])", re.IGNORECASE)
_QUANT = re.compile(r"(UD-)?(I?Q\d(?:_[A-Z0-9]+)*|MXFP4|BF16|F16)", re.IGNORECASE)

_BITS = {"2": 3.0, "3": 3.9, "4": 4.87, "5": 5.7, "6": 6.6, "8": 8.5}
"""Bits for each weight by the quantisation's digit: medians over the catalog's files."""


def from_name(name: str, quant: str = "") -> ModelShape | None:
    """The shape, or ``None`` when the name holds no size. Every figure of it is an estimate."""
    last = name.rpartition("/")[2].replace("_", "-")
    sizes = [float(found) for found in _SIZE.findall(last)]
    if not sizes:
        return None
    parameters = int(sizes[0] * 1e9)
    if not 1e8 <= parameters <= 2e12:
        return None
    stated = quant or (found.group(0) if (found := _QUANT.search(name)) else "Q4_K_M")
    bits = file_bits(stated) or _BITS["4"]
    # layers and widths of dense models of that size, eight heads for keys and values of 128 elements
    layers = next(
        count for limit, count in ((2, 28), (5, 36), (10, 36), (20, 40), (40, 64), (1e9, 80)) if sizes[0] < limit
    )
    active = _ACTIVE.search(last)
    share = min(1.0, float(active.group(1)) / sizes[0] * 1.15) if active else 1.0
    return ModelShape(
        name=name,
        basis="estimate",
        weights_bytes=int(parameters * bits / 8),
        caches=(CacheGroup(48 if active else layers, 2 * (4 if active else 8) * 128),),
        layers=48 if active else layers,
        quant=stated,
        parameters=parameters,
        vocabulary=151_936,
        read_share=share,
        expert_share=0.9 if active else 0.0,
        expert_read_share=min(1.0, share / 2) if active else 1.0,
        context_max=None,
    )


def file_bits(quant: str) -> float | None:
    """Bits for each weight that files of this name usually have, or ``None`` for a name that says nothing."""
    if quant.upper() in {"F16", "BF16"}:
        return 16.0
    if not _QUANT.fullmatch(quant):
        return None
    digit = re.search(r"\d", quant)
    return _BITS.get(digit[0]) if digit else None
