"""Secrets out of texts that are kept. Patterns are linear: no text can make them slow.

Known shapes go wherever they stand; a value without a shape of its own goes when its name says what it is. Hashes,
identifiers, versions and code that only speaks of secrets stay, so that a preview can still be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_KEY_LINE = r"-----{} [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?-----"

_VENDORS = (
    r"(?:sk|rk|pk)[-_](?:ant-|proj-|or-v1-|live_|test_|svcacct-|admin-|lf-)?[A-Za-z0-9_-]{16,}",
    r"(?:hf|api_org)_[A-Za-z0-9]{16,}",
    r"gh[pousr]_[A-Za-z0-9]{20,255}",
    r"github_pat_[A-Za-z0-9_]{20,255}",
    r"gl(?:pat|dt|rt|cbt|ptt|soat|ft|imt|agent)-[A-Za-z0-9_-]{16,}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    r"AIza[A-Za-z0-9_-]{30,64}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"GOCSPX-[A-Za-z0-9_-]{20,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,255}",
    r"xapp-[A-Za-z0-9-]{10,}",
    r"(?:gsk|xai|pplx|r8|nvapi|tvly|npm|pypi|do[opr]_v1|lin_api|ntn|secret|csk|fw|pcsk|jina|e2b|lsv2_[a-z]{2}|whsec"
    r"|shp(?:at|ss|ca|pa)|sbp|figd|glsa|glc|sntry[us]|pscale_(?:tkn|pw|oauth)|dckr_pat|rubygems|re)[-_]"
    r"(?=[A-Za-z_-]{0,64}[0-9])[A-Za-z0-9_-]{20,}",
    r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
    r"(?:PMAK|NRAK|HRKU)-[A-Za-z0-9-]{20,}",
    r"AT(?:ATT|CTT)3[A-Za-z0-9_=-]{20,}",
    r"dapi[0-9a-f]{32}\b",
    r"key-[0-9a-f]{32}\b",
    r"[0-9a-f]{32}-us[0-9]{1,2}\b",
    r"SK[0-9a-f]{32}\b",
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9._-]{20,}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}",
    r"[MNO][A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}",
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
)
"""The keys of vendors, by the marks that they put before them."""

_NAMES = (
    r"(?:api|access|auth|secret|private|client|account|encryption|signing|service|master|session)[-_ ]?"
    r"(?:key|token|secret)|passwords?|passwd|passphrase|pwd|token|secret|credentials?|session[-_]?id"
)
"""Names whose values are secrets. What stands before them in the same word does not count."""

_HUMPS = r"(?-i:(?<=[a-z])(?:(?:Api|Access|Auth|Secret|Private|Client)Key|(?:Access|Auth)?Token|Secret|Password))"
"""The same in the middle of a word, as some languages write it."""

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), label)
    for pattern, label in (
        (rf"{_KEY_LINE.format('BEGIN')}[\s\S]*?(?:{_KEY_LINE.format('END')}|\Z)", "private key"),
        (rf"(?<![A-Za-z0-9_])(?:{'|'.join(_VENDORS)})", "key"),
        (r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9_/-]{20,}", "address"),
        (r"\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}", "token"),
        (
            r"(?i)(?<![\w-])((?:set-)?cookie2?[\"']?\s{0,3}:\s{0,3}[\"']?)(?!\[redacted)[^\s\"'=;]{1,128}=[^\"'\r\n]{1,8192}",
            "cookie",
        ),
        (
            r"(?i)\b((?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)"
            r"(?!\[redacted)(?:(?:bearer|basic|token|digest|apikey)\s{1,3})?(?!\[redacted)[^\s\"',;]{6,4096}",
            "header",
        ),
        (r"(?i)\b(bearer|basic)\s{1,3}(?=[A-Za-z._~+/=-]{0,64}[0-9=])[A-Za-z0-9._~+/=-]{8,4096}", "token"),
        (
            rf"(?i)((?:(?<![A-Za-z0-9])(?:{_NAMES})|{_HUMPS})[\"']?\s{{0,3}}(?::=|[:=])\s{{0,3}}[\"'`]?)([^\s\"'`,;&]{{6,512}})",
            "assignment",
        ),
        (
            r"\b([A-Z][A-Z0-9_]{1,40}_KEY\s{0,3}[:=]\s{0,3}[\"']?)(?=[^\s\"',;0-9]{0,64}[0-9])([^\s\"',;]{12,512})",
            "assignment",
        ),
        (r"(?i)([?&;](?:x-amz-)?(?:sig|signature|credential)=)([A-Za-z0-9%+/=_-]{16,512})", "assignment"),
        (r"\b([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/@:]{0,200}:[^\s/@]{1,200}@", "login"),
        (
            r"\b(?!git@)[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}\b(?![\w.-]*\()",
            "mail",
        ),
    )
)
_CARD = re.compile(r"(?<![\d.])[2-6](?:[ -]?\d){12,18}(?![\d.])")
_CODE = re.compile(
    r"[A-Za-z_][\w.]*[(\[]|(?:os|process|self|this|config|settings|env|args|options|request|data)\.[A-Za-z_]|[$<{%]|\*{3}"
    r"|\[redacted"
)
"""The beginning of a value that only says where the secret is to be found."""
_WORDS_OF_CODE = frozenset(
    "string number boolean required optional undefined bytes object secret secretstr varchar nullable".split()
)
_DIGITS_OF_CARDS = {13: "4", 14: "3", 15: "3", 16: "23456", 17: "456", 18: "456", 19: "456"}


def redact(text: str) -> str:
    """The text with keys, tokens, cookies, passwords, mail addresses and card numbers replaced by
    ``[redacted: kind]``.
    """
    if not text:
        return text
    for pattern, label in _PATTERNS:
        text = pattern.sub(_replacement(label), text)
    return _CARD.sub(lambda match: "[redacted: card]" if _is_card(match[0]) else match[0], text)


def _replacement(label: str) -> str | Callable[[re.Match[str]], str]:
    if label == "assignment":
        return _assigned
    if label == "login":
        return lambda match: f"{match[1]}[redacted: login]@"
    if label == "header":
        return lambda match: f"{match[1]}[redacted: token]"
    if label == "cookie":
        return lambda match: f"{match[1]}[redacted: cookie]"
    return f"[redacted: {label}]"


def _assigned(match: re.Match[str]) -> str:
    """A value whose name says that it is a secret, unless it is code."""
    value = match[2]
    if _CODE.match(value) or value.lower().rstrip("|?)]}>.:") in _WORDS_OF_CODE:
        return match[0]
    return f"{match[1]}[redacted: secret]"


def _is_card(text: str) -> bool:
    """The first digit and the length of payment cards, and their check digit (Luhn)."""
    digits = [int(character) for character in text if character.isdigit()]
    if str(digits[0]) not in _DIGITS_OF_CARDS.get(len(digits), ""):
        return False
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return total % 10 == 0 and len(set(digits)) > 1
