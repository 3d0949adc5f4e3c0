"""Writes the image part that a scripted model needs before llama.cpp lets it see pictures (about 150 kB).

The file is an ordinary vision tower in the form of Gemma 3 with all weights zero: every picture becomes one embedding
of zeros, which the scripted model ignores. What counts is that the server takes image parts: servers without such a
file refuse them.
"""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

_WIDTH, _FEED_FORWARD = 32, 64
_PATCH = 16
_IMAGE = 64
"""Pixels a side: four patches of 16 each way, which the projector merges into a single embedding."""


def write_scripted_projector(path: Path, dimensions: int) -> Path:
    """Write the file to ``path`` and return it. ``dimensions`` is the embedding length of the model it belongs to."""
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", "gemma3")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    sizes = {
        "image_size": _IMAGE,
        "patch_size": _PATCH,
        "embedding_length": _WIDTH,
        "feed_forward_length": _FEED_FORWARD,
        "projection_dim": dimensions,
        "block_count": 1,
        "attention.head_count": 2,
    }
    for key, value in sizes.items():
        writer.add_uint32(f"clip.vision.{key}", value)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_array("clip.vision.image_mean", [0.5] * 3)
    writer.add_array("clip.vision.image_std", [0.5] * 3)
    writer.add_bool("clip.use_gelu", True)
    for name, shape in _shapes(dimensions).items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _shapes(dimensions: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "v.patch_embd.weight": (_WIDTH, 3, _PATCH, _PATCH),
        "v.patch_embd.bias": (_WIDTH,),
        "v.position_embd.weight": ((_IMAGE // _PATCH) ** 2, _WIDTH),
        "v.post_ln.weight": (_WIDTH,),
        "v.post_ln.bias": (_WIDTH,),
        "mm.input_projection.weight": (dimensions, _WIDTH),
        "mm.soft_emb_norm.weight": (_WIDTH,),
    }
    layers = {
        "ln1": (_WIDTH,),
        "ln2": (_WIDTH,),
        "ffn_up": (_FEED_FORWARD, _WIDTH),
        "ffn_down": (_WIDTH, _FEED_FORWARD),
    }
    layers |= dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_out"), (_WIDTH, _WIDTH))
    for name, shape in layers.items():
        shapes[f"v.blk.0.{name}.weight"] = shape
        shapes[f"v.blk.0.{name}.bias"] = shape[:1]
    return shapes
