"""Rules of the house that no linter holds."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("model_router", "hermes", "training", "benchmarks", "scripts", "tests", "docs")
_EXCEPTION = re.compile(r"# (?:type: ignore\b(?:\[[\w, -]+\])?|noqa\b(?:: ?[A-Z]+\d+(?:, ?[A-Z]+\d+)*)?)")
_REASON = re.compile(r"\s*(?:-|  #) \S.*")


def without_reason(comment: str) -> bool:
    """Whether a comment switches a check off and does not say why."""
    found = _EXCEPTION.match(comment)
    return found is not None and _REASON.fullmatch(comment, found.end()) is None


@pytest.mark.parametrize(
    "comment", ["# type: ignore", "# type: ignore[misc]", "# noqa", "# noqa: E402", "# noqa: E402 -"]
)
def test_a_bare_exception_is_seen(comment: str) -> None:
    assert without_reason(comment)
    assert not without_reason(f"{comment.rstrip(' -')} - the reason")


def test_every_exception_from_a_check_says_why() -> None:
    bare: list[str] = []
    for path in (file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))):
        with path.open("rb") as source:
            bare += [
                f"{path.relative_to(ROOT)}:{token.start[0]}: {token.string}"
                for token in tokenize.tokenize(source.readline)
                if token.type == tokenize.COMMENT and without_reason(token.string)
            ]
    assert bare == []
