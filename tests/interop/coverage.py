"""Compares `check coverage` with counts by DuckDB.

    python tests/interop/coverage.py target/debug/holotype [DATA]

Needs duckdb (PyPI). Random datasets of cases, images and annotations always; with DATA, the folder of published datasets, the
cases of MIDOG++ by scanner, tumour, origin and species in its published parts, and the images of BCCD by how many cells of a
kind its files say they show. Every row of every table is compared: cases, images and annotations, in all and in each part.
Prints counts; exits 1 on a difference.
"""

import csv
import json
import pathlib
import random
import sys
import tempfile
from xml.etree import ElementTree

import duckdb
from holotype_cli import Check, Repository

RANDOM = 20
NOT_STATED = "not stated"
NO_PART = "no part"


def write_table(path, head, rows):
    """Writes a table as CSV."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def counted(database, fact):
    """Counts by value of a fact, in all and by part, as DuckDB has them: {value: {part or None: (cases, images, annotations)}}.

    `images` has a row an image with its case, part and facts, `annotations` a row an annotation. An image without a case is
    a case of its own.
    """
    rows = database.execute(
        f"""
        with objects as (select image, count(*) as n from annotations group by image)
        select coalesce(cast("{fact}" as varchar), '{NOT_STATED}') as value,
               case when grouping(part) = 1 then null else part end as part,
               count(distinct coalesce("case", 'image ' || image)), count(*), cast(sum(coalesce(n, 0)) as bigint)
        from (select * replace (coalesce(part, '{NO_PART}') as part) from images) left join objects using (image)
        group by grouping sets ((value), (value, part))
        """
    ).fetchall()
    counts = {}
    for value, part, *numbers in rows:
        counts.setdefault(value, {})[part] = tuple(numbers)
    return counts


def compare(check, where, repository, database, facts):
    """Compares the tables of some facts."""
    tables = {one["fact"]: one for one in repository.json("check", "coverage", "--by", ",".join(facts))["coverage"]}
    check.equal(f"{where}: facts", sorted(tables), sorted(facts))
    for fact in facts:
        theirs = counted(database, fact)
        rows = {row["value"]: row for row in tables[fact]["rows"]}
        check.equal(f"{where}: values of {fact}", sorted(rows), sorted(theirs))
        for value in rows.keys() & theirs.keys():
            parts = {None: rows[value], **rows[value]["parts"]}
            for part, ours in parts.items():
                found = (ours["cases"], ours["images"], ours["annotations"])
                check.equal(f"{where}: {fact} = {value}, {part or 'all'}", found, theirs[value].get(part, (0, 0, 0)))
            missing = theirs[value].keys() - parts.keys()
            check.equal(f"{where}: {fact} = {value}: parts that we leave out", sorted(map(str, missing)), [])


def generated(check, binary, folder, seed):
    """A dataset drawn by a seed: some images without a case, some cases in no part, some facts not stated."""
    draw = random.Random(seed)
    database = duckdb.connect()
    cases = [f"P{n}" for n in range(draw.randint(1, 8))]
    part_of = {case: draw.choice(["train", "test", "val", None]) for case in cases}
    # What a table with a column of cases says of species is said of the case.
    species_of = {case: draw.choice(["dog", "human", None]) for case in cases}
    images, annotations = [], []
    for n in range(draw.randint(1, 30)):
        case = draw.choice([*cases, None])
        facts = [draw.choice(["CS2", "XR", "S360", None]), species_of[case] if case else draw.choice(["dog", None])]
        images.append((f"{n}.tiff", case, part_of.get(case), *facts))
        annotations += [(f"{n}.tiff",)] * draw.choice([0, 0, 1, 5, 30])
    database.execute('create table images (image varchar, "case" varchar, part varchar, scanner varchar, species varchar)')
    database.executemany("insert into images values (?, ?, ?, ?, ?)", images)
    database.execute("create table annotations (image varchar)")
    if annotations:
        database.executemany("insert into annotations values (?)", annotations)
    with Repository(binary) as repository:
        lines = [{"command": "define_label", "name": "cell"}]
        lines += [{"command": "declare", "image": image[0]} for image in images]
        for n, (image,) in enumerate(annotations):
            place = {"type": "point", "x": n, "y": 0}
            lines.append({"command": "annotate", "image": image, "geometry": place, "label": "cell", "annotator": "A"})
        repository.record(lines)
        table = [(image, case, scanner, species) for image, case, _, scanner, species in images]
        write_table(folder / "facts.csv", ["image", "case", "scanner", "species"], table)
        repository.run("metadata", str(folder / "facts.csv"))
        assigned = sorted({(case, part) for _, case, part, *_ in images if part})
        if assigned:
            write_table(folder / "split.csv", ["case", "part"], assigned)
            repository.run("split", "import", "main", str(folder / "split.csv"))
        else:
            database.execute("update images set part = null")
        stated = [name for name, n in (("scanner", 3), ("species", 4)) if any(image[n] for image in images)]
        if not assigned:
            # Without a split there are no parts at all, so that none is compared.
            check.equal(f"dataset {seed}: no parts", repository.json("check", "coverage", "--by", "scanner")["split"], None)
            return
        if stated:
            compare(check, f"dataset {seed}", repository, database, stated)


def midog(check, binary, data, folder):
    """MIDOG++: its table of cases read by DuckDB itself, its annotations from its JSON."""
    table, file = data / "midog/MIDOG++_slides.csv", data / "midog/MIDOG++.json"
    database = duckdb.connect()
    content = json.loads(file.read_text(encoding="utf-8"))
    names = {image["id"]: image["file_name"] for image in content["images"]}
    database.execute("create table named (number bigint, image varchar)")
    database.executemany("insert into named values (?, ?)", list(names.items()))
    database.execute("create table annotations (image varchar)")
    database.executemany("insert into annotations values (?)", [(names[one["image_id"]],) for one in content["annotations"]])
    database.execute(
        """create table images as select image, null::varchar as "case", Dataset as part, Tumor as tumour, Scanner as scanner,
           Origin as origin, Species as species from named left join read_csv(?, delim = ';', header = true) t on t.Slide = number""",
        [str(table)],
    )
    with Repository(binary) as repository:
        repository.import_file(file)
        repository.run("metadata", str(table), "--key", "Slide", "--match", "{:03}.tiff")
        split = database.execute("select image, part from images where part is not null order by image").fetchall()
        write_table(folder / "midog.csv", ["image", "part"], split)
        repository.run("split", "import", "published", str(folder / "midog.csv"))
        compare(check, "MIDOG++", repository, database, ["scanner", "tumour", "origin", "species"])
    return len(names), len(content["annotations"])


def bccd(check, binary, data, folder):
    """BCCD: facts from its own files (how many white cells, and whether there are platelets), its published parts."""
    files = sorted((data / "bccd/Annotations").glob("*.xml"))
    annotations, names = [], {}
    for file in files:
        root = ElementTree.parse(file).getroot()
        names[file.stem] = root.findtext("filename")
        annotations += [(names[file.stem], one.findtext("name")) for one in root.iter("object")]
    database = duckdb.connect()
    database.execute("create table annotations (image varchar, label varchar)")
    database.executemany("insert into annotations values (?, ?)", annotations)
    database.execute("create table parts (image varchar, part varchar)")
    for part in ("train", "val", "test"):
        listed = (data / f"bccd/ImageSets/Main/{part}.txt").read_text(encoding="utf-8").split()
        database.executemany("insert into parts values (?, ?)", [(names[name], part) for name in listed if name in names])
    database.execute("create table files (image varchar)")
    database.executemany("insert into files values (?)", [(name,) for name in names.values()])
    database.execute(
        """create table images as select image, null::varchar as "case", part,
               'white cells ' || least(count(label) filter (label = 'WBC'), 3) as white_cells,
               case when count(label) filter (label = 'Platelets') > 0 then 'some' end as platelets
           from files left join annotations using (image) left join parts using (image) group by image, part"""
    )
    with Repository(binary) as repository:
        repository.import_file(data / "bccd/Annotations", "--annotator", "A=human")
        rows = database.execute("select image, white_cells, platelets from images order by image").fetchall()
        write_table(folder / "bccd.csv", ["image", "white_cells", "platelets"], rows)
        repository.run("metadata", str(folder / "bccd.csv"))
        split = database.execute("select image, part from images where part is not null order by image").fetchall()
        write_table(folder / "bccd_split.csv", ["image", "part"], split)
        repository.run("split", "import", "published", str(folder / "bccd_split.csv"))
        compare(check, "BCCD", repository, database, ["white_cells", "platelets"])
    return len(names), len(annotations)


def main():
    """Goes through what there is."""
    if len(sys.argv) not in (2, 3):
        print(__doc__)
        return 2
    binary, check = sys.argv[1], Check()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for seed in range(RANDOM):
            generated(check, binary, folder, seed)
        if len(sys.argv) == 3:
            for title, read in (("MIDOG++", midog), ("BCCD", bccd)):
                images, annotations = read(check, binary, pathlib.Path(sys.argv[2]), folder)
                print(f"coverage: {title}: {images} images, {annotations} annotations")
    return check.end("coverage")


if __name__ == "__main__":
    sys.exit(main())
