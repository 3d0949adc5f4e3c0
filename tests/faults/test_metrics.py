"""``/metrics`` and ``/health``: what a monitor reads, whatever clients and backends do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model_router.config.proxy import ListenConfig
from tests.faults import servers
from tests.faults.dialects import CHAT, MESSAGES
from tests.faults.gateways import Running, before, config_for, serving

Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(running: Running) -> dict[Sample, float]:
    """Every number of /metrics, by its name and labels, read by the vendor's own parser."""
    response = running.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    found: dict[Sample, float] = {}
    for family in text_string_to_metric_families(response.text):
        assert family.documentation
        assert family.type != "unknown"
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, "no series twice"
            found[key] = sample.value
    return found


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    """The one series with these labels among others."""
    wanted = set(labels.items())
    (number,) = [number for (called, has), number in found.items() if called == name and wanted <= has]
    return number


def test_what_happened_is_counted(tmp_path: Path) -> None:
    with servers.running(servers.close_at_once) as bad, servers.running(servers.good) as spare:
        config = config_for(
            {"bad": bad.base_url, "spare": spare.base_url}, tmp_path, backend={"retries": 0, "protocols": ("chat",)}
        )
        with serving(config) as running:
            assert value(samples(running), "modelrouter_in_flight") == 0
            running.ask(stream=True)
            running.ask()
            MESSAGES.ask(running)
            running.ask("drop the production database")
            running.post(b"{")
            running.events(5)
            found = samples(running)
            both = {"engine": "fast_local", "backend": "spare", "outcome": "ok"}
            assert value(found, "modelrouter_requests_total", protocol="chat/completions", **both) == 2
            assert value(found, "modelrouter_requests_total", protocol="messages", **both) == 1
            assert value(found, "modelrouter_requests_total", outcome="confirm") == 1
            assert value(found, "modelrouter_requests_total", outcome="error", engine="") == 1
            assert value(found, "modelrouter_backend_failures_total", backend="bad") == 3
            assert value(found, "modelrouter_fallbacks_total", engine="fast_local") == 3
            assert value(found, "modelrouter_tokens_total", backend="spare", kind="prompt") == 7
            assert value(found, "modelrouter_request_seconds_count", engine="fast_local") == 3
            assert value(found, "modelrouter_request_seconds_bucket", engine="fast_local", le="+Inf") == 3
            assert value(found, "modelrouter_first_byte_seconds_count", backend="spare") == 3
            assert value(found, "modelrouter_route_seconds_count") == 4
            assert value(found, "modelrouter_in_flight") == 0
            assert value(found, "modelrouter_events_lost_total") == 0


def test_buckets_only_grow(tmp_path: Path) -> None:
    with before(servers.after(0.02, servers.good), tmp_path) as (running, _):
        for _ in range(5):
            running.ask()
        running.events(5)
        found = samples(running)
        buckets = [
            (float(dict(labels)["le"]), number)
            for (name, labels), number in found.items()
            if name == "modelrouter_request_seconds_bucket"
        ]
        counts = [number for _, number in sorted(buckets)]
        assert counts == sorted(counts)
        assert counts[0] == 0, "none was quicker than 5 ms"
        assert counts[-1] == 5
        assert 0.1 <= value(found, "modelrouter_request_seconds_sum", engine="fast_local") < 5


@pytest.mark.parametrize("number", [1000])
def test_nothing_that_clients_send_makes_it_grow(tmp_path: Path, number: int) -> None:
    """A thousand names of models, paths, programs and sessions: the series stay those of a handful of requests."""
    with before(servers.good, tmp_path) as (running, _):

        def send(index: int) -> None:
            body = {"model": f"model-{index}", "messages": [{"role": "user", "content": "rewrite this text"}]}
            headers = {"user-agent": f"client-{index}", "x-session-id": f"s-{index}", "x-other": f"{index}"}
            running.client.post("/v1/chat/completions", json=body, headers=headers)
            running.client.post(f"/v1/unknown-{index}", json=body, headers=headers)
            running.client.get(f"/v1/models/model-{index}", headers=headers)
            running.client.post("/v1/chat/completions", content=b'{"messages": %d}' % index, headers=headers)

        for index in range(10):
            send(index)
        running.events(30)
        few = samples(running)
        for index in range(10, number):
            send(index)
        many = samples(running)
        assert many.keys() == few.keys()
        assert value(many, "modelrouter_requests_total", outcome="ok") == number
        assert value(many, "modelrouter_requests_total", protocol="other") == number
        assert len(many) < 200


def test_the_failures_of_a_backend_with_a_quote_in_its_name_are_counted_under_its_name(tmp_path: Path) -> None:
    name = "Ann's 'old' server"
    with servers.running(servers.close_at_once) as bad:
        config = config_for({name: bad.base_url}, tmp_path, backend={"retries": 0})
        with serving(config) as running:
            assert running.ask().status_code == 502
            running.events(1)
            assert value(samples(running), "modelrouter_backend_failures_total", backend=name) == 1


def test_strange_names_in_the_configuration_are_written_so_that_they_can_be_read(tmp_path: Path) -> None:
    name = 'my "big" one\\ \u00e9'
    with servers.running(servers.good) as backend, serving(config_for({name: backend.base_url}, tmp_path)) as running:
        assert CHAT.ask(running).status_code == 200
        running.events(1)
        found = samples(running)
        assert value(found, "modelrouter_requests_total", backend=name) == 1
        assert value(found, "modelrouter_breaker_state", backend=name, state="closed") == 1


def test_both_need_the_key_when_there_is_one(tmp_path: Path) -> None:
    """/health says only whether all is well to those without."""
    with servers.running(servers.good) as backend:
        config = config_for({"one": backend.base_url}, tmp_path, proxy={"api_key": "sk-test"})
        assert isinstance(config.proxy, ListenConfig)
        with serving(config) as running:
            assert running.client.get("/metrics").status_code == 401
            assert running.client.get("/health").json() == {"status": "ok"}
            told = running.client.get("/health", headers={"authorization": "Bearer sk-test"}).json()
            assert [one["name"] for one in told["backends"]] == ["one"]
            headers = {"authorization": "Bearer sk-test"}
            assert "modelrouter_in_flight" in running.client.get("/metrics", headers=headers).text


def test_health_tells_breaker_and_line_of_each_backend(tmp_path: Path) -> None:
    with servers.running(servers.good) as one, servers.running(servers.good) as two:
        urls = {"one": one.base_url, "two": two.base_url}
        with serving(config_for(urls, tmp_path, each={"two": {"parallel": 3, "queue": 5}})) as running:
            first, second = json.loads(running.client.get("/health").content)["backends"]
            assert first["line"] is None
            assert second["line"] == {"parallel": 3, "serving": 0, "waiting": 0, "queue": 5}
            for backend in (first, second):
                assert backend["breaker"] == {
                    "state": "closed",
                    "requests": 0,
                    "failures": 0,
                    "retry_in_seconds": None,
                    "reason": "",
                }
