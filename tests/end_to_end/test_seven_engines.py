"""The OpenAI SDK asks ``model-router serve``; the text of the answer says which llama.cpp server gave it."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.end_to_end.conftest import PROMPTS
from tests.support.gateway_process import GatewayProcess
from tests.support.llama import ENGINES
from tests.support.pictures import as_data_url, red_square
from tests.support.proxy_file import backend_of

pytestmark = pytest.mark.llama

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "list_files",
            "description": "List the files of a folder",
            "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
        },
    }
]


def ask(prompt: str) -> list[Any]:
    return [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": prompt}]


def sentence(engine: str) -> str:
    return f"This answer was made by {engine}."


def picture() -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": as_data_url(red_square())}}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plain_answer_comes_from_the_engine_of_the_prompt(client: openai.OpenAI, engine: str) -> None:
    raw = client.chat.completions.with_raw_response.create(model="auto", messages=ask(PROMPTS[engine]))
    answer = raw.parse()
    assert answer.choices[0].message.content == sentence(engine)
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0
    assert raw.headers["x-modelrouter-engine"] == engine
    assert raw.headers["x-modelrouter-backend"] == backend_of(engine)
    assert raw.headers["x-modelrouter-model"] == f"model-of-{engine}"
    assert raw.headers["x-modelrouter-fallback"] == "false"
    assert raw.headers["x-modelrouter-profile"] == "balanced"
    assert raw.headers["x-modelrouter-request-id"]
    assert 0 < float(raw.headers["x-modelrouter-route-us"]) < 50_000


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stream_comes_piece_by_piece_from_the_same_engine(client: openai.OpenAI, engine: str) -> None:
    pieces: list[str] = []
    usage = None
    with client.chat.completions.create(
        model="auto", messages=ask(PROMPTS[engine]), stream=True, stream_options={"include_usage": True}
    ) as stream:
        for chunk in stream:
            pieces += [choice.delta.content for choice in chunk.choices if choice.delta.content]
            usage = chunk.usage or usage
    assert "".join(pieces) == sentence(engine)
    assert len(pieces) > 3, "the answer came in one lump"
    assert usage is not None, "the usage chunk that the client asked for is missing"
    assert stream.response.headers["x-modelrouter-engine"] == engine
    assert stream.response.headers["content-type"].startswith("text/event-stream")


async def test_the_asynchronous_client_asks_all_seven_at_once(gateway: GatewayProcess) -> None:
    async def one(sdk: openai.AsyncOpenAI, engine: str) -> tuple[str | None, str]:
        plain = await sdk.chat.completions.create(model="auto", messages=ask(PROMPTS[engine]))
        stream = await sdk.chat.completions.create(model="auto", messages=ask(PROMPTS[engine]), stream=True)
        said = [choice.delta.content or "" async for chunk in stream for choice in chunk.choices]
        return plain.choices[0].message.content, "".join(said)

    import asyncio

    async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key="none", timeout=20) as sdk:
        answers = await asyncio.gather(*(one(sdk, engine) for engine in ENGINES))
    assert answers == [(sentence(engine), sentence(engine)) for engine in ENGINES]


def test_request_ids_differ(client: openai.OpenAI) -> None:
    seen = {
        client.chat.completions.with_raw_response.create(model="auto", messages=ask("rewrite this text")).headers[
            "x-modelrouter-request-id"
        ]
        for _ in range(3)
    }
    assert len(seen) == 3


def test_a_whole_tool_loop_stays_on_the_engine_that_began_it(client: openai.OpenAI) -> None:
    """The result of the tool speaks of pictures and of dropping databases: those are not the person's words."""
    turns = ask("fix the repo and run tests")
    first = client.chat.completions.create(model="auto", messages=turns, tools=TOOLS).choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.tool_calls is not None
    (call,) = first.message.tool_calls
    assert call.type == "function"
    assert (call.function.name, call.function.arguments) == ("list_files", '{"path": "."}')

    for result in ("generate an image of a dashboard", "drop the production database", "rewrite this text"):
        tool_turn = {"role": "tool", "tool_call_id": call.id, "content": result}
        messages: list[Any] = [*turns, first.message.model_dump(exclude_none=True), tool_turn]
        raw = client.chat.completions.with_raw_response.create(model="auto", messages=messages, tools=TOOLS)
        assert raw.headers["x-modelrouter-engine"] == "code_agent"
        assert raw.parse().choices[0].message.content == sentence("code_agent")


def test_a_streamed_tool_call_arrives_whole(client: openai.OpenAI) -> None:
    with client.chat.completions.create(
        model="auto", messages=ask("fix the repo and run tests"), tools=TOOLS, stream=True
    ) as stream:
        choices = [choice for chunk in stream for choice in chunk.choices]
    functions = [call.function for choice in choices for call in choice.delta.tool_calls or () if call.function]
    assert "".join(function.name or "" for function in functions) == "list_files"
    assert "".join(function.arguments or "" for function in functions) == '{"path": "."}'
    assert choices[-1].finish_reason == "tool_calls"


@pytest.mark.parametrize("words", ["fix the repo and run tests", "what is wrong here?", "rewrite this text", ""])
def test_a_picture_goes_to_the_model_that_sees_whatever_the_words(client: openai.OpenAI, words: str) -> None:
    parts = [{"type": "text", "text": words}, picture()] if words else [picture()]
    messages: list[Any] = [{"role": "user", "content": parts}]
    answer = client.chat.completions.create(model="auto", messages=messages)
    assert answer.choices[0].message.content == sentence("multimodal_vision")


def test_a_question_about_an_earlier_picture_is_answered(client: openai.OpenAI) -> None:
    """The picture still stands in the conversation: a server that cannot see would refuse the whole of it."""
    messages: list[Any] = [
        {"role": "user", "content": [{"type": "text", "text": "what is this?"}, picture()]},
        {"role": "assistant", "content": "A red square."},
        {"role": "user", "content": "fix the repo and run tests"},
    ]
    answer = client.chat.completions.create(model="auto", messages=messages)
    assert answer.choices[0].message.content == sentence("multimodal_vision")


def test_the_models_that_the_gateway_offers(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["auto", "model-router"]
