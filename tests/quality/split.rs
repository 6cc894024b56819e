//! `split`: made, taken from tables, shown, checked and frozen; what leaks is refused or found, and named.

use serde_json::{Value, json};

use crate::lab::{Lab, text};

/// Twelve images of six cases on two scanners, a.tiff to l.tiff, and one image without a case.
fn lab() -> Lab {
    let lab = Lab::new();
    let mut table = String::from("image,case,scanner\n");
    let mut lines = Vec::new();
    for (n, name) in ('a'..='l').enumerate() {
        lines.push(json!({"command": "declare", "image": format!("{name}.tiff")}));
        table.push_str(&format!(
            "{name}.tiff,P{},{}\n",
            n / 2,
            if n < 6 { "CS2" } else { "XR" }
        ));
    }
    lines.push(json!({"command": "declare", "image": "alone.tiff"}));
    assert_eq!(lab.record(&lines).status, 0);
    let table = lab.write("facts.csv", table);
    lab.ok(&["metadata", &table]);
    lab.commit("images");
    lab
}

fn codes(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|one| text(&one["code"])).collect()
}

fn check(lab: &Lab, status: i32) -> Value {
    let ran = lab.run(&["split", "check", "main", "--json"]);
    assert_eq!(ran.status, status, "{ran:?}");
    ran.json()
}

const CREATE: [&str; 7] = ["split", "create", "main", "--ratio", "60:20:20", "--seed", "1"];

#[test]
fn a_split_is_made_of_cases_once_and_shown() {
    let lab = lab();
    let before = lab.truth();
    let dry = lab.json(&[&CREATE[..], &["--stratify", "scanner", "--dry-run"]].concat());
    assert_eq!(lab.truth(), before, "a dry run records nothing");
    let made = lab.json(&[&CREATE[..], &["--stratify", "scanner"]].concat());
    assert_eq!((&made["parts"], &made["events"]), (&dry["parts"], &json!(7)));
    assert_eq!(made["schema"], "holotype/split/1");
    let parts = made["parts"].as_array().unwrap();
    assert_eq!(
        parts.iter().map(|one| text(&one["part"])).collect::<Vec<_>>(),
        ["train", "validation", "test"]
    );
    let rows = lab.rows(&["list", "splits", "DRAFT"]);
    for part in parts {
        let listed = rows.iter().filter(|row| row["part"] == part["part"]).count();
        assert_eq!(part["cases"], listed);
    }
    assert_eq!(
        parts
            .iter()
            .map(|one| one["images"].as_u64().unwrap())
            .sum::<u64>(),
        13
    );
    assert_eq!(parts[0]["requested"], 0.6);
    let strata = made["strata"].as_array().unwrap();
    assert_eq!(strata.len(), 3, "two scanners and one image without");
    assert!(strata.iter().all(|one| one["misses_by_cases"].is_f64()));
    assert_eq!(
        lab.json(&[&CREATE[..], &["--stratify", "scanner"]].concat())["events"],
        0,
        "the same again"
    );
    let shown = lab.json(&["split", "show", "main"]);
    assert_eq!(shown["parts"].as_array().unwrap().len(), 3);
    assert_eq!(lab.json(&["split", "show"])["splits"][0]["split"], "main");
    assert_eq!(check(&lab, 0)["passed"], true);
    let other = ["split", "create", "main", "--ratio", "1:1", "--seed", "2"];
    assert!(lab.run(&other).refused(3).contains("already"));
    lab.ok(&[&other[..], &["--replace"]].concat());
    lab.run(&["split", "create", "x", "--ratio", "1:0", "--seed", "2"])
        .refused(2);
    lab.run(&["split", "create", "x", "--ratio", "1:2:3:4", "--seed", "2"])
        .refused(2);
    lab.run(&["split", "create", "x", "--ratio", "1:2"]).refused(2);
    lab.run(&["split", "show", "nothing"]).refused(3);
}

