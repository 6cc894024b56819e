#!/usr/bin/env python3
"""Reads a Holotype repository of format 1 from its files alone, and checks everything in it.

    python read_repository.py DIR [--json]

DIR holds a repository, or is the folder of a release: then its history is replayed and compared with `release.json`.

This is the specification (docs/spec/format-1.md) once more, as a program that shares no line with Holotype. It needs
Python 3.9+ and the wheel `blake3`, and never reads `derived/` or `tmp/`. Exit code: 0 all agrees, 1 not, 2 wrong use.
"""
import json, pathlib, re, sys
from blake3 import blake3

CODE, HEX = rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "([0-9a-f]{64})"
# The first byte of a key: the record's format, the rest of the key, and what it is counted as.
KINDS = {0x01: ("dataset/1", b"", None), 0x02: ("rule/1", b"", None), 0x10: ("case/1", CODE, "cases"),
         0x11: ("slide/1", CODE, "slides"), 0x12: ("image/1", b".{32}", "images"),
         0x20: ("annotator/1", CODE, "annotators"), 0x21: ("label/1", b".{8}", "labels"),
         0x30: ("annotation/1", b".{24}", "annotations"), 0x31: ("rating/1", b".{28}" + CODE + b"\0.{4}", "ratings"),
         0x32: ("override/1", b".{24}", None), 0x33: ("source-id/1", b".{40}", None),
         0x40: ("screening/1", b".{40}", "screenings"), 0x50: ("split/1", b".{32}", "splits")}
BYTES = {fmt: bytes([byte]) for byte, (fmt, _, _) in KINDS.items()}

def need(condition, text):
    if not condition: raise ValueError(text)

# --- Canonical JSON (RFC 8785): members sorted by UTF-16 code units, numbers as ECMAScript prints them ---
def number(value):
    """Every number is binary64. Python's repr finds the shortest digits; the layout is ECMAScript's."""
    if value == 0: return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    digits, fraction = mantissa.replace(".", "").lstrip("0"), mantissa.partition(".")[2]
    point = len(digits) - len(fraction) + int(exponent or 0)  # where the point stands among the digits
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21: text = digits.ljust(point, "0")
    elif 0 < point <= 21: text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0: text = "0." + "0" * -point + digits
    else: text = digits[0] + ("." + digits[1:] if digits[1:] else "") + "e%+d" % (point - 1)
    return ("-" if value < 0 else "") + text

ESCAPES = {**{code: "\\u%04x" % code for code in range(32)}, 8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r",
           34: '\\"', 92: "\\\\"}

def canonical(value, depth=0):
    if value is None or isinstance(value, bool): return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (int, float)): return number(float(value))
    if isinstance(value, str): return '"' + value.translate(ESCAPES) + '"'
    need(depth < 128, "arrays and objects nest deeper than 128")
    if isinstance(value, list): return "[" + ",".join(canonical(item, depth + 1) for item in value) + "]"
    members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
    return "{" + ",".join(canonical(name) + ":" + canonical(item, depth + 1) for name, item in members) + "}"

def encode(value): return canonical(value).encode("utf-8")

def decode(data):
    """Parses one JSON object and encodes it again: these must be the very bytes."""
    value = json.loads(data.decode("utf-8"), parse_int=float)
    need(isinstance(value, dict) and encode(value) == data, "is no object in canonical JSON")
    return value

# --- Hashes ---
def digest(data): return blake3(data).hexdigest()
def little(value, size): return value.to_bytes(size, "little")
def hash_parts(domain, *parts):
    """BLAKE3 over domain and parts, each after its length as u32 little-endian."""
    return blake3(b"".join(little(len(part), 4) + part for part in (domain.encode(), *parts))).digest()

def unseal(data, fmt):
    """A file that carries `digest`, the hash of all its other members, and ends with one newline."""
    need(data.endswith(b"\n"), "does not end with a newline")
    value = decode(data[:-1])
    own = value.pop("digest", None)
    need(own == digest(encode(value)), "does not fit the digest that it carries")
    need(value.get("format") == fmt, "is no %s" % fmt)
    return value, own

