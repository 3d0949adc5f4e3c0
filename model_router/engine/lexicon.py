"""What the router knows about words: one look-up a cue, the weights of all classes packed into one integer.

Classes are the seven routes that answer, and the five risk classes that together are ``confirmation``. A class's sum
stands in its own 32 bits, so adding packed integers adds all classes at once.

The table is kept in the shape in which the hot path asks for it: pairs are keyed by tuples, because ``zip`` makes
those without building strings.
"""

from __future__ import annotations

import hashlib
import struct
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from model_router.engine.features import (
    HEAD,
    IMAGE,
    NO_WIDE_SIGNS,
    SHAPE,
    SHORT_STEM,
    SIGNS,
    STEM,
    TAIL,
    all_signs,
    cues,
    join_runs,
    length_mark,
    more_marks,
    says_more,
    signs,
)
from model_router.engine.routes import RiskClass, Route
from model_router.engine.spelling import ENDINGS, LETTERS, has_no_suspect, hide_nothing
from model_router.engine.words import FOLDED, words

ANSWERS: tuple[Route, ...] = tuple(route for route in Route if route is not Route.CONFIRMATION)
CLASSES: tuple[Route | RiskClass, ...] = (*ANSWERS, *RiskClass)
FIELD_BITS = 32

_HALF = 1 << (FIELD_BITS - 1)
ZERO = sum(_HALF << (FIELD_BITS * position) for position in range(len(CLASSES)))
"""Added before unpacking, so that negative sums survive."""

_SIZE = FIELD_BITS // 8 * len(CLASSES)
_PACK = struct.Struct(f"<{len(CLASSES)}i").pack
_UNPACK = struct.Struct(f"<{len(CLASSES)}I").unpack
_UNPACK_ANSWERS = struct.Struct(f"<{len(ANSWERS)}I").unpack_from
_UNPACK_RISKS = struct.Struct(f"<{len(RiskClass)}I").unpack_from
_RISKS_FROM = FIELD_BITS // 8 * len(ANSWERS)
_NONE: list[str] = []


def pack(weights: Iterable[int]) -> int:
    """One integer that holds a weight for each class, in the order of ``CLASSES``."""
    return sum(weight << (FIELD_BITS * position) for position, weight in enumerate(weights))


def unpack(total: int) -> tuple[int, ...]:
    """The sums of all classes, each raised by 2**31; only their differences mean anything."""
    return _UNPACK((total + ZERO).to_bytes(_SIZE, "little"))


