"""What a download would fetch, before a byte of it is fetched: the thing that a person approves.

A plan is a value. It pins the commit and the digest of each file, so what was approved is what arrives, or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from model_router.config.files import home_folder, user_folder
from model_router.errors import UsageError
from model_router.setup.download.disk import Disk, room_needed
from model_router.setup.download.failure import DownloadError, Reason
from model_router.setup.download.hub import Digest, Hub
from model_router.setup.download.part import part_path
from model_router.setup.download.selection import Role, Selected, Selection, select
from model_router.setup.download.sizes import size_words


class Adapter(StrEnum):
    """The kind of server that is to serve the model; it decides about folders."""

    LLAMACPP = "llamacpp"
    LMSTUDIO = "lmstudio"
    OLLAMA = "ollama"
    MLX_LM = "mlx-lm"
    LOCALAI = "localai"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file. ``target`` is its whole path; ``have`` the bytes of it that are here already, in bytes."""

    name: str
    size: int
    digest: Digest
    role: Role
    target: str
    have: int = 0


@dataclass(frozen=True, slots=True)
class DownloadPlan:
    """One model's download. Sizes in bytes.

    ``identity`` is the same for the same files in the same place. ``free_after`` is ``None`` when the file system does
    not tell. ``replaces`` are targets where another file stands, ``unverified`` those where one of the same name and
    size does: when the plan is carried out its digest decides whether it is the same. ``notes`` are sentences for the
    person.
    """

    identity: str
    repository: str
    commit: str
    files: tuple[PlannedFile, ...]
    folder: str
    model: str
    quant: str = ""
    licence: str = ""
    gated: str = ""
    private: bool = False
    adapter: Adapter = Adapter.LLAMACPP
    route: str = ""
    free: int | None = None
    replaces: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def missing(self) -> int:
        """Bytes still to come."""
        return sum(file.size - file.have for file in self.files)

    @property
    def free_after(self) -> int | None:
        """Free bytes when all is here."""
        return None if self.free is None else self.free - self.missing

    @property
    def arrived(self) -> str:
        """What of it is here, in words that stand behind its size."""
        doubted = sum(file.size for file in self.files if file.target in self.unverified)
        here = self.total - self.missing - doubted
        words = f", {size_words(here)} of it here already" if here else ""
        return words + (f", {size_words(doubted)} of it here by name and size, not verified yet" if doubted else "")

    @property
    def weights(self) -> tuple[PlannedFile, ...]:
        """The model itself, first shard first."""
        return tuple(file for file in self.files if file.role is Role.WEIGHTS)

    @property
    def projector(self) -> PlannedFile | None:
        """What lets it read pictures, if it comes along."""
        return next((file for file in self.files if file.role is Role.PROJECTOR), None)

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the sums; ``plan_from_json`` reads them back."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return {**plain, "total": self.total, "missing": self.missing, "free_after": self.free_after}


def plan_from_json(value: Any) -> DownloadPlan:
    """The plan that ``to_json`` made. Raises ``msgspec.ValidationError`` when it is none."""
    return msgspec.convert(value, DownloadPlan)


