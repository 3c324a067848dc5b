r"""Passwords of one plain word: ``password = "hunter"``. Whether a word stands for a password or for something else.

A word behind ``password`` is mostly none: a type, a label in some language, a rule of a form, a way to sign in, a
variable. Those are told here by a list, the rest by where the word stands (:mod:`rung.privacy.assignments`).
"""

from __future__ import annotations

import re

from rung.privacy.values import is_placeholder
from rung.types.pattern import lazy

_WORDS = """
    str string strings text varchar char charfield passwordfield textfield number int integer bool boolean bytes byte
    object array list dict map any void unknown never optional required nullable nonnull secretstr securestring uuid
    true false none null nil undefined unset empty missing absent blank yes off
    value values data result input inputs output param params arg args argument arguments option options raw entry item
    line content body payload response request form field fields widget control label title caption placeholder column
    email mail username login signin signup logout account phone name user users admin profile person owner member
    forgot forgotten reset recover recovery change changed update updated confirm confirmed confirmation repeat retype
    verify verified current previous next old new temporary temp initial
    show hide hidden visible visibility masked mask secure insecure strong medium weak simple sensitive private public
    plain plaintext clear cleartext hash hashed hashing bcrypt scrypt argon argonid crypt md5 encrypt encrypted
    encryption encoded decoded decrypted salted base sealed
    grant implicit oauth openid saml ldap kerberos digest bearer basic token tokens cookie session mfa totp otp pin
    biometric passkey passkeys passwordless certificate cert certs keyring keychain vault pass gopass store stored
    interactive prompt ask asked stdin file files env environ environment config settings manual auto automatic
    generated generate random default defaults example sample dummy redacted removed
    invalid incorrect wrong mismatch expired failed failure denied error errors success accepted rejected locked
    disabled enabled disable enable ignore ignored skip skipped allow allowed deny never always only must should
    nopasswd nopass lock unlock open close static dynamic local remote internal external
    compat systemd winbind nisplus sssd
    base64 base32 base58 utf8 utf16 latin1 md5 sha1 sha256 sha384 sha512 argon2 argon2id argon2i hs256 rs256 es256
    oauth2 aes128 aes256 cp1252 iso88591 ascii
    minlength maxlength length pattern format model schema type types validate validator validation
    contrase\u00f1a contrasenya senha palavra passwort kennwort parole parol wachtwoord losenord l\u00f6senord passord
    adgangskode kodeord salasana has\u0142o haslo heslo jelsz\u00f3 jelszo parol\u0103 parola sifre \u015fifre
    lozinka geslo slapta\u017eodis parool motdepasse pasahitza \u03ba\u03c9\u03b4\u03b9\u03ba\u03cc\u03c2
    \u043f\u0430\u0440\u043e\u043b\u044c \u043f\u0430\u0440\u043e\u043b\u0430 \u043b\u043e\u0437\u0438\u043d\u043a\u0430
    \u5bc6\u7801 \u5bc6\u78bc \u53e3\u4ee4 \u30d1\u30b9\u30ef\u30fc\u30c9 \ube44\ubc00\ubc88\ud638 \uc554\ud638
    \u0633\u064a\u0635\u0648\u0631\u062f \u05e1\u05d9\u05e1\u05de\u05d4
"""
"""What stands behind ``password`` and is none: types, labels, rules, ways to sign in, variables."""
_OTHERS = frozenset(_WORDS.split())
_PARTS = lazy(r"passw|passwd|pwd|secret|credential|placeholder|redact|required|invalid|changeme|change_?me")
_WORD = lazy(r"[^\W\d_]{4,40}\d{0,6}")
_PHRASE = lazy(r"[a-z]{3,16}(?:-[a-z]{3,16}){2,7}")
_SENTENCE = """
    the a an is are was be been being must should can cannot could will would may might shall do does did has have had
    your you my our their his her this that these those it its for to of in on at by with within without from as into or
    and not no nor if when then than too so please try again click press set get use used using make sure keep leave
    choose provide provided contain contains include includes match matches same both each at least most more less
    minimum maximum min max between exactly up characters character chars signs letters letter digits digit symbols
    symbol numbers uppercase lowercase upper lower case mixed special long short attempt attempts left try tries
    step page version chapter error code status line row test case example user password passphrase
    de la el le les du des un une una los las para por con su sua seu tu e o do da dos und oder der die das den ein
    eine bitte mit ist nicht zu zum vom minimo caracteres caratteri zeichen mindestens tekens moins
"""
"""What sentences are made of, of which a label, a hint or an error is one; a pass phrase is four nouns."""
_SAID = frozenset(_SENTENCE.split())
_WEAK = lazy(r"(?i:admin|root|user|guest|postgres|mysql|mongo|redis|oracle)\d{2,8}[!@#$*.]{0,2}|(?!(\d)\1*\Z)\d{6,12}")
_NUMBERED_PIECE = lazy(r"[^\W\d_]{1,20}\d{0,4}|\d{1,6}")
_IN_PHRASE = lazy(r"[^\W\d_]{2,16}|[^\W\d_]{2,16}\d{1,6}[!#*]?|\d{2,6}[!#*]?")
_SMALL = lazy(r"[^\W\d_A-Z]{1,16}[!.]?|\d{1,6}[!.]?")
_RULES = """
    at must should can cannot could will would may might shall please try again make sure keep choose provide
    contain contains include match least most more less minimum maximum min max between exactly characters character
    chars signs letters letter digits digit symbols symbol numbers uppercase lowercase attempt attempts tries step
    page version chapter code status line row test case example day days hour hours minute minutes second seconds
    week weeks month months year years ago within after before until expires expire older newer than every times
    items results bytes bits error tage stunden minuten zeichen mindestens jours heures caracteres d\u00edas horas
    dias
"""
"""What rules, hints and errors with a number in them have."""
_RULED = frozenset(_RULES.split())
_CAMEL = lazy(r"[a-z][A-Z]")
_NUMBERED = """
    aes sha rsa utf iso hmac pbkdf hs rs es tls ssl http https oauth kv v id
"""
"""What stands before a number in the name of something: ``aes-256``."""
_NAMED = frozenset(_NUMBERED.split())


