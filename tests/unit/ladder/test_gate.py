"""Which answers are good enough: a trimmed prompt, a refusal and half an answer are not; right answers are."""

# ruff: noqa: RUF001 - other languages have other letters

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from tests.unit.ladder.scene import call
from tests.unit.providers.scripted import RECORDINGS

from rung.ladder.gate import judge, trimmed, undercounted
from rung.ladder.refusals import refuses
from rung.ladder.tokens import TokenCounter
from rung.providers.events import Finished, Question, Usage
from rung.types.call import Message
from rung.types.model import Model
from rung.types.part import Part

REFUSALS = [
    "I'm sorry, but I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist with that request.",
    "I am sorry, but I am unable to help you with this.",
    "Sorry, but I can't provide that information.",
    "Sorry, I cannot help with that.",
    "I cannot assist with this request.",
    "I can't help with that.",
    "I can not comply with this.",
    "I'm unable to help with this request.",
    "I am not able to provide a commit message for this.",
    "I won't help with this.",
    "Unfortunately, I cannot complete this task.",
    "I apologize, but I cannot fulfill this request.",
    "My apologies, but I can't do that.",
    "I'm afraid I can't do that.",
    "I must decline this request.",
    "As an AI language model, I cannot review code.",
    "As a large language model, I am not able to run programs.",
    "**I'm sorry, but I cannot help with that.**",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "Leider kann ich diese Anfrage nicht beantworten.",
    "Ich kann Ihnen dabei leider nicht helfen.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Désolé, je ne peux pas répondre à cette demande.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Desculpe, mas não posso ajudar com isso.",
    "Mi dispiace, ma non posso aiutarti.",
    "Het spijt me, maar ik kan je hier niet mee helpen.",
    "Przykro mi, ale nie mogę w tym pomóc.",
    "Извините, но я не могу помочь с этим.",
    "对不起，我无法协助这个请求。",
    "很抱歉，我不能提供这些内容。",
    "申し訳ありませんが、そのご要望にはお応えできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "Üzgünüm, bu konuda yardımcı olamam. Maalesef bunu yapamam.",
    "I don't think I can help with that.",
    "I do not believe I'd be able to assist with this request.",
    "That's something I can't help with.",
    "This is not something I can help you with.",
    "It seems I can't help with this one.",
    "I do not have the ability to help with this.",
    "I lack the permission to answer this question.",
    "I'm not going to help with that.",
    "I don't feel comfortable writing this code.",
]  # fmt: skip

RIGHT = [
    "fix",
    "typo",
    "Rename x",
    "ok",
    "fix: say sorry only once",
    "fix(errors): show 'I cannot connect' where the server is gone",
    "feat(chat): answer \"I'm sorry, but I can't help\" in tests",
    '"I cannot help with that" is returned when the model refuses.',
    "`I can't do that` is what HAL says; the constant is used in two places.",
    "```python\nraise ValueError(\"I'm sorry, I cannot help\")\n```\nThe line raises.",
    "> I'm sorry, but I can't help with that.\n\nThis text comes from the fixture.",
    "The function returns \"I'm sorry\" and the caller can't tell it from an answer.",
    "It cannot fail: the list is never empty.",
    "You cannot call this twice.",
    "Cannot be None here, so the check is dead.",
    "I cannot be None: the type says so.",
    "I is the identity matrix; it can't be singular.",
    "Sorry state: the lock is never released.",
    "Sorry is imported but never used.",
    "Sorry for the name: `x` is the total.",
    "Unfortunately, the lock is held while the file is read, so others wait.",
    "Unfortunately the name is misleading: it does not sort.",
    "Leider wird die Datei nie geschlossen.",
    "Lo siento is the message shown to Spanish users.",
    "Désolé est affiché quand le serveur ne répond pas.",
    "抱歉信息现在会显示给用户。",
    "对不起页面改为中文。",
    "申し訳ありませんという文言を定数に移した。",
    "Извините заменено на более короткое сообщение.",
    "As an AI feature, this module asks a model for a summary.",
    "As a language server, it cannot block.",
    "Ich-Form durch Passiv ersetzt, die Meldung kann jetzt gekürzt werden.",
    "Je crois que la fonction trie la liste, puis la renvoie.",
    "No puede fallar: la lista nunca está vacía.",
    "Non può essere vuota.",
    "I would split the function in two.",
    "I can see two problems here.",
    "I can't find a bug here, but the name is misleading.",
    "I can't explain this code without mentioning generators first: `yield` suspends the function.",
    "I cannot explain this file fully without its imports, but it opens a socket.",
    "I can't review your code's callers, yet the selection itself is simple: it maps ids to names.",
    "I do not feel comfortable calling this a queue: it pops from the end it pushes to.",
    "I'm not comfortable relying on the order of a set here.",
    "I cannot comply fast enough, says the docstring.",
    "I don't think I can make this shorter without a helper.",
    "I don't have the ability index here, so the lookup is by name.",
    "It seems I can't be None.",
    '{"findings": [], "summary": "No problems."}',
    "",
]  # fmt: skip
SUBJECTS = ["parser", "cache", "retry", "login", "export", "queue", "config", "search"]
VERBS = ["Stop", "Let", "Keep", "Refuse", "Allow", "Apologise in", "Do not crash in", "Say what cannot be done in"]
RIGHT += [f"{verb} the {subject}" for verb, subject in itertools.product(VERBS, SUBJECTS)]
RIGHT += [
    f"{begin} {subject} {end}"
    for begin, subject, end in itertools.product(
        ["The", "This", "Here the", "First the"],
        SUBJECTS,
        ["cannot be empty, since it is filled at the start.", "is sorry code: I would rewrite it.", "does not help."],
    )
]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_seen_in_any_language(text: str) -> None:
    assert refuses(text)
    assert refuses(f"\n {text} {'And so on. ' * 50}")


