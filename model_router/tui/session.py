"""What the application is about: one configuration, one gateway and its thread, and what was seen of them.

A session knows nothing of widgets. Its methods that wait (``open``, ``check``, ``close``) are called from worker
threads; everything else is cheap and belongs to the screen's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as FutureTimeout
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from model_router.config.files import expand, proxy_path
from model_router.config.proxy import PromptCapture, ProxyConfig
from model_router.errors import ConfigError, ModelRouterError, ServerError
from model_router.hindsight.labels import label_file
from model_router.tui.feed import Feed
from model_router.tui.labelled import Labels
from model_router.tui.workshop import Workshop

if TYPE_CHECKING:
    from model_router.router import ModelRouter
    from model_router.server.demo import Demo, DemoTraffic
    from model_router.server.gateway import Gateway
    from model_router.server.thread import ServerThread

_log = logging.getLogger(__name__)


class Phase(StrEnum):
    """Where a session stands; the values are the words on the screen."""

    FIRST_RUN = "no configuration"
    BAD_CONFIG = "configuration not valid"
    STARTING = "starting"
    SERVING = "serving"
    NOT_SERVING = "not serving"
    CLOSED = "stopped"


class Session:
    """Holds the gateway and starts, restarts and stops it.

    ``problem`` says why it is not serving; ``waiting`` is how many requests wait for a person; ``has_edits`` whether
    Config holds any that are not applied. ``config_path`` is where the proxy file is, or would be; ``demo`` is set
    while the demo runs, and then no file is read or written outside its temporary folder.
    """

    edits_files = True
    """Whether configuration may be written from here."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        config_path: Path | None = None,
        demo: bool = False,
        read_only: bool = False,
    ) -> None:
        self.environ = environ
        self.config_path = config_path or proxy_path(environ)
        self.read_only = read_only
        self.wants_demo = demo
        self.phase = Phase.CLOSED
        self.problem: ModelRouterError | None = None
        self.gateway: Gateway | None = None
        self.feed = Feed()
        self.workshop = Workshop(environ)
        self.labels = Labels(None if demo else label_file(environ))
        self.waiting = 0
        self.has_edits = False
        self.demo: Demo | None = None
        self.traffic: DemoTraffic | None = None
        self._named = config_path is not None
        self._thread: ServerThread | None = None
        self._router: ModelRouter | None = None

    @property
    def keeps_prompts(self) -> bool:
        """Whether the gateway keeps prompts in full in its event log."""
        return self.gateway is not None and self.gateway.capture is PromptCapture.FULL

    @property
    def is_demo(self) -> bool:
        """Whether what is seen is made up."""
        return self.wants_demo

    @property
    def router(self) -> ModelRouter:
        """The gateway's router; before there is one, the router of the packaged catalog."""
        if self.gateway is not None:
            return self.gateway.router
        if self._router is None:
            from model_router.router import ModelRouter

            self._router = ModelRouter.from_config()
        return self._router

    @property
    def address(self) -> str:
        """Where clients point, with ``/v1``; as configured while nothing listens, empty when nothing is configured."""
        if self.gateway is None:
            return ""
        if self.phase is Phase.SERVING:
            return self.gateway.address
        listen = self.gateway.config.proxy
        return f"http://{listen.host}:{listen.port}/v1" if listen.port else ""

    @property
    def log_path(self) -> Path | None:
        """The event log; None when none is written."""
        gateway = self.gateway
        if gateway is None or not gateway.config.observability.enabled:
            return None
        config = gateway.config
        base = Path(config.source).parent if config.source else None
        return expand(config.observability.log_path, self.environ, base)

    def client_key(self) -> str | None:
        """The key that a client of this gateway has to send, for a request that the person sends from here."""
        gateway = self.gateway
        return next(iter(gateway.guard.keys.values()), None) if gateway is not None else None

    def open(self) -> None:
        """Read the configuration, build the gateway, start it. The outcome is in ``phase`` and ``problem``.

        Called again it starts anew, so that a corrected file or a port that has become free is taken up.
        """
        self._stop_serving()
        self.phase, self.problem = Phase.STARTING, None
        try:
            config = self._configuration()
        except ConfigError as error:
            first = not self._named and not self.config_path.exists()
            self.phase, self.problem = (Phase.FIRST_RUN if first else Phase.BAD_CONFIG), error
            return
        except ModelRouterError as error:
            self.phase, self.problem = Phase.NOT_SERVING, error
            return
        try:
            self._serve(config)
        except ModelRouterError as error:
            self.phase, self.problem = Phase.NOT_SERVING, error

    def _configuration(self) -> ProxyConfig:
        if not self.wants_demo:
            from model_router.config.proxy_file import (
                load_proxy,
            )  # YAML and the schema: the first picture needs neither

            return load_proxy(self.config_path, self.environ)
        if self.demo is None:
            from model_router.server.demo import Demo

            self.demo = Demo()
        return self.demo.config

    def _serve(self, config: ProxyConfig) -> None:
        from model_router.router import ModelRouter
        from model_router.server.gateway import Gateway
        from model_router.server.opening import open_gateway
        from model_router.server.thread import ServerThread

        if self.is_demo:
            gateway = Gateway(config, ModelRouter.from_config(), demo=True, environ=self.environ)
        else:
            gateway = open_gateway(config, self.environ)
        self.gateway = gateway
        self.feed.attach(gateway.ring, lambda: gateway.in_flight)
        thread = ServerThread(gateway)
        thread.start()
        self._thread = thread
        if self.is_demo:
            self.start_traffic()
        self.phase = Phase.SERVING

    def watch(self) -> None:
        """Notice that the server has ended by itself."""
        gateway = self.gateway
        if gateway is not None and self.phase is Phase.SERVING and gateway.state.value == "failed":
            self.phase = Phase.NOT_SERVING
            self.problem = ServerError("The server ended with an error.", "Its log says more.")

    def look_at_approvals(self) -> bool:
        """Count the requests that wait for a person; says whether there are some where there were none."""
        before, gateway = self.waiting, self.gateway
        found = gateway.approvals.list() if gateway is not None and self.phase is Phase.SERVING else ()
        self.waiting = sum(one.ttl_seconds is not None for one in found)
        return self.waiting > 0 and before == 0

    def begin_demo(self) -> None:
        """Leave the configuration alone and open the demo instead."""
        self.wants_demo = True
        self.labels.path = None
        self.open()

    def start_traffic(self) -> None:
        """Send sample asks; only in the demo."""
        if self.is_demo and self.gateway is not None and self.gateway.address:
            from model_router.server.demo import DemoTraffic

            if self.traffic is None:
                self.traffic = DemoTraffic(self.gateway.address)
            self.traffic.start()

    def stop_traffic(self) -> None:
        """Send no more sample asks."""
        if self.traffic is not None:
            self.traffic.stop()

    def check(self, timeout: float = 30.0) -> None:
        """Ask every backend how it is, for at most ``timeout`` seconds; ``gateway.health`` has the answers."""
        thread, gateway = self._thread, self.gateway
        if thread is None or gateway is None or self.phase is not Phase.SERVING:
            return
        future = thread.submit(gateway.check_health())
        try:
            future.result(timeout)
        except FutureTimeout:
            future.cancel()
            _log.warning("the health check of the backends took longer than %s seconds", timeout)
        except CancelledError:
            return  # the server has ended

    def stop(self) -> None:
        """Serve no more; requests under way are drained. :meth:`open` starts again."""
        self._stop_serving()

    def _stop_serving(self) -> None:
        if self.traffic is not None:
            self.traffic.stop()
            self.traffic = None
        if self._thread is not None:
            thread, self._thread = self._thread, None
            thread.stop()
        self.phase = Phase.CLOSED

    def close(self) -> None:
        """Stop everything and remove what the demo wrote. Harmless when nothing is open."""
        try:
            self._stop_serving()
        finally:
            self.workshop.close()
            if self.demo is not None:
                self.demo.close()
                self.demo = None
