"""Servers on loopback: told apart by what only each of them says, and asked with little patience."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from model_router.setup.running import RunningServer, ServedModel, find_servers, usual_addresses
from tests.support.llama import LlamaServer
from tests.support.told_server import HANGS, told_server

PATIENT = 10.0
"""So that a busy machine does not make a server silent."""


def found(answers: dict[str, Any], otherwise: tuple[Any, int] = ({}, 404)) -> RunningServer | None:
    with told_server(answers, otherwise) as server:
        servers = find_servers([("127.0.0.1", server.port)], PATIENT)
        assert all(one.address == f"http://127.0.0.1:{server.port}" for one in servers)
        return servers[0] if servers else None


OLLAMA = {
    "/v1/models": {"object": "list", "data": [{"id": "qwen3:8b"}, {"id": "gemma3:4b"}]},
    "/api/version": {"version": "0.30.1"},
    "/api/tags": {
        "models": [
            {"name": "qwen3:8b", "size": 5_200_000_000, "details": {"quantization_level": "Q4_K_M"}},
            {"name": "gemma3:4b", "size": 3_300_000_000, "details": None},
        ]
    },
    "/api/ps": {
        "models": [{"name": "qwen3:8b", "size": 7_000_000_000, "size_vram": 6_000_000_000, "context_length": 32_768}]
    },
}

LM_STUDIO = {
    "/v1/models": {"data": [{"id": "qwen3-8b"}]},
    "/api/v0/models": {
        "object": "list",
        "data": [
            {"id": "qwen3-8b", "type": "llm", "state": "loaded", "quantization": "Q4_K_M"}
            | {"max_context_length": 40_960, "loaded_context_length": 8192},
            {"id": "nomic", "type": "embeddings", "state": "not-loaded", "max_context_length": 2048},
        ],
    },
}


def test_ollama_tells_what_is_loaded_and_how_much_of_it_is_on_the_card() -> None:
    server = found(OLLAMA)
    assert server is not None
    assert (server.kind, server.version) == ("ollama", "0.30.1")
    assert server.models == (
        ServedModel(
            "qwen3:8b",
            loaded=True,
            context=32_768,
            quantization="Q4_K_M",
            size=5_200_000_000,
            memory=7_000_000_000,
            gpu_memory=6_000_000_000,
        ),
        ServedModel("gemma3:4b", loaded=False, size=3_300_000_000),
    )


def test_lm_studio_tells_states_and_contexts() -> None:
    """It answers every path that it does not know with 200 and an error."""
    server = found(LM_STUDIO, ({"error": "Unexpected endpoint or method. (GET /props)"}, 200))
    assert server is not None
    assert server.kind == "lmstudio"
    assert server.models == (
        ServedModel("qwen3-8b", True, 8192, 40_960, "llm", "Q4_K_M"),
        ServedModel("nomic", False, None, 2048, "embeddings"),
    )


def test_a_llama_server_of_several_models_says_which_are_loaded() -> None:
    rows = [
        {"id": "one", "status": {"value": "loaded"}, "meta": {"n_ctx_train": 40_960}},
        {"id": "two", "status": {"value": "unloaded"}, "meta": None},
    ]
    props = {"role": "router", "default_generation_settings": {"n_ctx": 4096}}
    server = found({"/v1/models": {"data": rows}, "/props": props})
    assert server is not None
    assert server.kind == "llamacpp"
    assert server.models == (ServedModel("one", True, 4096, 40_960), ServedModel("two", loaded=False))


def test_any_other_server_is_known_by_its_list() -> None:
    rows = [{"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 16_384}, {"no": "id"}, "nonsense"]
    server = found({"/v1/models": {"object": "list", "data": rows}})
    assert server is not None
    assert (server.kind, server.models) == ("openai", (ServedModel("Qwen/Qwen3-8B", context_limit=16_384),))


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_wants_a_key_is_listed_as_locked(status: int) -> None:
    server = found({"/v1/models": status})
    assert server is not None
    assert server.locked
    assert server.models == ()


@pytest.mark.parametrize(
    "answer",
    [b"<html>hello</html>", b"", b"[]", b'{"data": 5}', b'{"models": []}', b"\xff\xfe", b"[" * 200_000, 404, 500],
)
def test_what_serves_no_models_is_left_out(answer: object) -> None:
    assert found({"/v1/models": answer}) is None


@pytest.mark.parametrize("path", ["/api/version", "/api/tags", "/api/ps", "/props"])
@pytest.mark.parametrize("answer", [b"null", b'{"models": [1, {"name": 5}], "version": {}}', b'{"models": null}', 500])
def test_a_strange_answer_to_one_question_spoils_no_other(path: str, answer: object) -> None:
    server = found({**OLLAMA, path: answer})
    assert server is not None
    assert {model.name for model in server.models} <= {"qwen3:8b", "gemma3:4b"}


def test_a_server_that_hangs_is_not_waited_for() -> None:
    began = time.monotonic()
    with told_server({"/v1/models": HANGS}) as silent, told_server(OLLAMA) as ready:
        addresses = [("127.0.0.1", silent.port), ("127.0.0.1", ready.port)]
        servers = find_servers(addresses, 2.0)
    assert time.monotonic() - began < 60
    assert [server.kind for server in servers] == ["ollama"]


def test_nobody_at_an_address_is_nothing(free_port: int) -> None:
    assert find_servers([("127.0.0.1", free_port)]) == ()
    assert find_servers([]) == ()


def test_questions_carry_no_secrets_and_ask_nothing_to_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with told_server(OLLAMA) as server:
        find_servers([("127.0.0.1", server.port)], PATIENT)
        assert set(server.asked) == {"/v1/models", "/props", "/api/v0/models", *OLLAMA}
        named = {name for headers in server.headers for name in headers} - {"remote-addr"}  # that is Hypercorn's own
        assert named == {"host", "accept", "accept-encoding", "connection"}
        assert "sk-secret" not in str(server.headers)


@pytest.mark.llama
def test_a_real_llama_server_is_recognised(llama_servers: dict[str, LlamaServer]) -> None:
    one = llama_servers["fast_local"]
    (server,) = find_servers([("127.0.0.1", one.port)], PATIENT)
    (model,) = server.models
    assert server.kind == "llamacpp"
    assert (model.name, model.loaded, model.context_limit) == ("model-of-fast_local", True, 262_144)
    assert model.context == one.model.context // 2  # two slots share it


# ---- addresses


def test_the_usual_ports_are_asked_on_loopback_alone(tmp_path: Path) -> None:
    addresses = usual_addresses({"HOME": str(tmp_path)})
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    assert {11434, 1234, 8080} <= {port for _, port in addresses}
    assert 8082 not in {port for _, port in addresses}  # the router itself


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("127.0.0.1:9999", ("127.0.0.1", 9999)),
        ("0.0.0.0:9999", ("127.0.0.1", 9999)),
        ("http://localhost:9999/", ("127.0.0.1", 9999)),
        (":9999", ("127.0.0.1", 9999)),
        ("[::1]:9999", ("::1", 9999)),
        ("[::]:9999", ("::1", 9999)),
        ("192.168.1.7:9999", None),
        ("example.org:9999", None),
        ("127.0.0.1.example.org:9999", None),
        ("127.0.0.1:99999", None),
        ("localhost", None),
        ("nonsense here", None),
    ],
)
def test_ollama_is_asked_where_its_variable_says_if_that_is_here(
    tmp_path: Path, told: str, address: tuple[str, int] | None
) -> None:
    usual = usual_addresses({"HOME": str(tmp_path)})
    more = [one for one in usual_addresses({"HOME": str(tmp_path), "OLLAMA_HOST": told}) if one not in usual]
    assert more == ([address] if address else [])


@pytest.mark.parametrize(
    ("text", "port"), [('{"port": 4321}', 4321), ('{"port": "x"}', None), ("{", None), ("[]", None)]
)
def test_lm_studio_is_asked_where_its_settings_say(tmp_path: Path, text: str, port: int | None) -> None:
    settings = tmp_path / ".lmstudio" / ".internal" / "http-server-config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text(text)
    usual = usual_addresses({"HOME": "/nowhere"})
    more = [one for one in usual_addresses({"HOME": str(tmp_path)}) if one not in usual]
    assert more == ([("127.0.0.1", port)] if port else [])
