"""What a person who imports ModelRouter relies on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model_router
from model_router import ModelRouter, UsageError, build_dispatch_plan, route_prompt, score_prompt
from model_router.engine.hints import RoutingHints
from model_router.engine.routes import Route

README_TABLE = {
    "rewrite this text": "fast_local",
    "summarize these notes": "balanced_local",
    "design a distributed task scheduler architecture": "reasoning_local",
    "fix the repo and run tests": "code_agent",
    "search the web for the latest TypeScript release notes": "web_research",
    "extract text from this screenshot": "multimodal_vision",
    "generate an image of a router dashboard": "image_generation",
    "drop the production database": "human_confirm",
}


@pytest.fixture(scope="module")
def router() -> ModelRouter:
    return ModelRouter.from_config(validate_availability=False)


def test_the_public_face_is_what_it_says() -> None:
    for name in model_router.__all__:
        assert getattr(model_router, name) is not None
    assert set(model_router.__all__) <= set(dir(model_router))
    with pytest.raises(AttributeError):
        _ = model_router.nothing_like_this  # type: ignore[attr-defined]  # that is the test


def test_the_old_import_path_gives_the_same_objects() -> None:
    import hermes.plugins.model_router as old

    for name in old.__all__:
        assert getattr(old, name) is getattr(model_router, name)


def test_importing_the_package_loads_nothing_else() -> None:
    heavy = "yaml re2 httpx textual quart click"
    code = f"import sys, model_router; print(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("prompt", "engine"), README_TABLE.items())
def test_the_readme_table_holds(router: ModelRouter, prompt: str, engine: str) -> None:
    assert router.route_fast(prompt) == engine
    receipt = router.route(prompt)
    assert receipt.selected_engine == engine
    assert router.pick(prompt) == (engine, receipt.route)


def test_why_an_engine_may_not_serve_a_route(router: ModelRouter) -> None:
    assert router.refusal("code_agent", Route.CODING) is None
    assert router.refusal("code_agent", Route.VISION) == "does not take image"
    assert router.refusal("claude_code", Route.CODING) == "disabled in the catalog"
    hints = RoutingHints(context_tokens=10**6)
    assert router.refusal("code_agent", Route.CODING, hints) == "context of 131072 tokens is too small for 1000000"


def test_a_closed_router_picks_a_person_and_refuses_every_engine(tmp_path: Path) -> None:
    closed = ModelRouter.from_config(tmp_path / "missing.yaml")
    assert closed.pick("rewrite this text") == ("human_confirm", Route.CONFIRMATION)
    assert closed.refusal("fast_local", Route.SIMPLE) == "the router is closed"


def test_a_receipt_names_its_reasons_and_never_the_prompt(router: ModelRouter) -> None:
    prompt = "please drop the production database zebrafinch-7"
    receipt = router.route(prompt)
    assert receipt.requires_confirmation
    assert receipt.risk_class == "destructive"
    assert "safety.destructive" in receipt.reason_codes
    assert any(item.cue == "drop the" or "drop" in item.cue for item in receipt.evidence)
    text = json.dumps(receipt.to_dict())
    assert prompt not in text
    assert "zebrafinch" not in text


def test_a_receipt_is_plain_json_with_the_seed_fields(router: ModelRouter) -> None:
    receipt = json.loads(json.dumps(router.route("fix the repo and run tests").to_dict()))
    seed = [
        "selected_engine",
        "complexity_score",
        "risk_score",
        "confidence_score",
        "fallback_engine",
        "fallback_used",
        "requires_confirmation",
        "requires_tools",
        "requires_freshness",
        "requires_code_execution",
        "requires_vision",
        "requires_image_generation",
        "config_valid",
        "availability_valid",
        "reasons",
        "rejected_engines",
        "alternatives",
        "requirements",
        "availability_reasons",
        "route",
        "profile",
        "reason_codes",
        "evidence",
        "config_hash",
        "ruleset_version",
        "summary",
    ]
    assert set(seed) <= set(receipt)
    assert set(receipt["alternatives"][0]) == {
        "engine",
        "rank_score",
        "capability",
        "trust",
        "cost",
        "latency",
        "reasons",
    }


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400), st.booleans())
def test_both_ways_name_the_same_engine(text: str, image: bool) -> None:
    router = _shared()
    hints = {"attachments": ["image"]} if image else None
    assert router.route_fast(text, hints) == router.route(text, hints).selected_engine


def _shared(cache: list[ModelRouter] = []) -> ModelRouter:  # noqa: B006 - built once for all examples
    if not cache:
        cache.append(ModelRouter.from_config(validate_availability=False))
    return cache[0]


def test_two_processes_with_different_hash_seeds_give_the_same_bytes() -> None:
    code = (
        "import json; from model_router import ModelRouter; r = ModelRouter.from_config(validate_availability=False);"
        "print(json.dumps([r.route(p).to_dict() for p in ('drop the production database', 'Wie wird das Wetter?',"
        " '写一个函数', 'fix the repo and run tests')]))"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "4242")
    }
    assert len(results) == 1


@pytest.mark.parametrize("prompt", [None, 7, b"rewrite", ["rewrite"]])
def test_what_is_not_text_waits_for_a_person(router: ModelRouter, prompt: object) -> None:
    assert router.route_fast(prompt) == "human_confirm"  # type: ignore[arg-type]  # no text
    receipt = router.route(prompt)  # type: ignore[arg-type]  # no text
    assert receipt.selected_engine == "human_confirm"
    assert receipt.reason_codes == ("prompt.unreadable",)


@pytest.mark.parametrize(
    ("hints", "word"),
    [
        ({"atachments": ["image"]}, "attachments"),
        ({"attachments": ["imge"]}, "image"),
        ({"attachments": "image"}, "list"),
        ({"max_cost_tier": "lo"}, "low"),
        ({"latency_sensitive": "yes"}, "true or false"),
        ({"context_tokens": -1}, "tokens"),
        ({"profile": "cheap"}, "known"),
        ({"force_engine": "code_agnet"}, "code_agent"),
        ("fast", "mapping"),
    ],
)
def test_a_wrong_hint_is_an_error_that_names_what_is_right(router: ModelRouter, hints: object, word: str) -> None:
    for ask in (router.route, router.route_fast):
        with pytest.raises(UsageError) as caught:
            ask("hello", hints)  # type: ignore[arg-type]  # wrong on purpose
        assert word in f"{caught.value.message} {caught.value.hint}"


def test_a_missing_file_closes_the_router(tmp_path: Path) -> None:
    router = ModelRouter.from_config(tmp_path / "nothing.yaml")
    assert not router.config_valid
    assert router.route_fast("hello") == "human_confirm"
    receipt = router.route("hello")
    assert not receipt.config_valid
    assert "nothing.yaml" in " ".join(receipt.reasons)


def test_a_broken_file_closes_the_router_and_says_every_mistake(tmp_path: Path) -> None:
    file = tmp_path / "model_router.yaml"
    file.write_text("routing_targets:\n  simple: fast_lokal\nsaftey: {}\nengines:\n  fast_local: {}\n")
    receipt = ModelRouter.from_config(file).route("hello")
    assert receipt.selected_engine == "human_confirm"
    assert any("fast_lokal" in reason for reason in receipt.reasons)
    assert any("saftey" in reason for reason in receipt.reasons)


def test_helpers_work_alone() -> None:
    assert route_prompt("rewrite this text").selected_engine == "fast_local"
    score = score_prompt("rewrite this text")
    assert score.route == "simple"
    assert score.scores["simple"] == 0
    plan = build_dispatch_plan("drop the production database")
    assert plan.blocked
    assert plan.dry_run
    assert build_dispatch_plan("rewrite this text").engine == "fast_local"
