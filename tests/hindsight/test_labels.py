"""Labels are written whole, kept private, and checked."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from model_router.errors import ServerError, UsageError
from model_router.hindsight.labels import Label, append_label, check_engine, label_file, read_labels
from model_router.hindsight.lookup import find_request
from model_router.router import ModelRouter
from tests.hindsight.past import past_event, write_log


def label(name: str, engine: str) -> Label:
    return Label(time=1.0, request_id=name, engine=engine, config_hash="c", ruleset_version="r", notes="why: ü")


def test_a_label_is_one_line_for_its_owner_alone(tmp_path: Path) -> None:
    path = label_file({"MODEL_ROUTER_HOME": str(tmp_path / "home")})
    assert path == tmp_path / "home" / "routing-feedback.jsonl"
    append_label(path, label("mr-1", "code_agent"))
    append_label(path, label("mr-2", "fast_local"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text("utf-8").splitlines()[0]) == {
        "time": 1.0,
        "request_id": "mr-1",
        "engine": "code_agent",
        "config_hash": "c",
        "ruleset_version": "r",
        "notes": "why: ü",
    }


def test_the_newest_label_counts_and_broken_lines_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(b"half a line")
    append_label(path, label("mr-1", "code_agent"))
    append_label(path, label("mr-1", "fast_local"))
    labels, broken = read_labels(path)
    assert (labels["mr-1"].engine, broken) == ("fast_local", 1)
    assert read_labels(tmp_path / "none") == ({}, 0)


def test_a_note_is_kept_without_the_secrets_in_it(tmp_path: Path) -> None:
    said = Label(time=1.0, request_id="mr-1", engine="codex", notes="it had password=hunter22 in it")
    kept = append_label(tmp_path / "labels", said)
    assert kept.notes == "it had password=[redacted: secret] in it"
    assert read_labels(tmp_path / "labels")[0]["mr-1"] == kept


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerError, match="cannot be written"):
        append_label(tmp_path / "file" / "labels", label("mr-1", "code_agent"))
    with pytest.raises(UsageError, match="at most 2,000"):
        append_label(tmp_path / "labels", Label(time=1.0, request_id="r", engine="e", notes="x" * 3_000))
    assert not (tmp_path / "labels").exists()


def test_an_engine_that_is_not_known_gets_the_nearest(router: ModelRouter) -> None:
    assert check_engine(" code_agent ", router.catalog) == "code_agent"
    with pytest.raises(UsageError) as caught:
        check_engine("code_agnet", router.catalog)
    assert "did you mean 'code_agent'?" in caught.value.hint


def test_a_request_is_found_by_its_name_in_any_file(tmp_path: Path) -> None:
    old = write_log(tmp_path / "e.1", [past_event(1), past_event(2, engine="older")])
    new = write_log(tmp_path / "e", [past_event(3), past_event(2, engine="newer")])
    assert find_request([old, new], "mr-000000000001").time == past_event(1).time
    assert find_request([old, new], " mr-000000000002 ").engine == "newer"
    with pytest.raises(UsageError) as caught:
        find_request([old, new], "mr-000000000013")
    assert "Did you mean mr-00000000000" in caught.value.hint
    assert "waits for a person" in caught.value.hint, "what is held has no line yet"
    with pytest.raises(UsageError, match="no request is called \\\\x1b"):
        find_request([old, new], "\x1b[31m")
