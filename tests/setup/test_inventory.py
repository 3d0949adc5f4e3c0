"""One list of all models: none twice, each with its place, weighed for the machine in question."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from model_router.errors import UsageError
from model_router.setup.hardware import scan_machine
from model_router.setup.hardware.recording import Recording
from model_router.setup.inventory import Inventory, Place, take_stock, wanted_for
from model_router.setup.machine import Machine
from model_router.setup.model_catalog import ModelCatalog
from model_router.setup.model_catalog_file import load_models
from model_router.setup.other_hardware import other_machine, with_cards
from tests.setup.test_hardware import NAMES, recorded
from tests.tui.setup_staging import found_on


@pytest.fixture(scope="module")
def catalog() -> ModelCatalog:
    return load_models({"MODEL_ROUTER_HOME": "/nowhere"})


def stock_on(machine: str, catalog: ModelCatalog) -> Inventory:
    return take_stock(found_on(machine), catalog)


def test_a_model_of_the_catalog_that_is_served_stands_once(catalog: ModelCatalog) -> None:
    stock = stock_on("nvidia-4090", catalog)
    of_that_name = [entry for entry in stock.entries if entry.catalog_name == "granite-4.2-3b"]
    assert [entry.place for entry in of_that_name] == [Place.SERVED]
    entry = of_that_name[0]
    assert (entry.served_name, entry.address) == ("granite-4.2-3b", "http://127.0.0.1:11434/v1")
    assert entry.licence == catalog.models["granite-4.2-3b"].licence
    assert entry.quality is not None


def test_a_file_that_no_server_has_is_for_llama_server(catalog: ModelCatalog) -> None:
    entry = next(one for one in stock_on("nvidia-4090", catalog).entries if one.place is Place.DISK)
    assert (entry.served_name, entry.address) == ("Qwen3-8B-Q4_K_M", "http://127.0.0.1:8080/v1")
    assert entry.verdict is not None
    assert entry.verdict.shape.basis == "header"


def test_what_is_recommended_stands_in_the_file_that_is_recommended(catalog: ModelCatalog) -> None:
    for machine in ("nvidia-4090", "m1-8", "strix-halo", "2x3090"):
        stock = stock_on(machine, catalog)
        for work, choice in stock.recommendation.choices.items():
            if choice.pick is None:
                continue
            entry = next(one for one in stock.entries if one.catalog_name == choice.pick.name)
            assert work in entry.recommended
            if entry.place is Place.CATALOG:
                files = {
                    each.pick.variant.step.quant
                    for each in stock.recommendation.choices.values()
                    if each.pick is not None and each.pick.name == entry.catalog_name
                }
                assert entry.quant in files


@pytest.mark.parametrize("machine", NAMES)
def test_every_recorded_machine_has_a_list_and_unknown_memory_fits_nothing(machine: str, catalog: ModelCatalog) -> None:
    stock = stock_on(machine, catalog)
    assert len(stock.entries) > 40
    if all(pool.budget is None for pool in (*stock.pools.graphics, stock.pools.processor)):
        assert not any(entry.fits for entry in stock.entries)


def test_a_measured_speed_takes_the_place_of_the_estimate(catalog: ModelCatalog) -> None:
    stock = take_stock(found_on(), catalog, measured={"granite-4.2-3b": 77.0})
    entry = next(one for one in stock.entries if one.catalog_name == "granite-4.2-3b")
    assert entry.verdict is not None
    assert entry.verdict.speed is not None
    assert (entry.verdict.speed.mid, entry.verdict.speed.basis) == (77.0, "measured")


def test_a_download_is_that_of_the_row(catalog: ModelCatalog) -> None:
    entry = next(one for one in stock_on("m1-8", catalog).entries if one.place is Place.CATALOG)
    wanted = wanted_for(entry, "coding")
    assert entry.catalog is not None
    assert wanted is not None
    assert wanted.names == (entry.catalog.files[entry.quant].file,)
    assert wanted.route == "coding"
    assert wanted_for(replace(entry, catalog=None)) is None


def test_embeddings_and_nameless_models_do_no_harm(catalog: ModelCatalog) -> None:
    found = found_on(served="")
    assert take_stock(found, catalog).entries
    nobody = replace(found, servers=None, keys=MappingProxyType({}))
    assert take_stock(nobody, catalog).entries


def test_other_hardware_is_cards_or_a_file(tmp_path: Path) -> None:
    here = scan_machine(Recording(recorded("no-sysfs")))
    assert [gpu.name for gpu in other_machine("RTX 4090:24, RTX 3060:12", here).gpus] == ["RTX 4090", "RTX 3060"]
    assert with_cards(here, ["RTX 4090:24"]).memory == here.memory
    file = tmp_path / "m.json"
    file.write_text('{"machine": {"system": "linux", "memory": {"total": 64000000000}}}', "utf-8")
    assert other_machine(str(file), here).memory.total == 64_000_000_000
    with pytest.raises(UsageError, match="how much memory"):
        other_machine("no such card", Machine())
