"""The table of tensors in a GGUF header: what it sums to, and which layers it names.

There are hundreds of rows in every file and thousands of files on some machines, so one expression takes all rows apart,
and what follows is counted by shape: a model has hundreds of tensors of some ten shapes.
"""

from __future__ import annotations

import math
import re
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress, islice
from operator import add

from model_router.setup.gguf.types import TENSOR_TYPES
from model_router.setup.gguf.window import Window

SMALLEST_TENSOR = 8 + 1 + 4 + 4 + 8
_MOST_DIMENSIONS = 8
_LONGEST_NAME = 1024
_LONGEST_ROW = 8 + _LONGEST_NAME + 4 + 8 * _MOST_DIMENSIONS + 4 + 8
_USUAL_ROW = 88

_SHAPES = tuple(struct.Struct(f"<I{dimensions}QI") for dimensions in range(_MOST_DIMENSIONS + 1))
"""Number of dimensions, each of them, type; by the number."""

_ROW = re.compile(
    rb"([\x01-\x40])\0{7}"  # length of the name
    rb"([^\0-\x08]{1,64})"  # the name, which ends at the number of dimensions
    rb"(\x02\0{3}.{20}|\x01\0{3}.{12}|\x03\0{3}.{28}|\x04\0{3}.{36})"  # dimensions and type
    rb"(.{8})",  # offset
    re.DOTALL,
)

_ATTENTION = re.compile(rb"\nblk\.([0-9]{1,5})\.(?:attn_k\.|attn_qkv\.|attn_kv_a|attn_k_b)")
_RECURRENT = re.compile(rb"\nblk\.([0-9]{1,5})\.(?:ssm_|shortconv|time_mix_|linear_attn)")
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


@dataclass(frozen=True, slots=True)
class _Rows:
    """A column each; a shape is the bytes from the number of dimensions to the type. ``end`` is where the table ends."""

    names: Sequence[bytes]
    shapes: Sequence[bytes]
    offsets: Sequence[int]
    end: int


def read_tensors(window: Window, count: int, place: int) -> TensorTable:
    """Read ``count`` rows from ``place`` on."""
    rows = _matched(window, count, place) or _walked(window, count, place)
    sizes: dict[bytes, int] = {}
    types: dict[int, int] = {}
    for shape, number in Counter(rows.shapes).items():
        *lengths, kind = _SHAPES[shape[0]].unpack(shape)[1:]
        elements = math.prod(lengths)
        if elements > 2048 * window.size:  # a bit an element would still be a file of this size
            name = rows.names[rows.shapes.index(shape)][:80].decode("utf-8", "replace")
            raise window.wrong(f"the tensor {name!r} claims {elements} elements")
        block = TENSOR_TYPES.get(kind)
        sizes[shape] = -(-elements // block.elements) * block.bytes if block else 0
        types[kind] = types.get(kind, 0) + number * elements
    each = [sizes[shape] for shape in rows.shapes]
    text = b"\n".join((b"", *rows.names))
    embedding = rows.shapes[rows.names.index(_EMBEDDING)] if _EMBEDDING in rows.names else b""
    return TensorTable(
        count=count,
        end=rows.end,
        reach=max(map(add, rows.offsets, each), default=0),
        elements=sum(types.values()),
        bytes=sum(each),
        embedding_bytes=sizes[embedding] if embedding else 0,
        vocabulary=_SHAPES[embedding[0]].unpack(embedding)[-2] if embedding and embedding[0] else None,
        expert_bytes=sum(compress(each, [_EXPERTS in name for name in rows.names])) if _EXPERTS in text else 0,
        types=types,
        attention=frozenset(map(int, _ATTENTION.findall(text))),
        recurrent=frozenset(map(int, _RECURRENT.findall(text))),
    )


def _matched(window: Window, count: int, place: int) -> _Rows | None:
    """All rows at once, or ``None`` where one of them is not as usual and each has to be looked at."""
    start = window.at(place, min(count * _USUAL_ROW, max(window.size - place, 0)))
    found = list(islice(_ROW.finditer(window.data, start), count))
    if not found or len(found) < count:
        return None
    lengths, names, shapes, offsets = zip(*[match.groups() for match in found], strict=True)
    end = found[-1].end()
    if end - start != 16 * count + sum(map(len, names)) + sum(map(len, shapes)):
        return None  # something lies between two of them
    if b"".join(lengths) != bytes(map(len, names)):
        return None  # what looks like a row is part of a name
    return _Rows(names, shapes, struct.unpack(f"<{count}Q", b"".join(offsets)), window.base + end)


def _walked(window: Window, count: int, place: int) -> _Rows:
    names: list[bytes] = []
    shapes: list[bytes] = []
    offsets: list[int] = []
    for _ in range(count):
        window.at(place, min(_LONGEST_ROW, max(window.size - place, 1)))
        length = window.u64(place)
        if length > _LONGEST_NAME:
            raise window.wrong("the name of a tensor is too long")
        names.append(window.slice(place + 8, length))
        place += 8 + length
        dimensions = window.u32(place)
        if dimensions > _MOST_DIMENSIONS:
            raise window.wrong(f"a tensor claims {dimensions} dimensions")
        shapes.append(window.slice(place, _SHAPES[dimensions].size))
        place += _SHAPES[dimensions].size
        offsets.append(window.u64(place))
        place += 8
    return _Rows(names, shapes, offsets, place)
