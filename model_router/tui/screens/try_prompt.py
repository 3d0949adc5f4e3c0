"""Try: write a prompt and see, with every key, where it would go and why. Nothing is sent anywhere."""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import TextArea

from model_router.engine.decision import RoutingDecision
from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.engine.routes import Attachment
from model_router.router import ModelRouter
from model_router.tui.lines import Lines, fact, paragraph, spaced
from model_router.tui.receipt import (
    choice_line,
    cue_lines,
    identity_lines,
    passed_over_lines,
    reason_lines,
    safety_line,
    score_lines,
)
from model_router.tui.screens.base import MainScreen
from model_router.tui.session import Session
from model_router.tui.text import clean, clean_in_place

_AT_ONCE = 4_000
"""Prompts up to this many characters are decided between two key presses; longer ones in a thread."""
_MEASURED = 5
_SIDE_BY_SIDE = 100

EXAMPLES = (
    "fix the repo and run tests",
    "search the web for the latest TypeScript release notes",
    "drop the production database",
)


@dataclass(frozen=True, slots=True)
class Tried:
    """A decision and what it took: microseconds of ``route``, the median of a few calls."""

    decision: RoutingDecision
    route_us: float
    characters: int


def try_prompt(router: ModelRouter, prompt: str, hints: RoutingHints) -> Tried:
    """Decide as the gateway does, and measure it."""
    taken: list[int] = []
    for _ in range(_MEASURED):
        started = time.perf_counter_ns()
        decision = router.route(prompt, hints)
        taken.append(time.perf_counter_ns() - started)
    return Tried(decision, statistics.median(taken) / 1000, len(prompt))


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
        wide = self.screen.size.width >= _SIDE_BY_SIDE
        if self.tried is None:
            return _invitation(width) if self.id == "head" else []
        decision = self.tried.decision
        if self.id == "figures":
            return spaced(
                [score_lines(decision.scores, decision.route.value, width), cue_lines(decision.evidence, width)]
            )
        if self.id == "head":
            head = self._head(self.tried, width)
            return spaced([head, *self._rest(decision, width)]) if wide else head
        return [] if wide else spaced(self._rest(decision, width))

    def _rest(self, decision: RoutingDecision, width: int) -> list[list[Content]]:
        return [
            reason_lines(decision.reasons, width),
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
    words = "Write a prompt: where it would go appears here with every key. Nothing is sent. For example:"
    return [*paragraph(words, width, "$quiet"), Content(), *(Content(f"  {example}") for example in EXAMPLES)]


class PromptArea(TextArea):
    """The prompt. What was pasted may hold escape codes, which the terminal must not get to see."""

    BINDING_GROUP_TITLE = "Prompt"

    def get_line(self, line_index: int) -> Text:
        """The line as it is drawn; the prompt itself stays as it is."""
        line = super().get_line(line_index)
        return line if line.plain.isprintable() else Text(clean_in_place(line.plain), end="", no_wrap=True)


class PictureLine(Lines):
    """Whether the decision is made as if a picture came along."""

    DEFAULT_CSS = "PictureLine { padding: 0 2; height: 1; color: $quiet; }"
    picture = reactive(False)

    def lines(self, width: int) -> list[Content]:
        """A box with its words."""
        return [Content(f"({'x' if self.picture else ' '}) a picture comes with it")]

    def on_click(self) -> None:
        """The mouse does what F3 does."""
        self.picture = not self.picture


class TryScreen(MainScreen):
    """The second screen."""

    mode = "try"
    AUTO_FOCUS = "TextArea"
    BINDING_GROUP_TITLE = "Try"
    CSS = """
    TryScreen TextArea { height: 5; border: round $primary; padding: 0 1; background: $background; }
    TryScreen TextArea:blur { border: round $panel; }
    TryScreen #answer { height: 1fr; padding: 1 2 0 2; scrollbar-size-vertical: 1; }
    TryScreen #columns { height: auto; layout: vertical; }
    TryScreen #figures { margin-top: 1; }
    TryScreen #rest { margin-top: 1; }
    TryScreen.-wide #columns, TryScreen.-widest #columns { layout: horizontal; }
    TryScreen.-wide #head, TryScreen.-widest #head { width: 1fr; margin-right: 3; }
    TryScreen.-wide #figures, TryScreen.-widest #figures { width: 1fr; margin-top: 0; }
    TryScreen.-middle TextArea { height: 4; }
    TryScreen.-low TextArea { height: 3; }
    TryScreen.-low #answer { padding-top: 0; }
    TryScreen.-low PictureLine, TryScreen.-flat PictureLine { display: none; }
    TryScreen.-flat TextArea { border: none; height: 1; padding: 0; }
    TryScreen.-flat #answer { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "clear", "Clear", id="try.clear", tooltip="Empty the prompt"),
        Binding(
            "f3",
            "picture",
            "Picture",
            id="try.picture",
            tooltip="Decide as if a picture came with the prompt, or not",
        ),
        Binding("escape", "app.back", "Home", tooltip="Go back"),
        Binding("ctrl+q", "app.quit", "Quit", tooltip="Quit", priority=True),
    ]

    def body(self) -> ComposeResult:
        """The prompt, and the answer below it."""
        yield PromptArea(placeholder="Write a prompt", id="prompt", soft_wrap=True)
        yield PictureLine()
        with VerticalScroll(id="answer", can_focus=True):
            with Container(id="columns"):
                yield AnswerPart(self.session, "head")
                yield AnswerPart(self.session, "figures")
            yield AnswerPart(self.session, "rest")

    def on_mount(self) -> None:
        """Decide again when the picture comes or goes; nothing blinks."""
        self.query_one(TextArea).cursor_blink = False
        self.watch(self.query_one(PictureLine), "picture", self._decide, init=False)

    @on(TextArea.Changed)
    def _decide(self) -> None:
        prompt = self.query_one(TextArea).text
        if len(prompt) <= _AT_ONCE:
            self.workers.cancel_group(self, "decide")
            self._show(try_prompt(self.session.router, prompt, self._hints) if prompt.strip() else None)
        else:
            self.run_worker(self._decide_later(prompt), group="decide", exclusive=True)

    async def _decide_later(self, prompt: str) -> None:
        # While more keys come, only the last prompt is decided.
        await asyncio.sleep(0.05)
        self._show(await asyncio.to_thread(try_prompt, self.session.router, prompt, self._hints))

    @property
    def _hints(self) -> RoutingHints:
        picture = self.query_one(PictureLine).picture
        return RoutingHints(attachments=(Attachment.IMAGE,)) if picture else NO_HINTS

    def _show(self, tried: Tried | None) -> None:
        for part in self.query(AnswerPart):
            part.tried = tried
            part.refresh(layout=True)

    def on_resize(self) -> None:
        """The parts change places."""
        for part in self.query(AnswerPart):
            part.refresh(layout=True)

    def on_screen_resume(self) -> None:
        """Another configuration may decide otherwise."""
        super().on_screen_resume()
        self._decide()

    def action_clear(self) -> None:
        """Empty the prompt."""
        self.query_one(TextArea).clear()
        self.query_one(TextArea).focus()

    def action_picture(self) -> None:
        """As if a picture came with the prompt, or not."""
        line = self.query_one(PictureLine)
        line.picture = not line.picture
