"""Rebuilds the figures of a model catalog that a Hub knows: sizes, hashes, revisions and gated marks.

Nothing else of the file changes: comments, order and the figures of other sources stay as they are. ``HF_ENDPOINT``
names another Hub. What comes out is checked as the product checks it before it is written.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402 - needs the path set above
import yaml  # noqa: E402 - needs the path set above

from model_router.config.document import parse_document  # noqa: E402 - needs the path set above
from model_router.setup.model_catalog_file import check_models, read_models  # noqa: E402 - needs the path set above

SOURCE = "HUB"
_SHARD = re.compile(r"-(\d{5})-of-(\d{5})(?=\.\w+$)")


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file as a Hub describes it; ``sha256`` only for those in large storage."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubRepository:
    """One repository at one commit."""

    revision: str
    gated: bool
    licence: str
    files: Mapping[str, HubFile]


@dataclass(frozen=True, slots=True)
class Edit:
    """Text that takes the place of ``text[start:end]``."""

    start: int
    end: int
    text: str


Look = Callable[[str], HubRepository]


def look_at_hub(name: str) -> HubRepository:
    """Ask the Hub that ``HF_ENDPOINT`` names."""
    from huggingface_hub import HfApi

    info = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None).model_info(name, files_metadata=True)
    files = {
        sibling.rfilename: HubFile(sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else "")
        for sibling in info.siblings or []
    }
    licence = info.card_data.get("license") if info.card_data else None
    return HubRepository(info.sha or "", bool(info.gated), str(licence or ""), files)


class Rebuild:
    """One pass over a file. ``problems`` are models that the Hub does not hold as the catalog says."""

    def __init__(self, text: str, look: Look, date: str) -> None:
        self._text = text
        self._look = look
        self._date = date
        self._known: dict[str, HubRepository] = {}
        self._edits: list[Edit] = []
        self.problems: list[str] = []

    def run(self, only: Sequence[str] = ()) -> str:
        """The new text."""
        root = yaml.compose(self._text, Loader=yaml.SafeLoader)
        sections = _pairs(root)
        for name, node in _pairs(sections["models"]).items():
            if not only or name in only:
                try:
                    self._model(name, node)
                except LookupError as error:
                    self.problems.append(f"{name}: {error}")
        self._replace(sections["verified_on"], f'"{self._date}"')
        row = f'{{name: "the Hub itself, read by scripts/catalog", date: "{self._date}", trust: high}}'
        sources = _pairs(sections["sources"])
        if SOURCE in sources:
            self._replace(sources[SOURCE], row)
        else:
            start = next(iter(sources.values())).start_mark.index
            self._insert(self._text.rindex("\n", 0, start) + 1, f"  {SOURCE}: {row}\n")
        return self._edited()

    def _model(self, name: str, node: yaml.Node) -> None:
        parts = _pairs(node)
        main = parts["repository"].value
        hub = self._repository(main)
        self._set(parts, "revision", hub.revision)
        self._set(parts, "gated", str(hub.gated).lower())
        licence = parts["licence"].value
        if hub.licence not in {"", licence, "other"}:
            self.problems.append(f"{name}: the licence is {hub.licence} now, the catalog says {licence}")
        files = [*_pairs(parts["files"]).values(), *([parts["projector"]] if "projector" in parts else [])]
        for file in files:
            try:
                self._file(file, main)
            except LookupError as error:
                self.problems.append(f"{name}: {error}")
        if "mlx" in parts:
            self._mlx(parts["mlx"])

    def _file(self, node: yaml.Node, main: str) -> None:
        said = {key: value.value for key, value in _pairs(node).items() if isinstance(value, yaml.ScalarNode)}
        repository = said.get("repository", main)
        held = self._repository(repository).files
        names = list(_shards(said["file"]))
        missing = [one for one in names if one not in held]
        if missing:
            raise LookupError(f"{repository} has no {missing[0]}")
        fields = {"file": said["file"], "bytes": str(sum(held[one].size for one in names))}
        if repository != main:
            fields["repository"] = repository
        if len(names) > 1:
            fields["parts"] = str(len(names))
        hashes = [held[one].sha256 for one in names if held[one].sha256]
        if len(hashes) == len(names):
            fields["sha256"] = f"[{', '.join(hashes)}]"
        self._replace(node, _flow({**fields, "source": f"[{SOURCE}]"}))

    def _mlx(self, node: yaml.Node) -> None:
        name = _pairs(node)["repository"].value
        hub = self._repository(name)
        size = sum(file.size for path, file in hub.files.items() if path.endswith(".safetensors"))
        if not size:
            raise LookupError(f"{name} has no .safetensors files")
        fields = {"repository": name, "bytes": str(size), "revision": hub.revision, "source": f"[{SOURCE}]"}
        self._replace(node, _flow(fields))

    def _repository(self, name: str) -> HubRepository:
        """Asked once each."""
        if name not in self._known:
            from huggingface_hub.errors import HfHubHTTPError

            try:
                self._known[name] = self._look(name)
            except HfHubHTTPError as error:
                status = error.response.status_code
                raise LookupError(f"{name} cannot be read ({status})") from None
            except httpx.HTTPError as error:
                raise LookupError(f"{name} cannot be read ({type(error).__name__})") from None
        return self._known[name]

    def _set(self, parts: Mapping[str, yaml.Node], key: str, value: str) -> None:
        if key in parts:
            self._replace(parts[key], value)
            return
        before = parts["repository"]
        indent = " " * (before.start_mark.column - len("repository: "))
        self._insert(self._text.index("\n", before.end_mark.index) + 1, f"{indent}{key}: {value}\n")

    def _replace(self, node: yaml.Node, text: str) -> None:
        self._edits.append(Edit(node.start_mark.index, node.end_mark.index, text))

    def _insert(self, place: int, text: str) -> None:
        self._edits.append(Edit(place, place, text))

    def _edited(self) -> str:
        pieces: list[str] = []
        place = 0
        for edit in sorted(self._edits, key=lambda edit: edit.start):
            pieces += [self._text[place : edit.start], edit.text]
            place = edit.end
        return "".join([*pieces, self._text[place:]])


def _pairs(node: yaml.Node | None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise LookupError("the file is not a catalog")
    return {key.value: value for key, value in node.value}


def _flow(fields: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in fields.items()) + "}"


def _shards(file: str) -> Iterator[str]:
    """All parts of a file whose name says that it is the first of several."""
    found = _SHARD.search(file)
    if found is None:
        yield file
        return
    for number in range(1, int(found[2]) + 1):
        yield _SHARD.sub(f"-{number:05d}-of-{found[2]}", file)


def main(arguments: Sequence[str], look: Look = look_at_hub) -> int:
    """Rewrite the file, or compare; exit code 1 when something differs or could not be read."""
    parser = argparse.ArgumentParser(prog="scripts/catalog", description=__doc__)
    parser.add_argument("models", nargs="*", help="only these models")
    parser.add_argument("--file", type=Path, default=ROOT / "configs" / "model_catalog.yaml")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when something differs")
    parser.add_argument("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat())
    options = parser.parse_args(arguments)
    before = options.file.read_text(encoding="utf-8")
    rebuild = Rebuild(before, look, options.date)
    after = rebuild.run(options.models)
    for problem in rebuild.problems:
        print(problem, file=sys.stderr)
    packaged = read_models(ROOT / "configs" / "model_catalog.yaml").sources
    checked = check_models(parse_document(after.encode(), str(options.file)), packaged)
    for mistake in checked.problems:
        print(f"not written: {mistake}", file=sys.stderr)
    if checked.problems:
        return 1
    changed = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=False) if old != new]
    if options.check:
        print(f"{options.file}: {len(changed)} lines differ from the Hub" if changed else "as the Hub has it")
        return int(bool(changed or rebuild.problems))
    if after != before:
        options.file.write_text(after, encoding="utf-8")
    print(f"{options.file}: {'rebuilt' if after != before else 'unchanged'}, {len(rebuild.problems)} problems")
    return int(bool(rebuild.problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
