"""What the doctor found out about backends, for a gateway that has not asked them yet.

Ollama, for one, does not tell the context of its models where they are listed; its card does. Whether pictures are
taken no server tells reliably, so only the card knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model_router.config.truth_card import read_truth_cards
from model_router.server.backends import Backend


def learn_cards(backends: Mapping[str, Backend], path: Path) -> None:
    """Take over what holds for the same address and model; what the server itself says later counts more."""
    for name, card in read_truth_cards(path).items():
        backend = backends.get(name)
        if backend is None or not card.is_of(backend.config):
            continue
        if backend.abilities.context is None:
            backend.abilities.context = card.context
        backend.abilities.pictures = card.pictures
