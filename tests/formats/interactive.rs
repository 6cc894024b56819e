//! `import --interactive`: questions, answers, and the command line that needs none.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::lab::{Lab, text};

fn coco(image: &str, label: &str) -> String {
    json!({
        "images": [{"id": 1, "file_name": image, "width": 100, "height": 100}],
        "categories": [{"id": 1, "name": label}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20], "area": 400}],
    })
    .to_string()
}

/// A repository with one annotation, `mitosis` on `slide-001.tif`.
fn with_one() -> Lab {
    let lab = Lab::new();
    let file = lab.write("one.json", coco("slide-001.tif", "mitosis"));
    lab.ok(&["import", &file, "--box-format", "xywh", "--commit", "one"]);
    lab
}

#[test]
fn answers_are_flags_and_the_command_line_that_is_printed_does_the_same() {
    let lab = with_one();
    let file = lab.write("it's new.json", coco("slide-01.tif", "Mitosis"));
    let args = [
        "import",
        &file,
        "--box-format",
        "xywh",
        "--interactive",
        "--answers",
        "-",
        "--json",
    ];
    let ran = lab.feed(&args, "slide-001.tif\nmitosis\nDr. Ada\nhum\n\n");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let asked = ran.json();
    assert_eq!(
        (&asked["created"], &asked["matched"]),
        (&0.into(), &1.into()),
        "{asked}"
    );
    assert_eq!(asked["ratings_added"], 1, "Dr. Ada's");
    assert!(ran.stderr.contains("Is it slide-001.tif?"), "{}", ran.stderr);
    assert!(ran.stderr.contains("'mitosis' is like it"), "{}", ran.stderr);
    let line = ran
        .stderr
        .lines()
        .find_map(|line| line.split_once("without questions: "))
        .expect("a command line")
        .1;
    assert!(line.contains("--map-image slide-01.tif=slide-001.tif"), "{line}");
    assert!(line.contains("--annotator 'Dr. Ada=human'"), "{line}");

    let again = with_one();
    let same = again.write("it's new.json", coco("slide-01.tif", "Mitosis"));
    let line = line.replace(&file.replace('\'', r"'\''"), &same.replace('\'', r"'\''"));
    let rest = line.strip_prefix("holotype ").expect("it names the program");
    let output = Command::new("sh")
        .args(["-c", &format!("\"$PROGRAM\" {rest}")])
        .env("PROGRAM", env!("CARGO_BIN_EXE_holotype"))
        .env("HOLOTYPE_NOW", "2026-01-02T00:01:00Z")
        .env("HOLOTYPE_AUTHOR", "Ada Example <ada@example.org>")
        .current_dir(again.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let repeated: Value = serde_json::from_slice(&output.stdout).unwrap();
    for name in ["events", "created", "matched", "ratings_added", "relabelled"] {
        assert_eq!(repeated[name], asked[name], "{name}");
    }
    assert_eq!(again.commit("again"), lab.commit("asked"), "the same snapshot");
}

#[test]
fn what_is_known_is_not_asked_and_enter_takes_what_stands_in_brackets() {
    let lab = with_one();
    let file = lab.write("two.json", coco("another.tif", "nucleus"));
    let args = [
        "import",
        &file,
        "--box-format",
        "xywh",
        "--interactive",
        "--answers",
        "-",
    ];
    let ran = lab.feed(&args, "\n\n\n");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let images: Vec<String> = lab
        .rows(&["list", "images", "DRAFT"])
        .iter()
        .map(|row| text(&row["name"]))
        .collect();
    assert_eq!(images, ["another.tif", "slide-001.tif"]);
    let known = lab.write("three.json", coco("slide-001.tif", "mitosis"));
    let args = [
        "import",
        &known,
        "--box-format",
        "xywh",
        "--annotator",
        "Bo",
        "--complete",
        "--interactive",
        "--answers",
        "-",
    ];
    let ran = lab.feed(&args, "");
    assert_eq!(ran.status, 0, "there is nothing to ask: {}", ran.stderr);
}

#[test]
fn without_a_terminal_or_with_too_few_answers_nothing_is_recorded() {
    let lab = with_one();
    let file = lab.write("two.json", coco("another.tif", "nucleus"));
    let before = lab.truth();
    let ran = lab.run(&["import", &file, "--interactive"]);
    assert!(ran.refused(3).contains("no terminal"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--answers"), "{}", ran.stderr);
    let answers = lab.write("answers.txt", "\n");
    let ran = lab.run(&[
        "import",
        &file,
        "--box-format",
        "xywh",
        "--interactive",
        "--answers",
        &answers,
    ]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("answers ended"), "{}", ran.stderr);
    let ran = lab.feed(
        &[
            "import",
            &file,
            "--box-format",
            "xywh",
            "--interactive",
            "--answers",
            "-",
        ],
        "\n\nDr. B\nmaybe\nperhaps\nwho knows\n",
    );
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert_eq!(lab.truth(), before);
    let ran = lab.run(&["import", &file, "--answers", &answers]);
    assert_eq!(ran.status, 2, "answers without questions: {}", ran.stderr);
}
