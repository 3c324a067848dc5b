"""Reading an edit: the code in an answer, and whether it is whole and still parses.

A check that is wrong costs the person a right answer. So code is only held to what the text it replaces was, too: a
piece that does not parse by itself, or whose brackets do not match, may be replaced by another such piece.
"""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re

from rung.actions.results import syntax
from rung.actions.results import text as plain
from rung.providers.invisible import visible
from rung.types.pattern import lazy

# A block ends at its own indent: deeper fences may be those of a text in the code.
_BLOCK = lazy(r"^([ \t]*)(`{3,}|~{3,})[^\n`]*\n(.*?)^\1\2[ \t]*$", re.DOTALL | re.MULTILINE)
_LOOSE_BLOCK = lazy(r"^([ \t]*)(`{3,}|~{3,})[^\n`]*\n(.*?)^[ \t]*\2[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN_BLOCK = lazy(r"\A\s*(?:`{3,}|~{3,})[^\n`]*\n")
_TALK = lazy(
    r"(?i)\A\s*(?:sure|certainly|of course|here(?:'s| is| are)|below is"
    r"|(?:the )?(?:updated|edited|new|fixed|revised|refactored)(?: code| version| function)?)\b[^\n]*[:.!]\s*\n"
)
_WORDS = frozenset(["markdown", "plaintext", "latex", "restructuredtext", "asciidoc", ""])
_LONGEST = 100_000
"""Characters; longer code is not checked."""

_MARK = r"(?:#|//|--|/\*|<!--|\{/\*|;|%|\(\*)"
_WHAT = r"(?:code|function|class|file|method|body|implementation|logic|methods|functions|imports|content|lines|module|component)"
_ELIDED = lazy(
    rf"^[ \t]*{_MARK}[ \t]*(?:"
    rf"(?:\.{{3}}|…)[ \t]*(?:\(|\[)?(?:the |your |all |any |and )?(?:rest|remaining|remainder|existing|other|same|previous|original|unchanged|omitted|more|{_WHAT})\b[^\n]*"
    rf"|(?:the |your |all )?(?:rest|remainder) of (?:the |your |this )?(?:\w+ )?{_WHAT}(?:,? (?:is|remains?|stays?|goes|continues))?(?: (?:unchanged|the same|as before|as is|here|omitted|untouched))*[ \t.…]*(?:\*/\}}?|-->)?[ \t]*"
    rf"|(?:the |your )?(?:existing|remaining|unchanged|previous|original|other) (?:\w+ )?{_WHAT}(?: (?:remains?|stays?|goes))?(?: (?:unchanged|the same|as before|here|omitted))*[ \t]*(?:\.{{3}}|…)[ \t]*(?:\*/\}}?|-->)?[ \t]*"
    r")$",
    re.IGNORECASE | re.MULTILINE,
)
"""A comment in the place of code that a model did not write again."""


def read(raw: str, language: str) -> str:
    """The text an answer holds for a document, without thoughts, fences and talk around it; empty where there is none.

    Of several blocks of code the longest is taken: the others show how it is used, or what it was. In a document of
    plain words or markdown, blocks are the text's own.
    """
    said = visible(raw.replace("\r\n", "\n"))
    if language in _WORDS:
        return plain.read(said)
    if language in syntax.PARSED and syntax.fault(said, language) is None:
        return _trim(said)  # where there are fences, they stand in a text of the code
    founds = list(_BLOCK.finditer(said)) or list(_LOOSE_BLOCK.finditer(said))
    blocks = [re.sub(f"^{found[1]}", "", found[3], flags=re.MULTILINE) for found in founds]
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
    if _ELIDED.search(code) and not _ELIDED.search(original):
        return "a comment stands in the place of code"
    return None if syntax.fault(original, language) else syntax.fault(code, language)


def _trim(code: str) -> str:
    """Without blank lines around it; the first line keeps its indent."""
    return re.sub(r"\A(?:[ \t]*\n)+", "", code).rstrip()
