#!/usr/bin/env python3
"""Hands releases to validators and readers that other people wrote.

    python tests/interop/release.py target/debug/holotype

Needs bagit, mlcroissant, cffconvert, datacite, rocrate, roc-validator, pycocotools, pyarrow, duckdb, shapely and blake3; sha256sum, and
b3sum and ssh-keygen where they are on the path. Releases the demo's dataset with images, and, where HOLOTYPE_DATA names the
published datasets, all of BCCD with images and MIDOG and MIDOG++ without; each is validated as a bag, loaded as Croissant
record set by record set, as COCO, Parquet, CSV and GeoJSON, and all counts are compared with `release.json` and with
`holotype list`. Prints counts; exits 1 on a difference.
"""

import contextlib
import csv
import io
import json
import logging
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from urllib.parse import unquote

import bagit
import cffconvert
import duckdb
import mlcroissant
import pyarrow.parquet
import shapely.geometry
from blake3 import blake3
from datacite import schema45
from pycocotools.coco import COCO
from rocrate.rocrate import ROCrate

import ro_crate
from holotype_cli import Check

ROOT = pathlib.Path(__file__).resolve().parents[2]
AUTHOR = "Ada Example <ada@example.org>"
FACTS = [
    "title=Cells of several kinds: a test",
    "description=Boxes on cells; made to try releases.",
    "creators=Example, Ada; Sample, Ben",
    "publisher=Example University",
]


