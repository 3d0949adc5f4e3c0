"""How fast devices read their memory: nominal figures of their makers, in GB/s (10^9 bytes a second).

One line a device: words of its name, GB/s, GiB of memory where there is one size, and the part of the nominal figure
that llama.cpp reaches where that is not the usual one. Sources stand above each family. The efficiencies of Apple's
wide chips come from the table in llama.cpp discussion 4167 (7B, Q4_0), those of cards before Turing and of HBM cards
from published runs; the usual one is fitted to the validation cases.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

USUAL_EFFICIENCY = 0.80

_OLD = 0.36
_HBM = 0.50
_ARC = 0.55
_APU = 0.72

_GRAPHICS = f"""
# NVIDIA GeForce: nvidia.com, product specifications and the architecture white papers of each generation
rtx 5090 laptop | 896 | 24
rtx 5080 laptop | 896 | 16
rtx 5070 ti laptop | 672 | 12
rtx 5070 laptop | 384 | 8
rtx 5060 laptop | 384 | 8
rtx 5090 | 1792 | 32
rtx 5080 | 960 | 16
rtx 5070 ti | 896 | 16
rtx 5070 | 672 | 12
rtx 5060 ti | 448 |
rtx 5060 | 448 | 8
rtx 5050 | 320 | 8
rtx 4090 laptop | 576 | 16
rtx 4080 laptop | 432 | 12
rtx 4070 laptop | 256 | 8
rtx 4060 laptop | 256 | 8
rtx 4050 laptop | 192 | 6
rtx 4090 | 1008 | 24
rtx 4080 super | 736 | 16
rtx 4080 | 717 | 16
rtx 4070 ti super | 672 | 16
rtx 4070 ti | 504 | 12
rtx 4070 super | 504 | 12
rtx 4070 | 504 | 12
rtx 4060 ti | 288 |
rtx 4060 | 272 | 8
rtx 3080 ti laptop | 512 | 16
rtx 3080 laptop | 448 |
rtx 3070 laptop | 448 | 8
rtx 3060 laptop | 336 | 6
rtx 3050 laptop | 192 |
rtx 3090 ti | 1008 | 24
rtx 3090 | 936 | 24
rtx 3080 ti | 912 | 12
rtx 3080 | 760 |
rtx 3070 ti | 608 | 8
rtx 3070 | 448 | 8
rtx 3060 ti | 448 | 8
rtx 3060 | 360 | 12
rtx 3050 | 224 | 8
rtx 2080 ti | 616 | 11
rtx 2080 super | 496 | 8
rtx 2080 | 448 | 8
rtx 2070 super | 448 | 8
rtx 2070 | 448 | 8
rtx 2060 super | 448 | 8
rtx 2060 | 336 |
gtx 1660 ti | 288 | 6
gtx 1660 super | 336 | 6
gtx 1660 | 192 | 6
gtx 1650 | 128 | 4
gtx 1080 ti | 484 | 11 | {_OLD}
gtx 1080 | 320 | 8 | {_OLD}
gtx 1070 ti | 256 | 8 | {_OLD}
gtx 1070 | 256 | 8 | {_OLD}
gtx 1060 | 192 | | {_OLD}
gtx 1050 ti | 112 | 4 | {_OLD}
gtx 1050 | 112 | | {_OLD}
gtx 980 ti | 336 | 6 | {_OLD}
gtx 970 | 224 | 4 | {_OLD}
# NVIDIA workstation and data centre: nvidia.com, data sheets
rtx pro 6000 | 1792 | 96
rtx pro 5000 | 1344 | 48
rtx 6000 ada | 960 | 48
rtx 5000 ada | 576 | 32
rtx 4500 ada | 432 | 24
rtx 4000 ada | 360 | 20
rtx a6000 | 768 | 48
rtx a5000 | 768 | 24
rtx a4000 | 448 | 16
rtx a2000 | 288 |
l40s | 864 | 48
l40 | 864 | 48
l4 | 300 | 24
a40 | 696 | 48
a10g | 600 | 24
a10 | 600 | 24
t4 | 320 | 16 | 0.65
p40 | 347 | 24 | {_OLD}
p100 | 732 | 16 | {_OLD}
v100 | 900 | | {_HBM}
a100 sxm4 80gb | 2039 | 80 | {_HBM}
a100 80gb | 1935 | 80 | {_HBM}
a100 | 1555 | 40 | {_HBM}
h100 pcie | 2039 | 80 | {_HBM}
h100 | 3350 | 80 | {_HBM}
h200 | 4800 | 141 | {_HBM}
b200 | 8000 | 180 | {_HBM}
# NVIDIA, memory shared with the processor: DGX Spark and Jetson data sheets
gb10 | 273 |
dgx spark | 273 |
jetson thor | 273 |
thor | 273 |
agx orin | 205 |
orin nx | 102 |
orin nano super | 102 |
orin nano | 68 |
orin | 205 |
# AMD Radeon: amd.com, product pages
rx 9070 xt | 640 | 16
rx 9070 | 640 | 16
rx 9060 xt | 320 |
rx 7900 xtx | 960 | 24
rx 7900 xt | 800 | 20
rx 7900 gre | 576 | 16
rx 7800 xt | 624 | 16
rx 7700 xt | 432 | 12
rx 7600 xt | 288 | 16
rx 7600 | 288 | 8
rx 6950 xt | 576 | 16
rx 6900 xt | 512 | 16
rx 6800 xt | 512 | 16
rx 6800 | 512 | 16
rx 6750 xt | 432 | 12
rx 6700 xt | 384 | 12
rx 6600 xt | 256 | 8
rx 6600 | 224 | 8
rx 5700 xt | 448 | 8
rx 580 | 256 | 8 | {_OLD}
rx 570 | 224 | | {_OLD}
vega 64 | 484 | 8 | {_HBM}
radeon vii | 1024 | 16 | {_HBM}
pro w7900 | 864 | 48
pro w7800 | 576 | 32
ai pro r9700 | 640 | 32
mi300x | 5300 | 192 | {_HBM}
mi250 | 3277 | 128 | {_HBM}
mi210 | 1638 | 64 | {_HBM}
mi100 | 1229 | 32 | {_HBM}
mi60 | 1024 | 32 | {_HBM}
mi50 | 1024 | | {_HBM}
# AMD, memory shared with the processor: amd.com, processor pages (memory type times width)
8060s | 256 | | {_APU}
8050s | 256 | | {_APU}
ryzen ai max | 256 | | {_APU}
strix halo | 256 | | {_APU}
890m | 120 | | {_APU}
880m | 120 | | {_APU}
860m | 120 | | {_APU}
840m | 90 | | {_APU}
780m | 90 | | {_APU}
760m | 90 | | {_APU}
680m | 77 | | {_APU}
van gogh | 88 | | {_APU}
# Intel: intel.com, product specifications
arc b60 | 456 | 24 | {_ARC}
arc b580 | 456 | 12 | {_ARC}
arc b570 | 380 | 10 | {_ARC}
arc a770 | 560 | | {_ARC}
arc a750 | 512 | 8 | {_ARC}
arc a580 | 512 | 8 | {_ARC}
arc a380 | 186 | 6 | {_ARC}
# Intel, memory shared with the processor: intel.com, product specifications
arc 140v | 137 | | {_ARC}
arc 140t | 120 | | {_ARC}
# Apple, memory shared with the processor: apple.com, technical specifications of each Mac
m1 ultra | 800 | | 0.40
m1 max | 400 | | 0.50
m1 pro | 200 | | 0.62
m1 | 68 | | 0.72
m2 ultra | 800 | | 0.53
m2 max | 400 | | 0.66
m2 pro | 200 | | 0.77
m2 | 100 | | 0.82
m3 ultra | 819 | | 0.52
m3 max | 400 | | 0.68
m3 pro | 150 | | 0.82
m3 | 100 | | 0.82
m4 max | 546 | | 0.70
m4 pro | 273 | | 0.82
m4 | 120 | | 0.80
m5 max | 614 | | 0.70
m5 pro | 307 | | 0.80
m5 | 153 | | 0.80
"""

_PROCESSORS = """
# two channels unless said otherwise: the fastest memory that the maker names for the processor
# Intel: intel.com, product specifications
i[3579]-1[34]\\d{3} | 89.6
i[3579]-12\\d{3} | 76.8
1[34]th gen intel | 89.6
12th gen intel | 76.8
core.* ultra | 102.4
i9-10(9\\d0x|980xe) | 93.9
i[3579]-11\\d{2,3} | 51.2
i[3579]-10\\d{2,3} | 46.9
i[357]-8\\d{3}[uy] | 38.4
i[3579]-[89]\\d{3} | 42.7
i[3579]-[4567]\\d{3} | 34.1
xeon.* (platinum|gold|silver) [84653]4\\d{2} | 307.2
xeon.* (platinum|gold|silver) [84653]5\\d{2} | 358.4
xeon.* (platinum|gold|silver) [84653]3\\d{2} | 204.8
xeon.* (platinum|gold|silver) [84653][12]\\d{2} | 140.8
xeon.* e5-\\d{4} v4 | 76.8
xeon.* e5 | 59.7
# AMD: amd.com, product pages
ryzen ai max | 256
ryzen ai | 89.6
ryzen.* 9\\d{3} | 89.6
ryzen.* 8\\d{3} | 89.6
ryzen.* 7\\d{3} | 83.2
ryzen.* 6\\d{3} | 76.8
ryzen threadripper pro [357]9 | 204.8
ryzen threadripper pro 7 | 332.8
ryzen threadripper 7 | 166.4
ryzen threadripper | 93.9
ryzen.* [345]\\d{3} | 51.2
ryzen.* [12]\\d{3} | 42.7
epyc 9\\d{2}5 | 576
epyc 9\\d{3} | 460.8
epyc 7\\d{3} | 204.8
# Arm servers: product pages
graviton ?4 | 537.6
graviton ?3 | 307.2
graviton ?2 | 204.8
ampere altra | 204.8
raspberry pi 5 | 17.1
cortex-a76 | 17.1
"""


@dataclass(frozen=True, slots=True)
class Device:
    """A graphics processor as its maker describes it; ``unified`` ones compute in system memory."""

    name: str
    bandwidth: float
    memory: int | None
    efficiency: float
    unified: bool


_NOISE = re.compile(
    r"\((?:r|tm|c)\)|\b(?:nvidia|geforce|amd|radeon|apple|intel|graphics|gpu|quadro|tesla|corporation)\b"
)


def device_named(name: str) -> Device | None:
    """The device that a driver calls ``name``; the most words win, so a laptop's card is not taken for its namesake."""
    words = _words(name)
    found = [device for device in _devices() if _within(_words(device.name), words)]
    return max(found, key=lambda device: (len(_words(device.name)), device.name), default=None)


