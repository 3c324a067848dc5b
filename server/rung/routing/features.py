"""The features of a request, from its parts."""

from __future__ import annotations

from rung.routing.tokens import estimate, upper
from rung.types.features import Features
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.settings.values import When
    from rung.types.part import Part
    from rung.types.request import Request

LANGUAGES = {
    "py": "python", "pyi": "python", "pyw": "python", "js": "javascript", "mjs": "javascript", "cjs": "javascript",
    "jsx": "javascriptreact", "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescriptreact",
    "rs": "rust", "go": "go", "java": "java", "kt": "kotlin", "kts": "kotlin", "c": "c", "h": "c", "cc": "cpp",
    "cpp": "cpp", "cxx": "cpp", "hh": "cpp", "hpp": "cpp", "cs": "csharp", "rb": "ruby", "php": "php",
    "sh": "shellscript", "bash": "shellscript", "lua": "lua", "swift": "swift", "scala": "scala", "sql": "sql",
    "html": "html", "htm": "html", "css": "css", "scss": "scss", "md": "markdown", "json": "json", "yaml": "yaml",
    "yml": "yaml", "toml": "toml", "el": "emacs-lisp", "ex": "elixir", "exs": "elixir", "hs": "haskell",
    "dart": "dart", "pl": "perl", "r": "r", "xml": "xml", "vue": "vue", "dockerfile": "dockerfile",
    "makefile": "makefile", "mk": "makefile",
}  # fmt: skip
"""Language ids, as editors call them, by the ending of a file's name, or by all of it where it has none."""
OVERHEAD = 200
"""Tokens of an action's own words, about; ``ask`` has none."""


class Place(Value):
    """Where something in the context comes from."""

    names: tuple[str, ...]
    """What its repository goes by: its work tree, its git folder, its main work tree; else the folder alone."""
    branch: str | None
    """The branch it is on; empty: on none; None: it could not be found out."""


class Placed(Features):
    """A request of which it was looked up where all that is in its context comes from."""

    places: tuple[Place, ...] = ()


def language_of(path: str) -> str:
    """The language id of a file by its name; ``plaintext`` where it says nothing."""
    return LANGUAGES.get(path.rpartition("/")[2].rpartition(".")[2].lower(), "plaintext")


def size(action: str, texts: Iterable[str]) -> int:
    """The upper estimate of a prompt, in tokens."""
    return upper((0 if action == "ask" else OVERHEAD) + sum(estimate(text) for text in texts))


def features(
    request: Request,
    *,
    typed: str,
    prefix: str | None,
    parts: Iterable[Part],
    paths: tuple[str, ...],
    action_tier: str | None,
    branch: str | None = None,
    repository: str | None = None,
    base: str | None = None,
) -> Features:
    """What a rule can ask about this request.

    Args:
        request: who asks for what.
        typed: what the person typed, without its prefix.
        prefix: the tier the prefix named.
        parts: the prompt's pieces, for their size.
        paths: all paths in them.
        action_tier: the action's own tier.
        branch: the branch, where one is known.
        repository: its folder.
        base: the folder the paths start from, absolute, links resolved; None: nobody knows.
    """
    document = request.document
    return Features(
        action=request.action,
        typed=typed,
        tokens=size(request.action, (part.text for part in parts)),
        paths=paths,
        absolute=from_root(paths, base),
        language=document.language if document else None,
        branch=branch,
        repository=repository or (request.root.as_posix() if request.root else None),
        prefix=prefix,
        option=request.tier,
        action_tier=action_tier,
        local=request.local,
        model=request.model,
    )


def from_root(paths: tuple[str, ...], base: str | None) -> tuple[str, ...]:
    """The paths from the root of the disk; what cannot be known is left out."""
    rooted = [path if path.startswith("/") else f"{base}/{path}" for path in paths if base or path.startswith("/")]
    return tuple(rooted)


def asks_for_place(conditions: Iterable[When]) -> bool:
    """Whether any of them looks at the branch or the repository, which costs looks at the disk."""
    return any(
        when.branch
        or when.repository
        or asks_for_place((*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())))
        for when in conditions
    )


def placed(features: Features, found: Iterable[tuple[tuple[str, ...], str | None]]) -> Placed:
    """The same request with the names and branches of the places it comes from."""
    fields = {name: getattr(features, name) for name in features._fields}
    return Placed(**fields, places=tuple(Place(*place) for place in found))


def asks_for_health(conditions: Iterable[When]) -> bool:
    """Whether any of them looks at the state of a tier, which a command has to ask the servers of this machine for."""
    return any(
        when.health or asks_for_health((*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())))
        for when in conditions
    )


def asks_for_budget(conditions: Iterable[When]) -> bool:
    """Whether any of them looks at what is left of today's budget, which costs a look into the ledger."""
    return any(
        when.budget_left_under is not None
        or asks_for_budget((*when.all_of, *when.any_of, *((when.not_of,) if when.not_of else ())))
        for when in conditions
    )
