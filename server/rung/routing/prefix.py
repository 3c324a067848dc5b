"""The prefix of a prompt, such as ``[local]`` or ``[tier2]``: where the person wants it to start."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.settings.values import Settings

_PREFIX = re.compile(r"\s*\[([^\[\]\n]{1,40})\]\s*")
_MEANINGS = {"heavy": "tier2", "cloud": "tier3"}


def split(prompt: str, settings: Settings) -> tuple[str | None, str]:
    """The prefix's tier (or ``local``) and the prompt without it; (None, prompt) where it begins with none.

    A bracket that names nothing, such as ``[WIP]``, is the person's text and stays.
    """
    match = _PREFIX.match(prompt)
    if not match:
        return None, prompt
    word = match[1].strip().lower()
    rest = prompt[match.end() :]
    if word == "local":
        return "local", rest
    for tier in settings.tiers:
        if tier.name.lower() == word:
            return tier.name, rest
    named = settings.tier(_MEANINGS.get(word, word))
    return (named.name, rest) if named else (None, prompt)
