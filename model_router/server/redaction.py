"""Secrets out of texts that are kept. Patterns are linear: no text can make them slow.

Known shapes go wherever they stand; a value without a shape of its own goes when its name says what it is. Hashes,
identifiers, versions and code that only speaks of secrets stay, so that a preview can still be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from model_router.server.secret_shapes import BLOCKS, KEY, PUBLIC, RANDOM, RULES, WORD, Rule

_CARD_GAPS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}.\N{EN DASH}-"
_DIGITS = re.compile(rf"(?<!\d)\d(?:[{_CARD_GAPS}]{{0,2}}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_DIGITS_OF_CARDS = {13: "4", 14: "3", 15: "3", 16: "23456", 17: "456", 18: "456", 19: "456"}
_LONGEST_CARD = 19
_DOTTED_CARDS = frozenset({(4, 4, 4, 4), (4, 6, 5)})
_LEAST_MIXED = 0.42
_LEAST_RANDOM = 32


def redact(text: str) -> str:
    """The text with keys, tokens, cookies, passwords, mail addresses and card numbers replaced by
    ``[redacted: kind]``.
    """
    if not text:
        return text
    text = _apply(BLOCKS, text)
    text = WORD.sub(lambda match: KEY.sub("[redacted: key]", match[0]), text)
    text = _apply(RULES, text)
    text = WORD.sub(_without_random, text)
    return _DIGITS.sub(_without_cards, text)


def _apply(rules: Iterable[Rule], text: str) -> str:
    lower = text.lower()
    for rule in rules:
        if any(needle in lower for needle in rule.needles):
            text = rule.pattern.sub(rule.replacement, text)
    return text


def _without_random(match: re.Match[str]) -> str:
    """A run of letters that keys are made of, without what only dice can have made."""
    word = match[0]
    if len(word) < _LEAST_RANDOM or PUBLIC.search(word):
        return word
    return RANDOM.sub(lambda found: "[redacted: token]" if _is_random(found[0]) else found[0], word)


def _is_random(text: str) -> bool:
    """Small letters, capitals and digits as mixed as only dice make them: in a name that somebody made up, neighbours
    are mostly of one kind; among letters that were drawn, six of ten are not.
    """
    kinds = ["d" if letter.isdigit() else "u" if letter.isupper() else "l" for letter in text if letter.isalnum()]
    if not {"d", "u", "l"} <= set(kinds):
        return False
    changes = sum(one != other for one, other in pairwise(kinds))
    return changes >= _LEAST_MIXED * len(kinds)


def _without_cards(match: re.Match[str]) -> str:
    """A run of digits in groups, without the card numbers among them: other numbers may stand right beside one."""
    text = match[0]
    groups = list(_GROUP.finditer(text))
    pieces: list[str] = []
    done = first = 0
    while first < len(groups):
        last = _card_from(text, groups, first)
        if last is None:
            first += 1
            continue
        pieces += [text[done : groups[first].start()], "[redacted: card]"]
        done = groups[last].end()
        first = last + 1
    return "".join([*pieces, text[done:]])


def _card_from(text: str, groups: list[re.Match[str]], first: int) -> int | None:
    """The last group of a card number that begins with a group; None when none does."""
    found: int | None = None
    digits, sizes = "", list[int]()
    for place in range(first, len(groups)):
        group = groups[place][0]
        if sizes and min(sizes) < 3:
            break  # numbers of one or two digits in a row are no card's
        digits, sizes = digits + group, [*sizes, len(group)]
        if len(digits) > _LONGEST_CARD:
            break
        if _is_card(digits) and (
            "." not in text[max(groups[first].start() - 1, 0) : groups[place].end()] or tuple(sizes) in _DOTTED_CARDS
        ):
            found = place
    return found


def _is_card(digits: str) -> bool:
    """The first digit and the length of payment cards, and their check digit (Luhn)."""
    values = [int(digit) for digit in digits]
    if str(values[0]) not in _DIGITS_OF_CARDS.get(len(values), ""):
        return False
    total = sum(values[-1::-2]) + sum(sum(divmod(2 * value, 10)) for value in values[-2::-2])
    return total % 10 == 0 and len(set(values)) > 1
