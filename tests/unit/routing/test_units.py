"""What belongs to a word, for every sign Unicode has, and phrases without spaces where a plain search finds them."""

from __future__ import annotations

import random
import re
import sys
import unicodedata

import pytest
import regex  # type: ignore[import-untyped]  # it has no types of its own

from rung.routing.units import GLUED, Text, units
from rung.routing.words import MOST_CHARACTERS, MOST_WORDS, Table

SIGNS = range(sys.maxunicode + 1)
OF_WORDS = (0, 0x3000), (0xA000, 0xAC00), (0xF900, 0x10000)
"""Where signs of words are, as they are or when they are folded."""
SEPARATE = re.compile(
    "[\x80-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\u0e00-\u0eff\u1000-\u10bf\u1780-\u17ff\u2000-\U0010ffff"
    r"\x00-\x22\x24-\x2a\x2c\x2d/:-@\[-^`{-\x7f]"
)
"""What separates two words in a folded text."""


WIDE = "".join(
    chr(code)
    for code in range(0xFF01, 0xFFF0)
    if "\uff61" <= chr(code) <= "\uffdc" or re.match(r"[^\W]|[+#._]", unicodedata.normalize("NFKC", chr(code)))
)
"""Signs as wide or narrow as no other, of words or of scripts without spaces."""
WIDE_ONES = re.compile(f"[{WIDE}]+")
DOTS = re.compile(r"\.\.*(?![a-z0-9_.\x80-\U0010ffff])|\.(?=\.)")
"""Those that belong to no word."""


def folded(text: str) -> str:
    """The text folded by the rules, slowly."""
    usual = WIDE_ONES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return unicodedata.normalize("NFC", usual).casefold()


def spaced(text: str) -> str:
    """A folded text with spaces for whatever separates its words, found slowly."""
    return DOTS.sub(" ", SEPARATE.sub(" ", text))


def spelled(text: str) -> list[bytes]:
    return [word for word in spaced(text).encode("utf-8", "surrogatepass").split(b" ") if word]


def read(text: str) -> list[bytes]:
    return Text(text, lambda: True).words()


LONG = [pytest.param(around, marks=pytest.mark.long) for around in (".{}.c", "Жq{}{} ж", "\u4e00x{}\u0301\u201d")]


@pytest.mark.parametrize("around", ["A{}b", *LONG])
def test_every_sign_is_read_as_the_slow_rules_read_it(around: str) -> None:
    pieces = around.split("{}")
    texts = [chr(code).join(pieces) for low, high in OF_WORDS for code in range(low, high)]
    texts += [" \n".join(chr(code).join(pieces) for code in range(low, low + 256)) for low in SIGNS[::256]]
    wrong = []
    for text in texts:
        slow = folded(text)
        expected = spelled(slow)
        quick = Text(text, lambda: True)
        # How a sign between words is encoded counts where scripts without spaces are searched sign by sign.
        is_same = quick.folded() == slow or not quick.may_be_glued
        if read(text) != expected or units(slow) != expected or not is_same:
            wrong.append(text)
    assert not wrong


@pytest.mark.parametrize(
    "letters", ["が で ガギグ", "오늘 회의 논의", "\u4e2dé ü", "phiên bản tiếp", "ᾄ ΐ", "ก็ ที่", "\u05e9\u05c1 好"]
)
def test_accents_apart_from_their_letters_do_not_count(letters: str) -> None:
    apart, together = (unicodedata.normalize(form, letters * 40) for form in ("NFD", "NFC"))
    assert read(apart) == read(together) == spelled(folded(apart))
    assert Text(apart, lambda: True).folded() == Text(together, lambda: True).folded() == folded(apart)


def test_a_letter_may_have_any_number_of_accents() -> None:
    text = "証a" + "\u0316\u0301" * 2_000 + " prove"
    assert read(text)[1:] == [b"prove"]
    assert Table([("prove",)]).look(text)[0] == ((2, 0), "prove")
    assert Text("証a" + "\u0301\u0316" * 90, lambda: True).folded() == folded("証a" + "\u0301\u0316" * 90)


@pytest.mark.parametrize("before", ["", "\u1112"])
def test_no_sign_of_a_script_without_spaces_goes_unnoticed(before: str) -> None:
    glued = re.compile("[" + "".join(f"{low}-{high}" for low, high in GLUED) + "]")
    lines = [before + chr(code) for code in SIGNS if chr(code) != "\n"]
    # All at once, for nothing is folded over the end of a line.
    in_lines = zip(lines, folded("\n".join(lines)).split("\n"), strict=True)
    texts = [line for line, slow in in_lines if glued.search(slow)]
    assert len(texts) > 100_000
    assert not [text for text in texts if not Text(text, lambda: True).may_be_glued]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("हिन्दी में फ़ाइल translate करो", "translate"),
        ("தமிழ் கோப்பு translate", "translate"),
        ("फ़ाइलtranslate", None),
        ("translateफ़", None),
    ],
)
def test_indic_words_are_no_others_where_no_list_has_any(text: str, said: str | None) -> None:
    found = Table([("translate",)]).look(text).get(0)
    assert (found[1] if found else None) == said


@pytest.mark.parametrize("text", ["फ़ाइल खोलो", "खोलो फ\u093cाइल", "\u095eाइल"])
def test_indic_words_are_found_however_they_are_encoded(text: str) -> None:
    assert Table([(unicodedata.normalize("NFC", "\u095eाइल"),)]).look(text)


ALPHABET = [
    "总",
    "结",
    "成",
    "把",
    "訳",
    "を",
    "요",
    "約",
    "a",
    "b",
    "Ab",
    "é",
    " ",
    " ",
    ".",
    "。",
    "\n",
    "?",
    "x.y",
    "か\u3099",
]


