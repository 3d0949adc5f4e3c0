"""Errors of backends that repeat the request are cut before they are kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.server.quotes import without_quotes

SENT = json.dumps(
    {"messages": [{"role": "user", "content": 'Tell Anna\n"the code" is tulip-4711, gr\u00fc\u00dfe an alle im Haus'}]}
).encode()


@pytest.mark.parametrize(
    "words",
    [
        "cannot read 'tulip-4711'",
        'Tell Anna "the code" is',
        "what is gr\u00fc\u00dfe an alle",
        "see http://x/tulip-4711/y",
    ],
)
def test_what_repeats_the_request_is_left_out(words: str) -> None:
    kept = without_quotes(f"Backend 'one' answered HTTP 400 ({words}).", SENT)
    assert kept == "Backend 'one' answered HTTP 400 (its words quote the request and are left out)"


@pytest.mark.parametrize(
    "sentence",
    [
        "Backend 'one' answered HTTP 400 (the context of 4096 tokens is exceeded by 12 tokens).",
        "Backend 'one' redirects to http://127.0.0.1:1/v1; put the final address in its base_url.",
        "Backend 'one' answered HTTP 404 (model 'qwen3-coder-30b' not found).",
        "",
    ],
)
def test_what_does_not_is_kept(sentence: str) -> None:
    assert without_quotes(sentence, SENT) == sentence


@given(st.text(max_size=80), st.binary(max_size=200))
def test_any_sentence_and_any_body_are_looked_at(sentence: str, sent: bytes) -> None:
    kept = without_quotes(sentence, sent)
    assert kept == sentence or kept.endswith("left out)")
