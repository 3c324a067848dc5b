"""Words and phrases looked up in what a person typed: every list of every rule in one pass over the text.

Whole words only: "improve" is not "prove", ``prove_it`` and ``prove.py`` aren't either. Case, punctuation, hyphens and
apostrophes don't count. ``...`` in a phrase stands for up to six words in between, none at all too, and a bracket for
each of its choices (:mod:`rung.settings.phrases`). Scripts that write without spaces (Chinese, Japanese, Thai; Korean
for its endings) are searched by character; there ``...`` stands for up to twelve characters of the same sentence.

Time grows with the text, not with the number of lists: phrases are held in two tries, one of words, one of characters.
"""

from __future__ import annotations

from itertools import compress, count

from rung.routing.anchors import Anchors
from rung.routing.units import Text, is_glued, is_indic, units
from rung.settings.phrases import GAP, first_piece, forms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    Node: TypeAlias = dict[Any, Any]
    """Units (words as bytes, or characters) to nodes; ``END`` to ``Ends``; ``GAP`` to the node after a gap."""
    Ends: TypeAlias = list[tuple[int, str]]
    """The lists that have this phrase, and how it stands in them."""

MOST_WORDS = 6
MOST_CHARACTERS = 12
_END = ""
_FEW = 5
"""Words up to which each is looked up by itself."""

_SENTENCE = frozenset("\u3002\uff01\uff1f\uff1b!?;\n")
"""What ends one, as far as a gap is concerned."""


def _forms(entry: str) -> tuple[str, ...]:
    """What the entry stands for; itself, where settings would refuse it."""
    try:
        return forms(entry)
    except ValueError:
        return (entry,)


def _first_words(entry: str) -> set[bytes]:
    """The words a text must have that says any form of the entry."""
    head = entry.partition(" ")[0]
    if head.isalnum():
        return {head.casefold().encode()}
    found = set()
    for form in _forms(first_piece(entry)):
        read = _read(form)
        if not read:  # the first word may be left out, or is none: "(the|) proof", "- proof"
            return {bytes(read[0]) for form in _forms(entry) if (read := _read(form.partition(GAP)[0]))}
        found.add(bytes(read[0]))
    return found


def _read(piece: str) -> Sequence[Any]:
    """The units of a phrase, or of its piece before or after a gap; settings made its accents NFC."""
    folded = piece.casefold()
    if is_glued(folded):
        return folded.strip()
    return folded.encode().split() if folded.replace(" ", "").isalnum() else units(folded)


class Table:
    """Lists of words, ready to be looked up together.

    Entries are written out when a text has one of their first words: a command line that asks once then writes out a
    dozen of a thousand.

    Attributes:
        numbers: which number a list has in the answers of :meth:`look`.
    """

    def __init__(self, lists: Iterable[tuple[str, ...]]) -> None:
        self.numbers: dict[tuple[str, ...], int] = {}
        self._spaced: Node = {}
        self._glued: Node = {}
        self._anchors = Anchors(MOST_CHARACTERS)
        self._indic: bool | None = None
        self._waiting: dict[bytes, list[tuple[int, str]]] = {}
        """By first word, the entries that are not written out yet; an empty list where they are."""
        self._waiting_glued: list[tuple[int, str]] = []
        for words in lists:
            if words in self.numbers:
                continue
            number = self.numbers[words] = len(self.numbers)
            for entry in words:
                if is_glued(entry):
                    self._waiting_glued.append((number, entry))
                else:
                    for first in _first_words(entry):
                        self._waiting.setdefault(first, []).append((number, entry))

    def look(self, typed: str) -> dict[int, tuple[int, str]]:
        """What of the lists the text says.

        Returns:
            By list, where the first of its words stands (only good for comparing) and which one it is.
        """
        text = Text(typed, self._has_indic)
        found = self._look_for_words(text.words()) if self._waiting else []
        if text.may_be_glued and (self._glued or self._waiting_glued):
            self._write_out(self._waiting_glued)
            folded = text.folded()
            glued = _walk(self._glued, folded, self._anchors.starts(folded), MOST_CHARACTERS)
            if found and glued:
                places = _among_words(folded, [start for start, _ in glued])
                found = [(start * 2 * (len(folded) + 1), ends) for start, ends in found]
                glued = [(places[start], ends) for start, ends in glued]
            found = sorted([*found, *glued], key=lambda one: one[0])
        said: dict[int, tuple[int, str]] = {}
        for start, ends in found:
            for number, phrase in ends:
                if number not in said or said[number][0] == start:
                    said[number] = (start, phrase)
        return said

    def _has_indic(self) -> bool:
        """Whether any entry is written in an Indic script."""
        if self._indic is None:
            self._indic = any(is_indic(entry) for words in self.numbers for entry in words)
        return self._indic

    def _look_for_words(self, words: list[bytes]) -> list[tuple[int, Ends]]:
        """The phrases made of words; most texts lack some word of every phrase, which a set tells at once."""
        present = set(words)
        possible = {}
        for first in self._waiting.keys() & present:
            self._write_out(self._waiting[first])
            below = _possible(self._spaced.get(first, {}), present)
            if below:
                possible[first] = below
        if not possible:
            return []
        wanted = set(possible)
        if len(wanted) < _FEW and all(below.keys() == {_END} for below in possible.values()):
            return _walk(possible, words, sorted(map(words.index, wanted)), MOST_WORDS)
        starts = []
        for start in compress(count(), map(wanted.__contains__, words)):
            starts.append(start)
            if possible[words[start]].keys() == {_END}:
                wanted.remove(words[start])  # the first is enough
        return _walk(possible, words, starts, MOST_WORDS)

    def _write_out(self, entries: list[tuple[int, str]]) -> None:
        """Put every form of the entries into its trie."""
        for number, entry in entries:
            for form in _forms(entry):
                ends = self._place(form)
                if (number, form) not in ends:
                    ends.append((number, form))
        entries.clear()

    def _place(self, phrase: str) -> Ends:
        """The end of the phrase in its trie."""
        pieces: Sequence[Any] = [piece for piece in map(_read, phrase.split(GAP)) if piece]
        node = self._spaced
        if any(isinstance(piece, str) for piece in pieces):
            pieces = [piece if isinstance(piece, str) else b" ".join(piece).decode() for piece in pieces]
            node = self._glued
            self._anchors.add(pieces)
        for number, piece in enumerate(pieces):
            if number:
                node = node.setdefault(GAP, {})
            for unit in piece:
                node = node.setdefault(unit, {})
        ends: Ends = node.setdefault(_END, []) if pieces else []
        return ends


