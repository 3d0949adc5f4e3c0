"""Model servers that run on this machine: which models they have, which of those are loaded, with how much context."""

from __future__ import annotations

from model_router.setup.running.finding import find_servers, usual_addresses
from model_router.setup.running.server import RunningServer, ServedModel

__all__ = ["RunningServer", "ServedModel", "find_servers", "usual_addresses"]
