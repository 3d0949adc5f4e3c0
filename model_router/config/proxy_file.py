"""``routing_proxy.yaml`` into a :class:`ProxyConfig`."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from model_router.config.catalog_file import CheckedCatalog, check_catalog, mistakes
from model_router.config.document import Document, parse_document, read_document
from model_router.config.files import event_log_path, expand
from model_router.config.proxy import (
    BackendConfig,
    OverridesConfig,
    PromptCapture,
    ProxyConfig,
    RuntimeConfig,
    RuntimeTemplate,
)
from model_router.config.reader import Reader
from model_router.engine.routes import HUMAN_CONFIRM
from model_router.errors import ConfigError, Problem


@dataclass(frozen=True, slots=True)
class CheckedProxy:
    """A proxy file with what there is to say about it. ``config`` is usable when ``problems`` is empty.

    ``catalog`` is the checked catalog that the file names (or the packaged one): its problems do not stop the proxy,
    they close its router. ``hint`` is what to do about a file that cannot be read at all.
    """

    file: str
    config: ProxyConfig | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    catalog: CheckedCatalog | None
    hint: str = ""


def load_proxy(path: Path, environ: Mapping[str, str] | None = None) -> ProxyConfig:
    """The proxy configuration of a file, with its paths made absolute and ``source`` set.

    Raises:
        ConfigError: with every mistake of the file.
    """
    checked = check_proxy(path, environ)
    if checked.config is None or checked.problems:
        raise mistakes(checked.file, checked.problems, "validate-proxy-config", checked.hint)
    return checked.config


def check_proxy(path: Path, environ: Mapping[str, str] | None = None) -> CheckedProxy:
    """Read a file and say everything about it; never raises for what the file holds."""
    try:
        document = read_document(path)
    except ConfigError as error:
        return CheckedProxy(str(path), None, error.problems, (), None, error.hint)
    return _check(document, path, os.environ if environ is None else environ)


def check_proxy_text(text: str, path: Path, environ: Mapping[str, str]) -> CheckedProxy:
    """The same for what a file may hold soon: paths in it count from where ``path`` is."""
    try:
        document = parse_document(text.encode("utf-8", "replace"), str(path))
    except ConfigError as error:
        return CheckedProxy(str(path), None, error.problems, (), None, error.hint)
    return _check(document, path, environ)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``. Names other than ``localhost`` count as reachable from outside."""
    if host.lower() in {"localhost", "localhost."}:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _check(document: Document, path: Path, environ: Mapping[str, str]) -> CheckedProxy:
    reader = Reader(document)
    config = reader.read(ProxyConfig)
    catalog = None
    if config is not None:
        config = _resolved(config, reader, path, environ)
        catalog = check_catalog(Path(config.router_config) if config.router_config else None)
        _check_listen(config, reader, environ)
        if config.observability.prompt_capture is PromptCapture.FULL:
            reader.report("observability.prompt_capture", "the event log keeps prompts in full", warning=True)
        _check_backends(config, reader, environ)
        _check_engines(config, reader, catalog)
        _check_aliases(config, reader, catalog)
    warnings = tuple(sorted(reader.warnings, key=lambda problem: (problem.line, problem.column)))
    return CheckedProxy(document.file, config, reader.sorted_problems(), warnings, catalog)


def _resolved(config: ProxyConfig, reader: Reader, path: Path, environ: Mapping[str, str]) -> ProxyConfig:
    """Relative paths count from the file's own folder, so that the proxy may be started from anywhere."""
    folder = path.absolute().parent
    said = reader.has("observability.log_path")
    log_path = expand(config.observability.log_path, environ, folder) if said else event_log_path(environ)
    catalog = str(expand(config.router_config, environ, folder)) if config.router_config else None
    return replace(
        config,
        router_config=catalog,
        observability=replace(config.observability, log_path=str(log_path)),
        source=str(path.absolute()),
    )


