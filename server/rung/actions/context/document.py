"""Parts from a document: a selection with its surroundings, or the file whole."""

from __future__ import annotations

import re

from rung.actions.context.gathered import Gathered
from rung.errors import ContextError
from rung.types.part import Part
from rung.types.request import Document, Position, Range

AROUND = 40
"""Lines before and after a selection that go along."""
IMPORTS = re.compile(
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


def selected(document: Document) -> str:
    """The selected text.

    Raises:
        ContextError: nothing is selected, or the selection lies outside the document.
    """
    chosen = document.selection
    if chosen is None or chosen.start == chosen.end:
        raise ContextError("Nothing is selected.", "Select the lines you want explained first.")
    if chosen.start.line >= max(1, len(lines_of(document.text))):
        raise ContextError("The selection lies beyond the end of the document.", "Select again and ask once more.")
    text = document.text[offset(document.text, chosen.start) : offset(document.text, chosen.end)]
    if not text.strip():
        raise ContextError("Only white space is selected.", "Select the lines you want explained first.")
    return text


def around(document: Document, chosen: Range) -> tuple[str, str]:
    """The lines before and after a selection."""
    lines = lines_of(document.text)
    first = chosen.start.line
    last = chosen.end.line if chosen.end.character == 0 and chosen.end.line > first else chosen.end.line + 1
    return "".join(lines[max(0, first - AROUND) : first]), "".join(lines[last : last + AROUND])


def gather_selection(document: Document) -> Gathered:
    """The selection, what stands around it, and the imports of the file.

    Raises:
        ContextError: see :func:`selected`.
    """
    parts = [Part("selection", selected(document), document.path, priority=1, shorten="never")]
    assert document.selection is not None
    before, after = around(document, document.selection)
    if before.strip() or after.strip():
        text = f"{before.rstrip()}\n[... the selection ...]\n{after.rstrip()}\n"
        parts.append(Part("surroundings", text, document.path, priority=7))
    imports = "".join(line for line in lines_of(document.text)[:200] if IMPORTS.match(line))
    if imports and imports.strip() not in before:
        parts.append(Part("imports", imports, document.path, priority=8, shorten="drop"))
    return Gathered(tuple(parts), _facts(document), paths=(document.path,))


def gather_file(document: Document) -> Gathered:
    """The whole file.

    Raises:
        ContextError: it is empty.
    """
    if not document.text.strip():
        raise ContextError("The file is empty.", "There is nothing to review in it yet.")
    part = Part("file", document.text, document.path, priority=1, shorten="never")
    return Gathered((part,), _facts(document), paths=(document.path,))


def _facts(document: Document) -> dict[str, str]:
    return {"language": document.language, "path": document.path}
