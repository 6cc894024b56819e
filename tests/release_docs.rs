//! What a release says of itself, by the command line: the answers of the datasheet, citations of stored queries,
//! citations on copies and on changed repositories, tombstones of withdrawn releases.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;

use std::path::{Path, PathBuf};

use lab::cells::{bytes_of, copy_of, release, text, with_cells, withdraw};
use lab::{Lab, data_dir};
use serde_json::Value;

/// The numbers in the line of a datasheet that says how many questions are answered by whom: of how many, by the log, in
/// part, by the makers, open.
fn answered(sheet: &str) -> Vec<u64> {
    let line = sheet
        .lines()
        .find(|line| line.contains(" answered by the log, "))
        .unwrap();
    line.split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok())
        .collect()
}

/// Releases a dataset and holds its datasheet to what has to be answered.
fn answers_enough(lab: &Lab) {
    let told = release(lab, &["1.0.0"]);
    let folder = PathBuf::from(told["path"].as_str().unwrap());
    let sheet = std::fs::read_to_string(folder.join("datasheet.md")).unwrap();
    let numbers = answered(&sheet);
    let (all, full, part, makers, open) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
    assert!(full >= 20 && part >= 17, "{numbers:?} in\n{sheet}");
    // Nobody filled in the form, and no question was answered by a sentence of the makers.
    assert_eq!((all, full + part + open, makers), (52, 52, 0));
    let page = std::fs::read_to_string(folder.join("datasheet.html")).unwrap();
    assert_eq!(answered(&page), numbers);
    // Each answer of the log names the command that gives its evidence, and none is given where there is none.
    let count = |text: &str| sheet.matches(text).count() as u64;
    assert_eq!((count(" (log: `"), count(" (in part, log: `")), (full, part));
    let check = lab.json(&["verify", "--release", text(&folder)]);
    assert_eq!(check["ok"], true, "{check}");
}

#[test]
fn the_log_answers_twenty_questions_of_bccd() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    let images = text(&data.join("bccd/JPEGImages")).to_owned();
    let annotations = text(&data.join("bccd/Annotations")).to_owned();
    lab.ok(&[
        "set",
        "dataset",
        "title=BCCD",
        "creators=Shenggan; Nicolas Chen",
        "publisher=GitHub",
        "licence=MIT",
    ]);
    lab.ok(&["add", &images]);
    lab.ok(&["commit", "-m", "images"]);
    lab.ok(&["import", &annotations, "--commit", "as published"]);
    let rows: String = lab
        .rows(&["list", "images"])
        .iter()
        .map(|row| format!("{},human,blood smear\n", row["name"].as_str().unwrap()))
        .collect();
    let table = lab.write("images.csv", format!("image,species,specimen\n{rows}"));
    lab.ok(&["metadata", &table]);
    lab.ok(&["commit", "-m", "what they show"]);
    answers_enough(&lab);
}

#[test]
fn the_log_answers_twenty_questions_of_midog() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    lab.ok(&[
        "set",
        "dataset",
        "title=MIDOG 2021",
        "creators=Aubreville, Marc; Bertram, Christof",
        "publisher=Zenodo",
        "licence=CC-BY-NC-ND-4.0",
    ]);
    lab.ok(&["commit", "-m", "what it is"]);
    let labels = data.join("midog/MIDOG.sqlite");
    lab.ok(&["import", text(&labels), "--commit", "as published"]);
    let table = data.join("midog/MIDOG++_slides.csv");
    lab.ok(&["metadata", text(&table), "--match", "{:03}.tiff"]);
    lab.ok(&["commit", "-m", "what they show"]);
    answers_enough(&lab);
}

