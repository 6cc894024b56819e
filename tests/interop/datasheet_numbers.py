"""Computes every number of a release's datasheet once more, with DuckDB from the exported Parquet table and what its metadata
carries; from `release.json` and `history/` only what a table of annotations cannot hold: commits, events, tools, files.

Numbers are taken out of the text mechanically: every run of digits that is no part of a word. Each must be the next of those
that are expected on its line. Passed over, with the reason:

* between “ and ”: what people stated; compared with the facts that Parquet carries, where it is one;
* between backquotes: names of files, commands, kinds of events and ids; events are looked up in `history/`, counts before
  the kinds of events are counted there;
* days (2026-11-01), which are compared as such.
"""

import json
import re

import duckdb

GROUPS = ["species", "sex", "age_group", "tumour", "tumour_type", "tumor", "tumor_type", "origin"]
SENSITIVE = {
    "age", "sex", "gender", "ethnicity", "religion", "diagnosis", "tumour", "tumor", "grade", "stage", "treatment", "therapy",
    "survival", "outcome",
}
CORRECTIONS = [
    "annotation.geometry_revised", "annotation.attributes_revised", "annotation.relabelled", "annotation.withdrawn",
    "rating.withdrawn", "label.overridden", "record.restored",
]


def numbers_of(*items):
    """The numbers in texts and numbers, in their order."""
    return [number for item in items for number in re.findall(r"(?<![A-Za-z0-9])\d+", str(item))]


class History:
    """What the events of `data/history/` tell of themselves."""

    def __init__(self, folder):
        self.kinds, self.tools, self.sources, self.private, self.events, self.commits = {}, {}, set(), set(), {}, 0
        for path in (folder / "data/history/objects").iterdir():
            lines = path.read_bytes().splitlines()
            head = json.loads(lines[0])
            if head["format"].startswith("holotype/commit/"):
                self.commits += 1
            elif head["format"].startswith("holotype/batch/"):
                for number, line in enumerate(lines[1:], 1):
                    self._event(f"{path.name}:{number}", head, json.loads(line))

    def _event(self, name, head, line):
        kind = line.get("format", head["event"]).split("/")[0]
        by = {**(head.get("by") or {}), **(line.get("by") or {})}
        self.events[name] = kind
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        tool = by.get("tool")
        tool = " ".join(filter(None, [tool["name"], tool.get("version")])) if tool else None
        self.tools[tool] = self.tools.get(tool, 0) + 1
        self.sources |= {by["source"]} - {None} if "source" in by else set()
        self.private |= {by["author"]} - {None} if "author" in by else set()
        self.private |= set((by.get("private") or {}).values())
        own = {"annotator.registered": line.get("person"), "case.registered": line.get("source")}.get(kind)
        self.private |= {own} - {None}
        self.private |= set(line.get("private") or []) if kind == "person.erased" else set()

    def count(self, *kinds):
        return sum(self.kinds.get(kind, 0) for kind in kinds)

    def tools_in_words(self):
        named = [(tool, self.tools[tool]) for tool in sorted(filter(None, self.tools))]
        return [item for pair in named for item in pair] + [self.tools.get(None, 0)]


