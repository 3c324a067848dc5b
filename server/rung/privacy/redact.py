"""Takes secrets out of a text before it leaves the machine, and puts them back into what quotes the text.

Each secret gives way to a placeholder of its own, ``[redacted-aws-key-1]``: the same secret to the same one, wherever
it stands. Invariants: lines stay lines, for neither secret nor placeholder holds a line break; what stands around a
secret stays as it is; a redacted text redacts to itself. No repr here shows a secret. Pure.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Mapping, Sequence

from rung.privacy import secrets
from rung.privacy.excerpt import Excerpt, Whole
from rung.privacy.found import Found
from rung.types.call import Message
from rung.types.part import Part
from rung.types.pattern import lazy
from rung.types.receipt import Redaction
from rung.types.value import Value

PLACEHOLDER = lazy(r"\[redacted-[a-z0-9-]+-\d+(?:\.\d+)?\]")
"""What stands where a secret stood; ``.7`` is the seventh line of a private key."""

_SHORT = 8
"""A secret of fewer characters is looked for elsewhere as a whole word only."""
_PLAIN = 16
"""A plain word of fewer letters is looked for elsewhere in quotes and addresses only: else the prompt would lose it."""
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
        self._originals = originals

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


class Redactor:
    """Takes the secrets out of all that goes to one place; the same secret has the same placeholder in every text.

    Asked again, it knows what it found before: a secret told by its name in one text goes out of another that only
    quotes it. Takes some tens of milliseconds for 100 KB: call it in a thread.
    """

    def __init__(self) -> None:
        self._known: dict[str, Found] = {}
        """By secret: the find that told it."""
        self._placeholders: dict[str, str] = {}
        """By secret."""
        self._numbers: dict[str, int] = {}
        """By kind: the number of its last placeholder."""
        self._counts: dict[str, int] = {}
        self._blocks: dict[int, tuple[int, int]] = {}
        """By private key: its number, and the number of its last line."""
        self._wholes: dict[str, tuple[Found, ...]] = {}
        """What was found in the texts that parts were cut from: they need not be searched again."""
        self._searched = 0
        """Characters searched so far: with it a key of one text has another number than one of another text."""

    @property
    def found(self) -> tuple[Redaction, ...]:
        """How many different secrets of each kind, for the receipt; a private key counts once."""
        return tuple(Redaction(kind, count) for kind, count in sorted(self._counts.items()))

    @property
    def restore(self) -> Restore:
        """The way back, for an edit or a finding's quote. A commit message must never be given back its secrets."""
        originals: dict[str, str] = {}
        for secret, name in self._placeholders.items():
            # One that was found later may hold the placeholder of an earlier one.
            originals[name] = Restore(originals)(secret)
        return Restore(originals)

    def parts(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """The parts of a prompt without their secrets, those too that only the text tells a part was cut from."""
        wholes = {part.whole: self._learned(part.whole) for part in parts if isinstance(part, Excerpt)}
        told = [_of_block(part.found, wholes[part.whole]) if isinstance(part, Excerpt) else () for part in parts]
        made = self._texts([part.text for part in parts], told)
        return tuple(
            part.replace(text=text) if spans else part for part, (text, spans) in zip(parts, made, strict=True)
        )

    def messages(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages as they are sent, paths, branches and the words of the template too, without their secrets."""
        made = self._texts([message.content for message in messages])
        return tuple(
            message.replace(content=text) if spans else message
            for message, (text, spans) in zip(messages, made, strict=True)
        )

    def text(self, text: str) -> Redacted:
        """One text."""
        ((made, spans),) = self._texts([text])
        return Redacted(made, self.found, spans, self.restore)

    def _learned(self, whole: Whole) -> int:
        """Remember what the text tells that parts were cut from; where its private keys are numbered from."""
        begin = self._searched
        self._wholes[whole.text] = whole.found
        self._searched += len(whole.text) + 1
        self._remember(whole.text, _outside_placeholders(whole.text, _of_block(whole.found, begin)))
        return begin

    def _remember(self, text: str, found: Iterable[Found]) -> None:
        for item in found:
            self._known.setdefault(text[item.start : item.end], item)

    def _texts(
        self, texts: Sequence[str], told: Sequence[tuple[Found, ...]] = ()
    ) -> list[tuple[str, tuple[Span, ...]]]:
        """The texts, and where in them secrets stood.

        Args:
            texts: to be searched.
            told: what is known of each already; it comes first, for it says more.
        """
        found = []
        for text, known in zip(texts, told or [()] * len(texts), strict=True):
            searched = self._wholes[text] if text in self._wholes else secrets.find(text)
            own = secrets.merge([*known, *_of_block(searched, self._searched)])
            self._searched += len(text) + 1
            found.append(_outside_placeholders(text, own))
            self._remember(text, found[-1])
        if not any(found) and not self._known:
            return [(text, ()) for text in texts]
        found = self._everywhere(texts, found)
        self._name(texts, found)
        return [_apply(text, own, self._placeholders) for text, own in zip(texts, found, strict=True)]

    def _everywhere(self, texts: Sequence[str], found: Sequence[tuple[Found, ...]]) -> list[tuple[Found, ...]]:
        """The finds, and every other place where one of these secrets stands."""
        telling = sorted((secret for secret in self._known if len(secret) >= _LEAST_ELSEWHERE), key=len, reverse=True)
        if not telling:
            return list(found)
        pattern = _any_of(telling)
        everywhere = []
        for text, own in zip(texts, found, strict=True):
            more = [
                self._known[match[0]].replace(start=match.start(), end=match.end()) for match in pattern.finditer(text)
            ]
            everywhere.append(_outside_placeholders(text, secrets.merge([*own, *more])))
        return everywhere

    def _name(self, texts: Sequence[str], found: Iterable[tuple[Found, ...]]) -> None:
        """A placeholder for each secret that has none, and how many there are of each kind."""
        taken = {name for text in texts for name in PLACEHOLDER.findall(text)}
        for text, own in zip(texts, found, strict=True):
            for item in own:
                secret = text[item.start : item.end]
                if secret in self._placeholders:
                    continue
                if item.block is not None and item.block in self._blocks:
                    serial, line = self._blocks[item.block]
                    self._blocks[item.block] = (serial, line + 1)
                    self._placeholders[secret] = f"[redacted-{item.kind}-{serial}.{line + 1}]"
                    continue
                serial = self._serial(item.kind, taken)
                if item.block is not None:
                    self._blocks[item.block] = (serial, 1)
                self._placeholders[secret] = f"[redacted-{item.kind}-{serial}{'' if item.block is None else '.1'}]"

    def _serial(self, kind: str, taken: Iterable[str]) -> int:
        """The next number of a kind that no placeholder has which stood there before."""
        serial = self._numbers.get(kind, 0) + 1
        while any(name.startswith((f"[redacted-{kind}-{serial}]", f"[redacted-{kind}-{serial}.")) for name in taken):
            serial += 1
        self._numbers[kind] = serial
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return serial

    def __repr__(self) -> str:
        return f"Redactor({len(self._placeholders)} placeholders)"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("secrets are not written anywhere")


def redact(text: str) -> Redacted:
    """The text without its secrets; see :class:`Redactor`."""
    return Redactor().text(text)


def _of_block(found: tuple[Found, ...], begin: int) -> tuple[Found, ...]:
    """The finds with their private keys numbered from ``begin`` on."""
    return tuple(item if item.block is None else item.replace(block=item.block + begin) for item in found)


def _outside_placeholders(text: str, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """The finds without those that lie in a placeholder: a word of ``[redacted-password-1]`` is no secret."""
    if not found or "[redacted-" not in text:
        return found
    spans = [match.span() for match in PLACEHOLDER.finditer(text)]
    return tuple(item for item in found if not any(start <= item.start and item.end <= end for start, end in spans))


def _any_of(secrets: Iterable[str]) -> re.Pattern[str]:
    """The pattern of many secrets elsewhere, given the longest first.

    A short one, or a number, is found as a whole word, a plain word only where a value stands.
    """
    plain = list[str]()
    words = list[str]()
    values = list[str]()
    for secret in secrets:
        if secret.isalpha() and len(secret) < _PLAIN:
            values.append(secret)
        else:
            (words if len(secret) < _SHORT or secret.isalpha() or secret.isdigit() else plain).append(secret)
    kinds = [_alternatives(plain)] if plain else []
    if words:
        kinds.append(rf"(?<!\w)(?:{_alternatives(words)})(?!\w)")
    if values:
        value = _alternatives(values)
        kinds.append(rf"(?<=[\"'`])(?:{value})(?=\\?[\"'`])|(?<=:)(?:{value})(?=@)")
    return re.compile("|".join(kinds))


def _alternatives(secrets: Iterable[str]) -> str:
    """The pattern of one of these, by their first two letters: so thousands of them take no longer."""
    firsts: dict[str, dict[str, list[str]]] = {}
    for secret in secrets:
        firsts.setdefault(secret[0], {}).setdefault(secret[1], []).append(re.escape(secret[2:]))
    grouped = {
        first: "|".join(f"{re.escape(second)}(?:{'|'.join(rests)})" for second, rests in seconds.items())
        for first, seconds in firsts.items()
    }
    return "|".join(f"{re.escape(first)}(?:{seconds})" for first, seconds in grouped.items())


def _apply(text: str, found: tuple[Found, ...], names: Mapping[str, str]) -> tuple[str, tuple[Span, ...]]:
    pieces: list[str] = []
    spans: list[Span] = []
    last = length = 0
    for item in found:
        name = names[text[item.start : item.end]]
        pieces += [text[last : item.start], name]
        start = length + item.start - last
        length, last = start + len(name), item.end
        spans.append(Span(item.start, item.end, start, length, item.kind))
    return "".join([*pieces, text[last:]]), tuple(spans)
