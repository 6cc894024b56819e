//! `agreement --plots`: figures that every reader of XML takes, and the same bytes each time.

use std::collections::BTreeMap;

use quick_xml::events::Event;
use serde_json::{Value, json};

use crate::lab::Lab;

fn rated() -> Lab {
    let lab = Lab::new();
    let mut lines = vec![json!({"command": "declare", "image": "a.tiff"})];
    for n in 0..12 {
        let label = if n % 3 == 0 { "<mitosis> & more" } else { "other" };
        lines.push(json!({
            "command": "annotate", "image": "a.tiff", "geometry": {"type": "point", "x": n, "y": 0},
            "label": label, "annotator": "E1", "claimed_at": format!("2025-0{}-01T00:00:00Z", 1 + n % 4),
        }));
    }
    assert_eq!(crate::create(&lab, &lines), 0);
    let rows = lab.rows(&["list", "annotations", "DRAFT"]);
    let rates: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(n, row)| {
            let label = if n % 2 == 0 { "<mitosis> & more" } else { "other" };
            json!({"command": "rate", "annotation": row["id"], "label": label, "annotator": "E2"})
        })
        .collect();
    assert_eq!(crate::create(&lab, &rates), 0);
    lab.commit("two experts");
    lab
}

fn files(lab: &Lab, folder: &str) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(lab.path().join(folder)).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// The texts of a figure; it must be well formed.
fn texts(svg: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(svg);
    let mut texts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Text(text) => texts.push(text.xml10_content().into_owned()),
            Event::GeneralRef(name) => texts.push(format!("&{};", &*name)),
            Event::Empty(element) => {
                for attribute in element.attributes() {
                    let value = attribute.unwrap().value.into_owned();
                    assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
                }
            }
            Event::Eof => return texts,
            Event::Start(_)
            | Event::End(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
}

#[test]
fn figures_are_drawn_once_and_the_same_each_time() {
    let lab = rated();
    let report = lab.json(&["agreement", "--plots", "one", "--by", "label"]);
    assert_eq!(
        report["plots"],
        json!([
            "labels-human-1-human-2.svg",
            "kappa.svg",
            "labels-human-1-human-2-by-01.svg",
            "labels-human-1-human-2-by-02.svg",
            "kappa-by.svg",
            "rates.svg"
        ])
    );
    let drawn = files(&lab, "one");
    assert_eq!(drawn.len(), 6);
    for (name, svg) in &drawn {
        assert!(!texts(svg).is_empty(), "{name}");
    }
    let joined = |name: &str| texts(&drawn[name]).concat();
    assert!(joined("labels-human-1-human-2.svg").contains("12 annotations that both rated"));
    assert!(joined("kappa-by.svg").contains("&lt;mitosis&gt;"));
    let rates = joined("rates.svg");
    assert!(
        rates.contains("labels by annotator, 2025-01-01 to 2026-01-02"),
        "{rates}"
    );
    lab.ok(&["agreement", "--plots", "two", "--by", "label"]);
    assert_eq!(files(&lab, "two"), drawn);
    let refused = lab.run(&["agreement", "--plots", "one"]);
    assert_eq!(refused.status, 3, "a folder with something in it is left alone");
    assert_eq!(files(&lab, "one"), drawn);
}

#[test]
fn rounds_are_drawn_apart_and_each_one_beside_themselves() {
    let lab = rated();
    let rows = lab.rows(&["list", "annotations"]);
    let again: Vec<Value> = rows
        .iter()
        .enumerate()
        .flat_map(|(n, row)| {
            let label = if n % 4 == 0 { "<mitosis> & more" } else { "other" };
            ["E1", "E2"].map(|who| {
                json!({"command": "rate", "annotation": row["id"], "label": label, "annotator": who, "round": 2})
            })
        })
        .collect();
    assert_eq!(lab.record(&again).status, 0);
    lab.commit("a second round");
    let report = lab.json(&["agreement", "--by", "round", "--plots", "rounds"]);
    let groups = report["by"]["groups"].as_array().unwrap();
    let agree: Vec<(&Value, &Value)> = groups
        .iter()
        .map(|one| (&one["value"], &one["pairs"][0]["percent_agreement"]))
        .collect();
    let first = lab.json(&["agreement", "--round", "1"]);
    let first = &first["pairs"][0]["percent_agreement"];
    assert_ne!(first, &json!(1.0));
    assert_eq!(agree, [(&json!("1"), first), (&json!("2"), &json!(1.0))]);
    assert_eq!(groups[0]["intra_rater"], json!([]));
    let drawn = files(&lab, "rounds");
    let kappas = texts(&drawn["kappa-by.svg"]).concat();
    assert!(
        kappas.contains("human-1 and human-2, 1") && kappas.contains("human-1 and human-2, 2"),
        "{kappas}"
    );
    let intra = texts(&drawn["kappa-intra.svg"]).concat();
    assert!(intra.contains("human-2, rounds 1 and 2 (n = 12)"), "{intra}");
    let second = texts(&drawn["labels-human-1-human-2-by-02.svg"]).concat();
    assert!(second.contains("human-1 (round 2) and human-2"), "{second}");
    let one = lab.json(&["agreement", "--by", "round", "--round", "2"]);
    assert_eq!(one["by"]["groups"].as_array().unwrap().len(), 1);
}
