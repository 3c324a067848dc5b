"""An action: what a person can ask for, as its markdown file says it."""

from __future__ import annotations

from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Result = Literal["edit", "text", "findings", "commit-message"]
    """What an answer becomes."""


class Accept(Value):
    """When an answer is long enough for this action."""

    min_chars: int = 0
    """Characters of the cleaned answer; 0 accepts any that is not empty."""


class Action(Value):
    """One action; the body of its file is the template of its prompt."""

    id: str
    title: str
    kind: str
    """The code action kind, such as ``refactor.rung.explain``."""
    on: tuple[str, ...]
    """Where it is offered: selection, symbol, file, repository, diagnostic, commit-buffer."""
    result: Result
    prompt: str
    """Jinja2 source."""
    context: tuple[str, ...] = ()
    """The kinds of parts it wants gathered."""
    languages: tuple[str, ...] = ()
    """Language ids it is offered for; empty: all."""
    tier: str | None = None
    max_output: int = 1200
    """Tokens the answer may have."""
    accept: Accept = Accept()
    source: str = "built in"
    """The file it came from, for messages."""