#[test]
fn a_citation_resolves_on_a_copy_and_a_changed_repository_says_why_not() {
    let lab = with_cells();
    let told = release(&lab, &["1.0.0", "--with-images"]);
    let built = bytes_of(Path::new(told["path"].as_str().unwrap()));
    let cited = lab.ok(&["cite", "1.0.0"]).stdout.trim().to_owned();
    let resolve = |lab: &Lab| {
        let place = lab.path().join("resolved");
        lab.run(&["resolve", &cited, "--out", text(&place), "--json"])
    };

    let copy = copy_of(&lab);
    let folder = resolve(&copy).json()["path"].as_str().unwrap().to_owned();
    assert!(folder.starts_with(text(copy.path())));
    assert!(
        bytes_of(Path::new(&folder)) == built,
        "the copy gives other bytes"
    );
    // What comes later changes nothing about it.
    let later = copy_of(&lab);
    later.ok(&["set", "dataset", "title=More cells"]);
    later.ok(&["commit", "-m", "said better"]);
    let folder = resolve(&later).json()["path"].as_str().unwrap().to_owned();
    assert!(
        bytes_of(Path::new(&folder)) == built,
        "a later commit gives other bytes"
    );

    // The same version of another history.
    let other = with_cells();
    release(&other, &["1.0.0", "--with-images"]);
    let refused = resolve(&other);
    let line = refused.refused(3);
    let digest = told["release"].as_str().unwrap();
    assert!(
        line.contains("its release here is ") && line.contains(&format!("and {digest} is cited")),
        "{line}"
    );
    // The bytes of the image are gone.
    let erased = copy_of(&lab);
    erased.ok(&["erase", "a.png", "--reason", "a face", "--yes"]);
    let refused = resolve(&erased);
    assert!(refused.refused(3).contains("a.png"), "{refused:?}");
    // A batch has other bytes.
    let damaged = copy_of(&lab);
    for (name, bytes) in bytes_of(&damaged.path().join(".holotype/objects")) {
        if String::from_utf8_lossy(&bytes).contains("\"dirt\"") {
            let changed = String::from_utf8(bytes).unwrap().replace("\"dirt\"", "\"dust\"");
            damaged.write(text(&Path::new(".holotype/objects").join(name)), changed);
        }
    }
    std::fs::remove_dir_all(damaged.path().join(".holotype/derived")).unwrap();
    let refused = resolve(&damaged);
    refused.refused(5);
    for lab in [&other, &erased, &damaged] {
        let left = std::fs::read_dir(lab.path().join("resolved")).map_or(0, Iterator::count);
        assert_eq!(left, 0, "nothing is left");
    }
}

/// A dataset with one more annotation of each label, so that a query chooses some.
fn with_more_cells() -> Lab {
    let lab = with_cells();
    let line = |x: u32, label: &str| {
        serde_json::json!({"command": "annotate", "image": "a.png", "label": label, "annotator": "one",
                           "geometry": {"type": "point", "x": x, "y": 5}})
    };
    lab.record(&[line(1, "cell"), line(2, "dirt"), line(3, "cell")]);
    lab.commit("three more");
    lab
}

#[test]
fn a_stored_query_is_cited_by_one_id() {
    let lab = with_more_cells();
    release(&lab, &["1.0.0"]);
    let first = lab.json(&["cite", "1.0.0", "--query", "label=='cell'"]);
    let query = &first["query"];
    assert_eq!(
        (&query["count"], &query["query"], &query["events"]),
        (
            &Value::from(3),
            &Value::from("label == \"cell\""),
            &Value::from(1)
        )
    );
    let id = query["id"].as_str().unwrap();
    let cited = first["citation"].as_str().unwrap().trim().to_owned();
    assert!(cited.contains(&format!(
        "test@v1.0.0?query#{id} 3 annotations for which label == \"cell\""
    )));
    // The same again, spaced otherwise, before and after it is committed: the same id, and nothing new is stored.
    for _ in 0..2 {
        let again = lab.json(&["cite", "1.0.0", "--query", " label == \"cell\" // all of them"]);
        assert_eq!(
            (&again["query"]["id"], &again["query"]["events"]),
            (&query["id"], &Value::from(0))
        );
        assert_eq!(again["citation"], first["citation"]);
        if lab.json(&["status"])["draft"]["events"] == 1 {
            lab.commit("a stored query");
        }
    }
    let at_head = lab.json(&["cite", "--query", "label == 'cell'"]);
    assert_eq!(at_head["query"]["id"], query["id"], "the result is the same");
    // A label changes, and so does the result.
    let id = lab.rows(&["list", "annotations", "--where", "label == 'cell'"])[0]["id"].clone();
    let line =
        serde_json::json!({"command": "relabel", "annotation": id, "label": "dirt", "annotator": "one"});
    lab.record(&[line]);
    lab.commit("corrected");
    let corrected = lab.json(&["cite", "--query", "label == 'cell'"]);
    assert_ne!(corrected["query"]["id"], query["id"]);
    assert_eq!(corrected["query"]["count"], 2);
}

