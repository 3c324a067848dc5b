"""What the cursor is in: a function or class as the lines and their indents show it, else the word. No parser.

The nearest line above that begins a definition and stands further out than the cursor counts; its end is the last line
that is indented deeper, with the bracket or ``end`` that closes it. Code that is not indented has words only.
"""

from __future__ import annotations

from collections.abc import Sequence

from rung.types.pattern import lazy
from rung.types.request import Position, Range

FAR = 2_000
"""Lines that are looked through, up and down."""
LONGEST = 400
"""Characters of a line that begins a definition: no more are looked through in code written by machines."""
TAB = 8

_MODIFIERS = (
    r"(?:(?:export|default|declare|abstract|public|private|protected|internal|static|final|override|virtual|sealed|open"
    r"|async|inline|unsafe|extern|const|partial|suspend|data|local|pub(?:\([\w:\s]*\))?|@\w+)\s+)*"
)
_NAMED = lazy(
    rf"\s*{_MODIFIERS}(?:def|class|func|function\*?|fn|fun|sub|interface|struct|enum|impl|trait|module|object|namespace"
    r"|record|protocol|extension|actor|defmodule|defp|macro_rules!)(?![\w-])"
)
_BOUND = lazy(
    r"\s*(?:export\s+)?(?:const|let|var|val|local)?\s*[\w.$]+\s*[:=]\s*(?:async\s+)?(?:function\b|\(.*\)\s*=>|\w+\s*=>)"
)
_SIGNATURE = lazy(
    r"(?!\s*(?:if|for|while|switch|else|try|catch|do|return|with|elif|match|loop|when|until)\b)\s*[\w<>\[\]*&:,~$\s]*[\w$>]\s*\([^;]*\)[^;=]*\{\s*\Z"
)
_CLOSER = lazy(r"\s*(?:[\])}]|end\b)")
_OPENER = lazy(r"\s*[\])]|\s*\{\s*\Z")
_DECORATOR = lazy(r"\s*(?:@\w|#\[)")
_WORD = lazy(r"[^\W\d]\w*")


def symbol_at(lines: Sequence[str], position: Position) -> Range | None:
    """The definition around a place, else the word there; None where it is in neither.

    Args:
        lines: of the text; their ends do not matter.
        position: in code points.
    """
    return _definition(lines, position.line) or word_at(lines, position)


def word_at(lines: Sequence[str], position: Position) -> Range | None:
    """The word a place is in or beside."""
    if position.line >= len(lines):
        return None
    for match in _WORD.finditer(lines[position.line]):
        if match.start() <= position.character <= match.end():
            return Range(Position(position.line, match.start()), Position(position.line, match.end()))
    return None


def _definition(lines: Sequence[str], number: int) -> Range | None:
    """The definition whose lines hold this one, the innermost."""
    if number >= len(lines) or not lines[number].strip():
        return None
    limit = _indent(lines[number])
    closes = _CLOSER.match(lines[number]) is not None
    for at in range(number, max(-1, number - FAR), -1):
        line = lines[at]
        if not line.strip():
            continue
        indent = _indent(line)
        outer = indent < limit or at == number or (closes and indent == limit)
        if outer and _begins(line):
            last = _end(lines, at, indent)
            if last >= number and last > at:
                return Range(
                    Position(_decorated(lines, at, indent), 0), Position(last, len(lines[last].rstrip("\r\n")))
                )
        if indent < limit and not _OPENER.match(line):
            limit, closes = indent, False
    return None


def _begins(line: str) -> bool:
    return len(line) <= LONGEST and any(pattern.match(line) for pattern in (_NAMED, _BOUND, _SIGNATURE))


def _end(lines: Sequence[str], start: int, indent: int) -> int:
    """The last line of a definition."""
    last = start
    for at in range(start + 1, min(len(lines), start + FAR)):
        line = lines[at]
        if not line.strip():
            continue
        if _indent(line) > indent:
            last = at
        elif _indent(line) == indent and _OPENER.match(line):
            last = at  # the end of a long signature: the body is still to come
        else:
            return at if _indent(line) == indent and _CLOSER.match(line) else last
    return last


def _decorated(lines: Sequence[str], start: int, indent: int) -> int:
    """The first of the decorators above a definition, else the definition's own line."""
    while start and _indent(lines[start - 1]) == indent and _DECORATOR.match(lines[start - 1]):
        start -= 1
    return start


def _indent(line: str) -> int:
    """Columns before the text."""
    whole = line.expandtabs(TAB)
    return len(whole) - len(whole.lstrip())
