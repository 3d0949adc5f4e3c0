"""Which rules read an ask: those of the scripts that it is written in, and of English alone where that is enough."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from model_router.engine.orders.common import DOT, NOT_ENGLISH
from model_router.engine.spelling import LONG, MEMORY, ODD_PLACE
from model_router.engine.words import kind

if TYPE_CHECKING:
    from model_router.engine.orders.tongue import Tongue
    from model_router.engine.regex import Regex
    from model_router.engine.rules import Rules, Seen

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

_LATIN_ALONE = kind(bytes({*range(256)} - {*_INDIC, *b"".join(firsts for _, firsts in _SCRIPTS)}))
"""No letter of another script."""

_ACCENTED = b"\xc3\xc4\xc5\xc6"
"""First bytes of accented Latin letters."""

_VIETNAMESE = re.compile(b"\xe1[\xba\xbb]")

_NO_LATIN = kind(bytes({*range(256)} - {*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ{"}))
"""No Latin letter, and no command of the shell without one."""

_UNCASED = kind(bytes({*range(256)} - {*range(0xC3, 0xD6), 0xE1}))
"""Scripts whose letters have one case, or are not in the tables. The signs of Kelvin and Angstrom are the exception."""

_ASCII = bytes(range(128))
_MOVING = frozenset(DOT + "Σ")
"""What is left out in lower case, and the letter whose small form depends on its place."""

_FEW = 100
"""Different letters that are not in ASCII, up to which it is quicker to put each in lower case by itself."""

SAMPLE = 300
"""Characters at the head, in the middle and at the tail of a long ask in which the common words of other languages are
counted. Up to three times as long, an ask is read in full."""

_SHARE = 10
"""In a long ask one word in so many has to be one of them; a few stand in every English text."""


class RuleBook:
    """Rules by script; their tables are loaded when the first is asked for. Thread-safe."""

    def __init__(self, tongues: Sequence[Tongue] | None = None) -> None:
        self._tongues = tongues
        self._rules: dict[str, Rules] = {}

    def script(self, name: str) -> Rules:
        """The rules for one script, or for "english"."""
        rules = self._rules.get(name)
        if rules is None:
            from model_router.engine.orders.english import ENGLISH
            from model_router.engine.orders.tongues import TONGUES
            from model_router.engine.rules import Rules

            tongues = [tongue for tongue in self._tongues or TONGUES if tongue.script == name]
            if name == "english":
                rules = Rules([ENGLISH], odd=ODD_PLACE, foreign=NOT_ENGLISH)
            else:
                rules = Rules(tongues, odd=ODD_PLACE) if name == "latin" else Rules(tongues, guests=(ENGLISH,))
            self._rules[name] = rules
        return rules

    def glance(self, ask: str, data: bytes) -> list[tuple[Rules, Seen]]:
        """The rules that see something to look at in an ask, also given in UTF-8, and what they see.

        Only those for Latin letters look for odd spellings, and only they do so in other scripts; of a short ask that
        is in another script they are not asked.
        """
        if data.isascii():
            looks = [self._glance_at_latin(ask, data, b"")]
        else:
            if "İ" in ask or DOT in ask:
                data = lower(ask, data)[0]
            wide = beyond_ascii(data)
            looks = [(rules, rules.glance(data)) for rules in self._other_scripts(wide)]
            if len(ask) > LONG or not data.translate(_NO_LATIN).isalpha():
                looks.insert(0, self._glance_at_latin(ask, data, wide))
        return [(rules, seen) for rules, seen in looks if seen.order is not None or seen.odd]

    def readers(self, ask: str, data: bytes) -> Iterator[Rules]:
        """All the rules that an ask, also given in UTF-8, is to be read by."""
        wide = beyond_ascii(data)
        other = _is_accented(wide) or self._speaks_more_than_english(ask)
        yield self.script("latin" if other else "english")
        yield from self._other_scripts(wide)

    def _glance_at_latin(self, ask: str, data: bytes, wide: bytes) -> tuple[Rules, Seen]:
        short = len(ask) <= 3 * SAMPLE
        if not _is_accented(wide) and (short or not self._speaks_more_than_english(ask)):
            english = self.script("english")
            seen = english.glance(data, heed_foreign=short)
            if not (seen.foreign or (short and seen.order is not None and self._speaks_more_than_english(ask))):
                return english, seen
        latin = self.script("latin")
        return latin, latin.glance(data)

    def _other_scripts(self, wide: bytes) -> Iterator[Rules]:
        if not wide or wide.translate(_LATIN_ALONE).isalpha():
            return
        for script, firsts in _SCRIPTS:
            if any(map(wide.__contains__, firsts)):
                yield self.script(script)
        indic = wide.find(_INDIC)
        if indic >= 0:
            yield self.script("devanagari" if wide[indic + 1] < 0xA8 else "thai")

    def _speaks_more_than_english(self, ask: str) -> bool:
        """Whether an ask without accents may be in or mixed with another language in Latin letters.

        English is quicker alone, and most asks need no more.
        """
        if len(ask) <= 3 * SAMPLE:
            return not NOT_ENGLISH.isdisjoint(ask.lower().split())
        middle = len(ask) // 2
        text = f"{ask[:SAMPLE]} {ask[middle : middle + SAMPLE]} {ask[-SAMPLE:]}"
        if self._common_word.search(text.encode()) is None:
            return False
        sample = text.lower().split()
        return sum(map(NOT_ENGLISH.__contains__, sample)) * _SHARE > len(sample)

    @cached_property
    def _common_word(self) -> Regex:
        from model_router.engine.patterns import standing_alone
        from model_router.engine.regex import Regex

        return Regex("(?i)" + standing_alone(NOT_ENGLISH), MEMORY)


def beyond_ascii(data: bytes) -> bytes:
    """The bytes of all letters that are not in ASCII: few in most texts, and all that tells one script from another."""
    return b"" if data.isascii() else data.translate(None, _ASCII)


def lower(ask: str, data: bytes) -> tuple[bytes, bool]:
    """An ask in lower case and in UTF-8, and whether its bytes stand where they stood in ``data``."""
    wide = beyond_ascii(data)
    if not wide or (wide.translate(_UNCASED).isalpha() and "\u212a" not in ask and "\u212b" not in ask):
        return data.lower(), True
    letters = set(wide.decode())
    capitals = [(letter, letter.lower()) for letter in letters if letter != letter.lower()]
    if (
        len(letters) > _FEW
        or not letters.isdisjoint(_MOVING)
        or any(len(letter.encode()) != len(small.encode()) for letter, small in capitals)
    ):
        return ask.lower().replace(DOT, "").encode(), False
    lowered = data.lower()
    for letter, small in capitals:
        lowered = lowered.replace(letter.encode(), small.encode())
    return lowered, True


def not_english(ask: str) -> bool:
    """Whether an ask is not in English, as far as its letters and its first words tell."""
    text = ask.lower()
    return not text.isascii() or not NOT_ENGLISH.isdisjoint(text[:SAMPLE].split())


def _is_accented(wide: bytes) -> bool:
    return bool(wide) and (any(map(wide.__contains__, _ACCENTED)) or _VIETNAMESE.search(wide) is not None)
