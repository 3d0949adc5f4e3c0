"""Home: where clients point, whether it serves, how the backends are, and where requests went."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content

from model_router.config.proxy import BackendConfig, PromptCapture
from model_router.engine.routes import ROUTES, Route
from model_router.tui.backend_lines import backend_lines, is_here
from model_router.tui.clipboard import send, send_selection
from model_router.tui.lines import NAME_WIDTH, Lines, fact, paragraph, spaced, title
from model_router.tui.log_columns import columns_for
from model_router.tui.look import ROUTE_LOOKS, outcome_look
from model_router.tui.route_lines import rate_lines, route_lines
from model_router.tui.screens.base import MainScreen
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean, counted, fit, fit_right
from model_router.tui.top_bar import phase_words

_SIDE_BY_SIDE = 100
"""Width from which the routes stand beside facts and backends."""
_BARS = 5
"""Lines of the top bar, the footer, the title of the latest requests, and empty ones."""
_ROOMY = 32
"""Height above which nobody counts the lines."""
_ONE_LINE = 62
"""Width from which what belongs together stands in one line, however long it serves and how many requests come."""


def fact_lines(session: Session, width: int, *, tight: bool = False) -> list[Content]:
    """Address, state, configuration; and while it is not serving, why, and what to do. ``tight`` saves a line."""
    gateway, feed = session.gateway, session.feed
    address = session.address
    shown = Content.styled(clean(address), "bold") if address else Content.styled("none yet", "$quiet")
    name, state, short = "state", phase_words(session.phase), width < _ONE_LINE
    attached = Content.styled(" · attached", "$quiet") if not session.edits_files else Content()
    lines = fact("address", shown if short else shown + attached, width)
    if session.phase is Phase.SERVING and gateway is not None:
        lost = f" · {feed.lost:,} not shown" if feed.lost else ""
        up = uptime_words(time.time() - gateway.started_at) if gateway.started_at else ""
        if short:
            lines += fact("state", state + Content(up) + attached, width)
            name, state = "requests", Content(f"{feed.total:,} · {gateway.in_flight} in flight{lost}")
        else:
            state += Content(f"{up} · {gateway.in_flight} in flight · {counted(feed.total, 'request')}{lost}")
    elif session.phase is Phase.CLOSED and session.edits_files:
        state += Content.styled(" · s starts it again", "$quiet")
    elif short:
        state += attached
    lines += fact(name, state, width)
    if session.problem is not None:
        indent = " " * NAME_WIDTH
        lines += paragraph(session.problem.message, width, "$text-error", first=indent, indent=indent)
        lines += paragraph(
            f"{session.problem.hint or 'Correct it.'} Then press r.", width, first=indent + "→ ", indent=indent + "  "
        )
    profile = gateway.config.proxy.routing_profile.value if gateway is not None else ""
    beside = tight and profile and len(config_words(session)) + len(profile) + NAME_WIDTH + 11 <= width
    lines += fact("config", config_words(session) + (f" · {profile} profile" if beside else ""), width)
    if profile and not beside:
        lines += fact("profile", profile, width)
    if gateway is not None:
        lines += savings_lines(session, gateway.config.backends, width)
    if gateway is not None and gateway.capture is not PromptCapture.OFF:
        warning = f"! The event log keeps text of prompts (prompt_capture: {gateway.capture.value})."
        lines += paragraph(warning, width, "$text-warning")
    if gateway is not None and not gateway.router.config_valid:
        errors = gateway.router.config_errors
        lines.append(Content.styled("! The catalog is not valid: every request waits for a person.", "$text-warning"))
        for error in errors[:4]:
            lines += paragraph(error, width, first="  ", indent="  ")
    return lines


def savings_lines(session: Session, backends: Mapping[str, BackendConfig], width: int) -> list[Content]:
    """How much was answered by servers on this machine, in requests and tokens; nothing before the first answer."""
    tallies = session.feed.tallies.backends
    answered = sum(tally.requests for tally in tallies.values())
    if not answered:
        return []
    here = [tally for name, tally in tallies.items() if name in backends and is_here(backends[name])]
    share = sum(tally.requests for tally in here) / answered
    made = sum(tally.prompt_tokens + tally.completion_tokens for tally in here)
    every = sum(tally.prompt_tokens + tally.completion_tokens for tally in tallies.values())
    tokens = f"{amount(made)} of {amount(every)}" if made != every else amount(every)
    words = f"{share:.0%} of {counted(answered, 'answer')}"
    if every and width < _ONE_LINE:
        return [*fact("local", words, width), *fact("tokens", tokens + (" local" if made != every else ""), width)]
    return fact("local", words + (f" · {tokens} tokens" if every else ""), width)


def amount(number: int) -> str:
    """``950``, ``12k``, ``3.4M``."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def uptime_words(seconds: float) -> str:
    """Nothing in the first minute, then minutes, hours or days."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f" {seconds // size:.0f} {unit}"
    return ""


def config_words(session: Session) -> str:
    """Which files are in force."""
    if session.is_demo:
        return "built in; nothing is kept"
    home = session.environ.get("HOME", "")
    path = str(session.config_path)
    return "~" + path[len(home) :] if home and Path(path).is_relative_to(home) else path


def connect_lines(session: Session, width: int) -> list[Content]:
    """How a client is pointed here."""
    if not session.address or session.gateway is None:
        return []
    listen = session.gateway.config.proxy
    model = listen.model_ids[0] if listen.model_ids else "model-router"
    key = "the configured key" if listen.api_key or listen.api_key_env else "any text"
    return [
        title("Point a client here", width),
        *fact("base URL", session.address, width),
        *fact("model", model, width),
        *fact("key", key, width),
    ]


def latest_lines(session: Session, width: int, rows: int) -> list[Content]:
    """The newest requests, newest last; the Log screen has them all."""
    columns = columns_for(width - 1)
    spans = " ".join(column.cell(column.title) for column in columns if column.right)
    lines = [title("Latest requests", width, f"{spans} " if session.feed.kept else "")]
    if not session.feed.kept:
        return [*lines, *empty_lines(session, width)]
    for live in session.feed.newest(rows):
        cells: list[tuple[str, str] | str] = []
        for column in columns:
            style = {"quiet": "$quiet", "outcome": outcome_look(live.event).style}.get(column.kind, "")
            if column.kind == "route" and live.event.requires_confirmation:
                style = ROUTE_LOOKS[Route.CONFIRMATION].style
            cells += [(column.cell(clean(column.text(live.event), 80)), style), " "]
        lines.append(Content.assemble(*cells))
    return lines


def empty_lines(session: Session, width: int) -> list[Content]:
    """What to do while no request has come."""
    if session.phase is Phase.SERVING:
        text = f"No requests yet. Point a client at {session.address}, with any model name."
    else:
        text = "No requests: nothing listens yet. Home (1) says why."
    return paragraph(text, width, "$quiet")


def summary_lines(session: Session, width: int) -> list[Content]:
    """Home for a terminal with little room: state, address, and the routes that were used."""
    feed = session.feed
    lines = [Content.assemble(phase_words(session.phase), f"  {feed.total:,} requests")]
    if session.problem is not None:
        lines += paragraph(session.problem.message, width)
        lines += paragraph(session.problem.hint, width, first="→ ", indent="  ") if session.problem.hint else []
    elif session.address:
        lines.append(Content(clean(session.address)))
    if session.gateway is not None:
        down = [health.name for health in session.gateway.health if not health.reachable]
        count = len(session.gateway.config.backends)
        lines.append(
            Content.styled(f"✗ {len(down)} of {count} backends down: {clean(', '.join(down), 80)}", "$text-error")
            if down
            else Content(counted(count, "backend") + (", all answer" if session.gateway.health else ""))
        )
    for route in ROUTES:
        look, count = ROUTE_LOOKS[route], feed.routes[route]
        share = f"{count / feed.total:.0%}" if feed.total else "-"
        lines.append(
            Content.assemble(
                (f"{look.glyph} {fit(look.word, 10)}", look.style), fit_right(f"{count:,}", 7), fit_right(share, 6)
            )
        )
    return lines


class FactsBlock(Lines):
    """Address, state, configuration and backends; a summary of everything when there is little room."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def lines(self, width: int) -> list[Content]:
        """Facts, backends, and on wide terminals how to connect."""
        screen = self.screen
        if isinstance(screen, MainScreen) and screen.summary_only:
            return summary_lines(self._session, width)
        tight = isinstance(screen, HomeScreen) and screen.is_tight
        sections = [fact_lines(self._session, width, tight=tight), backend_lines(self._session, width)]
        if screen.size.height >= 32:
            sections.append(connect_lines(self._session, width))
        if tight:
            return [line for section in sections for line in section]
        return spaced(sections)


