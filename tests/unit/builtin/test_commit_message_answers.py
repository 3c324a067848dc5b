"""What models say when asked for a commit message, and what is read from it."""

from __future__ import annotations

import pytest

from rung.actions.results.commit_message import LONG_SUBJECT, doubt, fault, read

PLAIN = "feat(parser): read empty files"
WITH_BODY = "feat(parser): read empty files\n\n- return an empty tree\n- add a test"

SHAPES = {
    "as it is": PLAIN,
    "with a final line break": PLAIN + "\n",
    "full stop": PLAIN + ".",
    "thoughts": f"<think>\nThe diff adds a check.\n\nfix: no\n</think>\n\n{PLAIN}",
    "thoughts without their beginning": f"The user wants a message.\n</think>\n{PLAIN}",
    "fence": f"```\n{PLAIN}\n```",
    "fence with a language": f"```text\n{PLAIN}\n```",
    "fence that never closes": f"```\n{PLAIN}",
    "greeting": f"Here is a commit message:\n\n{PLAIN}",
    "greeting and fence": f"Sure! Here's a concise commit message for the changes:\n\n```plaintext\n{PLAIN}\n```\n",
    "greeting, fence and chatter": f"Here is the message:\n```\n{PLAIN}\n```\n\nLet me know if you like it!",
    "label": f"Commit message: {PLAIN}",
    "bold label": f"**Commit Message:** {PLAIN}",
    "label on its own line": f"**Commit message**\n\n{PLAIN}",
    "heading": f"# Commit Message\n\n{PLAIN}",
    "subject label": f"Subject: {PLAIN}",
    "subject as a heading": f"## {PLAIN}",
    "double quotes": f'"{PLAIN}"',
    "typographic quotes": f"\u201c{PLAIN}\u201d",
    "backticks": f"`{PLAIN}`",
    "bold": f"**{PLAIN}**",
    "bold type": "**feat(parser)**: read empty files",
    "bold type with colon": "**feat(parser):** read empty files",
    "type in backticks": "`feat(parser)`: read empty files",
    "capital type": "Feat(parser): read empty files",
    "numbered options": f"1. {PLAIN}\n2. feat: handle empty input\n3. chore: update parser",
    "numbered options with a greeting": f"Here are some options:\n\n1. `{PLAIN}`\n2. `fix: another`",
    "named options": f"Option 1:\n{PLAIN}\n\nOption 2:\nfix: another",
    "options as headings": f"### Option 1\n{PLAIN}\n\n### Option 2\nfix: another",
    "options in letters": f"Option A: {PLAIN}\n\nOption B: fix: another",
    "bold options": f"**Option 1:**\n```\n{PLAIN}\n```\n**Option 2:**\n```\nfix: another\n```",
    "bullet": f"- {PLAIN}",
    "git command": f'git commit -m "{PLAIN}"',
    "git command in a fence": f'```bash\ngit commit -m "{PLAIN}"\n```',
    "json": f'{{"message": "{PLAIN}"}}',
    "json in a fence": f'```json\n{{"subject": "{PLAIN}", "body": ""}}\n```',
    "tags": f"<commit_message>\n{PLAIN}\n</commit_message>",
    "end token": f"{PLAIN}<|im_end|>",
    "echo of the diff": f"{PLAIN}\n\ndiff --git a/x b/x\nindex 1234567..89abcde\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b",
    "echo in a fence": f"{PLAIN}\n\n```diff\ndiff --git a/x b/x\n+b\n```",
    "rule and explanation": f"{PLAIN}\n\n---\n\nThis message follows the conventional commits format.",
    "explanation": f"{PLAIN}\n\nThis commit message follows the Conventional Commits specification.",
    "note": f"{PLAIN}\n\nNote: I kept it short.",
    "windows lines": f"Here is a commit message:\r\n\r\n{PLAIN}\r\n",
}


@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES.keys())
def test_what_stands_around_a_subject_goes(raw: str) -> None:
    assert fault(raw) is None
    assert read(raw) == PLAIN


@pytest.mark.parametrize(
    "raw",
    [
        WITH_BODY,
        "feat(parser): read empty files\n- return an empty tree\n- add a test",
        "**feat(parser): read empty files**\n\n- return an empty tree\n- add a test\n\nLet me know if this works.",
        "Subject: feat(parser): read empty files\n\nBody:\n- return an empty tree\n- add a test",
        "```\nfeat(parser): read empty files\n\n- return an empty tree\n- add a test\n```",
        "feat(parser): read empty files\n\n\n\n- return an empty tree\n- add a test\n\n",
        '{"subject": "feat(parser): read empty files", "body": ["return an empty tree", "add a test"]}',
    ],
)
def test_the_body_follows_after_one_blank_line(raw: str) -> None:
    assert fault(raw) is None
    assert read(raw) == WITH_BODY


