"""What is known of one request while it runs; becomes exactly one event when its task ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from model_router.config.proxy import ListenConfig, PromptCapture
from model_router.engine.decision import RoutingDecision
from model_router.engine.receipt import EVIDENCE_REASON
from model_router.server.ask import Ask
from model_router.server.ask_route import Pick
from model_router.server.events import RequestEvent
from model_router.server.quotes import without_quotes
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
    ``sent`` is the body, against which errors are held that might repeat it.
    """

    request_id: str
    protocol: str
    client: str
    profile: str
    arrived: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)
    ask: Ask | None = None
    pick: Pick | None = None
    decision: RoutingDecision | None = None
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
    failures: list[str] = field(default_factory=list)
    breakers: list[str] = field(default_factory=list)
    body_bytes: int = 0
    key_name: str = ""
    sent: bytes = field(default=b"", repr=False)
    _session: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

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

    def write_receipt(self, *, brief: bool) -> None:
        """Have the receipt of what was picked. It takes longer than the pick, so this waits until the answer is out.

        ``brief``: as far as the event needs it, without the cues that counted and without alternatives.

        Why the conversation stayed or moved stands at its end.
        """
        if self.decision is None and self.pick is not None:
            self.decision = self.pick.receipt(brief=brief)
            if self.session_code and not brief:
                self.decision = replace(
                    self.decision,
                    reasons=(*self.decision.reasons, self.session_reason),
                    reason_codes=(*self.decision.reason_codes, self.session_code),
                )
            elif self.session_code:
                self._session = ((self.session_reason,), (self.session_code,))

    def event(self, ask_hash: str, capture: PromptCapture) -> RequestEvent:
        """The finished event; its text is redacted whatever is kept of it.

        The sentence that names the cues is in the receipt only, unless text is kept anyway: the cues of a short ask
        are most of its words.
        """
        ask, decision = self.ask, self.decision
        return RequestEvent(
            time=self.arrived,
            request_id=self.request_id,
            protocol=self.protocol,
            kind=ask.label if ask is not None else "",
            client=self.client,
            route=str(decision.route) if decision is not None else "",
            engine=self.engine,
            backend=self.backend,
            model=self.model,
            status=self.status or CLIENT_LEFT,
            outcome=self.outcome or "cancelled",
            stream=self.stream,
            profile=self.profile,
            fallback=self.fallback,
            attempts=self.attempts,
            requires_confirmation=decision is not None and decision.requires_confirmation,
            risk_class=str(decision.risk_class or "") if decision is not None else "",
            reasons=(*_reasons(decision, capture), *self._session[0]),
            reason_codes=(*(decision.reason_codes if decision is not None else ()), *self._session[1]),
            scores={str(route): score for route, score in decision.scores.items()} if decision is not None else {},
            confidence=decision.confidence_score if decision is not None else 0,
            flags=_flags(decision),
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
            error=self._told(self.error, capture),
            failures=tuple(self._told(failure, capture) for failure in self.failures),
            breakers=tuple(self.breakers),
            dropped=self.dropped,
            key_name=self.key_name,
            preview=_preview(ask, capture),
            config_hash=decision.config_hash if decision is not None else "",
            ruleset_version=decision.ruleset_version if decision is not None else "",
        )

    def _told(self, sentence: str, capture: PromptCapture) -> str:
        """What went wrong, without keys; and without the client's words, which backends repeat, unless text is kept."""
        return redact(without_quotes(sentence, self.sent) if capture is PromptCapture.OFF else sentence)


def _reasons(decision: RoutingDecision | None, capture: PromptCapture) -> tuple[str, ...]:
    if decision is None:
        return ()
    if capture is not PromptCapture.OFF:
        return decision.reasons
    return tuple(reason for reason in decision.reasons if not reason.startswith(EVIDENCE_REASON))


def _flags(decision: RoutingDecision | None) -> tuple[str, ...]:
    if decision is None:
        return ()
    named = {
        "tools": decision.requires_tools,
        "freshness": decision.requires_freshness,
        "code_execution": decision.requires_code_execution,
        "vision": decision.requires_vision,
        "image_generation": decision.requires_image_generation,
    }
    return tuple(name for name, on in named.items() if on)


def _preview(ask: Ask | None, capture: PromptCapture) -> str:
    if ask is None or capture is PromptCapture.OFF:
        return ""
    if capture is PromptCapture.FULL:
        return redact(ask.text)
    return redact(ask.text[: 4 * _PREVIEW_CHARS])[:_PREVIEW_CHARS]
