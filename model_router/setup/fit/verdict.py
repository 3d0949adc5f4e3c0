"""The whole answer for one model on one machine: does it fit, how, how fast, and what every figure rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_router.setup.fit.budget import Pools, pools_of
from model_router.setup.fit.memory import Load, MemoryNeed, memory_need
from model_router.setup.fit.placement import Mode, Placement, placements
from model_router.setup.fit.shape import ModelShape
from model_router.setup.fit.speed import Speed, speed_of, token_seconds
from model_router.setup.machine import Machine


@dataclass(frozen=True, slots=True)
class Verdict:
    """``fits`` is ``None`` where the machine's memory is not known. ``budget`` is that of the best way that fits, or of
    the largest memory there is."""

    shape: ModelShape
    load: Load
    need: MemoryNeed
    fits: bool | None
    budget: int | None
    placement: Placement | None
    speed: Speed | None
    pools: Pools

    @property
    def total(self) -> int:
        """Everything it takes; a second card adds its own scratch."""
        return self.placement.total if self.placement else self.need.total

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``setup fit``: bytes as whole numbers, tokens a second as numbers with a fraction."""
        parts = self.need.to_dict()
        parts["runtime_bytes"] += self.total - parts["total_bytes"]
        parts["total_bytes"] = self.total
        return {
            "model": self.shape.name,
            "quant": self.shape.quant,
            "format": self.shape.format,
            "context": self.load.context,
            "context_max": self.shape.context_max,
            "kv_type": self.load.cache_type.value,
            "slots": self.load.slots,
            "ubatch": self.load.ubatch,
            "depth": self.load.depth,
            **parts,
            "budget_bytes": self.budget,
            "fits": self.fits,
            "mode": self.placement.mode.value if self.placement else None,
            "tok_s": self.speed.to_dict() if self.speed else None,
            "memory": self._memory(),
            "basis": self.basis(),
        }

    def _memory(self) -> list[dict[str, Any]]:
        if self.placement is None:
            return []
        rows = ((self.placement.gpu, self.placement.gpu_bytes), (self.placement.cpu, self.placement.cpu_bytes))
        return [
            {"pool": pool.kind, "name": pool.name, "need_bytes": need, "budget_bytes": pool.budget, "why": pool.reason}
            for pool, need in rows
            if pool is not None
        ]

    def basis(self) -> dict[str, dict[str, str]]:
        """For each figure its unit and what it rests on."""
        shape = self.shape.basis
        of_file = "size of the file" + (", rounded by its source" if self.shape.rounded else "")
        weights = self.shape.weights_basis or shape
        if weights == "estimate":
            of_file = "worked out from parameters and the quantisation's usual bits"
        state = "a usual size: nobody has published this model's" if self.need.recurrent_assumed else "state x slots"
        budget = self.placement.gpu or self.placement.cpu if self.placement else None
        rows = {
            "weights_bytes": ("bytes", weights, of_file),
            "kv_bytes": ("bytes", shape, "cells x layers x width x bytes of an element, by kind of layer"),
            "recurrent_bytes": ("bytes", "estimate" if self.need.recurrent_assumed else shape, state),
            "compute_bytes": ("bytes", "estimate", "scratch of one step: logits and activations"),
            "runtime_bytes": ("bytes", "estimate", "the driver's own memory, from start-up logs"),
            "projector_bytes": ("bytes", shape, "size of the projector's file"),
            "total_bytes": ("bytes", shape, "the sum"),
            "budget_bytes": ("bytes", "measured", budget.reason if budget else "no memory is large enough"),
        }
        if self.speed is not None:
            rows["tok_s"] = ("tokens per second", self.speed.basis, self.speed.words)
        return {name: {"unit": unit, "basis": basis, "why": why} for name, (unit, basis, why) in rows.items()}


def judge(
    shape: ModelShape, machine: Machine | Pools, load: Load, *, measured: float | None = None, mode: Mode | None = None
) -> Verdict:
    """The verdict for the first mode that fits, or for ``mode`` alone; of cards and graphics in system memory for what
    is fastest."""
    pools = machine if isinstance(machine, Pools) else pools_of(machine)
    need = memory_need(shape, load)
    ways = [one for one in placements(shape, need, pools) if mode is None or one.mode is mode]
    if ways:
        best = min(ways, key=lambda way: token_seconds(shape, load, way)) if pools.mixed else ways[0]
        speed = speed_of(shape, load, best, measured)
        return Verdict(shape, load, need, True, best.budget, best, speed, pools)
    budgets = [pool.budget for pool in (*pools.graphics, pools.processor)]
    known = [budget for budget in budgets if budget is not None]
    unknown = len(known) < len(budgets)
    return Verdict(shape, load, need, None if unknown else False, max(known, default=None), None, None, pools)
