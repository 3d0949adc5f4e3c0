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
    "Anthropic sign-in": "sk-ant-oat01-" + MIXED * 2,
    "Together": "tgp_v1_" + MIXED,
    "Bedrock": "ABSK" + MIXED * 3 + "=",
    "Voyage": "pa-" + MIXED,
    "Mistral": MIXED[:32],
    "Cohere": MIXED,
    "Azure OpenAI": MIXED * 2 + "JQQJ99BA",
    "AWS secret": "wJa/" + MIXED[:20] + "+" + MIXED[:15],
    "Zhipu": HEX + "." + MIXED[:16],
    "fal": "01234567-89ab-cdef-0123-456789abcdef:" + HEX,
    "Anyscale": "esecret_" + MIXED,
    "Firecrawl": "fc-" + HEX,
    "Brave": "BSA" + MIXED[:28],
    "Modal": "ak-" + MIXED[:22],
    "Runpod": "rpa_" + MIXED,
    "ElevenLabs": "sk_" + HEX + HEX[:16],
    "Weights & Biases": "wandb_v1_" + MIXED,
    "PostHog": "phc_" + MIXED,
    "Google refresh": "1//0" + MIXED + "-" + MIXED,
    "Vercel": "vcp_" + MIXED,
    "Netlify": "nfp_" + MIXED,
    "Render": "rnd_" + MIXED,
    "Neon": "napi_" + MIXED,
    "Fly": "fm2_" + MIXED * 2,
    "Supabase secret": "sb_secret_" + MIXED[:31],
    "Airtable": "pat" + MIXED[:14] + "." + HEX * 2,
    "HubSpot": "pat-na1-01234567-89ab-cdef-0123-456789abcdef",
    "LaunchDarkly": "sdk-01234567-89ab-cdef-0123-456789abcdef",
    "Dropbox": "sl." + MIXED * 3,
    "Mapbox": "sk.eyJ" + MIXED * 2 + "." + MIXED[:22],
    "Terraform": MIXED[:14] + ".atlasv1." + MIXED * 2,
    "Pulumi": "pul-" + HEX + HEX[:8],
    "Brevo": "xkeysib-" + HEX * 2 + "-" + MIXED[:16],
    "PayPal": "access_token$production$" + HEX[:16] + "$" + HEX,
    "Alibaba": "LTAI" + MIXED[:20],
    "Scaleway": "SCW" + UPPER[:17],
    "Yandex": "y0_" + MIXED,
    "Cloudflare": "v1.0-" + HEX[:24] + "-" + HEX * 4,
    "Contentful": "CFPAT-" + MIXED,
    "Bitbucket": "ATBB" + MIXED[:32],
    "Buildkite": "bkua_" + HEX + HEX[:8],
    "SonarQube": "squ_" + HEX + HEX[:8],
    "Docker organisation": "dckr_oat_" + MIXED[:32],
    "Artifactory": "AKCp" + MIXED * 2,
    "NuGet": "oy2" + (HEX * 2)[:43],
    "Tailscale": "tskey-auth-" + MIXED[:12] + "-" + MIXED[:32],
    "1Password": "ops_eyJ" + MIXED * 4,
    "Dynatrace": "dt0c01." + UPPER[:24] + "." + UPPER * 2,
    "GitLab, with its place": "glpat-" + MIXED[:27] + ".01.0123456ab",
    "Telegram in an address": "bot123456789:AA" + MIXED[:33],
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
    ("pay with {} 12/27 123", "4111 1111 1111 1111"),
    ("{} 123", "4111111111111111"),
    ("2 {} now", "4111 1111 1111 1111"),
    ("{} now", "4111.1111.1111.1111"),
    ("{} now", "4111\N{NO-BREAK SPACE}1111\N{NO-BREAK SPACE}1111\N{NO-BREAK SPACE}1111"),
    ("my password is {}, can you log in", "hunter22"),
    ("the api key is '{}'", MIXED[:12]),
    ("Passwort: {}", "geheim12"),
    ("contraseña: {}", "clave-segura12"),
    ("пароль: {}", "qwerty12"),
    ("密码：{}", "abc12345"),
    ("pwd={}", "ab12"),
    ("PGPASSWORD={} psql -h x", "hunter2"),
    ("mysql --password {} -h x", "Hunter22"),
    ("mysqldump -u root -p{} app", "hunter22"),
    ("sshpass -p {} ssh host", "hunter22"),
    ("deploy --token {} --yes", MIXED[:12]),
    ("tool --api-key='{}'", MIXED[:12]),
    ("curl -u {} https://host.example", "admin:s3cr3tpass"),
    ("<password>{}</password>", "hunter22"),
    ("<apiKey>{}</apiKey>", MIXED[:16]),
    ("machine host.example login me password {}", "hunter22"),
    ('{{"auths": {{"host": {{"auth": "{}"}}}}}}', "dXNlcjpwYXNzd29yZA=="),
    ("client-key-data: {}", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo="),
    ("document.cookie = 'sid={}'", MIXED[:16]),
    ("curl --cookie sid={} x", MIXED[:16]),
    ("https://host.example/cb#access_token%3D{}", MIXED),
    ("postgres://admin:{}@db.example/app", "p@ss!w0rd"),
    ("mysql://admin:{}@db.example/app", "p/ss@w0rd"),
    ("Authorization: Digest username=me, response={}", HEX),
    ("Authorization: AWS4-HMAC-SHA256 SignedHeaders=host, Signature={}", HEX * 2),
    ("https://discord.com/api/webhooks/123456789012345678/{}", MIXED + "-_" + MIXED[:26]),
    ("https://acme.webhook.office.com/webhookb2/{}", "01234567-89ab-cdef@0123/IncomingWebhook/" + HEX),
    ("mail {} about it", "jane.o'brien@mail.example.org"),
    ("mail {} about it", "jané@exämple.de"),
    ("?mail={}&x=1", "jane%40mail.example.org"),
    ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n{}\n", MIXED * 4),
    ("PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\n{}\nPrivate-MAC: 12ab", MIXED * 2),
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
    "napi_get_value_bigint_uint64 and napi_create_string_utf8 are functions",
    "TestHTTP2ServerWithTLS13AndCertificatesFromFile2 fails in XMLHttpRequest2Level3Test",
    '"integrity": "sha512-' + MIXED + "+" + MIXED + '=="',
    "SHA256:" + MIXED + " me (ED25519)",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" + MIXED + " me@laptop",
    "the password is required, the token is invalid, the key is 32 characters long",
    "password: true, passwd: null, pwd: none",
    "docker run -u 1000:1000 --user 0:0 image",
    "train --max-tokens 4096 --token-limit 12000 --password-file /run/secrets/db",
    "log in with --password or --token and see",
    "postgres://localhost:5432/app and mysql://db.example/app",
    "http://localhost:8080/users/@me",
    "4111 1111 is half of it, and 411111111111 too short",
    "10 20 30 40 50 60 70 80 90 100 110 120",
    "1.4111111111111111 is a fraction, 192.168.100.200 an address",
    "2026-11-29 01:14:45 1795914888.1524973",
    "<password></password> and <token>${TOKEN}</token>",
    "localhost:8080 and 10.0.0.1:443",
    "lösche die Datei «Zürich.txt», 日本語のテキスト",
]

AROUND = ["{}", "use {} please", '{{"x": "{}"}}', "`{}`", "({}).", "a\n{}\nb", "key={}", "https://h.example/?k={}&z=1"]


@pytest.mark.parametrize("vendor", KEYS)
def test_a_vendor_s_key_goes_wherever_it_stands(vendor: str) -> None:
    key = KEYS[vendor]
    for around in AROUND:
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
    "postgres://a:", "--token A", "-u a:", "mysql -p", "<token>", "cookie a=", "4111 ", "11 ", "a1B2", "password is ",
    "login a ", "LS0tLS1CRUdJTi", "PuTTY-User-Key-File-3", "\"auth\": \"", "A-", "napi_a",
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
