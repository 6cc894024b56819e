//! A file that comes back edited, without its ids or in another dialect: what is found, what is told, what stays.

use serde_json::{Value, json};

use crate::lab::{Lab, count_of, text};

/// A COCO file on one image with the classes `a` (1) and `b` (2).
fn coco(image: &str, annotations: &[Value]) -> String {
    json!({
        "images": [{"id": 1, "file_name": image, "width": 2000, "height": 2000}],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": annotations,
    })
    .to_string()
}

fn square(id: Option<u64>, category: u64, x: f64, y: f64, size: f64) -> Value {
    let mut value =
        json!({"image_id": 1, "category_id": category, "bbox": [x, y, size, size], "area": size * size});
    if let Some(id) = id {
        value["id"] = id.into();
    }
    value
}

fn import(lab: &Lab, name: &str, content: &str, more: &[&str]) -> Value {
    let file = lab.write(name, content);
    lab.json(&[&["import", &file, "--box-format", "xywh"], more].concat())
}

fn numbers(report: &Value) -> Vec<u64> {
    let names = [
        "created",
        "matched",
        "moved",
        "reshaped",
        "relabelled",
        "withdrawn",
        "rekeyed",
    ];
    names.iter().map(|name| report[name].as_u64().unwrap()).collect()
}

/// Twenty squares of 20 px, 100 px apart, ids 1 to 20.
fn twenty() -> Vec<Value> {
    (0..20_u32)
        .map(|n| square(Some(u64::from(n) + 1), 1, f64::from(n) * 95.0, 50.0, 20.0))
        .collect()
}

fn with_twenty(more: &[&str]) -> Lab {
    let lab = Lab::new();
    let args = [&["--commit", "first"], more].concat();
    import(&lab, "first.json", &coco("i.png", &twenty()), &args);
    lab
}

/// One moved by 5 px to the right, one twice as wide, one relabelled, the last withdrawn, one new; ids as asked for.
fn edited(id: impl Fn(u64) -> Option<u64>) -> Vec<Value> {
    let mut all = twenty();
    all.pop();
    for (n, one) in (1..).zip(&mut all) {
        match id(n) {
            Some(id) => one["id"] = id.into(),
            None => {
                one.as_object_mut().unwrap().remove("id");
            }
        }
    }
    all[2]["bbox"][0] = 195.0.into();
    all[4]["bbox"][2] = 30.0.into();
    all[6]["category_id"] = 2.into();
    all.push(square(id(99), 1, 500.0, 900.0, 20.0));
    all
}

#[test]
fn with_ids_without_ids_and_with_others_the_events_are_the_same() {
    let complete = ["--complete", "--dry-run"];
    let with_ids = import(
        &with_twenty(&[]),
        "e.json",
        &coco("i.png", &edited(Some)),
        &complete,
    );
    assert_eq!(numbers(&with_ids), [1, 19, 1, 1, 1, 1, 0]);
    let without = import(
        &with_twenty(&[]),
        "e.json",
        &coco("i.png", &edited(|_| None)),
        &complete,
    );
    assert_eq!(numbers(&without)[..6], [1, 19, 1, 1, 1, 1], "{without}");
    assert_eq!(
        without["matched_by_distance"], 2,
        "the moved and the reshaped one"
    );
    let others = import(
        &with_twenty(&[]),
        "e.json",
        &coco("i.png", &edited(|n| Some(n + 1000))),
        &complete,
    );
    assert_eq!(
        numbers(&others),
        [1, 19, 1, 1, 1, 1, 19],
        "each has another id now"
    );
}

