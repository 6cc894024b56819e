#!/usr/bin/env python3
"""A release with images as a dataset for PyTorch: a plain class with a length and items, which a DataLoader takes.

    python load_release_torch.py RELEASE_DIR

Needs nothing but Python; with torch the class derives from its Dataset. An item is the bytes of an image with its
boxes (x, y, width, height in px) and labels; decode the bytes as you like. `part` takes one part of a split.
"""

import csv
import json
import pathlib
import sys

try:
    from torch.utils.data import Dataset
except ImportError:  # the class is the same without
    Dataset = object


class ReleaseDataset(Dataset):
    def __init__(self, folder, split=None, part=None):
        self.folder = pathlib.Path(folder)
        coco = json.loads((self.folder / "data/annotations/coco.json").read_bytes())
        self.labels = {category["id"]: category["name"] for category in coco["categories"]}
        self.images = [image for image in coco["images"] if self._path(image).is_file()]
        if split is not None:
            with open(self.folder / "data/splits.csv", newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if (row["split"], row["part"]) == (split, part)]
            names = {row["image"] for row in rows}
            self.images = [image for image in self.images if image["file_name"] in names]
        self.annotations = {image["id"]: [] for image in self.images}
        for annotation in coco["annotations"]:
            if annotation["image_id"] in self.annotations:
                self.annotations[annotation["image_id"]].append(annotation)

    def _path(self, image):
        return self.folder / "data/images" / image["file_name"]

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        image = self.images[index]
        annotations = self.annotations[image["id"]]
        target = {
            "boxes": [annotation["bbox"] for annotation in annotations],
            "labels": [self.labels[annotation["category_id"]] for annotation in annotations],
        }
        return self._path(image).read_bytes(), target


def main(folder):
    dataset = ReleaseDataset(folder)
    print(len(dataset), "images with bytes")
    boxes = 0
    for index in range(len(dataset)):
        image, target = dataset[index]
        assert image and len(target["boxes"]) == len(target["labels"])
        boxes += len(target["boxes"])
    print(boxes, "boxes")


if __name__ == "__main__":
    main(sys.argv[1])
