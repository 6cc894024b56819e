//! The published mitotic figures (MIDOG 2021 as SQLite and as JSON, and MIDOG++), as they are.

#![allow(
    clippy::indexing_slicing,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;

use std::collections::BTreeMap;
use std::path::PathBuf;

use holotype::id::{Code, LabelId};
use holotype::model::rule::{RatingView, Tie};
use holotype::model::{AnnotatorKind, Rule};
use lab::{Lab, count_of, data_dir, message_of, text};
use serde_json::Value;

fn midog(name: &str) -> Option<PathBuf> {
    data_dir().map(|data| data.join("midog").join(name))
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

/// Imports straight into a commit.
fn import(lab: &Lab, file: &str) -> Value {
    lab.json(&["import", file, "--commit", "as published"])
}

/// One annotation of the database.
#[derive(Debug, PartialEq)]
struct Row {
    image: String,
    x: f64,
    y: f64,
    label: String,
    people: Vec<(String, Option<String>)>,
}

/// Reads the annotations of the database by guid.
fn database(file: &std::path::Path) -> BTreeMap<String, Row> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let database = rusqlite::Connection::open_with_flags(format!("file:{}?immutable=1", path(file)), flags)
        .expect("a database");
    let mut rows = BTreeMap::new();
    let mut uids = BTreeMap::new();
    let sql = "SELECT a.uid, a.guid, s.filename, c.coordinateX, c.coordinateY, l.name FROM Annotations a \
               JOIN Slides s ON s.uid = a.slide JOIN Annotations_coordinates c ON c.annoId = a.uid \
               JOIN Classes l ON l.uid = a.agreedClass";
    let mut statement = database.prepare(sql).expect("the schema of MIDOG");
    let mut found = statement.query([]).expect("a query");
    while let Some(row) = found.next().expect("a row") {
        let guid: String = row.get(1).expect("a guid");
        uids.insert(row.get::<_, i64>(0).expect("a uid"), guid.clone());
        let (x, y) = (row.get(3).expect("x"), row.get(4).expect("y"));
        let (image, label) = (row.get(2).expect("a name"), row.get(5).expect("a class"));
        rows.insert(
            guid,
            Row {
                image,
                x,
                y,
                label,
                people: Vec::new(),
            },
        );
    }
    let sql = "SELECT r.annoId, p.name, l.name FROM Annotations_label r JOIN Persons p ON p.uid = r.person \
               LEFT JOIN Classes l ON l.uid = r.class ORDER BY r.uid";
    let mut statement = database.prepare(sql).expect("the schema of MIDOG");
    let mut found = statement.query([]).expect("a query");
    while let Some(row) = found.next().expect("a row") {
        let guid = &uids[&row.get::<_, i64>(0).expect("a uid")];
        let rating = (
            row.get(1).expect("a person"),
            row.get(2).expect("a class or none"),
        );
        rows.get_mut(guid).expect("an annotation").people.push(rating);
    }
    rows
}

/// What ratings a row of `list annotations` has, for a rule.
struct Views {
    ratings: Vec<(Code, Option<LabelId>, u32)>,
}

impl Views {
    fn of(row: &Value) -> Self {
        let ratings = row["ratings"].as_array().expect("a list").iter().map(|rating| {
            let code = Code::parse(&text(&rating["annotator"])).expect("a code");
            let round = rating["round"]
                .as_u64()
                .and_then(|round| u32::try_from(round).ok())
                .expect("a round");
            (
                code,
                rating["label"].as_str().map(|name| LabelId::of_name(name, 0)),
                round,
            )
        });
        Self {
            ratings: ratings.collect(),
        }
    }

    fn evaluate(&self, rule: &Rule) -> Option<LabelId> {
        let views: Vec<RatingView<'_>> = self
            .ratings
            .iter()
            .map(|(annotator, label, round)| {
                let is_model = annotator.as_str().starts_with("model");
                let kind = if is_model {
                    AnnotatorKind::Model
                } else {
                    AnnotatorKind::Human
                };
                RatingView {
                    annotator,
                    kind,
                    round: *round,
                    label: *label,
                }
            })
            .collect();
        rule.evaluate(None, &views)
    }
}

fn adjudicated() -> Rule {
    let code = |text: &str| Code::parse(text).expect("a code");
    Rule::Adjudicated {
        primary: [code("human-1"), code("human-2")],
        third: code("human-3"),
    }
}

