"""Marks that an answer carries to its client and that come back with the next request.

Both protocols let a client return the model's earlier thoughts with an opaque field beside them. Ours says that this
gateway wrote it and which field the backend uses for thoughts, so the next request can hand them back in the same
field. Thoughts without our mark are another vendor's: no chat server can read them.
"""

from __future__ import annotations

_PREFIX = "model-router:"
REASONING_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Where chat servers write thoughts: llama.cpp, DeepSeek and SGLang in the first, vLLM and OpenRouter in the second."""


def reasoning_mark(field: str) -> str:
    """The mark for thoughts that stood in ``field``."""
    return _PREFIX + field


def reasoning_field(mark: object) -> str | None:
    """The field that a mark names; None for what we did not write.

    An empty mark is one of a local server's own (llama.cpp signs its thoughts so), which reads ``reasoning_content``.
    """
    if mark is None or mark == "":
        return REASONING_FIELDS[0]
    if isinstance(mark, str) and mark.startswith(_PREFIX):
        field = mark[len(_PREFIX) :].partition(":")[0]
        return field if field in REASONING_FIELDS else None
    return None


def pack_reasoning(text: str, field: str) -> str:
    """Thoughts and their field in one opaque text, for clients that return nothing else of them."""
    return f"{_PREFIX}{field}:{text}"


def unpack_reasoning(packed: object) -> tuple[str, str] | None:
    """Thoughts and their field out of ``pack_reasoning``'s text; None for what we did not write."""
    if not isinstance(packed, str) or not packed.startswith(_PREFIX):
        return None
    field, colon, text = packed[len(_PREFIX) :].partition(":")
    return (text, field) if colon and field in REASONING_FIELDS else None
