"""In every language whose brackets, blocks or texts are looked at, whole code passes and broken code is no edit."""

from __future__ import annotations

import pytest

from rung.actions.results import edit, syntax

BRACKETS = {
    "cpp": "auto s = R\"x((}()x\"; int n = 1'000'000;\n",
    "kotlin": 'val s = "${x.map { "(" }}" + """it\'s ( ${y}""" /* a /* ( */ ( */\n',
    "scala": 'val s = s"${f("(")} (" + """( " """\n',
    "swift": 'let s = "\\(f("(")) (" + #"("# // (\n',
    "dart": "var s = '''it's (''' + r'\\(' + '${x['a']} (';\n",
    "php": "<?php\n#[Pure]\nfunction f() { return \"{$a['(']} (\" . '('; } # (\n",
    "typescriptreact": 'const f = () => <p className="a">it\'s :( {x ? `)` : "}"} don\'t</p>;\n',
    "javascriptreact": "export default () => <a href='x'>{list.map(x => <b>{x}'s</b>)} (</a>\n",
    "lua": 'local function f() if x then return "end" end --[[ function\n]] end local s = [[ do ( ]]\n',
    "css": "a::before { content: '}'; background: url(data:x{y); } /* { */\n",
    "scss": "a { #{$b}: c; // {\n  &:hover { d: e(1); } }\n",
    "sql": "select 'it''s (' from t -- (\nwhere a in (1, 2) and b = $$ ( $$;\n",
}
WORDS = {
    "ruby": (
        "def f\n  puts 'end' if x # do\n  [1].each do |y|\n    z(y)\n  end\nend\n",
        "def f\n  [1].each do |y|\n    z(y)\n  end\n",
    ),
    "shellscript": (
        "if [ -f x ]; then\n  case $y in\n    a) echo 'if' ;;\n  esac\nfi\n",
        "if [ -f x ]; then\n  case $y in\n    a) echo ;;\n",
    ),
    "lua": ("function f()\n  for i = 1, 2 do g(i) end\nend\n", "function f()\n  for i = 1, 2 do g(i) end\n"),
    "yaml": ("a: &b\n  - [1, 2]\n  - !ref c\nd: *b\n", "a: &b\n  - [1, 2\nd: *b\n"),
    "html": ("<div><p>one<p>two<br><img src='x'></div>\n", "<div><p>one<p>two<br><img src="),
    "jsonc": ('{\n  // two\n  "a": "// no", /* b */\n}\n', '{\n  // two\n  "a": [1,\n'),
}
"""What is whole and what is not, of languages that are judged by more than their brackets."""


@pytest.mark.parametrize("language", BRACKETS)
def test_a_bracket_without_its_other_half_is_no_edit(language: str) -> None:
    whole = BRACKETS[language]
    assert edit.fault(f"```\n{whole}```", language, whole) is None
    for broken in (f"{whole}{{\n", f"}}\n{whole}"):
        assert edit.fault(f"```\n{broken}```", language, whole) == (syntax.UNPAIRED if language != "sql" else None), (
            "braces are none in SQL"
        )
    assert edit.fault(f"{whole}{{\n", language, f"{whole}{{\n") is None


def test_round_brackets_count_in_sql() -> None:
    assert edit.fault("select (1", "sql", "select 1") == syntax.UNPAIRED


@pytest.mark.parametrize("language", WORDS)
def test_a_block_a_tag_or_a_text_that_never_ends_is_no_edit(language: str) -> None:
    whole, broken = WORDS[language]
    assert edit.fault(whole, language, whole) is None
    assert edit.fault(broken, language, whole) in {syntax.UNENDED, syntax.UNCLOSED, syntax.UNPARSED}
    assert edit.fault(broken, language, broken) is None


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("javascript", "const s = `a ${b}"),
        ("java", 'String s = "a;'),
        ("go", "s := `a"),
        ("go", 's := "a\n'),
        ("rust", 'let s = "a;'),
        ("kotlin", 'val s = """a"'),
        ("swift", 'let s = "\\(f("a")"'),
        ("csharp", 'var s = @"a;'),
        ("php", "$s = 'a;"),
        ("lua", 's = "a'),
        ("sql", "select 'a"),
        ("dart", "var s = '''a';"),
    ],
)
def test_a_string_that_never_ends_is_no_edit(language: str, code: str) -> None:
    assert edit.fault(code, language, "f") == syntax.UNPAIRED


