"""Words and phrases looked up in what a person typed, all lists of all rules together.

Whole words only: "improve" is not "prove", ``prove_it`` and ``prove.py`` aren't either. Case, hyphens, apostrophes and
punctuation that ends no sentence don't count. ``...`` in a phrase stands for up to six words in between, none at all
too, and a bracket for each of its choices (:mod:`rung.settings.phrases`). Scripts that write without spaces (Chinese,
Japanese, Thai; Korean for its endings) are searched by character; there ``...`` stands for up to twelve characters.

Time grows with the text, and hardly with the number of lists: one pass over its words and one over its characters tell
of which phrases it has all pieces (:mod:`rung.routing.pieces`), and only these are looked for by themselves. Only the
first place of a list counts, so the text is read in windows, and what was found is not looked for any more.
"""

from __future__ import annotations

from functools import lru_cache

from rung.routing.entries import all_forms, read
from rung.routing.glued import MOST_CHARACTERS, Glued, SignSearch
from rung.routing.normal import widths
from rung.routing.spaced import MOST_WORDS, Spaced, WordSearch
from rung.routing.units import Text, is_glued, is_indic
from rung.routing.windows import windows
from rung.settings.phrases import GAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from rung.routing.glued import Place
    from rung.routing.walk import Ends

    Said: TypeAlias = tuple[Place, str]
    """Where something stands (only good for comparing), and what it is."""

__all__ = ["MOST_CHARACTERS", "MOST_WORDS", "Table"]


def _is_surely_glued(entry: str) -> bool:
    """Whether its highest sign is Han or kana of the usual width, which is quicker to see than what all signs are."""
    highest = max(entry, default="")
    return "\u3040" <= highest <= "\u30ff" or "\u3400" <= highest <= "\u9fff"


class Table:
    """Lists of words, ready to be looked up together.

    Attributes:
        numbers: which number a list has in the answers of :meth:`look`.
    """

    def __init__(
        self,
        lists: Iterable[tuple[str, ...]],
        only: Mapping[tuple[str, ...], Sequence[str]] | None = None,
        instead: Mapping[tuple[str, ...], frozenset[tuple[str, ...]]] | None = None,
    ) -> None:
        """Take the lists.

        Args:
            lists: all of them.
            only: of each the entries that are looked for; None: all.
            instead: by list others; once any of these is said, the list need not be looked for.
        """
        self.numbers: dict[tuple[str, ...], int] = {}
        self._spaced = Spaced()
        self._glued = Glued(self._write_out)
        self._indic: bool | None = None
        self._read = lru_cache(maxsize=None)(_piece)  # many phrases have the same pieces
        for words in lists:
            if words in self.numbers:
                continue
            number = self.numbers[words] = len(self.numbers)
            for entry in words if only is None else only[words]:
                if _is_surely_glued(entry) or is_glued(widths(entry)):
                    self._glued.wait(number, entry)
                    if "(" in entry:
                        self._write_out(number, entry, is_glued=False)
                else:
                    self._write_out(number, entry, is_glued=False)
        bits = {words: 1 << number for words, number in self.numbers.items()}
        self._instead = {bits[words]: sum(map(bits.__getitem__, others)) for words, others in (instead or {}).items()}
        """By a list's bit those of the lists that make it needless."""

    def look(self, typed: str) -> dict[int, Said]:
        """What of the lists the text says.

        Returns:
            By list, where the first of its words stands (only good for comparing) and which one it is; of a list that
            another one makes needless maybe nothing.
        """
        said: dict[int, Said] = {}
        for place, ends in self._found(typed):
            for number, phrase in ends.phrases:
                if number not in said or place <= said[number][0]:
                    said[number] = (place, phrase)
        return said

    def _found(self, typed: str) -> Iterator[tuple[Place, Ends]]:
        """The first phrases of every list, of words and of signs, window by window."""
        words, signs = WordSearch(self._spaced), SignSearch(self._glued)
        settle = _settling(words, signs, self._instead)
        before: Text | None = None
        for window, is_last in windows(typed):
            text = Text(window, self._has_indic)
            found = words.feed(text, is_last)
            yield from (((2 * number, 0), ends) for number, ends in found)
            glued: list[tuple[Place, Ends]] = []
            if signs.missing and (signs.seen or text.may_be_glued):
                if not signs.seen:
                    self._glued.write_out()
                    signs.begin(before.folded() if before else "")
                glued = signs.feed(text.folded(), words.seen, is_last)
                yield from glued
            settle([ends for _, ends in (*found, *glued)])
            if not (words.missing or signs.missing):
                return
            before = text

    def _has_indic(self) -> bool:
        """Whether any entry is written in an Indic script."""
        if self._indic is None:
            self._indic = any(is_indic(entry) for words in self.numbers for entry in words)
        return self._indic

    def _write_out(self, number: int, entry: str, *, is_glued: bool = True) -> None:
        """Take every form of the entry that is written without spaces, or every other one."""
        for form in all_forms(entry):
            pieces = [piece for piece in map(self._read, form.split(GAP)) if piece]
            if all(piece[0] == " " for piece in pieces) is is_glued:
                continue
            if is_glued:
                self._glued.add([piece.strip(" ") for piece in pieces], number, form)
            elif pieces:
                self._spaced.add(pieces, number, form)


def _piece(written: str) -> str:
    """What a text must have for this piece of a phrase: characters, or words with a space before and after each."""
    found = read(written)
    return found if isinstance(found, str) else f" {b' '.join(found).decode()} " if found else ""


def _settling(words: WordSearch, signs: SignSearch, instead: dict[int, int]) -> Callable[[list[Ends]], None]:
    """What makes both searches forget needless lists, and each one those the other found, once it is past the place."""
    found = found_until_mark = 0
    mark = (0, 0)  # how far both had read then

    def settle(newly: list[Ends]) -> None:
        nonlocal found, found_until_mark, mark
        for ends in newly:
            found |= ends.lists
        for needless, others in instead.items():
            if found & others:
                words.missing &= ~needless
                signs.missing &= ~needless
        if words.looked >= mark[0] and (signs.looked >= mark[1] or not signs.missing):
            words.missing &= ~found_until_mark
            signs.missing &= ~found_until_mark
            mark, found_until_mark = (words.seen, signs.seen), found

    return settle
