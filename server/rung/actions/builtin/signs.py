"""The scored table: what in a change of the program speaks for which type of commit. Pure.

Each row: a type, how much one sighting weighs, at most how many count, and how to count them. The sum decides; ties go
to the type that stands first in :data:`ORDER`.
"""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rung.actions.builtin.facts import Facts
from rung.types.pattern import lazy
from rung.types.value import Value

ORDER = ("fix", "feat", "refactor", "perf", "style", "docs", "chore")

_GUARD = lazy(
    r"\s*(?:\}? ?el(?:se ?)?if|if|unless|guard|assert|when)\b.*(?:\bnot\b|!|\bNone\b|\bnull\b|\bnil\b|undefined|\bis_?(?:empty|none|nil|null)\b|"
    r"\.length\b|\blen\(|isinstance|typeof|hasattr|\.get\(|\.has\(|\bin\b|<= ?0|== ?0|< ?1\b|\.ok\b|\.exists|nullptr|NULL|err\b)"
)
_SAFE = lazy(
    r"\?\.|\?\?|\|\| ?(?:\[\]|\{\}|''|\"\"|0)|\bor (?:\[\]|\{\}|\"\"|''|0|None)|unwrap_or|\.get\([^)]*,|getattr\([^)]*, *None|saturating_|checked_"
)
_HANDLER = lazy(
    r"\s*(?:\} ?)?(?:except\b|catch\b|rescue\b|finally\b|ensure\b)|\.catch\(|if err != nil|contextlib\.suppress|\bsuppress\("
    r"|\bErr\(|map_err|\bthrow(?:s| new)\b|\braise\b"
)
_CONDITION = lazy(
    r"\s*(?:\} ?)?(?:if|elif|else if|elsif|while|until|for|case|when|unless|return .*(?: and | or |&&|\|\||==|!=|<|>)|assert)\b|.*(?:&&|\|\|| \? )"
)
_BOUND = lazy(r"<=|>=|[<>]|[+-] ?1\b|\.\.=?|\b[01]\b")
_OPTION = lazy(
    r"add_argument\(|add_option\(|@(?:click|app|cli)\.(?:option|argument|command)\(|typer\.(?:Option|Argument)\(|\.option\(|"
    r"flag\.(?:String|Bool|Int|Duration)|#\[(?:arg|clap|command)\(|add_parser\(|^\s*\[?[\"'`]--[a-z][\w-]+[\"'`]|\.addOption|\bFlags\(\)\.\w+\("
)
_ENDPOINT = lazy(
    r"@\w+\.(?:get|post|put|patch|delete|route|websocket)\(|(?:app|router|server|api|r|mux|e)\.(?:get|post|put|patch|delete|GET|POST|PUT|PATCH|DELETE|HandleFunc|Handle|route)\("
    r"|@(?:Get|Post|Put|Patch|Delete|Request)Mapping|\bpath\(['\"r]|\bre_path\(|Route::(?:get|post|put|patch|delete|resource)|\[Http(?:Get|Post|Put|Delete|Patch)"
    r"|^\s*(?:get|post|put|patch|delete|resources?) ['\":]/?\w"
)
_CACHE = lazy(
    r"lru_cache|@(?:functools\.)?cache\b|@cached|memo(?:ize|ise)?\b|useMemo\(|useCallback\(|React\.memo|prefetch_related|select_related|\.includes\(:|bulk_create"
    r"|executemany|__slots__|add_index|CREATE (?:UNIQUE )?INDEX|with_capacity|\.reserve\(|sync\.Pool|lazy_static|OnceCell|LazyLock|StringBuilder|Promise\.all\(|joinedload|parallel(?:Stream|_)|par_iter"
    r"|_cache\b|\bcache\[",
    re.IGNORECASE,
)
_SPEED = lazy(
    r"\b(?:O\(n|slow|faster|speed|performance|cache|avoid (?:copy|alloc|re-?comput)|quadratic|hot path|expensive)",
    re.IGNORECASE,
)
_TROUBLE = lazy(
    r"\b(?:bug|regression|workaround|crash(?:es|ed)?|race|leak(?:s|ed)?|otherwise|avoid|prevent|ensure|may be|might be|can be|never|wrong(?:ly)?|(?:gh-?|#)\d+)\b",
    re.IGNORECASE,
)
_REGRESSION = lazy(
    r"regress|issue_?\d|gh_?\d|bug_?\d|_fix|fixes|does_?n[o']?t|not_|without|invalid|empty|missing|none|null|error|fail|crash|handles?_|edge|raises",
    re.IGNORECASE,
)
_DEFAULT_PARAMETER = lazy(r"\w+(?:\s*:\s*[^,=()]+)?\s*=\s*[^,=()]+")
_FIELD = lazy(
    r"\s+(?:pub |public |readonly |private )*(?!case\b|default\b|return\b|else\b)\w+\??: ?[A-Za-z][\w<>\[\]|&:., ]*(?: = .+)?[;,]?$"
)
_DEPRECATED = lazy(r"deprecat", re.IGNORECASE)
_STRING = lazy(r"([\"'`])(?:\\.|(?!\1).)*\1")
_SLASH_BRANCH = lazy(r"(?:^|/)(feat|feature|fix|bugfix|hotfix|bug|refactor|perf|style|docs?|chore)[/_-]", re.IGNORECASE)
_BRANCH_TYPES = {"feature": "feat", "bugfix": "fix", "hotfix": "fix", "bug": "fix", "doc": "docs"}


