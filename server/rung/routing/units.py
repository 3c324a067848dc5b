"""A text as its words: what belongs to one, what separates two, and what is folded away.

Case, full width and how accents are encoded don't count. Everything from U+2000 on separates words (punctuation, emoji,
the scripts without spaces), and so do the blocks of Thai, Lao, Burmese and Khmer.

Most texts need no look at their single signs: the upper halves of their UTF-16 tell whether all they have of words is
Latin-1, which one table reads. Only other texts are folded by the rules of Unicode.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.normal import composed, normalized, widths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

GLUED = (
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
_GLUED, _WORDS, _RARE, _INDIC, _WIDE, _MARKS, _OTHER_MARKS, _MANY_MARKS = (1 << bit for bit in range(8))
"""What the signs of a block may be, the block being the upper half of UTF-16; the last: there are many in a row."""
_LETTERS_AMONG_SYMBOLS = "\u2126\u212a\u212b"


def _kinds() -> bytes:
    """Of each block what its signs may be."""
    kinds = bytearray(256)
    for kind, blocks in (
        # signs of scripts without spaces, or such as become these: Hangul may be written in its letters
        (_GLUED, (0x0E, 0x10, 0x11, 0x17, *range(0x30, 0xA0), *range(0xAC, 0xDC), 0xF9, 0xFA)),
        # signs of words, also when they are folded; block 21 has but a few (_LETTERS_AMONG_SYMBOLS)
        (_WORDS, (*range(1, 0x0E), *range(0x0F, 0x20), 0x2A, 0x2C, 0xA7, 0xAB, 0xFB)),
        # signs between words that do not have one of two first bytes in UTF-8, also when they are folded
        (_RARE, (0x0E, 0x10, 0x11, 0x17, 0x1C, 0x23, *range(0x30, 0x100))),
        # signs of scripts whose vowels make normalising slow: nearly all words have some that could be composed
        (_INDIC, range(0x09, 0x0E)),
        # signs that are wider or narrower than usual
        (_WIDE, (0xFF,)),
        # signs that NFC may write otherwise
        (
            _MARKS,
            (*range(0x03, 0x12), 0x13, *range(0x17, 0x1E), 0x1F, 0x2A, 0x2C, 0x2D, 0x30, 0xA6, *range(0xA8, 0xAC)),
        ),
        (_MARKS, (*range(0xD8, 0xE0), *range(0xF9, 0xFC), 0xFE)),
        # and those that are not of words, neither way, or become the same when they are folded
        (_OTHER_MARKS, (0x20, 0x21, 0x23)),
    ):
        for block in blocks:
            kinds[block] |= kind
    return bytes(kinds)


_KINDS = _kinds()
_EACH_KIND = tuple(sorted(set(_KINDS) - {0}))
_MARK_BLOCKS = bytes(kind & _MARKS > 0 for kind in _KINDS)
_MOST_MARKS = 32


def _latin(byte: int) -> int:
    """A byte of Latin-1, folded; what separates words is a space."""
    char = chr(byte)
    if not (char.isalnum() or char in "_+#." or byte >= 0xC0) or char in "\xb2\xb3\xb9\xbc\xbd\xbe":
        return 32
    folded = char.casefold()
    return ord(folded) if len(folded) == 1 and folded < "\u0100" else byte


_DOTTED = 30
"""Bytes for each dot up to which it pays to look at all of them together."""
_SAMPLE = 1000
_LATIN = bytes(map(_latin, range(256)))
_ASCII = _LATIN[:128] + bytes(range(128, 256))


@lru_cache(maxsize=1)
def _of_words() -> re.Pattern[str]:
    """What belongs to words beyond Latin-1, or does so when it is folded, such as ligatures."""
    return re.compile(
        "[\u0100-\u0dff\u0f00-\u0fff\u10c0-\u177f\u1800-\u1fff\u2126\u212a\u212b\u2adc\u2c62-\u2c64\u2c6d-\u2c7f"
        "\ua700-\ua7ff\uab00-\uabff\ufb00-\ufbff]"
    )


_COMMON = "\xa0\xab\xbb\u2013\u2014\u2019\u201c\u201d\u201e\u2026"
"""Signs between words that a text may have many of, in which case it is quicker to replace them one by one."""


@lru_cache(maxsize=1)
def _punctuation() -> tuple[tuple[bytes, re.Pattern[bytes]], ...]:
    """The signs between words of the simple blocks, in UTF-8: by first byte, so that the search leaps to the next."""
    return (
        (b"\xc2", re.compile(rb"\xc2[\x80-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf]")),
        (b"\xe2", re.compile(rb"\xe2[\x80-\xbf\xe2]+")),
    )


@lru_cache(maxsize=1)
def _not_between_words() -> re.Pattern[str]:
    """ASCII, and what belongs to words: more signs than those that separate words, and yet quicker to look up."""
    return re.compile("[\x00-\x7f\xaa\xb5\xba\xc0-\u0dff\u0f00-\u0fff\u10c0-\u177f\u1800-\u1fff]+")


@lru_cache(maxsize=1)
def _may_compose() -> re.Pattern[str]:
    """Whatever might be written otherwise by NFC, except for Indic vowel signs; more than that, so as to be short."""
    return re.compile("[^\x00-\u02ff\u0900-\u0dff\u2002-\u20cf]")


@lru_cache(maxsize=1)
def _last_dot() -> re.Pattern[bytes]:
    """A dot that ends something; one inside a word, as in ``node.js``, belongs to it."""
    return re.compile(rb"\.(?![\w\x80-\xff])")


def is_glued(text: str) -> bool:
    """Whether any of it is written without spaces."""
    if text.isascii() or max(text) < "\u0e00":
        return False
    return any(low <= char <= high for char in text if char > "\u0dff" for low, high in GLUED)


def is_indic(text: str) -> bool:
    """Whether any of it is of the Indic scripts."""
    return not text.isascii() and any("\u0900" <= char <= "\u0dff" for char in text)


def units(folded: str) -> list[bytes]:
    """The words of a folded text, or of a part of one."""
    kinds = _kinds_in(folded)
    return _other_units(folded, kinds) if _has_other_words(folded, kinds) else _latin_units(_latin_spaced(folded))


def _has_other_words(text: str, kinds: int) -> bool:
    """Whether it has words that are not written in Latin-1 alone."""
    if kinds & _OTHER_MARKS and any(letter in text for letter in _LETTERS_AMONG_SYMBOLS):
        return True
    return bool(kinds & _WORDS) and _of_words().search(text) is not None


def _is_latin(text: str) -> bool:
    """Whether it has no signs but of Latin-1."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _latin_spaced(text: str) -> bytes:
    """A text that has no words but in Latin-1, folded or not, with spaces for what is between them: a byte a sign."""
    return _undotted(text.encode("latin-1", "replace").translate(_LATIN))