#[test]
fn the_database_gives_declared_images_ratings_and_people() {
    let Some(file) = midog("MIDOG.sqlite") else { return };
    let lab = Lab::new();
    let imported = lab.json(&[
        "import",
        path(&file),
        "--map-annotator",
        "RetinaNet=model",
        "--commit",
        "as published",
    ]);
    assert_eq!(
        (&imported["format"], &imported["created"]),
        (&"sliderunner".into(), &4435.into())
    );
    assert_eq!(imported["ratings_added"], 11094);
    let counts = &imported["counts"];
    assert_eq!(
        (&counts["images"], &counts["annotations"]),
        (&200.into(), &4435.into())
    );
    assert_eq!(
        (&counts["ratings"], &counts["annotators"]),
        (&11094.into(), &4.into())
    );
    assert!(
        lab.rows(&["list", "images"])
            .iter()
            .all(|image| image["blob"].is_null())
    );

    let ratings = lab.rows(&["list", "ratings"]);
    assert_eq!(ratings.len(), 11094);
    assert_eq!(
        ratings.iter().filter(|rating| rating["label"].is_null()).count(),
        119
    );
    let mut times: BTreeMap<(String, String), u64> = BTreeMap::new();
    for rating in &ratings {
        *times
            .entry((text(&rating["annotation"]), text(&rating["annotator"])))
            .or_default() += 1;
    }
    assert_eq!(times.values().filter(|times| **times > 1).count(), 173);

    let mut kinds: Vec<(String, String, String)> = lab
        .rows(&["list", "annotators"])
        .iter()
        .map(|row| (text(&row["code"]), text(&row["kind"]), text(&row["name"])))
        .collect();
    kinds.sort();
    let known = |code: &str, kind: &str, name: &str| (code.to_owned(), kind.to_owned(), name.to_owned());
    assert_eq!(
        kinds,
        [
            known("human-1", "human", "expert 1"),
            known("human-2", "human", "expert 2"),
            known("human-3", "human", "expert 3"),
            known("model-1", "model", "RetinaNet"),
        ]
    );
    let again = lab.json(&["import", path(&file)]);
    assert_eq!((&again["events"], &again["matched"]), (&0.into(), &4435.into()));
}

