r"""Secrets are found as they are shown: through colours, letters of no width and either side of a word diff."""

from __future__ import annotations

import json
import re

import pytest
from tests.unit.privacy.cases import TRUE, drawn

from rung.privacy.redact import PLACEHOLDER, redact
from rung.privacy.views import View

OLD, NEW = drawn("«7<31:H>»")[1], drawn("«9<31:H>»")[1]
TOKENS = [drawn("«ghp_<36:A>»", seed)[1] for seed in (1, 2)]
LINE = drawn("«<64:B>»")[1]
GREEN, RED, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[m"


def seen(text: str) -> str:
    redacted = redact(text)
    assert redacted.restore(redacted.text) == text
    assert redact(redacted.text).text == redacted.text
    return redacted.text


@pytest.mark.parametrize("template", TRUE)
def test_a_true_secret_is_found_in_colour(template: str) -> None:
    line, secret = drawn(template)
    clean = seen(f"{RED}-old{PLAIN}\n{GREEN}+{PLAIN}{GREEN}{line}{PLAIN}\n{GREEN}+{line}{PLAIN}\n")
    assert secret not in clean
    assert clean.startswith(f"{RED}-old{PLAIN}\n{GREEN}+{PLAIN}{GREEN}")
    assert clean.endswith(f"{PLAIN}\n")


@pytest.mark.parametrize("template", TRUE)
def test_a_true_secret_is_found_in_a_string_of_json_and_the_json_stays_whole(template: str) -> None:
    line, secret = drawn(template)
    told = {"cells": [{"source": ['say = "h\u00fc"\n', f'\n{line}\n"end"\t']}], "n": 1}
    for kept in (False, True):
        clean = seen(json.dumps(told, ensure_ascii=not kept))
        read = json.loads(clean)
        assert secret not in read["cells"][0]["source"][1]
        assert read["cells"][0]["source"][0] == told["cells"][0]["source"][0]  # type: ignore[index]  # it is what it says
        assert read["cells"][0]["source"][1].startswith("\n")
        assert read["cells"][0]["source"][1].endswith('\n"end"\t')


def test_a_secret_with_escaped_letters_goes_with_its_backslashes() -> None:
    told = {"log": '\U0001f600 my "account"\npassword: \u00e4b3r!Gr\u00fcn\u00df\n'}
    clean = seen(json.dumps(told))
    assert json.loads(clean)["log"] == '\U0001f600 my "account"\npassword: [redacted-password-1]\n'


@pytest.mark.parametrize("middle", ["\n", "\t", "\\", '"', "\u00e4", "\\n"])
def test_a_secret_that_is_all_of_a_string_goes_whole_whatever_is_escaped_in_it(middle: str) -> None:
    for kept in (False, True):
        clean = seen(json.dumps({"user": "me", "password": f"Tr0ub{middle}4dor-3xyzQ"}, ensure_ascii=not kept))
        assert json.loads(clean) == {"user": "me", "password": "[redacted-password-1]"}


@pytest.mark.parametrize("colour", ["\\033[32m", "\\e[1;32m", "\\x1b[32m", "\\u001b[32m", "\x9b32m", "\x1b[38;5;10m"])
def test_a_colour_in_any_writing_ends_a_word(colour: str) -> None:
    assert seen(f'echo "{colour}{TOKENS[0]}"') == f'echo "{colour}[redacted-github-token-1]"'


def test_a_private_key_in_colour_loses_its_lines() -> None:
    lines = ("-----BEGIN RSA PRIVATE KEY-----", LINE, LINE[::-1], "-----END RSA PRIVATE KEY-----")
    clean = seen("".join(f"{GREEN}+{PLAIN}{GREEN}{line}{PLAIN}\n" for line in lines))
    assert re.findall(r"\[redacted-private-key-1\.\d\]", clean) == [f"[redacted-private-key-1.{n}]" for n in (1, 2)]
    assert clean.count(GREEN) == 8


def test_a_link_of_a_terminal_hides_nothing() -> None:
    link = "\x1b]8;;https://a.example/\x07"
    assert seen(f"{link}{TOKENS[0]}\x1b]8;;\x07") == f"{link}[redacted-github-token-1]\x1b]8;;\x07"


@pytest.mark.parametrize(
    "text",
    [
        f"[-API_KEY={OLD}-]{{+API_KEY={NEW}+}}\n",
        f"API_KEY=[-{OLD}-]{{+{NEW}+}}\n",
        f'"apiKey": "[-{OLD}-]{{+{NEW}+}}",\n',
        f"API_KEY={RED}[-{OLD}-]{PLAIN}{GREEN}{{+{NEW}+}}{PLAIN}\n",
        f"API_KEY={OLD[:9]}[-{OLD[9:]}-]{{+{NEW[9:]}+}}\n",
        f"API_KEY={RED}{OLD}{PLAIN}{GREEN}{NEW}{PLAIN}\n",
        f"{RED}{TOKENS[0]}{PLAIN}{GREEN}{TOKENS[1]}{PLAIN}\n",
        f"[-{TOKENS[0]}-]{{+{TOKENS[1]}+}}\n",
    ],
)
def test_both_sides_of_a_word_diff_go(text: str) -> None:
    clean = seen(text)
    for secret in (OLD, NEW, *TOKENS):
        assert secret[10:] not in clean
    assert PLACEHOLDER.search(clean)


def test_a_letter_of_no_width_hides_nothing() -> None:
    for letter in "\u200b\u200d\u2060\ufeff\u00ad":
        assert seen(f"key: {TOKENS[0][:9]}{letter}{TOKENS[0][9:]}\n") == "key: [redacted-github-token-1]\n"


@pytest.mark.parametrize(
    "text", ["a[-1] - b[i-]\n", "{+x+} [-y-]\n", f"{GREEN}+password: str{PLAIN}\n", "\ufeffimport os\n", "[-\n-]\n"]
)
def test_what_is_no_secret_stays_in_colour_too(text: str) -> None:
    assert seen(text) == text


def test_every_place_of_a_view_leads_back() -> None:
    text = "ab--cd--ef"
    view = View(text, [(2, 4), (6, 8)])
    assert view.text == "abcdef"
    assert View(text, [(2, 4), (6, 8)], " ").text == "ab cd ef"
    assert View(text, [(0, 4), (4, 10)]).text == ""
