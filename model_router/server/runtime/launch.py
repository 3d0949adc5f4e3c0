"""What is started for a backend: its command, its address, its log."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from model_router.config.files import event_log_path, expand
from model_router.config.proxy import BackendConfig, RuntimeConfig, RuntimeTemplate
from model_router.server.redaction import redact

_TEMPLATES: Mapping[RuntimeTemplate, tuple[str, ...]] = {
    RuntimeTemplate.LLAMA_SERVER: ("llama-server", "--host", "{host}", "--port", "{port}", "--alias", "{name}", "-m"),
    RuntimeTemplate.LLAMA_ROUTER: ("llama-server", "--host", "{host}", "--port", "{port}", "--models-dir"),
    RuntimeTemplate.MLX_LM: ("mlx_lm.server", "--host", "{host}", "--port", "{port}", "--model"),
}
"""The model follows. ``{name}`` is the backend's ``model``: what requests call it."""

_LLAMA_CPP = frozenset({RuntimeTemplate.LLAMA_SERVER, RuntimeTemplate.LLAMA_ROUTER})
"""These answer 503 at ``/health`` while they load, and their model is a file or a folder; that of the others may be a
name, which looks like a relative path.
"""

_PLAINLY_PATHS = ("~", "./", "../", os.sep)

_HIDDEN = "[hidden]"
_SECRET = re.compile(
    r"(?i)(?P<name>-hft|-{1,2}[\w-]*(?:key|token|secret|password|passphrase|credentials?)"
    r"|(?!-)\w*(?:key|token|secret|password)(?==))(?:=(?P<value>.*))?",
    re.DOTALL,
)
"""A flag that a secret follows, or that has it, and a variable that has one. ``--max-tokens`` and the names of files
(``--ssl-key-file``) are none.
"""


@dataclass(frozen=True, slots=True)
class Launch:
    """One server's. Its ``argv`` may hold keys and does not show; see :func:`shown_command`."""

    backend: str
    config: RuntimeConfig
    argv: tuple[str, ...] = field(repr=False)
    host: str
    port: int
    ready_url: str
    log: Path
    folder: Path | None
    environ: Mapping[str, str] = field(repr=False)

    def is_server_of(self, other: Launch) -> bool:
        """Whether a server that runs by the other's settings is the one that these would start."""
        return _identity(self) == _identity(other)


def launch_of(
    name: str,
    backend: BackendConfig,
    environ: Mapping[str, str],
    base: Path | None,
    hidden: frozenset[str] = frozenset(),
) -> Launch | None:
    """What to start for a backend; None when the gateway does not. Relative paths count from ``base``.

    ``hidden`` names variables that the server does not get.
    """
    runtime = backend.runtime
    if runtime is None:
        return None
    url = urlsplit(backend.base_url)
    host, port = url.hostname or "127.0.0.1", url.port or 80
    known = {"{host}": host, "{port}": str(port), "{model}": backend.model, "{name}": backend.model}
    log = runtime.log_path or str(event_log_path(environ).with_name(f"runtime-{name}.log"))
    return Launch(
        backend=name,
        config=runtime,
        argv=_argv(runtime, known, environ, base),
        host=host,
        port=port,
        ready_url=_ready_url(runtime, backend, host, port),
        log=expand(log, environ, base),
        folder=expand(runtime.folder, environ, base) if runtime.folder else None,
        environ=child_environment(environ, hidden),
    )


def shown_command(argv: Sequence[str]) -> tuple[str, ...]:
    """A command for people: what its flags and variables call a key or a token is hidden."""
    shown: list[str] = []
    for part in argv:
        flag = _SECRET.fullmatch(part)
        if shown and (before := _SECRET.fullmatch(shown[-1])) is not None and before["value"] is None:
            shown.append(_HIDDEN)
        elif flag is not None and flag["value"] is not None:
            shown.append(f"{flag['name']}={_HIDDEN}")
        else:
            shown.append(redact(part))
    return tuple(shown)


def child_environment(environ: Mapping[str, str], hidden: frozenset[str]) -> dict[str, str]:
    """The environment for a server: the gateway's own, without the keys that it holds for others."""
    return {name: value for name, value in environ.items() if name not in hidden}


def _argv(
    runtime: RuntimeConfig, known: Mapping[str, str], environ: Mapping[str, str], base: Path | None
) -> tuple[str, ...]:
    """Each element stays one: no shell reads it. A program with a separator in its name is a path, as in a shell."""
    if runtime.template is not None:
        own = runtime.model or ""
        if runtime.template in _LLAMA_CPP or own.startswith(_PLAINLY_PATHS):
            own = _placed(own, environ, base)
        parts = (*_TEMPLATES[runtime.template], own, *runtime.arguments)
    else:
        parts = runtime.command or ()
    filled = [_filled(part, known) for part in parts]
    return (_placed(filled[0], environ, base) if os.sep in filled[0] else filled[0], *filled[1:])


def _placed(path: str, environ: Mapping[str, str], base: Path | None) -> str:
    """Where a path is, wherever the server itself will stand; ``./program`` keeps its dot where that is not known."""
    found = expand(path, environ, base)
    return str(found) if found.is_absolute() else path


def _identity(launch: Launch) -> tuple[object, ...]:
    return launch.argv, launch.host, launch.port, launch.log, launch.folder


def _filled(part: str, known: Mapping[str, str]) -> str:
    for mark, value in known.items():
        part = part.replace(mark, value)
    return part


def _ready_url(runtime: RuntimeConfig, backend: BackendConfig, host: str, port: int) -> str:
    if runtime.ready_url:
        return runtime.ready_url
    if runtime.template in _LLAMA_CPP:
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/health"
    return backend.base_url.rstrip("/") + "/models"
