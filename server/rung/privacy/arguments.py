r"""Secrets that tell by what they are handed to: a call that signs in, a command that stores them, a default.

``HTTPBasicAuth("me", "SECRET")``, ``--from-literal=a=SECRET`` of ``kubectl create secret``, ``${DB_PASSWORD:-SECRET}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder, looks_like_password, looks_random, stands_out
from rung.privacy.words import could_be, is_other
from rung.types.pattern import lazy

_USER = r"[ \t\r\n]*[@$]?(?:[\"'][^\"'\r\n]{0,128}[\"']|[\w.$]{1,80}),[ \t\r\n]*[@$]?(?P<quote>[\"'])"
_SIGNS_IN = lazy(
    r"(?:\b(?:HTTP(?:Basic|Digest|Proxy)Auth|BasicAuth|basicAuth|basic_auth|[sS]etBasicAuth|NetworkCredential"
    r"|UsernamePasswordCredentials?|UsernamePasswordToken|UsernamePasswordAuthenticationToken|PasswordAuthentication"
    r"|PSCredential|HttpNtlmAuth)\(|\bauth[ \t]*[=:][ \t]*[(\[])"
    + _USER
    + r"(?P<secret>(?:(?!(?P=quote))[^\s\\]){4,256})(?P=quote)"
)
_LOGIN = lazy(
    r"(?:login|authenticate|sign_?in|logon)\(" + _USER + r"(?P<secret>(?:(?!(?P=quote))[^\s\\]){6,256})(?P=quote)"
)
_CONNECTS = lazy(
    r"(?:mysqli_connect|mysqli_real_connect|new mysqli|new PDO|getConnection|pymysql\.connect|MySQLdb\.connect"
    r"|connector\.connect|DBI->connect)\([ \t\r\n]*(?:\"[^\"\r\n]{0,256}\"|'[^'\r\n]{0,256}'|[\w.$]{1,80}),"
    + _USER
    + r"(?P<secret>(?:(?!(?P=quote))[^\s\\]){4,256})(?P=quote)"
)
"""What is given a server, a user and a password."""
_JOINS = lazy(
    r"(?:WiFi(?:Multi)?\.(?:begin|addAP)|\.simple_bind(?:_s)?|\.bind_s|\.authenticate)\("
    + _USER
    + r"(?P<secret>(?:(?!(?P=quote))[^\s\\]){4,256})(?P=quote)"
)
_AUTH = lazy(r"\.auth\([ \t]*(?P<quote>[\"'])(?P<secret>[^\s\"'\\]{6,256})(?P=quote)[ \t]*\)")
_OPTION_DEFAULT = lazy(r"default(?:_?[vV]alue)?[\"']?[ \t]{0,4}[=:][ \t]{0,4}[\"'](?P<secret>[^\s\"'\\]{4,2048})[\"']")
_OPTION = lazy(
    r"(?i)[\"'][\w-]{0,40}?(?:(?P<password>passw(?:or)?d|passphrase|pwd)|secret|token|(?:api|access|auth)[_-]?key)"
    r"[\"'][^\r\n]{0,160}\Z"
)
"""Before it: ``add_argument("--api-key", default="SECRET")``."""
_KEY = lazy(r"[kK](?:ey|EY)[\"']?[ \t]{0,4}:[ \t]{1,4}[\"']?(?P<secret>[A-Za-z0-9+/_=.-]{16,512})(?![A-Za-z0-9+/_=.-])")
_BLOCK = lazy(
    r"(?i)(?:jwt|crypt|sign|auth|openai|stripe|twilio|sendgrid|mailgun)[\w-]{0,24}[\"']?[ \t]{0,4}:[ \t]{0,4}\{?"
    r"[ \t]{0,4}(?:\r?\n)?(?:[^\r\n:{}]{1,80}:[^\r\n{}]{0,120}\r?\n){0,4}[+\- \t\"']{0,60}\Z"
)
"""Before a key that only the block it stands in says is one: ``"Jwt": {"Key": "SECRET"}``."""
_SECURE_STRING = lazy(
    r"(?i)\bConvertTo-SecureString[ \t]+(?:-(?:String|AsPlainText|Force)[ \t]+){0,3}"
    r"(?P<quote>[\"'])(?P<secret>[^\"'\r\n]{4,256})(?P=quote)"
)
_TWILIO = lazy(r"\b(?:AC|SK)[0-9a-f]{32}[\"'][ \t]*,[ \t\r\n]*[\"'](?P<secret>[0-9a-f]{32})[\"']")
_SALT = lazy(
    r"\b(?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)[\"']?[ \t]*[,=][ \t]*(?P<quote>[\"'])"
    r"(?P<secret>[^\r\n]{20,256}?)(?P=quote)[ \t]*(?:\)|\r?$)",
    re.MULTILINE,
)
"""The keys of WordPress, in which every sign may stand."""
_LITERAL = lazy(r"--from-literal[= ][\"']?(?P<name>[\w.-]{1,253})=[\"']?(?P<secret>[^\s\"'`$<>][^\s\"'`<>]{3,2048})")
_CONFIGURE = lazy(
    r"\bconfigure set [\w.-]{0,80}(?:secret_access_key|session_token)[ \t]+[\"']?(?P<secret>[A-Za-z0-9/+=]{16,2048})"
)
_STDIN = lazy(
    r"\becho[ \t]+(?:-n[ \t]+)?[\"']?(?P<secret>[^\s\"'`$|<>]{4,512})[\"']?[ \t]*\|[^\r\n|]{0,200}--password-stdin"
)
_ORACLE = lazy(
    r"(?:\bjdbc:oracle:\w{1,8}:|\bsqlplus[ \t]+(?:-\w+[ \t]+){0,3})[\w$#]{1,64}/(?P<secret>[^\s@/\"'`$<>{}]{3,128})@"
)
_DEFAULT = lazy(
    r"(?i)\$\{[\w.-]{0,80}?(?:(?P<password>passw(?:or)?d|passphrase|pwd|_pass)|secret|token|(?:api|access|secret)[._-]?key)"
    r":[-=]?(?P<secret>[^\s\"'`${}]{4,256})\}"
)
_MNEMONIC = lazy(
    r"(?i:mnemonic|(?:seed|recovery|wallet)[_ -]?(?:phrase|words))[\"']?[ \t]*[:=][ \t]*[\"'`]?"
    r"(?P<secret>(?:[a-z]{3,8} ){11}(?:(?:[a-z]{3,8} ){3}){0,4}[a-z]{3,8})(?![ \w])"
)
_LOGIN_SAID = lazy(
    r"(?:login|Login|credential|Credential|creds|Creds|zugangsdaten|Zugangsdaten|anmeldedaten|Anmeldedaten|identifiant"
    r"|Identifiant|credenciales|Credenciales|credenciais|Credenciais)s?"
    r"[ \t]{0,3}(?:[:=]|is|are|ist|sind|lauten|sont|son|são)?[ \t]{1,3}[\"'`]?[\w.@+-]{1,64}[\"'`]?"
    r"(?P<between>[ \t]{0,3}[/|:][ \t]{0,3})[\"'`]?(?P<secret>[^\s\"'`/,;()<>]{6,128})(?=[\s\"'`,;)<]|$)"
)


def find(text: str) -> Iterator[Found]:
    """Every secret that is handed to something, in no order."""
    lower = text.lower()
    if any(word in lower for word in ("auth", "credential", "login", "logon", "signin", "sign_in")):
        yield from _some(text, _SIGNS_IN, "password", _is_one)
        yield from _some(text, _LOGIN, "password", _is_password)
        yield from _some(text, _AUTH, "password", stands_out)
    if any(word in lower for word in ("login", "cred", "daten", "identifiant")):
        for match in _LOGIN_SAID.finditer(text):
            value = match["secret"].rstrip(".:?!*")
            # ``login: docs/page2b``: without blanks it may be a path.
            if stands_out(value) or (" " in match["between"] and _is_password(value)):
                yield Found("password", match.start("secret"), match.start("secret") + len(value))
    if any(word in text for word in ("onnect", "WiFi", "bind", "PDO", "mysqli")):
        yield from _some(text, _CONNECTS, "password", _is_one)
        yield from _some(text, _JOINS, "password", _is_one)
    yield from _defaults(text)
    if "securestring" in lower:
        yield from _some(text, _SECURE_STRING, "password", _is_one)
    if "AC" in text or "SK" in text:
        yield from _some(text, _TWILIO, "twilio-key", looks_random)
    if "_KEY" in text or "_SALT" in text:
        yield from _some(text, _SALT, "secret", _is_salt)
    if "--from-literal" in text:
        yield from _literals(text)
    if "configure set" in text:
        yield from _some(text, _CONFIGURE, "aws-key", looks_random)
    if "--password-stdin" in text:
        yield from _some(text, _STDIN, "password", _is_one)
    if "oracle" in text or "sqlplus" in text:
        yield from _some(text, _ORACLE, "password", _is_one)
    if "${" in text:
        for match in _DEFAULT.finditer(text):
            value = match["secret"]
            if looks_random(value) or (match["password"] and (_is_password(value) or could_be(value))):
                yield Found("password" if match["password"] else "secret", *match.span("secret"))
    if "mnemonic" in lower or "phrase" in lower or "words" in lower:
        yield from _some(text, _MNEMONIC, "mnemonic", lambda value: len(set(value.split())) > 2)


def _some(text: str, pattern: re.Pattern[str], kind: str, test: Callable[[str], bool]) -> Iterator[Found]:
    return (Found(kind, *match.span("secret")) for match in pattern.finditer(text) if test(match["secret"]))


def _defaults(text: str) -> Iterator[Found]:
    """What an option has unless it is given, and keys that only their block tells of."""
    for match in _OPTION_DEFAULT.finditer(text):
        option = _OPTION.search(text[max(0, match.start() - 200) : match.start()])
        if option and (looks_random(match["secret"]) or (option["password"] and _is_password(match["secret"]))):
            yield Found("password" if option["password"] else "secret", *match.span("secret"))
    for match in _KEY.finditer(text):
        if looks_random(match["secret"]) and _BLOCK.search(text[max(0, match.start() - 500) : match.start()]):
            yield Found("secret", *match.span("secret"))


def _literals(text: str) -> Iterator[Found]:
    """What ``kubectl create secret`` is given, under whatever name; of a config map nothing."""
    for match in _LITERAL.finditer(text):
        before = text[max(0, match.start() - 600) : match.start()]
        if before.rfind(" secret ") > before.rfind(" configmap ") and _is_one(match["secret"]):
            yield Found("kubernetes-secret", *match.span("secret"))


def _is_one(value: str) -> bool:
    """Whether a value is more than a hole: any sign or digit, or a word that can be one."""
    if is_placeholder(value) or value.startswith(("$", "%", ":", "@", "?", "{", "(", "[")):
        return False
    return could_be(value) if value.isalpha() else any(map(str.isalnum, value)) and not is_other(value)


def _is_password(value: str) -> bool:
    return looks_like_password(value, quoted=True) and not is_other(value)


def _is_salt(value: str) -> bool:
    return not is_placeholder(value) and len(set(value)) >= 12
