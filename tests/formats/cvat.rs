//! CVAT for images XML through the program.

use serde_json::json;

use crate::lab::{Lab, count_of, text};

const FILE: &str = r##"<?xml version="1.0" encoding="utf-8"?>
<annotations>
  <version>1.1</version>
  <meta>
    <task>
      <id>5</id>
      <name>round 1</name>
      <mode>annotation</mode>
      <owner><username>admin.jones</username><email></email></owner>
      <assignee><username>ada</username><email></email></assignee>
      <labels><label><name>mitosis</name><color>#fa3253</color><attributes></attributes></label></labels>
    </task>
    <dumped>2024-05-15 08:00:00.000000+00:00</dumped>
  </meta>
  <image id="0" name="a/001.png" width="640" height="480">
    <box label="mitosis" source="manual" occluded="0" xtl="-5" ytl="20.00" xbr="30.35" ybr="60.50" z_order="0"></box>
    <box label="mitosis" source="auto" occluded="1" xtl="100" ytl="100" xbr="120" ybr="110" rotation="30.5" z_order="4"></box>
    <polygon label="mitosis" source="manual" occluded="0" points="1,2;9,2;9,7.25" z_order="0"></polygon>
    <mask label="mitosis" source="manual" occluded="0" rle="1, 2, 1, 1, 1" left="7" top="9" width="3" height="2" z_order="0"></mask>
    <tag label="mitosis" source="manual"></tag>
  </image>
  <image id="1" name="a/002.png" width="640" height="480">
  </image>
</annotations>
"##;

#[test]
fn quirk_28_a_file_is_imported_and_again_gives_nothing() {
    let lab = Lab::new();
    lab.write("annotations.xml", FILE);
    let report = lab.json(&["import", "annotations.xml"]);
    assert_eq!(
        (&report["format"], &report["created"]),
        (&json!("cvat"), &json!(5))
    );
    assert_eq!(
        report["ratings_added"],
        json!(4),
        "the assignee's, of what is manual"
    );
    assert_eq!(count_of(&report, "warnings", "assignee_taken_as_annotator"), 4);
    assert_eq!(count_of(&report, "warnings", "outside_image"), 1);
    lab.commit("first");
    let annotators = lab.rows(&["list", "annotators"]);
    let names: Vec<String> = annotators.iter().map(|row| text(&row["name"])).collect();
    assert_eq!(names, ["ada"]);
    let images: Vec<String> = lab
        .rows(&["list", "images"])
        .iter()
        .map(|row| text(&row["name"]))
        .collect();
    assert_eq!(images, ["a/001.png", "a/002.png"]);
    let again = lab.json(&["import", "annotations.xml"]);
    assert_eq!(
        (&again["events"], &again["matched"]),
        (&json!(0), &json!(5)),
        "{again}"
    );
    lab.write("annotations.xml", FILE.replace("2024-05-15", "2024-06-15"));
    assert_eq!(
        lab.json(&["import", "annotations.xml"])["events"],
        json!(0),
        "a later export of the same"
    );
}

#[test]
fn quirk_28_who_a_task_is_assigned_to_can_be_mapped() {
    let lab = Lab::new();
    lab.write("annotations.xml", FILE);
    lab.ok(&["import", "annotations.xml", "--map-annotator", "ada=model"]);
    lab.commit("first");
    let annotators = lab.rows(&["list", "annotators"]);
    assert_eq!((annotators.len(), &annotators[0]["kind"]), (1, &json!("model")));
}

#[test]
fn f16_a_truncated_file_is_refused_and_nothing_is_recorded() {
    let lab = Lab::new();
    for percent in (1..100).step_by(9) {
        let cut = FILE.len() * percent / 100;
        lab.write("annotations.xml", &FILE[..cut]);
        let before = lab.truth();
        let ran = lab.run(&["import", "annotations.xml", "--format", "cvat"]);
        assert!(
            ran.refused(3).contains("annotations.xml, line "),
            "{percent} %: {}",
            ran.stderr
        );
        assert_eq!(lab.truth(), before, "{percent} %");
    }
}
