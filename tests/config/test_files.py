"""Where files live."""

from __future__ import annotations

from pathlib import Path

from model_router.config.files import (
    catalog_path,
    configs_root,
    event_log_path,
    expand,
    packaged_catalog,
    proxy_path,
    stands,
    user_folder,
)

ADA = {"HOME": "/home/ada"}


def test_the_person_s_folder() -> None:
    assert user_folder(ADA) == Path("/home/ada/.model-router")
    assert catalog_path(ADA) == Path("/home/ada/.model-router/model_router.yaml")
    assert proxy_path(ADA) == Path("/home/ada/.model-router/routing_proxy.yaml")
    assert event_log_path(ADA) == Path("/home/ada/.model-router/logs/routing-events.jsonl")


def test_a_variable_moves_it() -> None:
    assert user_folder({**ADA, "MODEL_ROUTER_HOME": "/srv/router"}) == Path("/srv/router")
    assert user_folder({**ADA, "MODEL_ROUTER_HOME": "~/router"}) == Path("/home/ada/router")
    assert user_folder({**ADA, "MODEL_ROUTER_HOME": ""}) == Path("/home/ada/.model-router")


def test_paths_as_people_write_them() -> None:
    assert expand("~", ADA) == Path("/home/ada")
    assert expand("~/a", ADA, Path("/base")) == Path("/home/ada/a")
    assert expand("a/b", ADA, Path("/base")) == Path("/base/a/b")
    assert expand("/a", ADA, Path("/base")) == Path("/a")


def test_packaged_files_are_found() -> None:
    assert packaged_catalog().is_file()
    assert (configs_root() / "presets" / "ollama.yaml").is_file()


def test_a_place_that_cannot_be_looked_at_may_hold_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert stands(tmp_path / "file")
    assert not stands(tmp_path / "absent")
    assert not stands(tmp_path / "file" / "inside")
    assert stands(tmp_path / ("x" * 300))
