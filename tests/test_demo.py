"""The demo: real servers, real requests, and no file outside its own temporary folder."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from model_router.engine.routes import DEFAULT_TARGETS, HUMAN_CONFIRM
from model_router.router import ModelRouter
from model_router.server.demo import DEMO_MODELS, Demo, DemoTraffic
from model_router.server.demo_asks import DEMO_ASKS
from model_router.server.gateway import Gateway
from model_router.server.record import CLIENT_LEFT
from model_router.server.thread import ServerThread

WATCHER = """
import asyncio, os, sys

written = set()

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, str) and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            written.add(os.path.abspath(path))
    elif event in {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod"}:
        paths = [part for part in arguments[:2] if isinstance(part, (str, os.PathLike))]
        written.update(os.path.abspath(os.fspath(part)) for part in paths)

sys.addaudithook(watch)

from model_router.tui.app import ModelRouterApp
from model_router.tui.session import Session

async def main():
    session = Session(os.environ, demo=True)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(1500):
            if session.feed.total >= 4:
                break
            await pilot.pause(0.01)
        app.theme = "router-light"
        await pilot.press("3")
        await pilot.press("2")
        await pilot.pause(0.3)
        print("requests", session.feed.total)

asyncio.run(main())
for path in sorted(written):
    print("wrote", path)
"""


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A running demo; words come at once."""
    made = Demo(word_seconds=0)
    yield made
    made.close()


def test_no_file_is_written_outside_the_temporary_folder(tmp_path: Path) -> None:
    home, temporary, here = tmp_path / "home", tmp_path / "tmp", tmp_path / "here"
    for folder in (home, temporary, here):
        folder.mkdir()
    environ = os.environ | {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"),
    }
    environ.pop("MODEL_ROUTER_HOME", None)
    done = subprocess.run(
        [sys.executable, "-c", WATCHER], cwd=here, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert int(lines[0].split()[1]) >= 4, "the demo has to have answered something"
    written = [line.removeprefix("wrote ") for line in lines if line.startswith("wrote ")]
    inside = [path for path in written if path.startswith(str(temporary / "model-router-demo-"))]
    assert inside, "the event log of the demo is a file"
    # The standard library tries whether it can write into the folder for temporary files; nothing of that stays.
    outside = [path for path in written if not path.startswith(str(temporary))]
    assert [path for path in outside if path not in {os.devnull, "/dev/tty"}] == []
    assert [path for folder in (home, temporary, here) for path in folder.rglob("*")] == []


def test_every_engine_has_a_model_and_every_model_answers(demo: Demo) -> None:
    assert set(DEMO_MODELS) == set(DEFAULT_TARGETS.values()) - {HUMAN_CONFIRM}
    base = demo.config.backends["fast"].base_url
    with httpx.Client(base_url=base, trust_env=False) as client:
        listed = [entry["id"] for entry in client.get("models").json()["data"]]
        assert listed == list(DEMO_MODELS.values())
        for engine, model in DEMO_MODELS.items():
            answer = client.post("chat/completions", json={"model": model, "messages": []}).json()
            text = answer["choices"][0]["message"]["content"]
            assert "This is a demo." in text
            assert engine in text
            assert model in text
            assert answer["model"] == model


def test_a_stream_comes_word_by_word_and_ends(demo: Demo) -> None:
    base = demo.config.backends["code"].base_url
    body = {"model": "demo-code", "stream": True, "stream_options": {"include_usage": True}}
    with httpx.Client(base_url=base, trust_env=False) as client:
        lines = [line for line in client.post("chat/completions", json=body).text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    assert '"usage"' in lines[-2]
    assert len(lines) > 15


@pytest.mark.parametrize(("content", "status"), [(b"nonsense", 400), (b"[]", 400), (b'{"model": "gpt"}', 404)])
def test_nonsense_gets_an_error_and_the_servers_go_on(demo: Demo, content: bytes, status: int) -> None:
    base = demo.config.backends["fast"].base_url
    with httpx.Client(base_url=base, trust_env=False) as client:
        answer = client.post("chat/completions", content=content)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]
        assert client.get("models").status_code == 200


def test_the_traffic_goes_through_the_gateway_and_can_be_switched(demo: Demo) -> None:
    gateway = Gateway(demo.config, ModelRouter.from_config(), demo=True, environ={})
    server = ServerThread(gateway)
    server.start()
    traffic = DemoTraffic(gateway.address, interval=0.0)
    try:
        traffic.start()
        traffic.start()
        deadline = time.monotonic() + 20
        while traffic.sent < len(DEMO_ASKS) and time.monotonic() < deadline:
            time.sleep(0.02)
        traffic.stop()
        sent = traffic.sent
        assert sent >= len(DEMO_ASKS)
        time.sleep(0.2)
        assert traffic.sent == sent
        traffic.start()
        while traffic.sent == sent and time.monotonic() < deadline:
            time.sleep(0.02)
        traffic.stop()
        assert traffic.sent > sent
    finally:
        server.stop()
    events = [live.event for live in gateway.ring.drain()]
    assert {event.outcome for event in events} >= {"ok", "confirm"}
    assert len({event.route for event in events}) >= 6
    left = [event for event in events if event.status == CLIENT_LEFT]
    assert len(left) <= 2, "each stop may leave one answer"
    assert {event.status for event in events} - {CLIENT_LEFT} <= {200, 409}


def test_the_traffic_outlives_a_gateway_that_is_not_there() -> None:
    traffic = DemoTraffic("http://127.0.0.1:9/v1", interval=0.0)
    traffic.start()
    time.sleep(0.3)
    traffic.stop()
    assert traffic.sent == 0


def test_closing_twice_is_harmless_and_removes_the_folder() -> None:
    demo = Demo()
    folder = demo.folder
    assert folder.exists()
    demo.close()
    demo.close()
    assert not folder.exists()


def see(person: int) -> None:
    """Take what is drawn on the terminal, as a person's program does, and throw it away."""
    if select.select([person], [], [], 0.05)[0]:
        with contextlib.suppress(OSError):
            os.read(person, 65_536)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are a matter of Unix")
@pytest.mark.parametrize("end", ["the terminal is closed", "SIGHUP", "SIGTERM"])
def test_the_folder_goes_however_the_demo_ends(tmp_path: Path, end: str) -> None:
    environ = os.environ | {"TMPDIR": str(tmp_path), "MODEL_ROUTER_HOME": str(tmp_path / "home"), "TERM": "xterm"}
    person, terminal = os.openpty()
    as_its_own = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    demo = subprocess.Popen(
        [sys.executable, "-c", as_its_own + "from model_router.cli.main import main; main()", "demo"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environ,
        start_new_session=True,
    )
    os.close(terminal)
    try:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("model-router-demo-*/routing-events.jsonl")):
            assert time.monotonic() < deadline, "the demo has answered nothing"
            see(person)
        number = signal.Signals[end] if end.startswith("SIG") else None
        if number is not None:
            demo.send_signal(number)
        while number is not None and demo.poll() is None and time.monotonic() < deadline:
            see(person)
    finally:
        os.close(person)
        try:
            code = demo.wait(10)
        finally:
            demo.kill()
    assert code == 128 + (number or signal.SIGHUP)
    assert list(tmp_path.iterdir()) == []
