"""Whether the brackets and quotes of code all find their other half, by a small grammar of its language.

A grammar knows where brackets do not count: in comments, strings and patterns; and where code begins again: in the
holes of a string. What cannot be told without parsing the language in full is left to several grammars: code that is
whole by any of them may be whole.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rung.types.pattern import lazy
from rung.types.value import Value

_CLOSING = {")": "(", "]": "[", "}": "{"}
_NESTED = lazy(r"/\*|\*/")
_DEEPEST = 50
"""Holes within holes; nobody writes more."""


class Quote(Value):
    """A kind of string; all but ``hole_end`` are patterns."""

    opening: str
    closing: str
    escaped: str = r"\\."
    """What does not end it, whatever it looks like."""
    hole: str | None = None
    """Where code begins again inside."""
    hole_end: str = "}"
    lines: bool = False
    """Whether it may go on over several lines; one that never ends is broken."""
    strict: bool = False
    """Whether one that does not end on its line is broken; else its sign is taken for no quote at all."""


class Grammar(Value):
    """What of a language is no code."""

    skipped: tuple[str, ...] = ()
    """Patterns of what is passed over as a whole, such as comments and single letters."""
    quotes: tuple[Quote, ...] = ()
    brackets: str = "()[]{}"
    nested: bool = False
    """Whether comments between slash and star stand in one another."""


class BrokenError(Exception):
    """A bracket or quote has no other half."""


def is_whole(code: str, grammars: tuple[Grammar, ...]) -> bool:
    """Whether code is whole by any of these grammars."""
    return any(plain(code, grammar) is not None for grammar in grammars)


def plain(code: str, grammar: Grammar) -> str | None:
    """The code without its comments and strings; None where it is not whole."""
    scan = _Scan(code, grammar)
    try:
        scan.code(0, None)
    except BrokenError:
        return None
    return "".join(scan.kept)


@lru_cache(maxsize=64)
def _tokens(grammar: Grammar) -> re.Pattern[str]:
    """What has to be looked at in code."""
    forms = [f"(?P<skipped>{'|'.join(grammar.skipped)})"] if grammar.skipped else []
    forms += [r"(?P<nested>/\*)"] if grammar.nested else []
    forms += [f"(?P<quote{number}>{quote.opening})" for number, quote in enumerate(grammar.quotes)]
    forms += [f"(?P<bracket>[{re.escape(grammar.brackets)}])"] if grammar.brackets else []
    return re.compile("|".join(forms), re.DOTALL | re.MULTILINE)


@lru_cache(maxsize=256)
def _inside(quote: Quote) -> re.Pattern[str]:
    """What has to be looked at in a string."""
    forms = [f"(?P<escaped>{quote.escaped})"] if quote.escaped else []
    forms += [f"(?P<hole>{quote.hole})"] if quote.hole else []
    forms += [f"(?P<closing>{quote.closing})"]
    return re.compile("|".join(forms if quote.lines else [*forms, r"(?P<end>\n)"]), re.DOTALL | re.MULTILINE)


class _Scan:
    """One way through the code; ``kept`` is what was code of it."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        self._text = text
        self._grammar = grammar
        self._tokens = _tokens(grammar)
        self._depth = 0
        self.kept: list[str] = []

    def code(self, at: int, closing: str | None) -> int:
        """Read code up to its end, or up to the bracket that closes a hole; where it ends."""
        open_: list[str] = []
        while found := self._tokens.search(self._text, at):
            self.kept.append(self._text[at : found.start()])
            sign, at = found[0], found.end()
            kind = found.lastgroup or ""
            if kind.startswith("quote"):
                self.kept.append('""')
                at = self._string(at, self._grammar.quotes[int(kind[5:])])
            elif kind == "nested":
                at = self._comment(at)
            elif kind == "bracket":
                self.kept.append(sign)
                if sign == closing and not open_:
                    return at
                self._pair(sign, open_)
            else:
                self.kept.append(" ")
        self.kept.append(self._text[at:])
        if open_ or closing:
            raise BrokenError
        return len(self._text)

    def _pair(self, sign: str, open_: list[str]) -> None:
        if sign not in _CLOSING:
            open_.append(sign)
        elif not open_ or open_.pop() != _CLOSING[sign]:
            raise BrokenError

    def _string(self, begin: int, quote: Quote) -> int:
        at = begin
        while found := _inside(quote).search(self._text, at):
            at = found.end()
            if found.lastgroup == "closing":
                return at
            if found.lastgroup == "hole":
                self._depth += 1
                if self._depth > _DEEPEST:
                    raise BrokenError
                kept = len(self.kept)
                at = self.code(at, quote.hole_end)
                del self.kept[kept:]
                self._depth -= 1
            elif found.lastgroup == "end":
                break
        if quote.lines or quote.strict:
            raise BrokenError
        return begin

    def _comment(self, at: int) -> int:
        """Past a comment in which others may stand; one that never ends goes on to the end of the code."""
        depth = 1
        while found := _NESTED.search(self._text, at):
            at = found.end()
            depth += 1 if found[0] == "/*" else -1
            if not depth:
                return at
        return len(self._text)
