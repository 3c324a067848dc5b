"""The subject's words where files are all there is to name: moves, versions, workflows, migrations. Pure."""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re

from rung.actions.builtin.dependencies import Bump, shown
from rung.actions.builtin.facts import Facts
from rung.actions.builtin.file_facts import FileFacts
from rung.actions.builtin.kinds import primary_files
from rung.actions.builtin.phrases import common_folder, counted, file_name, listed, locale_of


def files_touched(facts: Facts) -> str:
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


def migration(files: list[FileFacts]) -> str:
    """``add email column to users``."""
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
