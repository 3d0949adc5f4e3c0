"""Requests that wait for a person, as lines: the list, what is known of one, and what to do while there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from textual.content import Content

from model_router.config.proxy import ApprovalMode, ApprovalsConfig
from model_router.engine.receipt import RISK_WORDS
from model_router.engine.routes import RiskClass
from model_router.server.approvals import Approval, Standing
from model_router.tui.lines import fact, paragraph, spaced, title
from model_router.tui.look import Look
from model_router.tui.text import clean, fit, fit_right

_LOOKS: Mapping[Standing, Look] = MappingProxyType(
    {
        Standing.WAITING: Look("!", "waits", "$text-warning bold"),
        Standing.REFUSED: Look("✗", "refused", "$text-error"),
        Standing.APPROVED: Look("✓", "approved", "$text-success"),
        Standing.DENIED: Look("✗", "denied", "$text-error"),
        Standing.EXPIRED: Look("○", "expired", "$quiet"),
        Standing.LEFT: Look("←", "left", "$quiet"),
    }
)
_DECIDED = frozenset({Standing.APPROVED, Standing.DENIED})
_SHOWN_CUES = 8
_ASKS = 6_000
"""More than a preview has: whoever decides has to see the end, too."""


def is_open(one: Approval) -> bool:
    """Whether somebody can still decide about it."""
    return one.standing not in _DECIDED


def in_order(found: Iterable[Approval]) -> list[Approval]:
    """Those that wait, oldest first; then those that were sent away and can still be let pass; then the decided."""
    return sorted(found, key=lambda one: (one.standing is not Standing.WAITING, one.standing in _DECIDED, one.arrived))


def span(seconds: float) -> str:
    """``42 s``, ``4:05``, ``2 h``: how old, or how long still."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 6_000:
        minutes, rest = divmod(int(seconds), 60)
        return f"{minutes}:{rest:02d}"
    return f"{seconds / 3600:.0f} h"


def words_for(seconds: float) -> str:
    """``5 minutes``, for sentences."""
    count, unit = (seconds / 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{count:.0f} {unit}{'' if round(count) == 1 else 's'}"


def heading(one: Approval) -> str:
    """The section of the list that it stands in."""
    if one.standing is Standing.WAITING:
        return "Waiting"
    return "Decided" if one.standing in _DECIDED else "Sent away"


_NOTES: Mapping[str, str] = MappingProxyType(
    {"Waiting": "age   left", "Sent away": "approved, they pass when sent again", "Decided": "the last minutes"}
)


def row_line(one: Approval, width: int, *, selected: bool, now_left: float | None) -> Content:
    """One line: how it stands, which class, who asks, how old, how long still, and the beginning of its words."""
    look = _LOOKS[one.standing]
    age, left = span(one.age_seconds), span(now_left) if now_left is not None else "-"
    times = f"{fit_right(age, 6)} {fit_right(left, 6)}" if width >= 40 else fit_right(left, 6)
    risk_width = 12 if width >= 60 else 9
    room = width - 13 - risk_width - len(times)
    client_width = min(18, max(8, room // 3)) if room >= 28 else 0
    words = clean(" ".join(one.wish.preview.split()), 300)
    parts: list[Content | tuple[str, str]] = [
        ("› " if selected else "  ", "bold"),
        (fit(f"{look.glyph} {look.word}", 11), look.style),
        (fit(clean(one.wish.risk_class, 30), risk_width - 1) + " ", "bold" if selected else ""),
    ]
    if client_width:
        parts.append((fit(clean(one.wish.client or "-", 60), client_width - 1) + " ", "$quiet"))
    parts.append((fit(words, max(0, room - client_width - 1)) + " ", ""))
    parts.append((times, "$quiet"))
    line = Content.assemble(*parts)
    return line.stylize("on $block-cursor-background") if selected else line


def list_lines(found: Sequence[Approval], chosen: str, width: int) -> tuple[list[Content], int]:
    """The list below its headings, and the number of the chosen line, or -1."""
    lines: list[Content] = []
    at, section = -1, ""
    for one in found:
        if heading(one) != section:
            if lines:
                lines.append(Content())
            section = heading(one)
            lines.append(title(section, width, _NOTES[section] if width >= 60 or section == "Waiting" else ""))
        selected = one.request_id == chosen
        if selected:
            at = len(lines)
        lines.append(row_line(one, width, selected=selected, now_left=one.ttl_seconds))
    return lines, at


def detail_lines(one: Approval, note: str, width: int) -> list[Content]:
    """All that is known of one request: enough to decide about it."""
    wish, look = one.wish, _LOOKS[one.standing]
    by = f" by {clean(one.who, 40)}" if one.who else ""
    requests = "asked for once" if one.requests == 1 else f"asked for {one.requests:,} times"
    waits = f", {one.waiting:,} waiting" if one.waiting else ", nobody is waiting"
    facts: tuple[tuple[str, Content | str], ...] = (
        ("class", _class_line(wish.risk_class)),
        ("client", wish.client or "it gave no name"),
        ("asks", Content(clean(" ".join(wish.preview.split()), _ASKS) or "(no text)")),
        ("with it", clean(", ".join(wish.attachments), 100)),
        ("cues", _cues(wish.cues)),
        ("stands", Content.assemble((f"{look.glyph} {look.word}{by}", look.style), f" · {requests}{waits}")),
        ("request", one.request_id),
        ("said", one.note),
        ("your note", Content.styled(clean(note, 500), "$primary") if note else ""),
    )
    return [title("Request", width), *(line for name, value in facts if value for line in fact(name, value, width))]


def _class_line(risk: str) -> Content:
    try:
        meaning = RISK_WORDS[RiskClass(risk)]
    except ValueError:
        meaning = ""
    return Content.assemble((f"! {clean(risk, 30)}", "$text-warning bold"), f"  {meaning}" if meaning else "")


def _cues(cues: Sequence[str]) -> str:
    shown = " · ".join(f"“{clean(cue, 40)}”" for cue in cues[:_SHOWN_CUES])
    more = len(cues) - _SHOWN_CUES
    return f"{shown} and {more} more" if more > 0 else shown


def empty_lines(settings: ApprovalsConfig | None, width: int) -> list[Content]:
    """What this screen is for, and how requests get here."""
    if settings is None:
        return paragraph("Nothing is served, so nothing waits. 1 shows why.", width)
    head = [Content.styled("✓ No request waits for a person.", "$text-success")]
    if settings.mode is ApprovalMode.HOLD:
        sentence = (
            "Risky requests (destructive, send, purchase, external, ambiguous) wait here until you decide, for "
            f"{words_for(settings.ttl_seconds)} at most. The badge at the top says so on every screen."
        )
        return spaced([head, paragraph(sentence, width, "$quiet")])
    sentence = (
        "approvals.mode is reject: risky requests (destructive, send, purchase, external, ambiguous) are refused at "
        f"once. They are listed here for {words_for(settings.retry_window_seconds)}: what you approve passes when it "
        "is sent again."
    )
    how = "To have them wait for you instead, set approvals.mode to hold: 6 opens the configuration."
    return spaced([head, paragraph(sentence, width, "$quiet"), paragraph(how, width, first="→ ", indent="  ")])
