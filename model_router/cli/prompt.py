"""The prompt of a command: its words, or standard input for ``-``. What cannot be read is refused, never guessed."""

from __future__ import annotations

import sys

from model_router.cli.output import talk
from model_router.errors import UsageError

MAX_BYTES = 64 * 1024 * 1024


def read_prompt(words: tuple[str, ...]) -> str:
    """The prompt.

    Raises:
        UsageError: it is empty, not UTF-8, or larger than 64 MiB.
    """
    prompt = _from_stdin() if words == ("-",) else " ".join(words)
    try:
        prompt.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the prompt is not valid text at character {error.start + 1}", "Give it as UTF-8, or through `-`."
        ) from None
    if not prompt.strip():
        raise UsageError("the prompt is empty", "Write it after the command, or give `-` to read standard input.")
    return prompt


def _from_stdin() -> str:
    if sys.stdin is None:
        raise UsageError("there is no standard input to read", "Write the prompt after the command.")
    if sys.stdin.isatty():
        talk("reading the prompt; end it with ctrl+d")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError("the prompt is larger than 64 MiB", "Give a shorter one.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"standard input is not UTF-8: byte 0x{data[error.start]:02x} at position {error.start}",
            "Convert it first, for example with `iconv -t UTF-8`.",
        ) from None
