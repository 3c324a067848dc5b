"""Small words: lists, names of files and languages, names of tests as text. Pure."""

# ruff: noqa: E501 - a table is easier to read in one piece

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

LANGUAGES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def listed(names: Sequence[str], most: int = 3) -> str:
    """``a``, ``a and b``, ``a, b and c``, ``a, b and 4 more``."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) > most:
        shown, rest = names[: most - 1], len(names) - most + 1
        return f"{', '.join(shown)} and {rest} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def counted(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def file_name(path: str) -> str:
    """The last part of a path; of an ``__init__.py`` or ``index.ts`` the folder too."""
    pure = PurePosixPath(path)
    stem = pure.name.split(".")[0]
    vague = stem in ("__init__", "index", "mod", "main", "lib", "page", "route", "values", "default")
    return f"{pure.parent.name}/{pure.name}" if vague and pure.parent.name else pure.name


def locale_of(path: str) -> str | None:
    """The language a translation is for, in English."""
    for part in reversed(re.split(r"[/._]", path)):
        code = part.split("-")[0].lower()
        if code in LANGUAGES and len(part) in (2, 5):
            return LANGUAGES[code]
    return None


def words_of(name: str) -> str:
    """The name of a test as words: ``test_reads_empty_file`` says "reads empty file"."""
    name = re.sub(r"^(?:test_*|Test(?=[A-Z])|it_|should_)", "", name)
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ")
    return " ".join(word if word.isupper() else word.lower() for word in name.split())


def common_folder(paths: Sequence[str]) -> str | None:
    """The deepest folder that holds all paths."""
    split = [PurePosixPath(path).parent.parts for path in paths]
    common = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/".join(common) or None
