"""Whether an ask is an order to do something that should wait for a person.

Two readers look at it. The learned scores read the head and the tail of an ask as a whole, its mood included. The rules
read all of it, however long: an order is a verb of :mod:`orders` at a place where an order can begin, with an object
that makes it risky. A plain order weighs in where the scores are in doubt, and decides where they did not look.

What stands in a fence, in a quotation or in a pasted document is not the person's order. What cannot be read confirms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import re2

from model_router.engine.features import HEAD, TAIL
from model_router.engine.orders import TONGUES, Tongue
from model_router.engine.routes import RiskClass
from model_router.engine.scores import Reading

CONFIRM_MARGIN = 8
"""Units of the lexicon by which the best risk has to beat the best answer."""

DOUBT = 64
"""Below the margin by less than this, the scores are in doubt and a plain order decides."""

GAP = 6
"""Words that may stand between verb and object."""


class Safety:
    """The rules, compiled. Immutable and thread-safe."""

    def __init__(self, tongues: Iterable[Tongue] = TONGUES) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.log_errors = False
        self._classes: list[RiskClass] = []
        patterns = []
        for tongue in tongues:
            for risk, pairs in tongue.orders.items():
                self._classes.append(risk)
                patterns.append("(" + "|".join(_order(tongue, verbs, objects) for verbs, objects in pairs) + ")")
        self._orders = re2.compile("|".join(patterns), options)

    def judge(self, ask: str, reading: Reading) -> RiskClass | None:
        """The risk class of an order, or None when nobody is told to carry anything out."""
        if reading.margin >= CONFIRM_MARGIN:
            return reading.risk
        if reading.margin >= CONFIRM_MARGIN - DOUBT or len(ask) > HEAD + TAIL:
            return self.plain_order(ask)
        return None

    def plain_order(self, ask: str) -> RiskClass | None:
        """The class of the first order in the person's own words."""
        spans: list[tuple[int, int]] | None = None
        for match in self._orders.finditer(ask):
            if spans is None:
                if is_document(ask):
                    return None
                spans = foreign_spans(ask)
            if not any(start <= match.start() < end for start, end in spans):
                return self._classes[match.lastindex - 1]
        return None


_FENCE = re.compile(
    r"```.*?(?:```|\Z)|^ {0,3}>.*?$|“[^”]*”|«[^»]*»|\"[^\"\n]{0,600}\"|<(\w[\w-]*)[^<>]*>.*?</\1>", re.S | re.M
)


def foreign_spans(ask: str) -> list[tuple[int, int]]:
    """Places in an ask that are somebody else's words: fences, quoted lines, quotations, tagged blocks."""
    return [match.span() for match in _FENCE.finditer(ask)]


def is_document(ask: str) -> bool:
    """Whether most of an ask is a text that the person is asking about."""
    return False


def _order(tongue: Tongue, verbs: str, objects: str) -> str:
    openers = "|".join(_word(word) for word in tongue.openers.split())
    begin = rf"(?:^|[.!?;:\n,]\s*(?:\d{{1,3}}[.)]\s*|[-*•]\s+)?|\b(?:{openers})\s+)"
    verb = "|".join(_word(word) for word in verbs.split())
    thing = "|".join(_word(word) for word in objects.split())
    return rf"{begin}(?:{verb})\b(?:[^\w.!?;\n]+[\w'-]+){{0,{GAP}}}?[^\w.!?;\n]+(?:{thing})\b"


def _word(word: str) -> str:
    return re2.escape(word.replace("_", " ")).replace(r"\*", r"\w*")
