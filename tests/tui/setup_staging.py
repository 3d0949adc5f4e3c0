"""A machine that is always the same, for the screens about setup: a recorded one, two models on it, one server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

from textual.app import App

from model_router.setup.hardware import scan_machine
from model_router.setup.hardware.recording import Recording
from model_router.setup.header import Attention, ModelHeader
from model_router.setup.running import RunningServer, ServedModel
from model_router.setup.stores import FoundModels, LocalModel, Unreadable
from model_router.setup.survey import COMMANDS, KEYS, Survey
from tests.setup.test_hardware import recorded

QWEN = ModelHeader(
    format="gguf",
    architecture="qwen3",
    size=5_027_783_872,
    name="Qwen3 8B",
    quantization="Q4_K_M",
    parameters=8_190_735_360,
    layers=36,
    context=40_960,
    embedding_length=4096,
    vocabulary=151_936,
    attention=Attention((32,), (8,), 128, 128),
    license="apache-2.0",
)


def found_on(
    machine: str = "nvidia-4090",
    *,
    name: str = "Qwen3-8B-Q4_K_M",
    served: str | Sequence[str] = "granite-4.2-3b",
    key: str = "",
) -> Survey:
    """What a scan of a recorded machine finds: one model in a file, one or some that Ollama serves, perhaps a key."""
    names = (served,) if isinstance(served, str) else tuple(served)
    path = Path("/models") / f"{name.replace('/', '-')[:200]}.gguf"
    return Survey(
        machine=scan_machine(Recording(recorded(machine))),
        commands=MappingProxyType(dict.fromkeys(COMMANDS) | {"ollama": "/usr/bin/ollama"}),
        keys=MappingProxyType({each: each == key for each in KEYS}),
        servers=(
            RunningServer(
                "ollama",
                "http://127.0.0.1:11434",
                "0.20.0",
                tuple(ServedModel(one, True, 32_768, 131_072, "llm", "Q4_K_M", 2_100_000_000) for one in names),
            ),
        ),
        found=FoundModels(
            models=(LocalModel(name, "folder", path, QWEN, QWEN.size),),
            unreadable=(Unreadable(Path("/models/broken.gguf"), "it ends in the middle of its header"),),
        ),
    )


def told(app: App[int]) -> str:
    """What the application has told and still shows, whatever way it is broken into lines."""
    return " ".join(note.message for note in app._notifications)


def always(found: Survey) -> Callable[[], Survey]:
    """A look that finds this."""
    return lambda: found
