#!/usr/bin/env python3
"""Reads exports of GeoJSON with shapely and compares them with what the program says.

    python tests/interop/geojson.py target/debug/holotype

Needs shapely. Makes a dataset of generated features (polygons with holes, bow ties, multipolygons, lines, points) and of all
shapes that can be recorded, exports it, and compares for every annotation: the area by shapely with that of what went in and
with that of the geometry in `list annotations --json`; whether shapely finds it valid with the flag `self_crossing`; and the
area of drawn circles, turned boxes and masks with their formulas. Prints counts; exits 1 on a difference.
"""

import json
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import uuid

import shapely
import shapely.geometry

FEATURES = 600
WIDTH, HEIGHT = 50_000, 40_000


class Differences:
    def __init__(self):
        self.found = []
        self.checked = {}

    def check(self, what, where, is_right, told=""):
        self.checked[what] = self.checked.get(what, 0) + 1
        if not is_right:
            self.found.append(f"{what}: {where} {told}")

    def near(self, what, where, a, b):
        self.check(what, where, math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6), f"{a} and {b}")


def star(chance, x, y, radius, corners):
    """A ring around (x, y) that does not cross itself, with half pixels and two decimals."""
    angles = sorted(chance.uniform(0, math.tau) for _ in range(corners))
    ring = []
    for angle in angles:
        far = radius * chance.uniform(0.5, 1)
        ring.append([round(x + far * math.cos(angle), 2), round(y + far * math.sin(angle), 2)])
    return ring + [ring[0]]


def geometry(chance):
    x, y = chance.uniform(500, WIDTH - 500), chance.uniform(500, HEIGHT - 500)
    kind = chance.choice(["plain", "holed", "bow", "multi", "line", "point", "outside"])
    if kind == "point":
        return {"type": "Point", "coordinates": [round(x, 2), round(y, 2)]}
    if kind == "line":
        return {"type": "LineString", "coordinates": star(chance, x, y, 50, 5)}
    if kind == "bow":
        w, h = chance.uniform(5, 90), chance.uniform(5, 90)
        ring = [[x, y], [x + w, y + h], [x + w, y], [x, y + h], [x, y]]
        return {"type": "Polygon", "coordinates": [[[round(a, 2), round(b, 2)] for a, b in ring]]}
    if kind == "multi":
        rings = [[star(chance, x + 300 * n, y, 90, chance.randint(5, 40))] for n in range(chance.randint(2, 4))]
        return {"type": "MultiPolygon", "coordinates": rings}
    ring = star(chance, x, y, 200, chance.randint(12, 400))
    if kind == "plain":
        return {"type": "Polygon", "coordinates": [ring]}
    # A hole in the middle, which every corner is far from, or one beside.
    shift = 900 if kind == "outside" else 0
    return {"type": "Polygon", "coordinates": [ring, star(chance, x + shift, y, 20, 7)[::-1]]}


def feature(chance):
    return {
        "type": "Feature",
        "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "geometry": geometry(chance),
        "properties": {"objectType": "annotation", "classification": {"name": "region", "color": [1, 2, 3]}},
    }


def recorded():
    """Commands for each shape that GeoJSON cannot say, with the area that its drawing must have."""
    turn = math.tau / 64
    ellipse = lambda a, b: 32 * a * b * math.sin(turn)
    for n in range(40):
        x, y = 100 + n * 31.25, 77.5
        size = 3 + n / 3
        yield {"type": "box", "x": x, "y": y, "width": size, "height": 9}, size * 9
        yield {"type": "rotated_box", "x": x, "y": y, "width": size, "height": 9, "angle_deg": n * 7}, size * 9
        yield {"type": "circle", "x": x, "y": y, "radius": size}, ellipse(size, size)
        axes = {"radius_x": size, "radius_y": 4, "angle_deg": n * 11}
        yield {"type": "ellipse", "x": x, "y": y, **axes}, ellipse(size, 4)
        chance = random.Random(n)
        pixels = [chance.random() < 0.5 for _ in range(12 * 9)]
        counts, value = [0], False
        for pixel in pixels:
            if pixel != value:
                counts.append(0)
                value = pixel
            counts[-1] += 1
        yield {"type": "mask", "x": x, "y": y, "width": 12, "height": 9, "counts": counts}, sum(pixels)


def area_of(geometry):
    """The area of a geometry as the program lists it, by shapely; None where shapely has no such shape."""
    if geometry["type"] == "polygon":
        rings = geometry["rings"]
        return shapely.geometry.Polygon(rings[0], rings[1:]).area
    if geometry["type"] == "multipolygon":
        return sum(shapely.geometry.Polygon(rings[0], rings[1:]).area for rings in geometry["polygons"])
    return None


