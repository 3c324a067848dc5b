"""What an action can say with no model at all; today that is the commit message."""

from __future__ import annotations

from rung.errors import UsageError
from rung.git.staged import StagedChange


def has(action: str) -> bool:
    """Whether the action can."""
    return action == "commit-message"


def check(action: str) -> None:
    """See that the action can.

    Raises:
        UsageError: it needs a model.
    """
    if not has(action):
        raise _needs_model(action)


def write(action: str, change: object) -> str:
    """The text, read off the change itself.

    Raises:
        UsageError: the action needs a model.
    """
    if not has(action) or not isinstance(change, StagedChange):
        raise _needs_model(action)
    from rung.actions.builtin import commit_message  # noqa: PLC0415 - only the one who needs it pays for its tables

    return commit_message.write(change)


def _needs_model(action: str) -> UsageError:
    return UsageError(f"{action} needs a model.", "Only commit-message can be written without one.")
