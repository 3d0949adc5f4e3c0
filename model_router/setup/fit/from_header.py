"""A model's shape out of its file's own header.

Where a header is silent, llama.cpp's own constants for that architecture stand in: which layers have the window is not
in every file. A figure that cannot be had that way makes the shape ``None``; nothing is guessed.
"""

from __future__ import annotations

from collections import Counter

from model_router.setup.fit.shape import CacheGroup, ModelShape
from model_router.setup.header import Attention, ModelHeader, Recurrence

_WINDOW_PERIODS = {"gemma2": 2, "gemma3": 6, "gpt-oss": 2, "cohere2": 4, "olmo2": 4, "exaone4": 4, "laguna": 4}
"""Every how many layers one has no window, for files that state the window alone."""

_NO_WINDOW = frozenset({"phi3", "qwen2", "qwen3", "llama"})
"""Architectures whose window llama.cpp does not use."""

_FULL_INTERVALS = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4}
"""Every how many layers one attends in full; the others are linear."""


def from_header(header: ModelHeader, *, name: str = "", projector_bytes: int = 0) -> ModelShape | None:
    """The shape, or ``None`` when the header does not say enough about the cache."""
    if not header.layers or header.kind not in {"model", ""}:
        return None
    layers = header.layers - header.prediction_layers
    groups = _groups(header, layers)
    if groups is None:
        return None
    recurrent_layers = _recurrent_layers(header, layers)
    state = _state_bytes(header.recurrence, header.embedding_length, recurrent_layers)
    expert_share = expert_read = 0.0
    read = 1.0
    experts = header.experts
    if experts is not None and experts.count > 1 and header.size:
        expert_bytes = experts.bytes if experts.bytes is not None else round(header.size * 0.92)
        expert_share = min(0.97, expert_bytes / header.size)
        expert_read = (experts.used or 1) / experts.count
        read = 1 - expert_share * (1 - expert_read)
    return ModelShape(
        name=name or header.name or header.architecture,
        basis="header",
        weights_bytes=header.size,
        caches=groups,
        layers=layers,
        quant=header.quantization,
        format="mlx" if header.format == "mlx" else "gguf",
        family=header.architecture,
        parameters=header.parameters,
        hidden=header.embedding_length,
        heads=max(header.attention.heads, default=None),
        vocabulary=header.vocabulary,
        recurrent_bytes=state if recurrent_layers else 0,
        recurrent_layers=recurrent_layers,
        read_share=read,
        expert_share=expert_share,
        expert_read_share=expert_read or 1.0,
        projector_bytes=projector_bytes,
        context_max=header.context,
    )


def _groups(header: ModelHeader, layers: int) -> tuple[CacheGroup, ...] | None:
    found: Counter[tuple[int, int | None, bool]] = Counter()
    for layer in range(layers):
        if layer >= layers - header.attention.shared_layers or not _attends(header, layer):
            continue
        window = _window(header, layer)
        width = _width(header, layer, window is not None)
        if width is None:
            return None
        if width:
            found[(width, window, header.attention.latent is not None)] += 1
    if not found and not header.recurrence:
        return None
    return tuple(
        CacheGroup(layers=count, width=width, window=window, latent=latent)
        for (width, window, latent), count in found.items()
    )


def _attends(header: ModelHeader, layer: int) -> bool:
    """Whether this layer has attention at all; linear and state-space layers have none."""
    if header.attention_layers:
        return layer in header.attention_layers
    kv_heads = header.attention.kv_heads
    if len(kv_heads) > layer and len(kv_heads) > 1:
        return kv_heads[layer] > 0
    interval = header.attention.full_interval or _FULL_INTERVALS.get(header.architecture)
    return interval is None or (layer + 1) % interval == 0


def _window(header: ModelHeader, layer: int) -> int | None:
    """The window of this layer, if it has one."""
    attention = header.attention
    if not attention.window or header.architecture in _NO_WINDOW:
        return None
    pattern = attention.window_pattern
    if isinstance(pattern, tuple):
        return attention.window if layer < len(pattern) and pattern[layer] else None
    period = pattern or _WINDOW_PERIODS.get(header.architecture)
    if period is None:
        return None  # full layers are the safe side
    return attention.window if (layer + 1) % period else None


def _width(header: ModelHeader, layer: int, windowed: bool) -> int | None:
    attention = header.attention
    if attention.latent is not None:
        return attention.latent + (attention.rope or 64)
    kv_heads = _of_layer(attention.kv_heads, layer) if attention.kv_heads else _of_layer(attention.heads, layer)
    if kv_heads is None:
        return None
    key, value = _lengths(header, windowed)
    return None if key is None or value is None else kv_heads * (key + value)


def _lengths(header: ModelHeader, windowed: bool) -> tuple[int | None, int | None]:
    attention = header.attention
    usual = _usual_length(header.embedding_length, attention)
    key = attention.key_length or usual
    value = attention.value_length or key
    if windowed:
        key = attention.key_length_window or key
        value = attention.value_length_window or value
    return key, value


def _usual_length(hidden: int | None, attention: Attention) -> int | None:
    heads = max(attention.heads, default=0)
    return hidden // heads if hidden and heads else None


def _of_layer(numbers: tuple[int, ...], layer: int) -> int | None:
    if not numbers:
        return None
    return numbers[layer] if len(numbers) > layer and len(numbers) > 1 else numbers[0]


def _recurrent_layers(header: ModelHeader, layers: int) -> int:
    if header.recurrence is None:
        return 0
    if header.recurrent_layers:
        return sum(1 for layer in header.recurrent_layers if layer < layers)
    return sum(1 for layer in range(layers) if not _attends(header, layer))


def _state_bytes(recurrence: Recurrence | None, hidden: int | None, layers: int) -> int | None:
    """The state of one conversation, four bytes an element.

    llama.cpp keeps, for each layer, the last ``kernel - 1`` inputs of the convolution (over inner + 2 x groups x state
    channels) and a matrix of state x inner; LFM2 the last values of its short convolution; RWKV and Kimi a matrix for
    each head.
    """
    if recurrence is None:
        return 0
    if recurrence.short_convolution and hidden:
        return layers * (recurrence.short_convolution - 1) * hidden * 4
    if recurrence.head_length and recurrence.kernel and recurrence.inner:
        convolution = 3 * (recurrence.kernel - 1) * recurrence.inner
        return layers * (convolution + recurrence.head_length * recurrence.inner) * 4
    if recurrence.head_length and hidden:
        return layers * (2 * hidden + recurrence.head_length * hidden) * 4
    if recurrence.inner is None or recurrence.state is None:
        return None
    channels = recurrence.inner + 2 * (recurrence.groups or 0) * recurrence.state
    convolution = ((recurrence.kernel or 1) - 1) * channels
    return layers * (convolution + recurrence.state * recurrence.inner) * 4
