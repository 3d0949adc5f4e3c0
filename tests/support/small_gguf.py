"""GGUF files of a few kilobytes with any keys and tensors, written by the ``gguf`` package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np

_KINDS = {bool: "add_bool", float: "add_float32", int: "add_uint32", str: "add_string"}


def write_small_gguf(
    path: Path,
    architecture: str = "llama",
    keys: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Any] | None = None,
    *,
    tokens: Sequence[str] = (),
    last: Mapping[str, Any] | None = None,
) -> Path:
    """Write a model. ``keys`` stand before the vocabulary, ``last`` behind it; a key that begins with a dot gets the
    architecture in front. ``tensors`` are values, or shapes of 32-bit floats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, architecture)
    _add(writer, architecture, keys or {})
    if tokens:
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(list(tokens))
    _add(writer, architecture, last or {})
    shapes = {"token_embd.weight": (8, 32)} if tensors is None else tensors
    for name, value in shapes.items():
        writer.add_tensor(name, np.zeros(value, np.float32) if isinstance(value, tuple) else value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: gguf.GGUFWriter, architecture: str, keys: Mapping[str, Any]) -> None:
    for key, value in keys.items():
        name = architecture + key if key.startswith(".") else key
        if isinstance(value, list):
            writer.add_array(name, value)
        else:
            getattr(writer, _KINDS[type(value)])(name, value)
