"""Server-sent events, read as far as model servers use them: the data of each event, whole."""

from __future__ import annotations

LARGEST_EVENT = 33_554_432
"""Bytes of one event; a longer one is no answer of a model."""


class EventReader:
    """Takes pieces as they come and gives the data of each event that is complete. ``overflown``: one was too long."""

    def __init__(self) -> None:
        self.overflown = False
        self._held = b""
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that this piece completes; comments, names and ids are passed over."""
        text = self._held + piece if self._held else piece
        end = text.rfind(b"\n") + 1
        self._held = text[end:]
        if len(self._held) > LARGEST_EVENT:
            self.overflown = True
            self._held = b""
        return self._lines(text[:end]) if end else []

    def rest(self) -> list[bytes]:
        """What was left at the end: some servers do not end their last event."""
        last = self._lines(self._held + b"\n") if self._held else []
        self._held = b""
        return last + self._close()

    def _lines(self, text: bytes) -> list[bytes]:
        events: list[bytes] = []
        for ended in text.split(b"\n")[:-1]:
            line = ended.removesuffix(b"\r")
            if line.startswith(b"data:"):
                self._data.append(line[6:] if line[5:6] == b" " else line[5:])
            elif not line:
                events += self._close()
        return events

    def _close(self) -> list[bytes]:
        if not self._data:
            return []
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data = []
        return [data]
