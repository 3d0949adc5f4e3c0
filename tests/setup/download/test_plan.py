"""A plan says everything before anything is fetched, and refuses what cannot work."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.errors import ModelRouterError, UsageError
from model_router.setup.download.disk import room_needed
from model_router.setup.download.failure import DownloadError, Reason
from model_router.setup.download.hub import Hub, is_safe, retry_after
from model_router.setup.download.plan import Adapter, DownloadPlan, default_root, plan_from_json
from model_router.setup.download.selection import Role, quant_of
from model_router.setup.download.sizes import parse_rate, size_words, time_words
from tests.hub.contents import COMMIT, NEXT_COMMIT, Repo, body, small_model
from tests.hub.server import GOOD_TOKEN, TestHub
from tests.setup.download.conftest import RoomyDisk

Planned = Callable[..., DownloadPlan]


def names(plan: DownloadPlan) -> list[str]:
    return [file.name for file in plan.files]


def test_one_question_to_the_hub_makes_a_plan(test_hub: TestHub, planned: Planned, tmp_path: Path) -> None:
    plan = planned(disk=RoomyDisk(free=10**10))
    assert [(request.method, request.path) for request in test_hub.requests] == [("GET", "/api/models/org/tiny")]
    assert (plan.repository, plan.commit, plan.licence, plan.gated) == ("org/tiny", COMMIT, "apache-2.0", "")
    assert (plan.model, plan.quant, names(plan)) == ("tiny-Q4_K_M", "Q4_K_M", ["tiny-Q4_K_M.gguf"])
    assert plan.folder == str(tmp_path / "models" / "tiny-Q4_K_M")
    assert plan.free_after == 10**10 - 1_000_000
    assert plan.notes == ("Q4_K_M was taken because none was named; there are also Q8_0",)
    assert not (tmp_path / "models").exists()


def test_a_plan_comes_back_from_its_json(planned: Planned) -> None:
    plan = planned(projector=True)
    written = json.loads(json.dumps(plan.to_json()))
    assert plan_from_json(written) == plan
    assert (written["total"], written["missing"], written["free_after"]) == (1_030_000, 1_030_000, 10**12 - 1_030_000)


def test_a_quantisation_is_taken_by_name(planned: Planned) -> None:
    assert names(planned(quant="q8_0")) == ["tiny-Q8_0.gguf"]
    with pytest.raises(UsageError) as caught:
        planned(quant="Q8_1")
    assert caught.value.hint == "did you mean Q8_0? --quant takes Q4_K_M (1 MB), Q8_0 (2 MB)."


def test_all_shards_come_and_a_missing_one_is_said(test_hub: TestHub, planned: Planned) -> None:
    shards = {f"Q5_K_M/big-Q5_K_M-0000{number}-of-00002.gguf": body(str(number), 100) for number in (1, 2)}
    repo = test_hub.repos["org/big"] = Repo(dict(shards))
    plan = planned("org/big")
    assert names(plan) == list(shards)
    assert [Path(file.target).name for file in plan.files] == [name.partition("/")[2] for name in shards]
    assert names(planned("org/big", names=[list(shards)[1]])) == list(shards)
    del repo.files[next(iter(shards))]
    with pytest.raises(DownloadError, match="do not add up"):
        planned("org/big")


def test_the_projector_of_half_precision_comes_along_when_it_is_wanted(planned: Planned) -> None:
    plan = planned(projector=True)
    assert plan.projector is not None
    assert (plan.projector.name, plan.projector.role) == ("mmproj-tiny-F16.gguf", Role.PROJECTOR)
    assert [file.name for file in plan.weights] == ["tiny-Q4_K_M.gguf"]


def test_a_projector_gets_a_name_that_llama_server_knows_it_by(test_hub: TestHub, planned: Planned) -> None:
    test_hub.repos["org/eyes"] = Repo({"a-Q4_0.gguf": b"1", "a-mmproj-f16.gguf": b"2"})
    plan = planned("org/eyes", projector=True)
    assert [Path(file.target).name for file in plan.files] == ["a-Q4_0.gguf", "mmproj-a-mmproj-f16.gguf"]


def test_files_that_would_overwrite_each_other_are_refused(test_hub: TestHub, planned: Planned) -> None:
    test_hub.repos["org/two"] = Repo({"x/a-Q4_0.gguf": b"1", "y/a-Q4_0.gguf": b"2"})
    with pytest.raises(UsageError, match="the same name"):
        planned("org/two", names=["x/a-Q4_0.gguf", "y/a-Q4_0.gguf"])


def test_drafts_and_statistics_are_no_models(test_hub: TestHub, planned: Planned) -> None:
    test_hub.repos["org/aside"] = Repo({"mtp-a-Q4_0.gguf": b"1", "a-imatrix.gguf": b"1", "a-draft-Q4_0.gguf": b"1"})
    with pytest.raises(DownloadError, match="neither GGUF files nor safetensors"):
        planned("org/aside")


def test_a_checkpoint_comes_without_the_formats_of_others(test_hub: TestHub, planned: Planned, tmp_path: Path) -> None:
    kept = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer.model"]
    left = ["README.md", "pytorch_model.bin", "consolidated.safetensors", "onnx/model.onnx"]
    test_hub.repos["org/mlx-4bit"] = Repo({name: name.encode() for name in left + kept})
    plan = planned("org/mlx-4bit", adapter=Adapter.MLX_LM)
    assert names(plan) == kept
    assert plan.folder == str(tmp_path / "models" / "org" / "mlx-4bit")


def test_what_does_not_fit_is_refused_with_the_figures(planned: Planned) -> None:
    needed = room_needed(1_000_000)
    assert needed == 1_050_000 + 2 * 1024**3
    assert planned(disk=RoomyDisk(free=needed)).total == 1_000_000
    with pytest.raises(DownloadError) as caught:
        planned(disk=RoomyDisk(free=needed - 1))
    assert caught.value.reason is Reason.DISK_FULL
    assert "1 MB to come, 2.15 GB free" in caught.value.message


def test_what_stands_in_the_way_is_named(planned: Planned) -> None:
    target = Path(planned().files[0].target)
    target.parent.mkdir(parents=True)
    target.write_bytes(b"an older edition")
    assert planned().replaces == (str(target),)


@pytest.mark.parametrize(
    ("repository", "token", "reason", "words"),
    [
        ("org/private", "", Reason.NOT_FOUND, "is private and needs a token"),
        ("org/private", "hf_stranger", Reason.NOT_FOUND, "not open to your token"),
        ("org/absent", "", Reason.NOT_FOUND, "does not exist"),
        ("org/absent", GOOD_TOKEN, Reason.NOT_FOUND, "does not exist"),
        ("org/tiny", "hf_wrong", Reason.TOKEN_NEEDED, "does not accept your token"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(
    *,
    test_hub: TestHub,
    planned: Planned,
    monkeypatch: pytest.MonkeyPatch,
    repository: str,
    token: str,
    reason: Reason,
    words: str,
) -> None:
    test_hub.repos["org/private"] = small_model()
    test_hub.repos["org/private"].private = True
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(DownloadError) as caught:
        planned(repository)
    assert caught.value.reason is reason
    assert words in caught.value.message
    assert token == "" or token not in f"{caught.value.message}{caught.value.hint}"


def test_a_private_repository_opens_with_its_token(
    test_hub: TestHub, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_hub.repos["org/tiny"].private = True
    monkeypatch.setenv("HF_TOKEN", GOOD_TOKEN)
    assert planned().private


def test_a_revision_is_pinned_or_missed(planned: Planned) -> None:
    assert planned(revision=COMMIT).commit == COMMIT
    with pytest.raises(DownloadError) as caught:
        planned(revision=NEXT_COMMIT)
    assert caught.value.reason is Reason.REVISION_GONE


def test_a_busy_hub_is_asked_again(test_hub: TestHub, planned: Planned) -> None:
    test_hub.repos["org/tiny"].faults.busy = 2
    assert planned().total == 1_000_000
    test_hub.repos["org/tiny"].faults.busy = 100
    with pytest.raises(DownloadError) as caught:
        planned()
    assert caught.value.reason is Reason.TOO_MANY_REQUESTS


def test_another_thing_that_answers_is_no_hub(test_hub: TestHub, planned: Planned) -> None:
    test_hub.repos["org/tiny"].faults.broken_metadata = b"<html>Welcome to the hotel</html>"
    with pytest.raises(DownloadError, match="did not answer as a hub does"):
        planned()


def test_no_hub_and_no_permission_to_ask(
    tmp_path: Path, planned: Planned, monkeypatch: pytest.MonkeyPatch, hub: Hub
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):
        planned()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    hub._endpoint = "http://127.0.0.1:9"
    with pytest.raises(DownloadError) as caught:
        planned()
    assert caught.value.reason is Reason.NO_NETWORK


@pytest.mark.parametrize(
    "name", ["../../.bashrc", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "a\x1b[2J", "a//b", "nul. "]
)
def test_a_name_that_leaves_its_folder_makes_the_repository_unusable(
    test_hub: TestHub, planned: Planned, name: str
) -> None:
    test_hub.repos["org/evil"] = Repo({"ok-Q4_0.gguf": b"1", name: b"1"})
    with pytest.raises(DownloadError, match="unusable name"):
        planned("org/evil")


@given(st.text("./\\: ab\n", max_size=12))
@settings(max_examples=300)
def test_a_safe_name_stays_inside_its_folder(name: str) -> None:
    if is_safe(name):
        assert os.path.normpath(f"/root/models/{name}") == f"/root/models/{name}"


@pytest.mark.parametrize("repository", ["tiny", "org/tiny/x", "../x", "org/..", "org/ti ny", "https://hub/org/tiny"])
def test_what_is_no_repository_is_wrong_use(planned: Planned, repository: str) -> None:
    with pytest.raises(ModelRouterError) as caught:
        planned(repository)
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(
    ("name", "quant"),
    [
        ("Qwen3-0.6B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
        ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
        ("a.IQ4_XS.gguf", "IQ4_XS"),
        ("Q8_0/a-BF16-00001-of-00002.gguf", "BF16"),
        ("phi-4-q4.gguf", "Q4"),
        ("mistral.gguf", ""),
    ],
)
def test_a_quantisation_is_read_from_a_name(name: str, quant: str) -> None:
    assert quant_of(name) == quant


def test_lm_studio_keeps_models_where_it_says(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "MODEL_ROUTER_HOME": str(tmp_path / "own")}
    assert default_root(Adapter.LLAMACPP, environ) == tmp_path / "own" / "models"
    assert default_root(Adapter.LMSTUDIO, environ) == tmp_path / ".lmstudio" / "models"
    (tmp_path / ".lmstudio-home-pointer").write_text("/data/lm\n")
    assert default_root(Adapter.LMSTUDIO, environ) == Path("/data/lm/models")


@pytest.mark.parametrize(
    ("text", "rate"), [("500k", 500_000), ("10M", 10_000_000), ("1.5MiB/s", 1_572_864), ("2000", 2000)]
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "fast", "0", "999", "-5M", "5X"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_rate(text)


def test_sizes_and_times_are_short() -> None:
    assert [size_words(size) for size in (0, 999, 4_920_000_000, 999_999)] == ["0 B", "999 B", "4.92 GB", "1 MB"]
    assert [time_words(seconds) for seconds in (4, 150, 7500)] == ["4 s", "2 min", "2 h 05 min"]


def test_retry_after_may_be_a_date() -> None:
    assert retry_after({"Retry-After": "Thu, 01 Jan 1970 00:02:00 GMT"}, now=lambda: 100.0) == 20.0
    assert retry_after({"Retry-After": "soon"}) is None


def test_a_file_that_is_not_the_catalog_s_is_refused_where_it_was_pinned(planned: Planned) -> None:
    (file,) = planned().files
    assert planned(sha256=(file.digest.value,), revision="main").notes == planned().notes
    with pytest.raises(DownloadError, match="another file"):
        planned(sha256=("0" * 64,), revision="main")
    assert "newer file than the catalog's" in planned(sha256=("0" * 64,)).notes[-1]