class Sign(Value):
    """One row."""

    kind: str
    weight: float
    """For one sighting."""
    most: int
    """Sightings that count."""
    why: str
    """What it is, for people who read the table."""
    count: Callable[[Facts], int]


def _lines(lines: Iterable[str], pattern: re.Pattern[str]) -> int:
    return sum(1 for line in lines if pattern.search(" ".join(line.split())))  # long gaps would cost dear


def _starting(lines: Iterable[str], pattern: re.Pattern[str]) -> int:
    return sum(1 for line in lines if pattern.match(line))


def _public(facts: Facts) -> int:
    return sum(1 for symbol in facts.new if symbol.public and symbol.sort != "constant")


def _new_files(facts: Facts) -> int:
    return sum(1 for file in facts.source if file.change.status == "A" and len(file.plus) > 2)


def _size(facts: Facts) -> int:
    return len(facts.net_plus) + len(facts.net_minus)


def _guards(facts: Facts) -> int:
    return _starting(facts.edits, _GUARD) - _starting(facts.net_minus, _GUARD)


def _small(most: int) -> Callable[[Facts], int]:
    """A few lines, and nothing that a person could use anew."""

    def count(facts: Facts) -> int:
        usable = _public(facts) + _new_files(facts) + _parameters(facts) + _lines(facts.net_plus, _OPTION)
        usable += _lines(facts.net_plus, _ENDPOINT) + _fields(facts)
        return int(0 < _size(facts) <= most and usable <= 0)

    return count


def _fields(facts: Facts) -> int:
    """New members of classes, structs and interfaces."""
    return _starting(facts.net_plus, _FIELD) - _starting(facts.net_minus, _FIELD)


def _conditions(facts: Facts) -> int:
    return sum(
        1
        for old, new in facts.replaced
        if _CONDITION.match(old) and _CONDITION.match(new) and old.split() != new.split()
    )


def _bounds(facts: Facts) -> int:
    """Off by one: lines that differ in nothing but a comparison, a 0 or 1, or a ``+ 1``."""
    return sum(
        1
        for old, new in facts.replaced
        if old != new
        and _BOUND.search(old + new)
        and "".join(_BOUND.sub("", old).split()) == "".join(_BOUND.sub("", new).split())
    )


def _texts(facts: Facts) -> int:
    """Lines that differ only inside a string."""
    return sum(1 for old, new in facts.replaced if old != new and _STRING.sub('""', old) == _STRING.sub('""', new))


def _numbers(facts: Facts) -> int:
    return sum(1 for old, new in facts.replaced if old != new and re.sub(r"\d+", "0", old) == re.sub(r"\d+", "0", new))


def _parameters(facts: Facts) -> int:
    """Signatures that got one more parameter with a default."""
    found = 0
    for old, new in facts.replaced:
        if re.match(r"\s*(?:async )?(?:def|function|fun|func|export)\b", new):
            found += len(_DEFAULT_PARAMETER.findall(new)) > len(_DEFAULT_PARAMETER.findall(old))
    return found