def _latin_units(spaced: bytes) -> list[bytes]:
    """The words of such a text."""
    if not spaced.isascii():  # the two signs that are no byte when they are folded
        spaced = spaced.replace(b"\xdf", b"ss").decode("latin-1").replace("\xb5", "\u03bc").encode()
    return spaced.split()


def _other_units(folded: str, kinds: int) -> list[bytes]:
    """The words of any folded text."""
    if kinds & _RARE:
        data = " ".join(_not_between_words().findall(folded)).encode("utf-8", "surrogatepass").translate(_ASCII)
        return _undotted(data).split()
    sample = folded[:_SAMPLE]
    for sign in _COMMON:
        if sign in sample:
            folded = folded.replace(sign, " ")
    data = folded.encode().translate(_ASCII)
    for first, expression in _punctuation():
        if first in data:
            data = expression.sub(b" ", data)
    return _undotted(data).split()


def _undotted(data: bytes) -> bytes:
    """A text with spaces for what is between its words, also for its dots; as long as it was, or without its last."""
    if b"." not in data:
        return data
    if data.count(b".", 0, _SAMPLE) * _DOTTED < min(len(data), _SAMPLE):
        return _last_dot().sub(b" ", data)
    # The same where there are more dots than sentences: each dot that no letter, digit or underscore follows.
    if b".." in data:
        data = data.replace(b"..", b" .").replace(b"..", b" .")
    return data.replace(b". ", b"  ").replace(b".+", b" +").replace(b".#", b" #").removesuffix(b".")