UNSURE = {
    "python": [
        'x = f"{d["k"]}"',
        "f'{f'{1}'} {{ {x!r:>{w}}'",
        't = f"""{\n  a["("]\n} ("""',
        "type X = int",
        "type P[T: (int, str), *U] = list[T]",
        "def f[T](x: T) -> T:\n    return x",
        "class A[K: Hashable, V = int](B[K]):\n    pass",
        "try:\n    f()\nexcept KeyError, ValueError:\n    pass",
        'q = t"{name} ("',
        "lazy import json",
        "x = 2\n    y = 3",
        '    def f(self):\n        """F.\n\nNo indent.\n        """\n        return 1',
    ],
    "javascript": [
        r"const r = a => /\)/.test(a);",
        r"names.filter(n => /\(/.test(n))",
        "if (x) /[{]/.exec(y);",
        r"throw /\(/",
        "switch (x) { case /[(]/: }",
        "typeof /[(]/",
        "function* f() { yield /[(]/ }",
        "const q = `${a ? `(` : ''}`;",
        "const a = b / c; const d = (e) / f; // (",
        "const n = (a + b) / 2 + (c) / 3;",
        "const h = <div>it's {x ? \"don't (\" : ''} :(</div>;",
    ],
    "typescript": ["type A = `${string}(`;", "const f = <T,>(x: T): x is T & {} => !/[)]/.test(`${x}`);"],
    "c": ["#if A\nif (x) {\n#else\nif (y) {\n#endif\n  f();\n}", "#define OPEN {\nint f(void) { return 1; }"],
    "csharp": ['var s = $"{f("(")} {{ (";', 'var s = $@"\\ ""(""";', "#if A\nf(() => {\n#else\ng(() => {\n#endif\n});"],
    "rust": ["/* a /* ( */ ( */ f();", 'let s = br##"("#"##; \'a: loop { break \'a; }'],
    "json": ['{\n  // c\n  "a": "http://x", /* [ */\n  "b": [1, 2,],\n}'],
    "yaml": ["a: {{ value }}", "{% if x %}\na: [\n{% endif %}"],
    "ruby": ["x = %w[( [ {]", "y = a =~ /\\(/ ? 1 : 2", "def f = 1", "s = <<~EOS\n  (\n  def\nEOS"],
    "shellscript": ["cat <<EOF\nif x\nEOF", "awk '\n if (x) print\n' f", "case $x in a) ;; esac"],
    "html": [
        "<ul><li>a<li>b</ul>",
        "{% if x %}<div>{% else %}<div class='y'>{% endif %}</div>",
        "a < b",
        "<script>if (a < b) s = '<div>'</script>",
    ],
    "sql": [r"select 'it\'s (' as a", "select 1 # ("],
}


@pytest.mark.parametrize(
    ("language", "code"), [(language, code) for language, codes in UNSURE.items() for code in codes]
)
def test_code_that_only_a_whole_parser_can_judge_is_right(language: str, code: str) -> None:
    original = {"json": "{}", "python": "x = 1", "yaml": "a: 1"}.get(language, "f")
    assert edit.fault(f"```\n{code}\n```", language, original) is None


@pytest.mark.parametrize(
    "code",
    [
        "def f(:\n    pass",
        "def f[T(x):\n    return x",
        'x = f"{d["k"]"',
        "type = = int",
        "x = (1",
        "if x\n    y",
        "s = 'a\nb",
    ],
)
def test_python_that_no_python_takes_is_no_edit(code: str) -> None:
    assert edit.fault(code, "python", "x = 1") == syntax.UNPARSED


ELIDED = [
    "# ... rest of the code unchanged ...",
    "    # ... (rest of the function remains the same)",
    "// ... existing code ...",
    "  // ...rest of your implementation",
    "/* ... other methods ... */",
    "-- ... the remaining rows",
    "<!-- ... rest of the page ... -->",
    "    {/* ... existing content ... */}",
    "// The rest of the code remains unchanged",
    "# rest of the file here",
    "# existing code...",
]


@pytest.mark.parametrize("line", ELIDED)
def test_a_comment_in_the_place_of_code_is_no_edit(line: str) -> None:
    assert edit.fault(f"f();\n{line}\ng();", "plsql", "f();\ng();") == "a comment stands in the place of code"
    assert edit.fault(f"f();\n{line}\ng();", "plsql", f"f();\n{line}\nh();") is None


@pytest.mark.parametrize(
    "line",
    [
        "# the rest of the code relies on this order",
        "# ... and so on for each row",
        "// other methods are called by the framework",
        "# Existing files are kept.",
        "// ...args are passed on",
        "# keep the rest of the line",
        "# unchanged since 1.0",
        "x = ...  # the remaining code path",
        "// rest of the file is read lazily",
    ],
)
def test_a_comment_about_the_rest_is_one_like_others(line: str) -> None:
    assert edit.fault(f"f();\n{line}\ng();", "plsql", "f();\ng();") is None
