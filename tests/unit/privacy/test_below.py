"""Values below their names, over several lines and in odd quotes go; what only stands there stays."""

from __future__ import annotations

import pytest
from tests.unit.privacy.cases import drawn

from rung.privacy.redact import redact

TOKEN = drawn("«<40:A>»")[1]
PASSWORD = "Hunter" + "#2xQ"
SIGNS = ("", "+", "-", " ")


def signed(text: str, sign: str) -> str:
    return "".join(f"{sign}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(
    "text",
    [
        f"password: >-\n  {PASSWORD}\nuser: me\n",
        f"  password: |\n    {PASSWORD}\n  user: me\n",
        f"- password: |  # for now\n    {PASSWORD}\n- user: me\n",
        "db:\n  password: |\n    hunter\n",
        f'{{\n  "password":\n    "{PASSWORD}",\n  "user": "me"\n}}\n',
        f'connect(\n    user="me",\n    password=\n        "{PASSWORD}",\n)\n',
        f"password:\n  {PASSWORD}\n",
        f'PASSWORD = """{PASSWORD}"""\n',
        f"PASSWORD = '''\n{PASSWORD}\n'''\n",
        f'PASSWORD = """\\\n{PASSWORD}\\\n"""\n',
        f'password = (\n    "{PASSWORD}"\n)\n',
        f"password = ('{PASSWORD}')\n",
        f'const password =\n  "{PASSWORD}";\n',
        f"String password =\n    // of the test server\n    '{PASSWORD}';\n".replace("    // of the test server\n", ""),
    ],
)
def test_a_password_below_its_name_goes(text: str, sign: str) -> None:
    secret = PASSWORD if PASSWORD in text else "hunter"
    before = signed(text, sign)
    assert redact(before).text == before.replace(secret, "[redacted-password-1]")


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize(
    "text",
    [
        f"api_token: |\n  {TOKEN}\n",
        f'token = (\n    "{TOKEN[:20]}"\n    "{TOKEN[20:]}"\n)\n',
        f'token = "{TOKEN[:20]}" \\\n    "{TOKEN[20:]}"\n',
        f"const token = '{TOKEN[:20]}' +\n  '{TOKEN[20:]}';\n",
        f'token = "{TOKEN[:9]}" + "{TOKEN[9:20]}" + "{TOKEN[20:]}"\n',
    ],
)
def test_all_pieces_of_a_token_go(text: str, sign: str) -> None:
    before = signed(text, sign)
    redacted = redact(before)
    for piece in (TOKEN[:9], TOKEN[9:20], TOKEN[20:]):
        assert piece not in redacted.text
    assert redacted.restore(redacted.text) == before


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ('{"password": "ab\\"cd9!xQ7", "user": "me"}', 'ab\\"cd9!xQ7'),
        ("password = 'ab\\'cd9!xQ7'", "ab\\'cd9!xQ7"),
        ('password = "ab9!\\\\"', "ab9!\\\\"),
        ("password = 'dir9!xQ\\'", "dir9!xQ\\"),
        ('"{\\"password\\":\\"Hun7er#2x\\"}"', "Hun7er#2x"),
    ],
)
def test_an_escaped_quote_does_not_end_a_value(line: str, secret: str) -> None:
    assert redact(f"{line}\n").text == f"{line}\n".replace(secret, "[redacted-password-1]")


@pytest.mark.parametrize(
    "text",
    [
        "password:\n  user: me1!\n",
        "password:\n  - first1!\n",
        "password: |\nuser: first1!\n",
        "password: >-\n  the one you chose, at 9 o'clock!\n",
        "if not password:\n    return_2(a)\n",
        "def f(password:\n    Type2,\n):\n",
        'password = (\n    os.environ["PASSWORD2"]\n)\n',
        'PASSWORD = """\nEnter your password, 8 characters!\n"""\n',
        'token = """\nab1cd2ef3gh4ij5kl6\nsecond line\n"""\n',
        'token = ("my-token-name")\n',
        'if token == "a1":\n    x = "b2c3d4e5f6a7b8c9"\n',
        'password = ""\nuser = "fred77!x"\n',
        'token = "" "short"\n',
        "tokens:\n  - name: x1\n",
    ],
)
def test_what_stands_below_a_name_and_is_no_value_stays(text: str) -> None:
    for sign in SIGNS:
        assert redact(signed(text, sign)).text == signed(text, sign)
