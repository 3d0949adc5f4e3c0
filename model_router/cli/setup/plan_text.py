"""A download plan in words, before somebody approves it."""

from __future__ import annotations

from model_router.cli.output import columns
from model_router.setup.download.plan import DownloadPlan
from model_router.setup.download.sizes import size_words


def plan_lines(plan: DownloadPlan) -> list[str]:
    """Everything that a person has to know before saying yes."""
    rows = [
        ("repository", plan.repository + (" (private)" if plan.private else "")),
        ("revision", plan.commit),
        ("licence", plan.licence or "not stated"),
        ("gated", _gated(plan.gated)),
        ("to", plan.folder),
        ("size", size_words(plan.total) + plan.arrived),
        ("disk", _disk(plan)),
    ]
    lines = [f"{plan.model}" + (f" for {plan.route}" if plan.route else "")]
    lines += columns(rows)
    lines += columns(
        [
            (size_words(file.size).rjust(8), file.name, f"{file.digest.kind} {file.digest.value[:16]}…")
            for file in plan.files
        ],
        indent="    ",
    )
    lines += [f"  replaces {path}" for path in plan.replaces]
    lines += [f"  note: {note}" for note in plan.notes]
    return lines


def _gated(gated: str) -> str:
    return {"": "no", "auto": "yes: accept its conditions once", "manual": "yes: its owner lets people in"}.get(
        gated, gated
    )


def _disk(plan: DownloadPlan) -> str:
    if plan.free is None or plan.free_after is None:
        return "free space unknown"
    return f"{size_words(plan.free)} free, {size_words(plan.free_after)} after"
