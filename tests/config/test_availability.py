"""Which engines cannot be used here, and why."""

from __future__ import annotations

from pathlib import Path

from model_router.config.availability import availability_reasons
from model_router.config.catalog_file import load_catalog
from model_router.engine.catalog import Availability, Catalog, EngineSpec
from model_router.engine.routes import AvailabilityStatus

NEEDY = Availability(required_env=("KEY", "OTHER"), required_commands=("tool",), required_paths=("~/model.gguf",))


def reasons(availability: Availability, *, enabled: bool = True, **environ: str) -> str:
    catalog = Catalog(engines={"one": EngineSpec(availability=availability, enabled=enabled)})
    found = availability_reasons(
        catalog,
        {"HOME": "/home/ada", **environ},
        find_command=lambda name: None,
        path_exists=lambda path: path == Path("/home/ada/there"),
    )
    return found.get("one", "")


def test_everything_that_lacks_is_named_and_no_value_shown() -> None:
    assert reasons(NEEDY, KEY="secret") == (
        "the environment variable OTHER is not set; the program tool is not on the PATH;"
        " the path ~/model.gguf does not exist"
    )


def test_what_is_there_is_no_reason() -> None:
    assert reasons(Availability(required_env=("KEY",), required_paths=("~/there",)), KEY="x") == ""
    assert reasons(Availability(required_env=("KEY",)), KEY="") != ""


def test_the_person_s_word_counts() -> None:
    assert reasons(Availability(AvailabilityStatus.AVAILABLE, ("KEY",))) == ""
    assert "unavailable" in reasons(Availability(AvailabilityStatus.UNAVAILABLE))


def test_engines_that_are_switched_off_are_not_looked_at() -> None:
    assert reasons(NEEDY, enabled=False) == ""


def test_real_programs_and_paths_are_found(tmp_path: Path) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    availability = Availability(required_commands=("tool",), required_paths=(str(program),))
    catalog = Catalog(engines={"one": EngineSpec(availability=availability)})
    assert availability_reasons(catalog, {"PATH": str(tmp_path)}) == {}
    assert list(availability_reasons(catalog, {"PATH": "/nowhere"})) == ["one"]


def test_the_packaged_catalog_works_on_a_bare_machine() -> None:
    assert availability_reasons(load_catalog(), {}) == {}
