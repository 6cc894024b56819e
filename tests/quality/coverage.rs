//! `check coverage` and `vocabulary`: counts that another reader gets, too, and values unified in one transaction.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lab::{Lab, data_dir, text};

/// Four images of two cases; scanners in two spellings, species of the cases.
fn lab() -> Lab {
    let lab = Lab::new();
    let lines: Vec<Value> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| json!({"command": "declare", "image": format!("{name}.tiff")}))
        .collect();
    assert_eq!(lab.record(&lines).status, 0);
    let table = lab.write(
        "facts.csv",
        "image,case,species,scanner,objective\na.tiff,P1,dog,CS2,20x\nb.tiff,P1,dog,CS2,20x\n\
         c.tiff,P2,canine,cs2,20x\nd.tiff,P2,canine,XR=7,20x\n",
    );
    lab.ok(&["metadata", &table]);
    let split = lab.write("split.csv", "image,part\na.tiff,train\nc.tiff,test\n");
    lab.ok(&["split", "import", "main", &split]);
    lab.commit("images");
    lab
}

fn row<'v>(report: &'v Value, fact: &str, value: &str) -> &'v Value {
    let tables = report["coverage"].as_array().unwrap();
    let table = tables.iter().find(|one| one["fact"] == fact).unwrap();
    let rows = table["rows"].as_array().unwrap();
    rows.iter().find(|one| one["value"] == value).unwrap()
}

#[test]
fn coverage_counts_by_part_and_names_the_gaps() {
    let lab = lab();
    let report = lab.json(&["check", "coverage"]);
    assert_eq!(
        (&report["schema"], &report["split"]),
        (&json!("holotype/coverage/1"), &json!("main"))
    );
    let dog = row(&report, "species", "dog");
    assert_eq!((&dog["cases"], &dog["images"]), (&json!(1), &json!(2)));
    assert_eq!(dog["parts"]["train"]["images"], 2);
    assert_eq!(dog["parts"]["test"]["images"], 0);
    let tables = report["coverage"].as_array().unwrap();
    let gaps: Vec<String> = tables[0]["gaps"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(gaps, ["canine only in test", "dog only in train"]);
    let other = lab.json(&["check", "coverage", "HEAD", "--by", "scanner"]);
    assert_eq!(other["coverage"].as_array().unwrap().len(), 1);
    assert!(
        lab.run(&["check", "coverage", "--split", "x"])
            .refused(3)
            .contains("no split")
    );
    let checked = lab.run(&["check", "--json"]).json();
    let found = checked["findings"].as_array().unwrap().iter();
    let alone: Vec<String> = found
        .filter(|one| one["code"] == "HT-Q109")
        .map(|one| text(&one["object"]))
        .collect();
    assert!(alone.contains(&"split/main/fact/species".to_owned()), "{alone:?}");
    let shown = lab.ok(&["check", "coverage", "--by", "species"]).stdout;
    assert!(shown.contains("gap: dog only in train"), "{shown}");
}

#[test]
fn one_word_takes_the_place_of_another_in_one_transaction() {
    let lab = lab();
    let before = lab.truth();
    assert!(
        lab.run(&["vocabulary", "map", "scanner", "zz=CS2"])
            .refused(3)
            .contains("no value")
    );
    lab.run(&["vocabulary", "map", "scanner", "CS2"]).refused(2);
    let half = ["vocabulary", "map", "scanner", "cs2=CS2", "zz=CS2"];
    lab.run(&half).refused(3);
    let dry = lab.json(&["vocabulary", "map", "scanner", "cs2=CS2", "--dry-run"]);
    assert_eq!(lab.truth(), before, "refused or tried: nothing was changed");
    let map = ["vocabulary", "map", "scanner", "cs2=CS2", "XR=7=NanoZoomer XR"];
    let done = lab.json(&map);
    assert_eq!((&dry["events"], &done["events"]), (&json!(1), &json!(2)));
    assert_eq!(
        done["mapped"][1],
        json!({"old": "cs2", "new": "CS2", "records": 1})
    );
    let listed = lab.json(&["vocabulary", "list", "scanner"]);
    let values: BTreeMap<String, u64> = listed["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(&one["value"]), one["images"].as_u64().unwrap()))
        .collect();
    let wanted = [("CS2".to_owned(), 3), ("NanoZoomer XR".to_owned(), 1)];
    assert_eq!(values, BTreeMap::from(wanted));
    let mapped = lab.json(&[
        "vocabulary",
        "map",
        "species",
        "canine=dog",
        "--reason",
        "one word for one thing",
    ]);
    assert_eq!(mapped["events"], 1, "a fact of the case is changed once");
    lab.json(&["vocabulary", "map", "objective", "20x=20"]);
    lab.commit("unified");
    let blame = lab.json(&["blame", "c.tiff"]).to_string();
    assert!(blame.contains("vocabulary map scanner cs2=CS2"), "{blame}");
    let report = lab.run(&["check", "--json"]).json();
    let codes = report["findings"].as_array().unwrap().iter();
    let codes: Vec<String> = codes.map(|one| text(&one["code"])).collect();
    assert!(
        !codes.contains(&"HT-Q103".to_owned()) && !codes.contains(&"HT-Q104".to_owned()),
        "{codes:?}"
    );
    let texts = lab.run(&["vocabulary", "list", "objective"]);
    assert!(
        texts.refused(3).contains("as a text"),
        "a number by nature is a number"
    );
}

/// Counts of images and annotations by value and part.
type Counts = BTreeMap<(String, String), (u64, u64)>;

/// What stands in the two files of MIDOG++, counted without Holotype: by (scanner, part).
fn counted(table: &str, json: &Value) -> (String, Counts) {
    let mut annotations: BTreeMap<u64, u64> = BTreeMap::new();
    for one in json["annotations"].as_array().unwrap() {
        *annotations.entry(one["image_id"].as_u64().unwrap()).or_default() += 1;
    }
    let mut counts = Counts::new();
    let mut split = String::from("image,part\n");
    for line in table.lines().skip(1) {
        let cells: Vec<&str> = line.split(';').collect();
        let id: u64 = cells[0].parse().unwrap();
        split.push_str(&format!("{id:03}.tiff,{}\n", cells[1]));
        let count = counts
            .entry((cells[3].to_owned(), cells[1].to_owned()))
            .or_default();
        count.0 += 1;
        count.1 += annotations.get(&id).copied().unwrap_or(0);
    }
    (split, counts)
}

#[test]
fn coverage_of_midog_is_what_another_reader_counts() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    let file = data.join("midog/MIDOG++.json");
    let table = data.join("midog/MIDOG++_slides.csv");
    let json: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let (split, counts) = counted(&std::fs::read_to_string(&table).unwrap(), &json);
    lab.ok(&["import", &file.display().to_string()]);
    let table = table.display().to_string();
    lab.ok(&["metadata", &table, "--key", "Slide", "--match", "{:03}.tiff"]);
    let split = lab.write("split.csv", split);
    lab.ok(&["split", "import", "published", &split]);
    let report = lab.json(&["check", "coverage", "--by", "scanner"]);
    let mut found = Counts::new();
    for row in report["coverage"][0]["rows"].as_array().unwrap() {
        for (part, count) in row["parts"].as_object().unwrap() {
            let number = |name: &str| count[name].as_u64().unwrap();
            if number("images") > 0 && row["value"] != "not stated" {
                let key = (text(&row["value"]), part.clone());
                found.insert(key, (number("images"), number("annotations")));
            }
        }
    }
    assert_eq!(found, counts);
}
