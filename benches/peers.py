#!/usr/bin/env python3
"""Does the same work with Holotype and with what people use instead, in turn, and prints ours / theirs.

    cargo build --release
    python3 benches/peers.py --rows 100000
    python3 benches/peers.py --rows 1000000 --install target/peers --only lance,dvc

Work on rows: bring a million annotations in and commit, change one label and commit, tell what differs. Work on
files: bring 2,000 files of half a megabyte in. Peers: git with one JSON Lines file and with one file an image, DVC,
Oxen, Lance; restic and borg. A peer that is missing is a line that says so. Nothing is installed unless `--install
DIR` asks for it: then DVC, Lance and Oxen come from PyPI into a virtual environment there.

The peers are not told to do less than they do by themselves, and git is told to sync (`core.fsync=all`). What their
diffs tell differs: git tells lines, DVC that a file changed, Holotype and the comparison of Lance which rows did.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["dvc", "pylance", "pyarrow", "oxenai"]
ENVIRONMENT = {
    **os.environ,
    "HOLOTYPE_AUTHOR": "A Bench <bench@example.org>",
    "GIT_AUTHOR_NAME": "A Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "A Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
    "RESTIC_PASSWORD": "bench",
    "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
    "DVC_NO_ANALYTICS": "1",
}


class Missing(Exception):
    """A peer is not there, or cannot do a piece of work."""


def run(words, cwd, keep=False):
    """Runs a program to its end; returns what it printed when that is to be kept."""
    out = subprocess.PIPE if keep else subprocess.DEVNULL
    done = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=ENVIRONMENT, stdout=out, stderr=subprocess.PIPE, check=False
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise Missing(f"{pathlib.Path(str(words[0])).name} {words[1]} failed: {' '.join(said)}")
    return done.stdout.decode() if keep else ""


def timed(work):
    """Returns how many seconds a piece of work took."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


class Holotype:
    """Ours: one repository with the source imported, and changes one after the other."""

    def __init__(self, program, work, source):
        self.program, self.work, self.source = program, work, source
        self.number = 0
        self.dir = self.make()
        self.import_()
        listed = run([program, "-C", self.dir, "--json", "list", "annotations"], work, keep=True)
        self.ids = iter(sorted(set(re.findall(r'"id":\s?"([0-9a-f]{48})"', listed)))[::7])
        self.change()

    def make(self):
        self.number += 1
        folder = self.work / f"holotype-{self.number}"
        folder.mkdir()
        run([self.program, "-C", folder, "init", "--name", "bench"], self.work)
        return folder

    def import_(self):
        run([self.program, "-C", self.dir, "import", self.source, "--commit", "all"], self.work)

    def import_anew(self):
        """Times an import into a repository of its own."""
        kept, self.dir = self.dir, self.make()
        seconds = timed(self.import_)
        shutil.rmtree(self.dir)
        self.dir = kept
        return seconds

    def change(self):
        line = {"command": "relabel", "annotation": next(self.ids), "label": "out of focus", "annotator": "bench"}
        file = self.work / "change.jsonl"
        file.write_text(json.dumps(line) + "\n")
        words = ["record", file, "--create", "--commit", "one"]
        return timed(lambda: run([self.program, "-C", self.dir, *words], self.work))

    def diff(self):
        return timed(lambda: run([self.program, "-C", self.dir, "diff", "HEAD~1", "HEAD"], self.work))

    def add(self, files):
        folder = self.make()
        seconds = timed(lambda: run([self.program, "-C", folder, "add", files], self.work))
        shutil.rmtree(folder)
        return seconds


