"""The control surface: who may use it, and what it does."""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from model_router.config.proxy import ApprovalMode, ApprovalsConfig
from model_router.errors import ServerError
from model_router.server.approvals import Standing
from model_router.server.control.client import ControlClient
from model_router.server.control.journal import Journal
from model_router.server.control.mirror import GatewayMirror
from model_router.server.control.pass_control import TOKEN_HEADER, check_control
from model_router.server.control.run_file import find_gateway, run_folder, running_gateways
from model_router.server.happenings import RuntimeEvent
from model_router.server.refusal import Refusal
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving
from tests.support.gateway_process import wait_for

KEY = "the-key-of-clients"
RISKY = "drop the production database"


@pytest.fixture
def running(tmp_path: Path, home: Path) -> Iterator[Running]:
    with servers.running(servers.good) as backend:
        config = config_for(
            {"one": backend.base_url},
            tmp_path,
            proxy={"api_key": KEY},
            approvals=ApprovalsConfig(mode=ApprovalMode.HOLD, ttl_seconds=20),
        )
        with serving(config) as gateway:
            gateway.client.headers["x-api-key"] = KEY
            yield gateway


@pytest.fixture
def control(running: Running) -> Iterator[ControlClient]:
    with ControlClient.find(os.environ) as client:
        yield client


def asked(running: Running, path: str = "/control/state", **headers: str) -> int:
    """The status of a request with exactly these headers, and no other but ``Host``."""
    line = http.client.HTTPConnection("127.0.0.1", int(running.root.rpartition(":")[2]), timeout=5)
    line.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in (
        {"host": "127.0.0.1"} | {name.replace("_", "-"): value for name, value in headers.items()}
    ).items():
        line.putheader(name, value)
    line.endheaders()
    with line.getresponse() as answer:
        answer.read()
        status = answer.status
    line.close()
    return status


# Who may


def test_the_token_lies_where_only_its_user_reads_it(running: Running, home: Path) -> None:
    (path,) = run_folder(os.environ).iterdir()
    assert path.parent == home / "run"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = json.loads(path.read_text())
    assert (content["pid"], content["token"]) == (os.getpid(), running.gateway.token)
    assert len(content["token"]) >= 40
    assert running.gateway.token not in repr(find_gateway(os.environ))
    running.thread.stop(1)
    assert not path.exists()


def test_the_token_opens_and_nothing_else_does(running: Running) -> None:
    token = running.gateway.token
    assert asked(running, x_modelrouter_token=token) == 200
    assert asked(running) == 401
    assert asked(running, x_modelrouter_token=KEY) == 401
    assert asked(running, authorization=f"Bearer {KEY}", x_api_key=KEY) == 401
    assert asked(running, authorization=f"Bearer {token}") == 401
    assert asked(running, f"/control/state?token={token}") == 401
    assert asked(running, x_modelrouter_token=token + "x") == 401
    of_an_earlier_run = replace(find_gateway(os.environ), token=token + "x")
    with ControlClient(of_an_earlier_run) as client, pytest.raises(ServerError) as caught:
        client.state()
    assert "`r` on Home attaches" in caught.value.hint


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1"},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"sec_fetch_site": "none"},
        {"sec_fetch_site": "same-origin"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8082"},
        {"host": ""},
    ],
)
@pytest.mark.parametrize("path", ["/control/state", "/control", "/control/no-such-path"])
def test_no_page_of_a_browser_gets_in_even_with_the_token(running: Running, headers: dict[str, str], path: str) -> None:
    assert asked(running, path, x_modelrouter_token=running.gateway.token, **headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"x_forwarded_for": "192.0.2.7"},
        {"forwarded": "for=192.0.2.7"},
        {"x_real_ip": "192.0.2.7"},
        {"via": "1.1 front"},
    ],
)
def test_what_comes_through_a_proxy_comes_from_another_machine(running: Running, headers: dict[str, str]) -> None:
    """A proxy in front, as the one with TLS, runs on this machine: its own address says nothing."""
    assert asked(running, x_modelrouter_token=running.gateway.token, **headers) == 403


@pytest.mark.parametrize("path", ["http://evil.example/control/state", "http://evil.example:80/v1/models"])
def test_a_whole_address_in_the_request_line_counts_more_than_the_host_header(running: Running, path: str) -> None:
    assert asked(running, path, x_modelrouter_token=running.gateway.token, x_api_key=KEY) == 403


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_gateway_on_all_addresses_is_controlled_from_its_own_machine(tmp_path: Path, home: Path) -> None:
    """There an IPv4 client has an address that is written as an IPv6 one."""
    config = config_for({"one": "http://127.0.0.1:9/v1"}, tmp_path, proxy={"host": "::", "api_key": KEY})
    with serving(config), ControlClient.find(os.environ) as control:
        assert control.state()["state"] == "serving"


