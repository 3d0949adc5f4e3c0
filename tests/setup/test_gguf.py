"""The reader of GGUF headers: what it finds in files that others wrote, and what it says to broken ones."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_router.errors import SetupError
from model_router.setup.gguf import Families, families, layout, read_header, read_layout
from model_router.setup.gguf.types import FILE_TYPES, TENSOR_TYPES
from model_router.setup.header import Attention, Experts, Recurrence
from tests.support.full_gguf import Family, write_full_gguf
from tests.support.scripted_gguf import ToolCall, write_scripted_gguf
from tests.support.small_gguf import write_small_gguf

DENSE = {
    ".block_count": 36,
    ".context_length": 40_960,
    ".embedding_length": 4096,
    ".feed_forward_length": 12_288,
    ".attention.head_count": 32,
    ".attention.head_count_kv": 8,
    ".attention.key_length": 128,
    ".attention.value_length": 128,
}


def test_the_numbers_of_types_are_those_of_the_format() -> None:
    for kind, (elements, size) in gguf.GGML_QUANT_SIZES.items():
        block = TENSOR_TYPES[int(kind)]
        assert (block.name, block.elements, block.bytes) == (kind.name, elements, size)
    for mixture in gguf.LlamaFileType:
        if mixture is not gguf.LlamaFileType.GUESSED:
            name = mixture.name.removeprefix("ALL_").removeprefix("MOSTLY_").removesuffix("_MOE")
            assert FILE_TYPES[int(mixture)] == name


def test_a_dense_model_is_read_from_its_keys(tmp_path: Path) -> None:
    keys = {"general.name": "Qwen3 8B", "general.license": "apache-2.0", "general.file_type": 15, **DENSE}
    header = read_header([write_small_gguf(tmp_path / "a.gguf", "qwen3", keys)])
    assert (header.architecture, header.name, header.kind) == ("qwen3", "Qwen3 8B", "model")
    assert (header.quantization, header.license, header.shards) == ("Q4_K_M", "apache-2.0", 1)
    assert (header.layers, header.context, header.embedding_length) == (36, 40_960, 4096)
    assert header.attention == Attention(heads=(32,), kv_heads=(8,), key_length=128, value_length=128)
    assert header.experts is None
    assert header.recurrence is None
    assert header.tools is None
    assert header.size == (tmp_path / "a.gguf").stat().st_size


def test_layers_with_a_window_are_read_one_by_one(tmp_path: Path) -> None:
    keys = {
        ".block_count": 4,
        ".attention.head_count": 16,
        ".attention.head_count_kv": [8, 8, 8, 2],
        ".attention.sliding_window": 1024,
        ".attention.sliding_window_pattern": [True, True, True, False],
        ".attention.key_length": 512,
        ".attention.key_length_swa": 256,
        ".attention.shared_kv_layers": 2,
    }
    attention = read_header([write_small_gguf(tmp_path / "a.gguf", "gemma4", keys)]).attention
    assert attention.kv_heads == (8, 8, 8, 2)
    assert (attention.window, attention.window_pattern) == (1024, (True, True, True, False))
    assert (attention.key_length, attention.key_length_window, attention.shared_layers) == (512, 256, 2)


def test_a_mixture_says_what_its_experts_weigh(tmp_path: Path) -> None:
    keys = {".expert_count": 128, ".expert_used_count": 8, ".block_count": 2}
    tensors = {
        "token_embd.weight": (64, 32),
        "blk.0.attn_k.weight": (32, 32),
        "blk.0.ffn_up_exps.weight": (128, 32, 8),
        "blk.1.attn_k.weight": (32, 32),
        "blk.1.ffn_up_exps.weight": (128, 32, 8),
    }
    header = read_header([write_small_gguf(tmp_path / "a.gguf", "qwen3moe", keys, tensors)])
    assert header.experts == Experts(count=128, used=8, bytes=2 * 128 * 32 * 8 * 4)
    assert header.embedding_bytes == 64 * 32 * 4
    assert header.parameters == 64 * 32 + 2 * 32 * 32 + 2 * 128 * 32 * 8
    assert header.tensor_bytes == 4 * header.parameters
    assert header.attention_layers == (0, 1)


def test_a_hybrid_tells_its_kinds_of_layers_apart(tmp_path: Path) -> None:
    keys = {
        ".block_count": 3,
        ".full_attention_interval": 3,
        ".nextn_predict_layers": 1,
        **{".ssm.conv_kernel": 4, ".ssm.inner_size": 4096, ".ssm.state_size": 128},
        **{".ssm.time_step_rank": 32, ".ssm.group_count": 16},
    }
    tensors = {"blk.0.ssm_a": (32,), "blk.1.ssm_conv1d.weight": (4, 32), "blk.2.attn_k.weight": (32, 32)}
    header = read_header([write_small_gguf(tmp_path / "a.gguf", "qwen35", keys, tensors)])
    assert header.recurrence == Recurrence(kernel=4, inner=4096, state=128, rank=32, groups=16)
    assert (header.recurrent_layers, header.attention_layers) == ((0, 1), (2,))
    assert (header.attention.full_interval, header.prediction_layers) == (3, 1)


def test_a_compressed_cache_is_told(tmp_path: Path) -> None:
    keys = {".attention.kv_lora_rank": 512, ".rope.dimension_count": 64, ".block_count": 47}
    header = read_header(
        [write_small_gguf(tmp_path / "a.gguf", "deepseek2", keys, {"blk.0.attn_kv_a_mqa.weight": (8, 8)})]
    )
    assert (header.attention.latent, header.attention.rope) == (512, 64)
    assert header.attention_layers == (0,)


@pytest.mark.parametrize(
    ("architecture", "keys", "kind"),
    [
        ("clip", {}, "projector"),
        ("llama", {"general.type": "mmproj"}, "projector"),
        ("llama", {"general.type": "adapter"}, "adapter"),
        ("llama", {"general.type": "model"}, "model"),
        ("nomic-bert", {".pooling_type": 1}, "embedding"),
        ("gemma-embedding", {}, "embedding"),
        ("qwen3", {".pooling_type": 3}, "embedding"),
        ("qwen3", {".pooling_type": 4}, "rerank"),
        ("qwen3", {".pooling_type": 0}, "model"),
        ("eagle3", {}, "draft"),
        ("flux", {}, "image"),
    ],
)
def test_a_file_says_what_it_is(tmp_path: Path, architecture: str, keys: dict[str, Any], kind: str) -> None:
    assert read_header([write_small_gguf(tmp_path / "a.gguf", architecture, keys)]).kind == kind


def test_a_mixture_of_types_without_a_name_is_called_by_the_most(tmp_path: Path) -> None:
    tensors = {"a": np.zeros((4, 4), np.float32), "b": np.zeros((64, 64), np.float16)}
    assert read_header([write_small_gguf(tmp_path / "a.gguf", tensors=tensors)]).quantization == "F16"


def test_full_precision_is_named_though_its_number_is_0(tmp_path: Path) -> None:
    tensors = {"b": np.zeros((64, 64), np.float16)}
    path = write_small_gguf(tmp_path / "a.gguf", keys={"general.file_type": 0}, tensors=tensors)
    assert read_header([path]).quantization == "F32"


def test_a_guessed_mixture_is_named_without_its_mark(tmp_path: Path) -> None:
    assert (
        read_header([write_small_gguf(tmp_path / "a.gguf", keys={"general.file_type": 1024 + 15})]).quantization
        == "Q4_K_M"
    )


def test_shards_are_one_model(tmp_path: Path) -> None:
    first = write_small_gguf(tmp_path / "a-00001-of-00002.gguf", "qwen3", DENSE, {"blk.0.attn_k.weight": (8, 8)})
    second = write_small_gguf(tmp_path / "a-00002-of-00002.gguf", "qwen3", {}, {"blk.1.attn_k.weight": (8, 8)})
    header = read_header([first, second])
    assert (header.parameters, header.layers, header.shards) == (128, 36, 2)
    assert header.size == first.stat().st_size + second.stat().st_size
    assert header.attention_layers == (0, 1)


def test_a_model_that_a_real_server_loads_is_read(tmp_path: Path) -> None:
    plain = read_header([write_scripted_gguf(tmp_path / "a.gguf", "hello there")])
    assert (plain.architecture, plain.context, plain.layers, plain.quantization) == ("llama", 262_144, 1, "F32")
    assert (plain.tools, plain.thinks) == (False, False)
    caller = read_header([write_scripted_gguf(tmp_path / "b.gguf", "hello", tool_call=ToolCall("look", {}))])
    assert caller.tools is True
    assert read_header([write_scripted_gguf(tmp_path / "c.gguf", "hello", thinks=True)]).thinks is True


VOCABULARIES = {
    "plain": [f"word-{number}" for number in range(5000)],
    "long": ["x" * 300] * 2000,
    "empty": [""] * 3000,
    "with keys in it": ["tokenizer.ggml.merges", "general.file_type", "llama.block_count", "split.count"] * 600,
    "wide": ["\N{SNOWMAN}" * 40] * 1500,
}

TRICKY = [
    "",
    "\0",
    "abcd",
    "general.",
    "tokenizer.abc",
    "llama.x",
    "split.count\0\0",
    "\0" * 12 + "general.a",
    "quantize." + "q" * 300,
]


@pytest.mark.parametrize("name", VOCABULARIES)
@pytest.mark.parametrize(
    "last", [{"general.file_type": 15}, {"llama.block_count": 3}, {"tokenizer.ggml.bos_token_id": 1}, {}]
)
def test_a_vocabulary_is_passed_over_to_the_very_end(tmp_path: Path, name: str, last: dict[str, Any]) -> None:
    path = write_small_gguf(
        tmp_path / "a.gguf", keys={"llama.context_length": 512}, tokens=VOCABULARIES[name], last=last
    )
    found = read_layout(path)
    for key, value in {"llama.context_length": 512, **last}.items():
        assert found.keys[key] == value
    assert (found.tensors.count, found.tensors.embedding_bytes) == (1, 8 * 32 * 4)


def test_searching_and_walking_come_to_the_same_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_small_gguf(tmp_path / "a.gguf", tokens=VOCABULARIES["plain"], last={"general.file_type": 15})
    guessed = read_layout(path)
    monkeypatch.setattr(families, "likely_end", lambda *_: None)
    assert read_layout(path) == guessed


@given(
    pattern=st.lists(st.sampled_from(TRICKY), min_size=1, max_size=5), last=st.sampled_from([{}, {"split.count": 1}])
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_texts_that_look_like_keys_lead_nobody_astray(tmp_path: Path, pattern: list[str], last: dict[str, int]) -> None:
    path = write_small_gguf(tmp_path / "a.gguf", tokens=pattern * 1100, last=last)
    assert read_layout(path).keys == {
        "general.architecture": "llama",
        "tokenizer.ggml.model": "gpt2",
        **last,
    }


@given(
    start=st.sampled_from(["w", ""]),
    endings=st.lists(st.lists(st.sampled_from(TRICKY), min_size=1, max_size=4), min_size=2, max_size=4),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_one_file_has_shown_leads_nobody_astray_in_the_next(
    tmp_path: Path, start: str, endings: list[list[str]]
) -> None:
    """Vocabularies that are alike in number and beginning, and not in what follows."""
    shared = Families()
    for number, texts in enumerate(endings):
        tokens = [start * 20] * 600 + (texts * 600)[:600]
        path = write_small_gguf(
            tmp_path / "a.gguf", keys={".block_count": number}, tokens=tokens, last={"split.count": 1}
        )
        found = read_layout(path, shared)
        assert found == read_layout(path)
        assert (found.keys["llama.block_count"], found.keys["split.count"], found.tensors.count) == (number, 1, 1)


def text(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw


def number(name: bytes, value: int) -> bytes:
    return text(name) + struct.pack("<II", 4, value)


def row(name: bytes, *shape: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0)


@pytest.mark.parametrize("tensors", [0, 1])
@pytest.mark.parametrize("before", [[b"word"] * 1500, [b"word"] * 1500 + [b"general.a", bytes(9)]])
def test_a_text_that_is_the_rest_of_a_header_is_taken_for_a_text(
    tmp_path: Path, before: list[bytes], tensors: int
) -> None:
    """Keys and tensors to the right number, all within the file; the real ones stand behind it."""
    lie = b"".join([text(b"word")] * 40) + number(b"llama.block_count", 99) + row(b"blk.98.attn_k.weight", 1) * tensors
    texts = [*before, lie + bytes(600)]
    keys = [
        text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama"),
        text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, len(texts)) + b"".join(map(text, texts)),
        number(b"llama.block_count", 1),
    ]
    header = headed(tensors, len(keys), b"".join(keys) + row(b"blk.0.attn_k.weight", 64) * tensors)
    path = tmp_path / "a.gguf"
    path.write_bytes(header + bytes(-len(header) % 32) + bytes(64 * 4) * tensors)
    shared = Families()
    for _ in range(2):
        found = read_layout(path, shared)
        assert found.keys["llama.block_count"] == 1
        assert found.tensors.attention == (frozenset({0}) if tensors else frozenset())


def test_a_table_that_a_large_file_has_shown_is_not_believed_of_a_small_one(tmp_path: Path) -> None:
    """A tensor of a type that nobody knows has no size to miss in the file."""
    rows = row(b"blk.0.attn_k.weight", 1 << 22)
    unknown = rows[:-12] + struct.pack("<IQ", 999, 0)
    header = headed(1, 1, text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama") + unknown)
    large, small = tmp_path / "large.gguf", tmp_path / "small.gguf"
    large.write_bytes(header + bytes(4096))
    small.write_bytes(header + bytes(-len(header) % 32))
    shared = Families()
    assert read_layout(large, shared).tensors.elements == 1 << 22
    with pytest.raises(SetupError, match="claims 4194304 elements"):
        read_layout(small, shared)


def test_a_type_that_nobody_knows_is_read_without_a_guess(tmp_path: Path) -> None:
    path = write_small_gguf(tmp_path / "a.gguf", tokens=VOCABULARIES["plain"], last={"general.file_type": 15})
    raw = path.read_bytes()
    place = raw.rindex(b"token_embd.weight") + len(b"token_embd.weight") + 4 + 2 * 8
    path.write_bytes(raw[:place] + struct.pack("<I", 999) + raw[place + 4 :])
    found = read_layout(path)
    assert (found.keys["general.file_type"], found.tensors.types) == (15, {999: 8 * 32})


def test_lists_of_texts_one_behind_the_other_are_told_apart(tmp_path: Path) -> None:
    """What stands between them is shorter than a sample: the guess goes to the end of the second."""
    words = [f"word-{number}" for number in range(4000)]
    path = write_small_gguf(
        tmp_path / "a.gguf", tokens=words, last={"tokenizer.ggml.merges": words, "general.file_type": 15}
    )
    assert read_header([path]).quantization == "Q4_K_M"


def test_tables_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    shared = Families()
    for name, layers in (("blk.0.attn_k.weight", (0,)), ("blk.1.attn_k.weight", (1,)), ("blk.0.attn_q.weight", ())):
        tensors = {"token_embd.weight": (8, 32), name: (8, 8)}
        for _ in range(2):
            path = write_small_gguf(tmp_path / "a.gguf", tensors=tensors, keys={"general.name": "n" * len(layers)})
            assert read_header([path], shared).attention_layers == layers


@pytest.mark.parametrize("longest", [10, 100, 1000])
def test_a_table_of_any_width_is_read_to_its_end(tmp_path: Path, longest: int) -> None:
    """More than one piece of the file, where names are long."""
    shapes = {f"{'n' * longest}{number}": (2,) * (1 + number % 4) for number in range(300)}
    table = read_layout(write_small_gguf(tmp_path / "a.gguf", tensors=shapes)).tensors
    assert (table.count, table.elements) == (300, 75 * (2 + 4 + 8 + 16))


def test_a_vocabulary_whose_last_text_is_cut_off_is_no_whole_file(tmp_path: Path) -> None:
    whole = write_small_gguf(tmp_path / "a.gguf", tokens=VOCABULARIES["plain"], tensors={}).read_bytes()
    path = tmp_path / "cut.gguf"
    for missing in (40, 1000, 30_000):
        path.write_bytes(whole[:-missing])
        with pytest.raises(SetupError, match=r"ends too early|longer than the file"):
            read_header([path])


def test_a_header_of_full_size_is_what_the_formats_own_reader_reads(tmp_path: Path) -> None:
    """The files that the time of a scan is taken of."""
    family = Family("qwen3moe", 1200, 1100, 2, 256, experts=4)
    path = write_full_gguf(tmp_path / "a.gguf", family)
    reader = gguf.GGUFReader(path)
    ours = read_header([path])
    assert len(reader.fields["tokenizer.ggml.tokens"].data) == 1200
    assert len(reader.fields["tokenizer.ggml.merges"].data) == 1100
    assert ours.parameters == sum(int(tensor.n_elements) for tensor in reader.tensors)
    assert ours.tensor_bytes == sum(int(tensor.n_bytes) for tensor in reader.tensors)
    assert ours.experts is not None
    assert ours.experts.bytes == sum(int(one.n_bytes) for one in reader.tensors if "_exps" in one.name)
    assert (ours.vocabulary, ours.layers, ours.tools, ours.quantization) == (1200, 2, True, "Q4_K_M")


def test_a_vocabulary_of_a_quarter_million_is_not_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Walking takes thirty times as long; a clock would not hold on a busy machine, so the way is looked at."""
    path = write_small_gguf(
        tmp_path / "a.gguf", tokens=[f"t{number}" for number in range(262_144)], last={"general.file_type": 15}
    )
    monkeypatch.setattr(layout, "end_of_texts", lambda *_: pytest.fail("every text was looked at"))
    assert read_header([path]).quantization == "Q4_K_M"


