//! What an export carries beside what its format says: corrections made in another tool, datasets that are not empty,
//! bytes that are not here, and carriers that lie.

use std::path::Path;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::lab::{Lab, count_of, message_of, text};

/// Two images, three annotations, two people, one of whom rated twice; as SlideRunner has it.
fn small() -> (Lab, String) {
    let lab = Lab::new();
    let by = |who: &str, mut line: Value| {
        line["annotator"] = json!(who);
        line
    };
    lab.ok(&["set", "dataset", "title=Mitoses", "licence=CC0"]);
    let annotate = |image: &str, x: f64, label: &str| {
        json!({"command": "annotate", "image": image, "label": label,
               "geometry": {"type": "box", "x": x, "y": 20.5, "width": 50, "height": 50}})
    };
    let table = lab.write("images.csv", "name,scanner\na.tif,CS2\nb.tif,CS2\n");
    let coco = lab.write(
        "images.json",
        r#"{"images":[{"id":1,"file_name":"a.tif","width":900,"height":800},{"id":2,"file_name":"b.tif","width":90,"height":80}],"categories":[],"annotations":[]}"#,
    );
    lab.ok(&["import", &coco]);
    lab.ok(&["metadata", &table, "--key", "name"]);
    let lines = [
        by("Dr. Ada", annotate("a.tif", 10.0, "mitosis")),
        by("Dr. Ada", annotate("a.tif", 300.5, "mitosis")),
        by("Dr. Ben", annotate("b.tif", 10.0, "other")),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    lab.feed(&["record", "-", "--create"], &text);
    lab.commit("drawn");
    let id = ids(&lab)[0].clone();
    let again = json!({"command": "rate", "annotation": id, "label": "other", "annotator": "Dr. Ben", "round": 2, "blinded": true});
    lab.record(&[again]);
    lab.commit("second round");
    let path = export(&lab);
    (lab, path)
}

fn ids(lab: &Lab) -> Vec<String> {
    lab.rows(&["list", "annotations"])
        .iter()
        .map(|row| text(&row["id"]))
        .collect()
}

fn export(lab: &Lab) -> String {
    let path = lab.path().join("out.sqlite").display().to_string();
    lab.ok(&["export", "--format", "sliderunner", "--out", &path, "--overwrite"]);
    path
}

fn snapshot(lab: &Lab) -> String {
    text(&lab.json(&["show", "HEAD"])["snapshot"])
}

/// Changes a copy of a database as a tool would, whose functions its triggers call.
fn edited(path: &str, name: &str, sql: &str) -> String {
    let copy = Path::new(path).with_file_name(name);
    std::fs::copy(path, &copy).unwrap();
    let database = Connection::open(&copy).unwrap();
    database
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)
        .unwrap();
    database.execute_batch(sql).unwrap();
    copy.display().to_string()
}

#[test]
fn a_correction_made_in_sliderunner_is_just_that() {
    let (lab, path) = small();
    let moved = "update Annotations_coordinates set coordinateX = coordinateX + 7 where annoId = 1; \
                 update Annotations set agreedClass = (select uid from Classes where name = 'other') where uid = 2; \
                 update Annotations_label set class = (select uid from Classes where name = 'other') where annoId = 2;";
    let corrected = edited(&path, "corrected.sqlite", moved);
    let report = lab.json(&["import", &corrected, "--commit", "corrected in SlideRunner"]);
    assert_eq!(
        (&report["matched"], &report["modified"], &report["created"]),
        (&json!(3), &json!(2), &json!(0))
    );
    assert_eq!(report["ratings_added"], 1, "{report}");
    let diff = lab.json(&["diff", "HEAD~1", "HEAD"]);
    let summary = &diff["summary"]["annotations"];
    assert_eq!(
        (&summary["moved"], &summary["relabelled"]),
        (&json!(1), &json!(1)),
        "{diff}"
    );
    assert_eq!(
        diff["summary"]["annotators"]["added"], 0,
        "people are known by their codes"
    );
    // Into a new repository comes what was corrected, with what was carried of it.
    let there = Lab::on("2027-01-01");
    let report = there.json(&["import", &corrected, "--commit", "brought"]);
    assert_eq!(report["created"], 3);
    assert_eq!(
        count_of(&report, "warnings", "rating_gone"),
        1,
        "the label that was there before"
    );
    let row = |lab: &Lab, id: &str| {
        lab.rows(&["list", "annotations"])
            .into_iter()
            .find(|row| row["id"] == id)
            .unwrap()
    };
    for id in ids(&lab) {
        let (here, there) = (row(&lab, &id), row(&there, &id));
        assert_eq!(
            (&here["geometry"], &here["label"]),
            (&there["geometry"], &there["label"])
        );
    }
}

