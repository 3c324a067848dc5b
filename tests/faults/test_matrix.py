"""Every fault at every place of the ladder: one whole answer or one clear error, and no socket where none may be."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.virtual import run_virtual

from .cells import LOADS, PINS, POSITIONS, Cell, everything, pairwise, play_all, product
from .kinds import PROVIDERS

ALL = everything()


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """A socket or a generator that was left to the collector is a warning, and so an error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(warning.message) for warning in caught if warning.category is ResourceWarning] == []


@cache
def chosen() -> list[Cell]:
    """The pairwise part, which takes a second to choose."""
    return pairwise(ALL)


def of(provider: str, cells: list[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.provider == provider]


@pytest.mark.matrix
@pytest.mark.timeout(300)
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_place_and_kind_of_answer(provider: str, position: str, tmp_path: Path) -> None:
    cells = [cell for cell in of(provider, product(ALL)) if cell.position == position]
    wrong, _ = run_virtual(play_all(cells, tmp_path))
    assert wrong == []


@pytest.mark.whole
@pytest.mark.timeout(300)
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("pin", PINS)
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_whole_product(provider: str, position: str, pin: str | None, load: int, tmp_path: Path) -> None:
    cells = [cell for cell in of(provider, ALL) if (cell.position, cell.pin, cell.load) == (position, pin, load)]
    wrong, _ = run_virtual(play_all(cells, tmp_path))
    assert wrong == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_fault_once_with_each_provider(provider: str, tmp_path: Path) -> None:
    alone_last = sorted(of(provider, chosen()), key=lambda cell: -cell.load)
    once = {cell.fault.name: cell for cell in alone_last}
    assert once.keys() == {cell.fault.name for cell in of(provider, ALL)}
    wrong, _ = run_virtual(play_all([*once.values()], tmp_path))
    assert wrong == []


@pytest.mark.matrix
@pytest.mark.timeout(300)
@pytest.mark.parametrize("position", POSITIONS)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_fault_strands_a_request_and_no_pin_leaks(provider: str, position: str, tmp_path: Path) -> None:
    cells = [cell for cell in of(provider, chosen()) if cell.position == position]
    wrong, _ = run_virtual(play_all(cells, tmp_path))
    assert wrong == []
