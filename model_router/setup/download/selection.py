"""Which files of a repository make up the model that is wanted.

Names of GGUF files follow habits, not a standard: a quantisation somewhere near the end, ``-00001-of-00003`` for
shards, ``mmproj`` for projectors, ``mtp-`` or ``draft`` for small models that only guess ahead, ``imatrix`` for
statistics that are no model at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from model_router.config.wording import nearest
from model_router.errors import UsageError
from model_router.setup.download.failure import DownloadError, Reason
from model_router.setup.download.hub import HubFile, Repository
from model_router.setup.download.sizes import size_words

_SHARD = re.compile(r"-(\d{5})-of-(\d{5})$")
_QUANT = re.compile(
    r"(?:^|[-_.])((?:UD-)?(?:I?Q\d(?:_[0-9KLMNSX]+)*|TQ\d_\d|MXFP4(?:_MOE)?|NVFP4|BF16|F16|FP16|F32))(?=$|[-_.])",
    re.IGNORECASE,
)
_USUAL_QUANTS = ("Q4_K_M", "UD-Q4_K_XL", "MXFP4", "Q4_0", "Q8_0")
_PROJECTOR_ORDER = ("F16", "BF16", "Q8_0", "F32")
_CHECKPOINT_ENDINGS = (".safetensors", ".json", ".txt", ".jinja", ".model", ".tiktoken")


class Role(StrEnum):
    """What a file is for."""

    WEIGHTS = "weights"
    PROJECTOR = "projector"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Selected:
    """A file and what it is for."""

    file: HubFile
    role: Role


@dataclass(frozen=True, slots=True)
class Selection:
    """The files of one model. ``quant`` is empty for a checkpoint; ``stem`` names the model without shard numbers.

    ``notes`` are sentences for the person: what was chosen for them, what was left out.
    """

    files: tuple[Selected, ...]
    stem: str
    quant: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Variant:
    """The GGUF files of one model: a file, or all of its shards in order."""

    stem: str
    quant: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def quant_of(name: str) -> str:
    """The quantisation that a file's name tells, upper-case, or nothing."""
    found: list[str] = _QUANT.findall(_stem(name))
    return found[-1].upper().replace("FP16", "F16") if found else ""


def select(
    repository: Repository, *, quant: str | None = None, names: Sequence[str] = (), projector: bool = False
) -> Selection:
    """The files to fetch.

    ``names`` are files asked for by name; of a shard all its brothers come along. Without them and without ``quant``
    a usual quantisation is taken, and a note says so. A repository without GGUF files is taken as a checkpoint.

    Raises:
        UsageError: a name or quantisation that is not there; says what is.
        DownloadError: nothing in the repository can be used, or shards are missing.
    """
    variants = _variants(repository)
    if names:
        selection = _named(repository, variants, names)
    elif variants:
        selection = _quantised(repository, variants, quant)
    else:
        selection = _checkpoint(repository, quant)
    for variant in variants:
        if any(picked.file in variant.files for picked in selection.files):
            _check_shards(variant)
    return _with_projector(repository, selection) if projector else selection


def _stem(name: str) -> str:
    """The model's name: no folder, no ending, no shard number."""
    return _SHARD.sub("", PurePosixPath(name).name.removesuffix(".gguf"))


def _is_projector(name: str) -> bool:
    return "mmproj" in PurePosixPath(name).name.lower()


def _is_aside(name: str) -> bool:
    """Drafts and statistics, which live beside models and are none."""
    base = PurePosixPath(name).name.lower()
    return base.startswith(("mtp-", "draft-")) or "-draft-" in base or "imatrix" in base


def _variants(repository: Repository) -> list[_Variant]:
    groups: dict[tuple[str, str], list[HubFile]] = {}
    for file in repository.files:
        if file.name.endswith(".gguf") and not _is_projector(file.name) and not _is_aside(file.name):
            groups.setdefault((str(PurePosixPath(file.name).parent), _stem(file.name)), []).append(file)
    return [
        _Variant(stem, quant_of(stem), tuple(sorted(files, key=lambda file: file.name)))
        for (_, stem), files in sorted(groups.items())
    ]


