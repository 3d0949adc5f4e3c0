"""What to do after a failed attempt, while nothing of an answer has reached the client: again, the next, or tell it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from model_router.server.failure import Failure, FailureKind

_PASSING = frozenset({408, 425, 429, 502, 503, 504, 529})
"""Statuses that may be over in a moment; 529 is Anthropic's word for overloaded."""
_OF_THE_BACKEND = frozenset({401, 402, 403, 404})
"""Statuses that speak of a backend's key, account or models, not of what the client sent."""


class Action(StrEnum):
    """``again``: the same backend. ``next``: the next of the chain, if there is one. ``tell``: the client hears it."""

    AGAIN = "again"
    NEXT = "next"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The budget of one request.

    ``retries`` is how often one backend is tried again, ``max_attempts`` counts all attempts, ``budget_seconds`` bounds
    all waiting between them. A server that asks for a wait of more than ``patience_seconds`` is passed over; to what it
    asks for up to ``backoff_seconds`` are added. The latter are also the longest first wait where the server gives
    none; that doubles each time, up to the patience.
    """

    retries: int = 2
    max_attempts: int = 6
    budget_seconds: float = 6.0
    patience_seconds: float = 2.0
    backoff_seconds: float = 0.25


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, ``delay`` seconds from now.

    With ``more_context`` only a backend with a larger context makes sense; it needs room for ``needs_context`` tokens,
    when that is known.
    """

    action: Action
    delay: float = 0.0
    more_context: bool = False
    needs_context: int | None = None


_NEXT = Step(Action.NEXT)
_TELL = Step(Action.TELL)


class Retries:
    """The attempts of one request. ``random`` gives a number from 0 up to 1.

    Waits without a ``Retry-After`` are spread over the whole range from 0 on ("full jitter"), others from there on, so
    that requests which failed together do not come back together.
    """

    def __init__(self, policy: RetryPolicy, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self._attempts = 0
        self._again: dict[str, int] = {}
        self._waited = 0.0

    @property
    def attempts(self) -> int:
        """The attempts that failed so far."""
        return self._attempts

    def after(self, backend: str, failure: Failure, retries: int | None = None) -> Step:
        """What to do after an attempt at ``backend`` failed; ``retries`` is that backend's own number, if it has one.

        The step counts as done: a delay is taken off the budget.
        """
        self._attempts += 1
        if self._attempts >= self._policy.max_attempts:
            return _TELL
        step = _judge(failure)
        if step is not None:
            return step
        again = self._again.get(backend, 0)
        delay = self._delay(failure, again)
        allowed = self._policy.retries if retries is None else retries
        if again >= allowed or delay is None or self._waited + delay > self._policy.budget_seconds:
            return _NEXT
        self._again[backend] = again + 1
        self._waited += delay
        return Step(Action.AGAIN, delay)

    def _delay(self, failure: Failure, again: int) -> float | None:
        """Seconds until the same backend is worth another try; None when that is too long."""
        patience = self._policy.patience_seconds
        if failure.retry_after is not None:
            jitter = self._random() * self._policy.backoff_seconds
            return failure.retry_after + jitter if failure.retry_after <= patience else None
        if failure.kind is FailureKind.RESET and again == 0:
            return 0.0  # mostly a kept connection that the server had closed just then
        return self._random() * min(patience, self._policy.backoff_seconds * (1 << min(again, 30)))


def _judge(failure: Failure) -> Step | None:
    """What is clear at once; None for what may pass."""
    if failure.kind is FailureKind.RESET:
        return None
    if failure.kind is not FailureKind.STATUS:
        return _NEXT
    if failure.too_long:
        return Step(Action.NEXT, more_context=True, needs_context=failure.needs_context)
    if failure.status in _PASSING and not failure.out_of_quota:
        return None
    of_the_client = 400 <= failure.status < 500 and failure.status not in _OF_THE_BACKEND | _PASSING
    return _TELL if of_the_client else _NEXT
