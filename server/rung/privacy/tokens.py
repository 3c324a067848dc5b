r"""Tokens that tell by their form what they are: a table of our own, and detect-secrets' patterns.

Of detect-secrets only the patterns are used, over a text in memory: its scanner reads files, runs git and can be
configured to ask the services themselves. Our own rows hold what it misses (version 1.5.0 knows neither Anthropic nor
Google, no ``github_pat_``, no new OpenAI key) or what it finds in part (it gives back ``ghp`` for a GitHub token).

The table of our own is :mod:`rung.privacy.forms`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from rung.privacy.forms import FORMS, JWT
from rung.privacy.found import Found
from rung.privacy.values import is_hole, is_made_up
from rung.types.pattern import lazy

DETECT_SECRETS = (
    ("aws", "AWSKeyDetector", "aws-key", "AKIA ASIA ABIA ACCA aws AWS Aws"),
    ("artifactory", "ArtifactoryDetector", "artifactory-token", "AKC AP"),
    ("github_token", "GitHubTokenDetector", "github-token", "ghp_ gho_ ghu_ ghs_ ghr_"),
    (
        "gitlab_token",
        "GitLabTokenDetector",
        "gitlab-token",
        "glpat- gldt- glft- glsoat- glrt- GR1348941 glcbt- glimt- glptt- glagent- gloas-",
    ),
    ("openai", "OpenAIDetector", "openai-key", "T3BlbkFJ"),
    ("pypi_token", "PypiTokenDetector", "pypi-token", "pypi-"),
    ("sendgrid", "SendGridDetector", "sendgrid-key", "SG."),
    ("slack", "SlackDetector", "slack-token", "xox"),
    ("square_oauth", "SquareOAuthDetector", "square-secret", "sq0csp-"),
    ("stripe", "StripeDetector", "stripe-key", "k_live_"),
    ("twilio", "TwilioKeyDetector", "twilio-key", "AC SK"),
)
"""Module, class, our kind and hints. Left out: what guesses from entropy or names alone, and what our own rows do."""

_WHOLE = {"github-token", "gitlab-token", "slack-token", "stripe-key"}
"""Their groups hold a piece of the token: the whole match counts."""
_NUMBERED = {"discord-webhook", "telegram-token"}
"""They begin with a number that is no secret: one that counts up does not make the rest an example."""
_LONGEST_LINE = 4000
"""Characters of a line that detect-secrets' patterns are given: some take the square of its length."""
_SIGNS = lazy(r"[+\->]{1,3}")
_IS_WORD = lazy(r"[A-Za-z0-9]")
_WRAPPING = " \t\r\n\"'=:"


def find(text: str) -> Iterator[Found]:
    """Every token in a text, in no order."""
    for row in FORMS:
        if any(hint in text for hint in row.hints):
            for match in row.pattern.finditer(text):
                start, end = match.span("secret" if "secret" in row.pattern.groupindex else 0)
                made_up = is_hole if row.kind in _NUMBERED else is_made_up
                if not made_up(text[start:end]) and (row.kind != JWT or _is_jwt(text[start:end])):
                    yield Found(row.kind, start, end)
    if any(hint in text for row in DETECT_SECRETS for hint in row[3].split()):
        yield from _theirs(text)


def _is_jwt(token: str) -> bool:
    """Whether head and claims are JSON, as detect-secrets looks at it."""
    from detect_secrets.plugins.jwt import JwtTokenDetector  # noqa: PLC0415 - takes a fifth of a second

    head, claims, _ = token.split(".")
    return JwtTokenDetector.is_formally_valid(f"{head}.{claims}")


@cache
def _patterns() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    """detect-secrets' patterns; importing them takes a fifth of a second, and reads nothing but modules."""
    rows = []
    for module, name, kind, hints in DETECT_SECRETS:
        detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
        rows += [(kind, tuple(hints.split()), pattern) for pattern in detector.denylist]
    return tuple(rows)


def _theirs(text: str) -> Iterator[Found]:
    rows = [row for row in _patterns() if any(hint in text for hint in row[1])]
    hints = "|".join(sorted({re.escape(hint) for row in rows for hint in row[1] if hint in text}))
    searched = 0
    for hint in re.finditer(hints, text):
        if hint.start() < searched:
            continue
        offset = text.rfind("\n", searched, hint.start()) + 1 or searched
        searched = (text.find("\n", hint.end()) + 1) or len(text)
        line = _unsigned(text[offset:searched])
        for kind, its_hints, pattern in rows:
            if not any(its in line for its in its_hints):
                continue
            for begin in range(0, len(line), _LONGEST_LINE):
                piece = line[max(0, begin - 500) : begin + _LONGEST_LINE]
                for start, end in _spans(kind, pattern, piece):
                    shift = offset + max(0, begin - 500)
                    yield Found(kind, shift + start, shift + end)


def _unsigned(line: str) -> str:
    """A line without a diff's signs: some of the patterns want a blank, or nothing, where they stand."""
    signs = _SIGNS.match(line)
    return " " * signs.end() + line[signs.end() :] if signs else line


def _spans(kind: str, pattern: re.Pattern[str], line: str) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(line):
        start, end = match.span(1 if pattern.groups and kind not in _WHOLE else 0)
        while start < end and line[start] in _WRAPPING:
            start += 1
        while start < end and line[end - 1] in _WRAPPING:
            end -= 1
        whole = not (_IS_WORD.match(line, start - 1) if start else None) and not _IS_WORD.match(line, end)
        word = kind == "artifactory-token" and not any(map(str.isdigit, line[start:end]))  # ``APCIterator``
        if whole and end > start and not word and not is_made_up(line[start:end]):
            yield start, end
