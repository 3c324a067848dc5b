r"""One line of a ``.gitignore`` as a regular expression, to the letter of git's own matching.

Checked against git itself, with random lines. Differs in one thing: ``?`` is a character here and a byte there. No
line, however it is made, takes longer than the square of a path's length: what a star took is given back only where
that can help, at the last star of a name and the last ``**`` of a path.
"""

from __future__ import annotations

import re

from rung.types.pattern import lazy
from rung.types.value import Value

_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r" \t\n\r\f\v",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "cntrl": r"\x00-\x1f\x7f",
    "graph": "!-~",
    "print": " -~",
}
_TOKEN = lazy(r"\\.|\[[!^]?\]?(?:\\.|\[:[a-z]+:\]|[^\]\\])*+\]|.", re.DOTALL)
_POSIX = lazy(r"\[:([a-z]+):\]")


class Line(Value):
    """What one line says."""

    pattern: re.Pattern[str]
    negated: bool
    folder: bool
    """Of folders alone."""
    name: bool
    """Of a name at any depth; else of the path from the file's folder."""

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether it speaks of a path, relative to the folder of its file."""
        if self.folder and not is_folder:
            return False
        return self.pattern.fullmatch(path.rpartition("/")[2] if self.name else path) is not None


def read(text: str) -> tuple[Line, ...]:
    """The lines that say anything; one that is no pattern matches nothing, as in git."""
    return tuple(line for raw in text.split("\n") if (line := _line(raw.removesuffix("\r"))))


def _line(raw: str) -> Line | None:
    text = _trimmed(raw)
    if not text or text.startswith("#"):
        return None
    negated = text.startswith("!")
    text = text[1:] if negated else text
    folder = text.endswith("/")
    text = text[:-1] if folder else text
    name = "/" not in text
    expression = _translated(text.removeprefix("/"), crosses=not name)
    return None if not text or expression is None else Line(re.compile(expression, re.DOTALL), negated, folder, name)


def _trimmed(raw: str) -> str:
    """Without the spaces at its end that no backslash stands before."""
    end, place = 0, 0
    while place < len(raw):
        place += 2 if raw[place] == "\\" else 1
        if raw[place - 1 : place] != " " or raw[place - 2 : place - 1] == "\\":
            end = place
    return raw[:end]


def _translated(text: str, *, crosses: bool) -> str | None:
    """The expression; None where nothing can match.

    Args:
        text: without a slash at either end.
        crosses: ``**`` may stand for folders.
    """
    groups: list[str] = []  # what stands between one ``**`` and the next
    names: list[str] = []
    pieces = _split(text)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        if crosses and len(piece) > 1 and set(piece) == {"*"}:
            groups.append("".join(f"{name}/" for name in names))
            names = []
            if last:
                return _joined(groups) + ".*"
            continue
        name = _name(piece)
        if name is None:
            return None
        names.append(name)
    return _joined([*groups, "/".join(names)])


def _joined(groups: list[str]) -> str:
    """Groups with any number of folders between: the first place where one fits will do, except for the last."""
    first, *rest = groups
    middle = "".join(rf"(?>(?:[^/]*+/)*?{group})" for group in rest[:-1])
    return first + middle + (rf"(?:[^/]*+/)*?{rest[-1]}" if rest else "")


def _split(text: str) -> list[str]:
    """The names of a path; a slash in brackets parts none."""
    pieces = [""]
    for token in _TOKEN.findall(text):
        if token in {"/", "\\/"}:
            pieces.append("")
        else:
            pieces[-1] += token
    return pieces


def _name(text: str) -> str | None:
    """One name: fixed pieces with stars between."""
    fixed: list[str] = [""]
    place = 0
    while place < len(text):
        letter = text[place]
        place += 1
        if letter == "*":
            if fixed[-1] or len(fixed) == 1:
                fixed.append("")
        elif letter == "?":
            fixed[-1] += "[^/]"
        elif letter == "[":
            found = _brackets(text, place)
            if found is None:
                return None
            fixed[-1] += found[0]
            place = found[1]
        elif letter == "\\":
            if place == len(text):
                return None
            fixed[-1] += re.escape(text[place])
            place += 1
        else:
            fixed[-1] += re.escape(letter)
    first, *rest = fixed
    middle = "".join(f"(?>[^/]*?{piece})" for piece in rest[:-1])
    return first + middle + (f"[^/]*{rest[-1]}" if rest else "")


def _brackets(text: str, place: int) -> tuple[str, int] | None:
    """``[a-z]`` from behind its bracket, and where it ends; None where it doesn't, or names no class there is."""
    negated = text[place : place + 1] in {"!", "^"}
    place += negated
    inside, start = "", place
    while place < len(text) and (text[place] != "]" or place == start):
        posix = _POSIX.match(text, place)
        if posix:
            if posix[1] not in _CLASSES:
                return None
            inside += _CLASSES[posix[1]]
            place = posix.end()
            continue
        low, place = _letter(text, place)
        high = low
        if text[place : place + 1] == "-" and text[place + 1 : place + 2] not in {"", "]"}:
            high, place = _letter(text, place + 1)
        if not low or not high:
            return None
        if low <= high:
            inside += f"{re.escape(low)}-{re.escape(high)}"
    if place >= len(text):
        return None
    if not inside:
        return ("[^/]" if negated else "(?!)"), place + 1
    return f"(?!/)[{'^' if negated else ''}{inside}]", place + 1


def _letter(text: str, place: int) -> tuple[str, int]:
    """A letter in brackets, and where the next one is."""
    if text[place] == "\\":
        place += 1
    return text[place : place + 1], place + 1
