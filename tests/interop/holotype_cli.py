"""Runs the program on a repository of its own, for scripts that compare it with other people's readers.

Nothing is compared here, and no format is known.
"""

import json
import os
import pathlib
import subprocess
import tempfile


class Repository:
    """A repository in a folder that is removed with it."""

    def __init__(self, binary):
        self.binary = str(pathlib.Path(binary).resolve())
        self._folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self._folder.name)
        self._run("init", "--name", "interop")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def _run(self, *args, stdin=None):
        environment = {
            "HOLOTYPE_AUTHOR": "Ada Example <ada@example.org>",
            "HOLOTYPE_NOW": "2026-01-02T00:00:00Z",
            "PATH": os.environ.get("PATH", ""),
        }
        ran = subprocess.run(
            [self.binary, *args], cwd=self.path, env=environment, input=stdin, capture_output=True, text=True, check=False
        )
        if ran.returncode != 0:
            raise RuntimeError(f"{args}: exit {ran.returncode}: {ran.stderr}")
        return ran.stdout

    def run(self, *args):
        """Runs the program; returns what it prints."""
        return self._run(*args)

    def import_file(self, path, *args):
        """Imports a file; returns what the program says of it."""
        return json.loads(self._run("import", str(path), *args, "--json"))

    def record(self, commands):
        """Records commands, with people and labels that are not known yet; returns what the program says of it."""
        lines = "\n".join(json.dumps(command) for command in commands)
        return json.loads(self._run("record", "-", "--create", "--json", stdin=lines))

    def json(self, *args):
        """Runs a command; returns its object."""
        return json.loads(self._run(*args, "--json"))

    def rows(self, what):
        """Lists annotations, annotators, labels or screenings of the draft."""
        return [json.loads(line) for line in self._run("list", what, "DRAFT", "--json").splitlines()]

    def holds(self, text):
        """Tells in which files of the repository a text stands."""
        wanted = text.encode()
        files = (path for path in (self.path / ".holotype").rglob("*") if path.is_file())
        return [str(path.relative_to(self.path)) for path in files if wanted in path.read_bytes()]


class Check:
    """Counts what was compared, and what differed."""

    def __init__(self):
        self.compared = 0
        self.failures = []

    def equal(self, what, ours, theirs):
        """Holds ours against theirs."""
        self.compared += 1
        if ours != theirs:
            self.failures.append(f"{what}: we say {ours!r}, they say {theirs!r}")

    def near(self, what, ours, theirs, within):
        """Holds lists of numbers against each other."""
        self.compared += 1
        is_near = len(ours) == len(theirs) and all(abs(a - b) <= within for a, b in zip(ours, theirs))
        if not is_near:
            self.failures.append(f"{what}: we say {ours!r}, they say {theirs!r}")

    def end(self, name):
        """Prints the counts; returns the exit code."""
        for failure in self.failures[:20]:
            print(f"{name}: {failure}")
        print(f"{name}: {self.compared} comparisons, {len(self.failures)} differences")
        return 1 if self.failures or self.compared == 0 else 0
