"""Every error Rung raises on purpose, in one tree.

::

    RungError                a sentence for the person, a code, a hint
    |- UsageError            asked for something that does not exist or makes no sense   (exit code 2)
    |- SettingsError         rung.toml or an action file is wrong: file, line, expectation   (exit code 2)
    |- ContextError          there is nothing to work on: no repository, nothing staged, empty selection
    |- NoAnswerError         the plan is empty, or every attempt of it failed; carries the receipt so far
    |- AttemptError          one attempt failed; the ladder decides what follows, a person never sees it alone
    |- GitError              git itself failed, with git's own first line
    `- CancelledByPersonError  the person, or a newer request from the same spot, cancelled; carries the receipt too

Texts and hints are whole sentences, say what to do, and never quote a prompt, a diff, a document or a key.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from rung.types.attempt import Failure
    from rung.types.receipt import Receipt


class RungError(Exception):
    """The base of all of them: ``text`` says what is wrong, ``hint`` what to do about it."""

    code = "error"
    exit_code = 1
    receipt: Receipt | None = None
    """What was attempted; None where nothing was, or nobody knows."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint

    @property
    def complaint(self) -> str:
        """What is wrong, and where, without the hint."""
        return self.text

    def sentence(self) -> str:
        """Complaint and hint as one line, for a message box or a log."""
        return f"{self.complaint} {self.hint}" if self.hint else self.complaint

    def paragraph(self) -> tuple[str, ...]:
        """Text and hint as lines, for a terminal: several only where there are several things to say."""
        return (self.sentence(),)

    def shape(self) -> dict[str, str]:
        """DESIGN's error object."""
        found = {"code": self.code, "message": self.complaint}
        return found | {"hint": self.hint} if self.hint else found


class UsageError(RungError):
    """The caller asked for an action, tier, argument or range that does not exist."""

    code = "usage"
    exit_code = 2


class SettingsError(RungError):
    """A settings or action file is wrong.

    Attributes:
        path: the file.
        line: counted from 1; 1 where no better line is known.
    """

    code = "settings"
    exit_code = 2

    def __init__(self, text: str, path: Path, line: int = 1, hint: str | None = None) -> None:
        super().__init__(text, hint)
        self.path = path
        self.line = line

    @property
    def complaint(self) -> str:
        """``file:line: text``."""
        return f"{self.path}:{self.line}: {self.text}"


class ContextError(RungError):
    """The request has nothing to work on; the hint says what would give it something."""

    code = "no-context"


class GitError(RungError):
    """Git refused or failed; the text is a sentence of ours, never git's whole output."""

    code = "git"


class NoAnswerError(RungError):
    """Nobody in the plan could answer; the text lists each attempt's reason.

    Attributes:
        lines: the sentences the text is made of: what is wrong, then one for each model.
        too_long: somebody was not asked because the question does not fit their window, as a shorter one may.
    """

    code = "no-answer"

    def __init__(
        self, *lines: str, hint: str | None = None, receipt: Receipt | None = None, too_long: bool = False
    ) -> None:
        self.lines = tuple(line if line.endswith(".") else line + "." for line in lines)
        super().__init__(" ".join(self.lines), hint)
        self.receipt = receipt
        self.too_long = too_long

    def paragraph(self) -> tuple[str, ...]:
        """One line for each model, and what to do."""
        return (*self.lines, self.hint) if self.hint else self.lines


class AttemptError(RungError):
    """One attempt failed.

    Attributes:
        failure: the outcome word of DESIGN's Shapes, such as ``"unreachable"``.
        retry_after: seconds the server asked to be left alone; None where it did not say.
        again: the same question may well succeed a moment later, if nothing came back yet.
        model_only: the key was not let in to this model; what else it opens is not known.
        prompt_tokens: how long the prompt was by the server's own count, where it was too long and the server said so.
        window: the window it was too long for; None where ``prompt_tokens`` is.
        unpaid: of ``auth``: the key is good, but its account has no money left.
    """

    code = "attempt"

    def __init__(
        self,
        failure: Failure,
        text: str,
        hint: str | None = None,
        retry_after: float | None = None,
        *,
        again: bool = False,
        model_only: bool = False,
        prompt_tokens: int | None = None,
        window: int | None = None,
        unpaid: bool = False,
    ) -> None:
        super().__init__(text, hint)
        self.failure = failure
        self.unpaid = unpaid
        self.retry_after = retry_after
        self.again = again
        self.model_only = model_only
        self.prompt_tokens = prompt_tokens
        self.window = window


class CancelledByPersonError(RungError):
    """The request was cancelled, or replaced by a newer one from the same spot."""

    code = "cancelled"
    exit_code = 130

    def __init__(self, text: str, hint: str | None = None, *, receipt: Receipt | None = None) -> None:
        super().__init__(text, hint)
        self.receipt = receipt
