"""Secrets out of texts that are kept. Patterns are linear: no text can make them slow."""

from __future__ import annotations

import re
from collections.abc import Callable

_KEY_LINE = r"-----{} [A-Z ]{{0,30}}PRIVATE KEY-----"

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), label)
    for pattern, label in (
        (rf"{_KEY_LINE.format('BEGIN')}[\s\S]*?(?:{_KEY_LINE.format('END')}|\Z)", "private key"),
        (r"\b(?:sk|rk|pk)[-_](?:ant-|proj-|or-v1-|live_|test_|svcacct-|admin-)?[A-Za-z0-9_-]{16,}", "key"),
        (r"\bhf_[A-Za-z0-9]{16,}", "key"),
        (r"\bgh[pousr]_[A-Za-z0-9]{20,255}|\bgithub_pat_[A-Za-z0-9_]{20,255}|\bglpat-[A-Za-z0-9_-]{16,}", "key"),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", "key"),
        (r"\bAIza[A-Za-z0-9_-]{30,64}", "key"),
        (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,255}|\bxapp-[A-Za-z0-9-]{10,}", "key"),
        (r"\b(?:gsk|xai|pplx|r8|nvapi|tvly|npm|pypi|dop_v1|lin_api|ntn|secret)[-_][A-Za-z0-9_-]{20,}", "key"),
        (r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}", "key"),
        (r"\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}", "token"),
        (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,4096}", "token"),
        (
            r"(?i)\b((?:api|access|auth|secret|private|client)[-_ ]?(?:key|token|secret)"
            r"|password|passwd|pwd|token|secret)"
            r"(\"?'?\s{0,3}[:=]\s{0,3}\"?'?)[^\s\"',;]{6,512}",
            "assignment",
        ),
        (r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/@:]{0,200}:[^\s/@]{1,200}@", "address"),
        (r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}\b", "mail"),
    )
)
_CARD = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])")


def redact(text: str) -> str:
    """The text with keys, tokens, passwords, mail addresses and card numbers replaced by ``[redacted: kind]``."""
    if not text:
        return text
    for pattern, label in _PATTERNS:
        text = pattern.sub(_replacement(label), text)
    return _CARD.sub(lambda match: "[redacted: card]" if _is_card(match[0]) else match[0], text)


def _replacement(label: str) -> str | Callable[[re.Match[str]], str]:
    if label == "assignment":
        return lambda match: f"{match[1]}{match[2]}[redacted: secret]"
    if label == "address":
        return lambda match: f"{match[1]}[redacted: login]@"
    return f"[redacted: {label}]"


def _is_card(text: str) -> bool:
    """The check digit of payment cards (Luhn)."""
    digits = [int(character) for character in text if character.isdigit()]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return total % 10 == 0 and len(set(digits)) > 1