def _quantised(repository: Repository, variants: list[_Variant], quant: str | None) -> Selection:
    notes: tuple[str, ...] = ()
    labels = [variant.quant or variant.stem for variant in variants]
    if quant is None:
        quant = next((usual for usual in _USUAL_QUANTS if usual in labels), labels[0] if len(labels) == 1 else None)
        if quant is None:
            raise UsageError(
                f"{repository.name} has several models and none is named", f"--quant takes {_listed(variants)}."
            )
        others = [label for label in labels if label != quant]
        if others:
            notes = (f"{quant} was taken because none was named; there are also {' '.join(others)}",)
    matches = [variant for variant in variants if quant.upper() in {variant.quant, variant.stem.upper()}]
    if not matches:
        near = nearest(quant, [label.lower() for label in labels]).upper()
        guess = f"did you mean {near}? " if near else ""
        raise UsageError(f"{repository.name} has no {quant}", f"{guess}--quant takes {_listed(variants)}.")
    if len(matches) > 1:
        files = " ".join(variant.files[0].name for variant in matches)
        raise UsageError(f"{repository.name} has several files of {quant}", f"Name one with --file: {files}")
    chosen = matches[0]
    return Selection(tuple(Selected(file, Role.WEIGHTS) for file in chosen.files), chosen.stem, chosen.quant, notes)


def _named(repository: Repository, variants: list[_Variant], names: Sequence[str]) -> Selection:
    known = {file.name: file for file in repository.files}
    chosen: dict[str, Selected] = {}
    stem = quant = ""
    for name in names:
        if name not in known:
            near = nearest(name, known)
            guess = f"did you mean {near}?" if near else "Look at its page on the hub."
            raise UsageError(f"{repository.name} has no file {name}", guess)
        variant = next((each for each in variants if known[name] in each.files), None)
        for file in variant.files if variant else (known[name],):
            role = Role.PROJECTOR if _is_projector(name) else Role.WEIGHTS if _is_weights(name) else Role.SUPPORT
            chosen[file.name] = Selected(file, role)
        if variant and not stem:
            stem, quant = variant.stem, variant.quant
    return Selection(tuple(chosen.values()), stem or _repository_stem(repository), quant)


def _checkpoint(repository: Repository, quant: str | None) -> Selection:
    """Weights in safetensors with what a loader needs beside them; formats of other frameworks stay away."""
    top = [file for file in repository.files if "/" not in file.name]
    if not any(file.name.endswith(".safetensors") for file in top):
        raise DownloadError(
            Reason.NO_SUCH_FILES,
            f"{repository.name} holds neither GGUF files nor safetensors",
            "Look for a repository of the same model whose name ends in -GGUF.",
        )
    if quant is not None:
        raise UsageError(
            f"{repository.name} has no GGUF files to choose a quantisation from", "Leave --quant out to take it whole."
        )
    files = tuple(
        Selected(file, Role.WEIGHTS if _is_weights(file.name) else Role.SUPPORT)
        for file in sorted(top, key=lambda file: file.name)
        if file.name.endswith(_CHECKPOINT_ENDINGS) and not file.name.startswith("consolidated")
    )
    return Selection(files, _repository_stem(repository))


def _with_projector(repository: Repository, selection: Selection) -> Selection:
    found = [file for file in repository.files if _is_projector(file.name) and file.name.endswith(".gguf")]
    if not found:
        raise UsageError(
            f"{repository.name} has no projector (a GGUF file with mmproj in its name)",
            "Leave --projector out: this model reads no pictures, or its projector lies elsewhere.",
        )
    ranks = {quant: rank for rank, quant in enumerate(_PROJECTOR_ORDER)}
    best = min(found, key=lambda file: (ranks.get(quant_of(file.name), len(ranks)), file.name))
    kept = tuple(picked for picked in selection.files if picked.file != best)
    return Selection((*kept, Selected(best, Role.PROJECTOR)), selection.stem, selection.quant, selection.notes)


def _check_shards(variant: _Variant) -> None:
    """Shards come as a whole or not at all."""
    numbers = [_SHARD.search(file.name.removesuffix(".gguf")) for file in variant.files]
    found = {(int(match[1]), int(match[2])) for match in numbers if match}
    if not found and len(variant.files) == 1:
        return
    totals = {total for _, total in found}
    if len(totals) != 1 or {number for number, _ in found} != set(range(1, totals.pop() + 1)):
        raise DownloadError(
            Reason.NO_SUCH_FILES,
            f"{variant.stem} is incomplete on the hub: {len(variant.files)} shards that do not add up",
            "Choose another quantisation or repository.",
        )


def _is_weights(name: str) -> bool:
    return name.endswith((".gguf", ".safetensors"))


def _repository_stem(repository: Repository) -> str:
    return repository.name.partition("/")[2]


def _listed(variants: Sequence[_Variant]) -> str:
    return ", ".join(f"{variant.quant or variant.stem} ({size_words(variant.size)})" for variant in variants)
