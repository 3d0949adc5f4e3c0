"""The whole sum of a verdict in words, for the command and the screen alike."""

from __future__ import annotations

from collections.abc import Iterator

from model_router.setup.fit.verdict import Verdict
from model_router.setup.fit.wording import gib


def sum_rows(verdict: Verdict) -> Iterator[tuple[str, str, str]]:
    """The sum, a part a line."""
    need, basis = verdict.need, verdict.basis()
    weights = basis["weights_bytes"]
    yield "weights", gib(need.weights), f"{weights['basis']}: {weights['why']}"
    for part in need.caches:
        yield f"cache, {part.kind}", gib(part.bytes), f"{part.layers} layers x {part.cells:,} cells"
    if need.recurrent:
        yield "recurrent state", gib(need.recurrent), basis["recurrent_bytes"]["why"]
    yield "compute buffer", gib(need.compute), basis["compute_bytes"]["why"]
    yield "runtime", gib(verdict.to_dict()["runtime_bytes"]), basis["runtime_bytes"]["why"]
    if need.projector:
        yield "projector", gib(need.projector), "for pictures"
    yield "total", gib(verdict.total), f"{verdict.total:,} bytes"
