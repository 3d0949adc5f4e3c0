"""From keys and tensors to the facts that people and the fit ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from model_router.errors import SetupError
from model_router.setup.gguf.families import Families
from model_router.setup.gguf.layout import GgufHeader, Value, read_layout
from model_router.setup.gguf.tensors import TensorTable
from model_router.setup.gguf.types import FILE_TYPES, TENSOR_TYPES
from model_router.setup.header import Attention, Experts, ModelHeader, Recurrence

_ENCODERS = re.compile(r"(.*bert.*|gemma-embedding|t5encoder)\Z")
_PICTURES = frozenset(
    {"flux", "sd1", "sd3", "sdxl", "aura", "lumina2", "qwen_image", "wan", "ltxv", "hidream", "cosmos"}
)
_DRAFTS = frozenset({"eagle", "eagle3", "dflash", "gemma4-assistant"})
_RANK_POOLING = 4

_TOOLS = re.compile(r"\btools\b")
_THINKING = ("think", "reasoning", "<|channel|>")


def read_header(shards: Sequence[Path], families: Families | None = None) -> ModelHeader:
    """The facts about one model; ``shards`` are its files, the first one first.

    Whoever reads many hands the same ``families`` to each.

    Raises:
        SetupError: a file cannot be read, is none of this kind, or is not all there.
    """
    first, *others = (read_layout(path, families) for path in shards)
    return header_of(first, others, shards[0].name)


def header_of(first: GgufHeader, others: Sequence[GgufHeader], name: str) -> ModelHeader:
    """The facts; ``first`` has the keys, the tensors lie in all."""
    keys = _Keys(first.keys)
    architecture = keys.text("general.architecture")
    if not architecture:
        raise SetupError(f"{name} is no GGUF model that can be read: it names no architecture", "Fetch the file again.")
    own = keys.below(architecture)
    tables = [header.tensors for header in (first, *others)]
    template = keys.text("tokenizer.chat_template")
    return ModelHeader(
        format="gguf",
        architecture=architecture,
        size=sum(header.size for header in (first, *others)),
        name=keys.text("general.name"),
        kind=_kind(keys, own, architecture) if any(table.elements for table in tables) else "vocabulary",
        quantization=_quantization(keys.number("general.file_type")) or _main_type(tables),
        parameters=sum(table.elements for table in tables) or None,
        layers=own.number("block_count"),
        prediction_layers=own.number("nextn_predict_layers") or 0,
        context=own.number("context_length"),
        embedding_length=own.number("embedding_length"),
        feed_forward_length=max(own.numbers("feed_forward_length"), default=None),
        vocabulary=own.number("vocab_size") or next((table.vocabulary for table in tables if table.vocabulary), None),
        attention=_attention(own),
        recurrence=_recurrence(own),
        experts=_experts(own, sum(table.expert_bytes for table in tables)),
        tensor_bytes=sum(table.bytes for table in tables) or None,
        embedding_bytes=sum(table.embedding_bytes for table in tables) or None,
        attention_layers=tuple(sorted(frozenset().union(*(table.attention for table in tables)))),
        recurrent_layers=tuple(sorted(frozenset().union(*(table.recurrent for table in tables)))),
        tools="tool_call" in template or bool(_TOOLS.search(template)) if template else None,
        thinks=any(word in template for word in _THINKING) if template else None,
        license=keys.text("general.license"),
        shards=1 + len(others),
    )


class _Keys:
    """Values by key, taken only when they are of the kind that is asked for."""

    def __init__(self, values: Mapping[str, Value], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix

    def below(self, prefix: str) -> _Keys:
        return _Keys(self._values, prefix + ".")

    def text(self, key: str) -> str:
        value = self._values.get(self._prefix + key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A whole number, not below 0; of a list the largest."""
        return max(self.numbers(key), default=None)

    def numbers(self, key: str) -> tuple[int, ...]:
        """One for each layer, or a single one."""
        value = self._values.get(self._prefix + key)
        if isinstance(value, tuple):
            return tuple(_whole(item) or 0 for item in value)
        number = _whole(value)
        return () if number is None else (number,)

    def flags(self, key: str) -> int | tuple[bool, ...] | None:
        """A pattern: a number, or a truth for each layer."""
        value = self._values.get(self._prefix + key)
        if isinstance(value, tuple):
            return tuple(bool(item) for item in value)
        return int(value) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int) and 0 <= value < 1 << 40 else None


def _main_type(tables: Sequence[TensorTable]) -> str:
    """The type that most weights have."""
    sums: dict[int, int] = {}
    for table in tables:
        for kind, elements in table.types.items():
            sums[kind] = sums.get(kind, 0) + elements
    if not sums:
        return ""
    kind = max(sums, key=lambda number: (sums[number], -number))
    return TENSOR_TYPES[kind].name if kind in TENSOR_TYPES else ""


def _quantization(file_type: int | None) -> str:
    """Empty when it is not known. 1024 marks a type that was guessed from the tensors."""
    return "" if file_type is None else FILE_TYPES.get(file_type & ~1024, "")


def _kind(keys: _Keys, own: _Keys, architecture: str) -> str:
    declared = keys.text("general.type")
    pooling = own.number("pooling_type")
    if declared in {"mmproj", "clip-vision"} or architecture == "clip":
        return "projector"
    if declared in {"adapter", "imatrix"}:
        return declared
    if architecture in _DRAFTS:
        return "draft"
    if architecture in _PICTURES:
        return "image"
    if pooling == _RANK_POOLING:
        return "rerank"
    return "embedding" if pooling or _ENCODERS.match(architecture) else "model"


def _attention(own: _Keys) -> Attention:
    return Attention(
        heads=own.numbers("attention.head_count"),
        kv_heads=own.numbers("attention.head_count_kv"),
        key_length=own.number("attention.key_length"),
        value_length=own.number("attention.value_length"),
        window=own.number("attention.sliding_window") or None,
        window_pattern=own.flags("attention.sliding_window_pattern"),
        key_length_window=own.number("attention.key_length_swa"),
        value_length_window=own.number("attention.value_length_swa"),
        latent=own.number("attention.kv_lora_rank") or None,
        rope=own.number("rope.dimension_count"),
        shared_layers=own.number("attention.shared_kv_layers") or 0,
        full_interval=own.number("full_attention_interval") or None,
    )


def _recurrence(own: _Keys) -> Recurrence | None:
    found = Recurrence(
        kernel=own.number("ssm.conv_kernel"),
        inner=own.number("ssm.inner_size"),
        state=own.number("ssm.state_size"),
        rank=own.number("ssm.time_step_rank"),
        groups=own.number("ssm.group_count"),
        short_convolution=own.number("shortconv.l_cache"),
        head_length=own.number("kda.head_dim") or own.number("wkv.head_size"),
    )
    return None if found == Recurrence() else found


def _experts(own: _Keys, size: int) -> Experts | None:
    count = own.number("expert_count")
    if not count:
        return None
    return Experts(
        count=count,
        used=own.number("expert_used_count"),
        shared=own.number("expert_shared_count"),
        bytes=size or None,
    )