# --- Evolve: what an event does to the state, a dictionary from keys to records ---
# Events that make a record, which must not be there, with the members that go into it.
MAKES = {"image.declared/1": ("image/1", "name facts"), "case.registered/1": ("case/1", "code"),
         "slide.registered/1": ("slide/1", "code case"), "label.defined/1": ("label/1", "name facts"),
         "annotator.registered/1": ("annotator/1", "code kind name"),
         "annotation.created/1": ("annotation/1", "geometry label attributes image_version")}
# Events that set these members of a record, which must be there; a member that the event does not have goes.
SETS = {"label.renamed/1": "name", "image.assigned/1": "case slide", "annotation.geometry_revised/1": "geometry",
        "annotation.relabelled/1": "label", "rating.given/1": "", "source_id.attached/1": "", "label.overridden/1": "",
        "annotation.withdrawn/1": "", "rating.withdrawn/1": "", "image.erased/1": "",
        "annotation.attributes_revised/1": ""}

def make(fmt, source, names):
    """A record with the named members, as far as they are there."""
    return {"format": fmt, **{name: source[name] for name in names.split() if source.get(name) is not None}}

def with_changes(record, member, changes):
    """New values of some facts; null takes a fact away, and no facts at all are left out."""
    facts = {name: value for name, value in {**record.get(member, {}), **changes}.items() if value is not None}
    return {**{name: value for name, value in record.items() if name != member}, **({member: facts} if facts else {})}

def rating_key(annotation, turn, annotator, n):
    turn, n = int(turn).to_bytes(4, "big"), int(n).to_bytes(4, "big")
    return b"\x31" + bytes.fromhex(annotation) + turn + annotator.encode() + b"\0" + n

def key_of(kind, e):
    """The key of the record that an event is about."""
    if kind in ("image.declared/1", "image.ingested/1"):
        return b"\x12" + hash_parts("holotype/image-id/1", e["name"].encode())
    if kind == "facts.set/1":
        own = bytes.fromhex(e["id"]) if e["entity"] in ("image", "label") else e.get("id", "").encode()
        return BYTES[e["entity"] + "/1"] + own
    if kind == "rating.withdrawn/1": return rating_key(e["annotation"], e["round"], e["annotator"], e["n"])
    for member, byte in (("annotation", b"\x30"), ("image", b"\x12"), ("label", b"\x21"), ("key", b"")):
        if member in e: return byte + bytes.fromhex(e[member])
    return BYTES[MAKES[kind][0]] + e["code"].encode() if "code" in e else b"\x02"

def evolve(state, kind, e, by):
    key, turn, new = key_of(kind, e), int(by.get("round") or 1), {}
    old, who = state.get(key), by.get("annotator")
    need(old is None or kind not in MAKES, "makes what is there already")
    need(old is not None or kind not in SETS and (kind != "facts.set/1" or key == b"\x01"), "needs what is not there")
    if kind in MAKES: new[key] = make(MAKES[kind][0], e, MAKES[kind][1])
    elif kind == "image.erased/1": new[key] = with_changes(old, "facts", {"erased": True})
    elif kind == "rating.withdrawn/1": new[key] = None
    elif kind == "rule.set/1": new[key] = make("rule/1", e, "rule")
    elif SETS.get(kind):
        new[key] = {**{name: value for name, value in old.items() if name not in SETS[kind].split()},
                    **make(old["format"], e, SETS[kind])}
    elif kind == "image.ingested/1":
        record = dict(old or make("image/1", e, "name"))
        if "files" in record: record["versions"] = record.get("versions", []) + [record.pop("files")]
        new[key] = with_changes({**record, **make("image/1", e, "files")}, "facts", e.get("facts", {}))
    elif kind in ("facts.set/1", "annotation.attributes_revised/1"):
        need(key[0] in (0x01, 0x10, 0x11, 0x12, 0x20, 0x21, 0x30), "states facts about what has none")
        record = with_changes(old or {"format": "dataset/1"}, "facts" if key[0] < 0x30 else "attributes", e["changes"])
        new[key] = record if key != b"\x01" or "facts" in record else None
    elif kind == "annotation.withdrawn/1":  # with its ratings, its override and its aliases
        new = {k: None for k in state if k[0] in (0x30, 0x31, 0x32) and k[1:25] == key[1:]
               or k[0] == 0x33 and k[1:9] == key[1:9] and state[k]["annotation"] == e["annotation"]}
    elif kind == "region.screened/1":
        parts = (encode(e["region"]) if "region" in e else b"", (who or "").encode(), little(turn, 4))
        new[b"\x40" + key[1:9] + hash_parts("holotype/screening-id/1", *parts)] = {
            **make("screening/1", by, "annotator blinded"), **make("screening/1", e, "image region"), "round": turn}
    elif kind == "label.overridden/1":
        new[b"\x32" + key[1:]] = None if e.get("taken_back") else make("override/1", e, "label")
    elif kind == "split.assigned/1":
        own = hash_parts("holotype/split-id/1", e["split"].encode(), e["member"].encode())
        new[b"\x50" + own] = make("split/1", e, "split member part") if "part" in e else None
    elif kind == "record.restored/1":
        fmt, form, _ = KINDS.get(key[0], (None, b"", None))
        need(re.fullmatch(form, key[1:], re.DOTALL) and e.get("record", {}).get("format", fmt) == fmt, "is no record")
        new[key] = e.get("record")
    need(new or kind in SETS or kind == "person.erased/1", "is of an unknown kind: a newer reader is needed")
    need(who or kind != "rating.given/1", "needs an annotator")
    rates = kind in ("annotation.relabelled/1", "rating.given/1") or kind == "annotation.created/1" and "label" in e
    if rates and who:  # one more rating of the annotator in the round: the lowest free n
        n = next(n for n in range(1 << 32) if rating_key(e["annotation"], turn, who, n) not in state)
        rating = {**make("rating/1", by, "blinded claimed_at method"), **make("rating/1", e, "label")}
        new[rating_key(e["annotation"], turn, who, n)] = rating
    if kind in ("annotation.created/1", "source_id.attached/1") and "source_id" in e:
        own = hash_parts("holotype/source-id/1", by["lineage"].encode(), e["source_id"].encode())
        new[b"\x33" + key[1:9] + own] = {**make("source-id/1", e, "annotation"), **make("source-id/1", by, "lineage"),
                                         "id": e["source_id"]}
    for place, record in new.items():
        state.pop(place, None)
        state.update({place: record} if record is not None else {})

