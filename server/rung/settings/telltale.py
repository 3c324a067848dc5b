"""Whether a text looks like a secret, so that no message ever repeats one that was pasted into the wrong place."""

from __future__ import annotations

import re

_KNOWN = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{6,}"
    r"|\b(?:gsk|ghp|gho|ghu|ghs|ghr|hf|glpat|xox[abprs]|xai|r8|nvapi|pplx|github_pat|tgp)[-_][A-Za-z0-9_-]{6,}"
    r"|\bAIza[A-Za-z0-9_-]{10,}|\bAKIA[A-Z0-9]{8,}|\beyJ[A-Za-z0-9_-]{8,}"
    r"|\bBearer\s+\S{8,}|-----BEGIN"
)
_LARGEST = 10**15
_RUN = re.compile(r"[A-Za-z0-9+/=]{20,}")


def looks_secret(text: str) -> bool:
    """Known prefixes of keys, and long runs that mix digits with letters as no word does."""
    if _KNOWN.search(text):
        return True
    return any(_is_noise(run) for run in _RUN.findall(text))


def _is_noise(run: str) -> bool:
    digits = sum(letter.isdigit() for letter in run)
    return digits >= 3 and any(letter.isalpha() for letter in run)


def shown(value: object) -> str:
    """How a message may name a value that was found: short and harmless ones in quotes, else its kind alone."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) > _LARGEST:
        return "a number of very many digits"
    if isinstance(value, int | float):
        return f"{value}"
    if value == "":
        return "an empty text"
    if isinstance(value, str):
        harmless = 0 < len(value) <= 40 and value.isprintable() and not looks_secret(value) and "@" not in value
        return f"`{value}`" if harmless else "a text"
    if isinstance(value, list):
        return "a list"
    return "a table" if isinstance(value, dict) else "a date or time"
