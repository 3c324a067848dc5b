r"""Secrets inside addresses and connection strings: ``postgres://me:SECRET@host``, ``Server=x;Password=SECRET;``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder, looks_random
from rung.types.pattern import lazy

_URL = lazy(
    r"://(?P<user>[^\s:/@?#\"'<>`\\]{0,128}):(?P<secret>[^\s/@\"'<>`\\]{1,256}(?:@[^\s/@,;)\"'<>`\\]{1,128}){0,2})@(?=[\w\[$%{-])"
)
_URL_WITH_SLASHES = lazy(
    r"://[^\s:/@?#\"'<>`\\]{0,128}:(?P<secret>[^\s@\"'<>`\\?]{1,256})@"
    r"(?=[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}[:/])"
)
_URL_TOKEN = lazy(r"https?://(?P<secret>[A-Za-z0-9_-]{16,128})(?::x-oauth-basic)?@(?=[\w-])")
_STRING = lazy(
    r"(?i)(?:^[+-]?|[;\"'\s,])"
    r"(?:password|pwd|accountkey|sharedaccesskey|sharedsecret|access ?key|sharedaccesssignature)"
    r"[ \t]*=[ \t]*(?P<secret>[^;\"'\s,<>{}]{4,256})(?=[;\"'\s]|$)",
    re.MULTILINE,
)
_OF_A_STRING = lazy(r"(?i)[^;\n]=[^;\n]{1,200};")
_OPTION = lazy(
    r"(?:\bcurl\b|\bwget\b|\bhttp\b)[^\r\n]{0,200}?[ \t](?:-u|--user)[ =]?[\"']?"
    r"[\w.@+-]{1,64}:(?P<secret>[^\s\"']{4,128})"
    r"|(?:\bmysql\w*\b[^\r\n]{0,120}?[ \t]-p|\bsshpass[ \t]+-p[ \t]*)[\"']?(?P<other>[^\s\"'-][^\s\"']{3,128})"
)
_WEAK_HERE = frozenset(
    {"password", "pass", "pwd", "secret", "user", "username", "postgres", "root", "test", "guest", "port", "token"}
)


def find(text: str) -> Iterator[Found]:
    """Every secret in an address, a connection string or a program's options, in no order."""
    if "://" in text:
        for pattern in (_URL, _URL_WITH_SLASHES):
            for match in pattern.finditer(text):
                if _is_password(match["secret"]):
                    yield Found("url-password", *match.span("secret"))
        for match in _URL_TOKEN.finditer(text):
            if looks_random(match["secret"]):
                yield Found("url-password", *match.span("secret"))
    for match in _STRING.finditer(text):
        line = text[text.rfind("\n", 0, match.start("secret")) + 1 : match.end() + 200].split("\n", 1)[0][:2000]
        if line.count("=") > 1 and _OF_A_STRING.search(line) and _is_password(match["secret"]):
            yield Found("connection-string", *match.span("secret"))
    if "curl" in text or "wget" in text or "mysql" in text or "sshpass" in text or "http" in text:
        for match in _OPTION.finditer(text):
            which = "secret" if match["secret"] else "other"
            if _is_password(match[which]):
                yield Found("password", *match.span(which))


def _is_password(value: str) -> bool:
    """Whether it is more than a documentation's word; passwords of one word exist here, so a word is enough."""
    return (
        len(value) >= 4
        and value.lower() not in _WEAK_HERE
        and not is_placeholder(value)
        and not value.startswith(("$", "%", ":"))
    )
