"""Wrapping prose of a Markdown text at the words, where a document is written for a person to read in an editor.

Only lines that are too long are touched, and only where the text means the same afterwards: no code, table, heading or
HTML, no link or code span torn, no word brought to a line's start where it would begin a list or a quote.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from rung.types.pattern import lazy

WIDTH = 96
"""Columns of a line, where its words allow it."""

_FENCE = lazy(r"[ \t]*(?P<mark>`{3,}(?=[^`]*\Z)|~{3,})(?P<info>.*)")
_LEAD = lazy(r"(?:[ \t]*(?:>[ \t]?|(?:[-*+]|\d{1,9}[.)])[ \t]{1,4}))+|[ \t]*")
"""Indent, signs of quotes and of list items."""
_ITEM = lazy(r"[^>\s]")
_TABLE_RULE = lazy(r"[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*\|?[ \t]*\Z")
_VERBATIM = lazy(r"[ \t>]*(?:#{1,6}(?:[ \t]|\Z)|\||<[A-Za-z!/?]|\[[^\]]+\]:[ \t])")
_INDENTED = lazy(r" {3}| ?\t")
"""Code, after the sign of a quote or of a list's item."""
_TOKEN = lazy(
    r"(?:(`+)(?!`).*?(?<!`)\1(?!`)"  # a code span
    r"|!?\[[^\[\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\])?"  # a link, whose address may hold parentheses
    r"|<[^<>]*>|\S)+"
)
_MARKER = lazy(r"(?:[-*+]|\d{1,9}[.)]|#{1,6}|=+|:?-+:?|[|><].*|(?:`{3}|~{3}).*)\Z")
"""A word that a line of a paragraph cannot begin with."""


def wrap(text: str, width: int = WIDTH) -> str:
    """The text with its long lines of prose wrapped; short lines are never joined."""
    lines = text.split("\n")
    out: list[str] = []
    for line, is_prose in _kinds(lines):
        out += _fill(line, width) if is_prose and columns(line) > width else [line]
    return "\n".join(out)


def columns(text: str) -> int:
    """The columns a text takes: wide characters take two."""
    return len(text) if text.isascii() else sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _kinds(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is prose."""
    fence = ""
    in_table = False
    code = 4  # columns from which an indented line is code: more below an item of a list
    for number, line in enumerate(lines):
        lead = _lead(line)
        found = _FENCE.match(line.lstrip(" \t>") if fence else line[len(lead) :])
        if found or fence:
            if not fence and found:
                fence = found["mark"]
            elif found and found["mark"].startswith(fence) and not found["info"].strip():
                fence = ""
            yield line, False
            continue
        following = lines[number + 1] if number + 1 < len(lines) else ""
        in_table = "|" in line and (in_table or _TABLE_RULE.match(following) is not None)
        indent = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip(" "))
        if line.strip() and not indent:
            code = 4
        is_code = indent >= code
        if _ITEM.search(lead) and not is_code:
            code = columns(lead.expandtabs(4)) + 4
        body = line[len(lead) :]
        yield line, not (in_table or is_code or _VERBATIM.match(line) or _VERBATIM.match(body) or _INDENTED.match(body))


def _lead(line: str) -> str:
    """What stands before the words of a line."""
    found = _LEAD.match(line)
    return found[0] if found else ""


def _fill(line: str, width: int) -> list[str]:
    """A line of prose as several, the later ones under the words of the first."""
    lead = _lead(line)
    rest = _ITEM.sub(" ", lead)
    body = line[len(lead) :]
    ending = body[len(body.rstrip()) :]  # two blanks at the end are a line break
    out, current = list[str](), lead
    tokens = [match[0] for match in _TOKEN.finditer(body)]
    for index, token in enumerate(tokens):
        # Alone on its line a sign such as `---` would be more than a word.
        is_bound = _MARKER.match(token) or (index == 1 and _MARKER.match(tokens[0]))
        if not index:
            current += token
        elif is_bound or columns(current) + 1 + columns(token) <= width:
            current += f" {token}"
        else:
            out.append(current)
            current = rest + token
    return [*out, current + ending]
