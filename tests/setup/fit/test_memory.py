"""Sums that start-up logs of llama.cpp have shown; the numbers here are theirs or worked out by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model_router.setup.fit.memory import MIB, CacheType, Load, cache_part, compute_bytes, memory_need, padded
from model_router.setup.fit.shape import CacheGroup, ModelShape

GIB = 1 << 30


def shape(*caches: CacheGroup, **more: object) -> ModelShape:
    return ModelShape("model", "catalog", 5 * GIB, caches, 36, **more)  # type: ignore[arg-type]  # fields by name


def test_a_full_layer_keeps_a_cell_for_every_token() -> None:
    # 36 layers, 8 heads of 128 for keys and for values, two bytes: 144 KiB a token
    part = cache_part(CacheGroup(36, 2 * 8 * 128), Load(32_768))
    assert (part.kind, part.cells, part.bytes) == ("full", 32_768, 4_608 * MIB)


def test_quantised_caches_have_blocks_of_32_with_a_scale() -> None:
    group = CacheGroup(16, 2 * 4 * 256)
    assert cache_part(group, Load(8_192, CacheType.Q4_0)).bytes == 144 * MIB
    assert cache_part(group, Load(8_192, CacheType.Q8_0)).bytes == 272 * MIB


def test_a_window_layer_keeps_the_window_of_every_slot_and_one_step() -> None:
    group = CacheGroup(40, 2 * 8 * 256, window=1_024)
    assert cache_part(group, Load(8_192, slots=4, ubatch=2_048)).cells == 6_144
    assert cache_part(group, Load(262_144, slots=4, ubatch=2_048)).bytes == 1_920 * MIB
    assert cache_part(group, Load(1_000)).cells == 1_000


def test_compressed_attention_keeps_one_vector() -> None:
    part = cache_part(CacheGroup(47, 576, latent=True), Load(16_384))
    assert (part.kind, part.bytes) == ("latent", 16_384 * 47 * 576 * 2)


def test_recurrent_state_counts_for_every_slot() -> None:
    need = memory_need(shape(CacheGroup(8, 2_048), recurrent_bytes=52_690_944), Load(4_096, slots=4))
    assert need.recurrent == 4 * 52_690_944
    assert round(need.recurrent / MIB) == 201


def test_state_that_nobody_has_published_is_assumed_and_said_so() -> None:
    need = memory_need(shape(recurrent_bytes=None), Load(4_096))
    assert need.recurrent_assumed
    assert need.recurrent == 64 * MIB


def test_the_compute_buffer_is_logits_and_activations() -> None:
    # 151,936 x 512 logits and 512 x 2,048 activations at four bytes: the 300.75 MiB of a log
    assert compute_bytes(shape(vocabulary=151_936, hidden=2_048), Load(4_096)) == round(300.75 * MIB)


def test_the_total_is_the_sum_of_its_parts() -> None:
    need = memory_need(shape(CacheGroup(36, 2_048), projector_bytes=GIB), Load(4_096))
    parts = need.to_dict()
    assert parts.pop("total_bytes") == sum(parts.values()) == need.total


@given(st.integers(1, 1 << 20))
def test_padding_goes_up_to_the_next_256(cells: int) -> None:
    assert padded(cells) % 256 == 0
    assert 0 <= padded(cells) - cells < 256


@given(
    groups=st.lists(
        st.builds(CacheGroup, st.integers(1, 100), st.integers(1, 8_192), st.none() | st.integers(1, 8_192))
    ),
    context=st.integers(1, 300_000),
    more=st.integers(0, 300_000),
    kind=st.sampled_from(CacheType),
)
def test_more_context_never_takes_less(groups: list[CacheGroup], context: int, more: int, kind: CacheType) -> None:
    model = shape(*groups, recurrent_bytes=1)
    assert memory_need(model, Load(context, kind)).total <= memory_need(model, Load(context + more, kind)).total
