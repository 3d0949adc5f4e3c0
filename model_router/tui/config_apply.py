"""What happens to a draft of the configuration: shown in advance, written and taken. All of it in worker threads."""

from __future__ import annotations

from datetime import datetime

from model_router.config.proxy import ProxyConfig
from model_router.errors import ConfigError
from model_router.hindsight.draft_preview import DraftPreview, preview_edit, router_of
from model_router.hindsight.labels import label_file, read_labels
from model_router.tui.config_draft import Draft
from model_router.tui.session import Phase, Session


def preview_drafts(session: Session, proxy: Draft, catalog: Draft) -> tuple[DraftPreview | None, str]:
    """The newest requests by the drafts of both files; or why they cannot be decided again."""
    gateway, log = session.gateway, session.log_path
    if gateway is None or log is None:
        return None, "There is no event log, so there are no requests to decide again."
    config: ProxyConfig | None = gateway.config
    if not proxy.problem and proxy.changed:
        checked = proxy.check(session.environ)
        config = None if checked.problems else checked.proxy
    if config is None or (catalog.changed and catalog.check(session.environ).problems):
        return None, "The draft has mistakes; n goes to the first."
    present = gateway.router
    draft = router_of(catalog.text, config.proxy.routing_profile, present.lexicon)
    for one in (present, draft):
        if not one.config_valid:
            return None, f"The catalog cannot be used: {one.config_errors[0]}"
    labels = read_labels(label_file(session.environ))[0] if not session.is_demo else {}
    served = (gateway.config.engine_backends, config.engine_backends)
    return preview_edit(log, present, draft, labels=labels, backends=served), ""


def apply_draft(session: Session, draft: Draft, now: datetime) -> str:
    """Write the file and have the gateway take it; says in a sentence what came of it.

    Raises:
        UsageError: the file is not any more what was read.
        SetupError: it cannot be written.
        ConfigError: the gateway does not take it; what stood there before stands there again.
    """
    copy = draft.write(now)
    gateway = session.gateway
    kept = f" What stood there is {copy.name}." if copy is not None else ""
    if gateway is None or gateway.reloader is None or session.phase is not Phase.SERVING:
        return f"{draft.path} is written.{kept} The gateway starts with it."
    event = gateway.reloader.reload("screen")
    if event.outcome == "refused":
        draft.put_back(copy)
        gateway.reloader.reload("screen")
        reasons = " ".join(event.problems[:3])
        raise ConfigError(f"The gateway does not take it: {reasons}", "The file is as it was; the draft is kept.")
    return f"{event.summary}{kept}"
