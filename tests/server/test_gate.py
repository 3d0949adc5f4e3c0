"""A risky request is held until a person decides; real clients wait meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from model_router.config.proxy import ApprovalMode, ApprovalsConfig, RoutingMode, WireProtocol
from model_router.server.approvals import Approval, Standing
from model_router.server.arrangement import arrange
from model_router.server.gateway import Gateway
from model_router.server.happenings import ApprovalEvent
from model_router.server.reload import Prepared
from tests.faults import servers
from tests.faults.gateways import Running, config_for, serving
from tests.faults.servers import FaultServer
from tests.support.clock import now
from tests.support.gateway_process import wait_for

RISKY = "drop the production database"
HOLD = ApprovalsConfig(mode=ApprovalMode.HOLD, ttl_seconds=20)
BEAT = 0.05


@pytest.fixture
def backend() -> Iterator[FaultServer]:
    with servers.running(servers.good) as one:
        yield one


@pytest.fixture
def holding(tmp_path: Path, backend: FaultServer) -> Iterator[Running]:
    config = config_for(
        {"one": backend.base_url},
        tmp_path,
        proxy={"keepalive_seconds": BEAT},
        backend={"protocols": (WireProtocol.CHAT,)},
        approvals=HOLD,
    )
    with serving(config) as running:
        yield running


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def waiting(running: Running, count: int = 1) -> Approval:
    """The first of so many requests that wait."""

    def look() -> Approval | None:
        found = [one for one in running.gateway.approvals.list() if one.standing is Standing.WAITING]
        return found[0] if sum(one.waiting for one in found) >= count else None

    return wait_for(look, within=5, what="a request that waits for a person")


def test_the_cues_are_words_of_the_request(holding: Running, beside: ThreadPoolExecutor) -> None:
    answer = beside.submit(holding.ask, RISKY)
    held = waiting(holding)
    assert held.wish.cues
    assert all(cue in RISKY for cue in held.wish.cues), held.wish.cues
    holding.gateway.approvals.deny(held.request_id, "screen")
    assert answer.result(5).status_code == 409


def decisions(running: Running) -> list[ApprovalEvent]:
    return [one for one in running.gateway.happenings if isinstance(one, ApprovalEvent)]


def chat(running: Running, stream: bool) -> Callable[[], str]:
    def ask() -> str:
        with openai.OpenAI(base_url=running.gateway.address, api_key="x", timeout=15) as sdk:
            messages: list[Any] = [{"role": "user", "content": RISKY}]
            if not stream:
                return sdk.chat.completions.create(model="auto", messages=messages).choices[0].message.content or ""
            chunks = sdk.chat.completions.create(model="auto", messages=messages, stream=True)
            return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)

    return ask


def messages(running: Running, stream: bool) -> Callable[[], str]:
    def ask() -> str:
        with anthropic.Anthropic(base_url=running.root, api_key="x", timeout=15) as sdk:
            said: list[Any] = [{"role": "user", "content": RISKY}]
            if stream:
                with sdk.messages.stream(model="auto", max_tokens=9, messages=said) as answer:
                    return answer.get_final_text()
            answered = sdk.messages.create(model="auto", max_tokens=9, messages=said)
            return "".join(block.text for block in answered.content if block.type == "text")

    return ask


def responses(running: Running, stream: bool) -> Callable[[], str]:
    def ask() -> str:
        with openai.OpenAI(base_url=running.gateway.address, api_key="x", timeout=15) as sdk:
            if not stream:
                return sdk.responses.create(model="auto", input=RISKY).output_text
            with sdk.responses.stream(model="auto", input=RISKY) as answer:
                return answer.get_final_response().output_text

    return ask


@pytest.mark.parametrize("client", [chat, messages, responses])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_approved_request_is_answered_while_its_client_waits(
    holding: Running,
    backend: FaultServer,
    beside: ThreadPoolExecutor,
    client: Callable[[Running, bool], Callable[[], str]],
    stream: bool,
) -> None:
    answer: Future[str] = beside.submit(client(holding, stream))
    held = waiting(holding)
    assert (held.wish.risk_class, held.wish.preview) == ("destructive", RISKY)
    time.sleep(3 * BEAT)
    assert not answer.done()
    assert not any("/chat/completions" in seen.path and b"production" in seen.body for seen in backend.seen)
    holding.gateway.approvals.approve(held.request_id, "screen")
    assert answer.result(5) in ("all well", "one two")
    (event,) = (one for one in holding.events(1))
    assert (event.outcome, event.status, event.backend) == ("ok", 200, "one")
    assert event.engine not in ("", "human_confirm")
    assert event.requires_confirmation
    assert "approval.approved" in event.reason_codes
    (decision,) = decisions(holding)
    assert (decision.decision, decision.who, decision.risk_class) == ("approved", "screen", "destructive")
    assert decision.waited_ms > 0


def test_it_goes_where_it_would_have_gone_without_the_gate(holding: Running, beside: ThreadPoolExecutor) -> None:
    answer = beside.submit(holding.ask, "fix the failing tests in the repo, then push it and deploy to production")
    holding.gateway.approvals.approve(waiting(holding).request_id, "cli")
    assert answer.result(5).headers["x-modelrouter-engine"] == "code_agent"
    holding.events(1)
    told = holding.client.get("/metrics").text
    assert 'modelrouter_requests_total{backend="one",engine="code_agent",outcome="ok"' in told
    assert 'first_byte_seconds_count{backend="one"}' not in told, "the time of the person is not the server's"
    assert 'request_seconds_count{engine="code_agent"}' not in told


def test_a_silent_stream_is_told_what_it_waits_for(holding: Running, beside: ThreadPoolExecutor) -> None:
    answer = beside.submit(lambda: holding.ask(RISKY, stream=True).text)
    held = waiting(holding)
    time.sleep(3 * BEAT)
    holding.gateway.approvals.approve(held.request_id, "cli")
    text = answer.result(5)
    assert text.startswith(f": waiting for a person to approve {held.request_id}\n\n")
    assert text.rstrip().endswith("data: [DONE]")


def test_the_note_of_a_denial_reaches_the_client(
    holding: Running, backend: FaultServer, beside: ThreadPoolExecutor
) -> None:
    answer = beside.submit(chat(holding, False))
    held = waiting(holding)
    holding.gateway.approvals.deny(held.request_id, "cli", note="use the staging database")
    with pytest.raises(openai.ConflictError, match="use the staging database"):
        answer.result(5)
    assert backend.seen == []
    again = holding.ask(RISKY)
    assert (again.status_code, again.headers["x-should-retry"]) == (409, "false")
    assert again.headers["x-modelrouter-request-id"] == held.request_id
    (event,) = holding.events(1)
    assert (event.outcome, event.status, event.request_id) == ("confirm", 409, held.request_id)
    assert "approval.denied" in event.reason_codes


@pytest.mark.parametrize("client", [chat, messages])
def test_a_stream_that_has_begun_hears_of_a_denial_as_an_error(
    holding: Running, beside: ThreadPoolExecutor, client: Callable[[Running, bool], Callable[[], str]]
) -> None:
    answer = beside.submit(client(holding, True))
    held = waiting(holding)
    time.sleep(3 * BEAT)
    holding.gateway.approvals.deny(held.request_id, "cli", note="no")
    with pytest.raises((openai.APIError, anthropic.APIError), match="A person refused"):
        answer.result(5)


def test_a_stream_of_responses_hears_of_a_denial_as_its_error_event(
    holding: Running, beside: ThreadPoolExecutor
) -> None:
    def ask() -> list[Any]:
        with openai.OpenAI(base_url=holding.gateway.address, api_key="x", timeout=15) as sdk:
            return list(sdk.responses.create(model="auto", input=RISKY, stream=True))

    answer = beside.submit(ask)
    held = waiting(holding)
    time.sleep(3 * BEAT)
    holding.gateway.approvals.deny(held.request_id, "cli", note="no")
    (event,) = answer.result(5)
    assert (event.type, event.code) == ("error", "denied")
    assert event.message.startswith("A person refused")


def test_nobody_comes_in_time(tmp_path: Path, backend: FaultServer) -> None:
    short = ApprovalsConfig(mode=ApprovalMode.HOLD, ttl_seconds=0.1)
    with serving(config_for({"one": backend.base_url}, tmp_path, approvals=short)) as running:
        answer = running.ask(RISKY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "expired")
        wait_for(lambda: [one.decision for one in decisions(running)] == ["expired"], within=2, what="its event")
    assert backend.seen == []


def test_who_waits_keeps_its_time_when_the_files_change(holding: Running) -> None:
    """What the person reads of the time that is left is when the waiting ends."""
    with holding.connect(RISKY):
        waiting(holding)
        holding.gateway.approvals.settings = replace(HOLD, ttl_seconds=900)
        left = waiting(holding).ttl_seconds
        assert left is not None
        assert left <= HOLD.ttl_seconds


def test_who_waits_again_is_nobodys_to_decide_yet(tmp_path: Path, backend: FaultServer) -> None:
    """That its first wait was ended by the clock is no longer so."""
    short = replace(HOLD, ttl_seconds=0.1)
    with serving(config_for({"one": backend.base_url}, tmp_path, approvals=short)) as running:
        assert running.ask(RISKY).status_code == 409
        (one,) = running.gateway.approvals.list()
        assert (one.standing, one.who) == (Standing.EXPIRED, "clock")
        running.gateway.approvals.settings = HOLD
        with running.connect(RISKY):
            assert waiting(running).who == ""


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_what_it_asked_for_by_name_may_be_gone_when_it_is_approved(
    tmp_path: Path, backend: FaultServer, beside: ThreadPoolExecutor, stream: bool
) -> None:
    """The files were changed while it waited: it is told so, and nothing breaks."""
    proxy = {"keepalive_seconds": BEAT, "routing_mode": RoutingMode.MANUAL}
    both = config_for({"one": backend.base_url, "two": backend.base_url}, tmp_path, proxy=proxy, approvals=HOLD)
    with serving(both) as running:
        answer = beside.submit(lambda: running.ask(RISKY, stream=stream, model="two"))
        held = waiting(running)
        time.sleep(2 * BEAT)
        fewer = replace(both, backends={"one": both.backends["one"]}, fallback_backends={})
        gateway = running.gateway
        arranged = arrange(fewer, gateway.router, {}, gateway.note_change, tell=gateway.tell)
        running.thread.submit(take(gateway, Prepared(arranged, gateway.guard, ()))).result(5)
        gateway.approvals.approve(held.request_id, "cli")
        found = answer.result(5)
        assert "Model 'two' is not known here" in found.text
        assert found.status_code == (200 if stream else 404)
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("error", 404)


async def take(gateway: Gateway, prepared: Prepared) -> None:
    gateway.take(prepared)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_client_that_leaves_frees_its_place(holding: Running, stream: bool) -> None:
    line = holding.connect(RISKY, stream=stream)
    waiting(holding)
    left = now()
    line.close()
    approvals = holding.gateway.approvals
    wait_for(lambda: approvals.list()[0].standing is Standing.LEFT, within=2, what="its place free")
    assert now() - left < 0.3
    (event,) = holding.events(1)
    assert (event.outcome, event.status) == ("cancelled", 499)
    approvals.approve(approvals.list()[0].request_id, "cli")
    assert holding.ask(RISKY).status_code == 200, "who comes back finds it approved"


def test_retries_of_one_request_are_one_entry(tmp_path: Path, backend: FaultServer) -> None:
    with serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        answers = [running.ask(RISKY) for _ in range(18)]
        assert {answer.status_code for answer in answers} == {409}
        (one,) = running.gateway.approvals.list()
        assert (one.requests, one.standing) == (18, Standing.REFUSED)
        running.events(1)
        running.gateway.approvals.approve(one.request_id, "cli")
        assert running.ask(RISKY).status_code == 200
        assert running.ask("drop the staging database").status_code == 409


def test_nothing_that_a_client_sends_approves(holding: Running, backend: FaultServer) -> None:
    with holding.fresh_client() as client:
        held = holding.connect(RISKY)
        name = waiting(holding).request_id
        told = {"x-modelrouter-approve": name, "x-modelrouter-request-id": name, "x-approval": "approved"}
        body = {"messages": [{"role": "user", "content": RISKY}], "approve": name, "metadata": {"approved": "true"}}
        with pytest.raises(httpx.ReadTimeout):
            client.post("/v1/chat/completions", json=body, headers=told, timeout=0.5)
        held.close()
    assert backend.seen == []


def test_a_stop_does_not_wait_for_a_person(holding: Running, beside: ThreadPoolExecutor) -> None:
    answer = beside.submit(holding.ask, RISKY)
    waiting(holding)
    began = time.monotonic()
    holding.thread.stop(10)
    assert time.monotonic() - began < 5
    assert answer.result(5).status_code == 503


def test_others_are_served_while_one_waits(holding: Running, beside: ThreadPoolExecutor) -> None:
    held = beside.submit(holding.ask, RISKY)
    waiting(holding)
    with holding.fresh_client() as client:
        body = {"messages": [{"role": "user", "content": "rewrite this text"}]}
        assert client.post("/v1/chat/completions", json=body).status_code == 200
    holding.gateway.approvals.deny(waiting(holding).request_id, "cli")
    assert held.result(5).status_code == 409


def test_its_words_are_in_no_file(holding: Running, tmp_path: Path, beside: ThreadPoolExecutor) -> None:
    answer = beside.submit(holding.ask, RISKY)
    holding.gateway.approvals.approve(waiting(holding).request_id, "cli", note="fine")
    answer.result(5)
    holding.thread.stop(1)
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [line.get("event") for line in lines].count("approval") == 1
    assert "production" not in (tmp_path / "events.jsonl").read_text()


@pytest.mark.parametrize("kind", ["foo", "Text", "output", 1, None])
def test_an_order_in_a_part_of_an_unknown_type_is_read(tmp_path: Path, backend: FaultServer, kind: object) -> None:
    """A model server may show its model any part that has a text."""
    with serving(config_for({"one": backend.base_url}, tmp_path)) as running:
        body = {"messages": [{"role": "user", "content": [{"type": kind, "text": RISKY}]}]}
        assert running.client.post("/v1/chat/completions", json=body).status_code == 409
    assert backend.seen == []
