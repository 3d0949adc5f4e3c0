"""The circuit breaker of a backend: one that fails rests for a while, and is then tried with a single request.

    admission = breaker.admit()
    if admission is None:                  # it rests: try the next backend
        ...
    with admission:                        # whatever is not reported inside is given back
        ...
        admission.succeed()                # it answered, if only with the client's own fault (a 400)
        admission.fail(connecting=True)    # it did not

Everything takes the same short time, whatever happened before, and memory does not grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType

_SLOTS = 10
"""The window moves on in tenths."""


class BreakerState(StrEnum):
    """``closed`` lets every request pass, ``open`` none, ``half_open`` one at a time until one succeeds."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a backend rests and for how long.

    It opens when of at least ``min_requests`` requests within ``window_seconds`` the share ``failure_rate`` failed, or
    when ``consecutive`` connections in a row could not be made. A rest takes ``rest_seconds``, twice as long after
    each probe that fails, at most ``longest_rest_seconds``.
    """

    failure_rate: float = 0.5
    min_requests: int = 5
    window_seconds: float = 30.0
    consecutive: int = 3
    rest_seconds: float = 10.0
    longest_rest_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class BreakerSnapshot:
    """How a breaker stands. ``requests`` and ``failures`` are those of the window.

    ``retry_in`` are the seconds until an open one lets a probe through, 0 when the next request is one; None when it
    is not open. ``since`` are the seconds in this state, ``openings`` how often it opened since the start. ``reason``
    says why it last changed, empty when it never did.
    """

    backend: str
    state: BreakerState
    requests: int
    failures: int
    since: float
    openings: int
    retry_in: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerChange:
    """One change of state, for events and logs; ``reason`` is half a sentence: ``3 connections in a row failed``."""

    backend: str
    before: BreakerState
    after: BreakerState
    reason: str
    rest_seconds: float | None

    @property
    def words(self) -> str:
        """For a person: ``rests for 10 s, 3 connections in a row failed``."""
        match self.after:
            case BreakerState.OPEN:
                return f"rests for {self.rest_seconds or 0:.0f} s, {self.reason}"
            case BreakerState.HALF_OPEN:
                return f"is tried again, {self.reason}"
            case BreakerState.CLOSED:
                return f"is well again, {self.reason}"


class Admission:
    """The leave to send one request. The first report counts, later ones change nothing."""

    __slots__ = ("_breaker", "_era", "probe")

    def __init__(self, breaker: Breaker, era: int, *, probe: bool) -> None:
        self._breaker: Breaker | None = breaker
        self._era = era
        self.probe = probe

    def succeed(self) -> None:
        """The backend works; a refusal of what the client sent shows that too."""
        self._report(ok=True)

    def fail(self, *, connecting: bool = False) -> None:
        """The backend is at fault; ``connecting`` when not even a connection came about."""
        self._report(ok=False, connecting=connecting)

    def abandon(self) -> None:
        """Nothing is known: the client left before the backend showed anything."""
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker._abandoned(self._era)

    def __enter__(self) -> Admission:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.abandon()

    def _report(self, *, ok: bool, connecting: bool = False) -> None:
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker._reported(self._era, ok=ok, connecting=connecting)


class Breaker:
    """The breaker of one backend. Used on the server's loop; a snapshot may be taken from any thread.

    ``clock`` gives seconds that never go back. ``on_change`` hears of each change of state, on the loop; it must not
    raise. Reports of requests that were admitted before the last change say nothing about what is now, and are
    passed over.
    """

    def __init__(
        self,
        backend: str,
        policy: BreakerPolicy,
        clock: Callable[[], float],
        on_change: Callable[[BreakerChange], None] | None = None,
    ) -> None:
        self.backend = backend
        self.policy = policy
        self._clock = clock
        self._on_change = on_change
        self._state = BreakerState.CLOSED
        self._era = 0
        self._changed_at = clock()
        self._reason = ""
        self._window = _Window(policy.window_seconds)
        self._unconnected = 0
        self._rest = policy.rest_seconds
        self._openings = 0
        self._probing = False

    @property
    def state(self) -> BreakerState:
        """The state; an open one whose rest is over stays open until the next request comes as its probe."""
        return self._state

    @property
    def resting(self) -> bool:
        """Whether :meth:`admit` would say no."""
        if self._state is BreakerState.OPEN:
            return self._clock() - self._changed_at < self._rest
        return self._probing

    def admit(self) -> Admission | None:
        """The leave to send a request now, which must be reported; None while the backend rests."""
        if self._state is BreakerState.CLOSED:
            return Admission(self, self._era, probe=False)
        if self.resting:
            return None
        if self._state is BreakerState.OPEN:
            self._change(BreakerState.HALF_OPEN, "its rest is over")
        self._probing = True
        return Admission(self, self._era, probe=True)

    def reset(self, reason: str) -> None:
        """Close it: what has failed before is another process now."""
        self._rest = self.policy.rest_seconds
        if self._state is not BreakerState.CLOSED:
            self._change(BreakerState.CLOSED, reason)

    def snapshot(self) -> BreakerSnapshot:
        """How it stands now."""
        now = self._clock()
        requests, failures = self._window.count(now)
        since = now - self._changed_at
        retry_in = max(0.0, self._rest - since) if self._state is BreakerState.OPEN else None
        return BreakerSnapshot(
            self.backend, self._state, requests, failures, since, self._openings, retry_in, self._reason
        )

    def _reported(self, era: int, *, ok: bool, connecting: bool) -> None:
        if era != self._era:
            return
        if self._state is BreakerState.HALF_OPEN:
            self._probed(ok=ok)
            return
        now = self._clock()
        self._window.add(now, ok=ok)
        self._unconnected = self._unconnected + 1 if connecting else 0
        if ok:
            return
        if self._unconnected >= self.policy.consecutive:
            self._open(f"{self._unconnected} connections in a row failed")
            return
        requests, failures = self._window.count(now)
        if requests >= self.policy.min_requests and failures >= self.policy.failure_rate * requests:
            self._open(f"{failures} of {requests} requests within {self.policy.window_seconds:g} s failed")

    def _probed(self, *, ok: bool) -> None:
        if ok:
            self._rest = self.policy.rest_seconds
            self._change(BreakerState.CLOSED, "a request succeeded again")
        else:
            self._rest = min(2 * self._rest, max(self.policy.longest_rest_seconds, self.policy.rest_seconds))
            self._open("the request that tried it failed too")

    def _abandoned(self, era: int) -> None:
        if era == self._era:
            self._probing = False

    def _open(self, reason: str) -> None:
        self._openings += 1
        self._change(BreakerState.OPEN, reason)

    def _change(self, after: BreakerState, reason: str) -> None:
        before, self._state = self._state, after
        self._era += 1
        self._changed_at = self._clock()
        self._reason = reason
        self._probing = False
        self._unconnected = 0
        if after is BreakerState.CLOSED:
            self._window = _Window(self.policy.window_seconds)
        if self._on_change is not None:
            rest = self._rest if after is BreakerState.OPEN else None
            self._on_change(BreakerChange(self.backend, before, after, reason, rest))


class _Window:
    """Counts of the last seconds, in ten slots that are used again and again."""

    __slots__ = ("_failures", "_requests", "_slots", "_width")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / _SLOTS
        self._slots = [-_SLOTS] * _SLOTS
        self._requests = [0] * _SLOTS
        self._failures = [0] * _SLOTS

    def add(self, now: float, *, ok: bool) -> None:
        slot = int(now // self._width)
        place = slot % _SLOTS
        if self._slots[place] != slot:
            self._slots[place] = slot
            self._requests[place] = self._failures[place] = 0
        self._requests[place] += 1
        self._failures[place] += not ok

    def count(self, now: float) -> tuple[int, int]:
        """Requests, and the failures among them."""
        oldest = int(now // self._width) - _SLOTS
        fresh = [place for place in range(_SLOTS) if self._slots[place] > oldest]
        return sum(self._requests[place] for place in fresh), sum(self._failures[place] for place in fresh)


class Breakers:
    """The breakers of all backends by name; they outlive a change of the configuration."""

    def __init__(
        self,
        policy: BreakerPolicy,
        clock: Callable[[], float],
        on_change: Callable[[BreakerChange], None] | None = None,
    ) -> None:
        self._policy = policy
        self._clock = clock
        self._on_change = on_change
        self._breakers: dict[str, Breaker] = {}

    def of(self, backend: str) -> Breaker:
        """The breaker of a backend; a new one is closed."""
        breaker = self._breakers.get(backend)
        if breaker is None:
            breaker = self._breakers[backend] = Breaker(backend, self._policy, self._clock, self._on_change)
        return breaker

    def keep(self, backends: Iterable[str], policy: BreakerPolicy | None = None) -> None:
        """Forget all but these, as the configuration has changed; the ``policy`` is for all from now on."""
        names = set(backends)
        self._policy = policy or self._policy
        self._breakers = {name: breaker for name, breaker in self._breakers.items() if name in names}
        for breaker in self._breakers.values():
            breaker.policy = self._policy

    def snapshots(self) -> tuple[BreakerSnapshot, ...]:
        """How they stand, in the order in which they were first used."""
        return tuple(breaker.snapshot() for breaker in list(self._breakers.values()))
