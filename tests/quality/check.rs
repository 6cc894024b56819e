//! `check`: what the gate finds, waivers, and the formats that other programs read.

use serde_json::{Value, json};

use crate::lab::{Lab, data_dir, text};

/// Two images, one of which is annotated, on two spellings of a scanner.
fn lab() -> Lab {
    let lab = Lab::new();
    let lines = [
        json!({"command": "declare", "image": "a.tiff"}),
        json!({"command": "declare", "image": "b.tiff"}),
        json!({"command": "annotate", "image": "a.tiff", "geometry": {"type": "point", "x": 1, "y": 2},
               "label": "mitosis", "annotator": "human-1"}),
    ];
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(lab.feed(&["record", "-", "--create"], &input).status, 0);
    let table = lab.write(
        "facts.csv",
        "image,scanner,stain\na.tiff,Hamamatsu XR,H&E\nb.tiff,Hamammatsu XR,H&E\n",
    );
    lab.ok(&["metadata", &table]);
    lab.commit("images");
    lab
}

fn check(lab: &Lab, status: i32, more: &[&str]) -> Value {
    let ran = lab.run(&[&["check", "--json"], more].concat());
    assert_eq!(ran.status, status, "{ran:?}");
    ran.json()
}

fn found(report: &Value, code: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    let of = findings.iter().filter(|one| one["code"] == code);
    of.map(|one| text(&one["object"])).collect()
}

#[test]
fn what_is_missing_is_found_with_the_command_that_settles_it() {
    let lab = lab();
    let before = lab.truth();
    let report = check(&lab, 1, &[]);
    assert_eq!(lab.truth(), before, "a check records nothing");
    assert_eq!(
        (&report["schema"], &report["passed"]),
        (&json!("holotype/check/1"), &json!(false))
    );
    assert_eq!(found(&report, "HT-Q103"), ["fact/scanner/Hamamatsu XR"]);
    assert_eq!(found(&report, "HT-Q301"), ["images"]);
    let missing = found(&report, "HT-Q101");
    assert!(missing.contains(&"field/species".to_owned()) && !missing.contains(&"field/stain".to_owned()));
    let open = report["findings"].as_array().unwrap();
    let open = open.iter().filter(|one| one["open"] == true).count();
    assert_eq!(report["open"], open);
    for one in report["findings"].as_array().unwrap() {
        assert!(
            !text(&one["settle"]).is_empty() && !text(&one["message"]).is_empty(),
            "{one}"
        );
    }
    assert_eq!(report, check(&lab, 1, &["HEAD"]), "nothing is in the draft");
}

#[test]
fn a_dataset_that_states_all_passes() {
    let lab = lab();
    let profile = lab.write(
        "profile.toml",
        "[[field]]\nname = \"stain\"\nfacts = [\"stain\"]\nof = \"image\"\n",
    );
    lab.ok(&["set", "image", "b.tiff", "scanner=Hamamatsu XR"]);
    let screen = json!({"command": "screen", "image": "b.tiff", "region": null, "annotator": "human-1"});
    assert_eq!(lab.record(&[screen]).status, 0);
    let report = check(&lab, 0, &["--profile", &profile]);
    assert_eq!((&report["passed"], &report["open"]), (&json!(true), &json!(0)));
    assert_eq!(
        check(&lab, 1, &["HEAD", "--profile", &profile])["open"],
        2,
        "HEAD is without the draft"
    );
    let wrong = lab.write("wrong.toml", "colour = 1");
    assert!(
        lab.run(&["check", "--profile", &wrong])
            .refused(3)
            .contains("no profile")
    );
    let printed = lab.ok(&["check", "--print-profile"]).stdout;
    let printed = lab.write("printed.toml", printed);
    assert_eq!(check(&lab, 1, &["--profile", &printed]), check(&lab, 1, &[]));
}

const WAIVE: [&str; 6] = [
    "check",
    "waive",
    "HT-Q301",
    "images",
    "--reason",
    "b.tiff is a calibration slide",
];

#[test]
fn a_waiver_without_end_reason_code_or_finding_is_refused() {
    let lab = lab();
    let before = lab.truth();
    let until = |day| lab.run(&[&WAIVE[..], &["--until", day]].concat());
    assert!(until("soon").refused(2).contains("no day"));
    assert!(until("2025-12-31").refused(3).contains("over"));
    let waive = |code, object, reason| {
        let words = ["check", "waive", code, object, "--reason", reason];
        lab.run(&[&words[..], &["--until", "2026-12-31"]].concat())
    };
    assert!(
        waive("HT-Q301", "elsewhere", "x")
            .refused(3)
            .contains("no finding")
    );
    assert!(waive("HT-Q999", "images", "x").refused(3).contains("no code"));
    assert!(
        waive("HT-Q302", "images", "x")
            .refused(3)
            .contains("needs no waiver")
    );
    waive("HT-Q301", "images", " ").refused(3);
    assert_eq!(lab.truth(), before, "a refused waiver changes nothing");
}

