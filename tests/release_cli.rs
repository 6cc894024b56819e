//! Releases by the command line: numbers, citations that are resolved, rebuilding, the form of the datasheet.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that reaches beyond an answer has found something"
)]

mod lab;
#[path = "release_cli/strangers.rs"]
mod strangers;
mod tree;

use std::path::{Path, PathBuf};

use lab::cells::{bytes_of, release, text, with_cells, withdraw};
use lab::{Lab, data_dir};
use serde_json::Value;

#[test]
fn a_citation_resolves_to_the_same_folder_or_says_why_not() {
    let lab = with_cells();
    let told = release(&lab, &["auto", "--with-images", "--where", "label == \"cell\""]);
    assert_eq!(told["version"], "1.0.0");
    let built = PathBuf::from(told["path"].as_str().unwrap());
    let cited = lab.ok(&["cite", "1.0.0"]).stdout;
    let place = lab.path().join("resolved");
    let resolved = lab.json(&["resolve", cited.trim(), "--out", text(&place)]);
    assert_eq!(resolved["release"], told["release"]);
    let again = PathBuf::from(resolved["path"].as_str().unwrap());
    assert!(again.starts_with(&place));
    assert!(bytes_of(&again) == bytes_of(&built));
    let plain = lab.path().join("without the v");
    let resolved = lab.json(&[
        "resolve",
        &cited.trim().replace("@v1", "@1"),
        "--out",
        text(&plain),
    ]);
    assert_eq!(resolved["release"], told["release"]);
    let digest = told["release"].as_str().unwrap();
    let other = cited.replace(digest, &digest.chars().rev().collect::<String>());
    let refused = lab.run(&["resolve", other.trim(), "--out", text(&place)]);
    assert!(refused.refused(3).contains("is cited"), "{refused:?}");
    let unknown = lab.run(&["resolve", &format!("other@1.0.0#{digest}"), "--out", text(&place)]);
    assert!(unknown.refused(3).contains("'other' is cited"), "{unknown:?}");
    let later = lab.run(&[
        "resolve",
        &cited.replace("@v1.0.0", "@v3.0.0"),
        "--out",
        text(&place),
    ]);
    assert!(later.refused(3).contains("no such version"), "{later:?}");
    lab.run(&["resolve", "nothing", "--out", text(&place)]).refused(2);
}

