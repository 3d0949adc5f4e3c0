"""The application: its screens, its keys, and the clock that drains the gateway's events ten times a second."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from model_router.config.files import user_folder
from model_router.config.wording import nearest
from model_router.engine.routes import Profile
from model_router.errors import ModelRouterError
from model_router.hindsight.filter import parse_filter
from model_router.tui.keys import MOVES, key_names, key_words
from model_router.tui.notices import Notices, in_one
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.help import HelpScreen, help_groups
from model_router.tui.screens.home import HomeScreen
from model_router.tui.screens.jump import JumpScreen, places
from model_router.tui.screens.question import QuestionScreen
from model_router.tui.screens.welcome import WelcomeScreen
from model_router.tui.session import Phase, Session
from model_router.tui.state import State, load_state, save_state
from model_router.tui.text import clean, error_words
from model_router.tui.theme import DEFAULT_THEME, NO_COLOR_THEME, THEMES, quiet_colours
from model_router.tui.top_bar import APPROVALS, TopBar

if TYPE_CHECKING:
    from model_router.server.happenings import ReloadEvent
    from model_router.server.reload import Reloads
    from model_router.tui.screens.log import LogScreen
    from model_router.tui.screens.models import ModelsScreen

_log = logging.getLogger(__name__)

DRAIN_SECONDS = 0.1
_RESTED_TICKS = 4
_UNUSABLE = frozenset({Phase.FIRST_RUN, Phase.BAD_CONFIG})
_KEPT_SCREENS = frozenset({"home", "try", "log", "models", "downloads", "config", "doctor"})
"""Those that a later run may begin with."""
HEALTH_SECONDS = 15.0
APPROVAL_SECONDS = 0.3


class ModelRouterApp(App[int]):
    """Shows one :class:`~model_router.tui.session.Session`, and closes it at the end.

    ``first`` is the screen to open; without it, the one that was in sight when the last run ended. ``opened`` is
    called once, in the screen's thread, when the session has been opened and everything has been imported. ``notices``
    are shown as they come. ``colorless`` overrules ``NO_COLOR``. ``leave_on`` are signals that end the application as
    its key does, with 128 and their number as the exit code.
    """

    TITLE = "ModelRouter"
    DEFAULT_MODE = "home"
    CSS = """
    Toast { max-width: 75%; }
    DataTable:focus { background-tint: transparent; }
    OptionList:nocolor > .option-list--option-highlighted { text-style: bold underline; }
    DataTable:nocolor > .datatable--cursor { text-style: bold underline; }
    """
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it without ClassVar
        (0, "-narrow"),
        (60, "-normal"),
        (100, "-wide"),
        (120, "-widest"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012 - as above
        (0, "-flat"),
        (10, "-low"),
        (16, "-middle"),
        (25, "-high"),
        (34, "-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *MOVES,
        Binding("escape", "back", "Back", show=False, tooltip="Go back"),
        Binding(
            "ctrl+p",
            "command_palette",
            "Commands",
            show=False,
            id="app.commands",
            tooltip="List every command",
            priority=True,
        ),
    ]

    def __init__(
        self,
        session: Session,
        *,
        first: str = "",
        opened: Callable[[], None] | None = None,
        notices: Notices | None = None,
        colorless: bool | None = None,
        leave_on: Iterable[int] = (),
    ) -> None:
        no_color = "NO_COLOR" in os.environ if colorless is None else colorless
        # Without colours the terminal's own are kept and Textual's filter takes every other away.
        super().__init__(ansi_color=True if no_color else None)
        self.session = session
        self._opened = opened
        self._notices = notices
        self._undrawn = False
        self._resting = 0
        self._leave_on = tuple(leave_on)
        self._previous = "home"
        self._state_path = user_folder(session.environ) / "state.json"
        self._state = State() if session.is_demo else load_state(self._state_path)
        self._first = first or (self._state.screen if self._state.screen in _KEPT_SCREENS else "home")
        self._recalled = not first
        for theme in THEMES:
            self.register_theme(theme)
        wanted = self._state.theme if self._state.theme in self.available_themes else DEFAULT_THEME
        self.theme = NO_COLOR_THEME if no_color else wanted
        self.animation_level = "none"
        self.add_mode("home", lambda: HomeScreen(session))
        self.add_mode("welcome", lambda: WelcomeScreen(session))
        self.add_mode("try", lambda: _try(session))
        self.add_mode("models", lambda: _models(session, self._state.models_sort, self._state.models_filter))
        self.add_mode("downloads", lambda: _downloads(session))
        self.add_mode("config", lambda: _config(session))
        self.add_mode("doctor", lambda: _doctor(session))
        self.add_mode("wizard", lambda: _wizard(session))
        self.add_mode("log", lambda: _requests(session, self.remembered_filter))

    def get_css_variables(self) -> dict[str, str]:
        """The theme's colours, and those of quiet text and of rules, which every theme gets from its own."""
        variables = super().get_css_variables()
        return variables | quiet_colours(self.current_theme, variables)

    # Life

    def on_mount(self) -> None:
        """Open the first screen, then the session behind it."""
        for number in self._leave_on:
            asyncio.get_running_loop().add_signal_handler(number, self.exit, 128 + number)
        if self._first != self.DEFAULT_MODE:
            self.switch_mode(self._first)
        self.set_interval(DRAIN_SECONDS, self._drain)
        self.set_interval(1.0, self._tick)
        self.set_interval(APPROVAL_SECONDS, self._look_at_approvals)
        self.set_interval(HEALTH_SECONDS, self._check)
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember(theme=theme.name))
        self.session.phase = Phase.STARTING
        # After the first picture: what is imported in the thread would take turns with drawing it.
        self.screen.call_after_refresh(self._begin, self.session.open)

    def _begin(self, step: Callable[[], None]) -> None:
        self.run_worker(self._open(step), group="open", exclusive=True)

    async def _open(self, step: Callable[[], None]) -> None:
        """Run a step that waits (opening, the demo) in a thread, then show what came of it."""
        self.session.phase = Phase.STARTING
        self._tell()
        await asyncio.to_thread(step)
        if not self.screen_stack:
            return  # the person has left meanwhile
        # Without a usable configuration there is the welcome, unless somebody asked for another screen.
        at_home = self.current_mode in {"home", "welcome"} and self.current_mode != self._home
        if at_home or (self._recalled and self.session.phase in _UNUSABLE):
            self.action_show("home")
        self._recalled = False
        self._tell()
        # The demo has a key of its own. Not in every tick: the footer is made anew each time.
        self.screen.refresh_bindings()
        await asyncio.to_thread(_import_screens)
        if not self.screen_stack:
            return
        self._rename_keys()
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened()
        await self._check_health()

    def _rename_keys(self) -> None:
        """Take the keys of the configuration; a name that no key has is told, and the others count."""
        gateway = self.session.gateway
        wanted = dict(gateway.config.screen.keys) if gateway is not None else {}
        known = key_names() if wanted else frozenset()
        for name in [name for name in wanted if name not in known]:
            del wanted[name]
            near = nearest(name, sorted(known))
            words = f"screen.keys: no key is called {name!r}" + (f"; did you mean {near!r}?" if near else ".")
            self.notify(clean(words), severity="warning", markup=False)
        self.set_keymap(wanted)

    async def _check_health(self) -> None:
        await asyncio.to_thread(self.session.check)
        self._tell()

    def _check(self) -> None:
        if self.session.phase is Phase.SERVING:
            self.run_worker(self._check_health(), group="health", exclusive=True)

    def _drain(self) -> None:
        """Take what came, and draw it. Nobody reads a hundred rows a second, so in a crowd drawing rests for some
        ticks: the time is better spent on requests."""
        came = self.session.feed.drain()
        self._undrawn = self._undrawn or came > 0
        if self._resting:
            self._resting -= 1
            return
        if self._undrawn:
            self._undrawn = False
            self._tell(requests=True)
        if self.session.feed.crowded:
            self._resting = _RESTED_TICKS

    def _tick(self) -> None:
        self.session.feed.tick()
        self.session.watch()
        sentences = self._notices.take() if self._notices is not None else []
        if sentences:
            self.notify(clean(in_one(sentences), 600), severity="warning", markup=False)
        self._tell()

    def _look_at_approvals(self) -> None:
        """Keep the badge true; the first request that waits is told, once."""
        before = self.session.waiting
        first = self.session.look_at_approvals()
        if self.session.waiting != before:
            self._tell()
        if first and not self._shows_approvals():
            self.bell()
            self.notify("A request waits for a person; a shows it.", severity="warning", markup=False)

    def _tell(self, *, requests: bool = False) -> None:
        screen = self._main_screen
        if screen is not None:
            screen.tell(requests=requests)
        top = self.screen_stack[-1:]  # empty for a moment at the beginning and at the end
        if top and top[0] is not screen:
            for bar in top[0].query(TopBar):
                bar.look_again()

    @property
    def _main_screen(self) -> MainScreen | None:
        """The main screen in sight, also below a receipt or the help."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, MainScreen) and screen.is_mounted:
                return screen
        return None

    async def on_unmount(self) -> None:
        """Stop serving; requests under way are drained."""
        if self.current_mode in _KEPT_SCREENS:
            self._remember(screen=self.current_mode)
        await asyncio.to_thread(self.session.close)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed is told, in one sentence, and logged."""
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            _log.error("a task of the screen failed", exc_info=error)
            self.notify(clean(f"{type(error).__name__}: {error}"), title="That failed", severity="error", markup=False)

    # Keys

    def get_key_display(self, binding: Binding) -> str:
        """Keys as they are written on the keyboard."""
        return binding.key_display or key_words(binding.key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The sample requests belong to the demo alone; what runs elsewhere is started and stopped there."""
        if action == "traffic":
            return self.session.is_demo
        return self.session.edits_files if action in {"switch", "begin_demo"} else True

    def action_show(self, name: str) -> None:
        """Show a screen."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if self.current_mode != name:
            self._previous = self.current_mode
        self.switch_mode(self._home if name == "home" else name)

    @property
    def _home(self) -> str:
        """Without a usable configuration Home is the welcome."""
        return "welcome" if self.session.phase in _UNUSABLE else "home"

    def on_top_bar_chosen(self, message: TopBar.Chosen) -> None:
        """A tab or the badge was clicked."""
        if message.mode == APPROVALS:
            self.action_approvals()
        else:
            self.action_show(message.mode)

    async def action_back(self) -> None:
        """One step back: out of a filter or a receipt, then Home."""
        screen = self.screen
        if isinstance(screen, MainScreen) and screen.go_back():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.action_show("home")

    def action_help(self) -> None:
        """Show what the keys do here."""
        self.push_screen(HelpScreen(self.session, help_groups(self.screen)))

    def action_approvals(self) -> None:
        """Show the requests that wait for a person."""
        from model_router.tui.screens.approvals import ApprovalsScreen

        if not self._shows_approvals():
            self.push_screen(ApprovalsScreen(self.session))

    def _shows_approvals(self) -> bool:
        from model_router.tui.screens.approvals import ApprovalsScreen

        return any(isinstance(screen, ApprovalsScreen) for screen in self.screen_stack)

    def action_connect(self) -> None:
        """Show what to set in each client."""
        from model_router.tui.screens.connect import ConnectScreen

        self.push_screen(ConnectScreen(self.session))

    def action_jump(self) -> None:
        """Put a letter on each part of the screen, and go to the one that is chosen."""
        if isinstance(self.screen, JumpScreen):
            return
        targets = places(self.screen)
        if targets:
            self.push_screen(JumpScreen(targets), lambda chosen: chosen.focus() if chosen is not None else None)

    def action_again(self) -> None:
        """Check the backends; while nothing is served, read the configuration again and start."""
        if self.session.phase is Phase.SERVING:
            self.notify("Checking the backends.", markup=False, timeout=2)
            self._check()
        elif self.session.phase is not Phase.STARTING:
            self._begin(self.session.open)

    def action_begin_demo(self) -> None:
        """Open the demo."""
        if not self.session.is_demo:
            self._begin(self.session.begin_demo)

    async def action_traffic(self) -> None:
        """Switch the sample requests on or off."""
        traffic = self.session.traffic
        if traffic is not None and traffic.running:
            await asyncio.to_thread(self.session.stop_traffic)
            self.notify("Sample requests are off; d switches them on.", markup=False)
        elif self.session.phase is Phase.SERVING:
            self.session.start_traffic()
            self.notify("Sample requests are on; d switches them off.", markup=False)
        else:
            self.notify("Nothing is served yet, so there is nowhere to send them.", severity="warning", markup=False)

    def action_switch(self) -> None:
        """Stop serving, or start again; with requests under way only after a yes."""
        if not self.may_change("stop or start the gateway"):
            return
        if self.session.phase is Phase.SERVING:
            self._ask_if_busy("Stop serving?", self._stop)
        elif self.session.phase is not Phase.STARTING:
            self.action_again()

    def _stop(self) -> None:
        self.run_worker(self._stop_serving(), group="open", exclusive=True)

    async def _stop_serving(self) -> None:
        await asyncio.to_thread(self.session.stop)
        self._tell()
        self.notify("The gateway has stopped; s starts it again.", markup=False)

    def action_reload(self) -> None:
        """Have the gateway read its files again."""
        if self.may_change("read the configuration again"):
            self.run_worker(self._reread(lambda reloader: reloader.reload("screen")), group="reload", exclusive=True)

    def action_profile(self) -> None:
        """Weigh engines by the next profile, until the files are read again."""
        gateway = self.session.gateway
        if gateway is None or not self.may_change("switch the profile"):
            return
        profiles = list(Profile)
        following = profiles[(profiles.index(gateway.config.proxy.routing_profile) + 1) % len(profiles)]
        worker = self._reread(lambda reloader: reloader.switch_profile(following, "screen"))
        self.run_worker(worker, group="reload", exclusive=True)

    async def _reread(self, step: Callable[[Reloads], ReloadEvent]) -> None:
        gateway = self.session.gateway
        if gateway is None or gateway.reloader is None or self.session.phase is not Phase.SERVING:
            self.notify("Nothing is served, so r reads the files.", severity="warning", markup=False)
            return
        before = gateway.config.proxy.routing_profile
        try:
            event = await asyncio.to_thread(step, gateway.reloader)
        except ModelRouterError as error:
            self.notify(clean(error_words(error), 600), severity="error", markup=False)
            return
        lines = [event.summary, *event.problems[:4]]
        if event.outcome != "refused" and event.profile and event.profile != before:
            lines = [f"The profile is {event.profile} until the files are read again."]
        severity: SeverityLevel = "error" if event.outcome == "refused" else "information"
        self.notify(clean(" ".join(lines), 900), severity=severity, markup=False)
        self._rename_keys()
        self._tell()

    def _ask_if_busy(self, heading: str, then: Callable[[], None]) -> None:
        """Go on at once, or after a yes when somebody waits for an answer."""
        gateway = self.session.gateway
        waiting = gateway.in_flight if gateway is not None and self.session.phase is Phase.SERVING else 0
        if not waiting:
            then()
            return
        requests = "1 request is under way. It gets" if waiting == 1 else f"{waiting} requests are under way. They get"
        words = f"{requests} up to a few seconds to end; what is left then is broken off."
        screen = QuestionScreen(self.session, heading, words)
        self.push_screen(screen, lambda answer: then() if answer else None)

    def may_change(self, what: str) -> bool:
        """Whether this application may change anything; told when it may not."""
        if self.session.read_only:
            self.notify(f"Opened with --read-only, so it does not {what}.", severity="warning", markup=False)
        return not self.session.read_only

    async def action_quit(self) -> None:
        """Leave; with requests under way only after a yes."""
        if any(isinstance(screen, QuestionScreen) for screen in self.screen_stack):
            return
        if self.session.has_edits:
            words = "What was changed in Config and not applied is lost; the files stay as they are."
            question = QuestionScreen(self.session, "Leave, and lose the edits?", words)
            self.push_screen(question, self._leave_edits)
            return
        self._leave()

    def _leave_edits(self, answer: bool | None) -> None:
        if answer:
            self.session.has_edits = False
            self._leave()

    def _leave(self) -> None:
        downloads = self.session.workshop.under_way()
        if downloads:
            words = f"{downloads} under way. What has arrived is kept; in Downloads they go on where they stopped."
            question = QuestionScreen(self.session, "Leave, and pause the downloads?", words)
            self.push_screen(question, lambda answer: self.exit(0) if answer else None)
            return
        if self.session.edits_files:
            self._ask_if_busy("Leave, and stop serving?", lambda: self.exit(0))
        else:
            self.exit(0)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every screen and everything a key does, for the command palette."""
        yield SystemCommand("Home", "Address, state, backends, routes", lambda: self.action_show("home"))
        yield SystemCommand("Try", "Write a prompt and see where it would go", lambda: self.action_show("try"))
        yield SystemCommand("Log", "Every request as it ends", lambda: self.action_show("log"))
        yield SystemCommand(
            "Models",
            "What fits here, how fast, and for which route",
            lambda: self.action_show("models"),
        )
        yield SystemCommand("Downloads", "Approve, pause, resume", lambda: self.action_show("downloads"))
        yield SystemCommand("Config", "Edit, preview, apply, roll back", lambda: self.action_show("config"))
        yield SystemCommand("Doctor", "Checks, each with its fix", lambda: self.action_show("doctor"))
        yield SystemCommand("Approvals", "Requests that wait for a person", self.action_approvals)
        yield SystemCommand("Reload", "Read the configuration again now", self.action_reload)
        yield SystemCommand("Profile", "Weigh engines by the next profile", self.action_profile)
        yield SystemCommand("Check again", "Check the backends, or start again", self.action_again)
        if self.session.is_demo:
            yield SystemCommand("Samples", "Switch the sample requests on or off", self.action_traffic)
        if self.session.edits_files:
            yield SystemCommand("Stop or start", "Stop serving, or start again", self.action_switch)
            yield SystemCommand("Wizard", "Set everything up, step by step", lambda: self.action_show("wizard"))
        if self.session.edits_files and not self.session.is_demo:
            yield SystemCommand("Demo", "Made-up models; nothing is kept", self.action_begin_demo)
        yield SystemCommand("Connect a client", "What to set in Claude Code, Codex, aider …", self.action_connect)
        yield SystemCommand("Jump", "A letter on each part of the screen", self.action_jump)
        yield SystemCommand("Help", "What the keys do here", self.action_help)
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        leaving = "Leave, and stop serving" if self.session.edits_files else "Leave; the gateway runs on"
        yield SystemCommand("Quit", leaving, self.action_quit)

    # What is remembered

    def on_log_screen_filter_kept(self, message: LogScreen.FilterKept) -> None:
        """The filter is there again the next time."""
        self._remember(filter=message.text)

    def on_models_screen_list_kept(self, message: ModelsScreen.ListKept) -> None:
        """So are the order and the filter of the models."""
        self._remember(models_sort=message.sort, models_filter=message.filter)

    @property
    def remembered_filter(self) -> str:
        """The filter of the last run, when it can still be read."""
        try:
            return parse_filter(self._state.filter).text
        except ModelRouterError:
            return ""

    def _remember(self, **changed: str) -> None:
        state = replace(self._state, **changed)
        if state == self._state:
            return
        self._state = state
        if self.session.is_demo or self.session.read_only or not Path(self._state_path).parent.is_dir():
            return
        try:
            save_state(self._state_path, state)
        except OSError as error:
            _log.warning("cannot write %s: %s", self._state_path, error)


# The other screens are imported beside the first one: what stands behind them takes a while.


def _import_screens() -> None:
    """So that no key waits for them, nor the first picture."""
    for name in ("log", "try_prompt", "approvals", "config", "models", "downloads", "doctor", "wizard", "connect"):
        import_module(f"model_router.tui.screens.{name}")


def _try(session: Session) -> MainScreen:
    from model_router.tui.screens.try_prompt import TryScreen

    return TryScreen(session)


def _requests(session: Session, filter_text: str) -> MainScreen:
    from model_router.tui.screens.log import LogScreen

    return LogScreen(session, filter_text)


def _config(session: Session) -> MainScreen:
    from model_router.tui.screens.config import ConfigScreen

    return ConfigScreen(session)


def _models(session: Session, sort: str, filter_text: str) -> MainScreen:
    from model_router.tui.screens.models import ModelsScreen

    return ModelsScreen(session, sort, filter_text)


def _downloads(session: Session) -> MainScreen:
    from model_router.tui.screens.downloads import DownloadsScreen

    return DownloadsScreen(session)


def _doctor(session: Session) -> MainScreen:
    from model_router.tui.screens.doctor import DoctorScreen

    return DoctorScreen(session)


def _wizard(session: Session) -> MainScreen:
    from model_router.tui.screens.wizard import WizardScreen

    return WizardScreen(session)
