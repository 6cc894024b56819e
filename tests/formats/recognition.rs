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

#[test]
fn each_xml_format_is_told_by_its_root_and_what_is_in_it() {
    let lab = Lab::new();
    for (name, text, format) in [
        (
            "a.xml",
            "<annotation><filename>a.png</filename></annotation>",
            "voc",
        ),
        (
            "b.xml",
            "<ASAP_Annotations><Annotations/></ASAP_Annotations>",
            "asap",
        ),
        (
            "c.xml",
            "<?xml version=\"1.0\"?><Annotations><Annotation/></Annotations>",
            "imagescope",
        ),
        (
            "d.xml",
            "<!-- x --><annotations><version>1.1</version></annotations>",
            "cvat",
        ),
    ] {
        std::fs::write(lab.path().join(name), text).unwrap();
        assert_eq!(
            lab.json(&["import", name, "--dry-run"])["format"],
            format,
            "{name}"
        );
    }
    std::fs::write(
        lab.path().join("e.xml"),
        "<annotations><ndpviewstate/></annotations>",
    )
    .unwrap();
    let ran = lab.run(&["import", "e.xml"]);
    assert_eq!(ran.refused(3), "error: e.xml is in no format that is known");
}
