"""A small model server in a process of its own: ``python -m tests.support.managed_server PORT [WHAT]``.

WHAT is ``slow`` (half a second until it listens), ``crash`` (ends before), ``child`` (has a child process, whose number
it prints), ``deaf`` (does not listen, nor end when told to) or nothing. A body with "end now" ends it in the middle.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "m"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if b"end now" in body:
            os._exit(3)
        if b"take long" in body:
            time.sleep(1)
        message = {"role": "assistant", "content": f"process {os.getpid()}"}
        self._answer(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            }
        )

    def _answer(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main(port: str, what: str = "") -> None:
    """Serve until the end."""
    print(f"process {os.getpid()} {what}", flush=True)
    if what == "crash":
        sys.exit(7)
    if what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    if what == "slow":
        time.sleep(0.5)
    if what == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(f"child {child.pid}", flush=True)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
