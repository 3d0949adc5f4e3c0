"""What a running server told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model of a server.

    ``loaded`` is ``None`` where the server does not tell. ``context`` is what a request may use now, ``context_limit``
    what the model could take; both in tokens. ``memory`` is what it takes while loaded, ``gpu_memory`` the part of that
    in graphics memory; ``size`` is that of its files. All three in bytes.
    """

    name: str
    loaded: bool | None = None
    context: int | None = None
    context_limit: int | None = None
    kind: str = ""
    quantization: str = ""
    size: int | None = None
    memory: int | None = None
    gpu_memory: int | None = None


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server on this machine. ``kind`` is ``ollama``, ``lmstudio``, ``llamacpp`` or ``openai`` for any other.

    ``locked``: it wants a key before it tells anything.
    """

    kind: str
    address: str
    version: str = ""
    models: tuple[ServedModel, ...] = ()
    locked: bool = False
