"""Compares areas, masks and boxes with pycocotools: of run lengths of both kinds, of polygons, and of a published file.

Usage: coco.py BINARY [COCO.json…]. Needs pycocotools and numpy (PyPI). Exit 1 on a difference.
"""

import contextlib
import io
import json
import pathlib
import sys

import numpy as np
from holotype_cli import Check, Repository
from pycocotools import mask as masks
from pycocotools.coco import COCO

HEIGHT, WIDTH = 60, 80


def pictures(random):
    """Blobs, noise, stripes, single pixels, and the whole image."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for number in range(60):
        centre = random.uniform(0, 1, 2) * (HEIGHT, WIDTH)
        mask = [
            (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < random.uniform(1, 600),
            random.random((HEIGHT, WIDTH)) < random.uniform(0.02, 0.98),
            x % random.integers(2, 7) == 0,
            (y == int(centre[0])) & (x == int(centre[1])),
            np.ones((HEIGHT, WIDTH), bool),
        ][number % 5]
        yield np.asfortranarray(mask.astype(np.uint8))


def uncompressed(mask):
    """Run lengths as a list, column by column, beginning with zeros."""
    flat = mask.reshape(-1, order="F")
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    return {"counts": runs if flat[0] == 0 else [0, *runs], "size": [HEIGHT, WIDTH]}


def unpacked(geometry):
    """The picture of a mask of ours in its image."""
    values = np.arange(len(geometry["counts"])) % 2
    columns = np.repeat(values, np.array(geometry["counts"], dtype=np.int64))
    part = columns.reshape(int(geometry["width"]), int(geometry["height"])).T
    whole = np.zeros((HEIGHT, WIDTH), np.uint8)
    x, y = int(geometry["x"]), int(geometry["y"])
    whole[y:y + part.shape[0], x:x + part.shape[1]] = part
    return whole


def quiet(path):
    """pycocotools tells what it does."""
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def generated(check, binary):
    """Masks, polygons and keypoints in, and out again."""
    random = np.random.default_rng(21)
    given, annotations = {}, []
    for number, picture in enumerate(pictures(random), 1):
        runs = masks.encode(picture)
        compressed = {"counts": runs["counts"].decode(), "size": runs["size"]}
        given[str(number)] = picture
        annotations.append({
            "id": number, "image_id": 1, "category_id": 1, "iscrowd": int(number % 2),
            "segmentation": compressed if number % 2 == 0 else uncompressed(picture),
            "bbox": masks.toBbox(runs).tolist(), "area": int(masks.area(runs)),
        })
    ring = [10, 10, 50.5, 10, 50.5, 40, 10, 40.25]
    first = len(annotations) + 1
    annotations.append({"id": first, "image_id": 1, "category_id": 1, "segmentation": [ring], "bbox": [10, 10, 40.5, 30.25], "area": 1220, "iscrowd": 0,
                        "keypoints": [12, 12, 2, 0, 0, 0], "num_keypoints": 1})
    source = {
        "images": [{"id": 1, "file_name": "a.png", "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": 1, "name": "cell"}], "annotations": annotations,
    }
    with Repository(binary) as repository:
        path = repository.path / "in.json"
        path.write_text(json.dumps(source))
        report = repository.import_file(path, "--box-format", "xywh")
        check.equal("created", report["created"], len(annotations))
        repository.run("commit", "-m", "masks")
        out = repository.path / "out.json"
        repository.run("export", "--format", "coco", "--out", str(out))
        coco = quiet(out)
        listed = {row["id"]: row for row in repository.rows("annotations")}
        by_number = {str(number): listed[written["holotype_id"]] for number, written in coco.anns.items()}
        for number, picture in given.items():
            row = by_number[number]
            check.equal(f"mask {number}: its kind", row["geometry"]["type"], "mask")
            check.equal(f"mask {number}: pixels", int((unpacked(row["geometry"]) != picture).sum()), 0)
        keypoints = by_number[str(first)]["attributes"]["keypoints"]
        check.equal("keypoints are kept", json.loads(keypoints) if isinstance(keypoints, str) else keypoints, [12, 12, 2, 0, 0, 0])
        for number, picture in given.items():
            annotation = coco.anns[int(number)]
            check.equal(f"mask {number}: as pycocotools reads it back", int((coco.annToMask(annotation) != picture).sum()), 0)
            check.equal(f"mask {number}: area", annotation["area"], int(picture.sum()))
            runs = masks.encode(picture)
            check.equal(f"mask {number}: box", annotation["bbox"], masks.toBbox(runs).tolist())
        polygon = coco.anns[first]
        check.equal("polygon", polygon["segmentation"], [ring])
        drawn = masks.merge(masks.frPyObjects([ring], HEIGHT, WIDTH))
        check.near("polygon: area, to the pixels of its border", [polygon["area"]], [float(masks.area(drawn))], 60)


def published(check, binary, source):
    """A published file: every box and its area as pycocotools reads our export."""
    given = json.loads(source.read_text())
    with Repository(binary) as repository:
        report = repository.import_file(source)
        repository.run("commit", "-m", "as published")
        out = repository.path / "out.json"
        repository.run("export", "--format", "coco", "--out", str(out))
        coco = quiet(out)
        check.equal("published: annotations", len(given["annotations"]), len(coco.anns))
        names = {image["id"]: image["file_name"] for image in given["images"]}
        categories = {category["id"]: category["name"] for category in given["categories"]}
        for annotation in given["annotations"]:
            written = coco.anns[annotation["id"]]
            x, y, third, fourth = annotation["bbox"]
            box = [x, y, third - x, fourth - y] if report["box_format"] == "xyxy" else annotation["bbox"]
            where = f"published {annotation['id']}"
            check.equal(f"{where}: box", box, written["bbox"])
            check.equal(f"{where}: area", box[2] * box[3], written["area"])
            check.equal(f"{where}: image", names[annotation["image_id"]], coco.imgs[written["image_id"]]["file_name"])
            check.equal(f"{where}: class", categories[annotation["category_id"]], coco.cats[written["category_id"]]["name"])


def main():
    """Compares generated and, where it is, published data."""
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    check = Check()
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    generated(check, binary)
    for source in map(pathlib.Path, sys.argv[2:]):
        published(check, binary, source.resolve())
    return check.end("coco")


if __name__ == "__main__":
    sys.exit(main())
