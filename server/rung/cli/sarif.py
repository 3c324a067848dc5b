"""Findings as SARIF 2.1.0, for code scanners."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rung import __version__
from rung.types.outcome import Finding

LEVELS = {"error": "error", "warning": "warning", "info": "note", "hint": "note"}
"""SARIF's words for ours."""


def sarif(found: Iterable[Finding]) -> dict[str, Any]:
    """The whole log: one run of one tool."""
    results = [_result(finding) for finding in found]
    rules = [{"id": rule} for rule in dict.fromkeys(result["ruleId"] for result in results)]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "rung", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


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