def test_the_corpora_are_as_large_as_they_claim() -> None:
    assert len(REFUSALS) >= 30
    assert len(set(RIGHT)) >= 200


def test_right_answers_are_not_taken_for_refusals() -> None:
    taken = [text for text in RIGHT if refuses(text)]
    assert len(taken) < len(RIGHT) / 100, taken


def test_a_refusal_far_down_is_not_looked_for() -> None:
    assert not refuses("The code adds two numbers. " * 10 + "I'm sorry, but I can't help with that.")


PROMPT = "x" * 36_749
"""As long as the prompts of the recordings trimmed*; the server says it has 13,594 tokens."""


def recorded(name: str) -> Any:
    """The first exchange of a recording."""
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["exchanges"][0]


def sent(provider: str = "openai-compatible", text: str = PROMPT) -> Question:
    return Question(Model(provider, "m"), (Message("user", text),), 100)  # type: ignore[arg-type]


@pytest.mark.parametrize("provider", ["ollama", "openai-compatible"])
@pytest.mark.parametrize(("counted", "window"), [(1026, 2048), (30, 2048), (1026, None)])
def test_the_recorded_trims_are_seen(counted: int, window: int | None, provider: str) -> None:
    estimate = TokenCounter().count(Model("ollama", "said-commit:tiny"), PROMPT)
    assert trimmed(estimate, counted, window, sent(provider))


def test_a_trim_is_seen_however_large_the_window_is_said_to_be() -> None:
    for window in (4096, 16_384, 32_768, 1_000_000, None):
        assert trimmed(7500, 2050, window, sent(text="x" * 30_000))


@pytest.mark.parametrize("counted", [1026, 3000])
@pytest.mark.parametrize("window", [8192, 16_384, 32_768, 131_072])
def test_a_trim_by_a_server_that_was_told_not_to_is_seen_in_any_window(counted: int, window: int) -> None:
    assert trimmed(6828, counted, window, sent("ollama", "word " * 5462))


def test_what_a_server_had_cached_counts_too_so_a_low_count_has_no_such_excuse() -> None:
    """The recordings hold the same prompt twice in a row: the second one was read in a moment, and counted the same."""
    twice = [recorded(name)["response"]["chunks"][-1][1] for name in ("trimmed-one-message", "trimmed-stream")]
    first, again = [json.loads(text.splitlines()[-1]) for text in twice]
    assert first["prompt_eval_count"] == again["prompt_eval_count"] == 1026
    assert first["prompt_eval_duration"] > 20 * again["prompt_eval_duration"]


def test_what_was_learned_from_texts_of_another_kind_makes_no_trim() -> None:
    """Base64 has 2.5 times the tokens that are usual; code after it does not."""
    text = "def f(x): return x\n" * 400
    assert not trimmed(round(2.5 * 1900), 1900, 32_768, sent("ollama", text))
    assert not undercounted(round(2.5 * 1900), 1900, sent("ollama", text)), "else the ratio could never come back"
    assert trimmed(round(2.5 * 1900), 1026, 32_768, sent("ollama", text))


@pytest.mark.parametrize(
    ("estimate", "counted"),
    [(9187, 13_594), (9187, 9187), (9187, 6000), (9187, None), (9187, 0), (399, 26), (60, 900)],
    ids=["more than thought", "as thought", "a generous vocabulary", "not said", "zero", "too short to tell",
         "a template larger than the prompt"],
)  # fmt: skip
@pytest.mark.parametrize("window", [2048, 16_384, None])
@pytest.mark.parametrize("provider", ["ollama", "openai-compatible", "openai", "anthropic"])
def test_a_prompt_that_was_read_whole_is_not_called_trimmed(
    estimate: int, counted: int | None, window: int | None, provider: str
) -> None:
    assert not trimmed(estimate, counted, window, sent(provider))


