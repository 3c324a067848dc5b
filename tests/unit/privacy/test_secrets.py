"""What is found, and what is left alone."""

from __future__ import annotations

import ast
import base64
import json
import sysconfig
from pathlib import Path

import pytest
from tests.unit.privacy.cases import BARE, HARMLESS, TRUE, drawn

from rung.privacy import secrets
from rung.privacy.found import Found
from rung.privacy.redact import redact

SIGNS = {"file": "", "added": "+", "deleted": "-", "context": " ", "comment": "# "}
KEY_LINES = ("MIIEowIBAAKCAQEAx3" + "Zk9+/" * 9 + "Q", "+" + "pL7/" * 15 + "abc", "q9Z0aA==")
HEAD, FOOT = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize("template", TRUE)
def test_a_true_secret_is_found_whatever_stands_before_it_on_the_line(template: str) -> None:
    line, secret = drawn(template)
    for name, sign in SIGNS.items():
        text = f"first\n{sign}{line}\nlast\n"
        clean = redact(text).text
        assert secret not in clean, name
        assert clean.startswith(f"first\n{sign}"), name
        assert clean.endswith("\nlast\n"), name


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS)
@pytest.mark.parametrize("template", BARE)
def test_a_word_without_quotes_is_a_password_among_settings(template: str, sign: str) -> None:
    line, secret = drawn(template)
    text = f"{sign}host = db.internal\n{sign}{line}\n{sign}# the end\n"
    before, _, after = text.partition(secret)
    kind = "secret" if template.startswith("secret") else "password"
    assert redact(text).text == f"{before}[redacted-{kind}-1]{after}"


@pytest.mark.parametrize(
    "around",
    [
        "class User:\n    username: str\n{}\n    age: int\n",
        "interface User {{\n  name: string\n{}\n  note: Note\n}}\n",
        "host = server()\n{}\nport = 5432\n",
        "def connect(\n    user,\n{}\n):\n",
        "try:\n{}\nexcept ValueError as error:\n",
        "self.user = user\n{}\nself.host = host(user)\n",
    ],
)
@pytest.mark.parametrize("sign", ["", "+", "-", " "])
@pytest.mark.parametrize("line", ["    password: Hunter", "    password = hunter", "    self.password = hunter"])
def test_a_word_without_quotes_is_a_name_in_a_program(line: str, sign: str, around: str) -> None:
    text = "".join(f"{sign}{one}\n" for one in around.format(line).splitlines())
    assert redact(text).text == text


ID, KEY = drawn("«AKIA<16:U>»")[1], drawn("«a7Q<37:B>»")[1]
BESIDE = {
    "the next line": f"{ID}\n{KEY}\n",
    "the line before": f"{KEY}\n{ID}\n",
    "some lines on": f"[default]\n{ID}\n\n# keep it safe\n{KEY}\n",
    "CSV": f"User name,Access key ID,Secret access key\nme,{ID},{KEY}\n",
    "JSON list": f'["{ID}", "{KEY}"]\n',
    "JSON object": f'{{\n  "id": "{ID}",\n  "value": "{KEY}"\n}}\n',
    "arguments": f"Credentials('{ID}', '{KEY}')\n",
    "arguments on lines": f'Credentials(\n    "{ID}",\n    "{KEY}")\n',
    "a table": f"| {ID} | {KEY} |\n",
    "one line": f"aws: {ID}:{KEY}\n",
    "a shell": f"aws configure set x {ID}; aws configure set y {KEY}\n",
}


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE)
def test_a_bare_key_beside_its_id_goes(text: str) -> None:
    for sign in ("", "+", "-", " ", "++", " +", "    ", "# ", "> "):
        signed = "".join(f"{sign}{line}\n" for line in text.splitlines())
        clean = redact(signed).text
        numbers = (1, 2) if signed.index(ID) < signed.index(KEY) else (2, 1)
        expected = [f"[redacted-aws-key-{number}]" for number in numbers]
        assert clean == signed.replace(ID, expected[0]).replace(KEY, expected[1])


