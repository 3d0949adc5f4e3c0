"""Confirmations are remembered, within bounds."""

from __future__ import annotations

from model_router.server.confirmations import REPEAT_SECONDS, ConfirmationLedger


def test_repeats_are_one_entry_for_two_minutes() -> None:
    now = [0.0]
    ledger = ConfirmationLedger(lambda: now[0])
    first = ledger.enter("wish", "mr-1")
    now[0] = REPEAT_SECONDS
    assert ledger.enter("wish", "mr-2") is first
    assert (first.seen, first.request_id, ledger.repeats) == (2, "mr-1", 1)
    assert ledger.enter("other", "mr-3").request_id == "mr-3"
    now[0] += REPEAT_SECONDS + 1
    assert ledger.enter("wish", "mr-4").request_id == "mr-4"


def test_the_ledger_is_bounded() -> None:
    ledger = ConfirmationLedger(lambda: 0.0, capacity=2)
    for digest in ("a", "b", "c"):
        ledger.enter(digest, digest)
    assert ledger.enter("a", "again").request_id == "again"
    assert ledger.enter("c", "again").request_id == "c"