class RoutesBlock(Lines):
    """The routes, and on tall terminals the rate."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def lines(self, width: int) -> list[Content]:
        """Routes and rate."""
        sections = [route_lines(self._session, width)]
        if self.screen.size.height >= 32:
            sections.append(rate_lines(self._session, width))
        return spaced(sections)


class LatestBlock(Lines):
    """The newest requests, where there is room for them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def lines(self, width: int) -> list[Content]:
        """As many as fit below the rest."""
        screen, rows = self.screen, 8
        if screen.size.width >= _SIDE_BY_SIDE:
            above = screen.query_one("#columns").size.height or 22
            rows = max(3, screen.size.height - above - _BARS)
        return latest_lines(self._session, width, rows)


class HomeScreen(MainScreen):
    """The first screen."""

    mode = "home"
    BINDING_GROUP_TITLE = "Home"
    CSS = """
    HomeScreen #body { padding: 1 1 0 1; scrollbar-size-vertical: 1; }
    HomeScreen #columns { height: auto; layout: vertical; }
    HomeScreen RoutesBlock { margin-top: 1; }
    HomeScreen LatestBlock { margin-top: 1; display: none; }
    HomeScreen.-wide #columns, HomeScreen.-widest #columns { layout: horizontal; }
    HomeScreen.-wide FactsBlock, HomeScreen.-widest FactsBlock { width: 11fr; margin-right: 3; }
    HomeScreen.-wide RoutesBlock, HomeScreen.-widest RoutesBlock { width: 14fr; margin-top: 0; }
    HomeScreen.-tall LatestBlock { display: block; }
    HomeScreen.-summary RoutesBlock, HomeScreen.-summary LatestBlock { display: none; }
    HomeScreen.-tight #body { padding: 0 1; }
    HomeScreen.-summary #body { padding: 0; }
    HomeScreen.-tight RoutesBlock { margin-top: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r",
            "app.again",
            "Check again",
            id="home.check",
            tooltip="Check the backends; while nothing is served, start again",
        ),
        Binding("s", "app.switch", "Stop or start", id="home.switch", tooltip="Stop serving, or start again"),
        Binding("R", "app.reload", "Reload", show=False, id="home.reload", tooltip="Read the configuration again now"),
        Binding("P", "app.profile", "Profile", id="home.profile", tooltip="Weigh engines by the next profile"),
        Binding("d", "app.traffic", "Samples", tooltip="Switch the sample requests of the demo on or off"),
        Binding(
            "y",
            "copy_address",
            "Copy address",
            id="home.copy",
            tooltip="Send the address, or the selected text, to the terminal's clipboard",
        ),
    ]

    def body(self) -> ComposeResult:
        """The blocks; CSS puts them side by side or one below the other."""
        with VerticalScroll(id="body", can_focus=True):
            with Container(id="columns"):
                yield FactsBlock(self.session)
                yield RoutesBlock(self.session)
            yield LatestBlock(self.session)

    def on_resize(self) -> None:
        """Choose summary or whole."""
        self.set_class(self.summary_only, "-summary")
        self._redraw()

    @property
    def is_tight(self) -> bool:
        """Whether there is no room for empty lines between the sections."""
        if self.size.height > _ROOMY:
            return False
        session, beside = self.session, self.size.width >= _SIDE_BY_SIDE
        width = max(20, self.size.width * 11 // 25 if beside else self.size.width - 2)
        need = len(fact_lines(session, width)) + len(backend_lines(session, width)) + 2
        return need + (0 if beside else len(ROUTES) + 2) > self.size.height - 2

    def requests_came(self) -> None:
        """Counts have changed."""
        self._redraw()

    def state_changed(self) -> None:
        """State, health or rate have changed."""
        super().state_changed()
        self._redraw()

    def _redraw(self) -> None:
        self.set_class(self.is_tight, "-tight")
        for block in self.query(Lines):
            block.look_again()

    def action_copy_address(self) -> None:
        """Send the address to the terminal's clipboard."""
        if send_selection(self):
            return
        if not self.session.address:
            self.app.notify("There is no address while nothing is configured.", markup=False)
            return
        send(self.app, self.session.address, f"{clean(self.session.address)} was")
