"""Reading and expanding the corpus; the format stands in configs/lexicon/corpus/README.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parent.parent / "configs" / "lexicon" / "corpus"


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled ask. ``label`` is the route, or the risk class of a confirmation."""

    text: str
    image: bool
    route: str
    label: str
    accept: tuple[str, ...]
    lang: str
    group: str
    file: str


def read(folder: Path = CORPUS) -> list[Row]:
    """Every row of every file, in a fixed order."""
    rows: list[Row] = []
    for path in sorted(folder.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    try:
                        rows += expand(json.loads(line), path.stem)
                    except (ValueError, KeyError) as error:
                        raise ValueError(f"{path.name}:{number}: {error}") from error
    return rows


def expand(group: dict[str, Any], file: str) -> Iterator[Row]:
    """The rows of one group: row *i* takes text *i mod n* and, of each slot, a value chosen by a stride."""
    texts, slots = group["texts"], group.get("slots", {})
    take = max(group.get("take", 0), len(texts))
    image = "image" in group.get("attachments", ())
    route = group["route"]
    label = group.get("risk", "ambiguous") if route == "confirmation" else route
    seen: set[str] = set()
    for index in range(take):
        text = texts[index % len(texts)]
        for offset, (name, values) in enumerate(sorted(slots.items())):
            step = index // (1 + offset % 2) + index * offset + offset
            text = text.replace("{" + name + "}", str(values[step % len(values)]))
        if text not in seen:
            seen.add(text)
            yield Row(text, image, route, label, tuple(group.get("accept", ())), group["lang"], group["group"], file)


def held_back(group: str, share: int = 5) -> bool:
    """Whether a group belongs to the part that training never sees: one in ``share``, by the hash of its name."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:4], "big") % share == 0


def split(rows: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """Training part and held-back part."""
    train: list[Row] = []
    held: list[Row] = []
    for row in rows:
        (held if held_back(row.group) else train).append(row)
    return train, held
