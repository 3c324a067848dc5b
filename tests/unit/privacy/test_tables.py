"""Passwords in a column go, whatever else the row holds; what only looks like a table stays."""

from __future__ import annotations

import pytest
from tests.unit.privacy.cases import drawn

from rung.privacy.redact import redact

PASSWORD = "Gr8scott" + "!x"
KEY = drawn("«<32:H>»")[1]


@pytest.mark.parametrize("sign", ["", "+", "-", " "])
@pytest.mark.parametrize(
    "text",
    [
        f"user,password\nbob,{PASSWORD}\n",
        f"id;user;Password;mail\n1;bob;{PASSWORD};b@c.example\n2;eve;x9!{PASSWORD};e@c.example\n",
        f'"User name","DB password"\n"bob","{PASSWORD}"\n',
        f"name\tpassword\nbob\t{PASSWORD}\n",
        f"| user | password |\n|---|---|\n| bob | {PASSWORD} |\n",
        f"name,api_key\nbob,{KEY}",
        f"INSERT INTO users (name, password) VALUES ('bob', '{PASSWORD}');\n",
        f"insert into `users` (id, password, mail)\nvalues (1, 'x9!a', 'a'), (2, '{PASSWORD}', 'it''s, (b)');\n",
        f"db.example.com:5432:app:appuser:{PASSWORD}\n",
        f"*:*:*:me:{PASSWORD}\n",
    ],
)
def test_a_password_in_a_column_goes(text: str, sign: str) -> None:
    before = "".join(f"{sign}{line}\n" for line in text.splitlines())
    redacted = redact(before)
    assert PASSWORD not in redacted.text
    assert KEY not in redacted.text
    assert "[redacted-" in redacted.text
    assert "bob" in redacted.text or "bob" not in text
    assert redacted.restore(redacted.text) == before


@pytest.mark.parametrize(
    "text",
    [
        "user, password\nbob, secret\n",
        "def f(user, password):\n    return x9!a\n",
        "user, password\n= x1!abc\n",
        "name,key\nbob,K2\n",
        "INSERT INTO users (name, password) VALUES (?, ?);\n",
        "INSERT INTO users (name, password_hash) VALUES ('bob', 'x9!abcdef');\n",
        "file.c:1234:56:error:x9!abc\n",
        "main.py:12:34:note:x9!abc\n",
        "localhost:5432:app:me:password\n",
        "| option | token |\n|---|---|\n| a | b2! |\n",
    ],
)
def test_what_is_no_password_in_a_column_stays(text: str) -> None:
    assert redact(text).text == text