def test_a_key_that_begins_with_a_sign_goes_whole() -> None:
    key = "+" + KEY[1:]
    for text in (f"{ID}\n{key}\n", f"+{ID}\n+{key}\n"):
        assert key[1:] not in redact(text).text


def test_a_key_far_from_any_id_and_what_is_no_key_stay() -> None:
    stays = "\n" * 12 + f"{KEY}\n"
    assert redact(f"{ID}\n{stays}").text.endswith(stays)
    for other in (
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "3F786850E387550FDAB836ED7E6DC881DE23001B",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "this/is/a/path/of/forty/letters/in/all/x",
        KEY + "x",
    ):
        assert other in redact(f"{ID}\n{other}\n").text


MANIFEST = """apiVersion: v1
kind: Secret
metadata:
  name: mine
type: Opaque
data:
  username: YWRtaW4=
  whatever: d2ludGVy
  "tls.key": "{long}"
  block: |
    d2ludGVyYWdhaW4=
stringData:
  other: winter time  # soon over
  hole: ${{HOLE}}
"""


@pytest.mark.parametrize("sign", ["", "+", "-", " "])
def test_all_that_a_kubernetes_secret_holds_goes(sign: str) -> None:
    text = "".join(f"{sign}{line}\n" for line in MANIFEST.format(long="QUJDRA" * 20).splitlines())
    clean = redact(text).text
    for gone in ("d2ludGVy", "QUJDRA", "winter"):
        assert gone not in clean
    for stays in ("name: mine", "type: Opaque", "YWRtaW4=", "# soon over", "${HOLE}", "  block: |", '"tls.key": "['):
        assert f"{stays}" in clean
    assert clean.count("\n") == text.count("\n")


def test_a_kubernetes_secret_in_json_loses_its_values_and_a_config_map_keeps_them() -> None:
    text = '{"kind": "Secret", "data": {"a": "d2ludGVy"}, "stringData": {"b": "winter"}}\n'
    assert redact(text).text.count("[redacted-kubernetes-secret-") == 2
    for other in (text.replace("Secret", "ConfigMap"), MANIFEST.replace("Secret", "ConfigMap").format(long="QUJD")):
        assert redact(other).text == other


def test_only_the_document_that_is_a_secret_loses_its_data() -> None:
    plain = "kind: ConfigMap\ndata:\n  mode: c3VtbWVy\n"
    clean = redact(f"{plain}---\n{MANIFEST.format(long='QUJD')}---\n{plain}").text
    assert clean.startswith(plain)
    assert clean.endswith(plain)


@pytest.mark.parametrize("sign", ["", "+", "-", " "])
@pytest.mark.parametrize(
    "text",
    [
        "- name: DB_PASSWORD\n  value: winter\n",
        '- name: "DB_PASSWORD"\n  value: "winter"\n',
        '"Key": "DB_PASSWORD",\n"Value": "winter"\n',
        'variable "db_password" {\n  type = string\n  default = "winter"\n}\n',
    ],
)
def test_a_value_goes_whose_name_stands_on_a_line_before(text: str, sign: str) -> None:
    signed = "".join(f"{sign}{line}\n" for line in text.splitlines())
    assert redact(signed).text == signed.replace("winter", "[redacted-password-1]")


@pytest.mark.parametrize("sign", ["", "+", "-", " "])
def test_a_login_over_several_lines_goes(sign: str) -> None:
    text = "".join(f"{sign}{line}\n" for line in ("machine example.com", "  login me", "  password winter"))
    assert redact(text).text == text.replace("winter", "[redacted-password-1]")


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


