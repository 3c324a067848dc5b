r"""Secrets where a login is written: netrc, SQL, ``Authorization``, registries, servers' own settings.

Each has a form of its own that says what stands there, so that a plain word is enough; placeholders stay.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder, looks_like_password, looks_random
from rung.privacy.words import could_be, is_other
from rung.types.pattern import lazy

_NETRC = lazy(
    r"\b(?:machine|login)[ \t]+[^\s\"'`<>=:,;]{1,253}(?:[ \t]+|[ \t]*\r?\n[+\- ]?[ \t]*)"
    r"(?:(?:login|account)[ \t]+\S{1,253}(?:[ \t]+|[ \t]*\r?\n[+\- ]?[ \t]*)){0,2}"
    r"password[ \t]+(?P<secret>[^\s\"'`<>]{3,256})(?=\s|$)"
)
_DIRECTIVE = lazy(
    r"(?m)^[+\- ]?[ \t]*(?:#[ \t]*)?"
    r"(?:requirepass|masterauth|sentinel auth-pass \S{1,64}|ENV[ \t]+\w*(?:PASSWORD|PASSWD|_PASS|PWD))[ \t]+"
    r"[\"']?(?P<secret>[^\s\"'=<>$]{3,256})[\"']?[ \t]*\r?$"
)
_SQL = lazy(
    r"(?i)\b(?:identified[ \t]+(?:with[ \t]+\S{1,64}[ \t]+)?(?:by|as)(?:[ \t]+password)?[ \t]*(?=['\"])"
    r"|(?:(?:user|role|login)\b[^\r\n;]{1,200}?\bpassword(?:[ \t]*=)?"
    r"|set[ \t]+password[^\r\n;=]{0,100}=(?:[ \t]*password\()?)[ \t]*N?(?='))"
    r"(?P<quote>['\"])(?P<secret>[^'\"\r\n]{3,256})(?P=quote)"
)
_ORACLE = lazy(
    r"(?i)\b(?:create|alter)[ \t]+user[ \t]+[\w$#.\"]{1,64}[ \t\r\n]{1,8}identified[ \t]+by[ \t]+"
    r"(?P<secret>[^\s'\"`;<>&:]{3,128})(?=[\s;]|$)"
)
_DSN = lazy(r"(?i)(?:^|[\s\"'])password=(?P<secret>[^\s\"'`;,&)}\\]{3,256})", re.MULTILINE)
_OF_A_DSN = lazy(r"(?i)\b(?:host|hostaddr|user|dbname|database|sslmode)=[^\s\"']{1,200}")
_PASSWORD_OPTION = lazy(
    r"(?<!\w)-{1,3}(?:[a-z]{1,16}-)?(?:pass(?:word|wd|phrase|code)?|pwd|pw)[ \t]+(?P<quote>[\"']?)"
    r"(?!(?:pass|env|file|fd|stdin):)"
    r"(?P<secret>[^\s\"'`$<>\[\](){}|,;@%-][^\s\"'`<>()|,;]{3,128})(?=[\s\"'`;,)|]|$)"
)
"""The value behind a blank: what follows may be an explanation, so that a word must have a digit or quotes."""
_SECRET_OPTION = lazy(
    r"(?<!\w)-{1,3}(?:(?:(?:api|auth|access|bot)-)?token|(?:client-)?secret|(?:api|access|secret)-?key)"
    r"[ \t]+[\"']?"
    r"(?P<secret>[A-Za-z0-9+/=_.~-]{16,512})(?=[\s\"'`;,)|]|$)"
)
_PAIR = lazy(
    r"""(?i)\b(?:name|key)["']?[ \t]*[:=][ \t]*["']?[\w.-]{0,80}?"""
    r"""(?:(?P<password>passw(?:or)?d|passphrase|pwd)|secret|token|(?:api|access|secret|private)[_-]?key"""
    r"""|sess(?:ion)?(?:[_-]?id)?|\bsid|jwt)"""
    r"""["']?[ \t]*,?[ \t]*(?:\r?\n[+\- ]?)?[ \t]*["']?value["']?[ \t]*[:=][ \t]*"""
    r"""["']?(?P<secret>[^\s"'`{}\[\],]{4,2048})"""
)
"""The name in one field and the value in the next, as in the environment of a container."""
_VARIABLE = lazy(
    r"""variable[ \t]+"[\w-]{0,80}?(?:(?P<password>password|passwd|passphrase)|secret|token|key)"[ \t]*\{"""
    r"""[^{}]{0,400}?"""
    r"""\bdefault[ \t]*=[ \t]*"(?P<secret>[^"\r\n]{3,256})\""""
)
_AUTHORIZATION = lazy(
    r"(?i)\bauthorization[\"']?\]?\W{1,8}(?P<how>basic|bearer|token|apikey|api-key|key)[ \t]+(?:token=)?[\"']?"
    r"(?P<secret>[A-Za-z0-9._~+/-]{8,4096}={0,2})(?![A-Za-z0-9._~+/(\[-])"
)
_REGISTRY = lazy(
    r"""(?P<name>\\?["']auth\\?["'][ \t]*:[ \t]*\\?["']|\b_auth[ \t]*=[ \t]*["']?)"""
    r"""(?P<secret>[A-Za-z0-9+/]{6,4096}={0,2})(?![A-Za-z0-9+/=])"""
)


