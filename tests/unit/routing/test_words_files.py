"""Lists of words from files: ``@name`` in rules, languages of one's own, mistakes at their line, and the cache."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from rung.errors import SettingsError
from rung.routing.decide import decide
from rung.settings import cache, phrases, places, plain, watchlist, wordlists
from rung.settings.check import check
from rung.settings.load import load
from rung.settings.values import When
from rung.types.features import Features

FILE = Path("rung.toml")


def when_of(condition: str) -> When:
    """What a rule's ``when`` means."""
    return check(f'[[rule]]\nname = "r"\nlocal = true\nwhen = {condition}\n', FILE, "user", {}).rules[0].when


def own_words(name: str, text: str) -> Path:
    """A file of words in the person's config folder."""
    path = places.config_folder() / "words" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def written_out(entries: Iterable[str]) -> set[str]:
    return {form for entry in entries for form in phrases.forms(entry)}


def tier_of(prompt: str) -> str:
    settings = load(None).settings
    return decide(Features(action="ask", typed=prompt), settings).tier


@pytest.fixture(autouse=True)
def _home(home: Path) -> None:
    """A home of this test's own."""


def test_a_list_is_written_out_with_words_of_ones_own_beside_it() -> None:
    when = when_of('{ words = ["@depth", "my own phrase"], before = "@short-text" }')
    assert when.words[-1] == "my own phrase"
    assert written_out(when.words[:-1]) == written_out(wordlists.read()["depth"])
    assert written_out(when.before) == written_out(wordlists.read()["short-text"])
    assert not any(word.startswith("@") for word in when.words)


@pytest.mark.parametrize("list_name", ["short-text", "not-depth", "depth", "depth-topics", "light"])
def test_every_language_has_every_list(list_name: str) -> None:
    for path in wordlists.files():
        assert len(wordlists._lists(path)[list_name]) >= 2, path.name


def test_another_language_is_another_file() -> None:
    assert tier_of("Докажи эту теорему") == "small"
    own_words("ru.toml", 'depth = ["докаж(и|ите)"]\nmy-list = ["привет"]\n')
    assert tier_of("Докажи эту теорему") == "cloud"
    assert tier_of("prove it") == "cloud"
    assert when_of('{ words = "@my-list" }').words == ("привет",)


def test_a_file_of_ones_own_replaces_the_shipped_one_of_the_same_name() -> None:
    own_words("en.toml", 'depth = ["ponder"]\n')
    assert tier_of("ponder this") == "cloud"
    assert tier_of("prove this") == "small"
    assert tier_of("Beweise, dass es stimmt") == "cloud"


def test_a_changed_added_or_removed_file_is_noticed_by_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_TOO_YOUNG", 0)  # else nothing this test just wrote is kept
    own_words("xx.toml", 'depth = ["aaa"]\n')
    assert tier_of("aaa") == "cloud"
    first = cache.key(None)
    assert first is not None
    assert cache.get(first)
    own_words("xx.toml", 'depth = ["bbbbb"]\n')
    assert cache.key(None) != first
    assert (tier_of("aaa"), tier_of("bbbbb")) == ("small", "cloud")
    own_words("yy.toml", 'depth = ["ccc"]\n').with_name("xx.toml").unlink()
    assert (tier_of("bbbbb"), tier_of("ccc")) == ("small", "cloud")


def test_the_folder_of_words_is_watched() -> None:
    watched = watchlist.of([])
    assert watched.concerns(str(places.config_folder() / "words" / "ru.toml"))


def test_accents_are_the_same_however_a_file_encodes_them() -> None:
    own_words("fr.toml", 'depth = ["e\u0301tudie"]\n')
    assert tier_of("étudie") == "cloud"
    assert tier_of("e\u0301tudie") == "cloud"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("depth = [\n 'a',\n", 2, "not TOML"),
        ("depth = 'a'\n", 1, "`depth` must be a list of texts"),
        ("\nDepth = ['a']\n", 2, "small letters"),
        ("depth = [\n  'a',\n  3,\n]\n", 3, "must be a text"),
        ("depth = [\n  'a',\n  '',\n]\n", 3, "must be a text"),
        ("depth = [\n  'a(b',\n]\n", 2, "bracket that is not closed"),
        ("depth = [\n  'a((b))',\n]\n", 2, "bracket"),
        ("depth = [\n  '!',\n]\n", 2, "no letter or digit"),
        ("depth = [\n  'a ...',\n]\n", 2, "both sides"),
        ("depth = [\n  'a ... b ... c ... d',\n]\n", 2, "more than 2"),
        ("depth = [\n  '(a|b|c|d|e|f) (a|b|c|d|e|f) (a|b|c|d|e|f)',\n]\n", 2, "216 phrases"),
        ("depth = " + "[" * 3000, 1, "nested too deeply"),
    ],
)
def test_a_mistake_in_a_file_of_words_is_shown_at_its_line(text: str, line: int, said: str) -> None:
    path = own_words("xx.toml", text)
    with pytest.raises(SettingsError, match=said) as caught:
        load(None)
    assert (caught.value.path, caught.value.line) == (path, line)


