"""Words and phrases looked up in what a person typed: every list of every rule in one pass over the text.

Whole words only: "improve" is not "prove", ``prove_it`` and ``prove.py`` aren't either. Case, punctuation, hyphens and
apostrophes don't count. ``...`` in a phrase stands for up to six words in between, none at all too, and a bracket for
each of its choices (:mod:`rung.settings.phrases`). Scripts that write without spaces (Chinese, Japanese, Thai; Korean
for its endings) are searched by character; there ``...`` stands for up to twelve characters of the same sentence.

Time grows with the text, not with the number of lists: phrases are held in two tries, one of words, one of characters.
"""

from __future__ import annotations

import re
from functools import lru_cache

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

_GLUED = (
    ("\u0e00", "\u0eff"),  # Thai, Lao
    ("\u1000", "\u109f"),  # Burmese
    ("\u1780", "\u17ff"),  # Khmer
    ("\u3005", "\u3007"),
    ("\u3040", "\u30ff"),  # kana
    ("\u3400", "\u9fff"),  # Han
    ("\uac00", "\ud7a3"),  # Hangul
    ("\uf900", "\ufaff"),
    ("\U00020000", "\U0003ffff"),
)
"""Scripts that write without spaces, or stick endings to words."""
_ASCII = bytes(byte if byte > 127 or chr(byte).isalnum() or chr(byte) in "_+#." else 32 for byte in range(256))
_SENTENCE = frozenset("\u3002\uff01\uff1f\uff1b!?;\n")
"""What ends one, as far as a gap is concerned."""


@lru_cache(maxsize=1)
def _between_words() -> re.Pattern[bytes]:
    """Punctuation that is not ASCII, and the scripts the other trie reads, in UTF-8.

    Everything from U+2000 on at one go (its first bytes are E2 and higher), of what is below the punctuation of
    Latin-1 and the scripts without spaces. A class in front lets the search skip other bytes at once.
    """
    return re.compile(
        rb"[\xc2\xe0-\xf4](?:(?<=[\xe2-\xf4])[\x80-\xbf\xe2-\xf4]*|(?<=\xc2)[\x80-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf]"
        rb"|(?<=\xe0)[\xb8-\xbb][\x80-\xbf]|(?<=\xe1)[\x80-\x82\x9e\x9f][\x80-\xbf])"
    )


@lru_cache(maxsize=1)
def _last_dot() -> re.Pattern[bytes]:
    """A dot that ends something; one inside a word, as in ``node.js``, belongs to it."""
    return re.compile(rb"\.\.*(?![\w\x80-\xff])")


def _is_glued(text: str) -> bool:
    """Whether any of it is written without spaces."""
    if text.isascii() or max(text) < "\u0e00":
        return False
    return any(low <= char <= high for char in text if char > "\u0dff" for low, high in _GLUED)


def _may_be_glued(text: str) -> bool:
    """Whether a text may be so, told by the first bytes its characters have in UTF-8: quick for a long one."""
    if text.isascii():
        return False
    data = text.encode("utf-8", "surrogatepass")
    return any(first in data for first in b"\xe0\xe1\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xeb\xec\xed\xef\xf0")


def fold(text: str) -> str:
    """The text without what does not count: case, and how its accents are encoded."""
    if not text.isascii():
        import unicodedata  # noqa: PLC0415 - `rung route` with plain English does without

        text = unicodedata.normalize("NFC", text)
    return text.casefold()


def units(folded: str) -> list[bytes]:
    """The words of a folded text."""
    data = folded.encode("utf-8", "surrogatepass").translate(_ASCII)
    if not folded.isascii():
        data = _between_words().sub(b" ", data)
    return (_last_dot().sub(b" ", data) if b"." in data else data).split()


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
    if _is_glued(folded):
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
        self._starts: re.Pattern[str] | None = None
        self._waiting: dict[bytes, list[tuple[int, str]]] = {}
        """By first word, the entries that are not written out yet; an empty list where they are."""
        self._waiting_glued: list[tuple[int, str]] = []
        for words in lists:
            if words in self.numbers:
                continue
            number = self.numbers[words] = len(self.numbers)
            for entry in words:
                if _is_glued(entry):
                    self._waiting_glued.append((number, entry))
                else:
                    for first in _first_words(entry):
                        self._waiting.setdefault(first, []).append((number, entry))

    def look(self, text: str) -> dict[int, tuple[int, str]]:
        """What of the lists the text says.

        Returns:
            By list, where the first of its words stands (only good for comparing) and which one it is.
        """
        folded = fold(text)
        words = units(folded) if self._waiting else []
        found = self._look_for_words(words)
        if _may_be_glued(folded) and (self._glued or self._waiting_glued):
            self._write_out(self._waiting_glued)
            glued = _walk(self._glued, folded, self._glued_starts(folded), MOST_CHARACTERS)
            if glued:
                found = [(start, ends) for (_, ends), start in zip(found, _offsets(folded, words, found), strict=True)]
                found = sorted([*found, *glued], key=lambda one: one[0])
        said: dict[int, tuple[int, str]] = {}
        for start, ends in found:
            for number, phrase in ends:
                if number not in said or said[number][0] == start:
                    said[number] = (start, phrase)
        return said

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
        longer = {first for first, below in possible.items() if below.keys() != {_END}}
        starts = {at for at, word in enumerate(words) if word in longer} if longer else set()
        starts.update(words.index(first) for first in possible.keys() - longer)
        return _walk(possible, words, sorted(starts), MOST_WORDS)

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
        pieces = [piece for piece in map(_read, phrase.split(GAP)) if piece]
        is_glued = any(isinstance(piece, str) for piece in pieces)
        node = self._glued if is_glued else self._spaced
        for number, piece in enumerate(pieces):
            if number:
                node = node.setdefault(GAP, {})
            for unit in b" ".join(piece).decode() if is_glued and not isinstance(piece, str) else piece:
                node = node.setdefault(unit, {})
        ends: Ends = node.setdefault(_END, []) if pieces else []
        return ends

    def _glued_starts(self, folded: str) -> list[int]:
        """Where a phrase without spaces may begin."""
        if self._starts is None:
            firsts = "".join(map(re.escape, self._glued))
            seconds = {unit for node in self._glued.values() for unit in node}
            rest = "".join(map(re.escape, seconds))
            follows = "" if {_END, GAP} & seconds else f"(?=[{rest}])"
            self._starts = re.compile(f"[{firsts}]{follows}")
        return [match.start() for match in self._starts.finditer(folded)]


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
        node, at = root[text[start]], start + 1
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
    return at > 0 and len(around) == 2 and around.isalnum() and not _is_glued(around)


def _offsets(folded: str, words: list[bytes], found: list[tuple[int, Ends]]) -> list[int]:
    """Where in the text the words of those numbers stand."""
    wanted = {number for number, _ in found}
    at, offsets = 0, {}
    for number, word in enumerate(words[: max(wanted, default=-1) + 1]):
        text = word.decode("utf-8", "surrogatepass")
        at = folded.index(text, at)
        if number in wanted:
            offsets[number] = at
        at += len(text)
    return [offsets[number] for number, _ in found]
