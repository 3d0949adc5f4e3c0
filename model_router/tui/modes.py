"""The main screens by their names.

All but Home and the welcome are imported after the first picture, beside it: what stands behind them takes a while.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from model_router.tui.memory import Memory
from model_router.tui.screens.base import MainScreen
from model_router.tui.screens.home import HomeScreen
from model_router.tui.screens.welcome import WelcomeScreen
from model_router.tui.session import Session

KEPT_SCREENS = frozenset({"home", "try", "log", "models", "downloads", "config", "doctor"})
"""Those that a later run may begin with."""


def import_screens() -> None:
    """So that no key waits for them, nor the first picture."""
    for name in ("log", "try_prompt", "approvals", "config", "models", "downloads", "doctor", "wizard", "connect"):
        import_module(f"model_router.tui.screens.{name}")


def screens_of(session: Session, memory: Memory) -> Mapping[str, Callable[[], MainScreen]]:
    """What makes each screen when it is first shown."""
    return {
        "home": lambda: HomeScreen(session),
        "welcome": lambda: WelcomeScreen(session),
        "try": lambda: _try(session),
        "log": lambda: _log(session, memory.filter),
        "models": lambda: _models(session, memory.state.models_sort, memory.state.models_filter),
        "downloads": lambda: _downloads(session),
        "config": lambda: _config(session),
        "doctor": lambda: _doctor(session),
        "wizard": lambda: _wizard(session),
    }


def _try(session: Session) -> MainScreen:
    from model_router.tui.screens.try_prompt import TryScreen

    return TryScreen(session)


def _log(session: Session, filter_text: str) -> MainScreen:
    from model_router.tui.screens.log import LogScreen

    return LogScreen(session, filter_text)


def _models(session: Session, sort: str, filter_text: str) -> MainScreen:
    from model_router.tui.screens.models import ModelsScreen

    return ModelsScreen(session, sort, filter_text)


def _downloads(session: Session) -> MainScreen:
    from model_router.tui.screens.downloads import DownloadsScreen

    return DownloadsScreen(session)


def _config(session: Session) -> MainScreen:
    from model_router.tui.screens.config import ConfigScreen

    return ConfigScreen(session)


def _doctor(session: Session) -> MainScreen:
    from model_router.tui.screens.doctor import DoctorScreen

    return DoctorScreen(session)


def _wizard(session: Session) -> MainScreen:
    from model_router.tui.screens.wizard import WizardScreen

    return WizardScreen(session)
