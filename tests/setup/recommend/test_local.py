"""Models that are on the machine are preferred when nearly as good, and own measurements count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model_router.setup.fit.budget import pools_of
from model_router.setup.model_catalog import Work
from model_router.setup.recommend.options import Circumstances, LocalModel, candidates_of, measured_rate
from model_router.setup.recommend.recommendation import recommend
from tests.setup.fit.test_from_header import QWEN35_9B
from tests.setup.recommend.machines import answer, catalog, machine, model_for

GIB = 1 << 30


def test_a_model_that_is_here_and_nearly_as_good_is_named_and_the_better_one_stays_the_pick() -> None:
    here = LocalModel("qwen3.5:9b", 5_680_522_464, path="ollama:qwen3.5:9b")
    choice = answer("m2-air-16gb", local=[here]).choices[Work.BALANCED]
    assert choice.pick is not None
    assert choice.pick.name == "gemma-4-12b"
    near = next(one for one in choice.alternatives if one.option.name == "qwen3.5-9b")
    assert near.option.variant.here
    assert 0 < choice.pick.quality.points - near.option.quality.points < 1.5
    assert near.reason.endswith("points less for this work, but on this machine already: nothing to fetch")
    assert any("qwen3.5-9b is on this machine already and nearly as good" in words for words in choice.reasons)


def test_of_one_model_the_file_that_is_here_is_taken() -> None:
    here = LocalModel("qwen3.5:4b", 2_740_000_000, path="ollama:qwen3.5:4b")
    choice = answer("m2-air-16gb", local=[here]).choices[Work.SIMPLE]
    pick = choice.pick
    assert pick is not None
    assert (pick.name, pick.variant.here, pick.variant.download) == ("qwen3.5-4b", "ollama:qwen3.5:4b", 0)
    assert "on this machine already" in " ".join(choice.reasons)


@pytest.mark.parametrize(("quant", "size"), [("Q3_K_M", 13 * GIB), ("IQ2_XXS", 8 * GIB), ("", 8 * GIB)])
def test_a_file_of_less_than_four_bits_is_never_the_pick_even_when_it_is_here(quant: str, size: int) -> None:
    header = replace(QWEN35_9B, size=size, quantization=quant, parameters=27_800_000_000)
    here = LocalModel("Qwen3.8-27B.gguf", size, header, "/models/a.gguf")
    only = replace(catalog(), models={"qwen3.8-27b": replace(catalog().models["qwen3.8-27b"], files={})})
    choice = recommend(machine("rtx4090-64gb"), only, local=[here], routes=[Work.CODING]).choices[Work.CODING]
    assert choice.pick is None
    assert "less than four bits a weight" in choice.reasons[0]
    assert [one.option.variant.here for one in choice.alternatives] == ["/models/a.gguf"]


def test_a_header_decides_over_the_catalog() -> None:
    header = replace(QWEN35_9B, size=5_600_000_000, quantization="Q4_K_M")
    here = LocalModel("Qwen3.5-9B-Q4_K_M.gguf", header.size, header, "/models/a.gguf")
    pick = answer("m2-air-16gb", local=[here], routes=[Work.VISION]).choices[Work.VISION].pick
    assert pick is not None
    assert (pick.name, pick.variant.shape.basis, pick.need.weights) == ("qwen3.5-9b", "header", 5_600_000_000)


def test_a_full_disk_does_not_matter_to_what_is_here() -> None:
    here = LocalModel("qwen3.5:9b", 5_680_522_464, path="ollama:qwen3.5:9b")
    assert model_for(answer("disk-3gb", local=[here]), Work.VISION) == "qwen3.5-9b"


def test_a_model_that_nobody_has_judged_is_mentioned_and_not_ranked() -> None:
    here = LocalModel("grandmas-merge-13b", 8 * GIB, path="/models/g.gguf")
    found = answer("rtx4090-64gb", local=[here])
    assert [one.name for one in found.unknown_here] == ["grandmas-merge-13b"]
    assert any("not ranked" in notice for notice in found.notices())


def test_a_measured_speed_replaces_the_estimate() -> None:
    found = answer("rtx4090-64gb", measured={"qwen3.8:27b": 2.0})
    assert model_for(found, Work.CODING) != "qwen3.8-27b", "two tokens a second are below the floor"
    quick = answer("rtx4090-64gb", measured={"qwen3.8:27b": 55.0}).choices[Work.CODING].pick
    assert quick is not None
    assert (quick.name, quick.speed.mid, quick.speed.basis) == ("qwen3.8-27b", 55.0, "measured")


def test_ollama_s_own_names_are_understood() -> None:
    here = [LocalModel("gemma4:26b", 16_965_120_819, path="ollama:gemma4:26b"), LocalModel("glm-4.7-flash:latest", GIB)]
    found = answer("rtx4090-64gb", local=here)
    assert found.unknown_here == ()
    here_of = {
        candidate.name: [variant.here for variant in candidate.variants if variant.here]
        for candidate in candidates_of(catalog().models, tuple(here))
    }
    assert here_of["gemma-4-26b-a4b"] == ["ollama:gemma4:26b"]
    assert here_of["glm-4.7-flash"] == ["glm-4.7-flash:latest"]
    assert here_of["qwen3.8-27b"] == []


def test_the_projector_counts_only_where_pictures_are_read() -> None:
    found = answer("mac-studio-128gb")
    vision, coding = found.choices[Work.VISION].pick, found.choices[Work.CODING].pick
    assert vision is not None
    assert coding is not None
    assert vision.need.projector > 0
    assert coding.need.projector == 0
    assert vision.variant.download > vision.need.weights
    assert coding.variant.download == coding.need.weights
    assert all(option.need.projector for option in found.together.plan.values() if option.name == vision.name)


def test_a_speed_measured_with_one_file_is_not_that_of_another() -> None:
    here = LocalModel("qwen3.8:27b", 17 * GIB, path="ollama:qwen3.8:27b")
    candidate = next(one for one in candidates_of(catalog().models, (here,)) if one.name == "qwen3.8-27b")
    at = Circumstances(pools_of(machine("mac-studio-128gb")), {"qwen3.8:27b": 10.0})
    speeds = {one.step.quant: measured_rate(candidate, one, at) for one in candidate.variants}
    own = next(one for one in candidate.variants if one.here)
    assert speeds[own.step.quant] == 10.0
    larger = next(one for one in candidate.variants if one.shape.weights_bytes > 20 * GIB)
    assert speeds[larger.step.quant] == pytest.approx(10.0 * own.shape.weights_bytes / larger.shape.weights_bytes)