class Git:
    """git with every object and ref synced."""

    SETTINGS = ["-c", "core.fsync=all", "-c", "gc.auto=0"]

    def __init__(self, work, rows):
        self.work, self.rows = work, rows
        self.number = 0

    def version(self):
        if not shutil.which("git"):
            raise Missing("git is not on the path")
        return run(["git", "--version"], self.work, keep=True).split()[2]

    def git(self, *words):
        run(["git", *self.SETTINGS, *words], self.dir)

    def import_(self):
        self.number += 1
        self.dir = self.work / f"{type(self).__name__}-{self.number}"
        self.dir.mkdir()
        run(["git", "init", "-q"], self.dir)
        self.fill()
        return timed(self.commit)

    def commit(self):
        self.git("add", ".")
        self.git("commit", "-q", "-m", "change")

    def fill(self):
        shutil.copy(self.rows, self.dir / "rows.jsonl")

    def edit(self):
        change_line(self.dir / "rows.jsonl", self.number)

    def change(self):
        self.number += 1
        self.edit()
        return timed(self.commit)

    def diff(self):
        return timed(lambda: self.git("diff", "HEAD~1", "HEAD"))


class GitByImage(Git):
    """git with the rows of each image in a file of their own."""

    def fill(self):
        rows = collections.defaultdict(list)
        with open(self.rows, encoding="utf-8") as lines:
            for line in lines:
                rows[json.loads(line)["image_id"]].append(line)
        for image, lines in rows.items():
            (self.dir / f"{image:07}.jsonl").write_text("".join(lines))

    def edit(self):
        change_line(next(self.dir.glob("*.jsonl")), self.number)


class Dvc(Git):
    """DVC beside git: DVC keeps the file, git what names it."""

    def version(self):
        super().version()
        self.program = found("dvc")
        return run([self.program, "--version"], self.work, keep=True).strip()

    def fill(self):
        super().fill()
        run([self.program, "init", "-q"], self.dir)

    def commit(self):
        run([self.program, "add", "-q", "rows.jsonl"], self.dir)
        super().commit()

    def diff(self):
        return timed(lambda: run([self.program, "diff", "HEAD~1", "HEAD"], self.dir))


class InPython:
    """A peer that is a Python package: one process does the work and tells its times, imports left out."""

    def __init__(self, work, rows):
        self.work, self.rows, self.number = work, rows, 0

    def version(self):
        python = found("python")
        words = [python, "-c", f"import {self.MODULE} as m; from importlib.metadata import version as v; "
                               f"print(v({self.PACKAGE!r}))"]
        try:
            return run(words, self.work, keep=True).strip()
        except Missing as error:
            raise Missing(f"the package {self.PACKAGE} is not there (--install DIR brings it)") from error

    def all(self):
        self.number += 1
        folder = self.work / f"{self.PACKAGE}-{self.number}"
        folder.mkdir()
        words = [found("python"), "-c", self.SCRIPT, self.rows, folder]
        return json.loads(run(words, folder, keep=True).splitlines()[-1])

    def import_(self):
        self.times = self.all()
        return self.times["import"]

    def change(self):
        return self.times["change"]

    def diff(self):
        return self.times["diff"]


class Lance(InPython):
    """Lance: a column store with versions. It has no diff; two versions are read and compared."""

    MODULE, PACKAGE = "lance", "pylance"
    SCRIPT = """
import json, sys, time
import lance, pyarrow.json, pyarrow.compute as pc
rows, folder = sys.argv[1:]
times, uri = {}, folder + "/rows.lance"
def timed(name, work):
    begin = time.perf_counter(); work(); times[name] = time.perf_counter() - begin
def change():
    lance.dataset(uri).update({"category_id": "4"}, where="id = 17")
def diff():
    now = lance.dataset(uri)
    before = lance.dataset(uri, version=now.version - 1)
    a, b = (d.to_table().sort_by("id") for d in (before, now))
    changed = [c for c in a.column_names if not a[c].equals(b[c])]
    assert changed == ["category_id"], changed
    assert pc.sum(pc.not_equal(a["category_id"], b["category_id"])).as_py() == 1
timed("import", lambda: lance.write_dataset(pyarrow.json.read_json(rows), uri))
timed("change", change)
timed("diff", diff)
print(json.dumps(times))
"""


