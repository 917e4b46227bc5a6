"""The results as tables in Markdown."""

import statistics

from builds import BUILDS, size


def table(title, texts, header, rows):
    """Markdown, aligned, the first `texts` columns to the left: for docs/PERFORMANCE.md too."""
    rows = [header, *rows]
    widths = [max(len(row[at]) for row in rows) for at in range(len(header))]
    rows.insert(1, ["-" * width if at < texts else "-" * (width - 1) + ":" for at, width in enumerate(widths)])
    print(f"\n{title}\n")
    for row in rows:
        cells = [cell.ljust(width) if at < texts else cell.rjust(width)
                 for at, (cell, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |")


def number(value, unit=""):
    if value is None:
        return "–"
    return f"{value:.0f}{unit}" if value >= 100 else f"{value:.1f}{unit}" if value >= 10 else f"{value:.2f}{unit}"


def ratio(one, other):
    return "–" if None in (one, other) or not other else number(one / other, "×")


def named(calls):
    """`GetItem, Query ×8`: the AWS calls of one warm call."""
    counts = {name: calls.count(name) for name in dict.fromkeys(calls)}
    return ", ".join(name + (f" ×{count}" if count > 1 else "") for name, count in counts.items()) or "nothing"


def report(measured, python, floor):
    bare = statistics.median(floor.seconds) * 1e3
    keys = ("start", "first", "warm", "start_processor", "warm_processor", "memory")
    rows = []
    for case in measured:
        release = case.figures("release")
        rows.append([case.function, case.what, named(case.calls),
                     ratio(release["warm"], bare * len(case.calls)), ratio(release["warm_processor"], release["warm"])])
    table("A warm call of the release build, and the part that is not its own. "
          "(1×: as fast as its AWS calls alone, one after another, in the emulator.)", 3,
          ["function", "call", "asks AWS for", "÷ as many bare GetItems", "own processor time ÷ call"], rows)

    header = ["function", "call", "start", "first call", "warm call",
              "processor: start + first", "processor: warm call", "memory"]
    rows = []
    for case in measured:
        release, local = case.figures("release"), case.figures("local")
        if local:
            rows.append([case.function, case.what, *(ratio(local[key], release[key]) for key in keys),
                         ratio(size("local", case.function), size("release", case.function))])
    if rows:
        table("The local build ÷ the release build. (2×: the release build takes half.)", 2, [*header, "size"], rows)
    other = python.figures("python")
    rows = [[case.function, case.what, *(ratio(other[key], case.figures("release")[key]) for key in keys)]
            for case in measured if "BatchGetItem" in case.calls and "passed over" in case.what] if other else []
    if rows:
        table("A Python function that reads the same rows in one call by boto3 and nothing else ÷ the release build.",
              2, header, rows)

    header[2:] = [*(f"{name}, ms" for name in header[2:7]), "memory, MB"]
    rows = []
    for build in BUILDS:
        for case in measured:
            if found := case.figures(build):
                rows.append([build, case.function, case.what, *(number(found[key]) for key in keys),
                             number(size(build, case.function))])
    if other:
        rows.append(["python", "–", python.what, *(number(other[key]) for key in keys), "–"])
    rows.append(["script", "–", "a bare GetItem", "–", "–", number(bare), "–", "–", "–", "–"])
    table("As measured: medians of one machine and one run.", 3, ["build", *header, "size, MB"], rows)
