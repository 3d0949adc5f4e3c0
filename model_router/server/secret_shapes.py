"""What secrets look like: the marks of vendors, names whose values are secrets, and where else one stands.

Every pattern is linear, and most are only tried on texts that hold one of their ``needles``, in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_MARKED = (
    "gsk|xai|pplx|r8|nvapi|tvly|npm|pypi|do[opr]_v1|lin_api|ntn|secret|esecret|csk|fw|pcsk|jina|e2b|lsv2_[a-z]{2}|ls_"
    "|whsec|shp(?:at|ss|ca|pa)|sbp|sb_secret|figd|glsa|glc|sntry[us]|pscale_(?:tkn|pw|oauth)|dckr_[op]at|rubygems|re"
    "|tgp_v1|v[ck]p|nfp|rnd|napi|rpa|ph[cxs]|wandb_v1|bkua|sq[apu]|CCIPAT|CFPAT|rdme|pnu|tfp|aio|shippo_(?:live|test)"
    "|duffel_(?:live|test)|xkeysib|xsmtpsib|pul|ico|tskey-[a-z]{3,9}|ops|pa|cfut|hvs|fo1|fm[12]|vsce"
)
"""Marks before a key: twenty letters or more with a digit among them, and more of them in a row than words have."""

_VENDORS = (
    r"(?:sk|rk|pk)[-_](?:ant-|proj-|or-v1-|live_|test_|svcacct-|admin-|lf-)?[A-Za-z0-9_-]{16,}",
    r"(?:hf|api_org)_[A-Za-z0-9]{16,}",
    r"gh[pousr]_[A-Za-z0-9]{20,255}",
    r"github_pat_[A-Za-z0-9_]{20,255}",
    r"gl(?:pat|dt|rt|cbt|ptt|soat|ft|imt|agent)-[A-Za-z0-9_-]{16,}(?:\.[a-z0-9]{2}\.[a-z0-9]{9})?",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
    r"ABSK[A-Za-z0-9+/=]{30,}",
    r"AIza[A-Za-z0-9_-]{30,64}",
    r"ya29\.[A-Za-z0-9_-]{20,}",
    r"1//0[A-Za-z0-9_-]{30,}",
    r"GOCSPX-[A-Za-z0-9_-]{20,}",
    r"xox[abeoprs][-.][A-Za-z0-9.-]{10,255}",
    r"xapp-[A-Za-z0-9-]{10,}",
    rf"(?:{_MARKED})[-_](?=[A-Za-z_-]{{0,64}}[0-9])(?=[A-Za-z0-9_-]{{0,64}}?[A-Za-z0-9]{{16}})[A-Za-z0-9_-]{{20,}}",
    r"key_[0-9a-f]{40,}",
    r"f[co]-[0-9a-f]{32}\b",
    r"sdk-[0-9a-f]{8}-[0-9a-f-]{27}",
    r"pat-[a-z]{2}[0-9]-[0-9a-f]{8}-[0-9a-f-]{27}",
    r"pat[A-Za-z0-9]{14}\.[0-9a-f]{64}",
    r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
    r"sl\.[A-Za-z0-9_-]{60,}",
    r"(?:pk|sk|tk)\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{16,}",
    r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{40,}",
    r"(?:PMAK|NRAK|HRKU)-[A-Za-z0-9-]{20,}",
    r"AT(?:ATT|CTT)3[A-Za-z0-9_=-]{20,}",
    r"ATBB[A-Za-z0-9]{28,}",
    r"AKCp[A-Za-z0-9]{40,}",
    r"LTAI[A-Za-z0-9]{12,}",
    r"SCW[A-Z0-9]{17}\b",
    r"EZ[AT]K[A-Za-z0-9]{50,}",
    r"y[0-3]_[A-Za-z0-9_-]{30,}",
    r"oy2[a-z0-9]{43}\b",
    r"dt0c01\.[A-Z0-9]{24}\.[A-Z0-9]{40,}",
    r"dapi[0-9a-f]{32}(?:-[0-9])?\b",
    r"key-[0-9a-f]{32}\b",
    r"live_[0-9a-f]{30,}",
    r"[0-9a-f]{32}-us[0-9]{1,2}\b",
    r"[0-9a-f]{32}\.[A-Za-z0-9]{16}\b",
    r"[0-9a-f]{8}-[0-9a-f-]{27}:[0-9a-f]{32}\b",
    r"[0-9]{16}:[0-9a-f]{32}\b",
    r"SK[0-9a-f]{32}\b",
    r"hv[sbr]\.[A-Za-z0-9_-]{20,}",
    r"dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9._-]{20,}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"(?:bot)?[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}",
    r"[MNO][A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}",
    r"sq0(?:atp|csp)-[A-Za-z0-9_-]{20,}",
    r"v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}",
    r"FLWSECK(?:_TEST)?-[0-9a-f]{12,}",
    r"BSA[A-Za-z0-9_-]{28}\b",
    r"a[ks]-[A-Za-z0-9]{22}\b",
    r"access_token\$[a-z]{4,12}\$[0-9a-z]{16}\$[0-9a-f]{32}",
)
"""The keys of vendors, by the marks that they put before them."""

WORD = re.compile(r"[A-Za-z0-9_.:$~+/=-]{14,}")
"""What a key may stand in: a run of the letters that keys are made of."""

KEY = re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(_VENDORS)})")
"""A vendor's key within such a run."""

