"""A conversation stays with its engine unless that cannot do what is asked, or leaving costs nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from model_router.config.proxy import BackendConfig, ProxyConfig
from model_router.engine.hints import RoutingHints
from model_router.engine.routes import Attachment, Profile, Route
from model_router.router import ModelRouter
from model_router.server.sessions import Session
from model_router.server.stickiness import Move, Stay, Stickiness, StickinessPolicy, Turn, in_words

ENGINES = (
    "fast_local",
    "balanced_local",
    "reasoning_local",
    "code_agent",
    "web_research",
    "multimodal_vision",
    "image_generation",
)
ROUTE_OF = dict(zip(ENGINES, Route, strict=False))


@pytest.fixture(scope="module")
def router() -> ModelRouter:
    """The packaged catalog."""
    return ModelRouter.from_config(validate_availability=False)


def config_of(engine_backends: Mapping[str, str] | None = None, **rooms: int) -> ProxyConfig:
    """A backend for each engine, of the same name, or as given; ``rooms`` are contexts of backends."""
    mapping = dict(zip(ENGINES, ENGINES, strict=True)) if engine_backends is None else engine_backends
    backends = {name: BackendConfig("http://127.0.0.1:9/v1", "m", max_context=rooms.get(name)) for name in ENGINES}
    return ProxyConfig(backends=MappingProxyType(backends), engine_backends=MappingProxyType(dict(mapping)))


@pytest.fixture
def sticky(router: ModelRouter) -> Stickiness:
    return Stickiness(router, config_of())


def turn(decided: str, tokens: int = 18_000, **fields: Any) -> Turn:
    return Turn(decided, fields.pop("route", ROUTE_OF[decided]), tokens, **fields)


def with_catalog(router: ModelRouter, engine: str, **changes: Any) -> ModelRouter:
    """The same router over a catalog in which one engine is another."""
    catalog = router.catalog
    engines = {**catalog.engines, engine: replace(catalog.engines[engine], **changes)}
    changed = ModelRouter.from_config(validate_availability=False)
    assert changed._engine is not None
    changed.catalog = changed._engine.catalog = changed._engine._policy.catalog = replace(catalog, engines=engines)
    return changed


def test_the_same_engine_stays(sticky: Stickiness) -> None:
    outcome = sticky.judge(Session("code_agent", falls=2), turn("code_agent"))
    assert outcome == Stay("code_agent", "stayed: the same engine was decided again", "session.stayed.same")


def test_a_turn_for_less_stays_and_says_what_leaving_costs(sticky: Stickiness) -> None:
    assert sticky.judge(Session("code_agent"), turn("fast_local")) == Stay(
        "code_agent",
        "stayed: moving would prefill about 18k tokens again",
        "session.stayed.prefill",
        prefill_tokens=18_000,
        falls=1,
    )


def test_a_turn_for_more_moves_and_says_what_it_costs(sticky: Stickiness) -> None:
    assert sticky.judge(Session("fast_local", falls=1), turn("reasoning_local")) == Move(
        "reasoning_local",
        "moved: reasoning needs more than fast_local can do",
        "session.moved.rose",
        prefill_tokens=18_000,
    )


PICTURE = RoutingHints(attachments=(Attachment.IMAGE,), required_modalities=("image",))

MOVES = [
    ("fast_local", turn("multimodal_vision", hints=PICTURE), "ability", "does not take image"),
    ("code_agent", turn("multimodal_vision", hints=PICTURE), "ability", "does not take image"),
    ("reasoning_local", turn("image_generation"), "ability", "does not take image_generation"),
    ("image_generation", turn("fast_local"), "ability", "only makes pictures"),
    ("image_generation", turn("multimodal_vision", hints=PICTURE), "ability", "only makes pictures"),
    ("reasoning_local", turn("web_research"), "rose", "research needs more"),
    ("code_agent", turn("reasoning_local"), "rose", "reasoning needs more"),
    ("fast_local", turn("balanced_local", 40_000, hints=RoutingHints(context_tokens=40_000)), "ability", "too small"),
    ("code_agent", turn("fast_local", forced=True), "forced", "fast_local was asked for by name"),
    ("code_agent", turn("fast_local", 900), "short", "short, about 900 tokens"),
    ("no_such_engine", turn("fast_local"), "gone", "has no backend any more"),
    ("claude_code", turn("fast_local"), "gone", "disabled"),
    ("reasoning_local", turn("fast_local", hints=RoutingHints(latency_sensitive=True)), "ability", "latency tier"),
]


@pytest.mark.parametrize(("present", "new", "code", "words"), MOVES, ids=[f"{m[0]} {m[2]} {m[3]}" for m in MOVES])
def test_what_moves_a_conversation(sticky: Stickiness, present: str, new: Turn, code: str, words: str) -> None:
    outcome = sticky.judge(Session(present), new)
    assert isinstance(outcome, Move)
    assert (outcome.engine, outcome.reason_code) == (new.decided, f"session.moved.{code}")
    assert outcome.reason.startswith("moved: ")
    assert words in outcome.reason
    assert outcome.prefill_tokens == new.tokens


STAYS = [
    ("code_agent", turn("balanced_local")),
    ("reasoning_local", turn("code_agent")),
    ("multimodal_vision", turn("balanced_local", hints=RoutingHints(required_modalities=("image",)))),
    ("web_research", turn("balanced_local")),
    ("web_research", turn("multimodal_vision", route=Route.BALANCED)),
    ("reasoning_local", turn("fast_local", 1_500)),
    ("code_agent", turn("fast_local", tools=True)),
]


@pytest.mark.parametrize(("present", "new"), STAYS, ids=[f"{present}-{new.decided}" for present, new in STAYS])
def test_what_does_not(sticky: Stickiness, present: str, new: Turn) -> None:
    outcome = sticky.judge(Session(present), new)
    assert isinstance(outcome, Stay)
    assert (outcome.engine, outcome.reason_code) == (present, "session.stayed.prefill")


def test_three_turns_in_a_row_for_less_move_it(sticky: Stickiness) -> None:
    session, story = Session("reasoning_local"), []
    for decided in ("fast_local", "balanced_local", "reasoning_local", "fast_local", "balanced_local", "fast_local"):
        outcome = sticky.judge(session, turn(decided))
        session = Session(outcome.engine, outcome.falls)
        story.append((outcome.engine, outcome.falls))
    assert story == [
        ("reasoning_local", 1),
        ("reasoning_local", 2),
        ("reasoning_local", 0),
        ("reasoning_local", 1),
        ("reasoning_local", 2),
        ("fast_local", 0),
    ]
    assert outcome.reason == "moved: 3 turns in a row asked for less"
    assert outcome.reason_code == "session.moved.fell"


def test_a_repeated_wish_is_no_turn_more(sticky: Stickiness) -> None:
    session = Session("code_agent")
    for _ in range(5):
        outcome = sticky.judge(session, turn("fast_local", repeated=session.falls > 0))
        session = Session(outcome.engine, outcome.falls)
    assert session == Session("code_agent", 1)


def test_engines_of_one_backend_change_freely(router: ModelRouter) -> None:
    sticky = Stickiness(router, config_of(dict.fromkeys(ENGINES, "fast_local")))
    for decided in ("fast_local", "reasoning_local"):
        outcome = sticky.judge(Session("code_agent"), turn(decided))
        assert outcome == Move(
            decided, "moved: both engines are served by the same backend", "session.moved.same_backend"
        )


def test_an_engine_without_a_backend_of_its_own_is_where_its_fallback_is(router: ModelRouter) -> None:
    """code_agent falls back to reasoning_local in the packaged catalog."""
    sticky = Stickiness(router, config_of({"reasoning_local": "reasoning_local", "fast_local": "fast_local"}))
    assert sticky.judge(Session("code_agent"), turn("reasoning_local")).reason_code == "session.moved.same_backend"
    assert sticky.judge(Session("code_agent"), turn("fast_local")).reason_code == "session.stayed.prefill"


def test_an_engine_whose_backend_was_taken_away_is_left(router: ModelRouter) -> None:
    """image_generation falls back to a person alone."""
    sticky = Stickiness(router, config_of({"fast_local": "fast_local"}))
    assert sticky.judge(Session("image_generation"), turn("fast_local")).reason_code == "session.moved.gone"


def test_a_backend_that_rests_is_left_unless_the_other_rests_too(router: ModelRouter) -> None:
    one = Stickiness(router, config_of(), resting=lambda backend: backend == "code_agent")
    outcome = one.judge(Session("code_agent"), turn("fast_local"))
    assert (outcome.engine, outcome.reason_code) == ("fast_local", "session.moved.resting")
    assert outcome.reason == "moved: the backend of code_agent rests after failures"
    both = Stickiness(router, config_of(), resting=lambda _: True)
    assert isinstance(both.judge(Session("code_agent"), turn("fast_local")), Stay)


@pytest.mark.parametrize(
    ("rooms", "moves"),
    [
        ({"code_agent": 16_384}, True),
        ({"code_agent": 16_384, "fast_local": 32_768}, True),
        ({"code_agent": 16_384, "fast_local": 16_384}, False),
        ({"code_agent": 18_000}, False),
    ],
)
def test_a_conversation_outgrows_its_backend(router: ModelRouter, rooms: dict[str, int], moves: bool) -> None:
    outcome = Stickiness(router, config_of(None, **rooms)).judge(Session("code_agent"), turn("fast_local"))
    assert isinstance(outcome, Move) == moves
    if moves:
        assert outcome.reason == "moved: about 18k tokens are too many for the backend of code_agent"


def test_an_engine_without_tools_is_left_when_the_other_has_them(router: ModelRouter) -> None:
    bare = with_catalog(router, "code_agent", supports_tools=False)
    sticky = Stickiness(bare, config_of())
    assert sticky.judge(Session("code_agent"), turn("fast_local", tools=True)).reason_code == "session.moved.ability"
    assert isinstance(sticky.judge(Session("code_agent"), turn("fast_local")), Stay)


def test_a_private_turn_does_not_stay_with_a_hosted_engine(router: ModelRouter) -> None:
    hosted = with_catalog(router, "code_agent", provider="openai")
    sticky = Stickiness(hosted, config_of())
    private = sticky.judge(Session("code_agent"), turn("fast_local", hints=RoutingHints(profile=Profile.PRIVATE)))
    assert private.reason_code == "session.moved.ability"
    assert "keeps prompts on this machine" in private.reason
    assert isinstance(sticky.judge(Session("code_agent"), turn("fast_local")), Stay)


def test_the_bounds_can_be_set(router: ModelRouter) -> None:
    sticky = Stickiness(router, config_of(), StickinessPolicy(move_freely_tokens=50_000, falls_after=1))
    assert sticky.judge(Session("code_agent"), turn("fast_local")).reason_code == "session.moved.short"
    assert sticky.judge(Session("code_agent"), turn("fast_local", 50_000)).reason_code == "session.moved.fell"


@pytest.mark.parametrize(
    ("tokens", "words"),
    [(0, "0"), (999, "999"), (1_000, "1.0k"), (1_849, "1.8k"), (9_949, "9.9k"), (9_950, "10k"), (18_400, "18k")],
)
def test_tokens_in_words(tokens: int, words: str) -> None:
    assert in_words(tokens) == words


def test_judging_takes_no_longer_than_deciding(router: ModelRouter, sticky: Stickiness) -> None:
    """Which takes a few microseconds on a machine that has nothing else to do."""
    session, new = Session("code_agent"), turn("fast_local", hints=RoutingHints(context_tokens=18_000))
    judging, deciding = [], []
    for _ in range(30):
        started = time.perf_counter()
        for _ in range(50):
            sticky.judge(session, new)
        judged = time.perf_counter()
        for _ in range(50):
            router.route_fast("rewrite this text")
        judging.append(judged - started)
        deciding.append(time.perf_counter() - judged)
    assert min(judging) < 2 * min(deciding)
