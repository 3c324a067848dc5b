"""True secrets in the lines people write them in, and lines that only look so.

The secrets are drawn from a seeded generator: no file of this repository holds anything a service would take for one of
its own. In a template ``<36:A>`` is 36 characters of the alphabet A; what stands between « and » is the secret.
"""

from __future__ import annotations

import random
import re
import string

ALPHABETS = {
    "A": string.ascii_letters + string.digits,
    "U": string.ascii_uppercase + string.digits,
    "L": string.ascii_lowercase + string.digits,
    "H": "0123456789abcdef",
    "D": string.digits,
    "W": string.ascii_letters + string.digits + "_-",
    "B": string.ascii_letters + string.digits + "+/",
}
_HOLE = re.compile(r"<(\d+):([A-Z])>")


def drawn(template: str, seed: int = 1) -> tuple[str, str]:
    """A line with its holes filled, and the secret in it."""
    rng = random.Random(f"{seed}:{template}")

    def fill(hole: re.Match[str]) -> str:
        alphabet = ALPHABETS[hole[2]]
        # A letter and a digit at least: among thousands of true tokens hardly one lacks either.
        letters = [rng.choice(alphabet) for _ in range(int(hole[1]))]
        if hole[2] in "ALW":
            letters[1], letters[-1] = rng.choice(string.digits), rng.choice(string.ascii_lowercase)
        return "".join(letters)

    line = _HOLE.sub(fill, template)
    before, _, rest = line.partition("«")
    secret, _, after = rest.partition("»")
    return before + secret + after, secret


JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsImlhdCI6MTUxNjIzOTAyMn0.<43:W>"

TRUE = (
    "+AWS_ACCESS_KEY_ID=«AKIA<16:U>»",
    'aws_access_key_id = "«ASIA<16:U>»"',
    "aws_secret_access_key = «<40:B>»",
    '    "SecretAccessKey": "«<40:B>»",',
    "-export AWS_SECRET_ACCESS_KEY='«<40:B>»'",
    "GITHUB_TOKEN=«ghp_<36:A>»",
    "  token: «gho_<36:A>»",
    "git clone https://«ghs_<36:A>»@github.com/a/b",
    'const t = "«github_pat_<22:A>_<59:A>»";',
    "curl -H 'PRIVATE-TOKEN: «glpat-<20:W>»' https://gitlab.example/api",
    "CI_RUNNER=«glrt-<20:W>»",
    'slack = WebClient("«xoxb-<12:D>-<12:D>-<24:A>»")',
    "SLACK_APP=«xapp-1-A<10:U>-<13:D>-<64:H>»",
    "url: https://hooks.slack.com/services/«T<8:U>/B<8:U>/<24:A>»",
    "hook https://discord.com/api/webhooks/«<18:D>/<68:W>»",
    'stripe.api_key = "«sk_live_<24:A>»"',
    "+STRIPE=«rk_live_<24:A>»",
    "whook = '«whsec_<32:A>»'",
    "OPENAI_API_KEY=«sk-proj-<48:W>»",
    'client = OpenAI(api_key="«sk-<48:A>»")',
    "+  key: «sk-or-v1-<64:H>»",
    "ANTHROPIC_API_KEY=«sk-ant-api03-<93:W>AA»",
    'AIza = "«AIza<35:W>»"',
    "https://maps.googleapis.com/maps/api/js?key=«AIza<35:W>»&v=3",
    '"client_secret": "«GOCSPX-<28:W>»",',
    "//registry.npmjs.org/:_authToken=«npm_<36:A>»",
    "//registry.example.org/:_authToken=«<8:H>-<4:H>-<4:H>-<4:H>-<12:H>»",
    "password = «pypi-AgEIcHlwaS5vcmc<80:W>»",
    "HF_TOKEN=«hf_<34:A>»",
    "export GROQ_API_KEY=«gsk_<52:A>»",
    "xai: «xai-<80:A>»",
    "REPLICATE_API_TOKEN=«r8_<37:A>»",
    "do_token = «dop_v1_<64:H>»",
    'shopify("«shpat_<32:H>»")',
    "DATABRICKS=«dapi<32:H>»",
    "VAULT_TOKEN=«hvs.<90:W>»",
    "TF=«<14:A>.atlasv1.<64:W>»",
    "LINEAR=«lin_api_<40:A>»",
    "SENDGRID_API_KEY='«SG.<22:W>.<43:W>»'",
    'twilio = "«SK<32:H>»"',
    'TELEGRAM = "«<9:D>:AA<33:W>»"',
    "FIGMA=«figd_<40:W>»",
    "docker login -p «dckr_pat_<27:W>»",
    "NEWRELIC=«NRAK-<27:U>»",
    "AGE: «AGE-SECRET-KEY-1<58:U>»",
    f"Authorization: Bearer «{JWT}»",
    f'+    jwt = "«{JWT}»"',
    "curl -H 'Authorization: Bearer «<40:A>»' https://api.example",
    "Authorization: Basic «<28:B>»",
    'password = "«hunter2»"',
    "+    password: «hunter2x»",
    '-  "password": "«Tr0ub4dor&3»",',
    "DB_PASSWORD=«correcthorsebatterystaple»",
    "db.password=«x9!kLm2#»",
    "+export PGPASSWORD='«q8Wz-Rt5y»'",
    '$password = "«P4$$w0rd-Zk»";',
    "  passphrase: '«Blue7Giraffe!Sky»'",
    'String dbPassword = "«zX81spectrum»";',
    'ConnectionString="Server=db;User Id=sa;Password=«Kj7!pQz9»;"',
    "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=«<43:B>=»",
    "DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=«<86:B>==»;EndpointSuffix=core.windows.net",
    "DATABASE_URL=postgres://app:«s3cr3tpw»@db.internal:5432/app",
    '+  url = "mongodb+srv://root:«Zx9kq2Lm»@cluster0.example.net/x"',
    "redis://:«kD83jf0sLq»@localhost:6379/0",
    "amqp://svc:«wabbitSeason»@mq/",
    'secret_key = "«<50:A>»"',
    "SECRET_KEY = '«django-insecure-<50:A>»'",
    '"apiKey": "«<32:H>»",',
    "api-key: «<40:H>»",
    "X-Api-Key: «<40:A>»",
    "client_secret=«<40:A>»&grant_type=x",
    "const clientSecret = `«<36:A>»`;",
    'auth_token := "«<32:A>»"',
    "ENV SESSION_SECRET=«<64:H>»",
    'Buffer.from(encryptionKey = "«<44:B>»")',
    "curl -u admin:«Sommer2024x» https://api.example",
    "mysql -uroot -p«Zebra77kl» app",
    'token = "«<8:H>-<4:H>-<4:H>-<4:H>-<12:H>»"',
    'setPassword("«Qw8!rtZu»")',
    'os.environ["API_TOKEN"] = "«<32:A>»"',
    "webhook_secret: str = '«<40:H>»'",
    "https://x.blob.core.windows.net/c?sv=2024&sig=«<43:A>%3D»",
)  # fmt: skip
"""Each on a line as it stands in a file, a diff, a shell or a log."""

