r"""Secrets that tell by the name they are given to: ``password = "..."``, ``"api_key": "..."``, ``DB_PASS=...``.

Looked at from the name: what stands before it on the line does not matter, so that diff lines, comments, quoted keys
and ``export`` are all alike. Whether the value can be one is :mod:`rung.privacy.values`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy.found import Found
from rung.privacy.values import is_placeholder, looks_like_password, looks_like_short_key, looks_random
from rung.privacy.words import could_be, could_be_phrase, is_other
from rung.types.value import Value

_WORD = re.compile(
    r"(?P<password>passw(?:or)?d|passwort|passphrase|pass[_-]?code|pwd|contrase(?:ñ|n)a|(?<![a-z])pass(?![a-z])"
    r"|kennwort|mot[_ -]?de[_ -]?passe|wachtwoord|l(?:ö|o)senord|(?<![a-z])(?:senha|hasło|haslo|heslo|psk)(?![a-z])"
    r"|(?:пароль|密码|密碼|パスワード|비밀번호)(?!\w))"
    r"|(?P<key>secret|tokens?(?![a-z])|credentials?|(?<![a-z])_auth(?![a-z])|(?<=_)pat(?![a-z])"
    r"|(?:session|auth|login)[_-]?cookie"
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
    fingerprint|digest|checksum|public|identity
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
_PHRASE = re.compile(
    r"""["']?[ \t]{0,8}[=:][ \t]{1,8}(?P<value>[^\W_]{2,16}(?:[ ][^\W_]{2,16}){1,9})(?=[ \t]*\r?$)""", re.MULTILINE
)
"""Words with blanks between them up to the end of the line."""
_REST = re.compile(r"[ \t]*[,;]?[ \t]*(?:[#;]|//|--|$|\r|\n|&|\\$)", re.MULTILINE)
_BEFORE_BARE = re.compile(
    r"(?:^|[\r\n])[+\->#*/ \t]*(?:(?:export|set|setx|ENV|ARG|env:|-|\*|#|//|-e|--)[ \t]*|\$env:)*"
    r"[\"']?(?:mot de )?[\w.-]*\Z",
    re.IGNORECASE,
)
_SHELL_BEFORE = re.compile(r"(?:\A[+-]?|[\r\n][+-]|[\s\"'&?;|:])(?:--?)?[\w.-]*\Z")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_GIVES = frozenset({"=", ":", ":=", "=>", "<-", "||", "||=", "??", "??="})
_WORD_NAME = re.compile(r"s?|_?(?:\d{1,3}|prod|dev|staging|default|value)")
"""What may follow ``password`` in a name whose value may be a plain word: not ``password_column``."""
_SECRET_NAME = re.compile(r"(?i)(?:.*_)?secret|(?:api|signing|encrypt(?:ion)?|master|jwt|hmac|secret)[_-]?key")
_SECRET_REST = re.compile(
    r"(?i)s?|[_-]?(?:access[_-]?)?key(?:[_-]?base)?|[_-]?(?:\d{1,3}|prod|dev|staging|default|value)"
)
"""With the one before: the names whose value may be shorter than a key is."""
_NUMBERED = re.compile(r"[^\W\d_]{4,40}\d{2,6}")
"""A word that hardly names anything: ``Tiger123``."""
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
        place = _quoted(text, name) or _bare(text, name)
        if place:
            yield Found(name.kind, *place)


class _Name(Value):
    """The whole name a word stands in."""

    kind: str
    """Of what it is the name: ``password`` or ``secret``."""
    before: str
    word: str
    rest: str
    start: int
    end: int

    @property
    def is_secret(self) -> bool:
        """Whether it says ``secret``, or ``key`` of what is one, and nothing behind it."""
        return bool(_SECRET_NAME.fullmatch(self.word) and _SECRET_REST.fullmatch(self.rest))

    @property
    def is_loud(self) -> bool:
        """Whether it is in capitals, as variables of the environment are."""
        return f"{self.before}{self.word}{self.rest}".isupper()


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
    kind = "password" if word["password"] else "secret"
    return _Name(kind, head, word[0], rest, word.start() - len(head), after.end())


