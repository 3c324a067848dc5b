"""The grammars of the languages whose brackets and quotes are looked at, by the names that editors have for them."""

from __future__ import annotations

from rung.actions.results.brackets import Grammar, Quote

_LINE = r"//[^\n]*"
_BLOCK = r"/\*.*?(?:\*/|\Z)"
_HASH = r"\#[^\n]*"
_LETTER = r"'(?:\\[^'\n]{1,10}|[^'\\\n])'"
_BEFORE = "".join(
    rf"|(?<=\b{word})"
    for word in ("return", "throw", "case", "typeof", "yield", "await", "of", "in", "do", "else", "void", "delete")
)
_BODY = r"[ \t]*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n]){0,200}\]|[^/\\\n\[]){1,400}/"
_PATTERN = rf"(?:(?<=[(,=:\[!&|?{{}};+*~^%<\n])|(?<==>)|(?<=\A){_BEFORE}){_BODY}"
# After a bracket stands a pattern or a division; only the whole language tells which.
_AFTER = rf"(?:(?<=[)\]}}(,=:\[!&|?{{;+*~^%<\n])|(?<==>)|(?<=\A){_BEFORE}){_BODY}"

_DOUBLE = Quote('"', '"')
_SINGLE = Quote("'", "'")
_SURE = Quote('"', '"', strict=True)
_TRIPLE = Quote('"""', '"""', lines=True)
_RAW_TRIPLE = Quote('"""', '"""(?!")', escaped="", lines=True)
_HOLE = r"\$\{"
_TEMPLATE = Quote("`", "`", hole=_HOLE, lines=True)

_C_RAW = r"R\"(?P<tag>\w*)\(.*?(?:\)(?P=tag)\"|\Z)"
# A macro may hold half a pair.
_C = tuple(
    Grammar((_LINE, _BLOCK, _C_RAW, _LETTER, *directives), (_SURE,))
    for directives in ((), (r"^[ \t]*\#(?:\\\n|[^\n])*",))
)
_JAVA = (Grammar((_LINE, _BLOCK, _LETTER), (_TRIPLE, _SURE)),)


def _nesting(*quotes: Quote, skipped: tuple[str, ...] = ()) -> tuple[Grammar, ...]:
    """A language whose comments stand in one another."""
    return (Grammar((_LINE, *skipped), quotes, nested=True),)


def _script(pattern: str) -> Grammar:
    return Grammar((_LINE, _BLOCK, pattern), (_DOUBLE, _SINGLE, _TEMPLATE))


