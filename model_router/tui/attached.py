"""A session about a gateway that runs elsewhere on this machine; leaving the screen leaves it running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from model_router.errors import ModelRouterError, ServerError, UsageError
from model_router.tui.session import Phase, Session

if TYPE_CHECKING:
    from model_router.server.control.mirror import GatewayMirror


def port_of(address: str) -> int:
    """The port in what a person calls the gateway: ``8082``, ``127.0.0.1:8082`` or its whole address.

    Raises:
        UsageError: there is none.
    """
    if address.isdecimal():
        return int(address)
    try:
        port = urlsplit(address if "//" in address else f"//{address}").port
    except ValueError:
        port = None
    if port is None:
        raise UsageError(f"{address!r} names no gateway", "for example --attach http://127.0.0.1:8082")
    return port


class AttachedSession(Session):
    """Shows the gateway on a port, through its control surface. Its files are not edited from here."""

    edits_files = False

    def __init__(self, environ: Mapping[str, str], port: int, *, read_only: bool = False) -> None:
        super().__init__(environ, read_only=read_only)
        self.port = port
        self._mirror: GatewayMirror | None = None

    @property
    def is_demo(self) -> bool:
        """Whether what is seen there is made up; the samples are not switched from here."""
        return False

    def open(self) -> None:
        """Attach; called again, attach anew, to whatever gateway runs on the port then."""
        from model_router.server.control.client import ControlClient
        from model_router.server.control.mirror import GatewayMirror

        self._let_go()
        self.phase, self.problem = Phase.STARTING, None
        try:
            mirror = GatewayMirror(ControlClient.find(self.environ, port=self.port, who="attached"), self.environ)
            mirror.look_at_backends()
        except ModelRouterError as error:
            self.phase, self.problem = Phase.NOT_SERVING, error
            return
        self._mirror = self.gateway = mirror
        self.feed.attach(mirror.ring)
        mirror.start()
        self.phase = Phase.SERVING

    def check(self, timeout: float = 30.0) -> None:
        """Have the gateway look at its backends."""
        if self._mirror is not None and self.phase is Phase.SERVING:
            try:
                self._mirror.look_at_backends()
            except ServerError as error:
                self._mirror.gone = error.message

    def watch(self) -> None:
        """Notice that the gateway has gone, and that it is there again."""
        mirror = self._mirror
        if mirror is None:
            return
        if mirror.gone and self.phase is Phase.SERVING:
            self.phase = Phase.NOT_SERVING
            self.problem = ServerError(mirror.gone, "Start it where it ran.")
        elif not mirror.gone and self.phase is Phase.NOT_SERVING:
            self.phase, self.problem = Phase.SERVING, None

    def client_key(self) -> str | None:
        """The key that the gateway's file names, if this process may know it."""
        from model_router.server.guard import resolve_keys

        if self.gateway is None:
            return None
        try:
            return next(iter(resolve_keys(self.gateway.config.proxy, self.environ).values()), None)
        except ServerError:
            return None

    def stop(self) -> None:
        """Nothing is stopped from here."""

    def begin_demo(self) -> None:
        """There is no demo behind an attached screen."""

    def close(self) -> None:
        """Let the gateway go; it runs on."""
        self._let_go()

    def _let_go(self) -> None:
        if self._mirror is not None:
            self._mirror.end()
            self._mirror = None
        self.phase = Phase.CLOSED
