"""When there is no usable configuration: an offer on the first run, the mistakes when a file has some."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from model_router.errors import ConfigError, Problem
from model_router.tui.fields import Choices
from model_router.tui.lines import Lines, paragraph, spaced, title
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.home import config_words
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean


def welcome_lines(session: Session, width: int) -> list[Content]:
    """What this is, and that nothing has been written yet."""
    return spaced(
        [
            [Content.styled("Welcome to ModelRouter.", "bold")],
            paragraph(
                "It stands between your agent and your models, sends each request to the model that suits it, and "
                "shows every decision here. There is no configuration yet, and nothing has been written.",
                width,
            ),
        ]
    )


def problem_lines(session: Session, width: int) -> list[Content]:
    """Every mistake of the file, each with its place, what was found and what would do."""
    error = session.problem
    if error is None:
        return []
    lines = [Content.styled("✗ The configuration cannot be used.", "$text-error bold"), Content()]
    if isinstance(error, ConfigError) and error.problems:
        count = len(error.problems)
        lines.append(title(f"{count} mistake{'s' if count > 1 else ''}", width, config_words(session)))
        for problem in error.problems:
            lines += one_problem(problem, width)
    else:
        lines += paragraph(error.message, width)
        lines += paragraph(error.hint, width, first="→ ", indent="  ") if error.hint else []
    return [
        *lines,
        Content(),
        *paragraph("Correct the file, then press r to read it again.", width, first="→ ", indent="  "),
    ]


def one_problem(problem: Problem, width: int) -> list[Content]:
    """Place and key in the first line; below it what is wrong and what would be right."""
    place = f"line {problem.line}" if problem.line else "file"
    head = Content.assemble((f"{place:<9} ", "$quiet"), (clean(problem.path, 200) or "-", "bold"))
    indent = " " * 10
    lines = [head, *paragraph(problem.message, width, first=indent, indent=indent)]
    details = [("found", problem.found), ("allowed", problem.allowed), ("nearest", problem.nearest)]
    for name, value in details:
        if value:
            start = f"{indent}{name}: "
            limit = 90 if name == "allowed" and problem.nearest else 600  # the nearest is what was meant
            lines += paragraph(value, width, "$quiet", first=start, indent=indent + "  ", limit=limit)
    return lines


class WelcomeLines(Lines):
    """The text above the choices."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def lines(self, width: int) -> list[Content]:
        """The welcome, or the mistakes."""
        if self._session.phase is Phase.BAD_CONFIG:
            return problem_lines(self._session, width)
        return welcome_lines(self._session, width)


_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "setup": "app.show('wizard')",
        "demo": "app.begin_demo",
        "init": "screen.init",
        "try": "app.show('try')",
    }
)


class WelcomeScreen(MainScreen):
    """Stands in for Home until there is a configuration."""

    mode = "home"
    AUTO_FOCUS = "OptionList"
    BINDING_GROUP_TITLE = "Welcome"
    CSS = """
    WelcomeScreen #text { padding: 1 2 0 2; height: auto; max-height: 60%; }
    WelcomeScreen.-problem #text { max-height: 1fr; height: 1fr; }
    WelcomeScreen OptionList { border: none; background: $background; padding: 0 1; margin-top: 1; height: 1fr; }
    WelcomeScreen.-problem OptionList { display: none; }
    WelcomeScreen.-low #text { padding: 0 1; }
    WelcomeScreen.-low OptionList { margin-top: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "app.show('wizard')", "Setup", tooltip="Find what is here, choose, write, start"),
        Binding("d", "app.begin_demo", "Demo", tooltip="Open the demo: made-up models, nothing is kept"),
        Binding("i", "init", "Init", tooltip="Write a first configuration for a model server you have"),
        Binding("r", "app.again", "Read again", tooltip="Read the configuration again"),
    ]

    def body(self) -> ComposeResult:
        """Text, then the choices."""
        with VerticalScroll(id="text", can_focus=True):
            yield WelcomeLines(self.session)
        yield Choices(id="choices", markup=False)

    def on_mount(self) -> None:
        """Offer what can be done."""
        self._offer()

    def state_changed(self) -> None:
        """Welcome and mistakes take turns."""
        super().state_changed()
        bad = self.session.phase is Phase.BAD_CONFIG
        if bad != self.has_class("-problem"):
            self.set_class(bad, "-problem")
            self.query_one("#text" if bad else "#choices").focus()
        self.query_one(WelcomeLines).refresh(layout=True)

    def _offer(self) -> None:
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(
            [
                _option("setup", "w  Setup", "find hardware, servers and models; choose, write, start"),
                _option("demo", "d  Demo", "see it work now: made-up models, sample requests, nothing is kept"),
                _option("init", "i  Init", "you have a model server: write a first configuration for it"),
                _option("try", "2  Try", "write a prompt and see where it would go"),
            ]
        )
        choices.highlighted = 0

    @on(OptionList.OptionSelected, "#choices")
    async def _chosen(self, event: OptionList.OptionSelected) -> None:
        actions = {
            "setup": "app.show('wizard')",
            "demo": "app.begin_demo",
            "init": "screen.init",
            "try": "app.show('try')",
        }
        action = actions.get(event.option.id or "")
        if action is not None:
            await self.run_action(action)

    def action_init(self) -> None:
        """Choose a preset."""
        from model_router.tui.screens.presets import PresetScreen

        if self.session.read_only:
            self.app.notify("This run is read-only, so nothing is written.", severity="warning", markup=False)
            return
        self.app.push_screen(PresetScreen(self.session), self._written)

    async def _written(self, preset: str | None) -> None:
        if preset:
            await self.run_action("app.again")


def _option(name: str, key: str, words: str) -> Option:
    return Option(Content.assemble((f"{key:<10}", "bold"), words), id=name)