class Oxen(InPython):
    """Oxen: versions of whole files."""

    MODULE, PACKAGE = "oxen", "oxenai"
    SCRIPT = """
import json, shutil, sys, time
import oxen
rows, folder = sys.argv[1:]
times, file = {}, folder + "/rows.jsonl"
def timed(name, work):
    begin = time.perf_counter(); work(); times[name] = time.perf_counter() - begin
oxen.user.config_user("A Bench", "bench@example.org")
shutil.copy(rows, file)
repo = oxen.Repo(folder)
repo.init()
def commit():
    repo.add(file); repo.commit("change")
timed("import", commit)
before = folder + "/before.jsonl"
shutil.copy(file, before)
with open(file) as lines: text = lines.readlines()
row = json.loads(text[17]); row["category_id"] = 4; text[17] = json.dumps(row) + "\\n"
with open(file, "w") as out: out.writelines(text)
timed("change", commit)
timed("diff", lambda: oxen.diff(before, file, keys=["id"]))
print(json.dumps(times))
"""


class Backup:
    """restic and borg: encrypted or not, they keep files by chunk."""

    def __init__(self, name, work):
        self.name, self.work, self.number = name, work, 0

    def version(self):
        if not shutil.which(self.name):
            raise Missing(f"{self.name} is not on the path")
        words = [self.name, "version"] if self.name == "restic" else [self.name, "--version"]
        return run(words, self.work, keep=True).split()[1]

    def add(self, files):
        self.number += 1
        folder = self.work / f"{self.name}-{self.number}"
        if self.name == "restic":
            run(["restic", "init", "-r", folder, "--no-cache"], self.work)
            words = ["restic", "backup", "-r", folder, "--no-cache", files]
        else:
            run(["borg", "init", "-e", "none", folder], self.work)
            words = ["borg", "create", f"{folder}::all", files]
        seconds = timed(lambda: run(words, self.work))
        shutil.rmtree(folder)
        return seconds


def found(name):
    """Finds a program in the virtual environment, else on the path."""
    inside = OPTIONS.venv / "bin" / name if OPTIONS.venv else None
    if inside and inside.exists():
        return inside
    if name == "python":
        return sys.executable
    if not shutil.which(name):
        raise Missing(f"{name} is not there (--install DIR brings it)")
    return name


def change_line(path, number):
    """Changes the label of one row of a JSON Lines file."""
    lines = path.read_text().splitlines(keepends=True)
    place = number * 7919 % len(lines)
    row = json.loads(lines[place])
    row["category_id"] = 4
    row["score"] = number
    lines[place] = json.dumps(row, separators=(",", ":")) + "\n"
    path.write_text("".join(lines))


def install(folder):
    """Makes a virtual environment with the peers that PyPI has."""
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for package in PACKAGES:
        try:
            run([*pip, package], ROOT)
        except Missing as error:
            print(f"{package} could not be installed: {error}")


