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
    let refused = lab.run(&[
        "round",
        "open",
        "--annotator",
        "human-2",
        "--seed",
        "7",
        "--round",
        "2",
        "--blinded",
        "--out",
        "two",
    ]);
    assert_eq!(refused.refused(3), "error: round 2 of human-2 is there already");
    assert!(!lab.path().join("two").exists());
    let again = labelled();
    open(&again, &["--blinded", "--out", "one"]);
    assert_eq!(bytes_of(&again.path().join("one")), text);
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
    let ratings = lab.rows(&["list", "ratings"]);
    let of_round: Vec<&Value> = ratings
        .iter()
        .filter(|row| row["annotator"] == "human-2")
        .collect();
    assert_eq!(of_round.len(), 18);
    assert!(
        of_round
            .iter()
            .all(|row| { row["round"] == 2 && row["blinded"] == true && row["label"] == "mitotic figure" })
    );
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
