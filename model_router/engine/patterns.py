"""The tables of :mod:`orders` as regular expressions for RE2.

An order is a verb at a place where an order can begin and a thing further on in the clause, or, in languages that end
with the verb, the other way round. The patterns keep no count of words, so their automata stay small and a text costs
the same for each byte, whatever it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from model_router.engine.orders.shell import SHELL
from model_router.engine.orders.tongue import Acts, Things, Tongue
from model_router.engine.vocabulary import letters

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
_WHITE = r"[\s\x0b\x1c-\x1f\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]"
_NOTHING = r"[^\x{0}-\x{10ffff}]"
_AMOUNTS = (r"[$€£₽₹₺₴¥][0-9]*", r"[0-9.,]+[$€£₽₹₺₴¥k]")
_AFTER_LAST = (
    "bitte danke sofort jetzt lütfen hemen şimdi 주세요 줘 지금 빨리 바로 alsjeblieft aub graag nu meteen अभी तुरंत "
    "प्लीज कृपया لطفا لطفاً"
)
_AFTER_CLOSE = (
    "ください 下さい くれ ほしい 欲しい もらえ いただけ お願い おいて ちょうだい よ ね 吧 掉 一下 谢谢 了 给 到"
)


class Clauses:
    """What clauses that order look like in tongues of one script. ``guests`` lend their things: languages mix."""

    def __init__(self, tongues: Sequence[Tongue], guests: Sequence[Tongue] = ()) -> None:
        self._spaced = [tongue for tongue in tongues if tongue.spaced]
        self._closed = [tongue for tongue in tongues if not tongue.spaced]
        self._ending = [tongue for tongue in self._spaced if tongue.last != Acts()]
        self._guests = guests
        link = _any(_gather(self._spaced, "link"))
        lead = _any(_gather(self._spaced, "begin") + _gather(self._spaced, "link"))
        self._begin = rf"(?:{_CLAUSE}|[{_SOFT}{_END}](?:{link})[{_SOFT}]+)(?:(?:{lead})[{_SOFT}]+)*"
        self._first = _any(_gather(self._spaced, "first"), tail=_REST)
        self._last = _any(_gather(self._ending, "last"), tail=_REST)
        self._close = rf"[{_SOFT}]*(?:[{_END},]|$|(?:{_AFTER_LAST.replace(' ', '|')}))"
        link = _any(_gather(self._closed, "link"))
        lead = _any(_gather(self._closed, "begin") + _gather(self._closed, "link"))
        self._closed_begin = rf"(?:{_CLAUSE}|(?:{link})[{_SOFT}]*)(?:(?:{lead})[{_SOFT}]*)*"
        self._closed_first = _any(_gather(self._closed, "first"))
        self._closed_last = _any(_gather(self._closed, "last"))
        self._closed_close = rf"(?:{_AFTER_CLOSE.replace(' ', '|')}|[{_SOFT}{_END},]|$)"

    @property
    def may_end_with_verb(self) -> bool:
        """Whether an order may begin with its thing."""
        return bool(self._ending or self._closed)

    def order(self) -> str:
        """An order. Groups: verb and thing, thing and verb; the same where words are not parted; a command."""
        gap = rf"(?:[{_SOFT}]{_GAP}*?)??[{_SOFT}]"
        things = self._things([*self._spaced, *self._guests])
        verb_first = rf"{self._begin}({self._first}){gap}({things}){_EDGE}"
        things = self._things([*self._ending, *self._guests]) if self._ending else _NOTHING
        verb_last = rf"(?:^|[{_SOFT}{_END}])({things}){gap}({self._last}){self._close}"
        things = _any(_gather([*self._closed, *self._guests], "things")) if self._closed else _NOTHING
        closed_first = rf"{self._closed_begin}({self._closed_first}){_GAP}*?({things})"
        closed_last = rf"({things}){_GAP}*?({self._closed_last}){self._closed_close}"
        shell = rf"(?:{self._begin}|[`$#]\s*)({SHELL})"
        return "|".join((verb_first, verb_last, closed_first, closed_last, shell))

    def opening(self) -> str:
        """What every order holds: a verb where an order can begin or end, or a command."""
        verb_first = rf"{self._begin}(?:(?:{self._first})[{_SOFT}]|{SHELL})"
        verb_last = rf"[{_SOFT}](?:{self._last}){self._close}"
        closed_first = rf"{self._closed_begin}(?:{self._closed_first})"
        closed_last = rf"(?:{self._closed_last}){self._closed_close}"
        return "|".join((verb_first, verb_last, closed_first, closed_last, rf"[`$#]\s*(?:{SHELL})"))

    def _things(self, tongues: Sequence[Tongue]) -> str:
        return _any([*_gather(tongues, "things"), *_AMOUNTS], tail=_REST)


def standing_alone(words: Iterable[str]) -> str:
    """Any of the words, with white space around it."""
    return rf"(?:^|{_WHITE})(?:{'|'.join(sorted(words))})(?:{_WHITE}|$)"


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


def bounded(entries: str, spaced: bool) -> str:
    """Any of the words, standing alone where the language parts words."""
    words = letters(entries, strict=True).split()
    if not spaced or not words:
        return "|".join(words) or _NOTHING
    return rf"(?:^|[{_SOFT}{_END}])(?:" + "|".join(w[:-1] if w[-1] == "*" else w + _EDGE for w in sorted(words)) + ")"
