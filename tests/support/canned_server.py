"""A real HTTP server on loopback that answers every request with the bytes it was given."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class CannedServer:
    """Set ``body`` and ``content_type`` before each request; ``asked`` is the last request's JSON."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.body = b""
        self.content_type = "application/json"
        self.asked: dict[str, Any] = {}

    def answers(self, body: dict[str, Any]) -> None:
        """Answer with this object from now on."""
        self.body, self.content_type = json.dumps(body).encode(), "application/json"

    def streams(self, events: bytes) -> None:
        """Answer with these events from now on."""
        self.body, self.content_type = events, "text/event-stream"


@contextlib.contextmanager
def canned_server() -> Iterator[CannedServer]:
    """A server in a thread of its own, gone afterwards."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            canned.asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", canned.content_type)
            self.send_header("content-length", str(len(canned.body)))
            self.end_headers()
            self.wfile.write(canned.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        canned = CannedServer(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield canned
        finally:
            server.shutdown()
            thread.join()
