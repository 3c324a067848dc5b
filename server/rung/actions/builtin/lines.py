"""What a file's changed lines amount to: code, comments, mere layout. Pure."""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from rung.actions.builtin.languages import PYTHON, Language
from rung.git.diff import Hunk
from rung.types.pattern import lazy

_TOKEN = lazy(r"[A-Za-z_]\w*|\d[\w.]*|[^\s\w]")
_IMPORT = lazy(
    r"\s*(?:import\b|from\s+\S+\s+import\b|use\s|#\s*include|require\b|using\s|(?:const|let|var) .* = require\()"
)
_TRIPLE = lazy(r'"""|\'\'\'')
_PROSE = lazy(r"\s*(?:[A-Z:\-*.`]|\w+ \w+ \w+)[^=(){}\[\]]*$")
_ANNOTATION = lazy(r"->[^:{]+(?=[:{])|:\s*[A-Za-z_][\w\[\], .|<>\"']*?(?=[,)=;]|$)|\bas \w+\b|# type: ?ignore.*$")
_TEXT = lazy(r"([\"'`])(?:\\.|(?!\1).)*\1")
_KEYWORDS = frozenset(
    {"true", "false", "True", "False", "None", "null", "nil", "and", "or", "in", "is", "not", "let", "const", "var"}
)
_TYPING = lazy(
    r"\s*(?:from (?:typing|__future__|collections\.abc|typing_extensions) import|import (?:typing|type)\b|if TYPE_CHECKING)"
)


def tokens(line: str) -> list[str]:
    """Words, numbers and single signs."""
    return _TOKEN.findall(line)


def is_import(line: str) -> bool:
    """Whether the line only brings names in."""
    return bool(_IMPORT.match(line))


def only_layout(hunks: Sequence[Hunk], language: Language) -> bool:
    """Whether nothing but layout changed: blanks, quotes, trailing commas, the order of imports."""
    for hunk in hunks:
        old = [line[1:] for line in hunk.lines if line[:1] == "-"]
        new = [line[1:] for line in hunk.lines if line[:1] == "+"]
        if _bare(old) != _bare(new):
            return False
        if language is PYTHON and not _same_nesting(hunk):
            return False
    # Imports may wander between hunks, so they are compared over the whole file.
    imports = [Counter(_import_words(hunks, sign)) for sign in "-+"]
    return imports[0] == imports[1]


def _bare(lines: Iterable[str]) -> str:
    text = "".join("".join(line.split()) for line in lines if not is_import(line))
    text = text.replace("'", '"').replace("\\", "")
    return re.sub(r",(?=[)\]}])|;(?=$|})|,$", "", text)


def _import_words(hunks: Sequence[Hunk], sign: str) -> list[str]:
    lines = (line[1:] for hunk in hunks for line in hunk.lines if line[:1] == sign)
    words = [word for line in lines if is_import(line) for word in re.findall(r"[\w./@-]+", line)]
    return [word for word in words if word not in {"import", "from"}]


def _same_nesting(hunk: Hunk) -> bool:
    """In Python blanks at the line's start are code: each line must stand at the same depth as before."""
    depths = []
    for sign in "-+":
        lines = [line[1:].expandtabs(8) for line in hunk.lines if line[:1] in (" ", sign) and line[1:].strip()]
        indents = [len(line) - len(line.lstrip()) for line in lines]
        ranks = {indent: rank for rank, indent in enumerate(sorted(set(indents)))}
        depths.append([ranks[indent] for indent in indents])
    # Where lines were joined or split there is nothing to compare line by line.
    return len(depths[0]) != len(depths[1]) or depths[0] == depths[1]


def only_comments(hunks: Sequence[Hunk], language: Language) -> bool:
    """Whether every changed line is a comment, part of a docstring, or blank."""
    return all(_comments(hunk, sign, language) for hunk in hunks for sign in "-+")


