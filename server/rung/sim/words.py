"""What a simulated model says: a text made from the prompt, the same for the same prompt, and marked as simulated.

A commit message names a file of the diff, a review quotes whole lines of the code, everything else explains names found
in the prompt; all of them long and well formed enough for an honest gate. :func:`split` cuts a text into token-like
pieces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rung.sim import schema as schemas
from rung.sim.tokens import Message

REFUSAL = "I'm sorry, but I can't help with that."
GARBAGE = "zxq wvu, plok ~~ 17 17 17 mmrf"

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^(?:\+\+\+ (?:b/)?|diff --git a/\S+ b/)(\S+)", re.MULTILINE)
_DIFF = re.compile(r"^(?:diff --git |@@ |\+\+\+ )|^[+-][^+-].*", re.MULTILINE)
_PATH = re.compile(r"[\w./-]*\w\.[A-Za-z]{1,5}\b")
_DEFINED = re.compile(r"\b(?:def|class|function|func|fn|struct|interface|type|const|let|var)\s+([A-Za-z_]\w*)")
_NAME = re.compile(r"[A-Za-z_]\w{2,}")
_NUMBERED = re.compile(r"^[ ]*\d+(?:[ ]?[|:]|\t)[ ]?")
_SUSPICIOUS = ("eval(", "except:", "== None", "open(", "TODO")
_RESERVED = """
    and assert async await break case catch class const continue def del else elif except export extends false False
    finally fn for from func function global if import in interface is lambda let None not null or pass private public
    raise return self static struct switch this throw true True try type var void while with yield
