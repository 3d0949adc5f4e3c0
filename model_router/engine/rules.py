"""Where a text holds an order: a verb that commands, and a thing that makes it risky.

There are three looks, each closer than the one before, and most texts stop at the first. A glance walks from verb to
verb, at places where an order can begin, until one has a thing in the same clause. The walk goes on from there, and
each of these places is judged: does the verb go with the thing, are they near each other, does the sentence say "how"
or "never" before it? Of a short text, and of one with very many verbs, the rest is searched for such clauses at once
instead. Each look reads a byte once, but for the bounded neighbourhood of verbs.

Texts come in UTF-8, because that is what RE2 reads: offsets are bytes. All but the glance want lower case.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from model_router.engine.orders.common import DOT
from model_router.engine.orders.tongue import GRID, Tongue
from model_router.engine.patterns import Clauses, bounded, standing_alone
from model_router.engine.regex import NOWHERE, Regex, Span
from model_router.engine.routes import RiskClass
from model_router.engine.vocabulary import ACTS, WIDTH, Vocabulary

NEAR_WORDS = 7
"""Words that may stand between verb and thing."""

NEAR_BYTES = 72
"""The same where words are not parted by spaces."""

LONGEST_WORD = 48
"""Bytes of the longest word that is taken apart."""

LONGEST_PLACE = 400
"""Bytes above which verb and thing are too far apart to look closer; finding groups is slower than finding a place."""

GLANCE_MEMORY = 16 << 20
MEMORY = 32 << 20
"""Bytes that an automaton may take; when they are full it forgets and goes on. With far fewer, RE2 turns slow."""

HOPS = 16
BYTES_A_HOP = 2_000
"""Verbs that are looked at one by one, and one more for each so many bytes."""

BESIDE = 24
"""Bytes before a thing, whose verb comes last, that say what kind of thing it is."""

SHORT = 4_000
"""Bytes that are read at once rather than from verb to verb, and by one automaton only: each has to be fetched to the
caches."""

SENTENCE = 240
"""Bytes before and after a verb that are searched for words that make it no order."""

_SENTENCE_ENDS = tuple(mark.encode() for mark in (". ", "!", "?", ";", "\n", "。", "！", "？", "।", "؟"))

_RISKS: tuple[RiskClass, ...] = tuple(GRID[act][0] for act in ACTS)
_HANDLED = r"[^\s][:：]\s+[^\s][^:]*,"
_ASKED = Regex(
    "[?？؟]|why|what|how|explain|understand|difference|meaning|mean "
    "|syntax|terminal|review|wrong|error|fails?|simulat|"
    "warum|was |wie |erklär|fehl|schläg|pourquoi|explique|comment |por qu|explica|cómo|perch|spiega|come "
    "|porqu|waarom|hoe |"
    "dlaczego|wyjaśnij|почему|объясни|как |чому|як "
    "|neden|nasıl|açıkla|为什么|什么|解释|区别|啥|なぜ|説明|왜|설명|لماذا|اشرح|क्यों|समझा",
    MEMORY,
)
_LIVE = "prod|live|customer|cluster|cliente|kunden|боев|клиент|生产|线上|客户|本番|顧客|운영|고객|الإنتاج|العملاء"
"""What names machines that others use."""

_BEFORE_NOUNS = tuple(f" {words}".encode() for words in ("na het", "bij het", "voor het", "nach dem", "beim", "zum"))
"""Words after which Dutch and German infinitives are nouns."""

_SHAPES = ((1, 2), (4, 3), (5, 6), (8, 7))
"""Groups of verb and thing in the four shapes of an order."""

_SHELL = 9
_PLAIN = bytes(ord(" " if code > 127 or chr(code) in "0123456789@$" else "a") for code in range(256))
"""A table by which bytes that can be no part of an odd spelling are letters."""


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


@dataclass(slots=True)
class Seen:
    """What was seen of a text that is walked through from verb to verb, as far as the walk has come.

    No order begins before ``order``; it is None when the walk is over. Odd spellings begin, or may begin, in the
    stretches ``odd``, and nowhere else as far as the walk has come. ``foreign``: there are words of a language whose
    orders other tables know. ``hops`` are left of the verbs that are looked at one by one.
    """

    order: int | None
    odd: list[Span]
    hops: int
    foreign: bool = False


class Rules:
    """Tongues of one script. Immutable and thread-safe; a pattern is compiled when it is first needed.

    ``guests`` lend their things: languages mix. With ``odd``, a pattern, a glance finds odd spellings too; at
    ``foreign`` words it gives up.
    """

    def __init__(
        self,
        tongues: Sequence[Tongue],
        guests: Sequence[Tongue] = (),
        *,
        odd: str = "",
        foreign: frozenset[str] = frozenset(),
    ) -> None:
        self._tongues = tuple(tongues)
        self._guests = tuple(guests)
        self._odd = odd
        self._foreign = frozenset(word.encode() for word in foreign)
        self._hushes: dict[int, tuple[Regex, Regex]] = {}
        self._stops = sum(1 << place * WIDTH + ACTS.index("stop") for place in range(len(tongues) + len(guests)))

    @cached_property
    def _clauses(self) -> Clauses:
        return Clauses(self._tongues, self._guests)

    @cached_property
    def _opening(self) -> Regex:
        return Regex("(?i)" + "|".join(filter(None, (self._clauses.opening(), self._odd))), GLANCE_MEMORY)

    @cached_property
    def _opening_or_foreign(self) -> Regex:
        if not self._foreign:
            return self._opening
        foreign = standing_alone(word.decode() for word in self._foreign)
        return Regex("(?i)" + "|".join((self._clauses.opening(), foreign, self._odd)), GLANCE_MEMORY)

    @cached_property
    def _odd_place(self) -> Regex:
        return Regex("(?i)" + self._odd, GLANCE_MEMORY)

    @cached_property
    def _scan(self) -> Regex:
        return Regex(self._clauses.order(), MEMORY)

    @cached_property
    def _parts(self) -> Regex:
        return Regex(self._clauses.order(), MEMORY, groups=True)

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        return Vocabulary(self._tongues, self._guests)

    def glance(self, data: bytes, *, heed_foreign: bool = False) -> Seen:
        """What there is to look at more closely, in upper or lower case. Nothing in most texts, after one pass."""
        odd: list[Span] = []
        start = 0
        hops = _hops(data)
        pattern = self._opening if len(data) > SHORT else self._opening_or_foreign
        while hops > 0:
            hops -= 1
            opening = pattern.search(data, start)
            if opening is None:
                return Seen(None, odd, hops)
            start, end = opening
            if self._foreign and data[start:end].strip().lower() in self._foreign:
                if heed_foreign:
                    return Seen(start, odd, hops, True)
                start = end - 1
            elif self._may_order(data, start, end):
                break
            elif self._odd and self._odd_place.match(data, start):
                odd.append((start, start))
                start += 1
            else:
                start = _behind(data, start, end)
        if self._clauses.may_end_with_verb:
            start = max(0, start - LONGEST_PLACE)
        return Seen(start, odd, hops)

    def unseen(self, data: bytes) -> Seen:
        """What has been seen of a text that nobody has looked at."""
        return Seen(0, [], _hops(data))

    def _may_order(self, data: bytes, start: int, end: int) -> bool:
        """Whether the clause with the verb that was seen there holds a thing, too. A wrong yes costs time alone."""
        if self._clauses.may_end_with_verb:
            around = lowered(data[max(0, start - LONGEST_PLACE) : end + LONGEST_PLACE])
            return self._scan.search(around) is not None
        return self._scan.match(lowered(data[start : end + LONGEST_PLACE])) is not None

    def find(self, data: bytes, start: int, seen: Seen) -> Place | None:
        """The next place from ``start`` on that looks like an order; the walk goes on from verb to verb.

        When too many led nowhere, or little is left, the rest is read at a steady pace.
        """
        seen.order = start
        while seen.hops > 0 and len(data) - start > SHORT:
            seen.hops -= 1
            opening = self._opening.search(data, start)
            if opening is None:
                seen.order = None
                return None
            verb, end = opening
            if self._odd and self._odd_place.match(data, verb):
                seen.odd.append((verb, verb))
            if self._clauses.may_end_with_verb:
                span = self._scan.search(data, max(start, verb - LONGEST_PLACE), end + LONGEST_PLACE)
            else:
                span = self._scan.match(data, verb, end + LONGEST_PLACE)
            if span is not None and span[1] - span[0] <= LONGEST_PLACE:
                return self._place(data, *span)
            start = seen.order = _behind(data, verb, end)
        self.skip(seen, start, sys.maxsize)
        span = self._scan.search(data, start)
        if span is None:
            return None
        begin, end = span
        if end - begin > LONGEST_PLACE:
            resume = max(data.find(b" ", begin + 1, end), begin + 1)
            return Place(None, begin, resume, end - resume)
        return self._place(data, begin, end)

    def skip(self, seen: Seen, start: int, end: int) -> None:
        """Note that nobody has looked there for odd spellings."""
        if self._odd and not (seen.odd and seen.odd[-1][1] >= end):
            seen.odd.append((start, end))

    def _place(self, data: bytes, begin: int, end: int) -> Place:
        """A close look at what lies between two places and looks like an order."""
        groups = self._parts.groups(data, begin, end)
        if groups[_SHELL] != NOWHERE:
            begin, end = groups[_SHELL]
            asked = _ASKED.search(data[max(0, begin - SENTENCE) : begin]) or _ASKED.search(data[end : end + SENTENCE])
            return Place(None if asked else RiskClass.DESTRUCTIVE, begin, end)
        for verb, thing in _SHAPES:
            if groups[verb] != NOWHERE:
                return self._look(data, groups[verb], groups[thing])
        raise AssertionError("the pattern matched in none of its shapes")

    def run_together(self, word: bytes) -> RiskClass | None:
        """The class of an order whose words stand without spaces, as in ``dropthedatabase``."""
        if len(word) > LONGEST_WORD or not self._vocabulary.may_begin_with_verb(word):
            return None
        for cut in range(3, len(word) - 2):
            acts = self._vocabulary.verb(word[:cut])
            for start, end in _spans(cut, len(word)) if acts else ():
                hits = acts & self._vocabulary.thing(word[start:end])
                while hits:
                    if low := hits & (1 << WIDTH) - 1:
                        return _RISKS[(low & -low).bit_length() - 1]
                    hits >>= WIDTH
        return None

    def _look(self, data: bytes, verb: Span, thing: Span) -> Place:
        """``resume`` is behind the first word alone, because its partner may open an order of its own."""
        hits = 0 if _is_noun(data, verb, thing) else self._hits(data, verb, thing)
        if hits & self._stops and _at_home(data, verb, thing):
            hits &= ~self._stops
        return Place(
            self._risk(data, verb, thing, hits) if hits else None, min(verb[0], thing[0]), min(verb[1], thing[1])
        )

    def _hits(self, data: bytes, verb: Span, thing: Span) -> int:
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

    def _risk(self, data: bytes, verb: Span, thing: Span, hits: int) -> RiskClass | None:
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

    def _hush(self, place: int) -> tuple[Regex, Regex]:
        """What makes a verb no order in one tongue, before it and after it; compiled when first asked for."""
        found = self._hushes.get(place)
        if found is None:
            tongue = self._tongues[place]
            later = tongue.after + (" " + tongue.hush if tongue.asks_anywhere else "")
            found = self._hushes[place] = (
                Regex(bounded(tongue.hush, tongue.spaced) + "|" + _HANDLED, MEMORY),
                Regex(bounded(later, tongue.spaced), MEMORY),
            )
        return found


def _is_noun(data: bytes, verb: Span, thing: Span) -> bool:
    """Whether what looks like a verb at the end of a clause is a noun: "the form after the sending"."""
    return thing[0] < verb[0] and data[max(0, verb[0] - LONGEST_WORD) : verb[0]].rstrip().endswith(_BEFORE_NOUNS)


def _at_home(data: bytes, verb: Span, thing: Span) -> bool:
    """Whether what is stopped or started anew is a developer's own: to do so is daily work.

    Its name says so, or the port that it has, when no machine is named.
    """
    start, end = min(verb[0], thing[0]), max(verb[1], thing[1])
    if thing[0] < verb[0]:
        start = max(0, start - BESIDE)
    at_home, live, on_port, elsewhere = _places()
    after = _up_to_end(data[end : end + NEAR_BYTES])
    around = data[start:end] + b" " + b" ".join(after.split()[:2])
    if at_home.search(around):
        return live.search(around) is None
    around = _from_end(data[max(0, start - NEAR_BYTES) : start]) + data[start:end] + b" " + after
    return on_port.search(around) is not None and elsewhere.search(around) is None


@cache
def _places() -> tuple[Regex, Regex, Regex, Regex]:
    """What names a developer's own machine, what names one that others use, a port, and what names any machine; few
    asks come this far."""
    return (
        Regex(
            r"\b(?:dev|development|local|localhost|vite|webpack|storybook|jupyter|notebook"
            r"|desarrollo|développement|developpement|desenvolvimento|sviluppo"
            r"|entwicklungs?|entwicklungs\w+|dev-?server|ontwikkel\w*|lokalen?|locale?|deweloperski|geliştirme|yerel)\b"
            r"|dev-сервер|локальн|разработки|开发|本地|開発|ローカル|개발|로컬|التطوير|المحلي|डेव|लोकल",
            MEMORY,
        ),
        Regex(_LIVE, MEMORY),
        Regex(
            r"\b(?:port|puerto|porta|poort|porcie) [0-9]{4,5}\b|\b[0-9]{4,5} (?:numaralı )?port"
            r"|(?:порт[а-я]*|端口|ポート|포트|المنفذ|पोर्ट) ?[0-9]{4,5}"
            r"|[0-9]{4,5} ?(?:号?端口|番?ポート|번? ?포트|पोर्ट)",
            MEMORY,
        ),
        Regex(
            _LIVE + "|serv[eiě]|remote|host|nodes|machine|máquina|macchin|maschine|maszyn|makine|sunucu|üretim"
            "|сервер|машин|服务器|主机|サーバ|서버|خادم|सर्वर",
            MEMORY,
        ),
    )


def _spans(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Every piece that runs up to the end, then those soon after ``start`` that stop before it and are no syllable."""
    yield from ((first, end) for first in range(start, end - 1))
    yield from ((first, last) for first in range(start, min(start + 6, end - 4)) for last in range(first + 4, end))


def _hops(data: bytes) -> int:
    return HOPS + len(data) // BYTES_A_HOP


def _behind(data: bytes, start: int, end: int) -> int:
    """Where a walk goes on behind a verb: at once behind it, if nothing odd can hide in it."""
    return max(end - 1, start + 1) if data[start:end].translate(_PLAIN).isalpha() else start + 1


def lowered(piece: bytes) -> bytes:
    """A piece of a text in lower case; characters that are cut at its ends are left out."""
    return piece.lower() if piece.isascii() else piece.decode(errors="ignore").lower().replace(DOT, "").encode()


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
