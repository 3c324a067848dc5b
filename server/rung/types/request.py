"""A request: one run of an action, with where it was asked and on what."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from rung.types.part import Part


class Position(Value):
    """A place in a text: line and character, both from 0; characters are Unicode code points."""

    line: int
    character: int


class Range(Value):
    """From start up to, not including, end."""

    start: Position
    end: Position


class Document(Value):
    """A text as the person saw it when they asked."""

    uri: str
    path: str
    """Relative to the workspace with ``/`` where it lies inside, absolute otherwise."""
    language: str
    """The editor's language id, or one guessed from the file's name."""
    text: str
    version: int | None = None
    """The editor's; None for a file read from the disk."""
    selection: Range | None = None


class Request(Value):
    """What a person asked for."""

    id: str
    action: str
    """The id of an action, or ``ask``."""
    spot: str
    """Who asked, where: a newer request from the same spot replaces this one."""
    root: Path | None = None
    """The workspace's folder."""
    repository: Path | None = None
    """A folder inside the repository a commit message is for."""
    commit_file: Path | None = None
    """The file git opened for the message; its folder is the git folder (DESIGN: facts 0.13)."""
    document: Document | None = None
    instruction: str | None = None
    """What the person typed; prefixes such as ``[local]`` still in it."""
    system: str | None = None
    attached: tuple[Part, ...] = ()
    """Piped text and files given on the command line."""
    tier: str | None = None
    """That tier alone (``--tier``); ``builtin`` for an answer without a model."""
    model: str | None = None
    """That model alone (``-m``)."""
    local: bool = False
    """A pin the caller sets: this request never leaves the machine."""
    background: bool = False
    """Nobody waits for the answer: requests of people come first."""
    max_output: int | None = None
    """Tokens; None: the action's own."""
