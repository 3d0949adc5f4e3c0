"""What a backend was found to be when it was last examined: written by the doctor, read by the gateway.

``truth_cards.json`` in the user folder holds one card a backend. A card counts only while the configuration still names
the same address and model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from model_router.config.files import user_folder
from model_router.config.proxy import BackendConfig

FILE_NAME = "truth_cards.json"
_VERSION = 1
_MAX_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class TruthCard:
    """One backend. ``None`` means that it was not found out, never that it is not so.

    ``checked_at`` is UTC in ISO 8601. ``context`` is in tokens, as the running server has it. ``advertised``: its list
    of models has this one. ``tools``: it called a tool that it was asked to call. ``pictures``: it takes them.
    ``stops_when_left``: it stops computing when the client of a stream leaves.
    """

    backend: str
    base_url: str
    model: str
    checked_at: str
    server: str = ""
    advertised: bool | None = None
    context: int | None = None
    streams: bool | None = None
    usage_in_streams: bool | None = None
    tools: bool | None = None
    pictures: bool | None = None
    stops_when_left: bool | None = None

    def is_of(self, config: BackendConfig) -> bool:
        """Whether it still tells about this backend."""
        return (self.base_url, self.model) == (config.base_url, config.model)


class _File(msgspec.Struct):
    version: int
    cards: list[TruthCard]


def truth_cards_path(environ: Mapping[str, str]) -> Path:
    """Where the cards lie, whether there are any or not."""
    return user_folder(environ) / FILE_NAME


def read_truth_cards(path: Path) -> dict[str, TruthCard]:
    """Cards by backend; none when the file is missing, damaged, or of another version."""
    try:
        with path.open("rb") as stream:
            told = msgspec.json.decode(stream.read(_MAX_BYTES), type=_File)
    except (OSError, msgspec.MsgspecError):
        return {}
    return {card.backend: card for card in told.cards} if told.version == _VERSION else {}


def encode_truth_cards(cards: Iterable[TruthCard]) -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(_File(_VERSION, list(cards))), indent=2)
