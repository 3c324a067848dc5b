"""What a line of code defines, and which lines are comments: a table of patterns for each language. Pure.

No parser: a diff shows pieces of files, and a message needs names, not trees.
"""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re
from typing import Literal

from rung.types.value import Value

Sort = Literal["function", "class", "type", "constant", "module", "rule"]


class Symbol(Value):
    """A name that a line defines."""

    name: str
    sort: Sort
    public: bool


class Language(Value):
    """How to read one family of files."""

    name: str
    comment: re.Pattern[str]
    """A line that says nothing to the compiler."""
    definitions: tuple[tuple[Sort, re.Pattern[str]], ...]
    """``name`` is the name; a group ``public`` that must take part makes it public, else the name itself says so."""
    exported: bool = False
    """Only what is marked (``export``, ``pub``, ``public``) is public."""
    capital: bool = False
    """Only what begins with a capital is public."""


_SLASHES = r"\s*(?://|/\*|\*(?!\w)|\*/)"
_NEVER = r"if|for|while|switch|catch|return|function|else|do|with|await|typeof|new|throw|super|sizeof|assert|elif|match|using|lock|foreach|constructor"


def _language(
    name: str, comment: str, *definitions: tuple[Sort, str], exported: bool = False, capital: bool = False
) -> Language:
    rules = tuple((sort, re.compile(pattern)) for sort, pattern in definitions)
    return Language(name, re.compile(comment), rules, exported, capital)


