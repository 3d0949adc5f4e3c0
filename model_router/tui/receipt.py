"""The receipt of a decision as lines: what was chosen, why, what counted, and what was passed over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from model_router.engine.decision import Evidence, RoutingDecision
from model_router.engine.receipt import RISK_WORDS
from model_router.engine.routes import RiskClass, Route
from model_router.hindsight.labels import Label
from model_router.hindsight.past_event import OtherLine
from model_router.server.events import LiveEvent, RequestEvent
from model_router.tui.history import other_facts, other_words
from model_router.tui.labelled import Labels
from model_router.tui.lines import Lines, fact, paragraph, spaced, title
from model_router.tui.look import ROUTE_LOOKS, outcome_look, route_look
from model_router.tui.text import bar, clean, duration, fit, fit_right

_SHOWN_CUES = 12


def choice_line(route: str, engine: str) -> Content:
    """``λ coding → code_agent``: the answer, before everything else."""
    look = route_look(route)
    style = look.style or "bold"
    return Content.assemble((f"{look.glyph} {clean(route, 40)}", style), (" → ", "$quiet"), (clean(engine, 60), style))


def safety_line(risk: str, confirms: bool) -> Content:
    """The safety class in words, and whether a person has to say yes."""
    if not risk:
        return Content("✓ nothing risky")
    try:
        meaning = RISK_WORDS[RiskClass(risk)]
    except ValueError:
        meaning = ""
    consequence = "waits for a person" if confirms else "passes: the configuration allows it"
    return Content.assemble((f"! {clean(risk, 30)}", "$text-warning bold"), f"  {meaning}; {consequence}")


def score_lines(scores: Mapping[Route, int] | Mapping[str, int], chosen: str, width: int) -> list[Content]:
    """One bar for each route. Only differences mean anything: the lowest has no bar, the highest a full one."""
    if not scores:
        return []
    low, high = min(scores.values()), max(scores.values())
    span = max(1, high - low)
    room = max(4, min(36, width - 32))
    lines = []
    for name, score in scores.items():
        look = route_look(name)
        picked = str(name) == chosen
        style = (look.style or "$primary") if picked else "$quiet"
        lines.append(
            Content.assemble(
                (f"{look.glyph} {fit(str(name), 17)}", "bold" if picked else ""),
                (bar((score - low) / span, room), style),
                (fit_right(f"{score:+,}", 8), "bold" if picked else "$quiet"),
                (" ◂" if picked else "", style),
            )
        )
    return [title("Scores", width, "only differences count"), *lines]


def cue_lines(evidence: Sequence[Evidence], width: int) -> list[Content]:
    """The cues that counted, the heaviest first."""
    if not evidence:
        return []
    ordered = sorted(evidence, key=lambda cue: -abs(cue.weight))
    cue_width = max(8, min(40, width - 22))
    lines = [
        Content.assemble(
            fit(f"“{clean(cue.cue, 60)}”", cue_width),
            (f"  {ROUTE_LOOKS[cue.route].glyph} {fit(ROUTE_LOOKS[cue.route].word, 10)}", "$quiet"),
            fit_right(f"{cue.weight:+,}", 8),
        )
        for cue in ordered[:_SHOWN_CUES]
    ]
    more = len(ordered) - _SHOWN_CUES
    if more > 0:
        lines.append(Content.styled(f"and {more} lighter cue{'s' if more > 1 else ''}", "$quiet"))
    return [title("Cues that counted", width, "lexicon units"), *lines]


def reason_lines(reasons: Sequence[str], width: int) -> list[Content]:
    """The sentences of the decision."""
    if not reasons:
        return []
    return [
        title("Reasons", width),
        *(line for reason in reasons for line in paragraph(reason, width, first="- ", indent="  ")),
    ]


def passed_over_lines(decision: RoutingDecision, width: int) -> list[Content]:
    """Engines that were rejected, and those that would also do."""
    lines: list[Content] = []
    if decision.rejected_engines:
        lines.append(title("Rejected", width))
        for rejection in decision.rejected_engines:
            first = fit(clean(rejection.engine, 40), 19)
            lines.extend(paragraph(rejection.reason, width, first=first, indent=" " * 19))
    if decision.alternatives:
        if lines:
            lines.append(Content())
        lines.append(title("Alternatives", width, "rank"))
        lines.extend(
            Content.assemble(
                fit(clean(other.engine, 40), max(19, min(60, width - 6))), fit_right(str(other.rank_score), 5)
            )
            for other in decision.alternatives[:6]
        )
    return lines


def identity_lines(config_hash: str, ruleset: str, width: int) -> list[Content]:
    """Which configuration and which rules decided: the same two give the same receipt."""
    return [
        title("Decided by", width),
        *fact("config", config_hash or "-", width),
        *fact("rules", ruleset or "-", width),
    ]


def request_lines(event: RequestEvent, width: int) -> list[Content]:
    """What is known of the request around the decision."""
    outcome = outcome_look(event)
    when = time.strftime("%H:%M:%S", time.localtime(event.time))
    tokens = "" if event.completion_tokens is None else f" · {event.completion_tokens:,} tokens out"
    attempts = f" · {event.attempts} attempts" if event.attempts > 1 else ""
    facts: tuple[tuple[str, Content | str], ...] = (
        ("status", Content.styled(f"{outcome.glyph} {event.status} {outcome.word}", outcome.style)),
        ("time", when),
        ("first byte", duration(event.first_byte_ms)),
        ("total", duration(event.total_ms)),
        ("backend", f"{event.backend or '-'}{' (fallback)' if event.fallback else ''}{attempts}"),
        ("model", event.model or "-"),
        ("client", f"{event.client or '-'} · {event.protocol}{' · stream' if event.stream else ''}"),
        ("size", f"{event.prompt_chars:,} characters · about {event.estimated_tokens:,} tokens{tokens}"),
        ("request", event.request_id),
        ("error", Content.styled(clean(event.error, 2_000), "$text-error")),
        ("preview", clean(event.preview, 2_000)),
    )
    return [line for name, value in facts if value for line in fact(name, value, width)]


def label_lines(label: Label | None, event: RequestEvent, width: int) -> list[Content]:
    """What the person said about it."""
    if label is None:
        return []
    met = "which is where it went" if label.engine == (event.decided or event.engine) else "it went elsewhere"
    said = Content.assemble((f"⚑ {clean(label.engine, 60)}", "bold"), f", {met}")
    return [*fact("label", said, width), *(fact("note", label.notes, width) if label.notes else ())]


def other_receipt(line: OtherLine, width: int) -> list[Content]:
    """A line of the log that is no request: its sentence, then all that it holds."""
    when, kind, words = other_words(line)
    facts = [one for name, value in other_facts(line).items() for one in fact(clean(name, 20), _plain(value), width)]
    shown = time.strftime("%H:%M:%S", time.localtime(min(max(0.0, when), 4e9)))
    return [title(clean(kind, 40).capitalize(), width, shown), *paragraph(words, width), Content(), *facts]


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "-"
    return clean(str(value), 1_000) or "-"


def event_receipt(live: LiveEvent, width: int, label: Label | None = None) -> list[Content]:
    """The whole receipt of a request. An old row has lost its receipt; its event still tells the reasons."""
    event, receipt = live.event, live.receipt
    figures = f"{event.route_us:.0f} µs · confidence {event.confidence}"
    if receipt is not None:
        figures += f" · complexity {receipt.complexity_score} · risk {receipt.risk_score}"
    head = [
        choice_line(event.route, event.engine),
        *(paragraph(receipt.summary, width, "$quiet") if receipt is not None else ()),
    ]
    facts = [
        *fact("safety", safety_line(event.risk_class, event.requires_confirmation), width),
        *fact("decided in", figures, width),
        *label_lines(label, event, width),
        *request_lines(event, width),
    ]
    reasons = receipt.reasons if receipt is not None else event.reasons
    return spaced(
        [
            head,
            facts,
            reason_lines(reasons, width),
            score_lines(receipt.scores if receipt is not None else event.scores, event.route, width),
            cue_lines(receipt.evidence, width) if receipt is not None else [],
            passed_over_lines(receipt, width) if receipt is not None else [],
            identity_lines(event.config_hash, event.ruleset_version, width),
        ]
    )


class ReceiptLines(Lines):
    """The lines of one receipt, or of another line of the log, or a sentence when there is neither."""

    DEFAULT_CSS = "ReceiptLines { padding: 0 1; }"

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self.live: LiveEvent | None = None
        self.other: OtherLine | None = None
        self._labels = labels

    def lines(self, width: int) -> list[Content]:
        """See :func:`event_receipt` and :func:`other_receipt`."""
        if self.other is not None:
            return other_receipt(self.other, width)
        if self.live is None:
            return [Content.styled("Choose a row with ↑ and ↓.", "$quiet")]
        return event_receipt(self.live, width, self._labels.get(self.live.event.request_id))


class ReceiptPane(VerticalScroll):
    """A receipt that scrolls."""

    def __init__(self, labels: Labels) -> None:
        super().__init__()
        self._labels = labels

    def compose(self) -> ComposeResult:
        """The lines alone."""
        yield ReceiptLines(self._labels)

    def show(self, live: LiveEvent | None, other: OtherLine | None = None) -> None:
        """Show another receipt, from its top."""
        lines = self.query_one(ReceiptLines)
        if lines.live != live or lines.other is not other:
            lines.live, lines.other = live, other
            lines.refresh(layout=True)
            self.scroll_home(animate=False)

    def draw_again(self) -> None:
        """The label of the request may be new."""
        self.query_one(ReceiptLines).refresh(layout=True)
