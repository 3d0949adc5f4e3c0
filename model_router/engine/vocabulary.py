"""Words of the tables and what they mean: which acts, in which tongues."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import fields

from model_router.engine.orders.tongue import GRID, Acts, Things, Tongue

ACTS: tuple[str, ...] = tuple(field.name for field in fields(Acts))
_MONEY_SIGNS = "$€£₽₹₺₴¥"


def fold(text: str) -> str:
    """Without the marks over and under letters."""
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).replace("ı", "i")


def letters(entries: str, *, strict: bool) -> str:
    """Entries of a table as patterns; unless ``strict``, the accents of European letters may be missing."""
    if entries.isascii():
        return entries.replace(".", r"\.").replace("+", r"\+").replace("$", r"\$").replace("_", r"\s+")
    return entries.translate(_STRICT if strict else _LENIENT)


def _spelling(lenient: bool) -> dict[int, str]:
    table = {ord("_"): r"\s+"} | {ord(sign): "\\" + sign for sign in ".+$()[]{}?|^"}
    if lenient:
        for code in (*range(0xDF, 0x180), *range(0x386, 0x3CF), ord("ё")):
            letter = chr(code)
            bare = fold(letter)
            if letter.islower() and letter != bare and len(bare) == 1:
                table[code] = f"[{letter}{bare}]"
        table |= {ord("ø"): "[øo]", ord("ł"): "[łl]"}
    return table


_STRICT, _LENIENT = _spelling(False), _spelling(True)


WIDTH = 16
"""Bits that one tongue takes: one for each act."""


REMEMBERED = 2_048
LONGEST_REMEMBERED = 32
"""How many words are remembered, and how long they may be."""


class Vocabulary:
    """Words to the acts they belong to, tongue by tongue. Immutable once built.

    Bit ``WIDTH * t + a`` says that in tongue ``t``, by the order in which they came, the word goes with act ``a`` of
    :data:`ACTS`. The things of guests count in every tongue.
    """

    def __init__(self, tongues: Sequence[Tongue], guests: Sequence[Tongue]) -> None:
        self._verbs: dict[str, int] = {}
        self._verb_starts: dict[str, int] = {}
        self._things: dict[str, int] = {}
        self._thing_starts: dict[str, int] = {}
        self._remembered: dict[bytes, int] = {}
        everywhere = sum(1 << WIDTH * place for place in range(len(tongues)))
        kinds = _acts_of_things()
        self._money = kinds["money"] * everywhere
        for place, tongue in enumerate(tongues):
            for bit, act in enumerate(ACTS):
                entries = f"{getattr(tongue.first, act)} {getattr(tongue.last, act)}"
                _add(self._verbs, self._verb_starts, entries, 1 << WIDTH * place + bit)
            for kind, acts in kinds.items():
                _add(self._things, self._thing_starts, getattr(tongue.things, kind), acts << WIDTH * place)
        for tongue in guests:
            for kind, acts in kinds.items():
                _add(self._things, self._thing_starts, getattr(tongue.things, kind), acts * everywhere)

    def verb(self, word: bytes) -> int:
        """The bits of a verb as it stands in a text."""
        return _look_up(self._verbs, self._verb_starts, _name(word))

    def may_begin_with_verb(self, word: bytes) -> bool:
        """Whether a word begins as some verb does. A wrong yes costs time alone."""
        name = _name(word)
        starts = [name[:size] for size in range(1, len(name) + 1)]
        return not (self._verbs.keys().isdisjoint(starts) and self._verb_starts.keys().isdisjoint(starts))

    def thing(self, word: bytes) -> int:
        """The bits of a thing. Some words are remembered with theirs, which never change, so threads may meet here."""
        bits = self._remembered.get(word)
        if bits is None:
            bits = self._thing(word)
            if len(word) <= LONGEST_REMEMBERED:
                if len(self._remembered) >= REMEMBERED:
                    self._remembered.clear()
                self._remembered[word] = bits
        return bits

    def _thing(self, word: bytes) -> int:
        name = _name(word)
        bits = _look_up(self._things, self._thing_starts, name)
        return bits | self._money if any(sign in name for sign in _MONEY_SIGNS) else bits


def _add(whole: dict[str, int], starts: dict[str, int], entries: str, bits: int) -> None:
    for entry in entries.split():
        table = starts if entry[-1] == "*" else whole
        name = fold(entry.rstrip("*").replace("_", " ").lower())
        table[name] = table.get(name, 0) | bits


def _look_up(whole: dict[str, int], starts: dict[str, int], name: str) -> int:
    bits = whole.get(name, 0)
    for size in range(1, len(name) + 1):
        bits |= starts.get(name[:size], 0)
    return bits


def _name(word: bytes) -> str:
    return " ".join(fold(word.decode(errors="replace")).lower().split()).strip("'\"`()[]{}<>,:")


def _acts_of_things() -> dict[str, int]:
    """For each kind of thing, the bits of the acts that it goes with."""
    bits = {field.name: 0 for field in fields(Things)}
    for bit, act in enumerate(ACTS):
        for kind in GRID[act][1]:
            bits[kind] |= 1 << bit
    return bits
