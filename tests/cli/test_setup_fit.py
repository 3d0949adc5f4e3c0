"""``setup fit`` and ``setup recommend`` as a person runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended

Command = Callable[..., Ended]

MACHINES = Path(__file__).resolve().parents[1] / "data" / "machines"
KEYS = [
    "weights_bytes",
    "kv_bytes",
    "recurrent_bytes",
    "compute_bytes",
    "runtime_bytes",
    "total_bytes",
    "budget_bytes",
    "fits",
    "mode",
    "tok_s",
    "basis",
]


def hardware(name: str) -> tuple[str, str]:
    return "--hardware", str(MACHINES / f"{name}.json")


def test_the_sum_is_printed_and_adds_up(command: Command) -> None:
    ended = command("setup", "fit", "gemma-4-31b", "--quant", "Q4_K_M", "--context", "32768", *hardware("rtx4090-64gb"))
    assert ended.code == 0
    for words in ("weights", "cache, full", "cache, window", "compute buffer", "total", "fits:", "tokens a second"):
        assert words in ended.out


def test_the_json_has_the_contract_s_keys(command: Command) -> None:
    ended = command("setup", "fit", "qwen3.8-27b", "--json", "--context", "8192", *hardware("rtx4090-64gb"))
    shown = ended.json
    assert ended.code == 0
    assert [key for key in KEYS if key not in shown] == []
    parts = ("weights", "kv", "recurrent", "compute", "runtime", "projector")
    assert shown["total_bytes"] == sum(shown[f"{part}_bytes"] for part in parts)
    assert shown["kv_bytes"] == 512 << 20
    assert shown["tok_s"]["low"] < shown["tok_s"]["mid"] < shown["tok_s"]["high"]
    assert (shown["fits"], shown["mode"]) == (True, "gpu")
    for key in KEYS[:7]:
        assert set(shown["basis"][key]) == {"unit", "basis", "why"}


@pytest.mark.parametrize(
    ("gpu", "mode"),
    [("RTX 4090:24", "gpu"), ("RTX 3060", "experts_on_cpu"), ("Apple M3 Max:64", "gpu"), ("GB10:128", "gpu")],
)
def test_other_cards_can_be_tried(command: Command, gpu: str, mode: str) -> None:
    arguments = ("--gpu", gpu, "--json", *hardware("rtx4090-64gb"))
    shown = command("setup", "fit", "Qwen/Qwen3.6-35B-A3B", "--quant", "UD-Q4_K_M", *arguments).json
    assert shown["mode"] == mode
    assert shown["weights_bytes"] == 22_134_528_992


def test_two_cards_hold_what_one_does_not(command: Command) -> None:
    fixed = ("setup", "fit", "llama-3.3-70b", "--json", *hardware("container-4gb"))
    assert command(*fixed, "--gpu", "RTX 3090:24").json["fits"] is False
    both = command(*fixed, "--gpu", "RTX 3090:24", "--gpu", "RTX 3090:24").json
    assert (both["fits"], both["mode"]) == (True, "gpu")


def test_what_does_not_fit_ends_with_one(command: Command) -> None:
    ended = command("setup", "fit", "gpt-oss-120b", *hardware("laptop-8gb"))
    assert ended.code == 1
    assert "does not fit: 4.4 GiB can be used at most" in ended.out


def test_a_depth_makes_room_for_itself_and_slows(command: Command) -> None:
    fixed = ("setup", "fit", "qwen3-coder-30b-a3b", "--quant", "Q8_0", "--json", "--gpu", "GB10:128")
    deep = command(*fixed, "--depth", "32768", *hardware("rtx4090-64gb")).json
    assert deep["context"] == 32_768
    assert deep["tok_s"]["mid"] < command(*fixed, *hardware("rtx4090-64gb")).json["tok_s"]["mid"]


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gemma4:26b", "gemma-4-26b-a4b"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"),
        ("unsloth/gpt-oss-20b-GGUF", "gpt-oss-20b"),
    ],
)
def test_a_model_is_found_by_any_of_its_names(command: Command, name: str, model: str) -> None:
    assert command("setup", "fit", name, "--json", *hardware("rtx4090-64gb")).json["model"] == model


def test_a_file_that_the_catalog_does_not_list_is_estimated_from_its_bits(command: Command) -> None:
    shown = command("setup", "fit", "granite-4.2-30b", "--quant", "IQ2_M", "--json", *hardware("rtx4090-64gb")).json
    assert shown["basis"]["weights_bytes"]["basis"] == "estimate"
    assert shown["basis"]["kv_bytes"]["basis"] == "catalog"
    assert shown["weights_bytes"] * 8 / 29_276_770_304 == pytest.approx(3.0, rel=0.01)


def test_a_repository_that_nobody_knows_is_estimated_by_its_name(command: Command) -> None:
    shown = command("setup", "fit", "someone/Wonder-13B-GGUF", "--json", *hardware("rtx4090-64gb")).json
    assert shown["basis"]["weights_bytes"]["basis"] == "estimate"
    assert 7e9 < shown["weights_bytes"] < 9e9


def test_a_misspelt_name_that_holds_a_size_is_called_a_guess(command: Command) -> None:
    ended = command("setup", "fit", "qwen3.6-35b-a3", *hardware("rtx4090-64gb"))
    assert "worked out from its name; did you mean qwen3.6-35b-a3b?" in ended.out
    known = command("setup", "fit", "qwen3.6-35b-a3b", *hardware("rtx4090-64gb")).out
    assert "from its name" not in known
    unknown = command("setup", "fit", "someone/Qwen3.6-35B-A3-GGUF", *hardware("rtx4090-64gb")).out
    assert "worked out from its name\n" in unknown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("qwen3.8-72",), "did you mean"),
        (("whatever",), "no model is called 'whatever'"),
        (("qwen3.8-27b", "--quant", "Q9_Z"), "has no file 'Q9_Z'"),
        (("qwen3.8-27b", "--context", "100", "--depth", "200"), "does not go into a context"),
        (("qwen3.8-27b", "--gpu", "Mystery"), "how much memory does 'Mystery' have?"),
        (("qwen3.8-27b", "--gpu", "RTX 4090:abc"), "how much memory does 'RTX 4090:abc' have?"),
        (("qwen3.8-27b", "--gpu", "RTX 4090:-3"), "how much memory does 'RTX 4090:-3' have?"),
        (("qwen3.8-27b", "--hardware", "/nonexistent.json"), "cannot be read"),
    ],
)
def test_a_mistake_is_one_sentence_and_one_hint(command: Command, arguments: tuple[str, ...], words: str) -> None:
    ended = command("setup", "fit", *arguments)
    assert ended.code in {1, 2}
    assert ended.out == ""
    assert words in ended.err


def small_gguf(path: Path) -> Path:
    """A real GGUF file of four layers with two heads of 64 for keys and values."""
    import numpy
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "llama")
    writer.add_block_count(4)
    writer.add_context_length(262_144)
    writer.add_embedding_length(256)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_tensor("token_embd.weight", numpy.zeros((64, 256), dtype=numpy.float32))
    for layer in range(4):
        writer.add_tensor(f"blk.{layer}.attn_k.weight", numpy.zeros((128, 256), dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("written", "tokens"), [("32k", 32_768), ("128K", 131_072), ("32768", 32_768), ("1M", 1 << 20)]
)
def test_a_context_may_be_written_as_people_write_it(command: Command, written: str, tokens: int) -> None:
    arguments = ("--json", "--context", written, *hardware("mac-studio-128gb"))
    assert command("setup", "fit", "qwen3.5-4b", *arguments).json["context"] == tokens
    shown = command("setup", "recommend", "--route", "simple", *arguments).json
    assert shown["routes"]["simple"]["needs"]["context_tokens"] == tokens


@pytest.mark.parametrize("written", ["", "k", "-1k", "0", "1.5k", "32 thousand", "9999M", "1e5"])
def test_what_is_no_context_is_refused_in_one_sentence(command: Command, written: str) -> None:
    ended = command("setup", "fit", "qwen3.5-4b", "--context", written, *hardware("laptop-8gb"))
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 2


def test_a_context_beyond_the_model_s_own_is_noted(command: Command) -> None:
    ended = command("setup", "fit", "qwen3-8b", "--context", "128k", *hardware("mac-studio-128gb"))
    assert "note: it was made for 40,960 tokens of context at most" in ended.out
    assert "note" not in command("setup", "fit", "qwen3-8b", "--context", "32k", *hardware("mac-studio-128gb")).out


@pytest.mark.parametrize("name", ["absent.gguf", "./absent.gguf", "../absent.gguf", "/nowhere/absent.gguf"])
def test_a_file_that_is_absent_is_called_so(command: Command, name: str) -> None:
    ended = command("setup", "fit", name, *hardware("laptop-8gb"))
    assert (ended.code, ended.out) == (1, "")
    assert "absent.gguf cannot be read (No such file or directory)" in ended.err


def test_a_gguf_file_is_judged_by_its_own_header(command: Command, tmp_path: Path) -> None:
    path = small_gguf(tmp_path / "mine.gguf")
    shown = command("setup", "fit", str(path), "--context", "4096", "--json", *hardware("laptop-8gb")).json
    assert shown["basis"]["kv_bytes"]["basis"] == "header"
    assert shown["kv_bytes"] == 4096 * 4 * 2 * (64 + 64) * 2
    assert shown["weights_bytes"] == path.stat().st_size


def test_a_model_in_a_folder_of_models_is_recommended_as_being_here(command: Command, tmp_path: Path) -> None:
    path = small_gguf(tmp_path / "Qwen3.5-9B-Q4_K_M.gguf")
    shown = command("setup", "recommend", "--route", "coding", "--json", "--model-dir", str(tmp_path)).json
    coding = shown["routes"]["coding"]
    here = [one["model"] for one in (coding["pick"], *coding["alternatives"]) if one["here"] == str(path)]
    assert here == ["qwen3.5-9b"]


def test_a_file_that_is_no_model_is_refused(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 40)
    ended = command("setup", "fit", str(path), *hardware("laptop-8gb"))
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 2


def test_a_recommendation_says_what_for_whom_and_why(command: Command) -> None:
    ended = command("setup", "recommend", *hardware("rtx4090-64gb"))
    assert ended.code == 0
    for words in ("coding: qwen3.8-27b", "left, with 32,768 tokens", "together:", "catalog 20", "points less"):
        assert words in ended.out


def test_one_route_and_an_own_context(command: Command) -> None:
    arguments = ("--route", "coding", "--context", "65536", "--json", *hardware("rtx4090-64gb"))
    shown = command("setup", "recommend", *arguments).json
    assert list(shown["routes"]) == ["coding"]
    assert shown["routes"]["coding"]["pick"]["fit"]["context"] == 65_536


def test_a_context_that_no_model_has_is_called_too_long(command: Command) -> None:
    ended = command("setup", "recommend", "--route", "coding", "--context", "10000000", *hardware("rtx4090-64gb"))
    assert ended.code == 1
    assert "no model of the catalog has 10,000,000 tokens of context; the longest is " in ended.out


def test_where_nothing_fits_the_answer_is_no(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "tiny.json"
    path.write_text('{"memory": {"total": 1073741824, "available": 536870912}}', encoding="utf-8")
    ended = command("setup", "recommend", "--hardware", str(path))
    assert ended.code == 1
    assert "no model" in ended.out
