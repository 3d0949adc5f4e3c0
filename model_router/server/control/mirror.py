"""A gateway of another process, as its control surface tells of it: for a screen that is attached to it.

It has the face of a :class:`Gateway` that is never opened. Two threads keep it true: one follows the events, the other
asks how the gateway stands. What a person decides goes to the gateway itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from model_router.config.proxy import ApprovalMode, ApprovalsConfig, BackendConfig, ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.engine.routes import Profile
from model_router.errors import ModelRouterError, ServerError
from model_router.router import ModelRouter
from model_router.server.approvals import Approval, ApprovalQueue, Standing, Wish
from model_router.server.backends import Backend
from model_router.server.breaker import Breaker, BreakerPolicy, BreakerSnapshot, BreakerState
from model_router.server.catalog_place import catalog_place
from model_router.server.control.client import ControlClient, FollowedEvent
from model_router.server.events import LiveEvent, RequestEvent
from model_router.server.gateway import Gateway, GatewayState
from model_router.server.happenings import ApprovalEvent, ReloadEvent, RuntimeEvent
from model_router.server.health import BackendHealth

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_OLD_EVENTS = 1_000
_HAPPENINGS = MappingProxyType({"reload": ReloadEvent, "approval": ApprovalEvent, "runtime": RuntimeEvent})


class GatewayMirror(Gateway):
    """See above. ``gone`` says why nothing is heard of the gateway any longer; empty while something is."""

    def __init__(self, client: ControlClient, environ: Mapping[str, str]) -> None:
        """Ask the gateway how it stands.

        Raises:
            ServerError: it does not answer.
        """
        state = client.state()
        config = _config(state, environ)
        router = ModelRouter.from_config(catalog_place(config, environ), profile=config.proxy.routing_profile)
        super().__init__(config, router, demo=bool(state["demo"]), environ=environ)
        self.client = client
        self.gone = ""
        self.state = GatewayState.SERVING
        self.approvals = MirrorApprovals(client)
        self.reloader = MirrorReloader(self)
        self._hashes = _hashes(state)
        self._ended = threading.Event()
        self._cursor = max(0, int(state["cursor"]) - _OLD_EVENTS)
        self._take(state)

    def start(self) -> None:
        """Begin to follow and to look."""
        for name, work in (("events", self._follow), ("state", self._look)):
            threading.Thread(target=work, name=f"model-router-mirror-{name}", daemon=True).start()

    def end(self) -> None:
        """Let the gateway go; it runs on."""
        self._ended.set()
        self.client.close()

    def look_at_backends(self) -> None:
        """Have the backends checked now.

        Raises:
            ServerError: the gateway does not answer.
        """
        rows = self.client.health()["backends"]
        self.health = tuple(_health(row) for row in rows)

    # The threads

    def _follow(self) -> None:
        while not self._ended.wait(0):
            try:
                for event in self.client.events(self._cursor):
                    self._cursor = event.number
                    self._heard(event)
            except (ServerError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
                logger.debug("the events of %s break off: %s", self.address, error)
            self._ended.wait(_LOOK_SECONDS)

    def _heard(self, event: FollowedEvent) -> None:
        if event.kind == "gap":
            self.ring.lose(int(event.data.get("missed", 0)))
            return
        try:
            if event.kind == "request":
                self.ring.append(LiveEvent(msgspec.convert(event.data, RequestEvent), None))
            elif event.kind in _HAPPENINGS:
                self.happenings.append(msgspec.convert(event.data, _HAPPENINGS[event.kind]))
        except msgspec.ValidationError as error:  # a gateway of another version
            logger.debug("an event cannot be read: %s", error)

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            try:
                state = self.client.state()
                if _hashes(state) != self._hashes:
                    self._read_again(state)
                self._take(state)
                self.gone = ""
            except ServerError as error:
                self.gone = error.message
            except RuntimeError:  # the client was closed meanwhile
                return

    def _read_again(self, state: Mapping[str, Any]) -> None:
        """The gateway has taken other files: read them, too."""
        try:
            config = _config(state, self.environ)
        except ModelRouterError as error:
            logger.warning("the files of the gateway cannot be read from here: %s", error.message)
            return
        place = catalog_place(config, self.environ)
        router = ModelRouter.from_config(place, profile=config.proxy.routing_profile, lexicon=self.router.lexicon)
        self.arrangement = replace(self.arrangement, config=config, router=router)
        self._hashes = _hashes(state)

    def _take(self, state: Mapping[str, Any]) -> None:
        self.address = f"{str(state['address']).removesuffix('/v1').rstrip('/')}/v1"
        self.started_at, self.in_flight = state["started_at"], int(state["in_flight"])
        rows = state["backends"]
        configured = self.config.backends
        mirrored = {
            row["name"]: Backend(row["name"], configured[row["name"]], None, MirrorBreaker(row["name"], row["breaker"]))
            for row in rows
            if row["name"] in configured
        }
        self.arrangement = replace(self.arrangement, backends=mirrored)
        if isinstance(self.approvals, MirrorApprovals):
            self.approvals.take(state["approvals"], str(state["config"]["approvals"]))


class MirrorBreaker(Breaker):
    """A breaker that is only told of."""

    def __init__(self, backend: str, told: Mapping[str, Any] | None) -> None:
        super().__init__(backend, BreakerPolicy(), float)
        self._told = told or {}

    def snapshot(self) -> BreakerSnapshot:
        """As it was when the gateway was last asked."""
        told = self._told
        return BreakerSnapshot(
            backend=self.backend,
            state=BreakerState(told.get("state", "closed")),
            requests=told.get("requests", 0),
            failures=told.get("failures", 0),
            since=0.0,
            openings=0,
            retry_in=told.get("retry_in_seconds"),
            reason=told.get("reason", ""),
        )


class MirrorApprovals(ApprovalQueue):
    """The requests that wait there. Decisions go there; ``who`` is always ``attached``."""

    def __init__(self, client: ControlClient) -> None:
        super().__init__(ApprovalsConfig(), lambda event: None)
        self._client = client
        self._rows: tuple[Approval, ...] = ()

    def take(self, rows: list[dict[str, Any]], mode: str) -> None:
        """As the gateway tells."""
        self._rows = tuple(_approval(row) for row in rows)
        self.settings = replace(self.settings, mode=ApprovalMode(mode))

    def list(self) -> tuple[Approval, ...]:
        """As the gateway told last."""
        return self._rows

    def approve(self, request_id: str, who: str, *, session: bool = False, note: str = "") -> Approval:
        """See :meth:`ApprovalQueue.approve`."""
        return self._decided(self._client.approve(request_id, session=session, note=note))

    def deny(self, request_id: str, who: str, *, note: str = "") -> Approval:
        """See :meth:`ApprovalQueue.deny`."""
        return self._decided(self._client.deny(request_id, note=note))

    def _decided(self, row: Mapping[str, Any]) -> Approval:
        """What was decided shows at once, and not only when the gateway is asked again."""
        found = _approval(row)
        self._rows = tuple(found if one.request_id == found.request_id else one for one in self._rows)
        return found


class MirrorReloader:
    """Has the gateway itself read its files."""

    def __init__(self, mirror: GatewayMirror) -> None:
        self._mirror = mirror

    def reload(self, who: str) -> ReloadEvent:
        """See :meth:`model_router.server.reload.Reloader.reload`."""
        return msgspec.convert(self._mirror.client.reload(), ReloadEvent)

    def switch_profile(self, profile: Profile, who: str) -> ReloadEvent:
        """See :meth:`model_router.server.reload.Reloader.switch_profile`."""
        return msgspec.convert(self._mirror.client.switch_profile(profile.value), ReloadEvent)

    def stop(self) -> None:
        """Nothing to stop."""


def _config(state: Mapping[str, Any], environ: Mapping[str, str]) -> ProxyConfig:
    """The gateway's own file, which lies on this machine; what the state tells where it has none."""
    told = state["config"]
    source = str(told["proxy_file"])
    if source and Path(source).exists():
        config = load_proxy(Path(source), environ)
    else:
        backends = {row["name"]: BackendConfig(row["base_url"], row["model"]) for row in state["backends"]}
        config = ProxyConfig(backends=backends, engine_backends=dict(told["engine_backends"]))
    profile = Profile(told["profile"])
    return replace(config, proxy=replace(config.proxy, routing_profile=profile))


def _hashes(state: Mapping[str, Any]) -> tuple[object, ...]:
    told = state["config"]
    return told["proxy_hash"], told["config_hash"], told["profile"]


def _health(row: Mapping[str, Any]) -> BackendHealth:
    return BackendHealth(
        name=row["name"],
        base_url=row["base_url"],
        model=row["model"],
        reachable=row["reachable"],
        advertises_model=row["advertises_model"],
        models=(),
        latency_ms=row["latency_ms"],
        detail=row["detail"],
        checked_at=0.0,
    )


def _approval(row: Mapping[str, Any]) -> Approval:
    sent = tuple(map(str, row.get("attachments", ())))  # a gateway of an earlier version tells nothing of them
    wish = Wish("", "", row["client"], row["risk_class"], row["preview"], tuple(row["cues"]), sent)
    return Approval(
        request_id=row["request_id"],
        wish=wish,
        standing=Standing(row["standing"]),
        requests=row["requests"],
        waiting=row["waiting"],
        arrived=row["arrived"],
        age_seconds=row["age_seconds"],
        ttl_seconds=row["ttl_seconds"],
        who=row["who"],
        note=row["note"],
    )
