"""Which of a model's files to offer first, and what a smaller one costs in quality."""

from __future__ import annotations

import re
from dataclasses import dataclass

from model_router.setup.model_catalog import CatalogModel

_LADDER: tuple[tuple[str, float, int], ...] = (
    ("Q8_0", 0.15, 1),
    ("Q6_K", 0.15, 1),
    ("Q5_K_M", 0.3, 1),
    ("MXFP4", 0.6, 0),
    ("Q4_K_XL", 0.6, 0),
    ("Q4_K_M", 0.8, 0),
    ("IQ4_XS", 1.2, 0),
    ("Q4_0", 1.5, 0),
    ("Q3_K_XL", 4.2, -1),
    ("Q3_K_M", 4.4, -1),
)
"""File, points it costs, and step: 1 is taken only with room to spare, -1 only of large models.

Three bits cost more than they can win by being read faster, and are no longer what the cited figures speak of: they are
named where memory does not hold four, and never picked.
"""

LARGE = 20_000_000_000

THREE_BITS = 2.0
"""Files that cost more points than this have three bits a weight."""


_LEAST_BITS = 4.0
"""Bits a weight of the smallest four-bit files."""


@dataclass(frozen=True, slots=True)
class QuantStep:
    """One file of a model as the ladder sees it."""

    quant: str
    penalty: float
    spare: bool


def quant_steps(model: CatalogModel) -> tuple[QuantStep, ...]:
    """The files worth offering, the best first. Models that were made in four bits come in that file alone."""
    native = next((name for name in model.files if name == "MXFP4"), None)
    if native is not None:
        return (QuantStep(native, 0.0, spare=False),)
    found: list[QuantStep] = []
    for quant in model.files:
        step = quant_step(quant, model.parameters.total)
        if step is not None:
            found.append(step)
    return tuple(sorted(found, key=lambda step: (step.penalty, model.files[step.quant].bytes, step.quant)))


def quant_step(quant: str, parameters: int) -> QuantStep | None:
    """The place of a file on the ladder, or ``None`` for one that is not offered by default."""
    plain = re.sub(r"^UD-|_MOE$", "", quant)
    for name, penalty, step in _LADDER:
        if plain == name:
            if step < 0 and parameters < LARGE:
                return None
            return QuantStep(quant, penalty - (0.1 if quant.startswith("UD-") and penalty else 0.0), spare=step > 0)
    return None


def unlisted_step(quant: str, bits: float) -> QuantStep:
    """A file that the ladder does not name, by what it calls itself and its bits a weight."""
    small = re.match(r"(UD-)?(I?Q|TQ)[123]", quant.upper()) is not None or bits < _LEAST_BITS
    return QuantStep(quant, 6.0 if small else 1.0, spare=False)
