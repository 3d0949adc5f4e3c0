"""Reading many files fast: what one file has shown is looked for in the next of its family.

Files of one family have the same vocabulary, and those of one size and mixture the same table of tensors. That says
where to look first; what is found there has to agree.
"""

from __future__ import annotations

from typing import Any

from model_router.setup.gguf.samples import is_entry, likely_end
from model_router.setup.gguf.tensors import TensorTable, fits_file, read_tensors
from model_router.setup.gguf.window import Window

_FEWEST_TEXTS = 1024
"""Fewer than these are gone through at once."""

_MOST = 128
"""Of each; more of them displace the oldest. A table has some 30 KB."""

_Beginning = tuple[int, bytes]
"""How many items, and the first bytes of them."""


class Families:
    """Remembers where arrays of texts ended, and tables of tensors with the bytes that they were made from."""

    def __init__(self) -> None:
        self._lengths: dict[_Beginning, int] = {}
        self._tables: dict[_Beginning, tuple[bytes, TensorTable]] = {}

    def end_of_texts(self, window: Window, place: int, count: int) -> int | None:
        """Where the array of ``count`` texts that begins at ``place`` seems to end; ``None`` for short ones too."""
        if count < _FEWEST_TEXTS:
            return None
        beginning = count, window.peek(place, 256)
        length = self._lengths.get(beginning)
        if length is not None and is_entry(window, place + length):
            return place + length
        end = likely_end(window, place, count)
        if end is not None:
            _keep(self._lengths, beginning, end - place)
        return end

    def table(self, window: Window, count: int, place: int) -> TensorTable:
        """The table of ``count`` tensors at ``place``."""
        beginning = count, window.peek(place, 48)
        raw, table = self._tables.get(beginning, (b"", None))
        if table is not None and fits_file(table.elements, window) and window.peek(place, len(raw)) == raw:
            return table
        table = read_tensors(window, count, place)
        _keep(self._tables, beginning, (window.peek(place, table.length), table))
        return table


def _keep(kept: dict[_Beginning, Any], beginning: _Beginning, what: object) -> None:
    if len(kept) >= _MOST:
        del kept[next(iter(kept))]
    kept[beginning] = what
