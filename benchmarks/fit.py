"""How far the memory and speed estimates are from what others have measured, beside the all-layers formula.

``tests/data/measurements.yaml`` holds the measurements with their sources. Memory: every part of a start-up log that is
a cache or a total. Speed: the factor between estimate and measurement, and whether the measurement lies in the range.
The all-layers formula reckons every layer with every token at two bytes an element; for speed its usual companion is
bandwidth over active bytes, times 0.55.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from model_router.setup.fit.memory import MIB, CacheType, Load, all_layers_bytes, memory_need
from model_router.setup.fit.placement import Mode
from model_router.setup.fit.shape import CacheGroup, ModelShape, from_catalog
from model_router.setup.fit.verdict import judge
from model_router.setup.hardware import load_machine
from model_router.setup.machine import Gpu, Machine, Memory, Processor, Vendor
from model_router.setup.model_catalog import ModelCatalog
from model_router.setup.model_catalog_file import load_models
from model_router.setup.recommend.recommendation import recommend

MEASUREMENTS = Path(__file__).resolve().parent.parent / "tests" / "data" / "measurements.yaml"
GIB = 1 << 30
RECOMMENDATION_BUDGET_MS = 50.0


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One measured part, in MiB."""

    case: str
    model: str
    part: str
    measured: float
    ours: float
    all_layers: float | None

    @property
    def error(self) -> float:
        """Ours over measured, less one."""
        return self.ours / self.measured - 1

    @property
    def limit(self) -> float:
        """5 % for caches and states, 10 % for totals."""
        return 0.10 if "total" in self.part and self.part != "context_total" else 0.05


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """One measured speed, in tokens a second."""

    case: str
    model: str
    mode: str
    measured: float
    low: float
    mid: float
    high: float
    simple: float

    @property
    def factor(self) -> float:
        """1 is exact; 2 is twice too fast or too slow."""
        return max(self.mid / self.measured, self.measured / self.mid)

    @property
    def inside(self) -> bool:
        """Whether the printed range holds the measurement."""
        return self.low <= self.measured <= self.high

    @property
    def simple_factor(self) -> float:
        """The factor of the companion formula."""
        return max(self.simple / self.measured, self.measured / self.simple)


@cache
def cases() -> Mapping[str, Mapping[str, Any]]:
    """The measurements by id."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load(MEASUREMENTS.read_text(encoding="utf-8"))["cases"]
    return found


@cache
def models() -> ModelCatalog:
    """Every model that the product knows."""
    return load_models({"HOME": "/nonexistent"}, known=True)


def shape_of(case: Mapping[str, Any]) -> ModelShape:
    """The model of a case: the catalog's, or what the case itself says."""
    if shape := case.get("shape"):
        group = CacheGroup(shape["layers"], shape["width"])
        return ModelShape(
            case["model"],
            "header",
            shape["weights"],
            (group,),
            shape["layers"],
            hidden=shape["hidden"],
            vocabulary=shape["vocabulary"],
        )  # fmt: skip - one line for each kind of figure
    name = case.get("like", case["model"])
    model = models().models[name]
    quants = [*model.files, *(["mlx"] if model.mlx else [])]
    quant = case.get("quant")
    if quant not in quants:
        quant = "Q4_K_M" if "Q4_K_M" in model.files else quants[0]
    shape = from_catalog(name, model, quant, pictures=False)
    return replace(shape, weights_bytes=case["weights"]) if "weights" in case else shape


def machine_of(case: Mapping[str, Any]) -> Machine:
    """The machine of a case, with all its memory free; a card that held the model is taken as large enough for it."""
    said = case["machine"]
    roomy = 2 if case["mode"] == "gpu" else 1
    ram = int(said["ram_gib"] * GIB)
    memory = Memory(total=ram, available=int(ram * 0.95))
    gpus: tuple[Gpu, ...] = ()
    if name := said.get("gpu"):
        unified = bool(said.get("unified"))
        vendor: Vendor = "apple" if "Apple" in name else "amd" if name.split()[0] in {"RX", "Radeon"} else "nvidia"
        size = None if unified else int(said["gib"] * GIB) * roomy
        gpus = tuple(Gpu(name, vendor, size, size, unified, index=index) for index in range(said.get("count", 1)))
    return Machine(memory=memory, processor=Processor(said.get("cpu", "")), gpus=gpus)


def memory_rows() -> list[MemoryRow]:
    """Every measured cache, state and total."""
    rows: list[MemoryRow] = []
    for name, case in cases().items():
        if case["kind"] != "memory" or "context" not in case:
            continue
        shape = shape_of(case)
        load = Load(
            case["context"], CacheType(case.get("kv_type", "f16")), case.get("slots", 1), case.get("ubatch", 512)
        )
        need = memory_need(shape, load)
        windowed = sum(part.bytes for part in need.caches if part.kind == "window")
        ours = {
            "kv": need.kv,
            "kv_global": need.kv - windowed,
            "kv_window": windowed,
            "recurrent": need.recurrent,
            "context_total": need.kv + need.recurrent,
            "process_total": need.total,
            "peak_total": need.total,
        }
        widest = max((group.width for group in shape.caches if not group.latent), default=None)
        simple = all_layers_bytes(shape.layers, widest, case["context"]) / MIB if widest else None
        for part, measured in case["mib"].items():
            if part in ours:
                beside = simple if part in {"kv", "context_total"} else None
                rows.append(MemoryRow(name, case["model"], part, measured, ours[part] / MIB, beside))
    return rows


