"""Which parts of an ask are the person's own words, and which they paste, quote or hand over.

Somebody else's words are what stands in a fence, in quoted lines, in a quotation, in a tagged block, and what follows
the first sign of a pasted document: the head of a mail, a stack trace, lines of a log, a dialogue, a form for issues, a
diff. They are the person's own all the same when the person says to run them, and when nothing else is said: quotation
marks around a whole ask shelter nothing.

All offsets are bytes of a text in lower case. Each question looks at a bounded neighbourhood or moves a mark forward,
so that asking in the order of the text costs one pass over it.
"""

from __future__ import annotations

import re

import re2

_RUN = re2.compile(
    r"(?:^|[^a-z'])(?:run|execute|exec|apply|perform|carry out|do (?:this|it|the following)|follow (?:this|these)|"
    r"führe?n? |ausführen|ejecut|exécut|lance|esegui|execut|rode|voer |uitvoeren|uruchom|wykonaj|выполни|запусти|"
    r"виконай|çalıştır|kör |spusť|jalankan|chạy|εκτέλεσε|运行|執行|执行|実行|실행|รัน|चलाओ|चलाइए|شغل|نفذ|הרץ|اجرا)"
    r"[^.!?\n]{0,60}$"
)
_FORBID = re2.compile(
    r"(?:don't|do not|dont|never|without|nicht|no |ne pas|non |не |不要|别)"
    r"\W*(?:ever )?(?:run|execut|apply|perform|do\b)"
)
_MAIL = "to|cc|date|sent|subject|an|datum|gesendet|betreff|para|fecha|asunto|à|objet"
_LABEL = r"[^\s:\n][^:\n]{0,24}:[ \t][^\n]*\n+"
_DOCUMENT = re2.compile(
    r"(?:^|\n)[ \t>*_#-]*(?:"
    r"(?:subject|betreff|asunto|objet|oggetto|assunto|onderwerp|temat|тема|主题|件名|제목|konu|الموضوع)[ \t*_]*[:：]|"
    r"(?:from|to|von|an|de|da|van|od|от)[ \t*_]*:[^\n]*(?:@|\n[ \t>*_]*(?:" + _MAIL + r")[ \t*_]*:)|"
    r"traceback \(most recent call last\)|"
    r"exception in thread|"
    r"(?:steps to reproduce|to reproduce|reproduction steps|describe the bug|expected behaviou?r|actual behaviou?r|"
    r"bug description|current behaviou?r|acceptance criteria|environment)[ \t*_]*:?[ \t]*\n|"
    r"(?:diff --git |index [0-9a-f]{7}|--- a/|\+\+\+ b/|@@ -[0-9])|"
    r"commit [0-9a-f]{40}|"
    r"-{5,}[ \t]*(?:forwarded|original|begin|weitergeleitete|message|mensaje)|"
    r"begin forwarded message|"
    r"\[?[0-9]{4}-[0-9]{2}-[0-9]{2}[t ][0-9]{2}:[0-9]{2}[^\n]*\n\[?[0-9]{4}-[0-9]{2}-[0-9]{2}|"
    r"\[?[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\]?[^\n]*\n\[?[0-9]{1,2}:[0-9]{2}|"
    + 4
    * _LABEL
    + r")|\[[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?\][^\n\[]*\[[0-9]{1,2}:[0-9]{2}|"
    r"(?:^|[.!?\n][ \t]*)(?:[a-z]{2,12}:[ \t][^:\n]+[.!?][ \t]+){2}[a-z]{2,12}:[ \t]"
)
_TURN = re.compile(
    rb"\s*(?:ok(?:ay)?|now|then|after (?:that|this)|once|finally|next|with that|having|nun|dann|jetzt|danach|ahora|"
    rb"luego|maintenant|ensuite|adesso|poi|agora|depois|nu|daarna|teraz|potem|"
    rb"\xd1\x82\xd0\xb5\xd0\xbf\xd0\xb5\xd1\x80\xd1\x8c|\xe7\x84\xb6\xe5\x90\x8e|\xe7\x8e\xb0\xe5\x9c\xa8)\b"
)
_NOTHING_SAID = re.compile(
    rb"(?:[^\w\x80-\xff]|[_\d]|\xe2\x80.|\xe3\x80.|\xc2[\xab\xbb]|\b(?:please|pls|plz|now|do|hey|hi|ok|okay|"
    rb"yes|this|it|the|following|kindly|go|ahead|and|just|immediately|asap|bitte|jetzt|por|favor|ya|svp|prego|nu)\b)*"
)
_QUOTES = tuple(
    (a.encode(), b.encode())
    for a, b in (
        ('"', '"'),
        ("“", "”"),
        ("„", "“"),
        ("«", "»"),
        ("»", "«"),
        ("「", "」"),
        ("『", "』"),
        ("‘", "’"),
        ("‹", "›"),
        ("`", "`"),
    )
)
_PLAIN_QUOTES = tuple(pair for pair in _QUOTES if pair[0].isascii())
_REACH = 600
"""Bytes that a quotation may run on either side of a place."""


