"""Models in the folders of other programs, built in a temporary home as those programs build them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_router.setup.stores import FoundModels, Place, find_models, usual_places
from model_router.setup.stores.names import belongs, is_aside, is_projector, quantization_of, shard_of
from model_router.setup.stores.ollama import tag_name
from tests.support.full_gguf import FAMILIES, write_full_gguf
from tests.support.small_gguf import write_small_gguf

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a right that accounts on Windows lack")


@pytest.fixture
def person(tmp_path: Path) -> Path:
    folder = tmp_path / "person"
    folder.mkdir()
    return folder


def search(person: Path, *folders: Path, **environ: str) -> FoundModels:
    """The search as ``scan`` does it, in this home alone."""
    places = usual_places({"HOME": str(person), **environ}, "linux", folders)
    return find_models([place for place in places if not place.folder.is_relative_to("/usr/share")])


def names(found: FoundModels) -> list[str]:
    return [f"{model.store} {model.name}" for model in found.models]


def gguf(path: Path, number: int = 0, architecture: str = "qwen3", **keys: Any) -> Path:
    """A model that differs from others by ``number``."""
    return write_small_gguf(path, architecture, {".block_count": number + 1, **keys})


FILE_TYPE: dict[str, Any] = {"general.file_type": 15}


def projector(path: Path) -> Path:
    return write_small_gguf(path, "clip")


# ---- Ollama


class Ollama:
    """Ollama's store, by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, source: Path | bytes) -> dict[str, Any]:
        content = source if isinstance(source, bytes) else source.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / "blobs" / f"sha256-{digest}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    def tag(self, where: str, manifests: str = "manifests", **layers: dict[str, Any]) -> Path:
        path = self.folder / manifests / where
        path.parent.mkdir(parents=True, exist_ok=True)
        kinds = [{"mediaType": f"application/vnd.ollama.image.{kind}", **layer} for kind, layer in layers.items()]
        path.write_text(json.dumps({"schemaVersion": 2, "config": {}, "layers": kinds}))
        return path


@pytest.fixture
def ollama(person: Path) -> Ollama:
    return Ollama(person / ".ollama" / "models")


def test_ollama_tags_have_their_names_and_share_blobs(person: Path, ollama: Ollama, tmp_path: Path) -> None:
    weights = ollama.blob(gguf(tmp_path / "a.gguf"))
    ollama.tag("registry.ollama.ai/library/qwen3/8b", model=weights, license=ollama.blob(b"words"))
    ollama.tag("registry.ollama.ai/library/qwen3/latest", model=weights)
    ollama.tag("registry.ollama.ai/someone/other/1b", model=ollama.blob(gguf(tmp_path / "b.gguf", 1)))
    ollama.tag("hf.co/owner/repo/Q4_K_M", model=ollama.blob(gguf(tmp_path / "c.gguf", 2)))
    found = search(person)
    assert names(found) == ["ollama hf.co/owner/repo:Q4_K_M", "ollama qwen3:8b", "ollama someone/other:1b"]
    assert found.models[1].aliases == ("qwen3:latest",)
    assert found.models[1].header.architecture == "qwen3"
    assert found.unreadable == ()


def test_ollama_models_know_their_projector_and_template(person: Path, ollama: Ollama, tmp_path: Path) -> None:
    weights, pictures = ollama.blob(gguf(tmp_path / "a.gguf")), ollama.blob(projector(tmp_path / "p.gguf"))
    template = ollama.blob(b"{{ if .Tools }}...{{ end }}")
    ollama.tag("registry.ollama.ai/library/seer/7b", model=weights, projector=pictures, template=template)
    (model,) = search(person).models
    assert model.size == weights["size"] + pictures["size"]
    assert model.projector is not None
    assert model.header.tools is True