@pytest.mark.parametrize(
    ("peer", "reached", "passes"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("192.0.2.5", "192.0.2.5", True),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("192.0.2.7", "192.0.2.5", False),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.5", False),
    ],
)
def test_who_comes_from_the_address_that_is_reached_is_on_this_machine(peer: str, reached: str, passes: bool) -> None:
    headers = {"host": "router.home", TOKEN_HEADER: "token"}
    if passes:
        check_control(headers, "token", "router.home", peer, reached)
    else:
        with pytest.raises(Refusal, match="own machine only"):
            check_control(headers, "token", "router.home", peer, reached)


def test_every_path_asks_for_the_token(running: Running) -> None:
    paths = ("reload", "profile", "sessions/forget", "approvals/mr-1/approve", "approvals/mr-1/deny")
    for path in paths:
        assert running.client.post(f"/control/{path}", json={}).status_code == 401
    for path in ("state", "health", "sessions", "approvals", "events"):
        assert running.client.get(f"/control/{path}").status_code == 401


def test_a_clients_key_is_no_matter_to_the_control_surface(control: ControlClient) -> None:
    assert control.state()["state"] == "serving"


# Where it is found


def test_what_a_killed_gateway_left_is_passed_over(home: Path) -> None:
    folder = home / "run"
    folder.mkdir()
    gone = {"address": "http://127.0.0.1:1", "port": 1, "pid": 2**22 + 1, "started": 1.0, "token": "t"}
    (folder / "1.json").write_text(json.dumps(gone))
    (folder / "2.json").write_text("{")
    (folder / "3.json").write_text(json.dumps({**gone, "pid": os.getpid(), "port": "x"}))
    assert running_gateways(os.environ) == ()
    with pytest.raises(ServerError, match="no gateway of yours runs"):
        find_gateway(os.environ)


def test_what_a_killed_gateway_left_is_known_though_its_number_has_a_process_again(
    running: Running, home: Path, tmp_path: Path
) -> None:
    """In a container each gateway has the same number."""
    left = home / "run" / "1.json"
    gone = {"address": "http://127.0.0.1:1", "port": 1, "pid": os.getpid(), "started": 1.0, "token": "t"}
    left.write_text(json.dumps(gone))
    assert find_gateway(os.environ).address == running.root
    with serving(config_for({"one": "http://127.0.0.1:9/v1"}, tmp_path / "b")):
        assert not left.exists(), "the next one tidies up"
        assert len(running_gateways(os.environ)) == 2


def test_of_several_one_has_to_be_named(running: Running, tmp_path: Path) -> None:
    with serving(config_for({"one": "http://127.0.0.1:9/v1"}, tmp_path / "b")) as other:
        with pytest.raises(ServerError, match="2 gateways run") as caught:
            find_gateway(os.environ)
        assert "--port" in caught.value.hint
        port = int(other.root.rpartition(":")[2])
        assert find_gateway(os.environ, port).address == other.root


def test_without_a_home_nothing_is_written(tmp_path: Path, home: Path) -> None:
    with serving(config_for({"one": "http://127.0.0.1:9/v1"}, tmp_path), environ={}):
        assert not (home / "run").exists()


# What it does


def test_the_state_tells_all_but_secrets(running: Running, control: ControlClient) -> None:
    state = control.state()
    assert state["config"]["approvals"] == "hold"
    assert [one["name"] for one in state["backends"]] == ["one"]
    assert state["address"] == running.gateway.address
    text = json.dumps(state)
    assert KEY not in text
    assert running.gateway.token not in text


def test_health_is_looked_at_now(control: ControlClient) -> None:
    (one,) = control.health()["backends"]
    assert one["reachable"] is True


def test_a_reload_says_what_came_of_it(control: ControlClient) -> None:
    assert control.reload()["outcome"] == "same"
    assert control.switch_profile("fast")["profile"] == "fast"
    assert control.state()["config"]["profile"] == "fast"
    with pytest.raises(ServerError, match="known: fast balanced"):
        control.switch_profile("swift")


def test_sessions_are_listed_and_forgotten(running: Running, control: ControlClient) -> None:
    body = {"messages": [{"role": "user", "content": "rewrite this text"}]}
    running.client.post("/v1/chat/completions", json=body, headers={"x-session-id": "talk"})
    (one,) = control.sessions()
    assert (one["session"], one["engine"]) == ("x-session-id:talk", "fast_local")
    assert control._call("POST", "/control/sessions/forget", session=one["session"]) == {"forgotten": True}
    assert control.sessions() == []


