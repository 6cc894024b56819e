//! `round`: what is handed out, what comes back, and what the log can tell of blinding.

use std::path::Path;

use serde_json::{Value, json};

use crate::lab::Lab;

const EXPERTS: [&str; 2] = ["E1", "E2"];

/// Twenty annotations on two images that E1 labelled in turn; E2 is known.
fn labelled() -> Lab {
    let lab = Lab::new();
    let mut lines = vec![
        json!({"command": "declare", "image": "a.tiff", "facts": {"scanner": "CS2"}}),
        json!({"command": "declare", "image": "folder/b 1.tiff"}),
    ];
    for n in 0..20 {
        let label = if n % 2 == 0 { "mitotic figure" } else { "lookalike" };
        let image = if n < 10 { "a.tiff" } else { "folder/b 1.tiff" };
        lines.push(json!({
            "command": "annotate", "image": image, "label": label, "annotator": EXPERTS[0],
            "geometry": {"type": "box", "x": 10 * n, "y": 0, "width": 8, "height": 8},
        }));
    }
    lines.push(json!({"command": "screen", "image": "a.tiff", "annotator": EXPERTS[1]}));
    assert_eq!(crate::create(&lab, &lines), 0);
    lab.commit("labelled");
    lab
}

fn open(lab: &Lab, more: &[&str]) -> Value {
    let base = ["round", "open", "--annotator", "human-2", "--seed", "7"];
    lab.json(&[&base[..], more].concat())
}

