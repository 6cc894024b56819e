"""Reads exports of Parquet with pyarrow and DuckDB, and lets the program read what both write.

Usage: parquet.py BINARY [DATABASE…]. Needs pyarrow, duckdb and shapely (PyPI). Exit 1 on a difference.
"""

import itertools
import json
import pathlib
import random
import subprocess
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from holotype_cli import Check, Repository


def generated(chance, count):
    """Points, lines, polygons with holes and multipolygons, as shapely has them."""
    for number in range(count):
        x, y = chance.randrange(0, 8000) / 2, chance.randrange(0, 8000) / 2
        outer = [(x, y), (x + 90, y), (x + 90, y + 80.25), (x, y + 80)]
        inner = [(x + 10, y + 10), (x + 20, y + 10), (x + 20, y + 30)]
        polygon = shapely.Polygon(outer, [inner])
        yield [
            shapely.Point(x, y),
            shapely.LineString(outer),
            polygon,
            shapely.MultiPolygon([polygon, shapely.Polygon([(0, 0), (1, 0), (1, 1)])]),
        ][number % 4]


def ours(geometry):
    """A geometry of the program as shapely has it."""
    kind = geometry["type"]
    if kind == "point":
        return shapely.Point(geometry["x"], geometry["y"])
    if kind == "polyline":
        return shapely.LineString(geometry["points"])
    if kind == "polygon":
        outer, *holes = geometry["rings"]
        return shapely.Polygon(outer, holes)
    if kind == "multipolygon":
        return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in geometry["polygons"]])
    if kind == "box":
        x, y = geometry["x"], geometry["y"]
        ring = [(x, y), (x + geometry["width"], y), (x + geometry["width"], y + geometry["height"]), (x, y + geometry["height"])]
        return shapely.Polygon(ring)
    raise ValueError(kind)


def compare(check, repository, path):
    """Holds what both libraries read of an export against what the program lists."""
    listed = {row["id"]: row for row in repository.rows("annotations")}
    images = {row["id"]: row["name"] for row in repository.rows("images")}
    table = pq.read_table(path)
    metadata = pq.read_metadata(path).metadata
    carrier = json.loads(metadata[b"holotype.carrier"])
    check.equal("carrier: images", sorted(images.values()), [image["name"] for image in carrier["images"]])
    check.equal("pyarrow: rows", len(listed), table.num_rows)
    query = f"select annotation, image, label, geometry, shape, ratings, json_array_length(holotype, '$.ratings') from read_parquet('{path}')"
    connection = duckdb.connect()
    duck = {row[0]: row for row in connection.execute(query).fetchall()}
    check.equal("duckdb: rows", len(listed), len(duck))
    for row in table.to_pylist():
        identity = row["annotation"]
        here = listed[identity]
        check.equal(f"{identity}: image", images[here["image"]], row["image"])
        check.equal(f"{identity}: label", here["label"], row["label"])
        check.equal(f"{identity}: ratings", len(here["ratings"]), row["ratings"])
        carried = json.loads(row["holotype"])
        theirs = [(one["annotator"], one["round"], one.get("label", {}).get("name")) for one in carried.get("ratings", [])]
        check.equal(f"{identity}: who said what", [(one["annotator"], one["round"], one["label"]) for one in here["ratings"]], theirs)
        read = shapely.from_wkb(row["geometry"])
        check.equal(f"{identity}: geometry", True, read.equals_exact(ours(here["geometry"]), 0))
        also = duck[identity]
        check.equal(f"{identity}: as DuckDB has it", (row["image"], row["label"], row["shape"], row["ratings"], bytes(row["geometry"])), (also[1], also[2], also[4], also[5], bytes(also[3])))
        check.equal(f"{identity}: ratings in JSON", row["ratings"], also[6] or 0)


def foreign(check, binary):
    """Tables of others in all the ways that pyarrow and DuckDB write when they are told to."""
    chance = random.Random(11)
    geometries = list(generated(chance, 200))
    labels = [chance.choice(["mitosis", "other", None]) for _ in geometries]
    scores = [chance.choice([None, chance.random()]) for _ in geometries]
    table = pa.table({
        "geometry": pa.array([shapely.to_wkb(one) for one in geometries], pa.binary()),
        "label": labels,
        "image": [f"{number % 3}.tif" for number in range(len(geometries))],
        "score": scores,
    })
    with Repository(binary) as repository:
        paths = {}
        ways = itertools.product(["1.0", "2.0"], [True, False], ["snappy", "none"], [None, 64])
        for number, (version, dictionary, compression, page) in enumerate(ways):
            path = repository.path / f"arrow-{number}.parquet"
            pq.write_table(
                table, path, data_page_version=version, use_dictionary=dictionary, compression=compression,
                row_group_size=70, data_page_size=page,
            )
            paths[f"pyarrow {version} {dictionary} {compression} {page}"] = path
        path = repository.path / "duck.parquet"
        connection = duckdb.connect()
        connection.register("source", table)
        connection.execute(f"copy source to '{path}' (format parquet)")
        paths["duckdb"] = path
        for way, path in paths.items():
            compare_foreign(check, binary, way, path, geometries, labels, scores)
        path = repository.path / "zstd.parquet"
        pq.write_table(table, path, compression="zstd")
        ran = subprocess.run([binary, "import", str(path)], cwd=repository.path, capture_output=True, text=True, check=False, env={"HOLOTYPE_AUTHOR": "A <a@example.org>"})
        check.equal("zstd: refused", (3, True), (ran.returncode, "Zstandard" in ran.stderr))


def compare_foreign(check, binary, way, path, geometries, labels, scores):
    with Repository(binary) as repository:
        report = repository.import_file(path)
        check.equal(f"{way}: created", report["created"], len(geometries))
        check.equal(f"{way}: lost", report["losses"], [])
        rows = repository.rows("annotations")
        found = sorted((ours(row["geometry"]).wkb_hex, str(row["label"]), str(row["attributes"].get("score"))) for row in rows)
        wanted = sorted((one.wkb_hex, str(label), str(score)) for one, label, score in zip(geometries, labels, scores))
        check.equal(f"{way}: geometries, labels and scores", found, wanted)


def main():
    """Compares generated and, where it is, published data."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    check = Check()
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    foreign(check, binary)
    for source in map(pathlib.Path, sys.argv[2:]):
        with Repository(binary) as repository:
            repository.import_file(source.resolve())
            repository.run("commit", "-m", "as published")
            path = repository.path / "out.parquet"
            repository.run("export", "--format", "parquet", "--out", str(path))
            compare(check, repository, path)
    return check.end("parquet")


if __name__ == "__main__":
    sys.exit(main())