def find(text: str) -> Iterator[Found]:
    """Every secret of a login, in no order."""
    lower = text.lower()
    if "passw" in lower or "passphrase" in lower or "identified" in lower:
        yield from _matches(text, _NETRC, "password")
        yield from _matches(text, _SQL, "password")
        yield from _matches(text, _ORACLE, "password")
        for match in _DSN.finditer(text):
            line = text[text.rfind("\n", 0, match.start("secret")) + 1 : match.end() + 200].split("\n", 1)[0]
            if _OF_A_DSN.search(line[:2000]) and _is_one(match["secret"]):
                yield Found("password", *match.span("secret"))
    if "variable" in text:
        for match in _VARIABLE.finditer(text):
            if looks_random(match["secret"]) or (match["password"] and _is_one(match["secret"])):
                yield Found("password" if match["password"] else "secret", *match.span("secret"))
    if any(word in text for word in ("requirepass", "masterauth", "auth-pass", "ENV")):
        yield from _matches(text, _DIRECTIVE, "password")
    if "-p" in lower:
        for match in _PASSWORD_OPTION.finditer(text):
            value, quoted = match["secret"], bool(match["quote"])
            word = could_be(value) and (quoted or value[-1].isdigit())
            if word or (looks_like_password(value, quoted=quoted) and not is_other(value)):
                yield Found("password", *match.span("secret"))
    if "-" in text and any(word in lower for word in ("token", "secret", "key")):
        for match in _SECRET_OPTION.finditer(text):
            if looks_random(match["secret"]):
                yield Found("secret", *match.span("secret"))
    if "value" in lower:
        for match in _PAIR.finditer(text):
            if looks_random(match["secret"]) or (match["password"] and _is_one(match["secret"])):
                yield Found("password" if match["password"] else "secret", *match.span("secret"))
    if "authorization" in lower:
        for match in _AUTHORIZATION.finditer(text):
            if _is_credential(match["secret"], basic=match["how"].lower() == "basic"):
                yield Found("authorization", *match.span("secret"))
    if "auth" in lower:
        for match in _REGISTRY.finditer(text):
            if _is_login(match["secret"]):
                yield Found("registry-login", *match.span("secret"))


def _matches(text: str, pattern: re.Pattern[str], kind: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        if _is_one(match["secret"]):
            yield Found(kind, *match.span("secret"))


def _is_one(value: str) -> bool:
    """Whether a value is more than a hole: any sign or digit, or a word that can be one."""
    if is_placeholder(value) or value.startswith(("$", "%", ":", "@", "?", "{", "(")):
        return False
    return could_be(value) if value.isalpha() else True


def _is_credential(value: str, *, basic: bool) -> bool:
    if basic:
        return _is_login(value) or looks_random(value)
    return looks_random(value) or (len(value) == 40 and not is_placeholder(value) and any(map(str.isdigit, value)))


def _is_login(value: str) -> bool:
    """Whether it is base64 of ``user:password``, neither of them a hole."""
    try:
        decoded = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    user, colon, password = decoded.partition(":")
    return bool(user and colon) and len(password) >= 3 and decoded.isprintable() and not is_placeholder(password)
