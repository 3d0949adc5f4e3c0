"""All files of one plan: several at once, and none in its place before all are right.

A model whose first shard is there and whose second is not would be found, offered and fail when it is loaded. So files
stay parts until the last is checked; then they are moved in, the first shard last.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from model_router.setup.download import failure
from model_router.setup.download.disk import Disk
from model_router.setup.download.failure import DownloadError
from model_router.setup.download.fetch import Fetcher, check_target
from model_router.setup.download.part import part_path, place
from model_router.setup.download.plan import DownloadPlan, check_room
from model_router.setup.download.progress import FileState, Tracker
from model_router.setup.download.selection import Role


async def transfer(
    plan: DownloadPlan, fetcher: Fetcher, tracker: Tracker, disk: Disk, places: asyncio.Semaphore
) -> None:
    """Fetch what is missing, check everything, put it in place. ``places`` bounds the files on their way at once.

    Raises:
        DownloadError: the first thing that went wrong; what has arrived stays for the next time.
    """
    check_room(plan, disk)

    async def one(index: int) -> None:
        async with places:
            await fetcher.fetch(plan, index, tracker)

    try:
        async with asyncio.TaskGroup() as group:
            for index in range(len(plan.files)):
                group.create_task(one(index))
    except BaseExceptionGroup as several:
        raise _first(several) from several
    put_in_place(plan)


async def verify(plan: DownloadPlan, tracker: Tracker) -> None:
    """Hash every file of a finished download again. Raises ``DownloadError`` and names the first that is not right."""
    for index, file in enumerate(plan.files):
        tracker.enter(index, FileState.VERIFYING)
        try:
            await check_target(file, index, tracker)
        except OSError as error:
            raise DownloadError(
                failure.Reason.CHANGED,
                f"{file.target} cannot be read any more ({error.strerror or error})",
                "Retry to download it again.",
            ) from None
        tracker.enter(index, FileState.READY)


def put_in_place(plan: DownloadPlan) -> None:
    """What comes with a model first, then its shards from the last to the first."""
    order = sorted(plan.files, key=lambda file: file.name, reverse=True)
    for file in sorted(order, key=lambda file: file.role is Role.WEIGHTS):
        target = Path(file.target)
        if not part_path(target).exists():
            continue
        try:
            place(target)
        except OSError as error:
            raise failure.cannot_write(file.target, error.strerror or str(error)) from None


def _first(several: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error that stopped the others."""
    error: BaseException = several
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