def _kinds_in(text: str) -> int:
    """What its signs may be; 0 for ASCII."""
    if text.isascii():
        return 0
    try:
        blocks = text.encode("utf-16-le")[1::2]
    except UnicodeEncodeError:  # it has halves of surrogates
        blocks = text.encode("utf-8", "replace").decode().encode("utf-16-le")[1::2] + b"\xd8"
    beyond = blocks.translate(None, b"\0")  # mostly little: block 0 is Latin-1
    kinds = beyond.translate(_KINDS)
    found = 0
    for kind in _EACH_KIND:
        if kind in kinds:
            found |= kind
    if found & _MARKS and len(beyond) >= _MOST_MARKS and b"\1" * _MOST_MARKS in blocks.translate(_MARK_BLOCKS):
        found |= _MANY_MARKS
    return found


class Text:
    """What a person typed, read as far as it is asked for.

    Attributes:
        typed: the text, its letters as wide as usual.
        may_be_glued: whether some of it may be written without spaces.
    """

    __slots__ = ("_folded", "_kinds", "_latin", "_usual", "_wants_indic", "may_be_glued", "typed")

    def __init__(self, typed: str, wants_indic: Callable[[], bool]) -> None:
        """Take the text.

        Args:
            typed: the text.
            wants_indic: whether words of the Indic scripts are looked for; if not, they are no others, and that is all.
        """
        self.typed = typed
        self._wants_indic = wants_indic
        self._kinds = _kinds_in(typed)
        if self._kinds & _WIDE and (usual := widths(typed)) != typed:
            self.typed, self._kinds = usual, _kinds_in(usual)
        self._usual: str | None = None
        self._folded: str | None = None
        self._latin: bytes | None = None
        """With spaces for what is between its words, where these were read and are Latin-1."""
        self.may_be_glued = bool(self._kinds & _GLUED)

    def words(self) -> list[bytes]:
        """Its words, in UTF-8."""
        if _has_other_words(self.typed, self._kinds):
            usual = self._composed()
            if usual is not self.typed and _is_latin(usual):
                return _latin_units(_latin_spaced(usual))
            return _other_units(self.folded(), self._kinds)
        self._latin = _latin_spaced(self.typed)
        return _latin_units(self._latin)

    def places(self, first: int, last: int) -> tuple[int, int] | None:
        """Where in :attr:`typed` two of its words begin, given by their numbers; None where it costs much to tell."""
        if self._latin is None:
            return None
        rest = self._latin.split(None, first)[-1]
        end = rest.split(None, last - first)[-1]
        return len(self._latin) - len(rest), len(self._latin) - len(end)

    def find(self, words: str) -> tuple[int, int] | None:
        """The same for the first and the last of words that it says once, with spaces around each; quicker, or None."""
        if self._latin is None or not words.isascii():
            return None
        at = (b" %b " % self._latin).find(words.encode())
        return None if at < 0 else (at, at + words.rindex(" ", 0, -1))

    def folded(self) -> str:
        """The text without what does not count: case, and how its accents are encoded.

        Signs between words stay as they are, unless some of it may be written without spaces.
        """
        if self._folded is None:
            self._folded = self._composed().casefold()
        return self._folded

    def _composed(self) -> str:
        """The text with its accents in one piece with their letters, as far as that could change a word that counts."""
        if self._usual is None:
            if self._is_composed():
                self._usual = self.typed
            elif self._kinds & (_GLUED | _RARE | _MANY_MARKS):
                self._usual = composed(self.typed)
            else:
                self._usual = normalized("NFC", self.typed)
        return self._usual

    def _is_composed(self) -> bool:
        """Whether normalising could change no word that counts."""
        if not self._kinds & (_MARKS | _OTHER_MARKS if self.may_be_glued else _MARKS):
            return True
        if self.may_be_glued or not self._kinds & _INDIC or self._wants_indic():
            return False
        return _may_compose().search(self.typed) is None
