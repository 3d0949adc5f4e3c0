"""Kinds of values in GGUF keys."""

from __future__ import annotations

import struct

TEXT, ARRAY = 8, 9

FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""Kind: its letter in ``struct``."""

SIZES = {kind: struct.calcsize("<" + letter) for kind, letter in FORMATS.items()}

MOST_ITEMS = 1 << 22
"""No list of a real model is longer; vocabularies have a quarter of a million texts, merges twice as many."""
