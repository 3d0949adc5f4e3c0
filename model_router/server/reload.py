"""Configuration that is read again while requests go on: when a file changes, or when somebody asks for it.

A file with mistakes changes nothing and is told about, line by line. A good one is made ready here, off the server's
loop, and then taken by the gateway in one step. Requests that have begun end with what they began with.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from model_router.config.availability import availability_reasons
from model_router.config.catalog_file import check_catalog
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import check_proxy
from model_router.config.truth_card import truth_cards_path
from model_router.engine.routes import Profile
from model_router.errors import ServerError
from model_router.router import ModelRouter
from model_router.server.arrangement import Arrangement, arrange, make_guard
from model_router.server.catalog_place import catalog_place
from model_router.server.guard import Guard
from model_router.server.happenings import ReloadEvent
from model_router.server.redaction import redact
from model_router.server.truth import learn_cards

if TYPE_CHECKING:
    from model_router.server.gateway import Gateway

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
_STILL_SECONDS = 0.1
"""A file that has not changed for so long is written to its end."""
_ADOPT_SECONDS = 30.0
_SHOWN = 50

_Look = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A configuration that can be taken. ``guard`` checks clients by its keys."""

    arrangement: Arrangement
    guard: Guard
    needs_restart: tuple[str, ...]


class _NotUsable(Exception):
    """The files have mistakes, a line each."""

    def __init__(self, problems: Iterable[str]) -> None:
        super().__init__("not usable")
        self.problems = tuple(problems)[:_SHOWN]


class Reloads(Protocol):
    """Whoever can have the files of a gateway read again: its own :class:`Reloader`, or one that asks it from afar."""

    def reload(self, who: str) -> ReloadEvent:
        """Read the files now."""

    def switch_profile(self, profile: Profile, who: str) -> ReloadEvent:
        """Weigh engines by another profile."""

    def stop(self) -> None:
        """Watch no longer."""


