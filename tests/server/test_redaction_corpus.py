"""A corpus of secret shapes and of their harmless twins.

Shapes are put together here, so that no line of this file looks like a key. Each stands for what one vendor or one
protocol gives out, with letters and digits that belong to nobody.
"""

from __future__ import annotations

import time

import pytest

from model_router.server.redaction import redact

MIXED = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"
UPPER = "ABCDEFGHIJKLMNOP234567QRSTUV"
HEX = "0123456789abcdef0123456789abcdef"

KEYS = {
    "OpenAI": "sk-" + MIXED,
    "OpenAI project": "sk-proj-" + MIXED * 3,
    "OpenAI service account": "sk-svcacct-" + MIXED,
    "Anthropic": "sk-ant-api03-" + MIXED * 2 + "-AA",
    "Anthropic admin": "sk-ant-admin01-" + MIXED,
    "OpenRouter": "sk-or-v1-" + HEX * 2,
    "Hugging Face": "hf_" + MIXED[:34],
    "Hugging Face organisation": "api_org_" + MIXED[:34],
    "Groq": "gsk_" + MIXED,
    "xAI": "xai-" + MIXED * 2,
    "Perplexity": "pplx-" + MIXED,
    "Replicate": "r8_" + MIXED,
    "NVIDIA": "nvapi-" + MIXED,
    "Tavily": "tvly-" + MIXED,
    "Cerebras": "csk-" + MIXED,
    "Fireworks": "fw_" + MIXED,
    "Pinecone": "pcsk_" + MIXED,
    "LangSmith": "lsv2_pt_" + HEX + "_0123456789",
    "Langfuse": "sk-lf-" + HEX,
    "Google": "AIza" + MIXED[:35],
    "Google access": "ya29." + MIXED,
    "Google client": "GOCSPX-" + MIXED[:28],
    "AWS": "AKIA" + UPPER[:16],
    "AWS session": "ASIA" + UPPER[:16],
    "GitHub": "ghp_" + MIXED[:36],
    "GitHub app": "ghs_" + MIXED[:36],
    "GitHub fine-grained": "github_pat_" + MIXED + "_" + MIXED,
    "GitLab": "glpat-" + MIXED[:20],
    "GitLab runner": "glrt-" + MIXED[:20],
    "Slack bot": "xoxb-" + "123456789012-" + MIXED[:24],
    "Slack app": "xapp-1-" + UPPER + "-1",
    "Discord": "M" + MIXED[:25] + "." + MIXED[:6] + "." + MIXED[:38],
    "Telegram": "123456789:AA" + MIXED[:33],
    "Stripe": "sk_live_" + MIXED,
    "Stripe restricted": "rk_test_" + MIXED,
    "Stripe webhook": "whsec_" + MIXED,
    "Square": "sq0atp-" + MIXED[:22],
    "Shopify": "shpat_" + HEX,
    "SendGrid": "SG." + MIXED[:22] + "." + MIXED,
    "Mailgun": "key-" + HEX,
    "Mailchimp": HEX + "-us12",
    "Twilio": "SK" + HEX,
    "npm": "npm_" + MIXED[:36],
    "PyPI": "pypi-" + MIXED * 3,
    "RubyGems": "rubygems_" + HEX,
    "Docker": "dckr_pat_" + MIXED[:27],
    "DigitalOcean": "dop_v1_" + HEX * 2,
    "Databricks": "dapi" + HEX,
    "Heroku": "HRKU-" + "01234567-89ab-cdef-0123-456789abcdef",
    "Supabase": "sbp_" + HEX,
    "PlanetScale": "pscale_tkn_" + MIXED,
    "Vault": "hvs." + MIXED,
    "Doppler": "dp.pt." + MIXED,
    "Grafana": "glsa_" + MIXED + "_01234567",
    "New Relic": "NRAK-" + UPPER[:27],
    "Sentry": "sntrys_" + MIXED * 2,
    "Postman": "PMAK-" + HEX[:24] + "-" + HEX,
    "Atlassian": "ATATT3" + MIXED * 2,
    "Figma": "figd_" + MIXED,
    "Linear": "lin_api_" + MIXED,
    "Notion": "ntn_" + MIXED,
    "age": "AGE-SECRET-KEY-1" + UPPER * 2,
    "JSON web token": "eyJ" + MIXED + ".eyJ" + MIXED + "." + MIXED,
}

ASSIGNED = [
    ("aws_secret_access_key = {}", MIXED),
    ("AWS_SECRET_ACCESS_KEY={}", MIXED),
    ("export MISTRAL_API_KEY='{}'", MIXED[:32]),
    ("COHERE_KEY={}", MIXED),
    ("DB_PASSWORD={}", "correct-horse"),
    ('{{"password": "{}"}}', "hunter22"),
    ("password: {}", "tr0ub4dor&3"),
    ("my passphrase: {}", "open-sesame"),
    ('"apiKey": "{}"', HEX),
    ('"openaiApiKey": "{}"', HEX),
    ("clientSecret='{}'", MIXED),
    ("x-api-key: {}", HEX),
    ("Ocp-Apim-Subscription-Access-Key: {}", HEX),
    ("AccountKey={}==", MIXED * 2),
    ("auth_token := {}", MIXED),
    ("sessionid={}", MIXED),
    ("https://host.example/file?sig={}&x=1", MIXED),
    ("https://host.example/a?b=1&access_token={}", MIXED),
    ("https://s3.example/o?X-Amz-Signature={}", HEX * 2),
    ("Authorization: Bearer {}", "abcdefghijklmnopqrst"),
    ("authorization: Basic {}", "dXNlcjpwYXNzd29yZA=="),
    ("Authorization: {}", HEX),
    ("curl -H 'Authorization: token {}' x", MIXED),
    ("use bearer {} for it", MIXED),
    ("Cookie: theme=dark; sid={}", MIXED),
    ("Set-Cookie: session={}; Path=/; HttpOnly", "s3ss10n-v4lue"),
    ("postgres://admin:{}@db.example:5432/app", "s3cr3t"),
    ("https://user:{}@host.example/repo.git", "p4ss"),
    ("redis://:{}@cache.example/0", "onlypass"),
    ("https://hooks.slack.com/services/{}", "T00000000/B00000000/" + MIXED[:24]),
    ("mail {} about it", "jane.doe+bills@mail.example.org"),
    ("<{}>", "j_d@sub.domain.example.co.uk"),
    ("pay with {} now", "4111 1111 1111 1111"),
    ("pay with {} now", "5555555555554444"),
    ("pay with {} now", "3782 822463 10005"),
    ("pay with {} now", "6011-1111-1111-1117"),
    ("pay with {} now", "30569309025904"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----", MIXED * 4),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----", MIXED * 4),
    ("-----BEGIN PRIVATE KEY-----\n{}", MIXED * 4),
]