def unpack_raised(total: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same of a sum that has ``ZERO`` in it already, the answers' sums and the risks'."""
    data = total.to_bytes(_SIZE, "little")
    return _UNPACK_ANSWERS(data), _UNPACK_RISKS(data, _RISKS_FROM)


REMEMBERED = 16_384
LONGEST_REMEMBERED = 32
"""How many words that are not known are remembered with the weight of their stem, and how long they may be."""


class _Words(dict[str, int]):
    """The words that were met; one that the table does not know counts as its stem, and most asks hold a few of those.

    A row of the table becomes a weight when it is first asked for: most never are, and those that are lie close
    together then. Of unknown words the latest are remembered, because the same ones come again and again. What a
    word weighs never changes, so threads may meet here.
    """

    def __init__(self, rows: dict[str, str]) -> None:
        super().__init__()
        self._rows = rows
        self._stems: dict[str, int] = {}
        self._unknown: deque[str] = deque()

    def __missing__(self, word: str) -> int:
        row = self._rows.get(word)
        if row is not None:
            weight = self[word] = _pack_row(row)
            return weight
        start = word[:STEM] if word.isascii() else word[:SHORT_STEM]
        weight = self._stem(start) if start != word else 0
        if len(word) <= LONGEST_REMEMBERED:
            if len(self._unknown) >= REMEMBERED:
                self.pop(self._unknown.popleft(), None)
            self[word] = weight
            self._unknown.append(word)
        return weight

    def _stem(self, start: str) -> int:
        weight = self._stems.get(start)
        if weight is None:
            row = self._rows.get(start + "*")
            if row is None:
                return 0
            weight = self._stems[start] = _pack_row(row)
        return weight


class Lexicon:
    """The learned table. Immutable once built; ``version`` is a digest of its text."""

    __slots__ = (
        "_bias",
        "_by_length",
        "_characters",
        "_endings",
        "_firsts",
        "_marks",
        "_neighbours",
        "_openings",
        "_pair",
        "_pairs",
        "_rows",
        "_signs",
        "_word",
        "_words",
        "version",
    )

    def __init__(self, rows: dict[str, str], version: str, decode: Callable[[str], list[int]] | None = None) -> None:
        """Take the table: cues, and for each a whole number for each class, parted by commas.

        ``decode`` reads a JSON list of whole numbers, quicker than is done here.
        """
        self.version = version
        self._rows: dict[str, str] = {}
        self._bias = _pack_row(rows["<bias>"])
        self._marks: dict[str, int] = {}
        self._by_length: list[int] = []
        self._signs: dict[int, int] = {}
        self._endings: dict[bytes, int] = {}
        self._firsts: dict[str, int] = {}
        self._openings: dict[tuple[str, str], int] = {}
        self._pairs: dict[tuple[str, str], int] = {}
        self._words = _Words(self._rows)
        self._word, self._pair = self._words.__getitem__, self._pairs.get
        self._characters: set[str] = set()
        self._neighbours: set[tuple[str, str]] = set()
        self._sum_marks()
        self._add(rows, decode or _whole_numbers)

    def _add(self, rows: dict[str, str], decode: Callable[[str], list[int]]) -> None:
        """All but words and stems are made ready to be looked up: an ask touches most of their kinds."""
        marks = len(self._marks)
        self._rows.update(rows)
        structured = [cue for cue in rows if " " in cue or cue[0] in "^<"]
        for cue, weight in _weights(structured, [rows[cue] for cue in structured], decode).items():
            first, gap, second = cue.partition(" ")
            if cue[0] == "<":
                self._marks[cue] = weight
            elif cue[0] != "^":
                self._pairs[first, second] = weight
            elif gap:
                self._openings[first[1:], second] = weight
            else:
                self._firsts[cue[1:]] = weight
        for cue in [cue for cue in rows if len(cue) < 3 and cue[0] != "^"]:
            if len(cue) == 1:
                self._characters.add(cue)
            else:
                self._neighbours.add((cue[0], cue[1]))
        if len(self._marks) > marks:
            self._sum_marks()

    def _sum_marks(self) -> None:
        """Most asks have no marks but that of their length and perhaps a question mark at the end."""
        start = ZERO + self._bias
        self._by_length = [start + self._marks.get(length_mark(size), 0) for size in range(HEAD + TAIL + 2)]
        self._signs = {code: self._marks[mark] for code, mark in SIGNS.items() if mark in self._marks}
        self._endings = {end.encode(): sum(self._marks.get(mark, 0) for mark in signs(end)) for end in ENDINGS}

    @classmethod
    def from_text(cls, text: str, decode: Callable[[str], list[int]] | None = None) -> Lexicon:
        """Read the shipped table: after a head of comments, a line is a cue, a tab, and a whole number for each class.

        The first cue is ``<bias>``, the score of an empty ask; the others are sorted. ``decode`` reads a JSON list
        of whole numbers, quicker than is done here.

        Raises:
            ValueError: a line that is not of that form.
        """
        body = text[text.index("<bias>") :] if "<bias>" in text else ""
        parts = body.replace("\t", "\n").split("\n")
        return cls(_checked(parts[:-1:2], parts[1::2]), _version(text.encode()), decode)

    def total(self, text: str, image: bool) -> int:
        """The packed sums of a clipped ask: what adding :meth:`weight` over :meth:`known` gives, quicker."""
        return self.weigh(text, image)[0] - ZERO

    def weigh(self, text: str, image: bool = False) -> tuple[int, bool]:
        """The packed sums of a clipped ask and ``ZERO``, and whether its spelling was seen to be ordinary on the way.

        Ordinary is what :func:`spelling.is_odd` says no to; of some such asks it is not seen here.
        """
        data = text.encode()
        first = data.translate(SHAPE).lstrip(b"a")
        plain = len(data) == len(text)
        narrow = plain or data.translate(NO_WIDE_SIGNS).isalpha()
        weight = self._endings.get(first) if narrow else None
        ordinary = plain or has_no_suspect(data)
        if weight is None:
            signs = all_signs(first)
            weight = sum(filter(None, map(self._signs.get, set(signs))))
            if not narrow or says_more(signs):
                weight = sum(filter(None, map(self._marks.get, more_marks(text, data, signs))), weight)
            ordinary = hide_nothing(signs) if plain else ordinary
        if plain:
            found, runs = data.translate(FOLDED, b"'").decode().split(), _NONE
        else:
            found, runs = words(text)
        total = self._by_length[len(text)] + weight
        if image:
            total += self._marks.get(IMAGE, 0)
        if not found:
            return total, False
        single = set(found)
        total = sum(map(self._word, single), total)
        followers = iter(found)
        opening = next(followers)
        total += self._firsts.get(opening, 0)
        total = sum(filter(None, map(self._pair, zip(found, followers))), total)  # noqa: B905 - one is shorter
        if len(found) > 1:
            total += self._openings.get((opening, found[1]), 0)
        if runs:
            total += self._weigh_runs(found, runs)
        if ordinary and not LETTERS.isdisjoint(single):
            alone = LETTERS & single
            ordinary = len(alone) == 1 and found.count(*alone) == 1
        return total, ordinary

    def _weigh_runs(self, found: list[str], runs: list[str]) -> int:
        """The sum of characters and their pairs; those that are words by themselves have been counted."""
        joined = list(join_runs(runs))
        characters = self._characters.intersection(joined)
        neighbours = self._neighbours.intersection(zip(joined, joined[1:]))  # noqa: B905, RUF007 - pairwise is slower
        characters.difference_update(found)
        neighbours.difference_update([(word[0], word[1]) for word in found if len(word) == 2])
        total = sum(map(self._word, characters))
        total = sum(map(self._word, map("".join, neighbours)), total)
        first = found[0]
        if runs[0] is first and len(first) > 1:
            total += self._firsts.get(first[0], 0)
            if len(first) > 2:
                total += self._firsts.get(first[:2], 0)
        return total

    def known(self, text: str, image: bool) -> list[str]:
        """The cues of an ask that count; a word of the table speaks for its stem too."""
        return [cue for cue in cues(text, image, self._rows) if cue in self._rows]

    def weight(self, cue: str) -> int:
        """The packed weight of one cue; 0 when the table does not have it."""
        return self._words[cue] if cue in self._rows else 0


class LazyLexicon(Lexicon):
    """The same table, read cue by cue when an ask touches it: ready much sooner, and slower from then on.

    For a process that decides once. It takes any text, so it also answers when the policy reads an ask again in another
    spelling. One thread at a time.
    """

    __slots__ = ("_data", "_looked_up", "_start")

    def __init__(self, data: bytes) -> None:
        """Take the bytes of the shipped table.

        Raises:
            ValueError: the table has no ``<bias>``, or that line is not of the form.
        """
        bias = data.find(b"<bias>\t")
        end = data.find(b"\n", bias)
        super().__init__(_rows([data[bias:end]] if 0 <= bias < end else []), _version(data))
        self._data = data
        self._start = end + 1
        self._looked_up: set[str] = set()

    def weigh(self, text: str, image: bool = False) -> tuple[int, bool]:
        """As the whole table has it."""
        self._look_up(cues(text, image))
        return super().weigh(text, image)

    def known(self, text: str, image: bool) -> list[str]:
        """As the whole table has it."""
        self._look_up(cues(text, image))
        return super().known(text, image)

    def weight(self, cue: str) -> int:
        """As the whole table has it."""
        self._look_up((cue,))
        return super().weight(cue)

    def _look_up(self, wanted: Iterable[str]) -> None:
        new = set(wanted) - self._looked_up
        self._looked_up |= new
        found = [line for cue in new if (line := self._line(f"{cue}\t".encode()))]
        if found:
            self._add(_rows(found), _whole_numbers)

    def _line(self, head: bytes) -> bytes:
        """The line that begins so, or nothing: the lines are sorted, and halves of them ruled out where they lie."""
        data, low, high = self._data, self._start, len(self._data)
        while low < high:
            middle = (low + high) // 2
            start = max(data.rfind(b"\n", low, middle) + 1, low)
            end = data.find(b"\n", middle, high)
            end = high if end < 0 else end
            if data.startswith(head, start):
                return data[start:end]
            if data[start:end] < head:
                low = end + 1
            else:
                high = start
        return b""


def _rows(lines: Sequence[bytes]) -> dict[str, str]:
    cells = [line.decode().partition("\t") for line in lines]
    return _checked([cell[0] for cell in cells], [cell[2] for cell in cells])


def _checked(names: Sequence[str], rows: Sequence[str]) -> dict[str, str]:
    """The table, if it has as many numbers as it should and nothing else."""
    numbers = ",".join(rows)
    found = numbers.count(",") + 1 if names else 0
    if not names or len(names) != len(rows) or found != len(names) * len(CLASSES):
        raise ValueError(f"the lexicon has {found} weights for {len(names)} cues of {len(CLASSES)} classes")
    if strange := numbers.encode().translate(None, b"0123456789,-"):
        raise ValueError(f"the lexicon has weights that are no whole numbers: {strange[:20]!r}")
    return dict(zip(names, rows, strict=True))


def _whole_numbers(listed: str) -> list[int]:
    """A JSON list of nothing else; for a few of them the library would take longer to import."""
    return list(map(int, listed[1:-1].split(",")))


def _weights(names: Sequence[str], rows: Sequence[str], decode: Callable[[str], list[int]]) -> dict[str, int]:
    numbers = decode(f"[{','.join(rows)}]") if names else []
    fields = struct.iter_unpack(f"{_SIZE}s", struct.pack(f"<{len(numbers)}i", *numbers))
    return {name: (int.from_bytes(row, "little") ^ ZERO) - ZERO for name, (row,) in zip(names, fields, strict=True)}


def _pack_row(row: str) -> int:
    """The packed weights of one cue."""
    return (int.from_bytes(_PACK(*map(int, row.split(","))), "little") ^ ZERO) - ZERO


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]
