"""Findings as SARIF 2.1.0, for code scanners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rung import __version__
from rung.types.outcome import Finding

LEVELS = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
"""SARIF's words for ours."""


def sarif(found: Iterable[Finding], troubles: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """The whole log: one run of one tool.

    Args:
        found: the findings.
        troubles: path and sentence of each file whose review is not good enough. A run with any has no success: its
            results, or that it has none, say nothing about those files.
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
                        "toolExecutionNotifications": [_notification(path, text) for path, text in troubles],
                    }
                ],
                "results": results,
            }
        ],
    }


def _notification(path: str, text: str) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}
    return {"level": "error", "message": {"text": text}, "locations": [place]}


def _result(finding: Finding) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path)}}
    if finding.range:
        start, end = finding.range.start, finding.range.end
        place["region"] = {
            "startLine": start.line + 1,
            "startColumn": start.character + 1,
            "endLine": end.line + 1,
            "endColumn": end.character + 1,
        }
    return {
        "ruleId": f"rung/{finding.category}",
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.title.rstrip('.')}. {finding.reason}"},
        "locations": [{"physicalLocation": place}],
    }


def _uri(path: str) -> str:
    """Relative to the workspace, as the finding's path is; absolute for a file outside of it."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)
