"""The configuration and this machine: are the files valid, are keys there, is the port free?"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import httpx

from model_router.config.capture import LOG_PROMPTS, keeps_all
from model_router.config.proxy import PromptCapture, ProxyConfig
from model_router.config.proxy_file import CheckedProxy
from model_router.errors import Problem
from model_router.setup.doctor.finding import Finding, fine, problem, warning


def check_files(checked: CheckedProxy) -> Iterator[Finding]:
    """The proxy file and the catalog that it names."""
    for mistake in checked.problems:
        words = _words(mistake, checked.file)
        yield problem("config.proxy", checked.file, words, checked.hint or "Correct the file.")
    for mistake in checked.warnings:
        yield warning("config.proxy", checked.file, _words(mistake, checked.file), "Look at this line.")
    if not checked.problems and checked.config is not None:
        count = len(checked.config.backends)
        yield fine("config.proxy", checked.file, f"valid, {count} backend{'s' * (count != 1)}")
    catalog = checked.catalog
    if catalog is None:
        return
    for mistake in catalog.problems:
        words = _words(mistake, catalog.file)
        yield problem("config.catalog", catalog.file, words, "Correct it: until then every prompt is blocked.")
    if not catalog.problems:
        yield fine("config.catalog", catalog.file, "valid")


def _words(mistake: Problem, file: str) -> str:
    """The mistake, its place without the name of the file that the finding is about."""
    text = str(mistake)
    if mistake.file != file:
        return text
    place = text.removeprefix(file)
    return f"line {place[1:]}" if mistake.line else place.removeprefix(": ")


def check_keys(config: ProxyConfig, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that hold keys; only whether they are there is looked at."""
    if config.proxy.api_key_env and not environ.get(config.proxy.api_key_env):
        yield problem(
            "key.missing",
            "proxy",
            f"{config.proxy.api_key_env}, the key that clients must send, is not set",
            f"Set {config.proxy.api_key_env} where the proxy is started.",
        )
    for name, backend in config.backends.items():
        if backend.api_key_env and not environ.get(backend.api_key_env):
            yield problem(
                "key.missing",
                name,
                f"{backend.api_key_env} is not set",
                f"Set {backend.api_key_env} where the proxy is started.",
            )


def check_capture(config: ProxyConfig, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Whether this environment has prompts kept in full; where the file says so itself, :func:`check_files` tells."""
    if config.observability.prompt_capture is not PromptCapture.FULL and keeps_all(config, environ):
        yield warning(
            "log.prompts",
            LOG_PROMPTS,
            "it is set, so a gateway started here keeps prompts in full in its event log",
            f"Unset {LOG_PROMPTS} where that is not meant.",
        )


def check_port(config: ProxyConfig) -> Finding:
    """Whether the proxy can listen, or does already."""
    host, port = config.proxy.host, config.proxy.port
    if port == 0:
        return fine("port", "proxy", "it picks a free port")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        if _is_ours(host, port):
            return fine("port", "proxy", f"the proxy is running at {host}:{port}")
        return problem(
            "port.taken",
            "proxy",
            f"{host}:{port} cannot be used ({error.strerror or error})",
            "End the program that has it, or set another proxy.port.",
        )
    return fine("port", "proxy", f"{host}:{port} is free")


def _is_ours(host: str, port: int) -> bool:
    """Whether a gateway answers there, as gateways do."""
    name = f"[{host}]" if ":" in host else host
    try:
        answer = httpx.get(f"http://{name}:{port}/health", timeout=1.0, trust_env=False)
        return answer.status_code in {200, 503} and "backends" in answer.json()
    except (httpx.HTTPError, ValueError):
        return False


def engines_of(config: ProxyConfig, backend: str) -> tuple[str, ...]:
    """The engines whose requests go to a backend first."""
    return tuple(engine for engine, name in config.engine_backends.items() if name == backend)
