"""Secrets go out, and come back where they are quoted."""

from __future__ import annotations

import copy
import logging
import pickle
import random
import traceback

import pytest
from tests.unit.privacy.cases import HARMLESS, TRUE, drawn

from rung.privacy.redact import PLACEHOLDER, Redactor, redact
from rung.types.call import Message
from rung.types.part import Part
from rung.types.receipt import Redaction

CANARY = "Canary7!sings-Loud"


def test_the_same_secret_has_the_same_placeholder_and_another_one_another() -> None:
    text = f'password = "{CANARY}"\nlogin("me", "{CANARY}")\ndb_password = "Other9!secretX"\n'
    assert redact(text).text == (
        'password = "[redacted-password-1]"\nlogin("me", "[redacted-password-1]")\n'
        'db_password = "[redacted-password-2]"\n'
    )


def test_the_receipt_counts_each_secret_once() -> None:
    key, _ = drawn("«AKIA<16:U>»")
    assert redact(f'a = "{key}"\nb = "{key}"\npassword = "{CANARY}"').found == (
        Redaction("aws-key", 1),
        Redaction("password", 1),
    )


def test_a_text_without_secrets_is_the_same() -> None:
    redacted = redact("print('hello')\n")
    assert (redacted.text, redacted.found, redacted.spans) == ("print('hello')\n", (), ())
    assert redacted.restore("[redacted-password-1]") == "[redacted-password-1]"


def test_an_answer_that_quotes_a_placeholder_gets_the_secret_back() -> None:
    redacted = redact(f'password = "{CANARY}"')
    assert redacted.restore("connect([redacted-password-1])") == f"connect({CANARY})"
    assert redacted.restore("connect([redacted-password-7])") == "connect([redacted-password-7])"


def test_a_placeholder_that_stood_there_before_is_nobodys() -> None:
    text = f'# was [redacted-password-1]\npassword = "{CANARY}"\n'
    redacted = redact(text)
    assert redacted.text == '# was [redacted-password-1]\npassword = "[redacted-password-2]"\n'
    assert redacted.restore(redacted.text) == text


def test_a_short_secret_is_not_taken_out_of_the_middle_of_words() -> None:
    redacted = redact('password = "hunter2"\nhunter22 = 1\nlogin(hunter2)\n')
    assert redacted.text == 'password = "[redacted-password-1]"\nhunter22 = 1\nlogin([redacted-password-1])\n'


def test_a_number_is_not_taken_out_of_longer_ones() -> None:
    redacted = redact("DB_PASSWORD=48151623\nserial = 481516234200\nlogin(48151623)\n")
    assert redacted.text == ("DB_PASSWORD=[redacted-password-1]\nserial = 481516234200\nlogin([redacted-password-1])\n")


def test_every_place_of_the_redacted_text_leads_to_the_original() -> None:
    text = f'a = 1\npassword = "{CANARY}"\nb = 2; token = "{drawn("«<32:A>»")[1]}"\nend\n'
    redacted = redact(text)
    for word in ("a = 1", "password", "b = 2", "token", "end"):
        assert redacted.to_original(redacted.text.index(word)) == text.index(word)
    assert redacted.to_original(len(redacted.text)) == len(text)
    for span in redacted.spans:
        assert redacted.to_original(span.redacted_start + 3) == span.start
        assert redacted.to_original(span.redacted_end) == span.end
        assert PLACEHOLDER.fullmatch(redacted.text[span.redacted_start : span.redacted_end])


def test_parts_share_their_placeholders() -> None:
    parts = (
        Part("file", f'password = "{CANARY}"\n', "a.py", priority=1),
        Part("instruction", f"why is {CANARY} refused?", shorten="never"),
        Part("stat", "changed: a.py"),
    )
    redactor = Redactor()
    clean = redactor.parts(parts)
    assert [part.text for part in clean] == [
        'password = "[redacted-password-1]"\n',
        "why is [redacted-password-1] refused?",
        "changed: a.py",
    ]
    assert clean[2] is parts[2]
    assert (clean[0].path, clean[0].priority, clean[1].shorten) == ("a.py", 1, "never")
    assert redactor.found == (Redaction("password", 1),)
    assert tuple(redactor.restore(part.text) for part in clean) == tuple(part.text for part in parts)


def test_a_placeholder_in_one_part_is_not_given_to_a_secret_of_another() -> None:
    parts = (Part("file", f'password = "{CANARY}"'), Part("attached", "[redacted-password-1]"))
    redactor = Redactor()
    clean = redactor.parts(parts)
    assert [redactor.restore(part.text) for part in clean] == [part.text for part in parts]


def test_no_parts_are_no_parts() -> None:
    redactor = Redactor()
    assert (redactor.parts(()), redactor.found) == ((), ())


