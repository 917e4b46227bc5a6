"""The version, the changelog, and the release procedure."""

from __future__ import annotations

import re
import tomllib

import yaml

from rules import rule


@rule(
    ("no section of the version", "CHANGELOG.md", r"## \[Unreleased\]", "## [9.9.9] - 2026-01-01"),
    ("a version without a date", "CHANGELOG.md", r"## \[Unreleased\]", "## [Unreleased]\n\n### Added\n\n- x\n\n## [0.1.0]"),
    ("a heading of another kind", "CHANGELOG.md", r"### Added", "### News"),
    ("nothing under the heading", "CHANGELOG.md", r"### Added\n", "### Added\n\n### Fixed\n"),
    ("another version of the API's description", "infra/openapi.yaml", r"  version: \S+", "  version: 9.9.9"),
    ("a crate with a version of its own", "Cargo.lock", r'(name = "rightful-domain"\nversion = )"[^"]+"', r'\1"9.9.9"'),
)
def the_changelog_names_the_version_and_the_version_stands_in_one_place(files):
    version = tomllib.loads(files["Cargo.toml"])["workspace"]["package"]["version"]
    if yaml.safe_load(files["infra/openapi.yaml"])["info"]["version"] != version:
        yield f"infra/openapi.yaml is not {version}"
    for package in tomllib.loads(files["Cargo.lock"])["package"]:
        if package["name"].startswith("rightful-") and "source" not in package and package["version"] != version:
            yield f"{package['name']} is {package['version']}, not {version}"
    sections = re.findall(r"^## (.+)$", files["CHANGELOG.md"], re.MULTILINE)
    for section in sections:
        if section != "[Unreleased]" and not re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", section):
            yield f"CHANGELOG.md: {section}"
    if "[Unreleased]" not in sections and not any(section.startswith(f"[{version}] - ") for section in sections):
        yield f"CHANGELOG.md has neither [Unreleased] nor [{version}]"
    for heading, body in re.findall(r"^### (.+)\n((?:(?!^##).*\n?)*)", files["CHANGELOG.md"], re.MULTILINE):
        if heading not in ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"):
            yield f"CHANGELOG.md: {heading}"
        if not re.search(r"^- \S", body, re.MULTILINE):
            yield f"CHANGELOG.md: nothing under {heading}"


@rule(
    ("a target that does not exist", "docs/RELEASE.md", r"make sbom", "make bill"),
    ("the advisories not required", "docs/RELEASE.md", r"make advisories ADVISORIES=required", "make advisories"),
)
def the_release_procedure_names_targets_that_exist(files):
    targets = set(re.findall(r"^([a-z-]+):", files["Makefile"], re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", files["docs/RELEASE.md"]))
    for name in sorted(named - targets):
        yield f"docs/RELEASE.md: make {name}"
    for needed in ("make test", "make advisories ADVISORIES=required", "make sbom", "make deploy"):
        if needed not in files["docs/RELEASE.md"]:
            yield f"docs/RELEASE.md does not say {needed}"
