"""``setup scan`` and ``doctor --hardware`` as a person runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended
from tests.cli.test_process import imported
from tests.setup.test_running import OLLAMA
from tests.support.small_gguf import write_small_gguf
from tests.support.told_server import told_server

Command = Callable[..., Ended]
MACHINES = Path(__file__).parent.parent / "setup" / "machines"
GIB = 1 << 30


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own; other programs' variables lead nowhere else."""
    folder = tmp_path / "person"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("OLLAMA_MODELS", "OLLAMA_HOST", "XDG_CACHE_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    return folder


def recorded(tmp_path: Path, name: str) -> str:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps({"recording": json.loads((MACHINES / name / "recording.json").read_text())}))
    return str(path)


def test_this_machine_and_its_models_are_shown(command: Command, person: Path, tmp_path: Path) -> None:
    keys = {".context_length": 40_960, "general.file_type": 15, "tokenizer.chat_template": "{% if tools %}"}
    write_small_gguf(person / ".lmstudio" / "models" / "pub" / "repo" / "a-Q4_K_M.gguf", "qwen3", keys)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "bad.gguf").write_text("<html>")
    ended = command("setup", "scan", "--no-servers", "--model-dir", str(tmp_path / "more"))
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "Machine"
    assert [line for line in lines if line.startswith("  memory") and "available" in line]
    (model,) = [line for line in lines if "pub/repo/a-Q4_K_M" in line]
    assert model.split() == "lmstudio pub/repo/a-Q4_K_M 0 MiB Q4_K_M 1M context at most 40,960, tools".split()
    assert any("bad.gguf: " in line and "does not begin as one" in line for line in lines)
    assert not any(line.startswith("Running servers") for line in lines)


def test_a_machine_from_a_file_is_shown_in_words(command: Command, person: Path, tmp_path: Path) -> None:
    out = command("setup", "scan", "--no-servers", "--hardware", recorded(tmp_path, "7900xtx-and-igpu")).out
    assert "AMD Radeon RX 7900 XTX: 24.0 GiB, 22.4 GiB free" in out
    assert "AMD Radeon Graphics (Raphael): 31.5 GiB of system memory, 31.5 GiB free" in out
    assert "note: Graphics inside the processor are listed, but never added" in out
    out = command("setup", "scan", "--no-servers", "--hardware", recorded(tmp_path, "k8s-4g-cgroup2")).out
    assert "64.0 GiB, 50.0 GiB available; this container may use 4.0 GiB, 3.2 GiB of it left" in out
    out = command("setup", "scan", "--no-servers", "--hardware", recorded(tmp_path, "smi-hangs")).out
    assert "NVIDIA graphics: memory unknown" in out
    out = command("setup", "scan", "--no-servers", "--hardware", recorded(tmp_path, "gb10")).out
    assert "NVIDIA GB10: in system memory" in out


def test_what_scan_prints_for_machines_is_a_machine_again(command: Command, person: Path, tmp_path: Path) -> None:
    first = command("setup", "scan", "--no-servers", "--json", "--hardware", recorded(tmp_path, "m4pro-24")).json
    assert first["machine"]["gpus"][0]["total"] == 24 * GIB * 72 // 100
    assert first["units"] == {"memory, sizes, disks": "bytes", "context": "tokens"}
    path = tmp_path / "scan.json"
    path.write_text(json.dumps(first))
    assert command("setup", "scan", "--no-servers", "--json", "--hardware", str(path)).json == first


def test_running_servers_are_shown_with_what_is_loaded(
    command: Command, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with told_server(OLLAMA) as server:
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.port}")
        shown, data = command("setup", "scan"), command("setup", "scan", "--json").json
    address = f"http://127.0.0.1:{server.port}"
    assert f"ollama 0.30.1 at {address}" in shown.out
    assert "qwen3:8b   loaded      Q4_K_M, context 32,768, takes 6.5 GiB, 5.6 GiB of it on the GPU" in shown.out
    (told,) = [one for one in data["servers"] if one["address"] == address]
    assert told["models"][0]["context"] == 32_768


def test_keys_are_told_to_be_there_and_never_shown(
    command: Command, person: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("HF_TOKEN", "  ")
    shown, data = command("setup", "scan", "--no-servers"), command("setup", "scan", "--no-servers", "--json")
    assert "OPENAI_API_KEY  set" in shown.out
    assert (data.json["keys"]["OPENAI_API_KEY"], data.json["keys"]["HF_TOKEN"]) == (True, False)
    assert data.json["servers"] is None
    assert "sk-very-secret" not in shown.out + shown.err + data.out + data.err


@pytest.mark.parametrize("name", sorted(path.name for path in MACHINES.iterdir()))
def test_every_recorded_machine_can_be_shown(command: Command, person: Path, tmp_path: Path, name: str) -> None:
    ended = command("setup", "scan", "--no-servers", "--hardware", recorded(tmp_path, name))
    assert ended.code == 0
    assert "None" not in ended.out


def test_wrong_use_is_named(command: Command, person: Path, tmp_path: Path) -> None:
    assert "cannot be read" in command("setup", "scan", "--hardware", str(tmp_path / "absent.json")).err
    assert "does not exist" in command("setup", "scan", "--model-dir", str(tmp_path / "absent")).err
    (tmp_path / "words.json").write_text("words")
    ended = command("setup", "scan", "--hardware", str(tmp_path / "words.json"))
    assert ended.code == 1
    assert "words.json is not JSON" in ended.err


def test_names_that_would_drive_a_terminal_are_made_harmless(command: Command, person: Path, tmp_path: Path) -> None:
    write_small_gguf(tmp_path / "more" / "\x1b[31mred\n-Q4_0.gguf", "qwen3")
    out = command("setup", "scan", "--no-servers", "--model-dir", str(tmp_path / "more")).out
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out


def test_doctor_prints_a_report_of_the_hardware_that_scan_reads(
    command: Command, person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "marlene")
    ended = command("doctor", "--hardware")
    assert ended.code == 0
    assert str(person) not in ended.out
    assert "marlene" not in ended.out
    assert ended.json["machine"]["memory"]["total"] > 1 << 28
    path = tmp_path / "report.json"
    path.write_text(ended.out)
    again = command("setup", "scan", "--no-servers", "--json", "--hardware", str(path)).json
    assert again["machine"]["memory"] == ended.json["machine"]["memory"]


def test_a_scan_imports_no_client_of_the_web_and_no_screen(person: Path) -> None:
    assert set(imported("setup", "scan", "--json")) <= {"psutil", "msgspec"}
