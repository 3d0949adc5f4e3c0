"""A file's own header gives the same cache as the catalog, whose figures were checked against logs."""

from __future__ import annotations

import pytest

from benchmarks.fit import models
from model_router.setup.fit.from_header import from_header
from model_router.setup.fit.memory import Load, memory_need
from model_router.setup.fit.shape import ModelShape, from_catalog
from model_router.setup.header import Attention, Experts, ModelHeader, Recurrence

GIB = 1 << 30

QWEN35_9B = ModelHeader(
    "gguf",
    "qwen35",
    5_680_522_464,
    layers=33,
    prediction_layers=1,
    context=262_144,
    embedding_length=4_096,
    vocabulary=248_320,
    attention=Attention(heads=(16,), kv_heads=(4,), key_length=256, value_length=256, full_interval=4),
    recurrence=Recurrence(kernel=4, inner=4_096, state=128, rank=32, groups=16),
)  # fmt: skip - a header is a list of figures
GEMMA4_12B = ModelHeader(
    "gguf",
    "gemma4",
    7 * GIB,
    layers=48,
    context=262_144,
    embedding_length=3_840,
    vocabulary=262_144,
    attention=Attention(
        heads=(16,),
        kv_heads=tuple(1 if i % 6 == 5 else 8 for i in range(48)),
        key_length=512,
        value_length=512,
        window=1_024,
        window_pattern=tuple(i % 6 != 5 for i in range(48)),
        key_length_window=256,
        value_length_window=256,
    ),
)  # fmt: skip - a header is a list of figures
GPT_OSS = ModelHeader(
    "gguf",
    "gpt-oss",
    12_109_566_624,
    layers=24,
    context=131_072,
    embedding_length=2_880,
    vocabulary=201_088,
    attention=Attention(heads=(64,), kv_heads=(8,), key_length=64, value_length=64, window=128),
    experts=Experts(32, 4, bytes=11_000_000_000),
)  # fmt: skip - a header is a list of figures
GLM_FLASH = ModelHeader(
    "gguf",
    "deepseek2",
    18 * GIB,
    layers=47,
    context=202_752,
    embedding_length=2_048,
    vocabulary=154_880,
    attention=Attention(heads=(20,), kv_heads=(1,), key_length=576, value_length=512, latent=512, rope=64),
    experts=Experts(64, 4),
)  # fmt: skip - a header is a list of figures
GEMMA4_E4B = ModelHeader(
    "gguf",
    "gemma4",
    5 * GIB,
    layers=42,
    context=131_072,
    embedding_length=2_560,
    vocabulary=262_144,
    attention=Attention(
        heads=(8,),
        kv_heads=(2,),
        key_length=512,
        value_length=512,
        window=512,
        window_pattern=tuple(i % 6 != 5 for i in range(42)),
        key_length_window=256,
        value_length_window=256,
        shared_layers=18,
    ),
)  # fmt: skip - a header is a list of figures


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (QWEN35_9B, "qwen3.5-9b"),
        (GEMMA4_12B, "gemma-4-12b"),
        (GPT_OSS, "gpt-oss-20b"),
        (GLM_FLASH, "glm-4.7-flash"),
        (GEMMA4_E4B, "gemma-4-e4b"),
    ],
)
def test_the_header_and_the_catalog_agree(header: ModelHeader, name: str) -> None:
    shape = from_header(header)
    assert shape is not None
    model = models().models[name]
    told = from_catalog(name, model, next(iter(model.files)), pictures=False)
    for load in (Load(4_096), Load(32_768, slots=4, ubatch=2_048)):
        ours, theirs = memory_need(shape, load), memory_need(told, load)
        assert (ours.kv, ours.recurrent) == (theirs.kv, theirs.recurrent)


def test_the_experts_of_a_header_are_exact() -> None:
    shape = from_header(GPT_OSS)
    assert shape is not None
    assert shape.mixture
    read = GPT_OSS.size - 11_000_000_000 * 28 / 32
    assert shape.read_share * GPT_OSS.size == pytest.approx(read)


@pytest.mark.parametrize(
    "header",
    [
        ModelHeader("gguf", "llama", GIB),
        ModelHeader("gguf", "llama", GIB, layers=32),
        ModelHeader("gguf", "clip", GIB, kind="projector", layers=27, attention=Attention((16,), (16,), 64, 64)),
    ],
)
def test_nothing_is_guessed_where_the_header_is_silent(header: ModelHeader) -> None:
    assert from_header(header) is None


@pytest.mark.parametrize("architecture", ["llama", "gemma3", "nonsense"])
def test_odd_headers_never_raise(architecture: str) -> None:
    odd = ModelHeader(
        "gguf",
        architecture,
        0,
        layers=3,
        prediction_layers=9,
        attention=Attention((), (0, 8), None, None, window=7, window_pattern=(True,), shared_layers=99),
        recurrence=Recurrence(),
        experts=Experts(0),
    )  # fmt: skip - a header is a list of figures
    assert from_header(odd) is None or isinstance(from_header(odd), ModelShape)
