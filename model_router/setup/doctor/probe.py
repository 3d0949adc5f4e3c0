"""Asking one model server what it can do, with requests of a few tokens.

Nothing here knows what the configuration wants; what was found is a card, with notes on what could not be found out.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from model_router.config.proxy import BackendConfig
from model_router.config.proxy_file import is_loopback

_PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEUlEQVR42mM4"
    "YaCAFTEMLQkAhF1GAXXF8boAAAAASUVORK5CYII="
)
"""Eight by eight red dots."""
_TOOL = {
    "type": "function",
    "function": {
        "name": "list_files",
        "description": "List the files of a folder.",
        "parameters": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    },
}
"""Nobody carries it out: only whether it is called is looked at."""
_NO_COMPLETION = "what it sent is no chat completion"
_LEAVE_POLL = 0.05
_LEAVE_PATIENCE = 10.0


@dataclass(slots=True)
class Found:
    """What a server showed. ``None``: not found out. ``trouble`` is why it could not be asked any further."""

    server: str = ""
    listed: tuple[str, ...] | None = None
    status: int | None = None
    trouble: str = ""
    context: int | None = None
    streams: bool | None = None
    usage_in_streams: bool | None = None
    tools: bool | None = None
    pictures: bool | None = None
    stops_when_left: bool | None = None
    notes: dict[str, str] = field(default_factory=dict)


class Prober:
    """Asks one backend. ``patience`` is how long an answer may take, in seconds: models may have to be loaded."""

    def __init__(self, client: httpx.AsyncClient, config: BackendConfig, key: str | None, patience: float) -> None:
        self._client = client
        self._config = config
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        # Nobody on loopback is far away: what is slow to connect there is a busy machine, which may take its time.
        near = is_loopback(urlsplit(config.base_url).hostname or "")
        self._timeout = httpx.Timeout(
            patience, connect=patience if near else min(patience, config.connect_timeout_seconds)
        )

    async def look(self, found: Found) -> None:
        """Is it there, and which models does it list? Costs nothing."""
        try:
            answer = await self._get(f"{self._config.base_url}/models")
        except httpx.HTTPError as error:
            found.trouble = _reason(error)
            return
        found.status = answer.status_code
        found.server = answer.headers.get("server", "")
        if answer.status_code != 200:
            found.trouble = f"it answered {answer.status_code}{_said(answer)}"
            return
        entries = _entries(answer)
        found.listed = None if entries is None else tuple(str(entry.get("id", "")) for entry in entries)
        found.context = _listed_context(entries or [], self._config.model)

    async def ask(self, found: Found) -> None:
        """What does it do with real requests? Each is a few tokens long."""
        for step in (self._stream, self._tools, self._pictures, self._leaving, self._loaded_context):
            try:
                await step(found)
            except httpx.HTTPError as error:
                found.notes[step.__name__.strip("_")] = _reason(error)
                if isinstance(error, httpx.ConnectError):
                    return

    async def _stream(self, found: Found) -> None:
        with_usage = {"stream": True, "stream_options": {"include_usage": True}}
        status, chunks, said = await self._stream_chunks(with_usage)
        if status in {400, 422}:
            status, chunks, said = await self._stream_chunks({"stream": True})
        found.streams = status == 200 and any(chunk.get("choices") for chunk in chunks)
        if not found.streams:
            found.notes["stream"] = f"it answered {status}{said}"
            return
        found.usage_in_streams = any(isinstance(chunk.get("usage"), dict) for chunk in chunks)

    async def _tools(self, found: Found) -> None:
        body = self._body("Use the tool list_files to list the folder '.'.", max_tokens=1024) | {"tools": [_TOOL]}
        answer = await self._post(body)
        if answer.status_code != 200:
            # A 500 may also mean that the model's call could not be read; then nothing is known.
            told = _said(answer).lower()
            refused = answer.status_code in {400, 422, 501} or "jinja" in told or "support" in told
            found.tools = False if refused else None
            found.notes["tools"] = f"it answered {answer.status_code}{_said(answer)}"
            return
        called = bool(_message(answer).get("tool_calls"))
        found.tools = True if called else None
        if not _is_completion(answer):
            found.notes["tools"] = _NO_COMPLETION
        elif not called:
            found.notes["tools"] = "it took the tool and did not call it"

    async def _pictures(self, found: Found) -> None:
        body = self._body("", max_tokens=8)
        body["messages"][0]["content"] = [
            {"type": "text", "text": "What colour is this?"},
            {"type": "image_url", "image_url": {"url": _PICTURE}},
        ]
        answer = await self._post(body)
        if answer.status_code == 200:
            found.pictures = True if _is_completion(answer) else None
        elif answer.status_code in {400, 404, 415, 422, 501} or _is_about_pictures(answer):
            found.pictures = False
            found.notes["pictures"] = f"it answered {answer.status_code}{_said(answer)}"

    async def _leaving(self, found: Found) -> None:
        """Only llama.cpp tells what it is at, so only there this can be seen from outside."""
        if await self._busy_slots() != 0:
            return
        body = self._body("Count from one to ten thousand.", max_tokens=20_000) | {"stream": True}
        async with self._client.stream(
            "POST", self._chat, json=body, headers=self._headers, timeout=self._timeout
        ) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    break
            working = await self._busy_slots()
        if not working:
            return  # it had nothing more to say
        end = time.monotonic() + _LEAVE_PATIENCE
        while await self._busy_slots():
            if time.monotonic() > end:
                found.stops_when_left = False
                return
            await asyncio.sleep(_LEAVE_POLL)
        found.stops_when_left = True

    async def _loaded_context(self, found: Found) -> None:
        """Ollama and LM Studio tell the context of loaded models at addresses of their own."""
        if found.context is not None:
            return
        for path, key in (("/api/ps", "models"), ("/api/v0/models", "data")):
            answer = await self._get(self._root + path)
            listed = _json(answer).get(key) if answer.status_code == 200 else None
            for entry in listed if isinstance(listed, list) else []:
                names = {entry.get("id"), entry.get("name"), entry.get("model")}
                length = entry.get("loaded_context_length") or entry.get("context_length")
                if names & {self._config.model, f"{self._config.model}:latest"} and isinstance(length, int):
                    found.context = length
                    return

    async def _busy_slots(self) -> int | None:
        answer = await self._get(f"{self._root}/slots")
        slots = answer.json() if answer.status_code == 200 and _is_json(answer) else None
        if not isinstance(slots, list):
            return None
        return sum(bool(slot.get("is_processing")) for slot in slots if isinstance(slot, dict))

    async def _stream_chunks(self, more: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]], str]:
        body = self._body("Say ok.", max_tokens=16) | dict(more)
        chunks: list[dict[str, Any]] = []
        async with self._client.stream(
            "POST", self._chat, json=body, headers=self._headers, timeout=self._timeout
        ) as answer:
            if answer.status_code != 200:
                await answer.aread()
                return answer.status_code, chunks, _said(answer)
            async for line in answer.aiter_lines():
                data = line.removeprefix("data:").strip()
                if line.startswith("data:") and data.startswith("{"):
                    chunks.append(_parsed(data))
        return answer.status_code, chunks, ""

    @property
    def _chat(self) -> str:
        return f"{self._config.base_url}/chat/completions"

    @property
    def _root(self) -> str:
        return self._config.base_url.removesuffix("/v1")

    def _body(self, words: str, *, max_tokens: int) -> dict[str, Any]:
        return {
            "model": self._config.model,
            "messages": [{"role": "user", "content": words}],
            "max_tokens": max_tokens,
        }

    async def _get(self, url: str) -> httpx.Response:
        return await self._client.get(url, headers=self._headers, timeout=self._timeout)

    async def _post(self, body: Mapping[str, Any]) -> httpx.Response:
        return await self._client.post(self._chat, json=body, headers=self._headers, timeout=self._timeout)


def _entries(answer: httpx.Response) -> list[dict[str, Any]] | None:
    data = _json(answer).get("data")
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else None


def _listed_context(entries: list[dict[str, Any]], model: str) -> int | None:
    """llama.cpp, vLLM and others tell the context where they list their models."""
    known = [entry for entry in entries if entry.get("id") == model] or (entries if len(entries) == 1 else [])
    for entry in known:
        meta = entry.get("meta")
        lengths = (
            meta.get("n_ctx") if isinstance(meta, dict) else None,
            entry.get("max_model_len"),
            entry.get("loaded_context_length"),
            entry.get("context_length"),
        )
        for length in lengths:
            if isinstance(length, int) and length > 0:
                return length
    return None


def _is_completion(answer: httpx.Response) -> bool:
    """Whether it is what was asked for: a login page says 200 too, and a server's own trouble sometimes does."""
    choices = _json(answer).get("choices")
    return isinstance(choices, list) and bool(choices)


def _message(answer: httpx.Response) -> dict[str, Any]:
    choices = _json(answer).get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, dict) else {}


def _said(answer: httpx.Response) -> str:
    """What a server said about its refusal, in a few words."""
    error = _json(answer).get("error")
    words = error.get("message") if isinstance(error, dict) else error
    text = " ".join(str(words or "").split())[:120]
    return f": {text}" if text else ""


def _is_about_pictures(answer: httpx.Response) -> bool:
    """llama.cpp refuses pictures with a 500; other 500s tell nothing about them."""
    told = _said(answer).lower()
    return answer.status_code == 500 and any(word in told for word in ("image", "mmproj", "multimodal", "vision"))


def _json(answer: httpx.Response) -> dict[str, Any]:
    return _parsed(answer.text) if _is_json(answer) else {}


def _is_json(answer: httpx.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _reason(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return "it does not answer in time to a connection"
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(error, httpx.ConnectError):
        return "nothing answers there"
    return " ".join(str(error).split())[:120] or type(error).__name__