@pytest.mark.parametrize("approve", [True, False])
def test_a_request_that_waits_is_decided_from_outside(running: Running, control: ControlClient, approve: bool) -> None:
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(running.ask, RISKY)
        row = wait_for(
            lambda: next((one for one in control.approvals()["approvals"] if one["waiting"]), None),
            within=5,
            what="the request",
        )
        assert (row["preview"], row["risk_class"], row["standing"]) == (RISKY, "destructive", "waiting")
        assert 0 < row["ttl_seconds"] <= 20
        decided = control.approve(row["request_id"]) if approve else control.deny(row["request_id"], note="not now")
        assert decided["who"] == "cli"
        assert answer.result(5).status_code == (200 if approve else 409)
        with pytest.raises(ServerError, match="already"):
            control.approve(row["request_id"])


def test_an_attached_screen_shows_its_own_decision_at_once(running: Running, control: ControlClient) -> None:
    """Before it has asked the gateway again how it stands."""
    with ThreadPoolExecutor(1) as beside:
        answer = beside.submit(running.ask, RISKY)
        wait_for(running.gateway.approvals.list, within=5, what="the request")
        mirror = GatewayMirror(control, os.environ)
        (held,) = mirror.approvals.list()
        assert mirror.approvals.deny(held.request_id, "attached").standing is Standing.DENIED
        assert [one.standing for one in mirror.approvals.list()] == [Standing.DENIED]
        assert answer.result(5).status_code == 409


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"who": "screen"}', b'{"who": 1}', b'{"note": 1}', b"[" * 10_000])
def test_what_is_no_command_is_refused(running: Running, body: bytes) -> None:
    headers = {"x-modelrouter-token": running.gateway.token, "content-type": "application/json"}
    answer = httpx.post(f"{running.root}/control/approvals/mr-1/deny", content=body, headers=headers, trust_env=False)
    assert answer.status_code in (400, 413)


def test_what_is_no_number_counts_as_none(running: Running) -> None:
    token = running.gateway.token.encode()
    for number in ("%C2%B2", "%D9%A3", "-1", "1e3", "9" * 5_000, ""):
        for head in ({}, {b"last-event-id": b"\xb2"}):
            path = f"{running.root}/control/events?after={number}"
            headers = {b"x-modelrouter-token": token, **head}
            with httpx.stream("GET", path, headers=headers, trust_env=False) as answer:
                assert answer.status_code == 200, number


# Events


def test_events_are_followed_as_they_come(running: Running, control: ControlClient) -> None:
    running.ask()
    control.reload()
    wait_for(lambda: running.gateway.journal.newest == 2, within=2, what="both events")
    followed = control.events(after=0)
    first, second = next(followed), next(followed)
    assert [(first.number, first.kind), (second.number, second.kind)] == [(1, "request"), (2, "reload")]
    assert (first.data["outcome"], second.data["event"]) == ("ok", "reload")
    with ControlClient.find(os.environ) as other:
        other.reload()
    third = next(followed)
    assert (third.number, third.kind) == (3, "reload")
    running.thread.stop(2)
    assert list(followed) == [], "the end of the gateway is the end of its events"


def test_who_comes_without_a_cursor_hears_what_is_new(running: Running, control: ControlClient) -> None:
    running.ask()
    wait_for(lambda: running.gateway.journal.newest, within=2, what="the event")
    with ThreadPoolExecutor(1) as beside:
        first = beside.submit(next, control.events())
        wait_for(lambda: running.gateway.journal._waiters, within=2, what="somebody who follows")
        with ControlClient.find(os.environ) as other:
            other.reload()
        assert first.result(5).kind == "reload"


def event(number: int) -> RuntimeEvent:
    return RuntimeEvent(time=number, backend="b", before="", after="", reason="")


def test_a_gap_is_told(running: Running, control: ControlClient) -> None:
    async def flood() -> None:
        for number in range(1_500):
            running.gateway.journal.append(event(number))

    running.thread.submit(flood()).result(5)
    followed = control.events(after=3)
    gap = next(followed)
    assert (gap.kind, gap.data) == ("gap", {"missed": 497})
    assert next(followed).number == gap.number + 1 == 501


def test_a_journal_counts_on_when_old_events_go() -> None:
    journal = Journal(capacity=3)
    assert journal.after(0).events == ()
    for number in range(1, 6):
        journal.append(event(number))
    assert [one.time for one in journal.after(0).events] == [3, 4, 5]
    assert (journal.after(0).missed, journal.after(3).missed) == (2, 0)
    assert journal.after(4).cursor == 5
    assert (journal.after(5).events, journal.after(5).cursor) == ((), 5)
    assert journal.after(99).first == 3, "a cursor of an earlier life"
