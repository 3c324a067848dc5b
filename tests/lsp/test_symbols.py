"""What the cursor is in, found from lines and indents alone."""

from __future__ import annotations

import pytest

from rung.lsp.symbols import symbol_at, word_at
from rung.types.request import Position, Range

PYTHON = """\
import os

TOTAL = 3


class Shape:
    sides = 4

    @property
    @cached
    def area(
        self,
    ) -> int:
        if self.sides:

            return 1
        return 2

    async def other(self):
        def inner(x):
            return x
        return inner


print(Shape().area)
"""
TYPESCRIPT = """\
export class Shape {
  private area(w: number): number {
    if (w) {
      return w;
    }
    return 0;
  }
}

export const half = (x: number) => {
  return x / 2;
};

const sides = 4;
"""
C = """\
#include <stdio.h>

static int area(int w, int h)  {
    for (int i = 0; i < w; i++) {
        h += i;
    }
    return h;
}

int main(void) {
    return area(1, 2);
}
"""
RUBY = "module Shapes\n  def self.area(w)\n    w * 2\n  end\n\n  SIDES = 4\nend\n"
RUST = "#[inline]\npub(crate) fn area(w: u32) -> u32 {\n    w * 2\n}\n\nlet x = area(3);\n"
GO = "func Area(w int) int {\n\tif w > 0 {\n\t\treturn w\n\t}\n\treturn 0\n}\n"


def lines(text: str, place: tuple[int, int]) -> tuple[int, int] | None:
    """First and last line of what is found; None where it is nothing, or one word."""
    found = symbol_at(text.splitlines(keepends=True), Position(*place))
    if found is None or found.start.line == found.end.line:
        return None
    assert found.start.character == 0
    return found.start.line, found.end.line


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        (PYTHON, 0, None),
        (PYTHON, 2, None),
        (PYTHON, 5, (5, 21)),
        (PYTHON, 6, (5, 21)),
        (PYTHON, 10, (8, 16)),
        (PYTHON, 11, (8, 16)),
        (PYTHON, 12, (8, 16)),
        (PYTHON, 15, (8, 16)),
        (PYTHON, 16, (8, 16)),
        (PYTHON, 18, (18, 21)),
        (PYTHON, 20, (19, 20)),
        (PYTHON, 21, (18, 21)),
        (PYTHON, 24, None),
        (TYPESCRIPT, 0, (0, 7)),
        (TYPESCRIPT, 3, (1, 6)),
        (TYPESCRIPT, 6, (1, 6)),
        (TYPESCRIPT, 7, (0, 7)),
        (TYPESCRIPT, 10, (9, 11)),
        (TYPESCRIPT, 13, None),
        (C, 0, None),
        (C, 4, (2, 7)),
        (C, 10, (9, 11)),
        (RUBY, 2, (1, 3)),
        (RUBY, 3, (1, 3)),
        (RUBY, 5, (0, 6)),
        (RUST, 1, (0, 3)),
        (RUST, 2, (0, 3)),
        (RUST, 5, None),
        (GO, 2, (0, 5)),
        (GO.replace("\n", "\r\n"), 2, (0, 5)),
    ],
)
def test_the_innermost_definition_is_found(text: str, line: int, wanted: tuple[int, int] | None) -> None:
    assert lines(text, (line, 4)) == wanted


def test_a_definition_ends_with_its_last_line_without_the_line_s_end() -> None:
    assert symbol_at(["def a():\r\n", "    return 1\r\n"], Position(1, 0)) == Range(Position(0, 0), Position(1, 12))


@pytest.mark.parametrize(
    ("line", "character", "wanted"),
    [
        ("one = größe_2 + 3", 6, (6, 13)),
        ("one = größe_2 + 3", 13, (6, 13)),
        ("one = größe_2 + 3", 0, (0, 3)),
        ("one = größe_2 + 3", 4, None),
        ("one = größe_2 + 3", 17, None),
        ("one", 99, None),
        ("", 0, None),
    ],
)
def test_elsewhere_it_is_the_word(line: str, character: int, wanted: tuple[int, int] | None) -> None:
    found = symbol_at([line], Position(0, character))
    assert (found and (found.start.character, found.end.character)) == wanted


@pytest.mark.parametrize("place", [(5, 0), (1, 0)])
def test_beyond_the_text_and_between_its_lines_there_is_nothing(place: tuple[int, int]) -> None:
    assert symbol_at(["x\n", "\n"], Position(*place)) is None
    assert word_at(["x\n", "\n"], Position(*place)) is None


def test_a_file_of_one_endless_definition_is_looked_through_only_so_far() -> None:
    text = ["def a():\n", *["    b = 1\n"] * 10_000]
    found = symbol_at(text, Position(0, 0))
    assert found is not None
    assert found.end.line < 3_000
    assert symbol_at(text, Position(9_000, 4)) == Range(Position(9_000, 4), Position(9_000, 5))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("line", ["a(" * 50_000, " " * 100_000 + "(", "x = (" + ")" * 100_000, "a<" * 50_000 + "{"])
def test_a_line_written_by_a_machine_is_no_burden(line: str) -> None:
    symbol_at([line, "    x"], Position(1, 4))
