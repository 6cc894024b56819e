#!/usr/bin/env python3
"""Loads a release of annotations with pycocotools.

    python load_release.py RELEASE_DIR

Prints how many annotations each label has, and the boxes of one image. Needs pycocotools.
"""

import json
import pathlib
import sys

from pycocotools.coco import COCO


def main(folder):
    folder = pathlib.Path(folder)
    # What is released stands in release.json; its BLAKE3 is what a citation names.
    release = json.loads((folder / "release.json").read_bytes())
    print(release["name"], release["version"], "snapshot", release["snapshot"])

    coco = COCO(str(folder / "data/annotations/coco.json"))
    for category in coco.loadCats(coco.getCatIds()):
        print(category["name"], len(coco.getAnnIds(catIds=[category["id"]])))

    # Boxes are x, y, width, height in px of the full resolution.
    image = coco.loadImgs(coco.getImgIds())[0]
    for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))[:3]:
        print(image["file_name"], annotation["bbox"])

    assert len(coco.anns) == release["exported"]["annotations"]


if __name__ == "__main__":
    main(sys.argv[1])
