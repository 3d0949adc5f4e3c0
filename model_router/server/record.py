"""What is known of one request while it runs; becomes exactly one event when its task ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from model_router.config.proxy import ListenConfig, PromptCapture
from model_router.engine.decision import RoutingDecision
from model_router.engine.receipt import NOTHING
from model_router.server.ask import Ask
from model_router.server.ask_route import Pick
from model_router.server.events import RequestEvent
from model_router.server.redaction import redact

CLIENT_LEFT = 499
"""The status in events of requests whose client left before the end; no client ever sees it."""

_PREVIEW_CHARS = 160


def new_record(number: int, path: str, user_agent: str, listen: ListenConfig) -> Record:
    """The record of a request that has just arrived; ``number`` is 48 random bits, by which people name it."""
    agent = user_agent.partition(" ")[0][:60]
    if not agent.isprintable():
        agent = "".join(character for character in agent if character.isprintable())
    profile = listen.routing_profile.value
    return Record(f"mr-{number:012x}", path.removeprefix("/v1/")[:60], agent, profile)


@dataclass(slots=True, eq=False)
class Record:
    """One request. ``outcome`` stays empty until something is known: a task that ends so was cancelled.

    ``arrived`` is unix seconds, ``started`` the performance counter at the same moment. ``folded`` marks the repeat of
    a blocked request, which makes no event of its own; ``stopped`` one that the gateway ends as it is stopping itself.
    ``failed`` names the backend of each attempt without an answer, ``failures`` says in words why there was none.
    """

    request_id: str
    protocol: str
    client: str
    profile: str
    arrived: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)
    ask: Ask | None = field(default=None, repr=False)
    pick: Pick | None = None
    engine: str = ""
    backend: str = ""
    model: str = ""
    status: int = 0
    outcome: str = ""
    stream: bool = False
    fallback: bool = False
    attempts: int = 0
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    session_reason: str = ""
    session_code: str = ""
    prefill_tokens: int = 0
    error: str = ""
    folded: bool = False
    stopped: bool = False
    dropped: tuple[str, ...] = ()
    failed: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    breakers: list[str] = field(default_factory=list)
    body_bytes: int = 0

    def end(self, outcome: str, status: int, error: str = "") -> None:
        """Say how the request went; what is said last counts."""
        self.outcome = outcome
        self.status = status
        self.error = error

    def first_byte(self) -> None:
        """Note when the first byte of the answer was there."""
        if self.first_byte_ms is None:
            self.first_byte_ms = self.elapsed_ms()

    def finish(self) -> None:
        """Note when all was over."""
        self.total_ms = self.elapsed_ms()

    def elapsed_ms(self) -> float:
        """Milliseconds since arrival."""
        return round((time.perf_counter() - self.started) * 1000, 3)

    @property
    def route_us(self) -> float:
        """What picking the engine took, in microseconds, to a tenth."""
        return round(self.pick.route_us, 1) if self.pick is not None else 0.0

    def receipt(self) -> Receipt | None:
        """What the receipt is written from when somebody opens it; None when nothing was decided."""
        if self.pick is None:
            return None
        return Receipt(self.pick.shortened(), self.session_reason, self.session_code)

    def event(self, ask_hash: str, capture: PromptCapture) -> RequestEvent:
        """The finished event; its text is redacted whatever is kept of it.

        The sentence that names the cues is in the receipt only, unless text is kept anyway: the cues of a short ask
        are most of its words.
        """
        ask, pick = self.ask, self.pick
        told = pick.digest() if pick is not None else NOTHING
        reasons = told.reasons
        if pick is not None and capture is not PromptCapture.OFF:
            reasons = pick.receipt().reasons
        codes = told.reason_codes
        if self.session_code and pick is not None:
            reasons, codes = (*reasons, self.session_reason), (*codes, self.session_code)
        return RequestEvent(
            time=self.arrived,
            request_id=self.request_id,
            protocol=self.protocol,
            kind=ask.label if ask is not None else "",
            client=self.client,
            route=told.route,
            engine=self.engine,
            backend=self.backend,
            model=self.model,
            status=self.status or CLIENT_LEFT,
            outcome=self.outcome or "cancelled",
            stream=self.stream,
            profile=self.profile,
            fallback=self.fallback,
            attempts=self.attempts,
            requires_confirmation=told.confirm,
            risk_class=told.risk,
            reasons=reasons,
            reason_codes=codes,
            scores=told.scores,
            confidence=told.confidence,
            flags=told.flags,
            prompt_chars=len(ask.text) if ask is not None else 0,
            estimated_tokens=ask.estimated_tokens if ask is not None else 0,
            session_reason=self.session_reason,
            session_code=self.session_code,
            prefill_tokens=self.prefill_tokens,
            ask_hash=ask_hash,
            route_us=self.route_us,
            first_byte_ms=self.first_byte_ms,
            total_ms=self.total_ms,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            error=redact(self.error) if self.error else "",
            failures=tuple(map(redact, self.failures)),
            breakers=tuple(self.breakers),
            dropped=self.dropped,
            preview=_preview(ask, capture),
            config_hash=pick.router.config_hash if pick is not None else "",
            ruleset_version=pick.router.ruleset_version if pick is not None else "",
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that nobody has opened yet. It holds some of the prompt: for memory only, never written anywhere."""

    pick: Pick
    session_reason: str
    session_code: str

    def write(self) -> RoutingDecision:
        """The receipt; why the conversation stayed or moved stands at its end. In any thread, and always the same."""
        decision = self.pick.receipt()
        if not self.session_code:
            return decision
        return replace(
            decision,
            reasons=(*decision.reasons, self.session_reason),
            reason_codes=(*decision.reason_codes, self.session_code),
        )


def _preview(ask: Ask | None, capture: PromptCapture) -> str:
    if ask is None or capture is PromptCapture.OFF:
        return ""
    if capture is PromptCapture.FULL:
        return redact(ask.text)
    return redact(ask.text[: 4 * _PREVIEW_CHARS])[:_PREVIEW_CHARS]
