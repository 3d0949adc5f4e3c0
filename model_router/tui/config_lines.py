"""What the Config screen shows, as lines: settings, differences, mistakes, what an edit would change, backups."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len
from textual.content import Content

from model_router.config.settings import HIDDEN, Setting, is_secret
from model_router.errors import Problem
from model_router.hindsight.draft_preview import DraftPreview, Moved
from model_router.tui.config_draft import Checked, Draft
from model_router.tui.lines import fact, paragraph, spaced, title
from model_router.tui.look import route_look
from model_router.tui.text import clean, fit

_KEY_NAME = r"(?:^|[\s{,'\"+-])(?:api_key|key)['\"]?\s*:"
_SECRET_LINE = re.compile(
    rf"""({_KEY_NAME}\s+)(?![|>]?[+-]?\s*(?:\#.*)?$)("[^"]*"|'[^']*'|["'].*|(?:(?!\s\#|\s*$).)+)"""
)
_OPEN_KEY = re.compile(rf"{_KEY_NAME}\s*[|>]?[+-]?\s*(?:\#.*)?$")
_LONGEST_DIFF = 2_000
_BACKUP_TIME = re.compile(r"\.(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)[^.]*\.bak$")


def hide_keys(line: str, before: str = "") -> str:
    """A line of a file in which the value of a key is dots, as many as it has characters.

    ``before`` is the line above it: the value of a key may begin below its name.
    """
    shown = _SECRET_LINE.sub(lambda match: match.group(1) + "•" * len(match.group(2)), line)
    if _OPEN_KEY.search(before) and ":" not in line:
        return re.sub(r"[^\s+-]", "•", shown)
    return shown


def status_lines(draft: Draft, checked: Checked | None, view: str, locked: str, width: int) -> list[Content]:
    """Which file, which view, whether it is edited, what is wrong with it, and why nothing is written from here."""
    edited = f"* {len(draft.differences()) or 'some'} changed" if draft.changed else "as it stands"
    if checked is None:
        well: tuple[str, str] = ("◌ reading", "$quiet")
    elif checked.problems:
        count = len(checked.problems)
        well = (f"✗ {count} mistake{'s' if count > 1 else ''}, n goes there", "$text-error bold")
    else:
        well = ("" if draft.problem else "✓ no mistakes", "$text-success")
    packaged = " (packaged)" if draft.packaged else ""
    why = (f" · {locked}" if width >= 100 else " · read only") if locked else ""
    rest = Content.assemble(
        (f"  {view.upper()}", "$primary"),
        (f"  {edited}", "$text-warning bold" if draft.changed else "$quiet"),
        ("  " if well[0] else "", ""),
        well,
        (why, "$quiet"),
    )
    where = clean(str(draft.path), 120) + packaged
    if width < 100 or len(where) + rest.cell_length > width:  # which folder it is says less than all the others do
        where = clean(draft.path.name, 120) + packaged
    return [Content.styled(where, "bold") + rest]


_LEAST_DOC = 12
"""Cells below which what a setting means is not worth a column."""


def setting_lines(
    rows: Sequence[Setting], chosen: int, changed: frozenset[str], width: int
) -> tuple[list[Content], int]:
    """The form, a heading for each section; and the number of the chosen line, or -1."""
    lines: list[Content] = []
    at, section = -1, ""
    longest = max((len(one.path[-1]) for one in rows), default=0)
    name_width = min(34, max(16, width * 2 // 5), max(16, longest + 1))
    value_width = min(20, max(8, (width - name_width) // 3))
    room = width - name_width - value_width - 4
    if room <= _LEAST_DOC:
        room, value_width = 0, width - name_width - 3
    for number, one in enumerate(rows):
        here = _section_of(one)
        if here != section:
            section = here
            if lines:
                lines.append(Content())
            lines.append(title(clean(section, 60), width, _SECTION_NOTES.get(section, "") if width >= 60 else ""))
        picked = number == chosen
        if picked:
            at = len(lines)
        mark = "›" if picked else " "
        value = one.value if one.is_set else one.default or "-"
        shown = clean(value, 200)
        beyond = room + 1 if room and cell_len(shown) > value_width else 0  # a long value matters more than its words
        style = "$text-warning bold" if one.name in changed else "" if one.is_set else "$quiet"
        line = Content.assemble(
            (f"{mark}{'*' if one.name in changed else ' '}", "bold"),
            (fit(clean(one.path[-1], 80), name_width), "bold" if picked else ""),
            " ",
            (fit(shown, value_width + beyond), style),
            (f" {fit(one.doc, room)}" if room and not beyond else "", "$quiet"),
        )
        lines.append(line.stylize("on $block-cursor-background") if picked else line)
    return lines, at


def setting_at(rows: Sequence[Setting], line: int) -> int | None:
    """Which setting stands in a line of the form; None for headings and what is between them."""
    at, section = -1, ""
    for number, one in enumerate(rows):
        here = _section_of(one)
        if here != section:
            at += 2 if section else 1
            section = here
        at += 1
        if at == line:
            return number
    return None


def _section_of(one: Setting) -> str:
    return ".".join(one.path[:-1]) or "file"


_SECTION_NOTES: Mapping[str, str] = {
    "engine_backends": "engine: the backend that serves it",
    "routing_targets": "route: the engine it goes to",
}


def about_setting(one: Setting, width: int) -> list[Content]:
    """What is known of the setting under the cursor, in two lines at most."""
    takes = f"takes {' '.join(one.allowed)}" if one.allowed else {"list": "a list: [one, two]"}.get(one.kind, one.kind)
    stands = "in the file" if one.is_set else "not in the file"
    default = f" · without it: {one.default}" if one.default else ""
    words = f"{one.name}: {one.doc or 'a name of yours'} · {takes} · {stands}{default}"
    return paragraph(words, width, "$quiet", limit=400)[:2]


def setting_facts(one: Setting, width: int) -> list[Content]:
    """The same for a column beside the settings: what it is, what it takes, where it stands."""
    takes = " ".join(one.allowed) or {"list": "a list: [one, two]"}.get(one.kind, one.kind)
    lines = [title(fit(clean(one.name, 200), min(len(clean(one.name, 200)), max(8, width - 4))), width)]
    lines += paragraph(one.doc or "a name of yours", width)
    lines += fact("takes", takes, width)
    lines += fact("stands", f"in line {one.line}" if one.is_set and one.line else "not in the file", width)
    return lines + (fact("without it", one.default, width) if one.default else [])


def mistake_lines(checked: Checked | None, width: int, most: int) -> list[Content]:
    """The mistakes and warnings, a place and a sentence each; how many more there are."""
    if checked is None:
        return []
    found = [(one, "✗", "$text-error") for one in checked.problems]
    found += [(one, "!", "$text-warning") for one in checked.warnings]
    shown = found if len(found) <= most else found[: max(1, most - 1)]
    lines = [
        Content.styled(fit(f"{glyph} {place(one)}{clean(sentence(one), 400)}", width), style)
        for one, glyph, style in shown
    ]
    if len(found) > len(shown):
        lines.append(Content.styled(f"  and {len(found) - len(shown)} more", "$quiet"))
    return lines


def place(one: Problem) -> str:
    """``12:5 `` or nothing."""
    return f"{one.line}:{max(1, one.column)} " if one.line else ""


def sentence(one: Problem) -> str:
    """The mistake without its file: where, what, what is allowed, what was probably meant."""
    path = f"{one.path}: " if one.path else ""
    found = f"; found {one.found}" if one.found else ""
    near = f"; did you mean {one.nearest!r}?" if one.nearest else ""
    allowed = f"; allowed: {one.allowed}" if one.allowed else ""
    return f"{path}{one.message}{found}{near}{allowed}"


def change_lines(draft: Draft, width: int) -> list[Content]:
    """What differs from the file, first in words, then line by line."""
    if not draft.changed:
        words = "The draft is what the file says. enter changes a setting, t opens the text."
        return paragraph(words, width, "$quiet")
    settings = [
        Content.assemble(
            (fit(clean(name, 80), min(40, width // 2)), "bold"),
            (f" {_shown(name, before)}", "$quiet"),
            " → ",
            (_shown(name, now), "$text-warning bold"),
        )
        for name, before, now in draft.differences()
    ]
    diff = draft.diff()
    added = sum(line.startswith("+") for line in diff)
    taken = sum(line.startswith("-") for line in diff)
    lines = [_diff_line(line, above, width) for above, line in zip(["", *diff], diff[:_LONGEST_DIFF], strict=False)]
    return spaced(
        [
            [title("Settings that change", width, str(len(settings))), *settings] if settings else [],
            [title("Lines", width, f"{added} added, {taken} taken out"), *lines],
        ]
    )


def _shown(name: str, value: str) -> str:
    return (HIDDEN if is_secret(name) and value else clean(value, 120)) or "(not set)"


def _diff_line(line: str, above: str, width: int) -> Content:
    shown = clean(hide_keys(line, above), 400)
    if line.startswith("@@"):
        return Content.styled(fit(shown, width), "$quiet")
    style = "$text-success" if line.startswith("+") else "$text-error" if line.startswith("-") else "$quiet"
    return Content.styled(fit(shown, width), style)


def preview_lines(found: DraftPreview | None, problem: str, busy: bool, width: int) -> list[Content]:
    """What the edit would change about the newest requests."""
    if busy:
        return [Content.styled("The newest requests are decided again …", "$quiet")]
    if found is None:
        return paragraph(problem or "p decides the newest requests again, by the draft.", width, "$quiet")
    if not found.read:
        return paragraph("The log holds no request yet, so there is nothing to decide again.", width, "$quiet")
    count = len(found.rows)
    would = (
        f"{count} of {found.replayed} would go elsewhere" if count else f"None of {found.replayed} would go elsewhere"
    )
    head = [Content.styled(would, "bold $text-warning" if count else "bold $text-success")]
    for reason, number in found.skipped.items():
        head += paragraph(f"{number} could not be decided again: {reason}.", width, "$quiet", first="- ", indent="  ")
    served = [
        Content(clean(f"{engine}: {one or 'no backend'} → {other or 'no backend'}, {number} requests", 200))
        for (engine, one, other), number in sorted(found.backends.items(), key=lambda pair: -pair[1])
    ]
    return spaced(
        [
            head,
            [title("Served elsewhere", width, "engine: backend → backend"), *served] if served else [],
            [title("Going elsewhere", width, "newest first"), *(_moved_line(row, width) for row in found.rows)]
            if count
            else [],
        ]
    )


_VERDICTS: Mapping[str, tuple[str, str]] = {
    "fixed": ("✓ as labelled", "$text-success"),
    "broken": ("✗ against its label", "$text-error"),
}


def _moved_line(row: Moved, width: int) -> Content:
    when = time.strftime("%m-%d %H:%M:%S" if width >= 60 else "%H:%M", time.localtime(min(max(0.0, row.time), 4e9)))
    word, style = _VERDICTS.get(row.verdict, ("", ""))
    look = route_look(row.route_then)
    room = max(21, width - len(when) - 3 - (20 if width >= 90 else 2))
    parts: list[Content | tuple[str, str] | str] = [
        (f"{when} ", "$quiet"),
        fit(clean(row.now, 60), room // 2 - 1),
        (" → ", "$quiet"),
        (fit(f"{clean(row.then, 60)} {look.glyph}", room - room // 2), "bold"),
    ]
    if word:
        parts.append((f" {word if width >= 90 else word[0]}", style))
    return Content.assemble(*parts)


def backup_lines(found: Sequence[Path], chosen: int, width: int) -> tuple[list[Content], int]:
    """Earlier states of the file, newest first; and the number of the chosen line, or -1."""
    if not found:
        words = "There is no earlier state yet: each time an edit is applied, what stood there stays beside it."
        return paragraph(words, width, "$quiet"), -1
    lines = [title("Earlier states", width, "enter makes one the draft; w then applies it")]
    for number, path in enumerate(found):
        picked = number == chosen
        parts: list[str | tuple[str, str]] = [("› " if picked else "  ", "bold")]
        when = backup_time(path)
        parts += [(when, "bold" if picked else ""), "  "] if when else []
        line = Content.assemble(*parts, (fit(clean(path.name, 200), max(8, width - 2 - 21 * bool(when))), "$quiet"))
        lines.append(line.stylize("on $block-cursor-background") if picked else line)
    return lines, chosen + 1


def backup_time(path: Path) -> str:
    """When an earlier state was put aside, from its name; empty when that does not say."""
    found = _BACKUP_TIME.search(path.name)
    return "{}-{}-{} {}:{}:{}".format(*found.groups()) if found is not None else ""
