"""The prefixes of a prompt, such as ``[local]`` or ``[tier2]``: where the person wants it to start, and to stay."""

from __future__ import annotations

import re
from functools import lru_cache

from rung.routing.normal import widths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rung.settings.values import Settings

_BRACKETS = ("[", "\uff3b", "\u3010")
_MEANINGS = {"heavy": "tier2", "cloud": "tier3"}
LOCAL = "local"


@lru_cache(maxsize=1)
def _prefix() -> re.Pattern[str]:
    return re.compile(r"\s*[\[\uff3b\u3010]([^\[\]\uff3b\uff3d\u3010\u3011\n]{1,40})[\]\uff3d\u3011]\s*")


def split(prompt: str, settings: Settings) -> tuple[str | None, str]:
    """What the prefixes say and the prompt without them; (None, prompt) where it begins with none.

    A bracket that names nothing, such as ``[WIP]``, is the person's text and stays.

    Returns:
        The first tier that is named, ``local`` where that is, or both on lines of their own: a name may have spaces.
    """
    named: dict[bool, str] = {}
    # What some programs begin a text with, to say how it is written.
    rest = prompt.lstrip("\ufeff")
    while rest.lstrip().startswith(_BRACKETS) and (match := _prefix().match(rest)):
        name = _named(widths(match[1]).strip().lower(), settings)
        if name is None:
            break
        named.setdefault(name == LOCAL, name)
        rest = rest[match.end() :]
    return "\n".join(
        named[is_local] for is_local in (True, False) if is_local in named
    ) or None, rest if named else prompt


def pins(said: str | None) -> bool:
    """Whether what the prefixes say keeps the request on this machine."""
    return said is not None and said.partition("\n")[0] == LOCAL


def tier(said: str | None) -> str | None:
    """The tier that the prefixes name."""
    return (said.partition("\n")[2] if pins(said) else said) if said else None


def _named(word: str, settings: Settings) -> str | None:
    """The tier of a word (or ``local``); None where it names none."""
    if word == LOCAL:
        return LOCAL
    for known in settings.tiers:
        if known.name.lower() == word:
            return known.name
    found = settings.tier(_MEANINGS.get(word, word))
    return found.name if found else None