#[test]
fn all_4435_rows_of_the_database_are_exact_and_the_rule_gives_the_published_class() {
    let Some(file) = midog("MIDOG.sqlite") else { return };
    let lab = Lab::new();
    lab.ok(&[
        "import",
        path(&file),
        "--map-annotator",
        "RetinaNet=model",
        "--commit",
        "as published",
    ]);
    let names = [
        ("expert 1", "human-1"),
        ("expert 2", "human-2"),
        ("expert 3", "human-3"),
        ("RetinaNet", "model-1"),
    ];
    let codes: BTreeMap<&str, &str> = names.into_iter().collect();
    let mut database = database(&file);
    assert_eq!(database.len(), 4435);
    let (mut halves, mut third, mut by_rule) = (0, 0, 0);
    for row in lab.rows(&["list", "annotations"]) {
        let id = text(&row["id"]);
        let guid = uuid::Uuid::parse_str(&id[16..]).unwrap().to_string();
        let published = database.remove(&guid).expect("the id ends with the guid");
        let geometry = &row["geometry"];
        let (x, y) = (geometry["x"].as_f64().unwrap(), geometry["y"].as_f64().unwrap());
        assert_eq!(
            (x.to_bits(), y.to_bits()),
            (published.x.to_bits(), published.y.to_bits()),
            "{guid}"
        );
        halves += usize::from(x.fract() != 0.0 || y.fract() != 0.0);
        assert_eq!(
            (&row["image_name"], &row["label"]),
            (&published.image.into(), &published.label.as_str().into())
        );
        let mut expected: Vec<(&str, Option<&str>)> = published
            .people
            .iter()
            .map(|(who, label)| (codes[who.as_str()], label.as_deref()))
            .collect();
        expected.sort_by_key(|(code, _)| *code);
        let listed: Vec<(&str, Option<&str>)> = row["ratings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rating| (rating["annotator"].as_str().unwrap(), rating["label"].as_str()))
            .collect();
        assert_eq!(
            listed, expected,
            "{guid}: each person's ratings, in the order of the file"
        );

        let views = Views::of(&row);
        by_rule += usize::from(views.evaluate(&adjudicated()) == Some(LabelId::of_name(&published.label, 0)));
        let first = |who: &str| {
            views
                .ratings
                .iter()
                .find_map(|(code, label, _)| label.filter(|_| code.as_str() == who))
        };
        let agree = first("human-1").is_some() && first("human-1") == first("human-2");
        third += usize::from(!agree);
    }
    assert!(database.is_empty(), "{} rows are missing", database.len());
    assert!(halves > 0, "the file has half pixels");
    assert_eq!((by_rule, third), (4435, 925));
}

#[test]
fn corners_are_read_as_corners_and_boxes_outside_are_kept() {
    let Some(file) = midog("MIDOG.json") else { return };
    let lab = Lab::new();
    let imported = import(&lab, path(&file));
    assert_eq!(
        (&imported["box_format"], &imported["created"]),
        (&"xyxy".into(), &4435.into())
    );
    let evidence = text(&imported["box_format_evidence"]);
    assert!(
        evidence.contains("4435") && evidence.contains("48 when read as xyxy"),
        "{evidence}"
    );
    assert_eq!(count_of(&imported, "warnings", "outside_image"), 48);
    let outside = lab.rows(&["list", "annotations", "--where", "'outside_image' in flags"]);
    assert_eq!(outside.len(), 48);
    for row in lab.rows(&["list", "annotations"]) {
        assert_eq!(
            (&row["geometry"]["width"], &row["geometry"]["height"]),
            (&50.into(), &50.into()),
            "not clamped"
        );
    }
    let told = Lab::new().ok(&["import", path(&file)]).stdout;
    assert!(told.contains("boxes read as xyxy: of 4435 boxes"), "{told}");
}

#[test]
fn the_successor_adds_and_changes_nothing_of_what_was() {
    let (Some(first), Some(second)) = (midog("MIDOG.json"), midog("MIDOG++.json")) else {
        return;
    };
    let Some(table) = midog("MIDOG++_slides.csv") else {
        return;
    };
    let lab = Lab::new();
    import(&lab, path(&first));
    let before: BTreeMap<String, (Value, Value)> = places(&lab);
    let imported = import(&lab, path(&second));
    assert_eq!(
        (&imported["created"], &imported["matched"]),
        (&21851.into(), &4435.into())
    );
    assert_eq!(
        (
            &imported["withdrawn"],
            &imported["modified"],
            &imported["rekeyed"]
        ),
        (&0.into(), &0.into(), &0.into())
    );
    let counts = &imported["counts"];
    assert_eq!(
        (&counts["images"], &counts["annotations"]),
        (&553.into(), &26286.into())
    );
    let dimensions = message_of(&imported, "warnings", "image_dimensions_changed");
    assert!(dimensions.contains("172.tiff"), "{dimensions}");
    let licence = message_of(&imported, "warnings", "licence_changed");
    assert!(
        licence.contains("NonCommercial") && licence.contains("CC0"),
        "{licence}"
    );
    let after = places(&lab);
    assert!(
        before.iter().all(|(id, place)| after.get(id) == Some(place)),
        "none moved, reshaped or relabelled"
    );
    changed_images(&lab);

    let majority = Rule::Majority {
        kinds: vec![AnnotatorKind::Human],
        tie: Tie::Undecided,
    };
    let rows = lab.rows(&["list", "annotations"]);
    let by_rule = rows.iter().filter(|row| {
        Views::of(row).evaluate(&majority)
            == row["recorded_label"]
                .as_str()
                .map(|name| LabelId::of_name(name, 0))
    });
    assert_eq!((by_rule.count(), rows.len()), (26286, 26286));

    let joined = lab.json(&["metadata", path(&table), "--match", "{:03}.tiff"]);
    assert_eq!(joined["matched"], 503);
    assert_eq!(joined["unmatched_images"].as_array().map(Vec::len), Some(50));
    assert_eq!(joined["unmatched_rows"].as_array().map(Vec::len), Some(0));
    lab.commit("slides");
    let canine = lab.rows(&["list", "images", "--where", "species == 'Canine'"]);
    assert!(!canine.is_empty());
    let again = lab.json(&["metadata", path(&table), "--match", "{:03}.tiff"]);
    assert_eq!(again["events"], 0, "the same table again says nothing new");
    assert_eq!(
        lab.json(&["import", path(&second)])["events"],
        0,
        "the same file again says nothing new"
    );
}

fn places(lab: &Lab) -> BTreeMap<String, (Value, Value)> {
    let rows = lab.rows(&["list", "annotations"]);
    rows.iter()
        .map(|row| (text(&row["id"]), (row["geometry"].clone(), row["label"].clone())))
        .collect()
}

/// Which images have other dimensions than in the version before.
fn changed_images(lab: &Lab) {
    let sizes = |revision: &str| -> BTreeMap<String, (Value, Value)> {
        let rows = lab.rows(&["list", "images", revision]);
        rows.iter()
            .map(|row| (text(&row["name"]), (row["width"].clone(), row["height"].clone())))
            .collect()
    };
    let (before, after) = (sizes("HEAD~1"), sizes("HEAD"));
    let changed: Vec<&str> = before
        .iter()
        .filter(|(name, size)| after.get(*name) != Some(size))
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(changed, ["172.tiff", "173.tiff"]);
    assert_eq!(after.len() - before.len(), 353);
}

#[test]
fn dimensions_that_changed_are_named_image_by_image() {
    let (Some(first), Some(second)) = (midog("MIDOG.json"), midog("MIDOG++.json")) else {
        return;
    };
    let lab = Lab::new();
    import(&lab, path(&first));
    let imported = import(&lab, path(&second));
    let message = message_of(&imported, "warnings", "image_dimensions_changed");
    assert!(
        message.contains("172.tiff") && message.contains("173.tiff"),
        "{message}"
    );
    assert_eq!(count_of(&imported, "warnings", "image_dimensions_changed"), 2);
}

#[test]
fn one_box_moved_by_two_pixels_is_one_event() {
    let Some(file) = midog("MIDOG.json") else { return };
    let lab = Lab::new();
    import(&lab, path(&file));
    let original = std::fs::read_to_string(&file).unwrap();
    let (old, new) = (
        "\"bbox\": [4336, 346, 4386, 396]",
        "\"bbox\": [4338, 346, 4388, 396]",
    );
    assert_eq!(original.matches(old).count(), 1);
    let copy = lab.write("copy.json", original.replace(old, new));
    let imported = lab.json(&["import", &copy, "--commit", "moved"]);
    assert_eq!(
        (&imported["events"], &imported["modified"], &imported["matched"]),
        (&1.into(), &1.into(), &4435.into())
    );
    let log = lab.json(&["log", "-n", "1", "--events"]);
    let events = log["commits"][0]["event_list"].as_array().unwrap();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["annotation.geometry_revised"]);
}

