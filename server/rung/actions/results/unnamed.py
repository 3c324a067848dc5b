"""First lines that name no change: a form nobody filled in, a word for nothing, talk, a question back.

People write subjects in any form, so only what no author would say of a change is one of these.
"""

# ruff: noqa: E501, RUF001 - a pattern is easier to read in one piece

from __future__ import annotations

from rung.actions.results.counter_question import asks_back
from rung.types.pattern import lazy

_TYPES = r"(?:feat|fix|docs?|style|refactor|perf|tests?|build|ci|chore|revert)"
_PREFIX = r"(?:[\w-]{2,20}(?:\([^()\n]{1,60}\))?!?:\s*)"
_CONVENTIONAL = lazy(r"[\w-]{2,20}(?:\([^()\n]{1,60}\))?!?: \S")
# "docs" and "refactor" alone are poor, but words; "feat" is none.
_BARE = lazy(rf"(?i)feat|chore|{_TYPES}(?:\([^()\n]{{1,60}}\))?!?:|[\w-]{{2,20}}\([^()\n]{{1,60}}\)!?:?")
_FORM = lazy(
    r"(?i)^(?-i:<[a-z][^>A-Z]*>)(?:\(<[^>]+>\))?:|^(?:type|<type>)\((?:scope|<scope>)\)|^\[(?:type|subject|commit message)\]|<(?:description|subject|short summary)>"
)
_FIELD = r"(?:commit |git )?(?:description|subject(?: line)?|summary|message|title|text|body)"
_BLANK = lazy(
    rf"(?i){_PREFIX}?(?:"
    rf"[<\[{{(]+(?:[\w' -]{{0,40}}\b)?(?:{_FIELD}|insert|your|placeholder|here)\b[\w' -]{{0,40}}[>\]}})]+"
    rf"|(?:the |a |an |your )?(?:short |brief |concise |imperative )*{_FIELD}(?: (?:here|goes here|of (?:the |your )?(?:changes?|commit)))?"
    r"|(?:your|insert|write|add|enter) (?:the |a |your )?(?:commit )?(?:message|description|subject|summary)(?: here)?"
    r")[.…]{0,3}"
)
_NOTHING = lazy(
    r"(?i)(?:none|null|nil|n/?a|undefined|unknown|nothing|empty|tbd|not applicable|untitled|no (?:code )?(?:changes?|diff)(?: (?:made|detected|found|provided|to commit|needed))?"
    r"|(?:git )?(?:diff|commit|status|log|show)(?: --?[\w-]+)*|(?:the )?(?:code|diff|changes?|commit|patch)|(?:code |the )?changes?(?: made)?|as requested|done|ok(?:ay)?|yes|no)[.!]?"
)
_OF = r"(?:provided |given |above |staged |code |following )*"
_TALK = lazy(
    r"(?i)^(?:based on the (?:diff|changes?|provided)\b|i(?:'m| am|'ve| have(?! no idea)| cannot| can't| could| do not| don't| would| will| need| require| understand| think| believe)\b|as an ai|sorry\b(?:[,.!]| but\b| i\b)|unfortunately,? (?:i|the|there|this|no)\b"
    rf"|the {_OF}(?:diff|changes?|code|patch|commit)s? (?:shows?|is|are|was|were|adds?|introduces?|includes?|contains?|appears?|seems?|makes?|modif\w+|updates?|removes?|replaces?|refactors?|made|you)\b"
    r"|this (?:diff|change|commit|code|patch) (?:is(?! (?:needed|required))|shows?|adds?|introduces?|includes?|contains?|appears?|makes?|modif\w+|updates?)\b|here(?: is| are|'s)\b(?! (?:where|why|how|what))|it (?:looks|seems|appears)\b|you (?:have|can(?! now\b)|should|could|need)\b|sure\b(?!-)|certainly\b(?!-)"
    r"|to (?:write|create|generate) (?:a|the) commit|write (?:a|the) git commit message for the |please (?:provide|share|paste)\b|(?:could|can|would|will) you\b|there (?:is|are) no (?:diff|changes?)\b(?! to [\w ]+: ))"
)


def fault(subject: str, *, alone: bool) -> str | None:
    """Why a first line names no change, quoting nothing of it; None where it may.

    Args:
        subject: the line, without markdown and quotes.
        alone: no other line follows that could say more.
    """
    subject = subject.strip()
    if _FORM.search(subject) or _BLANK.fullmatch(subject):
        return "the answer is a template that nobody filled in"
    if alone and (_BARE.fullmatch(subject) or _NOTHING.fullmatch(subject)):
        return "the answer names no change"
    if _CONVENTIONAL.match(subject):
        return None
    if alone and subject.endswith((":", "：")):
        return "the answer announces a message and ends before it"
    if _TALK.match(subject) or asks_back(subject):
        return "the answer talks about the change instead of naming it"
    return None
