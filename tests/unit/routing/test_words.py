"""Whole words and phrases in what was typed, all lists in one pass."""

from __future__ import annotations

import random
import unicodedata

import pytest

from rung.routing import windows
from rung.routing.lists import Lists
from rung.routing.units import Text
from rung.routing.words import Table


def said(text: str, *words: str) -> str | None:
    """Which of the words the text says first."""
    found = Table([words]).look(text).get(0)
    return found[1] if found else None


@pytest.mark.parametrize(
    "text",
    [
        "prove",
        "Prove it",
        "PROVE IT",
        "please prove: it holds",
        "(prove)",
        "«prove»",
        "“prove”",
        "it — prove it",
        "can\u2019t prove",
        "prove.",
        "prove...",
        "Is it so? Prove.\n",
        "\tprove\r\n",
        "prove!?",
        "re-prove it",
        "中文prove中文",
        "pro\nve or prove",
    ],
)
def test_a_word_is_found_whatever_stands_around_it(text: str) -> None:
    assert said(text, "prove") == "prove"


@pytest.mark.parametrize(
    "text",
    [
        "improve",
        "reproves",
        "proven",
        "prover",
        "prove_it",
        "prove.py",
        "_prove",
        "prove2",
        "pro-ve",
        "prové",
        "éprove",
        "",
        "   ",
        "...",
        "\u0000",
        "\ud800",
    ],
)
def test_a_part_of_a_word_is_not_the_word(text: str) -> None:
    assert said(text, "prove") is None


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("what are the trade-offs", "trade offs"),
        ("what are the trade offs", "trade-offs"),
        ("What's   the\n plan", "what's the plan"),
        ("GRÖSSE", "Größe"),
        ("GRÖẞE", "größe"),
        ("größe", "GRÖSSE"),
        (unicodedata.normalize("NFD", "résumé le"), "résumé"),
        ("node.js runs", "Node.js"),
        ("is it C++, or not", "c++"),
        ("C# it is", "c#"),
        ("l'architecture", "architecture"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Проверь код", "проверь"),
    ],
)
def test_case_accents_hyphens_and_apostrophes_do_not_count(text: str, phrase: str) -> None:
    assert said(text, phrase) == phrase


@pytest.mark.parametrize(("text", "word"), [("a C program", "c++"), ("see net", ".net"), ("js", "node.js")])
def test_signs_that_make_another_word_do_count(text: str, word: str) -> None:
    assert said(text, word) is None


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("compare options", True),
        ("compare all the options", True),
        ("compare one two three four five six options", True),
        ("compare one two three four five six seven options", False),
        ("options to compare", False),
        ("compare compare options", True),
        ("comparable options", False),
    ],
)
def test_a_gap_is_up_to_six_words(text: str, *, is_said: bool) -> None:
    assert (said(text, "compare ... options") is not None) is is_said


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("Compare a and b. Then close options", False),
        ("Compare a and b! options", False),
        ("Do we compare? options", False),
        ("Do we compare?) options", False),
        ("Compare both.\u201d \u201eOptions", False),
        ("Compare a\n\noptions", False),
        ("Compare a\r\n \t\r\noptions", False),
        ("Vergleiche. Überlege: compare. Другие options", False),
        ("Compare a\u3002options", False),
        ("Compare a. Options. Compare the options", True),
        ("Compare a\nwith the options", True),
        ("Compare e.g. Kafka's options", True),
        ("Compare z. B. Kafkas options", True),
        ("Compare Kafka vs. Rabbit options", True),
        ("Compare node.js options", True),
        ("Compare approx. three options", True),
        ("Compare!important options", True),
        ("Compare:\n1. Kafka\n2. Rabbit\noptions", True),
    ],
)
def test_a_phrase_ends_where_its_sentence_or_paragraph_does(text: str, *, is_said: bool) -> None:
    assert (said(text, "compare ... options") is not None) is is_said
    assert (said("so " * 5000 + text + " so" * 5000, "compare ... options") is not None) is is_said


