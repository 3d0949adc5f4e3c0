"""The processor: its name, the cores that this process may use, and the instruction sets that matter."""

from __future__ import annotations

from model_router.setup.hardware.memory import ControlGroups
from model_router.setup.hardware.probe import Facts, Probe, whole_number
from model_router.setup.hardware.sysctl import sysctl_values
from model_router.setup.machine import Processor

FLAGS = (
    *("avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme"),
)
"""Instruction sets with which llama.cpp multiplies faster, by their names in ``/proc/cpuinfo``."""

_APPLE_FLAGS = {
    "hw.optional.arm.FEAT_DotProd": "asimddp",
    "hw.optional.arm.FEAT_FP16": "asimdhp",
    "hw.optional.arm.FEAT_I8MM": "i8mm",
    "hw.optional.arm.FEAT_BF16": "bf16",
    "hw.optional.arm.FEAT_SME": "sme",
    "hw.optional.avx2_0": "avx2",
    "hw.optional.avx512f": "avx512f",
}


def processor_of(probe: Probe, facts: Facts, groups: ControlGroups) -> Processor:
    """From ``/proc/cpuinfo``, ``sysctl`` or what Windows says."""
    if facts.system == "macos":
        return _of_macos(probe, facts)
    information = _first_processor(probe.read("/proc/cpuinfo") or "")
    words = set((information.get("flags") or information.get("features") or "").lower().split())
    name = information.get("model name", "") or facts.processor or probe.environ().get("PROCESSOR_IDENTIFIER", "")
    if not name and facts.system in {"linux", "wsl"}:
        name = (probe.read("/proc/device-tree/model") or "").strip()
    return Processor(
        name=" ".join(name.split()),
        cores=_allowed(probe, facts.cores, groups),
        physical_cores=facts.physical_cores,
        flags=tuple(flag for flag in FLAGS if flag in words or flag in facts.flags),
    )


def _of_macos(probe: Probe, facts: Facts) -> Processor:
    values = sysctl_values(probe)
    flags = {flag for key, flag in _APPLE_FLAGS.items() if values.get(key) == "1"}
    fast = whole_number(values.get("hw.perflevel0.physicalcpu"))
    return Processor(
        name=values.get("machdep.cpu.brand_string", ""),
        cores=facts.cores,
        physical_cores=fast or facts.physical_cores,
        flags=tuple(flag for flag in FLAGS if flag in flags),
    )


def _first_processor(text: str) -> dict[str, str]:
    """The first block of ``/proc/cpuinfo``, with small letters in its keys."""
    rows: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            rows.setdefault(key.strip().lower(), value.strip())
        elif rows and not line.strip():
            break
    return rows


def _allowed(probe: Probe, cores: int | None, groups: ControlGroups) -> int | None:
    """The cores, or fewer where a quota gives this process less time than they have; at least one."""
    shares = [share for folder in groups.processor if (share := _quota(probe, folder, groups.version)) is not None]
    if not shares:
        return cores
    return min(shares) if cores is None else min(cores, *shares)


def _quota(probe: Probe, folder: str, version: int) -> int | None:
    if version == 2:
        parts = (probe.read(f"{folder}/cpu.max") or "").split()
        quota, period = (whole_number(parts[0]), whole_number(parts[1])) if len(parts) == 2 else (None, None)
    else:
        quota = whole_number(probe.read(f"{folder}/cpu.cfs_quota_us"))
        period = whole_number(probe.read(f"{folder}/cpu.cfs_period_us"))
    return max(1, -(-quota // period)) if quota and period else None
