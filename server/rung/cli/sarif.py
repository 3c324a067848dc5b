"""Findings as SARIF 2.1.0, for code scanners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rung import __version__
from rung.types.outcome import Finding, Unreviewed
from rung.types.request import Range

LEVELS = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
"""SARIF's words for ours."""


def sarif(found: Iterable[Finding], troubles: Sequence[Unreviewed] = ()) -> dict[str, Any]:
    """The whole log: one run of one tool.

    Args:
        found: the findings.
        troubles: what was not reviewed, or not well enough. A run with any has no success: its results, or that it has
            none, say nothing about those lines.
    """
    results = [_result(finding) for finding in found]
    rules = [{"id": rule} for rule in dict.fromkeys(result["ruleId"] for result in results)]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "rung", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": not troubles,
                        "toolExecutionNotifications": [_notification(trouble) for trouble in troubles],
                    }
                ],
                "results": results,
            }
        ],
    }


def _notification(trouble: Unreviewed) -> dict[str, Any]:
    place = {"physicalLocation": _place(trouble.path, trouble.range)}
    return {"level": "error", "message": {"text": trouble.why}, "locations": [place]}


def _place(path: str, where: Range | None) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(path)}}
    if where and where.start.character == where.end.character == 0 and where.end.line > where.start.line:
        # Whole lines: the one after the last may not be there.
        place["region"] = {"startLine": where.start.line + 1, "endLine": where.end.line}
    elif where:
        place["region"] = {
            "startLine": where.start.line + 1,
            "startColumn": where.start.character + 1,
            "endLine": where.end.line + 1,
            "endColumn": where.end.character + 1,
        }
    return place


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": f"rung/{finding.category}",
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.title.rstrip('.')}. {finding.reason}"},
        "locations": [{"physicalLocation": _place(finding.path, finding.range)}],
    }


def _uri(path: str) -> str:
    """Relative to the workspace, as the finding's path is; absolute for a file outside of it."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)
