"""The header of a GGUF file as it stands: keys with their values, and where the tensors lie.

Layout, little-endian: ``GGUF``, version (u32), number of tensors and of keys (u64). A key is a text (length u64, then
bytes), a kind (u32) and a value; an array has the kind of its items, their number (u64) and the items. A tensor is a
name, the number of dimensions (u32), each of them (u64), a type (u32) and an offset (u64) from the end of the header,
rounded up to ``general.alignment``.

Every count and length is held against the size of the file before anything is made of it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from model_router.errors import SetupError
from model_router.setup.gguf.families import Families
from model_router.setup.gguf.scalars import ARRAY, FORMATS, MOST_ITEMS, SIZES, TEXT
from model_router.setup.gguf.strings import end_of_texts
from model_router.setup.gguf.tensors import SMALLEST_TENSOR, TensorTable, read_tensors
from model_router.setup.gguf.window import Window

Value = int | float | bool | str | tuple[int | float | bool, ...]

_MOST_KEYS = 1 << 16
_MOST_TENSORS = 1 << 18
_LONGEST_NAME = 1 << 16
_LONGEST_TEXT = 1 << 18
_LONGEST_ARRAY = 4096
"""Arrays of numbers up to this length are kept: one number a layer, never a vocabulary."""

_SCALARS = {kind: struct.Struct("<" + letter).unpack_from for kind, letter in FORMATS.items()}

_SMALLEST_KEY = 8 + 1 + 4 + 1


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """``keys`` without texts in arrays and without long arrays.

    ``size`` is that of the file, ``data`` where the tensors begin, at a multiple of ``alignment`` as each of them.
    """

    keys: dict[str, Value]
    tensors: TensorTable
    size: int
    data: int
    alignment: int

    @property
    def is_seamless(self) -> bool:
        """Whether header and tensors fill the file to its end, with no more than the alignment between them."""
        gap = self.tensors.widest_gap
        rest = self.size - self.data - self.tensors.reach
        return gap is not None and gap < self.alignment and rest < self.alignment


def read_layout(path: Path, families: Families | None = None) -> GgufHeader:
    """Read the header of one file; ``families`` know the files that were read before it.

    Raises:
        SetupError: the file cannot be read, is none of this kind, or is not all there.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            return _read(Window(stream, path.name), families or Families())
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "Look at the path." if isinstance(error, FileNotFoundError) else "Look at its permissions."
        raise SetupError(f"{path.name} cannot be read ({reason})", hint) from None


def _read(window: Window, families: Families) -> GgufHeader:
    """The header by guesses at where vocabularies end; where it does not come out as a whole one, without them.

    A wrong guess leads into the middle of texts or past some keys. Then there are not as many keys as there should be,
    with as many tensors behind them that fill the file to its last byte, as they do in every file that loads. Texts
    that are such keys and tensors are made on purpose, by whoever could have written them as keys just as well.
    """
    try:
        header = _read_all(window, families)
        if header.is_seamless:
            return header
    except SetupError:
        pass
    return _read_all(window, None)


def _read_all(window: Window, families: Families | None) -> GgufHeader:
    """The whole header; without ``families`` nothing is guessed."""
    if window.size < 24 or window.slice(0, 4) != b"GGUF":
        raise window.wrong("it does not begin as one")
    version = window.u32(4)
    if version not in {2, 3}:
        old = "it is big-endian" if version & 0xFFFF == 0 else f"its version is {version}"
        raise window.wrong(old)
    tensors, keys = window.u64(8), window.u64(16)
    room = window.size - 24
    if keys > min(_MOST_KEYS, room // _SMALLEST_KEY) or tensors > min(_MOST_TENSORS, room // SMALLEST_TENSOR):
        raise window.wrong(f"it claims {keys} keys and {tensors} tensors")
    families = families if tensors else None  # nothing behind the keys could show that a guess was wrong
    values, place = _read_keys(window, keys, families)
    table = read_tensors(window, tensors, place) if families is None else families.table(window, tensors, place)
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 1 << 20:
        raise window.wrong("its alignment makes no sense")
    data = -(-(place + table.length) // alignment) * alignment
    if tensors and data + table.reach > window.size:
        raise window.wrong("it is not all there")
    return GgufHeader(values, table, window.size, data, alignment)


def _read_keys(window: Window, count: int, families: Families | None) -> tuple[dict[str, Value], int]:
    values: dict[str, Value] = {}
    place = 24
    for _ in range(count):
        length = window.u64(place)
        if length > _LONGEST_NAME:
            raise window.wrong("a key is too long")
        key = window.slice(place + 8, length).decode("utf-8", "replace")
        kind = window.u32(place + 8 + length)
        value, place = _read_value(window, kind, place + 12 + length, families)
        if value is not None:
            values[key] = value
    return values, place


def _read_value(window: Window, kind: int, place: int, families: Families | None) -> tuple[Value | None, int]:
    """The value, or ``None`` for one that is passed over, and where it ends."""
    if kind in _SCALARS:
        size = SIZES[kind]
        start = window.at(place, size)
        return _SCALARS[kind](window.data, start)[0], place + size
    if kind == TEXT:
        length = window.u64(place)
        if length > window.size - place:
            raise window.wrong("a text is longer than the file")
        return window.slice(place + 8, min(length, _LONGEST_TEXT)).decode("utf-8", "replace"), place + 8 + length
    if kind != ARRAY:
        raise window.wrong(f"a value has the unknown kind {kind}")
    items, count = window.u32(place), window.u64(place + 4)
    place += 12
    if count > MOST_ITEMS:
        raise window.wrong(f"a list claims {count} items")
    if items == TEXT:
        if count * 8 > window.size - place:
            raise window.wrong("a list is longer than the file")
        end = families.end_of_texts(window, place, count) if families is not None else None
        return None, end or end_of_texts(window, place, count)
    if items not in SIZES:
        raise window.wrong(f"a list has items of the unknown kind {items}")
    end = place + count * SIZES[items]
    if end > window.size:
        raise window.wrong("a list is longer than the file")
    if count > _LONGEST_ARRAY:
        return None, end
    return struct.unpack(f"<{count}{FORMATS[items]}", window.slice(place, end - place)), end
