"""A machine written down: all that its probe answered, as JSON, and a probe that answers from it again.

``Recorder`` keeps what is asked of another probe. ``Recording`` answers from such a record, so a report of one person's
machine is a test of another's. The form::

    {"facts": {...}, "environ": {"CUDA_VISIBLE_DEVICES": "0"}, "registry": [{"DriverDesc": ...}],
     "commands": {"nvidia-smi -L": {"code": 0, "text": "..."}},
     "files": {"/proc/version": "..."}, "folders": {"/sys/class/drm": ["card0"]},
     "disks": {"~/models": [1000, 500]}}

A command that is missing is not installed; one with ``"code": null`` had to be stopped. Folders that only hold recorded
files need not be listed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import msgspec

from model_router.setup.hardware.probe import Facts, Output, Probe, RegistryRow


class Record(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The record as data; see the module."""

    facts: Facts = Facts()
    environ: dict[str, str] = {}
    commands: dict[str, Output] = {}
    files: dict[str, str] = {}
    folders: dict[str, tuple[str, ...]] = {}
    registry: tuple[dict[str, int | str], ...] = ()
    disks: dict[str, tuple[int, int]] = {}


class Recording:
    """A ``Probe`` that answers from a record."""

    def __init__(self, record: Record) -> None:
        self._record = record
        folders: dict[str, set[str]] = {}
        for path in record.files:
            parts = path.split("/")
            for length in range(1, len(parts)):
                folders.setdefault("/".join(parts[:length]), set()).add(parts[length])
        self._folders = {folder: tuple(sorted(names)) for folder, names in folders.items()} | record.folders

    def facts(self) -> Facts:
        """See ``Probe``."""
        return self._record.facts

    def environ(self) -> Mapping[str, str]:
        """See ``Probe``."""
        return self._record.environ

    def run(self, command: Sequence[str]) -> Output | None:
        """See ``Probe``."""
        return self._record.commands.get(" ".join(command))

    def read(self, path: str) -> str | None:
        """See ``Probe``."""
        return self._record.files.get(path)

    def names(self, folder: str) -> tuple[str, ...]:
        """See ``Probe``."""
        return self._folders.get(folder, ())

    def registry(self) -> tuple[RegistryRow, ...]:
        """See ``Probe``."""
        return self._record.registry

    def disk(self, folder: str) -> tuple[int, int] | None:
        """See ``Probe``."""
        return self._record.disks.get(folder)


class Recorder:
    """A ``Probe`` that asks another and remembers what it answered."""

    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._lock = threading.Lock()
        self._commands: dict[str, Output] = {}
        self._files: dict[str, str] = {}
        self._folders: dict[str, tuple[str, ...]] = {}
        self._disks: dict[str, tuple[int, int]] = {}

    def record(self) -> Record:
        """All that was asked so far."""
        with self._lock:
            return Record(
                facts=self._probe.facts(),
                environ=dict(self._probe.environ()),
                commands=dict(sorted(self._commands.items())),
                files=dict(sorted(self._files.items())),
                folders=dict(sorted(self._folders.items())),
                registry=tuple(dict(row) for row in self._probe.registry()),
                disks=dict(self._disks),
            )

    def facts(self) -> Facts:
        """See ``Probe``."""
        return self._probe.facts()

    def environ(self) -> Mapping[str, str]:
        """See ``Probe``."""
        return self._probe.environ()

    def run(self, command: Sequence[str]) -> Output | None:
        """See ``Probe``."""
        output = self._probe.run(command)
        if output is not None:
            with self._lock:
                self._commands[" ".join(command)] = output
        return output

    def read(self, path: str) -> str | None:
        """See ``Probe``."""
        text = self._probe.read(path)
        if text is not None:
            with self._lock:
                self._files[path] = text
        return text

    def names(self, folder: str) -> tuple[str, ...]:
        """See ``Probe``."""
        names = self._probe.names(folder)
        if names:
            with self._lock:
                self._folders[folder] = names
        return names

    def registry(self) -> tuple[RegistryRow, ...]:
        """See ``Probe``."""
        return self._probe.registry()

    def disk(self, folder: str) -> tuple[int, int] | None:
        """See ``Probe``."""
        sizes = self._probe.disk(folder)
        if sizes is not None:
            with self._lock:
                self._disks[folder] = sizes
        return sizes
