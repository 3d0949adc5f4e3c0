"""What a client's ``model`` means, and what becomes of its request on the way: aliases, modes, overrides."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from model_router.config.proxy import OverridesConfig, RoutingMode
from tests.faults import servers
from tests.faults.dialects import MESSAGES, RESPONSES
from tests.faults.gateways import Running, before, config_for, serving
from tests.faults.servers import FaultServer

RISKY = "drop the production database"
SIMPLE = "rewrite this text"


@contextlib.contextmanager
def two_backends(folder: Path, **proxy: Any) -> Iterator[tuple[Running, FaultServer, FaultServer]]:
    """``small`` serves every engine but ``code_agent``, which ``large`` serves; neither stands in for the other."""
    with servers.running(servers.good) as small, servers.running(servers.good) as large:
        config = config_for(
            {"small": small.base_url, "large": large.base_url},
            folder,
            proxy=proxy,
            each={"small": {"model": "small-model"}, "large": {"model": "org/large-model"}},
        )
        engines = {**config.engine_backends, "code_agent": "large"}
        with serving(replace(config, engine_backends=engines, fallback_backends={})) as running:
            yield running, small, large


def where(response: httpx.Response) -> tuple[str, str]:
    """Engine and backend that answered."""
    assert response.status_code == 200, response.text
    return response.headers["x-modelrouter-engine"], response.headers["x-modelrouter-backend"]


@pytest.mark.parametrize("mode", list(RoutingMode))
def test_an_engine_by_its_own_name_in_every_mode(tmp_path: Path, mode: RoutingMode) -> None:
    with two_backends(tmp_path, routing_mode=mode) as (running, _, large):
        assert where(running.ask(SIMPLE, model="model-router/code_agent")) == ("code_agent", "large")
        assert large.seen[-1].json()["model"] == "org/large-model"
        response = running.ask(SIMPLE, model="model-router/code_agnt")
        assert response.status_code == (200 if mode is RoutingMode.PASSTHROUGH else 404)


@pytest.mark.parametrize("mode", list(RoutingMode))
def test_aliases_to_an_engine_and_to_a_backend(tmp_path: Path, mode: RoutingMode) -> None:
    aliases = {"gpt-4.1": "code_agent", "gpt-4.1-mini": "small"}
    with two_backends(tmp_path, routing_mode=mode, aliases=aliases) as (running, small, large):
        assert where(running.ask(SIMPLE, model="gpt-4.1")) == ("code_agent", "large")
        assert large.seen[-1].json()["model"] == "org/large-model"
        assert where(running.ask("fix the repo and run tests", model="gpt-4.1-mini"))[1] == "small"
        assert small.seen[-1].json()["model"] == "small-model"
        listed = [one["id"] for one in running.client.get("/v1/models").json()["data"]]
        assert {"model-router", "gpt-4.1", "gpt-4.1-mini"} <= set(listed)
        assert running.client.get("/v1/models/gpt-4.1").status_code == 200


def test_in_decision_mode_other_names_change_nothing(tmp_path: Path) -> None:
    with two_backends(tmp_path) as (running, _, _):
        for name in ("auto", "gpt-9", "small", "code_agent", ""):
            assert where(running.ask("fix the repo and run tests", model=name)) == ("code_agent", "large")


def test_manual_mode_goes_by_the_name_alone(tmp_path: Path) -> None:
    with two_backends(tmp_path, routing_mode=RoutingMode.MANUAL) as (running, small, large):
        assert where(running.ask("fix the repo and run tests", model="fast_local")) == ("fast_local", "small")
        assert where(running.ask(SIMPLE, model="large"))[1] == "large"
        assert where(running.ask(SIMPLE, model="model-router"))[1] == "small", "its own name leaves the choice to it"
        assert [server.seen[-1].json()["model"] for server in (small, large)] == ["small-model", "org/large-model"]


def test_in_manual_mode_an_unknown_name_is_told_with_those_that_are_known(tmp_path: Path) -> None:
    with (
        two_backends(tmp_path, routing_mode=RoutingMode.MANUAL) as (running, small, large),
        openai.OpenAI(base_url=running.gateway.address, api_key="none", max_retries=0) as sdk,
    ):
        with pytest.raises(openai.NotFoundError) as told:
            sdk.chat.completions.create(model="gpt-9", messages=[{"role": "user", "content": SIMPLE}])
        assert told.value.code == "model_not_found"
        for name in ("gpt-9", "model-router", "small", "large", "model-router/code_agent"):
            assert name in str(told.value)
        assert small.seen == large.seen == []
        (event,) = running.events(1)
        assert (event.outcome, event.status) == ("error", 404)


@pytest.mark.parametrize(
    "name", ["model-router/code_agent", "alias", "backend-alias", "code_agent", "large", "org/large-model", "auto"]
)
@pytest.mark.parametrize("mode", list(RoutingMode))
def test_no_name_gets_past_the_confirmation(tmp_path: Path, mode: RoutingMode, name: str) -> None:
    aliases = {"alias": "code_agent", "backend-alias": "large"}
    with two_backends(tmp_path, routing_mode=mode, aliases=aliases) as (running, small, large):
        response = running.ask(RISKY, model=name)
        assert response.status_code == (
            404 if mode is RoutingMode.MANUAL and name in ("org/large-model", "auto") else 409
        )
        assert small.seen == large.seen == []


def test_the_person_cannot_be_asked_for_as_an_engine(tmp_path: Path) -> None:
    with two_backends(tmp_path, routing_mode=RoutingMode.MANUAL) as (running, _, _):
        assert running.ask(SIMPLE, model="human_confirm").status_code == 404
        assert running.ask(SIMPLE, model="model-router/human_confirm").status_code == 404


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_passthrough_leaves_every_byte_as_it_came(tmp_path: Path, stream: bool) -> None:
    """Spaces, order, escapes, numbers and fields that nobody knows; and the backend is the one with that model."""
    flag = "true" if stream else "false"
    body = (
        '{ "messages":[{"role":"user","content":"rewrite \\u00e9 this text"}],\n "model" : "org/large-model",'
        f'"stream":{flag}, "temperature": 1.0e0, "x_unknown": {{"b": 1, "a": [ 2 ]}} }}'
    ).encode()
    with two_backends(tmp_path, routing_mode=RoutingMode.PASSTHROUGH) as (running, small, large):
        response = running.post(body)
        assert where(response)[1] == "large"
        assert large.seen[0].body == body
        assert small.seen == []
        assert running.events(1)[0].outcome == "ok"


@pytest.mark.parametrize(
    ("name", "backend"),
    [("large-model", "large"), ("ORG/Large-Model:latest", "large"), ("small-model", "small"), ("small", "small")],
)
def test_passthrough_finds_the_backend_by_its_model(tmp_path: Path, name: str, backend: str) -> None:
    with two_backends(tmp_path, routing_mode=RoutingMode.PASSTHROUGH) as (running, small, large):
        assert where(running.ask("hello there", model=name))[1] == backend
        (seen,) = small.seen + large.seen
        assert seen.json()["model"] == ("small-model" if name == "small" else name)


def test_passthrough_that_falls_back_names_the_other_s_model(tmp_path: Path) -> None:
    with servers.running(servers.close_at_once) as one, servers.running(servers.good) as two:
        config = config_for(
            {"one": one.base_url, "two": two.base_url},
            tmp_path,
            proxy={"routing_mode": RoutingMode.PASSTHROUGH},
            each={"one": {"model": "first"}, "two": {"model": "second"}},
        )
        with serving(config) as running:
            assert where(running.ask(SIMPLE, model="first"))[1] == "two"
            assert one.seen[0].json()["model"] == "first"
            assert two.seen[0].json()["model"] == "second"


OVERRIDES = OverridesConfig(
    set={"temperature": 0.25, "stop": ["END"], "extra": {"deep": [1, None]}},
    default={"seed": 7, "top_p": 0.5},
    remove=("logit_bias", "user"),
    max_tokens_cap=100,
)
SENT: Mapping[str, Any] = {
    "temperature": 1.5,
    "top_p": 0.9,
    "logit_bias": {"1": 2},
    "user": "ada",
    "max_tokens": 5000,
    "tools": [{"type": "function", "function": {"name": "look"}}],
    "tool_choice": "auto",
    "kept": {"as": "it is"},
}


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_overrides_reach_the_backend(tmp_path: Path, stream: bool) -> None:
    with before(servers.good, tmp_path, backend={"overrides": OVERRIDES, "strip_tools": True}) as (running, one):
        assert running.ask(SIMPLE, stream=stream, **SENT).status_code == 200
        got = one.seen[0].json()
        assert {name: got.get(name) for name in ("temperature", "stop", "extra", "seed", "top_p", "max_tokens")} == {
            "temperature": 0.25,
            "stop": ["END"],
            "extra": {"deep": [1, None]},
            "seed": 7,
            "top_p": 0.9,
            "max_tokens": 100,
        }
        assert not {"logit_bias", "user", "tools", "tool_choice"} & set(got)
        assert got["kept"] == {"as": "it is"}
        assert got["messages"] == [{"role": "user", "content": SIMPLE}]
        assert list(got).count("temperature") == 1
        assert one.seen[0].body.count(b'"temperature"') == 1


@pytest.mark.parametrize("dialect", [MESSAGES, RESPONSES], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("native", [False, True], ids=["translated", "native"])
def test_overrides_hold_in_every_protocol(tmp_path: Path, dialect: Any, native: bool) -> None:
    """A cap is put on the field that the protocol has for it, and on what is written anew as well."""
    answer = servers.stream(dialect.begun, dialect.ended) if native else servers.good
    protocols = dialect.backend["protocols"] if native else ("chat",)
    overrides = OverridesConfig(set={"temperature": 0.25}, default={"seed": 7}, max_tokens_cap=50)
    with before(answer, tmp_path, backend={"overrides": overrides, "protocols": protocols}) as (running, one):
        assert dialect.ask(running).status_code == 200
        got = one.seen[0].json()
        assert (got["temperature"], got["seed"]) == (0.25, 7)
        caps = {"max_tokens", "max_completion_tokens", "max_output_tokens"} & set(got)
        assert [got[name] for name in caps] == [50]


def test_overrides_of_one_backend_are_not_those_of_the_next(tmp_path: Path) -> None:
    with servers.running(servers.close_at_once) as one, servers.running(servers.good) as two:
        config = config_for(
            {"one": one.base_url, "two": two.base_url},
            tmp_path,
            each={"one": {"overrides": OVERRIDES}, "two": {"overrides": OverridesConfig(set={"temperature": 0.75})}},
        )
        with serving(config) as running:
            running.ask(SIMPLE, user="ada")
            assert (one.seen[0].json()["temperature"], two.seen[0].json()["temperature"]) == (0.25, 0.75)
            assert "user" not in one.seen[0].json()
            assert two.seen[0].json()["user"] == "ada"


def test_without_any_the_rest_of_a_body_is_untouched(tmp_path: Path) -> None:
    body = b'{"x":  1.50,"model":"auto","messages":[{"role":"user","content":"rewrite \\u00e9 this text"}] , "y":null}'
    with before(servers.good, tmp_path) as (running, one):
        assert running.post(body).status_code == 200
        assert one.seen[0].body == body.replace(b'"auto"', b'"m"')
        assert json.loads(one.seen[0].body)["x"] == 1.5