@pytest.mark.parametrize(
    "raw",
    [
        "Fix typo in README",
        "Update dependencies",
        "Corrige le calcul de la TVA dans les factures",
        "Behebe Absturz bei leerer Eingabe",
        "修正: 空のファイルを読めるようにする",
        "исправить опечатку в справке",
        "fix: handle `None` in parse()",
        'Add "strict" mode',
        "chore!: drop Python 3.8",
        "Message queue: retry on timeout",
        "Title case in headings",
        "Here documents are parsed in shell scripts",
        "This is fine: ignore E501 in tables",
        "Note handling of null bytes",
        'Revert "feat: add cache"\n\nThis reverts commit 1234567890abcdef1234567890abcdef12345678.',
        "[core] Fix crash on start",
        "3.2.1",
        "parser: don't recurse",
        "fix(*): reads...",
        "feat: add X\n\n1. first do this\n2. then that",
        "feat: add fence\n\nUse it so:\n\n```\nrung ask\n```",
        "fix: x\n\nThe parser failed on empty input because the loop never ran.\n\nFixes #12",
        "feat: add y\n\nSigned-off-by: Ada <ada@example.org>",
    ],
)
def test_a_right_message_is_left_alone(raw: str) -> None:
    assert fault(raw) is None
    assert read(raw) == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "empty"),
        (" \n\n", "empty"),
        ("```\n```", "empty"),
        ("<think>What should I say", "empty"),
        ("<think>fix: x</think>", "empty"),
        ("---\n***", "empty"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "diff"),
        ('{"files": ["a", "b"], "count": 2}', "JSON"),
        ('[{"a": 1}]', "JSON"),
        ("The diff shows that the function parse was changed so that it returns early.", "talks"),
        ("I'm sorry, but I can't write a message without the changes.", "talks"),
        ("This commit adds a new function and changes the way things work.", "talks"),
        ("Please provide the diff you want a message for", "talks"),
        ("<type>(<scope>): <description>", "template"),
        ("word " * 40, "over and over"),
        (" ".join(f"thing{number}" for number in range(60)), "too long"),
        ("?!", "no subject"),
    ],
)
def test_what_is_no_message_is_named_without_quoting_it(raw: str, reason: str) -> None:
    said = fault(raw)
    assert said is not None
    assert reason in said
    assert "parse" not in said


def test_long_body_lines_are_wrapped_and_bullets_hang() -> None:
    raw = "feat: add x\n\n- " + "many words in one bullet " * 6 + "\n\nCo-authored-by: " + "x" * 120 + "\n"
    bullet, *rest = read(raw).split("\n")[2:]
    assert bullet.startswith("- many words")
    assert rest[0].startswith("  ")
    assert max(len(line) for line in (bullet, *rest[:-1])) <= 72
    assert rest[-1].endswith("x" * 120)


def test_no_word_of_a_long_subject_is_cut() -> None:
    subject = "feat: " + "a rather long subject that goes on past seventy two characters to eighty x"
    assert fault(subject) is None
    assert read(subject) == subject


def test_a_subject_longer_than_most_is_kept_whole() -> None:
    subject = "Let people say how long the server waits for a model " * 3
    assert fault(subject) is None
    assert read(subject) == subject.strip()


@pytest.mark.parametrize("shape", SHAPES)
def test_only_several_messages_are_doubted(shape: str) -> None:
    assert doubt(SHAPES[shape]) == ("it offers several messages" if "options" in shape else None)


@pytest.mark.parametrize(
    "raw",
    [
        f"{PLAIN}\n\n1. Return an empty tree.\n2. Add a test.",
        f"{PLAIN}\n\nOption 1: strict.\nOption 2: lenient.",
        "Version 2 of the protocol\n\nIt says:\n\n1. hello\n2. goodbye",
        "Option 1 of two is gone",
        "1. FC Koeln: fix the name",
    ],
    ids=["a list in the body", "options in the body", "a version", "one option", "a number that is a name"],
)
def test_one_message_with_a_list_in_it_is_one(raw: str) -> None:
    assert doubt(raw) is None


@pytest.mark.parametrize("more", ["", " (#1234)"], ids=["alone", "with what a forge adds"])
def test_a_subject_longer_than_people_write_them_is_doubted_and_can_be_read(more: str) -> None:
    fine = "feat: " + "x" * (LONG_SUBJECT - 6)
    assert doubt(fine + more) is None
    assert doubt(f"{fine}x{more}") == "its first line has more than 100 characters"
    assert fault(f"{fine}x{more}") is None


def test_line_breaks_written_out_are_line_breaks() -> None:
    assert read(r"fix: x\n\n- one\n- two") == "fix: x\n\n- one\n- two"
    assert read("fix: split at \\n\n\nIt was split at \\n\\n.") == "fix: split at \\n\n\nIt was split at \\n\\n."


def test_a_block_in_the_body_of_a_long_message_stays() -> None:
    raw = "feat: add x\n\nOne.\nTwo.\nThree.\nFour.\n\n```json\n{}\n```\n\nFive."
    assert fault(raw) is None
    assert read(raw) == raw


@pytest.mark.parametrize("raw", ["Sorry fix", "Unfortunately needed: pin numpy", "Sure-fire close()", "fix"])
def test_a_message_that_begins_like_talk_is_one(raw: str) -> None:
    assert fault(raw) is None


def test_lines_git_would_drop_are_guarded() -> None:
    assert read("fix: x\n\n#12 was about this", "#") == "fix: x\n\n #12 was about this"
    assert read("fix: x\n\n; see there", ";") == "fix: x\n\n ; see there"


def test_reading_twice_changes_nothing() -> None:
    for raw in SHAPES.values():
        assert read(read(raw)) == read(raw)


@pytest.mark.parametrize(
    "piece", ["`", "**", "<think>", "1. ", '"', "a ", "- \n", "```\n", ": ", "Here is ", "{", "# "]
)
def test_endless_answers_are_read_at_once(piece: str) -> None:
    raw = piece * (60_000 // len(piece))
    fault(raw)
    doubt(raw)
    assert len(read(raw)) <= 3 * len(raw)
