//! What a file is, told by its content.

use crate::lab::Lab;

#[test]
fn a_file_in_no_known_format_is_refused_with_the_way_to_name_one() {
    let lab = Lab::new();
    std::fs::write(lab.path().join("notes.md"), "# nothing that anybody annotates\n").unwrap();
    let ran = lab.run(&["import", "notes.md"]);
    assert_eq!(ran.refused(3), "error: notes.md is in no format that is known");
    assert!(ran.stderr.contains("--format F"), "{}", ran.stderr);
}