def test_ollama_follows_its_variable_and_the_newer_folder(person: Path, tmp_path: Path) -> None:
    moved = Ollama(tmp_path / "elsewhere")
    moved.tag("ollama.com/library/new/1b", "manifests-v2", model=moved.blob(gguf(tmp_path / "a.gguf")))
    found = search(person, OLLAMA_MODELS=str(tmp_path / "elsewhere"))
    assert names(found) == ["ollama ollama.com/library/new:1b"]


def test_ollama_tags_that_cannot_be_used_are_named(person: Path, ollama: Ollama, tmp_path: Path) -> None:
    weights = ollama.blob(gguf(tmp_path / "a.gguf"))
    place = "registry.ollama.ai/library"
    ollama.tag(f"{place}/gone/1b", model={"digest": "sha256:" + "0" * 64, "size": 5})
    ollama.tag(f"{place}/half/1b", model={**weights, "size": weights["size"] + 1})
    ollama.tag(f"{place}/outside/1b", model={"digest": "sha256:../../../../etc/passwd", "size": 0})
    ollama.tag(f"{place}/words/1b", model=ollama.blob(b"no model"))
    ollama.tag(f"{place}/broken/1b").write_text("{")
    ollama.tag(f"{place}/cloud/1b", license=weights)
    found = search(person)
    assert found.models == ()
    assert sorted(one.path.parent.name for one in found.unreadable) == ["broken", "gone", "half", "outside", "words"]


