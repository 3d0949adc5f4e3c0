"""``decide`` and ``dispatch-plan``: results on standard output, talk on standard error, codes that scripts can use."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended

Command = Callable[..., Ended]


def give_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def test_the_first_line_is_the_engine(command: Command) -> None:
    ended = command("decide", "drop the production database")
    lines = ended.out.splitlines()
    assert (ended.code, lines[0], len(lines), ended.err) == (0, "human_confirm", 2, "")


def test_words_need_no_quotes(command: Command) -> None:
    assert (
        command("decide", "drop", "the", "production", "database").out
        == command("decide", "drop the production database").out
    )


def test_json_is_the_whole_receipt(command: Command) -> None:
    receipt = command("decide", "--json", "drop the production database").json
    assert receipt["selected_engine"] == "human_confirm"
    assert receipt["requires_confirmation"] is True
    assert receipt["config_valid"] is True
    assert {"route", "reason_codes", "evidence", "alternatives", "config_hash", "ruleset_version"} <= set(receipt)


def test_explain_names_scores_reasons_and_cues(command: Command) -> None:
    out = command("decide", "--explain", "drop the production database").out
    assert out.startswith("human_confirm\n")
    for word in ("confidence", "reasons", "scores", "cues", "destructive", "config"):
        assert word in out


def test_a_dash_reads_standard_input(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, "﻿drop the production database\n".encode())
    assert command("decide", "-").out.startswith("human_confirm\n")


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"drop \xff\xfe database", "not UTF-8: byte 0xff at position 5"), (b"", "empty"), (b" \n\t", "empty")],
)
def test_what_cannot_be_read_is_refused(
    command: Command, monkeypatch: pytest.MonkeyPatch, data: bytes, words: str
) -> None:
    give_stdin(monkeypatch, data)
    ended = command("decide", "--json", "-")
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert "hint: " in ended.err


def test_arguments_that_are_not_text_are_refused(command: Command) -> None:
    ended = command("decide", "drop \udcff database")
    assert ended.code == 2
    assert "not valid text at character 6" in ended.err


def test_a_prompt_of_a_megabyte_is_decided(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    give_stdin(monkeypatch, b"a word and another " * 60_000)
    assert command("decide", "-").code == 0


def test_hints_reach_the_decision(command: Command) -> None:
    receipt = command(
        "decide",
        "--json",
        "--force-engine",
        "fast_local",
        "--profile",
        "quality",
        "--max-cost-tier",
        "low",
        "hello there",
    ).json
    assert receipt["selected_engine"] == "fast_local"
    assert receipt["profile"] == "quality"
    assert command("decide", "--json", "--attachment", "image", "what is this?").json["requires_vision"] is True


def test_no_hint_switches_the_person_off(command: Command) -> None:
    ended = command("decide", "--force-engine", "fast_local", "drop the production database")
    assert ended.out.startswith("human_confirm\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--force-engine", "fast_locl", "x"), "did you mean 'fast_local'?"),
        (("--max-cost-tier", "fre", "x"), "did you mean 'free'?"),
        (("--max-latency-tier", "zzz", "x"), "low medium high"),
        (("--attachment", "imge", "x"), "did you mean 'image'?"),
        (("--profile", "quik", "x"), "fast balanced quality private safe"),
        (("--nope", "x"), "--nope"),
        (("--json", "--explain", "x"), "exclude each other"),
        ((), "PROMPT"),
        (("  ",), "the prompt is empty"),
    ],
)
def test_wrong_use_is_one_sentence_and_a_hint(command: Command, arguments: tuple[str, ...], words: str) -> None:
    ended = command("decide", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert ended.err.startswith("error: ")
    assert len(ended.err.splitlines()) == 2


def test_the_person_s_own_catalog_is_used(command: Command, home: Path) -> None:
    packaged = command("decide", "--json", "hello").json["config_hash"]
    (home / "model_router.yaml").write_text(
        "routing_targets: {simple: a, balanced: a, reasoning: a, coding: a, research: a, vision: a,"
        " image_generation: a}\n"
        "engines: {a: {}}\n"
    )
    receipt = command("decide", "--json", "hello").json
    assert receipt["selected_engine"] == "a"
    assert receipt["config_hash"] != packaged


@pytest.mark.parametrize("name", ["decide", "dispatch-plan"])
def test_a_bad_catalog_closes_the_router(command: Command, tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("engines: {a: {cost_teir: free}}\nnope: 1\n")
    ended = command(name, "--json", "--config", str(path), "rewrite this text")
    assert ended.code == 1
    assert "human_confirm" in ended.out
    assert "cost_tier" in ended.err
    assert "nope" in ended.err
    assert f"`model-router validate-config --config {path}`" in ended.err
    assert command(name, "--config", str(tmp_path / "absent.yaml"), "x").code == 1


@pytest.mark.parametrize("name", ["decide", "dispatch-plan"])
def test_a_folder_that_cannot_be_read_closes_the_router(
    command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MODEL_ROUTER_HOME", "/" + "x" * 300)  # refused to every user, the superuser too
    ended = command(name, "rewrite this text")
    assert ended.code == 1
    assert ended.out.startswith("human_confirm")
    assert "the file cannot be read" in ended.err
    assert "hint: " in ended.err


def test_a_dispatch_plan_is_a_dry_run(command: Command) -> None:
    plan = command("dispatch-plan", "--json", "drop the production database").json
    assert (plan["engine"], plan["blocked"], plan["dry_run"]) == ("human_confirm", True, True)
    assert plan["alternatives"] == []
    assert "blocked" in command("dispatch-plan", "drop the production database").out
    assert command("dispatch-plan", "--json", "--include-alternatives", "hello there").json["alternatives"]


def test_a_terminal_is_never_driven_by_what_a_file_says(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "bad\x1b[31m.yaml"
    path.write_text('engines: {"a\\e[2J": {}}\n')
    ended = command("validate-config", "--config", str(path))
    assert "\x1b" not in ended.out + ended.err
