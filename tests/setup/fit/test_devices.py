"""Devices are found by the names that drivers give them."""

from __future__ import annotations

import pytest

from model_router.setup.fit.devices import device_count, device_named, processor_bandwidth


@pytest.mark.parametrize(
    ("name", "bandwidth"),
    [
        ("NVIDIA GeForce RTX 4090", 1008),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 576),
        ("RTX 3080 Ti", 912),
        ("RTX4070TI SUPER", 672),
        ("NVIDIA GeForce RTX 4070 SUPER", 504),
        ("GTX 1050 Ti", 112),
        ("AMD Radeon RX 7900 XT", 800),
        ("AMD Radeon RX 7900 XTX", 960),
        ("Radeon 8060S Graphics", 256),
        ("NVIDIA GB10", 273),
        ("Orin (nvgpu)", 205),
        ("NVIDIA A100-SXM4-80GB", 2039),
        ("Tesla T4", 320),
        ("Intel(R) Arc(TM) A770 Graphics", 560),
        ("Apple M1", 68),
        ("Apple M4 Pro", 273),
        ("Apple M3 Ultra", 819),
    ],
)
def test_a_driver_s_name_finds_the_maker_s_figure(name: str, bandwidth: float) -> None:
    device = device_named(name)
    assert device is not None
    assert device.bandwidth == bandwidth


@pytest.mark.parametrize("name", ["", "llvmpipe (LLVM 15.0.7)", "Microsoft Basic Render Driver", "RTX 9999"])
def test_unheard_of_devices_are_unknown(name: str) -> None:
    assert device_named(name) is None


def test_the_table_has_at_least_eighty_devices() -> None:
    assert device_count() >= 80


@pytest.mark.parametrize(
    ("name", "bandwidth"),
    [
        ("13th Gen Intel(R) Core(TM) i9-13900K", 89.6),
        ("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz", 38.4),
        ("Intel(R) Core(TM) i9-10900X CPU @ 3.70GHz", 93.9),
        ("AMD Ryzen 7 5800X 8-Core Processor", 51.2),
        ("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", 256),
        ("AMD Ryzen AI 5 340", 89.6),
        ("AMD EPYC 9654 96-Core Processor", 460.8),
        ("Apple M2", 100),
        ("some other processor", None),
    ],
)
def test_a_processor_s_generation_tells_its_memory(name: str, bandwidth: float | None) -> None:
    assert processor_bandwidth(name) == bandwidth
