"""However an answer is cut into chunks, its stream ends in the same object as the whole answer."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_router.server.translate import MESSAGES, RESPONSES, Translator
from tests.translate.clients import ASKED, AnthropicReader, OpenAIReader, call_piece, chunk, counted, read_events, whole

ASKED_RESPONSES: dict[str, Any] = {"model": "m", "input": "hello"}
KEPT = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


class Piece(NamedTuple):
    """A piece of one section: of the thoughts, of the words, or of the call with this number."""

    section: str | int
    text: str


class Spoken(NamedTuple):
    """An answer in pieces. ``ids`` tells of each call whether its server gave it an id."""

    pieces: tuple[Piece, ...]
    ids: tuple[bool, ...]
    finish: str
    counts: bool

    def chunks(self) -> list[dict[str, Any]]:
        """As a server streams it."""
        made, begun = [chunk({"role": "assistant", "content": None})], set()
        for section, text in self.pieces:
            if isinstance(section, int):
                first = section not in begun
                begun.add(section)
                call_id = f"call_{section}" if first and self.ids[section] else None
                made.append(chunk(call_piece(section, text, call_id=call_id, name=f"f{section}" if first else None)))
            else:
                made.append(chunk({section: text}))
        made.append(chunk({}, self.finish))
        return [*made, counted(30, 7, cached=10)] if self.counts else made

    def whole(self) -> dict[str, Any]:
        """As a server sends it in one piece: everything of one kind put together."""
        message: dict[str, Any] = {"content": self._joined("content") or None}
        if thoughts := self._joined("reasoning_content"):
            message["reasoning_content"] = thoughts
        calls = []
        for number, has_id in enumerate(self.ids):
            call: dict[str, Any] = {"function": {"name": f"f{number}", "arguments": self._joined(number)}}
            calls.append(call | {"id": f"call_{number}"} if has_id else call)
        if calls:
            message["tool_calls"] = calls
        return whole(message, self.finish, **({} if self.counts else {"usage": None}))

    def _joined(self, section: str | int) -> str:
        return "".join(piece.text for piece in self.pieces if piece.section == section)


@st.composite
def cut(draw: st.DrawFn, section: str | int, text: str) -> list[Piece]:
    """A text in pieces, none of them empty."""
    places = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=4)))
    ends = [0, *(place for place in places if place < len(text)), len(text)]
    return [Piece(section, text[begin:end]) for begin, end in itertools.pairwise(ends) if end > begin]


@st.composite
def spoken(draw: st.DrawFn, *, in_turn: bool) -> Spoken:
    """An answer whose sections follow each other, or whose pieces are shuffled with each section's order kept."""
    arguments = st.dictionaries(st.text(max_size=4), st.text(max_size=6) | st.integers() | st.none(), max_size=3)
    calls = draw(st.lists(arguments, max_size=3))
    sections: list[list[Piece]] = [
        draw(cut("reasoning_content", draw(st.text(max_size=12)))),
        draw(cut("content", draw(st.text(max_size=12)))),
        *(draw(cut(number, json.dumps(call))) for number, call in enumerate(calls)),
    ]
    if in_turn:
        pieces = [piece for section in sections for piece in section]
    else:
        pieces = shuffled(draw, [section for section in sections if section])
    ids = tuple(draw(st.booleans()) for _ in calls)
    finish = draw(st.sampled_from(["tool_calls", "stop"] if calls else ["stop", "length", "content_filter"]))
    return Spoken(tuple(pieces), ids, finish, draw(st.booleans()))


def shuffled(draw: st.DrawFn, sections: list[list[Piece]]) -> list[Piece]:
    """Pieces of all sections in any order that keeps each section's own; calls begin in the order of their numbers."""
    pieces: list[Piece] = []
    begun = 0
    while sections:
        open_to = [s for s in sections if not isinstance(s[0].section, int) or s[0].section <= begun]
        section = draw(st.sampled_from(open_to))
        piece = section.pop(0)
        pieces.append(piece)
        if piece.section == begun:
            begun += 1
        sections = [left for left in sections if left]
    return pieces


