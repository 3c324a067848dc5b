"""``rung pin [FOLDER]``: whatever is asked in that repository stays on this machine.

The pins are two rules at the end of the person's own ``rung.toml``, between two lines of ours. Nothing outside of those
lines is touched: the new file is read before it takes the place of the old one, and must say the same but for the pins.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

from rung.cli.options import parser
from rung.errors import SettingsError, UsageError
from rung.git.homes import where
from rung.git.links import linked_tree, points_back
from rung.settings import places
from rung.settings.check import check

NAME = "rung pin"
"""The rule's name, as ``rung route`` and receipts show it."""
_NAMES = (NAME, f"{NAME} (its files)")
_BEGIN = "# >>> rung pin: these lines are written by `rung pin` and `rung pin --remove`"
_END = "# <<< rung pin"
_PINNED = "# pinned: "


def run(words: list[str]) -> int:
    """Pin, list or remove.

    Raises:
        UsageError: there is no such folder, or it is not pinned.
        SettingsError: rung.toml is broken, or can't be written.
    """
    made = parser("pin", "Keep a repository on this machine: no request from it goes to a model elsewhere.")
    made.add_argument("folder", nargs="?", help="in the repository; the one we are in, by default")
    made.add_argument("--list", action="store_true", help="show what is pinned")
    made.add_argument("--remove", action="store_true", help="take the pin away")
    args = made.parse_args(words)
    if args.list and (args.remove or args.folder):
        raise UsageError("`rung pin --list` takes nothing more.")
    file = _File(places.config_folder() / "rung.toml")
    if args.list:
        print("\n".join(file.pinned) or "Nothing is pinned.")
        return 0
    folder = _folder(args.folder)
    if args.remove:
        if folder not in file.pinned:
            raise UsageError(f"{folder} is not pinned.", "`rung pin --list` shows what is.")
        file.write([pinned for pinned in file.pinned if pinned != folder])
        print(f"{folder} is no longer pinned.")
        return 0
    known = folder in file.pinned
    # Written again even where it is known: it may have been moved, or have work trees whose files are not named yet.
    file.write(file.pinned if known else [*file.pinned, folder])
    print(f"{folder} {'was pinned already' if known else 'is pinned'}: what you ask there stays on this machine.")
    return 0


def _folder(name: str | None) -> str:
    """The repository's folder, or the folder itself where it is in none.

    Raises:
        UsageError: there is no such folder, or it can't be pinned.
    """
    if name is not None and not os.path.isdir(name):  # noqa: PTH112
        raise UsageError(f"There is no folder {name!r}.", "Name a folder of the repository.")
    here = Path(os.path.realpath(name or "."))
    found = str(next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here))
    if not found.isprintable():
        raise UsageError("The folder's name has letters that settings can't hold.", "Rename it first.")
    if os.path.dirname(found) == found:  # noqa: PTH120
        raise UsageError("A whole disk can't be pinned.", "`[local]` before a prompt pins that prompt.")
    return found


