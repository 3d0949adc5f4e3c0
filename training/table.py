"""Writing the learned table: sorted, one cue a line, whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model_router.engine.features import stem
from model_router.engine.lexicon import CLASSES

TABLE = Path(__file__).resolve().parent.parent / "configs" / "lexicon" / "cues.tsv"


def render(names: Sequence[str], weights: np.ndarray) -> str:
    """The table as text. A word's weights hold those of its stem, so that the router looks one of them up, not both."""
    place = {cue: i for i, cue in enumerate(names)}
    lines = [
        "# What each cue says for each class, in 1/32 of a natural logit. Written by scripts/train; do not edit.",
        "# " + ",".join(str(name) for name in CLASSES),
    ]
    for cue, own in zip(names, weights, strict=True):
        whole = " " not in cue and cue[0] not in "<^" and cue[-1] != "*"
        row = own + weights[place[stem(cue)]] if whole and stem(cue) in place else own
        lines.append(f"{cue}\t{','.join(str(weight) for weight in row.tolist())}")
    return "\n".join(lines) + "\n"
