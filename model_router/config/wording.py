"""Words for messages: the nearest known one, and text from outside made safe to show."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit


def nearest(found: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or nothing."""
    import difflib

    near = difflib.get_close_matches(found.lower(), tuple(known), n=1)
    return near[0] if near else ""


def joined(path: str, key: str) -> str:
    """A key path with one more key."""
    return f"{path}.{key}" if path else key


def printable(text: str) -> str:
    """Text that is safe on a terminal: control characters become ``\\xNN``."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def clipped(text: str, limit: int = 60) -> str:
    """At most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quoted(text: str) -> str:
    """Text from a file, for a message."""
    return repr(clipped(printable(text)))


def url_problem(text: str) -> tuple[str, str]:
    """What is wrong with a base URL and what was found, or two empty strings. Never shows a password, nor a query, in
    which some services have their keys.
    """
    address = text.partition("?")[0].partition("#")[0]
    found = quoted(address if address == text else f"{clipped(address)}{text[len(address)]}...")
    if "@" in text:
        return "must not hold a user name or a password; use api_key_env", "hidden"
    try:
        parts = urlsplit(text)
        port_given = parts.port
    except ValueError:
        return "must be an address such as http://127.0.0.1:1234/v1", found
    if parts.scheme not in {"http", "https"} or not parts.hostname or port_given == 0 or " " in text:
        return "must be an address such as http://127.0.0.1:1234/v1", found
    if parts.query or parts.fragment:
        return "must end before any `?` or `#`", found
    return "", ""