# --- The tree: sorted entries cut into nodes, level by level, until one node is left ---
def ends(key, level, n):
    """Whether a node of this level ends after its n-th entry (from 1), which has this key."""
    target, start = (64 if level else 32), 4 * (level % 8)
    lot = int.from_bytes(blake3(key).digest()[start:start + 4], "little")
    return n >= target // 4 and lot * (11 * target) ** 4 < (40000 * n ** 3) << 32

def tree_root(state):
    level, raws = 0, [(key, encode(state[key])) for key in sorted(state)]
    entries = [(k, r if len(r) <= 1024 else encode({"ref": digest(r), "size_bytes": len(r)}), 1) for k, r in raws]
    while True:
        nodes, node = [], []
        for index, entry in enumerate(entries or [None]):
            node += [entry] if entry else []
            if index + 1 >= len(entries) or ends(entry[0], level, len(node)):
                data = b"holotype/node/1\n" + bytes([level]) + little(len(node), 4)
                for key, raw, _ in node: data += little(len(key), 2) + little(len(raw), 4) + key + raw
                count = sum(below for _, _, below in node)
                nodes.append((node[-1][0] if node else b"", blake3(data).digest() + little(count, 8), count))
                node = []
        level, entries = level + 1, nodes
        if len(nodes) == 1: return nodes[0][1][:32].hex()
# --- The repository ---
# Files that carry a digest of themselves: path, format, and the member that the path repeats.
SEALED = ((r"(?:private|blobs/..)/%s\.erased" % HEX, "tombstone", "object"), (r"refs/tags/(.+)", "tag", "name"),
          (r"local/paths/%s\.json" % HEX, "local-path", "blob"), (r"refs/heads/(.+)/\d{10}", "slot", "branch"),
          (r"local/author\.json", "local-author", None), (r"local/erasing\.json", "local-erasure", None),
          (r"repository\.json", "repository", None))

