"""Events for other programs."""

from __future__ import annotations

import csv
import io
import json

from model_router.hindsight.export import COLUMNS, export_csv, export_json
from model_router.server.events import RequestEvent
from tests.hindsight.past import past_event

EVENTS = [
    past_event(1, reasons=("reads as, code", 'says "x"'), scores={"coding": 0, "simple": -3}, first_byte_ms=None),
    past_event(2, client="=HYPERLINK(1)", error="line\nbreak"),
]


def test_csv_has_every_field_and_no_formula() -> None:
    target = io.StringIO()
    assert export_csv(EVENTS, target) == 2
    first, second = csv.DictReader(io.StringIO(target.getvalue()))
    assert set(COLUMNS) == set(RequestEvent.__struct_fields__)
    assert first["time_utc"] == "2026-01-01T10:00:01.000+00:00"
    assert first["reasons"] == 'reads as, code; says "x"'
    assert first["scores"] == "coding=0; simple=-3"
    assert first["first_byte_ms"] == ""
    assert second["client"] == "'=HYPERLINK(1)"
    assert second["error"] == "line\nbreak"


def test_json_is_one_array_of_the_events() -> None:
    target = io.StringIO()
    assert export_json(EVENTS, target) == 2
    rows = json.loads(target.getvalue())
    assert [row["request_id"] for row in rows] == ["mr-000000000001", "mr-000000000002"]
    assert set(rows[0]) == set(COLUMNS)
    empty = io.StringIO()
    export_json([], empty)
    assert json.loads(empty.getvalue()) == []
