"""How a gateway stands, as plain JSON types."""

from __future__ import annotations

import time
from typing import Any

from model_router.config.proxy import PromptCapture, RoutingMode
from model_router.server.approvals import Approval
from model_router.server.gateway import Gateway
from model_router.server.health import served_engines, without_login
from model_router.version import __version__


def is_well(gateway: Gateway) -> bool:
    """Whether the router is open and every backend that was looked at is fine."""
    return gateway.router.config_valid and all(backend.healthy for backend in gateway.health)


def served(gateway: Gateway) -> dict[str, bool]:
    """By the engines that prompts go to, whether a backend for it is well."""
    return served_engines(gateway.config, gateway.router.catalog, gateway.backends, gateway.health)


def can_serve(gateway: Gateway) -> bool:
    """Whether anything at all can be answered: what is less than that is ``degraded``, and no reason to be replaced."""
    by_name = gateway.config.proxy.routing_mode is not RoutingMode.DECISION  # clients may ask for a backend
    reached = any(served(gateway).values()) or (by_name and any(backend.healthy for backend in gateway.health))
    return gateway.router.config_valid and reached


def health_report(gateway: Gateway) -> dict[str, Any]:
    """The backends as they were when they were last looked at."""
    writer = gateway.writer
    return {
        "status": "ok" if is_well(gateway) else "degraded",
        "version": __version__,
        "uptime_seconds": round(time.time() - (gateway.started_at or time.time()), 1),
        "router": {
            "config_valid": gateway.router.config_valid,
            "config_hash": gateway.router.config_hash,
            "ruleset_version": gateway.router.ruleset_version,
            "errors": list(gateway.router.config_errors),
        },
        "engines": served(gateway),
        "events": {
            "problem": writer.problem if writer is not None else "",
            "lost": writer.lost if writer is not None else 0,
            "prompt_capture": str(gateway.capture) if writer is not None else str(PromptCapture.OFF),
        },
        "backends": [
            {
                "name": backend.name,
                "base_url": backend.base_url,
                "model": backend.model,
                "reachable": backend.reachable,
                "advertises_model": backend.advertises_model,
                "latency_ms": backend.latency_ms,
                "detail": backend.detail,
                "breaker": breaker_report(gateway, backend.name),
                "line": line_report(gateway, backend.name),
            }
            for backend in gateway.health
        ],
    }


def state_report(gateway: Gateway) -> dict[str, Any]:
    """Everything that is known without asking anybody. ``cursor`` is the number of the newest event."""
    config, writer = gateway.config, gateway.writer
    gateway.write_events()
    return {
        "version": __version__,
        "state": str(gateway.state),
        "address": gateway.address,
        "started_at": gateway.started_at,
        "in_flight": gateway.in_flight,
        "demo": gateway.demo,
        "cursor": gateway.journal.newest,
        "config": {
            "proxy_file": config.source,
            "catalog_file": config.router_config or "",
            "proxy_hash": gateway.arrangement.proxy_hash,
            "config_hash": gateway.router.config_hash,
            "ruleset_version": gateway.router.ruleset_version,
            "valid": gateway.router.config_valid,
            "errors": list(gateway.router.config_errors),
            "profile": config.proxy.routing_profile.value,
            "approvals": config.approvals.mode.value,
            "engine_backends": dict(config.engine_backends),
        },
        "events": {
            "file": str(writer.path) if writer is not None else "",
            "problem": writer.problem if writer is not None else "",
            "lost": writer.lost if writer is not None else 0,
            "prompt_capture": str(gateway.capture),
        },
        "sessions": len(gateway.sessions),
        "approvals": [approval_row(one) for one in gateway.approvals.list()],
        "backends": [
            {
                "name": name,
                "base_url": without_login(backend.config.base_url),
                "model": backend.model,
                "breaker": breaker_report(gateway, name),
                "line": line_report(gateway, name),
            }
            for name, backend in gateway.backends.items()
        ],
    }


def approval_row(one: Approval) -> dict[str, Any]:
    """One wish, with the words that a person needs to decide; secrets were taken out of them."""
    return {
        "request_id": one.request_id,
        "standing": str(one.standing),
        "client": one.wish.client,
        "risk_class": one.wish.risk_class,
        "preview": one.wish.preview,
        "cues": list(one.wish.cues),
        "attachments": list(one.wish.attachments),
        "requests": one.requests,
        "waiting": one.waiting,
        "arrived": one.arrived,
        "age_seconds": round(one.age_seconds, 1),
        "ttl_seconds": None if one.ttl_seconds is None else round(one.ttl_seconds, 1),
        "who": one.who,
        "note": one.note,
    }


def breaker_report(gateway: Gateway, name: str) -> dict[str, Any] | None:
    """The breaker of a backend; None when the configuration has lost it meanwhile."""
    backend = gateway.backends.get(name)
    if backend is None:
        return None
    found = backend.breaker.snapshot()
    return {
        "state": str(found.state),
        "requests": found.requests,
        "failures": found.failures,
        "retry_in_seconds": None if found.retry_in is None else round(found.retry_in, 1),
        "reason": found.reason,
    }


def line_report(gateway: Gateway, name: str) -> dict[str, Any] | None:
    """The line before a backend; None when it takes any number at once."""
    backend = gateway.backends.get(name)
    if backend is None or backend.line is None:
        return None
    found = backend.line.snapshot()
    return {"parallel": found.parallel, "serving": found.serving, "waiting": found.waiting, "queue": found.queue}
