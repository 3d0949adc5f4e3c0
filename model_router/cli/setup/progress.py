"""Progress of downloads: bars where somebody looks, a line now and then in a pipe. All of it on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from model_router.cli.output import talk
from model_router.setup.download.progress import DownloadSnapshot, DownloadState, FileState
from model_router.setup.download.sizes import size_words, time_words

if TYPE_CHECKING:
    from model_router.setup.download.queue import DownloadQueue

_ENDED = frozenset({DownloadState.DONE, DownloadState.FAILED, DownloadState.CANCELLED, DownloadState.PAUSED})
_LINE_EVERY = 5.0
_BAR_EVERY = 0.1


def ended(snapshot: DownloadSnapshot) -> bool:
    """Whether nothing more happens to it by itself."""
    return snapshot.state in _ENDED


def watch(queue: DownloadQueue, identities: Sequence[str]) -> None:
    """Show progress until every one of them has ended."""
    if sys.stderr is not None and sys.stderr.isatty():
        _watch_with_bars(queue, identities)
    else:
        _follow(queue, identities, _LINE_EVERY, _print_changes())


def _follow(
    queue: DownloadQueue,
    identities: Sequence[str],
    every: float,
    show: Callable[[list[DownloadSnapshot]], None],
) -> None:
    version = -1
    while True:
        snapshots = [queue.snapshot(identity) for identity in identities]
        show(snapshots)
        if all(ended(snapshot) for snapshot in snapshots):
            return
        version = queue.wait(every, version)


def _print_changes() -> Callable[[list[DownloadSnapshot]], None]:
    """Lines only for what has changed, so that a log of a night is short."""
    last: dict[str, tuple[DownloadState, int, float]] = {}

    def show(snapshots: list[DownloadSnapshot]) -> None:
        now = time.monotonic()
        for snapshot in snapshots:
            state, done, when = last.get(snapshot.identity, (None, -1, 0.0))
            late = now - when >= _LINE_EVERY and done != snapshot.done
            if state is not snapshot.state or late:
                last[snapshot.identity] = (snapshot.state, snapshot.done, now)
                talk(progress_line(snapshot))

    return show


def progress_line(snapshot: DownloadSnapshot) -> str:
    """``tiny-Q4_K_M: running, 1.2 GB of 4.9 GB (24 %), 31 MB/s, 2 min left``."""
    share = 100 * snapshot.done // snapshot.total if snapshot.total else 100
    words = [
        f"{snapshot.plan.model}: {snapshot.state}",
        f"{size_words(snapshot.done)} of {size_words(snapshot.total)} ({share} %)",
    ]
    if snapshot.rate:
        words.append(f"{size_words(snapshot.rate)}/s")
    if snapshot.seconds_left is not None:
        words.append(f"{time_words(snapshot.seconds_left)} left")
    words += [f"{file.name}: {file.notice}" for file in snapshot.files if file.notice]
    return ", ".join(words)


def _watch_with_bars(queue: DownloadQueue, identities: Sequence[str]) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rest]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False) as progress:
        bars = {
            (identity, index): progress.add_task(file.name, total=file.size, rest="")
            for identity in identities
            for index, file in enumerate(queue.snapshot(identity).plan.files)
        }

        def show(snapshots: list[DownloadSnapshot]) -> None:
            for snapshot in snapshots:
                for index, file in enumerate(snapshot.files):
                    checking = file.state is FileState.CHECKING
                    progress.update(
                        bars[snapshot.identity, index],
                        completed=file.checked if checking else file.done,
                        rest=file.notice or _rest(snapshot, file.state),
                    )
            progress.refresh()

        _follow(queue, identities, _BAR_EVERY, show)


def _rest(snapshot: DownloadSnapshot, state: FileState) -> str:
    if state is not FileState.FETCHING or not snapshot.rate:
        return str(state)
    left = f" {time_words(snapshot.seconds_left)} left" if snapshot.seconds_left is not None else ""
    return f"{size_words(snapshot.rate)}/s{left}"
