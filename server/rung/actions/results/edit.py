"""Reading an edit: the code in an answer, and whether it still parses.

A check that is wrong costs the person a right answer. So code is only held to what the text it replaces was, too: a
piece that does not parse by itself, or whose brackets do not match, may be replaced by another such piece.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
import tomllib
import warnings

from rung.actions.results import text as plain
from rung.providers.invisible import visible

_BLOCK = re.compile(r"^([ \t]*)(`{3,}|~{3,})[^\n`]*\n(.*?)^[ \t]*\2[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN_BLOCK = re.compile(r"\A\s*(?:`{3,}|~{3,})[^\n`]*\n")
_TALK = re.compile(
    r"(?i)\A\s*(?:sure|certainly|of course|here(?:'s| is| are)|below is"
    r"|(?:the )?(?:updated|edited|new|fixed|revised|refactored)(?: code| version| function)?)\b[^\n]*[:.!]\s*\n"
)
_WORDS = frozenset(["markdown", "plaintext", "latex", "restructuredtext", "asciidoc", ""])
_LONGEST = 400_000
"""Characters; longer code is not checked."""

_SLASHES = r"//[^\n]*|/\*.*?(?:\*/|\Z)"
_DOUBLE = r"\"\"\".*?\"\"\"|\"(?:\\.|[^\"\\\n])*\""
_LETTER = r"'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_SINGLE = r"'(?:\\.|[^'\\\n])*'"
_PATTERN = r"(?:(?<=[(,=:\[!&|?{};+\n])|(?<=\breturn))[ \t]*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/"
_BRACKETS = r"[()\[\]{}]"


def _tokens(*forms: str) -> re.Pattern[str]:
    return re.compile("|".join((*forms, _BRACKETS)), re.DOTALL)


_LETTERS = _tokens(_SLASHES, _DOUBLE, _LETTER)
_SCRIPT = _tokens(_SLASHES, _PATTERN, _DOUBLE, _SINGLE, r"`(?:\\.|[^`\\])*`")
_TOKENS = {
    **dict.fromkeys(("c", "cpp", "java", "kotlin", "scala"), _LETTERS),
    **dict.fromkeys(("javascript", "typescript", "dart"), _SCRIPT),
    "csharp": _tokens(_SLASHES, r"@\$?\"(?:[^\"]|\"\")*\"", _DOUBLE, _LETTER),
    "go": _tokens(_SLASHES, r"`[^`]*`", _DOUBLE, _LETTER),
    "rust": _tokens(_SLASHES, r"\br#+\".*?\"#+", r"\br\"[^\"]*\"", r"\"(?:\\.|[^\"\\])*\"", _LETTER),
}
"""What is looked at of a language; texts with markup in them are not among them."""
_CLOSING = {")": "(", "]": "[", "}": "{"}


def read(raw: str, language: str) -> str:
    """The text an answer holds for a document, without thoughts, fences and talk around it; empty where there is none.

    Of several blocks of code the longest is taken: the others show how it is used, or what it was. In a document of
    plain words or markdown, blocks are the text's own.
    """
    said = visible(raw.replace("\r\n", "\n"))
    if language in _WORDS:
        return plain.read(said)
    blocks = [re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE) for found in _BLOCK.finditer(said)]
    if blocks:
        return _trim(max(blocks, key=len))
    opened = _OPEN_BLOCK.match(said)
    return _trim(said[opened.end() :] if opened else _TALK.sub("", said))


def fault(raw: str, language: str, original: str) -> str | None:
    """Why the answer cannot take the place of ``original``, quoting nothing of it; None where it can.

    Args:
        raw: what the model said.
        language: the document's, as editors name it.
        original: the text that is to be replaced.
    """
    code = read(raw, language)
    if not code.strip():
        return "it holds no code"
    if len(code) > _LONGEST or len(original) > _LONGEST or not original.strip():
        return None
    if parses(original, language) and not parses(code, language):
        return "the code does not parse" if language in _PARSERS else "the brackets of the code do not match"
    return None


def parses(code: str, language: str) -> bool:
    """Whether code is whole: to its language's own parser where Python has one, else by its brackets.

    Of a language nobody here knows anything, every text is whole.
    """
    if language in _PARSERS:
        return _PARSERS[language](code)
    return language not in _TOKENS or _is_balanced(code, _TOKENS[language])


def _trim(code: str) -> str:
    """Without blank lines around it; the first line keeps its indent."""
    return re.sub(r"\A(?:[ \t]*\n)+", "", code).rstrip()


def _is_python(code: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(textwrap.dedent(code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_json(code: str) -> bool:
    try:
        json.loads(code)
    except (ValueError, RecursionError):
        return False
    return True


def _is_toml(code: str) -> bool:
    try:
        tomllib.loads(code)
    except (ValueError, RecursionError):
        return False
    return True


def _is_balanced(code: str, tokens: re.Pattern[str]) -> bool:
    """Whether each bracket outside strings and comments finds its other half."""
    stack: list[str] = []
    for found in tokens.finditer(code):
        sign = found[0]
        if sign in _CLOSING:
            if not stack or stack.pop() != _CLOSING[sign]:
                return False
        elif sign in "([{":
            stack.append(sign)
    return not stack


_PARSERS = {"python": _is_python, "json": _is_json, "toml": _is_toml}
