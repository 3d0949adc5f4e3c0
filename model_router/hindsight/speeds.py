"""How fast the models of this machine really wrote: what a recommendation takes in place of its estimate."""

from __future__ import annotations

from itertools import islice
from urllib.parse import urlsplit

import msgspec

from model_router.config.proxy_file import is_loopback
from model_router.hindsight.event_files import LogPlace, event_files
from model_router.hindsight.reading import newest_first
from model_router.setup.fit.measured import calibrate

NEWEST = 5_000
"""So many requests are looked at: older ones may come from another machine's models or other settings."""


def measured_speeds(place: LogPlace) -> dict[str, float]:
    """Tokens a second by model name, from the newest events of backends on this machine; empty without a log.

    Without a proxy file nobody knows which backends are on this machine, so nothing counts.
    """
    if place.config is None:
        return {}
    here = {
        name
        for name, backend in place.config.backends.items()
        if is_loopback(urlsplit(backend.base_url).hostname or "")
    }
    newest = islice(newest_first(event_files(place.path)), NEWEST)
    return calibrate((msgspec.structs.asdict(event) for event in newest), backends=here)