def _lasting_deletion(facts: Facts) -> bool:
    """More went than a line or two inside a function, which may as well mend something."""
    return bool(facts.gone) or len(facts.net_minus) > 5 or any(file.change.status == "D" for file in facts.source)


def _same_words(facts: Facts) -> int:
    return int(len(facts.plus) > 2 and not facts.net_plus and not facts.net_minus)


def _regressions(facts: Facts) -> int:
    names = [symbol.name for file in facts.of("test") if file.change.status == "M" for symbol in file.new]
    names += [
        match
        for file in facts.of("test")
        for line in file.plus
        for match in re.findall(r"\b(?:it|test)\(['\"`](.{1,80}?)['\"`]", line)
    ]
    return sum(1 for name in names if _REGRESSION.search(name.replace(" ", "_")))


def of_branch(facts: Facts) -> str | None:
    """The type that the branch's name begins with: ``fix`` for ``bugfix/login``."""
    found = _SLASH_BRANCH.search(facts.change.branch or "")
    if found is None:
        return None
    name = found[1].lower()
    return _BRANCH_TYPES.get(name, name)


def _branch(kind: str) -> Callable[[Facts], int]:
    return lambda facts: int(of_branch(facts) == kind)


def _changelog(words: str) -> Callable[[Facts], int]:
    pattern = re.compile(words, re.IGNORECASE)
    return lambda facts: int(
        any(
            pattern.search(line)
            for file in facts.of("docs")
            if _is_log(file.path)
            for line in (*file.plus, *file.remarks)
        )
    )


def _is_log(path: str) -> bool:
    return bool(re.search(r"change|news|history|release", path, re.IGNORECASE))


def _moves(facts: Facts) -> int:
    return sum(1 for file in facts.source if file.change.status == "R" and len(file.plus) + len(file.minus) < 10)


def _only_imports_besides(facts: Facts) -> int:
    """Files moved, and the rest only says where from."""
    rest = [file for file in facts.source if file.change.status != "R"]
    return int(_moves(facts) > 0 and all(file.imports for file in rest))


