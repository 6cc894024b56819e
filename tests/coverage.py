"""Reads what llvm-cov counted and prints the lines run per module and file; test code is left out.

    python3 tests/coverage.py executables < MESSAGES-OF-CARGO
    python3 tests/coverage.py table LCOV MISSING
"""

import json
import re
import sys
from collections import defaultdict
from pathlib import Path

# In percent: of all lines, and of each module on which the promises rest.
TOTAL = 90.0
CORE = 95.0
CORE_MODULES = ["id", "codec", "model", "event", "store", "log", "tree", "snapshot", "replay"]

SOURCES = Path("src")


def executables(messages):
    """The programs that cargo built: the tests, and the binary that they start."""
    for line in messages:
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            yield message["executable"]


def test_code(sources):
    """What only tests compile: whole files, and the lines of items within others."""
    files, lines = set(), defaultdict(set)
    for path in sources:
        text = path.read_text(encoding="utf-8").split("\n")
        if path.name == "tests.rs" or "tests" in path.parts:
            files.add(path)
        for at, line in enumerate(text):
            if line.strip() != "#[cfg(test)]":
                continue
            indent = line[: len(line) - len(line.lstrip())]
            item = at + 1
            while text[item].strip().startswith("#["):
                item += 1
            module = re.match(r"\s*(?:pub(?:\([a-z]+\))? )?mod (\w+);", text[item])
            if module:
                folder = path.parent if path.name in ("mod.rs", "lib.rs", "main.rs") else path.with_suffix("")
                files.update({folder / f"{module[1]}.rs", folder / module[1] / "mod.rs"})
                continue
            end = item
            while not text[item].rstrip().endswith(";") and text[end] != indent + "}":
                end += 1
            lines[path].update(range(at + 1, end + 2))
    return files, lines


def counted(lcov, root):
    """How often each line of each file ran."""
    counts, path = {}, None
    for line in lcov:
        kind, _, rest = line.strip().partition(":")
        if kind == "SF":
            path = Path(rest).resolve().relative_to(root)
            counts.setdefault(path, {})
        elif kind == "DA":
            number, count = rest.split(",")[:2]
            at = int(number)
            counts[path][at] = max(counts[path].get(at, 0), int(count))
    return counts


def module_of(path):
    """The top-level module that a file belongs to; the binary is one."""
    first = path.relative_to(SOURCES).parts[0]
    return first.removesuffix(".rs")


def percent(run, total):
    return 100.0 * run / total if total else 100.0


def ranges(numbers):
    """Line numbers as text, neighbours together."""
    parts, start, last = [], None, None
    for number in [*sorted(numbers), None]:
        if start is not None and (number is None or number != last + 1):
            parts.append(str(start) if start == last else f"{start}-{last}")
            start = None
        if start is None:
            start = number
        last = number
    return ", ".join(parts)


def table(lcov, missing_path):
    counts = counted(Path(lcov).open(encoding="utf-8"), Path.cwd().resolve())
    files, lines = test_code(sorted(SOURCES.rglob("*.rs")))
    modules = defaultdict(lambda: [0, 0])
    rows = []
    with Path(missing_path).open("w", encoding="utf-8") as out:
        for path, of in sorted(counts.items()):
            if path in files:
                continue
            of = {at: count for at, count in of.items() if at not in lines[path]}
            missed = [at for at, count in of.items() if count == 0]
            rows.append((path, len(of) - len(missed), len(of)))
            modules[module_of(path)][0] += len(of) - len(missed)
            modules[module_of(path)][1] += len(of)
            if missed:
                print(f"{path}: {ranges(missed)}", file=out)
    print(f"\n{'file':<58}{'run':>8}{'lines':>8}{'%':>8}")
    for path, run, total in sorted(rows, key=lambda row: percent(row[1], row[2])):
        if run < total:
            print(f"{path!s:<58}{run:>8}{total:>8}{percent(run, total):>8.1f}")
    print(f"\n{'module':<20}{'run':>8}{'lines':>8}{'%':>8}")
    low = []
    for module, (run, total) in sorted(modules.items()):
        wanted = CORE if module in CORE_MODULES else 0.0
        if percent(run, total) < wanted:
            low.append(f"{module} is below {wanted} %")
        print(f"{module:<20}{run:>8}{total:>8}{percent(run, total):>8.1f}")
    run, total = (sum(pair[at] for pair in modules.values()) for at in (0, 1))
    print(f"{'all':<20}{run:>8}{total:>8}{percent(run, total):>8.1f}")
    if percent(run, total) < TOTAL:
        low.append(f"all is below {TOTAL} %")
    low.extend(f"{module} was not measured" for module in CORE_MODULES if module not in modules)
    print("\n".join(low), file=sys.stderr, end="\n" if low else "")
    return 1 if low else 0


def main(arguments):
    if arguments[:1] == ["executables"]:
        print("\n".join(sorted(set(executables(sys.stdin)))))
        return 0
    if arguments[:1] == ["table"] and len(arguments) == 3:
        return table(*arguments[1:])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
