"""Everything that a scan finds, looked at all at once: machine, commands, keys, running servers, models."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from model_router.setup.hardware import Probe, scan_machine
from model_router.setup.machine import Machine
from model_router.setup.running import RunningServer, find_servers, usual_addresses
from model_router.setup.stores import FoundModels, Place, find_models, usual_places
from model_router.setup.stores.model import Layout

COMMANDS = ("ollama", "llama-server", "lms", "mlx_lm.server", "vllm", "koboldcpp", "local-ai", "jan")
KEYS = (
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY", "GEMINI_API_KEY", "MISTRAL_API_KEY"),
    *("GROQ_API_KEY", "DEEPSEEK_API_KEY", "TOGETHER_API_KEY", "XAI_API_KEY", "HF_TOKEN"),
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What there is. ``commands`` are names with the place of the program, ``keys`` whether a variable has a value.

    ``servers`` is ``None`` when they were not asked.
    """

    machine: Machine
    commands: Mapping[str, str | None]
    keys: Mapping[str, bool]
    servers: tuple[RunningServer, ...] | None
    found: FoundModels


def survey(
    probe: Probe,
    environ: Mapping[str, str],
    *,
    machine: Machine | None = None,
    folders: Sequence[Path] = (),
    servers: bool = True,
) -> Survey:
    """Look at everything. ``machine`` stands in for this one; ``folders`` are more folders with models."""
    system = probe.facts().system
    places = usual_places(environ, system, folders)
    with ThreadPoolExecutor(max_workers=3, thread_name_prefix="survey") as threads:
        asked = threads.submit(find_servers, usual_addresses(environ)) if servers else None
        looked = None if machine else threads.submit(scan_machine, probe, model_folders(places))
        found = find_models(places)
        return Survey(
            machine=looked.result() if looked else machine or Machine(),
            commands={name: shutil.which(name, path=environ.get("PATH")) for name in COMMANDS},
            keys={name: bool(environ.get(name, "").strip()) for name in KEYS},
            servers=asked.result() if asked else None,
            found=found,
        )


def model_folders(places: Sequence[Place]) -> list[str]:
    """The folders that exist, and the one that downloads go to, which may not yet."""
    return list(
        dict.fromkeys(
            str(place.folder)
            for place in places
            if place.store in {"model-router", "folder"} or (place.layout is not Layout.NAMES and place.folder.is_dir())
        )
    )


def this_machine(probe: Probe, environ: Mapping[str, str]) -> Machine:
    """The machine alone, with the disks of all folders of models."""
    return scan_machine(probe, model_folders(usual_places(environ, probe.facts().system)))
