"""Whether code is whole: to its language's own parser where Python has one, else by its brackets, quotes and blocks.

A check that is wrong costs a person a right answer. So whatever cannot be told for sure counts as whole: a language
nobody here knows, code that a preprocessor or a template chooses from, syntax newer than the Python this runs on.
"""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import ast
import json
import re
import textwrap
import tomllib
import warnings
from collections.abc import Callable

import yaml

from rung.actions.results.brackets import Grammar, Quote, is_whole, plain
from rung.actions.results.grammars import GRAMMARS, LUA, MARKUP, RUBY, SHELL
from rung.types.pattern import lazy

UNPARSED = "the code does not parse"
UNPAIRED = "the brackets of the code do not match"
UNENDED = "a block of the code has no end"
UNCLOSED = "a tag of the code is not closed"

_CHOSEN = lazy(r"^[ \t]*#[ \t]*(?:else|elif)\b", re.MULTILINE)
"""A preprocessor takes one of several branches, each of which may have its own bracket."""
_TEMPLATED = lazy(r"\{\{|\{%|<%|<\?|\$\{\{")
_MARKED = lazy(r"</|/>|<>")


def fault(code: str, language: str) -> str | None:
    """Why code is not whole; None where it is, or nobody can tell.

    Args:
        code: a file or a piece of one.
        language: as editors name it.
    """
    if language in _CHECKS:
        return _CHECKS[language](code)
    grammars = GRAMMARS.get(language)
    if grammars is None or (language not in _NO_PREPROCESSOR and _CHOSEN.search(code)):
        return None
    if language in {"javascript", "typescript"} and _MARKED.search(code):
        grammars += MARKUP
    return None if is_whole(code, grammars) else UNPAIRED


_NO_PREPROCESSOR = frozenset(["php", "lua", "sql", "css", "scss", "less"])


def _dedented(code: str) -> tuple[str, ...]:
    """The code without its indent; where a selection began behind the indent of its first line, with it."""
    first, _, rest = code.lstrip("\n").partition("\n")
    indents = [len(line) - len(line.lstrip()) for line in rest.split("\n") if line.strip()]
    flush = textwrap.dedent(" " * min(indents) + code.lstrip("\n")) if indents and first[:1].strip() else None
    return (textwrap.dedent(code),) if flush is None else (textwrap.dedent(code), flush)


def _python(code: str) -> str | None:
    # A text in indented code may have lines without any indent, so nothing is taken off.
    block = f"if 1:\n{code}" if code.lstrip("\r\n")[:1] in {" ", "\t"} else code
    ways = (*_dedented(code), block)
    return None if any(_compiles(way) or _compiles(_older(way)) for way in ways) else UNPARSED


