"""The Try screen: hints, comparing, captured requests, and sending for real."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import pytest
from textual.widgets import Input, TextArea

from model_router.config.files import configs_root
from model_router.engine.hints import NO_HINTS
from model_router.engine.routes import Attachment, CostTier, Profile
from model_router.errors import UsageError
from model_router.server.trial import send_trial
from model_router.tui.app import ModelRouterApp
from model_router.tui.hint_words import read_hints, toggled
from model_router.tui.session import Phase, Session
from model_router.tui.try_answer import SentPart
from tests.support.ports import free_ports
from tests.tui.staging import screen_text, standing_session, until


def test_hints_are_read_as_they_are_written() -> None:
    hints = read_hints("image profile:fast engine:code_agent cost:low tokens:12k tools")
    assert hints.attachments == (Attachment.IMAGE,)
    assert (hints.profile, hints.force_engine, hints.max_cost_tier) == (Profile.FAST, "code_agent", CostTier.LOW)
    assert hints.context_tokens == 12_000
    assert hints.needs_tools
    assert read_hints("  ") is NO_HINTS
    for wrong in ("picture", "profile:fasst", "tokens:many", "cost:"):
        with pytest.raises(UsageError):
            read_hints(wrong)


def test_a_word_is_put_in_and_taken_out() -> None:
    assert toggled("", "image") == "image"
    assert toggled("profile:fast image tools", "image") == "profile:fast tools"


async def test_hints_change_the_decision_and_a_wrong_one_is_named() -> None:
    app = ModelRouterApp(standing_session(), first="try")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == "try")
        app.screen.query_one(TextArea).text = "what is written here"
        await pilot.press("f3")
        await until(pilot, lambda: "→ multimodal_vision" in screen_text(app))
        assert app.screen.query_one("#hint-words", Input).value == "image"
        app.screen.query_one("#hint-words", Input).value = "imagge"
        await until(pilot, lambda: "✗ 'imagge' is no hint" in screen_text(app))
        assert "→ multimodal_vision" not in screen_text(app).split("Elsewhere")[0]


async def test_the_same_prompt_is_decided_with_another_file(tmp_path: Path) -> None:
    catalog = (configs_root() / "model_router.yaml").read_text("utf-8")
    other = tmp_path / "other.yaml"
    other.write_text(catalog.replace("  coding: code_agent", "  coding: reasoning_local"), "utf-8")
    assert other.read_text("utf-8") != catalog
    app = ModelRouterApp(standing_session(), first="try")
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await until(pilot, lambda: app.current_mode == "try")
        app.screen.query_one(TextArea).text = "fix the repo and run tests"
        await pilot.press("f4")
        await pilot.pause()
        await pilot.press(*str(tmp_path / "absent.yaml"), "enter")
        await until(pilot, lambda: "absent.yaml" in screen_text(app))
        await pilot.press("f4")
        await pilot.pause()
        await pilot.press(*str(other), "enter")
        await until(
            pilot,
            lambda: any("other.yaml" in line and "reasoning_local" in line for line in screen_text(app).splitlines()),
        )
        await pilot.press("f4")
        await until(pilot, lambda: "other.yaml  " not in screen_text(app))


async def test_a_captured_request_gives_its_ask(tmp_path: Path) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    content = [{"type": "text", "text": "read the sign"}, {"type": "image_url", "image_url": {"url": picture}}]
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"method": "POST", "path": "/v1/chat/completions", "headers": [], "body": body}))
    app = ModelRouterApp(standing_session(), first="try")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.current_mode == "try")
        await pilot.press("f8")
        await pilot.pause()
        await pilot.press(*str(file), "enter")
        await until(pilot, lambda: app.screen.query_one(TextArea).text == "read the sign")
        assert "image" in app.screen.query_one("#hint-words", Input).value
        await until(pilot, lambda: "→ multimodal_vision" in screen_text(app))
        hints = app.screen.query_one("#hint-words", Input)
        hints.value += " cost:low"  # the person's own
        await pilot.press("f2")
        await until(pilot, lambda: hints.value == "cost:low")
        assert not app.screen.query_one(TextArea).text


async def test_a_prompt_is_sent_its_answer_appears_and_a_risky_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    session = Session({"HOME": str(tmp_path), "MODEL_ROUTER_HOME": str(tmp_path / "mr")}, demo=True)
    app = ModelRouterApp(session, first="try")
    async with app.run_test(size=(120, 50)) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        await asyncio.to_thread(session.stop_traffic)
        app.screen.query_one(TextArea).text = "rewrite this text"
        await pilot.press("f5")
        part = app.screen.query_one(SentPart)
        await until(pilot, lambda: part.trial is not None and part.trial.done)
        assert part.trial is not None
        assert part.trial.status == 200
        assert part.trial.text
        assert part.trial.engine == "fast_local"
        assert part.trial.request_id in screen_text(app)
        sent = part.trial.request_id
        await until(pilot, lambda: session.feed.latest(sent) is not None)
        await pilot.press("f9")
        await until(pilot, lambda: "Which engine should it have had?" in screen_text(app))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "⚑ balanced_local" in screen_text(app))
        label = session.labels.get(sent)
        assert label is not None
        assert label.engine == "balanced_local"
        app.screen.query_one(TextArea).text = "drop the production database"
        await pilot.press("f5")
        await until(pilot, lambda: part.trial is not None and part.trial.status == 409 and part.trial.done)
        assert part.trial.error
        await pilot.press("f2")
        assert part.trial is None
        await pilot.press("f9")
        await pilot.pause()
        assert len(app.screen_stack) == 1, "what was not sent is not labelled"


async def test_a_gateway_that_is_not_there_is_told() -> None:
    states = [state async for state in send_trial(f"http://127.0.0.1:{free_ports(1)[0]}/v1", "hello")]
    assert len(states) == 1
    assert states[0].done
    assert "does not answer" in states[0].error
