r"""Secrets that tell by the name they are given to: ``password = "..."``, ``"api_key": "..."``, ``DB_PASS=...``.

Looked at from the name: what stands before it on the line does not matter, so that diff lines, comments, quoted keys
and ``export`` are all alike. Whether the value can be one is :mod:`rung.privacy.values`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder, looks_like_password, looks_random
from rung.privacy.words import could_be, is_other
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
    hash(?:ed|es|er|ers|ing)?|encoder|generator|strength|checker|meter|rules?|type|name|field|file|filename|path|dir|url|uri|endpoint|env|var|header|prefix|suffix|length|len|size|count|
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
_TYPE = r"(?:[ \t]*:[ \t]*[A-Za-z_&][\w.\[\], |&']{0,60}?(?=[ \t]*=))?"
_QUOTED = re.compile(
    r"""(?:\\?["'`]|\]){0,3}(?:\[\d{0,6}\])?"""  # the end of a quoted name, of an index, of an array's size
    + _TYPE
    + r"""[ \t]*(?P<sign>===?|!==?|:=|=>|<-|\|\|=?|\?\?=?|=|:|,(?=[ \t]*\\?["']))[ \t]*"""
    r"""(?P<prefix>[@$]|[bBrRuUfFlL]{1,2}(?=["'])"""
    r"""|(?:String|new String|SecretStr|str|Buffer\.from|\[\]byte|String::from)\()?"""
    r"""(?P<quote>\\?["'`])(?P<value>(?:(?!(?P=quote))[^\r\n]){1,2048}?)(?P=quote)"""
)
_TUPLE = re.compile(
    r"(?:^|[\r\n])[+\-# ]{0,3}[ \t]*(?:(?:let|const|var|local)[ \t]*[\[{]?[ \t]*)?"
    r"(?:[$@]?[\w.]{1,60},[ \t]*){1,5}[$@]?\Z"
)
"""Other names before it on the left of a ``=``."""
_BEFORE_VALUE = r"""[^,"'\r\n]{0,60}(?:"[^"\r\n]{0,200}"|'[^'\r\n]{0,200}')?[^,"'\r\n]{0,60},"""
_VALUE = r"""[ \t]*(?P<quote>["'])(?P<value>[^"'\r\n]{1,512})(?P=quote)"""
_CALLED = re.compile(r"""\([ \t]*(?P<quote>["'])(?P<value>[^"'\r\n]{1,512})(?P=quote)[ \t]*\)""")
_BARE = re.compile(
    r"""["']?[ \t]*(?P<sign>:=|=|:[ \t])[ \t]*(?P<value>[^\s"'`,;()\[\]{}<>\\#][^\s"'`;()\[\]{}<>\\]{3,2047})"""
)
_REST = re.compile(r"[ \t]*[,;]?[ \t]*(?:[#;]|//|--|$|\r|\n|&|\\$)", re.MULTILINE)
_BEFORE_BARE = re.compile(
    r"(?:^|[\r\n])[+\->#*/ \t]*(?:(?:export|set|setx|ENV|ARG|env:|-|\*|#|//|-e|--)[ \t]*|\$env:)*[\"']?[\w.-]*\Z"
)
_SHELL_BEFORE = re.compile(r"(?:\A[+-]?|[\r\n][+-]|[\s\"'&?;|:])(?:--?)?[\w.-]*\Z")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_GIVES = frozenset({"=", ":", ":=", "=>", "<-", "||", "||=", "??", "??="})
_WORD_NAME = re.compile(r"s?|_?(?:\d{1,3}|prod|dev|staging|default|value)")
"""What may follow ``password`` in a name whose value may be a plain word: not ``password_column``."""
_VERB = re.compile(
    r"(?i)(?:forgot(?:ten)?|reset|change|show|hide|toggle|enter|type|confirm|repeat|verify|check|validate|no|has|is|use"
    r"|without|lost|update|create|set|get|invalid|wrong|bad|weak|missing|empty|save|remember)[_-]?\Z"
)
"""Before ``password`` in the name of a label, a button, a question."""
_ELEMENT = re.compile(r"[ \t]*>(?P<value>[^<>\r\n]{1,512})</")
_ATTRIBUTE = re.compile(r"""["'][ \t]+value=(?P<quote>["'])(?P<value>[^"'\r\n<>]{1,512})(?P=quote)""")
_OPTION_SIGN = ("--", "?", "&")
_ENDS = re.compile(r"[ \t]*(?:[ \t][#;].*)?(?:\r?$)", re.MULTILINE)
_OBJECT = re.compile(r"(?:\A|\.)(?:self|this|cls|obj|args|opts|options|params|req|request|res|body|data|form|state)\.")
"""Before the name of what an object of a program has."""
_SETTING = re.compile(
    r"""[+\- ]?[ \t]*(?:
      (?:[#;!]|//|@@).* | \[[^\]]*\] | (?:---|\.\.\.) | (?:diff|index|\+\+\+|---)[ ].*
    | -[ ][^\s(){};=]+
    | (?:-[ ]|export[ ]|set[ ])?["']?[\w.$/ -]{1,80}["']?[ \t]*[=:](?:[ \t]*|[ \t]*[^\s(){};,]+(?:[ \t][^(){};]*)?)
    )?[ \t]*\r?""",
    re.VERBOSE,
)
"""A line of a file of settings, of whatever kind, or of a diff of one."""
_DECLARES = re.compile(
    r"^[+\- ]?[ \t]*(?:@?\w*class|def|fn|func|function|struct|interface|type|enum|model|data|input|message|trait)[ ]"
    r"|^[+\- ]?[ \t]*(?:try|else|except|finally|if|elif|for|while|with|switch|case|return|let|const|var|async|import)\b"
    r"|:[ \t]*(?:str|string|int|integer|float|double|number|bool|boolean|bytes|any|object|date|datetime|text|void|never"
    r"|list|dict|set|tuple|optional|array|map|vec)\b[^/@]*$",
    re.IGNORECASE,
)
"""A line of a program that looks like a setting: it names a type."""


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
    if looks_random(value):
        return True
    return kind == "password" and looks_like_password(value, quoted=quoted) and not is_other(value)


def _is_word(text: str, name: _Name, kind: str, value: str) -> bool:
    """Whether a plain word can be the password: the name must be nothing but one."""
    if kind != "password" or not _WORD_NAME.fullmatch(name.rest) or _VERB.search(name.before):
        return False
    short = name.word.lower() in {"pass", "pwd"}
    if short and not name.before and "user" not in text[max(0, name.start - 160) : name.end + 160].lower():
        return False
    return could_be(value, loud=(name.before + name.word).isupper())


def _quoted(text: str, name: _Name, kind: str) -> tuple[int, int] | None:
    """A value in quotes, as an argument, or in XML."""
    match = _QUOTED.match(text, name.end)
    if match and match["sign"] == "=" and (others := _TUPLE.search(text, max(0, name.start - 200), name.start)):
        # ``user, password = "me", "SECRET"``: as many values before it as names.
        match = re.compile(_BEFORE_VALUE * others[0].count(",") + _VALUE).match(text, match.start("quote"))
        if match and (_fits(match["value"], kind, quoted=True) or _is_word(text, name, kind, match["value"])):
            return match.span("value")
        return None
    if match:
        value, sign = match["value"], match["sign"]
        listed = sign == ","
        if _fits(value, kind, quoted=True) and (
            not listed or looks_random(value) or (not name.rest and any(letter.isdigit() for letter in value))
        ):
            return match.span("value")
        # ``getenv("DB_PASSWORD", "hunter")``, ``define('DB_PASSWORD', 'hunter')``
        default = listed and text.endswith(('("', "('"), 0, name.start) and f"{name.before}{name.word}".isupper()
        if (sign in _GIVES or default) and _is_word(text, name, kind, value):
            return match.span("value")
    match = _CALLED.match(text, name.end)
    if match and "." not in name.rest and _SETTER.search(name.before) and _fits(match["value"], kind, quoted=True):
        return match.span("value")
    element = text.endswith("<", 0, name.start)
    match = (_ELEMENT if element else _ATTRIBUTE).match(text, name.end)
    if match and (_fits(match["value"], kind, quoted=True) or _is_word(text, name, kind, match["value"])):
        return match.span("value")
    return None


def _bare(text: str, name: _Name, kind: str) -> tuple[int, int] | None:
    """A value without quotes: in a file of settings, a shell, an address."""
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
    place = match.start("value"), stop
    if _fits(value, kind, quoted=False) and not _is_code(value):
        return place
    env = tight and match["sign"] == "=" and _ENV_NAME.match(f"{name.before}{name.word}{name.rest}")
    if alone and env and len(value) >= 8 and kind == "password" and not is_placeholder(value) and "/" not in value:
        return place
    if not _is_word(text, name, kind, value):
        return None
    ends = _ENDS.match(text, stop)
    option = tight and text.endswith(_OPTION_SIGN, 0, name.start) and not value.isupper()
    # A variable of the environment is one in YAML, too: ``DB_PASSWORD: hunter``.
    env = env or (alone and ends and name.before and _ENV_NAME.match(f"{name.before}{name.word}{name.rest}"))
    return place if env or option or (alone and ends and _among_settings(text, name)) else None


def _among_settings(text: str, name: _Name) -> bool:
    """Whether the lines around are settings: one name and one value each, and nothing of a program's."""
    if _OBJECT.search(name.before):
        return False
    start = text.rfind("\n", 0, name.start) + 1
    above = text[max(0, start - 400) : start].split("\n")[:-1][-2:] if start else []
    end = text.find("\n", name.end)
    below = text[end + 1 : end + 400].split("\n")[:2] if end >= 0 else []
    around = [*above, *below]
    return all(_SETTING.fullmatch(line) for line in around) and not any(_DECLARES.search(line) for line in around)


def _is_code(value: str) -> bool:
    """Whether it reads as names joined by dots: an attribute, a module."""
    return bool(re.fullmatch(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+", value))
