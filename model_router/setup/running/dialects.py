"""How each kind of server tells what it has. The first that makes sense of the answers names the server.

Many pretend to be others: llama.cpp and KoboldCpp answer some of Ollama's paths, LM Studio answers every path with 200.
So each is known by what only it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from model_router.setup.running.asking import Questioner, count, member, text
from model_router.setup.running.server import RunningServer, ServedModel


def ask_server(questioner: Questioner, address: str) -> RunningServer | None:
    """What the server at ``address`` is, or ``None`` when there is none that serves models."""
    listed = questioner.get("/v1/models")
    if listed.status == 0:
        return None
    if listed.status in {401, 403}:
        return RunningServer("openai", address, locked=True)
    for dialect in (_llama_cpp, _lm_studio, _ollama):
        server = dialect(questioner, address, listed.rows("data"))
        if server is not None:
            return server
    if not isinstance(listed.object().get("data"), list):
        return None
    models = (
        ServedModel(name, context_limit=count(row, "max_model_len", "context_length", "context_window"))
        for row in listed.rows("data")
        if (name := text(row, "id"))
    )
    return RunningServer("openai", address, models=tuple(models))


def _llama_cpp(questioner: Questioner, address: str, listed: list[dict[str, Any]]) -> RunningServer | None:
    """``/props`` is its own. With several models ("router mode") each row says whether it is loaded."""
    properties = questioner.get("/props").object()
    settings = properties.get("default_generation_settings")
    if not isinstance(settings, dict) and text(properties, "role") != "router":
        return None
    context = count(settings, "n_ctx") if isinstance(settings, dict) else None
    models = []
    for row in listed:
        name = text(row, "id")
        meta, status = member(row, "meta"), member(row, "status")
        state = text(status, "value")
        models.append(
            ServedModel(
                PurePath(name).name if name.endswith(".gguf") else name,
                loaded=state == "loaded" if state else True,
                context=context if state in {"", "loaded"} else None,
                context_limit=count(meta, "n_ctx_train"),
                size=count(meta, "size"),
            )
        )
    version = text(properties, "build_info")
    return RunningServer("llamacpp", address, version, tuple(model for model in models if model.name))


def _lm_studio(questioner: Questioner, address: str, listed: list[dict[str, Any]]) -> RunningServer | None:
    """Its own interface tells the state of each model."""
    rows = [row for row in questioner.get("/api/v0/models").rows("data") if text(row, "state")]
    if not rows:
        return None
    models = []
    for row in rows:
        loaded = text(row, "state") == "loaded"
        models.append(
            ServedModel(
                text(row, "id"),
                loaded=loaded,
                context=count(row, "loaded_context_length") if loaded else None,
                context_limit=count(row, "max_context_length"),
                kind=text(row, "type"),
                quantization=text(row, "quantization"),
            )
        )
    return RunningServer("lmstudio", address, models=tuple(model for model in models if model.name))


def _ollama(questioner: Questioner, address: str, listed: list[dict[str, Any]]) -> RunningServer | None:
    """``/api/tags`` is what it has, ``/api/ps`` what is loaded."""
    version = text(questioner.get("/api/version").object(), "version")
    tags = questioner.get("/api/tags")
    if not version or not isinstance(tags.object().get("models"), list):
        return None
    running = {text(row, "name", "model"): row for row in questioner.get("/api/ps").rows("models")}
    models = (_ollama_model(row, running) for row in tags.rows("models") if text(row, "name", "model"))
    return RunningServer("ollama", address, version, tuple(models))


def _ollama_model(row: Mapping[str, Any], running: Mapping[str, Mapping[str, Any]]) -> ServedModel:
    name = text(row, "name", "model")
    now = running.get(name)
    return ServedModel(
        name,
        loaded=now is not None,
        context=count(now, "context_length") if now else None,
        quantization=text(member(row, "details"), "quantization_level"),
        size=count(row, "size"),
        memory=count(now, "size") if now else None,
        gpu_memory=count(now, "size_vram") if now else None,
    )
