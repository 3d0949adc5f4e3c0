"""``scripts/catalog`` against a Hub on loopback, asked by the real client."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from model_router.setup.model_catalog import ModelCatalog
from model_router.setup.model_catalog_file import read_models

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "catalog.py"
COMMIT = "c" * 40
HASH = "ab" * 32

CATALOG = """\
# mine; this comment stays
version: "1"
verified_on: "2026-01-01"
sources:
  me: {name: told by a friend, date: "2026-01"}
models:
  small:  # and this one
    repository: maker/small-GGUF
    licence: apache-2.0
    routes: [simple]
    parameters: {total: 4000000000, source: [me]}
    context: {tokens: 32768, source: [me]}
    architecture: {layers: 36, source: [me]}
    cache:
      source: [me]
      groups:
      - {layers: 36, kv_heads: 8, head_length: 128}
    files:
      Q4_K_M: {file: small-Q4_K_M.gguf, bytes: 2400000000, rounded: true, source: [me]}
      Q8_0: {file: small-Q8_0-00001-of-00002.gguf, bytes: 4200000000, rounded: true, source: [me]}
    projector: {file: mmproj.gguf, bytes: 900000000, rounded: true, source: [me]}
    mlx: {repository: maker/small-4bit, bytes: 2200000000, rounded: true, source: [me]}
"""


def sibling(name: str, size: int) -> dict[str, Any]:
    return {
        "rfilename": name,
        "size": size,
        "blobId": "b" * 40,
        "lfs": {"sha256": HASH, "size": size, "pointerSize": 9},
    }


FILES = {
    "maker/small-GGUF": [
        sibling("small-Q4_K_M.gguf", 2_497_281_120),
        sibling("small-Q8_0-00001-of-00002.gguf", 4_000_000_000),
        sibling("small-Q8_0-00002-of-00002.gguf", 280_405_600),
        sibling("mmproj.gguf", 836_000_000),
        sibling("mtp-small-Q4_K_M.gguf", 100),
    ],
    "maker/small-4bit": [sibling("model.safetensors", 2_263_022_529), sibling("tokenizer.json", 11_000_000)],
}


@pytest.fixture
def hub() -> Iterator[dict[str, Any]]:
    """A Hub that knows two repositories; the test may change its answers."""
    state: dict[str, Any] = {"files": {name: list(rows) for name, rows in FILES.items()}, "gated": "manual", "url": ""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.partition("?")[0].removeprefix("/api/models/")
            rows = state["files"].get(name)
            licence = {"license": state.get("licence", "apache-2.0")}
            told = {
                "id": name,
                "sha": COMMIT,
                "gated": state["gated"],
                "siblings": rows,
                "tags": [],
                "cardData": licence,
            }
            raw = json.dumps(told if rows is not None else {"error": "Repository not found"}).encode()
            self.send_response(200 if rows is not None else 404)
            if rows is None:
                self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            """The tests look at the result, not at this."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state["url"] = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True, slots=True)
class Ended:
    """How the script ended and what it said on standard error."""

    returncode: int
    stderr: str


Run = Callable[..., Ended]


@pytest.fixture
def run(hub: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the script in this process, with the Hub's address in its environment."""
    monkeypatch.setenv("HF_ENDPOINT", hub["url"])
    spec = spec_from_file_location("catalog_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "catalog_script", script)
    spec.loader.exec_module(script)

    def call(file: Path, *arguments: str) -> Ended:
        code = script.main(["--file", str(file), "--date", "2026-11-28", *arguments])
        return Ended(code, capsys.readouterr().err)

    return call


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.yaml"
    path.write_text(CATALOG, encoding="utf-8")
    return path


def test_the_hub_s_figures_take_the_place_of_what_was_told(run: Run, file: Path) -> None:
    ended = run(file)
    assert (ended.returncode, ended.stderr) == (0, "")
    catalog: ModelCatalog = read_models(file)
    model = catalog.models["small"]
    assert (model.revision, model.gated, catalog.verified_on) == (COMMIT, True, "2026-11-28")
    four, eight = model.files["Q4_K_M"], model.files["Q8_0"]
    assert (four.bytes, four.rounded, four.sha256, four.source) == (2_497_281_120, False, (HASH,), ("HUB",))
    assert (eight.bytes, eight.parts, eight.sha256) == (4_280_405_600, 2, (HASH, HASH))
    assert model.projector is not None
    assert model.mlx is not None
    assert (model.projector.bytes, model.mlx.bytes, model.mlx.revision) == (836_000_000, 2_263_022_529, COMMIT)


def test_comments_order_and_other_sources_stay(run: Run, file: Path) -> None:
    run(file)
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# mine; this comment stays\n")
    assert "small:  # and this one\n" in text
    assert '  me: {name: told by a friend, date: "2026-01"}\n' in text
    untouched = [line for line in CATALOG.splitlines() if "parameters" in line or "kv_heads" in line]
    assert [line for line in untouched if line not in text.splitlines()] == []
    run(file)
    assert file.read_text(encoding="utf-8") == text, "a second time changes nothing"


def test_check_compares_and_writes_nothing(run: Run, file: Path) -> None:
    assert run(file, "--check").returncode == 1
    assert file.read_text(encoding="utf-8") == CATALOG
    run(file)
    assert run(file, "--check").returncode == 0


def test_what_the_hub_does_not_hold_is_named_and_kept(hub: dict[str, Any], run: Run, file: Path) -> None:
    del hub["files"]["maker/small-GGUF"][0]
    del hub["files"]["maker/small-4bit"]
    hub["licence"] = "gemma"
    ended = run(file)
    assert ended.returncode == 1
    assert "maker/small-GGUF has no small-Q4_K_M.gguf" in ended.stderr
    assert "maker/small-4bit cannot be read" in ended.stderr
    assert "the licence is gemma now" in ended.stderr
    kept = read_models(file).models["small"]
    assert (kept.files["Q4_K_M"].bytes, kept.files["Q8_0"].bytes) == (2_400_000_000, 4_280_405_600)


def test_a_drafter_in_the_place_of_a_model_is_not_written(run: Run, file: Path) -> None:
    file.write_text(CATALOG.replace("file: small-Q4_K_M.gguf", "file: mtp-small-Q4_K_M.gguf"), encoding="utf-8")
    before = file.read_text(encoding="utf-8")
    ended = run(file)
    assert ended.returncode == 1
    assert "bits for each weight" in ended.stderr
    assert file.read_text(encoding="utf-8") == before
