"""Work that waits, beside the screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ParamSpec

from textual.dom import DOMNode
from textual.worker import Worker

Parameters = ParamSpec("Parameters")


def begin(
    node: DOMNode,
    group: str,
    work: Callable[Parameters, Awaitable[None]],
    *args: Parameters.args,
    **named: Parameters.kwargs,
) -> Worker[None]:
    """Run ``work`` as a worker of ``node``; another of the same group ends with it.

    The coroutine is made when the worker starts: one that is replaced before that leaves none behind that nobody
    awaits.
    """

    async def job() -> None:
        await work(*args, **named)

    return node.run_worker(job, group=group, exclusive=True)