def speed_rows() -> list[SpeedRow]:
    """Every measured speed; a split model takes the better of the two ways, unless the case names one."""
    rows: list[SpeedRow] = []
    for name, case in cases().items():
        if case["kind"] != "speed":
            continue
        shape, machine = shape_of(case), machine_of(case)
        depth = case.get("depth", 0)
        load = Load(max(4096, depth + 256), depth=depth)
        mode = None if case["mode"] == "split" else Mode(case["mode"])
        verdict = judge(shape, machine, load, mode=mode)
        if verdict.speed is None or verdict.placement is None:
            raise AssertionError(f"{name}: nothing fits, although it ran")
        pool = verdict.placement.gpu or verdict.placement.cpu
        if pool is None:
            raise AssertionError(f"{name}: it runs nowhere")
        active = shape.weights_bytes * shape.read_share
        share = {Mode.GPU: 1.0, Mode.EXPERTS_ON_CPU: 0.8, Mode.GPU_AND_CPU: 0.5, Mode.CPU: 0.3}[verdict.placement.mode]
        simple = pool.bandwidth * 1e9 / active * 0.55 * share
        speed = verdict.speed
        rows.append(
            SpeedRow(
                name,
                case["model"],
                verdict.placement.mode.value,
                case["tok_s"],
                speed.low,
                speed.mid,
                speed.high,
                simple,
            )
        )
    return rows


def recommendation_ms(rounds: int = 5) -> dict[str, float]:
    """Processor time of one recommendation for each simulated machine: the best of several rounds, in milliseconds."""
    catalog = load_models({"HOME": "/nonexistent"})
    found: dict[str, float] = {}
    for path in sorted((MEASUREMENTS.parent / "machines").glob("*.json")):
        machine = load_machine(path)
        spent = []
        for _ in range(rounds):
            start = time.process_time()
            recommend(machine, catalog)
            spent.append(time.process_time() - start)
        found[path.stem] = min(spent) * 1000
    return found


def main(arguments: list[str]) -> int:
    """Print the tables; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="scripts/bench fit", description=__doc__)
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args(arguments)  # those of the other benchmarks may stand beside
    memory, speed = memory_rows(), speed_rows()
    outside = [row for row in memory if abs(row.error) > row.limit]
    median = statistics.median(row.factor for row in speed)
    simple = statistics.median(row.simple_factor for row in speed)
    inside = sum(row.inside for row in speed) / len(speed)
    slowest = max(recommendation_ms().values())
    missed = bool(outside) or median > 1.25 or inside < 0.8 or slowest > RECOMMENDATION_BUDGET_MS
    if options.json:
        figures = {"memory_outside": len(outside), "speed_median_factor": median, "speed_inside": inside}
        figures["recommendation_ms"] = slowest
        print(json.dumps({**figures, "simple_median_factor": simple, "missed": missed}, indent=1))
        return int(missed)
    for line in table(memory, speed):
        print(line)
    print(f"\nspeed: median factor {median:.2f} (simple formula {simple:.2f}), {inside:.0%} inside the printed range")
    print(f"a recommendation takes {slowest:.0f} ms at most, of {RECOMMENDATION_BUDGET_MS:.0f}")
    return int(missed)


def table(memory: list[MemoryRow], speed: list[SpeedRow]) -> list[str]:
    """Both tables, a line a row."""
    lines = [
        f"{'':5}{'memory, MiB':34}{'part':15}{'measured':>9}{'ours':>9}{'error':>8}{'all layers':>12}{'factor':>8}"
    ]
    for row in memory:
        beside = f"{row.all_layers:12.0f}{row.all_layers / row.measured:7.1f}x" if row.all_layers else ""
        mark = "  outside" if abs(row.error) > row.limit else ""
        lines.append(
            f"{row.case:5}{row.model:34}{row.part:15}{row.measured:9.0f}{row.ours:9.0f}{row.error:8.1%}{beside}{mark}"
        )
    lines += [
        "",
        f"{'':5}{'speed, tok/s':34}{'mode':15}{'measured':>9}{'ours':>9}{'range':>15}{'factor':>8}{'simple':>9}",
    ]
    for item in speed:
        span = f"{item.low:.0f}-{item.high:.0f}"
        mark = "" if item.inside else "  outside"
        lines.append(
            f"{item.case:5}{item.model:34}{item.mode:15}{item.measured:9.1f}{item.mid:9.1f}{span:>15}"
            f"{item.factor:8.2f}{item.simple_factor:8.2f}x{mark}"
        )
    return lines
