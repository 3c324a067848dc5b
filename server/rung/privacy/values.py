"""Whether a text could be a secret: not a placeholder, not a name, not a word, not a piece of a program."""

from __future__ import annotations

from rung.types.pattern import lazy

_PLACEHOLDER = lazy(
    r"""\$[{(]|^\$[A-Za-z_]\w*$|%(?:env)?[({]|^%\w+%$|%[sdr]$|\{[^{}]*\}|^<|>$|\.\.\.|\u2026|\*{3}|^@\w+@$|xxxx|XXXX|\[redacted-"""
)
"""A template's hole, an ellipsis, stars."""
_WEAK = """
    my your our the this not here goes old new app user admin root test tests testing tester example sample demo
    dummy fake mock stub foo bar baz qux spam eggs some any none null nil true false undefined default change changeit
    changeme changethis replaceme replace insert enter todo tbd fixme redacted removed hidden masked secret secrets
    password passwd pass pwd passphrase token tokens key keys api apikey access auth client private public value
    string text str bytes placeholder invalid valid wrong bad good correct incorrect unknown empty blank no real
    super very long random safe insecure unsafe local localhost dev prod staging bearer basic id name type field
    header code hash salt session cookie credential credentials login database for use with and postgres mysql redis
    mongo guest hello world abc abcd abcde abcdef abcdefg xyz github gitlab aws openai anthropic
"""
"""Words that placeholders are made of."""
_MADE_OF_WEAK = lazy(f"(?:{'|'.join(sorted(_WEAK.split(), key=len, reverse=True))})*")
_ESCAPES = lazy(r"\\[nrt]|\\x[0-9a-f]{2}")
_RULES = lazy(r"[a-z_]+(?::[\w,.]+)?(?:\|[a-z_]+(?::[\w,.]+)?)+")
"""What a form asks of a field: ``required|min:8``."""
_OF_TYPES = lazy(r"[A-Za-z_][\w.]*(?:\[[\w.,|\[\]]*\]|<[\w.,<>]*>)[?!]?")
"""``Optional[str]``, ``Option<String>``."""
_NOT_LETTERS = lazy(r"[^a-z]+")
_RUNS = (
    "0123456789",
    "1234567890",
    "abcdefghij",
    "9876543210",
    "deadbeef",
    "cafebabe",
    "abc123",
    "123abc",
    "example",
    "your",
)
_ENDS = ("example", "examplekey")
"""With these end the keys of AWS' own documents, which look as real as any."""
_EXAMPLES = lazy(r"(?i)example|sample|dummy|your|deadbeef|cafebabe|abc123|123abc")
_PREFIX = lazy(r"[A-Za-z]{1,12}(?:[_-](?:live|test|proj|pat|api|ant|or|v1)){0,3}[_-]")
"""What a token begins with, which is the same for all of its kind."""
_ONE_WORD = lazy(r"[A-Z]?[a-z]{1,14}|[A-Z]{1,14}|\d{1,3}")
_LONG = 100
_SEGMENT = lazy(r"[-_./:+ ,]+")
_CAMEL = lazy(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_PIECE = lazy(r"[A-Za-z]+\d{0,4}|[vV]?\d+[a-z]?")
_LEET = lazy(r"[A-Za-z]\d[a-z]{2}")
"""A digit in the place of a letter: in names digits end a word, and the next begins with a capital."""
_MIXED = lazy(r"[A-Za-z]{2,20}\d{1,4}[A-Za-z]{2,20}\d{0,4}")
_NUMBERED_WORDS = lazy(
    r"(?i)(?:base|sha|utf|win|int|float|oauth|http|md|h|ipv|mp|x|s|ec|ed|b|aes|rs|hs|py|web|neo|log|psycopg)\d{1,5}"
    r"|\d(?:st|nd|rd|th|fa|to|url)(?![a-z])"
)
"""Words whose digits are their own, so that small letters may follow."""
_SIGNED = lazy(r"\w[!@#$%^&*?~]+(?:\w|\Z)")
_DOTTED = lazy(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+")
_PATHS = ("~/", "./", "../")
"""With these begin the names of files; ``$HOME`` no value of a key's letters holds."""
_TOKEN = lazy(r"[A-Za-z0-9+/=_.~:-]{16,}\Z")
_ENCODED = lazy(r"%(?:2[BbFfDd]|3[Dd]|5[Ff]|7[Ee])")
"""Signs of a key as an address writes them."""
_OF_SIGNS = lazy(r"[A-Za-z0-9!@#$%^&*()_=+-]{32,128}\Z")
"""What Django makes its keys of."""
_LONGEST_WORD = 13
_WORD = lazy(rf"[A-Za-z]{{{_LONGEST_WORD + 1}}}")
_TIME = lazy(r"\d{4}-\d\d-\d\d[T_:-]\d\d")
_HEX = lazy(r"[0-9a-fA-F-]{16,}\Z")


def is_made_up(token: str) -> bool:
    """Whether something of a token's form stands for one only: an example, a hole, a row of the same letter."""
    if len(token) > _LONG:  # four letters that mean something turn up by chance in so many
        return len(set(token)) <= 10
    lower = token.lower()
    return is_hole(token) or (any(run in lower for run in _RUNS[:4]) and not _is_mostly_random(token))


def is_hole(token: str) -> bool:
    """Whether something of a token's form has a template's hole, an example's word or a row of the same letter."""
    lower = token.lower()
    if len(set(lower[-16:])) <= 4 or lower.endswith(_ENDS):
        return True
    named = _PLACEHOLDER.search(token) or "example" in lower or "your" in lower or "dummy" in lower
    return bool(named) and not _is_mostly_random(token)


def _is_mostly_random(value: str) -> bool:
    """Whether what is made up in a value is the least of it: a key may begin with ``1234567890``.

    Words, rows of the same letter, and letters or digits that count up do not speak for a key; sixteen characters
    besides, and most of the value, do.
    """
    if _PLACEHOLDER.search(value):
        return False
    body = _PREFIX.sub("", value)
    rest = [piece for piece in _SEGMENT.split(_EXAMPLES.sub("", body)) if not _ONE_WORD.fullmatch(piece)]
    left = _without_rows("".join(rest))
    digits = sum(map(str.isdigit, left))
    return digits >= 2 and len(left) >= max(16, 0.6 * len(body)) and len(set(left)) >= 8


def _without_rows(text: str) -> str:
    """The text without rows of three or more letters that are the same or count up or down: ``aaa``, ``456``."""
    lower, kept, start = text.lower(), [], 0
    while start < len(text):
        end = start + 1
        step = ord(lower[end]) - ord(lower[start]) if end < len(text) else 9
        while abs(step) <= 1 and end < len(text) and ord(lower[end]) - ord(lower[end - 1]) == step:
            end += 1
        if end - start < 3:
            end = start + 1
            kept.append(text[start])
        start = end
    return "".join(kept)


def is_placeholder(value: str) -> bool:
    """Whether a value is none: ``changeme``, ``<your key>``, ``${VAR}``, ``xxxx``, ``password123``."""
    if _PLACEHOLDER.search(value) or len(set(value)) <= 3:
        return True
    lower = _ESCAPES.sub("", value.lower())
    if lower.startswith(("arn:", "os.", "process.", "http://", "https://", "file:")) or lower.endswith(_ENDS):
        return True
    if any(run in lower for run in _RUNS) and not _is_mostly_random(value):
        return True
    letters = _NOT_LETTERS.sub("", lower)
    return _MADE_OF_WEAK.fullmatch(letters) is not None


def looks_like_password(value: str, *, quoted: bool) -> bool:
    """Whether a value can be a password: six characters, no white space, letters mixed with digits or signs.

    Args:
        value: what stands behind the name.
        quoted: it stood in quotes; what does not may be a name of the program's own.
    """
    if len(value) < 6 or is_placeholder(value) or _RULES.fullmatch(value) or any(map(str.isspace, value)):
        return False
    if _OF_TYPES.fullmatch(value):
        return False
    has_letter = any(letter.isalpha() for letter in value)
    has_digit = any(letter.isdigit() for letter in value)
    has_sign = any(not letter.isalnum() and letter not in "_-./:,() " for letter in value)
    return has_letter and (has_sign or (has_digit and not (_is_words(value) or (not quoted and _is_name(value)))))


def looks_like_short_key(value: str, *, quoted: bool) -> bool:
    """Whether a value behind ``secret`` can be one though it is short: digits, and both cases or a sign.

    Args:
        value: what stands behind the name.
        quoted: it stood in quotes; what does not may be a name of the program's own.
    """
    mixed = any(map(str.isupper, value)) and any(map(str.islower, value))
    signed = any(sign in value for sign in "!@#$%^&*?~+")
    if (
        len(value) < 8
        or any(sign in value for sign in "/:%")
        or not (mixed or signed)
        or not any(map(str.isdigit, value))
    ):
        return False
    return looks_like_password(value, quoted=quoted)


def looks_random(value: str) -> bool:
    """Whether a value can be a key: sixteen characters or more, digits among letters as in no name or path."""
    if "%" in value:
        value = _ENCODED.sub("+", value)
    if (
        not _TOKEN.match(value)
        or value.startswith(_PATHS)
        or _TIME.match(value)
        or (is_placeholder(value) if len(value) <= _LONG else is_made_up(value))
    ):
        return False
    digits = sum(letter.isdigit() for letter in value)
    if digits < 2:
        # Long keys with hardly a digit: their letters are half large, half small, as in no name.
        large, small = sum(map(str.isupper, value)), sum(map(str.islower, value))
        return len(value) >= 32 and min(large, small) >= 0.3 * (large + small)
    if digits == len(value) - value.count("-") or _is_name(value):
        return False
    return len(set(value)) >= (8 if _HEX.match(value) else 10)


def is_of_signs(value: str) -> bool:
    """Whether a value is a long key of letters, digits and signs at random, as Django makes them."""
    value = value.removeprefix("django-insecure-")
    if not _OF_SIGNS.match(value) or _WORD.search(value):
        return False
    signs = [letter for letter in value if not letter.isalnum() and letter not in "-_"]
    return len(set(signs)) >= 3 and len(signs) >= 4 and sum(map(str.isdigit, value)) >= 2


def stands_out(value: str) -> bool:
    """Whether a value is a password among words, with nothing to say so: large, small, digits or signs, and no name."""
    has = [any(map(test, value)) for test in (str.isupper, str.islower, str.isdigit)]
    signed = _SIGNED.search(value) is not None
    if len(value) < 8 or not has[2] or sum(has) + signed < 3 or not looks_like_password(value, quoted=False):
        return False
    plain = _NUMBERED_WORDS.sub("", value)
    parts = _CAMEL.findall(value)
    return signed or bool(_LEET.search(plain)) or len("".join(parts)) < 2.5 * len(parts)


def is_camel(value: str) -> bool:
    """Whether it reads as words written together: ``testEd25519PrivateKey``; at random they are short."""
    mixed = any(map(str.isupper, value)) and any(map(str.islower, value))
    return mixed and value.isalnum() and len(value) >= 3.6 * len(_CAMEL.findall(value))


def is_mixed(value: str) -> bool:
    """Whether digits stand inside one word, as in ``Schn33Mann``, and the word is none of those that have some."""
    return len(value) >= 8 and _MIXED.fullmatch(value) is not None and not _NUMBERED_WORDS.search(value)


def is_code(value: str) -> bool:
    """Whether it reads as names joined by dots: an attribute, a module."""
    return _DOTTED.fullmatch(value) is not None


def _is_words(value: str) -> bool:
    """Whether it reads as several words and numbers: ``my-service-2``, ``sha256.verify``, a path, a version."""
    pieces = [piece for piece in _SEGMENT.split(value) if piece]
    return len(pieces) > 1 and all(_PIECE.fullmatch(piece) for piece in pieces)


def _is_name(value: str) -> bool:
    """The same, or one word as programs write it: ``TokenV2``, ``Base64Decoder``; ``Gr8scott`` is none."""
    if _is_words(value):
        return True
    parts = _CAMEL.findall(value)
    words = [part for part in parts if part.isalpha() and len(part) >= 4]
    named = value.isalnum() and value[0].isupper() and bool(words) and len(parts) <= 4
    return named and not _LEET.search(_NUMBERED_WORDS.sub("", value))