@given(raw=st.binary(max_size=200))
@settings(deadline=None)
def test_no_manifest_whatever_breaks_the_search(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    person = tmp_path_factory.mktemp("person")
    path = person / ".ollama" / "models" / "manifests" / "registry" / "owner" / "model" / "tag"
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    assert search(person).models == ()


def test_tags_are_called_as_ollama_calls_them() -> None:
    assert tag_name(("registry.ollama.ai", "library", "qwen3", "8b")) == "qwen3:8b"
    assert tag_name(("registry.ollama.ai", "me", "qwen3", "8b")) == "me/qwen3:8b"
    assert tag_name(("hf.co", "me", "qwen3", "Q4_0")) == "hf.co/me/qwen3:Q4_0"


# ---- LM Studio


def test_lm_studio_is_found_in_each_of_its_homes(person: Path, tmp_path: Path) -> None:
    gguf(person / ".lmstudio" / "models" / "pub" / "repo-GGUF" / "a-Q4_K_M.gguf")
    assert names(search(person)) == ["lmstudio pub/repo-GGUF/a-Q4_K_M"]
    gguf(person / ".cache" / "lm-studio" / "models" / "old" / "repo" / "b.gguf", 1)
    assert names(search(person)) == ["lmstudio old/repo/b"]  # the old home goes first where it exists
    gguf(tmp_path / "far" / "models" / "far" / "repo" / "c.gguf", 2)
    (person / ".lmstudio-home-pointer").write_text(f"{tmp_path / 'far'}\n")
    assert names(search(person)) == ["lmstudio far/repo/c"]


@pytest.mark.parametrize("settings", ['{"downloadsFolder": "DISK"}', "{", "[]", '{"downloadsFolder": 5}', ""])
def test_lm_studio_follows_its_settings(person: Path, tmp_path: Path, settings: str) -> None:
    disk = tmp_path / "disk"
    gguf(disk / "pub" / "repo" / "a.gguf")
    home = person / ".lmstudio"
    home.mkdir()
    (home / "settings.json").write_text(settings.replace("DISK", str(disk)))
    assert names(search(person)) == (["lmstudio pub/repo/a"] if "DISK" in settings else [])


# ---- the Hub's cache


@needs_links
class TestHub:
    @staticmethod
    def repository(root: Path, name: str, files: dict[str, Path], commit: str = "c" * 40, newest: bool = True) -> Path:
        """A repository as the Hub's client leaves it: files are links to blobs."""
        repository = root / ("models--" + name.replace("/", "--"))
        (repository / "blobs").mkdir(parents=True, exist_ok=True)
        for place, source in files.items():
            digest = hashlib.sha256(source.read_bytes()).hexdigest()
            shutil.copy(source, repository / "blobs" / digest)
            link = repository / "snapshots" / commit / place
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.path.relpath(repository / "blobs" / digest, link.parent))
        if newest:
            (repository / "refs").mkdir(exist_ok=True)
            (repository / "refs" / "main").write_text(commit)
        return repository

    def test_models_are_named_by_repository_and_quantisation(self, person: Path, tmp_path: Path) -> None:
        cache = person / ".cache" / "huggingface" / "hub"
        one, two = gguf(tmp_path / "1.gguf"), gguf(tmp_path / "2.gguf", 1)
        self.repository(cache, "org/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": one, "sub/Qwen3-8B-Q8_0.gguf": two})
        found = search(person)
        assert names(found) == ["huggingface org/Qwen3-8B-GGUF:Q4_K_M", "huggingface org/Qwen3-8B-GGUF:Q8_0"]

    def test_a_file_of_two_revisions_is_listed_once(self, person: Path, tmp_path: Path) -> None:
        cache = person / ".cache" / "huggingface" / "hub"
        kept, fresh = gguf(tmp_path / "1.gguf"), gguf(tmp_path / "2.gguf", 1)
        self.repository(cache, "org/a", {"a-Q4_0.gguf": kept, "b-Q8_0.gguf": kept}, "1" * 40, newest=False)
        self.repository(cache, "org/a", {"a-Q4_0.gguf": fresh}, "2" * 40)
        found = search(person)
        assert names(found) == ["huggingface org/a:Q4_0", "huggingface org/a:Q4_0@1111111"]
        assert found.models[1].aliases == ("org/a:Q8_0@1111111",)

    def test_half_downloads_are_left_out(self, person: Path, tmp_path: Path) -> None:
        cache = person / ".cache" / "huggingface" / "hub"
        repository = self.repository(cache, "org/a", {"a-Q4_0.gguf": gguf(tmp_path / "1.gguf")})
        (repository / "blobs" / "abc.123.incomplete").write_bytes(b"GGUF")
        (repository / "snapshots" / ("c" * 40) / "b-Q4_0.gguf").symlink_to("../../blobs/absent")
        found = search(person)
        assert names(found) == ["huggingface org/a:Q4_0"]
        assert found.unreadable == ()

    @pytest.mark.parametrize(
        ("variable", "below"),
        [
            ("HF_HOME", "hub"),
            ("HF_HUB_CACHE", ""),
            ("HUGGINGFACE_HUB_CACHE", ""),
            ("XDG_CACHE_HOME", "huggingface/hub"),
            ("LLAMA_CACHE", ""),
        ],
    )
    def test_every_variable_moves_it(self, person: Path, tmp_path: Path, variable: str, below: str) -> None:
        root = tmp_path / "moved"
        self.repository(root / below, "org/a", {"a-Q4_0.gguf": gguf(tmp_path / "1.gguf")})
        store = "llama.cpp" if variable == "LLAMA_CACHE" else "huggingface"
        assert names(search(person, **{variable: str(root)})) == [f"{store} org/a:Q4_0"]

    def test_a_link_that_leads_in_a_circle_is_followed_once(self, person: Path, tmp_path: Path) -> None:
        folder = tmp_path / "models"
        gguf(folder / "a.gguf")
        (folder / "again").symlink_to(folder)
        (folder / "same.gguf").symlink_to(folder / "a.gguf")
        found = search(person, folder, tmp_path / "models")
        assert names(found) == ["folder a"]
        assert found.models[0].aliases == ("same",)


# ---- flat and nested folders


def test_llama_cpps_old_cache_is_read_flat(person: Path) -> None:
    cache = person / ".cache" / "llama.cpp"
    gguf(cache / "org_a-GGUF_a-Q4_K_M.gguf")
    gguf(cache / "org_b-GGUF_b-Q4_K_M.gguf", 1)
    projector(cache / "org_a-GGUF_mmproj-model-f16.gguf")
    (cache / "manifest=org=a-GGUF=latest.json").write_text("{}")
    (cache / "c.gguf.downloadInProgress").write_bytes(b"GGUF")
    a, b = search(person).models
    assert (a.name, a.projector) == ("org_a-GGUF_a-Q4_K_M", cache / "org_a-GGUF_mmproj-model-f16.gguf")
    assert b.projector is None


