"""Talks to the control surface of a gateway in another process: for the commands and for an attached screen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any
from urllib.parse import quote

from model_router.errors import ServerError
from model_router.server.control.pass_control import TOKEN_HEADER
from model_router.server.control.run_file import RunFile, find_gateway
from model_router.server.http.library import httpx

_SECONDS = 40.0
_START_SECONDS = 3_700.0
"""Longer than any server may take to be ready."""
_SILENCE_SECONDS = 30.0
_HINTS = {
    "invalid_token": "Another gateway runs there now: on an attached screen `r` on Home attaches to it.",
    "not_waiting": "`model-router approvals list` shows how each stands.",
    "unknown_runtime": "`model-router runtime status` shows each.",
    "runtime_failed": "`model-router runtime logs NAME` shows what it printed.",
}
"""What to do next, by the code of a refusal."""


@dataclass(frozen=True, slots=True)
class FollowedEvent:
    """One event from outside. ``kind`` is ``request``, ``reload``, ``approval``, ``runtime`` or ``gap``.

    ``number`` is the cursor to go on from; ``data`` the event as it stands in the file, or ``{"missed": N}``; ``raw``
    the same in the bytes of the file's line.
    """

    number: int
    kind: str
    data: dict[str, Any]
    raw: bytes = field(default=b"", repr=False)


class ControlClient:
    """One gateway's. ``who`` is ``cli`` or ``attached``, for the record of what is decided.

    Every method raises :class:`ServerError`: the gateway has gone, or says no; the message is the gateway's own.
    """

    def __init__(self, gateway: RunFile, *, who: str = "cli") -> None:
        self.gateway = gateway
        self.who = who
        self._http = httpx.Client(
            base_url=gateway.address, headers={TOKEN_HEADER: gateway.token}, trust_env=False, timeout=_SECONDS
        )

    @classmethod
    def find(cls, environ: Mapping[str, str], *, port: int | None = None, who: str = "cli") -> ControlClient:
        """The client of the gateway on a port, or of the only one that runs."""
        return cls(find_gateway(environ, port), who=who)

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; a stream of events that is being followed ends."""
        self._http.close()

    def state(self) -> dict[str, Any]:
        """How the gateway stands."""
        return self._call("GET", "/control/state")

    def health(self) -> dict[str, Any]:
        """The backends, looked at now."""
        return self._call("GET", "/control/health")

    def sessions(self) -> list[dict[str, Any]]:
        """The conversations that are remembered."""
        return list(self._call("GET", "/control/sessions")["sessions"])

    def reload(self) -> dict[str, Any]:
        """Have the files read again; the event that says what came of it."""
        return self._call("POST", "/control/reload")

    def switch_profile(self, profile: str) -> dict[str, Any]:
        """Weigh engines by another profile."""
        return self._call("POST", "/control/profile", profile=profile)

    def approvals(self) -> dict[str, Any]:
        """``mode``, ``ttl_seconds`` and the ``approvals`` that wait or are remembered."""
        return self._call("GET", "/control/approvals")

    def approve(self, request_id: str, *, session: bool = False, note: str = "") -> dict[str, Any]:
        """Let a request pass."""
        path = f"/control/approvals/{quote(request_id, safe='')}/approve"
        return self._call("POST", path, session=session, note=note)

    def deny(self, request_id: str, *, note: str = "") -> dict[str, Any]:
        """Refuse a request."""
        return self._call("POST", f"/control/approvals/{quote(request_id, safe='')}/deny", note=note)

    def runtimes(self) -> list[dict[str, Any]]:
        """The managed servers."""
        return list(self._call("GET", "/control/runtimes")["runtimes"])

    def act(self, runtime: str, action: str) -> dict[str, Any]:
        """``start``, ``stop`` or ``restart`` a managed server; comes back when that is done."""
        return self._call("POST", f"/control/runtimes/{quote(runtime, safe='')}/{action}")

    def logs(self, runtime: str, lines: int = 100) -> dict[str, Any]:
        """The file into which a managed server prints, and its last ``lines``."""
        return self._call("GET", f"/control/runtimes/{quote(runtime, safe='')}/logs?lines={lines}")

    def events(self, after: int | None = None) -> Iterator[FollowedEvent]:
        """Events as they come, behind a cursor or from now on; ends when the gateway does."""
        query = {} if after is None else {"after": str(after)}
        try:
            with self._http.stream("GET", "/control/events", params=query, timeout=_SILENCE_SECONDS) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _said_no(answer)
                yield from _followed(_lines(answer.iter_bytes()))
        except httpx.HTTPError as error:
            raise _gone(error, self.gateway) from None

    def _call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(
                method,
                path,
                json={"who": self.who, **body} if method == "POST" else None,
                timeout=_START_SECONDS if "/runtimes/" in path else _SECONDS,
            )
        except httpx.HTTPError as error:
            raise _gone(error, self.gateway) from None
        if answer.status_code >= 300:
            raise _said_no(answer)
        found: dict[str, Any] = answer.json()
        return found


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Lines that end with LF and nothing else: JSON may hold other characters that end lines for some."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole


def _followed(lines: Iterator[bytes]) -> Iterator[FollowedEvent]:
    number, kind = 0, ""
    for line in lines:
        name, _, value = line.partition(b": ")
        if name == b"id":
            number = int(value)
        elif name == b"event":
            kind = value.decode()
        elif name == b"data":
            yield FollowedEvent(number, kind, json.loads(value), value)


def _said_no(answer: httpx.Response) -> ServerError:
    try:
        told = answer.json()["error"]
        return ServerError(str(told["message"]), _HINTS.get(str(told["code"]), ""))
    except (ValueError, KeyError, TypeError):
        return ServerError(f"the gateway answered HTTP {answer.status_code}", "Is it of another version?")


def _gone(error: httpx.HTTPError, gateway: RunFile) -> ServerError:
    return ServerError(f"the gateway at {gateway.address} does not answer ({type(error).__name__})", "Is it running?")
