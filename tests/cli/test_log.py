"""``log``, ``explain``, ``feedback``, ``replay`` and ``telemetry``, as a person runs them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import yaml

from model_router.config.files import packaged_catalog
from model_router.hindsight.filter import FIELDS
from model_router.router import ModelRouter
from model_router.server.happenings import ReloadEvent
from tests.cli.conftest import Ended
from tests.hindsight.past import line_of, past_event, routed, write_log

Command = Callable[..., Ended]
REFUSED = ReloadEvent(
    time=1_767_261_600.0,
    who="file",
    outcome="refused",
    config_hash_before="a",
    config_hash="a",
    proxy_hash_before="b",
    proxy_hash="b",
    problems=("p.yaml:3: no such key",),
)


@pytest.fixture
def log(home: Path) -> Path:
    """Six routed requests and a reload, in two files, where a gateway would have written them."""
    router = ModelRouter.from_config()
    asks = ["fix the repo and run tests", "summarize these notes", "drop the production database"] * 2
    events = [routed(router, text, number) for number, text in enumerate(asks)]
    path = write_log(home / "logs" / "routing-events.jsonl", events[3:])
    write_log(path.with_name(path.name + ".1"), events[:3])
    with path.open("ab") as file:
        file.write(b'{"event":"reload","time":1767261600.0,"outcome":"changed"}\n')
    return path


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A catalog that sends code elsewhere."""
    content = yaml.safe_load(packaged_catalog().read_text("utf-8"))
    content["routing_targets"]["coding"] = "reasoning_local"
    path = tmp_path / "draft.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def name(number: int) -> str:
    return f"mr-{number:012x}"


@pytest.mark.usefixtures("log")
class TestLog:
    def test_it_shows_the_newest_requests_oldest_first(self, command: Command) -> None:
        ended = command("log")
        assert ended.code == 0
        assert [line.split()[2] for line in ended.out.splitlines()] == [name(number) for number in range(6)]
        assert "coding → code_agent @ one" in ended.out
        assert [line.split()[2] for line in command("log", "-n", "2").out.splitlines()] == [name(4), name(5)]

    def test_it_filters_as_the_screen_does(self, command: Command) -> None:
        ended = command("log", "--filter", "status:409 risk:dest")
        assert [line.split()[2] for line in ended.out.splitlines()] == [name(2), name(5)]
        wrong = command("log", "--filter", "rout:coding")
        assert (wrong.code, wrong.out) == (2, "")
        assert "did you mean route?" in wrong.err
        nothing = command("log", "--filter", "client:nobody")
        assert (nothing.code, nothing.out, nothing.err) == (0, "", "No request in the log is like that.\n")

    def test_json_is_a_line_an_event(self, command: Command) -> None:
        rows = [json.loads(line) for line in command("log", "--json", "--limit", "0").out.splitlines()]
        assert [row["request_id"] for row in rows] == [name(number) for number in range(6)]
        assert "event" not in rows[0]

    def test_a_time_is_a_span_or_a_date(self, command: Command) -> None:
        assert len(command("log", "--since", "2026-01-01").out.splitlines()) == 6
        assert command("log", "--since", "2025-12-01", "-n", "1").out.split()[2] == name(5)
        wrong = command("log", "--since", "soon")
        assert wrong.code == 2
        assert "'soon' is no time" in wrong.err
        assert "2h" in wrong.err


def test_no_log_is_one_sentence_with_what_to_do(command: Command) -> None:
    for arguments in (["log"], ["explain", "mr-1"], ["replay"], ["telemetry", "summary"], ["telemetry", "export"]):
        ended = command(*arguments)
        assert ended.code == 2
        assert "there is no event log at" in ended.err
        assert "model-router serve" in ended.err


def test_nothing_in_a_log_drives_the_terminal(command: Command, home: Path) -> None:
    hostile = past_event(1, client="\x1b[31m\u202e", error="a\nb\x07", preview="[b]\x9b1m")
    write_log(home / "logs" / "routing-events.jsonl", [hostile])
    for arguments in (["log"], ["log", "--json"], ["explain", name(1)], ["telemetry", "summary"]):
        out = command(*arguments).out
        assert not any(letter in out for letter in "\x1b\u202e\x07\x9b"), arguments
    assert json.loads(command("log", "--json").out)["preview"] == "[b]\x9b1m"


