"""Makes DICOM annotation files with highdicom, imports them, and compares with what highdicom reads back.

Usage: dicom.py BINARY [--keep FOLDER]. Needs highdicom (PyPI). Exit 1 on a difference; --keep leaves the files there.
"""

import argparse
import math
import pathlib
import sys
import tempfile

import highdicom as hd
import numpy as np
from holotype_cli import Check, Repository
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

PLANTED = ["Musterfrau^Erika", "PID-4711", "19610203", "ACC-0815", "Klinikum Beispielstadt", "H23-4711"]
UID = "1.2.826.0.1.3680043.9.7433.9.{}"
GRAPHICS = hd.ann.GraphicTypeValues
SIZES = {GRAPHICS.POINT: (1, 1), GRAPHICS.POLYLINE: (2, 9), GRAPHICS.POLYGON: (3, 40)}


def slide():
    """The image that is annotated, with everything that must not leave the file."""
    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.SOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.6"
    image.SOPInstanceUID, image.StudyInstanceUID = UID.format(1), UID.format(2)
    image.SeriesInstanceUID, image.FrameOfReferenceUID = UID.format(3), UID.format(4)
    image.PatientName, image.PatientID, image.PatientBirthDate = PLANTED[:3]
    image.AccessionNumber, image.InstitutionName, image.ContainerIdentifier = PLANTED[3:]
    image.PatientSex, image.StudyID, image.StudyDate, image.StudyTime = "F", "PID-4711", "20260101", "101112"
    image.ReferringPhysicianName = "Musterfrau^Erika"
    image.Modality, image.Rows, image.Columns, image.NumberOfFrames = "SM", 256, 256, 4
    image.TotalPixelMatrixRows = image.TotalPixelMatrixColumns = 512
    return image


def graphics(kind, count, double, random):
    """Coordinates of annotations of one kind."""
    number = np.float64 if double else np.float32
    made = []
    for _ in range(count):
        centre = random.uniform(-20, 500, 2)
        if kind in SIZES:
            low, high = SIZES[kind]
            points = centre + random.normal(0, 20, (random.integers(low, high + 1), 2))
        else:
            turn = random.choice([0.0, random.uniform(0.1, 3.0)])
            along = np.array([math.cos(turn), math.sin(turn)]) * random.uniform(5, 30)
            across = np.array([-math.sin(turn), math.cos(turn)]) * random.uniform(5, 30)
            if kind == GRAPHICS.ELLIPSE:
                points = np.array([centre - along, centre + along, centre - across, centre + across])
            else:
                points = np.array(
                    [centre - along - across, centre + along - across, centre + along + across, centre - along + across]
                )
        made.append(points.astype(number))
    return made


def make(path, syntax, double, random):
    """Writes a file with a group of each graphic type."""
    groups = []
    for number, kind in enumerate(GRAPHICS, start=1):
        data = graphics(kind, 25, double, random)
        is_model = number % 2 == 0
        algorithm = hd.AlgorithmIdentificationSequence(
            name="MitNet", version="2.1", family=codes.DCM.ArtificialIntelligence
        )
        areas = random.uniform(1, 99, len(data)).astype(np.float32)
        areas[3] = np.nan
        groups.append(
            hd.ann.AnnotationGroup(
                number=number,
                uid=UID.format(100 + number),
                label=f"class {number}",
                annotated_property_category=codes.SCT.AnatomicalStructure,
                annotated_property_type=codes.SCT.Nucleus,
                graphic_type=kind,
                graphic_data=data,
                algorithm_type="AUTOMATIC" if is_model else "MANUAL",
                algorithm_identification=algorithm if is_model else None,
                measurements=[
                    hd.ann.Measurements(name=codes.SCT.Area, unit=codes.UCUM.SquareMicrometer, values=areas)
                ],
            )
        )
    save(path, groups, syntax)


def save(path, groups, syntax):
    """Writes a file of these groups."""
    annotations = hd.ann.MicroscopyBulkSimpleAnnotations(
        source_images=[slide()],
        annotation_coordinate_type="2D",
        annotation_groups=groups,
        series_instance_uid=UID.format(5),
        series_number=1,
        sop_instance_uid=UID.format(6),
        instance_number=1,
        manufacturer="nobody",
        manufacturer_model_name="none",
        software_versions="1",
        device_serial_number="1",
        content_description="interop",
        content_creator_name="Doe^Jane",
        transfer_syntax_uid=syntax,
    )
    # What other writers copy from the image as well.
    annotations.InstitutionName, annotations.ContainerIdentifier = PLANTED[4:]
    annotations.save_as(path)


def points_of(geometry, like):
    """The positions that a geometry of ours has, in the order of the source's."""
    kind = geometry["type"]
    if kind == "point":
        return [[geometry["x"], geometry["y"]]]
    if kind == "polyline":
        return geometry["points"]
    if kind == "polygon":
        return geometry["rings"][0]
    turn = math.radians(geometry.get("angle_deg", 0.0))
    cos, sin = math.cos(turn), math.sin(turn)
    if kind == "ellipse":
        x, y = geometry["x"], geometry["y"]
        ends = [(-geometry["radius_x"], 0), (geometry["radius_x"], 0), (0, -geometry["radius_y"]), (0, geometry["radius_y"])]
    else:
        half = geometry["width"] / 2, geometry["height"] / 2
        x, y = geometry["x"] + half[0], geometry["y"] + half[1]
        ends = [(-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1])]
    made = [[x + a * cos - b * sin, y + a * sin + b * cos] for a, b in ends]
    return [min(made, key=lambda point: math.dist(point, wanted)) for wanted in like]