def _check_listen(config: ProxyConfig, reader: Reader, environ: Mapping[str, str]) -> None:
    listen = config.proxy
    _check_key("proxy", listen.api_key, listen.api_key_env, reader, environ)
    for name, one in listen.api_keys.items():
        path = f"proxy.api_keys.{name}"
        if bool(one.key) == bool(one.env):
            reader.report(path, "set either key or env")
        elif one.env and not environ.get(one.env):
            message = f"the environment variable {one.env} is not set at the moment"
            reader.report(f"{path}.env", message, warning=True)
    if not is_loopback(listen.host) and not listen.asks_for_key:
        message = "other machines can reach this address, so a key is needed: set proxy.api_key_env"
        reader.report("proxy.host", message, found=listen.host)
    if reader.has("proxy.model_ids") and not listen.model_ids:
        reader.report("proxy.model_ids", "at least one name is needed")


def _check_key(path: str, key: str | None, key_env: str | None, reader: Reader, environ: Mapping[str, str]) -> None:
    if key and key_env:
        reader.report(f"{path}.api_key_env", "api_key and api_key_env are both set; keep one of them")
    elif key_env and not environ.get(key_env):
        reader.report(
            f"{path}.api_key_env", f"the environment variable {key_env} is not set at the moment", warning=True
        )


def _check_backends(config: ProxyConfig, reader: Reader, environ: Mapping[str, str]) -> None:
    names = reader.names("backends")
    if not names:
        reader.report("backends", "at least one backend is needed")
        return
    for name, backend in config.backends.items():
        _check_key(f"backends.{name}", backend.api_key, backend.api_key_env, reader, environ)
        _check_overrides(f"backends.{name}.overrides", backend.overrides, reader)
        if backend.runtime is not None:
            _check_runtime(f"backends.{name}", backend, backend.runtime, reader)
    _check_ports(config, reader)
    for engine, backend_name in config.engine_backends.items():
        if backend_name not in names:
            reader.report(
                f"engine_backends.{engine}", "this backend is not in backends", found=backend_name, allowed=names
            )
    for name in reader.names("fallback_backends"):
        if name not in names:
            reader.report(f"fallback_backends.{name}", "this backend is not in backends", found=name, allowed=names)
    for name, others in config.fallback_backends.items():
        for index, other in enumerate(others):
            path = f"fallback_backends.{name}[{index}]"
            if other not in names:
                reader.report(path, "this backend is not in backends", found=other, allowed=names)
            elif other == name:
                reader.report(path, "a backend cannot be its own fallback", found=other)


_MLX_OWN = "default_model"
"""What mlx_lm.server calls the model that it was started with; any other name but that one's it looks for itself."""


def _check_runtime(path: str, backend: BackendConfig, runtime: RuntimeConfig, reader: Reader) -> None:
    """A server that is started here has to listen here, at a port that is known before."""
    try:
        url = urlsplit(backend.base_url)
        here = url.scheme == "http" and is_loopback(url.hostname or "") and url.port is not None
    except ValueError:
        here = False
    if not here:
        message = "a server with a runtime needs http, an address of this machine and a port"
        reader.report(f"{path}.base_url", message, found=backend.base_url)
    if runtime.command is None and reader.has(f"{path}.runtime.command"):
        return  # it has a mistake, which is told already
    if bool(runtime.command) == (runtime.template is not None):
        reader.report(f"{path}.runtime", "set either command or template")
    elif runtime.template is not None and runtime.model is None:
        reader.report(f"{path}.runtime", "a template needs the model")
    elif runtime.command and (runtime.model is not None or runtime.arguments):
        reader.report(f"{path}.runtime", "model and arguments belong to a template; write them into command")
    elif runtime.template is RuntimeTemplate.MLX_LM and backend.model not in _mlx_names(runtime):
        message = (
            "mlx_lm.server loads, and fetches, a model of this name beside that of runtime; write the same in both"
        )
        reader.report(f"{path}.model", message, found=backend.model, warning=True)


