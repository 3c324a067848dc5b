"""A secret goes wherever it stands in a line: in a sentence, a log, brackets, a table; what is said about one stays."""

from __future__ import annotations

import pytest
from tests.unit.privacy.cases import HARMLESS, drawn

from rung.privacy.redact import redact

KEY = "<2:L>Zt1Lk0vN2xWc7R5mP3h<2:H>"
SAID = (
    f"why does API_TOKEN: «{KEY}» not work?",
    f"I set api_key = «{KEY}» and get 401",
    "password: «S3cretPw1» does not work for the db",
    "password: «hunter2x» does not work",
    f"request failed (api_key=«{KEY}»)",
    "request failed (password=«S3cretPw1»)",
    f"[client_secret=«{KEY}»]",
    f"DEBUG token: «{KEY}», user: 3",
    "DEBUG password: «S3cretPw1», user: 3",
    f"2024-01-01 INFO loaded secret: «{KEY}» from env",
    "`DB_PASSWORD=«S3cretPw1»`",
    "`DB_PASSWORD=«letmein»`",
    "run `DB_PASSWORD=«S3cretPw1» ./x`, then?",
    f"* API key: `«{KEY}»`",
    f"- token: «{KEY}» (old)",
    f"| token | «{KEY}» |",
    "| Password | «S3cretPw1» |",
    f"token\t«{KEY}»",
    f"<td>API token</td><td>«{KEY}»</td>",
    "<dt>Password</dt> <dd>«S3cretPw1»</dd>",
    f"API key: «{KEY}». Why?",
    f"my API key is «{KEY}», why 401?",
    "my password «S3cretPw1» fails",
    f"my token «{KEY}» has expired",
    f"my token «{KEY}» - why 401?",
    "X-Api-Key: «<32:H>» is invalid",
    "see aws_secret_access_key = «<40:A>» ok",
    f"**API key:** «{KEY}»",
    "**Password**: «S3cretPw1»",
    "*Password:* `«S3cretPw1»`",
    f"the secret key is **«{KEY}»**, see above",
    f"<b>Token:</b> <code>«{KEY}»</code>",
    "**password: «S3cretPw1»**",
    f"**API token: «{KEY}»**.",
    f"*my token is «{KEY}»*, or not?",
    "&quot;password&quot;: &quot;«S3cretPw1»&quot;,",
    "&lt;password&gt;«S3cretPw1»&lt;/password&gt;",
    "Unable to log in with «S3cretPw1» as the password",
    f"«{KEY}» is my API key",
    f"I took «{KEY}» as token",
    f"{{user: me, token: «{KEY}»}}",
    f"x password=«S3cretPw1», token=«{KEY}» y".replace("«" + KEY + "»", "none"),
    f"API key (staging): «{KEY}»",
    "password for admin: «S3cretPw1»",
    "the password for the user root is «S3cretPw1».",
    "set the password to «S3cretPw1» and restart",
    "the password is now «S3cretPw1»!",
    "the password was «correct!Horse»",
    "pass: «S3cretPw1» for the db",
    f"token: «{KEY}»\\nnext line of the log",
    "token: «<8:H>-<4:H>-<4:H>-<4:H>-<12:H>» is not valid",
    "client secret: «S3cretKey1» does not match",
    "Das Passwort ist «S3cretPw1»",
    "Passwort für root lautet «S3cretPw1», geht nicht",
    f"Mein API-Schlüssel ist «{KEY}».",
    "mon mot de passe est «S3cretPw1», mais",
    "mot de passe\u00a0: «S3cretPw1» refusé",
    f"la clé API est «{KEY}»",
    "La contraseña del usuario root es «S3cretPw1».",
    f"la clave de API: «{KEY}» no funciona",
    "minha senha é «S3cretPw1», por que falha?",
    f"a chave de API é «{KEY}»",
    "密码是«S3cretPw1»\uff0c连接失败",
    "密码\uff1a«S3cretPw1»\uff0c连接失败",
    f"我的API密钥是«{KEY}»",
    f"token是«{KEY}»\uff0c报错401",
    "パスワード\uff1a«S3cretPw1»",
    "パスワードは«S3cretPw1»です",
    "パスワードが「«S3cretPw1»」なのに",
    f"APIキーは«{KEY}»です。",
    f"アクセストークン: «{KEY}» が無効",
    "비밀번호는 «S3cretPw1»입니다",
)
"""Each as people write it to somebody who is to help."""
ABOUT = (
    "the password is wrong",
    "the password is wrong! what now?!",
    "your password is **required**",
    "reset your password today",
    "token: string",
    "api_key: Optional[str]",
    "password: String?, token: Token2, secret: Secret<String>",
    "fn login(user: &str, password: &str, token: [u8; 32]) -> bool",
    "def f(password: str, token: bytes = b'', api_key: SecretStr | None = None):",
    "connect(user=user, password=password2, token=self.token)",
    "if token: x = tokens[0]",
    "the password is at least 8 characters, base64-encoded and salted",
    "the password is hashed with PBKDF2WithHmacSHA256 or SHA-256",
    "password OAuth2 flow, password RFC2898 vectors",
    "The token is a JWT signed with RS256, the secret is kept in vault2",
    "token expires: 2024-01-15T13:46:57.839Z, token=2024-01-15T13:46:57.839Z",
    "commit token 3f2a9c41",
    "MountVolume.SetUp failed: secret my-app-token-x7k2p not found",
    "created secret prod-db-credentials-5d8f9",
    "--- PASS: TestParseV2beta1API (0.00s)",
    "PASS: Test2FAWithRecovery, 12 passed",
    "| token | string | the token to use |",
    "| password | varchar(255) | no |",
    "| `api_key` | `Optional[str]` | from the environment |",
    "<td>Password</td><td>required</td>",
    "<label>Password</label><input>",
    "password = salt1x + name",
    "serverConfig.Certificates[0].PrivateKey = testEd25519PrivateKey",
    "let token = tokenizer2.next(), secret = derive2(key)",
    "the API key is read from os.environ, the token from config.api_token2.value",
    "my ssh key is AAAAC3NzaC1lZDI1NTE5AAAAIJx7Qm2Vt9Lk4Wz8Rb1Nc6Yd3Fg5Hj0Ks me@host",
    "ssh key SHA256:q8Zt1Lk0vN2xWc7R5mP3hJ6aB4cD9eF",
    "public key: q8Zt1Lk0vN2xWc7R5mP3hJ6 and access key id: 3f2a9c41",
    "the password is sent to me@mail2.example.com",
    "password is me@mail2.example.com",
    "secret: https://host.example/kv/v1/x7k2pQ9z or s3://bucket-7/x7k2pQ9z8w",
    "token count: 123456789012345678, max tokens: 4096",
    "password: $DB_PASSWORD, ${API_TOKEN:-none}, <your password>, {{ password }}",
    "the secret: never say password123 or changeme",
    "das Passwort ist falsch, das Kennwort muss 8 Zeichen haben",
    "le mot de passe est incorrect, le jeton est expiré",
    "la contraseña es obligatoria, la clave de API no es válida",
    "a senha é obrigatória, a chave de API expirou",
    "密码是必填项\uff0c密码长度\uff1a8到20位",
    "パスワードは8文字以上です、トークンは無効です",
    "비밀번호는 필수입니다",
    "Password:\n\nEnter it twice.",
    "API key:\n  see docs/keys-2024.md\n",
    "password\nstring2\n",
    "`password`: `Optional[str]`, `token`: `TokenV2`, password: `Base64Decoder`",
    "if password=TokenV2: pass",
    "PASSWORD=getpass()",
    "(PASSWORD=getpass())",
    "**credentials: docs/keys-v2.md**",
    "Enable LDAP password policy&#8221; in the settings",
    'alt="Login page for username and password" style="border:none;"',
    "PBKDF2WithHmacSHA256 is the password hash, RS256 is the token algorithm",
    "secret santa 2024, token ring, pass 2 of 3, credentials page",
    "use an api key or an access token; the private key stays here",
)
"""What stands behind the name is no secret."""


