"""``rung explain FILE[:A-B]``: what a file, or some of its lines, do."""

from __future__ import annotations

from rung.cli.asked import asked
from rung.cli.documents import document
from rung.cli.inputs import instruction, workspace
from rung.cli.options import add_asking, parser
from rung.cli.perform import answer
from rung.cli.show_prompt import show
from rung.types.request import Position, Range


def run(words: list[str]) -> int:
    """Explain.

    Raises:
        RungError: there is no such file or range, or no answer.
    """
    made = parser("explain", "Explain a file or some of its lines.")
    made.add_argument("file", metavar="FILE[:A-B]", help="a file; lines A to B of it, counted from 1")
    made.add_argument("instruction", nargs="*", default=[], help="what you want to know in particular")
    add_asking(made)
    args = made.parse_intermixed_args(words)
    root = workspace()
    found = document(args.file, root)
    if found.selection is None:
        found = found.replace(selection=Range(Position(0, 0), Position(found.text.count("\n") + 1, 0)))
    request = asked("explain-selection", root, args)
    request = request.replace(document=found, instruction=instruction(args.instruction))
    return show([request], root, args) if args.show_prompt else answer(request, root, args)