def processor_bandwidth(name: str) -> float | None:
    """GB/s of a processor's memory where the name tells its generation."""
    lowered = re.sub(r"\((?:r|tm)\)", "", name.lower())
    for pattern, bandwidth in _processors():
        if re.search(rf"\b{pattern}", lowered):
            return bandwidth
    device = device_named(name) if "apple" in lowered else None
    return device.bandwidth if device else None


def device_count() -> int:
    """How many graphics processors the table has."""
    return len(_devices())


@cache
def _devices() -> tuple[Device, ...]:
    found: list[Device] = []
    unified = False
    for line in _GRAPHICS.strip().splitlines():
        if line.startswith("#"):
            unified = "shared with the processor" in line
            continue
        cells = [cell.strip() for cell in line.split("|")]
        memory = int(cells[2]) << 30 if len(cells) > 2 and cells[2] else None
        efficiency = float(cells[3]) if len(cells) > 3 else USUAL_EFFICIENCY
        found.append(Device(cells[0], float(cells[1]), memory, efficiency, unified))
    return tuple(found)


@cache
def _processors() -> tuple[tuple[str, float], ...]:
    rows = (line.rpartition("|") for line in _lines(_PROCESSORS))
    return tuple((pattern.strip(), float(bandwidth)) for pattern, _, bandwidth in rows)


def _lines(table: str) -> list[str]:
    return [line for line in table.strip().splitlines() if not line.startswith("#")]


@cache
def _words(name: str) -> tuple[str, ...]:
    plain = _NOISE.sub(" ", name.lower())
    plain = re.sub(r"\b(rtx|gtx|rx)(?=\d)", r"\1 ", plain)
    plain = re.sub(r"(?<=\d)(ti|xtx|xt|super)\b", r" \1", plain)
    return tuple(re.findall(r"[a-z0-9]+", plain))


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether ``part`` stands in ``whole``, word after word."""
    positions = iter(whole)
    return all(word in positions for word in part)