/// The features of all files of a package, with the paths of the files.
fn features(folder: &Path) -> Vec<(std::path::PathBuf, Value)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "geojson") {
            let text = std::fs::read_to_string(&path).unwrap();
            all.push((path, serde_json::from_str(&text).unwrap()));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Gives every object of a package a class, by its place in its file.
fn answer(folder: &Path, class: impl Fn(usize) -> Option<&'static str>) {
    for (path, mut collection) in features(folder) {
        for (n, feature) in collection["features"]
            .as_array_mut()
            .unwrap()
            .iter_mut()
            .enumerate()
        {
            if let Some(class) = class(n) {
                feature["properties"]["classification"] = json!({"name": class});
            }
        }
        std::fs::write(path, collection.to_string()).unwrap();
    }
}

fn bytes_of(folder: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "geojson") {
            all.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    all
}

/// The ratings of the second person: 18, all given blinded in the second round.
fn rated_blinded(lab: &Lab) -> Vec<Value> {
    let mut of_round = lab.rows(&["list", "ratings"]);
    of_round.retain(|row| row["annotator"] == "human-2");
    assert_eq!(of_round.len(), 18);
    assert!(
        of_round
            .iter()
            .all(|row| row["round"] == 2 && row["blinded"] == true && row["label"] == "mitotic figure")
    );
    of_round
}

#[test]
fn a_blinded_package_holds_places_alone_and_the_same_ones_each_time() {
    let lab = labelled();
    let report = open(&lab, &["--blinded", "--out", "one"]);
    assert_eq!(
        (
            &report["round"]["round"],
            &report["round"]["objects"],
            &report["events"]
        ),
        (&json!(2), &json!(20), &json!(1))
    );
    let text = bytes_of(&lab.path().join("one"));
    let ids = lab.rows(&["list", "annotations"]);
    for hidden in ["mitotic", "lookalike", "human", "classification", "color"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    for row in &ids {
        let id = row["id"].as_str().unwrap();
        assert!(!text.contains(&id[16..]), "an id may derive from the label");
    }
    let again = labelled();
    open(&again, &["--blinded", "--out", "one"]);
    assert_eq!(bytes_of(&again.path().join("one")), text);
}

/// A crash after the round was recorded, and before its package had its name.
#[test]
fn a_round_whose_package_was_lost_is_handed_out_once_more() {
    let lab = labelled();
    open(&lab, &["--blinded", "--sample", "4", "--out", "lost"]);
    let lost = bytes_of(&lab.path().join("lost"));
    std::fs::remove_dir_all(lab.path().join("lost")).unwrap();
    // What came since is not in it.
    let line = json!({"command": "annotate", "image": "a.tiff", "geometry": {"type": "point", "x": 1, "y": 1},
        "label": "mitotic figure", "annotator": EXPERTS[0]});
    assert_eq!(crate::create(&lab, &[line]), 0);
    lab.commit("one more");
    let asked = ["--blinded", "--sample", "4", "--round", "2", "--out", "again"];
    let report = open(&lab, &asked);
    assert_eq!(
        (&report["round"]["round"], &report["events"]),
        (&json!(2), &json!(0))
    );
    let package = lab.path().join("again");
    assert_eq!(bytes_of(&package), lost);
    answer(&package, |_| Some("mitotic figure"));
    lab.ok(&["round", "close", "again"]);
    // Closed, or another one, it is not handed out.
    for words in [
        asked,
        ["--blinded", "--sample", "5", "--round", "2", "--out", "other"],
    ] {
        let refused = lab.run(
            &[
                &["round", "open", "--annotator", "human-2", "--seed", "7"],
                &words[..],
            ]
            .concat(),
        );
        assert_eq!(
            refused.refused(3),
            "error: round 2 of human-2 is there already, and it is another one"
        );
    }
    assert!(!lab.path().join("other").exists());
}

#[test]
fn a_sample_is_drawn_from_the_images_that_are_asked_for() {
    let lab = labelled();
    let report = open(
        &lab,
        &[
            "--blinded",
            "--sample",
            "4",
            "--images",
            "scanner == 'CS2'",
            "--out",
            "package",
        ],
    );
    assert_eq!(report["round"]["objects"], 4);
    assert_eq!(features(&lab.path().join("package")).len(), 1);
    let none = lab.run(&[
        "round",
        "open",
        "--annotator",
        "human-2",
        "--seed",
        "1",
        "--images",
        "scanner == 'none'",
        "--out",
        "none",
    ]);
    assert!(none.refused(3).contains("no annotation to be labelled"));
    let nobody = lab.run(&[
        "round",
        "open",
        "--annotator",
        "E9",
        "--seed",
        "1",
        "--out",
        "none",
    ]);
    assert_eq!(nobody.refused(3), "error: there is no annotator 'E9'");
}

#[test]
fn answers_are_ratings_of_the_round_and_blinding_is_checked() {
    let lab = labelled();
    open(&lab, &["--blinded", "--out", "package"]);
    lab.commit("a round is open");
    let package = lab.path().join("package");
    // Without a class nothing is recorded.
    let before = lab.truth();
    assert!(
        lab.run(&["round", "close", "package"])
            .refused(3)
            .contains("has a class")
    );
    answer(&package, |n| (n > 0).then_some("mitotic figure"));
    let report = lab.json(&["round", "close", "package"]);
    let round = &report["round"];
    assert_eq!(
        (&round["answered"], &report["unanswered"], &report["events"]),
        (&json!(18), &json!(2), &json!(19))
    );
    assert_ne!(lab.truth(), before);
    assert_eq!(
        (&report["blinding"]["held"], &report["rated_before"]),
        (&json!(true), &json!(0))
    );
    assert_eq!(report["blinding"]["proved"].as_array().unwrap().len(), 2);
    lab.commit("answers");
    let of_round = rated_blinded(&lab);
    // Those that E1 called something else differ.
    let annotations = lab.rows(&["list", "annotations"]);
    let answered = |row: &&Value| of_round.iter().any(|rating| rating["annotation"] == row["id"]);
    let other = annotations
        .iter()
        .filter(answered)
        .filter(|row| row["label"] == "lookalike");
    let differing = other.count();
    assert_eq!(round["differing"], differing);
    let rate = round["noise_rate"].as_f64().unwrap();
    let [low, high] = [0, 1].map(|n| round["noise_rate_ci"][n].as_f64().unwrap());
    assert!(low < rate && rate < high, "{round}");
    let listed = lab.json(&["round", "list"]);
    assert_eq!(listed["rounds"][0], *round);
    assert!(
        lab.run(&["round", "close", "package"])
            .refused(3)
            .contains("closed already")
    );
    let text = lab.ok(&["round", "list"]).stdout;
    assert!(text.contains("closed"), "{text}");
}

#[test]
fn a_round_after_one_with_labels_was_not_blinded() {
    let lab = labelled();
    let shown = open(&lab, &["--out", "shown", "--sample", "12"]);
    assert_eq!(shown["round"]["blinded"], false);
    assert!(bytes_of(&lab.path().join("shown")).contains("mitotic figure"));
    open(&lab, &["--blinded", "--out", "hidden"]);
    lab.commit("two rounds");
    answer(&lab.path().join("hidden"), |_| Some("lookalike"));
    let report = lab.json(&["round", "close", "hidden"]);
    assert_eq!(report["blinding"]["held"], false);
    assert_eq!(report["rated_before"], 0, "the first round has no answers");
    let refuted = report["blinding"]["refuted"][0].as_str().unwrap();
    assert_eq!(
        refuted,
        "round 2 of human-2 handed out 12 of these objects with their labels"
    );
    lab.commit("answers");
    let ratings = lab.rows(&["list", "ratings"]);
    let of_round = ratings.iter().filter(|row| row["round"] == 3);
    assert!(of_round.into_iter().all(|row| row["blinded"] == Value::Null));
}

#[test]
fn somebody_who_labels_again_is_known_to_have_labelled_before() {
    let lab = labelled();
    lab.json(&[
        "round",
        "open",
        "--annotator",
        "human-1",
        "--seed",
        "3",
        "--blinded",
        "--out",
        "again",
    ]);
    answer(&lab.path().join("again"), |_| Some("lookalike"));
    let report = lab.json(&["round", "close", "again"]);
    assert_eq!(
        (&report["rated_before"], &report["round"]["differing"]),
        (&json!(20), &json!(10))
    );
    let repeat = &lab.json(&["agreement", "DRAFT"])["intra_rater"][0];
    assert_eq!(
        (&repeat["n"], &repeat["percent_agreement"]),
        (&json!(20), &json!(0.5))
    );
}

#[test]
fn what_does_not_belong_to_a_round_is_refused() {
    let lab = labelled();
    open(&lab, &["--blinded", "--out", "package"]);
    let package = lab.path().join("package");
    answer(&package, |_| Some("unheard of"));
    let before = lab.truth();
    let ran = lab.run(&["round", "close", "package"]);
    assert_eq!(ran.refused(3), "error: there is no label 'unheard of'");
    let foreign = json!({"type": "FeatureCollection", "features": [{
        "type": "Feature", "id": "00112233-4455-6677-8899-aabbccddeeff", "geometry": null, "properties": {},
    }]});
    let path = lab.write("foreign.geojson", foreign.to_string());
    assert!(
        lab.run(&["round", "close", &path])
            .refused(3)
            .contains("belongs to an open round")
    );
    let path = lab.write("broken.geojson", "{");
    assert!(
        lab.run(&["round", "close", &path])
            .refused(3)
            .contains("broken.geojson")
    );
    assert_eq!(lab.truth(), before);
    // What QuPath added is told, and not recorded.
    answer(&package, |_| Some("lookalike"));
    let (path, mut collection) = features(&package).remove(0);
    let new =
        json!({"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 1]}, "properties": {}});
    collection["features"].as_array_mut().unwrap().push(new);
    std::fs::write(path, collection.to_string()).unwrap();
    let report = lab.json(&["round", "close", "package"]);
    assert_eq!(
        (&report["added"], &report["warnings"][0]["code"]),
        (&json!(1), &json!("not_handed_out"))
    );
    assert_eq!(report["round"]["answered"], 20);
}

/// The database of a package in SlideRunner's form.
fn database(folder: &Path) -> rusqlite::Connection {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    let path = paths
        .find(|path| path.extension().is_some_and(|end| end == "sqlite"))
        .unwrap();
    rusqlite::Connection::open(path).unwrap()
}

/// Labels every annotation but the first `left` as SlideRunner does, for somebody; its triggers need its own functions.
fn label_all(database: &rusqlite::Connection, person: &str, left: i64) {
    let triggers: Vec<String> = database
        .prepare("select name from sqlite_schema where type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for name in triggers {
        database.execute_batch(&format!("drop trigger {name}")).unwrap();
    }
    database
        .execute(
            "insert into Persons (name) select ?1 where not exists (select 1 from Persons where name = ?1)",
            [person],
        )
        .unwrap();
    database
        .execute(
            "insert into Annotations_label (person, class, annoId)
             select p.uid, c.uid, a.uid from Annotations a, Persons p, Classes c
             where p.name = ?1 and c.name = 'mitotic figure' and a.uid > ?2",
            rusqlite::params![person, left],
        )
        .unwrap();
}

fn numbers(database: &rusqlite::Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_database_of_sliderunner_holds_no_label_and_its_answers_come_back() {
    let lab = labelled();
    let report = open(
        &lab,
        &["--blinded", "--format", "sliderunner", "--out", "package"],
    );
    let round = &report["round"];
    assert_eq!(
        (&round["form"], &round["objects"]),
        (&json!("sliderunner"), &json!(20))
    );
    let package = lab.path().join("package");
    let file = database(&package);
    for (sql, wanted) in [
        ("select count(*) from Annotations", 20),
        ("select count(*) from Annotations_label", 0),
        ("select count(*) from Annotations where agreedClass <> 0", 0),
        ("select count(*) from Holotype", 0),
        ("select count(*) from Classes", 2),
        ("select count(*) from Slides", 2),
        ("select count(*) from Persons where name = 'human-2'", 1),
        ("select count(*) from Persons", 1),
    ] {
        assert_eq!(numbers(&file, sql), wanted, "{sql}");
    }
    for row in lab.rows(&["list", "annotations"]) {
        let own = row["id"].as_str().unwrap()[16..].to_owned();
        let sql = format!("select count(*) from Annotations where replace(guid, '-', '') = '{own}'");
        assert_eq!(numbers(&file, &sql), 0, "an id may derive from the label");
    }
    lab.commit("a round is open");
    let again = labelled();
    open(
        &again,
        &["--blinded", "--format", "sliderunner", "--out", "package"],
    );
    let bytes = |lab: &Lab| std::fs::read(lab.path().join("package").join("round-2-human-2.sqlite")).unwrap();
    assert_eq!(bytes(&lab), bytes(&again), "the same round is the same file");
    label_all(&file, "human-2", 2);
    drop(file);
    let report = lab.json(&["round", "close", "package"]);
    assert_eq!(
        (
            &report["round"]["answered"],
            &report["unanswered"],
            &report["added"],
            &report["blinding"]["held"]
        ),
        (&json!(18), &json!(2), &json!(0), &json!(true))
    );
    assert_eq!(report["blinding"]["proved"].as_array().unwrap().len(), 2);
    lab.commit("answers");
    rated_blinded(&lab);
}

#[test]
fn a_round_that_is_not_blinded_shows_the_agreed_classes_in_sliderunner() {
    let lab = labelled();
    let report = open(&lab, &["--format", "sliderunner", "--out", "shown"]);
    assert_eq!(report["round"]["blinded"], false);
    let file = database(&lab.path().join("shown"));
    let sql = "select count(*) from Annotations a join Classes c on c.uid = a.agreedClass where c.name = 'lookalike'";
    assert_eq!(numbers(&file, sql), 10);
    assert_eq!(numbers(&file, "select count(*) from Annotations_label"), 0);
}

#[test]
fn a_database_that_one_other_person_labelled_is_taken_and_of_two_refused() {
    let lab = labelled();
    open(
        &lab,
        &["--blinded", "--format", "sliderunner", "--out", "package"],
    );
    let file = database(&lab.path().join("package"));
    label_all(&file, "Ben", 15);
    label_all(&file, "Cem", 15);
    drop(file);
    let before = lab.truth();
    let refused = lab.run(&["round", "close", "package"]);
    assert!(
        refused
            .refused(3)
            .contains("several people labelled in it: 'Ben', 'Cem'")
    );
    assert_eq!(lab.truth(), before);
    database(&lab.path().join("package"))
        .execute(
            "delete from Annotations_label where person in (select uid from Persons where name = 'Cem')",
            [],
        )
        .unwrap();
    let report = lab.json(&["round", "close", "package"]);
    assert_eq!(report["round"]["answered"], 5);
}
