"""OpenAI responses: the last event carries the whole answer."""

from __future__ import annotations

from typing import Any

import msgspec

from model_router.server.assemble.broken import BrokenStream, carried_error, ended_early, read_event

_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed"})


class ResponsesAssembly:
    """One response. Servers whose last event names no output get it from the items that were done before."""

    def __init__(self) -> None:
        self._response: dict[str, Any] | None = None
        self._items: list[tuple[int, Any]] = []

    @property
    def complete(self) -> bool:
        """Whether the last event has come."""
        return self._response is not None

    def feed(self, data: bytes) -> None:
        """Take the payload of one event in."""
        if self.complete or data.strip() == b"[DONE]":
            return
        event = read_event(data) or {}
        kind = event.get("type")
        if kind == "error":
            raise carried_error({name: value for name, value in event.items() if name != "type"})
        if kind == "response.output_item.done":
            index = event.get("output_index")
            self._items.append((index if isinstance(index, int) else len(self._items), event.get("item")))
        elif isinstance(kind, str) and kind in _ENDS:
            response = event.get("response")
            if not isinstance(response, dict):
                raise BrokenStream(f"sent an event '{kind}' without its response")
            self._response = _as_llama_writes_it(response) if "timings" in event else response

    def answer(self) -> bytes:
        """The plain answer as JSON."""
        if self._response is None:
            raise ended_early()
        answer = self._response
        if not answer.get("output"):
            self._items.sort(key=lambda placed: placed[0])
            answer = {**answer, "output": [item for _, item in self._items]}
        return msgspec.json.encode(answer)


def _as_llama_writes_it(response: dict[str, Any]) -> dict[str, Any]:
    """llama.cpp, known by its timings, leaves two things out of its last event that its plain answers have."""
    done = {"completed_at": response["created_at"]} if "created_at" in response else {}
    output = response.get("output")
    items = output if isinstance(output, list) else []
    return {**done, **response, "output": [_completed(item) for item in items]}


def _completed(item: Any) -> Any:
    return {"status": "completed", **item} if isinstance(item, dict) else item
