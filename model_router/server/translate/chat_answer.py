"""Reads what chat servers answer, in all the dialects that were seen, without ever tripping over one.

Thoughts stand in ``reasoning_content``, ``reasoning``, ``thinking``, in OpenRouter's ``reasoning_details`` or among
Mistral's content parts; arguments of a call may come as an object; old servers have one ``function_call``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from model_router.errors import BackendError
from model_router.server.translate.marks import REASONING_FIELDS
from model_router.server.translate.translator import Usage


class Call(NamedTuple):
    """A tool call; ``arguments`` is what the model wrote, JSON or not."""

    call_id: str
    name: str
    arguments: str


class Ending(NamedTuple):
    """Why an answer ended: the finish reason, and the client's stop word that did it when the server tells."""

    reason: str | None
    stop_word: str | None = None

    @property
    def cut(self) -> bool:
        """Whether the answer ended before the model had finished it."""
        return self.reason in ("length", "content_filter")


class ChatAnswer(NamedTuple):
    """The first choice of a whole answer. ``key`` makes the ids of the client's objects; ``created`` is in seconds."""

    key: str
    created: int
    reasoning: str
    reasoning_field: str
    text: str
    refusal: str
    calls: tuple[Call, ...]
    ending: Ending
    usage: Usage | None
    logprobs: list[Any]


def read_answer(chat: Mapping[str, Any], asked: Mapping[str, Any]) -> ChatAnswer:
    """Read a whole ``chat.completion``.

    Raises:
        BackendError: it is an error object, or has no choices at all.
    """
    if chat.get("error"):
        raise BackendError(read_error(chat["error"])[0])
    if not isinstance(chat.get("choices"), list):
        raise BackendError("The backend sent an answer without choices.")
    choice = first_choice(chat) or {}
    message = _object(choice.get("message"))
    key = answer_key(chat, asked)
    field, reasoning, text = read_words(message)
    calls = []
    for index, call in enumerate(call_pieces(message)):
        function = _object(call.get("function"))
        name = function.get("name")
        if isinstance(name, str) and name:
            call_id = call.get("id")
            made = call_id if isinstance(call_id, str) and call_id else made_call_id(key, index)
            calls.append(Call(made, name, argument_text(function.get("arguments"))))
    refusal = message.get("refusal")
    return ChatAnswer(
        key=key,
        created=created_at(chat),
        reasoning=reasoning,
        reasoning_field=field,
        text=text,
        refusal=refusal if isinstance(refusal, str) else "",
        calls=tuple(calls),
        ending=read_ending(choice),
        usage=read_usage(chat.get("usage")),
        logprobs=read_logprobs(choice),
    )


def first_choice(chat: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The choice of index 0; None when there is none, as in the chunk that only counts tokens."""
    choices = chat.get("choices")
    if not isinstance(choices, list):
        return None
    for choice in choices:
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return None


def read_words(message: Mapping[str, Any]) -> tuple[str, str, str]:
    """Field and text of the thoughts, and the text, of a message or of a delta.

    Servers on the way from one name to the other write the thoughts in both fields, so only the first counts.
    """
    text, thoughts = _content(message.get("content"))
    for field in REASONING_FIELDS:
        value = message.get(field)
        if isinstance(value, str) and value:
            return field, value, text
    if not thoughts:
        thoughts = _details(message.get("reasoning_details"))
    return REASONING_FIELDS[0], thoughts, text


def call_pieces(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The tool calls of a message, or the pieces of such in a delta."""
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        return [call for call in calls if isinstance(call, dict)]
    legacy = message.get("function_call")
    return [{"index": 0, "function": legacy}] if isinstance(legacy, dict) else []


def argument_text(arguments: Any) -> str:
    """Arguments as text; Ollama's own dialect has them as an object."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else msgspec.json.encode(arguments).decode()


def read_ending(choice: Mapping[str, Any]) -> Ending:
    """The finish reason, and the stop word where vLLM (``stop_reason``) or SGLang (``matched_stop``) tells it."""
    reason = choice.get("finish_reason")
    for name in ("stop_reason", "matched_stop"):
        word = choice.get(name)
        if isinstance(word, str) and word:
            return Ending(reason if isinstance(reason, str) else None, word)
    return Ending(reason if isinstance(reason, str) and reason else None)


def read_usage(usage: Any) -> Usage | None:
    """Token counts; None when there are none."""
    if not isinstance(usage, dict) or "prompt_tokens" not in usage:
        return None
    prompt = _object(usage.get("prompt_tokens_details"))
    completion = _object(usage.get("completion_tokens_details"))
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))),
        cache_write_tokens=_count(prompt.get("cache_write_tokens")),
        reasoning_tokens=_count(completion.get("reasoning_tokens")),
    )


def read_logprobs(choice: Mapping[str, Any]) -> list[Any]:
    """The tokens of the text with their log probabilities."""
    content = _object(choice.get("logprobs")).get("content")
    return content if isinstance(content, list) else []


def read_error(error: Any) -> tuple[str, str]:
    """The sentence and the code of an error that came in place of an answer, or in the middle of one."""
    if isinstance(error, dict):
        sentence = error.get("message")
        code = next((str(error[name]) for name in ("type", "code") if error.get(name)), "")
        return (sentence if isinstance(sentence, str) and sentence else "The backend reported an error."), code
    return (error if isinstance(error, str) and error else "The backend reported an error."), ""


def answer_key(chat: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """What the ids of one answer are made of: the backend's id, else a hash of the request. Never chance."""
    given = chat.get("id")
    if isinstance(given, str):
        kept = "".join(sign for sign in given.removeprefix("chatcmpl-") if sign.isascii() and sign.isalnum())
        if len(kept) >= 8:
            return kept[:48]
    return hashlib.blake2b(msgspec.json.encode(asked, enc_hook=str), digest_size=12).hexdigest()


def made_call_id(key: str, index: int) -> str:
    """The id of a tool call that came without one; its own in the whole conversation, as the key is the answer's."""
    return f"call_{key}_{index}"


def created_at(chat: Mapping[str, Any]) -> int:
    """When the backend says that it answered, in seconds since 1970; 0 when it does not say."""
    created = chat.get("created")
    return int(created) if isinstance(created, int | float) else 0


def _content(content: Any) -> tuple[str, str]:
    """Text and thoughts of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content, ""
    if not isinstance(content, list):
        return "", ""
    said, thought = [], []
    for part in content:
        if not isinstance(part, dict):
            continue
        if isinstance(part.get("text"), str):
            said.append(part["text"])
        elif part.get("type") == "thinking":
            inner = part.get("thinking")
            thought.append(inner if isinstance(inner, str) else _content(inner)[0])
    return "".join(said), "".join(thought)


def _details(details: Any) -> str:
    if not isinstance(details, list):
        return ""
    found = [part.get("text") or part.get("summary") for part in details if isinstance(part, dict)]
    return "".join(text for text in found if isinstance(text, str))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0
