"""What kind of file a path is, for someone who writes a commit message. Pure, a table read from the top."""

# ruff: noqa: E501 - a pattern is easier to read in one piece

from __future__ import annotations

import re
from typing import Literal

from rung.types.pattern import lazy

Area = Literal[
    "lock", "generated", "submodule", "ci", "test", "migration", "i18n", "manifest", "build", "docs", "asset", "config",
    "source", "other",
]  # fmt: skip

_TABLE: tuple[tuple[Area, str], ...] = (
    ("ci", r"(?:^|/)\.(?:github/(?:workflows|actions)|circleci|buildkite|woodpecker|gitea|forgejo|gitlab|ci)/"),
    ("ci", r"(?:^|/)(?:\.gitlab-ci|\.travis|\.?appveyor|\.drone|\.cirrus|azure-pipelines|bitbucket-pipelines)[\w.-]*\.ya?ml$"),
    ("ci", r"(?:^|/)(?:jenkinsfile|\.?codecov\.ya?ml|\.github/dependabot\.ya?ml|renovate\.json5?|\.readthedocs\.ya?ml)$"),
    ("migration", r"(?:^|/)(?:migrations?|db/migrate|alembic/versions|flyway)/(?!.*(?:^|/)(?:__init__|env)\.py$)"),
    ("test", r"(?:^|/)(?:tests?|specs?|__tests__|__mocks__|__snapshots__|testing|testdata|test[-_]data|fixtures|e2e|cypress)/"),
    ("test", r"(?:^|/)(?:test_[^/]*|[^/]*_test|[^/]*_spec|conftest|[^/]*[.-](?:test|spec|cy|e2e))\.\w+$"),
    ("test", r"(?:^|/)[A-Z]\w*(?:Tests?|Spec|IT)\.(?:java|kt|scala|cs|swift|php|groovy)$"),
    ("i18n", r"\.(?:po|pot|mo|xliff|xlf|arb|strings|resx|ftl)$"),
    ("i18n", r"(?:^|/)(?:locales?|i18n|l10n|translations?|langs?|languages?)/.*\.(?:json|ya?ml|properties|php|ts|js|toml)$"),
    ("i18n", r"(?:^|/)(?:values-[a-z]{2}[^/]*/strings\.xml|messages_[a-z]{2}(?:_[A-Z]{2})?\.properties)$"),
    ("manifest", r"(?:^|/)(?:pyproject\.toml|setup\.(?:py|cfg)|pipfile|package\.json|cargo\.toml|go\.(?:mod|work)|pom\.xml)$"),
    ("manifest", r"(?:^|/)(?:build\.gradle(?:\.kts)?|libs\.versions\.toml|gemfile|[^/]*\.gemspec|composer\.json|mix\.exs)$"),
    ("manifest", r"(?:^|/)(?:[^/]*requirements[^/]*\.(?:txt|in)|requirements/[^/]*\.(?:txt|in)|constraints\.txt)$"),
    ("manifest", r"(?:^|/)(?:[^/]*\.(?:cs|fs|vb)proj|directory\.packages\.props|pubspec\.ya?ml|podfile|package\.swift|deno\.jsonc?)$"),
    ("manifest", r"(?:^|/)(?:environment\.ya?ml|pnpm-workspace\.yaml|lerna\.json|\.tool-versions|\.(?:python|node|ruby)-version|\.nvmrc)$"),
    ("build", r"(?:^|/)(?:(?:[\w.-]*\.)?dockerfile[\w.-]*|containerfile|(?:docker-)?compose[\w.-]*\.ya?ml|\.dockerignore)$"),
    ("build", r"(?:^|/)(?:(?:gnu)?makefile[\w.-]*|cmakelists\.txt|meson(?:_options\.txt|\.build)|configure(?:\.ac|\.in)?)$"),
    ("build", r"\.(?:cmake|mk|nix|bzl|bazel|gradle|gradle\.kts|sbt|spec\.in|iss|nuspec|mak|am)$"),
    ("build", r"(?:^|/)(?:build|workspace|justfile|rakefile|vagrantfile|manifest\.in|gradlew(?:\.bat)?|mvnw|procfile|build\.rs)$"),
    ("build", r"(?:^|/)(?:webpack|vite|rollup|esbuild|babel|tsup|gulpfile|gruntfile|next|nuxt|metro|postcss|tailwind)[\w.-]*\.(?:config\.)?[cm]?[jt]s$"),
    ("build", r"(?:^|/)(?:tsconfig[\w.-]*\.json|angular\.json|turbo\.json|nx\.json|hatch\.toml|hatch_build\.py|build\.(?:sh|py|zig|mjs|js|ps1))$"),
    ("build", r"^(?:scripts?|hack)/|(?:^|/)(?:packaging|debian|snap|flatpak|charts?|helm)/"),
    ("docs", r"(?:^|/)(?:readme|changelog|changes|history|news|contributing|code_of_conduct|security|authors|contributors|maintainers|upgrading|copying|license|licence|notice|install|roadmap|citation|todo)(?:[-_][\w-]*)?(?:\.(?:md|rst|txt|adoc|markdown|cff|[a-z]{2}\.md))?$"),
    ("docs", r"(?:^|/)(?:mkdocs[\w.-]*\.ya?ml|docusaurus\.config\.\w+|llms\.txt|typedoc\.json|book\.toml)$"),
    ("docs", r"^(?:[\w-]+/)?(?:examples?|samples?)/"),
    ("docs", r"(?:^|/)(?:docs?|documentation|man|manual|website|doc-src|changelog\.d|newsfragments|\.changeset)/"),
    ("docs", r"\.(?:md|mdx|rst|adoc|asciidoc|textile|rdoc|pod|org|tex|[1-8])$"),
    ("asset", r"\.(?:png|jpe?g|gif|svg|ico|icns|webp|avif|bmp|psd|pdf|ttf|otf|woff2?|eot|mp[34]|wav|ogg|webm|mov|zip|gz|jar|bin|dat)$"),
    ("config", r"(?:^|/)\.[\w-]+(?:rc|ignore|attributes|config|keep|versions|modules)?(?:\.(?:js|cjs|mjs|json5?|ya?ml|toml))?$"),
    ("config", r"(?:^|/)(?:\.vscode|\.idea|\.husky|\.devcontainer|\.config|\.github|config|conf|settings|etc)/(?!.*\.(?:py|rb|js|ts|go|rs|java|kt|php|cs|ex)$)"),
    ("config", r"\.(?:ini|toml|ya?ml|cfg|conf|properties|env|editorconfig|plist|tf|tfvars|hcl)$"),
    ("config", r"(?:^|/)(?:eslint|prettier|jest|vitest|playwright|commitlint|stylelint|noxfile|tox|jsconfig|biome|codeowners)[\w.-]*$"),
    ("config", r"(?:^|/)(?:\.env[\w.-]*|[\w.-]*config\.json|[\w.-]*\.json5?)$"),
    ("source", r"\.(?:py|pyi|pyx|ipynb|[cm]?[jt]sx?|vue|svelte|astro|go|rs|java|kts?|scala|groovy|clj[cs]?|c|h|cc|cpp|cxx|hpp|hh|hxx|m|mm|cs|fs|vb)$"),
    ("source", r"\.(?:rb|erb|php|pl|pm|lua|vim|el|lisp|scm|hs|ml|mli|erl|exs?|dart|swift|r|jl|nim|zig|v|sv|vhd|sh|bash|zsh|fish|ps1|bat|cmd)$"),
    ("source", r"\.(?:html?|xhtml|css|s[ac]ss|less|styl|hbs|ejs|pug|twig|jinja2?|j2|tmpl|tpl|sql|graphql|gql|proto|thrift|xml|xsl|cu|glsl|wgsl)$"),
)  # fmt: skip

_COMPILED = tuple((area, lazy(pattern, re.IGNORECASE if "[A-Z]" not in pattern else 0)) for area, pattern in _TABLE)


def area_of(path: str, *, lock: bool = False, generated: bool = False, binary: bool = False) -> Area:
    """The first row that fits; what git or the path says of lock files and generated ones comes before."""
    if lock:
        return "lock"
    for area, pattern in _COMPILED:
        if pattern.search(path):
            # A snapshot is a test whatever wrote it; everything else generated is just that.
            return "generated" if generated and area != "test" else "asset" if binary and area == "source" else area
    return "generated" if generated else "asset" if binary else "other"
