"""One file over HTTP: resumed, checked, and never trusted.

Each attempt starts at the hub, which answers with a signed address on another host; that address lives for an hour or
so, and asking again is how a new one is had. The token goes to the hub's own origin and nowhere else.
"""

from __future__ import annotations

import asyncio
import errno
import random
import re
import threading
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from model_router.setup.download import failure
from model_router.setup.download.disk import Disk
from model_router.setup.download.failure import DownloadError, Reason
from model_router.setup.download.hub import DigestKind, Hub, retry_after
from model_router.setup.download.pace import Throttle
from model_router.setup.download.part import Part, PartState, hash_file, new_hash, remove_part, sync_file
from model_router.setup.download.plan import DownloadPlan, PlannedFile
from model_router.setup.download.progress import FileState, Tracker
from model_router.setup.download.sizes import size_words
from model_router.version import __version__

if TYPE_CHECKING:
    from hashlib import _Hash

_HOPS = 6
_HEX = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long. Attempts count from the last one that brought the file further; seconds."""

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 30.0
    longest_retry_after: float = 300.0
    silence: float = 30.0
    connect: float = 10.0


class _Again(Exception):
    """This attempt is over. ``wait`` is what the server asked for; ``problem`` is raised when no attempt is left."""

    def __init__(self, problem: DownloadError, wait: float | None = None) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.wait = wait


class Fetcher:
    """Fetches files of plans; made and used inside one event loop."""

    def __init__(
        self,
        hub: Hub,
        client: httpx.AsyncClient,
        *,
        throttle: Throttle,
        disk: Disk,
        patience: Patience,
        token: str | None,
    ) -> None:
        self._hub = hub
        self._client = client
        self._throttle = throttle
        self._disk = disk
        self._patience = patience
        self._token = token
        self._home = _origin(httpx.URL(hub.endpoint))

    async def fetch(self, plan: DownloadPlan, index: int, tracker: Tracker) -> None:
        """Bring one file of a plan to a checked part beside its target, or find the target there and right.

        Raises:
            DownloadError: it cannot be had, is not what was planned, or cannot be written.
        """
        file = plan.files[index]
        target = Path(file.target)
        try:
            if _has_size(target, file.size):
                tracker.enter(index, FileState.CHECKING)
                await check_target(file, index, tracker)
                remove_part(target)
            else:
                await self._fetch_part(plan, index, Part(target, _state_of(plan, file), self._disk), tracker)
        except OSError as error:
            raise _write_problem(error, file, tracker.missing(index)) from error
        tracker.here(index, file.size)
        tracker.enter(index, FileState.READY)

    async def _fetch_part(self, plan: DownloadPlan, index: int, part: Part, tracker: Tracker) -> None:
        try:
            await self._complete(plan, index, part, tracker)
        finally:
            part.close()
            if plan.files[index].size and not _has_content(part.path):
                remove_part(part.target)

    async def _complete(self, plan: DownloadPlan, index: int, part: Part, tracker: Tracker) -> None:
        file = plan.files[index]
        if part.is_verified:
            return
        if part.on_disk:
            tracker.enter(index, FileState.CHECKING)
            part.continue_with(await _hash_of(file, part.path, index, tracker))
        tracker.here(index, part.size)
        await self._fetch_rest(plan, index, part, tracker)
        tracker.enter(index, FileState.VERIFYING)
        if part.found() != file.digest.value:
            found = part.found()
            part.discard()
            tracker.here(index, 0)
            raise failure.corrupt(file.name, file.digest.kind, found, file.digest.value)
        await asyncio.to_thread(sync_file, part.path)
        part.mark_verified()

    async def _fetch_rest(self, plan: DownloadPlan, index: int, part: Part, tracker: Tracker) -> None:
        """Attempt after attempt, as long as they bring the file further."""
        file, furthest, attempt = plan.files[index], part.size, 0
        while part.size < file.size:
            tracker.enter(index, FileState.FETCHING)
            try:
                await self._attempt(plan, index, part, tracker)
                if part.size < file.size:
                    raise _Again(failure.broken_off(self._hub.host, "it ended early"))
            except (httpx.TransportError, _Again) as error:
                again = error if isinstance(error, _Again) else _Again(self._unreachable(error))
                attempt = 1 if part.size > furthest else attempt + 1
                furthest = max(furthest, part.size)
                wait = self._wait(again, attempt)
                tracker.enter(index, FileState.RETRYING, f"{again.problem.message}; again in {wait:.0f} s")
                await asyncio.sleep(wait)

    async def _attempt(self, plan: DownloadPlan, index: int, part: Part, tracker: Tracker) -> None:
        response = await self._ask(plan, plan.files[index], part)
        async with aclosing(response):
            self._settle(plan.files[index], response, part, tracker, index)
            async for data in response.aiter_raw():
                if part.size + len(data) > plan.files[index].size:
                    raise failure.changed(plan.repository, plan.files[index].name)
                await self._throttle.take(len(data))
                part.append(data)
                tracker.arrived(index, len(data))

    async def _ask(self, plan: DownloadPlan, file: PlannedFile, part: Part) -> httpx.Response:
        """Follow the hub's pointers to the bytes; only then is the answer open."""
        url = httpx.URL(self._hub.file_url(plan.repository, file.name, plan.commit))
        for _ in range(_HOPS):
            at_home = _origin(url) == self._home
            request = self._client.build_request("GET", url, headers=self._headers(part, at_home))
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                if at_home:
                    _check_identity(plan, file, response.headers)
                if not response.has_redirect_location:
                    self._check_status(plan, file, response, part, at_home)
                    return response
                url = url.join(response.headers["Location"])
            except BaseException:
                await response.aclose()
                raise
            await response.aclose()
        raise failure.hub_trouble(self._hub.host, response.status_code, f"{file.name}, pointing in circles")

    def _headers(self, part: Part, at_home: bool) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": f"model-router/{__version__}"}
        if at_home and self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
            if part.etag:
                headers["If-Range"] = part.etag
        return headers

    def _check_status(
        self, plan: DownloadPlan, file: PlannedFile, response: httpx.Response, part: Part, at_home: bool
    ) -> None:
        """Nothing when bytes follow; otherwise what the answer means."""
        status = response.status_code
        if status in {200, 206}:
            return
        problem = self._hub.explain_status(
            status, response.headers, plan.repository, plan.commit, file.name, has_token=bool(self._token)
        )
        if not at_home and status in {400, 401, 403, 404, 410}:
            host = response.url.host
            raise _Again(
                DownloadError(Reason.HUB_TROUBLE, f"{host} refuses {file.name} ({status})", "Try again later."), 0.0
            )
        if status == 416:
            part.restart()
            raise _Again(problem, 0.0)
        if status in {408, 425, 429} or status >= 500:
            raise _Again(problem, retry_after(response.headers))
        raise problem

    def _settle(self, file: PlannedFile, response: httpx.Response, part: Part, tracker: Tracker, index: int) -> None:
        """Make the part end where the answer begins."""
        if response.status_code == 206:
            told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
            if told is None or int(told[1]) != part.size or told[2] not in {"*", str(file.size)}:
                part.restart()
                tracker.here(index, 0)
                raise _Again(failure.broken_off(response.url.host, "it sends another range than asked for"), 0.0)
        else:
            length = response.headers.get("Content-Length")
            if length is not None and length != str(file.size):
                raise DownloadError(
                    Reason.CHANGED,
                    f"{response.url.host} has {length} bytes for {file.name}, planned were {file.size}",
                    "Plan the download again and look at what it shows now.",
                )
            if part.size:
                part.restart()
                tracker.here(index, 0)
        etag = response.headers.get("ETag", "")
        part.remember("" if etag.startswith("W/") else etag)

    def _wait(self, again: _Again, attempt: int) -> float:
        """Seconds until the next attempt; raises when there is none."""
        patience = self._patience
        if attempt >= patience.attempts or (again.wait or 0) > patience.longest_retry_after:
            raise again.problem from None
        if again.wait:
            return again.wait
        if again.wait == 0 and attempt == 1:
            return 0.0
        backoff: float = min(patience.longest_wait, patience.first_wait * 2 ** (attempt - 1))
        return backoff * random.uniform(0.75, 1.25)

    def _unreachable(self, error: httpx.TransportError) -> DownloadError:
        try:
            host = error.request.url.host
        except RuntimeError:
            host = self._hub.host
        met = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
        told = failure.broken_off if met else failure.no_network
        return told(host, str(error).strip() or type(error).__name__)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _has_content(path: Path) -> bool:
    return path.exists() and not _has_size(path, 0)


