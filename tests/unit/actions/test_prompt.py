"""Templates filled with parts, however large these are."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.actions import prompt
from rung.actions.catalogue import load
from rung.actions.prompt import renderer
from rung.errors import RungError
from rung.types.part import Part

SHIPPED = load([Path(__file__).parents[3] / "config" / "actions"])


def test_a_part_larger_than_any_window_is_no_fault_of_the_template() -> None:
    diff = "+x = 1\n" * (2 * prompt.LONGEST // 7)
    (*_, message) = renderer(SHIPPED["commit-message"], {})([Part("diff", diff)])
    assert len(message.content) >= len(diff.strip())


def test_a_template_that_makes_more_and_more_of_its_parts_is_refused() -> None:
    greedy = SHIPPED["commit-message"].replace(prompt="{% for n in range(99999) %}{{ diff }}{% endfor %}")
    with pytest.raises(RungError, match="grows without end"):
        renderer(greedy, {})([Part("diff", "+x = 1\n" * 20)])