# ---- broken files


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("whole") / "a.gguf"
    keys = {"general.file_type": 2, **DENSE, "llama.rope.scaling": [1, 2, 3]}
    return write_small_gguf(path, keys=keys, tokens=["a", "bc", "def"]).read_bytes()


def test_a_file_cut_anywhere_is_never_taken_for_a_whole_one(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "cut.gguf"
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(SetupError) as caught:
            read_header([path])
        assert caught.value.message.startswith("cut.gguf is no GGUF model that can be read: ")
        assert "\n" not in caught.value.message
    path.write_bytes(whole[:-1])
    with pytest.raises(SetupError, match="not all there"):
        read_header([path])


def test_a_file_that_is_absent_or_a_folder_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.gguf", tmp_path):
        with pytest.raises(SetupError, match="cannot be read"):
            read_header([path])


def headed(tensors: int, keys: int, rest: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + rest


KEY = struct.pack("<Q", 1) + b"k"
HUGE = 2**63


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "does not begin as one"),
        (b"GGML" + bytes(100), "does not begin as one"),
        (headed(0, 0, version=1), "its version is 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (headed(HUGE, 0, bytes(64)), "claims 0 keys and 9223372036854775808 tensors"),
        (headed(0, HUGE, bytes(64)), "claims"),
        (headed(0, 1, struct.pack("<Q", HUGE) + bytes(64)), "a key is too long"),
        (headed(0, 1, KEY + struct.pack("<I", 99) + bytes(16)), "unknown kind 99"),
        (headed(0, 1, KEY + struct.pack("<IQ", 8, HUGE) + bytes(16)), "longer than the file"),
        (headed(0, 1, KEY + struct.pack("<IIQ", 9, 4, HUGE) + bytes(16)), "claims 9223372036854775808 items"),
        (headed(0, 1, KEY + struct.pack("<IIQ", 9, 4, 100_000) + bytes(16)), "longer than the file"),
        (headed(0, 1, KEY + struct.pack("<IIQ", 9, 8, 100_000) + bytes(16)), "longer than the file"),
        (headed(0, 1, KEY + struct.pack("<IIQ", 9, 9, 2) + bytes(64)), "unknown kind 9"),
        (headed(0, 1, KEY + struct.pack("<IIQQ", 9, 8, 1, HUGE) + bytes(64)), "longer than the file"),
        (headed(1, 0, struct.pack("<Q", HUGE) + bytes(64)), "name of a tensor"),
        (headed(1, 0, KEY + struct.pack("<I", 2**31) + bytes(64)), "dimensions"),
        (headed(1, 0, bytes(64)), "a tensor has no name"),
        (headed(1, 0, KEY + struct.pack("<IQIQ", 1, HUGE, 0, 0) + bytes(64)), "claims 9223372036854775808 elements"),
        (headed(1, 0, KEY + struct.pack("<IQIQ", 1, 1, 0, HUGE) + bytes(64)), "not all there"),
        (headed(0, 0), "names no architecture"),
    ],
)
def test_an_absurd_file_gets_one_clear_sentence(tmp_path: Path, raw: bytes, part: str) -> None:
    path = tmp_path / "odd.gguf"
    path.write_bytes(raw)
    with pytest.raises(SetupError) as caught:
        read_header([path])
    assert part in caught.value.message


def reads_or_says(path: Path) -> None:
    try:
        header = read_header([path])
    except SetupError:
        return
    assert header.architecture
    assert header.size == path.stat().st_size
    assert header.parameters is None or header.parameters > 0


@given(raw=st.binary(max_size=300))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_bytes_are_read_or_refused(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "random.gguf"
    for content in (raw, headed(1, 2, raw), headed(0, 1, KEY + raw)):
        path.write_bytes(content)
        reads_or_says(path)


@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, whole: bytes, data: st.DataObject) -> None:
    raw = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=6)):
        raw[place] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.gguf"
    path.write_bytes(raw)
    reads_or_says(path)
