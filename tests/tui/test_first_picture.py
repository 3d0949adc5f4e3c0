"""The first picture waits for nothing that only the gateway or another screen needs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

from model_router.tui.app import ModelRouterApp
from model_router.tui.screens.help import HelpScreen
from model_router.tui.session import Phase
from tests.tui.staging import screen_text, standing_session, until

PROGRAM = """
import json, os, sys
from model_router.tui.app import ModelRouterApp
from model_router.tui.session import Phase, Session

class Watched(Session):
    def open(self):
        told["heavy"] = [name for name in %r if name in sys.modules]
        told["picture"] = app.call_from_thread(picture)
        self.phase = Phase.NOT_SERVING

def picture():
    return "\\n".join(strip.text for strip in app.screen._compositor.render_strips())

def opened():
    told["screens"] = [name for name in %r if "model_router.tui.screens." + name not in sys.modules]
    app.exit()

told = {}
app = ModelRouterApp(Watched({"HOME": "/home/somebody"}), opened=opened)
app.run(headless=True, size=(80, 24))
print(json.dumps(told), file=sys.stderr)
"""


def test_it_is_there_before_anything_is_opened_and_then_every_screen_waits_for_its_key() -> None:
    heavy = ("httpx", "yaml", "quart", "model_router.router", "model_router.tui.screens.config")
    screens = ("log", "try_prompt", "approvals", "config", "models", "downloads", "doctor", "wizard", "connect")
    code = PROGRAM % (heavy, screens)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    told = json.loads(ended.stderr.splitlines()[-1])
    assert told["heavy"] == []
    assert "◌ starting" in told["picture"]
    assert "confirmation     a person" in told["picture"]
    assert told["screens"] == []


async def test_what_was_opened_above_it_stays_when_the_gateway_is_there() -> None:
    session, may, opened = standing_session(), threading.Event(), threading.Event()
    session.open = lambda: may.wait(30)  # type: ignore[method-assign, assignment]  # the gateway, as slow as is wanted
    app = ModelRouterApp(session, opened=opened.set)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        session.phase = Phase.SERVING
        may.set()
        await until(pilot, opened.is_set)
        assert isinstance(app.screen, HelpScreen), screen_text(app)
