"""Entries of a list of words: how they are read, what they begin with, and which can begin in a short text."""

from __future__ import annotations

from rung.routing.normal import widths
from rung.routing.units import is_glued, units
from rung.settings.phrases import GAP, first_piece, forms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from typing import Any

_FOLDED = (b"\xc3\x9f", b"\xc4\xb0", b"\xc5\x89", b"\xc5\xbf", b"\xc7\xb0", b"\xe1\xba", b"\xe2\x84\xaa", b"\xef")
"""What begins signs in UTF-8 that become ASCII letters when they are folded: a sharp s, a few others, ligatures, full
width. It is quicker to look for each than to make an expression ready."""
_MARKED = bytes(ord("!") if 32 < code < 127 and not chr(code).isalnum() else code for code in range(256))
"""Every mark of ASCII as one of them."""
_HAN = tuple(bytes([first]) for first in range(0xE3, 0xEA))
"""What entries begin with in UTF-8 that no ASCII text can begin: Han and kana."""


def beginning(entries: tuple[str, ...], said: Collection[bytes]) -> list[str]:
    """The entries that can begin with one of these words.

    Args:
        entries: of a list.
        said: the words of a text, folded, ASCII alone.
    """
    lines = "\n".join(("", *entries, "")).encode("utf-8", "surrogatepass")
    low = lines.lower()  # of ASCII alone
    starts = set[int]()
    for word in said:
        line = b"\n" + word
        starts.update(at for at in _places(low, line) if not low[at + len(line) : at + len(line) + 1].isalnum())
    # A sign, or a bracket in the first word: each is looked at that has all letters of some word.
    letters = [frozenset(word) for word in said]
    for at in {*_places(low.translate(_MARKED), b"\n!"), *_bracketed(low)}:
        own = set(low[at : low.index(b"\n", at + 1)])
        if any(word <= own for word in letters):
            starts.add(at)
    found = (lines[at + 1 : lines.index(b"\n", at + 1)] for at in sorted(starts))
    texts = [line.decode("utf-8", "surrogatepass") for line in found if line[:1] not in _HAN]
    return [text for text in (*texts, *_otherwise_written(entries)) if _first(text).intersection(said)]


def _bracketed(lines: bytes) -> Iterator[int]:
    """Where lines begin that have a bracket in their first word."""
    for at in _places(lines, b"("):
        start = lines.rfind(b"\n", 0, at)
        if lines.find(b" ", start, at) < 0:
            yield start


def _otherwise_written(entries: tuple[str, ...]) -> set[str]:
    """The entries that may begin with a word of ASCII and have it in other letters."""
    others = (one for one in entries if not one.isascii() and not "\u3000" <= one[:1] <= "\u9fff")
    lines = "\n".join(("", *others, "")).encode("utf-8", "surrogatepass")
    starts = {lines.rfind(b"\n", 0, at) for sign in _FOLDED for at in _places(lines, sign)}
    return {lines[at + 1 : lines.index(b"\n", at + 1)].decode("utf-8", "surrogatepass") for at in starts}


def _first(entry: str) -> set[bytes]:
    is_spaced = max(entry) < "\u0e00" or not is_glued(widths(entry))
    return first_words(entry) if is_spaced else first_spaced_words(entry)


def _places(text: bytes, piece: bytes) -> Iterator[int]:
    at = text.find(piece)
    while at >= 0:
        yield at
        at = text.find(piece, at + 1)


def all_forms(entry: str) -> tuple[str, ...]:
    """What the entry stands for; itself, where settings would refuse it."""
    try:
        return forms(entry)
    except ValueError:
        return (entry,)


def first_words(entry: str) -> set[bytes]:
    """The words a text must have that says any form of the entry."""
    head = entry.partition(" ")[0]
    if head.isascii() and head.isalnum():
        return {head.lower().encode()}
    found = set()
    for form in all_forms(first_piece(entry)):
        if form.isascii() and form.isalnum():
            found.add(form.lower().encode())
            continue
        said = read(form)
        if not said:  # the first word may be left out, or is none: "(the|) proof", "- proof"
            return {bytes(said[0]) for form in all_forms(entry) if (said := read(form.partition(GAP)[0]))}
        found.add(bytes(said[0]))
    return found


def first_spaced_words(entry: str) -> set[bytes]:
    """The same for an entry of which some forms are written without spaces, as in ``(总结|summary)``."""
    if not any(map(_is_spaced_letter, entry)):
        return set()
    spaced = (form.partition(GAP)[0] for form in all_forms(entry) if not is_glued(widths(form)))
    return {bytes(said[0]) for piece in spaced if (said := read(piece))}


def _is_spaced_letter(sign: str) -> bool:
    """Whether a sign may be one of a script that puts spaces between words."""
    return sign.isalnum() if sign < "\x80" else "\u00c0" <= sign <= "\u0dff" or "\uff10" <= sign <= "\uff5a"


def read(piece: str) -> Sequence[Any]:
    """The units of a phrase, or of its piece before or after a gap; settings made its accents NFC."""
    if piece.isascii():
        folded = piece.lower()
        return folded.encode().split() if folded.replace(" ", "").isalnum() else units(folded)
    folded = widths(piece).casefold()
    if is_glued(folded):
        return folded.strip()
    return folded.encode().split() if folded.replace(" ", "").isalnum() else units(folded)
