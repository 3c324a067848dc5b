"""Parts from a document: a selection with its surroundings, or the file whole."""

from __future__ import annotations

import itertools
import re

from rung.actions.context.gathered import Gathered
from rung.errors import ContextError
from rung.privacy.excerpt import Cut, Excerpt, Whole
from rung.types.pattern import lazy
from rung.types.request import Document, Position, Range

AROUND = 40
"""Lines before and after a selection that go along."""
SEARCHED = 250_000
"""Characters before and after a selection that are searched for secrets, whose other half may be selected."""
IMPORTS = lazy(
    r"^\s*(?:import\b|from\s+\S+\s+import\b|#\s*include\b|use\s+[\w:]|using\s+[\w.]|require\b|package\s+\w"
    r"|(?:const|let|var)\s.*=\s*require\()"
)


def lines_of(text: str) -> list[str]:
    r"""The lines of a text with their ends, split at ``\n``, ``\r\n`` and ``\r`` alone, as editors count them."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text)


def offset(text: str, position: Position) -> int:
    """The index of a position in the text; past the end of a line or of the text it is the end."""
    lines = lines_of(text)
    if position.line >= len(lines):
        return len(text)
    before = sum(len(line) for line in lines[: position.line])
    return before + min(position.character, len(lines[position.line].rstrip("\r\n")))


def chosen_place(document: Document) -> tuple[int, int]:
    """Where the selected text begins and ends.

    Raises:
        ContextError: nothing is selected, or the selection lies outside the document.
    """
    chosen = document.selection
    if chosen is None or chosen.start == chosen.end:
        raise ContextError("Nothing is selected.", "Select the lines you want explained first.")
    if chosen.start.line >= max(1, len(lines_of(document.text))):
        raise ContextError("The selection lies beyond the end of the document.", "Select again and ask once more.")
    start, end = offset(document.text, chosen.start), offset(document.text, chosen.end)
    if not document.text[start:end].strip():
        raise ContextError("Only white space is selected.", "Select the lines you want explained first.")
    return start, end


def around(text: str, chosen: Range) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the lines before and after a selection begin and end."""
    lines = lines_of(text)
    ends = [0, *itertools.accumulate(map(len, lines))]
    first = min(chosen.start.line, len(lines))
    last = chosen.end.line if chosen.end.character == 0 and chosen.end.line > first else chosen.end.line + 1
    last = min(last, len(lines))
    return (ends[max(0, first - AROUND)], ends[first]), (ends[last], ends[min(last + AROUND, len(lines))])


def gather_selection(document: Document) -> Gathered:
    """The selection, what stands around it, and the imports of the file.

    Raises:
        ContextError: see :func:`chosen_place`.
    """
    text, (start, end) = document.text, chosen_place(document)
    begin = max(0, start - SEARCHED)
    whole = Whole(text[begin : end + SEARCHED])
    assert document.selection is not None
    (above, before), (after, below) = around(text, document.selection)
    surroundings = (text[above:before].rstrip(), "\n[... the selection ...]\n", text[after:below].rstrip(), "\n")
    parts = [
        Excerpt(
            *("selection", text[start:end], document.path, 1, "never"),
            whole=whole,
            cuts=(Cut(start - begin, end - begin, 0),),
        )
    ]
    if surroundings[0] or surroundings[2].strip():
        cuts = (
            Cut(above - begin, above - begin + len(surroundings[0]), 0),
            Cut(after - begin, after - begin + len(surroundings[2]), len(surroundings[0] + surroundings[1])),
        )
        parts.append(Excerpt("surroundings", "".join(surroundings), document.path, 7, whole=whole, cuts=cuts))
    imports = "".join(line for line in lines_of(text)[:200] if IMPORTS.match(line))
    if imports and imports.strip() not in text[above:before]:
        parts.append(Excerpt("imports", imports, document.path, 8, "drop", whole=whole))
    return Gathered(tuple(parts), _facts(document), paths=(document.path,))


def gather_file(document: Document) -> Gathered:
    """The whole file.

    Raises:
        ContextError: it is empty.
    """
    if not document.text.strip():
        raise ContextError("The file is empty.", "There is nothing to review in it yet.")
    # A long file is asked about in pieces, each of which was cut from it.
    whole = Whole(document.text)
    part = Excerpt("file", document.text, document.path, priority=1, shorten="never", whole=whole)
    return Gathered((part,), _facts(document), paths=(document.path,))


def _facts(document: Document) -> dict[str, str]:
    return {"language": document.language, "path": document.path}