class Recount:
    """The numbers of a release, from its Parquet table."""

    def __init__(self, folder):
        self.base = duckdb.connect()
        path = str(folder / "data/annotations/annotations.parquet")
        run = self.base.execute
        run(f"create view a as select * from read_parquet('{path}')")
        run(
            f"create table carrier as select decode(value)::json as j from parquet_kv_metadata('{path}')"
            " where decode(key) = 'holotype.carrier'"
        )
        for what in ["annotators", "cases", "images", "labels", "screenings", "slides", "splits"]:
            run(f"create table {what} as select unnest(from_json(coalesce(j->'{what}', '[]'), '[\"JSON\"]')) as o from carrier")
        run("create table i as select (o->>'name') as name, (o->>'case') as own_case, (o->>'slide') as slide, (o->'files') as files, coalesce(o->'facts', '{}') as facts from images")
        run("create table s as select (o->>'code') as code, (o->>'case') as own_case, coalesce(o->'facts', '{}') as facts from slides")
        run("create table c as select (o->>'code') as code, coalesce(o->'facts', '{}') as facts from cases")
        run("""create table stated as
            with said as (
                select i.name, 1 as rank, unnest(json_keys(i.facts)) as fact, i.facts as facts from i
                union all select i.name, 2, unnest(json_keys(s.facts)), s.facts from i join s on s.code = i.slide
                union all select i.name, 3, unnest(json_keys(c.facts)), c.facts
                    from i left join s on s.code = i.slide join c on c.code = coalesce(i.own_case, s.own_case))
            select name, fact, arg_min(facts->>('$."' || fact || '"'), rank) as value from said group by name, fact""")
        run("create table r as select annotation, unnest(from_json(coalesce((holotype::json)->'ratings', '[]'), '[\"JSON\"]')) as o from a")
        run("create table f as select name, unnest(from_json(coalesce(files, '[]'), '[\"JSON\"]')) as o from i")
        self.images = self.one("select count(*) from i")
        self.annotations = self.one("select count(*) from a")

    def one(self, query, *values):
        return self.base.execute(query, list(values)).fetchone()[0]

    def rows(self, query, *values):
        return self.base.execute(query, list(values)).fetchall()

    def flat(self, query, *values):
        return [item for row in self.rows(query, *values) for item in row]

    def fact(self, name):
        return self.one("select (j->'dataset'->'facts')->>? from carrier", name)

    def with_fact(self, name):
        return self.one("select count(*) from stated where fact = ?", name)

    def spread(self, name):
        return self.flat("select value, count(*) from stated where fact = ? group by 1 order by encode(value)", name)

    def repeated(self, keys, source):
        return self.one(f"select coalesce(sum(n), 0)::bigint from (select count(*) as n from {source} group by {keys} having n > 1)")

    def without(self, word, *facts):
        """Images on which these facts, joined by a word, are no numbers of their own."""
        said = f" {word} ".join(f"try_cast(i.facts->>'{fact}' as double) is null" for fact in facts)
        return self.one(f"select count(*) from i where {said}")


