"""The application over real model servers: what a client asks is on the Log screen within 0.3 s of its answer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import openai
import pytest

from model_router.tui.app import ModelRouterApp
from model_router.tui.session import Phase, Session
from tests.end_to_end.conftest import PROMPTS
from tests.support.llama import ENGINES, LlamaServer
from tests.support.proxy_file import write_proxy_file
from tests.tui.staging import screen_text, until

pytestmark = pytest.mark.llama

SEEN_WITHIN = 0.3


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_each_request_appears_with_its_route_and_the_risky_one_too(
    llama_servers: dict[str, LlamaServer], tmp_path: Path, home: Path, size: tuple[int, int]
) -> None:
    file = write_proxy_file(tmp_path, {engine: llama_servers[engine] for engine in ENGINES})
    session = Session(os.environ, config_path=file)
    app = ModelRouterApp(session, first="log")
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: session.phase is Phase.SERVING)
        assert session.gateway is not None
        async with openai.AsyncOpenAI(base_url=session.gateway.address, api_key="none", timeout=10) as sdk:
            for count, (engine, prompt) in enumerate(PROMPTS.items(), start=1):
                messages: list[Any] = [{"role": "user", "content": prompt}]
                answer = await sdk.chat.completions.create(model="auto", messages=messages)
                assert answer.choices[0].message.content == f"This answer was made by {engine}."
                await until(pilot, lambda: screen_text(app).count("✓ 200") == count, SEEN_WITHIN)  # noqa: B023 - ended before the next turn
                if size[0] >= 120:
                    assert engine in screen_text(app)
            risky: list[Any] = [{"role": "user", "content": "drop the production database"}]
            with pytest.raises(openai.ConflictError):
                await sdk.chat.completions.create(model="auto", messages=risky)
            await until(pilot, lambda: "409" in screen_text(app), SEEN_WITHIN)
    assert session.phase is Phase.CLOSED
