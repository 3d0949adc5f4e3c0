"""What is read from recorded machines, each with the result that its figures come to."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.setup.hardware import scan_machine
from model_router.setup.hardware.probe import Facts, Output
from model_router.setup.hardware.recording import Record, Recording
from model_router.setup.machine import Machine

MACHINES = Path(__file__).parent / "machines"
NAMES = sorted(path.name for path in MACHINES.iterdir())


def recorded(name: str) -> Record:
    return msgspec.json.decode((MACHINES / name / "recording.json").read_bytes(), type=Record)


def expected(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((MACHINES / name / "expected.json").read_text())
    return value


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_machine_is_read_as_its_figures_say(name: str) -> None:
    machine, due = scan_machine(Recording(recorded(name))), expected(name)
    assert [asdict(gpu) for gpu in machine.gpus] == due["gpus"]
    assert asdict(machine.memory) == due["memory"]
    assert machine.system == due["system"]
    assert machine.processor.cores == due["cores"]
    assert machine.processor.name == due["processor"]
    assert list(machine.processor.flags) == due["flags"]
    if "physical" in due:
        assert machine.processor.physical_cores == due["physical"]


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_machine_warns_of_what_matters_and_of_nothing_else(name: str) -> None:
    warnings, due = scan_machine(Recording(recorded(name))).warnings, expected(name)["warnings"]
    assert len(warnings) == len(due), warnings
    for said, part in zip(warnings, due, strict=True):
        assert part in said
        assert said.endswith(".")


def test_twenty_machines_are_recorded() -> None:
    assert len(NAMES) >= 20


@pytest.mark.parametrize(
    ("listed", "kept"),
    [
        ("", []),
        ("-1", []),
        ("1", [1]),
        ("2,0", [2, 0]),
        ("0,7,2", [0]),  # the first that names no card ends the list
        ("GPU-c", [2]),
        ("GPU-", []),  # names three
        ("0,0", [0]),
        ("NoDevFiles", []),
    ],
)
def test_cuda_visible_devices_is_read_as_the_driver_reads_it(listed: str, kept: list[int]) -> None:
    record = msgspec.structs.replace(recorded("2x3090"), environ={"CUDA_VISIBLE_DEVICES": listed})
    machine = scan_machine(Recording(record))
    assert [gpu.index for gpu in machine.gpus] == kept
    assert any("CUDA_VISIBLE_DEVICES" in words for words in machine.warnings)


@pytest.mark.parametrize(("listed", "count"), [("0", 1), ("MIG-e", 1), ("MIG-f,MIG-e", 2), ("1", 0)])
def test_instances_of_a_divided_card_are_named_by_identity_or_the_first_by_index(listed: str, count: int) -> None:
    record = msgspec.structs.replace(recorded("a100-mig"), environ={"CUDA_VISIBLE_DEVICES": listed})
    assert len(scan_machine(Recording(record)).gpus) == count


def test_windows_does_not_show_again_the_cards_that_are_hidden() -> None:
    record = msgspec.structs.replace(recorded("windows-4070"), environ={"CUDA_VISIBLE_DEVICES": "-1"})
    assert [gpu.vendor for gpu in scan_machine(Recording(record)).gpus] == ["intel"]


@pytest.mark.parametrize(
    ("name", "unified"),
    [
        ("Intel(R) Arc(TM) A770 Graphics", False),
        ("Intel(R) Arc(TM) Graphics", True),
        ("Intel(R) Arc(TM) 140V GPU (16GB)", True),
        ("Intel(R) Iris(R) Xe Graphics", True),
        ("AMD Radeon(TM) 780M", True),
        ("AMD Radeon(TM) 8060S Graphics", True),
        ("AMD Radeon RX 7900M", False),
        ("Radeon RX Vega 56", False),
        ("AMD Radeon(TM) RX Vega 10 Graphics", True),
        ("AMD Radeon R7 200 Series", False),
        ("NVIDIA GeForce RTX 4070", False),
    ],
)
def test_windows_tells_graphics_in_the_processor_from_cards_by_name(name: str, unified: bool) -> None:
    record = Record(facts=Facts(system="windows"), registry=({"DriverDesc": name},))
    (gpu,) = scan_machine(Recording(record)).gpus
    assert gpu.unified is unified


SOUP = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["max", "0", "-1", "[N/A]", "0x1002", "0x8086", "0x10de", "0x1586", "18446744073709551615", "9" * 30, "٣", "²"]
    ),
    st.integers(0, 2**63).map(str),
    st.lists(st.sampled_from(["0", "1", "RTX", "[N/A]", "24564", "", "Enabled", "GPU-1"]), max_size=7).map(", ".join),
    st.lists(st.sampled_from(["0::/a", "4:memory:/a/b", "hw.memsize: 17179869184", "hw.memsize: x", ":", "::"])).map(
        "\n".join
    ),
)
SYSTEMS = ("linux", "wsl", "macos", "windows", "unknown")


class Soup:
    """A probe that answers every question with the next of some texts."""

    def __init__(self, facts: Facts, texts: list[str], rows: list[dict[str, int | str]]) -> None:
        self._facts, self._texts, self._rows = facts, texts, rows

    def _next(self, question: str) -> str:
        return self._texts[sum(question.encode()) % len(self._texts)]

    def facts(self) -> Facts:
        return self._facts

    def environ(self) -> dict[str, str]:
        return {"CUDA_VISIBLE_DEVICES": self._texts[0]} if len(self._texts) % 2 else {}

    def run(self, command: Any) -> Output | None:
        text = self._next(command[-1])
        return None if text == "max" else Output(None if text == "-1" else 0, text)

    def read(self, path: str) -> str | None:
        return self._next(path)

    def names(self, folder: str) -> tuple[str, ...]:
        return ("card0", "card1", "card0-HDMI-A-1", self._texts[0])

    def registry(self) -> tuple[dict[str, int | str], ...]:
        return tuple(self._rows)

    def disk(self, folder: str) -> tuple[int, int] | None:
        return (100, 200)


@given(
    facts=st.builds(
        Facts,
        system=st.sampled_from(SYSTEMS),
        architecture=st.sampled_from(["x86_64", "arm64", "aarch64", ""]),
        memory_total=st.none() | st.integers(0, 2**50),
        memory_available=st.none() | st.integers(-5, 2**50),
        cores=st.none() | st.integers(1, 512),
    ),
    texts=st.lists(SOUP, min_size=1, max_size=12),
    rows=st.lists(
        st.dictionaries(
            st.sampled_from(
                ["DriverDesc", "MatchingDeviceId", "HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize"]
            ),
            st.integers(-1, 2**64) | st.text(max_size=12) | st.sampled_from(["Radeon", "Intel", "NVIDIA x"]),
        ),
        max_size=3,
    ),
)
@settings(deadline=None)
def test_no_answer_whatever_breaks_the_scan(facts: Facts, texts: list[str], rows: list[dict[str, int | str]]) -> None:
    machine = scan_machine(Soup(facts, texts, rows), ["/models"])
    assert_sound(machine)
    assert (machine.disks[0].total, machine.disks[0].free) == (100, 100)
    if facts.memory_total is None:
        assert machine.memory.total is None


def assert_sound(machine: Machine) -> None:
    memory = machine.memory
    pairs = [(memory.total, memory.available), (memory.limit, memory.remaining)]
    pairs += [(gpu.total, gpu.free) for gpu in machine.gpus]
    for total, free in pairs:
        assert total is None or total >= 0
        assert free is None or free >= 0
        assert total is None or free is None or free <= total
    for gpu in machine.gpus:
        assert gpu.free_is_known is (gpu.free is not None)
        assert gpu.total != 0
        assert gpu.total is not None or gpu.free is None
    assert machine.processor.cores is None or machine.processor.cores >= 1
