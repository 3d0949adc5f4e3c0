"""The key of the gateway, and that it stays at the gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.server.gateway import Gateway
from tests.support.llama import LlamaServer
from tests.support.proxy_file import write_proxy_file

pytestmark = pytest.mark.llama

KEY = "walrus-and-carpenter"
ASK: list[Any] = [{"role": "user", "content": "rewrite this text"}]


@pytest.fixture
def locked(
    llama_servers: dict[str, LlamaServer], serve_in_thread: Callable[[ProxyConfig], Gateway], tmp_path: Path
) -> Gateway:
    one = {"fast_local": llama_servers["fast_local"]}
    return serve_in_thread(load_proxy(write_proxy_file(tmp_path, one, proxy={"api_key": KEY})))


def test_the_right_key_opens(locked: Gateway) -> None:
    with openai.OpenAI(base_url=locked.address, api_key=KEY) as sdk:
        answer = sdk.chat.completions.create(model="auto", messages=ASK)
        assert answer.choices[0].message.content == "This answer was made by fast_local."
        assert [model.id for model in sdk.models.list()] == ["model-router"]


@pytest.mark.parametrize("key", ["wrong", KEY + "x", KEY[:-1], KEY.upper(), "none"])
def test_a_wrong_key_is_told_so(locked: Gateway, llama_servers: dict[str, LlamaServer], key: str) -> None:
    before = llama_servers["fast_local"].answers_begun()
    with openai.OpenAI(base_url=locked.address, api_key=key) as sdk:
        with pytest.raises(openai.AuthenticationError) as caught:
            sdk.chat.completions.create(model="auto", messages=ASK)
        with pytest.raises(openai.AuthenticationError):
            sdk.models.list()
    error = caught.value.response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert KEY not in caught.value.response.text
    assert llama_servers["fast_local"].answers_begun() == before