class _File:
    """The person's ``rung.toml``: what stands before our lines, our pins, and what stands behind."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._bytes: bytes | None = path.read_bytes()
        except FileNotFoundError:
            self._bytes = None
        except OSError as error:
            raise SettingsError(f"This file can't be read ({error.strerror}).", path) from None
        try:
            self.text = (self._bytes or b"").decode("utf-8")
        except UnicodeDecodeError:
            raise SettingsError("This file is not UTF-8.", path, hint="Save it again as UTF-8.") from None
        # Nothing is added to a broken file. What a file begins with that some editors add is no part of it.
        self._data = _parsed(self.text, path)
        self._before, self._after, self.pinned = self._split()

    def _split(self) -> tuple[str, str, list[str]]:
        lines = self.text.splitlines(keepends=True)
        marks = [(number, line.strip()) for number, line in enumerate(lines) if line.strip() in {_BEGIN, _END}]
        if not marks:
            return self.text, "", []
        if [mark for _, mark in marks] != [_BEGIN, _END]:
            hint = f"Delete the lines between `{_BEGIN[:14]}` and `{_END}`, and these two, then pin again."
            raise SettingsError("The lines of `rung pin` are not as it wrote them.", self.path, marks[0][0] + 1, hint)
        (first, _), (last, _) = marks
        pinned = []
        for number in range(first + 1, last):
            if lines[number].startswith(_PINNED):
                try:
                    folder = json.loads(lines[number][len(_PINNED) :])
                except ValueError:
                    folder = None
                if not isinstance(folder, str):
                    raise SettingsError("This is not a pinned folder.", self.path, number + 1, "Pin it again.")
                pinned.append(folder)
        return "".join(lines[:first]), "".join(lines[last + 1 :]), pinned

    def write(self, pinned: list[str]) -> None:
        """Put the file with these pins in the place of the old one.

        Raises:
            SettingsError: it would say something else than before, it changed meanwhile, or it can't be written.
        """
        newline = "\r\n" if "\r\n" in self.text else "\n"
        before = self._before
        if before and not before.endswith(("\n", "\r")) and pinned:
            before += newline
        text = before + _block(pinned).replace("\n", newline) + self._after
        self._prove(text, pinned)
        # The file may be a link into a folder of dotfiles, which stays one.
        target = os.path.realpath(self.path)
        try:
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
            _replace(Path(target), text.encode(), self._bytes)
        except OSError as error:
            hint = f"Write a [[rule]] with local = true and when.repository = {json.dumps(pinned)} yourself."
            raise SettingsError(f"This file can't be written ({error.strerror}).", self.path, hint=hint) from None

    def _prove(self, text: str, pinned: list[str]) -> None:
        if any(rule.get("name") in _NAMES for rule in _rules(_parsed(self._before + self._after, self.path))):
            raise SettingsError(f"A rule of yours is named `{NAME}`.", self.path, hint="Give it another name.")
        data = _parsed(text, self.path)
        names = [rule.get("name") for rule in _rules(data)]
        if _without_pins(data) != _without_pins(self._data) or [names.count(name) for name in _NAMES] != (
            [1, 1] if pinned else [0, 0]
        ):
            hint = "Write the rules in blocks, each under [[rule]]."
            raise SettingsError(
                "`rung pin` can't add its rules to this file without changing it.", self.path, hint=hint
            )


def _parsed(text: str, path: Path) -> dict[str, Any]:
    """What a file says.

    Raises:
        SettingsError: it is broken.
    """
    text = text.removeprefix("\ufeff")
    check(text, path, "user", {})
    return tomllib.loads(text)


def _rules(data: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = data.get("rule", [])
    return found


def _without_pins(data: dict[str, Any]) -> dict[str, Any]:
    rules = [rule for rule in _rules(data) if rule.get("name") not in _NAMES]
    return {**{name: value for name, value in data.items() if name != "rule"}, **({"rule": rules} if rules else {})}


def _replace(target: Path, content: bytes, expected: bytes | None) -> None:
    """Write beside the file, then move into its place with its mode.

    Raises:
        OSError: the folder can't be written, or somebody else changed the file just now.
    """
    passing = target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(4).hex()}")
    mode = target.stat().st_mode & 0o777 if expected is not None else 0o600
    if expected is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "it is read-only")
    handle = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        passing.chmod(mode)
        now = target.read_bytes() if target.exists() else None
        if now != expected:
            raise OSError(11, "somebody else is writing it; try again")
        passing.replace(target)
    finally:
        passing.unlink(missing_ok=True)


def _block(pinned: list[str]) -> str:
    """Our lines; none where nothing is pinned."""
    if not pinned:
        return ""
    folders = list(dict.fromkeys(name for folder in pinned for name in _names(folder)))
    globs = [_literal(folder) for folder in folders]
    lines = [_BEGIN, *(f"{_PINNED}{_toml(folder)}" for folder in pinned)]
    for name, field, entries in (
        (_NAMES[0], "repository", [entry for glob in globs for entry in (glob, f"{glob}/**")]),
        # Its files are pinned too where they are sent along from another folder.
        (_NAMES[1], "path", [f"{glob}/**" for glob in globs]),
    ):
        lines += ["[[rule]]", f'name = "{name}"', "local = true", f"when.{field} = ["]
        lines += [*(f"  {_toml(entry)}," for entry in entries), "]"]
    return "\n".join([*lines, _END]) + "\n"


def _names(folder: str) -> list[str]:
    """What a repository goes by: its git folder, which work trees made later share, and the work trees there are.

    What is written in it may be anybody's: only what is a git folder or a work tree by its own word is named.
    """
    named = [Path(name) for names, _ in where((), [folder]) for name in names]
    found = [path for path in named if _is_git(path) or (path / ".git").exists()]
    for git in filter(_is_git, tuple(found)):
        for own in sorted(git.glob("worktrees/*")):
            tree = linked_tree(own)
            # Else one was taken away, or names what is none of this repository's.
            if tree is not None and points_back(tree, own):
                found.append(tree)
    real = dict.fromkeys([folder, *(os.path.realpath(path) for path in found if path.is_dir())])
    return [path for path in real if path.isprintable() and os.path.dirname(path) != path]  # noqa: PTH120


def _is_git(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir()


def _literal(folder: str) -> str:
    """A glob that means this very folder: what has a meaning in globs stands in brackets."""
    path = folder.replace(os.sep, "/")
    found = "".join(f"[{letter}]" if letter in "*?{,}" else "[\\[]" if letter == "[" else letter for letter in path)
    # A glob that ends with a blank is taken for a slip.
    return f"{found[:-1]}[ ]" if found.endswith(" ") else found


def _toml(text: str) -> str:
    """A TOML text; JSON's are the same but for one letter, which no printable name has."""
    return json.dumps(text, ensure_ascii=False)