class Sheet:
    """The numbers that are expected in a datasheet, line by line."""

    def __init__(self, folder, record, history, found_personal):
        self.record, self.history, self.personal = record, history, found_personal
        self.n = Recount(folder)
        one = self.n.one
        self.declared = one("select count(*) from i where coalesce(json_array_length(files), 0) = 0")
        self.with_bytes = self.n.images - self.declared
        self.size_bytes = one("select coalesce(sum((o->>'size_bytes')::bigint), 0)::bigint from f")
        self.erased = history.count("image.erased")
        self.undecided = one("select count(*) from a where label is null")
        self.exceptions = one("select count(*) from a where (holotype::json->'exception') is not null")
        self.without_rating = one("select count(*) from a where ratings = 0")
        self.without_case = one("select count(*) from i where own_case is null")
        self.cases, self.slides = one("select count(*) from c"), one("select count(*) from s")
        self.labels = self.n.rows(
            "select l.name, count(a.annotation), count(distinct a.image) from (select (o->'record'->>'name') as name from labels) l"
            " left join a on a.label = l.name group by 1 order by encode(l.name)"
        )
        self.screened = one("select count(distinct (o->>'image')) from screenings")
        ids = f"read_csv('{folder / 'data/images.csv'}', header=true, all_varchar=true)"
        empty = f"select count(distinct t.holotype_id) from {ids} t where t.holotype_id not in (select image_id from a)"
        self.empty_screened = one(empty + " and t.holotype_id in (select (o->>'image') from screenings)")
        self.empty_unknown = one(empty) - self.empty_screened
        self.human = one("select count(*) from annotators where (o->>'kind') = 'human'")
        self.annotators = self.n.rows(
            "select (n.o->>'code'), (n.o->>'kind'), count(r.o), count(r.o) filter ((r.o->'label') is null),"
            " list_sort(list(distinct coalesce((r.o->>'round')::int, 1)) filter (r.o is not null)),"
            " count(r.o) filter ((r.o->>'blinded') = 'true'), count(r.o) filter ((r.o->>'blinded') = 'false')"
            " from annotators n left join r on (r.o->>'annotator') = (n.o->>'code') group by 1, 2 order by encode(n.o->>'code')"
        )
        self.methods = self.n.rows("select coalesce(replace(o->>'method', '_', ' '), 'not stated') as m, count(*) from r group by 1 order by encode(m)")
        self.shapes = self.n.rows("select shape, count(*) from a group by 1 order by 1")
        self.splits = self.n.rows("select (o->>'split'), (o->>'part'), count(*) from splits group by 1, 2 order by encode(o->>'split'), encode(o->>'part')")
        self.lineages = one("select count(distinct (o->>'lineage')) from (select unnest(from_json(coalesce((holotype::json)->'source_ids', '[]'), '[\"JSON\"]')) as o from a)")
        self.ratings = sum(row[2] for row in self.annotators)
        self.facts = [row[0] for row in self.n.rows("select distinct fact from stated order by encode(fact)")]
        self.queries = len([name for name in (self.n.one("select json_keys(j->'dataset'->'facts') from carrier") or []) if name.startswith("query.")])

    def noise(self):
        """Differing opinions, and what is odd or repeated."""
        opinions = (
            "(select annotation, count(distinct (o->>'annotator')) as people, count(distinct (o->'label'->>'id')) as labels"
            " from r where (o->'label') is not null group by 1)"
        )
        outside = (
            "select count(*) from a join i on i.name = a.image where try_cast(i.facts->>'width' as double) is not null and"
            " try_cast(i.facts->>'height' as double) is not null and (a.x < 0 or a.y < 0 or"
            " a.x + a.width > (i.facts->>'width')::double or a.y + a.height > (i.facts->>'height')::double)"
        )
        single = "(select (o->>'blob') as blob from f where name in (select name from i where json_array_length(files) = 1))"
        return [
            self.n.one(f"select count(*) from {opinions} where people > 1"),
            self.n.one(f"select count(*) from {opinions} where people > 1 and labels > 1"),
            self.n.one("select count(*) from r where (o->'label') is null"),
            self.undecided,
            self.exceptions,
            self.n.one(outside),
            self.n.images - self.n.without("or", "width", "height"),
            self.with_bytes,
            self.n.repeated("blob", single),
            self.n.repeated("image_id, shape, geometry, geometry_exact", "a"),
        ]

    def answer(self, name):
        """The expected numbers of the answer to a question, in their order."""
        n, h = self.n, self.history
        species = n.spread("species")
        unstated = n.images - n.with_fact("species")
        people = species + [unstated] * (unstated > 0) if species else [self.human]
        members = [item for row in self.annotators for item in [row[0], row[2], *(row[4] or [])]]
        groups = [item for fact in GROUPS for item in n.spread(fact)] + self.facts
        sensitive = [item for fact in self.facts if set(fact.split("_")) & SENSITIVE for item in [fact, n.with_fact(fact)]]
        scanners = n.spread("scanner")
        programs = h.tools_in_words() if set(h.tools) - {None} else []
        labels = [item for row in self.labels for item in [row[1], row[0]]]
        return {
            "motivation.2": [self.human, len(self.annotators) - self.human],
            "composition.1": [row[1] for row in self.shapes],
            "composition.2": [self.cases, self.slides, n.images, n.annotations, *labels],
            "composition.3": [self.screened, n.images],
            "composition.4": [self.with_bytes, self.size_bytes, self.declared],
            "composition.5": [self.undecided, n.annotations],
            "composition.6": [
                self.declared, self.erased, n.without("or", "width", "height"), n.without("and", "um_per_px_x", "um_per_px_y"),
                self.without_case, self.undecided, self.without_rating,
            ],
            "composition.7": [n.images - self.without_case, n.images],
            "composition.8": [item for row in self.splits for item in row],
            "composition.9": self.noise(),
            "composition.10": [self.declared, n.images] if self.declared else [],
            "composition.11": [len(h.private), *self.personal],
            "composition.13": people,
            "composition.14": groups,
            "composition.15": [self.cases, len(self.annotators)],
            "composition.16": sensitive,
            "collection.1": [item for row in self.methods for item in row],
            "collection.2": [*scanners, *programs],
            "collection.3": [self.record.get("filter", "")],
            "collection.4": members,
            "collection.5": [n.one("select count(*) from r where (o->'claimed_at') is not null")],
            "collection.7": people,
            "collection.8": [len(h.sources), self.lineages],
            "collection.11": [self.erased],
            "preprocessing.1": [self.ratings, sum(row[5] for row in self.annotators)],
            "preprocessing.2": [self.with_bytes, len(h.events), len(h.sources)],
            "preprocessing.3": h.tools_in_words(),
            "uses.1": [self.queries] if self.queries else [],
            "uses.3": [len(self.labels)],
            "uses.4": [max((row[1] for row in self.labels), default=0), n.annotations, self.empty_unknown],
            "distribution.1": [self.record["version"]],
            "distribution.2": [self.record.get("doi") or n.fact("doi") or ""],
            "distribution.5": n.spread("licence"),
            "maintenance.3": [h.count(*CORRECTIONS)],
            "maintenance.4": [h.commits, len(h.events)],
            "maintenance.5": [self.erased],
            "maintenance.6": [h.commits],
        }.get(name, [])

    def line(self, line):
        """The expected numbers of any other line."""
        n, h = self.n, self.history
        known = sum(row[5] + row[6] for row in self.annotators)
        wanted = {
            "images: what are their width and height?": n.without("or", "width", "height"),
            "images: how many µm is a pixel?": n.without("and", "um_per_px_x", "um_per_px_y"),
            "images: which case are they of?": self.without_case,
            "images without annotations: were they searched?": self.empty_unknown,
            "annotations: what is their label?": self.undecided,
            "annotations: who labelled them?": self.without_rating,
            "ratings: were they blinded?": self.ratings - known,
            "ratings: by which method did they come about?": dict(self.methods).get("not stated", 0),
            "images: which species?": n.images - n.with_fact("species"),
            "images: which scanner?": n.images - n.with_fact("scanner"),
        }
        for text, number in wanted.items():
            if line.endswith(text):
                return [number]
        for start, items in [
            ("# Datasheet: ", [n.fact("title") or self.record["name"], self.record["version"]]),
            ("This edition holds only rows", [self.record.get("filter", "")]),
            ("Labels are agreed by the rule", [self.exceptions, self.without_rating]),
        ]:
            if line.startswith(start):
                return items
        if " commits with " in line:
            return [h.commits, len(h.events), self.lineages]
        if line.endswith("images are declared only: their bytes are not part of this dataset."):
            return [self.declared]
        return []

    def table(self, head):
        """The expected rows of a table; `None` where nobody knows it."""
        n = self.n
        if head == ["", "number"]:
            return [
                ["cases", self.cases], ["slides", self.slides], ["images", n.images], ["images with bytes", self.with_bytes],
                ["bytes of images", self.size_bytes], ["images declared without bytes", self.declared],
                ["images erased", self.erased], ["images without a case", self.without_case],
                ["images without annotations, searched", self.empty_screened],
                ["images without annotations, not known to be searched", self.empty_unknown],
                ["annotations", n.annotations], ["annotations without an agreed label", self.undecided],
            ]
        if head == ["label", "annotations", "images"]:
            return self.labels
        if head == ["shape", "annotations"]:
            return self.shapes
        if head == ["split", "part", "members"]:
            return self.splits
        if head == ["method", "ratings"]:
            return self.methods
        if head[:3] == ["annotator", "kind", "ratings"]:
            return [[*row[:4], ", ".join(map(str, row[4] or [])), *row[5:]] for row in self.annotators]
        if len(head) == 3 and head[1:] == ["annotations", "images"]:
            return n.rows(
                "select s.value, count(a.annotation), count(distinct s.name) from stated s left join a on a.image = s.name"
                " where s.fact = ? group by 1 order by encode(s.value)", head[0]
            )
        return None


