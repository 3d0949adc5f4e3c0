"""Secrets never reach a file."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_router.server.redaction import redact

BODY = "a1B2c3D4e5F6g7H8i9J0k1L2"

SECRETS = [
    "sk-" + BODY,
    "sk-proj-" + BODY * 4,
    "sk-ant-api03-" + BODY * 3,
    "sk-or-v1-" + BODY,
    "hf_" + BODY,
    "ghp_" + BODY,
    "github_pat_" + BODY,
    "glpat-" + BODY,
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "AIza" + BODY + BODY,
    "xoxb-" + BODY,
    "gsk_" + BODY,
    "xai-" + BODY,
    "sk_live_" + BODY,
    "eyJ" + BODY + "." + BODY + "." + BODY,
]


@pytest.mark.parametrize("secret", SECRETS)
def test_keys_are_taken_out_of_the_middle_of_a_text(secret: str) -> None:
    clean = redact(f"use {secret}, please; (key: {secret})")
    assert secret not in clean
    assert BODY not in clean
    assert clean.startswith("use [redacted: ")
    assert "please" in clean


@pytest.mark.parametrize(
    ("text", "hidden", "kept"),
    [
        ("Authorization: Bearer abcdef123456", "abcdef123456", "Authorization"),
        ('{"api_key": "abc123def456"}', "abc123def456", "api_key"),
        ("password = hunter2hunter2", "hunter2hunter2", "password"),
        ("OPENAI token: tok-1234567", "tok-1234567", "OPENAI"),
        ("postgres://admin:s3cr3t@db.example/app", "s3cr3t", "db.example/app"),
        ("write to jane.doe@mail.example.org today", "jane.doe", "today"),
        ("pay with 4111 1111 1111 1111 now", "1111", "now"),
        ("pay with 5500-0000-0000-0004 now", "5500", "now"),
    ],
)
def test_other_secrets(text: str, hidden: str, kept: str) -> None:
    clean = redact(text)
    assert hidden not in clean
    assert kept in clean


def test_private_keys_go_whole_even_when_cut_off() -> None:
    head = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n"
    tail = "-----END RSA PRIVATE KEY-----"
    assert redact(f"a {head}{tail} b") == "a [redacted: private key] b"
    assert redact(f"a {head}more") == "a [redacted: private key]"


@pytest.mark.parametrize(
    "text",
    [
        "fix the failing test in widget.py",
        "the order number is 1234567890123",
        "set max_tokens to 4096 and top_p to 0.5",
        "0000000000000000",
        "sk-learn is a library, and task-list too",
        "visit http://localhost:8082/v1/models",
        "2026-11-23 12:00:00",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=200))
def test_any_text_can_be_redacted_again_and_again(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "piece", ["a@", "sk-", "-----BEGIN PRIVATE KEY-----", "x://", "1 ", "token=", "eyJa.", "bearer "]
)
def test_no_text_makes_it_slow(piece: str) -> None:
    started = time.process_time()
    redact(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 2