PYTHON = _language(
    "python", r"\s*#",
    ("class", r"\s*class (?P<name>\w+)"),
    ("function", r"\s*(?:async )?def (?P<name>\w+)"),
    ("constant", r"(?P<name>[A-Z][A-Z0-9_]{2,})(?: *:[^=]+)? = "),
    ("type", r"type (?P<name>\w+)(?:\[.*\])? = "),
)  # fmt: skip
_SCRIPT = _language(
    "javascript", _SLASHES,
    ("class", r"(?P<public>export )?(?:default )?(?:declare )?(?:abstract )?class (?P<name>[\w$]+)"),
    ("type", r"(?P<public>export )?(?:declare )?(?:interface|enum|const enum) (?P<name>[\w$]+)"),
    ("type", r"(?P<public>export )?(?:declare )?type (?P<name>[\w$]+)(?:<.*>)? ="),
    ("function", r"(?P<public>export )?(?:default )?(?:async )?function\*? (?P<name>[\w$]+)"),
    ("function", r"(?P<public>export )?(?:const|let|var) (?P<name>[\w$]+)(?::.*?)? = (?:async )?(?:\(|function|[\w$]+ =>|<\w)"),
    ("function", r"(?P<public>exports\.|module\.exports\.)(?P<name>[\w$]+) = "),
    ("constant", r"(?P<public>export )const (?P<name>[\w$]+)"),
    ("constant", r"const (?P<name>[A-Z][A-Z0-9_]{2,}) = "),
    ("function", rf"\s+(?:(?:public|private|protected|static|async|get|set|override|readonly)\s+)*(?!(?:{_NEVER})\b)(?P<name>[\w$]+)(?:<.*>)?\([^;]*\)(?:: [^;=]+)? \{{$"),
    exported=True,
)  # fmt: skip
_GO = _language(
    "go", _SLASHES,
    ("function", r"func (?:\([^)]*\) )?(?P<name>\w+)"),
    ("type", r"type (?P<name>\w+)"),
    ("constant", r"(?:const|var) (?P<name>\w+)"),
    capital=True,
)  # fmt: skip
_RUST = _language(
    "rust", _SLASHES,
    ("function", r"\s*(?P<public>pub(?:\([^)]*\))? )?(?:(?:default|const|async|unsafe|extern(?: \"C\")?) )*fn (?P<name>\w+)"),
    ("type", r"\s*(?P<public>pub(?:\([^)]*\))? )?(?:struct|enum|trait|union) (?P<name>\w+)"),
    ("type", r"(?P<public>pub(?:\([^)]*\))? )?type (?P<name>\w+)"),
    ("constant", r"\s*(?P<public>pub(?:\([^)]*\))? )?(?:const|static) (?P<name>[A-Z]\w+)"),
    ("module", r"(?P<public>pub(?:\([^)]*\))? )?mod (?P<name>\w+)"),
    ("function", r"macro_rules! (?P<name>\w+)"),
    exported=True,
)  # fmt: skip
_MODIFIERS = r"(?:private|protected|internal|static|final|abstract|override|open|sealed|data|inline|suspend|virtual|async|partial|readonly|synchronized|default|operator|companion|unsafe|extern|required)"
_JAVA = _language(
    "java", _SLASHES,
    ("class", rf"\s*(?:(?P<public>public)\s+|{_MODIFIERS}\s+)*(?:class|interface|enum|record|struct|object|@interface|protocol|actor)\s+(?P<name>\w+)"),
    ("function", rf"\s*(?:(?P<public>public)\s+|{_MODIFIERS}\s+)*(?:fun|func)\s+(?:<[^>]*>\s*)?(?:\w+\.)?(?P<name>\w+)\s*[(<]"),
    ("function", rf"\s+(?:@\w+\s+)*(?:(?P<public>public)\s+|{_MODIFIERS}\s+)+(?:<[^>]*>\s*)?[\w<>\[\],.? ]+?\s(?P<name>\w+)\s*\([^;]*$"),
    ("constant", rf"\s+(?:(?P<public>public)\s+|{_MODIFIERS}\s+|const\s+)+[\w<>\[\]]+\s+(?P<name>[A-Z][A-Z0-9_]{{2,}})\s*="),
    exported=True,
)  # fmt: skip
_KOTLIN = _JAVA.replace(name="kotlin", exported=False)
_C = _language(
    "c", _SLASHES,
    ("class", r"(?:typedef )?(?:class|struct|union|enum(?: class)?|namespace) (?:\w+_API )?(?P<name>\w+)(?!.*;$)"),
    ("constant", r"#\s*define (?P<name>\w+)"),
    ("function", rf"(?!(?:{_NEVER}|typedef|#)\b)[A-Za-z_][\w:<>,*&\s]*?[\s*&](?:[\w<>]+::)*(?P<name>~?\w+)\s*\([^;]*$"),
)  # fmt: skip
_RUBY = _language(
    "ruby", r"\s*#",
    ("class", r"\s*(?:class|module) (?P<name>[\w:]+)"),
    ("function", r"\s*def (?:self\.)?(?P<name>\w+[?!=]?)"),
    ("constant", r"\s*(?P<name>[A-Z][A-Z0-9_]{2,}) = "),
)  # fmt: skip
_PHP = _language(
    "php", rf"{_SLASHES}|\s*#(?!\[)",
    ("class", r"\s*(?:(?:abstract|final|readonly) )*(?:class|interface|trait|enum) (?P<name>\w+)"),
    ("function", r"\s*(?:(?P<public>public) |(?:private|protected|static|final|abstract) )*function &?(?P<name>\w+)"),
)  # fmt: skip
_SHELL = _language(
    "shell", r"\s*#(?!!)",
    ("function", r"\s*(?:function )?(?P<name>[\w-]+)\s*\(\)\s*\{?"),
    ("function", r"\s*function (?P<name>[\w-]+)"),
)  # fmt: skip
_LUA = _language(
    "lua",
    r"\s*--",
    ("function", r"(?:local )?function (?P<name>[\w.:]+)"),
    ("function", r"(?P<name>M\.\w+) = function"),
)
_ELIXIR = _language(
    "elixir", r"\s*#", ("module", r"\s*defmodule (?P<name>[\w.]+)"), ("function", r"\s*def(?:macro)? (?P<name>\w+[?!]?)")
)  # fmt: skip
_SCALA = _language(
    "scala", _SLASHES,
    ("class", r"\s*(?:(?:final|sealed|abstract|case|private|implicit) )*(?:class|object|trait|enum) (?P<name>\w+)"),
    ("function", r"\s*(?:(?:override|private|protected|final|implicit|inline) )*def (?P<name>\w+)"),
)  # fmt: skip
_SQL = _language(
    "sql",
    r"\s*(?:--|/\*|\*)",
    (
        "type",
        r"(?i:\s*create (?:or replace )?(?:table|view|function|procedure|type) (?:if not exists )?)(?P<name>[\w.\"]+)",
    ),
)
_CSS = _language("css", r"\s*(?:/\*|\*|//)", ("rule", r"(?P<name>[.#][\w-]+)[^;]*\{$"))
_MARKUP = _language("markup", r"\s*<!--")
_PLAIN = _language("plain", r"\s*(?:#|//|;|--)")

_SUFFIXES = {
    PYTHON: "py pyi pyx",
    _SCRIPT: "js jsx mjs cjs ts tsx mts cts vue svelte astro",
    _GO: "go",
    _RUST: "rs",
    _JAVA: "java cs groovy",
    _KOTLIN: "kt kts swift dart",
    _C: "c h cc cpp cxx hpp hh hxx m mm cu glsl",
    _RUBY: "rb rake erb",
    _PHP: "php",
    _SHELL: "sh bash zsh fish",
    _LUA: "lua",
    _ELIXIR: "ex exs",
    _SCALA: "scala",
    _SQL: "sql",
    _CSS: "css scss sass less",
    _MARKUP: "html htm xml vue.html md rst",
}
_BY_SUFFIX = {suffix: language for language, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}


def language_of(path: str) -> Language:
    """By the file's ending; a plain one that knows comments only where there is no better."""
    return _BY_SUFFIX.get(path.rpartition(".")[2].lower(), _PLAIN)


def defined(line: str, language: Language) -> Symbol | None:
    """What this line defines, if anything."""
    if len(line) > 400:
        return None
    for sort, pattern in language.definitions:
        found = pattern.match(line)
        if found:
            name = found["name"]
            marked = found.groupdict().get("public") is not None
            public = (
                marked if language.exported else name[:1].isupper() if language.capital else not name.startswith("_")
            )
            return Symbol(name, sort, public)
    return None
