"""Whether the conditions of rules hold for a request, and why or why not, in words for the person.

Rules are prepared once per settings: what they give is turned into a row of checks, and all their words into one table,
so that a decision reads the text once, however many rules there are. A condition that could not be found out (a pattern
that took too long, a branch that could not be read) neither holds nor fails: ``all``, ``any`` and ``not`` around it
count with that.

A request may come from several places and be of several languages at once. A pin holds if it would hold for any of
them alone, so what a pin excludes with ``not`` must be true of all of them.
"""

from __future__ import annotations

from functools import lru_cache

from rung.routing.features import Place, Placed, language_of
from rung.routing.globs import expanded, matches, matches_branch, matches_folder
from rung.routing.lists import Lists
from rung.routing.patterns import Patience
from rung.routing.tokens import estimate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeAlias

    from rung.routing.words import Said
    from rung.settings.values import Rule, When
    from rung.types.features import Features

    Verdict: TypeAlias = tuple[bool | None, str]
    """Whether it holds (None: could not be found out), and the sentence that says so."""
    Check: TypeAlias = tuple[Callable[[Any, "Look"], Verdict], Any]
    """A question, and what the rule wants as its answer."""


HEAD, TAIL = 6_000, 2_000
"""Tokens at both ends of a long text in which words are looked for: what is asked stands there. Pins by words look
through all of it."""


def _ends(typed: str) -> str:
    """The text, or both its ends where it is long, cut between two words if there are any."""
    tokens = estimate(typed)
    if tokens <= HEAD + TAIL:
        return typed
    head, tail = len(typed) * HEAD // tokens, len(typed) - len(typed) * TAIL // tokens
    last, first = typed.rfind(" ", head - 256, head), typed.find(" ", tail, tail + 256)
    return f"{typed[: last if last > 0 else head]}\n\n{typed[first if first > 0 else tail :]}"


class Look:
    """One request, while the rules look at it."""

    def __init__(self, features: Features, home: str, table: Lists, *, careful: bool = True) -> None:
        self.features = features
        self.home = home
        self.patience = Patience()
        self.wide = False
        """For a pin: whatever is in the context counts, not what it is about alone."""
        self.turned = False
        """Inside a ``not``."""
        self._table = table
        self._careful = careful
        """Whether words are looked for in all of what was typed, however long it is."""
        self._said: dict[int, Said] | None = None

    def said(self, number: int) -> Said | None:
        """The first word of that list in what was typed, and where it stands."""
        if self._said is None:
            typed = self.features.typed if self._careful else _ends(self.features.typed)
            self._said = self._table.look(typed) if typed else {}
        return self._said.get(number)


