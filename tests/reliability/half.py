"""Runs a command below sh in a repository, and kills it at its first call whose name and path match, before it; in
the middle of it where it is a write.

    half.py REPOSITORY PATTERN COMMAND
"""

import os
import re
import sys

sys.path.insert(0, os.environ["HARNESS"])
import sctrace  # noqa: E402


def main():
    """Fails when the command was not stopped."""
    repository, pattern, command = sys.argv[1:]
    repository = os.path.realpath(repository)

    def decide(call):
        if not re.search(pattern, f"{call.name} {call.path}"):
            return None
        return ("torn",) if call.name in sctrace.WRITES else ("kill",)

    environment = dict(os.environ, REPO=repository)
    run = sctrace.run(["sh", "-c", command], repository, repository, decide, environment)
    if run.stopped_at is None:
        sys.exit(f"no call matched '{pattern}'; the command ended with {run.rc}")


main()
