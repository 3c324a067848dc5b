"""How a word or phrase of a rule is written: ``compare ... options``, ``translat(e|es|ing)``.

``...`` stands for a few words in between; a bracket for each of its choices. On the path of ``rung route``: nothing is
imported but ``itertools``.
"""

from __future__ import annotations

import itertools

GAP = "..."
_MOST_GAPS = 2
_MOST_FORMS = 200
_LONGEST = 300


def forms(phrase: str) -> tuple[str, ...]:
    """The phrase with one choice of each of its brackets, in every combination.

    Raises:
        ValueError: a bracket is open, or one is inside another, or there are too many forms; in words.
    """
    if "(" not in phrase and ")" not in phrase:
        return (phrase,)
    choices: list[list[str]] = []
    for piece in phrase.split("("):
        inside, closed, after = piece.partition(")")
        if bool(closed) != bool(choices) or ")" in after:
            raise ValueError("has a bracket that is not closed, or one inside another")
        choices += [inside.split("|"), [after]] if closed else [[inside]]
    count = 1
    for choice in choices:
        count *= len(choice)
    if count > _MOST_FORMS:
        raise ValueError(f"stands for {count} phrases, more than {_MOST_FORMS}: make several of it")
    return tuple(" ".join("".join(form).split()) for form in itertools.product(*choices))


def by_first_word(phrase: str) -> tuple[str, ...]:
    """The phrase once for each of its first words, the brackets after that as they are.

    So a table of thousands of phrases is made at the speed of splitting texts. Scripts without spaces stay as they are.
    """
    head = first_piece(phrase)
    if not (phrase.isascii() or len(head) < len(phrase)):
        return (phrase,)
    rest = phrase[len(head) :]
    return tuple(dict.fromkeys(f"{form}{rest}".strip() for form in forms(head)))


def first_piece(phrase: str) -> str:
    """The phrase up to its first space that is not in a bracket."""
    end, bracket = phrase.find(" "), phrase.find("(")
    while 0 <= bracket < end:
        closed = phrase.find(")", bracket)
        end, bracket = phrase.find(" ", closed), phrase.find("(", closed)
    return phrase if end < 0 else phrase[:end]


def problem(phrase: str) -> str | None:
    """Why no text could ever say this phrase, as the end of a sentence; None where one could."""
    try:
        all_forms = forms(phrase)
    except ValueError as error:
        return str(error)
    for form in all_forms:
        if len(form) > _LONGEST:
            return f"is longer than {_LONGEST} characters"
        pieces = form.split(GAP)
        if not all(any(map(str.isalnum, piece)) for piece in pieces):
            return "has no letter or digit" if len(pieces) == 1 else f"needs words on both sides of `{GAP}`"
        if len(pieces) > _MOST_GAPS + 1:
            return f"has more than {_MOST_GAPS} `{GAP}`"
    return None
