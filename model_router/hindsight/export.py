"""The events of a log for other programs: CSV, or one JSON array; streamed, whatever the size."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TextIO

import msgspec

from model_router.hindsight.past_event import PastEvent

FORMATS = ("csv", "json")
COLUMNS: tuple[str, ...] = tuple(name for name in PastEvent.__struct_fields__ if name != "event")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_csv(events: Iterable[PastEvent], target: TextIO) -> int:
    """A row an event under a row of names; says how many. Lists are joined by ``; ``, scores are ``route=score``.

    What a spreadsheet would take for a formula gets an apostrophe before it: clients may send any name.
    """
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("time_utc", *COLUMNS))
    count = 0
    for event in events:
        count += 1
        writer.writerow((_utc(event.time), *(_cell(getattr(event, name)) for name in COLUMNS)))
        if count % 500 == 0:
            target.write(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
    target.write(buffer.getvalue())
    return count


def export_json(events: Iterable[PastEvent], target: TextIO) -> int:
    """An array of objects, one a line; says how many."""
    count = 0
    target.write("[")
    for event in events:
        target.write(",\n" if count else "\n")
        value = msgspec.to_builtins(event)
        del value["event"]
        target.write(json.dumps(value, ensure_ascii=True))
        count += 1
    target.write("\n]\n")
    return count


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return "'" + value if value.startswith(_FORMULA) else value
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, tuple):
        return _cell("; ".join(map(str, value)))
    return "" if value is None else value


def _utc(when: float) -> str:
    try:
        return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return ""
