"""A download as lines: everything a person has to know before saying yes, and how far it is afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from textual.content import Content

from model_router.setup.download.plan import DownloadPlan
from model_router.setup.download.progress import DownloadSnapshot, DownloadState, FileState
from model_router.setup.download.sizes import size_words, time_words
from model_router.tui.lines import fact, paragraph, title
from model_router.tui.text import bar, clean, fit, fit_right

_NEXT: Mapping[DownloadState, str] = MappingProxyType(
    {
        DownloadState.PLANNED: "enter shows the plan and asks; nothing is fetched before a yes",
        DownloadState.APPROVED: "waits for its turn; space pauses, x cancels",
        DownloadState.RUNNING: "space pauses and keeps what has arrived, x cancels",
        DownloadState.PAUSED: "space goes on where it stopped, x cancels",
        DownloadState.VERIFYING: "every byte is hashed before the model is put in place",
        DownloadState.DONE: "u gives it to a route, v checks its files again, f takes it off this list",
        DownloadState.FAILED: "t tries again with what has arrived, x drops it",
        DownloadState.CANCELLED: "t starts again, f takes it off this list",
    }
)
_GLYPHS: Mapping[DownloadState, str] = MappingProxyType(
    {
        DownloadState.PLANNED: "?",
        DownloadState.APPROVED: "◌",
        DownloadState.RUNNING: "↓",
        DownloadState.PAUSED: "‖",
        DownloadState.VERIFYING: "≡",
        DownloadState.DONE: "✓",
        DownloadState.FAILED: "✗",
        DownloadState.CANCELLED: "←",
    }
)
_GATED = {"": "no", "auto": "yes: accept its conditions once", "manual": "yes: its owner lets people in"}


def state_word(snapshot: DownloadSnapshot) -> str:
    """``↓ running``; another process's own word for it."""
    words = "elsewhere" if snapshot.elsewhere else snapshot.state.value
    return f"{_GLYPHS[snapshot.state]} {words}"


def share_words(snapshot: DownloadSnapshot, width: int) -> str:
    """A bar and the part that is here; while files are hashed, the part that is checked."""
    done = snapshot.done
    if snapshot.state is DownloadState.VERIFYING:
        done = sum(file.size if file.state is FileState.READY else file.checked or file.done for file in snapshot.files)
    share = done / snapshot.total if snapshot.total else 1.0
    return f"{bar(share, max(1, width - 5))}{int(share * 100):>4}%"


def left_words(snapshot: DownloadSnapshot) -> str:
    """How long it will still take."""
    return time_words(snapshot.seconds_left) if snapshot.seconds_left is not None else ""


def rate_words(snapshot: DownloadSnapshot) -> str:
    """How fast it comes."""
    return f"{size_words(snapshot.rate)}/s" if snapshot.rate else ""


def download_lines(snapshot: DownloadSnapshot, width: int) -> list[Content]:
    """State, why it stopped, what can be done, the files."""
    plan = snapshot.plan
    lines = [title(fit(clean(plan.model, 80), min(len(clean(plan.model, 80)), max(4, width - 20))), width)]
    if snapshot.failure is not None:
        lines += paragraph(snapshot.failure.message, width, "$text-error", first="✗ ", indent="  ")
        if snapshot.failure.hint:
            lines += paragraph(snapshot.failure.hint, width, first="→ ", indent="  ")
    if snapshot.elsewhere:
        lines += paragraph("Another process is at it; only that one can be told to stop.", width)
    else:
        lines += paragraph(_NEXT[snapshot.state], width, "$quiet")
    for file in snapshot.files:
        done = (
            size_words(file.size) if file.done == file.size else f"{size_words(file.done)} of {size_words(file.size)}"
        )
        notice = f" · {clean(file.notice, 200)}" if file.notice else ""
        lines += paragraph(f"{file.name} · {done} · {file.state.value}{notice}", width, first="- ", indent="  ")
    return [*lines, *fact("to", plan.folder, width), *fact("licence", plan.licence or "not stated", width)]


def plan_lines(plan: DownloadPlan, width: int) -> list[Content]:
    """The whole plan: what, from where, on which terms, to where, and what of the disk is left."""
    disk = "free space unknown"
    if plan.free is not None and plan.free_after is not None:
        disk = f"{size_words(plan.free)} free, {size_words(plan.free_after)} after"
    lines = [title("Fetch this?" if plan.missing else "Verify this?", width)]
    for name, value in (
        ("model", plan.model + (f", for {plan.route}" if plan.route else "")),
        ("repository", plan.repository + (" (private)" if plan.private else "")),
        ("revision", plan.commit),
        ("licence", plan.licence or "not stated"),
        ("gated", _GATED.get(plan.gated, plan.gated)),
        ("to", plan.folder),
        ("size", size_words(plan.total) + plan.arrived),
        ("disk", disk),
    ):
        lines += fact(name, value, width)
    lines += [Content(), title("Files", width, "size  digest")]
    for file in plan.files:
        digest = f"{file.digest.kind} {file.digest.value[:12]}…"
        room = max(8, width - 32)
        lines.append(
            Content.assemble(
                fit(clean(file.name, 400), room),
                fit_right(size_words(file.size), 10),
                (fit_right(clean(digest, 40), max(0, width - room - 10)), "$quiet"),
            )
        )
    for path in plan.replaces:
        lines += paragraph(f"replaces {path}", width, "$text-warning", first="! ", indent="  ")
    for note in plan.notes:
        lines += paragraph(note, width, first="· ", indent="  ")
    return lines
