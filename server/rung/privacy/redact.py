"""Takes secrets out of a text before it leaves the machine, and puts them back into what quotes the text.

Each secret gives way to a placeholder of its own, ``[redacted-aws-key-1]``: the same secret to the same one, wherever
it stands. Invariants: lines stay lines, for neither secret nor placeholder holds a line break; what stands around a
secret stays as it is; a redacted text redacts to itself. No repr here shows a secret. Pure.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from rung.privacy import secrets
from rung.privacy.found import Found
from rung.types.part import Part
from rung.types.receipt import Redaction
from rung.types.value import Value

PLACEHOLDER = re.compile(r"\[redacted-[a-z0-9-]+-\d+(?:\.\d+)?\]")
"""What stands where a secret stood; ``.7`` is the seventh line of a private key."""

_SHORT = 8
"""A secret of fewer characters is looked for elsewhere as a whole word only."""
_LEAST_ELSEWHERE = 6
"""A piece of fewer characters (the end of a private key) is taken out only where it was found."""


class Span(Value):
    """One place where a secret stood."""

    start: int
    """In the original text."""
    end: int
    redacted_start: int
    """In the redacted text."""
    redacted_end: int
    kind: str


class Restore:
    """Puts the secrets back where their placeholders are quoted; callable, and silent about what it holds."""

    def __init__(self, originals: Mapping[str, str]) -> None:
        self._originals = dict(originals)

    def __call__(self, text: str) -> str:
        """The text with every placeholder it quotes as it was; what looks like one but is none stays."""
        return PLACEHOLDER.sub(lambda found: self._originals.get(found[0], found[0]), text)

    def __len__(self) -> int:
        return len(self._originals)

    def __repr__(self) -> str:
        return f"Restore({len(self)} placeholders)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("secrets are not written anywhere")


class Redacted(Value):
    """A text that may leave the machine, and the way back."""

    text: str
    found: tuple[Redaction, ...]
    """How many different secrets of each kind, for the receipt; a private key counts once."""
    spans: tuple[Span, ...]
    """In the order of the text."""
    restore: Restore
    """``restore(text)`` puts originals back into a text that quotes placeholders."""

    def to_original(self, offset: int) -> int:
        """The place in the original of a place in ``text``; one inside a placeholder is where its secret begins.

        Lines need no such map: line 7 of the one is line 7 of the other.
        """
        number = bisect.bisect_right(self.spans, offset, key=lambda span: span.redacted_start) - 1
        if number < 0:
            return offset
        span = self.spans[number]
        return span.start if offset < span.redacted_end else offset - span.redacted_end + span.end

    def __repr__(self) -> str:
        return f"Redacted({len(self.spans)} places)"


def redact(text: str) -> Redacted:
    """The text without its secrets.

    Takes some tens of milliseconds for 100 KB: call it in a thread.
    """
    return _redact_all([text])[0]


def redact_parts(parts: tuple[Part, ...]) -> tuple[tuple[Part, ...], tuple[Redaction, ...], Callable[[str], str]]:
    """The parts of a prompt without their secrets; a secret has the same placeholder in all of them.

    Returns:
        The parts; how many different secrets of each kind were in them, for the receipt; and the way back, for an
        edit or a finding's quote. A commit message must never be given back its secrets.
    """
    redacted = _redact_all([part.text for part in parts])
    if not redacted:
        return (), (), Restore({})
    clean = tuple(
        part if not made.spans else part.replace(text=made.text) for part, made in zip(parts, redacted, strict=True)
    )
    return clean, redacted[0].found, redacted[0].restore


def _redact_all(texts: Sequence[str]) -> list[Redacted]:
    """All texts with placeholders in common; each result has the findings of all of them."""
    found = [secrets.find(text) for text in texts]
    if not any(found):
        return [Redacted(text, (), (), Restore({})) for text in texts]
    found = _everywhere(texts, found)
    names, counts = _names(texts, found)
    restore = Restore({name: secret for secret, name in names.items()})
    kinds = tuple(Redaction(kind, count) for kind, count in sorted(counts.items()))
    return [_apply(text, own, names, kinds, restore) for text, own in zip(texts, found, strict=True)]


def _everywhere(texts: Sequence[str], found: Sequence[tuple[Found, ...]]) -> list[tuple[Found, ...]]:
    """The finds, and every other place where one of these secrets stands."""
    known: dict[str, Found] = {}
    for text, own in zip(texts, found, strict=True):
        for item in own:
            known.setdefault(text[item.start : item.end], item)
    telling = sorted((secret for secret in known if len(secret) >= _LEAST_ELSEWHERE), key=len, reverse=True)
    if not telling:
        return list(found)
    pattern = re.compile("|".join(map(_whole, telling)))
    everywhere = []
    for text, own in zip(texts, found, strict=True):
        more = [known[match[0]].replace(start=match.start(), end=match.end()) for match in pattern.finditer(text)]
        everywhere.append(secrets.merge([*own, *more]))
    return everywhere


def _whole(secret: str) -> str:
    escaped = re.escape(secret)
    return rf"(?<!\w){escaped}(?!\w)" if len(secret) < _SHORT or secret.isalpha() else escaped


def _names(texts: Sequence[str], found: Iterable[tuple[Found, ...]]) -> tuple[dict[str, str], dict[str, int]]:
    """A placeholder for each secret, and how many there are of each kind."""
    taken = {name for text in texts for name in PLACEHOLDER.findall(text)}
    names: dict[str, str] = {}
    counts: dict[str, int] = {}
    numbers: dict[str, int] = {}
    for text, own in zip(texts, found, strict=True):
        blocks: dict[int, tuple[int, int]] = {}
        for item in own:
            secret = text[item.start : item.end]
            if secret in names:
                continue
            if item.block is not None and item.block in blocks:
                serial, line = blocks[item.block]
                blocks[item.block] = (serial, line + 1)
                names[secret] = f"[redacted-{item.kind}-{serial}.{line + 1}]"
                continue
            serial = numbers.get(item.kind, 0) + 1
            while any(
                name.startswith((f"[redacted-{item.kind}-{serial}]", f"[redacted-{item.kind}-{serial}."))
                for name in taken
            ):
                serial += 1
            numbers[item.kind] = serial
            counts[item.kind] = counts.get(item.kind, 0) + 1
            if item.block is not None:
                blocks[item.block] = (serial, 1)
            names[secret] = f"[redacted-{item.kind}-{serial}{'' if item.block is None else '.1'}]"
    return names, counts


def _apply(
    text: str, found: tuple[Found, ...], names: Mapping[str, str], kinds: tuple[Redaction, ...], restore: Restore
) -> Redacted:
    pieces: list[str] = []
    spans: list[Span] = []
    last = length = 0
    for item in found:
        name = names[text[item.start : item.end]]
        pieces += [text[last : item.start], name]
        start = length + item.start - last
        length, last = start + len(name), item.end
        spans.append(Span(item.start, item.end, start, length, item.kind))
    return Redacted("".join([*pieces, text[last:]]), kinds, tuple(spans), restore)