def streamed(translator: Translator, asked: dict[str, Any], chunks: Sequence[dict[str, Any]]) -> bytes:
    stream = translator.stream(asked, "auto")
    return b"".join(stream.chunk(piece) for piece in chunks) + stream.end()


def joined(sections: list[dict[str, Any]], field: str) -> str:
    return "".join(section[field] for section in sections if field in section)


@KEPT
@given(spoken(in_turn=True))
def test_a_message_is_the_same_in_pieces(claude: AnthropicReader, answer: Spoken) -> None:
    events = streamed(MESSAGES, ASKED, answer.chunks())
    assert claude.streamed(events) == claude.whole(MESSAGES.answer(answer.whole(), ASKED, "auto"))


@KEPT
@given(spoken(in_turn=True))
def test_a_response_is_the_same_in_pieces(codex: OpenAIReader, answer: Spoken) -> None:
    events = streamed(RESPONSES, ASKED_RESPONSES, answer.chunks())
    assert codex.streamed(events) == codex.whole(RESPONSES.answer(answer.whole(), ASKED_RESPONSES, "auto"))


@KEPT
@given(spoken(in_turn=False))
def test_a_message_whose_sections_mix_says_the_same(claude: AnthropicReader, answer: Spoken) -> None:
    got = claude.streamed(streamed(MESSAGES, ASKED, answer.chunks()))
    expected = claude.whole(MESSAGES.answer(answer.whole(), ASKED, "auto"))
    contents = [message.pop("content") for message in (got, expected)]
    assert got == expected
    for field in ("thinking", "text"):
        assert joined(contents[0], field) == joined(contents[1], field)
    calls = [[block for block in content if block["type"] == "tool_use"] for content in contents]
    assert calls[0] == calls[1]


@KEPT
@given(spoken(in_turn=False))
def test_a_response_whose_sections_mix_says_the_same(codex: OpenAIReader, answer: Spoken) -> None:
    got = codex.streamed(streamed(RESPONSES, ASKED_RESPONSES, answer.chunks()))
    expected = codex.whole(RESPONSES.answer(answer.whole(), ASKED_RESPONSES, "auto"))
    outputs = [response.pop("output") for response in (got, expected)]
    assert got == expected
    for kind in ("reasoning_text", "output_text"):
        texts = [
            joined([part for item in output for part in item.get("content", ()) if part["type"] == kind], "text")
            for output in outputs
        ]
        assert texts[0] == texts[1]
    calls = [
        [(item["call_id"], item["name"], item["arguments"]) for item in output if item["type"] == "function_call"]
        for output in outputs
    ]
    assert calls[0] == calls[1]


_WORDS = st.sampled_from(
    "choices delta content reasoning tool_calls function name arguments index id finish_reason usage text type "
    "prompt_tokens logprobs refusal function_call thinking created error".split()
)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=5),
    max_leaves=15,
)
_DELTA = st.dictionaries(_WORDS, _ANYTHING, max_size=4)
_CHUNK = st.dictionaries(_WORDS, _ANYTHING, max_size=4) | st.builds(chunk, _DELTA, _ANYTHING)


@settings(deadline=None)
@given(st.lists(_CHUNK, max_size=6), st.sampled_from([MESSAGES, RESPONSES]))
def test_whatever_a_backend_sends_becomes_whole_events(chunks: list[dict[str, Any]], translator: Translator) -> None:
    asked = ASKED if translator is MESSAGES else ASKED_RESPONSES
    events = read_events(streamed(translator, asked, chunks))
    last = events[-1][0]
    assert last in ("message_stop", "error", "response.completed", "response.incomplete", "response.failed")
    assert events[0][0] in ("message_start", "error", "response.created")
