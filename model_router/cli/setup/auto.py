"""``init --auto``: a configuration for the model servers that run on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from model_router.cli.output import columns, talk
from model_router.errors import SetupError


def write_from_servers(folder: Path, port: int | None, *, yes: bool, force: bool, as_json: bool) -> int:
    """Ask the usual addresses on loopback, suggest a model for each route, and write that after a yes."""
    from model_router.cli.setup.writing import write_picks
    from model_router.setup.running import find_servers, usual_addresses
    from model_router.setup.served import served_models, suggest_picks

    servers = find_servers(usual_addresses(os.environ))
    for server in servers:
        names = ", ".join(model.name for model in server.models[:6]) + (" …" if len(server.models) > 6 else "")
        talk(f"{server.kind} at {server.address}: {'wants a key' if server.locked else names or 'no models'}")
    picks = suggest_picks(served_models(servers))
    if not picks:
        raise SetupError(
            "no model server with a model runs on this machine" if servers else "no model server runs on this machine",
            "Start one (Ollama, LM Studio, llama-server) with a model, or write a preset with --preset NAME.",
        )
    for line in columns([(route.value, pick.model, pick.base_url) for route, pick in picks.items()]):
        talk(line)
    return write_picks(picks, folder, port, yes=yes, force=force, as_json=as_json)
