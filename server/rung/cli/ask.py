"""``rung ask``: anything; a prompt and piped input are both used."""

from __future__ import annotations

from pathlib import Path

from rung.cli.asked import asked
from rung.cli.inputs import clean, given, workspace
from rung.cli.options import add_asking, parser, positive
from rung.cli.perform import answer
from rung.cli.show_prompt import show


def run(words: list[str]) -> int:
    """Ask.

    Raises:
        RungError: there is no answer.
    """
    made = parser("ask", 'Ask anything. `git diff | rung ask "Is this safe?"` uses both.')
    made.add_argument("prompt", nargs="*", help="the prompt; may begin with [local], [cloud] or any tier's name")
    made.add_argument(
        "-f", "--file", action="append", default=[], metavar="FILE", help="a file to send along; may be repeated"
    )
    made.add_argument("-s", "--system", metavar="TEXT", help="what the model should be told first")
    made.add_argument("--max-output", type=positive, metavar="TOKENS", help="how long the answer may be")
    add_asking(made)
    args = made.parse_intermixed_args(words)
    root = workspace()
    typed, attached = given(args.prompt, args.file, root)
    request = asked("ask", root, args).replace(
        # Where we are: a diff's paths may start here.
        repository=Path.cwd(),
        instruction=typed,
        system=None if args.system is None else clean(args.system),
        attached=attached,
        max_output=args.max_output,
    )
    return show([request], root, args) if args.show_prompt else answer(request, root, args)
