"""Own measurements: what the gateway's events say about the speed of local models, in place of the estimate."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

LEAST_TOKENS = 32
LEAST_SECONDS = 0.25
LEAST_ANSWERS = 3

_QUANT = re.compile(r"[-_.](?:ud-)?(?:i?q\d\w*|mxfp4\w*|bf16|f16|\d-?bit|gguf|mlx|instruct|it)\b", re.IGNORECASE)


def calibrate(
    events: Iterable[Mapping[str, Any]], *, backends: Collection[str] | None = None, least: int = LEAST_ANSWERS
) -> dict[str, float]:
    """Tokens a second by model name: the median over answers, of models with at least ``least`` of them.

    Only streamed, finished answers count: there the first byte tells when reading the prompt ended and writing began.
    ``backends`` are the names of those that run on this machine; without it every backend counts.
    """
    rates: defaultdict[str, list[float]] = defaultdict(list)
    for event in events:
        model, rate = event.get("model"), _rate(event)
        local = backends is None or event.get("backend") in backends
        if rate is not None and local and isinstance(model, str) and model:
            rates[model].append(rate)
    return {model: round(statistics.median(found), 2) for model, found in rates.items() if len(found) >= least}


def measured_speed(measured: Mapping[str, float], *names: str) -> float | None:
    """The speed under one of a model's names; servers write the same name in many ways."""
    plain = {plain_name(name): speed for name, speed in measured.items()}
    for name in filter(None, names):
        found = measured.get(name, plain.get(plain_name(name)))
        if found is not None:
            return found
    return None


def plain_name(name: str) -> str:
    """A model's name without folder, file ending, quantisation and punctuation: ``Qwen/Qwen3-8B-Q4_K_M.gguf`` and
    ``qwen3:8b`` are both ``qwen38b``."""
    last = name.replace("\\", "/").rpartition("/")[2].lower()
    last = re.sub(r"-\d{5}-of-\d{5}", "", last.removesuffix(".gguf").removesuffix(":latest"))
    while (shorter := _QUANT.sub("", last)) != last:
        last = shorter
    return re.sub(r"[^a-z0-9]", "", last)


def _rate(event: Mapping[str, Any]) -> float | None:
    tokens, total, first = (event.get(key) for key in ("completion_tokens", "total_ms", "first_byte_ms"))
    if not (isinstance(tokens, int) and isinstance(total, int | float) and isinstance(first, int | float)):
        return None
    seconds = (total - first) / 1000
    if event.get("outcome", "ok") != "ok" or not event.get("stream", True):
        return None
    if tokens < LEAST_TOKENS or seconds < LEAST_SECONDS:
        return None
    return (tokens - 1) / seconds
