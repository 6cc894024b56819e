//! Label schemes, and labels that look like each other.

use serde_json::{Value, json};

use crate::lab::{Lab, count_of, message_of};

const SCHEME: &str = "[[label]]\nname = \"mitotic figure\"\ncolour = \"#D62728\"\ndescription = \"a cell in division\"\n\
                      [[label]]\nname = \"non-mitotic cell\"\ncolour = \"#1f77b4\"\nrank = 2\n";

fn label(lab: &Lab, name: &str) -> Value {
    let rows = lab.rows(&["list", "labels", "DRAFT"]);
    let found: Vec<&Value> = rows.iter().filter(|row| row["name"] == name).collect();
    assert_eq!(found.len(), 1, "{rows:?}");
    found[0].clone()
}

#[test]
fn a_scheme_adds_and_updates_labels_and_says_nothing_twice() {
    let lab = Lab::new();
    lab.write("scheme.toml", SCHEME);
    let report = lab.json(&["import", "scheme.toml"]);
    assert_eq!(
        (&report["format"], &report["events"]),
        (&json!("scheme"), &json!(2))
    );
    assert_eq!(lab.json(&["import", "scheme.toml"])["events"], 0);
    lab.write("scheme.toml", SCHEME.replace("#1f77b4", "#2CA02C"));
    let report = lab.json(&["import", "scheme.toml"]);
    assert_eq!(report["events"], 1, "{report}");
    let row = label(&lab, "non-mitotic cell").to_string();
    assert!(row.contains("#2ca02c") && row.contains("\"rank\":2"), "{row}");
    // Another file's colour is no decision.
    lab.write("001.csv", "x,y,label\n1,2,mitotic figure\n");
    lab.json(&["import", "001.csv"]);
    assert!(label(&lab, "mitotic figure").to_string().contains("#d62728"));
}

#[test]
fn f17_other_spellings_of_a_label_are_told_and_never_joined() {
    let lab = Lab::new();
    lab.write("scheme.toml", SCHEME);
    lab.json(&["import", "scheme.toml"]);
    lab.write(
        "001.csv",
        "x,y,label\n1,2,Mitotic Figure\n1,3,mitotic  figure\n1,4,non mitotic cell\n1,5,mitotic figur\n1,6,caf\u{e9} cell\n1,7,cafe\u{301} cell\n1,8,CD3+\n1,9,CD8+\n",
    );
    let report = lab.json(&["import", "001.csv"]);
    assert!(count_of(&report, "warnings", "label_spelling") >= 5, "{report}");
    assert!(message_of(&report, "warnings", "label_spelling").contains("--map-label"));
    assert_eq!(
        lab.rows(&["list", "labels", "DRAFT"]).len(),
        10,
        "each name is a label of its own"
    );
    let again = lab.json(&["import", "001.csv"]);
    assert_eq!(
        count_of(&again, "warnings", "label_spelling"),
        0,
        "what is known is not told again"
    );
    let mapped = Lab::new();
    mapped.write("scheme.toml", SCHEME);
    mapped.json(&["import", "scheme.toml"]);
    mapped.write("001.csv", "x,y,label\n1,2,Mitotic Figure\n");
    let report = mapped.json(&[
        "import",
        "001.csv",
        "--map-label",
        "Mitotic Figure=mitotic figure",
    ]);
    assert_eq!(count_of(&report, "warnings", "label_spelling"), 0);
    assert_eq!(mapped.rows(&["list", "labels", "DRAFT"]).len(), 2);
}

#[test]
fn labels_that_differ_by_design_are_not_told() {
    let lab = Lab::new();
    lab.write("001.csv", "x,y,label\n1,2,CD3+\n1,3,CD8+\n1,4,RBC\n1,5,WBC\n1,6,grade 1\n1,7,grade 2\n1,8,mitotic figure\n1,9,non-mitotic figure\n");
    let report = lab.json(&["import", "001.csv"]);
    assert_eq!(count_of(&report, "warnings", "label_spelling"), 0, "{report}");
}

#[test]
fn f24_colours_that_collide_are_told() {
    let lab = Lab::new();
    let two = "[[label]]\nname = \"a\"\ncolour = \"#FF0000\"\n[[label]]\nname = \"b\"\ncolour = \"#f00\"\n";
    lab.write("two.toml", two);
    let report = lab.json(&["import", "two.toml"]);
    assert_eq!(
        message_of(&report, "warnings", "colour_collision"),
        "two.toml: the labels 'a' and 'b' have one colour, #ff0000"
    );
    assert_eq!(
        count_of(&lab.json(&["import", "two.toml"]), "warnings", "colour_collision"),
        0
    );
    lab.write("third.toml", "[[label]]\nname = \"c\"\ncolor = [255, 0, 0]\n");
    let report = lab.json(&["import", "third.toml"]);
    assert_eq!(
        count_of(&report, "warnings", "colour_collision"),
        1,
        "against those known from before"
    );
}

#[test]
fn a_scheme_that_is_none_is_refused_with_its_line() {
    let lab = Lab::new();
    lab.write(
        "bad.toml",
        "[[label]]\nname = \"a\"\n[[label]]\ncolour = \"#fff\"\n",
    );
    let before = lab.truth();
    let ran = lab.run(&["import", "bad.toml"]);
    assert!(
        ran.refused(3)
            .starts_with("error: bad.toml, line 3: the label has no 'name'"),
        "{}",
        ran.stderr
    );
    lab.write("control.toml", "[[label]]\nname = \"a\\u0001\"\n");
    lab.run(&["import", "control.toml"]).refused(3);
    assert_eq!(lab.truth(), before);
}
