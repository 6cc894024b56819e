"""Writes the bill of materials of the program as CycloneDX 1.5 JSON: every crate that is in it or makes it, by Cargo.lock.

    python3 .ci/sbom.py OUT [--target TRIPLE]

Equal for equal sources and targets: no clock (SOURCE_DATE_EPOCH, where set, is its time), no random number, no path.
Crates that only build scripts or macros run have the scope "excluded"; those of tests are left out. C libraries that
crates carry with them stand inside their crate, with the version that their own sources state.
"""

import datetime
import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

# The C libraries inside crates that link something: file, pattern of the version, licence. The numbers that the pattern
# finds are joined by dots; mimalloc has 30302 for 3.3.2, and its second generation only where a feature asks for it.
CARRIED = {
    "libmimalloc-sys": (
        "mimalloc",
        "c_src/mimalloc/v3/include/mimalloc.h",
        r"#define MI_MALLOC_VERSION\s+(\d)(\d\d)(\d\d)",
        "MIT",
    ),
    "libsqlite3-sys": ("sqlite", "sqlite3/sqlite3.h", r'#define SQLITE_VERSION\s+"([\d.]+)"', "blessing"),
    "zstd-sys": ("zstd", "Cargo.toml", r'version = "[\d.]+\+zstd\.([\d.]+)"', "BSD-3-Clause"),
}
# These say that they link something so that two versions of them cannot meet; they hold no C.
LINK_NOTHING = {"rayon-core", "wasm-bindgen-shared"}


def cargo(*words):
    return subprocess.run(["cargo", *words], check=True, capture_output=True, text=True).stdout


def tree(edges, target):
    """Each crate that cargo would build along these edges, as name and version, with those that it needs."""
    words = ["tree", "--locked", "--target", target, "--edges", edges, "--prefix", "depth", "--charset", "ascii"]
    needs, above = {}, []
    for line in cargo(*words).splitlines():
        found = re.match(r"(\d+)(\S+) v(\S+)", line)
        depth, crate = int(found[1]), (found[2], found[3])
        needs.setdefault(crate, set())
        del above[depth:]
        if above:
            needs[above[-1]].add(crate)
        above.append(crate)
    return needs


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def licences(text):
    """A licence expression; the slash of old manifests means OR."""
    return [{"expression": text.replace("/", " OR ")}]


def carried(package):
    """The C library inside a crate, as a component of it."""
    if package["links"] is None or package["name"] in LINK_NOTHING:
        return []
    name, file, pattern, licence = CARRIED[package["name"]]
    text = (Path(package["manifest_path"]).parent / file).read_text(encoding="utf-8")
    version = ".".join(re.sub(r"^0(?=\d)", "", number) for number in re.search(pattern, text).groups())
    return [
        {
            "type": "library",
            "bom-ref": f"{purl(package)}#{name}",
            "name": name,
            "version": version,
            "licenses": [{"license": {"id": licence}}],
        }
    ]


def component(package, checksum, scope):
    links = {"vcs": package["repository"], "website": package["homepage"]}
    references = [{"type": kind, "url": url} for kind, url in links.items() if url]
    inside = carried(package)
    return {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        **({"description": " ".join(package["description"].split())} if package["description"] else {}),
        "scope": scope,
        "hashes": [{"alg": "SHA-256", "content": checksum}],
        "licenses": licences(package["license"]),
        "purl": purl(package),
        **({"externalReferences": references} if references else {}),
        **({"components": inside} if inside else {}),
    }


def bill(target):
    metadata = json.loads(cargo("metadata", "--locked", "--format-version", "1", "--filter-platform", target))
    packages = {(package["name"], package["version"]): package for package in metadata["packages"]}
    locked = tomllib.loads(Path("Cargo.lock").read_text(encoding="utf-8"))["package"]
    checksums = {(entry["name"], entry["version"]): entry.get("checksum") for entry in locked}
    part = tree("normal,no-proc-macro", target)
    needs = tree("normal,build", target)
    # Whatever comes from the registry has a checksum; the one crate without is ours.
    (root,) = (key for key in needs if checksums[key] is None)
    components = [
        component(packages[key], checksums[key], "required" if key in part else "excluded") for key in needs if key != root
    ]
    graph = [
        {"ref": purl(packages[key]), "dependsOn": sorted(purl(packages[need]) for need in wanted)}
        for key, wanted in needs.items()
    ]
    subject = packages[root]
    written = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": purl(subject),
                "name": subject["name"],
                "version": subject["version"],
                "description": subject["description"],
                "licenses": licences(subject["license"]),
                "purl": purl(subject),
            },
            "properties": [{"name": "cargo:target", "value": target}],
        },
        "components": sorted(components, key=lambda one: one["bom-ref"]),
        "dependencies": sorted(graph, key=lambda one: one["ref"]),
    }
    if "SOURCE_DATE_EPOCH" in os.environ:
        time = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.UTC)
        written["metadata"]["timestamp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ")
    # A number of its own for each content, as the standard asks for.
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(written, sort_keys=True))
    return {"$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json", **written, "serialNumber": f"urn:uuid:{number}"}


def main(arguments):
    if len(arguments) not in (1, 3) or arguments[1:2] not in ([], ["--target"]):
        print(__doc__, file=sys.stderr)
        return 2
    host = re.search(r"^host: (.+)$", subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout, re.M)
    target = arguments[2] if len(arguments) == 3 else host[1]
    written = bill(target)
    out = Path(arguments[0])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(written, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    count = {scope: sum(one["scope"] == scope for one in written["components"]) for scope in ("required", "excluded")}
    print(f"{out}: {count['required']} crates in the program, {count['excluded']} that only build it, for {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