def is_other(value: str) -> bool:
    """Whether a word, with whatever ends a sentence, is one of those that stand for something else."""
    return value.rstrip("?!.:*\u2026 ").lower() in _OTHERS


def could_be(value: str, *, loud: bool = False) -> bool:
    """Whether a word that is given to a password can be one.

    Args:
        value: the word, without quotes.
        loud: the name is in capitals, so a value in capitals is no name of a constant.
    """
    lower = value.lower()
    if not (_WORD.fullmatch(value) or _PHRASE.fullmatch(value)) or _CAMEL.search(value) or is_other(value):
        return False
    return not (value.isupper() and not loud) and not _PARTS.search(lower) and not is_placeholder(value)


def is_weak(value: str) -> bool:
    """Whether it is one of the passwords that people should not have: ``root123``, ``12345678``."""
    return _WEAK.fullmatch(value) is not None


def is_numbered(value: str, *, quoted: bool) -> bool:
    """Whether it is words and numbers that are joined, as people make a password: ``Herbst-2024``, ``blue-tiger-7``.

    Args:
        value: the text, without quotes.
        quoted: it stood in quotes, so that underscores make it no name of a program's own.
    """
    pieces = re.split("[-_]" if quoted else "-", value)
    if not 2 <= len(pieces) <= 6 or not all(map(_NUMBERED_PIECE.fullmatch, pieces)) or value.isupper():
        return False
    words = [piece.strip("0123456789").lower() for piece in pieces]
    if any(word in _OTHERS or word in _NAMED or _PARTS.search(word) for word in words):
        return False
    if any(piece.lower() in _SAID for piece in pieces):
        return False
    return any(map(str.isdigit, value)) and any(len(word) >= 4 for word in words) and not is_placeholder(value)


def could_be_phrase(value: str, *, least: int, quoted: bool = False) -> bool:
    """Whether words with blanks between them, given to a password, can be a pass phrase and are no sentence.

    Args:
        value: the words, without quotes.
        least: so many words at least, all in small letters; two are enough where digits stand behind them.
        quoted: it stood in quotes, so that four words may make a sentence, if one is a number: ``my dog has 7 fleas``.
    """
    pieces = value.split(" ")
    if quoted and _is_numbered_phrase(pieces):
        return True
    if not 2 <= len(pieces) <= 10 or not all(map(_IN_PHRASE.fullmatch, pieces)) or is_placeholder(value):
        return False
    words = [piece.rstrip("0123456789!#*").lower() for piece in pieces]
    said = [word for word in words if word in _SAID or word in _OTHERS or _PARTS.search(word)]
    if said or len([word for word in words if len(word) >= 3]) < 2:
        return False
    return pieces[-1].rstrip("!#*")[-2:].isdigit() or (len(words) >= least and value.islower())


def _is_numbered_phrase(pieces: list[str]) -> bool:
    """Whether words in small letters and a number tell of nothing that a form or an error tells of."""
    if not 4 <= len(pieces) <= 12 or not all(map(_SMALL.fullmatch, pieces)):
        return False
    words = [piece.rstrip("!.") for piece in pieces]
    if not any(map(str.isdigit, words)) or any(
        word in _RULED or word in _OTHERS or _PARTS.search(word) for word in words
    ):
        return False
    return len([word for word in words if word.isalpha() and len(word) >= 3 and word not in _SAID]) >= 2
