"""Reading a review: JSON from a model made into findings, each anchored by the text it quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from rung.providers.invisible import visible
from rung.types.outcome import Finding
from rung.types.pattern import lazy
from rung.types.request import Position, Range

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "severity": {"type": "string", "enum": ["error", "warning", "info", "hint"]},
                    "category": {"type": "string"},
                    "title": {"type": "string"},
                    "reason": {"type": "string"},
                    "quote": {"type": "string"},
                    "suggestion": {"type": "string"},
                },
                "required": ["severity", "category", "title", "reason", "quote", "suggestion"],
                "additionalProperties": False,
            },
        },
        "summary": {"type": "string"},
    },
    "required": ["findings", "summary"],
    "additionalProperties": False,
}
"""What servers that can be held to a schema are held to; strict in OpenAI's sense."""

SEVERITIES = {"error": "error", "critical": "error", "high": "error", "warning": "warning", "medium": "warning"}
SEVERITIES |= {"warn": "warning", "info": "info", "information": "info", "note": "info", "low": "info", "hint": "hint"}


_FENCED = lazy(r"```[ \t]*(\w*)[ \t]*\r?\n(.*?)```", re.DOTALL)
_OURS = lazy(r"\{\s*\"(?:findings|summary|severity|category|title|reason|quote|suggestion)\"")
_MOST = 40
"""Braces in the talk before a review that are looked at."""


def _whole(text: str) -> Any:
    """The JSON value that a text is; None where it is none. Models quote lines with their tabs and ends as they are."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _items(value: Any) -> list[dict[str, Any]] | None:
    """The findings in a value, or in the one object that it wraps."""
    if isinstance(value, dict) and "findings" not in value:
        value = next((inner for inner in value.values() if isinstance(inner, dict) and "findings" in inner), None)
    found = value.get("findings") if isinstance(value, dict) else value
    return found if isinstance(found, list) and all(isinstance(item, dict) for item in found) else None


def _listed(raw: str) -> list[dict[str, Any]] | None:
    """The findings of an answer; None where it has none, not even an empty list of them.

    An object that says ``findings`` counts wherever it stands. A bare list counts as the whole answer alone, or with
    findings in it as all of a fence: talk of code is full of lists.
    """
    text = visible(raw).strip()
    fences = _FENCED.findall(text)
    inside = fences[0][1].strip() if len(fences) == 1 and fences[0][0].lower() in ("", "json") else ""
    alone = text.startswith("```") and text.endswith("```")
    for whole in (text, inside):
        value = _whole(whole)
        if isinstance(value, dict) or (isinstance(value, list) and (whole is text or alone or value)):
            found = _items(value)
            if found is not None and (isinstance(value, dict) or not found or _text(found[0], "title")):
                return found
    return _embedded(text)


def _embedded(text: str) -> list[dict[str, Any]] | None:
    """The findings of the first object in the talk that has any; None as well where a review begins and never ends."""
    decoder, at = json.JSONDecoder(strict=False), 0
    for _ in range(_MOST):
        at = text.find("{", at)
        if at < 0:
            return None
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            if _OURS.match(text, at):
                return None
            at += 1
            continue
        found = _items(value)
        if found is not None or "findings" in value:
            return found
        at = end
    return None


def fault(raw: str) -> str | None:
    """Why the answer cannot be read; None where it can."""
    found = _listed(raw)
    if found is None:
        return "it is no JSON object with findings"
    if any(not _text(item, "title") and not _text(item, "reason") for item in found):
        return "a finding has neither title nor reason"
    return None


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    return value.strip() if isinstance(value, str) else ""


def read(raw: str, text: str, path: str, start: int = 0, restore: Callable[[str], str] = str) -> tuple[Finding, ...]:
    """The findings of an answer.

    Args:
        raw: what the model said; :func:`fault` said it can be read.
        text: the document as it was, in which the quotes are looked for.
        path: of the document.
        start: where in the text the piece begins that was asked about; what it repeats from above is found below.
        restore: puts back what was taken out of the prompt, so that quotes are found and suggestions fit.
    """
    out, seen = [], set()
    for given in _listed(raw) or []:
        # Whatever it quotes: what is suggested is to be put into the real text.
        item = {name: restore(value) if isinstance(value, str) else value for name, value in given.items()}
        # Some models quote several lines, or decorate the line with its number: the range is found all the same.
        quote = item["quote"] if isinstance(item.get("quote"), str) else ""
        title = _text(item, "title") or _text(item, "reason").split(". ")[0][:80]
        if (title, quote) in seen:
            continue
        seen.add((title, quote))
        severity = SEVERITIES.get(_text(item, "severity").lower(), "info")
        where = locate(quote, text, start) or (locate(quote, text) if start else None)
        out.append(
            Finding(
                severity=severity,  # type: ignore[arg-type]  # the table's values are the four words
                category=_text(item, "category") or "review",
                title=title,
                reason=_text(item, "reason") or title,
                quote=quote.strip("\r\n"),
                suggestion=_text(item, "suggestion") or None,
                range=where,
                path=path,
            )
        )
    return tuple(out)


def locate(quote: str, text: str, start: int = 0) -> Range | None:
    """Where a quoted piece of code stands: exactly, else with other white space, else by its longest line.

    None where it does not stand there, or too little is quoted to tell.
    """
    wanted = quote.strip()
    if len(wanted) < 3:
        return None
    index = text.find(wanted, start)
    if index >= 0:
        return span(text, index, index + len(wanted))
    pattern = r"\s+".join(re.escape(word) for word in wanted.split()[:200])
    match = re.compile(pattern).search(text, start)
    if match:
        return span(text, match.start(), match.end())
    lines = sorted((line.strip() for line in wanted.splitlines()), key=len, reverse=True)
    longest = re.sub(r"^\s*\d+\s*[:|]\s*", "", lines[0])
    if len(longest) >= 8 and (longest != wanted):
        index = text.find(longest, start)
        if index >= 0:
            return span(text, index, index + len(longest))
    return None


_LINE_END = lazy(r"\r\n|\r|\n")


def span(text: str, start: int, end: int) -> Range:
    """The range between two places in a text, both counted from 0."""
    return Range(_position(text, start), _position(text, end))


def _position(text: str, index: int) -> Position:
    ends = [match.end() for match in _LINE_END.finditer(text, 0, index)]
    return Position(len(ends), index - (ends[-1] if ends else 0))
