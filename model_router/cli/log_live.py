"""The events of a gateway that runs, as ``log --follow`` tells them: from the gateway itself, right behind its file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

from model_router.errors import ServerError
from model_router.hindsight.event_files import event_files
from model_router.server.control.client import ControlClient

_REPLAYED = 1_000
_TAIL = 1_048_576


class LiveLog:
    """One gateway's. ``file`` is where it writes its events; None when it writes none."""

    def __init__(self, client: ControlClient) -> None:
        """Ask the gateway where it stands.

        Raises:
            ServerError: it does not answer.
        """
        state = client.state()
        self.file = Path(state["events"]["file"]) if state["events"]["file"] else None
        self.told: deque[bytes] = deque(maxlen=_REPLAYED)
        self.missed = 0
        self._client = client
        self._cursor = int(state["cursor"])
        self._newest = _newest_line(self.file) if self.file is not None else b""

    def lines(self, limit: int) -> Iterator[bytes]:
        """The lines that the file did not hold yet when this was made (at most ``limit``; 0: all), and what comes.

        Ends with the gateway. What stands in ``told`` does not come again, and what comes stands there; ``missed``
        counts what came too fast to be read.
        """
        held: list[bytes] = []
        caught_up = not self._cursor
        try:
            for event in self._client.events(max(0, self._cursor - _REPLAYED)):
                if not caught_up and event.number > self._cursor:
                    caught_up = True
                    yield from self._new(self._behind(held, limit))
                if event.kind == "gap":
                    self.missed += int(event.data.get("missed", 0)) if caught_up else 0
                elif caught_up:
                    yield from self._new([event.raw])
                else:
                    held.append(event.raw)
                    if event.number == self._cursor:
                        caught_up = True
                        yield from self._new(self._behind(held, limit))
        except ServerError:
            return

    def _new(self, lines: list[bytes]) -> Iterator[bytes]:
        for line in lines:
            if line not in self.told:
                self.told.append(line)
                yield line

    def _behind(self, lines: list[bytes], limit: int) -> list[bytes]:
        """What was not in the file: everything, when its newest line is of an earlier life of the gateway."""
        if self._newest in lines:
            lines = lines[len(lines) - lines[::-1].index(self._newest) :]
        return lines[-limit:] if limit else lines


def find_live(environ: Mapping[str, str], port: int | None) -> LiveLog | None:
    """The gateway on a port, or the only one that runs; None when there is no such.

    Raises:
        ServerError: there is none on the port that was named.
    """
    try:
        return LiveLog(ControlClient.find(environ, port=port))
    except ServerError:
        if port is not None:
            raise
        return None


def _newest_line(log: Path) -> bytes:
    for path in reversed(event_files(log)):
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _TAIL))
                lines = file.read().split(b"\n")[:-1]
        except OSError:
            continue
        if lines:
            return lines[-1]
    return b""