def _comments(hunk: Hunk, sign: str, language: Language) -> bool:
    side = [line for line in hunk.lines if line[:1] in (" ", sign)]
    inside = _starts_inside(side, language) if language is PYTHON else False
    block = False
    for position, line in enumerate(side):
        text = line[1:]
        quotes = len(_TRIPLE.findall(text)) if language is PYTHON else 0
        opens = quotes and not inside and _opens_docstring(side, position)
        prose = inside or opens or block or not text.strip() or bool(language.comment.match(text))
        if "/*" in text and "*/" not in text and language.comment.match(text):
            block = True
        elif "*/" in text:
            block = False
        if quotes % 2:
            inside = not inside
        if line[:1] == sign and not prose:
            return False
    return True


def _opens_docstring(side: Sequence[str], position: int) -> bool:
    text = side[position][1:].strip()
    before = next((line[1:].strip() for line in reversed(side[:position]) if line[1:].strip()), ":")
    return bool(re.match(r'[rbuRBU]?("""|\'\'\')', text)) and (before.endswith((":", '"""')) or before.startswith("#"))


def _starts_inside(side: Sequence[str], language: Language) -> bool:
    """Whether a hunk begins in the middle of a docstring."""
    for position, line in enumerate(side):
        text = line[1:].strip()
        if _TRIPLE.search(text):
            alone = text in ('"""', "'''")
            if _TRIPLE.match(text) and not alone:
                return False
            return not (alone and _opens_docstring(side, position)) and len(_TRIPLE.findall(text)) == 1
    changed = [line[1:] for line in side if line[:1] in "+-" and line[1:].strip()]
    rest = [line for line in changed if not language.comment.match(line)]
    return bool(rest) and all(_PROSE.match(line) and len(line.split()) > 1 for line in rest)


def only_typing(hunks: Sequence[Hunk]) -> bool:
    """Whether only type annotations changed."""
    seen = False
    for hunk in hunks:
        sides = []
        for sign in "-+":
            lines = [line[1:] for line in hunk.lines if line[:1] == sign and not _TYPING.match(line[1:])]
            sides.append("".join(_ANNOTATION.sub("", _without_brackets(line)) for line in lines))
        if "".join(sides[0].split()) != "".join(sides[1].split()):
            return False
        seen = seen or any(
            line[:1] == "+" and (_ANNOTATION.search(line) or _TYPING.match(line[1:])) for line in hunk.lines
        )
    return seen


def _without_brackets(line: str) -> str:
    """``dict[str, list[int]]`` as ``dict``, where it stands behind a colon or an arrow."""
    if ":" not in line and "->" not in line:
        return line
    for _ in range(4):
        line = re.sub(r"((?::|->)\s*(?:[\w.]+\s*\|\s*)*[\w.]+)(?:\[[^\[\]]*\]|<[^<>]*>)", r"\1", _inner(line))
    return line


def _inner(line: str) -> str:
    return re.sub(r"(?<=[\w.])\[[^\[\]]*\](?=[^\[\]]*\])", "", line)


def pairs(hunks: Sequence[Hunk]) -> list[tuple[str, str]]:
    """Old and new line where a run of lines was replaced by as many."""
    found: list[tuple[str, str]] = []
    for hunk in hunks:
        old: list[str] = []
        new: list[str] = []
        for line in (*hunk.lines, " "):
            sign = line[:1]
            if sign == "-" and not new:
                old.append(line[1:])
            elif sign == "+":
                new.append(line[1:])
            elif sign != "\\":
                if len(old) == len(new):
                    found.extend(zip(old, new, strict=True))
                old, new = ([line[1:]], []) if sign == "-" else ([], [])
    return found


def renamed_word(replaced: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The one identifier that was replaced by another wherever lines changed, and nothing else."""
    mapping: dict[str, str] = {}
    if all(_TEXT.sub("", old) == _TEXT.sub("", new) for old, new in replaced):
        return None  # a text, not a name
    for old, new in replaced:
        before, after = tokens(old), tokens(new)
        if len(before) != len(after):
            return None
        for left, right in zip(before, after, strict=True):
            same = left == right and left not in mapping
            if not same and (
                not (left.isidentifier() and right.isidentifier()) or mapping.setdefault(left, right) != right
            ):
                return None
    if len(mapping) != 1 or _KEYWORDS & {*mapping, *mapping.values()}:
        return None
    return next(iter(mapping.items()))
