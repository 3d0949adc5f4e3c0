"""Who may talk to the gateway."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.config.proxy import ApiKeyConfig, ListenConfig
from model_router.errors import ServerError
from model_router.server.guard import Guard, resolve_keys
from model_router.server.refusal import Refusal

KEY = "a-long-key"


def status(guard: Guard, **headers: str) -> int:
    try:
        guard.check({name.replace("_", "-"): value for name, value in headers.items()})
    except Refusal as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8082", "localhost:8082", "LOCALHOST", "[::1]:8082", "x.localhost", ""]
)
def test_names_of_this_machine_pass(host: str) -> None:
    assert status(Guard("127.0.0.1"), host=host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8082", "127.0.0.1.evil.example", "localhost@evil.example", "[::1", "0", "a/b", "?"],
)
def test_other_names_are_refused_on_loopback(host: str) -> None:
    assert status(Guard("127.0.0.1"), host=host) == 403
    assert status(Guard("127.0.0.1", {"": KEY}), host=host, authorization=f"Bearer {KEY}") == 403


def test_beyond_loopback_the_key_decides() -> None:
    guard = Guard("0.0.0.0", {"": KEY})
    assert status(guard, host="router.home.example", authorization=f"Bearer {KEY}") == 200
    assert status(guard, host="router.home.example") == 401


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:3000", 200),
        ("http://127.0.0.1:8082", 200),
        ("app://obsidian.md", 200),
        ("vscode-webview://abc", 200),
        ("https://evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("HTTPS://EVIL.EXAMPLE", 403),
        ("evil.example", 403),
        ("//evil.example", 403),
    ],
)
def test_web_pages_of_other_sites_are_refused(origin: str, expected: int) -> None:
    assert status(Guard("127.0.0.1"), host="127.0.0.1", origin=origin) == expected


def test_clients_that_say_cors_without_an_origin_pass() -> None:
    guard = Guard("127.0.0.1")
    assert status(guard, sec_fetch_mode="cors") == 200
    assert status(guard, sec_fetch_site="cross-site") == 403
    assert status(guard, sec_fetch_site=" Cross-Site") == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"authorization": f"Bearer {KEY}"}, 200),
        ({"authorization": f"bearer  {KEY}"}, 200),
        ({"x_api_key": KEY}, 200),
        ({"x_api_key": KEY, "authorization": "Bearer other"}, 200),
        ({"x_api_key": KEY, "origin": "https://chat.example"}, 200),
        ({}, 401),
        ({"authorization": KEY}, 401),
        ({"authorization": f"Basic {KEY}"}, 401),
        ({"authorization": f"Bearer {KEY}x"}, 401),
        ({"x_api_key": "\u20ac"}, 401),
    ],
)
def test_keys(headers: dict[str, str], expected: int) -> None:
    assert status(Guard("127.0.0.1", {"": KEY}), **headers) == expected


def test_the_key_never_shows() -> None:
    guard = Guard("127.0.0.1", {"": KEY})
    assert KEY not in repr(guard)
    with pytest.raises(Refusal) as caught:
        guard.check({"authorization": "Bearer wrong-key"})
    assert KEY not in caught.value.message
    assert "wrong-key" not in caught.value.message
    assert "is wrong" in caught.value.message


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_header_is_an_answer(host: str, origin: str, key: str) -> None:
    assert status(Guard("127.0.0.1"), host=host, origin=origin, authorization=key) in (200, 403)


def test_a_key_comes_from_the_file_or_from_a_variable() -> None:
    assert resolve_keys(ListenConfig(api_key="k"), {}) == {"": "k"}
    assert resolve_keys(ListenConfig(api_key_env="K"), {"K": "k"}) == {"": "k"}
    assert resolve_keys(ListenConfig(), {}) == {}


@pytest.mark.parametrize("value", [{}, {"K": ""}])
def test_a_named_variable_has_to_be_set(value: dict[str, str]) -> None:
    with pytest.raises(ServerError, match="K, which is not set") as caught:
        resolve_keys(ListenConfig(api_key_env="K"), value)
    assert caught.value.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "router.local", ""])
def test_other_machines_need_a_key(host: str) -> None:
    with pytest.raises(ServerError, match="without a key"):
        resolve_keys(ListenConfig(host=host), {})
    assert resolve_keys(ListenConfig(host=host, api_key="k"), {}) == {"": "k"}


def test_a_key_has_the_name_of_who_has_it() -> None:
    listen = ListenConfig(
        api_key="plain-key", api_keys={"laptop": ApiKeyConfig(key="first-key"), "phone": ApiKeyConfig(env="PHONE")}
    )
    guard = Guard("127.0.0.1", resolve_keys(listen, {"PHONE": "second-key"}))
    assert guard.check({"authorization": "Bearer first-key"}) == "laptop"
    assert guard.check({"x-api-key": "second-key"}) == "phone"
    assert guard.check({"x-api-key": "plain-key"}) == ""
    assert guard.key_name({"x-api-key": "first-ke"}) is None
    assert not any(key in repr(guard) + repr(listen) for key in ("plain-key", "first-key", "second-key"))
    with pytest.raises(ServerError, match=r"api_keys\.phone\.env names PHONE"):
        resolve_keys(listen, {})
    assert resolve_keys(ListenConfig(host="0.0.0.0", api_keys=listen.api_keys), {"PHONE": "second-key"})
