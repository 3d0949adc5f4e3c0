"""A finished model in a server that the gateway starts itself: the ``runtime`` block of its backend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from model_router.config.document import parse_document
from model_router.config.proxy import BackendConfig, ProxyConfig, RuntimeConfig, RuntimeTemplate
from model_router.config.proxy_file import is_loopback, load_proxy
from model_router.errors import SetupError, UsageError
from model_router.setup.download.offer import (
    ConfigChange,
    check_change,
    child,
    propose_model,
    scalar,
    served_name,
    spliced,
)
from model_router.setup.download.plan import Adapter, DownloadPlan
from model_router.setup.model_catalog import Work
from model_router.setup.recommend.needs import ROUTE_NEEDS


def has_own_server(config: ProxyConfig, backend: str) -> bool:
    """Whether the gateway starts a llama-server with one model file for this backend already."""
    own = config.backends.get(backend)
    return own is not None and own.runtime is not None and own.runtime.template is RuntimeTemplate.LLAMA_SERVER


def propose_runtime(path: Path, backend: str, plan: DownloadPlan, environ: Mapping[str, str]) -> ConfigChange:
    """The change that makes the model that of ``backend`` and has the gateway start a llama-server with its file.

    A runtime that is there already keeps what a person has set, and gets the new file.

    Raises:
        ConfigError: the file cannot be used as it is.
        SetupError: the file is written in a way that the change cannot keep.
        UsageError: there is no such backend, or no server can be started for it.
    """
    change = propose_model(path, backend, served_name(plan), environ)
    config = load_proxy(path, environ)
    own = config.backends[backend]
    _check_place(config, backend, own, plan)
    file = plan.weights[0].target
    root = parse_document(change.after.encode(), str(path)).root
    node = child(child(root, "backends"), backend)
    if own.runtime is not None:
        runtime = replace(own.runtime, model=file, arguments=_with_projector(own.runtime.arguments, plan))
        after = change.after
        if runtime.arguments != own.runtime.arguments:
            after = spliced(after, child(child(node, "runtime"), "arguments"), json.dumps(list(runtime.arguments)))
        after = spliced(after, child(child(node, "runtime"), "model"), scalar(file))
    else:
        runtime = RuntimeConfig(template=RuntimeTemplate.LLAMA_SERVER, model=file, arguments=_arguments(plan))
        after = _with_runtime(change.after, node, runtime, backend)
    change = replace(change, after=after)
    wanted = replace(own, model=served_name(plan), runtime=runtime)
    check_change(change, config, backend, wanted, environ)
    return change


def _check_place(config: ProxyConfig, backend: str, own: BackendConfig, plan: DownloadPlan) -> None:
    if plan.adapter is not Adapter.LLAMACPP or not plan.weights:
        raise UsageError("the gateway starts servers for llama.cpp's models only", "Leave --managed out.")
    if own.runtime is not None and not has_own_server(config, backend):
        raise UsageError(f"backend {backend} has a runtime of another kind", "Change that one by hand.")
    url = urlsplit(own.base_url)
    if not (url.scheme == "http" and is_loopback(url.hostname or "") and url.port):
        raise UsageError(
            f"backend {backend} is at {own.base_url}, where no server can be started",
            "Give it an address of this machine with a port.",
        )
    others = [name for name, other in config.backends.items() if name != backend and other.base_url == own.base_url]
    if others:
        raise UsageError(
            f"{', '.join(others)} and {backend} share {own.base_url}, and a managed server needs an address of its own",
            f"Give {backend} another port in base_url, like {_free_port(config)}, then run this again.",
        )


def _free_port(config: ProxyConfig) -> int:
    taken = {urlsplit(backend.base_url).port for backend in config.backends.values()} | {config.proxy.port}
    return next(port for port in range(8091, 65_536) if port not in taken)


def _arguments(plan: DownloadPlan) -> tuple[str, ...]:
    """With tool calls, and as much context as the route asks for; without a route the server decides."""
    need = ROUTE_NEEDS[Work(plan.route)] if plan.route in set(Work) else None
    context = ("-c", str(need.context)) if need is not None else ()
    return _with_projector(("--jinja", *context), plan)


def _with_projector(arguments: tuple[str, ...], plan: DownloadPlan) -> tuple[str, ...]:
    """The same, with this model's projector and no other's."""
    kept = list(arguments)
    if "--mmproj" in kept:
        at = kept.index("--mmproj")
        del kept[at : at + 2]
    return (*kept, "--mmproj", plan.projector.target) if plan.projector else tuple(kept)


def _with_runtime(text: str, node: yaml.Node, runtime: RuntimeConfig, backend: str) -> str:
    """The text with the block under the line of the backend's model."""
    model = child(node, "model")
    if not isinstance(node, yaml.MappingNode) or node.flow_style:
        raise SetupError(f"backend {backend} is written in braces", "Write it a setting a line, then run this again.")
    keys = [key for key, _ in node.value]
    indent = " " * keys[0].start_mark.column
    lines = text.split("\n")
    block = [
        f"{indent}runtime:",
        f"{indent}  template: {runtime.template}",
        f"{indent}  model: {scalar(runtime.model or '')}",
        f"{indent}  arguments: {json.dumps(list(runtime.arguments))}",
    ]
    after = model.end_mark.line + 1
    return "\n".join([*lines[:after], *block, *lines[after:]])
