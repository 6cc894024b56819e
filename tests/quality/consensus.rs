//! `consensus`: weights, ties and quorum; and that a rule that is put back gives the snapshot that there was.

use serde_json::{Value, json};

use crate::lab::{Lab, data_dir};

/// One annotation: human-1 says a, human-2 and human-3 say b.
fn lab() -> Lab {
    let lab = Lab::new();
    let lines = [
        json!({"command": "declare", "image": "a.tiff"}),
        json!({
            "command": "annotate", "image": "a.tiff", "geometry": {"type": "point", "x": 1, "y": 1},
            "label": "a", "annotator": "E1",
        }),
    ];
    assert_eq!(crate::create(&lab, &lines), 0);
    let id = lab.rows(&["list", "annotations", "DRAFT"])[0]["id"].clone();
    let rates =
        ["E2", "E3"].map(|who| json!({"command": "rate", "annotation": id, "label": "b", "annotator": who}));
    assert_eq!(crate::create(&lab, &rates), 0);
    lab.commit("three experts");
    lab
}

fn labels(lab: &Lab, rule: &str) -> Value {
    lab.json(&["consensus", "--rule", rule])["labels"].clone()
}

#[test]
fn weights_decide_and_ties_and_quorum_are_stated() {
    let lab = lab();
    assert_eq!(
        labels(&lab, "weighted(weights=human-1:3+human-2:1+human-3:1)"),
        json!({"a": 1})
    );
    assert_eq!(
        labels(&lab, "weighted(weights=human-1:1+human-2:1+human-3:1)"),
        json!({"b": 1})
    );
    let tie = lab.json(&[
        "consensus",
        "--rule",
        "weighted(weights=human-1:2+human-2:1+human-3:1)",
    ]);
    assert_eq!(
        [&tie["undecided"], &tie["tie"], &tie["quorum"], &tie["labels"]],
        [&json!(1), &json!("undecided"), &json!(1), &json!({})]
    );
    assert_eq!(
        labels(
            &lab,
            "weighted(weights=human-1:2+human-2:1+human-3:1,tie=recorded)"
        ),
        json!({"a": 1})
    );
    let text = lab.ok(&["consensus", "--rule", "majority"]).stdout;
    assert!(text.contains("a tie is undecided"), "{text}");
    for (bad, why) in [
        ("weighted", "it needs weights"),
        ("weighted(weights=human-1)", "is no weight"),
        ("weighted(weights=human-1:0)", "is no weight"),
        ("weighted(weights=human-9:1)", "there is no annotator 'human-9'"),
        ("weighted(weights=human-1:1+human-1:2)", "stands there twice"),
        (
            "weighted(weights=human-1:1,quorum=2)",
            "do not reach the quorum 2",
        ),
        (
            "weighted(weights=human-1:1,tie=any)",
            "a tie is recorded or undecided",
        ),
    ] {
        let ran = lab.run(&["consensus", "--rule", bad]);
        assert!(ran.refused(3).contains(why), "{bad}: {}", ran.stderr);
    }
}

#[test]
fn a_rule_that_is_put_back_gives_the_snapshot_that_there_was() {
    let lab = lab();
    let first = lab.json(&["show", "HEAD"])["snapshot"].clone();
    let agreed = |lab: &Lab| lab.rows(&["list", "annotations"])[0]["label"].clone();
    assert_eq!(agreed(&lab), "a");
    let weighted = "weighted(weights=human-1:1+human-2:1+human-3:1)";
    let recorded = lab.json(&["consensus", "--rule", weighted, "--record"]);
    assert_eq!(recorded["events"], 1);
    let second = lab.commit("weights decide");
    assert_eq!(agreed(&lab), "b", "the labels follow by replay");
    assert_ne!(json!(second), first);
    lab.ok(&["verify", "--replay"]);
    lab.ok(&["consensus", "--rule", "as-recorded", "--record"]);
    let third = lab.commit("as recorded again");
    assert_eq!((json!(third), agreed(&lab)), (first, json!("a")));
}

#[test]
fn a_fifth_of_midog_is_disputed_and_the_majority_is_what_was_published() {
    let Some(data) = data_dir() else { return };
    let file = data.join("midog/MIDOG++.json");
    if !file.is_file() {
        return;
    }
    let lab = Lab::new();
    let path = file.display().to_string();
    lab.ok(&["import", &path, "--votes", "ratings", "--commit", "as published"]);
    let report = lab.json(&["consensus", "--rule", "majority"]);
    assert_eq!(
        (&report["annotations"], &report["undecided"]),
        (&json!(26286), &json!(0))
    );
    let rows = lab.rows(&["list", "annotations"]);
    let disputed = rows.iter().filter(|row| {
        let ratings = row["ratings"].as_array().unwrap();
        let mut given = ratings
            .iter()
            .map(|rating| &rating["label"])
            .filter(|label| !label.is_null());
        let first = given.next();
        given.any(|label| Some(label) != first)
    });
    assert_eq!((disputed.count(), rows.len()), (5515, 26286), "21 %");
    let published = &lab.json(&["consensus", "--rule", "as-recorded"])["labels"];
    assert_eq!(&report["labels"], published);
}
