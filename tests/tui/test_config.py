"""Config: settings and text, checked while one writes, shown in advance, applied hot, rolled back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from shutil import copyfile

import httpx
import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from model_router.config.files import configs_root
from model_router.config.proxy import ProxyConfig
from model_router.config.settings import HIDDEN
from model_router.errors import SetupError, UsageError
from model_router.hindsight.draft_preview import DraftPreview, Moved
from model_router.tui.app import ModelRouterApp
from model_router.tui.config_area import ConfigArea, ValueField
from model_router.tui.config_draft import Checked, Draft
from model_router.tui.config_lines import hide_keys, status_lines
from model_router.tui.screens.config import ConfigScreen
from model_router.tui.session import Phase, Session
from tests.faults import servers
from tests.hindsight.past import routed
from tests.tui.staging import (
    START,
    StandingSession,
    environment,
    request_name,
    screen_text,
    standing_session,
    until,
)
from tests.tui.test_goldens import compare, settled
from tests.tui.test_hostile import HOSTILE, check_screen
from tests.tui.test_keys import check_footer

NOW_TEXT = """# mine
proxy:
  host: 127.0.0.1
  port: 0   # any
  api_key: sk-very-secret-0001
observability:
  log_path: {log}
backends:
  one:  # the small one
    base_url: {url}
    model: m
engine_backends:
  fast_local: one
  balanced_local: one
  reasoning_local: one
  code_agent: one
