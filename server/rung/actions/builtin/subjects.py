"""The subject's words, one function for each type of commit: imperative, and only what the diff shows. Pure."""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re

from rung.actions.builtin import fixes
from rung.actions.builtin.dependencies import Bump, shown
from rung.actions.builtin.facts import Facts, FileFacts
from rung.actions.builtin.kinds import is_release, primary_files
from rung.actions.builtin.phrases import common_folder, counted, file_name, listed, locale_of, words_of

_OPTION_NAME = re.compile(r"[\"'`](--[a-z][\w-]*)")
_ROUTE = re.compile(
    r"(?:\.|@|Http)(get|post|put|patch|delete)(?:Mapping)?\w*\(\s*\w{0,3}[\"'`](/[^\"'`]*)[\"'`]|\b(?:route|path|HandleFunc|Handle)\(\s*r?[\"'`]([^\"'`]+)[\"'`]",
    re.IGNORECASE,
)
_HEADING = re.compile(r"#{1,4} +(\S.{0,60})$")


def subject_of(facts: Facts, kind: str) -> str:
    """What follows ``type(scope):``, without the limit on its length."""
    if is_release(facts):
        version = next(file.version for file in facts.files if file.version)
        return f"release {version}"
    writers = {
        "feat": _feature, "fix": _fix, "refactor": _refactor, "perf": _perf, "style": _style, "docs": _docs,
        "test": _tests, "ci": _files, "build": _build, "chore": _files, "revert": _revert,
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
    inside = touched(facts)
    if 0 < len(inside) <= 2:
        return listed(inside)
    files = facts.source or primary_files(facts)
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
        return _migration(migrations)
    return _files(facts)


def _migration(files: list[FileFacts]) -> str:
    text = "\n".join(line for file in files for line in file.plus)
    table = re.search(
        r"(?i)create_?table\W+(?:if not exists\W+)?(?:name=)?[\"'`:]?(\w+)|CreateModel\(\s*name=[\"'](\w+)", text
    )
    column = re.search(
        r"(?i)add_?column\(?\s*[\"':](\w+)[\"']?,\s*(?:sa\.Column\()?\s*[\"':](\w+)|alter table [\"`]?(\w+)[\"`]?\s+add (?:column )?(?:if not exists )?[\"`]?(\w+)"
        r"|AddField\(\s*model_name=[\"'](\w+)[\"'],\s*name=[\"'](\w+)",
        text,
    )
    if table:
        return f"add {table[1] or table[2]} table"
    if column:
        where, what = next(pair for pair in zip(column.groups()[::2], column.groups()[1::2], strict=True) if pair[0])
        return f"add {what} column to {where}"
    return f"add migration {listed([file.path.rpartition('/')[2].split('.')[0] for file in files], 2)}"


def _fix(facts: Facts) -> str:
    what = fixes.what(facts)
    if not facts.source:
        return _files(facts)
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


def move(files: list[FileFacts]) -> str:
    """``rename a to b`` or ``move a to folder/``."""
    first = files[0].change
    old, new = str(first.old_path), first.path
    if len(files) == 1:
        if old.rpartition("/")[2] == new.rpartition("/")[2]:
            return f"move {file_name(new)} to {new.rpartition('/')[0] or 'the top folder'}"
        same_folder = old.rpartition("/")[0] == new.rpartition("/")[0]
        return f"rename {file_name(old)} to {file_name(new) if same_folder else new}"
    target = common_folder([file.path for file in files])
    source = common_folder([str(file.change.old_path) for file in files])
    if source and target and source != target:
        return f"move {source} to {target}"
    return f"move {counted(len(files), 'file')}" + (f" to {target}" if target and source != target else "")


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
    return _files(facts)


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
    return _files(facts)


def bumped(bumps: list[Bump]) -> str:
    """``bump httpx from 0.27 to 0.28``, ``add x``, ``drop y``."""
    changed = [bump for bump in bumps if bump.old and bump.new]
    came = [bump.name for bump in bumps if not bump.old]
    went = [bump.name for bump in bumps if not bump.new]
    if len(changed) == 1 and not came and not went:
        bump = changed[0]
        old, new = str(bump.old), str(bump.new)
        if shown(old) != shown(new):
            old, new = shown(old), shown(new)
        return f"bump {bump.name} from {old} to {new}"
    parts = []
    if came:
        parts.append(f"add {listed(came)}")
    if went:
        parts.append(f"drop {listed(went)}")
    if changed:
        parts.append(f"bump {listed([bump.name for bump in changed])}")
    return " and ".join(parts)


def _revert(facts: Facts) -> str:
    return f"undo an earlier change of {place(facts)}"


def _files(facts: Facts) -> str:
    """What happened to the files, where no names are to be had."""
    bumps = [bump for file in facts.of("ci") for bump in file.bumps]
    if (
        bumps
        and len(facts.of("ci")) == len(facts.files)
        and sum(file.change.added for file in facts.files) <= 2 * len(bumps)
    ):
        return bumped(list({bump.name: bump for bump in bumps}.values()))
    files = list(primary_files(facts))
    ignored = [line.strip() for file in files if file.path.endswith(".gitignore") for line in file.plus]
    if ignored and len(files) == 1 and not files[0].minus:
        return f"ignore {listed(ignored)}"
    modules = [file for file in files if file.area == "submodule"]
    if modules and len(modules) == len(files):
        return _submodules(modules)
    languages = list(dict.fromkeys(filter(None, (locale_of(file.path) for file in files if file.area == "i18n"))))
    if languages and all(file.area == "i18n" for file in files):
        return f"update {listed(languages)} translation{'s' if len(languages) > 1 else ''}"
    moved = [file for file in files if file.change.status == "R"]
    if moved and len(moved) == len(files):
        return move(moved)
    statuses = {file.change.status for file in files}
    verb = "add" if statuses == {"A"} else "remove" if statuses == {"D"} else "update"
    workflows = [file for file in files if ".github/workflows/" in file.path]
    if workflows and len(workflows) == len(files):
        called = [file.path.rpartition("/")[2].split(".")[0] for file in files]
        return f"{verb} {listed(called)} workflow{'s' if len(called) > 1 else ''}"
    if len(files) <= 3:
        return f"{verb} {listed([file_name(file.path) for file in files])}"
    folder = common_folder([file.path for file in files])
    return f"{verb} {counted(len(files), 'file')}" + (f" in {folder}" if folder else "")


def _submodules(files: list[FileFacts]) -> str:
    if len(files) == 1 and files[0].change.status == "M":
        new = re.search(r"^\+Subproject commit ([0-9a-f]{7})", files[0].change.diff, re.MULTILINE)
        return f"bump {files[0].path} submodule" + (f" to {new[1]}" if new else "")
    verb = "add" if files[0].change.status == "A" else "remove" if files[0].change.status == "D" else "update"
    return f"{verb} {listed([file.path for file in files])} submodule{'s' if len(files) > 1 else ''}"
