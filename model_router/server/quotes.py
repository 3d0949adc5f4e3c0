"""Whether a sentence repeats what a client has sent. Backends quote requests in their errors, and logs keep those."""

from __future__ import annotations

import re

import msgspec

_WORD = re.compile(r"\w+(?:[-.@/:+]\w+)*")
_LARGEST = 1_048_576
_LEFT_OUT = " (its words quote the request and are left out)"


def without_quotes(sentence: str, sent: bytes) -> str:
    """The sentence without what stands in parentheses, or after a colon, when it repeats the request.

    ``sent`` is the JSON that the client sent. Of one that is too large to be looked through, everything counts as
    repeated.
    """
    if not sentence or not sent or not _repeats(sentence, sent):
        return sentence
    cut = min((place for mark in (" (", " to ", ": ") if (place := sentence.find(mark)) > 0), default=0)
    return sentence[:cut] + _LEFT_OUT


def _repeats(sentence: str, sent: bytes) -> bool:
    """Three words in a row, or one that is no plain word: a name, a number, a key."""
    if len(sent) > _LARGEST:
        return True
    try:
        said = msgspec.json.encode(msgspec.json.decode(sent)).decode("utf-8", "replace")
    except (msgspec.MsgspecError, RecursionError):
        said = sent.decode("utf-8", "replace")
    said = said.replace('\\"', '"').replace("\\n", " ")
    words = list(_WORD.finditer(sentence))
    for first, third in zip(words, words[2:], strict=False):
        if sentence[first.start() : third.end()] in said:
            return True
    return any(part in said for word in words for part in _telling(word[0]))


def _telling(word: str) -> list[str]:
    """A word that is no plain one, and its longer parts."""
    if len(word) < 8 or (word.isalpha() and (word.islower() or word.istitle())):
        return []
    return [word, *(part for part in re.split("[/:@]", word) if len(part) >= 8)]