/// The same content, written in another way: lists reversed and rotated, whole numbers with a point.
fn shuffled(original: &str) -> String {
    let mut document: Value = serde_json::from_str(original).expect("JSON");
    for list in ["images", "annotations"] {
        let entries = document[list].as_array_mut().expect("a list");
        entries.reverse();
        let middle = entries.len() / 3;
        entries.rotate_left(middle);
        let half = entries.len() / 2;
        entries[..half].reverse();
    }
    for entry in document["annotations"].as_array_mut().expect("a list") {
        for number in entry["bbox"].as_array_mut().expect("a list") {
            *number = number.as_f64().expect("a number").into();
        }
    }
    document.to_string()
}

#[test]
fn the_order_and_spelling_of_a_file_do_not_matter() {
    let Some(file) = midog("MIDOG.json") else { return };
    let lab = Lab::new();
    let first = import(&lab, path(&file));
    let original = std::fs::read_to_string(&file).unwrap();
    let other = shuffled(&original);
    assert!(other.contains("4336.0") && !original.contains("4336.0"));
    let copy = lab.write("shuffled.json", &other);
    assert_eq!(lab.json(&["import", &copy])["events"], 0);
    let fresh = Lab::seeded("2030-05-06", '7', "Bob <bob@example.org>");
    let copy = fresh.write("shuffled.json", &other);
    assert_eq!(import(&fresh, &copy)["snapshot"], first["snapshot"]);
}

#[test]
fn the_json_after_the_database_is_a_dialect_and_changes_nothing() {
    let (Some(points), Some(boxes)) = (midog("MIDOG.sqlite"), midog("MIDOG.json")) else {
        return;
    };
    let lab = Lab::new();
    let model = ["--map-annotator", "RetinaNet=model", "--commit", "points"];
    lab.ok(&[&["import", path(&points)], &model[..]].concat());
    let (before, ratings) = (places(&lab), lab.rows(&["list", "ratings"]));
    let report = import(&lab, path(&boxes));
    let figures = [
        "matched",
        "created",
        "withdrawn",
        "modified",
        "matched_by_distance",
        "ratings_added",
    ];
    assert_eq!(
        figures.map(|name| report[name].as_u64().expect("a number")),
        [4435, 0, 0, 0, 4435, 0]
    );
    assert_eq!(count_of(&report, "warnings", "box_around_point_kept"), 4435);
    assert_eq!(report["match_radius"]["value"], 25.0, "half of the boxes' side");
    assert_eq!(places(&lab), before);
    assert_eq!(lab.rows(&["list", "ratings"]), ratings);
    let again = lab.json(&["import", path(&boxes)]);
    assert_eq!(
        (&again["events"], &again["matched_by_distance"]),
        (&0.into(), &0.into()),
        "the ids of the file are known now"
    );
    let taken = lab.json(&["import", path(&boxes), "--geometry", "take", "--commit", "boxes"]);
    assert_eq!(
        (&taken["modified"], &taken["reshaped"], &taken["events"]),
        (&4435.into(), &4435.into(), &4435.into())
    );
    let rows = lab.rows(&["list", "annotations"]);
    assert!(
        rows.iter()
            .all(|row| row["geometry"]["type"] == "box" && row["geometry"]["width"] == 50)
    );
    assert_eq!(rows.len(), 4435);
}
