"""Where a risky request meets a person: it is refused, or waits here until one has decided."""

from __future__ import annotations

from model_router.engine.decision import RoutingDecision
from model_router.server.approvals import Entry, Standing, Wish
from model_router.server.ask import Ask, occasion_of
from model_router.server.ask_route import Pick
from model_router.server.backends import Choice
from model_router.server.confirmations import confirmation_refusal, decided_refusal
from model_router.server.gateway import Gateway
from model_router.server.naming import Wanted, read_name
from model_router.server.outlet import WAITING, Outlet
from model_router.server.record import Record
from model_router.server.redaction import redact
from model_router.server.refusal import Refusal
from model_router.server.routing import decide
from model_router.server.wire.request import Request

_END_CHARS = 2_000
"""Of a request that is longer than twice this, beginning and end are shown: what is wanted stands in one of them."""
_MARGIN_CHARS = 4_096
"""Further characters are looked at, so that no secret is cut in two before it is found."""
_CUES = 12


async def pass_gate(
    gateway: Gateway, ask: Ask, request: Request, *, record: Record, blocked: Pick, outlet: Outlet
) -> tuple[Choice, Wanted]:
    """Where a blocked request goes, once a person has let it pass, and what its ``model`` means by then.

    Raises:
        Refusal: nobody is asked, nobody came, or the person said no.
    """
    decision = blocked.receipt()
    entry = gateway.approvals.enter(_wish(ask, request, record, decision), record.request_id)
    standing = entry.standing
    if standing is Standing.WAITING:
        outlet.note = f"waiting for a person to approve {entry.request_id}"
        standing = await gateway.approvals.wait(entry)
        outlet.note = WAITING
    if standing is Standing.APPROVED:
        _note(record, entry)
        wanted = read_name(gateway, request.model)  # the files may have changed while it waited
        choice = decide(gateway, ask, wanted, record, approved=True)
        if not isinstance(choice, Pick):
            return choice, wanted
        raise _nobody_left(entry)
    if standing is Standing.WAITING:
        raise Refusal(503, "The gateway is stopping; send the request again.", kind="server_error", code="stopping")
    raise _refusal(gateway, ask, record, decision, entry)


def _wish(ask: Ask, request: Request, record: Record, decision: RoutingDecision) -> Wish:
    """What only a person's word can help: a router that is closed, or an ask that cannot be read, is none of that."""
    approvable = decision.risk_class is not None and decision.config_valid and ask.readable
    return Wish(
        digest=f"{ask.digest()} {occasion_of(request.body)}",
        session=ask.session,
        client=record.client,
        risk_class=str(decision.risk_class) if approvable else "",
        preview=_preview(ask.text),
        cues=tuple(redact(cue) for cue in _words_of(decision)[:_CUES]),
        attachments=tuple(map(str, ask.attachments)),
    )


def _preview(text: str) -> str:
    """The words for the person who decides, without secrets; of many the beginning and the end."""
    left_out = len(text) - 2 * _END_CHARS
    if left_out <= 0:
        return redact(text)
    head = redact(text[: _END_CHARS + _MARGIN_CHARS])[:_END_CHARS]
    tail = redact(text[-_END_CHARS - _MARGIN_CHARS :])[-_END_CHARS:]
    return f"{head}\n[... about {left_out:,} characters are left out here ...]\n{tail}"


def _words_of(decision: RoutingDecision) -> list[str]:
    """The cues that are the client's own words: marks of place and length (``^drop``, ``<length 2>``) are not."""
    return [one.cue for one in decision.evidence if not one.cue.startswith(("^", "<"))]


def _nobody_left(entry: Entry) -> Refusal:
    message = f"Request {entry.request_id} was approved, but no engine may take it; `decide --explain` says why."
    return Refusal(503, message, kind="server_error", code="no_engine", headers={"x-should-retry": "false"})


def _note(record: Record, entry: Entry) -> None:
    """The receipt says who decided."""
    record.approval_reason = f"{entry.standing} by {entry.who} ({entry.request_id})"
    record.approval_code = f"approval.{entry.standing}"


def _refusal(gateway: Gateway, ask: Ask, record: Record, decision: RoutingDecision, entry: Entry) -> Refusal:
    """To be raised by who calls this: a frame that names what it raises lives as long as the garbage collector lets.

    The repeat of a blocked request makes no event of its own, and bears the name of the first.
    """
    status = gateway.config.safety.confirm_status
    if entry.standing in (Standing.DENIED, Standing.EXPIRED):
        refusal = decided_refusal(entry, status)
        _note(record, entry)
    else:
        refusal = confirmation_refusal(ask, decision, entry.request_id, status, gateway.catalog_file)
    record.folded = entry.request_id != record.request_id
    record.request_id = entry.request_id
    record.end("confirm", refusal.status, "")
    return refusal
