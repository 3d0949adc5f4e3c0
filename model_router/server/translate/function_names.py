"""Names of functions, which OpenAI and the servers that follow it cut off at 64 characters.

Anthropic's protocol allows 128, and names of a namespace grow by it; so a name that is too long becomes a shorter one
on the way to the backend, and itself again on the way back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

LONGEST = 64


def function_name(name: str, namespace: Any = None) -> str:
    """The function for a tool: ``namespace__name``; the end of a name that is too long becomes a hash of all of it."""
    full = f"{namespace}__{name}" if isinstance(namespace, str) and namespace else name
    if len(full) <= LONGEST:
        return full
    mark = hashlib.blake2b(full.encode(), digest_size=4).hexdigest()
    return f"{full[: LONGEST - 9]}_{mark}"


def shortened(tools: Iterable[Any]) -> dict[str, str]:
    """The whole names of those tools whose functions have shorter ones."""
    names = [tool.get("name") for tool in tools if isinstance(tool, Mapping)]
    return {function_name(name): name for name in names if isinstance(name, str) and len(name) > LONGEST}
