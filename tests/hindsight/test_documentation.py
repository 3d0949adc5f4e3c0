"""The page about events is true."""

from __future__ import annotations

import re
from pathlib import Path

from model_router.hindsight.filter import parse_filter
from model_router.server.events import RequestEvent

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text("utf-8")


def test_every_field_is_explained_and_none_besides() -> None:
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = re.findall(r"`(\w+)`", " ".join(rows))
    assert sorted(named) == sorted(RequestEvent.__struct_fields__)


def test_its_filter_can_be_read() -> None:
    (example,) = re.findall(r"`(route:coding status.*?)`", PAGE)
    assert len(parse_filter(example).terms) == 5
