"""An edit is the code in an answer; where the code it replaces parses, so must it."""

from __future__ import annotations

import pytest

from rung.actions.context.gathered import Gathered
from rung.actions.results import edit
from rung.actions.run import call_for, run
from rung.types.action import Action
from rung.types.call import Answer, Call
from rung.types.part import Part

WHOLE = {
    "python": "def f(x):\n    return [x]\n",
    "json": '{"a": [1, 2]}\n',
    "toml": "[a]\nb = [1, 2]\n",
    "javascript": "const f = (x) => { return /[({]/.test(x) ? `${x}(` : '('; } // (\n",
    "typescript": 'function f(x: Array<string>): string { return x[0] ?? "}"; }\n',
    "go": "func f(x string) string {\n\treturn x + `\\` + \"}\" + string('{')\n}\n",
    "rust": "fn f<'a>(x: &'a str) -> &'a str { let _c = '{'; let _r = r#\"}\"#; x }\n",
    "java": "class A { char c = '{'; String s = \"}\"; /* ( */ int f() { return (1); } }\n",
    "csharp": 'class A { string s = @"\\"; int F() { return (1); } }\n',
    "c": "int f(void) { return '}' + (1); } // {\n",
}
BROKEN = {
    "python": "def f(x):\n    return [x\n",
    "json": '{"a": [1, 2\n',
    "toml": "[a\nb = [1, 2]\n",
    **{language: f"{code}(\n" for language, code in WHOLE.items() if language not in {"python", "json", "toml"}},
}


@pytest.mark.parametrize("language", WHOLE)
def test_code_that_no_longer_parses_is_no_edit(language: str) -> None:
    whole, broken = WHOLE[language], BROKEN[language]
    assert edit.fault(whole, language, whole) is None
    assert edit.fault(f"```{language}\n{whole}```", language, whole) is None
    said = edit.fault(f"Here it is:\n```{language}\n{broken}```\nDone.", language, whole)
    assert said in {"the code does not parse", "the brackets of the code do not match"}


@pytest.mark.parametrize("language", WHOLE)
def test_what_replaces_a_piece_that_did_not_parse_is_held_to_nothing(language: str) -> None:
    assert edit.fault(BROKEN[language], language, BROKEN[language]) is None


@pytest.mark.parametrize(("language", "code"), [("haskell", "f = ("), ("html", "<p>("), ("markdown", "("), ("", "(")])
def test_of_a_language_nobody_knows_here_any_text_is_right(language: str, code: str) -> None:
    assert edit.fault(code, language, "()") is None


@pytest.mark.parametrize(
    ("original", "code"),
    [
        ("    def f(self):\n        return 1\n", "    def f(self):\n        return 2"),
        ("    return 1\n", "return 2"),
        ('x = "\\d"\n', 'y = "\\d"\n'),
        ("else:\n    pass\n", "else:\n    return"),
        ("x = 1\r\ny = 2\r\n", "x = 2\r\ny = 3\r\n"),
    ],
    ids=["a method", "a line of a body", "an odd escape", "half a statement", "windows lines"],
)
def test_a_piece_of_python_with_its_indent_is_right(original: str, code: str) -> None:
    assert edit.fault(code, "python", original) is None


@pytest.mark.parametrize("raw", ["", " \n", "```python\n\n```", "\u200b"])
def test_an_answer_without_code_is_no_edit(raw: str) -> None:
    assert edit.fault(raw, "python", "x = 1\n") == "it holds no code"


FENCED = 'def f():\n    """Do.\n\n    ```py\n    f()\n    ```\n    """\n    return 1'


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("x = 1\n", "x = 1"),
        ("\n    x = 1\n    y = 2\n", "    x = 1\n    y = 2"),
        ("```python\n    x = 1\n```", "    x = 1"),
        ("~~~\nx = 1\n~~~\n", "x = 1"),
        ("Here is the updated code:\n```py\nx = 1\n```\nI renamed it.", "x = 1"),
        ("Use:\n```\nf()\n```\nAnd:\n```python\ndef f():\n    return 1\n```", "def f():\n    return 1"),
        ("1. So:\n   ```python\n   def f():\n       return 1\n   ```", "def f():\n    return 1"),
        ("```python\nx = 1", "x = 1"),
        ("Here is the code:\nx = 1", "x = 1"),
        ("x = '```'\ny = 1", "x = '```'\ny = 1"),
        (f"{FENCED}\n", FENCED),
        (f"Here:\n```python\n{FENCED}\n```\nDone.", FENCED),
    ],
)
def test_the_code_is_found_in_what_stands_around_it(raw: str, code: str) -> None:
    assert edit.read(raw, "python") == code


def test_the_blocks_of_a_markdown_document_are_its_own() -> None:
    text = "# A\n\n```python\nx = 1\n```\n\nEnd."
    assert edit.read(f"{text}\n", "markdown") == text


ACTION = Action("shorten", "Shorten", "refactor.rewrite", ("selection",), "edit", "Shorten:\n{{ selection }}")


async def test_a_persons_own_edit_is_checked_and_read_as_code() -> None:
    gathered = Gathered((Part("selection", "x = (1)\n", "a.py"),), {"language": "python", "path": "a.py"})
    check = call_for(ACTION, gathered, gathered.parts, None).check
    assert check("```python\nx = (1\n```") == "the code does not parse"
    assert check("```python\nx = 1\n```") is None

    async def ask(_call: Call) -> Answer:
        return Answer("Sure:\n```python\nx = 1\n```", "small", "m")

    assert (await run(ACTION, gathered, ask, None)).text == "x = 1"
