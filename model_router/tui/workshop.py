"""What the screens about setup share: what was found here, the list of models, and the downloads.

Knows nothing of widgets. Methods that wait (``look``, ``judge``, ``plan``, ``open_queue``, ``close``) are called from
worker threads. Nothing is looked at before a screen asks for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from model_router.config.files import user_folder

if TYPE_CHECKING:
    from model_router.setup.download.disk import Disk
    from model_router.setup.download.plan import DownloadPlan
    from model_router.setup.download.queue import DownloadQueue
    from model_router.setup.download.wanted import Wanted
    from model_router.setup.inventory import Inventory
    from model_router.setup.machine import Machine
    from model_router.setup.model_catalog import ModelCatalog
    from model_router.setup.survey import Survey

CONTEXTS = (4_096, 8_192, 16_384, 32_768, 65_536, 131_072)
"""Tokens of context that models can be judged with."""


class Workshop:
    """One for a session. ``surveyor`` stands in for a look at this machine, ``disk`` for its file systems,
    ``port_is_free`` for its ports.

    ``simulated`` is the machine that models are judged for in place of the one that was found, and
    ``simulated_words`` what the person called it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        surveyor: Callable[[], Survey] | None = None,
        disk: Disk | None = None,
        port_is_free: Callable[[int], bool] | None = None,
    ) -> None:
        self.environ = environ
        self.port_is_free = port_is_free or _port_is_free
        self.found: Survey | None = None
        self.stock: Inventory | None = None
        self.queue: DownloadQueue | None = None
        self.simulated: Machine | None = None
        self.simulated_words = ""
        self.context = 16_384
        self.to_plan: list[Wanted] = []
        self._surveyor = surveyor
        self._disk = disk
        self._catalog: ModelCatalog | None = None
        self._opening = threading.Lock()

    def look(self) -> Survey:
        """Look at this machine, its servers and its models, and read the catalog anew.

        Raises:
            ConfigError: the person's own catalog has mistakes.
        """
        from model_router.setup.model_catalog_file import load_models

        self._catalog = load_models(self.environ)
        self.found = self._surveyor() if self._surveyor is not None else self._survey()
        return self.found

    def _survey(self) -> Survey:
        from model_router.setup.hardware import LiveProbe
        from model_router.setup.survey import survey

        return survey(LiveProbe(), self.environ)

    def judge(self, measured: Mapping[str, float]) -> Inventory:
        """Weigh every model for the machine in question.

        ``measured`` are tokens a second by model on this machine; on a simulated one they say nothing.
        """
        from model_router.setup.inventory import take_stock

        found = self.found or self.look()
        catalog = self.catalog()
        speeds = measured if self.simulated is None else {}
        self.stock = take_stock(found, catalog, machine=self.simulated, context=self.context, measured=speeds)
        return self.stock

    def catalog(self) -> ModelCatalog:
        """The catalog, read once."""
        if self._catalog is None:
            from model_router.setup.model_catalog_file import load_models

            self._catalog = load_models(self.environ)
        return self._catalog

    def simulate(self, text: str) -> None:
        """Judge for other hardware, as typed by a person; nothing typed means this machine again.

        Raises:
            ModelRouterError: it describes no machine.
        """
        from model_router.setup.other_hardware import other_machine

        found = self.found or self.look()
        self.simulated = other_machine(text, found.machine) if text else None
        self.simulated_words = text

    def plan(self, wanted: Wanted) -> DownloadPlan:
        """Ask the hub what a download would fetch.

        Raises:
            ModelRouterError: it cannot be planned; says why.
        """
        from model_router.setup.download.hub import Hub
        from model_router.setup.download.plan import Adapter, default_root, plan_download
        from model_router.setup.download.store import DownloadStore

        plan = plan_download(
            Hub(self.environ),
            wanted.repository,
            default_root(Adapter.LLAMACPP, self.environ),
            quant=wanted.quant,
            names=wanted.names,
            revision=wanted.revision,
            projector=wanted.projector,
            route=wanted.route,
            disk=self._disk,
            sha256=wanted.sha256,
        )
        return DownloadStore(user_folder(self.environ)).recognised(plan)

    def open_queue(self) -> DownloadQueue:
        """The downloads, begun once. What an earlier run was at stands paused until somebody resumes it.

        Raises:
            ModelRouterError: the hub's address is none.
        """
        from model_router.setup.download.hub import Hub
        from model_router.setup.download.queue import DownloadQueue

        with self._opening:
            if self.queue is None:
                queue = DownloadQueue(user_folder(self.environ), Hub(self.environ), go_on=False, disk=self._disk)
                queue.start()
                self.queue = queue
            return self.queue

    def under_way(self) -> int:
        """How many downloads this process is at."""
        if self.queue is None:
            return 0
        busy = {"approved", "running", "verifying"}
        return sum(one.state.value in busy and not one.elsewhere for one in self.queue.snapshots())

    def close(self) -> None:
        """Stop the downloads; what has arrived is kept."""
        with self._opening:
            queue, self.queue = self.queue, None
        if queue is not None:
            queue.stop()


def _port_is_free(port: int) -> bool:
    from model_router.server.thread import can_listen

    return can_listen(port)
