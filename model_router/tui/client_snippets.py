"""How each client is pointed at the gateway: what to set where, ready to be copied."""

from __future__ import annotations

import json
from dataclasses import dataclass

from model_router.tui.session import Session


@dataclass(frozen=True, slots=True)
class Snippet:
    """``where`` says where ``text`` belongs."""

    client: str
    where: str
    text: str


def client_snippets(base: str, model: str, key: str) -> tuple[Snippet, ...]:
    """For every client that is known; ``base`` is the address without ``/v1``, ``key`` what to write for a key."""
    v1 = f"{base}/v1"
    codex = (
        f'model = "{model}"\nmodel_provider = "router"\n\n[model_providers.router]\nname = "router"\n'
        f'base_url = "{v1}"\nenv_key = "ROUTER_KEY"\nwire_api = "responses"'
    )
    opencode = {
        "model": f"router/{model}",
        "provider": {
            "router": {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": v1, "apiKey": key},
                "models": {
                    model: {
                        "tool_call": True,
                        "attachment": True,
                        "modalities": {"input": ["text", "image"], "output": ["text"]},
                    }
                },
            }
        },
    }
    continued = (
        f"models:\n  - name: ModelRouter\n    provider: openai\n    model: {model}\n    apiBase: {v1}\n"
        f"    apiKey: {key}\n    roles: [chat]\n    capabilities: [tool_use]"
    )
    return (
        Snippet("Claude Code", "in a shell; no /v1", f"ANTHROPIC_BASE_URL={base} ANTHROPIC_AUTH_TOKEN={key} claude"),
        Snippet("Codex", f"in ~/.codex/config.toml; export ROUTER_KEY={key}", codex),
        Snippet("aider", "in a shell", f"OPENAI_API_BASE={v1} OPENAI_API_KEY={key} aider --model openai/{model}"),
        Snippet(
            "Cline",
            "in its settings, API provider OpenAI Compatible",
            f"Base URL: {v1}\nAPI key: {key}\nModel ID: {model}",
        ),
        Snippet("Continue", "in ~/.continue/config.yaml", continued),
        Snippet("opencode", "in ~/.config/opencode/opencode.json", json.dumps(opencode, indent=2)),
        Snippet("OpenAI SDK", "in Python", f'OpenAI(base_url="{v1}", api_key="{key}")'),
        Snippet("Anthropic SDK", "in Python; no /v1", f'Anthropic(base_url="{base}", api_key="{key}")'),
        Snippet("anything else", "with a field for a base URL", v1),
    )


def snippets_of(session: Session) -> tuple[Snippet, ...]:
    """Those for the gateway of a session; nothing while it has no address."""
    gateway = session.gateway
    if gateway is None or not session.address:
        return ()
    listen = gateway.config.proxy
    model = listen.model_ids[0] if listen.model_ids else "model-router"
    key = f"${listen.api_key_env}" if listen.api_key_env else "YOUR_KEY" if listen.api_key else "any"
    return client_snippets(session.address.removesuffix("/v1"), model, key)
