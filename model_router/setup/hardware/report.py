"""Raw answers and what was read from them, fit to be published in a bug report."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec

from model_router.setup.hardware.probe import Probe
from model_router.setup.hardware.profile import machine_to_dict
from model_router.setup.hardware.recording import Record, Recorder, Recording
from model_router.setup.hardware.scan import scan_machine
from model_router.version import __version__

_IDENTITY = re.compile(
    r"[0-9a-fA-F]{8}(?:[-_][0-9a-fA-F]{4}){3}[-_][0-9a-fA-F]{12}|(?<![0-9a-zA-Z])[0-9a-f]{24,}(?![0-9a-zA-Z])"
)
_BUILDER = re.compile(r"\([^()\s@]+@[^()\s]+\)")
_HOME = re.compile(r"(?i)(/home/|/Users/|[a-z]:[\\/]+Users[\\/]+)(?!USER\b)[^/\\\s:\"']+")


@dataclass(frozen=True, slots=True)
class Person:
    """What must not leave the machine: names and folders of the person at it."""

    user: str = ""
    host: str = ""
    home: str = ""


def hardware_report(probe: Probe, person: Person = Person(), folders: Sequence[str] = ()) -> dict[str, Any]:
    """The report as JSON types. ``load_machine`` takes it, looking at the recording anew.

    Folders of models are numbered, except that those below the person's home are told from there.
    """
    recorder = Recorder(probe)
    scan_machine(recorder, folders)
    clean = Cleaner(person, folders)
    record = recorder.record()
    if processors := record.files.get("/proc/cpuinfo"):  # the first tells all that is looked at
        record.files["/proc/cpuinfo"] = processors.split("\n\n", 1)[0] + "\n"
    recording = clean(msgspec.to_builtins(record))
    machine = scan_machine(Recording(msgspec.convert(recording, Record)), clean(list(folders)))
    return {"version": __version__, "machine": machine_to_dict(machine), "recording": recording}


class Cleaner:
    """Replaces the person's names, folders, serial numbers and container names, the same by the same everywhere."""

    def __init__(self, person: Person, folders: Sequence[str] = ()) -> None:
        self._replaced: list[tuple[re.Pattern[str], str]] = []
        home = person.home.rstrip("/\\")
        for number, folder in enumerate(folders):
            if not home or not PurePath(folder).is_relative_to(home):
                self._replaced.append((re.compile(re.escape(folder)), f"folder-{number + 1}"))
        if len(home) > 1:
            self._replaced.append((re.compile(re.escape(home) + r"(?![\w-])"), "~"))
        for name, stand_in in ((person.user, "USER"), (person.host, "HOST"), (person.host.split(".")[0], "HOST")):
            if len(name) > 1 and name.lower() not in {"root", "user", "host", "localhost"}:
                pattern = rf"(?<![a-zA-Z0-9]){re.escape(name)}(?![a-zA-Z0-9])"
                self._replaced.append((re.compile(pattern, re.IGNORECASE), stand_in))
        self._identities: dict[str, str] = {}

    def __call__(self, value: Any) -> Any:
        """``value``, JSON types all through, with every text in it cleaned, keys too."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(str(key)): self(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self(item) for item in value]
        return value

    def _text(self, text: str) -> str:
        for pattern, stand_in in self._replaced:
            text = pattern.sub(stand_in, text)
        text = _BUILDER.sub("(USER@HOST)", text)  # who built the kernel
        text = _HOME.sub(r"\1USER", text)
        return _IDENTITY.sub(self._identity, text)

    def _identity(self, found: re.Match[str]) -> str:
        return self._identities.setdefault(found.group(0), f"id{len(self._identities) + 1}")
