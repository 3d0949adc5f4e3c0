"""How the class gets in front of Hypercorn's, and when it stays out of the way."""

from __future__ import annotations

import logging
import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypercorn.asyncio import run, tcp_server

from tests.http1.conftest import Serve
from tests.http1.serving import echo, get


class Counting(tcp_server.TCPServer):
    """Hypercorn's own class; counts its connections."""

    made = 0

    def __init__(self, app: Any, loop: Any, config: Any, context: Any, state: Any, reader: Any, writer: Any) -> None:  # noqa: PLR0917 - its base's
        type(self).made += 1
        super().__init__(app, loop, config, context, state, reader, writer)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    monkeypatch.setattr(Counting, "made", 0)
    monkeypatch.setattr(run, "TCPServer", Counting)
    return Counting


def test_hypercorn_itself_is_not_changed(serve: Serve, counting: type[Counting]) -> None:
    assert serve(echo).ask(get()).body == b"GET / "
    assert run.TCPServer is counting  # type: ignore[attr-defined]  # a name it imports
    assert counting.made == 0


@pytest.mark.parametrize("change", ["arguments", "worker", "name"])
def test_an_unknown_hypercorn_serves_by_itself(
    serve: Serve,
    counting: type[Counting],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: str,
) -> None:
    own = run.worker_serve
    if change == "arguments":
        inner = counting

        class Other(counting):  # type: ignore[valid-type, misc]  # a fixture's class
            def __init__(self, app: Any, loop: Any, config: Any, more: Any, *rest: Any) -> None:
                inner.__init__(self, app, loop, config, more, *rest)

        monkeypatch.setattr(run, "TCPServer", Other)
    elif change == "worker":

        class Worker:
            async def __call__(self, *arguments: Any, **named: Any) -> None:
                await own(*arguments, **named)

        monkeypatch.setattr(run, "worker_serve", Worker())
    else:

        async def worker_serve(*arguments: Any, **named: Any) -> None:
            await run_own(*arguments, **named)

        run_own = own
        monkeypatch.setattr(run, "worker_serve", worker_serve)
    with caplog.at_level(logging.WARNING):
        served = serve(echo)
        assert served.ask(get()).body == b"GET / "
    assert "built otherwise than expected" in caplog.text
    assert run.TCPServer.made == 1  # type: ignore[attr-defined]  # the counting class


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_connections_with_tls_get_hypercorn_s_own(serve: Serve, counting: type[Counting], tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *names], check=True, capture_output=True)
    plain = socket.create_server(("127.0.0.1", 0))
    port = plain.getsockname()[1]
    settings = {"certfile": str(certificate), "keyfile": str(key), "insecure_bind": [f"fd://{plain.detach()}"]}
    served = serve(echo, **settings)
    context = ssl.create_default_context(cafile=certificate)
    with httpx.Client(verify=context, trust_env=False) as client:
        assert client.get(f"https://127.0.0.1:{served.port}/a").text == "GET /a "
        assert counting.made == 1
        assert client.get(f"http://127.0.0.1:{port}/b").text == "GET /b "
        assert counting.made == 1
