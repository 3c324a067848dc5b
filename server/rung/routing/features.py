"""The features of a request, from its parts."""

from __future__ import annotations

from rung.routing.tokens import estimate
from rung.types.features import Features
from rung.types.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.settings.values import When
    from rung.types.part import Part
    from rung.types.request import Request

_ENDINGS = {
    "asciidoc": "adoc asciidoc", "bat": "bat cmd", "bibtex": "bib", "c": "c h", "clojure": "clj cljs cljc edn",
    "cmake": "cmake", "cpp": "cc cpp cxx c++ hh hpp hxx ipp inl", "crystal": "cr", "csharp": "cs csx", "css": "css",
    "cuda-cpp": "cu cuh", "d": "d", "dart": "dart", "diff": "diff patch", "dockerfile": "dockerfile",
    "elixir": "ex exs", "elm": "elm", "emacs-lisp": "el", "erlang": "erl hrl", "fortran": "f90 f95 f03 f08",
    "fsharp": "fs fsi fsx", "gdscript": "gd", "gleam": "gleam", "glsl": "glsl vert frag", "go": "go",
    "graphql": "graphql gql graphqls", "groovy": "groovy gradle",
    "haml": "haml", "handlebars": "hbs handlebars", "haskell": "hs lhs", "hcl": "hcl",
    "html": "html htm xhtml", "ini": "ini cfg", "java": "java", "javascript": "js mjs cjs", "javascriptreact": "jsx",
    "json": "json webmanifest", "jsonc": "jsonc", "jsonl": "jsonl ndjson", "julia": "jl", "jupyter": "ipynb",
    "kotlin": "kt kts", "latex": "tex ltx sty cls", "less": "less", "lisp": "lisp lsp cl", "lua": "lua",
    "makefile": "makefile mk mak", "markdown": "md markdown mdown", "mdx": "mdx", "nim": "nim nims",
    "nix": "nix", "objective-c": "m", "objective-cpp": "mm", "ocaml": "ml mli", "pascal": "pas dpr", "perl": "pl pm",
    "php": "php phtml", "powershell": "ps1 psm1 psd1", "prisma": "prisma", "properties": "properties",
    "proto": "proto", "pug": "pug", "purescript": "purs", "python": "py pyi pyw", "r": "r rmd", "racket": "rkt",
    "razor": "cshtml razor", "restructuredtext": "rst", "ruby": "rb rake gemspec", "rust": "rs", "sass": "sass",
    "scala": "scala sbt sc", "scheme": "scm ss", "scss": "scss", "shellscript": "sh bash zsh ksh fish bats",
    "solidity": "sol", "sql": "sql", "stylus": "styl", "svelte": "svelte", "swift": "swift",
    "systemverilog": "sv svh", "tcl": "tcl", "terraform": "tf tfvars", "toml": "toml", "typescript": "ts mts cts",
    "typescriptreact": "tsx", "typst": "typ", "vb": "vb vbs", "verilog": "v vh", "vhdl": "vhd vhdl", "viml": "vim",
    "vue": "vue", "wgsl": "wgsl", "xml": "xml xsd xsl xslt svg csproj fsproj vbproj plist", "yaml": "yaml yml",
    "zig": "zig zon",
}  # fmt: skip
LANGUAGES = {ending: language for language, endings in _ENDINGS.items() for ending in endings.split()}
"""Language ids, as editors call them, by the ending of a file's name."""
NAMES = {
    "dockerfile": "dockerfile", "containerfile": "dockerfile", "makefile": "makefile", "gnumakefile": "makefile",
    "cmakelists.txt": "cmake", "jenkinsfile": "groovy", "gemfile": "ruby", "rakefile": "ruby", "vagrantfile": "ruby",
    "podfile": "ruby", "brewfile": "ruby", "justfile": "just", ".justfile": "just", "go.mod": "go.mod",
    "go.sum": "go.sum", ".bashrc": "shellscript", ".bash_profile": "shellscript", ".profile": "shellscript",
    ".zshrc": "shellscript", "pkgbuild": "shellscript", ".editorconfig": "ini", ".gitconfig": "ini", ".vimrc": "viml",
    "cargo.lock": "toml", "poetry.lock": "toml", "uv.lock": "toml", "pipfile": "toml",
    "build.bazel": "starlark", "workspace.bazel": "starlark", "tiltfile": "starlark",
}  # fmt: skip
"""The same by all of a file's name."""
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
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    stem, dot, ending = name.rpartition(".")
    known = NAMES.get(name) or (LANGUAGES.get(ending) if dot else None)
    return known or NAMES.get(stem.partition(".")[0], "plaintext")


def size(action: str, texts: Iterable[str]) -> int:
    """The estimate of a prompt, in tokens: what rules ask about. For a window or a budget take the upper one of it."""
    return (0 if action == "ask" else OVERHEAD) + sum(estimate(text) for text in texts)


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
    bases: Iterable[str] = (),
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
        bases: every name of the folder the paths start from, absolute; none: nobody knows.
    """
    document = request.document
    return Features(
        action=request.action,
        typed=typed,
        tokens=size(request.action, (part.text for part in parts)),
        paths=paths,
        absolute=from_root(paths, bases),
        language=document.language if document else None,
        branch=branch,
        repository=repository or (request.root.as_posix() if request.root else None),
        prefix=prefix,
        option=request.tier,
        action_tier=action_tier,
        local=request.local,
        model=request.model,
    )


def from_root(paths: tuple[str, ...], bases: Iterable[str]) -> tuple[str, ...]:
    """The paths from the root of the disk, by each name of their folder; what nobody knows is left out."""
    named = [path if path.startswith("/") else f"{base}/{path}" for base in bases for path in paths]
    return tuple(dict.fromkeys([*(path for path in paths if path.startswith("/")), *named]))


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
