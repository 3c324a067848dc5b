"""Lists of words for rules (``words = ["@depth"]``), read from one file per language.

They are the ``*.toml`` files in ``words/`` of what ships and of the person's config folder; another language is another
file, and a file of the person's replaces the shipped one of the same name. A list's name is the same in all files, and
``@name`` means the entries of all of them.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path

from rung.errors import SettingsError
from rung.settings import mistakes, phrases, places
from rung.settings.files import names_in, read_settings, text_of
from rung.settings.lines import Lines, Where

FOLDER = "words"
_MOST_BYTES = 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]*")


def read() -> dict[str, tuple[str, ...]]:
    """All lists by name.

    Raises:
        SettingsError: one of the files is wrong, at its line.
    """
    lists: dict[str, dict[str, None]] = {}
    for path in files():
        for name, entries in _lists(path).items():
            lists.setdefault(name, {}).update(dict.fromkeys(entries))
    return {name: tuple(entries) for name, entries in lists.items()}


def files() -> list[Path]:
    """The files in the order they are read.

    Raises:
        SettingsError: one of the folders can't be read.
    """
    found = {}
    for above in (places.shipped(), places.config_folder()):
        folder = above / FOLDER
        # Those that begin with a dot are an editor's own.
        names = [name for name in names_in(folder) if name.endswith(".toml") and not name.startswith(".")]
        found.update({name: folder / name for name in names})
    return [found[name] for name in sorted(found)]


def _lists(path: Path) -> dict[str, list[str]]:
    """The lists of one file."""
    text = _text(path)
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        raise mistakes.from_toml(error, text, path) from None
    except RecursionError:
        raise SettingsError("This file is nested too deeply.", path) from None
    lines = Lines(text)

    def wrong(where: Where, text: str) -> SettingsError:
        return SettingsError(text, path, lines.of(where))

    lists: dict[str, list[str]] = {}
    for name, entries in data.items():
        if not _NAME.fullmatch(name):
            raise wrong((name,), "A list's name is made of small letters, digits and `-`.")
        if not isinstance(entries, list):
            raise wrong((name,), f"`{name}` must be a list of texts.")
        for number, entry in enumerate(entries):
            if not isinstance(entry, str) or not entry.strip():
                raise wrong((name, number), f"Every entry of `{name}` must be a text that is not empty.")
            trouble = phrases.problem(entry)
            if trouble:
                raise wrong((name, number), f"This entry {trouble}.")
        lists[name] = [unicodedata.normalize("NFC", entry) for entry in entries]
    return lists


def _text(path: Path) -> str:
    data = read_settings(path, _MOST_BYTES)
    return "" if data is None else text_of(data, path, _MOST_BYTES)
