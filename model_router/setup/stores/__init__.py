"""Models that are on this machine already, in whichever program's folders; nothing is ever written there."""

from __future__ import annotations

from model_router.setup.stores.finding import find_models
from model_router.setup.stores.model import FoundModels, LocalModel, Place, Unreadable
from model_router.setup.stores.places import usual_places

__all__ = ["FoundModels", "LocalModel", "Place", "Unreadable", "find_models", "usual_places"]
