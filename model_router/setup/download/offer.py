"""A finished model as the model of a backend: a change of ``routing_proxy.yaml``, shown before it is written.

Only the lines that have to change do; comments and order stay. What comes out is read back with the real loader, and
has to differ from what was there in nothing but the backend's model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

import yaml

from model_router.config.catalog_file import load_catalog
from model_router.config.document import parse_document
from model_router.config.proxy import BackendConfig, ProxyConfig
from model_router.config.proxy_file import load_proxy
from model_router.config.wording import nearest
from model_router.engine.routes import Route
from model_router.errors import ConfigError, ModelRouterError, SetupError, UsageError
from model_router.setup.download.plan import Adapter, DownloadPlan
from model_router.setup.whole_file import back_up, write_private

_PLAIN = re.compile(r"[A-Za-z][\w./+-]*")
_NO_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null"})


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A file before and after. Nothing is written until ``write_change``."""

    path: Path
    before: str
    after: str

    def diff(self) -> str:
        """The lines that change, as ``diff -u`` shows them; empty when none does."""
        lines = unified_diff(
            self.before.splitlines(), self.after.splitlines(), self.path.name, self.path.name, lineterm="", n=2
        )
        return "\n".join(lines)


def served_name(plan: DownloadPlan) -> str:
    """The name that the adapter's server will know the model by.

    llama-server with ``--models-dir`` takes the folder's name, LM Studio and mlx-lm the repository's.
    """
    if plan.adapter is Adapter.MLX_LM:
        return plan.repository
    if plan.adapter is Adapter.LMSTUDIO:
        return plan.repository.partition("/")[2].lower().removesuffix("-gguf")
    return plan.model


def server_hint(plan: DownloadPlan) -> str:
    """How the adapter's server comes to know the model, in one sentence."""
    first = plan.weights[0].target if plan.weights else plan.folder
    if plan.adapter is Adapter.OLLAMA:
        return f"Let Ollama take it in: write `FROM {first}` into a Modelfile, then `ollama create {plan.model}`."
    if plan.adapter is Adapter.LMSTUDIO:
        return "LM Studio finds it by itself; `lms ls` shows the name it gives it."
    if plan.adapter is Adapter.MLX_LM:
        return f"Serve it with `mlx_lm.server --model {plan.folder}`."
    if plan.adapter is Adapter.LOCALAI:
        return f"Put a model file of LocalAI beside {first} that names it."
    return (
        f"Serve it with `llama-server --models-dir {Path(plan.folder).parent} --jinja`; its name there is {plan.model}."
    )


def backend_of_route(config: ProxyConfig, route: str) -> str:
    """The backend that a route's requests go to, or nothing."""
    try:
        catalog = load_catalog(Path(config.router_config) if config.router_config else None)
    except ModelRouterError:
        return ""
    return config.engine_backends.get(catalog.routing_targets.get(Route(route), ""), "")


def propose_model(path: Path, backend: str, model: str, environ: Mapping[str, str]) -> ConfigChange:
    """The change that makes ``model`` the model of ``backend``.

    Raises:
        ConfigError: the file cannot be used as it is.
        UsageError: it has no such backend.
    """
    return propose_settings(path, backend, {"model": model}, environ)


def propose_settings(
    path: Path, backend: str, settings: Mapping[str, str | int], environ: Mapping[str, str]
) -> ConfigChange:
    """The change that gives settings of ``backend`` that stand in the file (``model``, ``base_url``) other values.

    Raises:
        ConfigError: the file cannot be used as it is.
        SetupError: a setting stands in no place of its own there, or the change would do more than it should.
        UsageError: it has no such backend.
    """
    config = load_proxy(path, environ)
    if backend not in config.backends:
        near = nearest(backend, config.backends)
        guess = f"did you mean {near!r}? " if near else ""
        raise UsageError(f"{path} has no backend {backend!r}", f"{guess}known: {' '.join(config.backends)}")
    before = path.read_bytes().decode("utf-8-sig")
    root = parse_document(before.encode(), str(path)).root
    own = child(child(root, "backends"), backend)
    places = sorted(((child(own, key), value) for key, value in settings.items()), key=_place, reverse=True)
    after = before
    for node, value in places:
        after = spliced(after, node, scalar(value))
    change = ConfigChange(path, before, after)
    changed: Mapping[str, Any] = settings
    check_change(change, config, backend, replace(config.backends[backend], **changed), environ)
    return change


def write_change(change: ConfigChange, now: datetime) -> Path:
    """Write it; returns the copy of the file as it was.

    Raises:
        SetupError: the file is another one than when the change was made, or cannot be written.
    """
    try:
        if change.path.read_bytes().decode("utf-8-sig") != change.before:
            raise SetupError(f"{change.path} has changed meanwhile and was left alone", "Look at it, then try again.")
        copy = back_up(change.path, now)
        write_private(change.path.resolve(), change.after.encode())
    except OSError as error:
        raise SetupError(f"{change.path} cannot be written ({error.strerror or error})", "Check who owns it.") from None
    return copy


def check_change(
    change: ConfigChange, config: ProxyConfig, backend: str, wanted_backend: BackendConfig, environ: Mapping[str, str]
) -> None:
    """Read the changed text back: ``backend`` has to be as wanted, and everything else as it was.

    Raises:
        SetupError: it is not.
    """
    draft = change.path.with_name(f".{change.path.name}.proposed")
    wanted = {**config.backends, backend: wanted_backend}
    found: ProxyConfig | None
    try:
        write_private(draft, change.after.encode())
        found = load_proxy(draft, environ)
    except OSError as error:
        raise SetupError(
            f"{draft} cannot be written ({error.strerror or error})", "Check who owns the folder."
        ) from None
    except ConfigError:
        found = None
    finally:
        draft.unlink(missing_ok=True)
    if (
        found is None
        or found.backends != wanted
        or replace(found, backends=config.backends, source=config.source) != config
    ):
        raise SetupError(
            f"{change.path} is written in a way that this change cannot keep",
            f"Change backend {backend} by hand: model {wanted_backend.model}, base_url {wanted_backend.base_url}.",
        )


def child(node: yaml.Node, key: str) -> yaml.Node:
    """The value that stands under a key.

    Raises:
        SetupError: there is none.
    """
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if name.value == key:
                return value  # type: ignore[no-any-return]  # PyYAML's stubs leave the pairs untyped
    raise SetupError(f"{key} stands in no place of its own in the file", "Change it by hand.")


def spliced(text: str, node: yaml.Node, words: str) -> str:
    """The text with one value replaced, where the composer says that it stands."""
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    begin = starts[node.start_mark.line] + node.start_mark.column
    end = starts[node.end_mark.line] + node.end_mark.column
    return text[:begin] + words + text[end:]


def _place(placed: tuple[yaml.Node, str | int]) -> tuple[int, int]:
    return placed[0].start_mark.line, placed[0].start_mark.column


def scalar(value: str | int) -> str:
    """The value as YAML writes it, quoted only where it has to be."""
    text = str(value)
    if isinstance(value, int):
        return text
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NO_WORDS else json.dumps(text)
