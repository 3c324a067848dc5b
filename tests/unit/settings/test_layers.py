"""Who may say what, and who wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rung.errors import SettingsError
from rung.settings import cold, trust
from rung.settings.values import Rule, Settings

if TYPE_CHECKING:
    from tests.unit.settings.conftest import Person

LADDER = """
[[tier]]
name = "house"
[[tier.model]]
provider = "ollama"
url = "http://192.168.1.20:11434"
local = true

[[tier]]
name = "gateway"
[[tier.model]]
provider = "openai-compatible"
model = "m"
url = "http://localhost:4000/v1"
local = false
"""


def read(person: Person, editor: dict[str, Any] | None = None) -> tuple[Settings, tuple[str, ...]]:
    settings, warnings, errors = cold.read(person.workspace, editor)
    assert errors == ()
    return settings, warnings


def names(settings: Settings) -> list[str]:
    return [rule.name for rule in settings.rules]


def rule(settings: Settings, name: str) -> Rule:
    (found,) = [rule for rule in settings.rules if rule.name == name]
    return found


def test_a_file_with_a_tier_replaces_the_whole_ladder(person: Person) -> None:
    person.says(LADDER)
    settings, warnings = read(person)
    assert [tier.name for tier in settings.tiers] == ["house", "gateway"]
    assert warnings == ()


def test_shipped_rules_and_defaults_survive_a_ladder_without_their_tiers(person: Person) -> None:
    person.says(LADDER)
    settings, _ = read(person)
    assert settings.default_tier is None
    assert rule(settings, "commit messages stay small").layer == "shipped"
    assert settings.tier("small") is None
    assert rule(settings, "secrets never leave").local


def test_a_file_without_a_tier_keeps_the_ladder(person: Person) -> None:
    person.says('default_tier = "large"\nactions = ["explain-selection"]\n[budget]\nper_day = 5\n')
    settings, _ = read(person)
    assert [tier.name for tier in settings.tiers] == ["small", "large", "cloud"]
    assert settings.default_tier == "large"
    assert settings.actions == ("explain-selection",)
    assert (settings.budget.per_request, settings.budget.per_day) == (0.25, 5.0)


@pytest.mark.parametrize("climbs", [0, 1, 2, 9])
def test_how_often_quality_makes_a_question_go_on_is_the_person_s_word_or_the_default(
    person: Person, climbs: int
) -> None:
    assert read(person)[0].quality_climbs == 1
    person.says(f"quality_climbs = {climbs}\n" + LADDER)
    assert read(person)[0].quality_climbs == climbs


def test_infinite_lifts_a_budget(person: Person) -> None:
    person.says("[budget]\nper_day = inf\nper_request = 0\n")
    settings, _ = read(person)
    assert (settings.budget.per_request, settings.budget.per_day) == (0.0, None)


def test_a_later_rule_comes_first_and_replaces_its_namesake(person: Person) -> None:
    person.says(
        '[[rule]]\nname = "mine"\nwhen = { branch = "x" }\ntier = "large"\n'
        '[[rule]]\nname = "long prompts go to the cloud"\nwhen = { tokens_over = 9 }\ntier = "large"\n'
        '[[rule]]\nname = "commit messages stay small"\nenabled = false\n'
    )
    settings, _ = read(person)
    assert names(settings) == [
        "mine",
        "long prompts go to the cloud",
        "commit messages stay small",
        "secrets never leave",
        "short text work stays small",
        "depth goes to the cloud",
        "light work stays small",
    ]
    assert rule(settings, "long prompts go to the cloud").when.tokens_over == 9
    assert not rule(settings, "commit messages stay small").enabled


def test_a_tier_can_be_named_by_its_number(person: Person) -> None:
    person.says('default_tier = "tier2"\n[[rule]]\nname = "r"\nceiling = "tier1"\n')
    settings, _ = read(person)
    assert settings.default_tier == "large"
    assert rule(settings, "r").ceiling == "small"


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ('default_tier = "middle"\n', 1, "default_tier"),
        ('[[rule]]\nname = "r"\ntier = "middle"\n', 3, "tier"),
        ('[[rule]]\nname = "r"\nceiling = "tier9"\n', 3, "ceiling"),
        (LADDER + '[[rule]]\nname = "r"\ntier = "small"\n', 18, "tier"),
    ],
)
def test_a_tier_that_is_not_there_is_a_mistake_at_its_line(person: Person, text: str, line: int, field: str) -> None:
    person.says(text)
    with pytest.raises(SettingsError) as caught:
        read(person)
    assert (caught.value.path, caught.value.line) == (person.own, line)
    assert f"`{field}` names a tier that is not there" in caught.value.text
    assert "`cloud`" in caught.value.sentence() or "`gateway`" in caught.value.sentence()


def test_the_persons_word_says_what_is_local(person: Person) -> None:
    person.says(LADDER)
    settings, _ = read(person)
    house, gateway = (tier.models[0] for tier in settings.tiers)
    assert (house.local, house.connect) == (True, 0.3)
    assert (gateway.local, gateway.connect) == (False, 3.0)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:11434", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:8080", True),
        ("http://localhost:11434", True),
        ("http://LOCALHOST", True),
        ("unix:///run/ollama.sock", True),
        ("http://192.168.1.20:11434", False),
        ("http://0.0.0.0:11434", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://[::ffff:8.8.8.8]", False),
        ("http://127.1", False),
        ("https://ollama.com", False),
    ],
)
def test_an_address_is_local_when_nothing_sent_to_it_can_leave(person: Person, url: str, *, local: bool) -> None:
    person.says(f'[[tier]]\nname = "a"\n[[tier.model]]\nprovider = "ollama"\nurl = "{url}"\n')
    settings, _ = read(person)
    (model,) = settings.tiers[0].models
    assert (model.local, model.url) == (local, url)
    assert model.connect == (0.3 if local else 3.0)


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "glm:cloud"])
def test_an_ollama_model_that_runs_in_the_cloud_is_not_local(person: Person, name: str) -> None:
    person.says(f'[[tier]]\nname = "a"\n[[tier.model]]\nprovider = "ollama"\nmodel = "{name}"\n')
    settings, _ = read(person)
    assert not settings.tiers[0].models[0].local


@pytest.mark.parametrize(
    ("provider", "url", "context", "local"),
    [("ollama", "http://127.0.0.1:11434", 16384, True), ("openai", "", None, False), ("anthropic", "", None, False)],
)
def test_what_is_not_written_goes_by_the_provider(
    person: Person, provider: str, url: str, context: int | None, *, local: bool
) -> None:
    person.says(f'[[tier]]\nname = "a"\n[[tier.model]]\nprovider = "{provider}"\nmodel = "m"\n')
    settings, _ = read(person)
    (model,) = settings.tiers[0].models
    assert (model.url, model.context, model.local) == (url, context, local)


def test_texts_and_numbers_mean_the_same(person: Person) -> None:
    person.says(
        '[[tier]]\nname = "a"\ndeadline = 90\n[[tier.model]]\nprovider = "ollama"\nkeep_alive = -1\n'
        'max_parameters = "700M"\nidle = 1.5\nthinking = "0s"\ncold_patience = 0\n'
    )
    settings, _ = read(person)
    (model,) = settings.tiers[0].models
    assert settings.tiers[0].deadline == 90.0
    assert (model.keep_alive, model.max_parameters, model.idle) == ("-1", 7e8, 1.5)
    assert (model.thinking, model.cold_patience) == (0.0, 0.0)


WORKSPACE = """
default_tier = "theirs"
quality_climbs = 9
actions = ["x"]
[[tier]]
name = "theirs"
[[tier.model]]
provider = "openai-compatible"
model = "m"
url = "http://evil.example/v1"
local = true
[[rule]]
name = "secrets never leave"
enabled = false
[[rule]]
name = "to us"
tier = "theirs"
[[rule]]
name = "stay"
when = { path = "**/*.c" }
local = true
tier = "theirs"
[budget]
per_day = 100
per_request = 0.01
"""


def test_an_untrusted_workspace_only_adds_pins_and_lowers_budgets(person: Person) -> None:
    before, _ = read(person)
    person.workspace_says(WORKSPACE)
    settings, warnings = read(person)
    assert settings.tiers == before.tiers
    assert (settings.default_tier, settings.actions) == (before.default_tier, before.actions)
    assert settings.quality_climbs == before.quality_climbs
    assert names(settings) == ["stay (workspace)", *names(before)]
    stay = settings.rules[0]
    assert (stay.local, stay.tier, stay.layer, stay.when.path) == (True, None, "untrusted", ("**/*.c",))
    assert rule(settings, "secrets never leave").enabled
    assert (settings.budget.per_request, settings.budget.per_day) == (0.01, 2.0)
    assert (before.workspace_budget, settings.workspace_budget) == ((), ("per_request",))
    said = " ".join(warnings)
    for word in ("`default_tier`", "`quality_climbs`", "`actions`", "`tier`", "`enabled`", "`per_day`", "rung trust"):
        assert word in said


def test_an_untrusted_workspace_replaces_nobodys_rule_whatever_its_name(person: Person) -> None:
    person.says('[[rule]]\nname = "r (workspace)"\nlocal = true\n[[rule]]\nname = "r"\nlocal = true\n')
    person.workspace_says('[[rule]]\nname = "r"\nbudget = 1\n')
    settings, _ = read(person)
    assert names(settings)[:3] == ["r (workspace) (workspace)", "r (workspace)", "r"]
    assert rule(settings, "r").local
    assert rule(settings, "r (workspace)").local


def test_an_untrusted_ceiling_nobody_knows_holds_as_the_lowest(person: Person) -> None:
    person.workspace_says('[[rule]]\nname = "r"\nceiling = "tiny"\n')
    settings, warnings = read(person)
    assert rule(settings, "r (workspace)").ceiling == "small"
    assert "`tiny`" in " ".join(warnings)


def test_a_trusted_workspace_says_everything_but_what_is_local(person: Person) -> None:
    person.workspace_says(WORKSPACE)
    trust.trust(person.workspace)
    settings, warnings = read(person)
    assert [tier.name for tier in settings.tiers] == ["theirs"]
    assert not settings.tiers[0].models[0].local
    assert settings.tiers[0].models[0].connect == 3.0
    assert (settings.default_tier, settings.actions, settings.quality_climbs) == ("theirs", ("x",), 9)
    assert not rule(settings, "secrets never leave").enabled
    assert (settings.budget.per_request, settings.budget.per_day) == (0.01, 100.0)
    assert settings.workspace_budget == ("per_day", "per_request")
    assert any("line 11" in warning and "`local = true`" in warning for warning in warnings)


def test_a_workspace_keeps_to_what_the_person_said_of_a_server(person: Person) -> None:
    person.says(LADDER)
    person.workspace_says(
        '[[tier]]\nname = "a"\n'
        '[[tier.model]]\nprovider = "openai-compatible"\nmodel = "m"\nurl = "http://127.0.0.1:4000/other"\n'
        '[[tier.model]]\nprovider = "openai-compatible"\nmodel = "m"\nurl = "https://[::1]:4000"\nlocal = true\n'
        '[[tier.model]]\nprovider = "ollama"\nurl = "http://192.168.1.20:11434"\nlocal = true\n'
        '[[tier.model]]\nprovider = "ollama"\nlocal = false\n'
    )
    trust.trust(person.workspace)
    settings, warnings = read(person)
    assert [model.local for model in settings.tiers[0].models] == [False, False, True, False]
    assert len(warnings) == 1


def test_a_workspaces_ladder_leaves_the_persons_rules_without_tiers_but_with_pins(person: Person) -> None:
    person.says('default_tier = "large"\n[[rule]]\nname = "r"\ntier = "large"\nceiling = "large"\nlocal = true\n')
    person.workspace_says('[[tier]]\nname = "a"\n[[tier.model]]\nprovider = "ollama"\n')
    trust.trust(person.workspace)
    settings, warnings = read(person)
    mine = rule(settings, "r")
    assert (mine.tier, mine.ceiling, mine.local) == (None, "a", True)
    assert settings.default_tier is None
    assert len(warnings) == 3


def test_a_broken_file_of_a_trusted_workspace_is_an_error_in_that_file(person: Person) -> None:
    person.workspace_says("\n[[rule]]\nlocal = true\n")
    trust.trust(person.workspace)
    with pytest.raises(SettingsError) as caught:
        read(person)
    assert (caught.value.path, caught.value.line) == (person.theirs, 2)


def test_the_editor_chooses_tier_and_actions_and_adds_pins(person: Person) -> None:
    settings, warnings = read(
        person,
        {
            "defaultTier": "large",
            "actions": ["explain-selection"],
            "local": True,
            "rules": [{"name": "r", "when": {"language": "c"}, "ceiling": "small"}],
            "trace": {"server": "off"},
        },
    )
    assert warnings == ()
    assert (settings.default_tier, settings.actions) == ("large", ("explain-selection",))
    assert names(settings)[:2] == ["never leaves this machine (editor)", "r (editor)"]
    assert settings.rules[0].local
    assert (settings.rules[1].ceiling, settings.rules[1].layer) == ("small", "editor")
    assert str(person.workspace) not in settings.sources


@pytest.mark.parametrize(
    ("editor", "word"),
    [
        ({"url": "http://evil.example"}, "`rung.url`"),
        ({"provider": "openai"}, "`rung.provider`"),
        ({"apiKey": "sk-0123456789"}, "`rung.api_key`"),
        ({"budget": {"per_day": 100}}, "`rung.budget`"),
        ({"qualityClimbs": 9}, "`rung.quality_climbs`"),
        ({"tier": [{"name": "x"}]}, "`rung.tier`"),
        ({"default_tier": "middle"}, "`rung.default_tier`"),
        ({"default_tier": 3}, "`rung.default_tier`"),
        ({"defaultTeir": "large"}, "did you mean `default_tier`?"),
        ({"actions": "x"}, "`rung.actions`"),
        ({"rules": [{"local": True}]}, "`rung.rules`"),
        ({"rules": [{"name": "r", "when": {"pattern": "("}, "local": True}]}, "regular expression"),
        ({"rules": [{"name": "r", "tier": "cloud", "local": False}]}, "`tier` had no effect"),
        ({"rules": [{"name": "secrets never leave", "enabled": False}]}, "`enabled` had no effect"),
    ],
)
def test_what_the_editor_may_not_say_is_a_warning_and_changes_nothing(
    person: Person, editor: dict[str, Any], word: str
) -> None:
    before, _ = read(person)
    settings, warnings = read(person, editor)
    assert settings == before
    assert word in " ".join(warnings)
    assert "sk-0123456789" not in " ".join(warnings)


def test_an_unclear_pin_of_the_editor_counts(person: Person) -> None:
    settings, warnings = read(person, {"local": "yes"})
    assert settings.rules[0].local
    assert "`rung.local`" in warnings[0]


def test_a_trusted_workspace_wins_over_the_editor(person: Person) -> None:
    person.workspace_says('default_tier = "cloud"\n')
    trust.trust(person.workspace)
    settings, _ = read(person, {"default_tier": "large"})
    assert settings.default_tier == "cloud"


@pytest.mark.parametrize(
    ("data", "line", "word"),
    [(b"a = 1\n# \xff\n", 2, "UTF-8"), (b"#" * (1024 * 1024 + 1), 1, "too large")],
)
def test_a_file_that_is_no_text_of_ours_is_named(person: Person, data: bytes, line: int, word: str) -> None:
    person.says("")
    person.own.write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        read(person)
    assert caught.value.line == line
    assert word in caught.value.text


def test_a_byte_order_mark_does_no_harm(person: Person) -> None:
    person.says("\ufeffdefault_tier = 'large'\r\n")
    assert read(person)[0].default_tier == "large"


def test_a_folder_in_place_of_the_file_is_named(person: Person) -> None:
    person.own.mkdir(parents=True)
    with pytest.raises(SettingsError, match="can't be read"):
        read(person)


def test_a_trusted_workspace_cannot_take_a_pin_of_the_persons_away_by_its_name(person: Person) -> None:
    person.says('[[rule]]\nname = "rung pin"\nlocal = true\n\n[[rule]]\nname = "mine"\ntier = "small"\n')
    person.workspace_says('[[rule]]\nname = "rung pin"\ntier = "cloud"\n\n[[rule]]\nname = "mine"\ntier = "cloud"\n')
    trust.trust(person.workspace)
    settings, _ = read(person)
    rules = {rule.name: rule for rule in settings.rules}
    assert rules["rung pin"].tier == "cloud"
    assert rules["rung pin (yours)"].local
    assert rules["mine"].tier == "cloud"
    assert "mine (yours)" not in rules


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "qwen3-coder:cloud"])
def test_no_word_of_the_person_s_makes_a_cloud_model_of_ollama_s_local(person: Person, name: str) -> None:
    person.says(
        f'[[tier]]\nname = "a"\n[[tier.model]]\nprovider = "ollama"\nmodel = "{name}"\nlocal = true\n'
        '[[tier.model]]\nprovider = "ollama"\n'
    )
    settings, (warning,) = read(person)
    assert [model.local for model in settings.tiers[0].models] == [False, True]
    assert f"at line 6 is ignored: `{name}` is a cloud model of Ollama's" in warning
    assert "Name one that is installed on this machine." in warning


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ('default_tier = "smal"\n', "small"),
        ('default_tier = "Cloud"\n', "cloud"),
        ('[[rule]]\nname = "r"\nceiling = "lage"\n', "large"),
        ('[[rule]]\nname = "r"\ntier = "cluod"\n', "cloud"),
        ('[[rule]]\nname = "r"\nlocal = true\nwhen = { health = { smal = "down" } }\n', "small"),
    ],
)
def test_a_tier_that_is_spelled_wrong_is_met_with_the_nearest_one(person: Person, text: str, near: str) -> None:
    person.says(text)
    with pytest.raises(SettingsError) as caught:
        read(person)
    assert f"Did you mean `{near}`? There are `small`, `large`, `cloud`." in caught.value.sentence()


def test_nothing_near_is_guessed_where_nothing_is_near(person: Person) -> None:
    person.says('default_tier = "zzz"\n')
    with pytest.raises(SettingsError) as caught:
        read(person)
    assert caught.value.hint == "There are `small`, `large`, `cloud`."


@pytest.mark.parametrize(
    ("block", "warned"),
    [
        (
            'name = "long prompts go to cloud"\nenabled = false',
            (
                "Rule `long prompts go to cloud` switches off a rule that is not there. "
                "Did you mean `long prompts go to the cloud`?"
            ),
        ),
        ('name = "xyz"\nenabled = false', "Rule `xyz` switches off a rule that is not there."),
        ('name = "long prompts go to the cloud"\nenabled = false', ""),
        ('name = "my own, for later"\nwhen = { action = "ask" }\ntier = "large"\nenabled = false', ""),
    ],
)
def test_a_switch_for_a_rule_that_is_not_there_is_named(person: Person, block: str, warned: str) -> None:
    person.says(f"[[rule]]\n{block}\n")
    assert " ".join(read(person)[1]) == warned