#[test]
fn a_folder_is_compared_with_what_the_log_gives() {
    let lab = with_cells();
    let told = release(&lab, &["1.0.0", "--with-images", "--archive", "tar.zst"]);
    let path = PathBuf::from(told["path"].as_str().unwrap());
    assert!(Path::new(told["archive"].as_str().unwrap()).is_file());
    assert!(told["swhid"].as_str().unwrap().starts_with("swh:1:dir:"));
    let same = lab.json(&["release", "--check", text(&path)]);
    assert_eq!(same["identical"], true, "{same}");
    assert_eq!(same["release"], told["release"]);
    std::fs::write(path.join("README.md"), "other\n").unwrap();
    std::fs::write(path.join("more.txt"), "more\n").unwrap();
    std::fs::remove_file(path.join("data/splits.csv")).unwrap();
    let ran = lab.run(&["release", "--check", text(&path), "--json"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(ran.json()["findings"][0]["code"], "HT-R016");
    let found: Vec<String> = ran.json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["object"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(found, ["README.md", "more.txt", "data/splits.csv"]);
    assert_eq!(
        std::fs::read_dir(lab.path().join("out")).unwrap().count(),
        2,
        "nothing is left beside it"
    );
    with_cells().run(&["release", "--check", text(&path)]).refused(3);
}

#[test]
fn images_elsewhere_are_compared() {
    let lab = with_cells();
    let told = release(&lab, &["1.0.0", "--image-source", "https://example.org/{name}"]);
    let path = told["path"].as_str().unwrap();
    let images = lab.path().join("in");
    let check = lab.json(&["verify", "--release", path, "--images", text(&images)]);
    assert_eq!(
        (&check["ok"], &check["checked"]["images"]),
        (&Value::Bool(true), &Value::from(1))
    );
    lab.write("in/a.png", "other bytes");
    let ran = lab.run(&["verify", "--release", path, "--images", text(&images), "--json"]);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.json()["findings"][0]["code"], "HT-R012");
    lab.run(&[
        "release",
        "1.0.1",
        "--out",
        "x",
        "--image-source",
        "javascript:{name}",
    ])
    .refused(2);
}

#[test]
fn what_is_cited_is_told_from_another() {
    let lab = with_cells();
    let told = release(&lab, &["1.0.0"]);
    let path = told["path"].as_str().unwrap();
    let cited = lab.ok(&["cite", "1.0.0"]).stdout;
    let check = lab.json(&["verify", "--release", path, "--cited", cited.trim()]);
    assert_eq!(check["ok"], true);
    let other = "0".repeat(64);
    let ran = lab.run(&["verify", "--release", path, "--cited", &other, "--json"]);
    assert_eq!(
        (ran.status, &ran.json()["findings"][0]["code"]),
        (1, &Value::from("HT-R015"))
    );
    lab.run(&["verify", "--release", path, "--cited", "no digest"])
        .refused(2);
    let none = lab.write("none.pub", "# no key\n");
    lab.run(&["verify", "--release", path, "--signers", &none])
        .refused(3);
}

#[test]
fn the_form_of_the_datasheet_asks_and_is_recorded() {
    let lab = with_cells();
    let sheet = lab.json(&["datasheet"]);
    let tally = &sheet["answered"];
    let number = |name: &str| tally[name].as_u64().unwrap();
    assert_eq!(
        number("full") + number("part") + number("makers") + number("open"),
        52
    );
    let form = lab.path().join("form.toml");
    lab.ok(&["datasheet", "edit", text(&form)]);
    let asked = std::fs::read_to_string(&form).unwrap();
    assert!(asked.contains("\n\"motivation.3\" = \"\"\n"), "{asked}");
    assert!(
        !asked.contains("\"composition.2\""),
        "the log answers that: {asked}"
    );
    // Nothing answered, nothing recorded.
    assert_eq!(lab.json(&["datasheet", "edit", text(&form)])["events"], 0);
    let answered = asked.replace(
        "\"motivation.3\" = \"\"",
        "\"motivation.3\" = \"A \\\"fund\\\" <b>\"",
    );
    std::fs::write(&form, &answered).unwrap();
    assert_eq!(lab.json(&["datasheet", "edit", text(&form)])["answers"], 1);
    lab.ok(&["commit", "-m", "who paid"]);
    let after = lab.json(&["datasheet"]);
    assert_eq!(
        after["answered"]["makers"].as_u64().unwrap(),
        number("makers") + 1
    );
    let markdown = after["markdown"].as_str().unwrap();
    assert!(markdown.contains("“A \"fund\" \\<b\\>”"), "{markdown}");
    std::fs::write(&form, "\"motivation.99\" = \"x\"\n").unwrap();
    lab.run(&["datasheet", "edit", text(&form)]).refused(3);
    std::fs::write(&form, "not toml").unwrap();
    lab.run(&["datasheet", "edit", text(&form)]).refused(3);
}

#[test]
fn the_successor_of_midog_is_numbered_and_told() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    let import = |name: &str| {
        let file = data.join("midog").join(name);
        lab.ok(&["import", text(&file), "--commit", "as published"]);
    };
    import("MIDOG.json");
    release(&lab, &["auto"]);
    import("MIDOG++.json");
    let told = release(&lab, &["auto"]);
    let changelog =
        std::fs::read_to_string(Path::new(told["path"].as_str().unwrap()).join("CHANGELOG.md")).unwrap();
    for line in [
        "* licence: “Attribution-NonCommercial-NoDerivs License” → “CC0”",
        "| images | 353 | 0 | 200 |",
        "| annotations | 21851 | 0 | 0 |",
        "* 172.tiff: width ",
        "* 173.tiff: width ",
    ] {
        assert!(changelog.contains(line), "{line} in\n{changelog}");
    }
    // Two images have another size, and places on them mean something else.
    assert_eq!(
        (&told["step"], &told["version"]),
        (&Value::from("MAJOR"), &Value::from("2.0.0"))
    );
    let row = &lab.ok(&["list", "annotations", "--json"]).rows()[0];
    let label = if row["label"] == "mitotic figure" {
        "hard negative imposter"
    } else {
        "mitotic figure"
    };
    let line = format!(
        "{{\"command\":\"relabel\",\"annotation\":{},\"label\":\"{label}\",\"annotator\":\"one\"}}\n",
        row["id"]
    );
    let file = lab.write("flip.jsonl", line);
    lab.ok(&["record", &file, "--create", "--commit", "one label flipped"]);
    let flipped = release(&lab, &["auto"]);
    assert_eq!(
        (&flipped["step"], &flipped["version"]),
        (&Value::from("MAJOR"), &Value::from("3.0.0"))
    );
    lab.ok(&["set", "dataset", "description=Mitotic figures"]);
    lab.ok(&["commit", "-m", "said better"]);
    let said = release(&lab, &["auto"]);
    assert_eq!(
        (&said["step"], &said["version"]),
        (&Value::from("PATCH"), &Value::from("3.0.1"))
    );
}

#[test]
fn a_correction_is_an_erratum_of_the_release_before() {
    let lab = with_cells();
    release(&lab, &["1.0.0"]);
    assert_eq!(
        lab.json(&["errata", "1.0.0"])["corrections"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let id = lab.rows(&["list", "annotations"])[0]["id"].clone();
    let line = format!(
        "{{\"command\":\"withdraw\",\"annotation\":{id},\"annotator\":\"one\",\"reason\":\"counted twice\"}}\n"
    );
    let file = lab.write("fix.jsonl", line);
    lab.ok(&["record", &file, "--commit", "a correction"]);
    release(&lab, &["auto"]);
    let errata = lab.json(&["errata", "1.0.0"]);
    assert!(errata["withdrawn"].is_null());
    let correction = errata["corrections"]
        .as_array()
        .unwrap()
        .iter()
        .find(|correction| correction["id"] == id)
        .unwrap();
    assert_eq!(
        (&correction["kind"], &correction["reason"]),
        (&Value::from("removed"), &Value::from("counted twice"))
    );
    assert_eq!(
        lab.json(&["errata", "2.0.0"])["corrections"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    withdraw(&lab, "9.9.9").refused(3);
    assert_eq!(withdraw(&lab, "2.0.0").status, 0);
    lab.ok(&["commit", "-m", "1.0.0 is withdrawn"]);
    let errata = lab.json(&["errata", "1.0.0"]);
    assert_eq!(errata["withdrawn"]["replaced_by"], "2.0.0");
    let cited = lab.json(&["cite", "1.0.0"]);
    assert_eq!(
        cited["withdrawn"],
        "1.0.0 was withdrawn: a patient's name; 2.0.0 replaces it"
    );
    assert!(lab.json(&["cite", "2.0.0"])["withdrawn"].is_null());
    // Its name is never given again.
    lab.run(&["release", "1.0.0", "--out", "x"]).refused(3);
}

#[test]
fn a_derived_dataset_pins_its_parent() {
    let parent = with_cells();
    let first = release(&parent, &["1.0.0"]);
    parent.ok(&["set", "dataset", "description=said better"]);
    parent.ok(&["commit", "-m", "said better"]);
    let second = release(&parent, &["auto"]);
    let child = Lab::new();
    let path = |told: &Value| told["path"].as_str().unwrap().to_owned();
    let told = child.json(&["derive", "--from", &path(&first)]);
    assert_eq!(
        (&told["release"], &told["events"]),
        (&first["release"], &Value::from(1))
    );
    assert_eq!(child.json(&["derive", "--from", &path(&first)])["events"], 0);
    child.ok(&["commit", "-m", "the parent"]);
    let refused = child.run(&["derive", "--from", &path(&second)]);
    assert!(
        refused.refused(3).contains("is derived from the release"),
        "{refused:?}"
    );
    std::fs::write(Path::new(&path(&first)).join("README.md"), "changed").unwrap();
    let refused = child.run(&["derive", "--from", &path(&first)]);
    assert!(
        refused.refused(3).contains("is no whole release: README.md"),
        "{refused:?}"
    );
    let wrong = [
        "derive",
        "--from",
        &path(&second),
        "--cited",
        first["release"].as_str().unwrap(),
    ];
    let refused = Lab::new().run(&wrong);
    assert!(
        refused
            .refused(3)
            .contains("it is not the release that was cited"),
        "{refused:?}"
    );
    let cited = child.ok(&["cite", "HEAD", "--format", "datacite"]).stdout;
    assert!(
        cited.contains(first["release"].as_str().unwrap()) && cited.contains("IsDerivedFrom"),
        "{cited}"
    );
}

#[test]
fn a_derived_image_pins_the_bytes_that_it_is_made_from() {
    let parent = with_cells();
    let told = release(&parent, &["1.0.0"]);
    let path = told["path"].as_str().unwrap();
    let child = Lab::new();
    // One is the parent's under another name, one is not.
    for (name, bytes) in [
        ("in/crop.png", "bytes of a.png"),
        ("in/new.png", "bytes of new.png"),
    ] {
        let file = child.write(name, bytes);
        child.ok(&["add", &file]);
    }
    let derived = child.json(&["derive", "--from", path]);
    assert_eq!((&derived["images"], &derived["events"]), (&1.into(), &2.into()));
    child.ok(&["commit", "-m", "the parent"]);
    let again = child.json(&["derive", "--from", path]);
    assert_eq!((&again["images"], &again["events"]), (&1.into(), &0.into()));
    let rows = child.rows(&["list", "images"]);
    let crop = rows.iter().find(|row| row["name"] == "crop.png").unwrap();
    let shown = child.json(&["show", crop["id"].as_str().unwrap()]).to_string();
    let pin = format!("\"derived_from_blob\":{}", crop["blob"]);
    assert!(shown.contains(&pin), "{pin} in {shown}");
    // A pin to bytes that the parent does not hold.
    let other = "0".repeat(64);
    child.ok(&["set", "image", "new.png", &format!("derived_from_blob={other}")]);
    let truth = child.truth();
    let refused = child.run(&["derive", "--from", path]);
    assert!(
        refused
            .refused(3)
            .contains(&format!("'new.png' is recorded as made from the blob {other}")),
        "{refused:?}"
    );
    assert_eq!(child.truth(), truth);
}
