"""Compares docs/LIMITS.md with the code, for every number with a constant.

A row's *constant* is `file: NAME`, a Rust constant, or `file: text`, a piece of the file that ends with the number or
holds only that number. Numbers are compared by value: `256 KiB` and `256 * 1024`, `100 days` and `100 * 24 * 3600`.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "LIMITS.md"
UNITS = {
    "": 1, "byte": 1, "bytes": 1, "KiB": 1024, "MiB": 1024 ** 2,
    "second": 1, "seconds": 1, "minute": 60, "minutes": 60, "hour": 3600, "hours": 3600, "day": 86_400, "days": 86_400,
}
# Constants that the code counts in days, not in seconds.
IN_DAYS = re.compile(r"(deadline_days|MOST_DAYS_AGO|RECOVERABLE_DAYS|ExpirationInDays)")


def rows(page: str) -> list[tuple[str, str, str]]:
    """Limit, number and constant of every row, from the tables with these columns."""
    found, inside = [], False
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[:3] == ["limit", "number", "constant"]:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not cells[0].startswith("---"):
            found.append((cells[0], cells[1], cells[2].strip("`")))
    return found


def said(number: str, in_days: bool) -> list[int]:
    """The numbers of a cell, by value; of `10,000 at most, 100 unless set` only the first."""
    values = []
    for amount, unit in re.findall(r"([\d,]*\d)\s*(KiB|MiB|bytes?|seconds?|minutes?|hours?|days?)?", number.split(" at most")[0]):
        value = int(amount.replace(",", ""))
        values.append(value if in_days else value * UNITS[unit])
    return values


def computed(expression: str) -> int:
    """The value of a product of whole numbers, as Rust writes it."""
    def value(node: ast.AST) -> int:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return value(node.left) * value(node.right)
        raise ValueError(expression)

    return value(ast.parse(expression.strip(), mode="eval").body)


def values_of(expression: str) -> list[int]:
    """The values of `6 * 3600`, `Duration::from_secs(5 * 60)` or `Waits { first_seconds: 5, longest_seconds: 6 * 3600 }`."""
    if fields := re.findall(r"\w+_seconds: ([\d_* ]+)", expression):
        return [computed(field) for field in fields]
    if inner := re.fullmatch(r"Duration::from_secs\((.*)\)", expression):
        return [computed(inner[1])]
    return [computed(expression)]


def in_code(constant: str, read: Callable[[str], str | None]) -> list[int] | str:
    """The constant's values, or the complaint about it."""
    path, _, what = constant.partition(": ")
    path = path.replace("operations/", "functions/lib/domain/src/operations/", 1) if path.startswith("operations/") else path
    text = read(path)
    if text is None:
        return f"there is no {path}"
    if re.fullmatch(r"[A-Z][A-Z_]+", what):
        found = re.findall(rf"const {what}: [^=]+= ([^;]+);", text)
        # A test module may have one of the same name; the first belongs to the code.
        return values_of(found[0]) if found else f"{path} has no constant {what}"
    if what not in text:
        return f"{path} has no `{what}`"
    numbers = re.findall(r"\d[\d_]*(?: \* \d[\d_]*)*", what)
    return [computed(numbers[-1])] if numbers else f"`{what}` holds no number"


def complaints(page: str, read: Callable[[str], str | None]) -> list[str]:
    found = []
    for limit, number, constant in rows(page):
        code = in_code(constant, read)
        if isinstance(code, str):
            found.append(f"{limit}: {code}")
        elif code != (page_says := said(number, bool(IN_DAYS.search(constant)))):
            found.append(f"{limit}: the page says {number} ({page_says}), {constant} is {code}")
    return found


def from_disk(path: str) -> str | None:
    file = ROOT / path
    return file.read_text() if file.is_file() else None


def main() -> int:
    page = PAGE.read_text()
    known = rows(page)
    wrong = complaints(page, from_disk)
    if len(known) < 40:
        wrong.append(f"only {len(known)} limits with a constant found")
    # Each row must be able to fail: with its number changed, each must cause a complaint.
    for limit, number, constant in known:
        planted = re.sub(r"\d(?=\D*$|\D* at most)", lambda digit: str((int(digit[0]) + 1) % 10), number, count=1)
        if not complaints(f"| limit | number | constant |\n| {limit} | {planted} | `{constant}` |", from_disk):
            wrong.append(f"{limit}: {planted} in place of {number} goes unnoticed")
    if not complaints("| limit | number | constant |\n| x | 1 | `operations/accept.rs: NO_SUCH` |", from_disk):
        wrong.append("a missing constant goes unnoticed")
    for one in wrong:
        print(f"FAIL {one}")
    print(f"limits: {len(known)} numbers compared, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
