"""The subject's words, one function for each type of commit: imperative, and only what the diff shows. Pure."""

from __future__ import annotations

import re

from rung.actions.builtin import fixes
from rung.actions.builtin.facts import Facts
from rung.actions.builtin.file_facts import FileFacts
from rung.actions.builtin.file_subjects import bumped, files_touched, migration, move
from rung.actions.builtin.kinds import is_release, primary_files
from rung.actions.builtin.phrases import common_folder, counted, file_name, listed, locale_of, words_of
from rung.types.pattern import lazy

_OPTION_NAME = lazy(r"[\"'`](--[a-z][\w-]*)")
_ROUTE = lazy(
    r"(?:\.|@|Http)(get|post|put|patch|delete)(?:Mapping)?\w*\(\s*\w{0,3}[\"'`](/[^\"'`]*)[\"'`]|\b(?:route|path|HandleFunc|Handle)\(\s*r?[\"'`]([^\"'`]+)[\"'`]",
    re.IGNORECASE,
)
_VAGUE = frozenset({"__init__", "__call__", "__new__", "__post_init__", "constructor", "initialize", "init"})
"""Functions that every class has: their names say nothing."""
_HEADING = lazy(r"#{1,4} +(\S.{0,60})$")


def subject_of(facts: Facts, kind: str) -> str:
    """What follows ``type(scope):``, without the limit on its length."""
    if is_release(facts):
        version = next(file.version for file in facts.files if file.version)
        return f"release {version}"
    if facts.only_new and kind != "revert":
        return _feature(facts)
    writers = {
        "feat": _feature, "fix": _fix, "refactor": _refactor, "perf": _perf, "style": _style, "docs": _docs,
        "test": _tests, "ci": files_touched, "build": _build, "chore": files_touched, "revert": _revert,
    }  # fmt: skip
    return writers[kind](facts)


def names(facts: Facts) -> list[str]:
    """New names, the public ones if there are any, classes first."""
    symbols = [symbol for symbol in facts.new if symbol.public] or list(facts.new)
    order = {"class": 0, "type": 0, "module": 1, "function": 2}
    return [symbol.name for symbol in sorted(symbols, key=lambda symbol: order.get(symbol.sort, 3))]


def touched(facts: Facts) -> list[str]:
    """Functions and classes the program's lines changed in."""
    return list(dict.fromkeys(name for file in facts.source for name in file.touched))


def place(facts: Facts) -> str:
    """Where it happened, as short as can be said."""
    inside = [name for name in touched(facts) if name not in _VAGUE]
    if 0 < len(inside) <= 2:
        return listed(inside)
    files = [file for file in facts.source if file.change.status != "A"] or facts.source or primary_files(facts)
    if len(files) == 1:
        return file_name(files[0].path)
    if len(files) <= 3:
        return listed([file_name(file.path) for file in files])
    folder = (common_folder([file.path for file in files]) or "").rpartition("/")[2]
    vague = folder in ("", "src", "lib", "app", "server", "packages", "crates", facts.change.work_tree.name)
    return counted(len(files), "file") if vague else folder


def _feature(facts: Facts) -> str:
    lines = facts.net_plus
    routes = [found for line in lines for found in _ROUTE.findall(line)]
    options = list(dict.fromkeys(name for line in lines for name in _OPTION_NAME.findall(line)))
    gone = {name for line in facts.net_minus for name in _OPTION_NAME.findall(line)}
    options = [name for name in options if name not in gone]
    if not facts.source:
        return _other_feature(facts)
    if routes and len(names(facts)) <= 3:
        paths = list(dict.fromkeys(f"{verb.upper()} {path}" if verb else other for verb, path, other in routes))
        return f"add {listed(paths, 2)} endpoint{'s' if len(paths) > 1 else ''}"
    if options and len(names(facts)) <= 2:
        return f"add {listed(options)} option{'s' if len(options) > 1 else ''}"
    if names(facts):
        return f"add {listed(names(facts))}"
    fresh = [file for file in facts.source if file.change.status == "A"]
    if fresh:
        return f"add {listed([file_name(file.path) for file in fresh])}"
    added = fixes.new_parameters(facts)
    if added:
        where = f" to {touched(facts)[0]}" if len(touched(facts)) == 1 else ""
        return f"add {listed(added)} parameter{'s' if len(added) > 1 else ''}{where}"
    return f"extend {place(facts)}"


def _other_feature(facts: Facts) -> str:
    fresh = [file for file in primary_files(facts) if file.change.status == "A"]
    places = list(dict.fromkeys(filter(None, (locale_of(file.path) for file in fresh if file.area == "i18n"))))
    if places:
        return f"add {listed(places)} translation{'s' if len(places) > 1 else ''}"
    migrations = [file for file in fresh if file.area == "migration"]
    if migrations:
        return migration(migrations)
    return files_touched(facts)


def _fix(facts: Facts) -> str:
    what = fixes.what(facts)
    if not facts.source:
        return files_touched(facts)
    return f"{what} in {place(facts)}" if what else f"correct {place(facts)}"