#[test]
fn a_stored_query_resolves_to_its_rows_whatever_changes_later() {
    let lab = with_more_cells();
    let first = lab.json(&["cite", "--query", "label == 'cell'"]);
    let query = &first["query"];
    let id = query["id"].as_str().unwrap();
    let cited = first["citation"].as_str().unwrap().trim().to_owned();
    lab.commit("a stored query");
    let rows = lab.ok(&["resolve", &cited]).stdout;
    assert_eq!(
        blake3::hash(rows.as_bytes()).to_string(),
        query["result"].as_str().unwrap()
    );
    let ids: Vec<String> = rows
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| {
            assert_eq!(
                (&row["label"], &row["image"]),
                (&Value::from("cell"), &Value::from("a.png"))
            );
            row["annotation"].as_str().unwrap().to_owned()
        })
        .collect();
    let mut listed: Vec<String> = lab
        .rows(&["list", "annotations", "--where", "label == \"cell\""])
        .iter()
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    listed.sort();
    assert_eq!(ids, listed);

    // Labels change later; a copy still gives what was cited.
    let line =
        serde_json::json!({"command": "relabel", "annotation": ids[0], "label": "dirt", "annotator": "one"});
    lab.record(&[line]);
    lab.commit("corrected");
    let copy = copy_of(&lab);
    assert_eq!(copy.ok(&["resolve", &cited]).stdout, rows);
    let told = copy.json(&["resolve", &cited, "--out", text(&copy.path().join("parts"))]);
    let files = bytes_of(Path::new(told["path"].as_str().unwrap()));
    assert_eq!(files[Path::new("annotations.jsonl")], rows.as_bytes());
    assert_eq!(blake3::hash(&files[Path::new("query.json")]).to_string(), id);
    assert!(files[Path::new("annotations.parquet")].starts_with(b"PAR1"));
    assert_eq!(files.len(), 3);
}

#[test]
fn a_stored_query_stands_in_every_form_of_citation() {
    let lab = with_more_cells();
    let told = release(&lab, &["1.0.0"]);
    let cite = |format: &str| {
        let told = lab.json(&["cite", "1.0.0", "--query", "type == 'point'", "--format", format]);
        (
            told["query"]["id"].as_str().unwrap().to_owned(),
            told["citation"].as_str().unwrap().to_owned(),
        )
    };
    let (id, text) = cite("text");
    assert!(text.contains("[Data set, subset]."), "{text}");
    for (format, escaped) in [("bibtex", "type == \"point\""), ("cff", "type == \\\"point\\\"")] {
        let (same, citation) = cite(format);
        assert_eq!(same, id);
        assert!(citation.contains(&id) && citation.contains(escaped), "{citation}");
    }
    let json: Value = serde_json::from_str(&cite("datacite").1).unwrap();
    assert_eq!(json["sizes"], serde_json::json!(["4 annotations"]));
    assert_eq!(
        json["alternateIdentifiers"][0]["alternateIdentifier"],
        format!("holotype:query:{id}")
    );
    let whole = format!("urn:holotype:release:{}", told["release"].as_str().unwrap());
    let related = json["relatedIdentifiers"].as_array().unwrap();
    assert!(
        related
            .iter()
            .any(|item| item["relationType"] == "IsPartOf" && item["relatedIdentifier"] == whole),
        "{related:?}"
    );
}

#[test]
fn a_query_that_cannot_be_cited_or_resolved_says_why_and_changes_nothing() {
    let lab = with_more_cells();
    let before = lab.truth();
    for (query, status) in [
        ("label ==", 2),
        ("no_such == 1", 3),
        ("label", 3),
        ("label == 'none of these'", 3),
    ] {
        lab.run(&["cite", "--query", query]).refused(status);
    }
    lab.run(&["cite"]).refused(2);
    assert!(lab.truth() == before);
    let told = lab.json(&["cite", "--query", "label == 'cell'"]);
    let cited = told["citation"].as_str().unwrap().trim().to_owned();
    lab.commit("a stored query");

    let other = with_more_cells();
    let refused = other.run(&["resolve", &cited]);
    assert!(
        refused.refused(3).contains("has no such stored query"),
        "{refused:?}"
    );
    let commit = told["query"]["commit"].as_str().unwrap();
    let turned: String = commit.chars().rev().collect();
    let refused = lab.run(&["resolve", &cited.replace(commit, &turned)]);
    assert!(
        refused.refused(3).contains("it was asked of the commit"),
        "{refused:?}"
    );
    // Somebody stored something else under the id.
    let id = told["query"]["id"].as_str().unwrap();
    lab.ok(&["set", "dataset", &format!("query.{id}={{}}")]);
    let refused = lab.run(&["resolve", &cited, "--out", "parts"]);
    assert!(refused.refused(3).contains("something else"), "{refused:?}");
    assert!(!lab.path().join("parts").exists());
}

