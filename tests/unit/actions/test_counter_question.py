"""Who asks for what they were given, or for what to do, has not answered; who talks of what is missing has."""

from __future__ import annotations

import pytest

from rung.actions import catalogue
from rung.actions.context.gathered import Gathered
from rung.actions.results.counter_question import asks_back
from rung.actions.run import call_for
from rung.settings import places

BACK = [
    "Please provide the code you'd like me to explain.",
    "Please share the code you would like me to explain, and I'll be happy to help!",
    "It looks like you haven\u2019t included any code. Could you paste it?",
    "I need more information to explain this code.",
    "I don't see any code in your message.",
    "Sure! Please paste the function here.",
    "I'd be happy to help! However, I can't see the snippet you selected. Could you please share it?",
    "It seems that no code has been provided.",
    "There is no code selected.",
    "You forgot to include the diff.",
    "Could you provide the diff?",
    "What would you like the commit message to say?",
    "Bitte fügen Sie den Code ein, den ich erklären soll.",
    "Pourriez-vous partager le code à expliquer ?",
    "¿Podrías compartir el código?",
    "请提供您想要解释的代码。",
    "説明するコードを貼り付けてください。",
]
ANSWERS = [
    "I don't see any code that closes the file, so the handle leaks.",
    "This function asks: please provide a name, and then reads it.",
    "There is no code after the return, so the rest is dead.",
    "There is no selection sort here: it is a bubble sort.",
    "There is no text in the field, so it returns early.",
    "There is no input, so it returns zero.",
    "Prompts the user with 'Please provide the path' and returns what was typed.",
    "I do not see the definition of `Foo`; the code calls it for each row and keeps the truthy ones.",
    "If the file is missing, it raises. You need the context manager to close it.",
    "What happens here? It sorts, then it reverses.",
    "Which of the two is taken depends on the order of the keys.",
    "You provided no default, so the caller must pass one.",
    'Prints "Could you provide the diff?" and waits for a line.',
    "I need the lock here, says the comment: two threads append to the list.",
    "Please note that the list is changed in place.",
]


@pytest.mark.parametrize("text", BACK)
def test_who_asks_for_what_they_were_given_has_not_answered(text: str) -> None:
    assert asks_back(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_who_says_what_is_missing_in_the_code_has_answered(text: str) -> None:
    assert not asks_back(text)


def test_a_long_answer_says_more_than_that_something_is_missing() -> None:
    assert not asks_back("Please share the caller, too. " + "It maps ids to names and keeps their order. " * 20)


def test_only_an_action_that_gives_something_along_can_be_asked_back() -> None:
    explain = catalogue.load([places.shipped() / "actions"])["explain-selection"]
    given = [call_for(action, Gathered((), {}), (), None).check(BACK[0]) for action in (explain, catalogue.ASK)]
    assert given == ["it asks for what it was given", None]