#[test]
fn folds_are_equal_and_a_domain_is_left_out() {
    let lab = lab();
    let folds = lab.json(&["split", "create", "cv", "--folds", "7", "--seed", "1"]);
    assert!(
        folds["parts"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["cases"] == 1),
        "{folds}"
    );
    let domains = lab.json(&["split", "create", "lodo", "--leave-out", "scanner"]);
    let names: Vec<String> = domains["splits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(&one["split"]))
        .collect();
    assert_eq!(names, ["lodo-CS2", "lodo-XR"]);
    let rows = lab.rows(&[
        "list",
        "splits",
        "DRAFT",
        "--where",
        r#"split == "lodo-XR" && part == "test""#,
    ]);
    assert_eq!(rows.len(), 3);
    lab.run(&["split", "create", "none", "--leave-out", "stain"])
        .refused(3);
}

#[test]
fn a_table_of_cases_or_images_is_taken_and_one_of_row_numbers_refused() {
    let lab = lab();
    let write = |name: &str, text: &str| lab.write(name, text);
    let rows = write("rows.csv", "index,split\n0,train\n1,test\n");
    let before = lab.truth();
    let line = lab.run(&["split", "import", "main", &rows]).refused(3).to_owned();
    assert!(line.contains("line 2") && line.contains("row numbers"), "{line}");
    let unknown = write("unknown.csv", "image,part\nzzz.tiff,train\n");
    assert!(
        lab.run(&["split", "import", "main", &unknown])
            .refused(3)
            .contains("zzz.tiff")
    );
    let leak = write("leak.csv", "Image Name;Subset\na.tiff;train\nb.tiff;test\n");
    let line = lab.run(&["split", "import", "main", &leak]).refused(3).to_owned();
    assert!(
        line.contains("line 3") && line.contains("b.tiff") && line.contains("case-1"),
        "{line}"
    );
    assert_eq!(lab.truth(), before, "nothing was recorded");
    let good = write("good.csv", "Case ID;Subset\nP0;train\nP1;test\ncase-3;train\n");
    let done = lab.json(&["split", "import", "main", &good]);
    assert_eq!(done["events"], 3);
    let report = check(&lab, 0);
    assert_eq!(codes(&report), ["HT-Q207"]);
    assert!(
        text(&report["findings"][0]["message"]).contains("alone.tiff"),
        "{report}"
    );
}

#[test]
fn a_renamed_duplicate_is_kept_together_and_refused_apart() {
    let lab = Lab::new();
    let png = include_bytes!("../../examples/bccd/images/BloodImage_00000.jpg");
    for name in ["in/one.jpg", "in/two.jpg"] {
        lab.write(name, png);
    }
    lab.write(
        "in/three.jpg",
        include_bytes!("../../examples/bccd/images/BloodImage_00150.jpg"),
    );
    lab.ok(&["add", "in"]);
    let apart = lab.write(
        "apart.csv",
        "image,part\none.jpg,train\ntwo.jpg,test\nthree.jpg,train\n",
    );
    let line = lab
        .run(&["split", "import", "main", &apart])
        .refused(3)
        .to_owned();
    assert!(
        line.contains("HT-Q204") && line.contains("one.jpg") && line.contains("two.jpg"),
        "{line}"
    );
    let made = lab.json(&["split", "create", "main", "--ratio", "1:1", "--seed", "1"]);
    let mut images: Vec<u64> = made["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["images"].as_u64().unwrap())
        .collect();
    images.sort_unstable();
    assert_eq!(images, [1, 2]);
    let row = &lab.rows(&["list", "images", "DRAFT", "--where", r#"name == "two.jpg""#])[0];
    let parts = lab.rows(&["list", "splits", "DRAFT"]);
    let part = parts.iter().find(|one| one["member"] == row["id"]).unwrap();
    let other = if part["part"] == "train" { "test" } else { "train" };
    lab.record(&[json!({"command": "split", "split": "main", "member": row["id"], "part": other})]);
    let report = check(&lab, 1);
    assert_eq!(codes(&report), ["HT-Q204"]);
    assert_eq!(report["passed"], false);
}

#[test]
fn a_frozen_case_that_moved_is_refused_and_found() {
    let lab = lab();
    lab.ok(&CREATE);
    let frozen = lab.json(&["split", "freeze", "main", "test"]);
    assert_eq!(frozen["events"], 1);
    assert_eq!(lab.json(&["split", "freeze", "main", "test"])["events"], 0);
    lab.run(&["split", "freeze", "main", "nothing"]).refused(3);
    lab.commit("frozen");
    let before = lab.truth();
    let replaced = lab.run(&[
        "split",
        "create",
        "main",
        "--ratio",
        "1:1:8",
        "--seed",
        "3",
        "--replace",
    ]);
    assert!(replaced.refused(3).contains("frozen"));
    let rows = lab.rows(&["list", "splits"]);
    let member = text(&rows.iter().find(|row| row["part"] == "test").unwrap()["member"]);
    let table = lab.write("move.csv", format!("image,part\n{member},train\n"));
    let line = lab
        .run(&["split", "import", "main", &table])
        .refused(3)
        .to_owned();
    assert!(line.contains("frozen") && line.contains(&member), "{line}");
    assert_eq!(lab.truth(), before);
    assert_eq!(codes(&check(&lab, 0)), Vec::<String>::new());
    lab.record(&[json!({"command": "split", "split": "main", "member": member, "part": "train"})]);
    let report = check(&lab, 1);
    assert_eq!(codes(&report), ["HT-Q206"]);
    assert!(text(&report["findings"][0]["settle"]).contains("holotype"));
    assert_eq!(
        lab.run(&["split", "check", "main", "HEAD"]).status,
        0,
        "the commit is as it was frozen"
    );
}

#[test]
fn a_case_and_its_image_in_two_parts_are_found() {
    let lab = lab();
    lab.ok(&CREATE);
    let image = &lab.rows(&["list", "images", "--where", r#"name == "a.tiff""#])[0];
    let parts = lab.rows(&["list", "splits", "DRAFT"]);
    let part = parts.iter().find(|one| one["member"] == image["case"]).unwrap();
    let other = if part["part"] == "train" { "test" } else { "train" };
    lab.record(&[json!({"command": "split", "split": "main", "member": image["id"], "part": other})]);
    let report = check(&lab, 1);
    assert_eq!(codes(&report), ["HT-Q201", "HT-Q203"]);
    let message = text(&report["findings"][0]["message"]);
    assert!(
        message.contains(&text(&image["case"])) && message.contains("a.tiff"),
        "{message}"
    );
}

#[test]
fn a_picture_that_was_encoded_anew_is_refused_in_two_parts_and_named() {
    let lab = Lab::new();
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/bccd/images");
    let images = source.display().to_string();
    lab.ok(&["add", &images]);
    let original = image::open(source.join("BloodImage_00007.jpg")).unwrap();
    original.save(lab.path().join("anew.png")).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 50);
    original.write_with_encoder(encoder).unwrap();
    lab.write("coarse.jpg", bytes.into_inner());
    for name in ["anew.png", "coarse.jpg"] {
        lab.ok(&["add", &lab.path().join(name).display().to_string()]);
        let table = format!("image,part\nBloodImage_00007.jpg,train\n{name},test\n");
        let table = lab.write("split.csv", table);
        let before = lab.truth();
        let refused = lab.run(&["split", "import", "leaking", &table]);
        let line = refused.refused(3);
        assert!(line.contains("HT-Q209") && line.contains(name), "{line}");
        assert_eq!(lab.truth(), before, "nothing was recorded");
    }
    lab.ok(&["split", "create", "main", "--ratio", "1:1", "--seed", "3"]);
    let rows = lab.rows(&["list", "splits", "DRAFT"]);
    let members = lab.rows(&["list", "images", "DRAFT"]);
    let part = |name: &str| {
        let image = members.iter().find(|one| one["name"] == name).unwrap();
        let row = rows.iter().find(|one| one["member"] == image["id"]).unwrap();
        text(&row["part"])
    };
    assert_eq!(part("anew.png"), part("BloodImage_00007.jpg"));
    assert_eq!(part("coarse.jpg"), part("BloodImage_00007.jpg"));
    assert_eq!(check(&lab, 0)["passed"], true);
}

#[test]
fn a_commit_that_makes_a_split_leak_says_so() {
    let lab = lab();
    lab.ok(&["split", "create", "main", "--ratio", "1:1", "--seed", "1"]);
    let plain = lab.json(&["commit", "-m", "split"]);
    assert_eq!(plain["leaks"], json!([]));
    let rows = lab.rows(&["list", "splits"]);
    let of = |part: &str| text(&rows.iter().find(|row| row["part"] == part).unwrap()["member"]);
    let (train, test) = (of("train"), of("test"));
    let other = lab.rows(&["list", "images"]);
    let moved = other.iter().find(|one| one["case"] == json!(train)).unwrap();
    let slides = other
        .iter()
        .filter(|one| one["case"] == json!(train) || one["case"] == json!(test));
    let name = text(&moved["name"]);
    assert!(slides.count() > 1);
    let image = text(&moved["id"]);
    let line = json!({"command": "split", "split": "main", "member": image, "part": "test"});
    assert_eq!(lab.record(&[line]).status, 0);
    let ran = lab.run(&["commit", "-m", "moved", "--json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let leaks = ran.json()["leaks"].to_string();
    assert!(leaks.contains("HT-Q203") && leaks.contains(&name), "{leaks}");
    assert!(ran.stderr.contains("holotype split check"), "{}", ran.stderr);
    lab.ok(&["set", "dataset", "title=x"]);
    assert_eq!(
        lab.json(&["commit", "-m", "a title"])["leaks"],
        json!([]),
        "what moves nothing is not asked"
    );
    assert!(
        lab.run(&["release", "1.0", "--out", "out"])
            .refused(3)
            .contains("HT-Q2")
    );
}
