"""The tables of :mod:`orders` as patterns: where a text holds a verb that commands and a thing that makes it risky.

A pattern finds candidates: a verb at a place where an order can begin and a thing further on in the clause, or, in
languages that end with the verb, the other way round. It keeps no count of words, so its automaton stays small and a
text costs the same for each byte, whatever it says. A candidate is then looked at closely: does the verb go with the
thing, are they near each other, does the sentence say "how" or "never" before it? That look is bounded too.

Texts come in lower case and in UTF-8, because that is what RE2 reads: offsets are bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import re2

from model_router.engine.orders.shell import SHELL
from model_router.engine.orders.tongue import GRID, Acts, Things, Tongue
from model_router.engine.routes import RiskClass
from model_router.engine.vocabulary import ACTS, WIDTH, Vocabulary, letters

NEAR_WORDS = 7
"""Words that may stand between verb and thing."""

NEAR_BYTES = 72
"""The same where words are not parted by spaces."""

LONGEST_WORD = 48
"""Bytes of the longest word that is taken apart."""

LONGEST_PLACE = 400
"""Bytes above which verb and thing are too far apart to look closer; finding groups is slower than finding a place."""

MEMORY = 32 << 20
"""Bytes that an automaton may take; when they are full it forgets and goes on. With far fewer, RE2 turns slow."""

SENTENCE = 240
"""Bytes before and after a verb that are searched for words that make it no order."""

_END = r".!?;\n\r。！？；।؟؛…"
_SOFT = (
    r"\x00-\x09\x0b\x0c\x0e-\x20\"#%&'()*+,\-/:=>@\[\\\]^`{|}~\x7f-\x{bf}\x{2000}-\x{2025}\x{2027}-\x{206f}"
    r"\x{3000}\x{3001}\x{3003}-\x{303f}،，：（）｛｝［］"
)
_GAP = rf"(?:[^{_END}]|\.[^\s])"
_EDGE = rf"(?:[{_SOFT}{_END}]|$)"
_REST = rf"[^{_SOFT}{_END}]*"
_HEADS = (
    "task tasks todo to-do step action instruction instructions order now please goal do_this do_the_following "
    "next important urgent request then "
    "aufgabe tarea tâche compito tarefa taak zadanie задача задание 任务 タスク 작업 görev"
)
_CLAUSE = (
    rf"(?:^|[{_END},(){{}}\[\]—–•|，、،]|[-*+]\s|(?:^|[{_SOFT}{_END}])"
    rf"(?:{letters(_HEADS, strict=True).replace(' ', '|')})[ 0-9]{{0,3}}[:：])[{_SOFT}]*"
)
_NOTHING = r"[^\x{0}-\x{10ffff}]"
_AMOUNTS = (r"[$€£₽₹₺₴¥][0-9]*", r"[0-9.,]+[$€£₽₹₺₴¥k]")
_AFTER_LAST = (
    "bitte danke sofort jetzt lütfen hemen şimdi 주세요 줘 지금 빨리 바로 alsjeblieft aub graag nu meteen अभी तुरंत "
    "प्लीज कृपया لطفا لطفاً"
)
_AFTER_CLOSE = (
    "ください 下さい くれ ほしい 欲しい もらえ いただけ お願い おいて ちょうだい よ ね 吧 掉 一下 谢谢 了 给 到"
)
_SENTENCE_ENDS = tuple(mark.encode() for mark in (". ", "!", "?", ";", "\n", "。", "！", "？", "।", "؟"))

_RISKS: tuple[RiskClass, ...] = tuple(GRID[act][0] for act in ACTS)
_HANDLED = r"[^\s][:：]\s+[^\s][^:]*,"
_ASKED = re2.compile(
    "[?？؟]|why|what|how|explain|understand|difference|meaning|mean "
    "|syntax|terminal|review|wrong|error|fails?|simulat|"
    "warum|was |wie |erklär|fehl|schläg|pourquoi|explique|comment |por qu|explica|cómo|perch|spiega|come "
    "|porqu|waarom|hoe |"
    "dlaczego|wyjaśnij|почему|объясни|как |чому|як "
    "|neden|nasıl|açıkla|为什么|什么|解释|区别|啥|なぜ|説明|왜|설명|لماذا|اشرح|क्यों|समझा"
)
_SHAPES = ((1, 2), (4, 3), (5, 6), (8, 7))
"""Groups of verb and thing in the four shapes of an order."""

_SHELL = 9


@dataclass(frozen=True, slots=True)
class Place:
    """Something that looks like an order. ``risk`` is None when a close look does not bear it out.

    ``start`` is where its first word begins, ``resume`` where a search goes on, ``read`` how much was read behind
    ``resume`` to find it; all in bytes.
    """

    risk: RiskClass | None
    start: int
    resume: int
    read: int = 0


class Rules:
    """Tongues of one script, compiled. Immutable and thread-safe. ``guests`` lend their things: languages mix."""

    def __init__(self, tongues: Sequence[Tongue], guests: Sequence[Tongue] = ()) -> None:
        self._vocabulary = Vocabulary(tongues, guests)
        pattern, scanning = _pattern(tongues, guests), _options()
        scanning.never_capture = True
        self._scan = re2.compile(pattern, scanning)
        self._parts = re2.compile(pattern, _options())
        self._tongues = tuple(tongues)
        self._hushes: dict[int, tuple[Any, Any]] = {}

    def find(self, data: bytes, start: int) -> Place | None:
        """The next place from ``start`` on that looks like an order."""
        span = self._scan.search(data, start)
        if span is None:
            return None
        begin, end = span.span()
        if end - begin > LONGEST_PLACE:
            resume = max(data.find(b" ", begin + 1, end), begin + 1)
            return Place(None, begin, resume, end - resume)
        match = self._parts.search(data, begin, end)
        if match.start(_SHELL) >= 0:
            begin, end = match.span(_SHELL)
            asked = _ASKED.search(data[max(0, begin - SENTENCE) : begin]) or _ASKED.search(data[end : end + SENTENCE])
            return Place(None if asked else RiskClass.DESTRUCTIVE, begin, end)
        for verb, thing in _SHAPES:
            if match.start(verb) >= 0:
                return self._look(data, match.span(verb), match.span(thing))
        raise AssertionError("the pattern matched in none of its shapes")

    def run_together(self, word: bytes) -> RiskClass | None:
        """The class of an order whose words stand without spaces, as in ``dropthedatabase``."""
        if len(word) > LONGEST_WORD:
            return None
        for cut in range(3, len(word) - 2):
            acts = self._vocabulary.verb(word[:cut])
            for end in range(cut, len(word) - 1) if acts else ():
                hits = acts & self._vocabulary.thing(word[end:])
                while hits:
                    if low := hits & (1 << WIDTH) - 1:
                        return _RISKS[(low & -low).bit_length() - 1]
                    hits >>= WIDTH
        return None

    def _look(self, data: bytes, verb: tuple[int, int], thing: tuple[int, int]) -> Place:
        """``resume`` is behind the first word alone, because its partner may open an order of its own."""
        hits = self._hits(data, verb, thing)
        return Place(
            self._risk(data, verb, thing, hits) if hits else None, min(verb[0], thing[0]), min(verb[1], thing[1])
        )

    def _hits(self, data: bytes, verb: tuple[int, int], thing: tuple[int, int]) -> int:
        """The bits on which the verb agrees with the thing or, failing that, with one of the words next to it."""
        acts = self._vocabulary.verb(data[verb[0] : verb[1]])
        forward = verb[1] <= thing[0]
        if not _near(data[verb[1] : thing[0]] if forward else data[thing[1] : verb[0]]):
            return 0
        hits = acts & self._vocabulary.thing(data[thing[0] : thing[1]])
        if hits:
            return hits
        if forward:
            words = _up_to_end(data[thing[1] : thing[1] + NEAR_BYTES]).split()[:4]
        else:
            words = _from_end(data[max(0, thing[0] - NEAR_BYTES) : thing[0]]).split()[-4:]
        for place, word in enumerate(words):
            hits = acts & (self._vocabulary.thing(word) | self._vocabulary.thing(b" ".join(words[place : place + 2])))
            if hits:
                return hits
        return 0

    def _risk(self, data: bytes, verb: tuple[int, int], thing: tuple[int, int], hits: int) -> RiskClass | None:
        """The class, unless in every tongue that agrees the sentence holds a word that makes it no order."""
        first = min(verb[0], thing[0])
        before = _from_end(data[max(0, first - SENTENCE) : verb[0]])
        after = _up_to_end(data[verb[1] : verb[1] + SENTENCE])
        place = 0
        while hits:
            acts = hits & (1 << WIDTH) - 1
            if acts:
                hush, later = self._hush(place)
                if not hush.search(before) and not later.search(after):
                    return _RISKS[(acts & -acts).bit_length() - 1]
            hits >>= WIDTH
            place += 1
        return None

    def _hush(self, place: int) -> tuple[Any, Any]:
        """What makes a verb no order in one tongue, before it and after it; compiled when first asked for."""
        found = self._hushes.get(place)
        if found is None:
            tongue = self._tongues[place]
            later = tongue.after + (" " + tongue.hush if tongue.asks_anywhere else "")
            found = self._hushes[place] = (
                re2.compile(_bounded(tongue.hush, tongue.spaced) + "|" + _HANDLED, _options()),
                re2.compile(_bounded(later, tongue.spaced), _options()),
            )
        return found


def _up_to_end(text: bytes) -> bytes:
    """The part before the first end of a sentence."""
    return text[: min((place for place in map(text.find, _SENTENCE_ENDS) if place >= 0), default=len(text))]


def _from_end(text: bytes) -> bytes:
    """The part after the last end of a sentence."""
    return text[max(map(text.rfind, _SENTENCE_ENDS)) + 1 :]


def _near(between: bytes) -> bool:
    if between.isascii() or b" " in between.strip():
        return len(between.split()) <= NEAR_WORDS
    return len(between) <= NEAR_BYTES


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    return options


def _pattern(tongues: Sequence[Tongue], guests: Sequence[Tongue]) -> str:
    spaced = [tongue for tongue in tongues if tongue.spaced]
    closed = [tongue for tongue in tongues if not tongue.spaced]
    ending = [tongue for tongue in spaced if tongue.last != Acts()]
    gap = rf"(?:[{_SOFT}]{_GAP}*?)??[{_SOFT}]"
    link = _any(_gather(spaced, "link"))
    lead = _any(_gather(spaced, "begin") + _gather(spaced, "link"))
    begin = rf"(?:{_CLAUSE}|[{_SOFT}{_END}](?:{link})[{_SOFT}]+)(?:(?:{lead})[{_SOFT}]+)*"
    things = _any([*_gather([*spaced, *guests], "things"), *_AMOUNTS], tail=_REST)
    verb_first = rf"{begin}({_any(_gather(spaced, 'first'), tail=_REST)}){gap}({things}){_EDGE}"
    things = _any([*_gather([*ending, *guests], "things"), *_AMOUNTS], tail=_REST) if ending else _NOTHING
    closing = rf"[{_SOFT}]*(?:[{_END},]|$|(?:{_AFTER_LAST.replace(' ', '|')}))"
    verb_last = rf"(?:^|[{_SOFT}{_END}])({things}){gap}({_any(_gather(ending, 'last'), tail=_REST)}){closing}"
    link = _any(_gather(closed, "link"))
    lead = _any(_gather(closed, "begin") + _gather(closed, "link"))
    things = _any(_gather([*closed, *guests], "things")) if closed else _NOTHING
    opening = rf"(?:{_CLAUSE}|(?:{link})[{_SOFT}]*)(?:(?:{lead})[{_SOFT}]*)*"
    closed_first = rf"{opening}({_any(_gather(closed, 'first'))}){_GAP}*?({things})"
    closing = rf"(?:{_AFTER_CLOSE.replace(' ', '|')}|[{_SOFT}{_END},]|$)"
    closed_last = rf"({things}){_GAP}*?({_any(_gather(closed, 'last'))}){closing}"
    shell = rf"(?:{begin}|[`$#]\s*)({SHELL})"
    return "|".join((verb_first, verb_last, closed_first, closed_last, shell))


def _gather(tongues: Iterable[Tongue], part: str) -> list[str]:
    """The words of one part of the tables, spelled as a pattern."""
    found: list[str] = []
    for tongue in tongues:
        table = getattr(tongue, part)
        if isinstance(table, Acts | Things):
            table = " ".join(getattr(table, field.name) for field in fields(table))
        found += letters(table, strict=tongue.accents_count).split()
    return found


def _any(words: Iterable[str], *, tail: str = "") -> str:
    """An alternation; words that stand for all that begin so take ``tail``, the rest of the word, with them."""
    entries = set(words)
    whole = sorted(word for word in entries if word[-1] != "*")
    starts = sorted(word[:-1] for word in entries if word[-1] == "*")
    if starts and tail:
        whole.append(f"(?:{'|'.join(starts)}){tail}")
    elif starts:
        whole += starts
    return "|".join(whole) or _NOTHING


def _bounded(entries: str, spaced: bool) -> str:
    """Any of the words, standing alone where the language parts words."""
    words = letters(entries, strict=True).split()
    if not spaced or not words:
        return "|".join(words) or _NOTHING
    return rf"(?:^|[{_SOFT}{_END}])(?:" + "|".join(w[:-1] if w[-1] == "*" else w + _EDGE for w in sorted(words)) + ")"
