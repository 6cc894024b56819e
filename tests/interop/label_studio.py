"""Encodes pictures with the package that Label Studio publishes, imports them as brush strokes, and compares the masks.

Usage: label_studio.py BINARY. Needs label-studio-sdk and numpy (PyPI). Exit 1 on a difference.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
from holotype_cli import Check, Repository
from label_studio_sdk.converter.brush import decode_rle, encode_rle


def pictures(random):
    """Masks of many sizes: blobs, noise, stripes, and nothing but one pixel."""
    for number in range(60):
        height, width = random.integers(1, 90, 2)
        y, x = np.mgrid[:height, :width]
        kind = number % 5
        if kind == 0:
            centre = random.uniform(0, 1, 2) * (height, width)
            mask = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 < random.uniform(1, 900)
        elif kind == 1:
            mask = random.random((height, width)) < random.uniform(0.02, 0.98)
        elif kind == 2:
            mask = x % random.integers(1, 7) == 0
        elif kind == 3:
            mask = y % random.integers(1, 7) == 0
        else:
            mask = (y == random.integers(0, height)) & (x == random.integers(0, width))
        yield mask.astype(np.uint8)


def task(number, mask):
    """A task with one brush stroke."""
    height, width = mask.shape
    rle = encode_rle(np.repeat(mask.reshape(-1) * 255, 4).astype(np.uint8))
    assert (decode_rle(rle).reshape(height, width, 4)[:, :, 3] == mask * 255).all()
    region = {
        "id": f"brush{number:05}",
        "type": "brushlabels",
        "value": {"format": "rle", "rle": [int(byte) for byte in rle], "brushlabels": ["tumour"]},
        "original_width": int(width),
        "original_height": int(height),
        "image_rotation": 0,
        "from_name": "tag",
        "to_name": "image",
    }
    annotation = {"id": 100 + number, "completed_by": 1, "result": [region], "was_cancelled": False}
    return {"id": number, "data": {"image": f"{number:05}.png"}, "annotations": [annotation]}


def unpacked(geometry):
    """The picture of a mask of ours: runs of zeros and ones, column by column."""
    counts = geometry["counts"]
    values = np.arange(len(counts)) % 2
    columns = np.repeat(values, np.array(counts, dtype=np.int64))
    return columns.reshape(int(geometry["width"]), int(geometry["height"])).T.astype(np.uint8)


def main():
    """Compares every picture, pixel by pixel."""
    if len(sys.argv) != 2:
        print(__doc__)
        return 2
    check = Check()
    masks = list(pictures(np.random.default_rng(28)))
    with tempfile.TemporaryDirectory() as folder, Repository(sys.argv[1]) as repository:
        path = pathlib.Path(folder) / "export.json"
        path.write_text(json.dumps([task(number, mask) for number, mask in enumerate(masks)]))
        said = repository.import_file(path)
        check.equal("format", said["format"], "labelstudio")
        check.equal("annotations", said["created"], len(masks))
        images = {row["id"]: row["name"] for row in repository.rows("images")}
        for row in repository.rows("annotations"):
            number = int(images[row["image"]].split(".")[0])
            ours, theirs = unpacked(row["geometry"]), masks[number]
            check.equal(f"picture {number}: size", ours.shape, theirs.shape)
            check.equal(f"picture {number}: pixels that differ", int((ours != theirs).sum()), 0)
    return check.end("label_studio")


if __name__ == "__main__":
    sys.exit(main())