@pytest.mark.parametrize("template", SAID)
def test_a_secret_in_the_middle_of_a_line_goes_and_nothing_else(template: str) -> None:
    line, secret = drawn(template)
    for sign in ("", "+", "-", "  ", "> ", "# ", "- "):
        text = f"first\n{sign}{line}\nlast\n"
        redacted = redact(text)
        kind = text.replace(secret, "[redacted-secret-1]"), text.replace(secret, "[redacted-password-1]")
        assert redacted.text in kind, sign
        assert redacted.restore(redacted.text) == text


@pytest.mark.parametrize("line", ABOUT)
def test_what_is_said_about_secrets_stays(line: str) -> None:
    for sign in ("", "+", "-", "  ", "> ", "# ", "- "):
        text = f"first\n{sign}{line}\nlast\n"
        assert redact(text).text == text, sign


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_stays_in_a_sentence_too(line: str) -> None:
    for text in (f"why does `{line}` fail?", f"see {line} below", f"({line})", f"* **note:** {line}, or not?"):
        assert redact(text).text == text


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ("My password:\n", "S3cretPw1", "\nfails"),
        ("API key:\n\n    ", KEY, "\n\nthanks"),
        ("> token:\n> ", KEY, "\n> what now?"),
        ("**Password**:\n", "S3cretPw1", "\n\nfails"),
    ],
)
def test_a_secret_alone_on_the_line_below_its_name_goes(before: str, secret: str, after: str) -> None:
    text = f"{before}{drawn(secret)[0]}{after}"
    assert redact(text).text in {f"{before}[redacted-{kind}-1]{after}" for kind in ("password", "secret")}
