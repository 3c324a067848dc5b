"""Changes of the kinds real histories have, with what a careful person would call them."""

# ruff: noqa: E501 - a tree is one line, so that the table stays readable

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """A change: two trees; ``words`` must stand in the subject."""

    name: str
    kinds: str
    """The types a careful person would give, the usual one first."""
    before: dict[str, str | bytes]
    after: dict[str, str | bytes]
    words: str = ""
    branch: str = "main"


CLIENT = '''"""Talks to the shop."""

import json
from urllib.request import urlopen


class Client:
    """One connection."""

    def __init__(self, url):
        self.url = url
        self.token = None

    def fetch(self, path):
        """Get one page."""
        with urlopen(self.url + path) as answer:
            return json.load(answer)

    def orders(self, page):
        """Orders of one page, newest first."""
        found = self.fetch(f"/orders?page={page}")
        return sorted(found, key=lambda order: order["date"])


def total(orders):
    amount = 0
    for index in range(0, len(orders) - 1):
        amount += orders[index]["price"]
    return amount
'''

CACHE = '''"""Keeps answers."""

import time


class Cache:
    """Remembers values for a while."""

    def __init__(self, seconds=60):
        self.seconds = seconds
        self._values = {}

    def get(self, key):
        value, until = self._values.get(key, (None, 0))
        return value if time.monotonic() < until else None

    def put(self, key, value):
        self._values[key] = (value, time.monotonic() + self.seconds)
'''

SERVER_TS = """import { Router } from "express";
import { findUser, listUsers } from "./store";

export const router = Router();

router.get("/users", async (req, res) => {
  res.json(await listUsers(req.query.page));
});

router.get("/users/:id", async (req, res) => {
  const user = await findUser(req.params.id);
  res.json({ name: user.name, mail: user.mail });
});
"""

PARSER_GO = """package parser

import "fmt"

// Parse reads one line.
func Parse(line string) (Entry, error) {
\tfields := split(line)
\tif len(fields) > 3 {
\t\treturn Entry{}, fmt.Errorf("too many fields")
\t}
\treturn Entry{Name: fields[0], Value: fields[1]}, nil
}

func split(line string) []string {
\treturn nil
}
"""

LIB_RS = """use std::fs;

pub struct Config {
    pub path: String,
}

impl Config {
    pub fn load(path: &str) -> Config {
        let text = fs::read_to_string(path).unwrap();
        Config { path: text }
    }
}
"""

JAVA = """package org.example.shop.billing;

public class Invoice {
    private final Customer customer;

    public Invoice(Customer customer) {
        this.customer = customer;
    }

    public String address() {
        return customer.getAddress().toString();
    }
}
"""

PYPROJECT = """[project]
name = "shop"
version = "1.4.0"
dependencies = [
    "httpx>=0.27,<0.28",
    "rich>=13",
]
"""

PACKAGE_JSON = """{
  "name": "shop",
  "version": "2.1.0",
  "dependencies": {
    "express": "^4.18.2",
    "zod": "^3.22.0"
  }
}
"""

WORKFLOW = """name: tests
on: [push]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v3
      - run: pytest
"""

README = """# Shop

A shop.

## Usage

Run it.
"""

TEST_CLIENT = """from shop.client import total


def test_total_adds_prices():
    assert total([{"price": 1}, {"price": 2}, {"price": 0}]) == 3
"""

CLI = """import argparse


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    options = parser.parse_args()
    run(options.file)


def run(file):
    print(file)
"""

P = "src/shop/"

