#!/usr/bin/env python3
"""Loads every record set of a release by its croissant.json.

    python load_release_mlcroissant.py RELEASE_DIR

Prints the record sets with the number and the first of their records. Needs mlcroissant.
"""

import itertools
import json
import pathlib
import sys

import mlcroissant


def main(folder):
    folder = pathlib.Path(folder)
    release = json.loads((folder / "release.json").read_bytes())
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    print(dataset.metadata.name, dataset.metadata.version)
    counts = {}
    for record_set in dataset.metadata.record_sets:
        records = iter(dataset.records(record_set.id))
        first = list(itertools.islice(records, 1))
        counts[record_set.id] = len(first) + sum(1 for _ in records)
        print(record_set.id, counts[record_set.id], first)
    # Annotations without an agreed label are rows here, and not in COCO.
    assert counts["annotations"] >= release["exported"]["annotations"]
    assert counts["labels"] == release["exported"]["labels"]


if __name__ == "__main__":
    main(sys.argv[1])