"""
_KEYWORDS = frozenset(_RESERVED.split())


def compose(model: str, messages: Sequence[Message], wanted: Any = None) -> str:
    """The answer of ``model`` to a prompt.

    Args:
        model: its name, which an explanation mentions.
        messages: the prompt as far as it was kept.
        wanted: None for text, "json" for any JSON, or the JSON Schema the answer must fit.
    """
    last = next((message.text for message in reversed(messages) if message.role == "user"), "")
    system = "\n".join(message.text for message in messages if message.role in ("system", "developer"))
    asked = f"{system}\n{last}"
    if isinstance(wanted, Mapping):
        return _compact(_fitting(model, last, wanted))
    if wanted == "json" or re.search(r"\breview\b.*\bjson\b|\bjson\b.*\breview\b", asked, re.IGNORECASE | re.DOTALL):
        if wanted is None or "findings" in asked or re.search(r"\breview\b", asked, re.IGNORECASE):
            return _compact(review(last))
        return _compact({"answer": _explanation(model, last), "simulated": True})
    if re.search(r"commit[ -]message", asked, re.IGNORECASE) and _DIFF.search(last):
        return commit_message(last)
    return _explanation(model, last)


def split(text: str) -> list[str]:
    """A text in pieces of about 4 to 12 characters, as a tokenizer would cut it."""
    pieces: list[str] = []
    for part in re.findall(r"\s*\S{1,10}|\s+", text):
        if pieces and len(pieces[-1]) + len(part) <= 8:
            pieces[-1] += part
        else:
            pieces.append(part)
    return pieces


def commit_message(prompt: str) -> str:
    """A Conventional Commits message for the diff in a prompt."""
    files = _FILE.findall(prompt) or _PATH.findall(prompt) or ["the code"]
    path = next((name for name in files if name != "dev/null"), "the code")
    base = path.rsplit("/", 1)[-1]
    stem = re.sub(r"[^a-z0-9]+", "-", base.rsplit(".", 1)[0].lower()).strip("-") or "code"
    added = [line[1:] for line in prompt.splitlines() if line.startswith("+") and not line.startswith("+++")]
    names = _names("\n".join(added)) or [stem]
    kind = "docs" if base.endswith((".md", ".rst", ".txt")) else "test" if "test" in path.lower() else "feat"
    subject = f"{kind}({stem[:20]}): change {names[0][:20]} in {base}"
    if len(subject) > 72:
        subject = f"{kind}({stem[:20]}): change {names[0][:20]}"
    lines = "one line" if len(added) == 1 else f"{len(added)} lines"
    others = sorted(set(files) - {path, "dev/null"})
    also = f"\nIt also touches {others[0]}." if others else ""
    return f"{subject}\n\nAdds {lines} to {path},\nwhere `{names[0]}` is now handled (simulated).{also}"


def review(prompt: str) -> dict[str, Any]:
    """Findings that quote whole lines of the code in a prompt, at most three."""
    lines = _code_lines(prompt)
    trivial = [line for line in lines if len(line.strip()) > 3 and _names(line)]
    picked = [line for line in lines if any(mark in line for mark in _SUSPICIOUS)] or trivial[:2]
    findings = [_finding(line) for line in list(dict.fromkeys(picked))[:3]]
    remarks = "One remark" if len(findings) == 1 else f"{len(findings)} remarks"
    return {"findings": findings, "summary": f"{remarks} (simulated)."}


def _finding(line: str) -> dict[str, Any]:
    known = {
        "eval(": ("error", "security", "Evaluates text as code", "Whoever writes the text runs code here."),
        "except:": ("warning", "bug", "Catches every exception", "Errors nobody thought of vanish here."),
        "== None": ("info", "style", "Compares with None by value", "An overloaded comparison may lie here."),
        "open(": ("warning", "bug", "Handle may stay open", "The file opened here is not closed when a line fails."),
        "TODO": ("info", "maintainability", "Unfinished work", "This line says itself that something is missing."),
    }
    mark = next((mark for mark in _SUSPICIOUS if mark in line), "")
    names = _names(line) or ["this"]
    default = ("info", "style", f"Look again at {names[0]}", f"What {names[0]} is for is not said anywhere near.")
    severity, category, title, reason = known.get(mark, default)
    return {
        "severity": severity,
        "category": category,
        "title": f"{title} (simulated)",
        "reason": reason,
        "quote": line,
        "suggestion": f"Say what {names[0]} may be, and handle the rest.",
    }


def _fitting(model: str, prompt: str, wanted: Mapping[str, Any]) -> Any:
    """JSON for a schema: a review where it has findings, the generator's choice elsewhere."""
    text = _explanation(model, prompt)
    path = next(iter(_FILE.findall(prompt) or _PATH.findall(prompt)), "file")
    hints: dict[str, Any] = {"answer": text, "text": text, "message": text, "explanation": text, "path": path}
    hints["file"] = path
    made = schemas.make(wanted, hints)
    found = review(prompt)
    if not isinstance(made, dict) or not isinstance(made.get("findings"), list):
        return made
    properties = schemas.resolve(wanted, wanted).get("properties", {})
    inner = schemas.resolve(properties.get("findings", {}), wanted)
    lines = _code_lines(prompt)
    items = []
    for finding in found["findings"][: int(inner.get("maxItems", 3))]:
        line = lines.index(finding["quote"]) + 1
        more = {"line": line, "start_line": line, "end_line": line, "startLine": line, "endLine": line}
        items.append(schemas.make(inner.get("items", {}), {**hints, **more, **finding}, wanted))
    if len(items) >= int(inner.get("minItems", 0)):
        made["findings"] = items
    if schemas.fits(found["summary"], properties.get("summary", {"type": "null"}), wanted):
        made["summary"] = found["summary"]
    return made


def _explanation(model: str, prompt: str) -> str:
    blocks = [match.group(2) for match in _FENCE.finditer(prompt)]
    names = _names(blocks[-1] if blocks else prompt) or ["it"]
    first, second, third = (names * 3)[:3]
    return (
        f"Simulated answer of {model}: the code at hand is about `{first}`. It works in three steps, of which the "
        f"first reads what is given to `{first}`, the second hands it on to `{second}`, and the third returns what "
        f"`{third}` made of it. Nothing outside of `{first}` is changed on the way. No model has read this text; it "
        "was put together from the names in the prompt."
    )


def _code_lines(prompt: str) -> list[str]:
    """The lines of the code in a prompt: what is fenced, or everything; without diff marks and line numbers."""
    blocks = [match.group(2) for match in _FENCE.finditer(prompt)] or [prompt]
    lines: list[str] = []
    for block in blocks:
        inside = block.splitlines()
        if any(line.startswith(("@@ ", "diff --git ")) for line in inside):
            inside = [line[1:] for line in inside if line.startswith("+") and not line.startswith("+++")]
        elif all(_NUMBERED.match(line) for line in inside if line.strip()):
            inside = [_NUMBERED.sub("", line) for line in inside]
        lines += inside
    return lines


def _names(code: str) -> list[str]:
    """Names in a piece of code, defined ones first, each once."""
    found = [*_DEFINED.findall(code), *_NAME.findall(code)]
    return [name for name in dict.fromkeys(found) if name not in _KEYWORDS]


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