class Program:
    def __init__(self, path, folder):
        self.path, self.folder = os.path.abspath(path), folder

    def run(self, *arguments, stdin=None):
        environment = {
            "PATH": os.environ["PATH"],
            "HOLOTYPE_AUTHOR": "Ada Example <ada@example.org>",
            "HOLOTYPE_NOW": "2026-01-02T00:00:00Z",
        }
        ran = subprocess.run(
            [self.path, *arguments], cwd=self.folder, env=environment, input=stdin, text=True, capture_output=True
        )
        if ran.returncode != 0:
            sys.exit(f"{' '.join(arguments)}: {ran.stderr}")
        return ran.stdout


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    differences = Differences()
    with tempfile.TemporaryDirectory() as folder:
        check(Program(sys.argv[1], folder), pathlib.Path(folder), differences)
    for what, count in sorted(differences.checked.items()):
        print(f"{count:6}  {what}")
    print(f"{len(differences.found):6}  differences")
    for difference in differences.found[:20]:
        print(f"  {difference}")
    sys.exit(1 if differences.found else 0)


def check(program, folder, differences):
    chance = random.Random(20_26)
    given = {}
    for name in ["one.tiff", "sub/two.tiff"]:
        features = [feature(chance) for _ in range(FEATURES // 2)]
        given.update({one["id"]: one["geometry"] for one in features})
        path = folder / "in" / f"{name}.geojson"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, indent=1))
    program.run("init", "--name", "interop")
    read = json.loads(program.run("import", "in", "--json"))
    differences.check("import: features read", "in", read["created"] == FEATURES and not read["losses"], str(read))
    shapes = list(recorded())
    lines = [{"command": "declare", "image": "three.tiff", "facts": {"width": WIDTH, "height": HEIGHT}}]
    for shape, _ in shapes:
        lines.append({"command": "annotate", "image": "three.tiff", "geometry": shape, "label": "region"})
    program.run("record", "-", "--create", stdin="".join(json.dumps(line) + "\n" for line in lines))
    program.run("commit", "-m", "all shapes")
    program.run("export", "--format", "geojson", "--out", "out")
    listed = [json.loads(line) for line in program.run("list", "annotations", "--json").splitlines()]
    listed = {str(uuid.UUID(row["id"][16:])): row for row in listed}
    areas = {json.dumps(shape, sort_keys=True): area for shape, area in shapes}
    seen = set()
    for path in sorted((folder / "out").rglob("*.geojson")):
        collection = json.loads(path.read_text())
        differences.check("files: a FeatureCollection", path.name, collection["type"] == "FeatureCollection")
        for one in collection["features"]:
            identity = one["id"]
            seen.add(identity)
            row = listed[identity]
            drawn = shapely.geometry.shape(one["geometry"])
            differences.check("features: drawn, not empty", identity, not drawn.is_empty)
            if identity in given:
                compare_given(differences, identity, given[identity], drawn, row)
            else:
                compare_recorded(differences, identity, areas, drawn, row)
    differences.check("features: all of them", "out", seen == set(listed) and len(seen) == FEATURES + len(shapes))


def compare_given(differences, identity, given, drawn, row):
    source = shapely.geometry.shape(given)
    differences.check("given: the same type", identity, source.geom_type == drawn.geom_type)
    differences.check("given: the same coordinates", identity, source.equals_exact(drawn, 0))
    differences.near("given: the same area", identity, source.area, drawn.area)
    area = area_of(row["geometry"])
    if area is not None:
        differences.near("given: the area of what is listed", identity, source.area, area)
        flagged = "self_crossing" in row["flags"]
        what = "valid" if source.is_valid else "not valid"
        told = shapely.is_valid_reason(source)
        differences.check(f"given: {what}, as flagged", identity, flagged != source.is_valid, told)


def compare_recorded(differences, identity, areas, drawn, row):
    geometry = row["geometry"]
    wanted = [area for text, area in areas.items() if json.loads(text) == geometry]
    differences.check(f"recorded: {geometry['type']} is found", identity, len(wanted) == 1, str(geometry))
    if wanted:
        differences.near(f"recorded: the area of {geometry['type']}", identity, drawn.area, wanted[0])
    differences.check("recorded: drawn validly", identity, drawn.is_valid, shapely.is_valid_reason(drawn))


if __name__ == "__main__":
    main()