def _compiles(code: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


_PYTHON = Grammar(
    (r"\#[^\n]*",),
    (
        *(
            Quote(rf"\b(?i:[rb]*[ft][rb]*){sign}", sign, r"\\.|\{\{", r"\{", lines=len(sign) > 1)
            for sign in ('"""', "'''")
        ),
        *(Quote(rf"\b(?i:[rb]*[ft][rb]*){sign}", sign, r"\\.|\{\{", r"\{") for sign in ('"', "'")),
        *(Quote(rf"(?:\b(?i:[rbu]+))?{sign}", sign, lines=True) for sign in ('"""', "'''")),
        *(Quote(rf"(?:\b(?i:[rbu]+))?{sign}", sign, strict=True) for sign in ('"', "'")),
    ),
)
_NEWER = (
    (lazy(r"^([ \t]*)type (\w+)(?:\[[^\n]*?\])? =", re.MULTILINE), r"\1\2 ="),
    (lazy(r"\b(def|class) (\w+)\[[^\n(:]*(?:\([^()\n]*\)[^\n(:]*|:[^\n(:\]]*)*\](?=[(:])"), r"\1 \2"),
    (lazy(r"^([ \t]*except\*? )([\w.]+(?:, *[\w.]+)+)(?= *:)", re.MULTILINE), r"\1(\2)"),
    (lazy(r"^([ \t]*)lazy (?=import |from )", re.MULTILINE), r"\1"),
)
"""Syntax of Pythons after the oldest that Rung runs on, and what it is in that one."""


def _older(code: str) -> str:
    """The code in the syntax of an older Python, its strings empty, as far as this changes nothing but words."""
    found = plain(code, _PYTHON)
    if found is None:
        return "("
    for form, older in _NEWER:
        found = form.sub(older, found)
    return found


_COMMENTS = lazy(r"(\"(?:\\.|[^\"\\\n])*\")|//[^\n]*|/\*.*?(?:\*/|\Z)|,(?=\s*[}\]])", re.DOTALL)


def _json(code: str) -> str | None:
    """Comments and a last comma are no mistakes: many a file with this name is read by who allows them."""
    try:
        json.loads(_COMMENTS.sub(lambda found: found[1] or "", _COMMENTS.sub(lambda found: found[1] or "", code)))
    except (ValueError, RecursionError):
        return UNPARSED
    return None


def _toml(code: str) -> str | None:
    try:
        tomllib.loads(code)
    except (ValueError, RecursionError):
        return UNPARSED
    return None


def _yaml(code: str) -> str | None:
    if _TEMPLATED.search(code) or "\t" in code:
        return None
    for way in _dedented(code):
        try:
            for _ in yaml.parse(way, yaml.SafeLoader):
                pass
        except (yaml.YAMLError, ValueError, RecursionError):
            continue
        return None
    return UNPARSED


_LUA_OPENS = lazy(r"\b(?:function|if|do|repeat)\b")
_LUA_ENDS = lazy(r"\b(?:end|until)\b")


def _lua(code: str) -> str | None:
    found = plain(code, LUA)
    if found is None:
        return UNPAIRED
    opened = len(_LUA_OPENS.findall(found))
    return UNENDED if opened > len(_LUA_ENDS.findall(found)) else None


# What may open a block is counted where it can be nothing else, what may end one wherever it stands.
_SHELL_BLOCKS = (
    (lazy(r"^\s*if\s", re.MULTILINE), lazy(r"\bfi\b")),
    (lazy(r"^\s*case\s[^\n]*\sin\s*$", re.MULTILINE), lazy(r"\besac\b")),
    (lazy(r"^\s*(?:for|while|until|select)\s[^\n]*;\s*do\b", re.MULTILINE), lazy(r"\bdone\b")),
)
_RUBY_OPENS = lazy(r"(?:class|module|begin|case|if|unless|while|until)\b(?!.*\bend\b)|def\b(?!.*(?:=[^\n=>~]|\bend\b))")
_RUBY_DO = lazy(r"\bdo(?:[ \t]*\|[^|\n]*\|)?\Z")
_RUBY_ENDS = lazy(r"\bend\b")
_RUBY_ODD = lazy(r"%[wiqQrx]?[^\w\s=]|<<[~-]?['\"`]?[A-Z]|/|\?[\"'#(\[{}\])]|__END__")


def _shell(code: str) -> str | None:
    found = None if "<<" in code or "`" in code else plain(code, SHELL)
    if found is None:
        return None
    return UNENDED if any(len(a.findall(found)) > len(z.findall(found)) for a, z in _SHELL_BLOCKS) else None


def _ruby(code: str) -> str | None:
    if _RUBY_ODD.search(code):
        return None
    found = plain(code, RUBY)
    if found is None:
        return UNPAIRED
    lines = [line.strip() for line in found.splitlines()]
    opened = sum(bool(_RUBY_OPENS.match(line) or _RUBY_DO.search(line)) for line in lines)
    return UNENDED if opened > len(_RUBY_ENDS.findall(found)) else None


_HIDDEN = lazy(
    r"<!--.*?-->|<(script|style)\b[^>]*>.*?</\1\s*>|<!\[CDATA\[.*?\]\]>|\"[^\"]*\"", re.DOTALL | re.IGNORECASE
)
_CUT = lazy(r"<(?:!--|/?[a-zA-Z])[^<>]*\Z|<(?:script|style)\b", re.IGNORECASE)
_PAIRED = "a|article|aside|b|button|div|em|fieldset|footer|form|h[1-6]|header|i|label|main|nav|ol|section|select|span|strong|table|textarea|ul"
_TAG = lazy(rf"<(/?)({_PAIRED})\b[^<>]*?(/?)>", re.IGNORECASE)


def _html(code: str) -> str | None:
    """Only elements whose end may not be left out are counted, and nothing that a template puts together."""
    if _TEMPLATED.search(code):
        return None
    found = _HIDDEN.sub("", code)
    if _CUT.search(found):
        return UNCLOSED
    counts: dict[str, int] = {}
    for tag in _TAG.finditer(found):
        if not tag[3]:
            counts[tag[2].lower()] = counts.get(tag[2].lower(), 0) + (-1 if tag[1] else 1)
    return UNCLOSED if any(count > 0 for count in counts.values()) else None


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "python": _python,
    **dict.fromkeys(("json", "jsonc"), _json),
    "toml": _toml,
    "yaml": _yaml,
    "lua": _lua,
    "shellscript": _shell,
    "ruby": _ruby,
    "html": _html,
}
PARSED = frozenset(["python", "json", "toml"])
"""Languages whose parser takes no talk for code."""
