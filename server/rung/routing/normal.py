"""Signs that can be written in several ways, in the usual one: full and half width, and accents apart from letters."""

from __future__ import annotations

import re
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal


@lru_cache(maxsize=1)
def _wide() -> re.Pattern[str]:
    """Full-width forms of what belongs to words, and half-width forms of what is written without spaces."""
    return re.compile("([\uff03\uff0b\uff0e\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a\uff61-\uffdc]+)")


@lru_cache(maxsize=1)
def _usual() -> dict[int, int]:
    """What these are otherwise; a line stays one."""
    usual = {code: normalized("NFKC", chr(code)) for code in (10, *range(0xFF00, 0x10000))}
    return {code: ord(sign) for code, sign in usual.items() if len(sign) == 1}


@lru_cache(maxsize=1)
def _to_compose() -> re.Pattern[str]:
    """Signs that NFC may write otherwise or put together with the sign before them: accents, and whole blocks of some.

    Never many at once, for the time to put accents in order grows with the square of their number.
    """
    others = (
        "\x00-\u02ff\u0370-\u0373\u0375-\u037d\u037f-\u0386\u0388-\u0482\u0488-\u058f\u1e00-\u1eff\u2002-\u20cf\u2100-\u2125"
        "\u2127-\u2129\u212c-\u2328\u232b-\u2adb\u2add-\u2cdf\u2e00-\u3029\u3030-\u3098\u309b-\ua65f\ua700-\ua7ff\uac00-\uf8ff"
        "\ufb00-\ufb1c\ufb50-\ufe1f\ufe30-\uffff\U0001f000-\U0002f7ff"
    )
    return re.compile(f"([^{others}][^{others}]{{0,199}})")


def widths(text: str) -> str:
    """The text with letters, digits and kana of full or half width as wide as usual."""
    # To look at every sign is slow for a text, and quicker than to make an expression ready for a phrase.
    if text.isascii() or (len(text) < 200 and max(text) < "\uff00"):
        return text
    pieces = _wide().split(text)
    if len(pieces) > 1:
        pieces[1::2] = composed("\n".join(pieces[1::2]).translate(_usual())).split("\n")
    return "".join(pieces)


def composed(text: str) -> str:
    """The text in NFC, each accent with the letter before it.

    For a whole text that has any, Python takes long for each sign of most scripts.
    """
    if "\u3099" in text or "\u309a" in text:
        for apart, kana in _voiced():  # nearly all signs of a text may be such
            text = text.replace(apart, kana)
    pieces = _to_compose().split(text)
    if len(pieces) > 1:
        before = pieces[:-1:2]
        pieces[1::2] = [_nfc(letters[-1:] + accents) for letters, accents in zip(before, pieces[1::2], strict=True)]
        pieces[:-1:2] = [letters[:-1] for letters in before]
    return "".join(pieces)


@lru_cache(maxsize=1)
def _voiced() -> list[tuple[str, str]]:
    """Kana that may have their mark apart: with it apart, and in one piece."""
    kana = [(normalized("NFD", sign), sign) for sign in map(chr, range(0x3041, 0x3100))]
    return [(apart, sign) for apart, sign in kana if apart != sign]


@lru_cache(maxsize=1024)
def _nfc(text: str) -> str:
    return normalized("NFC", text)


def normalized(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """The text in a form of Unicode."""
    import unicodedata  # noqa: PLC0415 - `rung route` with plain English does without

    return unicodedata.normalize(form, text)
