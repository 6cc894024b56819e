#!/usr/bin/env python3
"""Asks the Parquet table of a release with DuckDB.

    python load_release_duckdb.py RELEASE_DIR

Prints annotations by label and shape, and the images with the most. Needs duckdb.
"""

import json
import pathlib
import sys

import duckdb


def main(folder):
    folder = pathlib.Path(folder)
    release = json.loads((folder / "release.json").read_bytes())
    table = str(folder / "data/annotations/annotations.parquet")

    # One row an annotation; places are px of the full resolution.
    by_label = duckdb.execute(
        "select label, shape, count(*) as annotations from read_parquet(?) group by all order by all", [table]
    ).fetchall()
    for row in by_label:
        print(*row)

    # Facts of images stand in images.csv; text that a spreadsheet would run has an apostrophe before it.
    images = str(folder / "data/images.csv")
    print(
        duckdb.execute(
            "select i.name, count(a.annotation) as annotations from read_csv(?, header = true, all_varchar = true) i"
            " left join read_parquet(?) a on a.image_id = i.holotype_id group by all order by annotations desc, i.name limit 3",
            [images, table],
        ).fetchall()
    )
    labelled = sum(count for label, _, count in by_label if label is not None)
    assert labelled == release["exported"]["annotations"]


if __name__ == "__main__":
    main(sys.argv[1])
