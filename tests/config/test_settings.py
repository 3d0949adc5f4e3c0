"""One setting of a file is changed where it stands; everything else stays, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_router.config.catalog_file import check_catalog_text
from model_router.config.files import configs_root
from model_router.config.proxy import ProxyConfig
from model_router.config.proxy_file import check_proxy_text
from model_router.config.settings import HIDDEN, Setting, flat, set_value, settings
from model_router.engine.catalog import Catalog
from model_router.errors import ConfigError, UsageError

PRESETS = sorted((configs_root() / "presets").glob("*.yaml"))
CATALOG = (configs_root() / "model_router.yaml").read_text("utf-8")
LLAMA = (configs_root() / "presets" / "llamacpp.yaml").read_text("utf-8")


def named(text: str, name: str, kind: type = ProxyConfig) -> Setting:
    (found,) = (one for one in settings(text, kind) if one.name == name)
    return found


def other_value(one: Setting) -> str:
    """A value that the setting takes and does not have."""
    if one.allowed:
        return next(word for word in one.allowed if word != (one.value or one.default))
    return {"number": "17", "list": "[some]", "text": "something", "yes or no": "true", "word": "x"}[one.kind]


@pytest.mark.parametrize(
    ("text", "kind"),
    [(path.read_text("utf-8"), ProxyConfig) for path in PRESETS] + [(CATALOG, Catalog)],
    ids=[path.stem for path in PRESETS] + ["catalog"],
)
def test_every_setting_can_be_changed_and_taken_out_and_nothing_else_changes(text: str, kind: type) -> None:
    found = settings(text, kind)
    assert len(found) > 40
    comments = [line.split("#", 1)[1] for line in text.splitlines() if "#" in line]
    for one in found:
        if one.secret or one.path[0] == "engine_backends":
            continue
        value = other_value(one)
        changed = set_value(text, one, value)
        before, after = flat(text), flat(changed)
        differ = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert differ
        assert all(name == one.name or name.startswith(f"{one.name}[") for name in differ), (one, differ)
        assert [line.split("#", 1)[1] for line in changed.splitlines() if "#" in line] == comments
        if one.is_set:
            gone = set_value(text, one, "")
            assert not any(name == one.name or name.startswith(f"{one.name}[") for name in flat(gone))
        else:
            assert set_value(changed, named(changed, one.name, kind), "").count("\n") >= text.count("\n")


def test_a_comment_behind_a_value_stays_behind_it() -> None:
    changed = set_value(LLAMA, named(LLAMA, "proxy.routing_profile"), "quality")
    assert "  routing_profile: quality # fast, balanced, quality, private or safe\n" in changed
    changed = set_value(LLAMA, named(LLAMA, "proxy.port"), "9000")
    assert changed == LLAMA.replace("  port: 8082\n", "  port: 9000\n")


def test_a_section_that_is_not_there_comes_at_the_end() -> None:
    assert set_value(LLAMA, named(LLAMA, "approvals.mode"), "hold") == LLAMA + "approvals:\n  mode: hold\n"
    blank = LLAMA + "approvals:   # soon\n"
    assert set_value(blank, named(blank, "approvals.mode"), "hold") == blank + "  mode: hold\n"
    short = "approvals: {ttl_seconds: 9}  # s\r\nproxy:\r\n  port: 1\r\n\r\n# end\r\n"
    changed = set_value(short, named(short, "approvals.mode"), "hold")
    assert changed == short.replace("{ttl_seconds: 9}", "{ttl_seconds: 9, mode: hold}")
    changed = set_value(short, named(short, "proxy.host"), "::1")
    assert changed == short.replace("  port: 1\r\n", "  port: 1\r\n  host: ::1\r\n")


@pytest.mark.parametrize("value", ["a: b", "# no", "yes", "12", "- x", "'", "[a", "\\", "é日", "x # y", "{", "null"])
def test_text_is_quoted_where_it_has_to_be(value: str) -> None:
    one = named(LLAMA, "backends.fast.model")
    changed = set_value(LLAMA, one, value)
    assert flat(changed)["backends.fast.model"] == value
    checked = check_proxy_text(changed, Path("/nowhere/routing_proxy.yaml"), {})
    assert checked.config is not None
    assert checked.config.backends["fast"].model == value


@pytest.mark.parametrize(
    ("name", "value"), [("proxy.port", "1, 2: ["), ("proxy.port", "a\nb: c"), ("proxy.model_ids", "x")]
)
def test_what_is_no_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(UsageError):
        set_value(LLAMA, named(LLAMA, name), value)


def test_what_is_written_over_several_lines_is_left_to_the_text() -> None:
    text = "proxy:\n  model_ids:\n    - a\n    - b\n  host: |\n    x\n"
    for name in ("proxy.model_ids", "proxy.host"):
        with pytest.raises(UsageError, match="several lines"):
            set_value(text, named(text, name), "[c]" if "ids" in name else "c")


def test_keys_are_hidden_but_a_new_one_is_a_difference() -> None:
    text = "proxy: {api_key: first-secret, api_keys: {me: {key: second-secret}}}\n"
    assert named(text, "proxy.api_key").value == HIDDEN
    assert "-secret" not in repr(settings(text, ProxyConfig)) + repr(flat(text))
    assert flat(text) != flat(text.replace("first", "other"))


@pytest.mark.parametrize("keys", ["{me: a-secret}", "a-secret", "[a-secret]", "{me: {key: {x: a-secret}}}"])
def test_keys_are_hidden_where_none_can_stand(keys: str) -> None:
    text = f"proxy: {{api_keys: {keys}}}\n"
    assert "a-secret" not in repr(settings(text, ProxyConfig)) + repr(flat(text))
    assert flat("proxy: {api_keys: {me: {env: MY_KEY}}}\n") == {"proxy.api_keys.me.env": "MY_KEY"}


def test_a_draft_is_checked_like_a_file() -> None:
    checked = check_proxy_text(LLAMA.replace("port: 8082", "port: x"), Path("/nowhere/p.yaml"), {})
    (problem,) = checked.problems
    assert (problem.line, problem.path) == (LLAMA[: LLAMA.index("port: 8082")].count("\n") + 1, "proxy.port")
    catalog = check_catalog_text(CATALOG.replace("coding: code_agent", "coding: code_agnt"), Path("/nowhere/m.yaml"))
    (problem,) = catalog.problems
    assert (problem.path, problem.nearest) == ("routing_targets.coding", "code_agent")
    assert check_proxy_text("[", Path("/nowhere/p.yaml"), {}).config is None
    with pytest.raises(ConfigError):
        settings("[", ProxyConfig)
