r"""What a text shows where it is written otherwise: without colours and invisible letters, either side of a word diff.

``git diff --color=always`` writes ``\x1b[32m+API_KEY=...``, whose ``m`` stands before the name; ``--word-diff`` writes
``[-API_KEY=old-]{+API_KEY=new+}``; JSON, and with it notebooks and logs, writes whole texts into strings, as in
``"user: me\npassword: \"...\""``. What is searched are the texts such a text shows; the places of the finds lead back.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable, Iterator

from rung.privacy.found import Found
from rung.types.pattern import lazy

_UNSEEN = lazy(
    r"(?:\x1b|\\(?:033|e|x1[bB]|u001[bB]))\[[0-9:;<=>?]{0,40}[ -/]{0,3}[@-~]|\x9b[0-9:;]{0,40}[@-~]"
    r"|\x1b\][^\x07\x1b\r\n]{0,2000}(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]"
    r"|[\u00ad\u200b-\u200d\u2060\ufeff]"
)
"""Colours and links of a terminal, as they are or as a program's text writes them; letters of no width."""
_UNSEEN_HINTS = ("\x1b", "\x9b", "\\033[", "\\e[", "\\x1b[", "\\x1B[", "\\u001b[", "\\u001B[")
_NO_WIDTH = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
"""Looked for behind the first letter of a text: many a file begins with one of them."""
_WORDS = lazy(r"\[-(?P<old>(?:(?!\[-)[^\r\n]){1,2000}?)-\]|\{\+(?P<new>(?:(?!\{\+)[^\r\n]){1,2000}?)\+\}")
"""A word that went, and one that came."""

_STRING = lazy(r'(?<!\\)"((?:[^"\\\r\n]|\\.)*+)"')
_ESCAPE = lazy(r'\\(?:(?P<itself>["\\/])|(?P<blank>[nrt])|u(?P<code>[0-9a-fA-F]{4}))')
_BLANKS = {"n": "\n", "r": "\r", "t": "\t"}


class View:
    """One text that a text shows, and the way back to the places it shows."""

    def __init__(self, text: str, gone: Iterable[tuple[int, int]], filler: str = "") -> None:
        self._starts: list[int] = []
        """Where in ``text`` each kept piece begins."""
        self._places: list[int] = []
        """Where each begins in the text this one is a view of."""
        pieces: list[str] = []
        length = place = 0
        for start, end in gone:
            if start > place:
                self._starts.append(length)
                self._places.append(place)
                pieces += [text[place:start], filler]
                length += start - place + len(filler)
            place = max(place, end)
        self._starts.append(length)
        self._places.append(place)
        self.text = "".join([*pieces, text[place:]])

    def _place(self, offset: int) -> int:
        piece = bisect.bisect_right(self._starts, offset) - 1
        return self._places[piece] + offset - self._starts[piece]

    def back(self, found: Iterable[Found]) -> Iterator[Found]:
        """The finds in this text, at their places in the original; one over what is not shown holds that too."""
        for item in found:
            block = None if item.block is None else self._place(item.block)
            yield item.replace(start=self._place(item.start), end=self._place(item.end - 1) + 1, block=block)


def through_views(text: str, search: Callable[[str], list[Found]]) -> Iterator[Found]:
    """What a search finds in the texts that a text shows, which are mostly itself alone."""
    unseen = list[tuple[int, int]]()
    if any(hint in text for hint in _UNSEEN_HINTS) or any(text.find(letter, 1) >= 0 for letter in _NO_WIDTH):
        unseen = [match.span() for match in _UNSEEN.finditer(text)]
    strings = _strings(text)
    if strings:
        yield from _in_strings(text, strings, search)
    if not unseen:
        yield from _within_lines(text, strings, _with_sides(text, search))
        return
    # Two words of different colours stand side by side: together they are one, and each is one, too.
    for filler in ("", " "):
        view = View(text, unseen, filler)
        yield from view.back(_with_sides(view.text, search))


def _with_sides(text: str, search: Callable[[str], list[Found]]) -> Iterator[Found]:
    """What a search finds in a text, and in the text before and after the change if it is a word diff."""
    yield from search(text)
    if ("[-" in text and "-]" in text) or ("{+" in text and "+}" in text):
        words = list(_WORDS.finditer(text))
        for mine in ("old", "new") if words else ():
            view = View(text, _other_side(words, mine))
            yield from view.back(search(view.text))


def _other_side(words: Iterable[re.Match[str]], mine: str) -> Iterator[tuple[int, int]]:
    """What one side of a word diff does not show: the other side's words, and the signs around its own."""
    for word in words:
        if word.lastgroup == mine:
            yield word.start(), word.start() + 2
            yield word.end() - 2, word.end()
        else:
            yield word.span()


def _strings(text: str) -> list[tuple[int, int]]:
    """Where the strings of a text are that have something escaped, without their quotes."""
    if "\\" not in text:
        return []
    return [string.span(1) for string in _STRING.finditer(text) if "\\" in string[1]]


def _in_strings(text: str, strings: Iterable[tuple[int, int]], search: Callable[[str], list[Found]]) -> Iterator[Found]:
    """What a search finds in the strings of a text, as their reader sees them."""
    escapes: dict[int, int] = {}
    shown: list[str] = []
    gone: list[tuple[int, int]] = []
    place = 0
    for start, end in strings:
        gone.append((place, start - 1))
        shown += [text[place : start - 1], "\n"]  # the quote that opens it
        place = start
        for escape in _ESCAPE.finditer(text, start, end):
            letter = escape["itself"] or _BLANKS.get(escape["blank"] or "") or _letter(escape["code"])
            escapes[escape.end() - 1] = escape.start()
            gone.append((escape.start(), escape.end() - 1))
            shown += [text[place : escape.end() - 1], letter]
            place = escape.end()
        shown.append(text[place:end])
        place = end
    gone.append((place, len(text)))
    view = View("".join(shown), gone)
    for found in view.back(search(view.text)):
        # What begins with an escaped letter begins where its backslash does.
        yield found.replace(start=escapes.get(found.start, found.start))


def _letter(code: str) -> str:
    """The letter of an escape; half of one that takes two is no letter by itself."""
    return "\ufffd" if code[0] in "dD" and code[1] in "89abcdefABCDEF" else chr(int(code, 16))


def _within_lines(text: str, strings: list[tuple[int, int]], found: Iterable[Found]) -> Iterator[Found]:
    """Finds that end where a string writes the end of a line; what comes behind it is another line's."""
    for item in found:
        number = bisect.bisect_right(strings, (item.start, len(text))) - 1
        # What a string holds from its beginning is its value, and no line of a text.
        inside = number >= 0 and strings[number][0] < item.start and item.end <= strings[number][1]
        if inside and "\\" in text[item.start : item.end]:
            ends = (escape.start() for escape in _ESCAPE.finditer(text, item.start, item.end) if escape["blank"])
            yield item.replace(end=next((end for end in ends if end > item.start), item.end))
        else:
            yield item
