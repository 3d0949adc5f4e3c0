"""The table of tensors in a GGUF header: what it sums to, and which layers it names.

There are hundreds of rows in every file and thousands of files on some machines, so a row is read in about a
microsecond: no name is decoded, and layers are found by searching all names at once.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass

from model_router.setup.gguf.types import TENSOR_TYPES
from model_router.setup.gguf.window import Window

SMALLEST_TENSOR = 8 + 1 + 4 + 4 + 8
_MOST_DIMENSIONS = 8
_LONGEST_NAME = 1024
_LONGEST_ROW = 8 + _LONGEST_NAME + 4 + 8 * _MOST_DIMENSIONS + 4 + 8

_U64 = struct.Struct("<Q").unpack_from
_ROWS = tuple(struct.Struct(f"<I{dimensions}QIQ") for dimensions in range(_MOST_DIMENSIONS + 1))
"""Number of dimensions, each of them, type, offset; by the number."""

_ATTENTION = re.compile(rb"^blk\.([0-9]{1,5})\.(?:attn_k\.|attn_qkv\.|attn_kv_a|attn_k_b)", re.MULTILINE)
_RECURRENT = re.compile(rb"^blk\.([0-9]{1,5})\.(?:ssm_|shortconv|time_mix_|linear_attn)", re.MULTILINE)
_EXPERTS = b"_exps"
_EMBEDDING = b"token_embd.weight"


@dataclass(frozen=True, slots=True)
class TensorTable:
    """Sums over all tensors of one file. ``types`` is the number of elements by type, ``end`` where the table ends.

    ``reach`` is how far behind the beginning of the data the last tensor ends, as far as types are known.
    """

    count: int
    end: int
    reach: int
    elements: int
    bytes: int
    embedding_bytes: int
    vocabulary: int | None
    expert_bytes: int
    types: dict[int, int]
    attention: frozenset[int]
    recurrent: frozenset[int]


def read_tensors(window: Window, count: int, place: int) -> TensorTable:
    """Read ``count`` rows from ``place`` on."""
    names: list[bytes] = []
    sizes: list[int] = []
    types: dict[int, int] = {}
    reach = embedding = 0
    vocabulary = None
    most = 2048 * window.size  # a bit an element would still be a file of this size
    data, base, position, limit = window.data, window.base, place - window.base, 0
    if position < 0 or position > len(data):
        position, data, base = _moved(window, place)
    limit = len(data) - _LONGEST_ROW
    for _ in range(count):
        if position > limit:
            position, data, base = _moved(window, base + position)
            limit = len(data) - _LONGEST_ROW if base + len(data) < window.size else len(data) - SMALLEST_TENSOR
        length = _length(window, data, position)
        name = data[position + 8 : position + 8 + length]
        after = position + 8 + length
        row = _row(window, data, after)
        elements, kind, offset = math.prod(row[1:-2]), row[-2], row[-1]
        if elements > most:
            raise window.wrong(f"the tensor {name[:80].decode('utf-8', 'replace')!r} claims {elements} elements")
        block = TENSOR_TYPES.get(kind)
        size = -(-elements // block.elements) * block.bytes if block else 0
        reach = max(reach, offset + size)
        names.append(name)
        sizes.append(size)
        types[kind] = types.get(kind, 0) + elements
        if name == _EMBEDDING:
            embedding, vocabulary = size, row[-3] if row[0] else None
        position = after + _ROWS[row[0]].size
    text = b"\n".join(names)
    return TensorTable(
        count=count,
        end=base + position,
        reach=reach,
        elements=sum(types.values()),
        bytes=sum(sizes),
        embedding_bytes=embedding,
        vocabulary=vocabulary,
        expert_bytes=_sum_of_experts(names, sizes) if _EXPERTS in text else 0,
        types=types,
        attention=frozenset(map(int, _ATTENTION.findall(text))),
        recurrent=frozenset(map(int, _RECURRENT.findall(text))),
    )


def _moved(window: Window, place: int) -> tuple[int, bytes, int]:
    """The window where a row begins: the position in its data, the data, and where that stands in the file."""
    window.at(place, min(_LONGEST_ROW, max(window.size - place, 1)))
    return place - window.base, window.data, window.base


def _length(window: Window, data: bytes, position: int) -> int:
    if position + 8 > len(data):
        raise window.wrong("it ends too early")
    length = int(_U64(data, position)[0])
    if length > _LONGEST_NAME:
        raise window.wrong("the name of a tensor is too long")
    return length


def _row(window: Window, data: bytes, after: int) -> tuple[int, ...]:
    """The numbers behind the name. The first byte of the number of dimensions says how many there are."""
    dimensions = data[after] if after < len(data) else 0
    if dimensions > _MOST_DIMENSIONS:
        raise window.wrong(f"a tensor claims {dimensions} dimensions")
    if after + _ROWS[dimensions].size > len(data):
        raise window.wrong("it ends too early")
    row = _ROWS[dimensions].unpack_from(data, after)
    if row[0] != dimensions:
        raise window.wrong(f"a tensor claims {row[0]} dimensions")
    return row


def _sum_of_experts(names: list[bytes], sizes: list[int]) -> int:
    return sum(size for name, size in zip(names, sizes, strict=True) if _EXPERTS in name)
