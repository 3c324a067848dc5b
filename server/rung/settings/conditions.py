"""What the ``when`` of a rule means: its table to a value, with the lists of words written out and each pattern tried.

The data has the right shape already (:mod:`rung.settings.shape`).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from rung.settings import globs, phrases, shape, telltale, wordlists
from rung.settings.lines import Where
from rung.settings.mistakes import Mistakes
from rung.settings.values import When

_DEEPEST = 10
_LONGEST_PATTERN = 2000
_MOST_REPEATS = 500_000
"""What a pattern says so many times over, as in `a{9}`, is compiled so many times: this much memory and time may go."""
_REPEATS = re.compile(r"\{\s*(\d+)")
_WORDS = ("words", "before")
_GLOBS = ("path", "branch", "repository")


class Conditions:
    """Reads the conditions of one file's rules."""

    def __init__(self, mistakes: Mistakes) -> None:
        self._mistakes = mistakes
        self._lists: dict[str, tuple[str, ...]] | None = None
        self._written_out: dict[str, tuple[str, ...]] = {}
        self._repeats = 0
        """Of all patterns of the file so far."""

    def read(self, table: Mapping[str, Any], where: Where, depth: int = 1) -> When:
        """The value of a table.

        Raises:
            SettingsError: it could never be meant so; or a file of words is wrong.
        """
        if depth > _DEEPEST:
            raise self._mistakes.at(where, f"These conditions are nested more than {_DEEPEST} deep.")
        given: dict[str, Any] = {}
        for name, value in table.items():
            given[shape.IN_VALUES.get(name, name)] = self._field(name, value, (*where, name), depth)
        when = When(**given)
        if when.before and not when.words:
            raise self._mistakes.at((*where, "before"), "`before` needs `words`: what must come first.")
        if when.tokens_over is not None and when.tokens_under is not None and when.tokens_over >= when.tokens_under:
            raise self._mistakes.at(where, "This `when` never holds: `tokens_over` must be less than `tokens_under`.")
        return when

    def _field(self, name: str, value: Any, where: Where, depth: int) -> Any:
        if name == "budget_left_under" and not math.isfinite(value):
            raise self._mistakes.expected(where, value, "a finite number of dollars")
        if isinstance(value, int | float):
            return value
        if not value:
            raise self._empty(name, where)
        if name == "health":
            return self._health(value, where)
        if name == "not":
            return self.read(value, where, depth + 1)
        if name in ("all", "any"):
            parts = [self.read(part, (*where, number), depth + 1) for number, part in enumerate(value)]
            if any(part == When() for part in parts):
                raise self._empty(name, (*where, parts.index(When())))
            return tuple(parts)
        return self._texts(name, (value,) if isinstance(value, str) else tuple(value), where, isinstance(value, str))

    def _empty(self, name: str, where: Where) -> Exception:
        text = f"`{name}` is empty, and would match nothing or everything: leave it out or fill it."
        return self._mistakes.at(where, text)

    def _health(self, table: Mapping[str, str | list[str]], where: Where) -> tuple[tuple[str, str], ...]:
        pairs = []
        for tier, states in table.items():
            if not states:
                raise self._empty(tier, (*where, tier))
            pairs += [(tier, state) for state in ([states] if isinstance(states, str) else states)]
        return tuple(pairs)

    def _texts(self, name: str, entries: tuple[str, ...], where: Where, is_one: bool) -> tuple[str, ...]:  # noqa: FBT001
        if not all(entry.strip() for entry in entries):
            raise self._empty(name, where)
        out: dict[str, None] = {}
        places = {entry: number for number, entry in reversed([*enumerate(entries)])}
        for entry, number in sorted(places.items(), key=lambda pair: pair[1]):
            at = where if is_one else (*where, number)
            if name in _WORDS:
                out.update(dict.fromkeys(self._words(entry.strip(), at)))
            elif name == "pattern":
                out[self._pattern(entry, at)] = None
            else:
                out[self._glob(name, entry, at) if name in _GLOBS else entry] = None
        return tuple(out)

    def _glob(self, name: str, glob: str, where: Where) -> str:
        """The glob, see :mod:`rung.settings.globs`.

        Raises:
            SettingsError: it can match nothing, or stands for more than can be looked at.
        """
        tidied = globs.tidied(name, glob)
        wrong = globs.problem(name, tidied) or (globs.TOO_MANY if globs.is_too_many(tidied) else None)
        if wrong:
            raise self._mistakes.at(where, wrong)
        return tidied

    def _words(self, entry: str, where: Where) -> tuple[str, ...]:
        """A word or phrase; or all those of the list it names."""
        entry = unicodedata.normalize("NFC", entry)
        if not entry.startswith("@"):
            trouble = phrases.problem(entry)
            if trouble:
                raise self._mistakes.at(where, f"This entry {trouble}.", "For signs there is `pattern`.")
            return phrases.by_first_word(entry)
        if self._lists is None:
            self._lists = wordlists.read()
        if entry[1:] not in self._lists:
            known = ", ".join(f"`@{name}`" for name in sorted(self._lists))
            raise self._mistakes.at(
                where, f"There is no list named {telltale.shown(entry[1:])}.", f"There are {known}."
            )
        if entry not in self._written_out:
            forms = (form for one in self._lists[entry[1:]] for form in phrases.by_first_word(one))
            self._written_out[entry] = tuple(forms)
        return self._written_out[entry]

    def _pattern(self, pattern: str, where: Where) -> str:
        import regex  # type: ignore[import-untyped]  # noqa: PLC0415 - 16 ms; it has no types of its own

        said = "" if len(pattern) <= _LONGEST_PATTERN else f": it has more than {_LONGEST_PATTERN} characters"
        if said:
            raise self._mistakes.at(where, f"This `pattern` is too long{said}.")
        # As if each were inside the next: how they really are could only be told by reading the whole language.
        self._repeats += math.prod(max(1, min(_MOST_REPEATS, int(n[:9]))) for n in _REPEATS.findall(pattern))
        if self._repeats > _MOST_REPEATS:
            text = "This `pattern` repeats things too often: its `{...}` together come to too much."
            raise self._mistakes.at(where, text, "Make the numbers smaller, or use `+` or `*`.")
        try:
            regex.compile(pattern)
        except regex.error as error:
            said = f": {error.msg} (character {(error.pos or 0) + 1})"
        except (OverflowError, RecursionError, ValueError):
            said = ": it is too large"
        else:
            return pattern
        raise self._mistakes.at(where, f"This `pattern` is no regular expression{said}.")
