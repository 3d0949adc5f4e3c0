"""What people install: a source archive, a wheel made from it, and the commands of that wheel in a bare environment."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from model_router import __version__
from model_router.config.files import configs_root

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Installed:
    """A wheel in an environment of its own."""

    archive: Path
    wheel: Path
    programs: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [self.programs / program, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
            env={**clean, "MODEL_ROUTER_HOME": str(self.programs / "nobody")},
        )


def _build(kind: str, source: Path, target: Path) -> Path:
    script = f"import sys, hatchling.build as b; print(b.build_{kind}(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", script, str(target)], capture_output=True, text=True, timeout=120, check=True, cwd=source
    )
    return target / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build sdist, wheel from the sdist, install the wheel alone; what it depends on comes from this environment."""
    folder = tmp_path_factory.mktemp("packaging")
    archive = _build("sdist", ROOT, folder)
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    wheel = _build("wheel", folder / f"hermes_router-{__version__}", folder)
    bare = folder / "bare"
    venv.create(bare, with_pip=False, symlinks=os.name != "nt")
    programs = bare / ("Scripts" if os.name == "nt" else "bin")
    install = [sys.executable, "-m", "pip", "--python", str(programs / "python"), "install", "--no-deps", "--quiet"]
    subprocess.run(
        [*install, "--disable-pip-version-check", "--no-index", str(wheel)],
        timeout=120,
        check=True,
        capture_output=True,
    )
    paths = sysconfig.get_paths("venv", vars={"base": str(bare), "platbase": str(bare)})
    # Its own packages come first; this environment's editable install is a .pth file, which is not followed here.
    Path(paths["purelib"], "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return Installed(archive, wheel, programs)


def test_the_wheel_s_own_files_are_used(installed: Installed) -> None:
    ended = installed.run("python", "-c", "import model_router; print(model_router.__file__)")
    assert ended.stdout.startswith(str(installed.programs.parent)), ended.stderr


def test_decide_works_from_anywhere(installed: Installed) -> None:
    ended = installed.run("model-router", "decide", "drop the production database")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("human_confirm\n")


def test_every_program_is_there(installed: Installed) -> None:
    for program in ("model-router", "hermes-router", "model-router-proxy"):
        ended = installed.run(program, "--help")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith(f"Usage: {program}")


def test_init_finds_the_packaged_presets(installed: Installed, tmp_path: Path) -> None:
    assert installed.run("model-router", "init", "--preset", "ollama", "--config-dir", str(tmp_path)).returncode == 0
    proxy = tmp_path / "routing_proxy.yaml"
    assert installed.run("model-router", "validate-proxy-config", "--config", str(proxy)).returncode == 0


def test_the_old_import_path_still_works(installed: Installed) -> None:
    script = "from hermes.plugins.model_router import ModelRouter; print(ModelRouter.from_config().config_valid)"
    assert installed.run("python", "-c", script).stdout == "True\n"


def test_the_wheel_holds_what_the_program_reads_and_no_more(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    presets = {f"model_router/configs/presets/{path.name}" for path in (configs_root() / "presets").glob("*.yaml")}
    needed = {"model_router/configs/model_router.yaml", "model_router/configs/schemas/routing_proxy.schema.json"}
    needed |= {"model_router/configs/model_catalog.yaml", "model_router/configs/known_models.yaml"}
    assert presets | needed | {"model_router/configs/lexicon/cues.tsv", "model_router/py.typed"} <= names
    outside = {name.split("/")[0] for name in names} - {
        "model_router",
        "hermes",
        f"hermes_router-{__version__}.dist-info",
    }
    assert outside == set()
    assert not [name for name in names if "corpus" in name or "__pycache__" in name]


def test_the_archive_holds_what_the_tests_need(installed: Installed) -> None:
    with tarfile.open(installed.archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "scripts/test", "configs/model_router.yaml"} <= names
    assert "tests/packaging/test_wheel.py" in names
    assert {name.split("/")[0] for name in names if name.startswith(".")} <= {".gitignore"}