HARMLESS = (
    "password: str",
    "password: Optional[str] = None",
    'api_key = os.environ["API_KEY"]',
    "token = get_token()",
    "token = self.tokens[i + 1].text",
    'password = "changeme"',
    'password = "<your password>"',
    'api_key = "your-api-key-here"',
    "API_KEY=xxxxxxxxxxxxxxxxxxxxxxxx",
    "PASSWORD=${DB_PASSWORD}",
    "password: {{ vault_password }}",
    'password = f"{user}:{salt}"',
    "password = $1",
    "OPENAI_API_KEY=",
    'OPENAI_API_KEY = "OPENAI_API_KEY"',
    "sk-...",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-ant-your-key",
    "AKIAIOSFODNN7EXAMPLE",
    "postgres://user:password@localhost/db",
    "https://user:${TOKEN}@host/",
    "http://localhost:8080/@scope/package",
    "commit 3f786850e387550fdab836ed7e6dc881de23001b",
    '"integrity": "sha512-0ZzFXr6PaD9aRzs0uPgnKr5MUyXvUs0cWlsNvx4dhTAgZL5bvGoA0pRhoT9wVuhRBbAz0kHQzkcSX7Fdm0b+uA=="',
    'hash = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"',
    "id = 123e4567-e89b-12d3-a456-426614174000",
    "index 83db48f..bf269f4 100644",
    'data = b64decode("aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q0NTY3ODkw")',
    'token_type = "Bearer"',
    '"token_endpoint": "https://auth.example/oauth2/v2.0/token"',
    'NextToken = "eyJNYXJrZXIiOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ=="',
    "class PasswordField2(Field):",
    'password_hash = "5f4dcc3b5aa765d61d8327deb882cf99"',
    'label = "Password: "',
    'raise ValueError("wrong password: try again")',
    'secret_name = "prod/db-7/credentials"',
    "tokenizer = Tokenizer2()",
    "max_tokens = 1234567890123456",
    "tokens_per_minute: 40000000",
    'PRIVATE = "-----BEGIN PRIVATE KEY-----"',
    "if secret == other_secret2: pass",
    'key="sort-by-2024-name"',
    "pass",
    "    password=password1,",
    "    password=self.password2,",
    'parser.add_argument("--password", help="the password to use")',
    "primary_key = models.AutoField2()",
    "public_key = 'MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK8Q'",
    "monkey = 'b9f4d21a7c6e8835'",
    '"AWS::IAM::AccessKey": "62d91b17309e76c8",',
)
"""Nothing in these is a secret."""
