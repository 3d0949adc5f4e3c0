"""The hub itself: HTTP/1.1 by hand, so that it can break off, stand still and lie as it likes.

The hub answers at 127.0.0.1; the storage behind it at ``localhost``, another host to a client.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from benchmarks.listener import Listener
from tests.hub.contents import Faults, Repo

GOOD_TOKEN = "hf_good"
_CHUNK = 16 * 1024
Headers = dict[str, str]


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    host: str
    path: str
    query: dict[str, list[str]]
    headers: Headers

    @property
    def at_storage(self) -> bool:
        return self.host.startswith("localhost")


@dataclass
class TestHub:
    """Running hub. ``sent`` counts bytes of bodies by path; ``let_go`` ends every standstill."""

    __test__ = False

    repos: dict[str, Repo] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    sent: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage_requests(self) -> list[Request]:
        return [request for request in self.requests if request.at_storage]

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._listener.end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def let_go(self) -> None:
        self._loop.call_soon_threadsafe(self._go.set)

    async def _listen(self) -> None:
        self._go = asyncio.Event()
        self._listener = Listener(self._serve)
        await self._listener.begin()
        self.port = self._listener.address[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(_parse(await reader.readuntil(b"\r\n\r\n")), writer)
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        parts = request.path.strip("/").split("/")
        if parts[:2] == ["api", "resolve-cache"]:
            name = "/".join(parts[2:4])
            await self._send(request, self.repos[name].files["/".join(parts[4:])], Faults(), {"ETag": '"x"'}, writer)
        elif parts[:2] == ["api", "models"]:
            await self._describe(request, "/".join(parts[2:4]), parts[4:], writer)
        elif request.at_storage:
            await self._store(request, "/".join(parts[1:3]), "/".join(parts[3:]), writer)
        elif len(parts) >= 5 and parts[2] == "resolve":
            await self._resolve(request, "/".join(parts[:2]), parts[3], "/".join(parts[4:]), writer)
        else:
            await _reply(writer, 404, error="not found")

    async def _describe(self, request: Request, name: str, rest: list[str], writer: asyncio.StreamWriter) -> None:
        repo = self.repos.get(name)
        if await self._refuse(request, repo, writer, files=False):
            return
        assert repo is not None
        if rest[:1] == ["revision"] and rest[1] not in {"main", repo.commit}:
            await _reply(writer, 404, code="RevisionNotFound", error=f"Invalid rev id: {rest[1]}")
        elif repo.faults.broken_metadata:
            await _reply(writer, 200, repo.faults.broken_metadata)
        else:
            await _reply(writer, 200, json.dumps(repo.info(name)).encode())

    async def _resolve(
        self, request: Request, name: str, revision: str, path: str, writer: asyncio.StreamWriter
    ) -> None:
        repo = self.repos.get(name)
        if await self._refuse(request, repo, writer, files=True):
            return
        assert repo is not None
        head = {"X-Repo-Commit": repo.commit, "ETag": f'"{repo.digest(path)}"' if path in repo.files else ""}
        if revision not in {"main", repo.commit}:
            await _reply(writer, 404, code="RevisionNotFound", error=f"Invalid rev id: {revision}")
        elif path not in repo.files:
            await _reply(writer, 404, code="EntryNotFound", error="Entry not found", headers=head)
        elif path.endswith((".gguf", ".safetensors")):
            head["X-Linked-Size"] = str(repo.size(path))
            head["X-Linked-Etag"] = f'"{repo.digest(path)}"'
            signature = len(self.requests)
            head["Location"] = f"http://localhost:{self.port}/storage/{name}/{path}?signature={signature}"
            await _reply(writer, 302, headers=head)
        elif repo.faults.relays:
            await _reply(writer, 307, headers={**head, "Location": f"/api/resolve-cache/{name}/{path}"})
        else:
            await self._send(request, repo.files[path], repo.faults, head, writer)

    async def _refuse(self, request: Request, repo: Repo | None, writer: asyncio.StreamWriter, *, files: bool) -> bool:
        """Whether the hub does not let this request through; then it has been answered."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and token not in {GOOD_TOKEN, "hf_stranger"}:
            await _reply(writer, 401, error="Invalid credentials in Authorization header")
        elif repo is None or (repo.private and token != GOOD_TOKEN):
            await _reply(writer, 404 if token else 401, code="RepoNotFound", error="Repository not found")
        elif files and repo.gated and token != GOOD_TOKEN:
            await _reply(writer, 403 if token else 401, code="GatedRepo", error="Access to this model is restricted.")
        elif repo.faults.busy > 0:
            repo.faults.busy -= 1
            await _reply(writer, 429, error="Too many requests", headers={"Retry-After": repo.faults.retry_after})
        else:
            return False
        return True

    async def _store(self, request: Request, name: str, path: str, writer: asyncio.StreamWriter) -> None:
        faults, content = self.repos[name].faults, self.repos[name].files[path]
        if faults.expired > 0:
            faults.expired -= 1
            await _reply(writer, 403, b"<Error>Request has expired</Error>")
            return
        if faults.storage_status:
            await _reply(writer, faults.storage_status, b"storage is unwell")
            return
        if faults.corrupt:
            content = content[:1000] + b"XXXX" + content[1004:]
        prefix = "W/" if faults.weak_etags else ""
        await self._send(request, content, faults, {"ETag": f'{prefix}"{hash(content)}"'}, writer)

    async def _send(
        self, request: Request, content: bytes, faults: Faults, head: Headers, writer: asyncio.StreamWriter
    ) -> None:
        start, status = 0, 200
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        current = request.headers.get("if-range", head["ETag"]) == head["ETag"]
        if wanted and current and not faults.no_range:
            start, status = int(wanted[1]), 206
            head["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        rest = memoryview(content)[start:]
        writer.write(_head(status, {**head, "Content-Length": str(len(rest))}))
        for offset in range(0, len(rest), _CHUNK):
            if faults.cut_after and offset >= faults.cut_after:
                await writer.drain()
                writer.transport.abort()
                return
            if 0 <= faults.hold_at <= start + offset and not self._go.is_set():
                await writer.drain()
                self.held.set()
                await self._go.wait()
            chunk = rest[offset : offset + _CHUNK]
            writer.write(chunk)
            self.sent += len(chunk)
            await writer.drain()
            if faults.rate:
                await asyncio.sleep(len(chunk) / faults.rate)


def _parse(head: bytes) -> Request:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    url = urlsplit(target)
    return Request(method, headers["host"], unquote(url.path), parse_qs(url.query), headers)


def _head(status: int, headers: Headers) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "Connection: close", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _reply(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes = b"",
    *,
    code: str = "",
    error: str = "",
    headers: Headers | None = None,
) -> None:
    told = {"X-Error-Code": code, "X-Error-Message": error} if error else {}
    body = body or json.dumps({"error": error}).encode()
    writer.write(_head(status, {**told, **(headers or {}), "Content-Length": str(len(body))}) + body)
    await writer.drain()
