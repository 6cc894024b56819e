//! What an import does to what is known: each rule with a small file made up for it.

#![allow(
    clippy::indexing_slicing,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;

use lab::{Lab, count_of, text};
use serde_json::{Value, json};

/// A COCO annotation of 10 x 10 px.
fn square(id: u64, image: u64, category: u64, x: f64, y: f64) -> Value {
    json!({"id": id, "image_id": image, "category_id": category, "bbox": [x, y, 10, 10], "area": 100})
}

/// A COCO file with the classes `a` (1) and `b` (2); image 1 is the first name.
fn coco(names: &[&str], annotations: &[Value]) -> String {
    let images: Vec<Value> = (1_u64..)
        .zip(names)
        .map(|(id, name)| json!({"id": id, "file_name": name, "width": 1000, "height": 1000}))
        .collect();
    json!({
        "images": images,
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": annotations,
    })
    .to_string()
}

fn three() -> Vec<Value> {
    vec![
        square(1, 1, 1, 10.0, 10.0),
        square(2, 1, 1, 100.0, 10.0),
        square(3, 1, 2, 200.0, 10.0),
    ]
}

/// Imports a text under a name and returns the report.
fn import(lab: &Lab, name: &str, content: &str, more: &[&str]) -> Value {
    let file = lab.write(name, content);
    lab.json(&[&["import", &file], more].concat())
}

/// A repository that holds `three` in the lineage `coco-1`, committed.
fn with_three() -> Lab {
    let lab = Lab::new();
    let report = import(
        &lab,
        "one.json",
        &coco(&["i.png"], &three()),
        &["--commit", "first"],
    );
    assert_eq!(
        (&report["created"], &report["lineage"]),
        (&3.into(), &"coco-1".into())
    );
    lab
}

fn numbers(report: &Value) -> [u64; 5] {
    ["events", "created", "matched", "modified", "withdrawn"]
        .map(|name| report[name].as_u64().expect("a number"))
}

#[test]
fn the_same_file_again_is_no_event() {
    let lab = with_three();
    let report = import(&lab, "again.json", &coco(&["i.png"], &three()), &[]);
    assert_eq!(numbers(&report), [0, 0, 3, 0, 0]);
    let report = import(
        &lab,
        "draft.json",
        &coco(&["i.png"], &[square(4, 1, 1, 300.0, 10.0)]),
        &[],
    );
    assert_eq!(numbers(&report)[..2], [1, 1]);
    let report = import(
        &lab,
        "draft.json",
        &coco(&["i.png"], &[square(4, 1, 1, 300.0, 10.0)]),
        &[],
    );
    assert_eq!(report["events"], 0, "what stands in the draft is known");
}

#[test]
fn an_edited_copy_is_the_smallest_set_of_events() {
    let lab = with_three();
    let edited = vec![
        square(1, 1, 1, 12.0, 10.0),
        square(2, 1, 2, 100.0, 10.0),
        square(3, 1, 2, 200.0, 10.0),
        square(4, 1, 1, 300.0, 10.0),
    ];
    let report = import(
        &lab,
        "edited.json",
        &coco(&["i.png"], &edited),
        &["--commit", "edited"],
    );
    assert_eq!(
        numbers(&report),
        [3, 1, 3, 2, 0],
        "one moved, one relabelled, one new"
    );
    assert_eq!(
        kinds(&lab),
        [
            "annotation.created",
            "annotation.geometry_revised",
            "annotation.relabelled",
        ]
    );
}

/// The kinds of the events of the last commit, sorted.
fn kinds(lab: &Lab) -> Vec<String> {
    let log = lab.json(&["log", "-n", "1", "--events"]);
    let events = log["commits"][0]["event_list"].as_array().expect("a list");
    let mut kinds: Vec<String> = events.iter().map(|event| text(&event["kind"])).collect();
    kinds.sort();
    kinds
}

