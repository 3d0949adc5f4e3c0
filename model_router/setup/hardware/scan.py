"""All detectors at once, and what their findings come to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from model_router.setup.hardware.amd import amd_of
from model_router.setup.hardware.apple import apple_of
from model_router.setup.hardware.graphics import NVIDIA, Card, cards_of
from model_router.setup.hardware.intel import intel_of
from model_router.setup.hardware.memory import control_groups, memory_of
from model_router.setup.hardware.nvidia import nvidia_of
from model_router.setup.hardware.probe import Facts, Finding, Probe
from model_router.setup.hardware.processor import processor_of
from model_router.setup.hardware.windows import windows_of
from model_router.setup.machine import Disk, Gpu, Machine, Memory, Processor


def scan_machine(probe: Probe, folders: Sequence[str] = ()) -> Machine:
    """Everything that can be found out, in hardly more time than the slowest command takes.

    ``folders`` are those of models.
    """
    facts = probe.facts()
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="scan") as threads:
        asked: list[Callable[[], Finding]] = [
            lambda: nvidia_of(probe, facts),
            lambda: apple_of(probe, facts),
            lambda: windows_of(probe) if facts.system == "windows" else Finding(),
        ]
        findings = [threads.submit(question) for question in asked]
        base = threads.submit(_base, probe, facts)
        disks = threads.submit(lambda: tuple(_disk(probe, folder) for folder in folders))
        cards = cards_of(probe) if facts.system in {"linux", "wsl", "unknown"} else ()
        amd, intel = amd_of(probe, facts, cards), intel_of(probe, cards)
        nvidia, apple, windows = (finding.result() for finding in findings)
        memory, processor = base.result()
    nvidia = _unanswered(nvidia, probe, cards)
    if nvidia.gpus or "CUDA_VISIBLE_DEVICES" in probe.environ():  # the registry has the same cards once more
        windows = _without_nvidia(windows)
    found = (nvidia, amd, intel, apple, windows)
    gpus = sorted((gpu for finding in found for gpu in finding.gpus), key=lambda gpu: gpu.unified)
    return Machine(
        system=facts.system,
        architecture=facts.architecture,
        memory=memory,
        processor=processor,
        gpus=tuple(gpus),
        disks=disks.result(),
        warnings=(*_doubts(facts, memory, gpus), *(words for finding in found for words in finding.warnings)),
    )


def _base(probe: Probe, facts: Facts) -> tuple[Memory, Processor]:
    groups = control_groups(probe)
    return memory_of(probe, facts, groups), processor_of(probe, facts, groups)


def _disk(probe: Probe, folder: str) -> Disk:
    sizes = probe.disk(folder)
    if sizes is None or sizes[0] <= 0:
        return Disk(folder)
    return Disk(folder, total=sizes[0], free=max(0, min(sizes[1], sizes[0])))


def _unanswered(nvidia: Finding, probe: Probe, cards: Sequence[Card]) -> Finding:
    """Cards that the system lists while ``nvidia-smi`` is missing or silent are there, with nothing known of them."""
    count = sum(card.vendor == NVIDIA for card in cards)
    if nvidia.gpus or not count or "CUDA_VISIBLE_DEVICES" in probe.environ():
        return nvidia
    unknown = tuple(Gpu("NVIDIA graphics", "nvidia", free_is_known=False, index=index) for index in range(count))
    words = nvidia.warnings or ("There is an NVIDIA card, but no nvidia-smi that would tell about it.",)
    return Finding(unknown, words)


def _without_nvidia(windows: Finding) -> Finding:
    dropped = {gpu.name for gpu in windows.gpus if gpu.vendor == "nvidia"}
    return Finding(
        tuple(gpu for gpu in windows.gpus if gpu.name not in dropped),
        tuple(words for words in windows.warnings if not any(name in words for name in dropped)),
    )


def _doubts(facts: Facts, memory: Memory, gpus: Sequence[Gpu]) -> list[str]:
    warnings: list[str] = []
    if memory.total is None:
        warnings.append("How much memory this machine has could not be read.")
    elif memory.available is None:
        warnings.append("How much memory is available could not be read.")
    if memory.limit is not None:
        warnings.append("This process runs in a container with a memory limit of its own, which counts here.")
        if memory.remaining is None:
            warnings.append("How much of the container's memory is left could not be read.")
    if facts.system == "wsl":
        warnings.append("This is WSL: memory is what the virtual machine may use, and models below /mnt load slowly.")
    if any(gpu.unified for gpu in gpus) and any(not gpu.unified for gpu in gpus):
        warnings.append("Graphics inside the processor are listed, but never added to a card's memory.")
    return warnings