CASES = [
    Case(
        "a new module with tests", "feat", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT, P + "cache.py": CACHE, "tests/test_cache.py": "from shop.cache import Cache\n\n\ndef test_put():\n    assert Cache().get('a') is None\n"},
        "feat(cache): add Cache",
    ),
    Case(
        "a new method", "feat", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT.replace("    def orders(", '    def customers(self, page):\n        """Customers of one page."""\n        found = self.fetch(f"/customers?page={page}")\n        return sorted(found, key=lambda one: one["name"])\n\n    def orders(')},
        "feat(client): add customers",
    ),
    Case(
        "a new option", "feat", {P + "cli.py": CLI},
        {P + "cli.py": CLI.replace('("file")\n', '("file")\n    parser.add_argument("--dry-run", action="store_true")\n').replace("run(options.file)", "if not options.dry_run:\n        run(options.file)")},
        "feat(cli): add --dry-run option",
    ),
    Case(
        "a new endpoint", "feat", {"src/api/users.ts": SERVER_TS},
        {"src/api/users.ts": SERVER_TS + '\nrouter.delete("/users/:id", async (req, res) => {\n  await removeUser(req.params.id);\n  res.status(204).end();\n});\n'},
        "add DELETE /users/:id endpoint",
    ),
    Case(
        "a new Go function", "feat", {"parser/parser.go": PARSER_GO},
        {"parser/parser.go": PARSER_GO + "\n// ParseAll reads many lines.\nfunc ParseAll(lines []string) ([]Entry, error) {\n\tvar entries []Entry\n\tfor _, line := range lines {\n\t\tentry, err := Parse(line)\n\t\tif err != nil {\n\t\t\treturn nil, err\n\t\t}\n\t\tentries = append(entries, entry)\n\t}\n\treturn entries, nil\n}\n"},
        "feat(parser): add ParseAll",
    ),
    Case(
        "a guard", "fix", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT.replace("        with urlopen(", "        if self.token is None:\n            return []\n        with urlopen(")},
        "fix(client): handle missing token",
    ),
    Case(
        "a guard in TypeScript", "fix", {"src/api/users.ts": SERVER_TS},
        {"src/api/users.ts": SERVER_TS.replace("  res.json({ name", "  if (!user) {\n    res.status(404).end();\n    return;\n  }\n  res.json({ name")},
        "user",
    ),
    Case("optional chaining", "fix", {"web/src/view.ts": "export function name(user: User) {\n  return user.profile.name;\n}\n"},
         {"web/src/view.ts": 'export function name(user: User) {\n  return user.profile?.name ?? "";\n}\n'}),
    Case("off by one", "fix", {P + "client.py": CLIENT}, {P + "client.py": CLIENT.replace("len(orders) - 1", "len(orders)")}, "total"),
    Case("a bound in Go", "fix", {"parser/parser.go": PARSER_GO}, {"parser/parser.go": PARSER_GO.replace("> 3", ">= 3")}, "correct bounds in Parse"),
    Case(
        "error handling", "fix", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT.replace("            return json.load(answer)", "            try:\n                return json.load(answer)\n            except ValueError:\n                return None")},
        "handle ValueError",
    ),
    Case(
        "an unwrap that may fail", "fix refactor", {"src/config.rs": LIB_RS},
        {"src/config.rs": LIB_RS.replace(".unwrap();", ".unwrap_or_default();")}, "load",
    ),
    Case("a null check in Java", "fix", {"src/main/java/org/example/shop/billing/Invoice.java": JAVA},
         {"src/main/java/org/example/shop/billing/Invoice.java": JAVA.replace("        return customer.get", '        if (customer.getAddress() == null) {\n            return "";\n        }\n        return customer.get')},
         "fix(billing)"),
    Case(
        "a wrong sort with its regression test", "fix",
        {P + "client.py": CLIENT, "tests/test_client.py": TEST_CLIENT},
        {P + "client.py": CLIENT.replace('order["date"])', 'order["date"], reverse=True)'), "tests/test_client.py": TEST_CLIENT + "\n\ndef test_orders_are_not_oldest_first():\n    assert False\n"},
        "fix(client)",
    ),
    Case("a wrong text", "fix", {P + "cli.py": CLI + '\n\nMESSAGE = "Can not opne file"\n'}, {P + "cli.py": CLI + '\n\nMESSAGE = "Cannot open file"\n'}),
    Case(
        "a renamed function", "refactor", {P + "client.py": CLIENT, P + "report.py": "from shop.client import total\n\n\ndef show(orders):\n    print(total(orders))\n"},
        {P + "client.py": CLIENT.replace("def total(", "def sum_of("), P + "report.py": "from shop.client import sum_of\n\n\ndef show(orders):\n    print(sum_of(orders))\n"},
        "rename total to sum_of",
    ),
    Case("a moved file", "refactor", {P + "cache.py": CACHE, P + "client.py": "from shop.cache import Cache\n" + CLIENT},
         {P + "core/cache.py": CACHE, P + "client.py": "from shop.core.cache import Cache\n" + CLIENT}, "move"),
    Case("a renamed file", "refactor", {"lib/utils.rb": "def add(a, b)\n  a + b\nend\n"}, {"lib/math.rb": "def add(a, b)\n  a + b\nend\n"}, "rename utils.rb to math.rb"),
    Case(
        "a function moved to another file", "refactor", {P + "client.py": CLIENT, P + "sums.py": '"""Sums."""\n'},
        {P + "client.py": CLIENT[: CLIENT.index("\n\ndef total")], P + "sums.py": '"""Sums."""\n\n\n' + CLIENT[CLIENT.index("def total") :]},
        "move total to sums.py",
    ),
    Case(
        "an extracted helper", "refactor", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT.replace("        with urlopen(self.url + path) as answer:\n            return json.load(answer)\n", "        return self._read(self.url + path)\n\n    def _read(self, url):\n        with urlopen(url) as answer:\n            return json.load(answer)\n")},
        "_read",
    ),
    Case("unused code removed", "refactor chore", {P + "client.py": CLIENT}, {P + "client.py": CLIENT[: CLIENT.index("\n\ndef total")]}, "remove total"),
    Case("a module removed", "refactor chore", {P + "cache.py": CACHE, P + "client.py": CLIENT}, {P + "client.py": CLIENT}, "remove cache.py"),
    Case(
        "only types", "refactor style chore", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT.replace("def total(orders):", "def total(orders: list[dict[str, int]]) -> int:").replace("def fetch(self, path):", "def fetch(self, path: str) -> object:")},
        "type annotations",
    ),
    Case("formatting", "style", {P + "cli.py": CLI}, {P + "cli.py": CLI.replace('"', "'").replace("parser.add_argument('file')", "parser.add_argument(\n        'file',\n    )")}, "format cli.py"),
    Case("import order", "style", {P + "client.py": CLIENT}, {P + "client.py": CLIENT.replace("import json\nfrom urllib.request import urlopen", "from urllib.request import urlopen\nimport json")}, "sort imports"),
    Case("formatting in C", "style", {"src/a.c": "int add(int a,int b){\n  return a+b;\n}\n"}, {"src/a.c": "int add(int a, int b)\n{\n\treturn a + b;\n}\n"}),
    Case("comments only", "docs", {P + "client.py": CLIENT}, {P + "client.py": CLIENT.replace("    amount = 0\n", "    # Prices are cents.\n    amount = 0\n").replace('"""Get one page."""', '"""Get one page as JSON."""')}, "comments"),
    Case("the readme", "docs", {"README.md": README}, {"README.md": README + "\n## Installation\n\nUse pip.\n"}, "add Installation section to README.md"),
    Case("several pages of documentation", "docs", {"docs/a.md": "# A\n"}, {"docs/a.md": "# A\n\nMore.\n", "docs/b.md": "# B\n"}),
    Case("tests only", "test", {"tests/test_client.py": TEST_CLIENT}, {"tests/test_client.py": TEST_CLIENT + "\n\ndef test_total_of_nothing_is_zero():\n    assert total([]) == 0\n"}, "check that total of nothing is zero"),
    Case("tests in TypeScript", "test", {"src/a.ts": "export const a = 1;\n"}, {"src/a.ts": "export const a = 1;\n", "src/a.test.ts": 'import { a } from "./a";\n\ntest("a is one", () => {\n  expect(a).toBe(1);\n});\n'}),
    Case("one dependency", "build chore", {"pyproject.toml": PYPROJECT, "uv.lock": "httpx 0.27\n"}, {"pyproject.toml": PYPROJECT.replace("0.27,<0.28", "0.28,<0.29"), "uv.lock": "httpx 0.28\n"}, "build(deps): bump httpx from 0.27 to 0.28"),
    Case("a dependency of a package", "build chore", {"package.json": PACKAGE_JSON}, {"package.json": PACKAGE_JSON.replace("^4.18.2", "^5.0.0")}, "bump express from 4.18.2 to 5.0.0"),
    Case("Go modules", "build chore", {"go.mod": "module x\n\nrequire github.com/spf13/cobra v1.7.0\n", "go.sum": "a\n"}, {"go.mod": "module x\n\nrequire github.com/spf13/cobra v1.8.0\n", "go.sum": "b\n"}, "bump github.com/spf13/cobra from v1.7.0 to v1.8.0"),
    Case("a crate", "build chore", {"Cargo.toml": '[dependencies]\nserde = { version = "1.0.1", features = ["derive"] }\n'}, {"Cargo.toml": '[dependencies]\nserde = { version = "1.0.9", features = ["derive"] }\n'}, "bump serde from 1.0.1 to 1.0.9"),
    Case("Maven", "build chore", {"pom.xml": "<dependency>\n<artifactId>junit</artifactId>\n<version>4.12</version>\n</dependency>\n"}, {"pom.xml": "<dependency>\n<artifactId>junit</artifactId>\n<version>4.13</version>\n</dependency>\n"}, "bump junit from 4.12 to 4.13"),
    Case("a lock file only", "build chore", {"package.json": PACKAGE_JSON, "package-lock.json": "{}\n"}, {"package.json": PACKAGE_JSON, "package-lock.json": '{"a": 1}\n'}, "package-lock.json"),
    Case("a release", "chore build", {"pyproject.toml": PYPROJECT, P + "__init__.py": '__version__ = "1.4.0"\n', "CHANGELOG.md": "# 1.4.0\n"}, {"pyproject.toml": PYPROJECT.replace("1.4.0", "1.5.0"), P + "__init__.py": '__version__ = "1.5.0"\n', "CHANGELOG.md": "# 1.5.0\n\n- New things\n\n# 1.4.0\n"}, "release 1.5.0"),
    Case("a workflow", "ci", {".github/workflows/tests.yml": WORKFLOW}, {".github/workflows/tests.yml": WORKFLOW.replace("ubuntu-latest", "macos-latest")}, "update tests workflow"),
    Case("an action", "ci build chore", {".github/workflows/tests.yml": WORKFLOW}, {".github/workflows/tests.yml": WORKFLOW.replace("@v3", "@v4")}, "bump actions/checkout from v3 to v4"),
    Case("a Dockerfile", "build", {"Dockerfile": "FROM python:3.11-slim\nCOPY . .\n"}, {"Dockerfile": "FROM python:3.12-slim\nCOPY . .\n"}, "bump python from 3.11-slim to 3.12-slim"),
    Case("a Makefile", "build", {"Makefile": "all:\n\tcc a.c\n"}, {"Makefile": "all:\n\tcc -O2 a.c\n"}, "update Makefile"),
    Case("ignored files", "chore", {".gitignore": "*.pyc\n"}, {".gitignore": "*.pyc\n.venv/\n"}, "ignore .venv/"),
    Case("an editor's settings", "chore", {".editorconfig": "root = true\n"}, {".editorconfig": "root = true\n[*]\nindent_size = 4\n"}),
    Case("a new translation", "feat chore i18n", {"locales/en.json": '{"a": "b"}\n'}, {"locales/en.json": '{"a": "b"}\n', "locales/de.json": '{"a": "c"}\n'}, "German"),
    Case("a translation corrected", "chore fix i18n", {"po/fr.po": 'msgid "a"\nmsgstr "b"\n'}, {"po/fr.po": 'msgid "a"\nmsgstr "c"\n'}, "French"),
    Case("a migration", "feat chore", {"db/migrate/001_a.rb": "a\n"}, {"db/migrate/001_a.rb": "a\n", "db/migrate/002_add_email.rb": "class AddEmail < ActiveRecord::Migration\n  def change\n    add_column :users, :email, :string\n  end\nend\n"}, "add email column to users"),
    Case("an image", "chore docs", {"static/logo.png": b"\x89PNG\0a"}, {"static/logo.png": b"\x89PNG\0b"}, "logo.png"),
    Case("generated code", "chore build", {"api/shop_pb2.py": "# Generated by the protocol buffer compiler.\nA = 1\n"}, {"api/shop_pb2.py": "# Generated by the protocol buffer compiler.\nA = 2\n"}),
    Case(
        "results kept", "perf", {P + "client.py": CLIENT},
        {P + "client.py": CLIENT.replace("import json\n", "import json\nfrom functools import lru_cache\n").replace("    def fetch(", "    @lru_cache(maxsize=128)\n    def fetch(")},
        "perf(client): cache results in fetch",
    ),
    Case("a query per row avoided", "perf", {P + "views.py": "def index(request):\n    return Order.objects.filter(open=True)\n"}, {P + "views.py": 'def index(request):\n    return Order.objects.filter(open=True).select_related("customer")\n'}, "load related rows"),
    Case("a feature across files", "feat", {P + "client.py": CLIENT, P + "cli.py": CLI, "README.md": README},
         {P + "client.py": CLIENT, P + "cli.py": CLI.replace("    run(options.file)\n", "    run(options.file)\n\n\ndef export(orders, target):\n    for order in orders:\n        target.write(order)\n"), P + "cache.py": CACHE, "README.md": README + "\nIt caches.\n"}),
    Case("a branch that says fix", "fix", {P + "cli.py": CLI}, {P + "cli.py": CLI.replace("    print(file)", "    with open(file) as source:\n        print(source.read())")}, branch="fix/123-print-content"),
    Case("a small new file", "feat chore", {}, {"new.py": "x = 1\n"}, "add new.py"),
    Case("a new file of guards", "feat", {}, {"run.py": "import sys\n\nif len(sys.argv) < 2:\n    sys.exit(1)\n"}, "add run.py"),
    Case("a new file that keeps results", "feat", {}, {P + "results.py": "_cache = {}\n"}, "add results.py"),
    Case("a new file of comments", "feat chore docs", {}, {"plan.py": "# To be written.\n"}, "add plan.py"),
    Case("a new package", "feat chore", {}, {P + "pages/__init__.py": '"""Pages."""\n'}, "add pages/__init__.py"),
    Case("two small new files and a test for trouble", "feat", {}, {"a.py": "x = 1\n", "b.py": "y = 2\n", "tests/test_a.py": "def test_nothing_is_missing():\n    assert x\n"}, "add a.py and b.py"),
    Case("a new file on a branch that says fix", "fix", {}, {"retry.py": "tries = 3\n"}, "add retry.py", branch="fix/12-retry"),
    Case("a dedent that changes what Python does", "fix refactor", {P + "a.py": "def f(x):\n    for y in x:\n        go(y)\n        done()\n"}, {P + "a.py": "def f(x):\n    for y in x:\n        go(y)\n    done()\n"}),
    Case("a new C function", "feat", {"src/a.c": "int one(void)\n{\n    return 1;\n}\n"}, {"src/a.c": "int one(void)\n{\n    return 1;\n}\n\nint two(int factor)\n{\n    int result = 2 * factor;\n    return result;\n}\n"}, "add two"),
    Case("a new class in PHP", "feat", {"src/A.php": "<?php\nclass A {}\n"}, {"src/A.php": "<?php\nclass A {}\n", "src/Mailer.php": "<?php\n\nclass Mailer\n{\n    public function send(string $to): void\n    {\n        mail($to, 'a', 'b');\n    }\n}\n"}, "add Mailer"),
    Case("a shell script's quoting", "fix", {"bin/run.sh": "#!/bin/sh\nrm -rf $DIR\n"}, {"bin/run.sh": '#!/bin/sh\nrm -rf "$DIR"\n'}),
]  # fmt: skip
