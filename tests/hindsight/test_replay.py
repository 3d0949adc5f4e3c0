"""Past requests through a draft: what moves, which labels that meets, and what is passed over."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from model_router.hindsight.explanation import explain, why
from model_router.hindsight.labels import Label
from model_router.hindsight.past_event import PastEvent
from model_router.hindsight.replay import preview, replay
from model_router.router import ModelRouter
from tests.hindsight.conftest import Draft
from tests.hindsight.past import routed, write_log

CODE, NOTES, HARD = "fix the repo and run tests", "summarize these notes", "design a distributed task scheduler"


@pytest.fixture
def past(router: ModelRouter) -> list[PastEvent]:
    return [routed(router, text, number) for number, text in enumerate([CODE, NOTES, HARD, CODE, NOTES])]


def label(number: int, engine: str) -> dict[str, Label]:
    name = f"mr-{number:012x}"
    return {name: Label(time=1.0, request_id=name, engine=engine)}


def test_under_the_same_configuration_nothing_moves(router: ModelRouter, past: list[PastEvent]) -> None:
    found = replay(past, router)
    assert (found.read, found.replayed, found.moved, found.regressed) == (5, 5, 0, False)
    assert found.bases == {"scores": 5}
    assert not found.rows


def approved(router: ModelRouter) -> PastEvent:
    """A risky order that a person let pass, as the gateway writes it: ``decided`` is where it went then."""
    event = routed(router, "drop the production database")
    assert (event.decided, event.requires_confirmation) == ("human_confirm", True)
    codes = (*event.reason_codes, "approval.approved")
    return msgspec.structs.replace(event, decided="code_agent", engine="code_agent", backend="b", reason_codes=codes)


def test_what_a_person_let_pass_has_not_moved(router: ModelRouter, draft: Draft) -> None:
    """The router stopped it then and would stop it now; a draft that lets it pass moves it."""
    event = approved(router)
    assert replay([event], router).moved == 0
    assert explain(event, router).would_differ is False
    assert not any("let it pass" in sentence for sentence in why(event)), "the approval stands among the reasons"
    trusting = draft(safety={"confirmation_overrides": {"allow_destructive_actions": True}})
    found = replay([event], ModelRouter.from_config(trusting, validate_availability=False))
    assert [before for before, _ in found.moves] == ["human_confirm"]


def test_a_draft_moves_what_it_is_about(router: ModelRouter, draft: Draft, past: list[PastEvent]) -> None:
    now = ModelRouter.from_config(draft(routing_targets={"coding": "reasoning_local"}), validate_availability=False)
    found = replay(past, now)
    assert (found.replayed, found.moved) == (5, 2)
    assert found.moves == {("code_agent", "reasoning_local"): 2}
    assert [(row.request_id, row.verdict, row.before, row.after) for row in found.rows] == [
        ("mr-000000000000", "moved", "code_agent", "reasoning_local"),
        ("mr-000000000003", "moved", "code_agent", "reasoning_local"),
    ]
    assert found.config_hash == now.config_hash != router.config_hash


def test_labels_are_met_fixed_broken_or_still_wrong(router: ModelRouter, draft: Draft, past: list[PastEvent]) -> None:
    now = ModelRouter.from_config(draft(routing_targets={"coding": "reasoning_local"}), validate_availability=False)
    labels = {
        **label(0, "code_agent"),  # was right and moves away
        **label(3, "reasoning_local"),  # was wrong and moves there
        **label(1, "balanced_local"),  # was right and stays
        **label(4, "fast_local"),  # was wrong and stays
        **label(99, "fast_local"),
    }
    found = replay(past, now, labels)
    assert (found.labels_met, found.verdicts) == (1, {"broken": 1, "fixed": 1, "wrong": 1})
    assert found.labels_unused == 1
    assert found.regressed
    told = found.to_dict()
    assert told["labels"] == {"met": 1, "fixed": 1, "broken": 1, "still_wrong": 1, "not_in_log": 1}
    assert {row["verdict"]: row["label"] for row in told["rows"]} == {
        "broken": "code_agent",
        "fixed": "reasoning_local",
        "wrong": "fast_local",
    }


def test_what_was_served_elsewhere_is_compared_by_what_was_decided(router: ModelRouter) -> None:
    stayed = routed(router, CODE, engine="fast_local", session_code="session.stayed.prefill")
    assert replay([stayed], router).moved == 0
    older = routed(router, CODE, engine="fast_local", session_code="session.stayed.prefill", decided="")
    found = replay([older], router)
    assert (found.replayed, found.skipped) == (0, {"decision_unknown": 1})


def test_what_is_passed_over_is_counted_with_its_reason(router: ModelRouter) -> None:
    events = [routed(router, CODE, ruleset_version="0.other"), routed(router, CODE, route=""), routed(router, CODE)]
    found = replay(events, router)
    assert (found.read, found.replayed) == (3, 1)
    assert {row["code"]: row["count"] for row in found.to_dict()["skipped"]} == {"rules_changed": 1, "not_decided": 1}
    assert "the rules have changed" in found.reasons["rules_changed"]


def test_an_edit_is_tried_on_the_newest_requests(
    router: ModelRouter, draft: Draft, past: list[PastEvent], tmp_path: Path
) -> None:
    path = write_log(tmp_path / "logs" / "e", past)
    now = ModelRouter.from_config(draft(routing_targets={"coding": "reasoning_local"}), validate_availability=False)
    found = preview(path, now, count=3)
    assert (found.read, found.moved) == (3, 1)
    assert [row.request_id for row in found.rows] == ["mr-000000000003"]
    assert preview(tmp_path / "nothing", now).read == 0
