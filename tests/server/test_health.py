"""Backends are reached in parallel, and their lists are compared with what the configuration says."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from model_router.config.proxy import BackendConfig, HealthConfig, RoutingMode
from model_router.server.health import model_names, same_model, without_login
from tests.faults import servers
from tests.faults.gateways import config_for, serving
from tests.support.ports import free_ports


@pytest.mark.parametrize(
    ("wanted", "listed", "same"),
    [
        ("m", "m", True),
        ("llama3", "llama3:latest", True),
        ("llama3:latest", "llama3", True),
        ("llama3:8b", "llama3", False),
        ("/models/qwen.gguf", "qwen.gguf", True),
        ("qwen", "C:\\models\\qwen.gguf", True),
        ("org/Model", "model", True),
        ("a", "b", False),
        ("", "", False),
    ],
)
def test_when_two_names_mean_one_model(wanted: str, listed: str, same: bool) -> None:
    assert same_model(wanted, listed) is same


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b'{"data": [{"id": "a"}, {"id": 3}, {}]}', ("a",)),
        (b'{"models": [{"name": "a"}]}', ("a",)),
        (b'["a"]', ("a",)),
        (b"{}", None),
        (b"<html>", None),
        (b'{"data": 3}', None),
    ],
)
def test_lists_of_models(data: bytes, names: tuple[str, ...] | None) -> None:
    assert model_names(data) == names


def test_logins_do_not_show() -> None:
    assert without_login("http://me:secret@host:1/v1") == "http://host:1/v1"


def test_a_healthy_gateway(tmp_path: Path) -> None:
    with servers.running(servers.good) as backend, serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        response = running.client.get("/health")
        assert response.status_code == 200
        report = response.json()
        assert report["status"] == "ok"
        (entry,) = report["backends"]
        assert (entry["name"], entry["reachable"], entry["advertises_model"]) == ("one", True, True)
        assert entry["latency_ms"] > 0
        assert running.gateway.health[0].models == ("m",)
        assert running.thread.submit(running.gateway.check_health()).result(5)[0].healthy


def test_backends_are_checked_at_the_same_time_and_each_has_its_reason(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with servers.running(servers.hang) as slow, servers.running(servers.good) as good:
        urls = {
            "good": good.base_url,
            "slow": slow.base_url,
            "slower": slow.base_url,
            "gone": f"http://127.0.0.1:{port}/v1",
        }
        config = config_for(urls, tmp_path, health=HealthConfig(backend_timeout_seconds=0.4))
        backends = {**config.backends, "other": BackendConfig(good.base_url, "another-model")}
        with serving(replace(config, backends=backends)) as running:
            started = time.monotonic()
            response = running.client.get("/health")
            assert time.monotonic() - started < 0.75
            assert response.status_code == 200, "the first of them answers"
            report = response.json()
            assert report["status"] == "degraded"
            details = {entry["name"]: entry["detail"] for entry in report["backends"]}
            assert details["good"] == "'good' answers and lists 'm'."
            assert "no answer within 0.4 s" in details["slow"]
            assert details["gone"].endswith("cannot be reached; start the server, or correct its base_url.")
            assert "does not list 'another-model' (it lists m)" in details["other"]


def test_a_gateway_is_well_enough_as_long_as_something_can_be_answered(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    gone = f"http://127.0.0.1:{port}/v1"
    with servers.running(servers.good) as good:
        config = replace(config_for({"one": gone, "two": good.base_url}, tmp_path), fallback_backends={})
        only = dict.fromkeys(config.engine_backends, "one")
        cases = [
            ({"engine_backends": only}, 503, set()),
            ({"engine_backends": only | {"code_agent": "two"}}, 200, {"code_agent"}),
            ({"engine_backends": {"code_agent": "one", "balanced_local": "two"}}, 200, {"balanced_local"}),
            ({"engine_backends": only, "fallback_backends": {"one": ("two",)}}, 200, set(only)),
            ({"engine_backends": {}}, 503, set()),
            ({"engine_backends": {}, "proxy": replace(config.proxy, routing_mode=RoutingMode.MANUAL)}, 200, set()),
        ]
        for changed, status, served in cases:
            with serving(replace(config, **changed)) as running:
                response = running.client.get("/health")
                report = response.json()
                assert (response.status_code, report["status"]) == (status, "degraded"), changed
                assert served <= {engine for engine, well in report["engines"].items() if well}, changed
                if status == 503:
                    assert not any(report["engines"].values()), changed


def test_a_gateway_that_is_not_running_can_check_its_backends(tmp_path: Path) -> None:
    import asyncio

    from model_router.server.opening import open_gateway

    with servers.running(servers.good) as backend:
        gateway = open_gateway(config_for({"one": backend.base_url}, tmp_path))
        (health,) = asyncio.run(gateway.check_health())
        assert health.healthy