def test_follow_shows_what_comes_until_it_is_interrupted(log: Path, home: Path) -> None:
    """In a process of its own, over a rotation; the gateway is not running."""
    process = subprocess.Popen(
        [sys.executable, "-m", "model_router", "log", "--follow", "--limit", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "MODEL_ROUTER_HOME": str(home), "PYTHONUNBUFFERED": "1"},
        text=True,
    )
    watchdog = threading.Timer(30, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None
        assert name(5) in process.stdout.readline()
        with log.open("ab") as file:
            file.write(line_of(past_event(17)))
        assert name(17) in process.stdout.readline()
        log.rename(log.with_name(log.name + ".1"))
        write_log(log, [past_event(18)])
        assert name(18) in process.stdout.readline()
        with log.open("ab") as file:
            file.write(msgspec.json.encode(REFUSED) + b"\n")
            file.write(b'{"event":"approval","time":1767261600.0,"decision":"denied"}\n')
        assert process.stdout.readline().endswith(
            "  The configuration was not taken: a mistake; all goes on as before.\n"
        )
        assert process.stdout.readline().strip() == "p.yaml:3: no such key"
        assert "approval  decision=denied" in process.stdout.readline(), "of another version: its plain values"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert "Traceback" not in err
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()


@pytest.mark.usefixtures("log")
class TestExplain:
    def test_it_says_why_and_that_it_would_go_the_same_way(self, command: Command) -> None:
        ended = command("explain", name(3))
        assert ended.code == 0
        assert "coding → code_agent" in ended.out
        assert "reads as code or a command" in ended.out
        assert "would go the same way: code_agent, by its stored scores" in ended.out

    def test_it_says_what_has_changed_since(self, command: Command, draft: Path, home: Path) -> None:
        draft.rename(home / "model_router.yaml")
        ended = command("explain", name(0))
        assert "changed since: now" in ended.out
        assert "would go elsewhere: reasoning_local" in ended.out
        told = command("explain", name(0), "--json").json
        assert (told["config_changed"], told["rules_changed"], told["would_differ"]) == (True, False, True)

    def test_a_mistyped_name_gets_the_nearest(self, command: Command) -> None:
        ended = command("explain", "mr-00000000000")
        assert ended.code == 2
        assert "Did you mean mr-00000000000" in ended.err


@pytest.mark.usefixtures("log")
class TestFeedback:
    def test_a_label_is_kept_and_shown(self, command: Command, home: Path) -> None:
        ended = command("feedback", name(0), "reasoning_local", "--notes", "too hard for it")
        assert ended.code == 0
        assert "it went to code_agent" in ended.out
        path = home / "routing-feedback.jsonl"
        kept = json.loads(path.read_text())
        assert (kept["request_id"], kept["engine"], kept["notes"]) == (name(0), "reasoning_local", "too hard for it")
        assert kept["config_hash"]
        assert kept["ruleset_version"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "you said it should go to reasoning_local: too hard for it" in command("explain", name(0)).out
        assert "labelled otherwise (reasoning_local)" in command("telemetry", "review").out

    def test_what_is_not_known_is_refused_with_the_nearest(self, command: Command, home: Path) -> None:
        engine = command("feedback", name(0), "reasonning_local")
        assert engine.code == 2
        assert "did you mean 'reasoning_local'?" in engine.err
        assert command("feedback", "mr-1", "code_agent").code == 2
        assert not (home / "routing-feedback.jsonl").exists()


@pytest.mark.usefixtures("log")
class TestReplay:
    def test_nothing_moves_by_itself(self, command: Command) -> None:
        ended = command("replay", "--fail-on-regression")
        assert ended.code == 0
        assert "6 of 6 requests replayed (6 by their stored scores)" in ended.out
        assert "0 would go elsewhere" in ended.out

    def test_a_draft_is_tried_and_a_regression_is_an_exit_code(self, command: Command, draft: Path) -> None:
        command("feedback", name(0), "code_agent")
        arguments = ("replay", "--config", str(draft))
        ended = command(*arguments)
        assert ended.code == 0
        assert "2 would go elsewhere" in ended.out
        assert "labels: 0 of 1 met; 0 fixed, 1 broken, 0 still wrong" in ended.out
        assert command(*arguments, "--fail-on-regression").code == 1
        told = command(*arguments, "--json").json
        assert told["moves"] == [{"from": "code_agent", "to": "reasoning_local", "count": 2}]
        assert [row["verdict"] for row in told["rows"]] == ["broken", "moved"]

    def test_a_draft_with_mistakes_is_refused(self, command: Command, tmp_path: Path) -> None:
        (tmp_path / "bad.yaml").write_text("engines: 7\n")
        ended = command("replay", "--config", str(tmp_path / "bad.yaml"))
        assert ended.code == 1
        assert "the catalog cannot be used" in ended.err
        assert command("replay", "--feedback", str(tmp_path / "none")).code == 2


@pytest.mark.usefixtures("log")
class TestTelemetry:
    def test_the_summary_counts(self, command: Command) -> None:
        told = command("telemetry", "summary", "--json").json
        assert (told["requests"], told["other_lines"]) == (6, 1)
        assert told["by"]["engine"]["code_agent"]["requests"] == 2
        assert told["all"]["confirm_rate"] == pytest.approx(1 / 3, abs=0.001)
        text = command("telemetry", "summary", "--by", "client").out
        assert text.startswith("6 requests, 2026-01-01 ")
        assert "tests/1.0" in text
        assert "by engine" not in text
        assert "no requests in that time" in command("telemetry", "summary", "--since", "1m").out

    def test_the_export_is_csv_or_json(self, command: Command, tmp_path: Path) -> None:
        rows = list(csv.DictReader(io.StringIO(command("telemetry", "export").out)))
        assert [row["request_id"] for row in rows] == [name(number) for number in range(6)]
        target = tmp_path / "out.json"
        ended = command("telemetry", "export", "--format", "json", "--filter", "route:coding", "-o", str(target))
        assert ended.code == 0
        assert [row["request_id"] for row in json.loads(target.read_text())] == [name(0), name(3)]
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        again = command("telemetry", "export", "-o", str(target))
        assert again.code == 1
        assert "is there already" in again.err

    def test_broken_lines_are_named_and_the_rest_counts(self, command: Command, log: Path) -> None:
        with log.open("ab") as file:
            file.write(b"{half\n")
        ended = command("telemetry", "summary")
        assert ended.code == 0
        assert "1 line could not be read" in ended.err
        assert "routing-events.jsonl:5: " in ended.err
        assert ended.out.startswith("6 requests")


@pytest.mark.parametrize("words", ["log", "explain", "feedback", "replay", "telemetry", "telemetry summary"])
def test_every_command_has_help(command: Command, words: str) -> None:
    ended = command(*words.split(), "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"Usage: model-router {words}")


def test_the_help_of_log_names_every_field_of_its_filter(command: Command) -> None:
    told = " ".join(command("log", "--help").out.split())
    named = told.partition("Fields: ")[2].partition(". With")[0].replace(", and the numbers", "").split()
    assert named == list(FIELDS)