#[test]
fn a_waiver_is_an_event_with_reason_author_and_end() {
    let lab = lab();
    let open = check(&lab, 1, &[])["open"].as_u64().unwrap();
    let given = lab.json(&[&WAIVE[..], &["--until", "2026-01-02"]].concat());
    assert_eq!((&given["covers"], &given["events"]), (&json!(1), &json!(1)));
    let report = check(&lab, 1, &[]);
    assert_eq!(report["open"], open - 1);
    let waived = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["code"] == "HT-Q301");
    let waiver = &waived.unwrap()["waiver"];
    assert_eq!(waiver["author"], "Ada Example <ada@example.org>");
    assert_eq!(waiver["reason"], "b.tiff is a calibration slide");
    assert_eq!(check(&lab, 1, &["HEAD"])["open"], open, "it is in the draft");
    lab.commit("waived");
    let listed = lab.json(&["check", "--waivers"]);
    assert_eq!(listed["waivers"][0]["until"], "2026-01-02");
    assert_eq!(listed["waivers"][0]["author"], "Ada Example <ada@example.org>");
    assert_eq!(listed["waivers"][0]["covers"], 1);
}

#[test]
fn a_waiver_that_ended_is_told() {
    let lab = lab();
    lab.ok(&[
        "check",
        "waive",
        "HT-Q301",
        "--reason",
        "for now",
        "--until",
        "2026-01-02",
    ]);
    lab.ok(&["set", "dataset", "waiver.HT-Q301=2026-01-01 for now"]);
    let report = check(&lab, 1, &[]);
    assert_eq!(found(&report, "HT-Q601"), ["waiver/HT-Q301"]);
    assert_eq!(lab.json(&["check", "--waivers"])["waivers"][0]["ended"], true);
}

#[test]
fn other_programs_read_the_findings() {
    let lab = lab();
    lab.ok(&[
        "check",
        "waive",
        "HT-Q301",
        "--reason",
        "a < b & \"c\" | d",
        "--until",
        "2026-12-31",
    ]);
    let report = check(&lab, 1, &[]);
    let count = report["findings"].as_array().unwrap().len();
    let run = |format: &str| {
        let ran = lab.run(&["check", "--format", format]);
        assert_eq!(ran.status, 1, "{ran:?}");
        ran.stdout
    };
    assert_eq!(serde_json::from_str::<Value>(&run("json")).unwrap(), report);
    let sarif: Value = serde_json::from_str(&run("sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), count);
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results {
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result}"
        );
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let waived = result["ruleId"] == "HT-Q301";
        assert_eq!(result["suppressions"].is_array(), waived, "{result}");
    }
    let junit = run("junit");
    assert_eq!(junit.matches("<testcase ").count(), count);
    assert_eq!(
        junit.matches("<failure ").count(),
        usize::try_from(report["open"].as_u64().unwrap()).unwrap()
    );
    assert!(junit.contains("a &lt; b &amp; &quot;c&quot; | d"), "{junit}");
    let mut reader = quick_xml_depth(&junit);
    assert_eq!(reader.pop(), None, "the XML is balanced");
    let md = run("md");
    assert_eq!(
        md.lines().filter(|line| line.starts_with("| ")).count(),
        count + 1
    );
    assert!(md.contains("a &lt; b &amp; \"c\" \\| d"), "{md}");
    let text = lab.run(&["check"]).stdout;
    assert!(text.contains("1 waived, 0 to know\nprocedure: "), "{text}");
}

/// The names of elements that are still open at the end of a document without comments.
fn quick_xml_depth(text: &str) -> Vec<String> {
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a tag ends");
        if tag.starts_with('?') || tag.ends_with('/') {
            continue;
        }
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None => open.push(tag.split(' ').next().unwrap().to_owned()),
        }
    }
    open
}

#[test]
fn midog_tells_the_scanner_in_two_spellings_and_the_diagnosis_under_two_names() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    let midog = data.join("midog");
    lab.ok(&["import", &midog.join("MIDOG++.json").display().to_string()]);
    let table = midog.join("MIDOG++_slides.csv").display().to_string();
    lab.ok(&["metadata", &table, "--key", "Slide", "--match", "{:03}.tiff"]);
    let report = check(&lab, 1, &[]);
    assert_eq!(found(&report, "HT-Q103"), ["fact/scanner/Hamammatsu XR"]);
    assert_eq!(
        found(&report, "HT-Q104"),
        ["fact/tumor_type/canine lymphosarcoma"]
    );
    assert_eq!(found(&report, "HT-Q105"), [""; 0]);
    let findings = report["findings"].as_array().unwrap();
    let items = |code: &str| {
        let one = findings.iter().find(|one| one["code"] == code).unwrap();
        one["items"].as_array().unwrap().len()
    };
    assert_eq!((items("HT-Q103"), items("HT-Q104")), (50, 55));
}

#[test]
fn fifty_images_of_midog_are_not_annotated() {
    let Some(data) = data_dir() else { return };
    let lab = Lab::new();
    lab.ok(&["import", &data.join("midog/MIDOG.sqlite").display().to_string()]);
    let report = check(&lab, 1, &[]);
    let findings = report["findings"].as_array().unwrap();
    let bare = findings.iter().find(|one| one["code"] == "HT-Q301").unwrap();
    assert_eq!(bare["items"].as_array().unwrap().len(), 50);
    assert!(text(&bare["message"]).starts_with("50 of 200 images"), "{bare}");
}
