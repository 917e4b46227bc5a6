"""Checks that docs/DEPLOY.md names every parameter of the templates, with its default."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ("infra/state/template.yaml", "template.yaml")


def parameters(template: str) -> dict[str, str]:
    """Each parameter's default."""
    body = re.search(r"^Parameters:\n(.*?)^\S", template, re.S | re.M)
    parts = re.split(r"^  (\w+):\n", body[1] if body else "", flags=re.M)
    found = {}
    for name, text in zip(parts[1::2], parts[2::2]):
        default = re.search(r"^    Default: (.*)$", text, re.M)
        found[name] = default[1].strip().strip('"') if default else "none"
    return found


def documented(page: str) -> dict[str, str]:
    """Each row of the table of parameters: its name and its default."""
    found, inside = {}, False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells == ["parameter", "default", "means"]:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not cells[0].startswith("---"):
            found[cells[0].strip("`")] = "" if cells[1] == "nothing" else cells[1].strip("`")
    return found


def complaints(defaults: dict[str, str], page: str) -> list[str]:
    rows = documented(page)
    return [f"docs/DEPLOY.md: {name} is {rows.get(name, 'missing')!r}, and its default is {default!r}"
            for name, default in defaults.items() if rows.get(name) != default]


def main() -> int:
    templates, page = [(ROOT / path).read_text() for path in TEMPLATES], (ROOT / "docs" / "DEPLOY.md").read_text()
    found = {name: default for template in templates for name, default in parameters(template).items()}
    wrong = complaints(found, page)
    if len(found) < 10:
        wrong.append(f"only {len(found)} parameters found in the templates")
    for name in found:
        if not complaints(found, re.sub(rf"(?m)^\| `{name}` .*\n", "", page)):
            wrong.append(f"{name}: a missing row goes unnoticed")
        if not complaints(found, re.sub(rf"(?m)^(\| `{name}` \| )[^|]*", r"\1`x-planted` ", page)):
            wrong.append(f"{name}: another default goes unnoticed")
    for one in wrong:
        print(f"FAIL {one}")
    print(f"guide: {len(found)} parameters compared, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