@pytest.mark.parametrize("counted", [1, 12, 200])
def test_a_server_told_not_to_cut_counts_few_for_other_reasons(counted: int) -> None:
    prompt = "word " * 3200
    assert not trimmed(4000, counted, 8192, sent("ollama", prompt))
    assert undercounted(4000, counted, sent("ollama", prompt)), "and nothing is learned from it"


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("def f():\n" + (" " * 40 + "x\n") * 400, 1300),
        ("| a |" + " " * 60 + "| b |\n" + "-" * 60 + "\n", 20),
        ("=" * 9000, 150),
        ("\u8fd9\u6bb5\u4ee3\u7801\u5c06\u5217\u8868\u6392\u5e8f" * 300, 1500),
    ],
    ids=["deep indents", "a short table", "rules", "Chinese in a vocabulary made for it"],
)
def test_text_that_has_few_tokens_for_its_length_is_not_called_trimmed(text: str, counted: int) -> None:
    assert not trimmed(TokenCounter().count(None, text), counted, None, sent(text=text))


def verdict(text: str, stop: str = "stop", counted: int | None = 100, **fields: Any) -> str | None:
    found = judge(call(**fields), text, Finished(stop, Usage(counted, 5)), 1000, 2048)  # type: ignore[arg-type]
    return f"{found.failure}: {found.text}" if found else None


def test_what_is_wrong_is_said_in_the_order_of_its_weight() -> None:
    bad: dict[str, Any] = {"check": lambda _: "it is no list", "min_chars": 500}
    sorry = "I'm sorry, but I can't help with that."
    assert verdict(sorry, "length", **bad) == "bad-answer: The answer was cut off at its token limit."
    assert verdict("", "length", **bad) == "bad-answer: It only thought."
    assert verdict(" \n", **bad) == "bad-answer: The answer was empty."
    assert verdict(sorry, **bad) == "trimmed: The server read only a piece of the prompt."
    assert verdict(sorry, counted=900, **bad) == "bad-answer: The answer has the wrong form: it is no list."
    assert verdict(sorry, counted=900, min_chars=500) == "bad-answer: The model refused."
    assert (
        verdict("ok", counted=900, min_chars=3) == "bad-answer: The answer is shorter than the 3 characters expected."
    )
    assert verdict("ok", counted=900, min_chars=2) is None


def test_a_trimmed_count_teaches_nothing() -> None:
    counter, model = TokenCounter(), Model("ollama", "m")
    counter.learn(model, 1000, 1300)
    assert counter.count(model, "x" * 4000) == 1090
    counter.learn(model, 1090, 100)
    assert counter.count(model, "x" * 4000) == 1090


def test_counts_of_one_model_say_nothing_of_another() -> None:
    counter, model = TokenCounter(), Model("ollama", "m", "http://127.0.0.1:1")
    for _ in range(30):
        counter.learn(model, counter.count(model, "x" * 4000), 1500)
    assert counter.count(model, "x" * 4000) == pytest.approx(1500, rel=0.01)
    assert counter.count(model.replace(url="http://127.0.0.1:2"), "x" * 4000) == 1000
    assert counter.count(None, "x" * 4000) == 1000


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Translate: Es tut mir leid, dabei kann ich nicht helfen", "I'm sorry, I can't help with that."),
        ("Translate to German: 'I can't help you with this'", "Ich kann dir dabei leider nicht helfen."),
        ("Write a polite mail that declines the invitation", "I'm sorry, but I can't help with this request."),
        ("How do I say no to this customer? One line.", "Unfortunately, I cannot complete this task."),
    ],
)
def test_a_refusal_that_was_asked_for_is_an_answer(asked: str, answer: str) -> None:
    words = (Part("instruction", asked),)
    assert verdict(answer, counted=900, parts=words, min_chars=0) is None
    assert verdict(answer, counted=900, parts=words, min_chars=4) == "bad-answer: The model refused."
    assert verdict(answer, counted=900, parts=(Part("instruction", "Sort this."),), min_chars=0) is not None


def test_as_many_of_the_same_as_were_asked_for_are_an_answer() -> None:
    many = "na " * 900
    loop = "bad-answer: The model repeats itself without end."
    assert verdict(many, counted=900, parts=(Part("instruction", "Write na 900 times"),)) is None
    assert verdict(many, counted=900, parts=(Part("instruction", "Explain HTTP 500"),)) == loop
