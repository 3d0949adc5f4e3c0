"""Multinomial logistic regression whose result is the same, byte for byte, on every machine.

Floating point sums depend on their order and on the machine's vector unit, so nothing here sums floats that are not
exact: features are whole numbers, weights are kept on a grid of 2**-16 and probabilities on a grid of 2**-24, so every
sum of them is an exact double. What is left (exp, rounded at once; square root, division, product of single numbers) is
either rounded correctly by IEEE 754 or differs in the last bit and vanishes in the rounding.
"""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from model_router.engine.features import cues
from model_router.engine.lexicon import CLASSES
from training.corpus import Row

WEIGHT_GRID = 2.0**16
PROBABILITY_GRID = 2.0**24
BIAS = "<bias>"


@dataclass(frozen=True, slots=True)
class Settings:
    """``decay`` is the L2 pull per step, ``scale`` how many units of the table are one natural logit.

    A row in English counts ``english`` times: most asks are, and the other languages are many together.

    In every other step a share of the cues is ``hidden``: an ask that was not learned from holds words that are not
    known, and what is known has to do without them. Which ones, changes among ``choices``, so that none of them counts.
    """

    steps: int = 220
    rate: float = 0.06
    decay: float = 8e-6
    hidden: float = 0.3
    choices: int = 8
    scale: int = 32
    english: float = 2.25
    min_groups: int = 2
    max_cues: int = 34_000


def features(rows: Sequence[Row]) -> list[list[str]]:
    """The cues of every row."""
    return [cues(row.text, row.image) for row in rows]


def vocabulary(rows: Sequence[Row], found: Sequence[Sequence[str]], settings: Settings) -> tuple[list[str], np.ndarray]:
    """Sorted cues of at least ``min_groups`` groups, and in how many groups each stands; the bias comes first.

    What occurs in one group alone says more about the group than about asks.
    """
    groups: dict[str, set[str]] = collections.defaultdict(set)
    for row, row_cues in zip(rows, found, strict=True):
        for cue in row_cues:
            groups[cue].add(row.group)
    names = sorted(cue for cue, where in groups.items() if len(where) >= settings.min_groups)
    return [BIAS, *names], np.array([1.0, *(float(len(groups[cue])) for cue in names)])


def matrix(found: Sequence[Sequence[str]], index: dict[str, int]) -> sparse.csr_matrix:
    """How often each cue stands in each row, hardly ever more than once; the bias is on in every row."""
    pointers, columns = [0], []
    for row_cues in found:
        columns += sorted([index[BIAS], *(index[cue] for cue in row_cues if cue in index)])
        pointers.append(len(columns))
    counts = sparse.csr_matrix((np.ones(len(columns)), columns, pointers), shape=(len(found), len(index)))
    counts.sum_duplicates()
    return counts


def row_weights(rows: Sequence[Row], english: float) -> np.ndarray:
    """A group counts with the square root of its rows, in sixteenths: big templates must not drown single ideas."""
    sizes = collections.Counter(row.group for row in rows)
    return np.array(
        [
            max(1.0, np.round((english if row.lang == "en" else 1.0) * 16.0 * 2.0 / np.sqrt(sizes[row.group]))) / 16.0
            for row in rows
        ]
    )


def fit(rows: Sequence[Row], settings: Settings) -> tuple[list[str], np.ndarray]:
    """Learn; returns the vocabulary and integer weights of shape (cues, classes).

    Learned twice: once over every cue, and again over the ``max_cues`` that counted most, so that those kept take over
    what the others knew. That is smaller, and better on asks that were not seen.
    """
    found = features(rows)
    names, spread = vocabulary(rows, found, settings)
    counts = matrix(found, {cue: i for i, cue in enumerate(names)})
    weights = _descend(counts, rows, settings)
    worth = np.rint(np.abs(weights).max(axis=1) * np.sqrt(spread) * WEIGHT_GRID)
    worth[0] = np.inf
    chosen = sorted(sorted(range(len(names)), key=lambda i: (-worth[i], names[i]))[: settings.max_cues])
    whole = np.rint(_descend(counts[:, chosen], rows, settings) * settings.scale).astype(int)
    keep = [i for i in range(len(chosen)) if i == 0 or np.abs(whole[i]).max() > 0]
    return [names[chosen[i]] for i in keep], whole[keep]


def hide(counts: sparse.csr_matrix, share: float, choice: int = 0) -> sparse.csr_matrix:
    """The same rows without a share of their cues; which, depends on ``choice`` and the places of row and cue alone."""
    rows = np.repeat(np.arange(counts.shape[0], dtype=np.uint64), np.diff(counts.indptr))
    bits = rows * np.uint64(0x9E3779B97F4A7C15)
    bits += counts.indices.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    bits += np.uint64(choice * 0xD6E8FEB86659FD93 % 2**64)
    for shift in (29, 32):
        bits = (bits ^ bits >> np.uint64(shift)) * np.uint64(0xBF58476D1CE4E5B9)
    kept = (bits >> np.uint64(11) >= int(share * 2**53)) | (counts.indices == 0)
    pointers = np.concatenate(([0], np.cumsum(kept)))[counts.indptr]
    return sparse.csr_matrix((counts.data[kept], counts.indices[kept], pointers), shape=counts.shape)


def _descend(x: sparse.csr_matrix, rows: Sequence[Row], settings: Settings) -> np.ndarray:
    """Adam over the whole corpus at once, on the grids that the module's head explains."""
    classes = {str(name): i for i, name in enumerate(CLASSES)}
    y = np.zeros((len(rows), len(CLASSES)))
    y[np.arange(len(rows)), [classes[row.label] for row in rows]] = 1.0
    share = row_weights(rows, settings.english)[:, None]
    whole = (x, x.T.tocsr())
    parts = [(part, part.T.tocsr()) for part in (hide(x, settings.hidden, at) for at in range(settings.choices))]
    weights = np.zeros((x.shape[1], len(CLASSES)))
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, settings.steps + 1):
        seen, transposed = parts[step // 2 % settings.choices] if step % 2 else whole
        logits = seen @ weights
        powers = np.rint(np.exp(logits - logits.max(axis=1, keepdims=True)) * PROBABILITY_GRID)
        likely = np.rint(powers / powers.sum(axis=1, keepdims=True) * PROBABILITY_GRID) / PROBABILITY_GRID
        slope = (transposed @ ((likely - y) * share)) / len(rows) + settings.decay * weights
        first = 0.9 * first + 0.1 * slope
        second = 0.99 * second + 0.01 * slope * slope
        rate = settings.rate * (1.0 - step / (settings.steps + 1)) / (1.0 - 0.9**step)
        pace = np.sqrt(second / (1.0 - 0.99**step)) + 1e-8
        weights = np.rint((weights - rate * first / pace) * WEIGHT_GRID) / WEIGHT_GRID
    return weights
