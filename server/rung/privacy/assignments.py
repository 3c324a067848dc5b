r"""Secrets that tell by the name they are given to: ``password = "..."``, ``"api_key": "..."``, ``DB_PASS=...``.

Looked at from the name: what stands before it on the line does not matter, so that diff lines, comments, quoted keys
and ``export`` are all alike. Whether the value can be one is :mod:`rung.privacy.values`' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rung.privacy import below, mentions, names
from rung.privacy.found import Found
from rung.privacy.names import Name, fits, is_word
from rung.privacy.values import is_code, is_of_signs, is_placeholder, looks_random, stands_out
from rung.privacy.words import is_other
from rung.types.pattern import lazy

_SETTER = lazy(r"(?i)(?:\A|\.)(?:set|with|add|new|use|my|db|user|admin|api|client)?_?\Z")
_TYPE = r"(?:[ \t]*:[ \t]*[A-Za-z_&][\w.\[\], |&']{0,60}?(?=[ \t]*=))?"
_BEFORE_QUOTED = (
    r"""(?:\\?["'`]|\]){0,3}(?:\[\d{0,6}\])?"""  # the end of a quoted name, of an index, of an array's size
    r"(?:,[ \t]{0,4}(?:_|err|ok)(?=[ \t]{0,4}:?=))?"
    + _TYPE
    + r"""[ \t]*(?P<sign>===?|!==?|:=|=>|<-|\|\|=?|\?\?=?|=|:|,(?=[ \t]*\\?["']))[ \t]*"""
    r"""(?P<prefix>[@$]|[bBrRuUfFlL]{1,2}(?=["'])"""
    r"""|(?:String|new String|SecretStr|str|Buffer\.from|\[\]byte|String::from"""
    r"""|(?:bytes|bytearray)\.fromhex|(?:base64\.|Base64\.)?(?:url_?safe_)?(?:b64decode|decode64|b32decode)"""
    r"""|(?:binascii\.)?(?:unhexlify|a2b_hex|a2b_base64)|hex\.Decode(?:String)?|base64\.\w{3,6}Encoding\.DecodeString"""
    r"""|(?:System\.)?Convert\.From(?:Base64String|HexString)|atob|hex2bin|base64_decode|hex::decode"""
    r"""|Base64\.get(?:Url|Mime)?Decoder\(\)\.decode|base64::decode)\([ \t]{0,8}[bru]{0,2})?"""
    r"""(?P<quote>\\?["'`])(?P<value>"""
)
_ESCAPED = lazy(_BEFORE_QUOTED + r"""(?:(?!(?P=quote))(?:\\.|[^\\\r\n])){1,2048}?)(?P=quote)""")
_QUOTED = lazy(_BEFORE_QUOTED + r"""(?:(?!(?P=quote))[^\r\n]){1,2048}?)(?P=quote)""")
"""Where what looks like an escaped quote ends the value: ``'C:\\'``."""
_TUPLE = lazy(
    r"(?:^|[\r\n])[+\-# ]{0,3}[ \t]*(?:(?:let|const|var|local)[ \t]*[\[{]?[ \t]*)?"
    r"(?:[$@]?[\w.]{1,60},[ \t]*){1,5}[$@]?\Z"
)
"""Other names before it on the left of a ``=``."""
_BEFORE_VALUE = r"""[^,"'\r\n]{0,60}(?:"[^"\r\n]{0,200}"|'[^'\r\n]{0,200}')?[^,"'\r\n]{0,60},"""
_VALUE = r"""[ \t]*(?P<quote>["'])(?P<value>[^"'\r\n]{1,512})(?P=quote)"""
_CALLED = lazy(r"""\([ \t]*(?P<quote>["'])(?P<value>[^"'\r\n]{1,512})(?P=quote)[ \t]*\)""")
_BARE = lazy(
    r"""["']?[ \t]*(?P<sign>:=|=|:[ \t])[ \t]*(?P<value>[^\s"'`,;()\[\]{}<>\\#\u2018-\u201d]"""
    r"""[^\s"'`;()\[\]{}<>\\\u2018-\u201d]{3,2047})"""
)
_OF_SIGNS = lazy(r"""["']?[ \t]{0,8}[=:][ \t]{0,8}(?P<value>[!-~]{32,144})(?=[ \t]*\r?$)""", re.MULTILINE)
"""All up to the end of the line, where brackets end nothing."""
_PHRASE = lazy(
    r"""["']?[ \t]{0,8}[=:][ \t]{1,8}(?P<value>[^\W_]{2,16}(?:[ ][^\W_]{2,16}){1,9})(?=[ \t]*\r?$)""", re.MULTILINE
)
"""Words with blanks between them up to the end of the line."""
_PARAMETER = lazy(r"&(?:[\w.%\[\]-]{1,64}=|amp$|&|$)")
_REST = lazy(r"[ \t]*[,;]?[ \t]*(?:[#;]|//|--|$|\r|\n|&|\\$)", re.MULTILINE)
_BEFORE_BARE = lazy(
    r"(?:^|[\r\n])[+\->#*/ \t]*(?:(?:export|set|setx|ENV|ARG|env:|-|\*|#|//|-e|--)[ \t]*|\$env:)*"
    r"[\"']?(?:mot de )?[\w.-]*\Z",
    re.IGNORECASE,
)
_SHELL_BEFORE = lazy(r"(?:\A[+-]?|[\r\n][+-]|[\s\"'`(\[{&?;|:])(?:--?)?[\w.-]*\Z")
_ENV_NAME = lazy(r"[A-Z][A-Z0-9_]*\Z")
_GOES_ON = lazy(
    r"""["'`][ \t]*(?:["'`]|[+.][ \t]*(?:\r?\n[+\- ]?[ \t]*)?["'`]|\\?\r?\n[+\- ]?[ \t]*(?:[+.][ \t]*)["'`]|\\\r?\n)"""
)
"""Behind a value: more of it, as in ``"a" + "b"``."""
_GIVES = frozenset({"=", ":", ":=", "=>", "<-", "||", "||=", "??", "??="})
_FALLBACK = lazy(
    r"""[\"'\])]{0,3}[ \t]{0,8}(?::=|=|:)?[ \t]{0,8}(?:[\w.?]{1,80}(?:[(\[][\"'][\w.-]{1,80}[\"'][)\]])?)?[ \t]{1,8}"""
    r"""(?:or|\|\||\?\?|\?:)[ \t]{1,8}(?P<quote>["'])(?P<value>[^"'\r\n]{1,512})(?P=quote)"""
)
"""What it is where there is nothing else: ``token = os.getenv("T") or "SECRET"``."""
_VARIABLE = lazy(r""""[ \t]*\{[^{}]{0,600}?\bdefault[ \t]*=[ \t]*"(?P<value>[^"\r\n]{1,512})\"""")
"""Of Terraform: ``variable "db_password" { default = "SECRET" }``."""
_ELEMENT = lazy(r"[ \t]*>(?P<value>[^<>\r\n]{1,512})</")
_ATTRIBUTE = lazy(r"""["'][ \t]+value=(?P<quote>["'])(?P<value>[^"'\r\n<>]{1,512})(?P=quote)""")
_OPTION_SIGN = ("--", "?", "&")
_ENDS = lazy(r"[ \t]*(?:[ \t][#;].*)?(?:\r?$)", re.MULTILINE)
_OBJECT = lazy(r"(?:\A|\.)(?:self|this|cls|obj|args|opts|options|params|req|request|res|body|data|form|state)\.")
"""Before the name of what an object of a program has."""
_SETTING = lazy(
    r"""[+\- ]?[ \t]*(?:
      (?:[#;!]|//|@@).* | \[[^\]]*\] | (?:---|\.\.\.) | (?:diff|index|\+\+\+|---)[ ].*
    | -[ ][^\s(){};=]+
    | (?:-[ ]|export[ ]|set[ ])?["']?[\w.$/ -]{1,80}["']?[ \t]*[=:](?:[ \t]*|[ \t]*[^\s(){};,]+(?:[ \t][^(){};]*)?)
    )?[ \t]*\r?""",
    re.VERBOSE,
)
"""A line of a file of settings, of whatever kind, or of a diff of one."""
_DECLARES = lazy(
    r"^[+\- ]?[ \t]*(?:@?\w*class|def|fn|func|function|struct|interface|type|enum|model|data|input|message|trait)[ ]"
    r"|^[+\- ]?[ \t]*(?:try|else|except|finally|if|elif|for|while|with|switch|case|return|let|const|var|async|import)\b"
    r"|:[ \t]*(?:str|string|int|integer|float|double|number|bool|boolean|bytes|any|object|date|datetime|text|void|never"
    r"|list|dict|set|tuple|optional|array|map|vec)\b[^/@]*$",
    re.IGNORECASE,
)
"""A line of a program that looks like a setting: it names a type."""


def find(text: str) -> Iterator[Found]:
    """Every secret that is given to a telling name, in the order of the text."""
    for name in names.find(text):
        place = _quoted(text, name) or _bare(text, name)
        if place:
            yield Found(name.kind, *place)
        more = list(below.find(text, name)) if not place or _GOES_ON.match(text, place[1]) else []
        for start, end in more:
            yield Found(name.kind, start, end)
        if not place and not more and (place := mentions.find(text, name)):
            yield Found(name.kind, *place)


def _quoted(text: str, name: Name) -> tuple[int, int] | None:
    """A value in quotes, as an argument, or in XML."""
    match = _ESCAPED.match(text, name.end) or _QUOTED.match(text, name.end)
    if match and match["sign"] == "=" and (others := _TUPLE.search(text, max(0, name.start - 200), name.start)):
        # ``user, password = "me", "SECRET"``: as many values before it as names.
        match = re.compile(_BEFORE_VALUE * others[0].count(",") + _VALUE).match(text, match.start("quote"))
        if match and (fits(match["value"], name, quoted=True) or is_word(text, name, match["value"], quoted=True)):
            return match.span("value")
        return None
    if match:
        value, sign = match["value"], match["sign"]
        listed = sign == ","
        alone = name.is_loud if name.kind == "secret" else not name.rest
        # In backticks stands what a program is given, or a word of a text: `TokenV2`.
        if fits(value, name, quoted=match["quote"] != "`") and (
            not listed or looks_random(value) or (alone and any(letter.isdigit() for letter in value))
        ):
            return match.span("value")
        # ``getenv("DB_PASSWORD", "hunter")``, ``define('DB_PASSWORD', 'hunter')``
        default = listed and text.endswith(('("', "('"), 0, name.start) and f"{name.before}{name.word}".isupper()
        if (sign in _GIVES or default) and is_word(text, name, value, quoted=True):
            return match.span("value")
    match = _CALLED.match(text, name.end)
    if match and "." not in name.rest and _SETTER.search(name.before) and fits(match["value"], name, quoted=True):
        return match.span("value") if name.kind == "password" or looks_random(match["value"]) else None
    match = _FALLBACK.match(text, name.end)
    if match and fits(match["value"], name, quoted=True):
        return match.span("value")
    match = _VARIABLE.match(text, name.end) if text.endswith('variable "', 0, name.start) else None
    if match and (fits(match["value"], name, quoted=True) or is_word(text, name, match["value"], quoted=True)):
        return match.span("value")
    element = text.endswith("<", 0, name.start)
    match = (_ELEMENT if element else _ATTRIBUTE).match(text, name.end)
    if match and (fits(match["value"], name, quoted=True) or is_word(text, name, match["value"], quoted=True)):
        return match.span("value")
    return None


def _bare(text: str, name: Name) -> tuple[int, int] | None:
    """A value without quotes: in a file of settings, a shell, an address."""
    match = _PHRASE.match(text, name.end)
    if match and is_word(text, name, match["value"]) and _among_settings(text, name):
        return match.span("value") if _BEFORE_BARE.search(text, max(0, name.start - 40), name.start) else None
    match = _OF_SIGNS.match(text, name.end)
    if match and is_of_signs(match["value"]):
        return match.span("value")
    match = _BARE.match(text, name.end)
    if not match:
        return None
    value, tight = match["value"], match.start("value") - match.start() == 1
    value = (_parameter(value) if tight else value).rstrip(",")
    value = mentions.unstarred(text, name, value)
    if text.startswith(": ", match.start("value") + len(value) - 1):  # ``if password=TokenV2: pass``
        value = value[:-1]
    stop = match.start("value") + len(value)
    head = text[max(0, name.start - 40) : name.end - len(name.rest)]
    alone = _BEFORE_BARE.search(head) and _REST.match(text, stop)
    beside = tight and match["sign"] == "=" and _SHELL_BEFORE.search(head)
    called = text.startswith(("(", "["), stop) and (is_code(value) or value.isidentifier()) and not stands_out(value)
    if not (alone or beside) or called or len(value) < 4:
        return None
    place = match.start("value"), stop
    if fits(value, name, quoted=False) and not is_code(value):
        return place
    env = tight and match["sign"] == "=" and _ENV_NAME.match(f"{name.before}{name.word}{name.rest}")
    if alone and env and name.kind == "password" and _is_long(value):
        return place
    if not is_word(text, name, value):
        return None
    ends = _ENDS.match(text, stop)
    option = tight and text.endswith(_OPTION_SIGN, 0, name.start) and not value.isupper()
    # A variable of the environment is one in YAML, too: ``DB_PASSWORD: hunter``.
    env = env or (alone and ends and name.before and _ENV_NAME.match(f"{name.before}{name.word}{name.rest}"))
    return place if env or option or (alone and ends and _among_settings(text, name)) else None


def _is_long(value: str) -> bool:
    """Whether a variable of the environment that is a password may have such a value, though it is made of words."""
    if len(value) < 8 or "/" in value or is_placeholder(value):
        return False
    return not (is_code(value) or is_other(value))


def _parameter(value: str) -> str:
    """A value without the next parameters of an address; a password may have a ``&`` itself."""
    head = value.split("&", 1)[0]
    if looks_random(head):
        return head
    more = _PARAMETER.search(value)
    return value[: more.start()] if more else value


def _among_settings(text: str, name: Name) -> bool:
    """Whether the lines around are settings: one name and one value each, and nothing of a program's."""
    if _OBJECT.search(name.before):
        return False
    start = text.rfind("\n", 0, name.start) + 1
    above = text[max(0, start - 400) : start].split("\n")[:-1][-2:] if start else []
    end = text.find("\n", name.end)
    below = text[end + 1 : end + 400].split("\n")[:2] if end >= 0 else []
    around = [*above, *below]
    return all(_SETTING.fullmatch(line) for line in around) and not any(_DECLARES.search(line) for line in around)