TABLE: tuple[Sign, ...] = (
    Sign("feat", 2.2, 4, "a new public name", _public),
    Sign("feat", 1.5, 3, "a new source file", _new_files),
    Sign("feat", 3.5, 2, "a new option", lambda facts: _lines(facts.net_plus, _OPTION) - _lines(facts.net_minus, _OPTION)),
    Sign("feat", 3.0, 2, "a new endpoint", lambda facts: _lines(facts.net_plus, _ENDPOINT) - _lines(facts.net_minus, _ENDPOINT)),
    Sign("feat", 2.0, 2, "a new parameter with a default", _parameters),
    Sign("feat", 1.0, 2, "a new member", _fields),
    Sign("feat", 1.0, 1, "much came, little went", lambda facts: int(len(facts.net_plus) >= 12 and len(facts.net_plus) > 4 * len(facts.net_minus))),
    Sign("feat", 1.0, 1, "a lot came", lambda facts: int(len(facts.net_plus) >= 40 and len(facts.net_plus) > 2 * len(facts.net_minus))),
    Sign("feat", 0.8, 1, "new test file", lambda facts: int(any(file.change.status == "A" for file in facts.of("test")))),
    Sign("feat", 0.8, 1, "documentation came with it", lambda facts: int(any(not _is_log(file.path) for file in facts.of("docs")))),
    Sign("feat", 2.0, 1, "the changelog says so", _changelog(r"^\W*(?:added|add|new|feat\w*|support)\b")),
    Sign("feat", 5.0, 1, "the branch says so", _branch("feat")),
    Sign("fix", 1.8, 2, "a guard came", _guards),
    Sign("fix", 1.0, 2, "a safe access came", lambda facts: _lines(facts.edits, _SAFE) - _lines(facts.net_minus, _SAFE)),
    Sign("fix", 1.2, 2, "an error is handled", lambda facts: _lines(facts.edits, _HANDLER) - _lines(facts.net_minus, _HANDLER)),
    Sign("fix", 1.5, 2, "a condition changed", _conditions),
    Sign("fix", 2.5, 1, "a bound changed", _bounds),
    Sign("fix", 1.5, 1, "a text changed", _texts),
    Sign("fix", 1.2, 1, "a number changed", _numbers),
    Sign("fix", 1.5, 1, "the change is small", _small(12)),
    Sign("fix", 0.8, 1, "the change is not large", _small(30)),
    Sign("fix", 1.0, 1, "nothing new is named", lambda facts: int(_small(10**9)(facts) and not facts.new and not facts.gone and bool(facts.plus))),
    Sign("fix", 1.0, 2, "a test for trouble came along", _regressions),
    Sign("fix", 0.8, 2, "a comment speaks of trouble", lambda facts: sum(_lines(file.remarks, _TROUBLE) for file in facts.source)),
    Sign("fix", 2.0, 1, "the changelog says so", _changelog(r"^\W*(?:fix\w*|correct\w*|bug\w*|resolve\w*)\b")),
    Sign("fix", 5.0, 1, "the branch says so", _branch("fix")),
    Sign("refactor", 6.0, 1, "one name was replaced by another", lambda facts: int(facts.renamed_word is not None)),
    Sign("refactor", 5.0, 1, "files moved and the rest says where", _only_imports_besides),
    Sign("refactor", 1.5, 2, "a file moved", _moves),
    Sign("refactor", 2.0, 3, "a name moved to another file", lambda facts: len(facts.moved)),
    Sign("refactor", 4.0, 1, "the same lines in another place", _same_words),
    Sign("refactor", 4.0, 1, "lines went into a new function", lambda facts: int(bool(facts.extracted))),
    Sign("refactor", 5.0, 1, "only deleted", lambda facts: int(_lasting_deletion(facts) and not facts.net_plus)),
    Sign("refactor", 2.5, 1, "mostly deleted", lambda facts: int(_lasting_deletion(facts) and len(facts.net_minus) > 3 * len(facts.net_plus) + 3)),
    Sign("refactor", 1.5, 1, "more went than came", lambda facts: int(len(facts.net_minus) > len(facts.net_plus) + 4)),
    Sign("refactor", 2.0, 1, "it got shorter", lambda facts: int(bool(facts.plus) and not facts.new and not _regressions(facts) and len(facts.minus) - len(facts.plus) >= 2)),
    Sign("refactor", 1.5, 1, "as much came as went", lambda facts: int(len(facts.net_minus) > 25 and 0.6 < len(facts.net_plus) / len(facts.net_minus) < 1.5)),
    Sign("refactor", 1.0, 3, "a private name came", lambda facts: sum(1 for symbol in facts.new if not symbol.public) if facts.minus else 0),
    Sign("refactor", 1.0, 2, "names went", lambda facts: len(facts.gone)),
    Sign("refactor", 2.5, 1, "only imports changed", lambda facts: int(bool(facts.source) and all(file.imports for file in facts.source))),
    Sign("refactor", 5.0, 1, "the branch says so", _branch("refactor")),
    Sign("perf", 4.5, 1, "results are kept or work is batched", lambda facts: _lines(facts.net_plus, _CACHE) - _lines(facts.net_minus, _CACHE)),
    Sign("perf", 1.5, 2, "a comment speaks of speed", lambda facts: sum(_lines(file.remarks, _SPEED) for file in facts.source)),
    Sign("perf", 5.0, 1, "the branch says so", _branch("perf")),
    Sign("chore", 3.0, 1, "only a deprecation was marked", lambda facts: int(_lines(facts.net_plus, _DEPRECATED) > 0 and _size(facts) < 8)),
)  # fmt: skip


def scores(facts: Facts) -> dict[str, float]:
    """Each type's sum."""
    sums = dict.fromkeys(ORDER, 0.0)
    for sign in TABLE:
        sums[sign.kind] += sign.weight * max(0, min(sign.most, sign.count(facts)))
    return sums


def likeliest(facts: Facts) -> str:
    """The type with the highest sum."""
    sums = scores(facts)
    return max(ORDER, key=lambda kind: sums[kind])
