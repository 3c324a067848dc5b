"""Reads unified diffs: git's own, and whatever a person pipes in. Pure.

:func:`parse` reads files and hunks; :func:`paths_in` only names, and rather one too many than one too few, since pins
by path rest on it. Text around a diff (a commit's header, a mail, colours) is stepped over.
"""

from __future__ import annotations

from typing import Literal

from rung.git.diff_paths import NULL, headed_paths, header_pair, hit_paths, loose_paths, plain, unprefixed
from rung.git.listings import names_in
from rung.types.pattern import lazy
from rung.types.value import Value

Kind = Literal["A", "M", "D", "R", "C"]

_COLOUR = lazy("\x1b\\[[0-9;:]*[A-Za-z]")
_HUNK = lazy(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@ ?(.*)")
_COMBINED_HUNK = lazy(r"(@@@+) (?:-\d+(?:,\d+)? )+\+\d+(?:,\d+)? @@@+ ?(.*)")


class Hunk(Value):
    """One piece of change."""

    heading: str
    """What git names after ``@@``: usually the enclosing function."""
    lines: tuple[str, ...]
    """Each with its sign: space, ``-``, ``+`` or ``\\\\``; a combined diff's have one sign for each parent."""
    parents: int = 1


class DiffFile(Value):
    """One file of a diff."""

    path: str
    """The new name; the old one where it was deleted."""
    kind: Kind
    old_path: str | None = None
    """Where it was renamed or copied from."""
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False
    submodule: bool = False

    @property
    def added(self) -> tuple[str, ...]:
        """The lines that came, without their signs."""
        return self._signed("+")

    @property
    def deleted(self) -> tuple[str, ...]:
        """The lines that went, without their signs."""
        return self._signed("-")

    def _signed(self, sign: str) -> tuple[str, ...]:
        return tuple(line[hunk.parents :] for hunk in self.hunks for line in hunk.lines if sign in line[: hunk.parents])


def parse(text: str) -> tuple[DiffFile, ...]:
    """The files of a diff, in order; none where there is no diff in ``text``."""
    reader = _Reader(_COLOUR.sub("", text).replace("\r\n", "\n").split("\n"))
    reader.read()
    return tuple(reader.files)


def located(text: str) -> tuple[tuple[DiffFile, int, int], ...]:
    """The files of a diff, each with its first line and the one behind its last, from 0, split at line feeds."""
    reader = _Reader(_COLOUR.sub("", text).replace("\r\n", "\n").split("\n"))
    reader.read()
    return tuple((file, *span) for file, span in zip(reader.files, reader.spans, strict=True))


def paths_in(text: str) -> tuple[str, ...]:
    """Every path a diff anywhere in ``text`` names, old and new, each once, in order.

    Looks at the lines of diffs, of ``--stat``, ``--numstat``, ``--name-status`` and ``--raw``, of jj, Perforce,
    ``head`` and ``grep -n``, in mails (``>``), beside a graph (``|``) and in the diff of a patch (``+``), and at lists
    (:mod:`rung.git.listings`) too. Where a line can be read in two ways, both are in.
    """
    found: dict[str, None] = {}
    for file in parse(text):
        for path in (file.old_path, file.path):
            if path is not None:
                found[path] = None
    bare = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    for path in (*loose_paths(bare), *hit_paths(bare), *names_in(bare)):
        found[path] = None
    return tuple(found)


def headed_in(text: str) -> tuple[str, ...]:
    """The paths in lines that stand above text of that file, but for the heads of what :func:`located` finds.

    Those are of diffs in other forms than git's, and of patches whose own change is in the diff.
    """
    lines = _COLOUR.sub("", text).replace("\r\n", "\n").split("\n")
    for _, start, end in located(text):
        body = next((at for at in range(start, end) if lines[at].startswith("@@")), end)
        lines[start:body] = [""] * (body - start)
    return tuple(dict.fromkeys(headed_paths("\n".join(lines).replace("\r", "\n"))))


class _Reader:
    """Goes through the lines once."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.files: list[DiffFile] = []
        self.spans: list[tuple[int, int]] = []
        """Of each file: its first line, and the one behind its last."""

    def read(self) -> None:
        while self.at < len(self.lines):
            start, known = self.at, len(self.files)
            self._step()
            if len(self.files) > known:
                self.spans.append((start, self.at))

    def _step(self) -> None:
        line = self.lines[self.at]
        if line.startswith("diff --git "):
            self._git(*header_pair(line[len("diff --git ") :]))
        elif line.startswith(("diff --cc ", "diff --combined ")):
            path = plain(line.split(" ", 2)[2])
            self._git(path, path)
        elif self._is_plain_header():
            self._plain()
        else:
            self.at += 1

    def _is_plain_header(self) -> bool:
        following = self.lines[self.at + 1 : self.at + 3]
        return (
            self.lines[self.at].startswith("--- ")
            and len(following) == 2
            and following[0].startswith("+++ ")
            and following[1].startswith("@@ ")
        )

    def _plain(self) -> None:
        old, new = (plain(self.lines[self.at + step][4:]) for step in (0, 1))
        self.at += 2
        old_path, new_path = unprefixed(old, new)
        kind: Kind = "A" if old == NULL else "D" if new == NULL else "M"
        self.files.append(DiffFile(old_path if kind == "D" else new_path, kind, hunks=self._hunks()))

    def _git(self, old: str, new: str) -> None:
        """From a ``diff --git`` or ``--cc`` line to the end of that file's hunks."""
        said: dict[str, str] = {}
        names: list[str] = []
        binary = False
        self.at += 1
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith(("@@", "diff --")):
                break
            extended = _EXTENDED.match(line)
            if extended:
                said[extended[1]] = extended[2]
            elif line.startswith(("--- ", "+++ ")):
                names.append(plain(line[4:]))
            elif line.startswith(("Binary files ", "GIT binary patch")):
                binary = True
            elif not line.strip() or not _HEADER_TAIL.match(line):
                break
            self.at += 1
        if len(names) == 2:
            pair = unprefixed(*names)
            same_prefix = old == new and names[1] in (NULL, old) and names[0] in (NULL, old)
            old, new = (old, new) if same_prefix else (pair[0], pair[1])
        self.files.append(self._file(old, new, said, binary=binary))

    def _file(self, old: str, new: str, said: dict[str, str], *, binary: bool) -> DiffFile:
        kind: Kind = "M"
        old_path = None
        if "new file mode" in said:
            kind = "A"
        elif "deleted file mode" in said:
            kind, new = "D", old
        for word, letter in (("rename", "R"), ("copy", "C")):
            if f"{word} to" in said:
                kind = "R" if letter == "R" else "C"
                old_path, new = plain(said.get(f"{word} from", old)), plain(said[f"{word} to"])
        hunks = self._hunks()
        modes = [said.get(name, "") for name in ("old mode", "new mode", "deleted file mode", "new file mode")]
        linked = any(mode.startswith("160000") for mode in (*modes, said.get("index", "").rpartition(" ")[2]))
        return DiffFile(new, kind, old_path, hunks, binary, linked)

    def _hunks(self) -> tuple[Hunk, ...]:
        hunks = []
        while self.at < len(self.lines) and self.lines[self.at].startswith("@@"):
            head = _HUNK.match(self.lines[self.at])
            combined = _COMBINED_HUNK.match(self.lines[self.at])
            self.at += 1
            if head:
                hunks.append(Hunk(head[3], self._body(int(head[1] or "1"), int(head[2] or "1"))))
            elif combined:
                parents = len(combined[1]) - 1
                hunks.append(Hunk(combined[2], self._combined_body(parents), parents))
        return tuple(hunks)

    def _body(self, old: int, new: int) -> tuple[str, ...]:
        """As many lines as the hunk's head announced, or fewer where the text ends before."""
        start = self.at
        while self.at < len(self.lines):
            sign = self.lines[self.at][:1]
            if sign == "\\":
                pass
            elif old <= 0 and new <= 0:
                break
            elif sign == "-":
                old -= 1
            elif sign == "+":
                new -= 1
            elif sign in (" ", ""):  # editors and mails eat a lone space
                if not sign and self.at == len(self.lines) - 1:
                    break
                old, new = old - 1, new - 1
            else:
                break
            self.at += 1
        return tuple(line or " " for line in self.lines[start : self.at])

    def _combined_body(self, parents: int) -> tuple[str, ...]:
        start = self.at
        while self.at < len(self.lines):
            signs = self.lines[self.at][:parents]
            if len(signs) < parents or signs.strip(" +-\\"):
                break
            self.at += 1
        return tuple(self.lines[start : self.at])


_EXTENDED = lazy(
    r"(old mode|new mode|deleted file mode|new file mode|rename from|rename to|copy from|copy to|index|mode) (.*)"
)
_HEADER_TAIL = lazy(r"(?:dis)?similarity index |literal \d|delta \d|[A-Za-z][^\s]{1,80}$")
