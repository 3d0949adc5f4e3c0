"""The application: its screens, its keys, and the clock that drains the gateway's events ten times a second."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.notifications import Notification, Notify
from textual.screen import Screen

from model_router.config.wording import nearest
from model_router.tui.commands import commands
from model_router.tui.keys import MOVES, key_names, key_words
from model_router.tui.memory import Memory
from model_router.tui.modes import KEPT_SCREENS, import_screens, screens_of
from model_router.tui.notices import Notices, in_one
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.help import HelpScreen, help_groups
from model_router.tui.screens.jump import JumpScreen, places
from model_router.tui.serving import SessionApp
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean
from model_router.tui.theme import DEFAULT_THEME, NO_COLOR_THEME, THEMES, quiet_colours
from model_router.tui.top_bar import APPROVALS, TopBar

if TYPE_CHECKING:
    from model_router.tui.screens.log import LogScreen
    from model_router.tui.screens.models import ModelsScreen

DRAIN_SECONDS = 0.1
_RESTED_TICKS = 4
_UNUSABLE = frozenset({Phase.FIRST_RUN, Phase.BAD_CONFIG})
_WAITS = "A request waits for a person; a shows it."
HEALTH_SECONDS = 15.0
APPROVAL_SECONDS = 0.3


class ModelRouterApp(SessionApp):
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
    ToastRack { margin-bottom: 2; }
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
        self.memory = Memory(session)
        last = self.memory.state
        self._first = first or (last.screen if last.screen in KEPT_SCREENS else "home")
        self._recalled = not first
        for theme in THEMES:
            self.register_theme(theme)
        wanted = last.theme if last.theme in self.available_themes else DEFAULT_THEME
        self.theme = NO_COLOR_THEME if no_color else wanted
        self.animation_level = "none"
        self._makers = screens_of(session, self.memory)
        for name, make in self._makers.items():
            self.add_mode(name, make)

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
        self.set_interval(HEALTH_SECONDS, self.check)
        self.theme_changed_signal.subscribe(self, lambda theme: self.memory.keep(theme=theme.name))
        self.session.phase = Phase.STARTING
        # After the first picture: what is imported in the thread would take turns with drawing it.
        self.screen.call_after_refresh(self.begin, self.session.open)

    def begin(self, step: Callable[[], None]) -> None:
        """Run a step that opens the session, beside the screen."""
        self.run_worker(self._open(step), group="open", exclusive=True)

    async def _open(self, step: Callable[[], None]) -> None:
        """Run a step that waits (opening, the demo) in a thread, then show what came of it."""
        self.session.phase = Phase.STARTING
        self.tell()
        await asyncio.to_thread(step)
        if self._is_left():
            return
        # Without a usable configuration there is the welcome, unless somebody asked for another screen.
        at_home = self.current_mode in {"home", "welcome"} and self.current_mode != self._home
        if at_home or (self._recalled and self.session.phase in _UNUSABLE):
            self.action_show("home")
        self._recalled = False
        self.tell()
        # The demo has a key of its own. Not in every tick: the footer is made anew each time.
        self.screen.refresh_bindings()
        await asyncio.to_thread(import_screens)
        if self._is_left():
            return
        self.rename_keys()
        if self._opened is not None:
            opened, self._opened = self._opened, None
            opened()
        await self._check_health()

    def _is_left(self) -> bool:
        """Whether the person has left: from then on the screens are being closed, and none may be opened."""
        return not self.is_running

    def rename_keys(self) -> None:
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
        self.tell()

    def check(self) -> None:
        """Ask the backends how they are, beside the screen."""
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
            self.tell(requests=True)
        if self.session.feed.crowded:
            self._resting = _RESTED_TICKS

    def _tick(self) -> None:
        self.session.feed.tick()
        self.session.watch()
        sentences = self._notices.take() if self._notices is not None else []
        if sentences:
            self.notify(clean(in_one(sentences), 600), severity="warning", markup=False)
        self.tell()

    def _look_at_approvals(self) -> None:
        """Keep the badge true; the first request that waits is told, once."""
        before = self.session.waiting
        first = self.session.look_at_approvals()
        if self.session.waiting != before:
            self.tell()
        if first and not self._shows_approvals():
            self.bell()
            self.notify(_WAITS, severity="warning", markup=False)

    def tell(self, *, requests: bool = False) -> None:
        """Have the screen in sight show what is, and the bar of one that stands above it."""
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
        if self.current_mode in KEPT_SCREENS:
            self.memory.keep(screen=self.current_mode)
        await asyncio.to_thread(self.session.close)

    def on_notify(self, event: Notify) -> None:
        """The same words again take the place of those that are still shown; Textual then shows the new ones."""
        new = event.notification
        self._take_back(
            lambda old: (old.message, old.title, old.severity) == (new.message, new.title, new.severity),
        )

    def _take_back(self, wanted: Callable[[Notification], bool]) -> None:
        for notice in [one for one in self._notifications if wanted(one)]:
            self._unnotify(notice)

    def make_anew(self, broken: Screen[object]) -> None:
        """Leave a screen that broke: one above is closed, a main one is made anew when it is next shown."""
        if broken in self.screen_stack[1:]:
            while broken in self.screen_stack:
                self.pop_screen()
            return
        mode = broken.mode if isinstance(broken, MainScreen) else ""
        make = self._makers.get(mode)
        if make is None:
            return
        if self.current_mode == mode:
            self.switch_mode("log" if mode == self._home else self._home)
        self.remove_mode(mode)
        self.add_mode(mode, make)

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
        if self.hide_failure() or (isinstance(screen, MainScreen) and screen.go_back()):
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
            self._take_back(lambda notice: notice.message == _WAITS)
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

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """For the command palette."""
        return commands(self, screen)

    def on_log_screen_filter_kept(self, message: LogScreen.FilterKept) -> None:
        """The filter is there again the next time."""
        self.memory.keep(filter=message.text)

    def on_models_screen_list_kept(self, message: ModelsScreen.ListKept) -> None:
        """So are the order and the filter of the models."""
        self.memory.keep(models_sort=message.sort, models_filter=message.filter)