def test_a_file_that_is_not_utf_8_is_refused_at_its_line() -> None:
    path = own_words("xx.toml", "")
    path.write_bytes(b"\n\ndepth = ['\xff']\n")
    with pytest.raises(SettingsError, match="not UTF-8") as caught:
        load(None)
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("condition", "line", "said"),
    [
        ('{ words = "@nope" }', 4, "There is no list named `nope`. There are `@depth`, `@depth-topics`, `@light`,"),
        ('{ words = [\n  "a",\n  "@nope",\n] }', 6, "There is no list"),
        ('{ words = "!!" }', 4, "has no letter or digit. For signs there is `pattern`."),
        ('{ words = "wait ..." }', 4, "both sides"),
        ('{ words = "a(b" }', 4, "bracket"),
        (f'{{ words = "{"a " * 151}" }}', 4, "longer than 300 characters"),
        ('{ before = "a" }', 4, "`before` needs `words`"),
        ('{ pattern = "a(" }', 4, "no regular expression: missing ) (character 3)"),
        ('{ pattern = ["a",\n"[a"] }', 5, "no regular expression"),
        (f'{{ pattern = "{"a" * 2001}" }}', 4, "more than 2000 characters"),
        (f'{{ pattern = "{"(?:" * 400}x{")" * 400}" }}', 4, "too large"),
        ("{ any = [] }", 4, "`any` is empty"),
        ("{ all = [{}] }", 4, "`all` is empty"),
        ("{ not = {} }", 4, "`not` is empty"),
        ('{ any = [\n { action = "a" },\n { words = "@nope" },\n] }', 6, "There is no list"),
        ('{ not = { not = { pattern = "(" } } }', 4, "no regular expression"),
        ("{ any = [\n { tokens_over = 9, tokens_under = 3 },\n] }", 5, "never holds"),
        ('{ any = { action = "a" } }', 4, "`any` must be a list of conditions"),
        ('{ not = [{ action = "a" }] }', 4, "`not` must be a table"),
        ('{ any = [{ actoin = "a" }] }', 4, "Did you mean `action`?"),
        ("{ health = {} }", 4, "`health` is empty"),
        ("{ health = { small = [] } }", 4, "`small` is empty"),
        ('{ health = { small = "ill" } }', 4, "`health` knows no state `ill`: it must be `unknown`, `ready`,"),
        ('{ health = { small = "Redy" } }', 4, "Did you mean `ready`?"),
        ("{ health = { small = 5 } }", 4, "no state 5"),
        ('{ health = { small = { a = "b" } } }', 4, "no state a table"),
        ('{ any = [\n { not = { health = { small = "down", large = ["busy", "sick"] } } },\n] }', 5, "no state `sick`"),
        ('{ health = "down" }', 4, "table of tiers and states"),
        ("{ budget_left_under = -1 }", 4, "0 or more"),
        ("{ budget_left_under = inf }", 4, "finite number of dollars"),
        ("{ budget_left_under = nan }", 4, "`budget_left_under`"),
        (f"{'{ not = ' * 10}{{ action = 'a' }}{' }' * 10}", 4, "nested more than 10 deep"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_shown_at_its_line(condition: str, line: int, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        when_of(condition)
    assert said in caught.value.sentence()
    assert caught.value.line == line


def test_conditions_inside_conditions_are_read_and_kept_by_the_cache() -> None:
    when = when_of(
        '{ language = "go", all = [{ branch = "main" }], any = [{ words = "a" }, { not = { tokens_over = 3 } }],'
        ' health = { small = ["down", "missing"], cloud = "ready" }, budget_left_under = 1 }'
    )
    assert when == When(
        language=("go",),
        all_of=(When(branch=("main",)),),
        any_of=(When(words=("a",)), When(not_of=When(tokens_over=3))),
        health=(("small", "down"), ("small", "missing"), ("cloud", "ready")),
        budget_left_under=1,
    )
    settings = load(None).settings
    settings = settings.replace(rules=(settings.rules[0].replace(when=when),))
    assert plain.from_plain(plain.to_plain(settings)) == settings


def own_rule(condition: str) -> When:
    path = places.config_folder() / "rung.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[[rule]]\nname = "r"\nlocal = true\nwhen = {condition}\n', encoding="utf-8")
    return load(None).settings.rules[0].when


def test_health_takes_a_tier_by_its_number_too() -> None:
    assert own_rule('{ any = [{ health = { tier1 = "down" } }] }').any_of[0].health == (("small", "down"),)


def test_health_of_a_tier_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match="names a tier that is not there: `smal`") as caught:
        own_rule('{ any = [\n { not = { health = { smal = "down" } } },\n] }')
    assert caught.value.line == 5


def test_the_states_in_files_are_those_of_plans() -> None:
    import ast
    import inspect
    from typing import get_args

    from rung.settings import shape
    from rung.types import plan

    (found,) = [
        ast.literal_eval(node.value.slice)
        for node in ast.walk(ast.parse(inspect.getsource(plan)))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
    ]
    assert found == get_args(shape.State)


@pytest.mark.parametrize(
    ("entry", "forms"),
    [
        ("prove", ("prove",)),
        ("translat(e|ing)", ("translate", "translating")),
        ("(the|) (a|b)", ("the a", "the b", "a", "b")),
        ("a ... (b|c)", ("a ... b", "a ... c")),
        ("()a", ("a",)),
    ],
)
def test_brackets_are_written_out(entry: str, forms: tuple[str, ...]) -> None:
    assert phrases.forms(entry) == forms
    assert phrases.problem(entry) is None


@pytest.mark.parametrize(
    ("entry", "entries"),
    [
        ("prove", ("prove",)),
        ("prov(e|ing) (this|that)", ("prove (this|that)", "proving (this|that)")),
        ("(write a|draft) report", ("write a report", "draft report")),
        ("(the|) proof", ("the proof", "proof")),
        ("résum(e|er) ce", ("résume ce", "résumer ce")),
        ("résum(e|er)", ("résum(e|er)",)),
        ("(把|将)...翻译", ("(把|将)...翻译",)),
    ],
)
def test_a_phrase_is_kept_once_for_each_of_its_first_words(entry: str, entries: tuple[str, ...]) -> None:
    assert phrases.by_first_word(entry) == entries
    assert written_out(entries) == written_out([entry])
