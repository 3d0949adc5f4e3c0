"""Whether an ask is an order to do something that should wait for a person.

Two readers look at it. The learned scores read the head and the tail of an ask as a whole, its mood included. The rules
read all of it, however long: an order is a verb of :mod:`orders` at a place where an order can begin, with an object
that makes it risky. A plain order weighs in where the scores are in doubt, and decides where they did not look.

What stands in a fence, in a quotation or in a pasted document is not the person's order. What cannot be read confirms.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from model_router.engine.features import CLIPPED, HEAD, TAIL
from model_router.engine.routes import RiskClass
from model_router.engine.rulebook import RuleBook, lower, not_english
from model_router.engine.scores import Reading
from model_router.engine.spelling import LONG, is_odd, plain

if TYPE_CHECKING:
    from model_router.engine.orders.tongue import Tongue
    from model_router.engine.own_words import OwnWords
    from model_router.engine.regex import Span
    from model_router.engine.rules import Rules, Seen

CONFIRM_MARGIN = 8
"""Units of the lexicon by which the best risk has to beat the best answer."""

ELSEWHERE_MARGIN = -4
"""The same outside English, of whose words the lexicon knows fewer: a risk is sooner believed."""

NO_DOUBT = CONFIRM_MARGIN - 60
"""From here up to the margin the scores are in doubt and a plain order decides."""

VETO = 40
"""How far below the margin an ask has to fall without the words of others, for these to have been all the risk."""

PICTURE = 60
"""What a picture alone may say against every risk: few orders of the corpus have one with them."""

NO_EDIT = 80
"""A margin of the words alone that is not mistaken for the wish to change a picture."""

PATIENCE = 8
"""Places that look like orders and are none, after which no more are looked at; one more for each 10,000 bytes."""


def seems_risky(seen: Reading, alone: Reading) -> bool:
    """Whether an ask with a picture is to be judged by its words ``alone`` as well, because only the picture may speak
    against their risk. What is done to pictures is worded as destruction is (``erase the date stamp``).
    """
    return seen.margin >= -PICTURE or (alone.margin >= NO_EDIT and alone.risk is not RiskClass.DESTRUCTIVE)


class _TooManyPlaces(Exception):
    """Patience has run out."""


class Safety:
    """The rules, compiled when a script is first met. Thread-safe; no ``tongues``: every one there is.

    With ``lazily`` their tables are not even loaded before that, for a process that decides once.
    """

    def __init__(self, tongues: Sequence[Tongue] | None = None, *, lazily: bool = False) -> None:
        self._book = RuleBook(tongues)
        if not lazily:
            for name in ("rules", "own_words", "orders.tongues"):
                import_module(f"model_router.engine.{name}")

    def judge(self, ask: str, reading: Reading, reread: Callable[[str], Reading]) -> RiskClass | None:
        """The risk class of an order, or None when nobody is told to carry anything out.

        ``reading`` is what the learned scores say of the ask, ``reread`` what they say of another text: of the ask
        without the words of others, or in plain letters.
        """
        margin = reading.margin
        if margin >= CONFIRM_MARGIN or (margin >= ELSEWHERE_MARGIN and not_english(ask)):
            return self._certain(ask, reading, reread)
        long = len(ask) > LONG
        odd: Sequence[Span] = ((0, sys.maxsize),)
        if margin >= NO_DOUBT or len(ask) > CLIPPED:
            data = ask.encode()
            looks = self._book.glance(ask, data)
            if looks:
                risk = self._plain_order(ask, data, looks)
                if risk is not None:
                    return risk
                odd = sorted(span for _, seen in looks for span in seen.odd)
            if long and not (looks and odd):
                return None
        return self._hidden(ask, reread, odd) if long or (not reading.ordinary and is_odd(ask)) else None

    def _certain(self, ask: str, reading: Reading, reread: Callable[[str], Reading]) -> RiskClass | None:
        """The risk that the scores see, unless it is only in the words of others."""
        if not may_hold_foreign_words(ask):
            return reading.risk
        from model_router.engine.own_words import without_foreign_words

        if len(ask) <= CLIPPED:
            own = without_foreign_words(ask)
        else:
            own = without_foreign_words(ask[:HEAD]) + "\n" + without_foreign_words(ask[-TAIL:])
        if own == ask or reread(own).margin >= CONFIRM_MARGIN - VETO or self.plain_order(ask) is not None:
            return reading.risk
        return None

    def _hidden(self, ask: str, reread: Callable[[str], Reading], odd: Sequence[Span]) -> RiskClass | None:
        """The class of an order in a spelling that hides it, which begins in one of these stretches."""
        for text in plain(ask, odd):
            if text == ask:
                continue
            risk = self.plain_order(text)
            if risk is not None:
                return risk
            if len(ask) > HEAD:
                continue
            for word in text.lower().split():
                if word not in ask and (risk := self._book.script("latin").run_together(word.encode())) is not None:
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
        return self._plain_order(ask, data, self._book.glance(ask, data))

    def _plain_order(self, ask: str, data: bytes, looks: Sequence[tuple[Rules, Seen]]) -> RiskClass | None:
        """The same, where a glance saw something. What it saw is completed."""
        places = [(rules, seen) for rules, seen in looks if seen.order is not None]
        if not places:
            return None
        lowered, aligned = lower(ask, data)
        if not aligned:
            for _, seen in places:
                seen.order, seen.odd = 0, [(0, sys.maxsize)]
        try:
            return _first_order(lowered, places)
        except _TooManyPlaces:
            from model_router.engine.own_words import without_foreign_words

            own = without_foreign_words(ask)
        if own == ask:
            return RiskClass.AMBIGUOUS
        data = own.encode()
        try:
            return _first_order(
                lower(own, data)[0], [(rules, rules.unseen(data)) for rules in self._book.readers(own, data)]
            )
        except _TooManyPlaces:
            return RiskClass.AMBIGUOUS


def may_hold_foreign_words(ask: str) -> bool:
    """A quick look: whether there is any sign of quoting or pasting."""
    return (
        '"' in ask
        or "\n" in ask
        or "`" in ask
        or (not ask.isascii() and ("“" in ask or "„" in ask or "«" in ask or "「" in ask or "『" in ask))
    )


def _first_order(lowered: bytes, places: Sequence[tuple[Rules, Seen]]) -> RiskClass | None:
    """The class of the first order, by rules that each read on from where they have come."""
    patience, to_read = PATIENCE + len(lowered) // 10_000, 3 * len(lowered) + 4_000
    for rules, seen in places:
        own: OwnWords | None = None
        start = seen.order or 0
        while (place := rules.find(lowered, start, seen)) is not None:
            to_read -= place.read
            start = place.resume
            if place.risk is not None:
                from model_router.engine.own_words import OwnWords

                own = own or OwnWords(lowered)
                end = own.foreign_until(place.start)
                if end is None:
                    return place.risk
                if end > start:
                    rules.skip(seen, start, end)
                    start = end
            patience -= 1
            if patience <= 0 or to_read <= 0:
                rules.skip(seen, start, sys.maxsize)
                raise _TooManyPlaces
    return None
