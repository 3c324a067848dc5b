r"""Secrets that are spoken of: in a sentence, a line of a log, brackets, a cell of a table.

``why does API_TOKEN: SECRET not work?``, ``my API key is SECRET``, ``[client_secret=SECRET]``, ``| token | SECRET |``.
What stands around them says little, so the value alone must tell: a key's letters at random, a password's digits and
signs. Words never do. Settings and programs are :mod:`rung.privacy.assignments`' business, which asks here last.
"""

from __future__ import annotations

import re

from rung.privacy.names import Name
from rung.privacy.values import is_camel, is_code, looks_like_password, looks_like_short_key, looks_random, stands_out
from rung.privacy.words import is_other
from rung.types.pattern import lazy

_B = "[ \t\u00a0\u202f\u3000]"
_COLON = ":\uff1a"
_OPENS = "\"'`\u201c\u2018\u00ab\u201e「『(\uff08<[{"
_CLOSES = "\"'`\u201d\u2019\u00bb」』)\uff09>]}"
_CLOSE = r"(?:[\"'`\u2019\u201d\u00bb」』*\]]{1,3}|</\w{1,10}>|&(?:quot|apos|#3[49]);)?"
_ASIDE = rf"(?:{_B}{{0,3}}\([^()\r\n]{{1,40}}\))?"
_WHOSE = (
    rf"(?:{_B}(?:for|of|to|from|on|in|at|für|von|vom|zu|zum|der|des|pour|de|du|des|sur|para|del|do|da|dos|no|na)"
    rf"(?:{_B}[\w.@/'\u2019-]{{1,40}}){{1,5}}?)?"
)
"""``password for the user root``."""
_SIGN = (
    rf"{_B}{{0,8}}(?:</?\w{{1,10}}>)?(?:===?|:=|::|[=-]>|[={_COLON}\uff1d→]|&gt;)(?:</\w{{1,10}}>)?"
    rf"[*_]{{0,3}}{_B}{{0,8}}"
)
_VERB = (
    rf"{_B}(?:is|was|are|to|of|as|be|ist|war|lautet|lautete|auf|est|était|en|par|es|era|por|a|é|foi|em)"
    rf"(?:{_B}(?:now|still|set|to|just|currently|simply|again|jetzt|nun|noch|wieder|maintenant|ahora|agora)){{0,2}}"
    rf"{_B}?:?{_B}{{1,4}}"
)
_PARTICLE = rf"{_B}{{0,2}}(?:是|为|為|就是|设为|設為|は|が|を|に|は、|는|은|가|이){_B}{{0,2}}[{_COLON}]?{_B}{{0,2}}"
_BELOW = rf"{_B}{{0,3}}[{_COLON}][*_]{{0,2}}{_B}{{0,3}}(?P<below>\r?\n(?:[+\->]{{0,2}}[ \t]*\r?\n)?[+\->]{{0,2}}[ \t]*)"
_OPEN = (
    r"(?:[$<]\(echo[ \t]+|q{1,2}(?=[({\[])|<(?:code|b|tt|pre|strong|em|i|kbd)>|&(?:quot|apos|#3[49]);)?"
    rf"(?P<open>[{re.escape(_OPENS)}]{{0,3}}[*_]{{0,3}})"
)
_VALUE = (
    rf"(?P<value>[^\s|,;\\{re.escape(_OPENS + _CLOSES)}"
    r"\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]{6,4096})"
)
_SAID = lazy(_CLOSE + _ASIDE + _WHOSE + f"(?:{_BELOW}|{_SIGN}|(?P<said>{_VERB}|{_PARTICLE}))" + _OPEN + _VALUE)
_BESIDE = lazy(
    _CLOSE
    + rf"(?:(?P<cell>{_B}{{0,60}}[|,;]{_B}{{0,8}}|</\w{{1,10}}>[ \t\r\n]{{0,80}}<\w{{1,10}}(?:[ ][^<>\r\n]{{0,80}})?>)"
    + rf"|{_B}{{1,4}}|(?<=[\u3040-\u9fff\uac00-\ud7af]))"
    + _OPEN
    + _VALUE
)
"""Nothing between them but a blank or the line of a table."""
_END = ".,:;?!…"
_ENTITY = lazy(r"&#?\w{2,8}\Z")
_INSIDE = lazy(r"[A-Za-z_]{2}=[^=]")
"""Another name and its value."""
_CALLED = lazy(r"[(\[]")
_JOINED = lazy(r"[ \t]{0,2}(?:\+|&&|\|\||[=!]=)")
"""Behind a value that is a name in a program."""
_OF_A_TABLE = lazy(r"[ \t]*(?:[|,;<]|\r?$)", re.MULTILINE)
_END_OF_LINE = lazy(r"""["'`*_]{0,3}[ \t]*\r?$""", re.MULTILINE)
_STARS = lazy(r"\*{1,3}[.,:;?!]{0,3}\Z")
_OPTION = lazy(r"[^\r\n]-")
"""Before the name of an option; at the beginning of a line it is a diff's sign."""
_UUID = lazy(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_KNOWN = lazy(r"(?i)AAAA[BCE][23]|(?:sha\d{0,3}|md5)[:-]|[\w+.-]{1,20}://|\S{1,64}@[\w-]{1,63}(?:\.[a-z]{2,16}){1,3}\Z")
"""What is public, or says itself what it is: keys of SSH, digests, addresses."""
_PIECE = lazy(r"[^-_./:+~]+")
_NONE_BEFORE = ("${", "public ", "publishable ", "Public ", "Publishable ")
"""Before a name: the default of a variable, which :mod:`rung.privacy.arguments` looks at, and what is no secret."""
_LEAST = 16
"""Letters in a row that only a key has; names of machines have as many with a dash every few."""
_LONGEST_PASSWORD = 128
_SIGNS = lazy(r"\w[!@#$%^&*?~]+\w")


_FIRST = lazy(
    _VALUE + r"[\"'`\u2019\u201d\u00bb」』*)]{0,2}"
    rf"{_B}(?:as|is|was|als|ist|war|comme|est|como|es|é|für|for)(?:{_B}(?:the|an?|my|our|your|this|that|its|correct|right"
    rf"|mein|das|der|unser|dein|mon|ma|la|le|notre|mi|el|nuestra|minha|meu|o))?{_B}\Z"
)
"""A value, and what says that the name behind it is its."""
_MINE = tuple(
    f" {word} "
    for word in ("as", "is", "the", "a", "my", "our", "als", "mein", "das", "ist", "mon", "mi", "minha", "meu")
)


def find(text: str, name: Name) -> tuple[int, int] | None:
    """Where the value stands that is said of a name; None where there is none that tells by itself."""
    # Tests say ``PASS: TestParseV2beta1`` of themselves.
    if text.endswith(_NONE_BEFORE, 0, name.start) or (name.word == "PASS" and not name.before):
        return None
    for pattern in (_SAID, _BESIDE):
        match = pattern.match(text, name.end)
        if match and (place := _place(text, name, match, beside=pattern is _BESIDE)):
            return place
    if text.endswith(_MINE, 0, name.start) and (match := _FIRST.search(text, max(0, name.start - 200), name.start)):
        start, end = match.span("value")
        if text[start] in "+-" and text[start - 1 : start] in {"", "\n"}:
            start += 1  # a diff's sign
        value = text[start:end]
        if (_is_key(value) if name.kind == "secret" else _is_clear(value, name)) and not _KNOWN.match(value):
            return start, end
    return None


def unstarred(text: str, name: Name, value: str) -> str:
    """A value without the stars that make it and its name bold: ``**API token: SECRET**``."""
    stars = _STARS.search(value)
    if not stars or "*" not in text[max(0, name.start - 40) : name.start].rpartition("\n")[2]:
        return value
    return value[: stars.start()]


def _place(text: str, name: Name, match: re.Match[str], *, beside: bool) -> tuple[int, int] | None:
    value = match["value"]
    if marks := match["open"].lstrip(_OPENS):
        value = value.removesuffix(marks[::-1])
    if text.startswith(";", match.end("value")):
        value = _ENTITY.sub("", value)
    value = unstarred(text, name, value.rstrip(_END)).rstrip(_END)
    start, end = match.start("value"), match.start("value") + len(value)
    if _CALLED.match(text, end) or _INSIDE.search(value) or is_code(value) or _KNOWN.match(value):
        return None
    if beside:
        cell = match["cell"]
        if (
            _OPTION.match(text, max(0, name.start - 2), name.start)
            or _UUID.fullmatch(value)
            or (cell and not _OF_A_TABLE.match(text, end))
        ):
            return None
        fits = _is_key(value) if name.kind == "secret" else _is_clear(value, name)
    elif match["below"]:
        fits = (_is_key(value) or _is_clear(value, name)) and _END_OF_LINE.match(text, end) is not None
    else:
        joined = _JOINED.match(text, end) is not None
        fits = _is_key(value) or _UUID.fullmatch(value) is not None or _is_clear(value, name)
        fits = fits or _is_password(value, name, said=bool(match["said"]), joined=joined)
        if not fits and match["said"] and text.startswith("!", end) and any(map(str.isdigit, value)):
            # What looked like a name may have a sign of its own: the ``!`` of a word with digits.
            fits, end = _is_password(f"{value}!", name, said=True, joined=joined), end + 1
    return (start, end) if fits else None


def _is_clear(value: str, name: Name) -> bool:
    """Whether a value is a password though no sign says so."""
    if name.kind == "secret" and not (name.is_secret and looks_like_short_key(value, quoted=False)):
        return False
    return len(value) <= _LONGEST_PASSWORD and stands_out(value) and not is_other(value)


def _is_password(value: str, name: Name, *, said: bool, joined: bool) -> bool:
    """Whether a value behind a sign or a verb is a password, though it may be a word with a digit."""
    if name.kind == "secret" or len(value) > _LONGEST_PASSWORD or is_other(value):
        return False
    if not looks_like_password(value, quoted=False):
        return False
    if name.word.lower() == "pass" and not name.before:
        return False
    return (any(map(str.isdigit, value)) and not joined) or (said and _SIGNS.search(value) is not None)


def _is_key(value: str) -> bool:
    """Whether it looks random all through: not only the end of a name, as in ``my-app-x7k2p-5d8f9``."""
    if not looks_random(value) or is_camel(value):
        return False
    mixed = any(map(str.isupper, value)) and any(map(str.islower, value)) and sum(map(str.isdigit, value)) >= 3
    return mixed or max(map(len, _PIECE.findall(value))) >= _LEAST
