r"""Secrets that tell by the name they are given to: ``password = "..."``, ``"api_key": "..."``, ``DB_PASS=...``.

Looked at from the name: what stands before it on the line does not matter, so that diff lines, comments, quoted keys
and ``export`` are all alike. Whether the value can be one is :mod:`rung.privacy.values`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder, looks_like_password, looks_random
from rung.types.value import Value

_WORD = re.compile(
    r"(?P<password>passw(?:or)?d|passwort|passphrase|pwd|contrase(?:ñ|n)a|(?<![a-z])pass(?![a-z]))"
    r"|(?P<key>secret|tokens?(?![a-z])|credentials?|(?<![a-z])_auth(?![a-z])"
    r"|(?:api|access|auth|private|account|shared|service|signing|encrypt(?:ion)?|master|license|client|storage|secret"
    r"|deploy|webhook|session|cookie|jwt|hmac|admin|app|db|database|user|ssh|rsa|aes|openai|anthropic|aws|azure)[_-]?key)",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(r"[\w.-]{0,80}\Z")
_NAME_AFTER = re.compile(r"[\w.-]{0,60}")
_NOT_ONE = re.compile(
    r"""(?ix)(?:^|[_.\W])?(?:
    hash(?:ed|es)?|type|name|field|file|filename|path|dir|url|uri|endpoint|env|var|header|prefix|suffix|length|len|size|count|
    regex|pattern|format|label|hint|help|text|title|message|error|id|ids|kind|class|algorithm|method|policy|scope|scopes|
    expiry|expires|expir\w*|ttl|age|status|prompt|placeholder|description|desc|version|limit|usage|budget|index|column|parser|factory|
    last\w*|used|updated|changed|created|at|date|time|
    provider|manager|store|storage_class|handler|validator\w*|required|enabled|rotation|arn|ref|selector|input|icon|node|node_id|
    fingerprint|digest|checksum|public
    )\W?\Z"""
)
_PUBLIC = re.compile(r"(?i)public|(?:^|[_.-])(?:no|not|num|max|min|is|has|n|test_?id|csrf_?cookie)[_.-]")
_PASSING = re.compile(
    r"(?i)(?:next|page|continuation|request|lock|change|idempotency|cursor|sync|resume|action)[_-]?\Z"
)
"""Before ``token``: what only says where to go on."""
_SETTER = re.compile(r"(?i)(?:\A|\.)(?:set|with|add|new|use|my|db|user|admin|api|client)?_?\Z")
_TYPE = r"(?:[ \t]*:[ \t]*[A-Za-z_][\w.\[\], |]{0,60}?(?=[ \t]*=))?"
_QUOTED = re.compile(
    r"""(?:\\?["'`]|\]){0,3}(?:\[\d{0,6}\])?"""  # the end of a quoted name, of an index, of an array's size
    + _TYPE
    + r"""[ \t]*(?P<sign>===?|!==?|:=|=>|=|:|,(?=[ \t]*\\?["']))[ \t]*"""
    r"""(?P<prefix>[@$]|[bBrRuUfFlL]{1,2}(?=["'])"""
    r"""|(?:String|new String|SecretStr|str|Buffer\.from|\[\]byte|String::from)\()?"""
    r"""(?P<quote>\\?["'`])(?P<value>(?:(?!(?P=quote))[^\r\n]){1,2048}?)(?P=quote)"""
)
_CALLED = re.compile(r"""\([ \t]*(?P<quote>["'])(?P<value>[^"'\r\n]{1,512})(?P=quote)[ \t]*\)""")
_BARE = re.compile(
    r"""["']?[ \t]*(?P<sign>:=|=|:[ \t])[ \t]*(?P<value>[^\s"'`,;()\[\]{}<>\\#][^\s"'`;()\[\]{}<>\\]{3,2047})"""
)
_REST = re.compile(r"[ \t]*[,;]?[ \t]*(?:[#;]|//|--|$|\r|\n|&|\\$)", re.MULTILINE)
_BEFORE_BARE = re.compile(
    r"(?:^|[\r\n])[+\->#*/ \t]*(?:(?:export|set|setx|ENV|ARG|env:|-|\*|#|//|-e|--)[ \t]*|\$env:)*[\"']?[\w.-]*\Z"
)
_SHELL_BEFORE = re.compile(r"(?:^|[\s\"'&?;|:])(?:--?)?[\w.-]*\Z")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")


def find(text: str) -> Iterator[Found]:
    """Every secret that is given to a telling name, in the order of the text."""
    for word in _WORD.finditer(text):
        name = _name(text, word)
        if name is None:
            continue
        kind = "password" if word["password"] else "secret"
        place = _quoted(text, name, kind) or _bare(text, name, kind)
        if place:
            yield Found(kind, *place)


class _Name(Value):
    """The whole name a word stands in."""

    before: str
    word: str
    rest: str
    start: int
    end: int


def _name(text: str, word: re.Match[str]) -> _Name | None:
    """The name a word stands in; None where it names something about a secret."""
    before = _NAME_BEFORE.search(text, max(0, word.start() - 80), word.start())
    after = _NAME_AFTER.match(text, word.end())
    assert before is not None
    assert after is not None
    head, rest = before[0].lstrip("-."), after[0]  # a diff's sign, an option's dashes
    if rest[:1].islower() and rest[:2] not in {"s", "s_", "s-"} and not word[0].isupper():
        return None
    if _NOT_ONE.search(rest) or _camel_end(rest) or _PUBLIC.search(head) or text.endswith("::", 0, before.start()):
        return None
    if word[0].lower().startswith("token") and _PASSING.search(head):
        return None
    return _Name(head, word[0], rest, word.start() - len(head), after.end())


def _camel_end(rest: str) -> bool:
    last = re.search(r"[A-Z][a-z]+\Z", rest)
    return bool(last and _NOT_ONE.search("_" + last[0]))


def _fits(value: str, kind: str, *, quoted: bool) -> bool:
    return looks_random(value) or (kind == "password" and looks_like_password(value, quoted=quoted))


def _quoted(text: str, name: _Name, kind: str) -> tuple[int, int] | None:
    match = _QUOTED.match(text, name.end)
    if match and _fits(match["value"], kind, quoted=True):
        value = match["value"]
        listed = match["sign"] == ","
        if not listed or looks_random(value) or (not name.rest and any(letter.isdigit() for letter in value)):
            return match.span("value")
    match = _CALLED.match(text, name.end)
    if match and "." not in name.rest and _SETTER.search(name.before) and _fits(match["value"], kind, quoted=True):
        return match.span("value")
    return None


def _bare(text: str, name: _Name, kind: str) -> tuple[int, int] | None:
    """A value without quotes: on a line of its own in a settings file, or beside its name in a shell's or a URL's."""
    match = _BARE.match(text, name.end)
    if not match:
        return None
    value, tight = match["value"], match.start("value") - match.start() == 1
    value = value.split("&", 1)[0].rstrip(",") if tight else value.rstrip(",")
    stop = match.start("value") + len(value)
    head = text[max(0, name.start - 40) : name.end - len(name.rest)]
    alone = _BEFORE_BARE.search(head) and _REST.match(text, stop)
    beside = tight and match["sign"] == "=" and _SHELL_BEFORE.search(head)
    if not (alone or beside) or "(" in value:
        return None
    if _fits(value, kind, quoted=False) and not _is_code(value):
        return match.start("value"), stop
    env = alone and tight and match["sign"] == "=" and _ENV_NAME.match(f"{name.before}{name.word}{name.rest}")
    if env and len(value) >= 8 and kind == "password" and not is_placeholder(value) and "/" not in value:
        return match.start("value"), stop
    return None


def _is_code(value: str) -> bool:
    """Whether it reads as names joined by dots: an attribute, a module."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+", value))
