"""What a fix did, read off its lines: which guard, bound, condition or error handling came. Pure."""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re

from rung.actions.builtin.facts import Facts
from rung.types.pattern import lazy

_NONE = lazy(
    r"\s*(?:\}? ?el(?:se ?)?if|if|unless|guard)\b[ (]*(?:(?P<none>[\w.]+) is None|(?P<null>[\w.>-]+) ={2,3} (?:null|undefined|nil|nullptr|NULL)\b"
    r"|not (?P<empty>[\w.]+) *:|!(?P<falsy>[\w.]+)\)? *(?:\{|return|$)|(?P<length>[\w.]+)\.(?:length|size\(\)) ={2,3} 0|len\((?P<sized>[\w.]+)\) == 0"
    r"|(?P<isempty>[\w.]+)\.(?:is_empty|isEmpty)\(\))"
)
_PRESENT = lazy(r"\s*(?:if|when)\b[ (]*(?P<name>[\w.]+) (?:is not None|!={1,2} (?:null|undefined|nil|nullptr|NULL)\b)")
_CAUGHT = lazy(r"\s*(?:except|\} catch|catch|rescue)\b[ (]*(?P<names>[A-Z][\w.]*(?:\s*[,|]\s*[A-Z][\w.]*)*)")
_RAISED = lazy(r"\s*(?:raise|throw new) (?P<name>[A-Z]\w*)")
_PARAMETER = lazy(r"(\w+)(?:\s*:\s*[^,=()]+)?\s*=\s*[^,=()]+")
_STRING = lazy(r"([\"'`])(?:\\.|(?!\1).)*\1")
_BOUND = lazy(r"<=|>=|[<>]|[+-] ?1\b|\b[01]\b")
_CONDITION = lazy(r"\s*(?:\} ?)?(?:if|elif|else if|elsif|while|until|unless|assert|when)\b")


def what(facts: Facts) -> str | None:
    """The fix in a few words, without the place: ``handle missing token``; None where the lines don't say."""
    for line in facts.edits:
        found = _NONE.match(line)
        if found:
            return _guarded(found)
    for line in facts.edits:
        caught = _CAUGHT.match(line)
        if caught:
            names = re.split(r"\s*[,|]\s*", caught["names"])
            return f"handle {' and '.join(name.rpartition('.')[2] for name in names[:2])}"
    for line in facts.edits:
        present = _PRESENT.match(line)
        if present:
            return f"handle missing {_last(present['name'])}"
    replaced = [(old, new) for old, new in facts.replaced if old.split() != new.split()]
    if any(_bare(old) == _bare(new) for old, new in replaced):
        return "correct bounds"
    if replaced and all(_STRING.sub('""', old) == _STRING.sub('""', new) for old, new in replaced):
        return "correct text"
    if any(_CONDITION.match(old) and _CONDITION.match(new) for old, new in replaced):
        return "correct condition"
    raised = next((found["name"] for line in facts.net_plus if (found := _RAISED.match(line))), None)
    return f"raise {raised}" if raised else None


def _guarded(found: re.Match[str]) -> str:
    said = {name: value for name, value in found.groupdict().items() if value}
    kind, name = next(iter(said.items()))
    word = (
        "missing"
        if kind in ("none", "null")
        else "empty"
        if kind in ("length", "sized", "isempty")
        else "empty or missing"
    )
    return f"handle {word} {_last(name)}"


def _last(name: str) -> str:
    """Of ``self.config.token`` the last word."""
    return re.split(r"\.|->", name.rstrip("."))[-1]


def _bare(line: str) -> str:
    return "".join(_BOUND.sub("", line).split()) if _BOUND.search(line) else line


def new_parameters(facts: Facts) -> list[str]:
    """Parameters with a default that a signature got."""
    found: list[str] = []
    for old, new in facts.replaced:
        if re.match(r"\s*(?:export )?(?:async )?(?:def|function|fun|func)\b", new):
            before = set(_PARAMETER.findall(old))
            found.extend(name for name in _PARAMETER.findall(new) if name not in before)
    return list(dict.fromkeys(found))
