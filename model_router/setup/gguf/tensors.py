"""The table of tensors in a GGUF header: what it sums to, and which layers it names.

There are hundreds of rows in every file and thousands of files on some machines. So a row is only cut out, and what it
says is reckoned by shape: a model has hundreds of tensors of some ten shapes.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from operator import add, sub

from model_router.setup.gguf.types import TENSOR_TYPES
from model_router.setup.gguf.window import Window

SMALLEST_TENSOR = 8 + 1 + 4 + 4 + 8
_MOST_DIMENSIONS = 8
_LONGEST_NAME = 1024
_LONGEST_ROW = 8 + _LONGEST_NAME + 4 + 8 * _MOST_DIMENSIONS + 4 + 8
_USUAL_ROW = 88
"""Nearly all tables are shorter, for each of their rows."""

_U64 = struct.Struct("<Q").unpack_from
_SHAPES = tuple(struct.Struct(f"<I{dimensions}QI") for dimensions in range(_MOST_DIMENSIONS + 1))
"""Number of dimensions, each of them, type; by the number."""

_ATTENTION = re.compile(rb"\nblk\.([0-9]{1,5})\.(?:attn_k\.|attn_qkv\.|attn_kv_a|attn_k_b)")
_RECURRENT = re.compile(rb"\nblk\.([0-9]{1,5})\.(?:ssm_|shortconv|time_mix_|linear_attn)")
_EXPERTS = b"_exps"
_EMBEDDING = b"token_embd.weight"


@dataclass(frozen=True, slots=True)
class TensorTable:
    """Sums over all tensors of one file. ``types`` is the number of elements by type.

    ``length`` is that of the table itself, in bytes; ``reach`` is how far behind the beginning of the data the last
    tensor ends, as far as types are known. ``widest_gap`` is the most that is left free before a tensor; ``None`` where
    they do not lie one behind the other in the order of the table, or a type is not known.
    """

    count: int
    length: int
    reach: int
    widest_gap: int | None
    elements: int
    bytes: int
    embedding_bytes: int
    vocabulary: int | None
    expert_bytes: int
    types: dict[int, int]
    attention: frozenset[int]
    recurrent: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Rows:
    """A column each; a shape is the bytes from the number of dimensions to the type. ``end`` is that of the table."""

    names: Sequence[bytes]
    shapes: Sequence[bytes]
    offsets: Sequence[int]
    end: int


def read_tensors(window: Window, count: int, place: int) -> TensorTable:
    """Read ``count`` rows from ``place`` on."""
    rows = _rows(window, count, place)
    if max(map(len, rows.names), default=0) > _LONGEST_NAME:
        raise window.wrong("the name of a tensor is too long")
    if b"" in rows.names:
        raise window.wrong("a tensor has no name")
    sizes: dict[bytes, int] = {}
    types: dict[int, int] = {}
    for shape, number in Counter(rows.shapes).items():
        dimensions = int.from_bytes(shape[:4], "little")
        if dimensions > _MOST_DIMENSIONS:
            raise window.wrong(f"a tensor claims {dimensions} dimensions")
        *lengths, kind = _SHAPES[dimensions].unpack(shape)[1:]
        elements = math.prod(lengths)
        if not fits_file(elements, window):
            name = rows.names[rows.shapes.index(shape)][:80].decode("utf-8", "replace")
            raise window.wrong(f"the tensor {name!r} claims {elements} elements")
        block = TENSOR_TYPES.get(kind)
        sizes[shape] = -(-elements // block.elements) * block.bytes if block else 0
        types[kind] = types.get(kind, 0) + number * elements
    each = list(map(sizes.__getitem__, rows.shapes))
    ends = list(map(add, rows.offsets, each))
    gaps = list(map(sub, rows.offsets, (0, *ends)))
    text = b"\n".join((b"", *rows.names))
    embedding = rows.shapes[rows.names.index(_EMBEDDING)] if _EMBEDDING in rows.names else b""
    return TensorTable(
        count=count,
        length=rows.end - place,
        reach=max(ends, default=0),
        widest_gap=max(gaps, default=0) if min(gaps, default=0) >= 0 and types.keys() <= TENSOR_TYPES.keys() else None,
        elements=sum(types.values()),
        bytes=sum(each),
        embedding_bytes=sizes[embedding] if embedding else 0,
        vocabulary=_SHAPES[embedding[0]].unpack(embedding)[-2] if embedding and embedding[0] else None,
        expert_bytes=sum(compress(each, [name.find(_EXPERTS) >= 0 for name in rows.names])) if _EXPERTS in text else 0,
        types=types,
        attention=frozenset(map(int, _ATTENTION.findall(text))),
        recurrent=frozenset(map(int, _RECURRENT.findall(text))),
    )


def fits_file(elements: int, window: Window) -> bool:
    """Whether a file of this size can hold so many, whatever the type."""
    return elements <= 2048 * window.size


def _rows(window: Window, count: int, place: int) -> _Rows:
    """Each row as bytes. What is in them is not looked at, save the two numbers that say where a row ends."""
    names: list[bytes] = []
    shapes: list[bytes] = []
    offsets: list[int] = []
    while left := count - len(names):
        length = min(max(left * _USUAL_ROW, _LONGEST_ROW), max(window.size - place, 1))
        start = position = window.at(place, length)
        data = window.data
        try:
            for _ in range(left):
                after = position + 8 + _U64(data, position)[0]
                end = after + 8 + 8 * data[after]
                offsets.append(_U64(data, end)[0])
                names.append(data[position + 8 : after])
                shapes.append(data[after:end])
                position = end + 8
        except (IndexError, struct.error):  # it goes on behind this piece of the file
            if position == start:
                long = window.u64(place) > _LONGEST_NAME
                raise window.wrong("the name of a tensor is too long" if long else "it ends too early") from None
        place += position - start
    return _Rows(names, shapes, offsets, place)
