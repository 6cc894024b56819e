//! What `record`, `set`, `commit` and `revert` do: all or nothing, exact, and undone without a trace in content.

#![allow(
    clippy::indexing_slicing,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;

use lab::{Lab, text};
use proptest::prelude::*;
use serde_json::{Value, json};

fn annotate(x: u64, label: &str, annotator: &str) -> Value {
    let geometry = json!({"type": "box", "x": x, "y": 20, "width": 50, "height": 50});
    json!({"command": "annotate", "image": "001.tiff", "geometry": geometry, "label": label, "annotator": annotator})
}

/// A repository with one image, two labels, two people and one annotation; returns that one's id.
fn with_one() -> (Lab, String) {
    let lab = Lab::new();
    let lines = [
        json!({"command": "declare", "image": "001.tiff", "facts": {"width": 1000, "height": 1000}}),
        json!({"command": "define_label", "name": "non-mitotic cell"}),
        annotate(10, "mitotic figure", "expert 1"),
        annotate(900, "mitotic figure", "expert 2"),
    ];
    let text_of: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = lab.feed(
        &["record", "-", "--create", "--commit", "first", "--json"],
        &text_of,
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let id = text(&ran.json()["annotations"][0]);
    (lab, id)
}

fn recorded(lab: &Lab, line: Value) -> u64 {
    let ran = lab.record(&[line]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.json()["events"].as_u64().expect("a number")
}

fn row(lab: &Lab, id: &str) -> Value {
    let rows = lab.rows(&[
        "list",
        "annotations",
        "DRAFT",
        "--where",
        &format!("id == '{id}'"),
    ]);
    rows.into_iter().next().unwrap_or(Value::Null)
}

#[test]
fn one_bad_line_and_nothing_is_recorded() {
    let (lab, id) = with_one();
    let before = lab.truth();
    let bad: [(Value, &str); 6] = [
        (
            json!({"command": "relabel", "annotation": "00", "label": "mitotic figure", "annotator": "expert 1"}),
            "line 2",
        ),
        (
            annotate(1, "mitotic figure", "expert 9"),
            "there is no annotator 'expert 9'",
        ),
        (annotate(1, "mitose", "expert 1"), "there is no label 'mitose'"),
        (
            json!({"command": "withdraw", "annotation": id, "anotator": "expert 1"}),
            "'anotator'",
        ),
        (json!({"command": "withdrw", "annotation": id}), "withdrw"),
        (
            json!({"command": "rate", "annotation": id, "label": "mitotic figure"}),
            "annotator",
        ),
    ];
    for (line, why) in bad {
        let ran = lab.record(&[annotate(300, "mitotic figure", "expert 1"), line]);
        let told = ran.refused(3);
        assert!(told.contains("line 2") && told.contains(why), "{told}");
    }
    lab.feed(&["record", "-"], "{\"command\"\n").refused(3);
    lab.run(&["record", "nowhere.jsonl"]).refused(3);
    assert_eq!(lab.truth(), before);
    assert_eq!(lab.json(&["status"])["draft"]["events"], 0);
}

#[test]
fn unknown_people_and_labels_need_create() {
    let (lab, _) = with_one();
    let line = format!("{}\n", annotate(300, "apoptotic body", "expert 3"));
    lab.feed(&["record", "-"], &line).refused(3);
    let ran = lab.feed(&["record", "-", "--create", "--json"], &line);
    assert_eq!(ran.json()["events"], 3, "label, annotator, annotation");
    lab.commit("created");
    let people: Vec<Value> = lab
        .rows(&["list", "annotators"])
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(people, ["expert 1", "expert 2", "expert 3"]);
}

#[test]
fn a_relabel_is_one_event_rating_and_label() {
    let (lab, id) = with_one();
    let line = json!({"command": "relabel", "annotation": id, "label": "non-mitotic cell", "annotator": "expert 2",
        "round": 2, "blinded": true, "reason": "second read"});
    assert_eq!(recorded(&lab, line.clone()), 1);
    assert_eq!(recorded(&lab, line), 0, "said already");
    let row = row(&lab, &id);
    assert_eq!(row["label"], "non-mitotic cell");
    let second = &row["ratings"][1];
    assert_eq!(
        (&second["annotator"], &second["round"], &second["blinded"]),
        (&"human-2".into(), &2.into(), &true.into())
    );
    lab.commit("second read");
    let blame = lab.json(&["blame", &id]);
    let events = blame["events"].as_array().unwrap();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["annotation.created", "annotation.relabelled"]);
    assert_eq!(
        (&events[1]["annotator"], &events[1]["reason"]),
        (&"human-2".into(), &"second read".into())
    );
    assert_eq!(events[1]["author"], "Ada Example <ada@example.org>");
}

#[test]
fn blame_of_an_image_tells_its_own_events_and_none_of_its_annotations() {
    let lab = Lab::new();
    let name = "a \"b\" ü.tiff";
    let geometry = json!({"type": "point", "x": 1, "y": 2});
    let lines = [
        json!({"command": "declare", "image": name, "facts": {"width": 100, "height": 100}}),
        json!({"command": "declare", "image": "other.tiff", "facts": {"width": 100, "height": 100}}),
        json!({"command": "annotate", "image": name, "geometry": geometry, "label": "cell", "annotator": "expert 1"}),
        json!({"command": "screen", "image": name, "region": null, "annotator": "expert 1"}),
        json!({"command": "screen", "image": "other.tiff", "region": null, "annotator": "expert 1"}),
    ];
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let ran = lab.feed(
        &["record", "-", "--create", "--commit", "first", "--json"],
        &lines,
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let table = lab.write("facts.csv", "image,stain\n\"a \"\"b\"\" ü.tiff\",HE\n");
    lab.json(&["metadata", &table, "--key", "image"]);
    lab.commit("second");
    let blame = lab.json(&["blame", name]);
    let events = blame["events"].as_array().unwrap();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["kind"]).collect();
    assert_eq!(kinds, ["image.declared", "region.screened", "facts.set"]);
}

#[test]
fn each_documented_command_shows_in_the_list_and_in_blame() {
    let (lab, id) = with_one();
    let rate = json!({"command": "rate", "annotation": id, "label": "non-mitotic cell", "annotator": "expert 2", "round": 2, "blinded": true});
    assert_eq!(recorded(&lab, rate), 1);
    let after = row(&lab, &id);
    assert_eq!(
        (&after["label"], after["ratings"].as_array().map(Vec::len)),
        (&"mitotic figure".into(), Some(2))
    );
    let revise = json!({"command": "revise", "annotation": id, "geometry": {"type": "point", "x": 35, "y": 45}, "annotator": "expert 1"});
    assert_eq!(recorded(&lab, revise), 1);
    assert_eq!(
        row(&lab, &id)["geometry"],
        json!({"type": "point", "x": 35, "y": 45})
    );
    let rename = json!({"command": "rename_label", "label": "mitotic figure", "to": "mitosis"});
    assert_eq!(
        recorded(&lab, rename),
        1,
        "one event for the class, none for its annotations"
    );
    assert_eq!(row(&lab, &id)["label"], "mitosis");
    let screen = json!({"command": "screen", "image": "001.tiff", "region": null, "annotator": "expert 1"});
    assert_eq!(recorded(&lab, screen), 1);
    assert_eq!(lab.rows(&["list", "screenings", "DRAFT"]).len(), 1);
    let withdraw =
        json!({"command": "withdraw", "annotation": id, "annotator": "expert 1", "reason": "out of focus"});
    assert_eq!(recorded(&lab, withdraw), 1);
    assert_eq!(row(&lab, &id), Value::Null);
    lab.commit("a life");
    let blame = lab.json(&["blame", &id]);
    let kinds: Vec<&Value> = blame["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["kind"])
        .collect();
    assert_eq!(
        kinds,
        [
            "annotation.created",
            "rating.given",
            "annotation.geometry_revised",
            "annotation.withdrawn",
        ]
    );
    assert_eq!(blame["events"][3]["reason"], "out of focus");
    lab.record(&[json!({"command": "withdraw", "annotation": id, "annotator": "expert 1"})])
        .refused(3);
}

#[test]
fn every_documented_geometry_comes_back_as_it_was_given() {
    let (lab, _) = with_one();
    let shapes = [
        json!({"type": "point", "x": 1.5, "y": -2}),
        json!({"type": "box", "x": 10, "y": 20, "width": 0, "height": 5000}),
        json!({"type": "rotated_box", "x": 10, "y": 20, "width": 5, "height": 5, "angle_deg": 45}),
        json!({"type": "circle", "x": 10, "y": 20, "radius": 5.25}),
        json!({"type": "ellipse", "x": 10, "y": 20, "radius_x": 5, "radius_y": 2, "angle_deg": 30}),
        json!({"type": "polygon", "rings": [[[0, 0], [10, 0], [10, 10]], [[2, 1], [3, 1], [3, 2]]]}),
        json!({"type": "multipolygon", "polygons": [[[[0, 0], [10, 0], [10, 10]]], [[[20, 0], [30, 0], [30, 10]]]]}),
        json!({"type": "polyline", "points": [[0, 0], [0.1, 0.2]]}),
        json!({"type": "mask", "x": 0, "y": 0, "width": 2, "height": 2, "counts": [1, 2, 1]}),
        json!({"type": "image"}),
        json!({"type": "point", "x": 1, "y": 2, "plane": {"z": 1, "c": 0, "t": 3}}),
    ];
    for geometry in shapes {
        let line = json!({"command": "annotate", "image": "001.tiff", "geometry": geometry, "label": "mitotic figure", "annotator": "expert 1"});
        let ran = lab.record(&[line]);
        assert_eq!(ran.status, 0, "{geometry}: {}", ran.stderr);
        let id = text(&ran.json()["annotations"][0]);
        assert_eq!(row(&lab, &id)["geometry"], geometry);
    }
}

#[test]
fn facts_that_are_set_come_back_and_go() {
    let (lab, _) = with_one();
    lab.ok(&["set", "dataset", "licence=CC0", "title=A = B"]);
    lab.ok(&["set", "image", "001.tiff", "scanner=CS2", "um_per_px_x=0.25"]);
    lab.ok(&["set", "label", "mitotic figure", "colour=#ff0000"]);
    lab.ok(&["set", "annotator", "expert 1", "experience=12 years"]);
    lab.ok(&["set", "case", "case-7", "species=Canine"]);
    lab.ok(&["set", "slide", "slide-7", "stain=H&E"]);
    assert_eq!(
        lab.json(&["set", "image", "001.tiff", "scanner=CS2"])["events"],
        0,
        "known already"
    );
    let before = lab.commit("facts");
    let image = &lab.rows(&["list", "images"])[0];
    assert_eq!(
        (&image["scanner"], &image["um_per_px_x"]),
        (&"CS2".into(), &json!(0.25))
    );
    assert_eq!(
        lab.rows(&["list", "labels", "--where", "facts.colour == '#ff0000'"])
            .len(),
        1
    );
    assert_eq!(
        lab.rows(&["list", "annotators"])[0]["facts"]["experience"],
        "12 years"
    );
    assert_eq!(lab.rows(&["list", "cases"])[0]["facts"]["species"], "Canine");
    assert_eq!(lab.rows(&["list", "slides"])[0]["facts"]["stain"], "H&E");
    lab.ok(&["set", "image", "001.tiff", "scanner="]);
    assert_ne!(lab.commit("away"), before);
    assert!(lab.rows(&["list", "images"])[0]["scanner"].is_null());
    lab.ok(&["set", "image", "001.tiff", "scanner=CS2"]);
    assert_eq!(lab.commit("back"), before);
    lab.run(&["set", "image", "nowhere.tiff", "a=b"]).refused(3);
    lab.run(&["set", "dataset", "licence"]).refused(2);
}

#[test]
fn a_fact_that_only_some_images_have_can_be_asked_for() {
    let (lab, _) = with_one();
    assert_eq!(
        lab.record(&[json!({"command": "declare", "image": "002.tiff"})])
            .status,
        0
    );
    lab.ok(&["set", "image", "001.tiff", "scanner=CS2"]);
    lab.commit("two images");
    let found = lab.rows(&["list", "images", "--where", "scanner == 'CS2'"]);
    assert_eq!((found.len(), &found[0]["name"]), (1, &"001.tiff".into()));
    assert!(
        lab.run(&["list", "images", "--where", "scaner == 'CS2'"])
            .refused(3)
            .contains("scaner")
    );
    let on = lab.rows(&[
        "list",
        "annotations",
        "--where",
        "image.scanner == 'CS2' && row.label == label",
    ]);
    assert_eq!(on.len(), 2);
    lab.run(&["list", "annotations", "--where", "scanner == 'CS2'"])
        .refused(3);
}

#[test]
fn a_draft_survives_a_lost_race() {
    let (lab, id) = with_one();
    let revise = |x: u64| json!({"command": "revise", "annotation": id, "geometry": {"type": "point", "x": x, "y": 1}, "annotator": "expert 1"});
    assert_eq!(recorded(&lab, revise(1)), 1);
    let other = format!("{}\n", annotate(500, "mitotic figure", "expert 2"));
    assert_eq!(
        lab.feed(&["record", "-", "--commit", "meanwhile"], &other).status,
        0
    );
    let sealed = lab.json(&["commit", "-m", "after the race"]);
    assert_eq!(
        (&sealed["events"], &sealed["counts"]["annotations"]),
        (&1.into(), &3.into())
    );
    assert_eq!(lab.json(&["status"])["draft"]["events"], 0);
}

#[test]
fn a_draft_that_no_longer_fits_is_a_conflict_and_stays() {
    let (lab, id) = with_one();
    let revise = json!({"command": "revise", "annotation": id, "geometry": {"type": "point", "x": 1, "y": 1}, "annotator": "expert 1"});
    assert_eq!(recorded(&lab, revise), 1);
    let gone = format!(
        "{}\n",
        json!({"command": "withdraw", "annotation": id, "annotator": "expert 2"})
    );
    assert_eq!(
        lab.feed(&["record", "-", "--commit", "meanwhile"], &gone).status,
        0
    );
    let before = lab.truth();
    assert!(
        lab.run(&["commit", "-m", "too late"])
            .refused(4)
            .contains("draft does not fit")
    );
    assert_eq!(lab.truth(), before);
    assert_eq!(lab.json(&["discard", "--yes"])["events"], 1);
    lab.run(&["commit", "-m", "nothing"]).refused(3);
}

#[test]
fn a_revert_under_a_later_change_is_a_conflict() {
    let (lab, id) = with_one();
    let revise = |x: u64| json!({"command": "revise", "annotation": id, "geometry": {"type": "point", "x": x, "y": 1}, "annotator": "expert 1"});
    for x in [1, 2] {
        recorded(&lab, revise(x));
        lab.commit("moved");
    }
    let before = lab.truth();
    assert!(
        lab.run(&["revert", "HEAD~1"])
            .refused(4)
            .contains("changed since")
    );
    assert_eq!(lab.truth(), before);
    let earlier = lab.json(&["show", "HEAD~1"])["snapshot"].clone();
    lab.ok(&["revert", "HEAD"]);
    assert_eq!(lab.commit("undone"), text(&earlier));
}

/// What a person may do next, by small numbers.
fn command(ids: &[String], choice: u8, place: u64) -> Value {
    let id = &ids[usize::from(choice / 8) % ids.len()];
    let (label, annotator) = if place.is_multiple_of(2) {
        ("mitotic figure", "expert 1")
    } else {
        ("non-mitotic cell", "expert 2")
    };
    match choice % 8 {
        0 | 1 => annotate(place, label, annotator),
        2 => json!({"command": "relabel", "annotation": id, "label": label, "annotator": annotator}),
        3 => json!({"command": "rate", "annotation": id, "label": label, "annotator": annotator}),
        4 => {
            json!({"command": "revise", "annotation": id, "geometry": {"type": "point", "x": place, "y": 1}, "annotator": annotator})
        }
        5 => {
            json!({"command": "screen", "image": "001.tiff", "region": null, "annotator": annotator, "round": place % 3 + 1})
        }
        6 => json!({"command": "attributes", "annotation": id, "changes": {"note": label}}),
        _ => json!({"command": "rename_label", "label": "mitotic figure", "to": "mitotic figure"}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_revert_gives_back_the_earlier_snapshot(batch in prop::collection::vec((any::<u8>(), 0_u64..900), 1..12)) {
        let (lab, first) = with_one();
        let rows = lab.rows(&["list", "annotations"]);
        let ids: Vec<String> = rows.iter().map(|row| text(&row["id"])).collect();
        prop_assert!(ids.contains(&first));
        let before = text(&lab.json(&["show", "HEAD"])["snapshot"]);
        let mut lines: Vec<Value> = batch.iter().map(|(choice, place)| command(&ids, *choice, *place)).collect();
        lines.push(annotate(999, "mitotic figure", "expert 1"));
        let ran = lab.record(&lines);
        prop_assert_eq!(ran.status, 0, "{}", ran.stderr);
        prop_assert_ne!(lab.commit("random"), before.clone());
        lab.ok(&["revert", "HEAD"]);
        prop_assert_eq!(lab.commit("undone"), before);
    }
}

#[test]
fn who_was_registered_and_reverted_is_registered_again_under_the_same_code() {
    let (lab, id) = with_one();
    let rate = |annotator: &str| json!({"command": "relabel", "annotation": id, "label": "non-mitotic cell", "annotator": annotator});
    let create = |annotator: &str| {
        let ran = lab.feed(
            &["record", "-", "--create", "--json"],
            &rate(annotator).to_string(),
        );
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    };
    create("late");
    lab.commit("somebody new");
    lab.ok(&["revert", "HEAD"]);
    lab.commit("reverted");
    assert_eq!(lab.rows(&["list", "annotators"]).len(), 2);
    let refused = lab.record(&[rate("late")]);
    assert!(
        refused.refused(3).contains("there is no annotator 'late'"),
        "{refused:?}"
    );
    create("another");
    create("late");
    lab.commit("both");
    let people = lab.rows(&["list", "annotators"]);
    let named = |name: &str| {
        people
            .iter()
            .find(|row| row["name"] == name)
            .map(|row| text(&row["code"]))
    };
    assert_eq!(
        (named("late"), named("another")),
        (Some("human-3".to_owned()), Some("human-4".to_owned())),
        "a code keeps its owner"
    );
}
