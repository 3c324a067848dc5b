"""Reading a review: JSON from a model made into findings, each anchored by the text it quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from rung.types.outcome import Finding
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


def _objects(raw: str) -> list[Any]:
    """Every JSON value that begins somewhere a person would look for one: the whole, a fence, the first brace."""
    decoder = json.JSONDecoder()
    starts = [
        0,
        *(m.end() for m in re.finditer(r"```(?:json)?\s*", raw)),
        *(m.start() for m in re.finditer(r"[\[{]", raw)),
    ]
    out = []
    for start in dict.fromkeys(starts[:40]):
        try:
            out.append(decoder.raw_decode(raw, start + len(raw[start:]) - len(raw[start:].lstrip()))[0])
        except (ValueError, RecursionError):
            continue
    return out


def _listed(raw: str) -> list[dict[str, Any]] | None:
    """The findings of the first JSON value that has any; None where the answer has none."""
    for value in _objects(raw):
        found = value.get("findings") if isinstance(value, dict) else value
        if isinstance(found, list) and all(isinstance(item, dict) for item in found):
            return found
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
        restore: puts back what was taken out of the prompt, so that quotes of it are found.
    """
    out, seen = [], set()
    for item in _listed(raw) or []:
        # Some models quote several lines, or decorate the line with its number: the range is found all the same.
        quote = item.get("quote")
        quote = restore(quote) if isinstance(quote, str) else ""
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
        return _range(text, index, index + len(wanted))
    pattern = r"\s+".join(re.escape(word) for word in wanted.split()[:200])
    match = re.compile(pattern).search(text, start)
    if match:
        return _range(text, match.start(), match.end())
    lines = sorted((line.strip() for line in wanted.splitlines()), key=len, reverse=True)
    longest = re.sub(r"^\s*\d+\s*[:|]\s*", "", lines[0])
    if len(longest) >= 8 and (longest != wanted):
        index = text.find(longest, start)
        if index >= 0:
            return _range(text, index, index + len(longest))
    return None


_LINE_END = re.compile(r"\r\n|\r|\n")


def _range(text: str, start: int, end: int) -> Range:
    return Range(_position(text, start), _position(text, end))


def _position(text: str, index: int) -> Position:
    ends = [match.end() for match in _LINE_END.finditer(text, 0, index)]
    return Position(len(ends), index - (ends[-1] if ends else 0))