def _camel_end(rest: str) -> bool:
    last = re.search(r"[A-Z][a-z]+\Z", rest)
    return bool(last and _NOT_ONE.search("_" + last[0]))


def _fits(value: str, name: _Name, *, quoted: bool) -> bool:
    if looks_random(value):
        return True
    if name.kind == "secret":
        return name.is_secret and looks_like_short_key(value, quoted=quoted)
    return looks_like_password(value, quoted=quoted) and not is_other(value)


def _is_word(text: str, name: _Name, value: str) -> bool:
    """Whether a plain word can be the password: the name must be nothing but one."""
    numbered = _NUMBERED.fullmatch(value) is not None
    if name.kind == "secret":
        return numbered and len(value) >= 8 and name.is_secret and could_be(value)
    if not _WORD_NAME.fullmatch(name.rest) or _VERB.search(name.before):
        return False
    short = name.word.lower() in {"pass", "pwd"}
    if short and not name.before and "user" not in text[max(0, name.start - 160) : name.end + 160].lower():
        return numbered and not name.is_loud and could_be(value)  # ``PASS: name12`` is a test's
    return could_be(value, loud=(name.before + name.word).isupper()) or could_be_phrase(
        value, least=3 if name.word.lower() == "passphrase" else 4
    )


def _quoted(text: str, name: _Name) -> tuple[int, int] | None:
    """A value in quotes, as an argument, or in XML."""
    match = _QUOTED.match(text, name.end)
    if match and match["sign"] == "=" and (others := _TUPLE.search(text, max(0, name.start - 200), name.start)):
        # ``user, password = "me", "SECRET"``: as many values before it as names.
        match = re.compile(_BEFORE_VALUE * others[0].count(",") + _VALUE).match(text, match.start("quote"))
        if match and (_fits(match["value"], name, quoted=True) or _is_word(text, name, match["value"])):
            return match.span("value")
        return None
    if match:
        value, sign = match["value"], match["sign"]
        listed = sign == ","
        alone = name.is_loud if name.kind == "secret" else not name.rest
        if _fits(value, name, quoted=True) and (
            not listed or looks_random(value) or (alone and any(letter.isdigit() for letter in value))
        ):
            return match.span("value")
        # ``getenv("DB_PASSWORD", "hunter")``, ``define('DB_PASSWORD', 'hunter')``
        default = listed and text.endswith(('("', "('"), 0, name.start) and f"{name.before}{name.word}".isupper()
        if (sign in _GIVES or default) and _is_word(text, name, value):
            return match.span("value")
    match = _CALLED.match(text, name.end)
    if match and "." not in name.rest and _SETTER.search(name.before) and _fits(match["value"], name, quoted=True):
        return match.span("value") if name.kind == "password" or looks_random(match["value"]) else None
    element = text.endswith("<", 0, name.start)
    match = (_ELEMENT if element else _ATTRIBUTE).match(text, name.end)
    if match and (_fits(match["value"], name, quoted=True) or _is_word(text, name, match["value"])):
        return match.span("value")
    return None


def _bare(text: str, name: _Name) -> tuple[int, int] | None:
    """A value without quotes: in a file of settings, a shell, an address."""
    match = _PHRASE.match(text, name.end)
    if match and _is_word(text, name, match["value"]) and _among_settings(text, name):
        return match.span("value") if _BEFORE_BARE.search(text, max(0, name.start - 40), name.start) else None
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
    if _fits(value, name, quoted=False) and not _is_code(value):
        return place
    env = tight and match["sign"] == "=" and _ENV_NAME.match(f"{name.before}{name.word}{name.rest}")
    if alone and env and len(value) >= 8 and name.kind == "password" and not is_placeholder(value) and "/" not in value:
        return place
    if not _is_word(text, name, value):
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
