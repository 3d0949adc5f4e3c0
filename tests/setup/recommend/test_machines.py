"""Eight machines get eight answers, each sensible, and each says why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from model_router.setup.fit.budget import pools_of
from model_router.setup.fit.placement import Mode
from model_router.setup.hardware import scan_machine
from model_router.setup.hardware.recording import Recording
from model_router.setup.machine import Gpu, Machine, Memory, Processor
from model_router.setup.model_catalog import Work
from model_router.setup.recommend.needs import ROUTE_NEEDS, SetupProfile, route_need
from model_router.setup.recommend.options import Shortfall
from model_router.setup.recommend.recommendation import Recommendation, recommend
from model_router.setup.recommend.report import recommendation_to_dict
from tests.setup.recommend.machines import NAMES, answer, at_once, catalog, model_for, picks
from tests.setup.test_hardware import recorded

GIB = 1 << 30


def parameters(name: str, work: Work) -> float:
    """Billions of parameters of the pick."""
    pick = answer(name).choices[work].pick
    assert pick is not None
    return pick.candidate.model.parameters.total / 1e9


def test_the_eight_machines_get_eight_answers() -> None:
    assert len(NAMES) == 8
    answers = {
        json.dumps([picks(found), {w: o.variant.step.quant for w, o in found.together.plan.items()}])
        for found in map(answer, NAMES)
    }
    assert len(answers) == 8


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_fits_and_says_why(name: str) -> None:
    found = answer(name)
    for choice in found.choices.values():
        assert choice.reasons
        pick = choice.pick
        if pick is None:
            continue
        assert pick.placement.total <= pick.placement.budget
        assert pick.speed.mid >= choice.need.floor
        assert pick.load.context == choice.need.context
        assert not pick.candidate.reservation()
        text = " ".join(choice.reasons)
        for word in ("left", "tokens a second", "quality for", "licence"):
            assert word in text
        for second in choice.alternatives:
            assert second.reason
            assert second.option.name != pick.name


def test_a_small_card_beside_large_graphics_in_the_processor_takes_no_model_away() -> None:
    machine = scan_machine(Recording(recorded("strix-halo-3060")))
    alone, both = (recommend(replace(machine, gpus=gpus), catalog()) for gpus in (machine.gpus[1:], machine.gpus))
    for work, choice in alone.choices.items():
        before, after = choice.pick, both.choices[work].pick
        assert before is not None
        assert after is not None
        assert after.quality.points >= before.quality.points
        assert after.speed.mid >= before.speed.mid or after.quality.points > before.quality.points
    used = {name for choice in both.choices.values() if choice.pick and (name := choice.pick.placement.gpu)}
    assert {pool.kind for pool in used} & {"unified"}
    assert [pool["name"] for pool in recommendation_to_dict(both)["memory"]][:2] == [
        "NVIDIA GeForce RTX 3060",
        "AMD Radeon 8060S (Strix Halo)",
    ]


def test_a_light_profile_leaves_half_of_several_cards_too() -> None:
    machine = scan_machine(Recording(recorded("2x3090")))
    (whole,) = pools_of(machine).whole
    assert whole.devices == 2
    found = recommend(machine, catalog(), profile=SetupProfile.LIGHTWEIGHT)
    used = [choice.pick.placement for choice in found.choices.values() if choice.pick]
    assert any(placement.gpu_bytes for placement in used)
    assert all(placement.gpu_bytes <= (whole.budget or 0) / 2 for placement in used)


def test_a_better_model_at_half_the_speed_of_a_pick_is_no_gain_over_it() -> None:
    """With room for all picks they are loaded, so nothing that stands in for them may count more than they do."""

    def with_card(size: int, profile: SetupProfile = SetupProfile.BALANCED) -> Recommendation:
        card = Gpu("Some Card", "nvidia", size * GIB, size * GIB)
        machine = Machine(memory=Memory(64 * GIB, 8 * GIB), gpus=(card,))
        return recommend(machine, catalog(), profile=profile)

    assert at_once(with_card(4)) <= at_once(with_card(5))
    some, every = with_card(80, SetupProfile.QUALITY), with_card(96, SetupProfile.QUALITY)
    assert (some.together.fits, every.together.fits) == (False, True)
    assert at_once(some) <= at_once(every)


def test_a_laptop_is_given_small_models_and_nothing_too_large() -> None:
    for work in Work:
        assert parameters("laptop-8gb", work) < 5
    assert model_for(answer("laptop-8gb"), Work.SIMPLE) != "qwen3-0.6b", "the smallest is not the best"


def test_a_card_of_24_gb_is_used_whatever_the_system_memory() -> None:
    for name in ("rtx4090-64gb", "rtx4090-16gb"):
        assert parameters(name, Work.CODING) > 20
        pick = answer(name).choices[Work.CODING].pick
        assert pick is not None
        assert pick.placement.mode.value == "gpu"


def test_wide_memory_at_modest_speed_is_given_mixtures() -> None:
    found = answer("strix-halo-128gb")
    for work in (Work.BALANCED, Work.CODING):
        pick = found.choices[work].pick
        assert pick is not None
        assert pick.variant.shape.mixture, "a dense 27B would write ten tokens a second here"
        assert pick.speed.mid > 15


def test_a_mac_studio_is_given_more_than_an_air() -> None:
    assert parameters("mac-studio-128gb", Work.BALANCED) > 20 > parameters("m2-air-16gb", Work.BALANCED)


def test_a_container_is_judged_by_its_limit() -> None:
    found = answer("container-4gb")
    for choice in found.choices.values():
        assert choice.pick is not None
        assert choice.pick.need.total < 4 * GIB


@pytest.mark.parametrize(("name", "slow"), [("laptop-8gb", True), ("rtx4090-64gb", False), ("m2-air-16gb", False)])
def test_a_processor_alone_is_said_to_read_slowly(name: str, slow: bool) -> None:
    assert any("slow to read" in notice for notice in answer(name).notices()) is slow


def test_a_full_disk_is_named_as_what_decides() -> None:
    found = answer("disk-3gb")
    assert any("the disk decides here: 3.0 GiB are free" in notice for notice in found.notices())
    for choice in found.choices.values():
        if choice.pick is not None:
            assert choice.pick.variant.download * 1.05 + 2 * GIB <= 3 * GIB
    vision = found.choices[Work.VISION]
    assert vision.pick is None
    assert "of free disk to download" in vision.reasons[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_question_has_the_same_answer_byte_for_byte(name: str) -> None:
    first, second = (json.dumps(recommendation_to_dict(answer(name))) for _ in range(2))
    assert first == second


def test_profiles_differ_as_their_names_say() -> None:
    light = answer("rtx4090-64gb", profile=SetupProfile.LIGHTWEIGHT)
    usual = answer("rtx4090-64gb")
    best = answer("mac-studio-128gb", profile=SetupProfile.QUALITY)
    for work in Work:
        small, large = light.choices[work].pick, usual.choices[work].pick
        assert small is not None
        assert large is not None
        assert small.placement.gpu_bytes <= 12 * GIB
        assert small.quality.points <= large.quality.points
        careful = answer("mac-studio-128gb").choices[work].pick
        thorough = best.choices[work].pick
        assert careful is not None
        assert thorough is not None
        gained = thorough.quality.points - careful.quality.points
        assert gained >= thorough.variant.step.penalty - careful.variant.step.penalty


def test_together_loads_one_file_of_each_model_within_the_budget() -> None:
    for name in NAMES:
        joint = answer(name).together
        files = {(option.name, option.variant.step.quant) for option in joint.plan.values()}
        assert len(files) == len({model for model, _ in files})
        if joint.gpu_budget is not None:
            assert joint.gpu_bytes <= joint.gpu_budget
        assert joint.cpu_budget is not None
        assert joint.cpu_bytes <= joint.cpu_budget
        assert joint.words


def test_where_memory_is_short_one_model_serves_several_routes() -> None:
    joint = answer("m2-air-16gb").together
    assert len(joint.plan) == 6
    assert len({option.name for option in joint.plan.values()}) < 3
    assert answer("mac-studio-128gb").together.fits


def test_every_figure_of_the_json_has_unit_and_basis() -> None:
    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            if "value" in value:
                assert value["unit"], path
                assert value["basis"] in {"measured", "header", "catalog", "estimate"}, path
            for key, inner in value.items():
                if key.endswith("_bytes") and isinstance(value.get("basis"), dict):
                    assert value["basis"][key]["unit"] == "bytes", path
                walk(inner, f"{path}.{key}")
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                walk(inner, f"{path}[{index}]")

    shown = recommendation_to_dict(answer("rtx4090-64gb"))
    walk(shown, "")
    coding = shown["routes"]["coding"]["pick"]
    assert coding["quality"]["sources"]
    assert coding["fit"]["basis"]["tok_s"]["unit"] == "tokens per second"
    assert coding["longest_context"]["q8_0"]["value"] >= coding["longest_context"]["f16"]["value"] >= 32_768


def test_no_pick_has_fewer_than_four_bits_a_weight() -> None:
    cards = (Gpu("NVIDIA GeForce RTX 4080", "nvidia", 16 * GIB, 15 * GIB),)
    for available in (2 * GIB, 100 * GIB):
        found = recommend(Machine(memory=Memory(128 * GIB, available), gpus=cards), catalog())
        named = [one for choice in found.choices.values() for one in choice.alternatives]
        for choice in found.choices.values():
            assert choice.pick is not None
            assert "Q3" not in choice.pick.variant.step.quant
        small = [one for one in named if one.option.shortfall is Shortfall.BITS]
        assert small
        assert all("less than four bits a weight" in one.reason and not one.eligible for one in small)


def test_a_better_model_that_is_too_slow_is_named_with_what_would_be_asked_of_it() -> None:
    choice = answer("strix-halo-128gb").choices[Work.CODING]
    assert choice.pick is not None
    slow = next(one for one in choice.alternatives if one.option.name == "qwen3.8-27b")
    assert not slow.eligible
    assert slow.option.speed.mid < slow.option.asked <= 20
    assert slow.reason.startswith("better, but slow: 1")
    quality = answer("strix-halo-128gb", profile=SetupProfile.QUALITY)
    assert model_for(quality, Work.CODING) == "qwen3.8-27b", "that profile bears it"


def test_what_is_asked_halves_with_every_eight_points() -> None:
    need = ROUTE_NEEDS[Work.CODING]
    assert [need.asked_speed(points) for points in (72.0, 64.0, 56.0)] == [20.0, 10.0, 5.0]
    assert need.asked_speed(20.0) == need.floor == 3
    assert route_need(Work.CODING, SetupProfile.QUALITY).asked_speed(72.0) == 10.0
    assert route_need(Work.CODING, SetupProfile.LIGHTWEIGHT).asked_speed(72.0) == 30.0


LADDER = (4, 6, 8, 12, 16, 24, 32, 48, 64, 128)


def grown(kind: str, gib: int) -> Machine:
    """The same machine with so much memory, nine tenths of it free."""
    size, free = gib * GIB, gib * GIB * 9 // 10
    if kind == "mac":
        mac = Gpu("Apple M3 Max", "apple", size * 3 // 4, unified=True, cores=40)
        return Machine(memory=Memory(size, free), gpus=(mac,))
    if kind == "processor":
        return Machine(memory=Memory(size, free), processor=Processor("AMD EPYC 7763 64-Core Processor", 16))
    card = Gpu("NVIDIA GeForce RTX 3060", "nvidia", size, free)
    return Machine(memory=Memory(24 * GIB, 20 * GIB), gpus=(card,))


@pytest.mark.parametrize("profile", SetupProfile)
@pytest.mark.parametrize("kind", ["mac", "processor", "card"])
def test_more_memory_does_not_take_a_pick_for_a_quicker_model_of_less_quality(kind: str, profile: SetupProfile) -> None:
    before: dict[Work, float] = {}
    for gib in LADDER:
        for work, choice in recommend(grown(kind, gib), catalog(), profile=profile).choices.items():
            points = choice.pick.quality.points if choice.pick else 0.0
            assert points >= before.get(work, 0.0), (gib, work)
            before[work] = points


def test_one_model_is_not_said_to_serve_routes_that_have_none() -> None:
    mac = Machine(memory=Memory(8 * GIB, 3 * GIB), gpus=(Gpu("Apple M1", "apple", 5 * GIB, 2 * GIB, unified=True),))
    found = recommend(mac, catalog())
    assert sum(choice.pick is not None for choice in found.choices.values()) == 1
    assert found.together.words == "only one route has a model"
    assert any("close some" in notice for notice in found.notices())


def test_a_small_container_keeps_one_model_for_all_that_read_no_pictures() -> None:
    joint = recommend(Machine(memory=Memory(64 * GIB, 50 * GIB, 4 * GIB, 3_489_660_928)), catalog()).together
    assert not joint.fits
    assert set(joint.plan) == set(Work) - {Work.VISION}
    assert "vision would have to be loaded when asked for" in joint.words


def test_a_card_keeps_the_best_model_and_the_processor_takes_the_small_work() -> None:
    card = Gpu("NVIDIA GeForce RTX 4090", "nvidia", 24 * GIB, 22 * GIB)
    processor = Processor("AMD Ryzen 9 7950X 16-Core Processor", 32)
    found = recommend(Machine(memory=Memory(64 * GIB, 55 * GIB), processor=processor, gpus=(card,)), catalog())
    plan = found.together.plan
    assert plan[Work.CODING].name == model_for(found, Work.CODING)
    assert (plan[Work.CODING].placement.mode, plan[Work.SIMPLE].placement.mode) == (Mode.GPU, Mode.CPU)


def test_a_second_that_is_slower_too_says_so() -> None:
    said = [one.reason for name in NAMES for choice in answer(name).choices.values() for one in choice.alternatives]
    slower = [words for words in said if "and slower" in words]
    assert slower
    assert all(words.endswith("tokens a second") for words in slower)
