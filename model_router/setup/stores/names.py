"""What the name of a file tells: shards, projectors, drafts, quantisation."""

from __future__ import annotations

import re
from typing import NamedTuple

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>[0-9]{5})-of-(?P<count>[0-9]{5})\Z", re.ASCII)
_QUANTIZATION = re.compile(
    r"(?<![a-z0-9])(?P<dynamic>UD-)?(?P<type>I?Q[0-9]_(?:[0-9]|K(?:_(?:XXL|XL|L|M|S|XS))?|XXS|XS|S|M|NL)(?:_[0-9]+)*"
    r"|MXFP4(?:_MOE)?|NVFP4|TQ[0-9]_[0-9]|BF16|FP?16|FP?32|Q8|Q6|Q4)(?![a-z0-9])",
    re.IGNORECASE,
)
_PROJECTOR = re.compile(r"(?<![a-z])mmproj(?![a-z])", re.IGNORECASE)
_ASIDE = re.compile(
    r"(?:\A|[-_.])(?:mtp|draft|drafter|speculator|eagle3?|dflash|imatrix)(?:[-_.]|\Z)|\Aggml-vocab", re.IGNORECASE
)
_SEPARATORS = re.compile(r"[^a-z0-9]+")


class Shard(NamedTuple):
    """Part ``number`` of ``parts`` of the model ``stem``."""

    stem: str
    number: int
    parts: int


def shard_of(stem: str) -> Shard | None:
    """The part of a model that a file is by its name, or ``None``. ``stem`` is the name without its ending."""
    found = _SHARD.match(stem)
    if not found:
        return None
    number, count = int(found["number"]), int(found["count"])
    return Shard(found["stem"], number, count) if 1 <= number <= count and count > 1 else None


def is_projector(stem: str) -> bool:
    """Whether the name is that of a projector, which is a part of another model."""
    return bool(_PROJECTOR.search(stem))


def is_aside(stem: str) -> bool:
    """Whether the name is that of something that cannot be talked to: a draft model, a table of importances."""
    return bool(_ASIDE.search(stem))


def quantization_of(name: str) -> str:
    """The quantisation in a name, in capitals, or nothing. The last one: a model may be named after another."""
    found = [match.group(0) for match in _QUANTIZATION.finditer(name)]
    return found[-1].upper().replace("FP16", "F16").replace("FP32", "F32") if found else ""


def plain_stem(stem: str) -> str:
    """The name without shard, quantisation and separators, for comparing files of one model."""
    shard = shard_of(stem)
    return _SEPARATORS.sub("", _QUANTIZATION.sub("", shard.stem if shard else stem).lower())


def belongs(projector: str, model: str, alone: bool) -> bool:
    """Whether a projector is for a model, by their names. ``alone``: the folder holds only one model's files.

    ``ORG_REPO_mmproj-F16`` is for what begins with ``ORG_REPO_``, ``mmproj-NAME-F16`` for what is called NAME, and a
    bare ``mmproj-F16`` for the one model beside it.
    """
    found = _PROJECTOR.search(projector)
    if not found:
        return alone
    before = _SEPARATORS.sub("", projector[: found.start()].lower())
    after = plain_stem(projector[found.end() :]).removeprefix("model")
    own = _SEPARATORS.sub("", model.lower())
    if len(before) > 2:
        return own.startswith(before) or plain_stem(model) == _SEPARATORS.sub("", plain_stem(before))
    if len(after) > 2:
        return after in own
    return alone
