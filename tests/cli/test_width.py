"""Rows fit the terminal that they are read in, whatever stands in them; a pipe gets them whole."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.cli.log_text import event_lines
from model_router.cli.width import filled, length, table
from model_router.router import ModelRouter
from tests.hindsight.past import past_event, routed, write_log

CELLS = st.text(st.sampled_from("ab →é日🙂"), max_size=60)


@given(st.lists(CELLS, max_size=6), st.integers(24, 120))
def test_cells_fill_lines_that_fit_and_nothing_is_lost(cells: list[str], room: int) -> None:
    lines = filled(cells, room, "  ", "      ")
    assert all(length(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join("".join(cells).split())


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5), st.integers(24, 120))
def test_a_table_fits_and_nothing_is_lost(rows: list[tuple[str, str, str]], room: int) -> None:
    lines = table(rows, room)
    assert all(length(line) <= room for line in lines)
    assert sorted("".join("".join(lines).split())) == sorted("".join("".join(sum(rows, ())).split()))


def test_a_table_that_fits_is_as_it_would_be_in_a_pipe() -> None:
    rows = [("a", "bb", "c"), ("aaa", "b", "日本")]
    assert table(rows, 80) == table(rows, None) == ["  a    bb  c", "  aaa  b   日本"]


@pytest.mark.parametrize("room", [None, 150, 79, 40])
def test_a_request_says_the_same_in_any_width(room: int | None) -> None:
    event = past_event(1, client="a client", fallback=True, error="the backend said no " * 8, preview="two words")
    lines = event_lines(event, room)
    if room is None:
        assert len(lines) == 1
    else:
        assert all(length(line) <= room for line in lines)
    text = " ".join(" ".join(lines).split())
    for told in (event.request_id, "coding → code_agent", "@ one", "200 ok", "a client", "fallback", "two words"):
        assert told in text
    assert text.count("the backend said no") == 8


IN_A_TERMINAL = """
import sys
from model_router.cli.main import cli
from model_router.cli.running import run
for words in sys.argv[1:]:
    print("$", words, flush=True)
    assert run(cli, words.split(), "model-router") == 0
"""


def in_a_terminal(columns: int, commands: list[str], environ: dict[str, str]) -> dict[str, list[str]]:
    """What commands write to a real terminal of so many columns, each in lines."""
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in environ.items() if name != "COLUMNS"}
    written = b""
    with subprocess.Popen(
        [sys.executable, "-c", IN_A_TERMINAL, *commands], stdout=theirs, stderr=theirs, env=environ
    ) as process:
        os.close(theirs)
        with suppress(OSError):  # so a terminal ends
            while data := os.read(ours, 65_536):
                written += data
        assert process.wait(30) == 0, written.decode()
    os.close(ours)
    told: dict[str, list[str]] = {}
    for line in written.decode().splitlines():
        if line.startswith("$ "):
            told[line[2:]] = lines = []
        else:
            lines.append(line)
    return told


def test_no_command_that_looks_back_is_wider_than_a_terminal_of_80_columns() -> None:
    router = ModelRouter.from_config()
    asks = ["fix the repo and run tests", "generate an image of a router dashboard", "drop the production database"]
    told = {"client": "a-client-with-a-long-name/1.0", "error": "it answered with words of its own " * 9}
    times = {"total_ms": 123_456.0, "first_byte_ms": 99_999.0, "prompt_tokens": 9_999_999, "completion_tokens": 999_999}
    events = [
        routed(router, text, number, ask_hash=text, fallback=True, **told, **times)
        for number, text in enumerate(asks * 2)
    ]
    first = events[0].request_id
    commands = [
        f"feedback {first} codex", "log", "log --follow --limit 2 --help", "telemetry summary", "telemetry review",
        "replay", f"explain {first}",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as home:  # a path of a usual length: paths are never broken
        write_log(Path(home) / "logs" / "routing-events.jsonl", events)
        found = in_a_terminal(80, commands, {**os.environ, "MODEL_ROUTER_HOME": home})
    assert list(found) == commands
    for words, lines in found.items():
        assert len(lines) > 1, words
        assert max(map(length, lines)) < 80, words
