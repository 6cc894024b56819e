"""Makes the databases of this folder with SlideRunner's own library (PyPI: SlideRunner-dataAccess).

    python make.py drawn                      makes drawn.sqlite
    python make.py corrected EXPORT.sqlite    corrects a copy of an export of it, as corrected.sqlite

The guide docs/guides/sliderunner.md says what is done with them. Guids and times are new in each run, so both are made anew
together: EXPORT.sqlite is what the guide exports of drawn.sqlite, at the times and with the seed of tests/docs.rs.
"""

import pathlib
import shutil
import sys

from SlideRunner_dataAccess.database import Database

HERE = pathlib.Path(__file__).parent


def drawn():
    """Two slides, three who rate, seven cells, one of them rated by all."""
    path = HERE / "drawn.sqlite"
    database = Database()
    database.create(str(path))
    slides = [database.insertNewSlide(name, "") for name in ("BloodImage_00000.jpg", "BloodImage_00001.jpg")]
    for slide in slides:
        database.setSlideDimensions(slide, (640, 480))
    red, white = [database.insertClass(name) for name in ("RBC", "WBC")]
    database.setClassColor(red, "#c80000")
    database.setClassColor(white, "#0070c0")
    ada, ben, net = [database.insertAnnotator(name) for name in ("Dr. Ada", "Dr. Ben", "CellNet")]
    database.loadIntoMemory(None)
    first = database.insertNewAreaAnnotation(260, 177, 491, 376, slides[0], white, ada)
    for x, y in ((133.5, 376), (422, 434), (78, 367.5), (541, 351)):
        database.insertNewSpotAnnotation(x, y, slides[0], red, ada)
    database.insertNewSpotAnnotation(295, 71, slides[1], white, net)
    database.insertNewPolygonAnnotation([(60, 120), (120, 124), (130, 170), (70, 181)], slides[1], red, ben)
    database.addAnnotationLabel(white, ben, first)
    database.addAnnotationLabel(red, net, first)
    database.commit()
    database.db.close()


def corrected(export):
    """One cell moved, one relabelled, one drawn."""
    path = HERE / "corrected.sqlite"
    shutil.copy(export, path)
    database = Database()
    database.open(str(path))
    slides = {name: uid for uid, name in database.listOfSlides()}
    slide = slides["BloodImage_00000.jpg"]
    database.loadIntoMemory(slide, zLevel=None)
    people = dict(database.getAllPersons())
    classes = {row[0]: row[1] for row in database.getAllClasses()}
    spots = sorted((one for one in database.annotations.values() if one.annotationType == 1), key=lambda one: one.x1)
    database.execute(f"update Annotations_coordinates set coordinateX = coordinateX + 3 where annoId = {spots[0].uid}")
    label = spots[1].labels[0]
    database.setAnnotationLabel(classes["WBC"], label.annnotatorId, label.uid, spots[1].uid)
    database.insertNewSpotAnnotation(333.5, 57, slide, classes["RBC"], people["human-2"])
    database.commit()
    database.db.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["drawn"]:
        drawn()
    elif len(sys.argv) == 3 and sys.argv[1] == "corrected":
        corrected(sys.argv[2])
    else:
        print(__doc__)
        sys.exit(2)