class Reloader:
    """Watches the files of one gateway from a thread of its own, and reads them when told.

    ``look_seconds`` is how often the thread looks; it compares times and sizes first, and reads a file only when
    those are new. ``given`` names settings of ``proxy`` that the command line overrules.
    """

    def __init__(
        self, gateway: Gateway, loop: asyncio.AbstractEventLoop, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        self._gateway = gateway
        self._loop = loop
        self._look_seconds = look_seconds
        self._one_at_a_time = threading.Lock()
        self._ended = threading.Event()
        self._seen = self._look()
        self._digest = self._read_digest()
        self._profile: Profile | None = None
        self._thread = threading.Thread(target=self._watch, name="model-router-config", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer. Does not wait: the thread may be waiting for the loop that calls this."""
        self._ended.set()

    def reload(self, who: str) -> ReloadEvent:
        """Read the files now. Never on the server's loop, which has to take what comes of it."""
        with self._one_at_a_time:
            self._profile = None
            return self._reload(who)

    def switch_profile(self, profile: Profile, who: str) -> ReloadEvent:
        """Weigh engines by another profile, until the files are read again or the gateway ends."""
        with self._one_at_a_time:
            self._profile = profile
            return self._reload(who)

    def _reload(self, who: str) -> ReloadEvent:
        before = self._gateway.arrangement
        self._seen, self._digest = self._look(), self._read_digest()
        outcome, problems, restart = "refused", tuple[str, ...](), tuple[str, ...]()
        try:
            prepared = self._prepare(before)
            restart = prepared.needs_restart
            outcome = "same" if _equal(prepared.arrangement, before) else "changed"
            if outcome == "changed":
                files = self._files()
                self._on_loop(lambda: self._gateway.take(prepared)).result(_ADOPT_SECONDS)
                if self._files() != files:
                    self._seen, self._digest = self._look(), self._read_digest()
        except _NotUsable as error:
            problems = tuple(map(redact, error.problems))  # a value that stands in a wrong place may be a key
        after = self._gateway.arrangement
        event = ReloadEvent(
            time=time.time(),
            who=who,
            outcome=outcome,
            config_hash_before=before.router.config_hash,
            config_hash=after.router.config_hash,
            proxy_hash_before=before.proxy_hash,
            proxy_hash=after.proxy_hash,
            problems=problems,
            needs_restart=restart,
            profile=after.config.proxy.routing_profile.value,
        )
        self._tell(event)
        return event

    def _on_loop(self, act: Callable[[], None]) -> Future[None]:
        """Do something on the server's loop; not as a coroutine, which a loop that ends would leave without a word."""
        done: Future[None] = Future()

        def do() -> None:
            try:
                act()
            except Exception as error:  # noqa: BLE001 - raised in the thread that waits
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(do)
        return done

    def _tell(self, event: ReloadEvent) -> None:
        if event.outcome == "refused":
            logger.warning("%s", event.summary)
            for problem in event.problems:
                logger.warning("%s", problem)
        elif event.outcome == "changed":
            logger.info("%s", event.summary)
        if event.needs_restart:
            logger.warning("a restart is needed for: %s", ", ".join(event.needs_restart))
        self._loop.call_soon_threadsafe(self._gateway.tell, event)

    def _prepare(self, before: Arrangement) -> Prepared:
        gateway = self._gateway
        for path in self._files():
            if _never_ends(path):
                raise _NotUsable([f"{path}: this is no file that can be read again and again"])
        config = self._read_proxy(before.config)
        if self._profile is not None:
            config = replace(config, proxy=replace(config.proxy, routing_profile=self._profile))
        config, restart = _held_back(config, before.config, gateway.given)
        router = self._router(config, before)
        try:
            guard = make_guard(config, gateway.environ)
        except ServerError as error:
            raise _NotUsable([f"{error.message} {error.hint}"]) from None
        arrangement = arrange(config, router, gateway.environ, gateway.note_change, before, tell=gateway.tell)
        learn_cards(arrangement.backends, truth_cards_path(gateway.environ))
        return Prepared(arrangement, guard, restart)

    def _read_proxy(self, before: ProxyConfig) -> ProxyConfig:
        if not before.source:
            return before
        checked = check_proxy(Path(before.source), self._gateway.environ)
        if checked.config is None or checked.problems:
            raise _NotUsable(map(str, checked.problems))
        return checked.config

    def _router(self, config: ProxyConfig, before: Arrangement) -> ModelRouter:
        """The router of the files; the present one when it would be the same, on a machine that has the same."""
        place, profile = catalog_place(config, self._gateway.environ), config.proxy.routing_profile
        checked = check_catalog(place)
        if checked.problems or checked.catalog is None:
            raise _NotUsable(map(str, checked.problems))
        present = before.router
        if (
            present.catalog == checked.catalog
            and before.config.proxy.routing_profile is profile
            and present.unavailable == availability_reasons(checked.catalog, os.environ)
        ):
            return present
        router = ModelRouter.from_config(place, profile=profile, lexicon=present.lexicon)
        if not router.config_valid:
            raise _NotUsable(router.config_errors)
        return router

    # The thread

    def _watch(self) -> None:
        while not self._ended.wait(self._look_seconds):
            if self._look() == self._seen:
                continue
            try:
                self._changed()
            except Exception as error:
                if self._ended.is_set():
                    return
                logger.exception("the configuration could not be read again", exc_info=error)

    def _changed(self) -> None:
        """Something is new: wait until nobody writes any more, and look whether the words are new too."""
        seen = self._look()
        while not self._ended.wait(min(_STILL_SECONDS, self._look_seconds)) and (now := self._look()) != seen:
            seen = now
        with self._one_at_a_time:
            self._seen = seen
            if self._read_digest() == self._digest or self._ended.is_set():
                return
            self._profile = None
            self._reload("file")

    def _files(self) -> tuple[Path, ...]:
        config = self._gateway.config
        catalog = catalog_place(config, self._gateway.environ, even_if_missing=True)
        return tuple(path for path in (Path(config.source) if config.source else None, catalog) if path is not None)

    def _look(self) -> _Look:
        return tuple(_stamp(path) for path in self._files())

    def _read_digest(self) -> bytes:
        digest = hashlib.sha256()
        for path in self._files():
            try:
                data = b"" if _never_ends(path) else path.read_bytes()
            except OSError as error:
                data = f"errno {error.errno}".encode()
            digest.update(f"{path}\0{len(data)}\0".encode() + data)
        return digest.digest()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _never_ends(path: Path) -> bool:
    """Whether reading it could wait for ever, as with a pipe: nobody else could have files read meanwhile."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _equal(one: Arrangement, other: Arrangement) -> bool:
    keys = {name: backend.api_key for name, backend in one.backends.items()}
    return (
        one.config == other.config
        and one.router is other.router
        and keys == {name: backend.api_key for name, backend in other.backends.items()}
    )


def _held_back(config: ProxyConfig, before: ProxyConfig, given: frozenset[str]) -> tuple[ProxyConfig, tuple[str, ...]]:
    """What cannot change while sockets are open stays as it is; and its names, unless the command line says it."""
    listen, present = config.proxy, before.proxy
    fixed = {name: getattr(present, name) for name in ("host", "port", "transport")}
    late = [f"proxy.{name}" for name, value in fixed.items() if getattr(listen, name) != value and name not in given]
    if config.limits.max_connections != before.limits.max_connections:
        late.append("limits.max_connections")
    if config.observability.log_path != before.observability.log_path:
        late.append("observability.log_path")
    if config.observability.enabled != before.observability.enabled:
        late.append("observability.enabled")
    log = replace(config.observability, log_path=before.observability.log_path, enabled=before.observability.enabled)
    kept = replace(
        config,
        proxy=replace(listen, **fixed),
        limits=replace(config.limits, max_connections=before.limits.max_connections),
        observability=log,
    )
    return kept, tuple(late)
