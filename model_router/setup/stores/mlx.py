"""Models as folders of safetensors with a ``config.json``: MLX's, and those that come straight from a Hub."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from model_router.setup.header import Attention, Experts, ModelHeader, Recurrence
from model_router.setup.stores.model import LocalModel, Unreadable

_MOST_BYTES = 1 << 22
_KEYS = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "heads": ("num_attention_heads", "n_head"),
    "kv_heads": ("num_key_value_heads",),
    "experts": ("num_experts", "num_local_experts", "n_routed_experts"),
    "used": ("num_experts_per_tok", "moe_topk", "top_k_experts"),
    "context": ("max_position_embeddings", "n_positions", "max_sequence_length"),
}
_TOOLS = re.compile(r"\btools\b|tool_call")
_THINKS = re.compile(r"think|reasoning|<\|channel\|>")
_WINDOW_KINDS = frozenset({"sliding_attention", "local", "local_attention", "chunked_attention"})
_STATE_KINDS = frozenset({"linear_attention", "mamba", "mamba2", "recurrent", "conv"})


def mlx_model(folder: Path, files: Mapping[str, int], name: str, store: str) -> LocalModel | Unreadable | None:
    """The model that a folder is, or ``None`` when it is none that can be talked to."""
    weights = {file: size for file, size in files.items() if file.endswith(".safetensors") and not file.startswith(".")}
    if "config.json" not in files or not weights or "adapter_config.json" in files:
        return None
    config = _object(folder / "config.json")
    if config is None:
        return Unreadable(folder / "config.json", "it is no JSON object that can be read")
    if not isinstance(config.get("model_type"), str):
        return None
    missing = _missing(folder, files)
    if missing:
        return Unreadable(folder, f"{missing} of its files are missing")
    template = _template(folder, files)
    header = header_of_config(config, sum(weights.values()), template, len(weights))
    return LocalModel(name, store, folder, header, header.size)


def header_of_config(config: Mapping[str, Any], size: int, template: str = "", shards: int = 1) -> ModelHeader:
    """The facts in a ``config.json``; models that also see or hear keep those about text in ``text_config``."""
    text = config.get("text_config")
    own = _Config({**config, **text} if isinstance(text, dict) else config)
    layers = own.number(*_KEYS["layers"])
    kinds = own.words("layer_types")
    experts = own.number(*_KEYS["experts"])
    quantization = _quantization(config)
    name = config.get("_name_or_path")
    return ModelHeader(
        format="mlx" if isinstance(config.get("quantization"), dict) else "safetensors",
        architecture=str(config["model_type"]),
        size=size,
        name=name if isinstance(name, str) else "",
        quantization=quantization,
        layers=layers,
        prediction_layers=0,
        context=own.number(*_KEYS["context"]),
        embedding_length=own.number("hidden_size", "n_embd"),
        feed_forward_length=own.number("intermediate_size"),
        vocabulary=own.number("vocab_size"),
        attention=_attention(own, kinds),
        recurrence=_recurrence(own),
        experts=Experts(experts, own.number(*_KEYS["used"]), own.number("n_shared_experts")) if experts else None,
        tensor_bytes=size,
        attention_layers=tuple(index for index, kind in enumerate(kinds) if kind not in _STATE_KINDS),
        recurrent_layers=tuple(index for index, kind in enumerate(kinds) if kind in _STATE_KINDS),
        tools=bool(_TOOLS.search(template)) if template else None,
        thinks=bool(_THINKS.search(template)) if template else None,
        shards=shards,
    )


class _Config:
    """Values by key, taken only when they are of the kind that is asked for."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def number(self, *keys: str) -> int | None:
        for key in keys:
            value = self._values.get(key)
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40:
                return value
        return None

    def numbers(self, *keys: str) -> tuple[int, ...]:
        for key in keys:
            value = self._values.get(key)
            if isinstance(value, list) and all(isinstance(item, int) and item >= 0 for item in value):
                return tuple(value[:4096])
        number = self.number(*keys)
        return () if number is None else (number,)

    def words(self, key: str) -> tuple[str, ...]:
        value = self._values.get(key)
        return tuple(map(str, value[:4096])) if isinstance(value, list) else ()


