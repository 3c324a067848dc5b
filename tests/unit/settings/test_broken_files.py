"""Files with a mistake: each is named in words, at its line, without repeating what could be a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.errors import SettingsError
from rung.settings.check import check

FILE = Path("rung.toml")

MODEL = """\
[[tier]]
name = "a"

[[tier.model]]
provider = "ollama"
"""
GATEWAY = MODEL.replace('"ollama"', '"openai-compatible"') + 'model = "m"\n'
RULE = '# mine\n[[rule]]\nname = "r"\n'
SECRET = "sk-proj-0123456789abcdefABCDEF"

NOT_TOML = [
    ("name = ", 1, ["not TOML", "quotes"]),
    ("name = small\n", 1, ["not TOML", "quotes"]),
    ("a = 1\n[tier\n", 2, ["not TOML"]),
    ("a = 1\n\na = 2\n", 3, ["not TOML", "overwrite"]),
    ('a = "x\n', 1, ["not TOML"]),
    ("a = 1\nb = [1,\n", 2, ["not TOML"]),
    ("a = " + "1" * 5000, 1, ["not TOML"]),
    ("a = " + "[" * 3000, 1, ["nested too deeply"]),
]

WRONG_NAMES = [
    ("defualt_tier = 'a'\n", 1, ["`defualt_tier`", "Did you mean `default_tier`?"]),
    ("[[tiers]]\nname = 'a'\n", 1, ["`tiers`", "Did you mean `tier`?"]),
    ("keepalive = 1\n", 1, ["`keepalive`", "`keep_alive` belongs under [[tier.model]]"]),
    (MODEL + 'keepalive = "1m"\n', 6, ["[[tier.model]]", "`keepalive`", "Did you mean `keep_alive`?"]),
    (MODEL + "num_ctx = 4096\n", 6, ["`num_ctx`", "Did you mean `context`?"]),
    (MODEL + 'base_url = "http://h"\n', 6, ["`base_url`", "Did you mean `url`?"]),
    (MODEL + f'api_key = "{SECRET}"\n', 6, ["`api_key`", "Did you mean `key`?"]),
    (MODEL + "deadline = 5\n", 6, ["`deadline` belongs under [[tier]]"]),
    (MODEL + "quality_climbs = 0\n", 6, ["`quality_climbs` belongs at the top of the file"]),
    ("[budget]\nquality_climb = 0\n", 2, ["`quality_climbs` belongs at the top of the file"]),
    (MODEL + "actions = []\n", 6, ["`actions` belongs at the top of the file"]),
    ("escalations = 0\n", 1, ["Did you mean `quality_climbs`?"]),
    (MODEL + "zzz = 5\n", 6, ["`zzz`", "Known here", "keep_alive"]),
    (MODEL + "price = { input = 1, output = 1, cached = 1 }\n", 6, ["`price`", "`cached`", "input, output"]),
    (RULE + 'when = { file = "x" }\n', 4, ["`when`", "`file`"]),
    (RULE + 'layer = "user"\n', 4, ["[[rule]]", "`layer`"]),
    ("[budget]\nperday = 1\n", 2, ["[budget]", "Did you mean `per_day`?"]),
    (f"{SECRET} = 1\n", 1, ["no setting of that name"]),
    ('"x` - at `$.tier" = 1\n', 1, ["no setting"]),
    ("tier = 3\n", 1, ["`tier`", "[[tier]]", "found 3"]),
    ('[tier]\nname = "a"\n', 1, ["`tier`", "[[tier]]", "found a table"]),
]

WRONG_VALUES = [
    (MODEL + 'context = "big"\n', 6, ["`context`", "a whole number, 1 or more", "found `big`"]),
    (MODEL + "context = true\n", 6, ["`context`", "found true"]),
    (MODEL + "context = 0\n", 6, ["`context`", "found 0"]),
    (MODEL + "context = 1.5\n", 6, ["`context`", "found 1.5"]),
    (MODEL + "parallel = 0\n", 6, ["`parallel`", "1 or more"]),
    (MODEL + "queue = -1\n", 6, ["`queue`", "0 or more", "found -1"]),
    (MODEL + "per_minute = -5\n", 6, ["`per_minute`", "0 or more"]),
    (MODEL + 'first_content = "soon"\n', 6, ["`first_content`", "length of time", '"30s"', "found `soon`"]),
    (MODEL + "idle = -1\n", 6, ["`idle`", "length of time", "found -1"]),
    (MODEL + 'connect = "0s"\n', 6, ["`connect`", "longer than nothing"]),
    (MODEL + "connect = inf\n", 6, ["`connect`", "finite"]),
    (MODEL + "thinking = nan\n", 6, ["`thinking`", "found nan"]),
    (MODEL + f'idle = "{"9" * 400}h"\n', 6, ["`idle`", "finite"]),
    (MODEL + f"idle = {'9' * 400}\n", 6, ["`idle`"]),
    ('[[tier]]\nname = "a"\ndeadline = 0\n[[tier.model]]\nprovider = "ollama"\n', 3, ["`deadline`", "longer"]),
    (MODEL + 'idle = "٣m"\n', 6, ["`idle`", "length of time"]),
    ('[budget]\nper_day = "2"\n', 2, ["`per_day`", "found `2`", "without the quotes"]),
    (MODEL + 'queue = "8"\n', 6, ["`queue`", "without the quotes"]),
    (MODEL + 'local = "true"\n', 6, ["`local`", "without the quotes"]),
    (MODEL + 'keep_alive = "soon"\n', 6, ["`keep_alive`", "-1 for ever"]),
    (MODEL + 'keep_alive = "99999999999999999999h"\n', 6, ["`keep_alive`", "-1 for ever"]),
    (MODEL + "keep_alive = 9000000000000\n", 6, ["`keep_alive`", "-1 for ever"]),
    (MODEL + 'max_parameters = "big"\n', 6, ["`max_parameters`", '"9B"']),
    (MODEL + "max_parameters = 9\n", 6, ["`max_parameters`", '"9B"', "found 9"]),
    (MODEL + 'when_cold = "maybe"\n', 6, ["`wait` or `climb`", "found `maybe`"]),
    (MODEL + 'local = "yes"\n', 6, ["`local`", "true or false"]),
    (MODEL + "price = { input = 1 }\n", 6, ["`price`", "`output`"]),
    (MODEL + "price = { input = -1, output = 1 }\n", 6, ["`input`", "0 or more"]),
    (MODEL + "price = { input = inf, output = 1 }\n", 6, ["`input`", "finite"]),
    (MODEL.replace("ollama", "olama"), 5, ["`provider`", "`anthropic`", "Did you mean `ollama`?"]),
    ("default_tier = 2024-01-01\n", 1, ["`default_tier`", "a text", "found a date"]),
    ('actions = "commit-message"\n', 1, ["`actions`", "a list of texts"]),
    ("actions = [1]\n", 1, ["`actions`", "found 1"]),
    ("[budget]\nper_day = -1\n", 2, ["`per_day`", "0 or more"]),
    ("[budget]\nper_request = nan\n", 2, ["`per_request`", "found nan"]),
    ("budget = 5\n", 1, ["`budget`", "a table"]),
    *(
        (f"quality_climbs = {found}\n", 1, ["`quality_climbs` must be a whole number from 0 to 9; found"])
        for found in ("-1", "10", "1.5", '"1"', "true", "inf", "9" * 30)
    ),
]

WRONG_MEANINGS = [
    ('[[tier]]\nname = "a"\n', 1, ["[[tier]]", "`model`", "[[tier.model]]"]),
    ('[[tier]]\nname = "a"\nmodel = []\n', 3, ["`model`", "[[tier.model]]"]),
    ('[[tier]]\n[[tier.model]]\nprovider = "ollama"\n', 1, ["[[tier]]", "`name`"]),
    ('[[tier]]\nname = "a"\n[[tier.model]]\nmodel = "m"\n', 3, ["[[tier.model]]", "`provider`", "`ollama`"]),
    (MODEL + MODEL, 7, ["Two tiers", "`a`"]),
    (MODEL + MODEL.replace('"a"', '"A"'), 7, ["Two tiers", "`A`"]),
    (MODEL.replace('"a"', '""'), 2, ["`name`", "not empty"]),
    (MODEL.replace('"a"', '"my tier"'), 2, ["`name`", "letters"]),
    (MODEL.replace('"a"', '"builtin"'), 2, ["`builtin`"]),
    (MODEL.replace('"a"', '"Local"'), 2, ["`Local`"]),
    (MODEL.replace('"a"', '"tier2"'), 2, ["`tier2`"]),
    (MODEL.replace("ollama", "openai"), 4, ["`openai`", "`model`", "Ollama"]),
    (MODEL.replace("ollama", "anthropic") + 'model = "auto"\n', 6, ["`anthropic`", "auto"]),
    (MODEL + 'model = " "\n', 6, ["`model`", "name of a model"]),
    (GATEWAY, 4, ["openai-compatible", "`url`"]),
    (GATEWAY + 'url = "gateway.example/v1"\n', 7, ["`url`", "http://"]),
    (GATEWAY + 'url = "localhost:4000"\n', 7, ["`url`", "http://"]),
    (GATEWAY + 'url = "file:///etc/passwd"\n', 7, ["`url`", "http://"]),
    (GATEWAY + 'url = "https://me:hunter22@gateway.example"\n', 7, ["`url`", "credentials", "NAME"]),
    (GATEWAY + 'url = "https://127.0.0.1\\\\@gateway.example"\n', 7, ["`url`"]),
    (GATEWAY + f'url = "https://gateway.example/?key={SECRET}"\n', 7, ["`url`", "`?`"]),
    (GATEWAY + 'url = "https://"\n', 7, ["`url`", "no server"]),
    (GATEWAY + 'url = "https://[::1"\n', 7, ["`url`", "brackets"]),
    (GATEWAY + 'url = "https://h:99999"\n', 7, ["`url`", "port"]),
    (GATEWAY + 'url = ""\n', 7, ["`url`"]),
    (MODEL + 'url = "unix:relative.sock"\n', 6, ["`url`", "unix:///"]),
    ("[[rule]]\nlocal = true\n", 1, ["[[rule]]", "`name`"]),
    (RULE + RULE, 6, ["Two rules", "`r`"]),
    (RULE + 'when = { pattern = "(" }\n', 4, ["`pattern`", "regular expression"]),
    (RULE + 'when = { pattern = [\n "a",\n "[z-a]",\n] }\n', 6, ["`pattern`", "regular expression"]),
    (RULE + "when = { path = [] }\n", 4, ["`path`", "empty"]),
    (RULE + '[rule.when]\nwords = ["x", ""]\n', 5, ["`words`", "empty"]),
    (RULE + "when = { path = [1] }\n", 4, ["`path`", "entry", "found 1"]),
    (RULE + "when = { path = 1 }\n", 4, ["`path`", "a text or a list of texts"]),
    (RULE + "when = { tokens_over = 5, tokens_under = 5 }\n", 4, ["never holds"]),
    (RULE + "when = { tokens_over = -1 }\n", 4, ["`tokens_over`", "0 or more"]),
    (RULE + 'when = "always"\n', 4, ["`when`", "a table"]),
    (RULE + "budget = nan\n", 4, ["`budget`", "found nan"]),
]

TOO_MUCH = [
    (RULE + f"when = {{ pattern = '(?:(?:a{{{n}}}b){{{n}}}c){{{n}}}' }}\n", 4, ["`pattern`", "too often", "smaller"])
    for n in (100, 9999999, "1" + "0" * 500)
] + [
    (RULE + "when = { pattern = [" + ", ".join(f"'a{{999}}{n}'" for n in range(600)) + "] }\n", 4, ["too often"]),
    (RULE + f"when = {{ pattern = '{'x' * 2001}' }}\n", 4, ["`pattern`", "too long", "2000"]),
    ("\n" + "a." * 60_000 + "a = 1\n", 2, ["nested too deeply"]),
    ("[" + "a . " * 60_000 + "a]\n", 1, ["nested too deeply"]),
    ('x = { "' + '"."'.join("a" * 60_000) + '" = 1 }\n', 1, ["nested too deeply"]),
    ("[budget]\nper_day = 0x" + "f" * 20_000 + "\n", 2, ["`per_day`", "a number of very many digits"]),
    (MODEL + "context = 0x" + "f" * 20_000 + "\n", 6, ["`context`", "a whole number"]),
    (MODEL + "keep_alive = 0x" + "f" * 20_000 + "\n", 6, ["`keep_alive`"]),
    (MODEL + 'local = "' + "yes" * 100_000 + '"\n', 6, ["`local`", "true or false"]),
    ("x" * 100_000 + " = 1\n", 1, ["no setting of that name"]),
]
"""Written by somebody who wants the reader to stop: each is refused at once."""

SECRETS = [
    (MODEL + f'key = "{SECRET}"\n', 6, ["`key`", "NAME", "OPENAI_API_KEY", ".env"]),
    (MODEL + 'key = "my own key"\n', 6, ["`key`", "NAME"]),
    (MODEL + 'key = "sk_live_0123456789"\n', 6, ["`key`", "NAME"]),
    (MODEL + 'key = "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6"\n', 6, ["`key`", "NAME"]),
    (MODEL + "key = 12345678\n", 6, ["`key`", "NAME"]),
    (MODEL + f'context = "{SECRET}"\n', 6, ["`context`", "found a text"]),
    (MODEL.replace("ollama", SECRET), 5, ["`provider`", "found a text"]),
    (f'default_tier = ["{SECRET}"]\n', 1, ["`default_tier`", "found a list"]),
]


@pytest.mark.parametrize(
    ("text", "line", "words"), NOT_TOML + WRONG_NAMES + WRONG_VALUES + WRONG_MEANINGS + TOO_MUCH + SECRETS
)
def test_a_mistake_is_named_at_its_line(text: str, line: int, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        check(text, FILE, "user", {})
    sentence = caught.value.sentence()
    assert caught.value.line == line, sentence
    assert caught.value.path == FILE
    assert [word for word in words if word not in sentence] == [], sentence


@pytest.mark.parametrize(("text", "line", "words"), SECRETS)
def test_a_pasted_secret_is_never_repeated(text: str, line: int, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        check(text, FILE, "user", {})
    said = repr(caught.value) + caught.value.sentence()
    for secret in (SECRET, "my own key", "sk_live", "a1b2c3", "12345678", "0123456789"):
        assert secret not in said


@pytest.mark.parametrize("text", [GATEWAY + 'url = "https://me:hunter22@gateway.example"\n'])
def test_credentials_in_an_address_are_never_repeated(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(text, FILE, "user", {})
    assert "hunter22" not in repr(caught.value) + caught.value.sentence()


@pytest.mark.parametrize(
    "text", [f"{SECRET}\n", f'a = "{SECRET}\n', f"[{SECRET}\n", f"a = {SECRET}\n", f"{SECRET}=1\n{SECRET}=1"]
)
def test_what_is_no_toml_is_not_repeated_either(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(text, FILE, "user", {})
    assert SECRET not in repr(caught.value) + caught.value.sentence()


@pytest.mark.parametrize("secret", [SECRET, "ghp_0123456789abcdef"])
def test_a_secret_as_a_name_of_a_tier_or_rule_is_not_repeated(secret: str) -> None:
    for text in (MODEL.replace('"a"', f'"{secret}"') * 2, RULE.replace('"r"', f'"{secret}"') * 2):
        with pytest.raises(SettingsError) as caught:
            check(text, FILE, "user", {})
        assert secret not in caught.value.sentence()


@pytest.mark.parametrize(
    "pattern", [r"\\d{4}-\\d{2}-\\d{2}", "[0-9a-f]{64}", "(?:[0-9a-f]{2}:){15}", "a{1000}", "x{0,9999999}"]
)
def test_a_pattern_that_counts_as_people_do_is_taken(pattern: str) -> None:
    assert check(f'{RULE}when = {{ pattern = "{pattern}" }}\n', FILE, "user", {}).rules[0].when.pattern


def test_one_list_named_many_times_is_written_out_once() -> None:
    entries = ", ".join(['"@depth"', '"mine"'] * 20_000)
    found = check(f"{RULE}when = {{ words = [{entries}] }}\n", FILE, "user", {}).rules[0].when.words
    assert found == check(f'{RULE}when = {{ words = ["@depth", "mine"] }}\n', FILE, "user", {}).rules[0].when.words