def source_of(rows):
    """Returns the COCO file with so many boxes; the bench's where there is one, else it is generated."""
    names = {10_000: "10k", 100_000: "100k", 1_000_000: "1m"}
    made = ROOT / "target" / "tmp" / "bench" / "data" / f"boxes-{names.get(rows, rows)}.json"
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        words = ["cargo", "run", "--quiet", "--release", "--example", "generate_dataset", "--"]
        images = max(rows // 1000, 100)
        run([*words, "--images", images, "--annotations", rows, "--out", made], ROOT)
    return made


def line(work, peer, ours, theirs):
    """Prints a line of the table."""
    ratio = statistics.median(ours) / statistics.median(theirs)
    texts = [f"{statistics.median(times):9.3f} s" for times in (ours, theirs)]
    print(f"{work:28} {peer:34} {texts[0]} {texts[1]} {ratio:8.2f}", flush=True)


def compare_rows(work, source):
    rows = work / "rows.jsonl"
    with open(rows, "w", encoding="utf-8") as out:
        for annotation in json.loads(source.read_text())["annotations"]:
            out.write(json.dumps(annotation, separators=(",", ":")) + "\n")
    holotype = Holotype(OPTIONS.holotype, work, source)
    peers = [
        ("git", "one JSONL file", Git(work, rows)),
        ("git", "one file an image", GitByImage(work, rows)),
        ("dvc", "one JSONL file", Dvc(work, rows)),
        ("oxen", "one JSONL file", Oxen(work, rows)),
        ("lance", "one table", Lance(work, rows)),
    ]
    for name, how, peer in peers:
        if not takes(name):
            continue
        try:
            label = f"{name} {peer.version()}, {how}"
            times = collections.defaultdict(lambda: ([], []))
            for _ in range(OPTIONS.repetitions):
                for kind, ours in (("import", holotype.import_anew), ("change", holotype.change), ("diff", holotype.diff)):
                    times[kind][0].append(ours())
                    times[kind][1].append(getattr(peer, "import_" if kind == "import" else kind)())
            line(f"import {OPTIONS.rows} rows, commit", label, *times["import"])
            line("one relabel, commit", label, *times["change"])
            line("diff of it", label, *times["diff"])
        except Missing as error:
            print(f"{name}: {error}", flush=True)


def compare_files(work):
    files = work / "files"
    files.mkdir()
    noise = random.Random(1)
    for number in range(OPTIONS.files):
        (files / f"{number:05}.png").write_bytes(b"\x89PNG\r\n\x1a\n" + noise.randbytes(500_000 - 8))
    holotype = Holotype.__new__(Holotype)
    holotype.program, holotype.work, holotype.number = OPTIONS.holotype, work, 0
    for name in ("restic", "borg"):
        if not takes(name):
            continue
        peer = Backup(name, work)
        try:
            label = f"{name} {peer.version()}"
            ours, theirs = [], []
            for _ in range(OPTIONS.repetitions):
                ours.append(holotype.add(files))
                theirs.append(peer.add(files))
            line(f"add {OPTIONS.files} files of 0.5 MB", label, ours, theirs)
        except Missing as error:
            print(f"{name}: {error}", flush=True)


def takes(name):
    """Says whether a peer is asked for."""
    return not OPTIONS.only or name in OPTIONS.only.split(",")


def main():
    if OPTIONS.install:
        OPTIONS.venv = OPTIONS.install.absolute()
        install(OPTIONS.venv)
    work = OPTIONS.work.absolute()
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
    version = run([OPTIONS.holotype, "--version"], ROOT, keep=True).strip()
    print(f"{version}; medians of {OPTIONS.repetitions}")
    print(f"{'work':28} {'peer':34} {'ours':>11} {'theirs':>11} {'ratio':>8}", flush=True)
    try:
        if any(takes(name) for name in ("git", "dvc", "oxen", "lance")):
            compare_rows(work, source_of(OPTIONS.rows))
        for leftover in work.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        if any(takes(name) for name in ("restic", "borg")):
            compare_files(work)
    finally:
        shutil.rmtree(work)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="annotations")
    parser.add_argument("--files", type=int, default=2000, help="files of 0.5 MB")
    parser.add_argument("--repetitions", type=int, default=3, help="of each piece of work, ours and theirs in turn")
    parser.add_argument("--only", help="peers, such as git,dvc")
    parser.add_argument("--install", type=pathlib.Path, metavar="DIR", help="install peers from PyPI there")
    parser.add_argument("--venv", type=lambda text: pathlib.Path(text).absolute(), help="where they were installed")
    parser.add_argument("--holotype", type=lambda text: pathlib.Path(text).absolute(),
                        default=ROOT / "target" / "release" / "holotype", help="the program")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "target" / "tmp" / "peers", help="a folder to use")
    return parser.parse_args()


if __name__ == "__main__":
    OPTIONS = options()
    main()
