"""The filter language of the log: ``route:coding status:409 ms>500 -client:demo "two words"``.

Terms are joined by *and*. ``field:value`` looks at one field: from its start for routes and outcomes, anywhere for the
other texts, and ``a,b`` means either. ``status:4xx`` takes a whole class. Numbers compare with ``> >= < <= =``. A
leading ``-`` turns a term round. Whatever has no field is looked for in every text of the row. Letters count the same
in upper and lower case.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from model_router.errors import UsageError
from model_router.server.events import RequestEvent

Predicate = Callable[[RequestEvent], bool]

_TEXT_FIELDS: Mapping[str, Callable[[RequestEvent], str]] = MappingProxyType(
    {
        "route": lambda event: event.route,
        "engine": lambda event: event.engine,
        "backend": lambda event: event.backend,
        "model": lambda event: event.model,
        "client": lambda event: event.client,
        "outcome": lambda event: event.outcome,
        "kind": lambda event: event.kind,
        "risk": lambda event: event.risk_class,
        "id": lambda event: event.request_id,
        "error": lambda event: event.error,
        "session": lambda event: event.session,
    }
)

_FROM_START = frozenset({"route", "outcome", "kind", "risk", "session"})

_NUMBER_FIELDS: Mapping[str, Callable[[RequestEvent], float | None]] = MappingProxyType(
    {
        "status": lambda event: event.status,
        "ms": lambda event: event.total_ms,
        "first": lambda event: event.first_byte_ms,
        "us": lambda event: event.route_us,
        "chars": lambda event: event.prompt_chars,
        "tokens": lambda event: event.estimated_tokens,
        "attempts": lambda event: event.attempts,
        "confidence": lambda event: event.confidence,
    }
)

_COMPARE: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le, "=": operator.eq, ":": operator.eq}
)

FIELDS: tuple[str, ...] = (*_TEXT_FIELDS, *_NUMBER_FIELDS)

_TERM = re.compile(r'-?(?:[a-z]+(?::|>=|<=|=|>|<))?"[^"]*"?|\S+', re.IGNORECASE)
_FIELD = re.compile(r"([a-z]+)(:|>=|<=|=|>|<)(.*)", re.IGNORECASE | re.DOTALL)


NumberTest = Callable[[float | None], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """One term. ``field`` is empty for a text that may stand anywhere; ``number`` is the test of a number field alone.

    ``holds`` and ``number`` do not know of the ``-`` before the term: that is ``negated``.
    """

    field: str
    holds: Predicate
    number: NumberTest | None = None
    negated: bool = False
    wanted: str = ""

    def matches(self, event: RequestEvent) -> bool:
        """Whether an event meets it."""
        return self.holds(event) is not self.negated


@dataclass(frozen=True, slots=True)
class Filter:
    """What a row must be like. ``text`` is what the person wrote; an empty filter takes every row."""

    text: str
    terms: tuple[Term, ...]

    def __bool__(self) -> bool:
        return bool(self.terms)

    def matches(self, event: RequestEvent) -> bool:
        """Whether ``event`` meets every term."""
        return all(term.matches(event) for term in self.terms)


NO_FILTER = Filter("", ())


def parse_filter(text: str) -> Filter:
    """Read a filter.

    Raises:
        UsageError: a field that is not known, or a number that is none; the hint names what would do.
    """
    terms: list[Term] = []
    for match in _TERM.finditer(text):
        term = match.group()
        negated = len(term) > 1 and term.startswith("-")
        found = _term(term[1:] if negated else term)
        terms.append(replace(found, negated=negated))
    return Filter(text.strip(), tuple(terms))


def _term(term: str) -> Term:
    if term.startswith('"'):
        return _anywhere(term.strip('"'))
    match = _FIELD.fullmatch(term)
    if match is None:
        return _anywhere(term)
    name, sign, value = match.group(1).lower(), match.group(2), match.group(3).strip('"')
    if name in _NUMBER_FIELDS:
        return _number(name, sign, value)
    if name not in _TEXT_FIELDS:
        near = difflib.get_close_matches(name, FIELDS, n=1)
        advice = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"no field {name!r}", f"{advice}fields: {' '.join(FIELDS)}")
    if sign not in {":", "="}:
        raise UsageError(f"{name} is a text", f"write {name}:{value or '...'}")
    return Term(name, _text(name, value), wanted=value.lower())


def _text(name: str, value: str) -> Predicate:
    read = _TEXT_FIELDS[name]
    wanted = tuple(part for part in value.lower().split(",") if part)
    if not wanted:
        return lambda event: read(event) == ""
    if name in _FROM_START:
        return lambda event: read(event).lower().startswith(wanted)
    return lambda event: any(part in read(event).lower() for part in wanted)


def _number(name: str, sign: str, value: str) -> Term:
    read, test = _NUMBER_FIELDS[name], _number_test(name, sign, value)
    return Term(name, lambda event: test(read(event)), test)


def _number_test(name: str, sign: str, value: str) -> NumberTest:
    if sign in {":", "="}:
        tests = [_equal(name, part) for part in value.split(",") if part]
        if len(tests) == 1:
            return tests[0]
        if tests:
            return lambda found: any(test(found) for test in tests)
    limit = _parse_number(name, value)
    compare = _COMPARE[sign]
    return lambda found: found is not None and compare(found, limit)


def _equal(name: str, value: str) -> NumberTest:
    if re.fullmatch(r"\dxx", value.lower()):
        hundred = int(value[0])
        return lambda found: found is not None and found // 100 == hundred
    for sign in (">=", "<=", ">", "<"):
        if value.startswith(sign):
            limit, compare = _parse_number(name, value[len(sign) :]), _COMPARE[sign]
            return lambda found: found is not None and compare(found, limit)
    exact = _parse_number(name, value)
    return lambda found: found == exact


def _parse_number(name: str, value: str) -> float:
    if not re.fullmatch(r"\d{1,12}(\.\d{1,6})?", value, re.ASCII):
        raise UsageError(f"{name} needs a number", f"for example {name}>500")
    return float(value)


def _anywhere(value: str) -> Term:
    wanted = value.lower()

    def found(event: RequestEvent) -> bool:
        texts = (
            event.route,
            event.engine,
            event.backend,
            event.model,
            event.client,
            event.request_id,
            event.outcome,
            event.risk_class,
            event.error,
            event.preview,
            str(event.status),
            *event.reasons,
        )
        return any(wanted in text.lower() for text in texts)

    return Term("", found, wanted=wanted)
