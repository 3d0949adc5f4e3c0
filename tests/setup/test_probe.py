"""The live probe: commands that hang, flood or fail, and files that cannot be read."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from model_router.setup.hardware import LiveProbe, scan_machine

needs_shell = pytest.mark.skipif(sys.platform == "win32", reason="the commands are shell scripts")


def script(folder: Path, name: str, text: str) -> LiveProbe:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return LiveProbe(seconds=0.3)


@needs_shell
def test_a_command_gives_its_output_and_code(tmp_path: Path) -> None:
    probe = script(tmp_path, "tell", 'echo "$1 and $2"; echo noise >&2; exit 3')
    output = probe.run((str(tmp_path / "tell"), "one", "two"))
    assert output is not None
    assert (output.code, output.text) == (3, "one and two\n")


@needs_shell
@pytest.mark.parametrize("first", ["", "trap '' TERM INT HUP"])
def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path, first: str) -> None:
    probe = script(tmp_path, "hang", f"{first}\nsleep 60 &\necho $!\nsleep 60")
    output = probe.run((str(tmp_path / "hang"),))
    assert output is not None
    assert output.code is None
    assert gone(int(output.text))


def gone(pid: int) -> bool:
    """Whether the process has ended, be it that nobody has asked for its code yet."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


@needs_shell
def test_a_command_that_floods_is_cut_off(tmp_path: Path) -> None:
    probe = script(tmp_path, "flood", "yes words")
    output = probe.run((str(tmp_path / "flood"),))
    assert output is not None
    assert len(output.text) <= 1 << 20


def test_a_command_that_is_not_there_is_none() -> None:
    assert LiveProbe().run(("no-such-command-as-this",)) is None


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "sys").mkdir()
    probe = LiveProbe(root=tmp_path)
    assert probe.read("/sys") is None
    assert probe.read("/absent") is None
    assert probe.read("/with\0zero") is None
    assert probe.names("/absent") == ()


def test_a_file_is_read_no_further_than_needed(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"\xff" * (1 << 20))
    text = LiveProbe(root=tmp_path).read("/large")
    assert text is not None
    assert len(text) == 1 << 16


def test_texts_of_the_device_tree_lose_their_zero_bytes(tmp_path: Path) -> None:
    (tmp_path / "compatible").write_bytes(b"apple,j413\0apple,t8112\0")
    assert LiveProbe(root=tmp_path).read("/compatible") == "apple,j413\napple,t8112\n"


def test_the_disk_of_a_folder_to_come_is_that_of_its_parent(tmp_path: Path) -> None:
    assert LiveProbe().disk(str(tmp_path / "not" / "yet")) is not None


def test_only_variables_of_graphics_are_looked_at() -> None:
    probe = LiveProbe(environ={"CUDA_VISIBLE_DEVICES": "0", "OPENAI_API_KEY": "secret"})
    assert dict(probe.environ()) == {"CUDA_VISIBLE_DEVICES": "0"}


def test_this_machine_can_be_scanned(tmp_path: Path) -> None:
    machine = scan_machine(LiveProbe(), [str(tmp_path)])
    assert machine.system != "unknown"
    assert machine.memory.total is not None
    assert machine.memory.total > 1 << 28
    assert machine.processor.cores
    assert machine.disks[0].free is not None
