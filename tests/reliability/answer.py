"""Answers a round: gives every object of its GeoJSON files a class."""

import json
import pathlib
import sys

for path in pathlib.Path(sys.argv[1]).glob("*.geojson"):
    collection = json.loads(path.read_text())
    for feature in collection["features"]:
        feature["properties"]["classification"] = {"name": "RBC"}
    path.write_text(json.dumps(collection))
