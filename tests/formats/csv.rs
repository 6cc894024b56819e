//! Lists of points and boxes: what people bring, and what is written and read again.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lab::{Lab, count_of, message_of, text};

/// A repository with the images 001.tiff and 002.tiff.
fn with_images() -> Lab {
    let lab = Lab::new();
    let declare = |name: &str| json!({"command": "declare", "image": name});
    let ran = lab.record(&[declare("slides/001.tiff"), declare("002.tiff")]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    lab
}

fn annotations(lab: &Lab) -> Vec<Value> {
    lab.rows(&["list", "annotations", "DRAFT"])
}

#[test]
fn quirk_25_a_list_is_about_the_image_that_it_is_named_after() {
    let lab = with_images();
    lab.write("points/001.csv", "x;y;class\n1,5;2;mitosis\n3;4;mitosis\n");
    lab.write("points/002.csv", "");
    let report = lab.json(&["import", "points"]);
    assert_eq!(
        (&report["format"], &report["created"], &report["files"]),
        (&json!("csv"), &json!(2), &json!(2))
    );
    assert_eq!(count_of(&report, "losses", ""), 0);
    let rows = annotations(&lab);
    assert!(
        rows.iter()
            .all(|row| row["image_name"] == "slides/001.tiff" && row["label"] == "mitosis"),
        "{rows:?}"
    );
    let screenings = lab.rows(&["list", "screenings", "DRAFT"]);
    assert_eq!(screenings.len(), 1, "{screenings:?}");
    assert_eq!(
        lab.rows(&["list", "images", "DRAFT"]).len(),
        2,
        "no image was made up"
    );
    assert_eq!(
        lab.json(&["import", "points"])["events"],
        0,
        "the same again is no event"
    );
}

#[test]
fn quirk_25_a_header_alone_is_a_screening_by_who_is_named() {
    let lab = with_images();
    lab.write("002.csv", "x,y,label\n");
    let report = lab.json(&["import", "002.csv", "--annotator", "Ada=human"]);
    assert_eq!(report["created"], 0);
    let screenings = lab.rows(&["list", "screenings", "DRAFT"]);
    assert_eq!(screenings.len(), 1);
    assert_eq!(screenings[0]["annotator"], "human-1", "{screenings:?}");
}

#[test]
fn quirk_25_without_header_or_order_nothing_is_guessed() {
    let lab = with_images();
    lab.write("001.csv", "10,20\n30,40\n");
    let before = lab.truth();
    let ran = lab.run(&["import", "001.csv"]);
    assert_eq!(
        ran.refused(3),
        "error: 001.csv: no line names the columns, so line 1 ('10,20') can be x,y as well as y,x"
    );
    assert!(ran.stderr.contains("--csv-order"), "{}", ran.stderr);
    assert_eq!(lab.truth(), before);
    assert_eq!(lab.run(&["import", "001.csv", "--csv-order", "stage"]).status, 2);
    assert_eq!(
        lab.json(&["import", "001.csv", "--csv-order", "y,x"])["created"],
        2
    );
    let mut places: Vec<Value> = annotations(&lab)
        .into_iter()
        .map(|row| row["geometry"].clone())
        .collect();
    places.sort_by_key(ToString::to_string);
    assert_eq!(
        places,
        [
            json!({"type":"point","x":20,"y":10}),
            json!({"type":"point","x":40,"y":30})
        ]
    );
}

#[test]
fn quirk_25_a_table_of_facts_is_shown_the_way_to_metadata() {
    let lab = with_images();
    lab.write("slides.csv", "slide;scanner\n001;CS2\n002;CS2\n");
    for args in [
        &["import", "slides.csv"][..],
        &["import", "slides.csv", "--format", "csv"][..],
    ] {
        let ran = lab.run(args);
        assert!(ran.refused(3).contains("is a"), "{}", ran.stderr);
        assert!(ran.stderr.contains("holotype metadata"), "{}", ran.stderr);
    }
    assert_eq!(
        lab.json(&["metadata", "slides.csv", "--match", "{:03}.tiff"])["matched"],
        2
    );
}

#[test]
fn quirk_25_several_images_and_annotators_in_one_list() {
    let lab = with_images();
    lab.write(
        "all.csv",
        "id,image,x1,y1,x2,y2,label,annotator,score\n\
         1,001,10,10,60,60,mitosis,Ada,0.5\n1,001,10,10,60,60,mitosis,Ben,0.5\n2,002.tiff,1,2,3,4,other,Ada,\n",
    );
    let report = lab.json(&["import", "all.csv", "--map-annotator", "Ben=model"]);
    assert_eq!(
        (&report["created"], &report["ratings_added"]),
        (&json!(2), &json!(3)),
        "{report}"
    );
    let rows = annotations(&lab);
    let ratings: Vec<usize> = rows
        .iter()
        .map(|row| row["ratings"].as_array().unwrap().len())
        .collect();
    assert_eq!(ratings.iter().sum::<usize>(), 3);
    assert_eq!(lab.json(&["import", "all.csv"])["events"], 0);
}

#[test]
fn f20_a_damaged_list_is_refused_and_nothing_is_recorded() {
    let lab = with_images();
    let before = lab.truth();
    for (name, bytes) in [
        ("ragged.csv", &b"x,y\n1,2\n3\n"[..]),
        ("quote.csv", b"x,y\n1,\"2\n"),
        ("nul.csv", b"x,y\n1,\0\n"),
        ("latin.csv", b"x,y,label\n1,2,\xe4\n"),
        ("range.csv", b"x,y\n1,1e400\n"),
    ] {
        lab.write(name, bytes);
        let ran = lab.run(&["import", name, "--format", "csv"]);
        let line = ran.refused(3).to_owned();
        assert!(line.contains(name) && line.contains("line "), "{line}");
    }
    assert_eq!(lab.truth(), before);
}

#[test]
fn f19_what_a_spreadsheet_would_run_is_marked_when_written() {
    let lab = with_images();
    lab.write(
        "001.csv",
        "x,y,label,stage\n1,2,=HYPERLINK(1),@sum\n-3,4,+5,'=x\n",
    );
    lab.json(&["import", "001.csv"]);
    lab.commit("a list");
    lab.ok(&["export", "--format", "csv", "--out", "out.csv"]);
    let written = std::fs::read_to_string(lab.path().join("out.csv")).unwrap();
    assert!(
        written.contains("'=HYPERLINK(1)") && written.contains("'@sum") && written.contains("'+5"),
        "{written}"
    );
    assert!(written.contains(",-3,4,"), "numbers are no formulas: {written}");
    assert_eq!(lab.json(&["import", "out.csv"])["events"], 0);
}

#[test]
fn an_image_searched_without_a_finding_survives_and_losses_are_told() {
    let lab = with_images();
    lab.write("001.csv", "x,y,label\n1,2,a\n");
    lab.write("002.csv", "");
    lab.json(&["import", "001.csv", "--annotator", "Ada=human"]);
    lab.json(&["import", "002.csv"]);
    lab.commit("one found, one empty");
    let report = lab.json(&["export", "--format", "csv", "--out", "out.csv"]);
    assert_eq!(
        (
            count_of(&report, "losses", "votes"),
            count_of(&report, "losses", "screenings")
        ),
        (1, 0)
    );
    let fresh = Lab::new();
    std::fs::copy(lab.path().join("out.csv"), fresh.path().join("in.csv")).unwrap();
    assert_eq!(fresh.json(&["import", "in.csv"])["created"], 1);
    let screenings = fresh.rows(&["list", "screenings", "DRAFT"]);
    assert_eq!(screenings.len(), 1);
}

#[test]
fn the_published_table_of_slides_is_no_list() {
    let Some(data) = crate::lab::data_dir() else {
        return;
    };
    let lab = Lab::new();
    let table = data.join("midog/MIDOG++_slides.csv");
    let ran = lab.run(&["import", table.to_str().unwrap()]);
    assert!(ran.refused(3).contains("is a table of facts"), "{}", ran.stderr);
    let midog = data.join("midog/MIDOG.json");
    lab.json(&["import", midog.to_str().unwrap()]);
    let before = lab.commit("MIDOG");
    lab.ok(&["export", "--format", "csv", "--out", "midog.csv"]);
    let report = lab.json(&["import", "midog.csv", "--complete"]);
    assert_eq!(
        (&report["matched"], &report["events"]),
        (&json!(4435), &json!(0)),
        "{before}"
    );
}

/// A geometry of each type, with coordinates as they occur.
fn geometry() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        (-10i32..20_000).prop_map(|n| json!(n)),
        (-10i32..20_000).prop_map(|n| json!(f64::from(n) / 2.0)),
        (0.0f64..1e5).prop_map(|n| json!(n)),
    ];
    let numbers = prop::collection::vec(number, 8);
    (numbers, 0u8..11, 0u32..3).prop_map(|(n, kind, z)| {
        let size = |value: &Value| json!(value.as_f64().unwrap().abs());
        let ring = json!([[n[0], n[1]], [n[2], n[3]], [n[4], n[5]]]);
        let (x, y, width, height) = (&n[0], &n[1], size(&n[2]), size(&n[3]));
        let mut geometry = match kind {
            0 | 1 => json!({"type": "point", "x": x, "y": y}),
            2 | 3 => json!({"type": "box", "x": x, "y": y, "width": width, "height": height}),
            4 => json!({"type": "rotated_box", "x": x, "y": y, "width": width, "height": height, "angle_deg": n[4]}),
            5 => json!({"type": "circle", "x": x, "y": y, "radius": width}),
            6 => json!({"type": "ellipse", "x": x, "y": y, "radius_x": width, "radius_y": height, "angle_deg": n[4]}),
            7 => json!({"type": "polygon", "rings": [ring, [[n[6], n[7]]]]}),
            8 => json!({"type": "multipolygon", "polygons": [[ring], [ring]]}),
            9 => json!({"type": "polyline", "points": ring}),
            _ => json!({"type": "image"}),
        };
        if z > 0 {
            geometry["plane"] = json!({"c": 0, "t": 1, "z": z});
        }
        geometry
    })
}

