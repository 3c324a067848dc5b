"""Reads a model's raw answer into a commit message. Pure.

Small models wrap a message in much else: thoughts, fences, greetings, several options, an echo of the diff. What is
left here is subject, blank line, body. A message need not be a conventional one, nor English: whoever wrote the house
rules decides that. No word of it is cut away.
"""

# ruff: noqa: E501, RUF001 - a pattern is easier to read in one piece, and people quote with these signs

from __future__ import annotations

import json
import re
import textwrap

from rung.actions.results import options, unnamed
from rung.providers.invisible import visible
from rung.types.pattern import lazy

LONGEST_SUBJECT = 400
"""Characters; a longer first line is an essay. People write subjects of up to 200, and a right one is kept whole."""
LONG_SUBJECT = 100
"""Characters; of a thousand subjects people wrote, fewer than ten have more, and models are asked for 72 at most."""
_WIDTH = 72
_LONGEST_LINE = 100

_THOUGHTS = lazy(r"<(think|thinking|thought|reasoning|reflection)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_OPEN_THOUGHT = lazy(r"^.*?</(?:think|thinking|thought|reasoning)\s*>", re.DOTALL | re.IGNORECASE)
_UNCLOSED = lazy(r"<(?:think|thinking|thought|reasoning)\b[^>]*>", re.IGNORECASE)
_TAGS = lazy(
    r"</?(?:commit(?:[-_ ]?message)?|message|answer|output|response|result|subject|body)\s*>|<\|[\w|]+\|>",
    re.IGNORECASE,
)
_FENCE = lazy(r"^[ \t]*(`{3,}|~{3,})[ \t]*[\w+-]*[ \t]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_FENCE_LINE = lazy(r"^[ \t]*(?:`{3,}|~{3,})[\w+-]*[ \t]*$", re.MULTILINE)
_COMMAND = lazy(r"^\$? ?git commit\b.*?-m\s*([\"'])(.*?)\1\s*(?:-m\s*([\"'])(.*?)\3)?\s*$", re.DOTALL)
_KINDS = r"feat|fix|docs?|style|refactor|perf|tests?|build|ci|chore|revert|release|merge|deps|wip|security|hotfix|bugfix|feature|update|add|remove"
_CONVENTIONAL = lazy(rf"(?i)(?:{_KINDS})(?:\([^()\n]{{1,60}}\))?!?: \S")
_MARKS = r"[*_`\"'“”‘’«»#>\s]*"
_LABEL = lazy(
    rf"(?i)^{_MARKS}(?:(?:the |a |suggested |proposed |possible |final |generated |conventional |new |your )*"
    rf"(?:git )?(?:commit[ -]?(?:message|subject|title|summary)|message|subject(?: line)?|title|summary|output|answer|header))(?: line)?{_MARKS}:{_MARKS}"
)
_PREAMBLE = lazy(
    r"(?i)^\W*(?:sure|certainly|of course|absolutely|okay|ok|great|here(?:'s| is| are)|below is|the following|based on|this is (?:a|the)|"
    r"i (?:would|'d|have|can|will|suggest|propose)|i've|let me|a (?:good|suitable|possible|concise|conventional) commit|given the|"
    r"(?:a |the |my |suggested |possible |proposed )*commit message\b|looking at|after (?:reviewing|analy[sz]ing)|thank)\b.*[:.!…]\W*$"
)
_CHATTER = lazy(
    r"(?i)^\W*(?:let me know|feel free|please (?:let|note|review|feel)|hope this|i hope|this (?:commit )?message (?:follows|is|describes|captures|clearly|summari[sz]es|adheres)|"
    r"note(?: that)?:? (?:this|that|the (?:above|commit|message)|i|you)|explanation\b|if you(?:'d| would| want| need| have)|you can (?:also|use|adjust|modify)|would you like|"
    r"is there anything|do you want|(?:the |this )(?:above )?commit message\b|remember to|make sure to|alternatively|or,? (?:if|more|alternatively)|"
    r"in this commit message|this follows the conventional|the (?:subject|type|scope|message) (?:line )?(?:is|follows|uses|describes)|here(?:'s| is) (?:a|the|an) (?:breakdown|explanation))\b"
)
_REFERENCE = lazy(r"\s\(#\d+\)\Z")
"""What forges add to a subject by themselves."""
_STUCK = lazy(r"(?i)\b(\w+)(?:\W+\1\b){5,}")
_DIFF = lazy(
    r"^(?:diff --git |index [0-9a-f]{7,}\.\.|@@ -\d|--- (?:a/|/dev/null)|\+\+\+ (?:b/|/dev/null)|(?:new|deleted) file mode \d|similarity index )"
)
_ONLY_DIFF = lazy(r"\s*```(?:diff|patch)\n[^`]*(?:```\s*)?\Z")
_BULLET = lazy(r"^(\s*)([-*•+]|\d{1,2}[.)])(\s+)(?=\S)")
_TRAILER = lazy(r"[A-Z][\w-]*-(?:by|By|Id)?:? |BREAKING[ -]CHANGE: |(?:Fixes|Closes|Refs?|Resolves):? ")
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "«": "»", "„": "“"}


def read(raw: str, comment_char: str = "#") -> str:
    """The message in ``raw``: subject, and a body after a blank line where there is one; "" where there is none.

    Args:
        raw: what the model said.
        comment_char: what git takes for a comment at a line's start; such lines get a space before them.
    """
    lines = _lines(raw)
    if not lines:
        return ""
    subject = _subject(lines[0])
    body = _body(lines[1:])
    message = f"{subject}\n\n{body}" if body else subject
    return "\n".join(" " + line if line.startswith(comment_char) else line for line in message.split("\n"))


def fault(raw: str) -> str | None:
    """Why ``raw`` cannot be read as a commit message, quoting nothing of it; None where it can."""
    lines = [] if _ONLY_DIFF.match(raw) else _lines(raw)
    if not lines:
        return "the answer holds only a diff" if _echoes(raw) else "the answer is empty"
    subject = _subject(lines[0])
    if not re.search(r"\w", subject):
        return "the answer has no subject"
    if subject[:1] in "{[" and _is_json(raw):
        return "the answer is JSON, not a commit message"
    if len(subject) > LONGEST_SUBJECT:
        return "the first line is too long for a subject"
    if _STUCK.search(subject):
        return "the first line says one word over and over"
    return unnamed.fault(subject, alone=not any(line.strip() for line in lines[1:]))


def doubt(raw: str) -> str | None:
    """Why a message that can be read is not as it should be, quoting nothing of it; None where it is."""
    bare = _FENCE_LINE.sub("", _TAGS.sub("", _thoughtless(raw)))
    lines = _without_preamble(bare.strip().splitlines())
    if options.are_several(lines):
        return "it offers several messages"
    lines = _lines(raw)
    subject = _REFERENCE.sub("", _subject(lines[0])) if lines else ""
    return f"its first line has more than {LONG_SUBJECT} characters" if len(subject) > LONG_SUBJECT else None


def _echoes(raw: str) -> bool:
    return bool(_ONLY_DIFF.match(raw)) or any(_DIFF.match(line) for line in raw.splitlines())


def _is_json(raw: str) -> bool:
    try:
        json.loads(_unfenced(raw))
    except (ValueError, RecursionError):
        return bool(re.match(r"\s*[{\[]\s*[\"{]", _unfenced(raw)))
    return True


def _lines(raw: str) -> list[str]:
    """The message's own lines, subject first, without all that stands around them."""
    text = _from_json(_unfenced(_thoughtless(raw)))
    text = _TAGS.sub("", text)
    command = _COMMAND.match(text.strip())
    if command:
        text = command[2] + (f"\n\n{command[4]}" if command[4] else "")
    lines = [line.rstrip() for line in text.strip().splitlines()]
    lines = _without_chatter(_first_option(_without_preamble(lines)))
    lines = _without_labels(lines)
    fences = sum(1 for line in lines if line.lstrip().startswith("```"))
    while lines and not lines[-1].strip(" *-_=#`"):
        if "```" in lines[-1] and fences % 2 == 0:
            break  # it closes a block of the body
        lines.pop()
    return lines


def _thoughtless(raw: str) -> str:
    text = visible(raw.replace("\r\n", "\n"))
    if "\n" not in text.strip() and r"\n\n" in text:
        text = text.replace(r"\n", "\n")  # line breaks written out as in a string
    if "</" in text:
        text = _OPEN_THOUGHT.sub("", _THOUGHTS.sub("", text))
    return _UNCLOSED.split(text)[0] if _UNCLOSED.match(text.strip()) else text


def _unfenced(text: str) -> str:
    """The first block between fences, if its surroundings are talk; a block inside a message's body stays."""
    found = _FENCE.search(text)
    if not found or not found[2].strip():
        return _FENCE_LINE.sub("", text)
    before = [line for line in text[: found.start()].splitlines() if line.strip()]
    if len(before) > 1 and _CONVENTIONAL.match(before[0].strip("*_`\"' ")):
        return text  # a message already, and the block is of its body
    if _DIFF.match(found[2].lstrip()):
        return text[: found.start()] + text[found.end() :]
    talk = all(
        _PREAMBLE.match(line) or _LABEL.match(line) or line.strip().endswith(":") or len(before) > 3 for line in before
    )
    if before and not talk and not options.begins(before[-1]) and not before[-1].lstrip().startswith("#"):
        return text
    return textwrap.dedent(found[2])


def _from_json(text: str) -> str:
    """A message in an object of one or a few strings."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(said, dict):
        return text
    fields = {str(name).lower().replace("-", "_"): value for name, value in said.items()}
    for name in ("commit_message", "message", "commit", "subject", "title"):
        subject = fields.get(name)
        if isinstance(subject, str) and subject.strip():
            body = next((fields[other] for other in ("body", "description", "details") if fields.get(other)), "")
            if isinstance(body, list):
                body = "\n".join(f"- {item}" for item in body)
            return f"{subject}\n\n{body}" if body else subject
    return text


def _without_preamble(lines: list[str]) -> list[str]:
    """Drop greetings and headings until a subject stands first."""
    rest = list(lines)
    while rest:
        line = rest[0]
        bare = line.strip().strip("*_#`> ").rstrip(":").strip()
        heading = re.fullmatch(
            r"(?i)(?:suggested |proposed |final |git )*(?:commit(?: message| title)?|message|answer|output|options?|subject)s?",
            bare,
        )
        greeting = _PREAMBLE.match(line) and not _CONVENTIONAL.match(bare) and any(other.strip() for other in rest[1:])
        if line.strip() and not heading and not greeting and line.strip(" -=*_#`"):
            break
        rest.pop(0)
    return rest


def _first_option(lines: list[str]) -> list[str]:
    """Of several messages the first."""
    found = options.first(lines)
    return _without_preamble(found) if found and not found[0].strip(" *:`") else found


def _without_chatter(lines: list[str]) -> list[str]:
    """Up to the first line of talk after the message, or an echo of the diff."""
    for place, line in enumerate(lines):
        after_blank = place > 0 and not lines[place - 1].strip()
        ruled = place > 0 and bool(re.fullmatch(r"\s*(?:-{3,}|\*{3,}|_{3,}|={3,})\s*", line))
        if _DIFF.match(line) or ruled or (after_blank and _CHATTER.match(line)):
            return _without_echo(lines[:place])
    return lines


def _without_echo(lines: list[str]) -> list[str]:
    while lines and (not lines[-1].strip() or re.match(r"(?i)\W*(?:diff|changes)\W*$", lines[-1])):
        lines = lines[:-1]
    return lines


def _without_labels(lines: list[str]) -> list[str]:
    """``Subject: ...`` and ``Body:`` are a form's words, not the message's."""
    if not lines:
        return lines
    label = _LABEL.match(lines[0])
    first = lines[0][label.end() :] if label and not _CONVENTIONAL.match(lines[0].strip("*_`\"' ")) else lines[0]
    rest = [
        re.sub(r"(?i)^[*_#\s]*(?:commit )?(?:body|description|details)[*_\s]*:[*_\s]*", "", line, count=1)
        if place < 3
        else line
        for place, line in enumerate(lines[1:])
    ]
    if not first.strip(" *_`\"'"):
        while rest and not rest[0].strip():
            rest.pop(0)
        return _without_labels(rest)
    return [first, *rest]


def _subject(line: str) -> str:
    """Without markdown, quotes and the full stop."""
    text = line.strip()
    text = re.sub(r"^(?:#{1,6}|>|[-*•])\s+", "", text)
    for _ in range(3):
        text = _unquoted(text)
        text = re.sub(r"^(\*\*|__|\*|`)(.+?)\1", r"\2", text).strip()
    text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    text = re.sub(
        rf"(?i)^({_KINDS})(\([^()]{{1,60}}\))?(!?)\s*:\s*",
        lambda found: f"{found[1].lower() if found[1].lower() in _PLAIN else found[1]}{found[2] or ''}{found[3]}: ",
        text,
    )
    return (
        text[:-1].rstrip() if text.endswith(("。", "．")) or (text.endswith(".") and not text.endswith("..")) else text
    )


_PLAIN = frozenset(["feat", "fix", "docs", "style", "refactor", "perf", "test", "build", "ci", "chore", "revert"])


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    return inner.strip() if closing and len(text) > 2 and text.endswith(closing) and text[0] not in inner else text


def _body(lines: list[str]) -> str:
    """Without blank lines around it, long lines wrapped, code left as it is."""
    body: list[str] = []
    fenced = False
    for line in lines:
        fence = line.lstrip().startswith(("```", "~~~"))
        fenced ^= fence
        heading = re.match(r"^#{1,6}\s+(.*)$", line) if not fenced else None
        text = f"{heading[1].rstrip(':')}:" if heading else line
        if not fenced and not fence:
            text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
        if text.strip() or (body and body[-1].strip()):
            body.extend([text] if fenced or len(text) <= _LONGEST_LINE else _wrapped(text))
    while body and not body[-1].strip():
        body.pop()
    if body and (body[-1] in ("`", '"', "'") or (body[-1] == "```" and fenced)):
        body.pop()
    return "\n".join(body)


def _wrapped(line: str) -> list[str]:
    """At 72, a bullet's lines under its text; trailers and lone addresses stay whole."""
    if _TRAILER.match(line) or " " not in line.strip():
        return [line]
    bullet = _BULLET.match(line)
    indent = " " * len(bullet[0]) if bullet else line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
