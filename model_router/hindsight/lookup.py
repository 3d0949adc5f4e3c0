"""One request by its name, found in the log without reading more of it than needed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from model_router.config.wording import clipped, nearest, printable
from model_router.errors import UsageError
from model_router.hindsight.past_event import PastEvent, read_line
from model_router.hindsight.reading import newest_first, raw_newest_first

_NEAR = 5_000
"""The newest requests, among which a mistyped name is looked for."""

_UNDER_WAY = "one that is under way, or waits for a person, comes into it when it has ended"


def find_request(files: Sequence[Path], request_id: str) -> PastEvent:
    """The newest event of a request; ``files`` are given oldest first.

    Raises:
        UsageError: no file has it; the hint names the nearest.
    """
    name = request_id.strip()
    wanted = name.encode("utf-8", "replace")
    for raw in raw_newest_first(files):
        if wanted in raw:
            found = read_line(raw)
            if isinstance(found, PastEvent) and found.request_id == name:
                return found
    shown = clipped(printable(name), 80)
    known = [event.request_id for event in islice(newest_first(files), _NEAR)]
    if not known:
        raise UsageError(f"no request is called {shown}", f"The log holds no request yet; {_UNDER_WAY}.")
    near = nearest(name, known)
    hint = f"Did you mean {near}? " if near else ""
    raise UsageError(
        f"no request is called {shown}",
        f"{hint}`model-router log` lists them; {_UNDER_WAY}, and older ones may have been rotated away.",
    )