class Repository:
    images_elsewhere = False
    def __init__(self, root):
        self.root, self.problems, self.events, self.state, self.head, self.ids = root, [], 0, {}, None, []
        self.sealed, self.blobs = {}, set()
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            name = path.relative_to(root).as_posix()
            if name.split("/")[0] not in ("derived", "tmp"): self.attempt(name, self.check_file, name)
        self.attempt("refs", self.check_refs)
        self.attempt("replay", self.replay)
    def attempt(self, what, function, *arguments):
        try:
            function(*arguments)
        except Exception as error:  # whatever a damaged file leads to is a problem of that file
            self.problems.append("%s: %s" % (what, error if type(error) is ValueError else repr(error)))
    def check_file(self, name):
        path, last = self.root / name, name.rpartition("/")[2]
        if re.fullmatch("(objects|private|blobs/%s)/%s" % (re.escape(last[:2]), HEX), name):
            need(blake3().update_mmap(path).hexdigest() == last, "does not have the hash that is its name")
            need(name[0] != "p" or decode(path.read_bytes())["format"] == "holotype/private/1", "is no private object")
            return self.blobs.add(last)
        data = path.read_bytes()
        for pattern, fmt, member in SEALED:
            if match := re.fullmatch(pattern, name):
                self.sealed[name] = record, _ = unseal(data, "holotype/%s/1" % fmt)
                need(not member or record[member] == match[1], "is about something else")
                return self.blobs.add(match[1] if fmt in ("tombstone", "local-path") else None)
        if name.startswith("draft/"):  # what follows the last newline was never acknowledged
            for index, line in enumerate(data.split(b"\n")[:-1]):
                record, _ = unseal(line + b"\n", "holotype/draft-line/1" if index else "holotype/draft/1")
                need(not index or record["number"] == index - 1, "misses line %d" % index)
        else:
            line = b"holotype repository 1"
            need(name in ("format", "refs/witness"), "is no file of this format")
            need(name != "format" or data == line + b" %s\n" % digest(line).encode(), "is another or newer format")
    def check_refs(self):
        before = None
        for seq, name in enumerate(sorted(name for name in self.sealed if name.startswith("refs/heads/main/")), 1):
            slot, own = self.sealed[name]
            chained = slot.get("previous") == before and slot["seq"] == seq and name.endswith("/%010d" % seq)
            need(chained, "%s does not follow the slot before" % name)
            before, self.head = own, slot.get("commit")
        self.check_witness()
    def check_witness(self):
        at, seen, torn = 0, set(), []
        for index, line in enumerate((self.root / "refs/witness").read_bytes().split(b"\n")):
            pieces = [(piece[1].encode("latin-1"), piece.start()) for piece in re.finditer("([^\0]+)", line.decode("latin-1"))]
            whole = {start: body for body, start in pieces if body[:65].decode("latin-1") == digest(body[65:]) + " "}
            at, begin, last = at + len(line) + 1, at, at + len(line) == (self.root / "refs/witness").stat().st_size
            if last and line[:64].decode("latin-1") != digest(line[65:-1]) and index: break  # what a crash left of a line
            need(not last and (index or 0 in whole), "witness: line %d is damaged" % (index + 1))
            for hole in re.finditer(rb"\0+", line):  # up to where a write began, or whole sectors of the disk
                edges = [edge for edge in hole.span() if edge and (begin + edge) % 512]
                need(hole.end() in whole and hole.end() >= 64 or not edges, "witness: line %d is damaged" % (index + 1))
            torn += [(index, body, start, start + len(body) == len(line)) for body, start in pieces if start not in whole]
            for entry in map(lambda body: decode(body[65:]), whole.values()):
                name = "refs/" + ("heads/%s/%010d" % (entry["name"], entry["seq"]) if "seq" in entry else "tags/" + entry["name"])
                expected = self.sealed.get(name, [None, None])[1] if index else self.sealed["repository.json"][0]["id"]
                need(entry["digest"] == expected, "witness: %s was removed or replaced" % name)
                seen.add(name)
        lost = ['{"digest":"%s","name":"%s"%s}' % (own, name.split("/")[2], ',"seq":%d' % ref["seq"] if "seq" in ref else "")
                for name, (ref, own) in self.sealed.items() if name.startswith("refs/") and name not in seen]
        lost = [("%s %s\n" % (digest(line.encode()), line)).encode() for line in lost]
        for index, body, start, ends in torn:  # only of the lines of refs that are there
            known = [line for line in lost if (not start and line.startswith(body)) or (start and ends and line.endswith(body + b"\n"))
                     or (start and not ends and body in line)]
            need(known and (start or not ends), "witness: line %d is damaged" % (index + 1))
    def object(self, name):
        data = (self.root / "objects" / name).read_bytes()
        need(digest(data) == name, "object %s is damaged" % name)
        return data
    def batch(self, data):
        need(data.endswith(b"\n"), "a batch is cut off")
        header, *lines = [decode(line) for line in data[:-1].split(b"\n")]
        need(header["format"] == "holotype/batch/1", "there is no batch of format 1")
        for event in lines:
            by = {**header.get("by", {}), **event.pop("by", {})}  # null takes a default away
            yield event.pop("format", header["event"]), event, by
    def replay(self):
        """Replays the commits up to the head, and compares each with what it says of itself."""
        after = self.head
        while after:
            self.ids.insert(0, after)
            after = next(iter(decode(self.object(after))["parents"]), None)
        for name in self.ids:
            commit = decode(self.object(name))
            need(commit["format"] == "holotype/commit/1", "%s is no commit of format 1" % name)
            for entry in commit["batches"]:
                data, count, images = self.object(entry["batch"]), 0, []
                for count, (kind, e, by) in enumerate(self.batch(data), 1):
                    what, key = "event %d of batch %s, %s" % (count, entry["batch"], kind), key_of(kind, e)
                    self.attempt(what, evolve, self.state, kind, e, by)
                    images += [key[1:9].hex()] if key[0] in (0x12, 0x30, 0x31, 0x32, 0x33, 0x40) else []
                    for file in e.get("files", []):
                        need(self.images_elsewhere or file["blob"] in self.blobs, "blob %s is not here and was not erased" % file["blob"])
                first, last = min(images, default=None), max(images, default=None)
                found = {"events": count, "global_events": count - len(images) or None, "size_bytes": len(data),
                         "first_image": first, "last_image": last if last != first else None}
                need(found == {member: entry.get(member) for member in found}, "batch %s is another" % entry["batch"])
                self.events += count
            for member, value in self.summary().items():
                need(commit[member] == value, "commit %s has another %s: %s" % (name, member, value))
        for name, (ref, _) in self.sealed.items():
            need(ref.get("commit") in [None, *self.ids], "%s names a commit that is not before the head" % name)
    def summary(self):
        words = [KINDS[key[0]][2] for key in self.state]
        counts = {word: words.count(word) for _, _, word in KINDS.values() if word and word in words}
        content, rules = {"counts": counts, "root": tree_root(self.state)}, {"tree": "holotype/tree/1"}
        return {**content, "snapshot": digest(encode({**content, **rules, "format": "holotype/snapshot/1"}))}