def plan_download(
    hub: Hub,
    repository: str,
    root: Path,
    *,
    quant: str | None = None,
    names: Sequence[str] = (),
    revision: str | None = None,
    projector: bool = False,
    adapter: Adapter = Adapter.LLAMACPP,
    route: str = "",
    disk: Disk | None = None,
    sha256: Sequence[str] = (),
) -> DownloadPlan:
    """Ask the hub once and say what would be fetched to where.

    ``sha256`` are the digests that the catalog has of the weights. At a pinned ``revision`` another file is refused;
    without one its maker may have uploaded a newer file, so that is noted.

    Raises:
        UsageError: the names given fit nothing in the repository.
        DownloadError: the repository cannot be read, is not what the catalog says, or the files do not fit on the disk.
    """
    disk = disk or Disk()
    found = hub.describe(repository, revision)
    selection = select(found, quant=quant, names=names, projector=projector)
    folder = root / model_folder(adapter, repository, selection)
    files = tuple(_placed(picked, folder) for picked in selection.files)
    if len({file.target for file in files}) < len(files):
        raise UsageError(
            "two of these files have the same name", "Fetch them one after the other, each to its --local-root."
        )
    notes = list(selection.notes)
    if sha256 and {file.digest.value for file in files if file.role is Role.WEIGHTS} != set(sha256):
        if revision is not None:
            raise DownloadError(
                Reason.CHANGED,
                f"{repository} has another file at {revision[:12]} than the catalog says",
                "Nothing was fetched. Look at its page, or name the repository with --repo-id to take what is there.",
            )
        notes.append("this is a newer file than the catalog's; its size and speed may differ from what was said")
    if found.gated and hub.token() is None:
        notes.append(f"it is gated: accept its conditions on {hub.page(repository)} and log in with `hf auth login`")
    if not found.licence:
        notes.append(f"its licence is not stated; look at {hub.page(repository)}")
    plan = DownloadPlan(
        identity=_identity(repository, files),
        repository=repository,
        commit=found.commit,
        files=files,
        folder=str(folder),
        model=selection.stem,
        quant=selection.quant,
        licence=found.licence,
        gated=found.gated,
        private=found.private,
        adapter=adapter,
        route=route,
        free=disk.free(folder),
        replaces=tuple(file.target for file in files if _is_other(file)),
        unverified=tuple(file.target for file in files if file.size and _size(Path(file.target)) == file.size),
        notes=tuple(notes),
    )
    check_room(plan, disk)
    return plan


def check_room(plan: DownloadPlan, disk: Disk) -> None:
    """Raise ``DownloadError`` when what is missing does not fit beside the reserve. Unknown room is no reason."""
    missing = sum(file.size - bytes_here(file) for file in plan.files)
    free = disk.free(Path(plan.folder))
    if missing and free is not None and free < room_needed(missing):
        raise DownloadError(
            Reason.DISK_FULL,
            f"{plan.model} does not fit: {size_words(missing)} to come, {size_words(free)} free in {plan.folder}",
            f"It needs {size_words(room_needed(missing))} free (5 % and 2 GiB stay in reserve); "
            "make room, take a smaller --quant, or another --local-root.",
        )


def default_root(adapter: Adapter, environ: Mapping[str, str]) -> Path:
    """The folder that holds the model folders, where the adapter's server looks for them.

    LM Studio has one of its own; the others are told where a model is, so theirs stay in the user folder.
    """
    if adapter is Adapter.LMSTUDIO:
        home = home_folder(environ)
        pointer = home / ".lmstudio-home-pointer"
        try:
            told = pointer.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            told = ""
        old = home / ".cache" / "lm-studio"
        return (Path(told) if told else old if old.is_dir() else home / ".lmstudio") / "models"
    return user_folder(environ) / "models"


def model_folder(adapter: Adapter, repository: str, selection: Selection) -> Path:
    """Below the root: OWNER/NAME where LM Studio wants it so, else one folder a model, as llama-server looks for it."""
    owner, _, name = repository.partition("/")
    if adapter in {Adapter.LMSTUDIO, Adapter.MLX_LM}:
        return Path(owner) / name
    return Path(selection.stem)


def bytes_here(file: PlannedFile) -> int:
    """Bytes of a planned file that need not be fetched any more, as far as sizes tell."""
    target = Path(file.target)
    if _size(target) == file.size:
        return file.size
    return min(_size(part_path(target)), file.size)


def _placed(picked: Selected, folder: Path) -> PlannedFile:
    # Sub-folders of a repository sort quantisations; on the disk the model's own folder does that.
    name = picked.file.name
    relative = name.rpartition("/")[2] if name.endswith(".gguf") else name
    if picked.role is Role.PROJECTOR and not relative.startswith("mmproj"):
        relative = f"mmproj-{relative}"  # llama-server knows a projector beside a model by how its name begins
    file = PlannedFile(name, picked.file.size, picked.file.digest, picked.role, str(folder / relative))
    return replace(file, have=bytes_here(file))


def _is_other(file: PlannedFile) -> bool:
    """Something of another size stands at the target."""
    path = Path(file.target)
    return path.exists() and _size(path) != file.size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _identity(repository: str, files: Sequence[PlannedFile]) -> str:
    lines = [repository, *(f"{file.name} {file.digest.value} {file.target}" for file in files)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
