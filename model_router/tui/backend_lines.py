"""The backends as lines: how each is, how fast, and what to do about those that do not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textual.content import Content

from model_router.config.proxy import BackendConfig
from model_router.tui.lines import paragraph, title
from model_router.tui.session import Phase, Session
from model_router.tui.text import clean, fit

if TYPE_CHECKING:
    from model_router.server.health import BackendHealth


def is_here(backend: BackendConfig) -> bool:
    """Whether a backend runs on this machine."""
    try:
        return _is_loopback(urlsplit(backend.base_url).hostname or "")
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    """Read with the configuration, before which there is no backend; the first picture does not wait for it."""
    from model_router.config.proxy_file import is_loopback

    return is_loopback(host)


def rest_words(session: Session, name: str) -> str:
    """What the breaker of a backend does, and who waits in its line; empty when there is nothing to say."""
    backend = session.gateway.backends.get(name) if session.gateway is not None else None
    if backend is None:
        return ""
    breaker = backend.breaker.snapshot()
    if breaker.state.value == "open":
        if not breaker.retry_in or breaker.retry_in < 1:
            return "is tried with the next request"
        return f"rests for {breaker.retry_in:.0f} s: {breaker.reason}"
    if breaker.state.value == "half_open":
        return "is being tried again"
    line = backend.line.snapshot() if backend.line is not None else None
    return f"busy: {line.serving} served, {line.waiting} waiting" if line is not None and line.waiting else ""


def backend_lines(session: Session, width: int) -> list[Content]:
    """One line for each backend, and below them what to do about those that do not answer."""
    if session.gateway is None:
        return []
    config = session.gateway.config
    known = {health.name: health for health in session.gateway.health}
    name_width = min(20, max([8, *(len(name) for name in config.backends)]))
    longest = max((len(one.model) for one in config.backends.values()), default=8)
    model_width = max(8, min(26, longest, (width - name_width - 6) // 2))
    room = width - name_width - model_width - 6
    tallies = session.feed.tallies.backends
    lines = [title("Backends", width)]
    for name, backend in config.backends.items():
        glyph, style, words = _health_words(known.get(name), session.phase)
        tally = tallies.get(name)
        if tally is not None and tally.tokens_per_second is not None and glyph == "✓":
            words += f" · {tally.tokens_per_second:,.0f} tokens/s"
        if len(words) > room:
            words = words.removeprefix("answers in ")  # the sign says that it does
        resting = rest_words(session, name)
        if resting:
            glyph, style, words = "!", "$text-warning", resting
        lines.append(
            Content.assemble(
                (f"{glyph} ", style),
                fit(clean(name, 60), name_width),
                (f"  {fit(clean(backend.model, 80), model_width)}  ", "$quiet"),
                (clean(words, 200), style if glyph in "✗!" else ""),
            )
        )
    if not config.backends:
        lines.append(Content("None configured: requests have nowhere to go."))
    return lines + advice_lines([known[name] for name in config.backends if name in known], config.backends, width)


def _health_words(health: BackendHealth | None, phase: Phase) -> tuple[str, str, str]:
    if health is None:
        return "?", "$quiet", "being checked" if phase is Phase.SERVING else "not checked"
    if not health.reachable:
        return "✗", "$text-error", f"down: {_detail(health)}"
    took = "" if health.latency_ms is None else f" in {max(1, round(health.latency_ms))} ms"
    if health.advertises_model is False:
        return "!", "$text-warning", f"answers{took}, but does not offer this model"
    return "✓", "$text-success", f"answers{took}"


def _detail(health: BackendHealth) -> str:
    """The sentence about a backend without the backend's name, which stands before it already."""
    return health.detail.removeprefix(f"'{health.name}' ").rstrip(".")


def advice_lines(healths: Sequence[BackendHealth], backends: Mapping[str, BackendConfig], width: int) -> list[Content]:
    """What to do about backends that are down, or that do not offer their model; one sentence for each server."""
    lines: list[Content] = []
    silent: dict[str, str] = {}
    for health in healths:
        if not health.reachable and health.latency_ms is None:
            backend = backends.get(health.name)
            silent.setdefault(health.base_url, backend.api_key_env or "" if backend is not None else "")
    for url, key in list(silent.items())[:2]:
        lines += paragraph(_silence_words(url, key), width, first="→ ", indent="  ")
    for health in healths:
        if health.reachable and health.advertises_model is False:
            offered = ", ".join(health.models[:3]) or "nothing"
            text = f"{health.name}: load the model, or name one that it offers ({offered})."
            return [*lines, *paragraph(text, width, first="→ ", indent="  ")]
        if not health.reachable and health.latency_ms is not None:
            return [*lines, *paragraph(f"{health.name}: {_detail(health)}.", width, first="→ ", indent="  ")]
    return lines


def _silence_words(url: str, key: str) -> str:
    """What to do about a server that says nothing. One on this machine can be started; a provider's cannot."""
    try:
        parts = urlsplit(url)
        place, host, scheme = parts.netloc or url, parts.hostname or "", parts.scheme
    except ValueError:
        place, host, scheme = url, "", ""
    place = clean(place, 80)
    if scheme != "https" and _is_loopback(host):
        return f"Start the server at {place}, or correct base_url; then r checks again."
    variable = f"the key in {clean(key, 60)}" if key else "its key variable"
    return f"No answer from {place}: check base_url, {variable} and the network; then r checks again."
