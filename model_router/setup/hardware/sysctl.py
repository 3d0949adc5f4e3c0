"""What macOS says about itself, in one command."""

from __future__ import annotations

from model_router.setup.hardware.probe import Probe

_NAMES = (
    "hw.memsize",
    "machdep.cpu.brand_string",
    "hw.perflevel0.physicalcpu",
    "iogpu.wired_limit_mb",
    "debug.iogpu.wired_limit",
    "hw.optional.arm.FEAT_DotProd",
    "hw.optional.arm.FEAT_FP16",
    "hw.optional.arm.FEAT_I8MM",
    "hw.optional.arm.FEAT_BF16",
    "hw.optional.arm.FEAT_SME",
    "hw.optional.avx2_0",
    "hw.optional.avx512f",
)


def sysctl_values(probe: Probe) -> dict[str, str]:
    """Name: value. Names that this macOS does not have make the command fail but are simply missing."""
    output = probe.run(("sysctl", *_NAMES))
    rows: dict[str, str] = {}
    for line in (output.text if output else "").splitlines():
        name, colon, value = line.partition(":")
        if colon and name in _NAMES:
            rows.setdefault(name, value.strip())
    return rows