def behind(*gutters: str) -> str:
    """A key with something before each of its lines."""
    return "".join(f"{gutter}{line}\n" for gutter, line in zip(gutters, (HEAD, *KEY_LINES, FOOT), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        behind(*(f"{number:6}\t" for number in range(7, 12))),
        behind(*(f"{number} | " for number in range(7, 12))),
        behind(*(f"deploy/id_rsa:{number}:" for number in range(97, 102))),
        behind(*(f"2024-05-01T10:00:0{number}Z INFO  " for number in range(5))),
        behind(*(f"^a1b2c3d (Jo Doe 2024-01-01 10:00:00 +0100 {number:3}) " for number in range(5))),
        behind(*(f"web-{number} | stdout F " for number in range(5))),
        behind(*["7\t"] * 5).replace(HEAD, HEAD + "\n7\tProc-Type: 4,ENCRYPTED\n7\t"),
        "<pre>" + pem().replace("\n", "&#10;") + "</pre>\n",
        "q=" + pem().replace("\n", "%0A") + "\n",
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


@pytest.mark.parametrize("letter", "fbruFBRU")
def test_a_line_of_a_key_that_begins_like_a_prefix_of_a_string_goes_whole(letter: str) -> None:
    line = letter + KEY_LINES[0][1:]
    assert redact(f"{HEAD}\n{line}\n{FOOT}\n").text == f"{HEAD}\n[redacted-private-key-1.1]\n{FOOT}\n"
    quoted = f"{HEAD}\n{letter}'{line}\\n'\n{FOOT}\n"
    assert redact(quoted).text == f"{HEAD}\n{letter}'[redacted-private-key-1.1]\\n'\n{FOOT}\n"


def test_a_key_in_base64_over_several_lines_goes() -> None:
    encoded = base64.b64encode(pem().encode()).decode()
    lines = [encoded[at : at + 76] for at in range(0, len(encoded), 76)]
    for sign in ("", "+", "    "):
        clean = redact("".join(f"{sign}{line}\n" for line in ("KEY: |", *lines, "next: 1"))).text
        numbered = [f"{sign}[redacted-private-key-1.{number}]" for number in range(1, len(lines) + 1)]
        assert clean.splitlines() == [f"{sign}KEY: |", *numbered, f"{sign}next: 1"]


def test_the_token_beside_the_id_of_an_account_goes() -> None:
    line, secret = drawn('client = Client("AC<32:H>", "«<32:H>»")')
    assert secret not in redact(line).text


def test_a_key_in_json_loses_its_private_members_and_no_other() -> None:
    public = '"kty":"RSA","n":"' + "q7Zk-_" * 40 + '","e":"AQAB"'
    secret = "p3Xw" * 20
    for quote in ('"', "'", '\\"'):
        text = f'{{"keys":[{{{public},"d":"{secret}","dp" : "{secret[::-1]}"}},{{{public},"kid":"sign-1"}}]}}'
        clean = redact(text.replace('"', quote)).text
        assert clean.count("[redacted-private-key-") == 2
        assert f"{quote}kid{quote}:{quote}" in clean
        assert clean.count("q7Zk-_" * 40) == 2
    sample = f'{{"keys": [{{{public}, "d": "{secret}"}}]}}'
    assert json.loads(redact(sample).text)["keys"][0]["e"] == "AQAB"


def test_the_begin_of_a_key_in_a_listing_takes_nothing_of_what_follows_with_it() -> None:
    text = f"12:  if {HEAD} in text:\n13:      return found\n14:  {'A' * 30} = 1\n"
    assert redact(text).text == text


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


NO_DIGITS = str.maketrans("0123456789", "abcdefghij")
HARD = {
    "escaped quotes": '\\"' * 50_000,
    "a string that does not end": '"\\' * 50_000,
    "ends of lines": '"' + "\\n" * 50_000 + '"',
    "strings": '"a\\n"' * 20_000,
    "letters": "a" * 100_000,
    "names": 'password="' * 10_000,
    "dots": "secret." * 14_000,
    "addresses": "://a:" * 20_000,
    "heads": (HEAD + "A") * 3_000,
    "ends": (("A" * 64 + "\n") * 500) + (FOOT + "\n") * 1_000,
    "tokens": "eyJ" * 33_000,
    "keys": "sk-" * 33_000 + "T3BlbkFJ",
    "quotes": '"' * 100_000,
    "ids": (ID + ",") * 5_000,
    "ids and keys": f"{ID},{KEY};" * 1_600,
    "secrets": "kind: Secret\ndata:\n" * 5_000,
    "entries": "kind: Secret\n" + "data:\n  a: d2ludGVy\n" * 5_000,
    "logins": "machine a login b account c " * 3_500,
    "users": "user role login " * 6_000,
    "pairs": "name: token value " * 6_000,
    "variables": 'variable "password" {default ' * 4_000,
    "commands": "docker login redis-cli ldapadd " * 4_000,
    "programs": "docker login openssl mongo zip net use echo sudo ldapadd 7z a -p " * 1_500,
    "programs and options": "zip -P openssl -k mongo -p " * 4_000,
    "echoes": "echo a|sudo " * 8_000,
    "a long echo": "echo " + "a" * 50_000 + "|" + "sudo" * 10_000,
    "phrases of numbers": "password = 'my dog has 7 fleas and the cat none " * 2_000,
    "options with a default": "'--token', default = 'a" * 4_000,
    "blocks with a key": "jwt: {\nkey: " * 8_000,
    "connections": "new PDO('a', 'b', " * 5_000,
    "values first": "abcdef as my token " * 5_000,
    "a long value first": "a" * 50_000 + " as my token",
    "tuples": "a, b, c, password = 'x', " * 4_000,
    "settings": "password = hunter\n" * 6_000,
    "options": "--password a --api-key " * 4_000,
    "dashes": "-a" * 50_000 + "-token x",
    "phrases": "password = 'blue horse and so on' " * 3_000,
    "bots": "123456789:AA" * 8_000,
    "escapes": 'password="' + "\\\\" * 50_000,
    "pieces": "token = (" + "'a'\n" * 25_000,
    "many pieces": ("token = (" + "'a'\n" * 40) * 400,
    "blocks": "password: |\n  a\n" * 6_000,
    "triples": 'password = """' * 7_000,
    "headers": "-H 'x-api-key:" * 7_000,
    "cookies": "cookie: a=" * 10_000,
    "calls": "auth=('a','" * 9_000,
    "literals": "create secret --from-literal=a=" * 3_000,
    "defaults": "${password:" * 9_000,
    "elements": "<a name='password'>" * 5_000 + "</",
    "plist": "<key>password</key>" * 5_000,
    "words of a wallet": "mnemonic = " + "abc " * 25_000,
    "hashes": "$6$" * 33_000,
    "keys in base64": "LS0tLS1CRUdJTi" * 7_000,
    "paths": "://a:b@" * 14_000,
    "spaces": ("password" + " " * 500 + "\n") * 200,
    "heads of tables": "user,password\n" * 7_000,
    "inserts": "insert into a (password) values ('a')," * 2_500,
    "rows": "insert into a (password) values " + "('a''b')," * 10_000,
    "quotes in a row": "insert into a (password) values (" + "'" * 50_000,
    "a table": "user,password\n" + "bob,x9!abc\n" * 9_000,
    "colons": ":5432:a" * 14_000,
    "many secrets": "".join(f'password = "{drawn("«<20:W>»", seed)[1]}"\n' for seed in range(3_000)),
    "many words": "".join(f'password = "{drawn("«<9:L>»", seed)[1].translate(NO_DIGITS)}"\n' for seed in range(3_000)),
    "colours": "\x1b[32m" * 20_000,
    "links": "\x1b]8;;" * 20_000 + "\x1b\\",
    "words that went": "[-a" * 33_000 + "-]",
    "words that came": "{+a" * 33_000 + "+}",
    "mentions": "password for the user root of the db in the house " * 2_000,
    "mentions of many": "my token is the password of the api key " * 2_500,
    "cells": "| token " * 12_000,
    "cells of blanks": ("token" + " " * 50) * 2_000,
    "letters of a mention": "token is " + "a1" * 50_000,
    "names below": "password:\n\n" * 8_000,
    "tags": "<td>token</td>" * 7_000,
    "aside": "token (" * 14_000,
    "words": "[-password=a-]{+password=b+}" * 3_000,
}


@pytest.mark.long
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
