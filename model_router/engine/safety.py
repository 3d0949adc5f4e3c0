"""Whether an ask is an order to do something that should wait for a person.

Two readers look at it. The learned scores read the head and the tail of an ask as a whole, its mood included. The rules
read all of it, however long: an order is a verb of :mod:`orders` at a place where an order can begin, with an object
that makes it risky. A plain order weighs in where the scores are in doubt, and decides where they did not look.

What stands in a fence, in a quotation or in a pasted document is not the person's order. What cannot be read confirms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from model_router.engine.features import HEAD, TAIL
from model_router.engine.orders.common import NOT_ENGLISH
from model_router.engine.routes import RiskClass
from model_router.engine.scores import Reading
from model_router.engine.spelling import LONG, ODD_PLACE, is_odd, plain
from model_router.engine.words import kind

if TYPE_CHECKING:
    from model_router.engine.orders.tongue import Tongue
    from model_router.engine.own_words import OwnWords
    from model_router.engine.rules import Rules

CONFIRM_MARGIN = 8
"""Units of the lexicon by which the best risk has to beat the best answer."""

ELSEWHERE_MARGIN = 4
"""The same outside English, of which the lexicon knows more."""

DOUBT = 64
"""Below the margin by less than this, the scores are in doubt and a plain order decides."""

VETO = 40
"""How far below the margin an ask has to fall without the words of others, for these to have been all the risk."""

PATIENCE = 8
"""Places that look like orders and are none, after which no more are looked at; one more for each 10,000 bytes."""

_SCRIPTS: tuple[tuple[str, bytes], ...] = (
    ("cyrillic", b"\xd0\xd1"),
    ("greek", b"\xce\xcf"),
    ("hebrew", b"\xd7"),
    ("arabic", b"\xd8\xd9"),
    ("han", b"\xe3\xe4\xe5\xe6\xe7\xe8\xe9"),
    ("hangul", b"\xea\xeb\xec\xed"),
)
"""First bytes of the letters of a script in UTF-8."""

_INDIC = b"\xe0"
"""The first byte of Devanagari and Thai, which the second tells apart."""


class _TooManyPlaces(Exception):
    """Patience has run out."""


_SAMPLE = 300
"""Characters at the head, in the middle and at the tail of a long ask in which those words are counted."""

_SHARE = 10
"""In a long ask one word in so many has to be one of them; a few stand in every English text."""


def _speaks_more_than_english(ask: str, data: bytes) -> bool:
    """Whether an ask, also given in UTF-8, may be in or mixed with another language in Latin letters.

    English is quicker alone, and most asks need no more.
    """
    if not data.isascii() and (any(map(data.__contains__, _ACCENTED)) or _VIETNAMESE.search(data)):
        return True
    if len(ask) <= 3 * _SAMPLE:
        return not NOT_ENGLISH.isdisjoint(ask.lower().split())
    middle = len(ask) // 2
    sample = f"{ask[:_SAMPLE]} {ask[middle : middle + _SAMPLE]} {ask[-_SAMPLE:]}".lower().split()
    return sum(map(NOT_ENGLISH.__contains__, sample)) * _SHARE > len(sample)


def _not_english(ask: str) -> bool:
    text = ask.lower()
    return not text.isascii() or not NOT_ENGLISH.isdisjoint(text[:_SAMPLE].split())


def _lowered(ask: str, data: bytes) -> tuple[bytes, bool]:
    """An ask in lower case and in UTF-8, and whether its bytes stand where they stood."""
    if data.isascii() or (data.translate(_UNCASED).isalpha() and "\u212a" not in ask and "\u212b" not in ask):
        return data.lower(), True
    return ask.lower().replace(_DOT, "").encode(), False


_ACCENTED = b"\xc3\xc4\xc5\xc6"
"""First bytes of accented Latin letters in UTF-8."""

_VIETNAMESE = re.compile(b"\xe1[\xba\xbb]")
_DOT = "\u0307"
"""What is left over an "i" when a Turkish capital one is put in lower case."""

_UNCASED = kind(bytes({*range(256)} - {*range(0xC3, 0xD6), 0xE1}))
"""Scripts whose letters have one case, or are not in the tables. The signs of Kelvin and Angstrom are the exception."""

_NO_LATIN = kind(bytes({*range(256)} - {*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ{"}))
"""No Latin letter, and no command of the shell without one."""


class Safety:
    """The rules, compiled when a script is first met. Thread-safe; no ``tongues``: every one there is.

    With ``lazily`` their tables are not even loaded before that, for a process that decides once.
    """

    def __init__(self, tongues: Sequence[Tongue] | None = None, *, lazily: bool = False) -> None:
        self._tongues = tongues
        self._rules: dict[str, Rules] = {}
        if not lazily:
            self._every()
            import_module("model_router.engine.rules")
            import_module("model_router.engine.own_words")

    def judge(self, ask: str, reading: Reading, reread: Callable[[str], Reading]) -> RiskClass | None:
        """The risk class of an order, or None when nobody is told to carry anything out.

        ``reading`` is what the learned scores say of the ask, ``reread`` what they say of another text: of the ask
        without the words of others, or in plain letters.
        """
        if reading.margin >= CONFIRM_MARGIN or (reading.margin >= ELSEWHERE_MARGIN and _not_english(ask)):
            return self._certain(ask, reading, reread)
        long, start = len(ask) > LONG, 0
        if reading.margin >= CONFIRM_MARGIN - DOUBT or len(ask) > HEAD + TAIL:
            data = ask.encode()
            seen = list(self._glances(ask, data))
            if seen:
                risk = self._plain_order(ask, data, seen)
                if risk is not None:
                    return risk
                start = seen[0][1]
            elif long:
                return None
        return self._hidden(ask, reread, start) if long or is_odd(ask) else None

    def _certain(self, ask: str, reading: Reading, reread: Callable[[str], Reading]) -> RiskClass | None:
        """The risk that the scores see, unless it is only in the words of others."""
        from model_router.engine.own_words import may_hold_foreign_words, without_foreign_words

        if not may_hold_foreign_words(ask):
            return reading.risk
        if len(ask) <= HEAD + TAIL:
            own = without_foreign_words(ask)
        else:
            own = without_foreign_words(ask[:HEAD]) + "\n" + without_foreign_words(ask[-TAIL:])
        if own == ask or reread(own).margin >= CONFIRM_MARGIN - VETO or self.plain_order(ask) is not None:
            return reading.risk
        return None

    def _hidden(self, ask: str, reread: Callable[[str], Reading], start: int) -> RiskClass | None:
        """The class of an order in a spelling that hides it; not in the first ``start`` bytes."""
        for text in plain(ask, start):
            if text == ask:
                continue
            risk = self.plain_order(text)
            if risk is not None:
                return risk
            if len(ask) > HEAD:
                continue
            for word in text.lower().split():
                if word not in ask and (risk := self._script("latin").run_together(word.encode())) is not None:
                    return risk
            reading = reread(text)
            if reading.margin >= CONFIRM_MARGIN:
                return reading.risk
        return None

    def plain_order(self, ask: str) -> RiskClass | None:
        """The class of the first order in the person's own words.

        An ask with more and more places that look like orders and are none is read once more without the words of
        others; when it is still full of them, nobody can say what it wants, and it counts as an order.
        """
        data = ask.encode()
        return self._plain_order(ask, data, list(self._glances(ask, data)))

    def _plain_order(self, ask: str, data: bytes, seen: Sequence[tuple[Rules, int]]) -> RiskClass | None:
        lowered, aligned = _lowered(ask, data) if seen else (b"", True)
        try:
            return _first_order(lowered, [(rules, start if aligned else 0) for rules, start in seen])
        except _TooManyPlaces:
            from model_router.engine.own_words import without_foreign_words

            own = without_foreign_words(ask)
        if own == ask:
            return RiskClass.AMBIGUOUS
        data = own.encode()
        try:
            return _first_order(_lowered(own, data)[0], [(rules, 0) for rules in self._rules_for(own, data)])
        except _TooManyPlaces:
            return RiskClass.AMBIGUOUS

    def _glances(self, ask: str, data: bytes) -> Iterator[tuple[Rules, int]]:
        """The rules that see where an order may begin, and where the first does.

        Those for Latin letters also see odd places: when nobody sees anything, no spelling hides an order either.
        """
        if data.isascii() and self._script("english").glance(data) is None:
            return
        if "İ" in ask or _DOT in ask:
            data = _lowered(ask, data)[0]
        for rules in self._rules_for(ask, data):
            start = rules.glance(data)
            if start is not None:
                yield rules, start

    def _rules_for(self, ask: str, data: bytes) -> Iterator[Rules]:
        if len(ask) > LONG or not data.translate(_NO_LATIN).isalpha():
            yield self._script("latin" if _speaks_more_than_english(ask, data) else "english")
        if data.isascii():
            return
        for script, firsts in _SCRIPTS:
            if any(map(data.__contains__, firsts)):
                yield self._script(script)
        indic = data.find(_INDIC)
        if indic >= 0:
            yield self._script("devanagari" if data[indic + 1] < 0xA8 else "thai")

    def _script(self, script: str) -> Rules:
        rules = self._rules.get(script)
        if rules is None:
            rules = self._rules[script] = self._rules_of(script)
        return rules

    def _rules_of(self, script: str) -> Rules:
        from model_router.engine.orders.english import ENGLISH
        from model_router.engine.patterns import foreign_words
        from model_router.engine.rules import Rules

        if script == "english":
            return Rules([ENGLISH], also=(foreign_words(), ODD_PLACE))
        tongues = [tongue for tongue in self._every() if tongue.script == script]
        return Rules(tongues, also=(ODD_PLACE,)) if script == "latin" else Rules(tongues, guests=(ENGLISH,))

    def _every(self) -> Sequence[Tongue]:
        if self._tongues is None:
            from model_router.engine.orders.tongues import TONGUES

            self._tongues = TONGUES
        return self._tongues


def _first_order(lowered: bytes, seen: Sequence[tuple[Rules, int]]) -> RiskClass | None:
    """The class of the first order, by rules that each read from a place on."""
    patience, to_read = PATIENCE + len(lowered) // 10_000, 3 * len(lowered) + 4_000
    for rules, first in seen:
        own: OwnWords | None = None
        start = first
        while (place := rules.find(lowered, start)) is not None:
            to_read -= place.read
            start = place.resume
            if place.risk is not None:
                from model_router.engine.own_words import OwnWords

                own = own or OwnWords(lowered)
                end = own.foreign_until(place.start)
                if end is None:
                    return place.risk
                start = max(start, end)
            patience -= 1
            if patience <= 0 or to_read <= 0:
                raise _TooManyPlaces
    return None
