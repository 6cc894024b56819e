//! Aperio ImageScope XML through the program.

use serde_json::json;

use crate::lab::{Lab, count_of, text};

const FILE: &str = r#"<?xml version="1.0"?>
<Annotations MicronsPerPixel="0.252100">
 <Annotation Id="1" Name="Tumor" Type="4" LineColor="65280" Visible="1">
  <Regions>
   <Region Id="1" Type="0" Zoom="0.05" Text="as Jane said" NegativeROA="0">
    <Vertices><Vertex X="0" Y="0" Z="0"/><Vertex X="100" Y="0" Z="0"/><Vertex X="100" Y="100" Z="0"/><Vertex X="-6" Y="100" Z="0"/></Vertices>
   </Region>
   <Region Id="2" Type="0" NegativeROA="1">
    <Vertices><Vertex X="10" Y="10"/><Vertex X="20" Y="10"/><Vertex X="20" Y="20"/></Vertices>
   </Region>
  </Regions>
 </Annotation>
 <Annotation Id="2" Name="" LineColor="255">
  <Regions>
   <Region Id="1" Type="1"><Vertices><Vertex X="3" Y="3"/><Vertex X="3" Y="3"/><Vertex X="3" Y="3"/><Vertex X="3" Y="3"/></Vertices></Region>
  </Regions>
 </Annotation>
</Annotations>
"#;

#[test]
fn quirk_27_a_file_is_imported_and_again_gives_nothing() {
    let lab = Lab::new();
    lab.write("001.xml", FILE);
    let report = lab.json(&["import", "001.xml"]);
    assert_eq!(
        (&report["format"], &report["created"]),
        (&json!("imagescope"), &json!(2))
    );
    assert_eq!(count_of(&report, "warnings", "zero_size"), 1);
    assert_eq!(count_of(&report, "warnings", "kept_privately"), 1);
    let lineage = lab.commit("first");
    assert!(!lineage.is_empty());
    let rows = lab.rows(&["list", "annotations"]);
    let holes = rows.iter().filter(|row| {
        row["geometry"]["rings"]
            .as_array()
            .is_some_and(|rings| rings.len() == 2)
    });
    assert_eq!(holes.count(), 1);
    let mut labels: Vec<String> = lab
        .rows(&["list", "labels"])
        .iter()
        .map(|row| text(&row["name"]))
        .collect();
    labels.sort();
    assert_eq!(labels, ["#ff0000", "Tumor"]);
    assert!(
        !format!("{rows:?}").contains("Jane"),
        "what somebody typed stays private"
    );
    let again = lab.json(&["import", "001.xml"]);
    assert_eq!(
        (&again["events"], &again["matched"]),
        (&json!(0), &json!(2)),
        "{again}"
    );
}

#[test]
fn quirk_27_a_region_that_was_reshaped_is_the_same_by_its_layer_and_number() {
    let lab = Lab::new();
    lab.write("001.xml", FILE);
    lab.ok(&["import", "001.xml"]);
    lab.commit("first");
    lab.write("001.xml", FILE.replace("X=\"-6\"", "X=\"-3\""));
    let report = lab.json(&["import", "001.xml"]);
    assert_eq!(
        (&report["created"], &report["modified"], &report["withdrawn"]),
        (&json!(0), &json!(1), &json!(0)),
        "{report}"
    );
}

#[test]
fn f16_a_truncated_file_is_refused_and_nothing_is_recorded() {
    let lab = Lab::new();
    for percent in (1..100).step_by(9) {
        let cut = FILE.len() * percent / 100;
        lab.write("001.xml", &FILE[..cut]);
        let before = lab.truth();
        let ran = lab.run(&["import", "001.xml", "--format", "imagescope"]);
        assert!(
            ran.refused(3).contains("001.xml, line "),
            "{percent} %: {}",
            ran.stderr
        );
        assert_eq!(lab.truth(), before, "{percent} %");
    }
}
