"""``model-router setup fit``: whether a model fits, where, and how fast it would be."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model_router.cli.options import TokenCount, json_option
from model_router.cli.output import columns, say_json, say_words, talk
from model_router.cli.setup.machine import gpu_option, hardware_option, machine_for, speeds_here
from model_router.errors import UsageError

if TYPE_CHECKING:
    from model_router.setup.fit.shape import ModelShape
    from model_router.setup.fit.verdict import Verdict

_CACHE_TYPES = ("f16", "q8_0", "q4_0")
_USUAL_CONTEXT = 4096
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model")
@click.option("--quant", metavar="QUANT", help="The file of the model, like Q4_K_M or mlx; without it the usual one.")
@click.option(
    "--context", type=TokenCount(1, 100_000_000), help="Room for so many, like 32k; without it 4096, or the depth."
)
@click.option(
    "--kv-type", type=click.Choice(_CACHE_TYPES), default="f16", show_default=True, help="What the cache is stored as."
)
@click.option("--slots", type=click.IntRange(1, 1024), default=1, show_default=True, help="Conversations at once.")
@click.option("--ubatch", type=click.IntRange(1, 65_536), default=512, show_default=True, help="Tokens of one step.")
@click.option(
    "--depth",
    type=TokenCount(0, 100_000_000),
    default=0,
    show_default=True,
    help="Tokens in the cache when the speed is asked for.",
)  # fmt: skip - one option, one block
@click.option("--pictures", is_flag=True, help="Count the projector, with which the model reads pictures.")
@hardware_option
@gpu_option
@json_option
def command(
    *,
    model: str,
    quant: str | None,
    context: int | None,
    kv_type: str,
    slots: int,
    ubatch: int,
    depth: int,
    pictures: bool,
    hardware: Path | None,
    cards: tuple[str, ...],
    as_json: bool,
) -> int:
    """Work out what MODEL takes and how fast it would be, here or on other hardware.

    MODEL is a name of the catalog, a repository, or a GGUF file. The whole sum is printed. The exit code is 1 when it
    does not fit, or when nobody can tell.
    """
    from model_router.setup.fit.measured import measured_speed
    from model_router.setup.fit.memory import CacheType, Load
    from model_router.setup.fit.verdict import judge

    if context is None:
        context = max(_USUAL_CONTEXT, depth)
    if depth > context:
        raise UsageError(f"a depth of {depth} does not go into a context of {context}", "Give a larger --context.")
    shape = _shape(model, quant, pictures=pictures)
    load = Load(context, CacheType(kv_type), slots, ubatch, depth)
    measured = measured_speed(speeds_here(), model, shape.name) if hardware is None and not cards else None
    verdict = judge(shape, machine_for(hardware, cards), load, measured=measured)
    if as_json:
        say_json(verdict.to_dict())
    else:
        _show(verdict)
    return 0 if verdict.fits else 1


def _shape(model: str, quant: str | None, *, pictures: bool) -> ModelShape:
    from model_router.setup.fit.lookup import find_shape, shape_of_file

    path = Path(model).expanduser()
    local = path.exists() or path.is_absolute() or "/" not in model or model.startswith(("./", "../"))
    if model.lower().endswith(".gguf") and local:
        from model_router.setup.gguf import read_header

        return shape_of_file(path, read_header(_shards(path)))
    return find_shape(model, os.environ, quant=quant, pictures=pictures)


def _shards(path: Path) -> list[Path]:
    """All parts of a model that is spread over several files, those that are there."""
    if _SHARD.search(path.name) is None:
        return [path]
    pattern = _SHARD.sub(r"-?????-of-\2.gguf", path.name)
    return sorted(path.parent.glob(pattern)) or [path]


def _show(verdict: Verdict) -> None:
    from model_router.setup.fit.lookup import likely_name
    from model_router.setup.fit.placement import MODE_WORDS
    from model_router.setup.fit.sum import sum_rows
    from model_router.setup.fit.wording import gib

    shape, load = verdict.shape, verdict.load
    say_words(f"{shape.name} {shape.quant}".strip(), bold=True)
    say_words(f"{load.context:,} tokens of context, cache {load.cache_type.value}, {load.slots} at once", dim=True)
    if shape.context_max is not None and load.context > shape.context_max:
        say_words(f"note: it was made for {shape.context_max:,} tokens of context at most")
    if shape.basis == "estimate":
        near = likely_name(shape.name, os.environ)
        guess = f"; did you mean {near}?" if near else ""
        say_words(f"note: no catalog has it, so all of this is worked out from its name{guess}")
    for line in columns(sum_rows(verdict)):
        say_words(line)
    if verdict.placement is None:
        known = verdict.budget is not None
        say_words(
            f"does not fit: {gib(verdict.budget or 0)} can be used at most"
            if known and verdict.fits is False
            else "nobody can tell: the free memory of this machine is not known",
            bold=True,
        )  # fmt: skip - the two answers stand under each other
        if known and verdict.fits is False:
            talk("Less is needed with a smaller --quant, a shorter --context, or --kv-type q8_0.")
        return
    say_words(f"fits: {MODE_WORDS[verdict.placement.mode]}", bold=True)
    rows = []
    for pool, taken in (
        (verdict.placement.gpu, verdict.placement.gpu_bytes),
        (verdict.placement.cpu, verdict.placement.cpu_bytes),
    ):
        if pool is not None and pool.budget is not None:
            left = gib(pool.budget - taken)
            rows.append((pool.name, f"{gib(taken)} of {gib(pool.budget)}", f"{left} left", pool.reason))
    for line in columns(rows):
        say_words(line)
    say_words(f"longest context that fits like this: {_longest(verdict)}")
    speed = verdict.speed
    if speed is not None:
        deep = f" with {load.depth:,} tokens in the cache" if load.depth else ""
        say_words(f"about {speed.mid:.0f} tokens a second ({speed.low:.0f} to {speed.high:.0f}){deep}", bold=True)
        say_words(f"  {speed.words}", dim=True)


def _longest(verdict: Verdict) -> str:
    """In words, for the cache as it is and for smaller ones."""
    from model_router.setup.fit.longest import longest_context
    from model_router.setup.fit.memory import CacheType

    placement = verdict.placement
    if placement is None:
        return "none"
    kinds = list(CacheType)
    shown = []
    for kind in kinds[kinds.index(verdict.load.cache_type) : 2] or [verdict.load.cache_type]:
        tokens = longest_context(verdict.shape, verdict.load, placement.mode, verdict.pools.like(placement.gpu), kind)
        shown.append(f"{tokens:,} tokens at {kind.value}")
    return ", ".join(shown)
