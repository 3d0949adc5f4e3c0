"""GGUF headers as large as those of real models: whole vocabularies, merges, hundreds of tensors, and no weights.

The weights are a hole in the file, so a model of gigabytes takes a few megabytes of the disk. Texts are made up, with
the lengths that real ones have; the order of the keys is that of llama.cpp's converter.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from random import Random

_U32, _I32, _F32, _BOOL, _TEXT, _ARRAY = 4, 5, 6, 7, 8, 9
_F32_TENSOR, _Q4_K, _Q6_K = 0, 12, 14
_BLOCKS = {_F32_TENSOR: (1, 4), _Q4_K: (256, 144), _Q6_K: (256, 210)}
_PARTS = 16
_TEMPLATE = "{% for message in messages %}{{ message.role }}: {{ message.content }}{% if tools %}...{% endif %}\n" * 60


@dataclass(frozen=True, slots=True)
class Family:
    """Models with one vocabulary. ``merges`` is 0 where texts have scores instead."""

    architecture: str
    tokens: int
    merges: int
    layers: int
    width: int = 4096
    experts: int = 0


FAMILIES = (
    Family("llama", 32_000, 0, 32),
    Family("granite", 98_304, 97_900, 40, 2048),
    Family("llama", 128_256, 280_147, 32),
    Family("qwen3", 151_936, 151_387, 36),
    Family("qwen3moe", 151_936, 151_387, 48, 2048, experts=128),
    Family("gemma3", 262_144, 0, 48, 3840),
)


def write_full_gguf(path: Path, family: Family, seed: int = 0, name: str = "a model") -> Path:
    """Write one model of the family; another ``seed`` gives another vocabulary of the same size."""
    keys = [
        _key("general.architecture", _TEXT, _text(family.architecture)),
        _key("general.type", _TEXT, _text("model")),
        _key("general.name", _TEXT, _text(name)),
        _key("general.license", _TEXT, _text("apache-2.0")),
        *(_key(f"{family.architecture}.{key}", _U32, struct.pack("<I", value)) for key, value in _facts(family)),
        _key("general.file_type", _U32, struct.pack("<I", 15)),
        _key("tokenizer.ggml.model", _TEXT, _text("gpt2" if family.merges else "llama")),
        _key("tokenizer.ggml.tokens", _ARRAY, _array(_TEXT, family.tokens, _texts(family.tokens, seed))),
    ]
    if not family.merges:
        scores = struct.pack(f"<{family.tokens}f", *(-float(number) for number in range(family.tokens)))
        keys.append(_key("tokenizer.ggml.scores", _ARRAY, _array(_F32, family.tokens, scores)))
    kinds = struct.pack("<i", 3) * 4 + struct.pack("<i", 1) * (family.tokens - 4)
    keys.append(_key("tokenizer.ggml.token_type", _ARRAY, _array(_I32, family.tokens, kinds)))
    if family.merges:
        merges = _texts(family.merges, seed, pairs=True)
        keys.append(_key("tokenizer.ggml.merges", _ARRAY, _array(_TEXT, family.merges, merges)))
    keys += [
        _key("tokenizer.ggml.bos_token_id", _U32, struct.pack("<I", 1)),
        _key("tokenizer.ggml.eos_token_id", _U32, struct.pack("<I", family.tokens - 1)),
        _key("tokenizer.ggml.add_bos_token", _BOOL, b"\0"),
        _key("tokenizer.chat_template", _TEXT, _text(_TEMPLATE)),
        _key("general.quantization_version", _U32, struct.pack("<I", 2)),
    ]
    rows, weights = _tensors(family)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(rows), len(keys)) + b"".join(keys) + b"".join(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.write(header)
        stream.truncate(-(-len(header) // 32) * 32 + weights)
    return path


def _facts(family: Family) -> Sequence[tuple[str, int]]:
    facts = {
        "block_count": family.layers,
        "context_length": 40_960,
        "embedding_length": family.width,
        "feed_forward_length": 3 * family.width,
        "attention.head_count": 32,
        "attention.head_count_kv": 8,
        "attention.key_length": 128,
        "attention.value_length": 128,
    }
    if family.experts:
        facts |= {"expert_count": family.experts, "expert_used_count": 8}
    return tuple(facts.items())


def _tensors(family: Family) -> tuple[list[bytes], int]:
    """Rows of the table, and the bytes of all weights."""
    width, wide, kept = family.width, 3 * family.width, 1024
    shapes: list[tuple[str, tuple[int, ...], int]] = [("token_embd.weight", (width, family.tokens), _Q6_K)]
    for layer in range(family.layers):
        own: list[tuple[str, tuple[int, ...], int]] = [
            ("attn_norm", (width,), _F32_TENSOR),
            ("attn_q", (width, 4096), _Q4_K),
            ("attn_k", (width, kept), _Q4_K),
            ("attn_v", (width, kept), _Q6_K),
            ("attn_q_norm", (128,), _F32_TENSOR),
            ("attn_k_norm", (128,), _F32_TENSOR),
            ("attn_output", (4096, width), _Q4_K),
            ("ffn_norm", (width,), _F32_TENSOR),
        ]
        if family.experts:
            own.append(("ffn_gate_inp", (width, family.experts), _F32_TENSOR))
        more, end = ((family.experts,), "_exps") if family.experts else ((), "")
        own += [
            ("ffn_gate" + end, (width, wide, *more), _Q4_K),
            ("ffn_up" + end, (width, wide, *more), _Q4_K),
            ("ffn_down" + end, (wide, width, *more), _Q6_K),
        ]
        shapes += [(f"blk.{layer}.{part}.weight", shape, kind) for part, shape, kind in own]
    shapes.append(("output_norm.weight", (width,), _F32_TENSOR))
    rows, place = [], 0
    for name, shape, kind in shapes:
        numbers = struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, place)
        rows.append(_text(name) + numbers)
        elements, size = _BLOCKS[kind]
        place += -(-(prod(shape) // elements * size) // 32) * 32
    return rows, place


@cache
def _texts(count: int, seed: int, *, pairs: bool = False) -> bytes:
    """Longer ones towards the end, letters of one to three bytes, control tokens last."""
    random = Random(2 * seed + pairs)
    letters = "etaoinsrhldcumfpgwybvkxjqz" * 12 + "0123456789._-()" + "éüñжяш" * 2 + "\u4e2d\u6587\u3042\uac00" * 2
    parts, left = [], count - 200
    for part in range(_PARTS):
        texts = []
        for _ in range(509):
            text = "".join(random.choices(letters, k=2 + random.randrange(5 + part // 2)))
            texts.append(_text(f"{text[:2]} {text[2:]}" if pairs else "Ġ" * (random.random() < 0.6) + text))
        number = left // (_PARTS - part)
        parts += [*texts * (number // 509), *texts[: number % 509]]
        left -= number
    parts += [_text("a b" if pairs else f"<|reserved_special_token_{number}|>") for number in range(200)]
    return b"".join(parts)


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(8, "little") + raw


def _key(name: str, kind: int, value: bytes) -> bytes:
    return _text(name) + kind.to_bytes(4, "little") + value


def _array(kind: int, count: int, items: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + items