def _possible(node: Node, present: set[bytes]) -> Node:
    """What is below the node of phrases whose words are all present."""
    kept = {}
    for unit in node.keys() & present:
        below = _possible(node[unit], present)
        if below:
            kept[unit] = below
    if GAP in node and (below := _possible(node[GAP], present)):
        kept[GAP] = below
    if _END in node:
        kept[_END] = node[_END]
    return kept


def _walk(root: Node, text: Sequence[Any], starts: list[int], reach: int) -> list[tuple[int, Ends]]:
    """The phrases that begin at the places, each once, where it stands first; the shorter first of two at one place."""
    found: list[tuple[int, Ends]] = []
    seen: set[int] = set()
    for start in starts:
        node, at = root.get(text[start], {}), start + 1
        if _END not in node and (at == len(text) or text[at] not in node):
            rest = node.get(GAP)
            if rest is None or rest.keys().isdisjoint(text[at : at + reach + 1]):
                continue  # nearly always
        waiting = [(root, start)]
        while waiting:
            node, at = waiting.pop()
            while at < len(text) and (after := node.get(text[at])) is not None:
                node, at = after, at + 1
                ends = node.get(_END)
                if ends and id(ends) not in seen and _is_whole(text, start, at):
                    seen.add(id(ends))
                    found.append((start, ends))
                rest = node.get(GAP)
                if rest:
                    waiting += [(rest, begin) for begin in _after_gap(text, at, reach, rest)]
    return found


def _after_gap(text: Sequence[Any], at: int, reach: int, rest: Node) -> list[int]:
    """Where the phrase may go on."""
    places = []
    for begin, unit in enumerate(text[at : at + reach + 1], at):
        if unit in rest:
            places.append(begin)
        if unit in _SENTENCE:
            break
    return places


def _is_whole(text: Sequence[Any], start: int, end: int) -> bool:
    """Whether no Latin word is cut: a phrase such as ``jsonに変換`` begins with one. Units that are words are whole."""
    if not isinstance(text, str):
        return True
    return not (_is_inside(text, start) or _is_inside(text, end))


def _is_inside(text: str, at: int) -> bool:
    around = text[max(at - 1, 0) : at + 1]
    return at > 0 and len(around) == 2 and around.isalnum() and not is_glued(around)


def _among_words(folded: str, starts: list[int]) -> dict[int, int]:
    """Where the places stand, on a scale on which the n-th word of the text stands at ``2 * n * (len(text) + 1)``."""
    places = {}
    scale = len(folded) + 1
    at = before = 0  # a place between two words, and how many are before it
    for start in sorted(set(starts)):
        if not units(folded[start]):
            before += len(units(folded[at:start]))
            at = start
            places[start] = (2 * before - 1) * scale + start
        elif start and units(f"{folded[start - 1]}x") != [b"x"]:  # inside a word, as in "foo.json"
            places[start] = (2 * (before + len(units(f"{folded[at:start]}x"))) - 1) * scale + start
        else:
            places[start] = 2 * (before + len(units(folded[at:start]))) * scale
    return places