class OwnWords:
    """One text. Ask about places in the order in which they stand."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._document = len(data)
        self._looked_to = 0
        self._last = max(data.rfind(b"\n\n"), 0)
        self._fences = 0
        self._fences_to = 0
        self._quotes = _PLAIN_QUOTES if data.isascii() else _QUOTES
        self._tags = b"</" in data

    def foreign_until(self, place: int) -> int | None:
        """None when the words at ``place`` are the person's own, else where those of somebody else end."""
        return (
            self._in_fence(place)
            or self._in_document(place)
            or (self._tags and self._in_tags(place))
            or self._in_quoted_lines(place)
            or self._in_quotation(place)
            or None
        )

    def _in_fence(self, place: int) -> int:
        if place > self._fences_to:
            self._fences += self._data.count(b"```", self._fences_to, place)
            self._fences_to = place
        if self._fences % 2 == 0:
            return 0
        start = self._data.rfind(b"```", 0, place)
        end = self._data.find(b"```", place)
        return self._foreign(start, len(self._data) if end < 0 else end + 3)

    def _in_document(self, place: int) -> int:
        """The last paragraph is the person's again when it takes up the word: "now", "then", "please"."""
        if place > self._looked_to:
            self._looked_to = max(place + LONGEST, 2 * self._looked_to)
            document = _DOCUMENT.search(self._data, 0, self._looked_to)
            self._document = document.start() if document else len(self._data)
        if place <= self._document:
            return 0
        if self._last > self._document and _TURN.match(self._data, self._last):
            return 0 if place >= self._last else self._last
        return len(self._data)

    def _in_tags(self, place: int) -> int:
        end = self._data.find(b"</", place)
        if end < 0:
            return 0
        close = self._data.find(b">", end, end + 64)
        name = self._data[end + 2 : close]
        if close < 0 or not name.replace(b"-", b"").replace(b"_", b"").isalnum():
            return 0
        start = self._data.rfind(b"<" + name, 0, place)
        if start < 0 or self._data.rfind(b"</" + name, start, place) >= 0:
            return 0
        return self._foreign(start, close + 1)

    def _in_quoted_lines(self, place: int) -> int:
        line = self._data.rfind(b"\n", max(0, place - 2000), place) + 1
        if not self._data[line : line + 4].lstrip(b" ").startswith(b">"):
            return 0
        block = _QUOTED_LINES.match(self._data, line)
        end = block.end() if block else place + 1
        start = line
        while start > 0 and line - start < 2000:
            before = self._data.rfind(b"\n", 0, start - 1) + 1
            if not self._data[before : before + 4].lstrip(b" ").startswith(b">"):
                break
            start = before
        return self._foreign(start, max(end, place + 1))

    def _in_quotation(self, place: int) -> int:
        line = max(self._data.rfind(b"\n", max(0, place - _REACH), place) + 1, place - _REACH, 0)
        before = self._data[line:place]
        for opening, closing in self._quotes:
            if before.find(opening) < 0:
                continue
            if opening == closing:
                fence = self._data.count(b"```", line, place) * 3 if opening == b"`" else 0
                if (self._data.count(opening, line, place) - fence) % 2 == 0:
                    continue
                start = self._data.rfind(opening, line, place)
            else:
                start = self._data.rfind(opening, line, place)
                if start < 0 or self._data.rfind(closing, start + len(opening), place) >= 0:
                    continue
            end = self._data.find(closing, place, place + _REACH)
            if end >= 0 and (foreign := self._foreign(start, end + len(closing))):
                return foreign
        return 0

    def _foreign(self, start: int, end: int) -> int:
        """``end``, or 0 when the person says to run what stands there, or says nothing else."""
        before = self._data[max(0, start - 120) : start]
        if _RUN.search(before.rstrip(b" \t\n:")) and not _FORBID.search(before):
            return 0
        if start <= 120 and len(self._data) - end <= 120:
            rest = self._data[:start] + b" " + self._data[end:]
            if _NOTHING_SAID.fullmatch(rest):
                return 0
        return end


_QUOTED_LINES = re.compile(rb"(?: {0,3}>[^\n]*(?:\n|\Z))+")


_FOREIGN = re.compile(
    r"```.*?(?:```|\Z)|\"[^\"\n]{8,600}\"|“[^”]{8,600}”|„[^“”\n]{8,600}[“”]|«[^»]{8,600}»|「[^」]{4,600}」|『[^』]{4,600}』|"
    r"^ {0,3}>[^\n]*|<([a-z][a-z_-]*)[^<>]*>.*?</\1>",
    re.S | re.M,
)
_OPENINGS = ('"', "```", ">", "“", "„", "«", "「", "『")
"""One of them stands in everything that is found by it, and they are found sooner."""

LONGEST = 4_000
"""Characters above which nothing is taken out: what is in doubt then waits for a person."""


def without_foreign_words(ask: str) -> str:
    """What is left of an ask without the words of others.

    It is the ask itself when those are all there is, when the person says to run them, or when it is too long.
    """
    if len(ask) > LONGEST:
        return ask
    document = _DOCUMENT.search(ask.lower())
    if document is not None and document.start() > 0 and not _RUN.search(ask[: document.start()].lower()[-120:]):
        last = max(ask.rfind("\n\n"), document.start())
        return ask[: document.start()] + (ask[last:] if _TURN.match(ask[last:].lower().encode()) else "")
    if not any(map(ask.__contains__, _OPENINGS)):
        return ask
    left = _FOREIGN.sub("…", ask)
    own = left.replace("…", " ").lower()
    if left == ask or (len(own) < 120 and _NOTHING_SAID.fullmatch(own.encode())):
        return ask
    return ask if _RUN.search(left[: left.index("…")].lower().rstrip(" :\n")[-120:]) else left