def run(binary, folder, *arguments, code=0):
    """Runs the program; its exit code must be `code`."""
    environment = {**os.environ, "HOLOTYPE_AUTHOR": AUTHOR, "HOLOTYPE_NOW": "2026-01-02T00:00:00Z"}
    ran = subprocess.run(
        [binary, *map(str, arguments)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if ran.returncode != code:
        raise RuntimeError(f"{arguments}: exit {ran.returncode}: {ran.stdout[-2000:]}{ran.stderr[-2000:]}")
    return ran.stdout


def quiet(function, *arguments):
    """Calls a reader that prints; returns what it returns."""
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


def check_sums(check, name, folder):
    """The manifests by the programs that they are written for."""
    for program, algorithm in [("sha256sum", "sha256"), ("b3sum", "blake3")]:
        if shutil.which(program) is None:
            print(f"release: {program} is not on the path; left out")
            continue
        for kind in ["manifest", "tagmanifest"]:
            ran = subprocess.run(
                [program, "-c", "--quiet", f"{kind}-{algorithm}.txt"], cwd=folder, capture_output=True, text=True, check=False
            )
            check.equal(f"{name}: {program} -c {kind}", (0, ""), (ran.returncode, ran.stdout))


def check_documents(check, name, folder):
    """What describes the release, by validators."""
    bag = bagit.Bag(str(folder))
    check.equal(f"{name}: bagit", True, bag.validate(processes=1))
    citation = cffconvert.Citation((folder / "CITATION.cff").read_text())
    check.equal(f"{name}: cffconvert", None, citation.validate())
    metadata = json.loads((folder / "datacite.json").read_text())
    errors = [error.message for error in schema45.validator.iter_errors(metadata)]
    check.equal(f"{name}: datacite", [], errors)
    crate = ROCrate(str(folder))
    files = {entity.id for entity in crate.get_entities() if entity.type == "File"}
    objects = "data/history/objects/"
    expected = {path.relative_to(folder).as_posix() for path in (folder / "data").rglob("*") if path.is_file()}
    expected = {path for path in expected if not path.startswith(objects)}
    check.equal(f"{name}: rocrate", expected, {path for path in map(unquote, files) if path.startswith("data/")})
    check.equal(f"{name}: rocrate's name", metadata["titles"][0]["title"], crate.name)
    ran, issues = ro_crate.validate(folder)
    check.equal(f"{name}: roc-validator", (True, []), (ran > 30, issues))


def check_croissant(check, name, folder, expected):
    """Every record set, record by record."""
    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    check.equal(f"{name}: croissant", set(), set(dataset.metadata.ctx.issues.errors))
    found = {}
    for record_set in dataset.metadata.record_sets:
        found[record_set.id] = sum(1 for _ in dataset.records(record_set.id))
    check.equal(f"{name}: croissant's record sets", expected, found)


def check_tables(check, name, folder, record):
    """The annotations in their formats."""
    exported = record["exported"]
    annotations = folder / "data/annotations"
    coco = quiet(COCO, str(annotations / "coco.json"))
    check.equal(f"{name}: pycocotools", exported, counts(len(coco.anns), len(coco.imgs), len(coco.cats)))
    table = pyarrow.parquet.read_table(annotations / "annotations.parquet")
    path = str(annotations / "annotations.parquet")
    rows = duckdb.sql(f"select label, count(*) from read_parquet('{path}') group by 1").fetchall()
    check.equal(f"{name}: duckdb", table.num_rows, sum(count for _, count in rows))
    labels = {coco.cats[key]["name"]: len(coco.getAnnIds(catIds=[key])) for key in coco.cats}
    found = {label: count for label, count in rows if label is not None}
    check.equal(f"{name}: labels", {key: count for key, count in labels.items() if count}, found)
    with open(annotations / "annotations.csv", newline="", encoding="utf-8") as file:
        lines = [row for row in csv.DictReader(file) if row["holotype_id"]]
    check.equal(f"{name}: csv", table.num_rows, len(lines))
    features = 0
    for path in sorted((annotations / "geojson").rglob("*.geojson")):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            features += not shapely.geometry.shape(feature["geometry"]).is_empty
    check.equal(f"{name}: shapely", table.num_rows, features)
    return table.num_rows


def tables_of(sheet):
    """The tables of a datasheet: heads and rows, with escapes taken back."""
    tables, lines = [], sheet.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("|---"):
            cells = lambda row: [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            rows = []
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(cells(row))
            tables.append((cells(lines[number - 1]), rows))
    return tables


def check_datasheet(check, name, folder):
    """The numbers of the datasheet, computed once more from the exported tables with DuckDB."""
    base = duckdb.connect()
    parquet = str(folder / "data/annotations/annotations.parquet")
    base.execute(f"create view a as select * from read_parquet('{parquet}')")
    base.execute(f"create view i as select * from read_csv('{folder / 'data/images.csv'}', header=true, all_varchar=true)")
    base.execute("create view r as select unnest(from_json(holotype->'ratings', '[\"JSON\"]')) as rating from a")
    one = lambda query: base.execute(query).fetchone()[0]
    columns = {row[0] for row in base.execute("describe i").fetchall()}
    compared = 0
    for head, rows in tables_of((folder / "datasheet.md").read_text(encoding="utf-8")):
        for row in rows:
            if head == ["label", "annotations", "images"]:
                found = base.execute("select count(*), count(distinct image_id) from a where label = ?", [row[0]]).fetchone()
                expected = (int(row[1]), int(row[2]))
            elif head == ["shape", "annotations"]:
                found = base.execute("select count(*) from a where shape = ?", [row[0]]).fetchone()
                expected = (int(row[1]),)
            elif len(head) == 3 and head[1:] == ["annotations", "images"] and head[0] in columns:
                query = f"select count(a.annotation), count(distinct i.holotype_id) from i left join a on a.image_id = i.holotype_id where i.\"{head[0]}\" = ?"
                found = base.execute(query, [row[0]]).fetchone()
                expected = (int(row[1]), int(row[2]))
            elif head[:3] == ["annotator", "kind", "ratings"]:
                found = base.execute(
                    "select count(*), count(*) filter (rating->>'blinded' = 'true') from r where rating->>'annotator' = ?", [row[0]]
                ).fetchone()
                expected = (int(row[2]), int(row[5]))
            elif head == ["", "number"]:
                query = {
                    "images": "select count(distinct holotype_id) from i",
                    "images with bytes": "select count(distinct holotype_id) from i where blob is not null",
                    "bytes of images": "select coalesce(sum(size_bytes::bigint), 0) from i",
                    "images declared without bytes": "select count(*) from i where blob is null",
                    "annotations": "select count(*) from a",
                    "annotations without an agreed label": "select count(*) from a where label is null",
                }.get(row[0])
                if query is None:
                    continue
                found, expected = (one(query),), (int(row[1]),)
            else:
                continue
            compared += 1
            check.equal(f"{name}: datasheet, {head[0]} {row[0]}", expected, found)
    check.equal(f"{name}: datasheet has tables", True, compared >= 10)
    print(f"release: {name}: {compared} numbers of the datasheet computed once more")


def check_page(check, name, folder, binary):
    """Executes every block of the page on checking without Holotype, in the release's folder."""
    page = (ROOT / "docs/verify-without-holotype.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)
    check.equal(f"{name}: blocks of the page", True, len(blocks) >= 6)
    path = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in blocks:
        program = block.split()[0]
        if shutil.which(program) is None:
            print(f"release: {program} is not on the path; left out")
            continue
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
        )
        check.equal(f"{name}: {block.splitlines()[0]}", (0, ""), (ran.returncode, ran.stderr if ran.returncode else ""))


def check_examples(check, name, folder):
    """Runs the examples that load a release."""
    for example in sorted((ROOT / "examples").glob("load_release*.py")):
        ran = subprocess.run([sys.executable, str(example), str(folder)], capture_output=True, text=True, check=False)
        check.equal(f"{name}: {example.name}", (0, True), (ran.returncode, bool(ran.stdout)))


def counts(annotations, images, labels):
    return {"annotations": annotations, "images": images, "labels": labels}


def check_release(check, binary, name, repository, version, *options):
    """Builds a release and hands it to everybody."""
    out = repository.parent / f"{repository.name}-releases"
    told = json.loads(run(binary, repository, "release", version, "--out", out, "--json", *options))
    folder = pathlib.Path(told["path"])
    record = json.loads((folder / "release.json").read_bytes())
    check.equal(f"{name}: release id", blake3((folder / "release.json").read_bytes()).hexdigest(), told["release"])
    check_sums(check, name, folder)
    check_documents(check, name, folder)
    rows = check_tables(check, name, folder, record)
    listed = {what: len(run(binary, repository, "list", what, version, "--json").splitlines()) for what in ["annotations", "images", "labels"]}
    check.equal(f"{name}: list annotations", listed["annotations"], rows)
    with open(folder / "data/splits.csv", newline="", encoding="utf-8") as file:
        splits = sum(1 for _ in csv.DictReader(file))
    expected = {"images": listed["images"], "annotations": rows, "splits": splits, "labels": listed["labels"]}
    if (folder / "data/image-sources.csv").exists():
        with open(folder / "data/image-sources.csv", newline="", encoding="utf-8") as file:
            expected["image_sources"] = sum(1 for _ in csv.DictReader(file))
    check_croissant(check, name, folder, expected)
    images = sum(1 for path in (folder / "data/images").rglob("*") if path.is_file())
    check.equal(f"{name}: images", listed["images"] if "--with-images" in options else 0, images)
    check_datasheet(check, name, folder)
    check_examples(check, name, folder)
    verified = json.loads(run(binary, repository, "verify", "--release", folder, "--json"))
    checked = json.loads(run(binary, repository, "release", "--check", folder, "--json"))
    check.equal(f"{name}: release --check", True, checked["identical"])
    check.equal(f"{name}: verify", True, verified["ok"])
    print(f"release: {name} {version}: {record['exported']}, {told['files']} files")
    return folder


def dataset(binary, work, name, *facts):
    """Begins a repository."""
    folder = work / name
    folder.mkdir()
    run(binary, folder, "init", "--name", name)
    run(binary, folder, "set", "dataset", *FACTS, *facts)
    run(binary, folder, "commit", "-m", "what it is")
    return folder


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    logging.disable(logging.WARNING)
    binary = str(pathlib.Path(arguments[0]).resolve())
    check = Check()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        run(binary, work, "demo", "demo")
        demo = work / "demo/dataset"
        run(binary, demo, "set", "dataset", *FACTS)
        run(binary, demo, "split", "create", "main", "--ratio", "50:50", "--parts", "train,test", "--seed", "1")
        run(binary, demo, "commit", "-m", "facts and a split")
        signed = []
        if shutil.which("ssh-keygen") is not None:
            key = work / "key"
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
            public = key.with_suffix(".pub").read_text(encoding="utf-8")
            (work / "demo/dataset-releases").mkdir()
            (work / "demo/dataset-releases/signers").write_text(f"makers {public}", encoding="utf-8")
            signed = ["--sign", key]
        folder = check_release(check, binary, "demo", demo, "2.0.0", "--with-images", *signed)
        if signed:
            check_page(check, "demo", folder, binary)
        data = os.environ.get("HOLOTYPE_DATA")
        if data is None:
            print("release: no published datasets here; left out")
            return check.end("release")
        data = pathlib.Path(data)
        bccd = dataset(binary, work, "BCCD", "licence=MIT")
        run(binary, bccd, "add", *sorted(data.glob("bccd/**/JPEGImages")))
        run(binary, bccd, "commit", "-m", "images")
        run(binary, bccd, "import", *sorted(data.glob("bccd/**/Annotations")), "--commit", "as published")
        check_release(check, binary, "BCCD", bccd, "1.0.0", "--with-images")
        midog = dataset(binary, work, "MIDOG", "licence=CC-BY-NC-ND-4.0")
        run(binary, midog, "import", data / "midog/MIDOG.sqlite", "--commit", "MIDOG 2021")
        source = ["--image-source", "https://example.org/midog/{name}"]
        check_release(check, binary, "MIDOG", midog, "1.0.0", *source)
        plus = dataset(binary, work, "MIDOG++", "licence=CC0-1.0")
        run(binary, plus, "import", data / "midog/MIDOG++.json", "--commit", "MIDOG++")
        check_release(check, binary, "MIDOG++", plus, "1.0.0", *source)
    return check.end("release")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
