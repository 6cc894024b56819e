"""Opens exports with SlideRunner's own library and compares slides, classes, persons, places and labels per person.

Usage: sliderunner.py BINARY [DATABASE…]. Needs SlideRunner-dataAccess, openslide-bin and opencv-python-headless (PyPI). Exit 1 on a difference.
Then draws and relabels with that library, imports what it saved, and compares what the program says changed; and labels a
blinded round with it, whose answers come back.
"""

import contextlib
import io
import json
import pathlib
import random
import shutil
import sys
import uuid

from holotype_cli import Check, Repository
from SlideRunner_dataAccess.database import Database

SHAPES = {
    "point": "spotAnnotation", "box": "rectangularAnnotation", "polygon": "polygonAnnotation",
    "circle": "circleAnnotation", "image": "imageAnnotation",
}


def generated(chance):
    """Commands that draw on three images, by three annotators."""
    for image in ("a.tif", "sub/b.tif", "c.svs"):
        yield {"command": "declare", "image": image, "facts": {"width": 4000, "height": 3000}}
    for number in range(120):
        x, y = chance.randrange(0, 8000) / 2, chance.randrange(0, 6000) / 2
        w, h = chance.randrange(1, 200) / 2, chance.randrange(1, 200) / 2
        shape = chance.choice(list(SHAPES))
        geometry = {
            "point": {"type": "point", "x": x, "y": y},
            "box": {"type": "box", "x": x, "y": y, "width": w, "height": h},
            "circle": {"type": "circle", "x": x, "y": y, "radius": w},
            "polygon": {"type": "polygon", "rings": [[[x, y], [x + w, y], [x + w, y + h], [x + w / 2, y + h / 2]]]},
            "image": {"type": "image"},
        }[shape]
        yield {
            "command": "annotate",
            "image": ("a.tif", "sub/b.tif", "c.svs")[number % 3],
            "geometry": geometry,
            "label": chance.choice(["mitosis", "other"]),
            "annotator": f"person {number % 3}",
        }


def places(geometry):
    """The coordinates that SlideRunner must have of a geometry."""
    kind = geometry["type"]
    if kind == "point":
        return [[geometry["x"], geometry["y"]]]
    if kind == "box":
        x, y = geometry["x"], geometry["y"]
        return [[x, y], [x + geometry["width"], y + geometry["height"]]]
    if kind == "circle":
        x, y, r = geometry["x"], geometry["y"], geometry["radius"]
        return [[x - r, y - r], [x + r, y + r]]
    if kind == "polygon":
        return geometry["rings"][0]
    return [[None, None]]


def opened(path):
    """Opens a copy, since the library may rewrite what it opens; what it prints is not ours."""
    copy = path.with_name("opened.sqlite")
    shutil.copy(path, copy)
    database = Database()
    with contextlib.redirect_stdout(io.StringIO()):
        assert database.open(str(copy)), "the library opens it"
    return database, copy


def compare(check, repository, path):
    """Holds all that the library reads against what the program lists."""
    listed = {str(uuid.UUID(row["id"][16:])): row for row in repository.rows("annotations")}
    names = {row["id"]: row["name"] for row in repository.rows("images")}
    database, _ = opened(path)
    slides = dict(database.listOfSlides())
    check.equal("slides", sorted(names.values()), sorted(slides.values()))
    classes = {row[1]: row[0] for row in database.getAllClasses()}
    check.equal("classes", sorted(row["name"] for row in repository.rows("labels")), sorted(classes.values()))
    people = {row[1]: row[0] for row in database.getAllPersons()}
    check.equal("persons", sorted(row["code"] for row in repository.rows("annotators")), sorted(people.values()))
    classes[0] = None
    seen = 0
    for slide, name in slides.items():
        with contextlib.redirect_stdout(io.StringIO()):
            database.loadIntoMemory(slide, zLevel=None)
        for uid, annotation in database.annotations.items():
            row = listed[annotation.guid]
            seen += 1
            check.equal(f"{annotation.guid}: slide", names[row["image"]], name)
            check.equal(f"{annotation.guid}: type", SHAPES[row["geometry"]["type"]], type(annotation).__name__)
            check.equal(f"{annotation.guid}: agreed", row["label"], classes[annotation.agreedClass])
            theirs = [(people[label.annnotatorId], classes[label.classId]) for label in annotation.labels]
            ours = [(rating["annotator"], rating["label"]) for rating in row["ratings"]]
            check.equal(f"{annotation.guid}: labels by person", ours, theirs)
            query = f"select coordinateX, coordinateY from Annotations_coordinates where annoId == {uid} order by orderIdx"
            theirs = [list(at) for at in database.execute(query).fetchall()]
            check.equal(f"{annotation.guid}: coordinates", places(row["geometry"]), theirs)
    check.equal("annotations", len(listed), seen)