def by_hand(phrase: str, text: str) -> list[int]:
    """Where the text says a phrase without spaces: every place is tried with every length of its gaps."""
    pieces = [re.escape(piece.strip()) for piece in phrase.split("...")]
    gap = f"[^\u3002\uff01\uff1f\uff1b!?;\\n]{{0,{MOST_CHARACTERS}}}"
    latin = "[^\\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]"
    # Two letters side by side are one word, unless one is of a script without spaces.
    whole = rf"(?:(?<!{latin})|(?!{latin}))(?=({gap.join(pieces)})(?:(?!{latin})|(?<!{latin})))"
    # Not by `re`, which takes long to make sets of so many signs ready.
    return [match.start() for match in regex.finditer(whole, text)]


def test_phrases_without_spaces_stand_where_a_search_by_hand_finds_them() -> None:
    chance = random.Random(7)
    hits = 0
    for _ in range(700):
        signs = [*ALPHABET, "总", "结", "总结", "把"]
        text = "".join(chance.choices(signs, k=chance.randrange(5, 30))) * chance.choice([1, 1, 1, 1, 1, 1, 1, 30])
        pieces = ["".join(chance.choices(["总", "结", "把", "总结"], k=chance.randrange(1, 3))) for _ in range(2)]
        phrases = [chance.choice([pieces[0], "...".join(pieces), f"a{pieces[0]}", f"{pieces[1]}b"]) for _ in range(3)]
        table = Table([(phrase,) for phrase in phrases])
        found = table.look(text)
        for phrase in phrases:
            places = by_hand(phrase, folded(text))
            number = table.numbers[(phrase,)]
            expected = place_of(folded(text), places[0]) if places else None
            assert (found[number][0] if number in found else None) == expected, (phrase, text)
            hits += bool(places)
    assert hits > 300


def test_phrases_of_words_and_of_signs_are_compared_by_where_they_stand() -> None:
    chance = random.Random(9)
    seen = set()
    for _ in range(800):
        text = "".join(chance.choices([*ALPHABET, "json", "总结", " total "], k=chance.randrange(2, 25)))
        found = Table([("总结",), ("total",), ("json",), ("成json",)]).look(text)
        slow = folded(text)
        places = {number: place(slow, number) for number in found}
        for one in found:
            for other in found:
                assert (found[one][0] < found[other][0]) == (places[one] < places[other]), text
                seen.add((one, other))
    assert len(seen) == 4 * 4


def place(text: str, number: int) -> int:
    """Where the text says the list's only entry first."""
    if number in (0, 3):
        return by_hand(("总结", "", "", "成json")[number], text)[0]
    return min(at for at, word in offsets(text) if word == ("", "total", "json")[number])


def place_of(text: str, at: int) -> tuple[int, int]:
    """Where a character of a folded text stands among its words."""
    said = offsets(text)
    before = sum(start + len(word) <= at for start, word in said)
    if any(start == at for start, _ in said):
        return 2 * before, 0
    return 2 * before + (1 if any(start < at < start + len(word) for start, word in said) else -1), at


def offsets(text: str) -> list[tuple[int, str]]:
    """The words of a folded text with their places."""
    found, at = [], 0
    for word in filter(None, spaced(text).split(" ")):
        at = text.index(word, at)
        found.append((at, word))
        at += len(word)
    return found


def test_words_are_found_as_a_search_by_hand_finds_them() -> None:
    chance = random.Random(11)
    hits = 0
    vocabulary = ["prove", "it", "ÜBER", "straße", "Жук", "naïve", "node.js", "c++"]
    for _ in range(800):
        between = [" ", "  ", "-", "…", " “", "\u00a0", ".", "好", "\r\n", "ß", "क ", "\x00"]
        text = "".join(chance.choice(vocabulary) + chance.choice(between) for _ in range(chance.randrange(1, 12)))
        phrase = " ".join(chance.choices(vocabulary, k=chance.randrange(1, 3)))
        gapped = f"{phrase} ... {chance.choice(vocabulary)}"
        said = spelled(folded(text))
        found = Table([(phrase,), (gapped,)]).look(text)
        head, last = spelled(folded(phrase)), spelled(folded(gapped.rpartition(" ")[2]))[0]
        starts = [at for at in range(len(said)) if said[at : at + len(head)] == head]
        far = [at for at in starts if last in said[at + len(head) : at + len(head) + MOST_WORDS + 1]]
        assert found.get(0, (None,))[0] == ((2 * starts[0], 0) if starts else None)
        assert found.get(1, (None,))[0] == ((2 * far[0], 0) if far else None)
        hits += bool(far)
    assert hits > 30


@pytest.mark.parametrize("signs", range(15))
def test_a_gap_before_two_signs_is_up_to_twelve(signs: int) -> None:
    text = "好" * 200 + "把" + "好" * signs + "总结"
    found = Table([("把...总结",)]).look(text)
    assert (found[0][0] if found else None) == ((-1, 200) if signs <= MOST_CHARACTERS else None)


@pytest.mark.parametrize(("phrase", "end"), [("总结成了", "了"), ("总结成...了", "一二三四五六七八九十好好了")])
def test_a_phrase_that_begins_as_hundreds_of_others_did_is_found(phrase: str, end: str) -> None:
    text = "把总结成。" * 300 + "把总结成" + end
    assert Table([(phrase,)]).look(text)[0][0] == (-1, text.rindex("总"))


def test_each_of_many_words_is_found_where_it_stands_first() -> None:
    said = [f"word{number}" for number in range(40)]
    found = Table([(word,) for word in said]).look("so " + " ".join(reversed(said)) + " so " + " ".join(said))
    assert [found[number][0] for number in range(40)] == [(2 * place, 0) for place in range(40, 0, -1)]
