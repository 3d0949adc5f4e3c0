"""``model-router telemetry``: what the event log says, summed up; what to look at; and all of it for other programs."""

from __future__ import annotations

import click

from model_router.cli.lazy import LazyGroup

_TABLE = {
    "summary": ("telemetry_summary", "Counts, rates, latencies and tokens."),
    "review": ("telemetry_review", "Requests that were probably routed wrongly."),
    "export": ("telemetry_export", "Every event as CSV or JSON."),
}


@click.group(cls=LazyGroup, table=_TABLE, context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Summarise, review or export the event log. The gateway need not run."""
