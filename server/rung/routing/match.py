"""Whether a rule's conditions hold for a request, and why or why not, in words for the person."""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.globs import matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.settings.values import When
    from rung.types.features import Features

HEAD, TAIL = 4096, 2048
"""Characters of what the person typed that patterns look at: the first and the last."""


def ends_of(text: str) -> str:
    """The part of a long text that patterns look at."""
    return text if len(text) <= HEAD + TAIL else text[:HEAD] + "\n" + text[-TAIL:]


@lru_cache(maxsize=256)
def _word_pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """One alternation of all words: longest first, spaces as any white space, whole words only."""
    alternatives = sorted((r"\s+".join(map(re.escape, word.split())) for word in words if word.strip()), key=len)
    return re.compile(r"(?<!\w)(?:" + "|".join(reversed(alternatives)) + r")(?!\w)", re.IGNORECASE)


def word_in(words: tuple[str, ...], text: str) -> str | None:
    """The first of the words that stands in the text as a whole word; "improve" is not "prove"."""
    found = _word_pattern(words).search(text) if text else None
    return found[0] if found else None


def _same(wanted: tuple[str, ...], found: str | None) -> bool:
    return found is not None and found.lower() in {word.lower() for word in wanted}


def _any_glob(globs: tuple[str, ...], paths: tuple[str, ...]) -> str | None:
    return next((path for path in paths for glob in globs if matches(glob, path)), None)


def _expand(glob: str, home: str) -> str:
    return home + glob[1:] if glob.startswith("~/") else glob


def holds(when: When, features: Features, home: str) -> tuple[bool, str]:
    """Whether all conditions hold, and the sentence that says so.

    Args:
        when: the conditions; none at all always hold.
        features: the request.
        home: the home folder with ``/``, for globs that begin with ``~``.
    """
    reasons: list[str] = []
    for condition in (_simple, _tokens, _text, _places):
        for held, why in condition(when, features, home):
            if not held:
                return False, why
            reasons.append(why)
    return True, "; ".join(reasons) or "it always holds"


def _simple(when: When, features: Features, _home: str) -> list[tuple[bool, str]]:
    out = []
    if when.action:
        out.append((_same(when.action, features.action), f"the action is {features.action}"))
    if when.language:
        out.append((_same(when.language, features.language), f"the language is {features.language or 'not known'}"))
    return out


def _tokens(when: When, features: Features, _home: str) -> list[tuple[bool, str]]:
    out = []
    if when.tokens_over is not None:
        over = features.tokens > when.tokens_over
        word = "over" if over else "not over"
        out.append((over, f"about {features.tokens} tokens, {word} {when.tokens_over}"))
    if when.tokens_under is not None:
        under = features.tokens < when.tokens_under
        word = "under" if under else "not under"
        out.append((under, f"about {features.tokens} tokens, {word} {when.tokens_under}"))
    return out


def _text(when: When, features: Features, _home: str) -> list[tuple[bool, str]]:
    out = []
    if when.words:
        word = word_in(when.words, features.typed)
        out.append((word is not None, f'the prompt says "{word.lower()}"' if word else "none of its words was typed"))
    if when.pattern:
        text = ends_of(features.typed)
        hit = any(re.search(pattern, text) for pattern in when.pattern)
        out.append((hit, "a pattern matches the prompt" if hit else "no pattern matches the prompt"))
    return out


def _places(when: When, features: Features, home: str) -> list[tuple[bool, str]]:
    out = []
    if when.path:
        path = _any_glob(when.path, features.paths)
        out.append((path is not None, f"{path} is in it" if path else "no path in it matches"))
    if when.branch:
        branch = _any_glob(when.branch, (features.branch,) if features.branch else ())
        out.append((branch is not None, f"the branch is {features.branch or 'not known'}"))
    if when.repository:
        globs = tuple(_expand(glob, home) for glob in when.repository)
        hit = _any_glob(globs, (features.repository,) if features.repository else ())
        out.append((hit is not None, "the repository matches" if hit else "another repository"))
    return out