#[test]
fn ids_that_name_other_places_ask_for_the_source() {
    let lab = with_three();
    let other = vec![
        square(1, 1, 1, 500.0, 10.0),
        square(2, 1, 1, 600.0, 10.0),
        square(3, 1, 2, 700.0, 10.0),
    ];
    let file = lab.write("other.json", coco(&["i.png"], &other));
    let before = lab.truth();
    let ran = lab.run(&["import", &file]);
    assert!(ran.refused(3).contains("3 of its 3 ids"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--source coco-1"), "{}", ran.stderr);
    assert_eq!(lab.truth(), before);
    let report = lab.json(&["import", &file, "--source", "second reader"]);
    assert_eq!(
        (numbers(&report), &report["lineage"]),
        ([3, 3, 0, 0, 0], &"second reader".into())
    );
}

#[test]
fn a_source_that_is_named_is_believed() {
    let lab = with_three();
    let other = vec![
        square(1, 1, 1, 500.0, 10.0),
        square(2, 1, 1, 600.0, 10.0),
        square(3, 1, 2, 700.0, 10.0),
    ];
    let report = import(
        &lab,
        "other.json",
        &coco(&["i.png"], &other),
        &["--source", "coco-1"],
    );
    assert_eq!(numbers(&report), [3, 0, 3, 3, 0], "all three moved");
}

#[test]
fn files_on_other_images_have_lineages_of_their_own() {
    let lab = with_three();
    let report = import(
        &lab,
        "two.json",
        &coco(&["j.png"], &three()),
        &["--commit", "second"],
    );
    assert_eq!((numbers(&report)[1], &report["lineage"]), (3, &"coco-2".into()));
    for (name, lineage) in [("i.png", "coco-1"), ("j.png", "coco-2")] {
        let report = import(&lab, "again.json", &coco(&[name], &three()), &[]);
        assert_eq!(
            (numbers(&report), &report["lineage"]),
            ([0, 0, 3, 0, 0], &lineage.into())
        );
    }
}

#[test]
fn only_a_complete_file_withdraws_and_only_on_its_images() {
    let lab = Lab::new();
    let all = vec![
        square(1, 1, 1, 10.0, 10.0),
        square(2, 1, 1, 100.0, 10.0),
        square(3, 2, 1, 10.0, 10.0),
    ];
    import(
        &lab,
        "all.json",
        &coco(&["i.png", "j.png"], &all),
        &["--commit", "all"],
    );
    let part = coco(&["i.png"], &[square(1, 1, 1, 10.0, 10.0)]);
    assert_eq!(numbers(&import(&lab, "part.json", &part, &[])), [0, 0, 1, 0, 0]);
    let report = import(&lab, "part.json", &part, &["--complete", "--commit", "complete"]);
    assert_eq!(numbers(&report), [1, 0, 1, 0, 1]);
    let left: Vec<String> = lab
        .rows(&["list", "annotations"])
        .iter()
        .map(|row| text(&row["image_name"]))
        .collect();
    assert_eq!(left.len(), 2);
    assert!(
        left.contains(&"j.png".to_owned()),
        "an image that the file does not name is out of its scope"
    );
}

#[test]
fn a_second_reader_never_overwrites_the_first() {
    let lab = Lab::new();
    import(
        &lab,
        "one.json",
        &coco(&["i.png"], &three()),
        &["--annotator", "expert 1", "--commit", "one"],
    );
    let mut other = three();
    other[0] = square(1, 1, 2, 10.0, 10.0);
    let report = import(
        &lab,
        "two.json",
        &coco(&["i.png"], &other),
        &["--annotator", "expert 2", "--commit", "two"],
    );
    assert_eq!(
        (numbers(&report), &report["ratings_added"]),
        ([4, 0, 3, 1, 0], &3.into()),
        "and one annotator"
    );
    let said: Vec<(String, String)> = lab
        .rows(&["list", "ratings"])
        .iter()
        .map(|rating| (text(&rating["annotator"]), text(&rating["label"])))
        .collect();
    let both = |of_one: &str, of_two: &str| {
        [
            ("human-1".to_owned(), of_one.to_owned()),
            ("human-2".to_owned(), of_two.to_owned()),
        ]
    };
    let count = |pair: &[(String, String); 2]| said.chunks(2).filter(|chunk| chunk == pair).count();
    assert_eq!(said.len(), 6, "agreeing is an opinion, too");
    assert_eq!(
        (
            count(&both("a", "b")),
            count(&both("a", "a")),
            count(&both("b", "b"))
        ),
        (1, 1, 1)
    );
}

#[test]
fn an_opinion_that_was_imported_before_says_nothing_new() {
    let lab = Lab::new();
    let mut other = three();
    other[0] = square(1, 1, 2, 10.0, 10.0);
    let (one, two) = (coco(&["i.png"], &three()), coco(&["i.png"], &other));
    import(
        &lab,
        "one.json",
        &one,
        &["--annotator", "expert 1", "--commit", "one"],
    );
    import(
        &lab,
        "two.json",
        &two,
        &["--annotator", "expert 2", "--commit", "two"],
    );
    for (file, who) in [(&one, "expert 1"), (&two, "expert 2"), (&one, "expert 1")] {
        let report = import(&lab, "again.json", file, &["--annotator", who]);
        assert_eq!(
            (numbers(&report), &report["ratings_added"]),
            ([0, 0, 3, 0, 0], &0.into()),
            "{who}"
        );
    }
    let report = import(
        &lab,
        "again.json",
        &one,
        &["--annotator", "expert 1", "--round", "2"],
    );
    assert_eq!(report["ratings_added"], 3, "a second round is a new opinion");
}

#[test]
fn two_names_of_one_person_are_mapped_to_one_code() {
    let lab = with_three();
    import(
        &lab,
        "one.json",
        &coco(&["k.png"], &three()),
        &["--annotator", "Dr. A=human:reader", "--commit", "one"],
    );
    let report = import(
        &lab,
        "two.json",
        &coco(&["l.png"], &three()),
        &["--annotator", "reader", "--commit", "two"],
    );
    assert_eq!(report["ratings_added"], 3);
    let people = lab.rows(&["list", "annotators"]);
    assert_eq!(
        (people.len(), &people[0]["code"], &people[0]["name"]),
        (1, &"reader".into(), &"Dr. A".into())
    );
}

#[test]
fn images_are_found_by_last_part_by_stem_and_by_mapping() {
    let lab = Lab::new();
    let first = vec![square(1, 1, 1, 10.0, 10.0), square(2, 2, 1, 10.0, 10.0)];
    import(
        &lab,
        "all.json",
        &coco(&["slides/001.tiff", "slides/002.tiff"], &first),
        &["--commit", "all"],
    );
    for (name, more) in [
        ("001.tiff", vec![]),
        ("001", vec![]),
        ("export/slides/001.tiff", vec![]),
        ("x.tiff", vec!["--map-image", "x.tiff=slides/001.tiff"]),
        ("x.tiff", vec!["--image", "slides/001.tiff"]),
    ] {
        let report = import(&lab, "again.json", &coco(&[name], &first[..1]), &more);
        assert_eq!(numbers(&report), [0, 0, 1, 0, 0], "{name} {more:?}");
    }
    let other = import(
        &lab,
        "new.json",
        &coco(&["other/001.tiff"], &first[..1]),
        &["--dry-run"],
    );
    assert_eq!(
        (numbers(&other)[1], &other["lineage"]),
        (1, &"coco-2".into()),
        "another folder is another image"
    );
}

#[test]
fn an_image_that_could_be_two_is_refused_with_both_named() {
    let lab = Lab::new();
    let first = vec![square(1, 1, 1, 10.0, 10.0), square(2, 2, 1, 10.0, 10.0)];
    import(
        &lab,
        "all.json",
        &coco(&["a/1.tiff", "b/1.tiff"], &first),
        &["--commit", "all"],
    );
    let file = lab.write("unclear.json", coco(&["1.tiff"], &first[..1]));
    let before = lab.truth();
    let ran = lab.run(&["import", &file]);
    assert!(ran.refused(3).contains("a/1.tiff or b/1.tiff"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--map-image"), "{}", ran.stderr);
    assert_eq!(lab.truth(), before);
    let two = lab.write("two.json", coco(&["a/1.tiff", "b/1.tiff"], &first));
    lab.run(&["import", &two, "--image", "a/1.tiff"]).refused(3);
}

#[test]
fn labels_are_mapped_by_name() {
    let lab = with_three();
    let german = coco(&["i.png"], &three()).replace("\"a\"", "\"Mitose\"");
    let report = import(&lab, "german.json", &german, &["--map-label", "Mitose=a"]);
    assert_eq!(numbers(&report), [0, 0, 3, 0, 0]);
    let report = import(
        &lab,
        "upper.json",
        &coco(&["i.png"], &three()).replace("\"a\"", "\"A\""),
        &["--dry-run"],
    );
    assert_eq!(count_of(&report, "warnings", "label_spelling"), 1);
}

#[test]
fn a_dry_run_tells_the_same_and_records_nothing() {
    let lab = with_three();
    let file = lab.write("new.json", coco(&["j.png"], &three()));
    let before = lab.truth();
    let dry = lab.json(&["import", &file, "--dry-run"]);
    assert_eq!(lab.truth(), before);
    let wet = lab.json(&["import", &file]);
    assert_eq!(dry, wet);
    assert_ne!(lab.truth(), before);
}

#[test]
fn an_import_that_commits_leaves_the_draft_alone() {
    let lab = with_three();
    import(&lab, "draft.json", &coco(&["j.png"], &three()), &[]);
    let draft = |lab: &Lab| -> Vec<_> {
        lab.truth()
            .into_iter()
            .filter(|(path, _)| path.components().any(|part| part.as_os_str() == "draft"))
            .collect()
    };
    let before = draft(&lab);
    assert!(!before.is_empty());
    import(
        &lab,
        "k.json",
        &coco(&["k.png"], &three()),
        &["--commit", "beside the draft"],
    );
    assert_eq!(draft(&lab), before);
    assert_eq!(lab.json(&["status"])["draft"]["events"], 4);
    let sealed = lab.json(&["commit", "-m", "the draft"]);
    assert_eq!(sealed["counts"]["annotations"], 9);
}

#[test]
fn a_refused_import_leaves_a_draft_byte_for_byte() {
    let lab = with_three();
    import(&lab, "draft.json", &coco(&["j.png"], &three()), &[]);
    let good = lab.write("good/1.json", coco(&["k.png"], &three()));
    let bad = lab.write("bad.json", "{\"images\":[],\"annotations\":[{]}");
    let before = lab.truth();
    lab.run(&["import", &good, &bad]).refused(3);
    lab.run(&["import", "nowhere.json"]).refused(3);
    assert_eq!(
        lab.truth(),
        before,
        "the good file is not taken without the bad one"
    );
}

/// A SlideRunner database with one slide; rows are uid, guid, x, class.
fn database(lab: &Lab, name: &str, rows: &[(i64, &str, f64, i64)]) -> String {
    let file = lab.write(name, "");
    let database = rusqlite::Connection::open(&file).expect("a new database");
    let schema = "CREATE TABLE Slides (uid INTEGER PRIMARY KEY, filename TEXT, width INTEGER, height INTEGER, directory TEXT);
        CREATE TABLE Classes (uid INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE Persons (uid INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE Annotations (uid INTEGER PRIMARY KEY, slide INTEGER, guid TEXT, type INTEGER, agreedClass INTEGER);
        CREATE TABLE Annotations_label (uid INTEGER PRIMARY KEY, person INTEGER, class INTEGER, annoId INTEGER);
        CREATE TABLE Annotations_coordinates (uid INTEGER PRIMARY KEY, coordinateX INTEGER, coordinateY INTEGER, slide INTEGER, annoId INTEGER, orderIdx INTEGER);
        CREATE TABLE Log (uid INTEGER PRIMARY KEY, dateTime FLOAT, labelId INTEGER);
        INSERT INTO Slides VALUES (1, 's.svs', 1000, 1000, NULL);
        INSERT INTO Classes VALUES (1, 'a'), (2, 'b');
        INSERT INTO Persons VALUES (1, 'expert 1');";
    database.execute_batch(schema).expect("a schema");
    for (uid, guid, x, class) in rows {
        database
            .execute(
                "INSERT INTO Annotations VALUES (?1, 1, ?2, 1, ?3)",
                (uid, guid, class),
            )
            .expect("a row");
        database
            .execute(
                "INSERT INTO Annotations_label VALUES (NULL, 1, ?1, ?2)",
                (class, uid),
            )
            .expect("a row");
        let sql = "INSERT INTO Annotations_coordinates VALUES (NULL, ?1, 50.5, 1, ?2, 1)";
        database.execute(sql, (x, uid)).expect("a row");
    }
    file
}

const GUIDS: [&str; 4] = [
    "11111111-1111-4111-8111-111111111111",
    "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
    "44444444-4444-4444-8444-444444444444",
];

#[test]
fn a_row_that_came_back_with_another_guid_is_rekeyed_once() {
    let lab = Lab::new();
    let first = database(
        &lab,
        "1.sqlite",
        &[(1, GUIDS[0], 10.5, 1), (2, GUIDS[1], 20.0, 2)],
    );
    lab.ok(&["import", &first, "--commit", "first"]);
    let second = database(
        &lab,
        "2.sqlite",
        &[(7, GUIDS[2], 10.5, 1), (2, GUIDS[1], 20.0, 2)],
    );
    let report = lab.json(&["import", &second, "--commit", "second"]);
    assert_eq!(
        (numbers(&report), &report["rekeyed"]),
        ([1, 0, 2, 0, 0], &1.into())
    );
    let again = lab.json(&["import", &second]);
    assert_eq!((&again["events"], &again["rekeyed"]), (&0.into(), &0.into()));
    let back = lab.json(&["import", &first]);
    assert_eq!(back["events"], 0, "the old guid still names it");
}

#[test]
fn a_uid_that_names_something_else_now_proves_nothing() {
    let lab = Lab::new();
    let first = database(
        &lab,
        "1.sqlite",
        &[(1, GUIDS[0], 10.5, 1), (2, GUIDS[1], 20.0, 2)],
    );
    lab.ok(&["import", &first, "--commit", "first"]);
    let swapped = database(
        &lab,
        "2.sqlite",
        &[
            (2, GUIDS[0], 10.5, 1),
            (1, GUIDS[1], 20.0, 2),
            (3, GUIDS[3], 30.0, 1),
        ],
    );
    let report = lab.json(&["import", &swapped, "--commit", "second"]);
    assert_eq!(numbers(&report)[1..], [1, 2, 0, 0], "{report}");
    let rows = lab.rows(&["list", "annotations"]);
    let places: Vec<(String, f64)> = rows
        .iter()
        .map(|row| {
            (
                text(&row["id"])[16..24].to_owned(),
                row["geometry"]["x"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            ("11111111".into(), 10.5),
            ("22222222".into(), 20.0),
            ("44444444".into(), 30.0)
        ]
    );
}

#[test]
fn a_box_around_a_known_point_is_how_a_file_writes_it() {
    let lab = Lab::new();
    let points = database(&lab, "1.sqlite", &[(1, GUIDS[0], 100.5, 1)]);
    lab.ok(&["import", &points, "--commit", "points"]);
    let id = text(&lab.rows(&["list", "annotations"])[0]["id"]);
    let framed = json!({"id": 1, "image_id": 1, "category_id": 1, "bbox": [75.5, 25.5, 50, 50], "area": 2500, "holotype_id": id});
    let report = import(
        &lab,
        "boxes.json",
        &coco(&["s.svs"], std::slice::from_ref(&framed)),
        &["--dry-run"],
    );
    assert_eq!(numbers(&report)[1..4], [0, 1, 0]);
    assert_eq!(count_of(&report, "warnings", "box_around_point_kept"), 1);
    let report = import(
        &lab,
        "boxes.json",
        &coco(&["s.svs"], &[framed]),
        &["--geometry", "take"],
    );
    assert_eq!(numbers(&report)[1..4], [0, 1, 1]);
}
