"""What a server was found to be, held against what the configuration wants of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from model_router.config.proxy import BackendConfig
from model_router.config.wording import nearest
from model_router.engine.catalog import EngineSpec
from model_router.setup.doctor.finding import Finding, fine, problem, warning
from model_router.setup.doctor.probe import Found

_LEAST_CONTEXT = 8192
"""Below this the first message of most agents does not fit; theirs take 10,000 tokens and more."""

_STARTS = {
    11434: "Start Ollama (`ollama serve`)",
    1234: "Start LM Studio's server (`lms server start`)",
    8080: "Start the server (for llama.cpp `llama-server --models-dir FOLDER --jinja`)",
}
"""How the servers that usually listen at these ports are started."""


def judge(
    name: str, config: BackendConfig, found: Found, engines: Mapping[str, EngineSpec], painter: str = ""
) -> Iterator[Finding]:
    """Everything there is to say about one backend.

    ``engines`` are those that send it their requests; ``painter`` is the one that makes pictures and is sent none.
    """
    if found.trouble:
        yield _unreachable(name, config, found)
        return
    yield fine("backend.reached", name, f"{config.base_url} answers" + (f" ({found.server})" if found.server else ""))
    yield _advertised(name, config, found)
    yield from _context(name, config, found)
    yield from _streams(name, found)
    yield from _tools(name, config, found, engines)
    yield from _pictures(name, found, {engine: spec for engine, spec in engines.items() if engine != painter})
    if found.stops_when_left is False:
        yield warning(
            "backend.leaving",
            name,
            "it goes on computing when the client of a stream leaves",
            "Update the server; until then an abandoned answer keeps it busy.",
        )
    elif found.stops_when_left:
        yield fine("backend.leaving", name, "it stops when the client leaves")


def _unreachable(name: str, config: BackendConfig, found: Found) -> Finding:
    if found.status in {401, 403}:
        where = config.api_key_env or "api_key_env"
        return problem("backend.key", name, f"{config.base_url}: {found.trouble}", f"Put the right key into {where}.")
    if found.status == 404:
        return problem(
            "backend.address", name, f"{config.base_url}: {found.trouble}", "base_url has to end where /models follows."
        )
    start = _STARTS.get(urlsplit(config.base_url).port or 0, "Start the server")
    return problem("backend.unreachable", name, f"{config.base_url}: {found.trouble}", f"{start}, or correct base_url.")


def _advertised(name: str, config: BackendConfig, found: Found) -> Finding:
    if found.listed is None:
        return warning(
            "backend.model", name, "it does not list its models", f"Make sure that it serves {config.model}."
        )
    if is_listed(config.model, found.listed):
        return fine("backend.model", name, f"it has {config.model}")
    if not found.listed:
        return problem("backend.model", name, "it has no model at all", "Load one, or give it a folder with models.")
    near = nearest(config.model, found.listed) or found.listed[0]
    if len(found.listed) == 1 and found.server.lower().startswith("llama.cpp"):
        return warning(
            "backend.model",
            name,
            f"it serves {found.listed[0]} whatever it is asked for, also for {config.model}",
            f"Set model: {found.listed[0]}, or start it with --alias {config.model}.",
            model=found.listed[0],
        )
    listed = ", ".join(found.listed[:5]) + (" …" if len(found.listed) > 5 else "")
    return problem(
        "backend.model",
        name,
        f"it does not have {config.model}; it has {listed}",
        f"Set model: {near}, or load the other.",
        model=near,
    )


def is_listed(model: str, listed: tuple[str, ...]) -> bool:
    """Whether a list of models has this one; Ollama leaves ``:latest`` away when it is asked."""
    return model in listed or f"{model}:latest" in listed


def _context(name: str, config: BackendConfig, found: Found) -> Iterator[Finding]:
    if found.context is None:
        return
    if config.max_context is not None and config.max_context > found.context:
        yield problem(
            "backend.context",
            name,
            f"its context is {found.context} tokens, max_context says {config.max_context}",
            f"Set max_context: {found.context}, or start the server with more.",
            max_context=found.context,
        )
    elif found.context < _LEAST_CONTEXT:
        yield warning(
            "backend.context",
            name,
            f"its context is {found.context} tokens, too short for most agents",
            "Start the server with 32768 or more, if the memory is there.",
        )
    else:
        yield fine("backend.context", name, f"its context is {found.context} tokens")


def _streams(name: str, found: Found) -> Iterator[Finding]:
    if found.streams is False:
        note = found.notes.get("stream", "")
        yield problem(
            "backend.streams",
            name,
            f"it sends no stream of chat completions ({note})",
            "Look into the server's own log.",
        )
    elif found.streams:
        yield fine("backend.streams", name, "it streams")
    elif "stream" in found.notes:
        yield problem(
            "backend.streams", name, f"it gave no answer ({found.notes['stream']})", "Try a longer --timeout."
        )
    if found.usage_in_streams is False:
        yield warning(
            "backend.usage",
            name,
            "its streams do not tell how many tokens were used",
            "Nothing breaks; token counts of streams stay unknown.",
        )


def _tools(name: str, config: BackendConfig, found: Found, engines: Mapping[str, EngineSpec]) -> Iterator[Finding]:
    wanting = [engine for engine, spec in engines.items() if spec.supports_tools]
    if found.tools:
        yield fine("backend.tools", name, "it calls tools")
    elif found.tools is False and wanting and not config.strip_tools:
        yield problem(
            "backend.tools",
            name,
            f"it refuses tools, and {', '.join(wanting)} may need them ({found.notes.get('tools', '')})",
            "Start llama-server with --jinja, choose a model with tool calls, or set strip_tools: true.",
        )
    elif "tools" in found.notes and wanting and not config.strip_tools:
        yield warning(
            "backend.tools",
            name,
            f"whether it calls tools is not known: {found.notes['tools']}",
            "Agents need a model that does; small ones often do not.",
        )


def _pictures(name: str, found: Found, engines: Mapping[str, EngineSpec]) -> Iterator[Finding]:
    wanting = [engine for engine, spec in engines.items() if "image" in spec.modalities]
    if found.pictures:
        yield fine("backend.pictures", name, "it takes pictures")
    elif found.pictures is False and wanting:
        yield problem(
            "backend.pictures",
            name,
            f"it takes no pictures, and {', '.join(wanting)} sends it some ({found.notes.get('pictures', '')})",
            "Give it a vision model (for llama-server with its --mmproj), or disable that engine.",
        )
