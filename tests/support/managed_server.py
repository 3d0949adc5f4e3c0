"""A small model server in a process of its own: ``python -m tests.support.managed_server PORT [WHAT]``.

WHAT is ``slow`` (half a second until it listens), ``crash`` (ends before), ``child`` (has a child process, whose number
it prints), ``deaf`` (does not listen, nor end when told to), ``stubborn`` (listens, but does not end when told to),
``wrapper`` (a child listens, which says farewell before it ends), ``background`` (goes there) or nothing. A body with
"end now" ends it in the middle; one with "in pieces until FILE" is answered by a stream that goes on until that stands.
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
        if b"in pieces" in body:
            self._stream(json.loads(body)["messages"][0]["content"].partition("in pieces until ")[2])
            return
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

    def _stream(self, sign: str) -> None:
        """Pieces, one each few milliseconds, until a file stands."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        last = False
        while not last:
            last = os.path.exists(sign)
            delta = {"content": f"{os.getpid()} "}
            choice = {"index": 0, "delta": delta, "finish_reason": "stop" if last else None}
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            self.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            time.sleep(0.02)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

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
    if what == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if what == "polite":
        signal.signal(signal.SIGTERM, say_farewell)
    if what == "wrapper":
        subprocess.run([sys.executable, "-m", "tests.support.managed_server", port, "polite"], check=False)
        return
    if what == "background":
        if os.fork():
            return
        os.setsid()
        print(f"process {os.getpid()} {what}", flush=True)
    if what == "child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(f"child {child.pid}", flush=True)
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.serve_forever()


def say_farewell(number: int, frame: object) -> None:
    """Take a moment to end."""
    time.sleep(0.2)
    print("farewell", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
