"""The search for telling names asks only where a piece of one stands, and finds what a whole search does."""

from __future__ import annotations

import random

import pytest
from tests.unit.privacy.cases import BARE, HARMLESS, TRUE, drawn
from tests.unit.privacy.test_mentions import ABOUT, SAID

from rung.privacy import names

LINES = [*HARMLESS, *ABOUT, *(drawn(line)[0] for line in (*TRUE, *BARE, *SAID))]
_PIECES = """
    password passwd passwort passphrase pass_phrase passcode pwd contraseña contrasena pass pw dbpass userpw
    kennwort motdepasse mot_de_passe palavra_passe wachtwoord lösenord losenord senha hasło heslo psk пароль 密码
    パスワード 비밀번호 secret secret_key token tokens credential _auth _pat session_cookie bw_session api_key
    encryption_key
    my_key jwt-key api-schlüssel jeton clé_api cle_d'api clave_secreta chave_da_api 密钥 トークン apiキー key e a -
"""
PIECES = _PIECES.split()


def places(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    lower = text.lower()
    found = [word.span() for word in names._words(lower)]
    return found, [word.span() for word in names._WORD.finditer(lower)]


def test_every_line_has_the_same_names_either_way() -> None:
    for text in (*LINES, "\n".join(LINES)):
        found, whole = places(text)
        assert found == whole, text


@pytest.mark.parametrize("seed", range(30))
def test_words_in_any_order_have_the_same_names_either_way(seed: int) -> None:
    rng = random.Random(seed)
    text = "".join(rng.choice(PIECES) + rng.choice(["", "", "_", " ", "-", ".", "s", "x"]) for _ in range(300))
    found, whole = places(text)
    assert found == whole
    assert found