@pytest.mark.parametrize(
    ("store", "folder", "name"),
    [
        ("jan", ".local/share/Jan/data/llamacpp/models/org/qwen", "org/qwen"),
        ("jan", "jan/models/qwen", "qwen"),
        ("gpt4all", ".local/share/nomic.ai/GPT4All", "model"),
        ("gpt4all", ".cache/gpt4all", "model"),
        ("text-generation-webui", "text-generation-webui/user_data/models", "model"),
        ("model-router", ".model-router/models/qwen", "qwen"),
    ],
)
def test_each_program_is_looked_for_where_it_lives(person: Path, store: str, folder: str, name: str) -> None:
    gguf(person / folder / "model.gguf")
    assert names(search(person)) == [f"{store} {name}"]


def test_jan_and_gpt4all_follow_their_settings(person: Path, tmp_path: Path) -> None:
    gguf(tmp_path / "jan" / "models" / "a" / "model.gguf")
    gguf(tmp_path / "g4a" / "b.gguf", 1)
    for path, text in (
        (".config/Jan/settings.json", json.dumps({"data_folder": str(tmp_path / "jan")})),
        (".config/nomic.ai/GPT4All.ini", f"[General]\nmodelPath={tmp_path / 'g4a'}\n"),
    ):
        (person / path).parent.mkdir(parents=True)
        (person / path).write_text(text)
    assert names(search(person)) == ["jan a", "gpt4all b"]


@pytest.mark.parametrize("written", ["absolute", "from the data folder", "files"])
def test_jan_s_imported_models_are_found_where_they_lie(person: Path, tmp_path: Path, written: str) -> None:
    data = person / ".local/share/Jan/data"
    lies = tmp_path / "Downloads" if written == "absolute" else data / "imported"
    gguf(lies / "Qwen3-8B-Q4_K_M-00001-of-00002.gguf")
    shutil.copy(lies / "Qwen3-8B-Q4_K_M-00001-of-00002.gguf", lies / "Qwen3-8B-Q4_K_M-00002-of-00002.gguf")
    gguf(lies / "another-model.gguf", 3)
    projector(lies / "eyes.gguf")
    text = str(lies / "Qwen3-8B-Q4_K_M-00001-of-00002.gguf")
    text = text if written == "absolute" else text.removeprefix(f"{data}/")
    pointer = data / "llamacpp/models/org/qwen3-8b/model.yml"
    pointer.parent.mkdir(parents=True)
    if written == "files":
        pointer.write_text(f"files:\n  - {text}\nmodel: Qwen3\n")
    else:
        pointer.write_text(f"name: Qwen3\nmodel_path: {text}\nmmproj_path: {lies / 'eyes.gguf'}\nsize_bytes: 5\n")
    (model,) = search(person).models
    assert (model.store, model.name, model.path.name) == ("jan", "org/qwen3-8b", Path(text).name)
    assert model.projector == (None if written == "files" else lies / "eyes.gguf")


def test_jan_s_own_description_beside_its_model_adds_nothing(person: Path) -> None:
    folder = person / ".local/share/Jan/data/llamacpp/models/qwen"
    gguf(folder / "model.gguf")
    (folder / "model.yml").write_text("model_path: llamacpp/models/qwen/model.gguf\nsize_bytes: 5\n")
    assert names(search(person)) == ["jan qwen"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("model_path: /nowhere/at/all.gguf", "the file that it names, /nowhere/at/all.gguf, is not there"),
        ("- a\n- list", "no YAML that says where"),
        ("a: [", "no YAML that says where"),
        ("[" * 5000, "no YAML that says where"),
    ],
)
def test_a_pointer_of_jan_s_that_leads_nowhere_is_named(person: Path, text: str, reason: str) -> None:
    pointer = person / ".local/share/Jan/data/llamacpp/models/gone/model.yml"
    pointer.parent.mkdir(parents=True)
    pointer.write_text(text)
    (bad,) = search(person).unreadable
    assert bad.path == pointer
    assert reason in bad.reason


