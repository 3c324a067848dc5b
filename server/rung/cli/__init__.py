"""The command line: one file per command."""

from __future__ import annotations


def main() -> int:
    """Run the command line; the exit code is DESIGN's."""
    raise NotImplementedError