def compare(check, binary, path, double):
    """Imports a file and holds it against highdicom."""
    theirs = hd.ann.annread(path)
    with Repository(binary) as repository:
        said = repository.import_file(path, "--image", "slide.svs")
        check.equal("format", said["format"], "dicom")
        groups = theirs.get_annotation_groups()
        total = sum(int(group.NumberOfAnnotations) for group in groups)
        check.equal("annotations", said["created"], total)
        rows = repository.rows("annotations")
        check.equal("listed", len(rows), total)
        names = {row["code"]: row.get("name") for row in repository.rows("annotators")}
        kinds = sorted(row["kind"] for row in repository.rows("annotators"))
        check.equal("annotators", kinds, ["human", "model"])
        for group in groups:
            compare_group(check, group, [row for row in rows if row["label"] == group.label], names, double)
        for planted in PLANTED:
            check.equal(f"'{planted}' is in the file", planted.encode() in path.read_bytes(), True)
            check.equal(f"'{planted}' is in the repository", repository.holds(planted), [])


def compare_group(check, group, rows, names, double):
    """Holds one group against the annotations with its label."""
    data = group.get_graphic_data(coordinate_type="2D")
    check.equal(f"{group.label}: count", len(rows), len(data))
    within = 1e-9 if double else 1e-3
    exact = group.graphic_type in SIZES
    left = list(rows)
    for points in data:
        wanted = [[float(x), float(y)] for x, y in points]

        def distance(row):
            ours = points_of(row["geometry"], wanted)
            if len(ours) != len(wanted):
                return math.inf
            return max(math.dist(a, b) for a, b in zip(ours, wanted))

        nearest = min(left, key=distance, default=None)
        if nearest is None:
            check.equal(f"{group.label}: an annotation", None, wanted)
            continue
        left.remove(nearest)
        ours = points_of(nearest["geometry"], wanted)
        what = f"{group.label}: {group.graphic_type.value}"
        check.near(what, sum(ours, []), sum(wanted, []), 0.0 if exact else within)
        raters = [names.get(rating["annotator"]) for rating in nearest["ratings"]]
        is_model = group.algorithm_type.value == "AUTOMATIC"
        check.equal(f"{group.label}: rated by", raters, ["MitNet 2.1" if is_model else "Doe^Jane"])


def corners(check, binary, path):
    """Pixels' corners: where highdicom has them in an image by their place on the slide, there are ours, too."""
    spacing, first = 0.25, np.array([12.5, 30.25])
    to_image = hd.spatial.ReferenceToImageTransformer(
        image_position=[*first, 0.0], image_orientation=[1, 0, 0, 0, 1, 0], pixel_spacing=[spacing, spacing]
    )
    # The image's position is that of the middle of its first pixel, so each corner lies half a pixel before a middle.
    pixels = np.array([[0, 0], [512, 0], [512, 512], [0, 512]])
    on_slide = np.column_stack([first + (pixels - 0.5) * spacing, np.zeros(len(pixels))])
    whole = np.array(to_image(on_slide))[:, :2]
    group = hd.ann.AnnotationGroup(
        number=1, uid=UID.format(200), label="all pixels", annotated_property_category=codes.SCT.AnatomicalStructure,
        annotated_property_type=codes.SCT.Nucleus, graphic_type=GRAPHICS.POLYGON, graphic_data=[whole],
        algorithm_type="MANUAL",
    )
    save(path, [group], ExplicitVRLittleEndian)
    with Repository(binary) as repository:
        lines = repository.path / "image.jsonl"
        lines.write_text('{"command":"declare","image":"slide.svs","facts":{"width":512,"height":512}}\n')
        repository.run("record", str(lines))
        said = repository.import_file(path, "--image", "slide.svs")
        check.equal("outside the image", [one["code"] for one in said["warnings"] if one["code"] == "outside_image"], [])
        ring = repository.rows("annotations")[0]["geometry"]["rings"][0]
        check.near("corners of the image", sum(ring, []), pixels.astype(float).ravel().tolist(), 0.0)


def main():
    """Compares each combination of transfer syntax and width of numbers."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("binary")
    arguments.add_argument("--keep", type=pathlib.Path)
    options = arguments.parse_args()
    check, random = Check(), np.random.default_rng(30)
    with tempfile.TemporaryDirectory() as folder:
        folder = options.keep or pathlib.Path(folder)
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
            for double in (False, True):
                path = folder / f"{syntax.name.split()[0].lower()}-{'double' if double else 'float'}.dcm"
                make(path, syntax, double, random)
                compare(check, options.binary, path, double)
        corners(check, options.binary, folder / "corners.dcm")
    return check.end("dicom")


if __name__ == "__main__":
    sys.exit(main())