def _refactor(facts: Facts) -> str:
    word = facts.renamed_word
    if word:
        return f"rename {word[0]} to {word[1]}"
    moved_files = [
        file for file in (*facts.source, *facts.of("test")) if file.change.status == "R" and file.change.old_path
    ]
    if moved_files and len(moved_files) >= len(facts.source) / 2:
        return move(moved_files)
    deleted = [file for file in facts.source if file.change.status == "D"]
    if facts.moved and not (deleted and facts.gone):
        targets = [file for file in facts.source if any(symbol.name in facts.moved for symbol in file.new)]
        shown_names = sorted(facts.moved)
        return f"move {listed(shown_names)} to {listed([file_name(file.path) for file in targets], 2)}"
    gone = [symbol.name for symbol in facts.gone]
    if not facts.net_plus or len(facts.net_minus) > 3 * len(facts.net_plus) + 3:
        if deleted and len(deleted) == len(facts.source):
            return f"remove {listed([file_name(file.path) for file in deleted])}"
        return f"remove {listed(gone)}" if gone else f"remove code from {place(facts)}"
    if all(file.typing or file.layout or file.comments for file in facts.source):
        return (
            f"{'add' if len(str(facts.plus)) > len(str(facts.minus)) else 'change'} type annotations in {place(facts)}"
        )
    if all(file.imports for file in facts.source):
        return f"change imports in {place(facts)}"
    if facts.extracted:
        return f"extract {listed(facts.extracted, 2)} from {place(facts)}"
    if gone and facts.new:
        return f"replace {listed(gone, 2)} with {listed(names(facts), 2)}"
    return f"rework {place(facts)}"


def _perf(facts: Facts) -> str:
    text = "\n".join(facts.net_plus)
    cached = re.search(r"lru_cache|@(?:functools\.)?cache|@cached|memo|_cache\b|\bcache\[", text, re.IGNORECASE)
    where = listed((touched(facts) or names(facts))[:3]) or place(facts)
    if cached:
        return f"cache results in {where}"
    if re.search(r"prefetch_related|select_related|joinedload|\.includes\(", text):
        return f"load related rows at once in {where}"
    if re.search(r"bulk_create|executemany", text):
        return f"write rows at once in {where}"
    if re.search(r"Promise\.all|par_iter|parallel", text):
        return f"run work in parallel in {where}"
    index = re.search(r"(?i)create (?:unique )?index (?:if not exists )?\W?(\w+)|add_index", text)
    if index:
        return f"add index {index[1] or ''}".strip()
    return f"do less work in {where}"


def _style(facts: Facts) -> str:
    files = facts.of("source", "test")
    if files and all(file.imports for file in files):
        return f"sort imports in {place(facts)}"
    return f"format {listed([file_name(file.path) for file in files], 2) if len(files) <= 2 else place(facts)}"


def _docs(facts: Facts) -> str:
    if facts.source:
        only_new = not any(
            line[:1] == "-" and line[1:].strip() for file in facts.source for hunk in file.hunks for line in hunk.lines
        )
        return f"{'add' if only_new else 'update'} comments in {place(facts)}"
    files = primary_files(facts)
    if len(files) == 1 and files[0].change.status == "M":
        headings = [
            re.sub(r"^\W+|[`*_]", "", found[1]).strip("# ")
            for line in (*files[0].plus, *files[0].remarks)
            if (found := _HEADING.match(line))
        ]
        old = {
            re.sub(r"^\W+|[`*_]", "", found[1]).strip("# ")
            for line in files[0].minus
            if (found := _HEADING.match(line))
        }
        fresh = [heading for heading in headings if heading not in old]
        if fresh and len(fresh) <= 2 and len(fresh[0]) <= 30:
            return f"add {listed([f'{heading} section' for heading in fresh])} to {file_name(files[0].path)}"
    return files_touched(facts)


def _tests(facts: Facts) -> str:
    files = facts.of("test")
    new = [
        symbol.name
        for file in files
        for symbol in file.new
        if re.match(r"(?i)test", symbol.name) and symbol.sort == "function"
    ]
    new += [
        name
        for file in files
        for line in file.plus
        for name in re.findall(r"^\s*(?:it|test)\([\"'`](.{1,60}?)[\"'`]", line)
    ]
    about = _tested(files)
    if len(new) == 1 and all(file.change.status == "M" for file in files):
        return (
            f"check that {words_of(new[0])}"
            if " " in words_of(new[0]) and len(new[0]) < 55
            else f"add test for {words_of(new[0])}"
        )
    moved = [file for file in files if file.change.status == "R"]
    if moved and len(moved) == len(files):
        return move(moved)
    if all(file.change.status == "D" for file in files):
        return f"remove tests for {about}"
    if new or any(file.change.status == "A" for file in files):
        return f"add tests for {about}"
    return f"update tests for {about}"


def _tested(files: tuple[FileFacts, ...]) -> str:
    stems = []
    for file in files:
        stem = re.sub(
            r"^(?:test_+)|(?:[_.-]?(?:tests?|spec|e2e))+$",
            "",
            file.path.rpartition("/")[2].rpartition(".")[0],
            flags=re.IGNORECASE,
        )
        if stem and stem not in ("conftest", "__init__"):
            stems.append(stem)
    unique = list(dict.fromkeys(stems))
    return listed(unique) if unique else "the test setup"


def _build(facts: Facts) -> str:
    bumps = [bump for file in facts.of("manifest", "build", "ci") for bump in file.bumps]
    bumps = list({bump.name: bump for bump in bumps}.values())
    if bumps:
        return bumped(bumps)
    locks = facts.of("lock")
    if locks and len(locks) == len(facts.files):
        return f"update {listed([file_name(file.path) for file in locks])}"
    return files_touched(facts)


def _revert(facts: Facts) -> str:
    return f"undo an earlier change of {place(facts)}"