def test_what_is_sent_has_no_secret_of_a_path_or_of_the_template() -> None:
    redactor, key = Redactor(), drawn("«AKIA<16:U>»")[0]
    redactor.parts((Part("file", f'password = "{CANARY}"\n', f"{key}.py"),))
    (sent,) = redactor.messages(
        [Message("user", f"File: {key}.py\nBranch: {CANARY}\npassword = [redacted-password-1]")]
    )
    assert sent.content == (
        "File: [redacted-aws-key-1].py\nBranch: [redacted-password-1]\npassword = [redacted-password-1]"
    )
    assert redactor.found == (Redaction("aws-key", 1), Redaction("password", 1))
    assert redactor.restore(sent.content) == f"File: {key}.py\nBranch: {CANARY}\npassword = {CANARY}"


def test_messages_without_secrets_are_sent_as_they_are() -> None:
    message = Message("user", "What is a queue?")
    assert Redactor().messages([message])[0] is message


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (
            'password = "summer"\nseason = summer\n# in summer\n',
            'password = "[redacted-password-1]"\nseason = summer\n# in summer\n',
        ),
        (
            'password = "summer"\nlogin("me", \'summer\')\n',
            'password = "[redacted-password-1]"\nlogin("me", \'[redacted-password-1]\')\n',
        ),
        (
            'password = "summer"\nhttps://me:summer@host/\n',
            'password = "[redacted-password-1]"\nhttps://me:[redacted-password-1]@host/\n',
        ),
        (
            "DB_PASSWORD=correcthorsebatterystaple\nsay correcthorsebatterystaple\n",
            "DB_PASSWORD=[redacted-password-1]\nsay [redacted-password-1]\n",
        ),
    ],
)
def test_a_password_of_one_word_goes_where_it_is_a_value_and_the_word_stays_elsewhere(text: str, clean: str) -> None:
    assert redact(text).text == clean
    assert redact(text).restore(clean) == text


@pytest.mark.parametrize("seed", range(40))
def test_secrets_put_into_a_text_at_random_go_out_and_come_back(seed: int) -> None:
    rng = random.Random(seed)
    lines, hidden = [], []
    for number in range(rng.randrange(1, 60)):
        lines.append(rng.choice(HARMLESS) if rng.random() < 0.6 else "x = [1, 2]  # \u00fc \U0001f600\t'\"")
        if rng.random() < 0.4:
            line, secret = drawn(rng.choice(TRUE), seed * 1000 + number)
            lines.append(rng.choice(["", "+", "-", " ", "    "]) + line)
            hidden.append(secret)
    text = rng.choice(["\n", "\r\n"]).join(lines)
    redacted = redact(text)
    assert [secret for secret in hidden if secret in redacted.text] == []
    assert redacted.restore(redacted.text) == text
    assert redact(redacted.text).text == redacted.text
    assert [len(piece) > 0 for piece in redacted.text.splitlines()] == [len(piece) > 0 for piece in text.splitlines()]
    assert sum(entry.count for entry in redacted.found) <= len(redacted.spans)


@pytest.mark.parametrize("seed", range(40))
def test_texts_of_random_pieces_come_back_too(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [
        "password",
        "=",
        " ",
        '"',
        "'",
        "\n",
        "://",
        ":",
        "@",
        "host",
        "-----BEGIN PRIVATE KEY-----",
        "AKIA",
        "sk-",
    ]
    pieces += [
        "+",
        "-",
        "\\n",
        "token",
        "Bearer ",
        "eyJ",
        ";",
        "Aa1!Bb2?",
        "[redacted-password-1]",
        "0123456789abcdefXYZ+/=",
    ]
    pieces += ["-----END PRIVATE KEY-----", "zq8Kd93jfLs02mAAx7Qw", "\u2028", "\x0b", "\r\n", "ghp_" + "a1B2" * 9]
    text = "".join(rng.choice(pieces) for _ in range(400))
    redacted = redact(text)
    assert redacted.restore(redacted.text) == text
    assert redacted.text.splitlines(keepends=True)[-1:] or not text
    assert len(redacted.text.splitlines()) == len(text.splitlines())
    again = redact(redacted.text)
    assert again.restore(again.text) == redacted.text


def test_nothing_that_prints_itself_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = f'password = "{CANARY}"\n'
    redacted = redact(text)
    redactor = Redactor()
    redactor.parts((Part("file", text),))
    shown = "".join(map(repr, (redacted, redacted.restore, redacted.spans, redactor.found, redactor)))
    shown += f"{redacted}{redactor.restore}{redacted.replace(found=())!r}"
    try:
        redacted.spans[99].replace(start=0)
    except IndexError:
        shown += traceback.format_exc()
    assert CANARY not in shown + caplog.text


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
def test_secrets_are_not_written_anywhere(write: object) -> None:
    redacted = redact(f'password = "{CANARY}"\n')
    assert callable(write)
    redactor = Redactor()
    redactor.text(f'password = "{CANARY}"\n')
    for holder in (redacted.restore, redactor):
        with pytest.raises(TypeError) as raised:
            write(holder)
        assert CANARY not in str(raised.value)
