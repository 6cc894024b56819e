//! EXACT's JSON, through the program.

use crate::lab::{Lab, count_of, message_of};

const PAGE: &str = r##"{"count":2,"next":null,"previous":null,"results":[
{"id":1,"unique_identifier":"b34d9c1e-32a1-4a5e-9d35-0c8a4f6f1e01","vector":{"x1":10,"y1":20,"x2":60,"y2":70},"deleted":false,
 "annotation_type":{"id":3,"name":"mitosis","vector_type":1,"color_code":"#FF0000"},"image":{"id":4,"name":"001.svs","width":1000,"height":800},
 "user":{"id":9,"username":"ada"},"last_editor":{"id":9,"username":"ada"},"last_edit_time":"2021-05-04T10:11:12Z"},
{"id":2,"unique_identifier":"b34d9c1e-32a1-4a5e-9d35-0c8a4f6f1e02","vector":{"x1":5,"y1":6},"deleted":false,
 "annotation_type":3,"image":{"id":4,"name":"001.svs"},"user":9,"last_editor":9}]}"##;

#[test]
fn a_page_comes_in_by_its_uuids_and_moves_are_seen() {
    let lab = Lab::new();
    let path = lab.write("page.json", PAGE);
    let said = lab.json(&["import", &path]);
    assert_eq!(
        (said["format"].as_str(), said["created"].as_u64()),
        (Some("exact"), Some(1))
    );
    assert_eq!(count_of(&said, "losses", "class_by_number"), 1);
    assert!(message_of(&said, "losses", "class_by_number").contains("/1 (id 2)"));
    lab.commit("page");
    let row = &lab.rows(&["list", "annotations"])[0];
    assert!(
        row["id"]
            .as_str()
            .unwrap()
            .ends_with("b34d9c1e32a14a5e9d350c8a4f6f1e01")
    );
    assert_eq!(row["ratings"][0]["claimed_at"], "2021-05-04T10:11:12.000Z");
    let again = lab.json(&["import", &path]);
    assert_eq!(
        (again["events"].as_u64(), again["matched"].as_u64()),
        (Some(0), Some(1))
    );
    let moved = lab.write("moved.json", PAGE.replace("\"x1\":10", "\"x1\":12"));
    let said = lab.json(&["import", &moved]);
    assert_eq!(
        (said["modified"].as_u64(), said["created"].as_u64()),
        (Some(1), Some(0))
    );
}