#[test]
fn the_radius_is_told_given_in_px_or_um_and_switched_off() {
    let lab = with_twenty(&[]);
    let without_ids = coco("i.png", &edited(|_| None));
    let dry = |more: &[&str]| import(&lab, "e.json", &without_ids, &[&["--dry-run"], more].concat());
    let by_default = dry(&[]);
    assert_eq!(
        by_default["match_radius"],
        json!({"value": 10.0, "smallest": 10.0, "unit": "px", "origin": "half_median_side"})
    );
    assert_eq!(
        numbers(&dry(&["--match-radius", "0"]))[..4],
        [3, 17, 0, 0],
        "what moved is new"
    );
    assert_eq!(numbers(&dry(&["--match-radius", "4"]))[..4], [3, 17, 0, 0]);
    assert_eq!(numbers(&dry(&["--match-radius", "5px"]))[..4], [1, 19, 1, 1]);
    let file = lab.write("e.json", &without_ids);
    let ran = lab.run(&["import", &file, "--match-radius", "2um"]);
    assert!(ran.refused(3).contains("i.png"), "{}", ran.stderr);
    assert!(ran.stderr.contains("um_per_px_x"), "{}", ran.stderr);
    lab.ok(&["set", "image", "i.png", "um_per_px_x=0.25", "um_per_px_y=0.25"]);
    let um = dry(&["--match-radius", "1.25um"]);
    assert_eq!(
        (&um["match_radius"]["unit"], &um["match_radius"]["origin"]),
        (&"um".into(), &"given".into())
    );
    assert_eq!(numbers(&um)[..4], [1, 19, 1, 1], "5 px are 1.25 µm");
    assert_eq!(um["changes"][0]["moved_max_um"], 1.25);
    assert_eq!(numbers(&dry(&["--match-radius", "1um"]))[..4], [3, 17, 0, 0]);
    lab.run(&["import", &file, "--match-radius", "5 miles"])
        .refused(2);
}

#[test]
fn a_dry_run_shows_a_table_and_names_what_changes() {
    let lab = with_twenty(&[]);
    let file = lab.write("e.json", coco("i.png", &edited(Some)));
    let told = lab
        .ok(&["import", &file, "--box-format", "xywh", "--dry-run", "--complete"])
        .stdout;
    let row = told
        .lines()
        .find(|line| line.starts_with("i.png"))
        .expect("a row for the image");
    let cells: Vec<&str> = row
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(
        cells,
        [
            "i.png",
            "19",
            "1",
            "1 (up to 5.0 px)",
            "1",
            "1 × a → b",
            "1",
            "-",
            "-"
        ]
    );
    assert!(
        told.contains("scope: complete for the 1 image that it names"),
        "{told}"
    );
    assert!(
        told.contains("matched within 10 px: half of the median smaller side"),
        "{told}"
    );
    assert!(told.contains("i.png: moved 3 at 205.0, 60.0 by 5.0 px"), "{told}");
    assert!(
        told.contains("i.png: relabelled 7 at 580.0, 60.0: a → b"),
        "{told}"
    );
    let json = lab.json(&["import", &file, "--box-format", "xywh", "--dry-run", "--complete"]);
    let change = &json["changes"][0];
    assert_eq!(
        (&change["name"], &change["matched"], &change["withdrawn"]),
        (&"i.png".into(), &19.into(), &1.into())
    );
    assert_eq!(change["labels"], json!([{"from": "a", "to": "b", "count": 1}]));
    let named = change["named"].as_array().unwrap();
    assert_eq!(named.len(), 5);
    assert!(
        named
            .iter()
            .any(|one| one["kind"] == "moved" && one["distance_px"] == 5.0)
    );
    let same = lab.ok(&[
        "import",
        &lab.write("s.json", coco("i.png", &twenty())),
        "--box-format",
        "xywh",
        "--dry-run",
    ]);
    assert!(same.stdout.contains("nothing would change"), "{}", same.stdout);
}

#[test]
fn what_a_partial_file_does_not_mention_stays_and_is_counted() {
    let lab = with_twenty(&[]);
    let part = coco("i.png", &twenty()[..5]);
    let report = import(&lab, "p.json", &part, &["--dry-run"]);
    assert_eq!(
        (&report["withdrawn"], &report["scope"]["not_mentioned"]),
        (&0.into(), &15.into())
    );
    assert_eq!(report["scope"]["complete"], false);
    let told = lab
        .ok(&[
            "import",
            &lab.write("p.json", &part),
            "--box-format",
            "xywh",
            "--dry-run",
        ])
        .stdout;
    assert!(told.contains("scope: partial; 15 known annotations"), "{told}");
    let complete = import(&lab, "p.json", &part, &["--complete"]);
    assert_eq!(
        (&complete["withdrawn"], &complete["scope"]["complete"]),
        (&15.into(), &true.into())
    );
}

