"""Where a message goes in the text git opens."""

from __future__ import annotations

import pytest

from rung.git.message_buffer import comment_prefix, insertion, typed

HELP = "# Please enter the commit message for your changes.\n#\n# On branch main\n"
SCISSORS = "# ------------------------ >8 ------------------------\n"
VERBOSE = HELP + SCISSORS + "# Do not modify or remove the line above.\ndiff --git a/x b/x\n+typed?\n"
MESSAGE = "feat: add x\n\n- more"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"{MESSAGE}\n"),
        ("\n", f"{MESSAGE}\n"),
        ("\n" + HELP, f"{MESSAGE}\n\n{HELP}"),
        (HELP, f"{MESSAGE}\n\n{HELP}"),
        ("\n\n" + HELP, f"{MESSAGE}\n\n{HELP}"),
        ("\n" + VERBOSE, f"{MESSAGE}\n\n{VERBOSE}"),
        ("\n" + SCISSORS + "diff\n", f"{MESSAGE}\n\n{SCISSORS}diff\n"),
        ("typed\n\n" + HELP, f"typed\n\n{MESSAGE}\n\n{HELP}"),
        ("typed\n" + HELP, f"typed\n\n{MESSAGE}\n\n{HELP}"),
        ("typed", f"typed\n\n{MESSAGE}\n"),
        ("typed\n", f"typed\n\n{MESSAGE}\n"),
        ("typed\n\nmore\n\n" + VERBOSE, f"typed\n\nmore\n\n{MESSAGE}\n\n{VERBOSE}"),
        ("\n\nSigned-off-by: A <a@b>\n\n" + HELP, f"{MESSAGE}\n\nSigned-off-by: A <a@b>\n\n{HELP}"),
        ("Signed-off-by: A <a@b>\n", f"{MESSAGE}\n\nSigned-off-by: A <a@b>\n"),
        ("typed\n\nSigned-off-by: A <a@b>\n\n" + HELP, f"typed\n\n{MESSAGE}\n\nSigned-off-by: A <a@b>\n\n{HELP}"),
        (
            "Merge branch 'x'\n\n# Conflicts:\n#\ta\n\n" + HELP,
            f"Merge branch 'x'\n\n{MESSAGE}\n\n# Conflicts:\n#\ta\n\n{HELP}",
        ),
        ("\r\n# Help\r\n", "feat: add x\r\n\r\n- more\r\n\r\n# Help\r\n"),
        ("typed\r\n\r\n# Help\r\n", "typed\r\n\r\nfeat: add x\r\n\r\n- more\r\n\r\n# Help\r\n"),
    ],
)
def test_the_message_stands_where_a_person_would_write_it(text: str, expected: str) -> None:
    assert insertion(text, MESSAGE).applied(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n" + VERBOSE, ""),
        ("a subject  \n\nbody\n\n" + VERBOSE, "a subject\n\nbody"),
        ("# only help", ""),
        ("subject\r\n# help\r\n", "subject"),
    ],
)
def test_typed_is_what_the_person_typed(text: str, expected: str) -> None:
    assert typed(text) == expected


def test_a_line_git_would_drop_gets_a_space() -> None:
    assert insertion("", "fix: x\n\n#12 and so on").text == "fix: x\n\n #12 and so on\n"
    assert insertion("\n; help\n", "fix: x\n\n; y\n# z", ";").text == "fix: x\n\n ; y\n# z\n"


def test_a_comment_sign_of_several_letters() -> None:
    assert typed("subject\n# no comment here\n// help\n", "//") == "subject\n# no comment here"


@pytest.mark.parametrize(
    ("text", "setting", "expected"),
    [
        ("", "#", "#"),
        ("", "auto", "#"),
        ("\n# help\n", "auto", "#"),
        ("#1\n\n; help\n; more\n", "auto", ";"),
        ("; help\n; ------------------------ >8 ------------------------\ndiff\n+# x\n", "auto", ";"),
        ("words only\n", "auto", "#"),
        ("\n# help\n", ";", ";"),
    ],
)
def test_the_comment_sign(text: str, setting: str, expected: str) -> None:
    assert comment_prefix(text, setting) == expected