def exported(repository, name):
    """Commits the draft and exports it."""
    repository.run("commit", "-m", name)
    path = repository.path / f"{name}.sqlite"
    repository.run("export", "--format", "sliderunner", "--out", str(path))
    return path


def edited(check, repository, path):
    """Draws, relabels and deletes with the library, and imports what it saved."""
    database, copy = opened(path)
    slide = database.listOfSlides()[0][0]
    with contextlib.redirect_stdout(io.StringIO()):
        database.loadIntoMemory(slide, zLevel=None)
        spots = [one for one in database.annotations.values() if one.annotationType == 1 and one.labels]
        relabelled = spots[0]
        other = next(row[1] for row in database.getAllClasses() if row[1] != relabelled.agreedClass)
        label = relabelled.labels[0]
        database.setAnnotationLabel(other, label.annnotatorId, label.uid, relabelled.uid)
        person = database.getAllPersons()[0][1]
        database.insertNewSpotAnnotation(17.5, 18.5, slide, other, person)
        database.commit()
    report = repository.import_file(copy)
    check.equal("edited: created", report["created"], 1)
    check.equal("edited: modified", report["modified"], 1)
    check.equal("edited: ratings added", report["ratings_added"], 2)
    check.equal("edited: withdrawn", report["withdrawn"], 0)
    people = [row["code"] for row in repository.rows("annotators")]
    check.equal("edited: nobody new", people, [row[0] for row in database.getAllPersons()])


def round_labelled(check, repository):
    """Labels a blinded round with the library, and takes its answers back."""
    people = [row["code"] for row in repository.rows("annotators")]
    package = repository.path / "package"
    opening = ["--annotator", people[1], "--blinded", "--sample", "40", "--seed", "3", "--format", "sliderunner"]
    repository.run("round", "open", *opening, "--out", str(package))
    repository.run("commit", "-m", "a round")
    database, copy = opened(next(package.glob("*.sqlite")))
    classes = {row[0]: row[1] for row in database.getAllClasses()}
    persons = {row[0]: row[1] for row in database.getAllPersons()}
    check.equal("round: persons", list(persons), [people[1]])
    said, answered = {}, 0
    with contextlib.redirect_stdout(io.StringIO()):
        for slide, _ in database.listOfSlides():
            database.loadIntoMemory(slide, zLevel=None)
            for uid, annotation in database.annotations.items():
                check.equal(f"round, {annotation.guid}: no label", [annotation.agreedClass, annotation.labels], [0, []])
                name = sorted(classes)[answered % len(classes)]
                said[name] = said.get(name, 0) + 1
                answered += 1
                database.addAnnotationLabel(classes[name], persons[people[1]], uid)
        database.commit()
    report = repository.json("round", "close", str(copy))
    check.equal("round: answered", [report["round"]["answered"], report["unanswered"], report["added"]], [40, 0, 0])
    check.equal("round: blinding held", report["blinding"]["held"], True)
    ratings = [one for one in repository.rows("ratings") if one["round"] == report["round"]["round"]]
    ours = {name: sum(1 for one in ratings if one["label"] == name) for name in said}
    check.equal("round: labels", ours, said)


def main():
    """Compares a generated dataset, edits it, and compares the published one where it is."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    check = Check()
    with Repository(sys.argv[1]) as repository:
        lines = repository.path / "lines.jsonl"
        lines.write_text("".join(json.dumps(line) + "\n" for line in generated(random.Random(7))))
        repository.run("record", str(lines), "--create")
        path = exported(repository, "generated")
        compare(check, repository, path)
        edited(check, repository, path)
        round_labelled(check, repository)
    for source in map(pathlib.Path, sys.argv[2:]):
        with Repository(sys.argv[1]) as repository:
            repository.import_file(source.resolve())
            compare(check, repository, exported(repository, "published"))
    return check.end("sliderunner")


if __name__ == "__main__":
    sys.exit(main())