#[test]
fn what_changed_here_since_the_export_stays_where_the_file_did_not_change_it() {
    let (lab, path) = small();
    let id = ids(&lab)[0].clone();
    lab.record(&[json!({"command": "relabel", "annotation": id, "label": "other", "annotator": "Dr. Ada"})]);
    lab.commit("relabelled after the export");
    let report = lab.json(&["import", &path]);
    assert_eq!(report["events"], 0, "{report}");
}

#[test]
fn somebody_elses_code_is_not_taken_for_ours() {
    let (_lab, path) = small();
    let there = Lab::on("2027-01-01");
    let mine = there.write(
        "mine.json",
        r#"{"images":[{"id":1,"file_name":"c.tif","width":9,"height":8}],"categories":[{"id":1,"name":"mitosis"}],"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,1,2,2]}]}"#,
    );
    there.ok(&[
        "import",
        &mine,
        "--box-format",
        "xywh",
        "--annotator",
        "Dr. Cleo=human",
        "--commit",
        "mine",
    ]);
    let report = there.json(&["import", &path, "--commit", "theirs"]);
    assert_eq!(count_of(&report, "warnings", "code_taken"), 2, "{report}");
    let annotators = there.rows(&["list", "annotators"]);
    let names: Vec<(String, String)> = annotators
        .iter()
        .map(|row| (text(&row["code"]), text(&row["name"])))
        .collect();
    assert_eq!(names[0], ("human-1".to_owned(), "Dr. Cleo".to_owned()));
    assert!(names[1].1.starts_with("human-1 of dataset "), "{names:?}");
    assert!(names[2].1.starts_with("human-2 of dataset "), "{names:?}");
    let again = there.json(&["import", &path]);
    assert_eq!(again["events"], 0, "they are known by now: {again}");
}

#[test]
fn a_carrier_does_not_overwrite_what_differs_here() {
    let (lab, path) = small();
    lab.ok(&["set", "dataset", "title=Another", "year=2026"]);
    lab.commit("renamed");
    let before = snapshot(&lab);
    let report = lab.json(&["import", &path]);
    assert_eq!(report["events"], 0, "{report}");
    assert!(
        message_of(&report, "warnings", "carrier_differs").contains("the dataset is known here otherwise")
    );
    assert_eq!(snapshot(&lab), before);
}