def test_where_sentences_end_is_told_the_same_for_two_words_as_for_a_whole_text() -> None:
    chance = random.Random(7)
    parts = [
        "a",
        "Bee",
        "é",
        "ß",
        "e.g.",
        "x.py",
        "node.js.",
        "1.",
        "Dr.",
        "-",
        "—",
        "好",
        "...",
        "!",
        "?",
        "\u3002",
        '"',
    ]
    answers, found = set(), 0
    for _ in range(300):
        joints = (chance.choice(["", " ", ". ", ".", "\n", "\n\n", "? ", ' "']) for _ in range(40))
        text = Text("".join(chance.choice(parts) + joint for joint in joints), lambda: False)
        ends = windows.breaks(text)
        words = text.words()
        joined = f" {b' '.join(words).decode()} "
        for _ in range(20 if len(words) > 1 else 0):
            first, last = sorted(chance.sample(range(len(words)), 2))
            places = text.places(first, last)
            assert places
            broken = windows.is_broken(text, *places)
            assert broken == any(first < end <= last for end in ends), (text.typed, first, last)
            answers.add(broken)
            once = f" {b' '.join(words[first : last + 1]).decode()} "
            at = joined.find(once)
            if joined.find(once, at + 1) < 0 and (quickly := text.find(once)):
                assert quickly == places, (text.typed, once)
                found += 1
    assert answers == {True, False}
    assert found > 20
    other = Text("Жук. Я", lambda: False)
    assert other.words()
    assert other.places(0, 1) is None
    assert other.find(" жук я ") is None


def test_words_side_by_side_are_of_one_sentence_too() -> None:
    assert said("Find the root. Cause no trouble", "root cause") is None
    assert said("Find the root\ncause", "root cause") == "root cause"


def test_a_phrase_may_have_two_gaps() -> None:
    assert said("write me a really detailed long report", "write ... detailed ... report")
    assert said("write a report in detailed words", "write ... detailed ... report") is None


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("\uff30\uff32\uff2f\uff36\uff25 that", "prove that"),
        ("\uff2a\uff33\uff2f\uff2eに", "json"),
        ("\uff23\uff0b\uff0b", "c++"),
        ("\uff84\uff9a\uff70\uff84\uff9e\uff75\uff8c\uff61", "トレードオフ"),
        ("プロ", "\uff8c\uff9f\uff9b"),
        ("prove", "\uff50rove"),
    ],
)
def test_full_and_half_width_do_not_count(text: str, phrase: str) -> None:
    assert said(text, phrase) == phrase


@pytest.mark.parametrize("text", ["translate", "translates", "translating"])
def test_a_bracket_is_each_of_its_choices(text: str) -> None:
    assert said(text, "translat(e|es|ing)") == text


def test_a_bracket_may_leave_a_word_out_and_cross_words() -> None:
    entry = "(the|) (formal|short) proof"
    assert said("a formal proof", entry) == "formal proof"
    assert said("the short proof", entry) == "the short proof"
    assert said("the long proof", entry) is None
    assert said("an odd (bracket", "odd (bracket") == "odd (bracket"


@pytest.mark.parametrize(
    ("text", "phrase", "is_said"),
    [
        ("请帮我总结一下", "总结", True),
        ("把这段话翻译成英文", "把...翻译", True),
        ("把这段话删掉。请翻译标题", "把...翻译", False),
        ("把一二三四五六七八九十一二三四翻译", "把...翻译", False),
        ("コミットメッセージを書いて", "コミットメッセージ", True),
        ("JSONに変換して", "jsonに変換", True),
        ("BSONに変換して", "sonに変換", False),
        ("中文json中文", "json", True),
        ("안녕하세요 요약해줘", "요약", True),
        ("ช่วยสรุปให้หน่อย", "สรุป", True),
        ("𠮷野家", "𠮷野", True),
    ],
)
def test_scripts_without_spaces_are_searched_by_character(text: str, phrase: str, *, is_said: bool) -> None:
    assert (said(text, phrase) is not None) is is_said


@pytest.mark.parametrize("text", ["a summary", "総括を"])
def test_a_bracket_may_have_choices_with_and_without_spaces(text: str) -> None:
    assert said(text, "(summary|総括)")


