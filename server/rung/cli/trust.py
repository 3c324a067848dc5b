"""``rung trust [FOLDER]``: the person's word that a workspace's ``.rung/`` may change settings and actions."""

from __future__ import annotations

from pathlib import Path

from rung.cli.inputs import workspace
from rung.cli.options import parser
from rung.errors import UsageError
from rung.settings.trust import trust, untrust


def run(words: list[str]) -> int:
    """Remember it, for the folder's real path and the content of ``.rung/`` as it is now.

    Raises:
        UsageError: there is no ``.rung`` folder.
    """
    made = parser("trust", "Let this workspace's .rung/ change settings and actions, as it is now.")
    made.add_argument("folder", nargs="?", help="the workspace; the one we are in, by default")
    made.add_argument("--forget", action="store_true", help="take it back")
    args = made.parse_args(words)
    if args.folder is not None and not Path(args.folder).is_dir():
        raise UsageError(f"There is no folder {args.folder}.", "Name the workspace's folder.")
    root = Path(workspace(args.folder))
    if args.forget:
        print(f"{root} is no longer trusted." if untrust(root) else f"{root} was not trusted.")
        return 0
    if not (root / ".rung").is_dir():
        raise UsageError(f"{root} has no .rung folder.", "There is nothing to trust.")
    trust(root)
    print(f"{root} is trusted, as long as its .rung folder stays as it is.")
    return 0