def _mlx_names(runtime: RuntimeConfig) -> tuple[str, ...]:
    """What its own model may be called. A path is given to it whole, and so known to it by that alone."""
    own = runtime.model or ""
    return (_MLX_OWN,) if own.startswith(("~", "./", "../")) else (_MLX_OWN, own)


def _check_ports(config: ProxyConfig, reader: Reader) -> None:
    """Two servers cannot listen at one port, nor one at the gateway's; backends may share one that has many models."""
    taken: dict[int, BackendConfig] = {}
    for name, backend in config.backends.items():
        if backend.runtime is None:
            continue
        with contextlib.suppress(ValueError):
            port = urlsplit(backend.base_url).port
            first = taken.setdefault(port, backend) if port is not None else backend
            if port == config.proxy.port:
                reader.report(f"backends.{name}.base_url", "the gateway itself listens at this port", found=str(port))
            elif first is not backend and not _is_shared(first, backend):
                other = next(one for one, each in config.backends.items() if each is first)
                message = f"the server of '{other}' listens at this port; only with the same runtime, and one that "
                message += "does not name the model, is it this one's too"
                reader.report(f"backends.{name}.base_url", message, found=str(port))


def _is_shared(one: BackendConfig, other: BackendConfig) -> bool:
    """Whether one server is started for both: it has many models, and each request names its own."""
    runtime = one.runtime
    if runtime is None or runtime != other.runtime or one.base_url != other.base_url:
        return False
    words = (*(runtime.command or ()), *runtime.arguments)
    return runtime.template is not RuntimeTemplate.LLAMA_SERVER and not any(
        mark in word for word in words for mark in ("{model}", "{name}")
    )


_OURS = frozenset({"model", "stream", "messages", "input", "prompt"})


def _check_overrides(path: str, overrides: OverridesConfig, reader: Reader) -> None:
    """Some fields are the gateway's own business or the request itself."""
    named = [(f"{path}.set.{name}", name) for name in overrides.set]
    named += [(f"{path}.default.{name}", name) for name in overrides.default]
    named += [(f"{path}.remove[{place}]", name) for place, name in enumerate(overrides.remove)]
    for place, name in named:
        if name in _OURS:
            reader.report(place, "this field is the gateway's own and cannot be changed here", found=name)
    given = overrides.set.keys() | overrides.default.keys()
    for position, name in enumerate(overrides.remove):
        if name in given and name not in _OURS:
            reader.report(f"{path}.remove[{position}]", "this field is given a value here as well", found=name)


def _check_aliases(config: ProxyConfig, reader: Reader, catalog: CheckedCatalog) -> None:
    engines = tuple(catalog.catalog.engines) if catalog.catalog is not None else ()
    known = (*(name for name in engines if name != HUMAN_CONFIRM), *reader.names("backends"))
    for name, target in config.proxy.aliases.items():
        if target not in known:
            path = f"proxy.aliases.{name}"
            reader.report(path, "this is neither an engine nor a backend", found=target, allowed=known)


def _check_engines(config: ProxyConfig, reader: Reader, catalog: CheckedCatalog) -> None:
    if not reader.names("engine_backends") and reader.names("backends"):
        reader.report("engine_backends", "at least one engine needs a backend")
    if catalog.catalog is None or catalog.problems:
        reader.report(
            "router_config",
            "the catalog cannot be used, so every request would wait for a person",
            found=catalog.file,
            warning=True,
        )
        return
    engines = catalog.catalog.engines
    known = tuple(name for name in engines if name != HUMAN_CONFIRM)
    mapped = reader.names("engine_backends")
    for name in mapped:
        path = f"engine_backends.{name}"
        if name == HUMAN_CONFIRM:
            reader.report(path, f"{HUMAN_CONFIRM} is a person and has no backend")
        elif name not in engines:
            reader.report(path, "this engine is not in the catalog", found=name, allowed=known)
    idle = [name for name in known if name not in mapped and engines[name].enabled]
    if mapped and idle:
        reader.report("engine_backends", f"these enabled engines have no backend: {' '.join(idle)}", warning=True)
