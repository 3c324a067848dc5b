"""A prompt is made to fit by priority, in whole lines, and never in silence."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from rung.errors import AttemptError
from rung.ladder.fit import Fitted, fit
from rung.ladder.tokens import MESSAGE_OVERHEAD
from rung.routing.tokens import estimate, upper
from rung.types.call import Call, Message
from rung.types.part import Part

OUTPUT = 50


def render(parts: Sequence[Part]) -> tuple[Message, ...]:
    return (Message("user", "\x00".join(part.text for part in parts)),)


def fitted(window: int | None, *parts: Part) -> Fitted:
    return fit(Call(parts, render, OUTPUT, lambda _: None), window, estimate, MESSAGE_OVERHEAD)


def lines(count: int, width: int = 20) -> str:
    return "".join(f"{i:05} {'x' * width}\n" for i in range(count))


def test_what_fits_is_left_as_it_is() -> None:
    part = Part("file", lines(30))
    found = fitted(10_000, part)
    assert found.messages == render([part])
    assert found.left_out == ()
    assert fitted(None, part).messages == render([part])


def test_the_least_important_part_goes_first_and_the_later_of_equals() -> None:
    parts = [Part("a", lines(40), "a.py", 5), Part("b", lines(40), "b.py", 9), Part("c", lines(40), "c.py", 5)]
    assert [gone.path for gone in fitted(upper(700) + OUTPUT, *parts).left_out] == ["b.py"]
    assert [gone.path for gone in fitted(upper(450) + OUTPUT, *parts).left_out] == ["b.py", "c.py"]


def test_a_shortened_part_ends_with_a_note_and_says_how_much_is_missing() -> None:
    found = fitted(600, Part("diff", lines(100), "src/a.py"))
    text = found.messages[0].content
    kept = text.count("x\n")
    assert 0 < kept < 100
    assert text.endswith(f"[the last {100 - kept} of 100 lines are left out]\n")
    assert text.count("are left out") == 1
    assert (found.left_out[0].path, found.left_out[0].why) == ("src/a.py", f"the last {100 - kept} of 100 lines")


@pytest.mark.parametrize("count", [100, 1000, 10_000, 100_000])
def test_what_is_many_times_as_long_as_the_window_is_shortened_too(count: int) -> None:
    found = fitted(600, Part("attached", lines(count), "build.log"), Part("q", "why?", shorten="never"))
    kept = found.messages[0].content.count("x\n")
    assert 450 < upper(found.tokens) <= 600 - OUTPUT
    assert [gone.why for gone in found.left_out] == [f"the last {count - kept} of {count} lines"]


def test_all_or_nothing_is_left_out_whole_and_a_part_without_a_path_goes_by_its_kind() -> None:
    found = fitted(200, Part("imports", lines(60), shorten="drop", priority=9), Part("q", "why?"))
    assert found.messages[0].content == "why?"
    assert [(gone.path, gone.why) for gone in found.left_out] == [("imports", "all of it, for the window is too small")]


def test_what_may_not_be_shortened_is_too_long() -> None:
    with pytest.raises(AttemptError, match=r"about \d+ tokens and the window room for 150") as caught:
        fitted(200, Part("selection", lines(400), shorten="never"), Part("around", lines(20)))
    assert caught.value.failure == "too-long"
    assert caught.value.hint == "Select or send less, or use a model with a larger window."


def test_an_answer_takes_no_more_than_half_of_a_window() -> None:
    assert fitted(OUTPUT - 10, Part("q", "why?", shorten="never")).messages[0].content == "why?"
    with pytest.raises(AttemptError, match="room for 20"):
        fitted(OUTPUT - 10, Part("q", "why? " * 20, shorten="never"))


def test_what_is_too_long_in_any_length_is_told_by_its_own() -> None:
    with pytest.raises(AttemptError, match=r"about 11\d tokens and the window room for 10\."):
        fit(Call((Part("file", "x" * 350),), render, OUTPUT, lambda _: None), 100, estimate, MESSAGE_OVERHEAD, aside=40)


def test_lines_of_very_different_length_come_to_an_end() -> None:
    text = "x" * 3000 + "\n" + "y" * 3000 + "\n" + "z" * 3000 + "\n" + "w\n" * 300
    for window in range(100, 3000, 37):
        found = fitted(window, Part("q", "why?", shorten="never"), Part("file", text, "f"))
        assert upper(found.tokens) <= window - OUTPUT


def test_a_line_of_the_code_that_looks_like_the_note_stays() -> None:
    text = "[the last 3 of 9 lines are left out]\n" + lines(100)
    assert fitted(500, Part("file", text)).messages[0].content.startswith("[the last 3 of 9 lines are left out]\n00000")


@pytest.mark.parametrize("seed", range(60))
def test_any_prompt_fits_in_whole_lines_with_every_omission_named(seed: int) -> None:
    dice = random.Random(seed)
    parts = []
    for i in range(dice.randint(1, 7)):
        ends = dice.choice(["\n", "\r\n"])
        rows = [
            dice.choice(["", " ", "é", "漢", "\u2028", "\f", "\x85"]) + "w" * dice.choice([0, 3, 40, 900])
            for _ in range(dice.randint(0, 60))
        ]
        text = ends.join(rows) + dice.choice(["", ends])
        shorten = dice.choice(["never", "tail", "tail", "drop"]) if i else "tail"
        parts.append(Part(f"p{i}", text, f"path{i}", dice.randint(1, 9), shorten))  # type: ignore[arg-type]
    window = dice.randint(60, 4000)
    try:
        found = fitted(window, *parts)
    except AttemptError:
        assert (
            all(p.shorten != "never" for p in parts)
            or sum(estimate(p.text) for p in parts if p.shorten == "never") * 1.2 + 60 > window - OUTPUT
        )
        return
    assert upper(found.tokens) <= window - OUTPUT
    named = {gone.path for gone in found.left_out}
    given = [part for part in parts if part.text]
    texts = dict(
        zip([p.path for p in given if not _gone(found, p)], found.messages[0].content.split("\x00"), strict=True)
    )
    for part in given:
        if part.path not in texts:
            assert part.path in named
            continue
        text = texts[part.path]
        if text != part.text:
            assert part.path in named
            assert part.shorten == "tail"
            kept = text[: text.rindex("[the last ")]
            assert part.text.startswith(kept)
            assert kept.endswith("\n")
        else:
            assert part.path not in named


def _gone(found: Fitted, part: Part) -> bool:
    return any(gone.path == part.path and gone.why.startswith("all of it") for gone in found.left_out)