def _attention(own: _Config, kinds: tuple[str, ...]) -> Attention:
    heads = own.numbers(*_KEYS["heads"])
    latent = own.number("kv_lora_rank") or None
    pattern: int | tuple[bool, ...] | None = own.number("sliding_window_pattern") or None
    if any(kind in _WINDOW_KINDS for kind in kinds):
        pattern = tuple(kind in _WINDOW_KINDS for kind in kinds)
    length = own.number("head_dim")
    return Attention(
        heads=heads,
        kv_heads=own.numbers(*_KEYS["kv_heads"]) or heads,
        key_length=own.number("global_head_dim") or length,
        value_length=own.number("global_head_dim") or length,
        window=own.number("sliding_window") or None,
        window_pattern=pattern,
        key_length_window=length if own.number("global_head_dim") else None,
        value_length_window=length if own.number("global_head_dim") else None,
        latent=latent,
        rope=own.number("qk_rope_head_dim") if latent else None,
        shared_layers=own.number("num_kv_shared_layers") or 0,
        full_interval=own.number("full_attention_interval") or None,
    )


def _recurrence(own: _Config) -> Recurrence | None:
    values, value_length = own.number("linear_num_value_heads"), own.number("linear_value_head_dim")
    if values and value_length:
        return Recurrence(
            kernel=own.number("linear_conv_kernel_dim"),
            inner=values * value_length,
            state=own.number("linear_key_head_dim"),
            rank=values,
            groups=own.number("linear_num_key_heads"),
        )
    heads, length = own.number("mamba_num_heads", "mamba_n_heads"), own.number("mamba_head_dim", "mamba_d_head")
    if heads and length:
        return Recurrence(
            kernel=own.number("conv_kernel", "mamba_d_conv"),
            inner=heads * length,
            state=own.number("ssm_state_size", "mamba_d_state"),
            rank=heads,
            groups=own.number("n_groups", "mamba_n_groups"),
        )
    cache = own.number("conv_L_cache")
    return Recurrence(short_convolution=cache) if cache else None


def _quantization(config: Mapping[str, Any]) -> str:
    """``4bit`` for MLX's, else the method's name, else the type of numbers."""
    own = config.get("quantization")
    if isinstance(own, dict) and isinstance(own.get("bits"), int):
        mode = own.get("mode")
        return str(mode) if isinstance(mode, str) and mode not in {"", "affine"} else f"{own['bits']}bit"
    other = config.get("quantization_config")
    if isinstance(other, dict) and isinstance(other.get("quant_method"), str):
        return str(other["quant_method"])
    kind = config.get("torch_dtype") or config.get("dtype")
    return {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}.get(kind, "") if isinstance(kind, str) else ""


def _missing(folder: Path, files: Iterable[str]) -> int:
    """How many files the index names that are not there."""
    index = _object(folder / "model.safetensors.index.json") if "model.safetensors.index.json" in files else None
    named = index.get("weight_map") if index else None
    if not isinstance(named, dict):
        return 0
    present = set(files)
    return len({file for file in named.values() if isinstance(file, str)} - present)


def _template(folder: Path, files: Iterable[str]) -> str:
    if "chat_template.jinja" in files:
        return (_bytes(folder / "chat_template.jinja") or b"").decode("utf-8", "replace")
    template = (_object(folder / "tokenizer_config.json") or {}).get("chat_template")
    return template if isinstance(template, str) else ""


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as stream:
            return stream.read(_MOST_BYTES)
    except (OSError, ValueError):
        return None


def _object(path: Path) -> dict[str, Any] | None:
    raw = _bytes(path)
    if raw is None:
        return None
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
