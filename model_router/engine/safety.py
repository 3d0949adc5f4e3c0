"""Whether an ask is an order to do something that should wait for a person.

Two readers look at it. The learned scores read the head and the tail of an ask as a whole, its mood included. The rules
read all of it, however long: an order is a verb of :mod:`orders` at a place where an order can begin, with an object
that makes it risky. A plain order weighs in where the scores are in doubt, and decides where they did not look.

What stands in a fence, in a quotation or in a pasted document is not the person's order. What cannot be read confirms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from model_router.engine.features import HEAD, TAIL
from model_router.engine.orders.common import NOT_ENGLISH
from model_router.engine.routes import RiskClass
from model_router.engine.scores import Reading
from model_router.engine.spelling import LONG, is_odd, plain

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


def _speaks_more_than_english(text: str, data: bytes) -> bool:
    """Whether an ask in lower case, and in UTF-8, may be in or mixed with another language in Latin letters.

    English is quicker alone, and most asks need no more.
    """
    if any(first in data for first in _ACCENTED):
        return True
    if len(text) <= 3 * _SAMPLE:
        return not NOT_ENGLISH.isdisjoint(text.split())
    middle = len(text) // 2
    sample = f"{text[:_SAMPLE]} {text[middle : middle + _SAMPLE]} {text[-_SAMPLE:]}".split()
    return sum(map(NOT_ENGLISH.__contains__, sample)) * _SHARE > len(sample)


def _not_english(ask: str) -> bool:
    text = ask.lower()
    return not text.isascii() or not NOT_ENGLISH.isdisjoint(text[:_SAMPLE].split())


_ACCENTED = (b"\xc3", b"\xc4", b"\xc5", b"\xc6", b"\xe1\xba", b"\xe1\xbb")
"""First bytes of accented Latin letters in UTF-8."""


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
        if reading.margin >= CONFIRM_MARGIN - DOUBT or len(ask) > HEAD + TAIL:
            risk = self.plain_order(ask)
            if risk is not None:
                return risk
        return self._hidden(ask, reread) if len(ask) > LONG or is_odd(ask) else None

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

    def _hidden(self, ask: str, reread: Callable[[str], Reading]) -> RiskClass | None:
        """The class of an order in a spelling that hides it."""
        for text in plain(ask):
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
        try:
            return self._first_order(ask)
        except _TooManyPlaces:
            from model_router.engine.own_words import without_foreign_words

            own = without_foreign_words(ask)
        if own == ask:
            return RiskClass.AMBIGUOUS
        try:
            return self._first_order(own)
        except _TooManyPlaces:
            return RiskClass.AMBIGUOUS

    def _first_order(self, ask: str) -> RiskClass | None:
        if ask.isascii():
            data = ask.encode().lower()  # much quicker than the same on text
            text = data.decode()
        else:
            text = ask.lower().replace("\u0307", "")
            data = text.encode()
        patience, to_read = PATIENCE + len(data) // 10_000, 3 * len(data) + 4_000
        for rules in self._rules_for(text, data):
            own: OwnWords | None = None
            start = 0
            while (place := rules.find(data, start)) is not None:
                to_read -= place.read
                start = place.resume
                if place.risk is not None:
                    from model_router.engine.own_words import OwnWords

                    own = own or OwnWords(data)
                    end = own.foreign_until(place.start)
                    if end is None:
                        return place.risk
                    start = max(start, end)
                patience -= 1
                if patience <= 0 or to_read <= 0:
                    raise _TooManyPlaces
        return None

    def _rules_for(self, text: str, data: bytes) -> Iterator[Rules]:
        yield self._script("latin" if _speaks_more_than_english(text, data) else "english")
        if len(data) == len(text):
            return
        for script, firsts in _SCRIPTS:
            if any(first in data for first in firsts):
                yield self._script(script)
        indic = data.find(_INDIC)
        if indic >= 0:
            yield self._script("devanagari" if data[indic + 1] < 0xA8 else "thai")

    def _script(self, script: str) -> Rules:
        rules = self._rules.get(script)
        if rules is None:
            from model_router.engine.orders.english import ENGLISH
            from model_router.engine.rules import Rules

            english = script == "english"
            tongues = [ENGLISH] if english else [tongue for tongue in self._every() if tongue.script == script]
            rules = self._rules[script] = Rules(tongues, () if english or script == "latin" else (ENGLISH,))
        return rules

    def _every(self) -> Sequence[Tongue]:
        if self._tongues is None:
            from model_router.engine.orders.tongues import TONGUES

            self._tongues = TONGUES
        return self._tongues
