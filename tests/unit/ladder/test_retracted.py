"""Text that turns out to have been thought is called back, and the answer is what comes after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.ladder.scene import GOOD, OPENED, THOUGHT, Scene, fails, model, says
from tests.virtual import run_virtual

from rung.errors import NoAnswerError
from rung.providers.events import Content, Finished, Retracted, Usage

if TYPE_CHECKING:
    from tests.unit.ladder.scene import Step

ALOUD = "Okay, they want to know what this does, so I will look at the code first.\n"
END = Finished("stop", Usage(10, 20))


def aloud(*after: Step, thought: str = ALOUD) -> list[Step]:
    """A model that thinks as if it were its answer."""
    return [OPENED, Content(thought), Retracted(), *after]


@pytest.mark.parametrize(("thought", "resets"), [(ALOUD, 1), ("Hm.", 0)], ids=["shown", "still held back"])
def test_what_was_thought_aloud_is_called_back_within_the_attempt(thought: str, resets: int) -> None:
    scene = Scene({"small": aloud(Content(GOOD), END, thought=thought)})
    answer, _ = run_virtual(scene.climb())
    assert (answer.text, scene.shown, scene.resets) == (GOOD, GOOD, resets)
    assert scene.outcomes == ["ok"]
    assert scene.tried[0].thought


def test_a_refusal_after_thinking_aloud_is_held_back_like_any_other() -> None:
    refusal = Content("I'm sorry, but I can't help with that.")
    scene = Scene({"small": aloud(refusal, END), "large": says()})
    answer, _ = run_virtual(scene.climb())
    assert (answer.text, scene.shown, scene.resets) == (GOOD, GOOD, 1)


def test_an_answer_that_breaks_off_after_it_was_called_back_is_not_called_back_again() -> None:
    scene = Scene({"small": aloud(*fails("broken")), "large": says()})
    answer, _ = run_virtual(scene.climb())
    assert (answer.text, scene.shown, scene.resets) == (GOOD, GOOD, 1)


def test_nothing_but_thought_is_an_empty_answer() -> None:
    scene = Scene({name: aloud(END) for name in ("small", "large", "cloud")})
    with pytest.raises(NoAnswerError, match="empty"):
        run_virtual(scene.climb())
    assert scene.shown == ""


def test_the_first_content_is_that_of_the_answer() -> None:
    scene = Scene({"small": aloud(5.0, Content(GOOD), END)})
    run_virtual(scene.climb())
    assert scene.tried[0].attempt.first_content_ms == 5000


@pytest.mark.parametrize(
    ("before", "decode"),
    [([], 20.0), ([THOUGHT], None), ([Content(ALOUD), 9.0, Retracted()], None)],
    ids=["not", "apart", "aloud"],
)
def test_what_was_written_while_thinking_says_nothing_of_the_answer_s_speed(
    before: list[Step], decode: float | None
) -> None:
    scene = Scene({"small": [OPENED, *before, Content(GOOD), 2.0, Finished("stop", Usage(10, 40))]})
    run_virtual(scene.climb())
    found = scene.ladder.means.memory.of(model("small"))
    assert found.total is not None
    assert found.decode == decode
