"""Token counts, wherever a protocol writes them."""

from __future__ import annotations

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """Token counts of one answer; None: not told."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def updated(self, later: Usage) -> Usage:
        """With what a later event tells; some tell one of the two only."""
        return Usage(
            self.prompt_tokens if later.prompt_tokens is None else later.prompt_tokens,
            self.completion_tokens if later.completion_tokens is None else later.completion_tokens,
        )


class _Counts(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Inner(msgspec.Struct):
    usage: _Counts | None = None


class _Answer(msgspec.Struct):
    usage: _Counts | None = None
    message: _Inner | None = None
    response: _Inner | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


def read_usage(text: bytes) -> Usage | None:
    """The token counts of a whole answer or of one streamed event, in any protocol; None when there are none."""
    try:
        answer = _ANSWER.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    for holder in (answer, answer.message, answer.response):
        if holder is not None and holder.usage is not None:
            return _usage(holder.usage)
    return None


def _usage(counts: _Counts) -> Usage:
    prompt = counts.prompt_tokens
    if prompt is None and counts.input_tokens is not None:
        prompt = counts.input_tokens
        for cached in (counts.cache_read_input_tokens, counts.cache_creation_input_tokens):
            prompt += cached or 0  # Anthropic counts what came from the cache apart
    completion = counts.completion_tokens
    return Usage(prompt, counts.output_tokens if completion is None else completion)
