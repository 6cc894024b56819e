//! Label Studio's JSON, through the program.

use crate::lab::{Lab, count_of};

/// Two tasks: one that two people and a model annotated, one that somebody found empty.
const EXPORT: &str = r#"[{"id":1,"data":{"image":"/data/upload/1/0a1b2c3d-a.png"},"annotations":[
{"id":11,"completed_by":{"id":1,"email":"ada@hospital.example"},"was_cancelled":false,"created_at":"2026-01-02T03:04:05Z","result":[
 {"id":"r1","type":"rectanglelabels","original_width":200,"original_height":100,"image_rotation":0,
  "value":{"x":10,"y":10,"width":5,"height":10,"rotation":0,"rectanglelabels":["mitosis"]}}]},
{"id":12,"completed_by":{"id":2,"email":"ben@hospital.example"},"was_cancelled":false,"created_at":"2026-01-03T03:04:05Z","result":[
 {"id":"r2","type":"rectanglelabels","original_width":200,"original_height":100,"image_rotation":0,
  "value":{"x":10,"y":10,"width":5,"height":10,"rotation":0,"rectanglelabels":["other"]}}]}],
"predictions":[{"id":3,"model_version":"mitnet-2","score":0.5,"result":[
 {"id":"r3","type":"keypointlabels","original_width":200,"original_height":100,"image_rotation":0,
  "value":{"x":50,"y":50,"width":1,"keypointlabels":["mitosis"]}}]}]},
{"id":2,"data":{"image":"/data/upload/1/0a1b2c3d-b.png"},"annotations":[
{"id":13,"completed_by":{"id":1,"email":"ada@hospital.example"},"was_cancelled":false,"result":[]}],"predictions":[]}]"#;

#[test]
fn quirk_28_people_models_and_screenings_come_in_and_again_without_an_event() {
    let lab = Lab::new();
    let path = lab.write("export.json", EXPORT);
    let said = lab.json(&["import", &path]);
    assert_eq!(
        (said["format"].as_str(), said["created"].as_u64()),
        (Some("labelstudio"), Some(3))
    );
    assert_eq!(count_of(&said, "warnings", "upload_prefix_off"), 2);
    assert_eq!(
        count_of(&said, "warnings", "person_taken_as_human"),
        0,
        "the file says who is a person"
    );
    lab.commit("export");
    let annotators = lab.rows(&["list", "annotators"]);
    let kinds: Vec<&str> = annotators
        .iter()
        .map(|row| row["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["human", "human", "model"]);
    let mut rated: Vec<(String, String, String)> = lab
        .rows(&["list", "annotations"])
        .iter()
        .map(|row| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let rating = &row["ratings"][0];
            (
                text(&row["label"]),
                text(&rating["annotator"]),
                text(&rating["claimed_at"]),
            )
        })
        .collect();
    rated.sort_unstable();
    let expected = [
        ("mitosis", "human-1", "2026-01-02T03:04:05.000Z"),
        ("mitosis", "model-1", ""),
        ("other", "human-2", "2026-01-03T03:04:05.000Z"),
    ];
    assert_eq!(
        rated,
        expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()))
    );
    assert_eq!(lab.rows(&["list", "screenings"]).len(), 1);
    let again = lab.json(&["import", &path]);
    assert_eq!(
        (again["events"].as_u64(), again["matched"].as_u64()),
        (Some(0), Some(3))
    );
}

#[test]
fn quirk_28_an_image_can_be_mapped_and_a_refused_file_records_nothing() {
    let lab = Lab::new();
    let path = lab.write("export.json", EXPORT);
    lab.ok(&["import", &path, "--map-image", "a.png=slides/a.tiff"]);
    lab.commit("export");
    let names: Vec<String> = lab
        .rows(&["list", "images"])
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        names.contains(&"slides/a.tiff".to_owned()) && names.contains(&"b.png".to_owned()),
        "{names:?}"
    );
    let before = lab.truth();
    let broken = lab.write("broken.json", &EXPORT[..EXPORT.len() - 1]);
    let ran = lab.run(&["import", &broken]);
    assert!(ran.refused(3).contains("broken.json, line 12"), "{ran:?}");
    assert_eq!(lab.truth(), before);
}