def virtual(person: Path, name: str, base: str) -> None:
    path = person / ".lmstudio/hub/models" / name / "model.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"model: {name}\nbase:{base}\nconfig: {{operation: {{fields: []}}}}\n")


def test_virtual_models_of_lm_studio_are_further_names_of_what_they_are_made_of(person: Path) -> None:
    repository = person / ".lmstudio/models/lmstudio-community/Qwen3-8B-GGUF"
    gguf(repository / "Qwen3-8B-Q4_K_M.gguf")
    gguf(person / ".lmstudio/models/other/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", 1)
    sources = "sources: [{type: huggingface, user: lmstudio-community, repo: Qwen3-8B-GGUF}]"
    virtual(person, "qwen/qwen3-8b", f"\n  - key: lmstudio-community/qwen3-8b-gguf\n    {sources}")
    virtual(person, "me/thinking-qwen", " qwen/qwen3-8b")
    virtual(person, "not/fetched", "\n  - key: nobody/nothing-gguf")
    virtual(person, "round/one", " round/two")
    virtual(person, "round/two", " round/one")
    first, second = search(person).models
    assert first.aliases == ("me/thinking-qwen", "qwen/qwen3-8b")
    assert second.aliases == ()
    assert not search(person).unreadable


@pytest.mark.parametrize("text", ["", "base: 5", "base: [[[", "- x", "&a [*a]", "model: {}\nbase: [1, {sources: 3}]"])
def test_a_broken_virtual_model_is_passed_over(person: Path, text: str) -> None:
    gguf(person / ".lmstudio/models/a/b/c.gguf")
    path = person / ".lmstudio/hub/models/a/b/model.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert names(search(person)) == ["lmstudio a/b/c"]


def test_a_description_that_grows_when_it_is_read_takes_no_time(person: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)), "base: *a29"]
    virtual_path = person / ".lmstudio/hub/models/a/b/model.yaml"
    virtual_path.parent.mkdir(parents=True)
    virtual_path.write_text("\n".join(lines))
    assert names(search(person)) == []


@pytest.mark.parametrize(
    ("system", "environ", "folder"),
    [
        ("macos", {}, "Library/Caches/llama.cpp"),
        ("macos", {}, "Library/Application Support/Jan/data/llamacpp/models"),
        ("macos", {}, "Library/Application Support/nomic.ai/GPT4All"),
        ("windows", {}, "AppData/Local/llama.cpp"),
        ("windows", {}, "AppData/Roaming/Jan/data/models"),
        ("windows", {"LOCALAPPDATA": "HOME/Local"}, "Local/nomic.ai/GPT4All"),
    ],
)
def test_other_systems_have_other_folders(person: Path, system: Any, environ: dict[str, str], folder: str) -> None:
    told = {name: value.replace("HOME", str(person)) for name, value in environ.items()}
    places = usual_places({"HOME": str(person), **told}, system)
    assert person / folder in [place.folder for place in places]


