"""The request behind a command, with whom its options want asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rung.running.beginning import new_id
from rung.types.request import Request

if TYPE_CHECKING:
    import argparse

    from rung.cli.route import Arguments


def asked(action: str, root: str, args: argparse.Namespace | Arguments) -> Request:
    """A request of the command line, which has one spot: whoever types a new one waits for no older one.

    Args:
        action: its id.
        root: the workspace's folder.
        args: with ``tier``, ``model`` and ``local``.
    """
    return Request(
        id=new_id(),
        action=action,
        spot="command line",
        root=Path(root),
        tier=args.tier,
        model=args.model,
        local=args.local,
    )