PIECES = [
    *("compare", "options", "a", "the", "review", "json", "größe", "x.y", "é", "e\u0301", "ß", "...", "_", "😀", "«"),
    *("总结", "把", "翻译", "总", "成", "か\u3099", "を", "して", "翻訳", "요약", "สรุป", "ก", "\uff84\uff9e", "\uff2a"),
    *(" ", " ", " ", " ", ",", ", ", ". ", ". The ", "。", "、", "\n", "\n\n", "?", "! "),
]
PHRASES = [
    *("compare", "json", "x.y", "compare ... options", "the ... a ... the", "review the", "größe", "compare a the"),
    *(
        "总结",
        "把...翻译",
        "翻訳して",
        "翻訳...して",
        "jsonに",
        "json翻译",
        "总结...json",
        "把...总...成",
        "요약",
        "がを",
    ),
    *("สรุป", "ド", "(总结|翻译)the", "options ... 总结"),
]


@pytest.mark.parametrize("size", [1, 8, 40])
def test_a_text_says_the_same_in_windows_as_in_one_piece(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(size)
    hits = 0
    for _ in range(400):
        lists = [tuple(chance.sample(PHRASES, chance.randint(1, 3))) for _ in range(chance.randint(1, 6))]
        pieces = chance.sample(PIECES, chance.randint(4, len(PIECES)))
        text = "".join(chance.choices(pieces, k=chance.randint(5, 120)))
        whole = Table(lists).look(text)
        with monkeypatch.context() as patched:
            patched.setattr(windows, "FIRST", size)
            patched.setattr(windows, "MOST", 2 * size)
            patched.setattr(windows, "_PATIENCE", 6)
            cut = Table(lists).look(text)
        assert order(cut) == order(whole), text
        hits += len(whole)
    assert hits > 200


def order(found: dict[int, tuple[tuple[int, int], str]]) -> list[tuple[int, int]]:
    """The lists by where they stand, with their rank."""
    places = sorted({place for place, _ in found.values()})
    return sorted((places.index(place), number) for number, (place, _) in found.items())


def test_windows_are_the_text_and_end_between_words() -> None:
    text = "one two, three. Four\n\nfive " * 6000
    pieces = [piece for piece, _ in windows.windows(text)]
    assert "".join(pieces) == text
    assert len(pieces) > 8
    assert max(map(len, pieces)) < windows.MOST + 300
    assert [piece for piece, _ in windows.windows("x" * 99_999)] == ["x" * 99_999]


def test_all_lists_are_looked_up_at_once_each_with_its_first_word() -> None:
    table = Table([("beta", "alpha"), ("gamma",), ("alpha beta",), ("总结", "delta"), ("omega",)])
    found = table.look("Alpha beta gamma\uff0c然后总结 delta")
    assert {number: word for number, (_, word) in found.items()} == {
        0: "alpha",
        1: "gamma",
        2: "alpha beta",
        3: "总结",
    }
    assert found[0][0] == found[2][0] < found[1][0] < found[3][0]


def test_places_compare_between_words_and_characters() -> None:
    table = Table([("总结",), ("delta",)])
    first, second = table.look("delta and delta, then 总结"), table.look("总结 then delta")
    assert first[1][0] < first[0][0]
    assert second[0][0] < second[1][0]


def test_equal_lists_share_a_number_and_an_empty_table_says_nothing() -> None:
    table = Table([("a",), ("b",), ("a",)])
    assert table.numbers == {("a",): 0, ("b",): 1}
    assert Table([]).look("a b 总结") == {}


LETTERS = [
    "prove",
    "im",
    "a",
    "B",
    "-",
    "'",
    ".",
    "_",
    " ",
    " ",
    "\n",
    "é",
    "ß",
    "总",
    "结",
    "\uff01",
    "(",
    "...",
    "\ud800",
    "ﬁ",
]


def test_random_texts_and_words_never_raise_and_agree_with_a_search_by_hand() -> None:
    chance = random.Random(20)
    for _ in range(2000):
        text = "".join(chance.choices(LETTERS, k=chance.randrange(30)))
        words = tuple("".join(chance.choices(LETTERS, k=chance.randrange(1, 5))) for _ in range(3))
        first = Table([words]).look(text)
        assert first == Table([words]).look(text)
        padded = f" {text} "
        if " prove " in padded:
            assert said(text, "prove") == "prove"
        if "prove" not in text.casefold():
            assert said(text, "prove") is None


ENTRIES = (
    *("prove", "Große Lösung", "trade-off(s|)", "(the|a) proof", "c++", "übersetz(e|en)", "(总结|summary)", "l'api"),
    *("compare ... options", "JSON", "\uff30rove it", "proof of", "证明", "maße", "x"),
)


@pytest.mark.parametrize(
    "typed",
    [
        "please prove it",
        "GROSSE losung",
        "what are the trade-offs",
        "the proof",
        "a proof of it",
        "write c++",
        "a summary, please",
        "l'API",
        "compare all the options",
        "as json",
        "masse",
        "hello",
        "improve x_y",
        "x",
        "",
        "...",
    ],
)
def test_a_short_text_asked_first_says_the_same_as_one_asked_later(typed: str) -> None:
    lists = (ENTRIES, ("prove",), tuple(entry for entry in ENTRIES if entry != "prove"), ())
    fresh, used = Lists(lists), Table(lists)
    assert {number: phrase for number, (_, phrase) in fresh.look(typed).items()} == {
        number: phrase for number, (_, phrase) in used.look(typed).items()
    }


@pytest.mark.parametrize(
    ("phrase", "text", "is_said"),
    [
        ("json...翻译", "json 翻译", True),
        ("json...翻译", "jsonify 翻译", False),
        ("json...翻译", "bjson 翻译", False),
        ("把...json...翻译", "把json翻译", True),
        ("把...json...翻译", "把bjson翻译", False),
        ("把...json...翻译", "把json2翻译", False),
        ("commit...信息", "commit的信息", True),
        ("commit...信息", "committee 的信息", False),
        ("commit...信息", "committee 的信息 commit 的信息", True),
    ],
)
def test_no_piece_of_a_phrase_without_spaces_cuts_a_latin_word(phrase: str, text: str, *, is_said: bool) -> None:
    assert (said(text, phrase) is not None) is is_said


@pytest.mark.parametrize("times", [1, 3, 5, 60])
@pytest.mark.parametrize(
    ("phrase", "near_miss", "hit", "words"),
    [
        ("fix ... grammar", "Fix. Grammar. ", "fix the grammar", 2),
        ("fix ... the ... grammar", "Fix it! The good grammar! ", "fix the grammar", 5),
        ("fix grammar", "Fix. Grammar. ", "Fix grammar", 2),
        ("fix ... grammar", "Fix this one and two and three and four. ", "fix grammar", 9),
        ("grammar", "grammars ", "grammar", 1),
    ],
)
def test_many_near_misses_hide_no_phrase_after_them(
    phrase: str, near_miss: str, hit: str, words: int, times: int
) -> None:
    found = Table([(phrase,)]).look(near_miss * times + hit)
    assert found == {0: ((2 * words * times, 0), phrase)}
    assert Table([(phrase,)]).look(near_miss * times) == {}


@pytest.mark.parametrize("times", [1, 3, 5, 60])
@pytest.mark.parametrize(
    ("phrase", "near_miss", "hit"),
    [
        ("设计...系统", "设计。系统。", "设计一个系统"),
        ("把...这...翻译", "把。这翻译。", "把这个翻译"),
        ("设计...系统", "设计这个那个这个那个这个那个这个", "设计系统"),
        ("写...commit", "写commits。", "写commit"),
        ("json翻译", "myjson翻译 ", "json翻译"),
    ],
)
def test_many_near_misses_hide_no_phrase_without_spaces(phrase: str, near_miss: str, hit: str, times: int) -> None:
    found = Table([(phrase,)]).look(near_miss * times + hit)
    assert {number: word for number, (_, word) in found.items()} == {0: phrase}
    assert Table([(phrase,)]).look(near_miss * times) == {}


@pytest.mark.parametrize(
    ("phrases", "text", "told"),
    [
        (("a ... b c", "a b ... c"), "a b c", "a b ... c"),
        (("a b ... c", "a ... b c"), "a b c", "a b ... c"),
        (("甲...乙丙", "甲乙...丙"), "甲乙丙", "甲乙...丙"),
        (("a ... b", "a b"), "a b", "a b"),
    ],
)
def test_which_of_two_phrases_at_one_place_is_told_is_settled(phrases: tuple[str, ...], text: str, told: str) -> None:
    assert said(text, *phrases) == told
