"""The machine this process runs on."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from model_router.setup.hardware.probe import VARIABLES, Facts, Output, RegistryRow
from model_router.setup.machine import System

COMMAND_SECONDS = 2.0
_MOST_OUTPUT = 1 << 20
_MOST_TEXT = 1 << 16

_ADAPTERS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
_ADAPTER_VALUES = (
    "DriverDesc",
    "MatchingDeviceId",
    "ProviderName",
    "HardwareInformation.qwMemorySize",
    "HardwareInformation.MemorySize",
)
_WINDOWS_FEATURES = ((39, "avx"), (40, "avx2"), (41, "avx512f"), (43, "asimddp"))
"""Numbers of ``IsProcessorFeaturePresent``."""


class LiveProbe:
    """See ``Probe``. ``root`` stands for ``/``, ``seconds`` is how long a command may take."""

    def __init__(
        self,
        root: Path = Path("/"),
        environ: Mapping[str, str] | None = None,
        seconds: float = COMMAND_SECONDS,
    ) -> None:
        self._root = root
        self._environ = os.environ if environ is None else environ
        self._seconds = seconds

    def facts(self) -> Facts:
        """What psutil and the standard library count; each on its own, since sandboxes forbid some."""
        import psutil

        total = available = cores = physical = None
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # no /proc, or one with lines missing
            memory = psutil.virtual_memory()
            total, available = memory.total or None, memory.available
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            physical = psutil.cpu_count(logical=False)
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                cores = len(os.sched_getaffinity(0))
        return Facts(
            system=self._system(),
            architecture=platform.machine().lower(),
            memory_total=total,
            memory_available=available,
            cores=cores or os.cpu_count(),
            physical_cores=physical,
            processor=_windows_processor(),
            flags=_windows_flags(),
        )

    def _system(self) -> System:
        known: dict[str, System] = {"linux": "linux", "darwin": "macos", "win32": "windows"}
        system = known.get(sys.platform, "unknown")
        if system == "linux" and "microsoft" in (self.read("/proc/version") or "").lower():
            return "wsl"
        return system

    def environ(self) -> Mapping[str, str]:
        """See ``Probe``."""
        return {name: self._environ[name] for name in VARIABLES if name in self._environ}

    def run(self, command: Sequence[str]) -> Output | None:
        """Run it without a shell and without input; it and its children are ended when the time is over.

        Output is read in a thread, because a pipe has no time limit on Windows.
        """
        program = shutil.which(command[0])
        if program is None:
            return None
        try:
            process = subprocess.Popen(  # noqa: S603 - fixed commands, no shell
                [program, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**self._environ, "LC_ALL": "C"},
                start_new_session=True,
            )
        except (OSError, ValueError):
            return None
        read: list[bytes] = []
        ended = threading.Event()
        reader = threading.Thread(target=_collect, args=(process, read, ended), daemon=True)
        reader.start()
        in_time = ended.wait(self._seconds)
        code = process.poll() if in_time else None
        if process.poll() is None:
            _end(process)
        reader.join(0.5)
        return Output(code, b"".join(read).decode("utf-8", "replace").replace("\r\n", "\n"))

    def read(self, path: str) -> str | None:
        """The first 64 KiB; zero bytes, which device trees end their texts with, become line ends."""
        try:
            with (self._root / path.lstrip("/")).open("rb") as stream:
                return stream.read(_MOST_TEXT).decode("utf-8", "replace").replace("\0", "\n")
        except (OSError, ValueError):
            return None

    def names(self, folder: str) -> tuple[str, ...]:
        """See ``Probe``."""
        try:
            return tuple(sorted(os.listdir(self._root / folder.lstrip("/"))))
        except (OSError, ValueError):
            return ()

    def registry(self) -> tuple[RegistryRow, ...]:
        """See ``Probe``."""
        return tuple(_adapters())

    def disk(self, folder: str) -> tuple[int, int] | None:
        """A folder that does not exist yet counts as its nearest parent that does."""
        place = Path(folder)
        for candidate in (place, *place.parents):
            try:
                usage = shutil.disk_usage(candidate)
            except (OSError, ValueError):
                continue
            return usage.total, usage.free
        return None


def _collect(process: subprocess.Popen[bytes], read: list[bytes], ended: threading.Event) -> None:
    stream = process.stdout
    if stream is None:  # pragma: no cover - the process was started with a pipe
        return
    left = _MOST_OUTPUT
    with stream, contextlib.suppress(OSError, ValueError):
        while left > 0 and (piece := os.read(stream.fileno(), min(left, 1 << 16))):
            read.append(piece)
            left -= len(piece)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(COMMAND_SECONDS if left > 0 else 0)
    ended.set()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.5)


if sys.platform == "win32":  # names of Windows alone, in a form that type checkers follow
    import ctypes
    import winreg

    def _adapters() -> Iterator[RegistryRow]:
        """One row for each numbered key below the class of display adapters."""
        for number in range(64):
            row: dict[str, int | str] = {}
            with (
                contextlib.suppress(OSError),
                winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{_ADAPTERS}\{number:04d}") as key,
            ):
                for name in _ADAPTER_VALUES:
                    with contextlib.suppress(OSError):
                        value, _ = winreg.QueryValueEx(key, name)
                        row[name] = int.from_bytes(value, "little") if isinstance(value, bytes) else value
            if row:
                yield row

    def _windows_processor() -> str:
        place = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
        return ""

    def _windows_flags() -> tuple[str, ...]:
        present = ctypes.windll.kernel32.IsProcessorFeaturePresent
        return tuple(name for number, name in _WINDOWS_FEATURES if present(number))

else:

    def _adapters() -> Iterator[RegistryRow]:
        return iter(())

    def _windows_processor() -> str:
        return ""

    def _windows_flags() -> tuple[str, ...]:
        return ()
