"""The web application is made once, by whoever asks first, and for all who wait."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from model_router.server import late_app
from model_router.server.late_app import LateApp


async def test_all_who_wait_get_one_application_also_when_the_first_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[threading.Thread] = []
    served: list[str] = []
    may = threading.Event()

    async def app(scope: dict[str, Any], receive: object, send: object) -> None:
        served.append(scope["path"])

    def create(gateway: object) -> Any:
        made.append(threading.current_thread())
        assert may.wait(30)
        return app

    monkeypatch.setattr(late_app, "_create", create)
    late: Any = LateApp(None)  # type: ignore[arg-type]  # no gateway is looked at here
    waiting = [asyncio.create_task(late({"path": f"/{number}"}, None, None)) for number in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    may.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    await late({"path": "/last"}, None, None)
    assert isinstance(ended[0], asyncio.CancelledError)
    assert sorted(served) == ["/1", "/2", "/last"]
    assert len(made) == 1
    assert made[0] is not threading.main_thread()