HARMLESS = [
    "git checkout 9f8b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7a8b",
    "sha256:" + HEX * 2,
    "md5 " + HEX + " matches",
    "request mr-0123456789ab, id 550e8400-e29b-41d4-a716-446655440000",
    "upgrade from 4.17.21 to 5.0.0-rc.1, or 2026.10.11549",
    "npm install lodash@4.17.21 react@18.3.1-canary.5",
    "git clone git@github.com:someone/project.git",
    "git remote add origin ssh://git@host.example:22/x.git",
    "def token(self) -> str: return self._token",
    "token = next_token(stream)",
    "token: string; password?: string",
    "const token = await getToken(user)",
    "password = os.environ['DB_PASSWORD']",
    "api_key = config.api_key",
    "apiKey: process.env.OPENAI_API_KEY",
    "password: ${DB_PASSWORD}",
    'api_key: "<your key>"',
    "api_key=self.key, secret=settings.SECRET",
    "tokens[i] += 1; max_tokens = 4096; total_tokens: 1234567",
    "primary_key: user_id, sort_key: created_at, foreign key (id)",
    "what does the cookie banner do? cookies: yes please",
    "a basic understanding of bearer certificates",
    "basic authentication is described there",
    "the authorization code flow",
    "sk-learn, task-force, risk-averse, disk-encryption-setup",
    "sk_buff and pk_idx are names in the kernel",
    "the secret of good tests; a secret_santa_list for everybody",
    "re_compile_all_the_patterns_again_and_again",
    "order 1234567890123456, tracking 9400111899223197428490",
    "unix 1767261600, milliseconds 1767261600000",
    "call +49 30 1234567 or 555-0199",
    "3.14159265358979323846 and 2.71828182845904523536",
    "http://127.0.0.1:8082/v1/models and https://host.example/a?page=2&sort=name",
    "@pytest.mark.asyncio and @app.route('/x')",
    "x = a @ b; user@host",
    "4111 1111 1111 1112 fails its check",
    "0000 0000 0000 0000",
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "the key-value store, key-signature, AKIAH is no key",
    "ghp_short and hf_hub_download(repo_id) and hf_transfer",
    "eyJ is how base64 of a brace begins",
    "M.Sc. Physics, N.N., O.K.",
    "localhost:8080 and 10.0.0.1:443",
    "lösche die Datei «Zürich.txt», 日本語のテキスト",
]

AROUND = ["{}", "use {} please", '{{"x": "{}"}}', "`{}`", "({}).", "a\n{}\nb", "key={}", "https://h.example/?k={}&z=1"]


@pytest.mark.parametrize("vendor", KEYS)
@pytest.mark.parametrize("around", AROUND)
def test_a_vendor_s_key_goes_wherever_it_stands(vendor: str, around: str) -> None:
    key = KEYS[vendor]
    clean = redact(around.format(key))
    assert "[redacted: " in clean
    for start in range(0, len(key) - 12, 6):
        assert key[start : start + 12] not in clean, clean


@pytest.mark.parametrize(("text", "secret"), ASSIGNED)
def test_a_value_goes_when_its_place_says_what_it_is(text: str, secret: str) -> None:
    clean = redact(text.format(secret))
    assert "[redacted: " in clean
    assert secret not in clean
    assert secret[: max(4, len(secret) // 2)] not in clean


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_twin_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(("text", "secret"), ASSIGNED)
def test_what_was_redacted_is_left_alone(text: str, secret: str) -> None:
    once = redact(text.format(secret))
    assert redact(once) == once


def test_words_around_a_secret_stay() -> None:
    clean = redact(f"fix the login: curl -H 'x-api-key: {MIXED}' https://api.example/v1 answers 401, why?")
    assert clean == "fix the login: curl -H 'x-api-key: [redacted: secret]' https://api.example/v1 answers 401, why?"


PIECES = [
    "a@", "@a.", "sk-", "x://", "1 ", "5 ", "0", "token=", "eyJa.", "eyJaaaaaaaaaaa", "bearer ", "cookie: a=",
    "set-cookie:", "authorization: ", "A_KEY=", "?sig=", "a.", "-us1", "secret_", "SG.a.", "M" + "a" * 24 + ".",
    "-----BEGIN PRIVATE KEY-----", "12345678:AA", "dp.pt.", "hooks.slack.com/", "https://hooks.slack.com/services/",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    """Ten times the text may take some twenty times as long on a busy machine; a square would be a hundred."""

    def took(length: int) -> float:
        text = piece * (length // len(piece))
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            redact(text)
            best = min(best, time.process_time() - started)
        return best

    assert took(60_000) < 30 * max(took(6_000), 0.0005)
