"""What happened to the gateway itself: events that are no request's.

In the event file they stand among the requests. A line of theirs begins with ``{"event":``, a request's with
``{"time":``, so that a reader that only wants requests passes them over at a glance.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class ReloadEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="reload"):
    """The configuration was read again. ``time`` is unix seconds; ``who`` is ``file``, ``signal``, ``cli``, ``screen``
    or ``attached``.

    ``outcome`` is ``changed``, ``same`` (nothing that counts is new) or ``refused``, and then ``problems`` says why,
    a line each, and all goes on as before. ``config_hash`` stands for the catalog and ``proxy_hash`` for the proxy
    file, as they are afterwards; the others are those before. ``needs_restart`` names what is new in the file and
    takes effect at the next start only.
    """

    time: float
    who: str
    outcome: str
    config_hash_before: str
    config_hash: str
    proxy_hash_before: str
    proxy_hash: str
    problems: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    profile: str = ""

    @property
    def summary(self) -> str:
        """One sentence for people."""
        if self.outcome == "refused":
            count = len(self.problems)
            mistakes = "a mistake" if count == 1 else f"{count} mistakes"
            return f"The configuration was not taken: {mistakes}; all goes on as before."
        late = f"; after a restart only: {', '.join(self.needs_restart)}" if self.needs_restart else ""
        if self.outcome == "same":
            return f"The configuration was read again; nothing is new{late}."
        return f"The configuration was taken{late}."


class ApprovalEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="approval"):
    """A decision about a request that waited for a person.

    ``decision`` is ``approved``, ``approved_session``, ``denied``, ``expired`` (nobody came within the time) or
    ``left`` (the client did not wait). ``who`` is ``screen``, ``cli`` or ``attached`` for a person, else ``clock`` or
    ``client``. ``note`` is what the person wrote to the client, with secrets taken out.
    """

    time: float
    request_id: str
    decision: str
    who: str
    risk_class: str
    client: str
    waited_ms: float
    note: str = ""

    @property
    def summary(self) -> str:
        """One sentence for people."""
        return f"{self.request_id} ({self.risk_class}) {self.decision.replace('_', ' for the ')} by {self.who}."


class RuntimeEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="runtime"):
    """A managed local server changed its state; see :class:`model_router.server.runtime.runtime.RuntimeState`.

    ``pid`` is 0 when there is no process.
    """

    time: float
    backend: str
    before: str
    after: str
    reason: str
    pid: int = 0

    @property
    def summary(self) -> str:
        """One sentence for people."""
        return f"The server of '{self.backend}' is {self.after}: {self.reason}."


GatewayEvent: TypeAlias = ReloadEvent | ApprovalEvent | RuntimeEvent
