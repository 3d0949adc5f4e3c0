"""Facts about a model out of its GGUF files' own headers, whatever the files hold."""

from __future__ import annotations

from model_router.setup.gguf.facts import read_header
from model_router.setup.gguf.families import Families
from model_router.setup.gguf.layout import GgufHeader, read_layout

__all__ = ["Families", "GgufHeader", "read_header", "read_layout"]
