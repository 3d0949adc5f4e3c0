"""What the Try screen answers: the decision for a prompt, the same elsewhere, and what came back when it was sent."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

from textual.content import Content

from model_router.config.document import read_document
from model_router.config.proxy_file import load_proxy
from model_router.engine.decision import RoutingDecision
from model_router.engine.hints import RoutingHints
from model_router.engine.routes import Profile
from model_router.errors import ConfigError
from model_router.router import ModelRouter
from model_router.server.trial import Trial
from model_router.tui.labelled import Labels
from model_router.tui.lines import Lines, fact, paragraph, spaced, title
from model_router.tui.receipt import (
    choice_line,
    cue_lines,
    identity_lines,
    passed_over_lines,
    reason_lines,
    safety_line,
    score_lines,
)
from model_router.tui.session import Session
from model_router.tui.text import clean, duration, fit

SIDE_BY_SIDE = 100
_MEASURED = 5
_SHOWN_CHARACTERS = 6_000
"""As much of an answer as is drawn; its end, since that is what grows."""

EXAMPLES = (
    "fix the repo and run tests",
    "search the web for the latest TypeScript release notes",
    "drop the production database",
)


@dataclass(frozen=True, slots=True)
class Other:
    """Another configuration to compare with."""

    name: str
    router: ModelRouter


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where the same prompt would go with another profile or configuration."""

    name: str
    route: str
    engine: str
    same: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """A decision and what it took: microseconds of ``route``, the median of a few calls."""

    decision: RoutingDecision
    route_us: float
    characters: int
    elsewhere: tuple[Elsewhere, ...] = ()


def try_prompt(router: ModelRouter, prompt: str, hints: RoutingHints, other: Other | None = None) -> Tried:
    """Decide as the gateway does, measure it, and decide again with each profile and with another configuration."""
    taken: list[int] = []
    for _ in range(_MEASURED):
        started = time.perf_counter_ns()
        decision = router.route(prompt, hints)
        taken.append(time.perf_counter_ns() - started)
    elsewhere = [
        _elsewhere(profile.value, router, prompt, replace(hints, profile=profile), decision)
        for profile in Profile
        if profile is not decision.profile
    ]
    if other is not None:
        elsewhere.append(_elsewhere(other.name, other.router, prompt, hints, decision))
    return Tried(decision, statistics.median(taken) / 1000, len(prompt), tuple(elsewhere))


def _elsewhere(name: str, router: ModelRouter, prompt: str, hints: RoutingHints, here: RoutingDecision) -> Elsewhere:
    there = router.route(prompt, hints, include_alternatives=False)
    return Elsewhere(name, there.route.value, there.selected_engine, there.selected_engine == here.selected_engine)


def other_configuration(path: Path, session: Session) -> Other:
    """The router of another file: a catalog, or a proxy file that names one.

    Raises:
        ConfigError: with every mistake of the file.
    """
    is_proxy = "backends" in read_document(path).sections
    catalog = load_proxy(path, session.environ).router_config if is_proxy else str(path)
    router = ModelRouter.from_config(Path(catalog) if catalog else None, validate_availability=False)
    if not router.config_valid:
        raise ConfigError(f"{path} cannot be used: {router.config_errors[0]}", "Correct it, then choose it again.")
    return Other(path.name, router)


