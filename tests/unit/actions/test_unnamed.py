"""A first line that names no change is no commit message; whatever an author would write is one."""

from __future__ import annotations

import pytest

from rung.actions.results import commit_message

NONE = [
    "Here's a commit message:",
    "Sure! Here is the message for your changes:",
    "feat(scope): description",
    "fix: <description>",
    "docs(readme): short summary of the changes",
    "feat: your message here",
    "fix:",
    "feat(parser):",
    "feat(parser)",
    "feat",
    "<commit message here>",
    "[insert commit message]",
    "{your message}",
    "git diff",
    "git diff --staged",
    "None",
    "N/A",
    "No changes",
    "The code",
    "Subject line",
    "As requested",
    "Could you provide the diff?",
    "What would you like the commit message to say?",
    "Which type would you prefer, feat or fix?",
    "The following changes were made",
    "I need the diff to write a message",
    "There are no changes to commit",
    "Please provide the diff so I can write a message",
]
SOME = [
    "Description: allow markdown",
    "fix(scope): resolve names from the inside out",
    "feat: message here-docs",
    "docs: description of the API",
    "Update summary",
    "Title case for headings",
    "Use <type> generics in Repository",
    "[JIRA-123] Fix pagination",
    "<Button>: fix focus ring",
    "{n} placeholders in translations",
    "git diff: ignore submodules",
    "None is no default any more",
    "No changes lost on reload",
    "No more globals",
    "Code owners added",
    "This change is needed because CI broke",
    "There are no changes to apply: exit 0",
    "You can now configure the port",
    "Here is where the cache is flushed: move it",
    "I have no idea why this worked: fix timeout units",
    "Does this fix CI?",
    "Maybe fix flaky upload?",
    "Fix: \n\n- reading empty files\n- closing twice",
    "Changes:\n\n- move the parser\n- drop the old one",
    "docs",
    "Refactor",
    "Done callback for uploads",
]


@pytest.mark.parametrize("raw", NONE)
def test_what_names_no_change_is_no_message(raw: str) -> None:
    assert commit_message.fault(raw) is not None


@pytest.mark.parametrize("raw", SOME)
def test_what_an_author_would_write_is_a_message(raw: str) -> None:
    assert commit_message.fault(raw) is None