def test_shards_are_one_model_and_missing_ones_are_told(person: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    for number in (1, 2, 3):
        gguf(folder / f"whole-Q4_K_M-0000{number}-of-00003.gguf")
    for number in (1, 3):
        gguf(folder / f"part-Q4_K_M-0000{number}-of-00003.gguf", 1)
    found = search(person, folder)
    assert names(found) == ["folder whole-Q4_K_M"]
    assert found.models[0].header.shards == 3
    assert [(one.path.name, one.reason) for one in found.unreadable] == [
        ("part-Q4_K_M-00001-of-00003.gguf", "1 of its 3 parts are missing")
    ]


def test_projectors_are_parts_and_the_best_one_is_taken(person: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    gguf(folder / "gemma-Q4_K_M.gguf")
    gguf(folder / "gemma-Q8_0.gguf", 1)
    for kind in ("BF16", "F16", "F32"):
        projector(folder / f"mmproj-{kind}.gguf")
    models = search(person, folder).models
    assert [model.projector for model in models] == [folder / "mmproj-F16.gguf"] * 2
    assert models[0].size == models[0].header.size + (folder / "mmproj-F16.gguf").stat().st_size


def test_a_projector_without_a_telling_name_is_known_by_its_header(person: Path, tmp_path: Path) -> None:
    gguf(tmp_path / "models" / "a-Q4_0.gguf")
    projector(tmp_path / "models" / "vision.gguf")
    (model,) = search(person, tmp_path / "models").models
    assert model.projector == tmp_path / "models" / "vision.gguf"


def test_a_bare_projector_among_several_models_is_given_to_none(person: Path, tmp_path: Path) -> None:
    gguf(tmp_path / "models" / "a-Q4_0.gguf")
    gguf(tmp_path / "models" / "b-Q4_0.gguf", 1)
    projector(tmp_path / "models" / "mmproj-F16.gguf")
    assert [model.projector for model in search(person, tmp_path / "models").models] == [None, None]


def test_drafts_adapters_and_half_downloads_are_left_out(person: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    gguf(folder / "a-Q4_0.gguf")
    for number, name in enumerate(("mtp-a-Q8_0", "a-draft-Q4_0", "a.imatrix", "ggml-vocab-a", "a-eagle3-Q8_0")):
        gguf(folder / f"{name}.gguf", number + 1)
    gguf(folder / "lora.gguf", 8, **{"general.type": "adapter"})
    gguf(folder / "later.gguf", 9)
    (folder / "later.gguf.aria2").write_bytes(b"")
    (folder / "b.gguf.part").write_bytes(b"GGUF")
    (folder / ".c.0123456789ab.part").write_bytes(b"GGUF")
    (folder / ".hidden").mkdir()
    gguf(folder / ".hidden" / "d.gguf", 10)
    found = search(person, folder)
    assert names(found) == ["folder a-Q4_0"]
    assert found.unreadable == ()


def test_a_broken_file_is_named_and_the_others_are_listed(person: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    gguf(folder / "good.gguf")
    (folder / "bad.gguf").write_bytes(b"GGUF" + bytes(10))
    (folder / "cut.gguf").write_bytes((folder / "good.gguf").read_bytes()[:-64])
    (folder / "page.gguf").write_text("<html>not found</html>")
    found = search(person, folder)
    assert names(found) == ["folder good"]
    assert sorted(one.path.name for one in found.unreadable) == ["bad.gguf", "cut.gguf", "page.gguf"]


def test_the_quantisation_is_the_files_own_where_the_header_has_no_word_for_it(person: Path, tmp_path: Path) -> None:
    gguf(tmp_path / "models" / "a-UD-Q4_K_XL.gguf", **FILE_TYPE)
    gguf(tmp_path / "models" / "b-Q8_0.gguf", 1, **FILE_TYPE)
    models = search(person, tmp_path / "models").models
    assert [model.header.quantization for model in models] == ["UD-Q4_K_XL", "Q4_K_M"]


def test_embedding_models_are_listed_as_such(person: Path, tmp_path: Path) -> None:
    gguf(tmp_path / "models" / "e.gguf", architecture="nomic-bert", **{".pooling_type": 1})
    assert [model.header.kind for model in search(person, tmp_path / "models").models] == ["embedding"]


def test_nothing_is_written_into_the_folders(person: Path, ollama: Ollama, tmp_path: Path) -> None:
    ollama.tag("registry.ollama.ai/library/a/1b", model=ollama.blob(gguf(tmp_path / "a.gguf")))
    gguf(person / ".lmstudio" / "models" / "p" / "r" / "a.gguf", 1)
    before = {path: path.stat().st_mtime_ns for path in person.rglob("*")}
    search(person)
    assert {path: path.stat().st_mtime_ns for path in person.rglob("*")} == before


@needs_links
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="the superuser may read everything")
def test_folders_that_may_not_be_read_are_passed_over(person: Path, tmp_path: Path) -> None:
    gguf(tmp_path / "models" / "secret" / "a.gguf").parent.chmod(0)
    gguf(tmp_path / "models" / "open" / "b.gguf", 1)
    assert names(search(person, tmp_path / "models")) == ["folder open/b"]


def test_a_thousand_models_take_less_than_a_second_of_the_processor(person: Path, tmp_path: Path) -> None:
    """Seen: a quarter of one. The processor's time, because others may be using the machine."""
    source = gguf(tmp_path / "source.gguf")
    for number in range(1000):
        folder = tmp_path / "models" / f"publisher-{number % 10}" / f"repo-{number}"
        folder.mkdir(parents=True)
        shutil.copy(source, folder / f"model-{number}-Q4_K_M.gguf")
    taken = []
    for _ in range(3):
        began = time.process_time()
        found = search(person, tmp_path / "models")
        taken.append(time.process_time() - began)
        assert len(found.models) == 1000  # none lost, none taken twice
        assert found.unreadable == ()
    assert min(taken) < 1.0


def test_nor_do_a_thousand_with_whole_vocabularies(person: Path, tmp_path: Path) -> None:
    """Seen: half of one. Forty scans of twenty-five files, since a thousand would take gigabytes of the disk."""
    for number in range(25):
        family = FAMILIES[number % len(FAMILIES)]
        path = tmp_path / "models" / f"publisher-{number % 3}" / f"repo-{number}" / f"model-{number}-Q4_K_M.gguf"
        write_full_gguf(path, family, name="n" * number)
    taken = []
    for _ in range(3):
        began = time.process_time()
        for _ in range(40):
            found = search(person, tmp_path / "models")
        taken.append(time.process_time() - began)
        if taken[-1] < 1.0:
            break
    assert [len(found.models), len(found.unreadable)] == [25, 0]
    assert {model.header.vocabulary for model in found.models} == {family.tokens for family in FAMILIES}
    assert min(taken) < 1.0


# ---- MLX


CONFIG = {
    "model_type": "qwen3_moe",
    "num_hidden_layers": 48,
    "num_attention_heads": 32,
    "num_key_value_heads": 4,
    "head_dim": 128,
    "hidden_size": 2048,
    "max_position_embeddings": 262_144,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "vocab_size": 151_936,
    "quantization": {"group_size": 64, "bits": 4},
}


def mlx(folder: Path, config: object = CONFIG, **files: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config) if not isinstance(config, str) else config)
    (folder / "model.safetensors").write_bytes(bytes(1000))
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_a_folder_of_mlx_is_read_from_its_configuration(person: Path, tmp_path: Path) -> None:
    mlx(tmp_path / "models" / "mlx-community" / "Qwen3-4bit", chat_template__jinja="{% if tools %}")
    (model,) = search(person, tmp_path / "models").models
    header = model.header
    assert (model.name, header.format, header.quantization) == ("mlx-community/Qwen3-4bit", "mlx", "4bit")
    assert (header.layers, header.context, header.size) == (48, 262_144, 1000)
    assert (header.attention.heads, header.attention.kv_heads, header.attention.key_length) == ((32,), (4,), 128)
    assert header.experts is not None
    assert (header.experts.count, header.experts.used) == (128, 8)
    assert header.tools is True


def test_the_facts_of_a_model_that_sees_stand_in_its_text_part(person: Path, tmp_path: Path) -> None:
    kinds = ["linear_attention", "linear_attention", "linear_attention", "full_attention"]
    text = {
        "num_hidden_layers": 4,
        "layer_types": kinds,
        "linear_num_value_heads": 48,
        "linear_value_head_dim": 128,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    }
    mlx(tmp_path / "models" / "a", {"model_type": "qwen3_5", "text_config": text, "torch_dtype": "bfloat16"})
    header = search(person, tmp_path / "models").models[0].header
    assert (header.format, header.quantization) == ("safetensors", "BF16")
    assert (header.recurrent_layers, header.attention_layers) == ((0, 1, 2), (3,))
    assert header.recurrence is not None
    assert (header.recurrence.inner, header.recurrence.rank, header.recurrence.groups) == (6144, 48, 16)


@pytest.mark.parametrize(
    ("config", "reason"),
    [("{", "no JSON"), ("[]", "no JSON"), ({"_class_name": "FluxPipeline"}, ""), ({"model_type": 5}, "")],
)
def test_a_configuration_of_something_else_is_no_model(
    person: Path, tmp_path: Path, config: object, reason: str
) -> None:
    mlx(tmp_path / "models" / "a", config)
    found = search(person, tmp_path / "models")
    assert found.models == ()
    assert [reason in one.reason for one in found.unreadable] == ([True] if reason else [])


def test_a_folder_with_files_missing_is_told(person: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    mlx(tmp_path / "models" / "a", model__safetensors__index__json=json.dumps(index))
    found = search(person, tmp_path / "models")
    assert found.models == ()
    assert found.unreadable[0].reason == "1 of its files are missing"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(CONFIG)), inner, max_size=4),
    max_leaves=8,
)