/// What is read as an absolute path, which can name a person.
fn is_path(text: &str) -> bool {
    text.starts_with(['/', '\\', '~']) || text.get(1..2) == Some(":") || text.starts_with("file:")
}

fn attributes() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "x",
        "label",
        "stage",
        "=cmd",
        "attribute:a",
        "-",
        "a;b,c",
        "\u{3b1}",
        " q",
        "id",
    ]);
    let value = prop_oneof![
        "[ -~\u{e4}\t\n\r]{0,6}"
            .prop_filter("a path goes private", |text| !is_path(text))
            .prop_map(Value::from),
        prop::sample::select(vec!["", "5", "-5", "true", "'", "1e3", " "]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e6f64..1e6).prop_map(Value::from),
        (-5i32..5).prop_map(Value::from),
    ];
    prop::collection::btree_map(names, value, 0..4).prop_map(|map| json!(map))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_and_read_in_a_fresh_repository_is_the_same_snapshot(
        rows in prop::collection::vec((geometry(), prop::option::of("[!-~\u{e4}]([ -~]{0,6}[!-~])?"), attributes(), 0..3usize), 1..40),
    ) {
        let lab = Lab::new();
        let names = ["001.tiff", "a/=2.tiff", "'3.tiff"];
        let mut lines: Vec<Value> = Vec::new();
        for (geometry, label, attributes, image) in &rows {
            let name = names[*image];
            if !lines.iter().any(|line| line["command"] == "declare" && line["image"] == name) {
                lines.push(json!({"command": "declare", "image": name}));
            }
            lines.push(json!({
                "command": "annotate", "image": name, "geometry": geometry, "label": label, "attributes": attributes,
            }));
        }
        let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let ran = lab.feed(&["record", "-", "--create"], &input);
        prop_assert_eq!(ran.status, 0, "{}", ran.stderr);
        let snapshot = lab.commit("made up");
        let report = lab.json(&["export", "--format", "csv", "--out", "out.csv"]);
        prop_assert_eq!(&report["losses"], &json!([]));
        let written = std::fs::read_to_string(lab.path().join("out.csv")).unwrap();

        let fresh = Lab::new();
        fresh.write("in.csv", &written);
        let report = fresh.json(&["import", "in.csv"]);
        prop_assert_eq!(&report["losses"], &json!([]), "{}", written);
        prop_assert_eq!(fresh.commit("read"), snapshot, "{}\n{}", written, report);
        fresh.ok(&["export", "--format", "csv", "--out", "again.csv"]);
        let again = std::fs::read_to_string(fresh.path().join("again.csv")).unwrap();
        prop_assert_eq!(again, written);
    }
}

#[test]
fn an_unreadable_own_id_and_geometry_are_lost_with_their_line() {
    let lab = with_images();
    lab.write(
        "001.csv",
        "image,holotype_id,label,x,y,width,height,geometry\n001,xyz,a,1,2,,,\n001,,a,1,2,,,{}\n001,,a,1,2,,,\n",
    );
    let report = lab.json(&["import", "001.csv"]);
    assert_eq!(report["created"], 1, "{report}");
    assert!(
        message_of(&report, "losses", "geometry_unreadable").contains("line 3"),
        "{report}"
    );
    assert!(
        message_of(&report, "losses", "holotype_id_unreadable").contains("line 2"),
        "{report}"
    );
    assert_eq!(text(&annotations(&lab)[0]["label"]), "a");
}
