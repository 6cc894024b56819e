#!/usr/bin/env python3
"""Hands releases to validators and readers that other people wrote.

    python tests/interop/release.py target/debug/holotype

Needs bagit, mlcroissant, cffconvert, datacite, rocrate, roc-validator, pycocotools, pyarrow, duckdb, shapely and blake3; sha256sum, and
b3sum and ssh-keygen where they are on the path. Releases the demo's dataset with images, and, where HOLOTYPE_DATA names the
published datasets, all of BCCD with images and MIDOG and MIDOG++ without; each is validated as a bag, loaded as Croissant
record set by record set, as COCO, Parquet, CSV and GeoJSON, and all counts are compared with `release.json` and with
`holotype list`; every number of the datasheet is computed once more (datasheet_numbers.py). Prints counts; exits 1 on a
difference.
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
from datasheet_numbers import check_datasheet
from holotype_cli import Check

ROOT = pathlib.Path(__file__).resolve().parents[2]
AUTHOR = "Ada Example <ada@example.org>"
FACTS = [
    "title=Cells of several kinds: a test",
    "description=Boxes on cells; made to try releases.",
    "creators=Example, Ada; Sample, Ben",
    "publisher=Example University",
    "contact=https://example.org/cells/issues",
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


def check_query(check, binary, name, repository, version):
    """A stored query: its citations by validators, its rows by their digest and against the Parquet table."""
    expression = "label != none && type != 'image'"
    cited = {}
    for form in ["text", "cff", "datacite"]:
        cited[form] = json.loads(run(binary, repository, "cite", version, "--query", expression, "--format", form, "--json"))
    check.equal(f"{name}: one id of a query", 1, len({told["query"]["id"] for told in cited.values()}))
    check.equal(f"{name}: cffconvert of a query", None, cffconvert.Citation(cited["cff"]["citation"]).validate())
    errors = [error.message for error in schema45.validator.iter_errors(json.loads(cited["datacite"]["citation"]))]
    check.equal(f"{name}: datacite of a query", [], errors)
    query = cited["text"]["query"]
    told = json.loads(run(binary, repository, "resolve", cited["text"]["citation"].strip(), "--out", repository.parent / "part", "--json"))
    folder = pathlib.Path(told["path"])
    rows = (folder / "annotations.jsonl").read_bytes()
    check.equal(f"{name}: result of a query", query["result"], blake3(rows).hexdigest())
    check.equal(f"{name}: id of a query", query["id"], blake3((folder / "query.json").read_bytes()).hexdigest())
    ids = [json.loads(line)["annotation"] for line in rows.splitlines()]
    check.equal(f"{name}: order of a query's rows", ids, sorted(ids))
    path = folder / "annotations.parquet"
    table = duckdb.sql(f"select annotation from read_parquet('{path}') order by 1").fetchall()
    check.equal(f"{name}: rows of a query", ids, [annotation for annotation, in table])
    check.equal(f"{name}: count of a query", query["count"], len(ids))


def counts(annotations, images, labels):
    return {"annotations": annotations, "images": images, "labels": labels}


def personal(binary, repository, version):
    """In how many places the gate finds personal data in names and facts, by code."""
    found = {}
    # Findings are no failure here.
    for code in [0, 1]:
        with contextlib.suppress(RuntimeError):
            report = run(binary, repository, "check", version, "--json", code=code)
    for finding in json.loads(report)["findings"]:
        is_personal = "HT-Q401" <= finding["code"] <= "HT-Q410" and not finding["object"].startswith("header/")
        if is_personal and finding["severity"] != "information":
            found[finding["code"]] = found.get(finding["code"], 0) + len(finding["items"])
    return [found[code] for code in sorted(found)]


def check_release(check, binary, name, repository, version, *options, is_published=False):
    """Builds a release and hands it to everybody; of one that is published enough questions are answered by the log."""
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
    questions = json.loads(run(binary, repository, "datasheet", version, "--json"))["questions"]
    answered = check_datasheet(check, name, folder, record, [question["name"] for question in questions], personal(binary, repository, version))
    if is_published:
        check.equal(f"{name}: questions answered by the log, wholly and in part", True, answered["full"] >= 20 and answered["part"] >= 17)
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
        check_query(check, binary, "demo", demo, "2.0.0")
        data = os.environ.get("HOLOTYPE_DATA")
        if data is None:
            print("release: no published datasets here; left out")
            return check.end("release")
        data = pathlib.Path(data)
        bccd = dataset(binary, work, "BCCD", "licence=MIT")
        run(binary, bccd, "add", *sorted(data.glob("bccd/**/JPEGImages")))
        run(binary, bccd, "commit", "-m", "images")
        run(binary, bccd, "import", *sorted(data.glob("bccd/**/Annotations")), "--commit", "as published")
        table = work / "bccd.csv"
        names = [json.loads(row)["name"] for row in run(binary, bccd, "list", "images", "--json").splitlines()]
        table.write_text("image,species,specimen\n" + "".join(f"{name},human,blood smear\n" for name in names), encoding="utf-8")
        run(binary, bccd, "metadata", table)
        run(binary, bccd, "commit", "-m", "what the images show")
        check_release(check, binary, "BCCD", bccd, "1.0.0", "--with-images", is_published=True)
        midog = dataset(binary, work, "MIDOG", "licence=CC-BY-NC-ND-4.0")
        run(binary, midog, "import", data / "midog/MIDOG.sqlite", "--commit", "MIDOG 2021")
        run(binary, midog, "metadata", data / "midog/MIDOG++_slides.csv", "--match", "{:03}.tiff")
        run(binary, midog, "commit", "-m", "what the images show")
        source = ["--image-source", "https://example.org/midog/{name}"]
        check_release(check, binary, "MIDOG", midog, "1.0.0", *source, is_published=True)
        plus = dataset(binary, work, "MIDOG++", "licence=CC0-1.0")
        run(binary, plus, "import", data / "midog/MIDOG++.json", "--commit", "MIDOG++")
        check_release(check, binary, "MIDOG++", plus, "1.0.0", *source)
    return check.end("release")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