async def check_target(file: PlannedFile, index: int, tracker: Tracker) -> None:
    """Hash a finished file. Raises ``DownloadError`` when it is not the planned one; it is left where it is."""
    running = await _hash_of(file, Path(file.target), index, tracker)
    if running.hexdigest() != file.digest.value:
        raise DownloadError(
            Reason.CHANGED,
            f"{file.target} is not the file that was planned, though it has its name and size",
            "It was left alone. Move it away, then retry.",
        )


async def _hash_of(file: PlannedFile, path: Path, index: int, tracker: Tracker) -> _Hash:
    """Hash in a thread that stops soon after the waiting for it does."""
    running, stop = new_hash(file.digest, file.size), threading.Event()
    try:
        await asyncio.to_thread(hash_file, path, running, lambda size: tracker.checked(index, size), stop)
    finally:
        stop.set()
    return running


def _state_of(plan: DownloadPlan, file: PlannedFile) -> PartState:
    return PartState(plan.repository, plan.commit, file.name, file.size, file.digest)


def _check_identity(plan: DownloadPlan, file: PlannedFile, headers: Mapping[str, str]) -> None:
    """What the hub says it is about to give has to be what was approved, as far as it says."""
    commit = headers.get("X-Repo-Commit", plan.commit)
    size = headers.get("X-Linked-Size", str(file.size))
    linked = headers.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
    other = _HEX.fullmatch(linked) and file.digest.kind is DigestKind.SHA256 and linked != file.digest.value
    if commit != plan.commit or size != str(file.size) or other:
        raise failure.changed(plan.repository, file.name)


def _write_problem(error: OSError, file: PlannedFile, missing: int) -> DownloadError:
    if error.errno in _FULL:
        return failure.disk_full(str(Path(file.target).parent), size_words(missing))
    return failure.cannot_write(file.target, error.strerror or str(error))


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    ports = {"http": 80, "https": 443}
    return (url.scheme, url.host, url.port or ports.get(url.scheme, 0))
