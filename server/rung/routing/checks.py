"""The conditions of a rule as a row of checks, to be asked one after the other, and in words for a person."""

from __future__ import annotations

from rung.routing import questions
from rung.routing.globs import expanded
from rung.routing.questions import either, quoted
from rung.routing.tokens import counted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from rung.routing.lists import Lists
    from rung.routing.look import Look, Verdict
    from rung.settings.values import When

    Check: TypeAlias = tuple[Callable[[Any, Look], Verdict], Any]
    """A question, and what the rule wants as its answer."""


def checks(when: When, table: Lists) -> tuple[Check, ...]:
    """The row of checks the conditions ask for, the cheap ones first."""
    row: list[Check] = []
    if when.action:
        row.append((questions.action, _lower(when.action)))
    if when.language:
        row.append((questions.language, _lower(when.language)))
    if when.tokens_over is not None:
        row.append((questions.over, when.tokens_over))
    if when.tokens_under is not None:
        row.append((questions.under, when.tokens_under))
    if when.budget_left_under is not None:
        row.append((questions.budget, when.budget_left_under))
    if when.health:
        row += [(questions.health, (tier, {s for t, s in when.health if t == tier})) for tier in dict(when.health)]
    if when.words:
        row.append(
            (questions.words, (table.numbers[when.words], table.numbers.get(when.before) if when.before else None))
        )
    if when.path:
        row.append((questions.path, _expanded(when.path)))
    if when.branch:
        row.append((questions.branch, _expanded(when.branch)))
    if when.repository:
        row.append((questions.repository, _expanded(when.repository)))
    row += [(judge, checks(part, table)) for part in when.all_of]
    if when.any_of:
        row.append((_any, [checks(part, table) for part in when.any_of]))
    if when.not_of:
        row.append((_not, (checks(when.not_of, table), described(when.not_of))))
    if when.pattern:
        row.append((questions.pattern, when.pattern))
    return tuple(row)


def described(when: When) -> str:
    """The conditions in words, whatever becomes of them."""
    parts = []
    if when.action:
        parts.append(f"the action is {either(when.action)}")
    if when.language:
        parts.append(f"the language is {either(when.language)}")
    if when.tokens_over is not None:
        parts.append(f"over {counted(when.tokens_over)}")
    if when.tokens_under is not None:
        parts.append(f"under {counted(when.tokens_under)}")
    if when.budget_left_under is not None:
        parts.append(f"under ${when.budget_left_under:g} left today")
    parts += [f"{tier} is {either(tuple(s for t, s in when.health if t == tier))}" for tier in dict(when.health)]
    if when.words:
        parts.append(f"the prompt says {either(tuple(quoted(word) for word in when.words))}")
    parts += [f"{name} matches" for name in ("path", "branch", "repository") if getattr(when, name)]
    parts += [described(part) for part in when.all_of]
    if when.any_of:
        parts.append(" or ".join(f"({described(part)})" for part in when.any_of))
    if when.not_of:
        parts.append(f"not ({described(when.not_of)})")
    if when.pattern:
        parts.append("a pattern matches")
    return " and ".join(parts) or "always"


def judge(row: tuple[Check, ...], look: Look) -> Verdict:
    """Whether all of the checks hold."""
    verdict: bool | None = True
    reasons = []
    for ask, wanted in row:
        held, why = ask(wanted, look)
        if held is False:
            return False, why
        if held is None:
            verdict = None
        reasons.append(why)
    return verdict, _together(reasons) or "it always holds"


def _any(rows: list[tuple[Check, ...]], look: Look) -> Verdict:
    verdicts = []
    for row in rows:
        held, why = judge(row, look)
        if held:
            return True, why
        verdicts.append((held, why))
    unsure = [why for held, why in verdicts if held is None]
    if unsure:
        return None, _together(unsure)
    reasons = [why for _, why in verdicts]
    return False, reasons[0] if len(set(reasons)) == 1 else f"none of: {_together(reasons)}"


def _together(reasons: list[str]) -> str:
    """The reasons as one, each of them once."""
    return "; ".join(dict.fromkeys(reasons))


def _not(wanted: tuple[tuple[Check, ...], str], look: Look) -> Verdict:
    row, description = wanted
    look.turned = not look.turned
    held, why = judge(row, look)
    look.turned = not look.turned
    if held is None:
        return None, why
    if not held:
        return True, f"not ({description})"
    return False, f"`not` rules it out: {why}"


def _expanded(globs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for glob in globs for one in expanded(glob))


def _lower(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)
