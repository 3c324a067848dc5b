"""Globs of a file: however they are spelled they match, or the file says what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.errors import SettingsError
from rung.routing.match import holds
from rung.settings.check import check
from rung.settings.globs import problem, tidied
from rung.settings.values import Rule
from rung.types.features import Features

HOME = "/home/ada"


def pin(name: str, glob: str) -> Rule:
    written = check(f"[[rule]]\nname = 'r'\nlocal = true\nwhen = {{ {name} = '{glob}' }}\n", Path("r.toml"), "user", {})
    return written.rules[0]


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("./private/**", "private/a.py"),
        (".//private/**", "private/a.py"),
        ("././private/**", "private/a.py"),
        ("private//**", "private/a.py"),
        ("private/./**", "private/a.py"),
        ("private/.", "private/a.py"),
        ("{./private,./secret}/**", "secret/a.py"),
        ("**/private", "x/private/y/a.py"),
        ("~/keep//**", "/home/ada/keep/a.py"),
        ("~\\keep\\**", "/home/ada/keep/a.py"),
        ("~", "/home/ada/a.py"),
        ("//srv/x/**", "/srv/x/a.py"),
        ("./.env", ".env"),
        ("**/.env.*", "x/.env.local"),
        ("$RECYCLE.BIN/**", "$RECYCLE.BIN/a"),
        ("routes/$id/**", "routes/$id/a.ts"),
        ("[$]HOME/**", "$HOME/a"),
        ("~$*.docx", "x/~$plan.docx"),
        ("~old", "~old"),
        ("notes[ ]", "notes "),
        ("a..b", "a..b"),
        ("vscode-remote://host/**", "vscode-remote://host/a.py"),
        ("Schlüssel/**", "Schlu\u0308ssel/a"),
        ("Schlu\u0308ssel/**", "Schlüssel/a"),
        ("x[{]a[,]b[}]/**", "x{a,b}/c"),
    ],
)
def test_a_glob_matches_however_it_is_spelled(glob: str, path: str) -> None:
    features = Features(action="ask", paths=(path,))
    assert holds(pin("path", glob).when, features, HOME, wide=True)[0]
    assert not holds(pin("path", glob).when, features.replace(paths=("other.py",)), HOME, wide=True)[0]


@pytest.mark.parametrize(
    ("name", "glob", "said"),
    [
        (
            "path",
            "../x/**",
            "No path has `..` in it: write the folder's name from the top, with `/` or `~/` before it.",
        ),
        ("path", "./../x", "No path has `..` in it"),
        ("path", "a/../b", "No path has `..` in it"),
        ("path", "a/..", "No path has `..` in it"),
        ("path", "{a,../b}/**", "No path has `..` in it"),
        ("path", "$HOME/x/**", "Nothing is put in the place of `$HOME` in a glob: write `~/` instead."),
        ("path", "${HOME}/x", "`${HOME}` in a glob: write `~/` instead."),
        ("path", "$WORK/x", "`$WORK` in a glob: write what it stands for instead."),
        ("path", "%USERPROFILE%\\x", "`%USERPROFILE%` in a glob: write `~/` instead."),
        ("path", "~root/x", "Only your own home folder has a short name, `~/`"),
        ("path", "private/** ", "This glob begins or ends with a blank"),
        ("path", " private/**", "This glob begins or ends with a blank"),
        ("path", ".", "write `**` for everything in it"),
        ("path", "./", "write `**` for everything in it"),
        ("path", "file:///home/ada/x", "A path is no address"),
        ("repository", "../shop", "No path has `..` in it"),
        ("repository", "$HOME/shop", "write `~/` instead"),
        ("repository", "~ada/shop", "Only your own home folder"),
        ("branch", "main ", "This glob begins or ends with a blank"),
        ("branch", "my branch", "No branch has ` ` in its name: write the name as `git branch` shows it."),
        ("branch", "main~1", "No branch has `~` in its name"),
        ("branch", "a..b", "No branch has `..` in its name"),
    ],
)
def test_a_glob_that_can_match_nothing_is_refused_with_what_to_write(name: str, glob: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        pin(name, glob)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("glob", "folder", "held"),
    [
        ("~", "/home/ada", True),
        ("~", "/home/ada/shop", False),
        ("~/shop/", "/home/ada/shop", True),
        ("~/shop/", "/home/ada/shop/inner", True),
        ("~/shop//", "/home/ada/shop", True),
        ("./shop", "/srv/shop", True),
        ("shop/", "/srv/shop", True),
        ("shop/", "/srv/workshop", False),
    ],
)
def test_a_repository_is_met_with_a_slash_at_its_end_too(glob: str, folder: str, *, held: bool) -> None:
    features = Features(action="ask", repository=folder)
    assert holds(pin("repository", glob).when, features, HOME)[0] is held


@pytest.mark.parametrize(("glob", "branch"), [("refs/heads/main", "main"), ("refs/heads/fix/*", "fix/a"), ("x", "x")])
def test_a_branch_may_be_written_with_all_of_its_name(glob: str, branch: str) -> None:
    assert holds(pin("branch", glob).when, Features(action="ask", branch=branch), HOME)[0]


@pytest.mark.parametrize("glob", ["./a//b/./c", "{./a,b}//c", "~\\x", "", "/", "**", "a/"])
def test_what_is_tidy_stays_as_it_is(glob: str) -> None:
    once = tidied("path", glob)
    assert tidied("path", once) == once
    assert problem("path", once) is None or not once