class Prepared:
    """Rules in their order, each with its checks."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._table = Lists(words for rule in rules for words in _lists(rule.when))
        self._rules = [(rule, checks(rule.when, self._table)) for rule in rules]
        self._careful = any(rule.enabled and has_pins(rule) and any(_lists(rule.when)) for rule in rules)

    def judge(self, features: Features, home: str) -> Iterator[tuple[Rule, bool | None, str]]:
        """Every rule with its verdict, in order."""
        look = Look(features, home, self._table, careful=self._careful)
        for rule, row in self._rules:
            look.wide = has_pins(rule)
            held, why = _judge(row, look) if rule.enabled else (False, "switched off")
            yield rule, held, why


def has_pins(rule: Rule) -> bool:
    """Whether it binds the request, besides saying where it starts."""
    return rule.local or rule.ceiling is not None or rule.budget is not None


class _Same:
    """A key for a cache that compares rules by identity: comparing a thousand of them would cost more than matching."""

    __slots__ = ("rules",)

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules

    def __hash__(self) -> int:
        return id(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.rules is other.rules


@lru_cache(maxsize=16)
def _prepared(key: _Same) -> Prepared:
    return Prepared(key.rules)


def prepared(rules: tuple[Rule, ...]) -> Prepared:
    """The rules, ready to be asked; made once for each settings."""
    return _prepared(_Same(rules))


def holds(when: When, features: Features, home: str, *, wide: bool = False) -> Verdict:
    """Whether all conditions hold, and the sentence that says so; None where that could not be found out.

    Args:
        when: the conditions; none at all always hold.
        features: the request.
        home: the home folder with ``/``, for globs that begin with ``~``.
        wide: as a pin asks.
    """
    table = Lists(_lists(when))
    look = Look(features, home, table)
    look.wide = wide
    return _judge(checks(when, table), look)


def _lists(when: When) -> Iterator[tuple[str, ...]]:
    """All lists of words in the conditions."""
    if when.words:
        yield when.words
    if when.before:
        yield when.before
    for inner in (*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())):
        yield from _lists(inner)


def checks(when: When, table: Lists) -> tuple[Check, ...]:
    """The row of checks the conditions ask for, the cheap ones first."""
    row: list[Check] = []
    if when.action:
        row.append((_action, _lower(when.action)))
    if when.language:
        row.append((_language, _lower(when.language)))
    if when.tokens_over is not None:
        row.append((_over, when.tokens_over))
    if when.tokens_under is not None:
        row.append((_under, when.tokens_under))
    if when.budget_left_under is not None:
        row.append((_budget, when.budget_left_under))
    if when.health:
        row += [(_health, (tier, {s for t, s in when.health if t == tier})) for tier in dict(when.health)]
    if when.words:
        row.append((_words, (table.numbers[when.words], table.numbers.get(when.before) if when.before else None)))
    if when.path:
        row.append((_path, _expanded(when.path)))
    if when.branch:
        row.append((_branch, _expanded(when.branch)))
    if when.repository:
        row.append((_repository, _expanded(when.repository)))
    row += [(_judge, checks(part, table)) for part in when.all_of]
    if when.any_of:
        row.append((_any, [checks(part, table) for part in when.any_of]))
    if when.not_of:
        row.append((_not, (checks(when.not_of, table), described(when.not_of))))
    if when.pattern:
        row.append((_pattern, when.pattern))
    return tuple(row)


def described(when: When) -> str:
    """The conditions in words, whatever becomes of them."""
    parts = []
    if when.action:
        parts.append(f"the action is {_or(when.action)}")
    if when.language:
        parts.append(f"the language is {_or(when.language)}")
    if when.tokens_over is not None:
        parts.append(f"over {when.tokens_over} tokens")
    if when.tokens_under is not None:
        parts.append(f"under {when.tokens_under} tokens")
    if when.budget_left_under is not None:
        parts.append(f"under ${when.budget_left_under:g} left today")
    parts += [f"{tier} is {_or(tuple(s for t, s in when.health if t == tier))}" for tier in dict(when.health)]
    if when.words:
        parts.append(f"the prompt says {_or(tuple(_quoted(word) for word in when.words))}")
    parts += [f"{name} matches" for name in ("path", "branch", "repository") if getattr(when, name)]
    parts += [described(part) for part in when.all_of]
    if when.any_of:
        parts.append(" or ".join(f"({described(part)})" for part in when.any_of))
    if when.not_of:
        parts.append(f"not ({described(when.not_of)})")
    if when.pattern:
        parts.append("a pattern matches")
    return " and ".join(parts) or "always"


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(words) if len(words) < 4 else f"{words[0]}, {words[1]} or one of {len(words) - 2} more"


def _quoted(word: str) -> str:
    return f'"{word.lower()}"'


def _expanded(globs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for glob in globs for one in expanded(glob))


def _lower(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def _judge(row: tuple[Check, ...], look: Look) -> Verdict:
    """All of the checks."""
    verdict: bool | None = True
    reasons = []
    for ask, wanted in row:
        held, why = ask(wanted, look)
        if held is False:
            return False, why
        if held is None:
            verdict = None
        reasons.append(why)
    return verdict, "; ".join(reasons) or "it always holds"


def _any(rows: list[tuple[Check, ...]], look: Look) -> Verdict:
    verdicts = []
    for row in rows:
        held, why = _judge(row, look)
        if held:
            return True, why
        verdicts.append((held, why))
    unsure = [why for held, why in verdicts if held is None]
    if unsure:
        return None, "; ".join(unsure)
    return False, "none of: " + "; ".join(why for _, why in verdicts)


def _not(wanted: tuple[tuple[Check, ...], str], look: Look) -> Verdict:
    row, description = wanted
    look.turned = not look.turned
    held, why = _judge(row, look)
    look.turned = not look.turned
    if held is None:
        return None, why
    if not held:
        return True, f"not ({description})"
    return False, f"`not` rules it out: {why}"


def _action(wanted: frozenset[str], look: Look) -> Verdict:
    action = look.features.action
    return action.lower() in wanted, f"the action is {action}"


def _language(wanted: frozenset[str], look: Look) -> Verdict:
    own = look.features.language
    if own and (own.lower() in wanted or not look.wide or look.turned):
        return own.lower() in wanted, f"the language is {own}"
    found = tuple(dict.fromkeys(language_of(path) for path in look.features.paths))
    hit = next((language for language in found if language in wanted), None)
    if look.wide and look.turned:
        hit = hit if all(language in wanted for language in found) else None
    named = hit or own or (_or(found) if found else "not known")
    return hit is not None, f"the language is {named}"


def _over(wanted: int, look: Look) -> Verdict:
    tokens = look.features.tokens
    over = tokens > wanted
    return over, f"about {tokens} tokens, {'over' if over else 'not over'} {wanted}"


def _under(wanted: int, look: Look) -> Verdict:
    tokens = look.features.tokens
    under = tokens < wanted
    return under, f"about {tokens} tokens, {'under' if under else 'not under'} {wanted}"


def _budget(wanted: float, look: Look) -> Verdict:
    left = look.features.budget_left
    if left is None:
        return False, "no daily budget is known"
    under = left < wanted
    return under, f"${left:.2f} left today, {'under' if under else 'not under'} ${wanted:.2f}"


def _health(wanted: tuple[str, set[str]], look: Look) -> Verdict:
    tier, states = wanted
    state = next((state for name, state in look.features.health if name == tier), "unknown")
    said = f"the state of {tier} is not known" if state == "unknown" else f"{tier} is {state}"
    return state in states, said


def _words(wanted: tuple[int, int | None], look: Look) -> Verdict:
    number, before = wanted
    found = look.said(number)
    if found is None:
        return False, "none of its words was typed"
    place, word = found
    earlier = None if before is None else look.said(before)
    if earlier and earlier[0] < place:
        return False, f"the prompt says {_quoted(earlier[1])} before {_quoted(word)}"
    return True, f"the prompt says {_quoted(word)}"


def _pattern(wanted: tuple[str, ...], look: Look) -> Verdict:
    return look.patience.search(wanted, look.features.typed)


def _path(wanted: tuple[str, ...], look: Look) -> Verdict:
    globs = tuple(look.home + glob[1:] if glob.startswith("~/") else glob for glob in wanted)
    rooted = tuple(glob for glob in globs if glob.startswith("/"))
    path = _any_glob(globs, look.features.paths)
    if path is None:
        path = _any_glob(rooted, look.features.absolute)
    if path is not None and look.wide and look.turned:
        # What a pin excludes must be all there is: one file that may leave takes no other with it.
        inside = all(_any_glob(globs, (one,)) is not None for one in look.features.paths)
        if not inside and not (rooted and all(_any_glob(rooted, (one,)) is not None for one in look.features.absolute)):
            return False, "some path in it does not match"
    return path is not None, f"{path} is in it" if path else "no path in it matches"


def _branch(wanted: tuple[str, ...], look: Look) -> Verdict:
    places = _places(look.features)
    verdicts = [None if place.branch is None else _is_branch(wanted, place.branch) for place in places]
    held = _of_all(verdicts, look)
    if held is None:
        return None, "the branch could not be found out"
    named = next((place.branch for place, one in zip(places, verdicts, strict=True) if one is held), None)
    return held, f"the branch is {named or 'not known'}"


def _repository(wanted: tuple[str, ...], look: Look) -> Verdict:
    globs = tuple(look.home + glob[1:] if glob.startswith("~/") else glob for glob in wanted)
    verdicts: list[bool | None] = [
        any(matches_folder(glob, name) for glob in globs for name in place.names) for place in _places(look.features)
    ]
    held = _of_all(verdicts, look)
    return held, "the repository matches" if held else "another repository"


def _places(features: Features) -> tuple[Place, ...]:
    if isinstance(features, Placed):
        return features.places
    return (Place((features.repository,) if features.repository else (), features.branch or ""),)


def _of_all(verdicts: list[bool | None], look: Look) -> bool | None:
    """One verdict of those on each place: any that holds is enough, but for what a pin excludes, where all must."""
    enough = not (look.wide and look.turned)
    if not verdicts:
        return False
    if enough in verdicts:
        return enough
    return None if None in verdicts else not enough


def _is_branch(globs: tuple[str, ...], branch: str) -> bool:
    return bool(branch) and any(matches_branch(glob, branch) for glob in globs)


def _any_glob(globs: tuple[str, ...], paths: tuple[str, ...]) -> str | None:
    return next((path for path in paths for glob in globs if matches(glob, path)), None)