#[test]
fn a_complete_file_of_one_annotator_withdraws_only_what_nobody_else_rated() {
    let lab = with_twenty(&["--annotator", "expert 1"]);
    let second: Vec<Value> = twenty()
        .into_iter()
        .take(3)
        .chain([square(Some(50), 1, 700.0, 700.0, 20.0)])
        .collect();
    import(
        &lab,
        "two.json",
        &coco("i.png", &second),
        &["--annotator", "expert 2", "--commit", "two"],
    );
    // Expert 1 gives up the first two: the first was rated by expert 2 as well.
    let rest: Vec<Value> = twenty()
        .into_iter()
        .enumerate()
        .filter(|(n, _)| *n != 0 && *n != 10)
        .map(|(_, one)| one)
        .collect();
    let report = import(
        &lab,
        "one.json",
        &coco("i.png", &rest),
        &["--annotator", "expert 1", "--complete"],
    );
    assert_eq!(report["withdrawn"], 1, "{report}");
    assert_eq!(
        report["scope"]["not_mentioned_of_others"], 2,
        "one that expert 2 rated, too, and one that expert 2 drew"
    );
}

#[test]
fn a_second_annotator_adds_an_opinion_and_moves_nothing_of_the_first_ones_ratings() {
    let lab = with_twenty(&["--annotator", "expert 1"]);
    let first: Vec<Value> = lab.rows(&["list", "ratings"]);
    let mut other = twenty();
    other[0]["category_id"] = 2.into();
    other[1]["bbox"][0] = 99.0.into();
    let blind = ["--annotator", "expert 2", "--blinded", "--commit", "blind"];
    let report = import(&lab, "two.json", &coco("i.png", &other), &blind);
    assert_eq!(
        (&report["relabelled"], &report["ratings_added"]),
        (&0.into(), &20.into())
    );
    assert_eq!(
        report["moved"], 1,
        "where it is, is nobody's opinion: it is revised in the second one's name"
    );
    let ratings = lab.rows(&["list", "ratings"]);
    assert_eq!(ratings.len(), 40);
    assert!(
        first.iter().all(|rating| ratings.contains(rating)),
        "the first one's are as they were"
    );
    let seeing = ["--annotator", "expert 3", "--commit", "seeing"];
    let report = import(&lab, "three.json", &coco("i.png", &other), &seeing);
    assert_eq!(
        report["relabelled"], 1,
        "who sees the others' labels corrects them"
    );
    assert_eq!(lab.rows(&["list", "ratings"]).len(), 60);
    let log = lab.json(&["log", "-n", "2", "--events"]);
    let revised: Vec<&Value> = log["commits"][1]["event_list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["kind"] == "annotation.geometry_revised")
        .collect();
    assert_eq!((revised.len(), &revised[0]["annotator"]), (1, &"human-2".into()));
}

#[test]
fn a_weak_id_that_names_something_else_makes_a_new_annotation() {
    let lab = with_twenty(&[]);
    let mut other = twenty();
    // Most ids hold; 20 is free again and was given to something else, and the old 20 came back as 77.
    other[19]["id"] = 77.into();
    other.push(square(Some(20), 2, 300.0, 1500.0, 20.0));
    let report = import(&lab, "o.json", &coco("i.png", &other), &["--commit", "other"]);
    assert_eq!(numbers(&report), [1, 20, 0, 0, 0, 0, 1], "{report}");
    let again = import(&lab, "o.json", &coco("i.png", &other), &["--complete"]);
    assert_eq!(again["events"], 0, "the same file again is no event: {again}");
}

/// A SlideRunner database with a spot of class `a` at each position on `i.png`.
fn spots(lab: &Lab, positions: &[(f64, f64)]) -> String {
    let file = lab.write("spots.sqlite", "");
    let database = rusqlite::Connection::open(&file).unwrap();
    let schema = "CREATE TABLE Slides (uid INTEGER PRIMARY KEY, filename TEXT, width INTEGER, height INTEGER, directory TEXT);
        CREATE TABLE Classes (uid INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE Persons (uid INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE Annotations (uid INTEGER PRIMARY KEY, slide INTEGER, type INTEGER, agreedClass INTEGER);
        CREATE TABLE Annotations_label (uid INTEGER PRIMARY KEY, person INTEGER, class INTEGER, annoId INTEGER);
        CREATE TABLE Annotations_coordinates (uid INTEGER PRIMARY KEY, coordinateX INTEGER, coordinateY INTEGER, slide INTEGER, annoId INTEGER, orderIdx INTEGER);
        CREATE TABLE Log (uid INTEGER PRIMARY KEY, dateTime FLOAT, labelId INTEGER);
        INSERT INTO Slides VALUES (1, 'i.png', 2000, 2000, NULL);
        INSERT INTO Classes VALUES (1, 'a');";
    database.execute_batch(schema).unwrap();
    for (uid, (x, y)) in (1_i64..).zip(positions) {
        database
            .execute("INSERT INTO Annotations VALUES (?1, 1, 1, 1)", [uid])
            .unwrap();
        let sql = "INSERT INTO Annotations_coordinates VALUES (NULL, ?1, ?2, 1, ?3, 1)";
        database.execute(sql, (x, y, uid)).unwrap();
    }
    file
}

#[test]
fn a_list_of_points_after_boxes_keeps_the_boxes() {
    let lab = with_twenty(&[]);
    let middles: Vec<(f64, f64)> = (0..20_u32)
        .map(|n| (f64::from(n) * 95.0 + if n == 3 { 14.0 } else { 10.0 }, 60.0))
        .collect();
    let report = lab.json(&["import", &spots(&lab, &middles), "--commit", "points"]);
    let figures = ["created", "matched", "moved", "reshaped"].map(|name| report[name].as_u64());
    assert_eq!(figures, [Some(0), Some(20), Some(1), Some(0)], "{report}");
    assert_eq!(report["match_radius"]["origin"], "points");
    assert_eq!(count_of(&report, "warnings", "point_in_box_kept"), 20);
    let rows = lab.rows(&["list", "annotations"]);
    assert!(rows.iter().all(|row| row["geometry"]["type"] == "box"));
    assert!(
        rows.iter().any(|row| row["geometry"]["x"] == 289),
        "the one that moved, moved: {rows:?}"
    );
    let ids: std::collections::BTreeSet<String> = rows.iter().map(|row| text(&row["id"])).collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn many_files_in_one_run_mean_what_they_mean_one_by_one() {
    let lab = Lab::new();
    let folder = |count: u32, shift: f64| {
        for n in 0..count {
            let boxes: Vec<Value> = (0..3_u32)
                .map(|k| {
                    square(
                        Some(u64::from(k) + 1),
                        1,
                        f64::from(k) * 100.0 + shift,
                        10.0,
                        20.0,
                    )
                })
                .collect();
            lab.write(&format!("many/{n:03}.json"), coco(&format!("{n:03}.png"), &boxes));
        }
        lab.path().join("many").display().to_string()
    };
    let first = lab.json(&[
        "import",
        &folder(30, 0.0),
        "--box-format",
        "xywh",
        "--commit",
        "first",
    ]);
    assert_eq!((&first["created"], &first["files"]), (&90.into(), &30.into()));
    let again = lab.json(&["import", &folder(30, 0.0), "--box-format", "xywh"]);
    assert_eq!((&again["events"], &again["matched"]), (&0.into(), &90.into()));
    let moved = lab.json(&["import", &folder(30, 4.0), "--box-format", "xywh"]);
    assert_eq!(
        (&moved["created"], &moved["moved"], &moved["rekeyed"]),
        (&0.into(), &90.into(), &0.into())
    );
}

#[test]
fn ids_that_are_exchanged_and_exchanged_back_are_rekeyed_each_time() {
    let lab = with_twenty(&[]);
    let mut exchanged = twenty();
    (exchanged[3]["id"], exchanged[8]["id"]) = (9.into(), 4.into());
    let (there, back) = (coco("i.png", &exchanged), coco("i.png", &twenty()));
    // The file that came first is no news by its geometries and by which ids there are, only by whose these are now.
    for (turn, content) in [&there, &back, &there, &back].into_iter().enumerate() {
        let report = import(&lab, "ids.json", content, &["--commit", "ids"]);
        assert_eq!(numbers(&report), [0, 20, 0, 0, 0, 0, 2], "turn {turn}");
        let again = import(&lab, "ids.json", content, &[]);
        assert_eq!(again["events"], 0, "turn {turn}");
    }
}

#[test]
fn a_lineage_that_was_named_once_is_joined_without_its_name() {
    for (named, joined) in [
        ("cells", "cells"),
        ("my-cells", "my-cells"),
        ("voc-cells", "coco-1"),
    ] {
        let lab = with_twenty(&["--source", named]);
        let mut changed = twenty();
        changed[4]["category_id"] = 2.into();
        let report = import(&lab, "again.json", &coco("i.png", &changed), &[]);
        assert_eq!(text(&report["lineage"]), joined);
        let rekeyed = if joined == named { 0 } else { 20 };
        assert_eq!(numbers(&report), [0, 20, 0, 0, 1, 0, rekeyed], "{named}");
        let same = import(&lab, "again.json", &coco("i.png", &changed), &[]);
        assert_eq!(
            (text(&same["lineage"]), &same["events"]),
            (joined.to_owned(), &0.into()),
            "{named}"
        );
    }
}
