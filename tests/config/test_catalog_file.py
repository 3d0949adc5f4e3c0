"""The catalog: the packaged one, small ones, and wrong ones."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_router.config.catalog_file import CheckedCatalog, check_catalog, load_catalog
from model_router.config.files import packaged_catalog
from model_router.engine.catalog import DEFAULT_PROFILES
from model_router.engine.routes import DEFAULT_TARGETS, CostTier, LatencyTier, Profile, Route
from model_router.errors import ConfigError, Problem

ENGINES = (
    "intent_router fast_local balanced_local reasoning_local code_agent web_research multimodal_vision"
    " image_generation human_confirm codex claude_code"
)
SMALL = """\
routing_targets: {balanced: main, reasoning: main, coding: main, research: main, vision: main, image_generation: main}
engines:
  fast_local: {fallback: main}
  main: {fallback: fast_local, max_context: 4096}
"""


def check(tmp_path: Path, text: str) -> CheckedCatalog:
    path = tmp_path / "model_router.yaml"
    path.write_text(text, encoding="utf-8")
    return check_catalog(path)


def problems_of(tmp_path: Path, text: str) -> tuple[Problem, ...]:
    return check(tmp_path, text).problems


def test_the_packaged_catalog_holds_the_eleven_engines() -> None:
    catalog = load_catalog()
    assert set(catalog.engines) == set(ENGINES.split())
    assert dict(catalog.routing_targets) == DEFAULT_TARGETS
    assert not catalog.engines["codex"].enabled
    assert not catalog.engines["claude_code"].enabled
    assert catalog.safety.require_human_confirmation
    assert catalog.safety.confirmation_overrides.allowed() == frozenset()
    assert "image" in catalog.engines["multimodal_vision"].modalities
    assert all(engine.fallback or name == "human_confirm" for name, engine in catalog.engines.items())


def test_the_packaged_catalog_says_what_the_defaults_say() -> None:
    checked = check_catalog(packaged_catalog())
    assert (checked.problems, checked.warnings) == ((), ())
    assert checked.catalog is not None
    assert checked.catalog.profiles == DEFAULT_PROFILES


def test_a_small_catalog_is_completed(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(SMALL + "profiles:\n  fast: {latency: 90}\n")
    catalog = load_catalog(path)
    assert catalog.routing_targets[Route.SIMPLE] == "fast_local"
    assert catalog.routing_targets[Route.CONFIRMATION] == "human_confirm"
    assert catalog.engines["main"].max_context == 4096
    assert set(catalog.profiles) == set(Profile)
    assert catalog.profiles[Profile.FAST].latency == 90
    assert catalog.profiles[Profile.FAST].capability == DEFAULT_PROFILES[Profile.FAST].capability


def test_two_mistakes_in_one_file_are_both_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(SMALL.replace("max_context: 4096", "max_context: many, cost_teir: free"))
    with pytest.raises(ConfigError) as caught:
        load_catalog(path)
    first, second = caught.value.problems
    assert (first.line, first.path, first.found) == (4, "engines.main.max_context", "'many'")
    assert (second.line, second.path, second.nearest) == (4, "engines.main.cost_teir", "cost_tier")
    assert "2 mistakes" in caught.value.message
    assert "validate-config" in caught.value.hint


@pytest.mark.parametrize(
    ("addition", "path", "line", "near"),
    [
        ("  other: {fallback: mian}", "engines.other.fallback", 5, "main"),
        ("provider_policy: {route_pools: {coding: [main, mian]}}", "provider_policy.route_pools.coding[1]", 5, "main"),
        ("profiles: {fast: {routing_targets: {coding: mian}}}", "profiles.fast.routing_targets.coding", 5, "main"),
        ("profiles: {quick: {}}", "profiles.quick", 5, ""),
        ("schema_version: 2", "schema_version", 5, ""),
    ],
)
def test_names_must_be_known(tmp_path: Path, addition: str, path: str, line: int, near: str) -> None:
    (problem,) = problems_of(tmp_path, SMALL + addition + "\n")
    assert (problem.path, problem.line, problem.nearest) == (path, line, near)


@pytest.mark.parametrize(
    "text",
    [
        SMALL.replace("routing_targets: {", "routing_targets: {confirmation: main, "),
        SMALL + "profiles: {fast: {routing_targets: {confirmation: main}}}",
        SMALL + "provider_policy: {route_pools: {confirmation: [main]}}",
        SMALL + "  human_confirm: {enabled: false}",
        SMALL + "  human_confirm: {availability: {status: unavailable}}",
    ],
)
def test_no_file_takes_the_person_away(tmp_path: Path, text: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert "human_confirm" in str(problem)


def test_routes_without_a_target_are_named_together(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "engines: {fast_local: {}}\n")
    assert "balanced reasoning coding research vision image_generation" in problem.message


def test_a_catalog_without_engines_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, "engines: {}\n")
    assert "at least one engine" in problem.message


def test_engines_may_stand_in_for_each_other(tmp_path: Path) -> None:
    checked = check(tmp_path, SMALL)
    assert (checked.problems, checked.warnings) == ((), ())


def test_an_engine_that_is_its_own_fallback_is_noted(tmp_path: Path) -> None:
    checked = check(tmp_path, SMALL + "  a: {fallback: a}\n")
    assert checked.problems == ()
    (warning,) = checked.warnings
    assert (warning.path, warning.line, warning.found) == ("engines.a.fallback", 5, "'a'")
    assert "its own fallback" in warning.message


def test_words_of_older_files_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(
        SMALL
        + "  hosted: {cost_tier: paid}\n  human_confirm: {cost_tier: none, latency_tier: manual, trust_tier: high}\n"
        + "scoring:\n  saturation_k: 50\n"
    )
    checked = check_catalog(path)
    assert checked.problems == ()
    assert len(checked.warnings) == 5
    assert checked.catalog is not None
    assert checked.catalog.engines["hosted"].cost_tier is CostTier.HIGH
    assert checked.catalog.engines["human_confirm"].cost_tier is CostTier.FREE
    assert checked.catalog.engines["human_confirm"].latency_tier is LatencyTier.HIGH


_LINES = packaged_catalog().read_text(encoding="utf-8").split("\n")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), rounds=st.integers(1, 4))
def test_a_damaged_catalog_is_told_about_with_true_lines(tmp_path: Path, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    lines = list(_LINES)
    for _ in range(rounds):
        where = chance.randrange(len(lines))
        lines[where : where + 1] = chance.choice(
            [
                [],
                [lines[where][1:]],
                [lines[where] + "x"],
                [lines[where].replace(":", "")],
                ["  " + lines[where]],
                ["\t"],
            ]
        )
    path = tmp_path / "damaged.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    checked = check_catalog(path)
    assert checked.catalog is not None or checked.problems
    for problem in checked.problems:
        assert 0 <= problem.line <= len(lines) + 1
        leaf = problem.path.rpartition(".")[2].partition("[")[0]
        assert leaf in {"", "routing_targets"} or "needed" in problem.message or leaf in lines[problem.line - 1]
