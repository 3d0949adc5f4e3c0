"""Gives a model to a route: which one is asked, the change of the file is shown, and written after a yes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import is_loopback
from model_router.engine.routes import ROUTES, Route
from model_router.errors import ModelRouterError
from model_router.setup.download.offer import ConfigChange, propose_settings, write_change
from model_router.setup.own_ports import at_port, free_port, ports_in_use, serve_at
from model_router.tui.fields import Choices
from model_router.tui.keys import MOVES
from model_router.tui.lines import Lines, paragraph, title
from model_router.tui.look import ROUTE_LOOKS
from model_router.tui.screens.base import MainScreen, ScreenAbove
from model_router.tui.screens.change import ChangeScreen
from model_router.tui.session import Session
from model_router.tui.text import clean, error_words, fit
from model_router.tui.wizard_port import own_port

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Assignable:
    """A model as a backend asks for it. Without an ``address`` the backend's own stays; ``hint`` says how it is
    served. ``idle``: no server has it yet, so the port of the address may be another's, and ``serve`` starts one."""

    model: str
    address: str = ""
    hint: str = ""
    idle: bool = False
    serve: str = ""


def backends_by_route(session: Session) -> dict[Route, str]:
    """The backend that each route's requests go to first."""
    gateway = session.gateway
    if gateway is None:
        return {}
    targets = session.router.catalog.routing_targets
    engines = gateway.config.engine_backends
    return {route: engines[targets[route]] for route in ROUTES if targets.get(route) in engines}


def placed(session: Session, wanted: Assignable, backend: str) -> Assignable:
    """An idle model with the address that it can be served at: where a backend asks for it already, else the usual one
    or the next port that nobody has and no other backend asks. Called from a worker thread: ports are tried."""
    gateway = session.gateway
    if not wanted.idle or gateway is None:
        return wanted
    workshop, backends = session.workshop, gateway.config.backends
    local = {name: one for name, one in backends.items() if is_loopback(urlsplit(one.base_url).hostname or "")}
    address = next((one.base_url for one in local.values() if one.model == wanted.model), "")
    if not address:
        others = {urlsplit(one.base_url).port or 0 for name, one in local.items() if name != backend}
        taken = ports_in_use(workshop.found, workshop.port_is_free) if workshop.found is not None else frozenset()
        address = at_port(wanted.address, free_port(taken | others | {own_port(session)}, wanted.address))
    hint = f"It has to be served at {address}."
    if wanted.serve:
        hint = f"Start its server: `{serve_at(wanted.serve, address)}`."
    return replace(wanted, address=address, hint=hint)


class RouteWords(Lines):
    """What is asked."""

    DEFAULT_CSS = "RouteWords { padding: 0 1 1 1; }"

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = model

    def lines(self, width: int) -> list[Content]:
        """A title and a sentence."""
        words = "The change of the file is shown before anything is written."
        return [
            title("Which route is it for?", width),
            *paragraph(self._model, width, "bold"),
            *paragraph(words, width, "$quiet"),
        ]


class RouteScreen(ScreenAbove[str]):
    """Ends with the name of a backend."""

    BINDING_GROUP_TITLE = "Route"
    AUTO_FOCUS = "OptionList"
    CSS = """
    RouteScreen Vertical { padding: 1; background: $surface; height: 1fr; }
    RouteScreen OptionList { min-width: 10; border: none; background: $surface; height: 1fr; }
    RouteScreen.-widest Vertical { margin: 2 14 3 14; height: 1fr; }
    RouteScreen.-low Vertical { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back"), *MOVES]

    def __init__(self, session: Session, model: str, backends: Mapping[Route, str], config: ProxyConfig) -> None:
        super().__init__(session)
        self._model, self._backends, self._config = model, backends, config

    def body(self) -> ComposeResult:
        """The routes, each with the model it has now."""
        with Vertical():
            yield RouteWords(self._model)
            yield Choices(*(self._option(route) for route in self._backends), markup=False)

    def _option(self, route: Route) -> Option:
        name = self._backends[route]
        look = ROUTE_LOOKS[route]
        now = clean(self._config.backends[name].model, 60)
        words = Content.assemble(
            f"{look.glyph} ", (fit(route.value, 18), "bold"), fit(now, 30), (f" backend {clean(name, 30)}", "$quiet")
        )
        return Option(words, id=route.value)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._backends[Route(event.option.id or "")])


async def assign(screen: MainScreen, wanted: Assignable) -> bool:
    """Ask, show, write. Runs in a worker of the screen; whether something was written."""
    session, app = screen.session, screen.app
    if not screen.may_edit("give models to routes"):
        return False
    gateway = session.gateway
    backends = backends_by_route(session)
    if gateway is None or not backends:
        app.notify("There is no configuration to change yet; the wizard (ctrl+p) writes one.", markup=False)
        return False
    name = await app.push_screen_wait(RouteScreen(session, wanted.model, backends, gateway.config))
    if not name:
        return False
    wanted = await asyncio.to_thread(placed, session, wanted, name)
    settings: dict[str, str | int] = {"model": wanted.model}
    backend = gateway.config.backends[name]
    if wanted.address and wanted.address != backend.base_url:
        if backend.api_key_env or backend.api_key:
            words = f"Backend {name} sends a key to {backend.base_url}; at another address it is for Config (6) to say."
            app.notify(clean(words, 300), severity="warning", markup=False)
            return False
        settings["base_url"] = wanted.address
    others = [route.value for route, backend in backends.items() if backend == name]
    words = f"Backend {name} serves {', '.join(others)}. {wanted.hint}".rstrip()
    return await change_backend(screen, name, settings, words)


async def change_backend(screen: MainScreen, name: str, settings: Mapping[str, str | int], words: str) -> bool:
    """Show what changes in the proxy file, and write it after a yes; the gateway takes it up by itself."""
    session, app = screen.session, screen.app
    try:
        change = await asyncio.to_thread(propose_settings, session.config_path, name, settings, session.environ)
        if not change.diff():
            app.notify(clean(f"Backend {name} has exactly that already."), markup=False)
            return False
        if not await app.push_screen_wait(ChangeScreen(session, _heading(change), words, change.diff())):
            return False
        copy = await asyncio.to_thread(write_change, change, datetime.now().astimezone())
    except ModelRouterError as error:
        app.notify(clean(error_words(error), 600), severity="error", markup=False, timeout=10)
        return False
    app.notify(clean(f"Written: {change.path}; the file as it was is {copy.name}"), markup=False)
    return True


def _heading(change: ConfigChange) -> str:
    return clean(f"Change {change.path.name}?", 80)