@given(config=st.dictionaries(st.sampled_from([*CONFIG, "text_config", "layer_types", "quantization_config"]), ODD))
@settings(deadline=None)
def test_no_configuration_whatever_breaks_the_search(
    tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("models")
    mlx(folder / "a", {**config, "model_type": "llama"})
    (model,) = find_models([Place("folder", folder)]).models
    assert model.header.layers is None or model.header.layers >= 0


# ---- names


@pytest.mark.parametrize(
    ("name", "quantization"),
    [
        ("Qwen3-8B-Q4_K_M", "Q4_K_M"),
        ("Qwen3-8B-UD-Q4_K_XL", "UD-Q4_K_XL"),
        ("gemma-3-4b-it-q4_0", "Q4_0"),
        ("model.IQ4_XS", "IQ4_XS"),
        ("gpt-oss-20b-mxfp4", "MXFP4"),
        ("a-fp16", "F16"),
        ("a-BF16-00001-of-00002", "BF16"),
        ("Llama-3.2-3B", ""),
        ("Q4-anything-Q8_0", "Q8_0"),
    ],
)
def test_a_name_tells_its_quantisation(name: str, quantization: str) -> None:
    assert quantization_of(name) == quantization


def test_names_of_parts_are_told_from_names_of_models() -> None:
    assert shard_of("a-00001-of-00003") == ("a", 1, 3)
    assert shard_of("a-00004-of-00003") is None
    assert shard_of("a-00001-of-00001") is None
    assert is_projector("mmproj-F16")
    assert is_projector("gemma.mmproj-f16")
    assert not is_projector("commproject")
    assert is_aside("mtp-Qwen3")
    assert not is_aside("Drafting-7B")


@pytest.mark.parametrize(
    ("projector_name", "model", "alone", "is_own"),
    [
        ("mmproj-F16", "gemma-3-4b-it-Q4_K_M", True, True),
        ("mmproj-F16", "gemma-3-4b-it-Q4_K_M", False, False),
        ("mmproj-gemma-3-4b-it-f16", "gemma-3-4b-it-Q4_K_M", False, True),
        ("mmproj-gemma-3-12b-it-f16", "gemma-3-4b-it-Q4_K_M", False, False),
        ("org_gemma-GGUF_mmproj-model-f16", "org_gemma-GGUF_gemma-3-4b-Q4_0", False, True),
        ("gemma-3-4b-it.mmproj-f16", "gemma-3-4b-it-Q4_K_M", False, True),
        ("mmproj-model-f16", "anything", True, True),
    ],
)
def test_a_projector_is_told_whose_it_is(projector_name: str, model: str, alone: bool, is_own: bool) -> None:
    assert belongs(projector_name, model, alone) is is_own
