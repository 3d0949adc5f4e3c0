"""``--hardware FILE`` and the report that ``doctor --hardware`` prints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from model_router.errors import SetupError
from model_router.setup.hardware import hardware_report, load_machine, machine_to_dict, scan_machine
from model_router.setup.hardware.probe import Facts, Output
from model_router.setup.hardware.recording import Record, Recording
from model_router.setup.hardware.report import Person
from tests.setup.test_hardware import MACHINES, NAMES, recorded

GIB = 1 << 30


def written(folder: Path, value: object) -> Path:
    path = folder / "machine.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_comes_back_from_its_file_as_it_was(tmp_path: Path, name: str) -> None:
    machine = scan_machine(Recording(recorded(name)))
    assert load_machine(written(tmp_path, machine_to_dict(machine))) == machine
    assert load_machine(written(tmp_path, {"machine": machine_to_dict(machine), "models": []})) == machine


@pytest.mark.parametrize("name", NAMES)
def test_a_report_can_be_looked_at_anew(tmp_path: Path, name: str) -> None:
    machine = scan_machine(Recording(recorded(name)))
    report = hardware_report(Recording(recorded(name)))
    assert load_machine(written(tmp_path, report)) == machine


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_recording_is_looked_at_anew(tmp_path: Path, name: str) -> None:
    machine = scan_machine(Recording(recorded(name)))
    assert load_machine(MACHINES / name / "recording.json") == machine
    report = hardware_report(Recording(recorded(name)))
    assert load_machine(written(tmp_path, report["recording"])) == machine


def test_a_few_figures_are_enough(tmp_path: Path) -> None:
    machine = load_machine(
        written(tmp_path, {"memory": {"total": 64 * GIB}, "gpus": [{"name": "A card", "total": 24 * GIB}]})
    )
    assert machine.memory.total == 64 * GIB
    assert machine.memory.available is None
    assert machine.gpus[0].total == 24 * GIB


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], "does not describe a machine"),
        ({}, "does not describe a machine"),
        ({"memory": 5}, "does not describe a machine"),
        ({"memory": {"total": "64 GB"}}, "Expected `int | null`, got `str` - at `$.memory.total`"),
        ({"memory": {"total": 64}}, "is 64, which is too little"),
        ({"memory": {"total": -(2**40)}}, "bytes"),
        ({"gpus": [{"name": "A card", "vram": 24}]}, "nothing is called gpus[].vram"),
        ({"ram": {}}, "nothing is called ram"),
        ({"gpus": [{"name": "A card", "total": GIB, "free": 2 * GIB}]}, "more free than it has"),
        ({"gpus": [{"total": GIB}]}, "missing required field `name`"),
        ({"recording": {"files": 3}}, "does not describe a machine"),
        ({"recording": {"unknown": 3}}, "does not describe a machine"),
        ({"recording": [1]}, "nothing is called recording"),
        ({"files": 3}, "does not describe a machine"),
        ({"files": {}, "gpus": []}, "does not describe a machine: Object contains unknown field `gpus`"),
    ],
)
def test_a_file_that_is_none_is_named_in_one_sentence(tmp_path: Path, value: object, part: str) -> None:
    with pytest.raises(SetupError) as caught:
        load_machine(written(tmp_path, value))
    assert part in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_file_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"absent\.json cannot be read"):
        load_machine(tmp_path / "absent.json")


def test_a_misspelt_figure_gets_the_right_word(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        load_machine(written(tmp_path, {"memory": {"totl": GIB}}))
    assert caught.value.hint == "Did you mean 'total'?"


PRIVATE = Record(
    facts=Facts(system="linux", memory_total=8 * GIB, memory_available=4 * GIB),
    environ={"CUDA_VISIBLE_DEVICES": "GPU-8a1f0b6c-1111-2222-3333-444455556666"},
    commands={
        "nvidia-smi --query-gpu=index,name,memory.total,memory.free,uuid,mig.mode.current"
        " --format=csv,noheader,nounits": Output(
            0, "0, NVIDIA A, 8192, 8000, GPU-8a1f0b6c-1111-2222-3333-444455556666, [N/A]\n"
        )
    },
    files={
        "/proc/self/cgroup": "0::/user.slice/marlene.scope/" + "ab12" * 16 + "\n",
        "/sys/fs/cgroup/user.slice/marlene.scope/" + "ab12" * 16 + "/memory.max": f"{2 * GIB}\n",
        "/proc/cpuinfo": "model name : A\n\nprocessor : 1\n",
        "/proc/version": "Linux version 6.1 (marlene@workbench) #1",
    },
    disks={"/home/marlene/models": (100, 50), "/srv/secret-project": (100, 50)},
)


def report_of_marlene() -> dict[str, Any]:
    person = Person(user="marlene", host="workbench.example", home="/home/marlene")
    return hardware_report(Recording(PRIVATE), person, ["/home/marlene/models", "/srv/secret-project"])


def test_a_report_has_nothing_of_the_person_in_it() -> None:
    text = json.dumps(report_of_marlene()).lower()
    for private in ("marlene", "workbench", "secret-project", "8a1f0b6c", "ab12ab12"):
        assert private not in text


def test_a_report_still_reads_as_the_machine_does(tmp_path: Path) -> None:
    report = report_of_marlene()
    assert report["machine"]["memory"]["limit"] == 2 * GIB
    assert [gpu["free"] for gpu in report["machine"]["gpus"]] == [8000 << 20]  # the serial number still fits
    assert [disk["folder"] for disk in report["machine"]["disks"]] == ["~/models", "folder-2"]
    loaded = load_machine(written(tmp_path, report))
    assert machine_to_dict(loaded) == msgspec.to_builtins(machine_to_dict(loaded))
    assert loaded.memory.limit == 2 * GIB
