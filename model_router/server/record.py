"""What is known of one request while it runs; becomes exactly one event when its task ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import lru_cache
from string import ascii_letters, digits, punctuation

import msgspec
from msgspec import field

from model_router.config.proxy import ListenConfig, PromptCapture
from model_router.engine.decision import RoutingDecision
from model_router.engine.receipt import NOTHING
from model_router.engine.routes import Profile
from model_router.server.ask import Ask
from model_router.server.ask_route import Pick
from model_router.server.events import RequestEvent
from model_router.server.quotes import without_quotes
from model_router.server.redaction import redact
from model_router.server.wire.endpoint import ENDPOINTS

CLIENT_LEFT = 499
"""The status in events of requests whose client left before the end; no client ever sees it."""

_PREVIEW_CHARS = 160
_READ_CHARS = 640
_LONGEST_PATH = 1_000
_IN_KEYS = ascii_letters + digits + punctuation
_IN_CARDS = digits + " .-"


def new_record(number: int, path: str, user_agent: str, listen: ListenConfig) -> Record:
    """The record of a request that has just arrived; ``number`` is 48 random bits, by which people name it."""
    return Record(f"mr-{number:012x}", *_names(path, user_agent, listen.routing_profile))


@lru_cache(maxsize=256)
def _names(path: str, user_agent: str, profile: Profile) -> tuple[str, str, str]:
    """Protocol, client and profile as events have them."""
    agent = user_agent.partition(" ")[0][:200]
    if not agent.isprintable():
        agent = "".join(character for character in agent if character.isprintable())
    protocol = path.removeprefix("/v1/")
    if path not in ENDPOINTS:  # some services have keys in their addresses
        protocol = redact(protocol[:_LONGEST_PATH])
    return protocol[:60], redact(agent)[:60], profile.value


class Record(msgspec.Struct, eq=False):
    """One request. ``outcome`` stays empty until something is known: a task that ends so was cancelled.

    ``arrived`` is unix seconds, ``started`` the performance counter at the same moment. ``folded`` marks the repeat of
    a blocked request, which makes no event of its own; ``stopped`` one that the gateway ends as it is stopping itself.
    ``sent`` is the body, against which errors are held that might repeat it.
    ``failed`` names the backend of each attempt without an answer, ``failures`` says in words why there was none.
    """

    request_id: str
    protocol: str
    client: str
    profile: str
    arrived: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)
    ask: Ask | None = None
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
    approval_reason: str = ""
    approval_code: str = ""
    prefill_tokens: int = 0
    asked: str = ""
    error: str = ""
    folded: bool = False
    stopped: bool = False
    dropped: tuple[str, ...] = ()
    failed: list[str] = []
    failures: list[str] = []
    breakers: list[str] = []
    body_bytes: int = 0
    key_name: str = ""
    sent: bytes = b""

    def __repr__(self) -> str:
        """Without what the client said."""
        return f"Record({self.request_id!r})"

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
        return int((time.perf_counter() - self.started) * 1e6 + 0.5) / 1e3

    @property
    def route_us(self) -> float:
        """What picking the engine took, in microseconds, to a tenth."""
        return int(self.pick.route_us * 10 + 0.5) / 10 if self.pick is not None else 0.0

    def receipt(self) -> Receipt | None:
        """What the receipt is written from when somebody opens it; None when nothing was decided."""
        if self.pick is None:
            return None
        return Receipt(self.pick.shortened(), *self._after())

    def _after(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Reasons and codes that come behind those of the decision: what a person said, why the session stayed."""
        reasons: tuple[str, ...] = ()
        codes: tuple[str, ...] = ()
        if self.approval_code:
            reasons, codes = (self.approval_reason,), (self.approval_code,)
        if self.session_code:
            reasons, codes = (*reasons, self.session_reason), (*codes, self.session_code)
        return reasons, codes

    def event(self, ask_hash: str, capture: PromptCapture, session: str = "") -> RequestEvent:
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
        if pick is not None and (self.session_code or self.approval_code):
            after = self._after()
            reasons, codes = (*reasons, *after[0]), (*codes, *after[1])
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
            decided=self.pick.engine if self.pick is not None else "",
            asked=self.asked,
            attachments=tuple(map(str, ask.attachments)) if ask is not None and ask.attachments else (),
            structure=ask.structure if ask is not None else (),
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
            session=session,
            route_us=self.route_us,
            first_byte_ms=self.first_byte_ms,
            total_ms=self.total_ms,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            error=self._told(self.error, capture) if self.error else "",
            failures=tuple([self._told(failure, capture) for failure in self.failures]),
            breakers=tuple(self.breakers),
            dropped=self.dropped,
            key_name=self.key_name,
            preview=_preview(ask, capture),
            config_hash=pick.router.config_hash if pick is not None else "",
            ruleset_version=pick.router.ruleset_version if pick is not None else "",
        )

    def _told(self, sentence: str, capture: PromptCapture) -> str:
        """What went wrong, without keys; and without the client's words, which backends repeat, unless text is kept."""
        return redact(without_quotes(sentence, self.sent) if capture is PromptCapture.OFF else sentence)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that nobody has opened yet. It holds some of the prompt: for memory only, never written anywhere."""

    pick: Pick
    reasons: tuple[str, ...]
    codes: tuple[str, ...]

    def write(self) -> RoutingDecision:
        """The receipt, in any thread and always the same.

        What a person said and why the conversation stayed or moved stand at its end.
        """
        decision = self.pick.receipt()
        if not self.codes:
            return decision
        return replace(
            decision,
            reasons=(*decision.reasons, *self.reasons),
            reason_codes=(*decision.reason_codes, *self.codes),
        )


def _preview(ask: Ask | None, capture: PromptCapture) -> str:
    if ask is None or capture is PromptCapture.OFF:
        return ""
    if capture is PromptCapture.FULL:
        return redact(ask.text)
    read = ask.text[:_READ_CHARS]
    if len(ask.text) > _READ_CHARS:  # half a key or card where the reading ends would not be known as one
        read = read.rstrip(_IN_KEYS).rstrip(_IN_CARDS)
    return redact(read)[:_PREVIEW_CHARS]