class AnswerPart(Lines):
    """A part of the answer: the head, the figures, or the rest.

    On a wide terminal the figures stand at the right and the rest below the head; on a narrow one the figures come
    between the two.
    """

    def __init__(self, session: Session, part: str) -> None:
        super().__init__(id=part)
        self._session = session
        self.tried: Tried | None = None

    def lines(self, width: int) -> list[Content]:
        """The lines of this part; before anything is written, the head says what to do."""
        wide = self.screen.size.width >= SIDE_BY_SIDE
        if self.tried is None:
            return _invitation(width) if self.id == "head" else []
        decision = self.tried.decision
        if self.id == "figures":
            return spaced(
                [score_lines(decision.scores, decision.route.value, width), cue_lines(decision.evidence, width)]
            )
        if self.id == "head":
            head = self._head(self.tried, width)
            return spaced([head, *self._rest(self.tried, width)]) if wide else head
        return [] if wide else spaced(self._rest(self.tried, width))

    def _rest(self, tried: Tried, width: int) -> list[list[Content]]:
        decision = tried.decision
        return [
            reason_lines(decision.reasons, width),
            elsewhere_lines(tried.elsewhere, width),
            passed_over_lines(decision, width),
            identity_lines(decision.config_hash, decision.ruleset_version, width),
        ]

    def _head(self, tried: Tried, width: int) -> list[Content]:
        decision = tried.decision
        figures = f"confidence {decision.confidence_score} · complexity {decision.complexity_score}"
        figures += f" · risk {decision.risk_score}"
        return [
            choice_line(decision.route.value, decision.selected_engine),
            *paragraph(decision.summary, width, "$quiet"),
            Content(),
            *fact("safety", safety_line(decision.risk_class or "", decision.requires_confirmation), width),
            *fact("backend", self._backend(decision.selected_engine), width),
            *fact("decided in", f"{tried.route_us:,.1f} µs", width),
            *fact("figures", figures, width),
        ]

    def _backend(self, engine: str) -> str:
        gateway = self._session.gateway
        if gateway is None:
            return "none configured yet"
        name = gateway.config.engine_backends.get(engine)
        if name is None:
            return "none: a person decides"
        backend = gateway.config.backends.get(name)
        return clean(name if backend is None or backend.model == name else f"{name} · {backend.model}", 100)


def _invitation(width: int) -> list[Content]:
    words = "Write a prompt: where it would go appears here with every key. Nothing is sent before F5. For example:"
    return [*paragraph(words, width, "$quiet"), Content(), *(Content(f"  {example}") for example in EXAMPLES)]


def elsewhere_lines(elsewhere: tuple[Elsewhere, ...], width: int) -> list[Content]:
    """The same prompt with the other profiles and, when one was chosen, with another file."""
    if not elsewhere:
        return []
    name_width = max(10, min(24, max(len(one.name) for one in elsewhere) + 2))
    lines = [title("Elsewhere", width, "F4 compares with a file")]
    for one in elsewhere:
        place = Content.assemble((fit(clean(one.name, 60), name_width), "$quiet"))
        answer = Content.styled("the same", "$quiet") if one.same else choice_line(one.route, one.engine)
        lines.append(Content.assemble(place, answer))
    return lines


class SentPart(Lines):
    """What came back of a prompt that was sent, as it comes."""

    DEFAULT_CSS = "SentPart { display: none; margin-bottom: 1; } SentPart.-sent { display: block; }"

    def __init__(self, labels: Labels) -> None:
        super().__init__(id="sent")
        self._labels = labels
        self.trial: Trial | None = None

    def show(self, trial: Trial | None) -> None:
        """Show the state of a trial, or nothing."""
        self.trial = trial
        self.set_class(trial is not None, "-sent")
        self.refresh(layout=True)

    def lines(self, width: int) -> list[Content]:
        """A line about the way, then the answer."""
        trial = self.trial
        if trial is None:
            return []
        lines = [title("Sent", width, trial.request_id)]
        way = f"{trial.engine} → {trial.backend or 'nobody'}{f' · {trial.model}' if trial.model else ''}"
        facts = [clean(way, 120)] if trial.engine else []
        if trial.first_byte_ms is not None:
            facts.append(f"first byte {duration(trial.first_byte_ms)}")
        if trial.tokens is not None:
            facts.append(f"{trial.tokens:,} tokens")
        facts.append(f"total {duration(trial.total_ms)}" if trial.done else "under way; F5 stops it")
        if trial.done and trial.engine:
            label = self._labels.get(trial.request_id)
            facts.append(f"⚑ {clean(label.engine, 60)}" if label is not None else "F9 labels it")
        lines += paragraph(" · ".join(facts), width, "$quiet")
        if trial.error:
            lines += paragraph(trial.error, width, "$text-warning", first="! ", indent="  ")
        lines += _answer(trial.reasoning, width, "$quiet italic") if not trial.text else []
        return lines + _answer(trial.text, width, "")


def _answer(text: str, width: int, style: str) -> list[Content]:
    shown = text[-_SHOWN_CHARACTERS:]
    lines = [Content.styled("…", "$quiet")] if len(text) > len(shown) else []
    for line in shown.splitlines():
        lines += paragraph(line, width, style, limit=_SHOWN_CHARACTERS) or [Content()]
    return lines