_SCRIPT = (_script(_PATTERN), _script(_AFTER))
# Between tags stand words, in which quotes and round brackets are signs like others.
_MARKUP = tuple(
    Grammar((r"(?<![:\w])//[^\n]*", _BLOCK, *patterns), quotes, "{}")
    for patterns in ((_PATTERN,), (_AFTER,), ())
    for quotes in ((_DOUBLE, _SINGLE, _TEMPLATE), (_DOUBLE, _TEMPLATE), (_TEMPLATE,), ())
)
_PHP = (
    Grammar(
        (
            _LINE,
            _BLOCK,
            r"\#(?!\[)[^\n]*",
            r"<<<[ \t]*(?P<q>['\"]?)(?P<tag>\w+)(?P=q)\n.*?^[ \t]*(?P=tag)\b",
            r"<\?(?:php|=)?",
        ),
        (Quote('"', '"', hole=r"\{(?=\$)", lines=True), Quote("'", "'", lines=True)),
    ),
    Grammar((_LINE, _BLOCK, r"\#(?!\[)[^\n]*"), (Quote('"', '"', lines=True), Quote("'", "'", lines=True))),
)
_SQL_SKIPPED = (r"--[^\n]*", _BLOCK, r"\$(?P<tag>\w*)\$.*?\$(?P=tag)\$")
_SQL = tuple(
    Grammar(
        (*_SQL_SKIPPED, *hashes),
        (Quote("'", "'(?!')", escaped, lines=True), Quote('"', '"(?!")', '""', lines=True)),
        "()",
    )
    for escaped in (r"''", r"''|\\.")
    for hashes in ((), (_HASH,))
)
LUA = Grammar(
    (r"--\[(?P<a>=*)\[.*?\](?P=a)\]", r"--[^\n]*", r"\[(?P<b>=*)\[.*?\](?P=b)\]"), (_SURE, _SINGLE.replace(strict=True))
)
SHELL = Grammar(
    (r"(?:^|(?<=[\s;]))\#[^\n]*", r"\\.", r"\$'(?:\\.|[^'\\])*'"),
    (Quote('"', '"', lines=True), Quote("'", "'", "", lines=True)),
    "",
)
RUBY = Grammar(
    (r"^=begin\b.*?^=end\b[^\n]*", r"(?:^|(?<=\s))\#[^\n]*"),
    (Quote('"', '"', hole=r"\#\{", lines=True), _SINGLE.replace(lines=True)),
)
_CSHARP = tuple(
    Grammar(
        (_LINE, _BLOCK, r"\${0,9}(?P<q>\"{3,9})(?!\").*?(?P=q)", _LETTER),
        (
            Quote(r"(?:@\$|\$@)\"", r'"(?!")', '""|{{', hole, lines=True),
            Quote(r'@"', r'"(?!")', '""', lines=True),
            Quote(r'\$"', '"', r"\\.|{{", hole),
            _SURE,
        ),
    )
    for hole in (r"\{", None)
)

GRAMMARS: dict[str, tuple[Grammar, ...]] = {
    **dict.fromkeys(("c", "cpp", "objective-c", "objective-cpp", "cuda-cpp"), _C),
    "java": _JAVA,
    **dict.fromkeys(("javascript", "typescript"), _SCRIPT),
    **dict.fromkeys(("javascriptreact", "typescriptreact"), _MARKUP),
    "csharp": _CSHARP,
    "go": (Grammar((_LINE, _BLOCK, _LETTER), (Quote("`", "`", "", lines=True), _SURE)),),
    "rust": _nesting(
        _DOUBLE.replace(lines=True),
        skipped=(r"\bb?r(?P<h>\#+)\".*?\"(?P=h)", r"\bb?r\"[^\"]*\"", _LETTER),
    ),
    "kotlin": _nesting(_RAW_TRIPLE.replace(hole=_HOLE), _SURE.replace(hole=_HOLE), skipped=(_LETTER,)),
    "scala": _nesting(_RAW_TRIPLE.replace(hole=_HOLE), _DOUBLE.replace(hole=_HOLE), skipped=(_LETTER,)),
    "swift": _nesting(
        *(Quote(sign, sign, r"\\[^(]", r"\\\(", ")", lines=len(sign) > 1, strict=True) for sign in ('"""', '"')),
        skipped=(r"(?P<h>\#+)\".*?\"(?P=h)", r"(?P<s>\#+)/.*?/(?P=s)", _PATTERN),
    ),
    "dart": _nesting(
        *(Quote(f"r{sign}", sign, "", lines=len(sign) > 1) for sign in ("'''", '"""', "'", '"')),
        *(Quote(sign, sign, hole=_HOLE, lines=len(sign) > 1) for sign in ("'''", '"""', "'", '"')),
    ),
    "php": _PHP,
    "lua": (LUA,),
    "css": (Grammar((_BLOCK, r"url\([^)'\"]*\)", r"\\."), (_DOUBLE, _SINGLE)),),
    **dict.fromkeys(
        ("scss", "less"), (Grammar((_BLOCK, r"url\([^)'\"]*\)", r"(?<!:)//[^\n]*", r"\\."), (_DOUBLE, _SINGLE)),)
    ),
    "sql": _SQL,
}
"""Several for a language where one look is not enough to tell, see :mod:`brackets`."""
MARKUP = _MARKUP
