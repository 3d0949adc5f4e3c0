"""What the hub holds: repositories, their files, and how each of them misbehaves."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

COMMIT = "1" * 40
NEXT_COMMIT = "2" * 40
MB = 1_000_000


def body(seed: str, size: int) -> bytes:
    """Bytes that look like weights: the same for the same seed, and nowhere alike."""
    block = b"".join(hashlib.sha256(f"{seed}{number}".encode()).digest() for number in range(128))
    return (b"GGUF" + seed.encode() + block * (size // len(block) + 1))[:size]


@dataclass
class Faults:
    """What goes wrong, and what is just unusual.

    ``cut_after``: each answer breaks off after so many bytes. ``rate``: bytes a second. ``busy``: so many requests are
    refused with 429 and ``retry_after``. ``expired``: so many signed addresses are refused by the storage. ``hold_at``:
    answers stand still at this offset until they are let go. ``relays``: small files come by another path of the hub.
    """

    cut_after: int = 0
    no_range: bool = False
    corrupt: bool = False
    rate: int = 0
    busy: int = 0
    retry_after: str = "0"
    expired: int = 0
    hold_at: int = -1
    broken_metadata: bytes = b""
    weak_etags: bool = False
    storage_status: int = 0
    relays: bool = False


@dataclass
class Repo:
    """One repository. Files ending in .gguf or .safetensors are kept as LFS keeps them."""

    files: dict[str, bytes]
    gated: str = ""
    private: bool = False
    commit: str = COMMIT
    licence: str = "apache-2.0"
    faults: Faults = field(default_factory=Faults)
    announced: dict[str, bytes] = field(default_factory=dict)
    """Contents that the metadata tells of, where they are other ones than those that are sent."""

    def info(self, name: str) -> dict[str, Any]:
        """The answer of ``/api/models/NAME?blobs=true``."""
        return {
            "_id": "6500000000000000000000aa",
            "id": name,
            "modelId": name,
            "sha": self.commit,
            "private": self.private,
            "gated": self.gated or False,
            "disabled": False,
            "downloads": 1,
            "likes": 1,
            "tags": ["gguf", f"license:{self.licence}"] if self.licence else ["gguf"],
            "siblings": [self._sibling(path) for path in self.files],
            "cardData": {"license": self.licence} if self.licence else {},
        }

    def digest(self, path: str) -> str:
        """What the hub says a file hashes to."""
        content = self.announced.get(path, self.files[path])
        if is_lfs(path):
            return hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def size(self, path: str) -> int:
        """What the hub says a file weighs."""
        return len(self.announced.get(path, self.files[path]))

    def _sibling(self, path: str) -> dict[str, Any]:
        told: dict[str, Any] = {"rfilename": path, "size": self.size(path), "blobId": "a" * 40}
        if is_lfs(path):
            told["lfs"] = {"sha256": self.digest(path), "size": self.size(path), "pointerSize": 134}
        else:
            told["blobId"] = self.digest(path)
        return told


def is_lfs(path: str) -> bool:
    """Whether a file lies in the storage behind the hub."""
    return path.endswith((".gguf", ".safetensors"))


def small_model(name: str = "tiny", size: int = MB) -> Repo:
    """A repository as quantisers make them."""
    return Repo(
        {
            "README.md": b"# A model\n",
            "config.json": json.dumps({"model_type": "llama"}).encode(),
            f"{name}-Q4_K_M.gguf": body(f"{name}-q4", size),
            f"{name}-Q8_0.gguf": body(f"{name}-q8", 2 * size),
            f"mtp-{name}-Q4_K_M.gguf": body(f"{name}-mtp", 1000),
            f"{name}-imatrix.gguf": body(f"{name}-imatrix", 1000),
            f"mmproj-{name}-F16.gguf": body(f"{name}-mmproj16", 30_000),
            f"mmproj-{name}-F32.gguf": body(f"{name}-mmproj32", 60_000),
        }
    )
