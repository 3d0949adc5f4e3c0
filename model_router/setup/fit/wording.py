"""Bytes for people."""

from __future__ import annotations

GIB = 1 << 30


def gib(size: int) -> str:
    """GiB with one decimal, small sizes in MiB."""
    return f"{size / GIB:.1f} GiB" if abs(size) >= GIB // 2 else f"{size / (1 << 20):.0f} MiB"