"""
KEY = {"authorization": "Bearer sk-very-secret-0001"}


def write_files(home: Path, url: str) -> Path:
    """Both files of a person, and a log of twelve requests."""
    folder = home / ".model-router"
    (folder / "logs").mkdir(parents=True)
    log = folder / "logs" / "routing-events.jsonl"
    (folder / "routing_proxy.yaml").write_text(NOW_TEXT.format(log=log, url=url), "utf-8")
    copyfile(configs_root() / "model_router.yaml", folder / "model_router.yaml")
    return folder


def write_past(session: Session, log: Path) -> None:
    """Six easy requests and six about code, as the present router decided them."""
    texts = ["fix the failing tests in the repo", "rewrite this sentence"] * 6
    events = [routed(session.router, text, number) for number, text in enumerate(texts)]
    with log.open("ab") as file:
        file.writelines(msgspec.json.encode(event) + b"\n" for event in events)


def standing_with_files(folder: Path) -> StandingSession:
    """A standing session that is no demo and whose files are in ``folder``."""
    write_files(folder, "http://127.0.0.1:9/v1")
    session = standing_session(fixed=8)
    session.wants_demo = False
    gateway = session.gateway
    assert gateway is not None
    home = folder / ".model-router"
    session.config_path = home / "routing_proxy.yaml"
    config = replace(gateway.config, source=str(session.config_path), router_config=str(home / "model_router.yaml"))
    gateway.arrangement = replace(gateway.arrangement, config=config)
    return session


def would_move() -> DraftPreview:
    """Nine requests of twelve that would go elsewhere, two of which somebody had labelled."""
    rows = tuple(
        Moved(
            request_name(number),
            START + 60 * number,
            ("code_agent", "reasoning_local")[number % 2],
            ("reasoning_local", "balanced_local")[number % 2],
            ("coding", "reasoning")[number % 2],
            ("reasoning", "balanced")[number % 2],
            {2: "reasoning_local", 5: "reasoning_local"}.get(number, ""),
        )
        for number in range(9, 0, -1)
    )
    skipped = {"its text was not kept": 1}
    return DraftPreview(13, 12, rows, skipped, {("code_agent", "one", "two"): 4})


def config_screen(pilot: Pilot[int]) -> ConfigScreen:
    """The screen in sight."""
    screen = pilot.app.screen
    assert isinstance(screen, ConfigScreen)
    return screen


async def open_config(pilot: Pilot[int]) -> ConfigScreen:
    """The sixth screen, when its file is read and checked."""
    await pilot.press("6")
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfigScreen))
    screen = config_screen(pilot)
    await until(pilot, lambda: screen.checked is not None)
    return screen


async def go_to(pilot: Pilot[int], name: str) -> None:
    """Put the cursor on a setting."""
    screen = config_screen(pilot)
    await until(pilot, lambda: any(one.name == name for one in screen._rows))
    at = [one.name for one in screen._rows].index(name)
    screen.action_move(at - screen._cursor[screen._at])
    await pilot.pause()


async def test_the_arrows_move_the_cursor_though_the_settings_are_more_than_fit(tmp_path: Path) -> None:
    async with ModelRouterApp(standing_with_files(tmp_path)).run_test(size=(80, 24)) as pilot:
        screen = await open_config(pilot)
        await until(pilot, lambda: bool(screen._rows) and screen.query_one("#form-scroll").max_scroll_y > 0)
        for keys, at in ((["down"] * 3, 3), (["up"], 2), (["end"], len(screen._rows) - 1), (["home"], 0)):
            await pilot.press(*keys)
            assert screen.chosen_setting is screen._rows[at]


async def test_the_mouse_chooses_a_setting_and_a_second_click_changes_it(tmp_path: Path) -> None:
    async with ModelRouterApp(standing_with_files(tmp_path)).run_test(size=(120, 40)) as pilot:
        screen = await open_config(pilot)
        await go_to(pilot, "proxy.port")
        await pilot.press("v")
        at = next(y for y, line in enumerate(screen_text(pilot.app).splitlines()) if "ttl_seconds" in line)
        for y in (at - 2, at):  # a heading, which is no setting, and a setting
            await pilot.click(offset=(10, y))
        await until(pilot, lambda: screen.chosen_setting and screen.chosen_setting.name == "approvals.ttl_seconds")
        assert screen.view == "form", "the keys go where the mouse went"
        assert "› ttl_seconds" in screen_text(pilot.app)
        await pilot.click(offset=(10, at - 1), times=2)
        await until(pilot, lambda: screen.query_one(ValueField).has_focus)
        assert "approvals.mode" in (screen.chosen_setting.name if screen.chosen_setting else "")


async def test_an_edit_is_previewed_applied_hot_and_rolled_back(tmp_path: Path) -> None:
    with servers.running(servers.good) as backend:
        folder = write_files(tmp_path, backend.base_url)
        session = Session(environment(tmp_path))
        app = ModelRouterApp(session)
        async with app.run_test(size=(100, 30), notifications=True) as pilot:
            await until(pilot, lambda: session.phase is Phase.SERVING)
            gateway = session.gateway
            assert gateway is not None
            write_past(session, folder / "logs" / "routing-events.jsonl")
            screen = await open_config(pilot)
            await pilot.press("f")
            await go_to(pilot, "routing_targets.coding")
            await pilot.press("enter", *["backspace"] * 20, *"reasoning_local", "enter")
            await until(pilot, lambda: screen.draft.changed and screen.checked is not None)
            await pilot.press("p")
            await until(pilot, lambda: "6 of 12 would go elsewhere" in screen_text(app))
            assert "code_agent" in screen_text(app)
            await pilot.press("v")
            await until(pilot, lambda: "+  coding: reasoning_local" in screen_text(app))
            before = (folder / "model_router.yaml").read_text("utf-8")
            await pilot.press("w")
            await until(pilot, lambda: "Apply model_router.yaml?" in screen_text(app))
            await pilot.press("y")
            await until(pilot, lambda: gateway.router.route_fast("fix the failing tests in the repo") != "code_agent")
            after = (folder / "model_router.yaml").read_text("utf-8")
            assert after == before.replace("coding: code_agent", "coding: reasoning_local")
            (copy,) = folder.glob("model_router.yaml.*.bak")
            assert copy.read_text("utf-8") == before
            await until(pilot, lambda: "The configuration was taken" in screen_text(app))

            def ask() -> httpx.Response:
                body = {"model": "m", "messages": [{"role": "user", "content": "fix the failing tests in the repo"}]}
                url = f"{session.address}/chat/completions"
                return httpx.post(url, json=body, headers=KEY, trust_env=False, timeout=20)

            answer = await asyncio.to_thread(ask)
            assert answer.headers["x-modelrouter-engine"] == "reasoning_local"
            await until(pilot, lambda: not screen.draft.changed)
            await pilot.press("b")
            await until(pilot, lambda: len(screen._backups) == 1)
            await pilot.press("enter")
            await until(pilot, lambda: screen.draft.changed and screen.view == "changes")
            await pilot.press("w")
            await until(pilot, lambda: "Apply model_router.yaml?" in screen_text(app))
            await pilot.press("y")
            await until(pilot, lambda: gateway.router.route_fast("fix the failing tests in the repo") == "code_agent")
            assert (folder / "model_router.yaml").read_text("utf-8") == before


async def test_a_preview_beside_the_settings_follows_the_draft(tmp_path: Path) -> None:
    session, log = standing_with_files(tmp_path), tmp_path / "events.jsonl"
    write_past(session, log)
    gateway = session.gateway
    assert gateway is not None
    observability = replace(gateway.config.observability, log_path=str(log))
    config = replace(gateway.config, observability=observability)
    gateway.arrangement = replace(gateway.arrangement, config=config)
    app = ModelRouterApp(session)
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await open_config(pilot)
        await pilot.press("f", "p")
        await until(pilot, lambda: "None of 12 would go elsewhere" in screen_text(app))
        await pilot.press("p")  # the keys are the settings' again, and the preview stays in sight
        await go_to(pilot, "routing_targets.coding")
        for engine, words in (("reasoning_local", "6 of 12"), ("code_agent", "None of 12")):
            await pilot.press("enter", *["backspace"] * 20, *engine, "enter")
            await until(pilot, lambda words=words: f"{words} would go elsewhere" in screen_text(app))  # type: ignore[misc]  # a default binds it
            assert screen.view == "form"
        await pilot.press("t", "ctrl+end", *"# a word")
        await until(pilot, lambda: screen.draft.changed and screen._found is not None)
        assert "None of 12 would go elsewhere" in screen_text(app)


async def test_mistakes_are_named_while_one_writes_and_nothing_bad_is_written(tmp_path: Path) -> None:
    session = standing_with_files(tmp_path)
    app = ModelRouterApp(session)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        screen = await open_config(pilot)
        stood = session.config_path.read_text("utf-8")
        await go_to(pilot, "proxy.port")
        await pilot.press("t")
        area = screen.query_one(ConfigArea)
        assert area.cursor_location[0] == stood[: stood.index("port:")].count("\n")
        await pilot.press("home", *"prot: 9", "enter", "space", "space")
        await until(pilot, lambda: screen.checked is not None and bool(screen.checked.problems))
        line = area.cursor_location[0]
        await until(pilot, lambda: f"✗ {line}:" in screen_text(app))
        assert "did you mean 'port'?" in screen_text(app)
        await pilot.press("f8")
        await until(pilot, lambda: "Not applied" in screen_text(app))
        assert session.config_path.read_text("utf-8") == stood
        area.move_cursor((0, 0))
        await pilot.press("f2")
        assert area.cursor_location[0] == line - 1
        await pilot.press("escape", "q")
        await until(pilot, lambda: "Leave, and lose the edits?" in screen_text(app))
        await pilot.press("n", "u")
        await until(pilot, lambda: "Give the draft up?" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: not screen.draft.changed)


async def test_a_word_is_switched_with_one_key_and_comments_stay(tmp_path: Path) -> None:
    session = standing_with_files(tmp_path)
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_config(pilot)
        stood = session.config_path.read_text("utf-8")
        await go_to(pilot, "approvals.mode")
        await pilot.press("space")
        await until(pilot, lambda: screen.draft.text == stood + "approvals:\n  mode: hold\n")
        await go_to(pilot, "approvals.mode")
        await pilot.press("enter")
        screen.query_one(Input).value = ""
        await pilot.press("enter")
        await until(pilot, lambda: screen.draft.text == stood + "approvals:\n")


async def test_the_footer_has_at_most_seven_keys_in_every_view(tmp_path: Path) -> None:
    app = ModelRouterApp(standing_with_files(tmp_path))
    async with app.run_test(size=(140, 30), notifications=False) as pilot:
        await open_config(pilot)
        for key in ("t", "escape", "v", "b", "enter"):
            await check_footer(pilot)
            await pilot.press(key)
        await check_footer(pilot)


def test_the_usual_place_of_the_log_is_where_this_persons_log_is(tmp_path: Path) -> None:
    draft = Draft(write_files(tmp_path, "http://127.0.0.1:9/v1") / "routing_proxy.yaml", ProxyConfig)
    draft.load()
    (log,) = (one for one in draft.settings({"MODEL_ROUTER_HOME": "/mine"}) if one.name == "observability.log_path")
    assert log.default == str(Path("/mine/logs/routing-events.jsonl"))


@pytest.mark.parametrize("width", [98, 118, 198])
def test_a_long_folder_does_not_push_out_why_nothing_is_written(tmp_path: Path, width: int) -> None:
    folder = tmp_path / ("deep" * 10)
    folder.mkdir()
    draft = Draft(write_files(folder, "http://127.0.0.1:9/v1") / "routing_proxy.yaml", ProxyConfig)
    draft.load()
    (line,) = status_lines(draft, Checked((), ()), "form", "an attached screen edits no files", width)
    assert line.cell_length <= width
    assert "no mistakes" in line.plain
    assert line.plain.endswith("edits no files" if width >= 100 else "read only")
    assert (str(folder) in line.plain) == (width > 118)


@pytest.mark.parametrize("why", ["read_only", "attached", "demo"])
async def test_who_may_not_write_is_told_so_and_sees_everything(tmp_path: Path, why: str) -> None:
    session = standing_with_files(tmp_path)
    session.read_only = why == "read_only"
    session.edits_files = why != "attached"
    session.wants_demo = why == "demo"
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await open_config(pilot)
        if why == "demo":
            await pilot.press("f")
        await until(pilot, lambda: len(screen._rows) > 10)
        stood = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        await go_to(pilot, screen._rows[0].name)
        await pilot.press("t", "down", "down", "end", "x", "escape")
        await until(pilot, lambda: screen.view == "form")
        # Only the demo has a draft, for the preview.
        assert screen.draft.changed == (why == "demo")
        if why != "demo":
            await pilot.press("enter")
            await until(pilot, lambda: "Nothing is changed" in screen_text(app))
            assert not screen.has_class("-value")
        await pilot.press("w")
        await until(pilot, lambda: "Nothing is written" in screen_text(app))
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == stood


@pytest.mark.parametrize("keys", ["", "t", "v", "b", "enter"])
async def test_no_key_of_a_server_is_on_the_screen(tmp_path: Path, keys: str) -> None:
    session = standing_with_files(tmp_path)
    app = ModelRouterApp(session)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        screen = await open_config(pilot)
        await go_to(pilot, "proxy.api_key")
        assert HIDDEN in screen_text(app)
        screen.draft.text = screen.draft.text.replace("secret-0001", "secret-0002")
        screen._text_changed()
        await pilot.press(*keys.split())
        await pilot.pause()
        assert "secret" not in screen_text(app)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  api_key: abc # mine", "  api_key: ••• # mine"),
        ("  api_key: a#b,c  ", "  api_key: •••••  "),
        ('  api_key: "a #b', "  api_key: •••••"),
        ("-  api_key: 'a #b' # c", "-  api_key: •••••• # c"),
        ("proxy: {api_key: 'abc', port: 1}", "proxy: {api_key: •••••, port: 1}"),
        ('+  key: "a b"', "+  key: •••••"),
        ("  api_key_env: NAME", "  api_key_env: NAME"),
        ("  api_keys:", "  api_keys:"),
        ("  key:", "  key:"),
    ],
)
def test_keys_are_dots_and_everything_else_keeps_its_place(line: str, shown: str) -> None:
    assert hide_keys(line) == shown
    assert len(shown) == len(line)
    assert hide_keys("    below # x", line) == ("    ••••• • •" if line.endswith("key:") else "    below # x")


def test_a_file_that_has_changed_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    path = tmp_path / "routing_proxy.yaml"
    path.write_text("proxy: {port: 1}\n", "utf-8")
    draft = Draft(path, ProxyConfig)
    draft.load()
    draft.text = "proxy: {port: 2}\n"
    path.write_text("proxy: {port: 3}\n", "utf-8")
    with pytest.raises(UsageError, match="has changed"):
        draft.write(datetime.now(UTC))
    assert path.read_text("utf-8") == "proxy: {port: 3}\n"
    draft.load()
    draft.text = "proxy: {port: 4}\n"
    copy = draft.write(datetime.now(UTC))
    assert copy is not None
    assert (path.read_text("utf-8"), copy.read_text("utf-8")) == ("proxy: {port: 4}\n", "proxy: {port: 3}\n")
    draft.put_back(copy)
    assert path.read_text("utf-8") == "proxy: {port: 3}\n"
    assert draft.changed
    with pytest.raises(SetupError):
        draft.take_backup(tmp_path / "none.bak")


async def test_hostile_files_change_nothing_else(tmp_path: Path) -> None:
    session = standing_with_files(tmp_path)
    session.wants_demo = True
    app = ModelRouterApp(session)
    async with app.run_test(size=(80, 24), notifications=False) as pilot:
        screen = await open_config(pilot)
        shown = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
        screen.draft.problem = ""
        screen.draft.saved = "\n".join(shown)
        for text in ("\n".join(shown), "\n".join(f"b{number}: {one!r}" for number, one in enumerate(shown)) + "\n"):
            screen.draft.text = text
            screen._text_changed()
            for keys in ("t", "escape", "v", "v"):
                await pilot.press(keys)
                await pilot.pause(0.05)
                check_screen(screen_text(app), (80, 24))


@pytest.mark.parametrize("size", [(60, 15), (12, 4)])
async def test_little_room_is_enough(tmp_path: Path, size: tuple[int, int]) -> None:
    session = standing_with_files(tmp_path)
    app = ModelRouterApp(session, colorless=True)
    async with app.run_test(size=size, notifications=False) as pilot:
        await open_config(pilot)
        for key in ("down", "space", "v", "p", "b", "t", "escape", "f", "n", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert app.is_running


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_config_is_as_it_was(tmp_path: Path, size: tuple[int, int]) -> None:
    session = standing_with_files(tmp_path)
    app = ModelRouterApp(session, colorless=False)
    name = f"{size[0]}x{size[1]}"

    async with app.run_test(size=size, notifications=False) as pilot:
        screen = await open_config(pilot)
        screen.draft.text = screen.draft.text.replace(str(tmp_path), "/home/somebody")
        screen.draft.saved = screen.draft.text
        screen.draft.path = Path("/home/somebody/.model-router/routing_proxy.yaml")
        screen._text_changed()
        await go_to(pilot, "proxy.routing_profile")
        compare(f"config-{name}", await settled(pilot))
        await pilot.press("space")
        await go_to(pilot, "approvals.mode")
        await pilot.press("space")
        await pilot.press("v")
        compare(f"config-changes-{name}", await settled(pilot))
        await pilot.press("p")
        await until(pilot, lambda: not screen._previewing)
        screen._found = would_move()
        screen._redraw()
        compare(f"config-preview-{name}", await settled(pilot))
        await pilot.press("b")
        await pilot.pause()
        stamps = ("20260727-101500", "20260727-093012", "20260703-180000-2")
        screen._backups = [screen.draft.path.with_name(f"routing_proxy.yaml.{stamp}.bak") for stamp in stamps]
        await pilot.press("down")
        compare(f"config-backups-{name}", await settled(pilot))
        await pilot.press("escape", "v")
        await pilot.press("v", "t")
        screen.query_one(ConfigArea).insert("  prot: 1\n", (2, 0))
        await until(pilot, lambda: screen.checked is not None and bool(screen.checked.problems))
        compare(f"config-mistake-{name}", await settled(pilot))
