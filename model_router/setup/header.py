"""What a model's own files say about it: written by ``gguf`` and ``stores``, read by ``fit`` and shown by everyone.

The figures stand as the file states them; what an architecture implies beyond its header (a window pattern that only
llama.cpp knows, say) is worked out by ``fit``. Sizes are in bytes, lengths in elements or tokens. ``None``: not stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HeaderFormat = Literal["gguf", "mlx", "safetensors"]


@dataclass(frozen=True, slots=True)
class Attention:
    """The attention layers.

    ``heads`` and ``kv_heads`` hold one number for each layer, or a single one for all; a layer with 0 KV heads keeps no
    cache. ``window_pattern`` is as in the file: a number ``n`` (every ``n``-th layer is full) or, layer by layer,
    whether it has the window. The ``_window`` lengths are those of window layers where they differ. ``latent`` is the
    rank of the compressed cache (``kv_lora_rank``), to which ``rope`` dimensions are added. ``shared_layers`` at the
    end have no cache of their own.
    """

    heads: tuple[int, ...] = ()
    kv_heads: tuple[int, ...] = ()
    key_length: int | None = None
    value_length: int | None = None
    window: int | None = None
    window_pattern: int | tuple[bool, ...] | None = None
    key_length_window: int | None = None
    value_length_window: int | None = None
    latent: int | None = None
    rope: int | None = None
    shared_layers: int = 0
    full_interval: int | None = None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """State-space, linear-attention or convolution layers, whose state does not grow with the context.

    The names are those of GGUF's ``ssm`` keys. ``short_convolution`` is LFM2's ``shortconv.l_cache``. ``head_length``
    is that of Kimi's delta attention (``kda.head_dim``) or RWKV (``wkv.head_size``).
    """

    kernel: int | None = None
    inner: int | None = None
    state: int | None = None
    rank: int | None = None
    groups: int | None = None
    short_convolution: int | None = None
    head_length: int | None = None


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts. ``bytes`` is the size of the routed experts' tensors, all together."""

    count: int
    used: int | None = None
    shared: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """One model. ``size`` is what its files take, all shards together and without the projector.

    ``layers`` counts every block, ``prediction_layers`` of which (at the end) only guess ahead. ``tensor_bytes`` is the
    weights alone, ``embedding_bytes`` the input embedding, which llama.cpp leaves in system memory.
    ``attention_layers`` and ``recurrent_layers`` are the blocks that have such tensors, where the tensors were read.
    ``kind`` is ``model`` or what else the file holds: ``projector``, ``draft``, ``adapter``, ``embedding``, ``rerank``,
    ``vocabulary`` where it has no weights at all.
    ``tools`` and ``thinks`` say whether the chat template speaks of such; ``None`` when there is no template.
    """

    format: HeaderFormat
    architecture: str
    size: int
    name: str = ""
    kind: str = "model"
    quantization: str = ""
    parameters: int | None = None
    layers: int | None = None
    prediction_layers: int = 0
    context: int | None = None
    embedding_length: int | None = None
    feed_forward_length: int | None = None
    vocabulary: int | None = None
    attention: Attention = Attention()
    recurrence: Recurrence | None = None
    experts: Experts | None = None
    tensor_bytes: int | None = None
    embedding_bytes: int | None = None
    attention_layers: tuple[int, ...] = ()
    recurrent_layers: tuple[int, ...] = ()
    tools: bool | None = None
    thinks: bool | None = None
    license: str = ""
    shards: int = 1
