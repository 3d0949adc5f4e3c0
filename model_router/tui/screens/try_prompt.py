"""Try: write a prompt and see, with every key, where it would go and why. F5 sends it, and only F5."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, TextArea
from textual.worker import Worker

from model_router.engine.hints import NO_HINTS, RoutingHints
from model_router.errors import ModelRouterError, UsageError
from model_router.server.captured import read_request
from model_router.server.trial import Trial, send_trial
from model_router.tui.hint_words import read_hints, toggled
from model_router.tui.lines import Lines
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.label import ask_label
from model_router.tui.screens.one_line import ask_path
from model_router.tui.session import Phase
from model_router.tui.text import SHOWABLE, clean, clean_in_place, error_words
from model_router.tui.try_answer import AnswerPart, Other, SentPart, Tried, other_configuration, try_prompt

_AT_ONCE = 4_000
"""Prompts up to this many characters are decided between two key presses; longer ones in a thread."""
_DRAW_SECONDS = 0.1


class PromptArea(TextArea):
    """The prompt. What was pasted may hold escape codes, which the terminal must not get to see."""

    BINDING_GROUP_TITLE = "Prompt"

    def get_line(self, line_index: int) -> Text:
        """The line as it is drawn; the prompt itself stays as it is."""
        line = super().get_line(line_index)
        return line if line.plain.isprintable() else Text(clean_in_place(line.plain), end="", no_wrap=True)


class HintLabel(Lines):
    """``hints``, or what is wrong with them."""

    DEFAULT_CSS = "HintLabel { width: 8; height: 1; color: $quiet; } HintLabel.-wrong { width: auto; max-width: 60%; }"

    def __init__(self) -> None:
        super().__init__()
        self.complaint = ""

    def get_content_width(self, container: object, viewport: object) -> int:
        """As wide as its words."""
        return len(self._words)

    @property
    def _words(self) -> str:
        return f"✗ {self.complaint}  " if self.complaint else "hints"

    def lines(self, width: int) -> list[Content]:
        """One line."""
        return [Content.styled(clean(self._words, 120), "$text-error" if self.complaint else "$quiet")]


class TryScreen(MainScreen):
    """The second screen."""

    mode = "try"
    AUTO_FOCUS = "TextArea"
    BINDING_GROUP_TITLE = "Try"
    CSS = """
    TryScreen TextArea { height: 5; border: round $primary; padding: 0 1; background: $background; }
    TryScreen TextArea:blur { border: round $panel; }
    TryScreen #hints { height: 1; padding: 0 2; }
    TryScreen #hints Input { width: 1fr; border: none; height: 1; padding: 0; background: $background; }
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
    TryScreen.-low #hints, TryScreen.-flat #hints { display: none; }
    TryScreen.-flat TextArea { border: none; height: 1; padding: 0; }
    TryScreen.-flat #answer { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "send", "Send", id="try.send", tooltip="Send the prompt through the gateway, or stop it"),
        Binding("f2", "clear", "Clear", id="try.clear", tooltip="Empty the prompt"),
        Binding(
            "f3",
            "picture",
            "Picture",
            id="try.picture",
            tooltip="Decide as if a picture came with the prompt, or not",
        ),
        Binding(
            "f4",
            "compare",
            "Compare",
            id="try.compare",
            tooltip="Decide with another configuration file as well, or not",
        ),
        Binding(
            "f9",
            "label",
            "Label",
            show=False,
            id="try.label",
            tooltip="Label what was sent: which engine it should have had",
        ),
        Binding(
            "f8",
            "captured",
            "Open",
            show=False,
            id="try.open",
            tooltip="Take the ask of a captured request from a file",
        ),
        Binding("escape", "app.back", "Home", tooltip="Go back"),
        Binding("ctrl+q", "app.quit", "Quit", tooltip="Quit", priority=True),
    ]

    _captured: frozenset[str] = frozenset()
    _other: Other | None = None
    _sending: Worker[None] | None = None

    def body(self) -> ComposeResult:
        """The prompt, the hints, and the answer below them."""
        yield PromptArea(placeholder="Write a prompt", id="prompt", soft_wrap=True)
        with Horizontal(id="hints"):
            yield HintLabel()
            yield Input(
                placeholder="image  profile:fast  engine:code_agent  cost:low  tokens:12k  tools",
                id="hint-words",
                compact=True,
                restrict=SHOWABLE,
            )
        with VerticalScroll(id="answer", can_focus=True):
            yield SentPart(self.session.labels)
            with Container(id="columns"):
                yield AnswerPart(self.session, "head")
                yield AnswerPart(self.session, "figures")
            yield AnswerPart(self.session, "rest")

    def on_mount(self) -> None:
        """Nothing blinks."""
        self.query_one(TextArea).cursor_blink = False
        self.query_one("#hint-words", Input).cursor_blink = False

    @on(Input.Changed, "#hint-words")
    @on(TextArea.Changed)
    def _decide(self) -> None:
        prompt = self.query_one(TextArea).text
        hints = self._hints()
        if len(prompt) <= _AT_ONCE:
            self.workers.cancel_group(self, "decide")
            self._show(try_prompt(self.session.router, prompt, hints, self._other) if prompt.strip() else None)
        else:
            self.run_worker(self._decide_later(prompt, hints), group="decide", exclusive=True)

    async def _decide_later(self, prompt: str, hints: RoutingHints) -> None:
        # While more keys come, only the last prompt is decided.
        await asyncio.sleep(0.05)
        self._show(await asyncio.to_thread(try_prompt, self.session.router, prompt, hints, self._other))

    def _hints(self) -> RoutingHints:
        """The hints that are written; words that are none are told, and then there are no hints."""
        label = self.query_one(HintLabel)
        try:
            hints = read_hints(self.query_one("#hint-words", Input).value)
            complaint = ""
        except UsageError as error:
            hints, complaint = NO_HINTS, error.message
        if complaint != label.complaint:
            label.complaint = complaint
            label.set_class(bool(complaint), "-wrong")
            label.refresh(layout=True)
        return hints

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
        """Empty the prompt, and let go of what was sent and of the hints that a captured request brought."""
        self._stop()
        words = self.query_one("#hint-words", Input)
        words.value = " ".join(word for word in words.value.split() if word not in self._captured)
        self._captured = frozenset()
        self.query_one(SentPart).show(None)
        self.query_one(TextArea).clear()
        self.query_one(TextArea).focus()

    def action_picture(self) -> None:
        """As if a picture came with the prompt, or not."""
        words = self.query_one("#hint-words", Input)
        words.value = toggled(words.value, "image")

    # Sending

    def action_send(self) -> None:
        """Send the prompt; while one is under way, stop it."""
        if self._stop():
            return
        prompt = self.query_one(TextArea).text
        if not prompt.strip():
            self.app.notify("Write a prompt first.", markup=False)
        elif self.session.phase is not Phase.SERVING:
            self.app.notify("Nothing is served yet, so there is nowhere to send it.", severity="warning", markup=False)
        else:
            self._sending = self.run_worker(self._send(prompt), group="send", exclusive=True)
            if self.query_one("#hint-words", Input).value.strip():
                words = "The prompt alone is sent, as a client would send it; hints change the decision below only."
                self.app.notify(words, markup=False)

    def _stop(self) -> bool:
        sending = self._sending
        if sending is None or sending.is_finished:
            return False
        sending.cancel()
        part = self.query_one(SentPart)
        if part.trial is not None:
            part.show(replace(part.trial, error="stopped", done=True))
        return True

    async def _send(self, prompt: str) -> None:
        part = self.query_one(SentPart)
        part.show(Trial())
        self.query_one("#answer", VerticalScroll).scroll_home(animate=False)
        drawn = 0.0
        clock = asyncio.get_running_loop().time
        async with aclosing(send_trial(self.session.address, prompt, key=self.session.client_key())) as states:
            async for trial in states:
                if trial.done or clock() - drawn >= _DRAW_SECONDS:
                    part.show(trial)
                    drawn = clock()

    def action_label(self) -> None:
        """Say which engine the request that was sent should have had."""
        trial = self.query_one(SentPart).trial
        live = self.session.feed.latest(trial.request_id) if trial is not None and trial.request_id else None
        if live is not None:
            part = self.query_one(SentPart)
            ask_label(self, live.event, lambda: part.refresh(layout=True))
        elif trial is None:
            words = "F5 sends the prompt first: a label is about a request that was sent."
            self.app.notify(words, markup=False)
        else:
            self.app.notify("It has not ended yet, or was never served: there is nothing to label.", markup=False)

    # Files

    def action_compare(self) -> None:
        """Choose a file to compare with, or compare no more."""
        if self._other is not None:
            self._other = None
            self._decide()
            return
        words = "A catalog (model_router.yaml) or a proxy file: the prompt is decided with it as well."
        ask_path(self, "Compare with", words, self._compare_with)

    def _compare_with(self, path: Path) -> None:
        self.run_worker(self._load_other(path), group="file", exclusive=True)

    async def _load_other(self, path: Path) -> None:
        try:
            self._other = await asyncio.to_thread(other_configuration, path, self.session)
        except ModelRouterError as error:
            self._complain(error)
            return
        self._decide()
        words = f"Every prompt is decided with {path.name} as well, under Elsewhere; F4 lets it go."
        self.app.notify(clean(words, 300), markup=False)

    def action_captured(self) -> None:
        """Choose a captured request."""
        words = "A captured request ({method, path, headers, body}): its ask and its attachments are taken from it."
        ask_path(self, "Open a request", words, self._open_captured)

    def _open_captured(self, path: Path) -> None:
        self.run_worker(self._read_captured(path), group="file", exclusive=True)

    async def _read_captured(self, path: Path) -> None:
        try:
            ask = await asyncio.to_thread(read_request, path)
        except ModelRouterError as error:
            self._complain(error)
            return
        self._stop()
        self.query_one(SentPart).show(None)  # what came back was for another prompt
        self.query_one(TextArea).text = ask.text
        tokens = f" tokens:{ask.estimated_tokens}" if ask.estimated_tokens else ""
        tools = " tools" if ask.has_tools else ""
        words = (" ".join(ask.attachments) + tools + tokens).strip()
        self.query_one("#hint-words", Input).value = words
        self._captured = frozenset(words.split())
        self.app.notify(f"{clean(path.name, 80)}: {ask.label}, session {ask.session or 'none'}.", markup=False)

    def _complain(self, error: ModelRouterError) -> None:
        self.app.notify(clean(error_words(error), 600), severity="warning", markup=False)