/// A dataset with two releases, of which the first is withdrawn: what was told of them, and what is to be said.
fn with_a_withdrawn_release() -> (Lab, [Value; 2], String) {
    let lab = with_cells();
    let first = release(&lab, &["1.0.0"]);
    lab.ok(&["set", "dataset", "description=said better"]);
    lab.ok(&["commit", "-m", "said better"]);
    let second = release(&lab, &["auto"]);
    let version = second["version"].as_str().unwrap();
    assert_eq!(withdraw(&lab, version).status, 0);
    lab.ok(&["commit", "-m", "1.0.0 is withdrawn"]);
    let said = format!("1.0.0 was withdrawn: a patient's name; {version} replaces it");
    (lab, [first, second], said)
}

#[test]
fn a_withdrawn_release_carries_its_tombstone() {
    let (lab, [first, second], said) = with_a_withdrawn_release();
    let version = second["version"].as_str().unwrap();
    for format in ["text", "bibtex", "cff", "datacite"] {
        let told = lab.json(&["cite", "1.0.0", "--format", format]);
        assert_eq!(told["withdrawn"], said);
        assert!(told["citation"].as_str().unwrap().contains(&said), "{told}");
        let told = lab.json(&["cite", version, "--format", format]);
        assert!(told["withdrawn"].is_null() && !told["citation"].as_str().unwrap().contains("withdrawn"));
    }
    // The folder is still what was cited, and the tombstone stands beside it.
    let cited = lab.ok(&["cite", "1.0.0"]).stdout;
    let told = lab.json(&["resolve", cited.trim(), "--out", text(&lab.path().join("again"))]);
    assert_eq!(told["withdrawn"], said);
    let folder = PathBuf::from(told["path"].as_str().unwrap());
    assert!(bytes_of(&folder) == bytes_of(Path::new(first["path"].as_str().unwrap())));
    let tombstone = std::fs::read_to_string(told["tombstone"].as_str().unwrap()).unwrap();
    let digest = |told: &Value| told["release"].as_str().unwrap().to_owned();
    assert_eq!(
        tombstone,
        format!(
            "{said}\n\nwithdrawn: test@v1.0.0#{}\nreplaced by: test@v{version}#{}\n",
            digest(&first),
            digest(&second)
        )
    );
    // Found where the dataset's repository is, and where there is none but the tombstone beside the folder.
    let found = |lab: &Lab, folder: &Path| {
        let ran = lab.run(&["verify", "--release", text(folder), "--json"]);
        let findings = ran.json()["findings"].as_array().unwrap().clone();
        let withdrawn = findings.iter().find(|one| one["code"] == "HT-R018").cloned();
        (
            ran.status,
            findings.len(),
            withdrawn.map(|one| one["message"].clone()),
        )
    };
    let stranger = Lab::bare("2026-01-03");
    for lab in [&lab, &stranger] {
        assert_eq!(found(lab, &folder), (1, 1, Some(Value::from(said.as_str()))));
    }
    let built = Path::new(first["path"].as_str().unwrap());
    assert_eq!(found(&lab, built).0, 1);
    assert_eq!(found(&stranger, built), (0, 0, None));
    assert_eq!(
        found(&lab, Path::new(second["path"].as_str().unwrap())),
        (0, 0, None)
    );
    // Later releases say it, too.
    let third = release(&lab, &["auto"]);
    let sheet = Path::new(third["path"].as_str().unwrap()).join("datasheet.md");
    let sheet = std::fs::read_to_string(sheet).unwrap();
    assert!(
        sheet.contains(&format!("“{}.”", said.replace(':', "\\:"))),
        "{sheet}"
    );
}