def cells(row):
    return [re.sub(r"\\(.)", r"\1", cell.strip()) for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


def check_tables(check, name, sheet, lines):
    """Every row of every table; returns how many numbers were compared."""
    compared = 0
    for at, line in enumerate(lines):
        if not line.startswith("|---"):
            continue
        head = cells(lines[at - 1])
        end = next(end for end in range(at + 1, len(lines) + 1) if end == len(lines) or not lines[end].startswith("|"))
        rows = [cells(row) for row in lines[at + 1 : end]]
        expected = sheet.table(head)
        check.equal(f"{name}: datasheet, table {head}", rows, expected and [[str(cell) for cell in row] for row in expected])
        compared += sum(len(numbers_of(*row)) for row in rows)
    return compared


def check_evidence(check, name, history, text):
    """Counts of kinds of events, and ids of events; returns the text without them."""
    said, mark, evidence = re.split(r"( \((?:in part, )?log: )", text)[:3] if re.search(r" \((?:in part, )?log: `", text) else (text, "", "")
    for count, kind in re.findall(r"; (\d+) `([a-z_.]+)`", evidence):
        check.equal(f"{name}: datasheet, events {kind}", int(count), history.count(kind))
    for event in re.findall(r"; event `([0-9a-f]{64}:\d+)`", evidence):
        check.equal(f"{name}: datasheet, event {event}", True, history.events.get(event) in ["facts.set", "record.restored"])
    rest = re.sub(r"; \d+ `[a-z_.]+`|; event `[0-9a-f]{64}:\d+`", "", evidence)
    return said + mark + rest, len(re.findall(r"; \d+ `", evidence))


def check_datasheet(check, name, folder, record, questions, found_personal):
    """Holds every number of a datasheet against one that is computed here; returns how the questions are answered."""
    history = History(folder)
    sheet = Sheet(folder, record, history, found_personal)
    text = (folder / "datasheet.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    compared = check_tables(check, name, sheet, lines)
    names = iter(questions)
    tally = {"full": 0, "part": 0, "makers": 0, "open": 0}
    told = None
    for line in lines:
        if line.startswith("|") or line.startswith("!["):
            continue
        is_question = line.startswith("**")
        expected = sheet.answer(next(names)) if is_question else sheet.line(re.sub(r"\\(.)", r"\1", line))
        if is_question:
            kinds = [("full", " (log: `"), ("part", " (in part, log: `"), ("open", " Open.")]
            kind = next((kind for kind, mark in kinds if mark in line), "makers")
            tally["makers" if kind == "part" and "?** “" in line else kind] += 1
        plain, counted = check_evidence(check, name, history, line)
        compared += counted
        for stated in re.findall(r"^[a-z ]+: “(.*)”$", plain):
            fact = plain.split(":")[0].replace(" ", "_")
            check.equal(f"{name}: datasheet, fact {fact}", re.sub(r"\\(.)", r"\1", stated), sheet.n.fact(fact))
        plain = re.sub(r"“.*?”|`[^`]*`", "", re.sub(r"\\(.)", r"\1", plain))
        days = re.findall(r"\d{4}-\d\d-\d\d", plain)
        known = {record["date"], record["first_commit_at"][:10], record["last_commit_at"][:10]}
        check.equal(f"{name}: datasheet, days of {line[:40]}", set(), set(days) - known)
        found = numbers_of(re.sub(r"\d{4}-\d\d-\d\d", "", plain))
        if " answered by the log, " in line:
            told = [int(number) for number in found]
            continue
        check.equal(f"{name}: datasheet, {line[:60]}", found, numbers_of(*expected))
        compared += len(found)
    check.equal(f"{name}: questions", told, [sum(tally.values()), *tally.values()])
    check.equal(f"{name}: each question has its line", None, next(names, None))
    print(f"release: {name}: {compared} numbers of the datasheet computed once more; {tally}")
    return tally
