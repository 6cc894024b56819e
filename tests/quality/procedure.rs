//! The procedure, and the gate before a release.

use serde_json::{Value, json};

use crate::lab::{Lab, text};

/// A dataset of one annotated image that nothing is wrong with by a short profile.
fn lab() -> (Lab, String) {
    let lab = Lab::new();
    let lines = [
        json!({"command": "declare", "image": "a.tiff"}),
        json!({"command": "annotate", "image": "a.tiff", "geometry": {"type": "point", "x": 1, "y": 2},
               "label": "mitosis", "annotator": "human-1"}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(lab.feed(&["record", "-", "--create"], &input).status, 0);
    let profile = lab.write(
        "profile.toml",
        "[[field]]\nname = \"stain\"\nfacts = [\"stain\"]\nof = \"image\"\n",
    );
    lab.ok(&["set", "dataset", "stain=H&E"]);
    lab.commit("images");
    (lab, profile)
}

fn steps(report: &Value) -> Vec<(String, String)> {
    let steps = report["steps"].as_array().unwrap().iter();
    steps
        .map(|step| (text(&step["step"]), text(&step["state"])))
        .collect()
}

fn state(lab: &Lab, profile: &str, step: &str) -> String {
    let report = lab.json(&["check", "procedure", "--profile", profile]);
    let all = steps(&report);
    all.into_iter().find(|(id, _)| id == step).unwrap().1
}

#[test]
fn the_checklist_has_fifteen_steps_ticked_by_evidence_or_sign_off() {
    let (lab, profile) = lab();
    let report = lab.json(&["check", "procedure", "--profile", &profile]);
    let all = steps(&report);
    assert_eq!(all.len(), 15);
    let done: Vec<&str> = all
        .iter()
        .filter(|(_, state)| state == "done")
        .map(|(id, _)| id.as_str())
        .collect();
    assert_eq!(done, ["acquisition", "deidentification", "primary"]);
    assert_eq!(state(&lab, &profile, "release"), "later");
    assert_eq!(state(&lab, &profile, "task"), "open");
    lab.ok(&["set", "dataset", "task=count mitotic figures"]);
    lab.ok(&["set", "label", "mitosis", "description=a cell in division"]);
    assert_eq!(state(&lab, &profile, "task"), "done");
    let second = json!({"command": "screen", "image": "a.tiff", "region": null, "annotator": "human-1"});
    let again =
        json!({"command": "screen", "image": "a.tiff", "region": null, "annotator": "human-1", "round": 2});
    assert_eq!(lab.record(&[second, again]).status, 0);
    assert_eq!(state(&lab, &profile, "missed-candidates"), "done");
    lab.ok(&["consensus", "DRAFT", "--rule", "first-human", "--record"]);
    assert_eq!(state(&lab, &profile, "adjudication"), "done");
    lab.ok(&["split", "create", "main", "--ratio", "1:1", "--seed", "1"]);
    let part = text(&lab.rows(&["list", "splits", "DRAFT"])[0]["part"]);
    assert_eq!(state(&lab, &profile, "split"), "open");
    lab.ok(&["split", "freeze", "main", &part]);
    assert_eq!(state(&lab, &profile, "split"), "done");
    let rate = json!({"command": "annotate", "image": "a.tiff", "geometry": {"type": "point", "x": 9, "y": 9},
                      "label": "mitosis", "annotator": "human-2", "round": 2, "blinded": true});
    let rated = lab.feed(&["record", "-", "--create"], &format!("{rate}\n"));
    assert_eq!(rated.status, 0, "{rated:?}");
    assert_eq!(state(&lab, &profile, "second-pass"), "done");
    let sign = [
        "check",
        "sign-off",
        "three-cs",
        "--reason",
        "kappa 0.81, see the report of 3 May",
    ];
    assert_eq!(lab.json(&sign)["events"], 1);
    let report = lab.json(&["check", "procedure", "--profile", &profile]);
    let signed = report["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["step"] == "three-cs")
        .unwrap();
    assert_eq!(signed["state"], "signed-off");
    assert_eq!(signed["author"], "Ada Example <ada@example.org>");
    assert!(
        lab.run(&["check", "sign-off", "nothing", "--reason", "x"])
            .refused(3)
            .contains("no step")
    );
    lab.run(&["check", "sign-off", "pilot", "--reason", ""])
        .refused(3);
}

#[test]
fn a_checklist_of_ones_own_is_used_and_a_broken_one_refused() {
    let (lab, profile) = lab();
    let sop = lab.write(
        "sop.toml",
        "[[step]]\nid = \"pathologist\"\ntitle = \"A pathologist looked\"\n",
    );
    let options = ["--profile", &profile, "--sop", &sop];
    let report = lab.json(&[&["check", "procedure"][..], &options].concat());
    assert_eq!(steps(&report), [("pathologist".to_owned(), "open".to_owned())]);
    let strict = [&["check", "--json", "--gate", "strict"][..], &options].concat();
    let ran = lab.run(&strict);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.json()["findings"][0]["object"], "sop/pathologist");
    lab.ok(&[
        "check",
        "sign-off",
        "pathologist",
        "--reason",
        "on 3 May",
        "--sop",
        &sop,
    ]);
    assert_eq!(lab.run(&strict).status, 0);
    for wrong in [
        "x = 1",
        "[[step]]\nid = \"a b\"\ntitle = \"\"",
        "[[step]]\nid=\"a\"\ntitle=\"\"\nevidence=[\"magic\"]",
    ] {
        let sop = lab.write("wrong.toml", wrong);
        lab.run(&["check", "--sop", &sop]).refused(3);
    }
    let printed = lab.ok(&["check", "--print-sop"]).stdout;
    assert_eq!(
        printed.matches("[[step]]").count(),
        16,
        "fifteen steps and the comment"
    );
}

#[test]
fn a_release_with_an_open_error_is_refused_and_a_strict_one_with_anything_open() {
    let (lab, profile) = lab();
    lab.ok(&["set", "image", "a.tiff", "origin=C:\\Users\\ameier\\a.tiff"]);
    lab.commit("origin");
    let release = ["release", "1.0.0", "--out", "out", "--profile", &profile];
    let refused = lab.run(&release);
    assert!(refused.refused(3).contains("HT-Q401"), "{refused:?}");
    assert!(!lab.path().join("out").exists(), "nothing was built");
    lab.ok(&[
        "check",
        "waive",
        "HT-Q401",
        "fact origin",
        "--reason",
        "a test computer",
        "--until",
        "2026-12-31",
    ]);
    lab.commit("waived");
    let strict = lab.run(&[&release[..], &["--gate", "strict"]].concat());
    assert!(strict.refused(3).contains("HT-Q501"), "{strict:?}");
    let built = lab.ok(&release);
    assert!(
        built
            .stderr
            .contains("steps of the procedure that are not done: task"),
        "{}",
        built.stderr
    );
    let report = lab.json(&["check", "procedure", "--profile", &profile]);
    let all = steps(&report);
    let state = |id: &str| all.iter().find(|(step, _)| step == id).unwrap().1.clone();
    assert_eq!(
        (state("release"), state("errata")),
        ("done".to_owned(), "open".to_owned())
    );
}