RANDOM = re.compile(r"(?<![A-Za-z0-9_~-])[A-Za-z0-9_~-]{32,}|(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
"""What may be a key without a mark, if it is as mixed as only dice make it."""

PUBLIC = re.compile(r"(?<![A-Za-z0-9])(?:(?i:sha[0-9]{1,3})[-:=]|AAAA[BCE][23][A-Z])")
"""How what looks random and is no secret begins: check sums, and the public halves of keys."""

_PASSWORDS = (
    r"passwords?|passwd|passphrase|passcode|pwd|pgpassword|passwort|kennwort|wachtwoord|contrase[nñ]a|mot de passe"
    r"|senha|пароль|密码|パスワード|비밀번호"
)
_NAMES = (
    r"(?:api|access|auth|secret|private|client|account|encryption|signing|service|master|session)[-_ ]?"
    rf"(?:key|token|secret)|{_PASSWORDS}|token|secret|credentials?|session[-_]?id|client-key-data"
)
"""Names whose values are secrets. What stands before them in the same word does not count."""

_HUMPS = r"(?-i:(?<=[a-z])(?:(?:Api|Access|Auth|Secret|Private|Client)Key|(?:Access|Auth)?Token|Secret|Password))"
"""The same in the middle of a word, as some languages write it."""

_NEEDLES_OF_NAMES = (
    "key", "token", "secret", "pass", "pwd", "credential", "session", "kennwort", "wachtwoord", "contrase", "senha",
    "пароль", "密码", "パスワード", "비밀번호",
)  # fmt: skip
_CODE = re.compile(
    r"[A-Za-z_][\w.]*[(\[]|[A-Z][a-z]+<|(?:os|process|self|this|config|settings|env|args|options|request|data)\.[A-Za-z_]"
    r"|[$<{%]|\*{3}|\[redacted"
)
"""The beginning of a value that only says where the secret is to be found."""

_WORDS_OF_CODE = frozenset(
    "string number boolean required optional undefined bytes object secret secretstr varchar nullable".split()
)
_SHORT = 6
_IS_PASSWORD = re.compile(rf"(?i)(?:{_PASSWORDS})\W*\Z")

Replacement = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One place of secrets. With ``needles``, a text without any of them, in lower case, is not looked through."""

    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: Replacement


def _behind(label: str) -> Callable[[re.Match[str]], str]:
    """What stands before the secret is the first group, and stays."""
    return lambda match: f"{match[1]}[redacted: {label}]"


def _assigned(match: re.Match[str]) -> str:
    """A value whose name says that it is a secret, unless it is code. What is short is a password, or none."""
    value = match[2]
    if _CODE.match(value) or value.lower().rstrip("|?)]}>.:") in _WORDS_OF_CODE:
        return match[0]
    if len(value) < _SHORT and (value.isalpha() or not _IS_PASSWORD.search(match[1].rstrip("\"'` :=："))):
        return match[0]
    return f"{match[1]}[redacted: secret]"


def _rule(needles: str, pattern: str, replacement: Replacement) -> Rule:
    return Rule(tuple(needles.split()), re.compile(pattern), replacement)


_KEY_LINE = r"-----{} [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?-----"

BLOCKS = (
    _rule(
        "private",
        rf"{_KEY_LINE.format('BEGIN')}[\s\S]*?(?:{_KEY_LINE.format('END')}|\Z)",
        "[redacted: private key]",
    ),
    _rule(
        "ssh2",
        r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----[\s\S]*?(?:---- END SSH2 ENCRYPTED PRIVATE KEY ----|\Z)",
        "[redacted: private key]",
    ),
    _rule("putty-user", r"PuTTY-User-Key-File-\d[\s\S]*?(?:Private-MAC: \w+|\Z)", "[redacted: private key]"),
    _rule("ls0tls1crudjti", r"LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]{20,}", "[redacted: private key]"),
)
"""Whole private keys, which go before anything within them is looked at."""

RULES = (
    _rule(
        "hooks.slack.com discord webhook.office.com",
        r"https://(?:hooks\.slack\.com/(?:services|workflows)|(?:\w+\.)?discord(?:app)?\.com/api/webhooks"
        r"|[\w-]+\.webhook\.office\.com/webhookb2)/[A-Za-z0-9_/@-]{20,}",
        "[redacted: address]",
    ),
    _rule(
        "eyj", r"eyJ(?<!\weyJ)[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{0,1024}", "[redacted: token]"
    ),
    _rule(
        "cookie",
        r"(?i)(?<![\w-])((?:set-)?cookie2?[\"']?\s{0,3}:\s{0,3}[\"']?)(?!\[redacted)"
        r"[^\s\"'=;]{1,128}=[^\"'\r\n]{1,8192}",
        _behind("cookie"),
    ),
    _rule(
        "cookie",
        r"(?i)((?:document\.cookie\s{0,3}=|--cookie[\s=]|\bcookies?\s)\s{0,3}[\"']?)"
        r"(?=[^\s\"';=]{1,64}=[A-Za-z_.%-]{0,64}[0-9])[^\s\"';=]{1,64}=[^\s\"';]{8,4096}",
        _behind("cookie"),
    ),
    _rule(
        "authorization",
        r"(?i)\b((?:proxy-)?authorization[\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?!\[redacted)"
        r"(?:(?:digest|aws4-hmac-sha256|oauth|hawk|signature)\s(?!\[redacted)[^\r\n']{6,4096}"
        r"|(?:(?:bearer|basic|token|apikey)\s{1,3})?(?!\[redacted)[^\s\"',;]{6,4096})",
        _behind("token"),
    ),
    _rule(
        "bearer basic",
        r"(?i)\b(bearer|basic)\s{1,3}(?=[A-Za-z._~+/=-]{0,64}[0-9=])[A-Za-z0-9._~+/=-]{8,4096}",
        "[redacted: token]",
    ),
    Rule(
        _NEEDLES_OF_NAMES,
        re.compile(
            rf"(?i)((?:(?<![A-Za-z0-9])(?:{_NAMES})|{_HUMPS})"
            r"(?:[\"']?\s{0,3}(?::=|[:=：]|%3[ad])\s{0,3}[\"'`]?"
            r"|\s(?:is|was|ist|lautet|es|est)\s{1,3}[\"'`]?(?=[^\s\"'`,;&]{6})(?=[^\s\"'`,;&]{0,64}[0-9])))"
            r"([^\s\"'`,;&]{4,512})"
        ),
        _assigned,
    ),
    Rule(
        _NEEDLES_OF_NAMES,
        re.compile(
            rf"(?i)((?<!\S)--?[a-z-]{{0,32}}(?:{_NAMES})[\s=][\"']?)(?![\s\"'-])"
            r"(?=[^\s\"'`]{0,64}[0-9A-Z!@#%^*+/=])([^\s\"'`]{4,512})"
        ),
        _assigned,
    ),
    _rule("</", rf"(?i)(<[\w:.-]{{0,32}}?(?:{_NAMES})>)([^<\s]{{4,512}})(?=</)", _assigned),
    _rule("password", r"(?i)(\blogin\s{1,3}\S{1,64}\s{1,3}password\s{1,3})(\S{4,512})", _assigned),
    _rule('_auth "auth"', r"(?i)((?::_auth=|\"auth\"\s{0,3}:\s{0,3}\"))([A-Za-z0-9+/=]{8,512})", _assigned),
    _rule("sshpass", r"(sshpass(?<!\wsshpass)\s{1,3}-p\s{0,3}[\"']?)([^\s\"']{4,512})", _assigned),
    _rule(
        "mysql mariadb",
        r"((?:mysql|mariadb)(?<!\wmysql)(?<!\wmariadb)(?:dump|admin|import)?\s[^\n]{0,100}?(?<=\s)-p[\"']?)([^\s\"'-][^\s\"']{3,511})",
        _assigned,
    ),
    _rule(
        "-u --user --proxy-user",
        r"((?<!\S)(?:-u|--user|--proxy-user)[\s=][\"']?)(?![0-9]+:[0-9]+)[^\s:\"'/]{1,64}:(?!//)[^\s\"']{3,256}",
        _behind("login"),
    ),
    _rule(
        "_key",
        r"(?i:\b([A-Z][A-Z0-9_]{1,40}_KEY\s{0,3}[:=]\s{0,3}[\"']?))(?=[^\s\"',;0-9]{0,64}[0-9])([^\s\"',;]{12,512})",
        _assigned,
    ),
    _rule(
        "sig= signature= credential=",
        r"(?i)([?&;](?:x-amz-)?(?:sig|signature|credential)=)([A-Za-z0-9%+/=_-]{16,512})",
        _assigned,
    ),
    _rule(
        "://",
        r"\b(?:((?i:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|sqlserver|mssql|clickhouse)://)"
        r"[^\s/@:]{0,200}:[^\s\"'<>]{1,200}@(?=[\w.\[-])"
        r"|([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/@:]{0,200}:[^\s/\"'<>]{1,200}@)",
        lambda match: f"{match[1] or match[2]}[redacted: login]@",
    ),
    _rule(
        "@ %40",
        r"\b(?!git@)[\w.%+'-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,5}[^\W\d_]{2,24}\b(?![\w.-]*\()",
        "[redacted: mail]",
    ),
)
"""Everything else that is known by its place, in the order in which it is looked for."""