class Release(Repository):
    """The history in a release, which has no witness, and not always the images; `release.json` names its end."""
    images_elsewhere = True
    def __init__(self, folder):
        self.release = decode((folder / "release.json").read_bytes())
        super().__init__(folder / "data/history")
        self.attempt("release.json", self.check_release)
    def check_file(self, name):
        if name != "read_repository.py": super().check_file(name)
    def check_witness(self):
        need(self.head in (None, self.release["commit"]), "the last slot is not of the commit that is released")
        self.head = self.release["commit"]
    def check_release(self):
        for member, value in self.summary().items():
            need(self.release[member] == value, "it says another %s than the history: %s" % (member, value))

def main(arguments):
    folders = [argument for argument in arguments if argument != "--json"]
    folder = pathlib.Path(*folders[:1])
    is_release = (folder / "release.json").exists()
    if len(folders) != 1 or not (is_release or (folder / ".holotype/format").exists()):
        print("usage: read_repository.py DIR [--json], where DIR holds a repository or is a release", file=sys.stderr)
        return 2
    repository, labels = Release(folder) if is_release else Repository(folder / ".holotype"), {}
    for label in [record["label"] for key, record in repository.state.items() if key[0] == 0x30 and "label" in record]:
        name = repository.state.get(b"\x21" + bytes.fromhex(label), {}).get("name")
        labels[name] = labels.get(name, 0) + 1
    summary, problems = repository.summary(), repository.problems
    result = {"commits": len(repository.ids), "events": repository.events, "counts": summary["counts"],
              "labels": labels, "head": repository.head, "snapshot": summary["snapshot"], "problems": problems}
    lines = ["%s: %s" % item for item in result.items() if item[0] != "problems"] + (problems or ["all agrees"])
    print(json.dumps(result, sort_keys=True) if "--json" in arguments else "\n".join(lines))
    return 1 if problems else 0

if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
