"""How much of prompts the event log keeps, and what has to be said where it keeps all of it."""

from __future__ import annotations

from collections.abc import Mapping

from model_router.config.proxy import PromptCapture, ProxyConfig

LOG_PROMPTS = "MODEL_ROUTER_LOG_PROMPTS"
CAPTURE_WARNING = (
    f"Prompts are kept in full in the event log (prompt_capture: full, or {LOG_PROMPTS}). Secrets that are recognised "
    "are taken out; everything else can be read there."
)
_TRUE_WORDS = frozenset({"1", "true", "yes", "on"})


def keeps_all(config: ProxyConfig | None, environ: Mapping[str, str]) -> bool:
    """Whether a gateway with this configuration and environment keeps prompts in full."""
    if environ.get(LOG_PROMPTS, "").lower() in _TRUE_WORDS:
        return True
    return config is not None and config.observability.prompt_capture is PromptCapture.FULL
