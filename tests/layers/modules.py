"""Which module of a crate uses which: no circles, no use of the root, and none of a storey above one's own.

A storey is a `mod` line of a crate's root (`lib.rs` or `main.rs`), the lowest first. A `mod.rs` is a module of its
own, and its `pub use` is a use. The paths are read from the source, tests left out: a test may use whatever it
needs to try its subject.
"""

import re
from pathlib import Path

WORD = r"[A-Za-z_][A-Za-z0-9_]*"
MOD = re.compile(rf"^\s*(?:pub(?:\([^)]*\))? )?mod ({WORD});", re.M)
USE = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);", re.M)
TESTS = re.compile(
    rf"^#\[cfg\(test\)\]\n(?:#\[[^\n]*\]\n)*(?:pub(?:\([^)]*\))? )?mod {WORD}(?:;| \{{\n.*?^\}})", re.M | re.S
)


def without_tests(text):
    """The source without what only tests compile, and without comments. It is formatted by rustfmt."""
    return re.sub(r"//[^\n]*", "", TESTS.sub("", text))


def leaves(tree):
    """The paths of a use tree: `a::{b, c::d}` gives `a::b` and `a::c::d`."""
    tree = tree.strip()
    head, brace, rest = tree.partition("{")
    if not brace:
        return [tree.split(" as ")[0].strip()]
    parts, depth, start = [], 0, 0
    inside = rest[: rest.rindex("}")]
    for at, letter in enumerate(inside + ","):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append(inside[start:at])
            start = at + 1
    return [head + leaf for part in parts if part.strip() for leaf in leaves(part)]


def paths(text, children=()):
    """Every path of the source that begins at the crate's root, at a parent or at a child."""
    found = []
    for tree in USE.findall(text):
        found += leaves(re.sub(r"\s+", " ", tree))
    rest = USE.sub("", text)
    beginnings = "|".join(["crate", "super", *children])
    found += re.findall(rf"(?<![:\w])(?:{beginnings})(?:::{WORD})+", rest)
    return [tuple(part.strip() for part in path.split("::")) for path in found]


class Crate:
    """The modules of one crate, by their paths from its root."""

    def __init__(self, name, root, sources):
        self.name = name
        self.texts = {}
        for file, text in sources.items():
            parts = list(Path(file).relative_to(root).with_suffix("").parts)
            if parts[-1] == "mod":
                parts.pop()
            if parts in (["lib"], ["main"]):
                parts = []
            if parts and parts[-1] == "tests" or any(part.endswith("_tests") for part in parts):
                continue
            self.texts[tuple(parts)] = without_tests(text)
        self.order = {module: MOD.findall(text) for module, text in self.texts.items()}

    def resolve(self, module, path):
        """The module that a path leads to, from `module`; `None` where it leaves the crate."""
        if path[0] == "crate":
            at, rest = (), path[1:]
        elif path[0] in ("super", "self"):
            at, rest = module, path
            while rest and rest[0] in ("super", "self"):
                at, rest = (at[:-1] if rest[0] == "super" else at), rest[1:]
        elif path[0] in self.order.get(module, []):
            at, rest = module, path
        else:
            return None
        while rest and at + rest[:1] in self.texts:
            at, rest = at + rest[:1], rest[1:]
        return at

    def uses(self):
        """For each module, the other modules that it uses."""
        found = {}
        for module, text in self.texts.items():
            targets = {self.resolve(module, path) for path in paths(text, self.order[module])}
            found[module] = {target for target in targets if target is not None and target != module}
        return found


def circles(uses):
    """Groups of modules that use each other, each sorted (Tarjan's algorithm)."""
    number, low, stack, found = {}, {}, [], []

    def visit(module):
        number[module] = low[module] = len(number)
        stack.append(module)
        for target in sorted(uses.get(module, ())):
            if target not in number:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], number[target])
        if low[module] == number[module]:
            group = []
            while not group or group[-1] != module:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(uses):
        if module not in number:
            visit(module)
    return found


def upward(crate, uses):
    """Every use of the root or of a storey above one's own, as a pair of modules."""
    storeys = {name: height for height, name in enumerate(crate.order.get((), []))}
    found = []
    for module, targets in sorted(uses.items()):
        for target in sorted(targets):
            if module and (not target or storeys.get(target[0], 0) > storeys.get(module[0], 0)):
                found.append((module, target))
    return found


def shown(module):
    return "::".join(module) or "the root"


def problems(crate):
    """What stands across the crate's order, as sentences."""
    uses = crate.uses()
    found = [
        f"{crate.name}: these modules use each other: {', '.join(shown(one) for one in group)}"
        for group in circles(uses)
    ]
    for module, target in upward(crate, uses):
        why = f"uses {shown(target)}, which stands above it" if target else "uses the crate's root"
        found.append(f"{crate.name}: {shown(module)} {why}")
    return found


def read(manifests):
    """The crates of a workspace: `manifests` gives each one's Cargo.toml by its name.

    A package with a library and a binary is two crates; the binary uses the library by its name.
    """
    crates = []
    for name, manifest in sorted(manifests.items()):
        root = Path(manifest).parent / "src"
        sources = {str(file): file.read_text() for file in sorted(root.rglob("*.rs"))}
        library, binary = str(root / "lib.rs"), str(root / "main.rs")
        if library in sources and binary in sources:
            crates.append(Crate(f"{name}'s binary", root, {binary: sources.pop(binary)}))
        crates.append(Crate(name, root, sources))
    return crates
