"""Writes 300 small images and six COCO files of 1,000 boxes each, the same ones each time, into a new folder."""

import json
import pathlib
import random
import struct
import sys
import zlib

IMAGES, FILES, BOXES, SIDE_PX = 300, 6, 1000, 48


def png(rng):
    """A grey image of random pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE_PX, SIDE_PX, 8, 0, 0, 0, 0)
    rows = b"".join(b"\0" + rng.randbytes(SIDE_PX) for _ in range(SIDE_PX))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def coco(rng, names):
    """A document of boxes in images drawn by chance."""
    images = [
        {"id": n, "file_name": name, "width": SIDE_PX, "height": SIDE_PX} for n, name in enumerate(names, 1)
    ]
    boxes = []
    for n in range(1, BOXES + 1):
        width, height = rng.randint(1, 20), rng.randint(1, 20)
        x, y = rng.randint(0, SIDE_PX - width), rng.randint(0, SIDE_PX - height)
        boxes.append(
            {
                "id": n,
                "image_id": rng.randint(1, len(names)),
                "category_id": rng.randint(1, 2),
                "bbox": [x, y, width, height],
                "area": width * height,
                "iscrowd": 0,
            }
        )
    categories = [{"id": 1, "name": "RBC"}, {"id": 2, "name": "WBC"}]
    return {"images": images, "annotations": boxes, "categories": categories}


def main():
    """Writes the folder."""
    rng, folder = random.Random(7), pathlib.Path(sys.argv[1])
    (folder / "images").mkdir(parents=True)
    names = [f"tile-{n:04}.png" for n in range(IMAGES)]
    for name in names:
        (folder / "images" / name).write_bytes(png(rng))
    for n in range(FILES):
        (folder / f"part-{n}.json").write_text(json.dumps(coco(rng, names[n::FILES])))


main()
