"""What is found, and what is left alone."""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import pytest
from tests.unit.privacy.cases import HARMLESS, TRUE, drawn

from rung.privacy import secrets
from rung.privacy.found import Found
from rung.privacy.redact import redact

SIGNS = {"file": "", "added": "+", "deleted": "-", "context": " ", "comment": "# "}
KEY_LINES = ("MIIEowIBAAKCAQEAx3" + "Zk9+/" * 9 + "Q", "+" + "pL7/" * 15 + "abc", "q9Z0aA==")
HEAD, FOOT = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("template", TRUE)
def test_a_true_secret_is_found_whatever_stands_before_it_on_the_line(template: str, sign: str) -> None:
    line, secret = drawn(template)
    text = f"first\n{sign}{line}\nlast\n"
    clean = redact(text).text
    assert secret not in clean
    assert clean.startswith(f"first\n{sign}")
    assert clean.endswith("\nlast\n")


def test_the_table_is_large_enough_to_mean_something() -> None:
    assert len(set(TRUE)) >= 60


@pytest.mark.parametrize("line", HARMLESS)
def test_what_only_looks_like_a_secret_stays(line: str) -> None:
    for sign in SIGNS.values():
        assert redact(f"{sign}{line}\n").text == f"{sign}{line}\n"


@pytest.mark.parametrize("template", TRUE)
def test_what_stands_around_a_secret_stays(template: str) -> None:
    line, secret = drawn(template)
    redacted = redact(line)
    before, _, after = line.partition(secret)
    assert redacted.text.startswith(before)
    assert redacted.text.endswith(after)


def test_ordinary_code_is_left_alone() -> None:
    """Fewer than one find in 20,000 lines, over some of the standard library's sources; the whole was measured so."""
    library = Path(sysconfig.get_path("stdlib"))
    names = ["getpass.py", "netrc.py", "ssl.py", "secrets.py", "hmac.py", "tokenize.py", "configparser.py", "uuid.py"]
    names += ["argparse.py", "smtplib.py", "ftplib.py", "imaplib.py", "hashlib.py", "cgi.py", "typing.py", "inspect.py"]
    texts = [path.read_text(encoding="utf-8") for path in map(library.joinpath, names) if path.exists()]
    assert sum(text.count("\n") for text in texts) > 10_000
    assert [found for text in texts for found in secrets.find(text)] == []


def pem(sign: str = "", quote: str = "", end: str = "") -> str:
    return "".join(f"{sign}{quote}{line}{end}\n" for line in (HEAD, *KEY_LINES, FOOT))


@pytest.mark.parametrize(
    "text",
    [
        pem(),
        pem("+"),
        pem("-"),
        pem(" "),
        pem("++"),
        pem("+    "),
        pem("    "),
        pem("# "),
        pem('+    "', end='\\n"'),
        pem("  '", end="\\n' +"),
        pem().replace("\n", "\r\n"),
        pem().replace("RSA", "OPENSSH"),
        pem().replace(HEAD, HEAD + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n"),
        pem()
        .replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK")
        .replace(KEY_LINES[0], "Version: 1\n\n" + KEY_LINES[0]),
        pem().replace(f"{FOOT}\n", ""),
        f"@@ -9,3 +9,3 @@\n+{KEY_LINES[0]}\n+{KEY_LINES[1]}\n+{KEY_LINES[2]}\n+{FOOT}\n",
        '{"private_key": "' + pem().replace("\n", "\\n") + '"}\n',
        'KEY="' + pem().replace("\n", "\\\\n") + '"\n',
        "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 3\n" + "\n".join(KEY_LINES) + "\nPrivate-MAC: 1\n",
    ],
)
def test_a_private_key_loses_its_letters_and_keeps_its_lines(text: str) -> None:
    redacted = redact(text)
    for line in KEY_LINES:
        assert line.strip("+") not in redacted.text
    assert redacted.text.count("\n") == text.count("\n")
    assert [(entry.kind, entry.count) for entry in redacted.found] == [("private-key", 1)]
    for mark in (HEAD, FOOT, "Proc-Type: 4,ENCRYPTED", "Private-MAC: 1", "@@ -9,3 +9,3 @@"):
        assert (mark in redacted.text) == (mark in text)
    for before, after in zip(text.split("\n"), redacted.text.split("\n"), strict=True):
        keys = [key for key in KEY_LINES if key in before]
        if len(keys) == 1:
            head, _, tail = before.partition(keys[0])
            assert after.startswith(f"{head}[redacted-private-key-1.")
            assert after.endswith(tail)
        elif not keys:
            assert after == before
    assert redacted.restore(redacted.text) == text


def test_public_keys_and_certificates_stay() -> None:
    text = pem().replace("RSA PRIVATE KEY", "CERTIFICATE") + pem().replace("RSA PRIVATE KEY", "PUBLIC KEY")
    assert redact(text).text == text


def test_code_that_looks_for_private_keys_stays() -> None:
    text = f'if "{HEAD}" in text:\n    return load(text)\nassert "{FOOT}" in text\n'
    assert redact(text).text == text


def test_what_overlaps_is_one_find() -> None:
    line, secret = drawn("DATABASE_URL=postgres://app:«ghp_<36:A>»@db/app")
    found = secrets.find(f"password={line}")
    assert len(found) == 1
    assert secret in f"password={line}"[found[0].start : found[0].end]


def test_merging_keeps_the_surest_name_and_every_letter() -> None:
    sure, guess = Found("aws-key", 5, 10), Found("secret", 8, 20)
    assert secrets.merge([sure, guess]) == (Found("aws-key", 5, 20),)
    assert secrets.merge([guess, Found("jwt", 20, 30)]) == (guess, Found("jwt", 20, 30))


HARD = {
    "letters": "a" * 100_000,
    "names": 'password="' * 10_000,
    "dots": "secret." * 14_000,
    "addresses": "://a:" * 20_000,
    "heads": (HEAD + "A") * 3_000,
    "ends": (("A" * 64 + "\n") * 500) + (FOOT + "\n") * 1_000,
    "tokens": "eyJ" * 33_000,
    "keys": "sk-" * 33_000 + "T3BlbkFJ",
    "quotes": '"' * 100_000,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
def test_a_text_made_to_slow_the_search_down_is_searched_all_the_same(text: str) -> None:
    assert redact(text).text.count("\n") == text.count("\n")


def test_the_search_imports_no_network_or_process_by_itself() -> None:
    folder = Path(secrets.__file__).parent
    banned = {"socket", "subprocess", "requests", "urllib", "http", "multiprocessing", "os", "pathlib"}
    for module in folder.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name.split(".")[0] for alias in node.names}, module.name
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in banned, module.name