#[test]
fn bytes_that_never_came_in_are_called_absent() {
    let lab = Lab::new();
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bccd/images/BloodImage_00000.jpg");
    std::fs::copy(&image, lab.path().join("blood.jpg")).unwrap();
    lab.ok(&["add", "blood.jpg"]);
    lab.feed(
        &["record", "-", "--create"],
        r#"{"command":"annotate","image":"blood.jpg","geometry":{"type":"point","x":1.5,"y":2},"label":"WBC","annotator":"Dr. Ada"}"#,
    );
    lab.commit("drawn");
    let there = Lab::on("2027-01-01");
    let path = export(&lab);
    let report = there.json(&["import", &path, "--commit", "brought"]);
    assert_eq!(report["losses"], json!([]), "{report}");
    assert_eq!(
        snapshot(&there),
        snapshot(&lab),
        "the record names the bytes, which are elsewhere"
    );
    let verified = there.json(&["verify", "--replay"]);
    assert_eq!(verified["ok"], true, "{verified}");
    let codes: Vec<&str> = verified["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|f| f["code"].as_str())
        .collect();
    assert_eq!(codes, ["HT-I010"]);
    let copy = there.json(&["checkout", "HEAD", "copy"]);
    assert_eq!(
        (&copy["absent"], &copy["images"], &copy["annotations"]),
        (&json!(1), &json!(0), &json!(1))
    );
    // The bytes come in afterwards: the same version, whole.
    std::fs::copy(&image, there.path().join("blood.jpg")).unwrap();
    there.ok(&["add", "blood.jpg"]);
    let copy = there.json(&["checkout", "HEAD", "whole"]);
    assert_eq!((&copy["absent"], &copy["images"]), (&json!(0), &json!(1)));
    // Where bytes did come in and are gone, that is damage.
    std::fs::remove_dir_all(lab.path().join(".holotype/blobs")).unwrap();
    assert_eq!(lab.run(&["verify"]).status, 1);
}

/// Imports a database whose carrier was changed by `sql` into a new repository, which must stand all checks.
fn hostile(sql: &str) -> Value {
    let (_lab, path) = small();
    let changed = edited(&path, "changed.sqlite", sql);
    let there = Lab::on("2027-01-01");
    let report = there.json(&["import", &changed, "--commit", "changed"]);
    assert_eq!(report["created"], 3, "the file's own form counts: {report}");
    let verified = there.json(&["verify", "--replay"]);
    assert_eq!(verified["ok"], true, "{verified}");
    report
}

/// Replaces a part of the carrier of the dataset.
fn replaced(from: &str, to: &str) -> String {
    format!("update Holotype set carried = replace(carried, '{from}', '{to}') where annoId is null")
}

#[test]
fn a_carrier_that_is_none_is_left_out_with_its_place() {
    for text in [
        "",
        "{}",
        "null",
        "[1]",
        "{\"format\":\"holotype/carrier/9\"}",
        "{\"format\":\"holotype/carrier/1\"",
    ] {
        let report = hostile(&format!(
            "update Holotype set carried = '{text}' where annoId is null"
        ));
        assert_eq!(count_of(&report, "losses", "carrier_unusable"), 1, "{report}");
        let message = message_of(&report, "losses", "carrier_unusable");
        assert!(message.contains("Holotype uid 1"), "{message}");
    }
    let report = hostile("update Holotype set carried = '{\"id\":1}' where annoId = 2");
    assert_eq!(count_of(&report, "losses", "carrier_unusable"), 1, "{report}");
}

#[test]
fn a_carrier_of_another_annotation_is_left_out() {
    let swap = "update Holotype set annoId = -annoId; \
                update Holotype set annoId = case annoId when -1 then 3 when -3 then 1 else -annoId end where annoId is not null";
    let report = hostile(swap);
    assert_eq!(count_of(&report, "losses", "carried_of_another"), 2, "{report}");
}

#[test]
fn n01_records_that_cannot_be_are_refused_one_by_one() {
    for (from, to) in [
        // A name that leads out of the folder.
        (r#""name":"a.tif""#, r#""name":"../a.tif""#),
        // An image that says of itself that it was erased.
        (r#""scanner":"CS2""#, r#""erased":true"#),
        // A fact that names a private object.
        (
            r#""title":"Mitoses""#,
            r#""title":{"private":"00000000000000000000000000000000000000000000000000000000000000ff"}"#,
        ),
    ] {
        let report = hostile(&replaced(from, to));
        assert!(
            count_of(&report, "losses", "carrier_refused") > 0,
            "{to}: {report}"
        );
    }
}

#[test]
fn ratings_by_nobody_and_labels_of_no_scheme_are_refused() {
    let sql =
        "update Holotype set carried = replace(carried, '\"human-1\"', '\"human-77\"') where annoId = 2";
    let report = hostile(sql);
    assert_eq!(
        count_of(&report, "warnings", "rating_gone"),
        1,
        "nobody in the file is human-77: {report}"
    );
    let sql = "update Holotype set carried = replace(carried, '\"name\":\"mitosis\"', '\"name\":\"\"') where annoId = 2";
    let report = hostile(sql);
    assert_eq!(
        count_of(&report, "losses", "carrier_refused"),
        0,
        "the id tells which label it is: {report}"
    );
}

#[test]
fn a_label_id_that_is_another_labels_is_told() {
    let (lab, _) = small();
    let labels = lab.rows(&["list", "labels"]);
    let id = |name: &str| text(&labels.iter().find(|row| row["name"] == name).unwrap()["id"]);
    let report = hostile(&replaced(&id("mitosis"), &id("other")));
    assert_eq!(count_of(&report, "warnings", "carrier_differs"), 1, "{report}");
}

/// The same as a folder of GeoJSON.
fn exported_geojson(lab: &Lab) -> String {
    let path = lab.path().join("geojson").display().to_string();
    lab.ok(&["export", "--format", "geojson", "--out", &path]);
    path
}

/// Changes a file of an export, which is one JSON object.
fn rewrite(folder: &str, name: &str, change: impl FnOnce(&mut Value)) {
    let path = Path::new(folder).join(name);
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(&path, serde_json::to_vec_pretty(&value).unwrap()).unwrap();
}

#[test]
fn a_correction_made_to_geojson_is_just_that_where_it_came_from_and_elsewhere() {
    let (lab, _) = small();
    let folder = exported_geojson(&lab);
    let mut corrected = String::new();
    rewrite(&folder, "a.tif.geojson", |file| {
        let feature = &mut file["features"][0];
        corrected = text(&feature["id"]).replace('-', "");
        feature["properties"]["classification"] = json!({"name": "apoptosis"});
    });
    let report = lab.json(&["import", &folder, "--dry-run"]);
    assert_eq!(
        (&report["matched"], &report["modified"], &report["created"]),
        (&json!(3), &json!(1), &json!(0)),
        "{report}"
    );
    assert_eq!(
        report["ratings_added"], 0,
        "nobody said who corrected it: {report}"
    );
    let there = Lab::on("2027-01-01");
    let report = there.json(&["import", &folder, "--format", "geojson", "--commit", "brought"]);
    assert_eq!(
        (&report["format"], &report["losses"]),
        (&json!("geojson"), &json!([]))
    );
    assert_eq!(
        (&report["created"], &report["ratings_added"], &report["files"]),
        (&json!(3), &json!(4), &json!(3)),
        "{report}"
    );
    let row = |lab: &Lab| {
        let rows = lab.rows(&["list", "annotations"]);
        let is_it = |row: &Value| text(&row["id"]).ends_with(&corrected);
        rows.into_iter().find(is_it).unwrap()
    };
    assert_eq!(row(&there)["label"], "apoptosis", "as corrected");
    assert_eq!(
        row(&there)["ratings"],
        row(&lab)["ratings"],
        "who said what stays"
    );
    assert_ne!(snapshot(&there), snapshot(&lab));
}

#[test]
fn a_file_of_a_geojson_export_alone_says_whose_ratings_it_could_not_bring() {
    let (lab, _) = small();
    let folder = exported_geojson(&lab);
    let alone = format!("{folder}/a.tif.geojson");
    let there = Lab::on("2027-01-01");
    let report = there.json(&["import", &alone, "--commit", "alone"]);
    assert_eq!(report["created"], 2, "{report}");
    let rows = lab.rows(&["list", "annotations"]);
    let on_a = rows.iter().filter(|row| row["image_name"] == "a.tif");
    let ratings: usize = on_a.map(|row| row["ratings"].as_array().unwrap().len()).sum();
    let refused = count_of(&report, "losses", "carrier_refused");
    assert_eq!(usize::try_from(refused).unwrap(), ratings, "{report}");
    let message = message_of(&report, "losses", "carrier_refused");
    assert!(message.contains("nobody is known as 'human-"), "{message}");
    // Where it came from they are known, and nothing has changed.
    let report = lab.json(&["import", &alone]);
    assert_eq!(
        (&report["events"], &report["losses"]),
        (&json!(0), &json!([])),
        "{report}"
    );
}

#[test]
fn a_carrier_beside_geojson_that_is_none_is_refused_and_nothing_is_recorded() {
    let (lab, _) = small();
    let folder = exported_geojson(&lab);
    let there = Lab::on("2027-01-01");
    let before = there.truth();
    rewrite(&folder, "holotype.json", |carrier| {
        carrier["rule"] = json!({"format": "holotype/rule/77"})
    });
    let ran = there.run(&["import", &folder]);
    let line = ran.refused(3);
    assert!(
        line.starts_with("error: holotype.json: it is not what an export writes"),
        "{line}"
    );
    assert_eq!(there.truth(), before);
}

#[test]
fn n01_records_of_a_carrier_beside_geojson_that_cannot_be_are_refused_one_by_one() {
    let (lab, _) = small();
    let folder = exported_geojson(&lab);
    rewrite(&folder, "holotype.json", |carrier| {
        carrier["images"][0]["name"] = json!("../a.tif")
    });
    let there = Lab::on("2027-01-01");
    let report = there.json(&["import", &folder, "--commit", "brought"]);
    assert_eq!(report["created"], 3, "{report}");
    assert_eq!(count_of(&report, "losses", "carrier_refused"), 1, "{report}");
    assert_eq!(there.json(&["verify", "--replay"])["ok"], true);
}
