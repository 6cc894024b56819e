//! What says who the patient is stays in the file.

use dicom_core::Tag;

use super::super::tags;
use super::fixture::{code, lo, points, set};
use super::*;

const PLANTED: [&str; 8] = [
    "Musterfrau^Erika",
    "PID-4711",
    "19610203",
    "ACC-0815",
    "Klinikum Beispielstadt",
    "1.2.826.0.1.555.1",
    "H23-4711-B2",
    "Station7",
];

/// A file that copies what its image says of the patient, as these files do.
fn of_a_patient() -> File {
    let text = |vr: &'static str, n: usize| Value::Text(vr, PLANTED[n].to_owned());
    let specimen = vec![
        (Tag(0x0040, 0x0551), lo("H23-4711-B2")),
        (tags::CODE_MEANING, lo("H23-4711-B2")),
    ];
    let mut group = points();
    set(&mut group, Tag(0x0009, 0x0010), lo("Station7"));
    set(&mut group, Tag(0x0008, 0x0080), text("LO", 4));
    let study = vec![(
        tags::REFERENCED_INSTANCE,
        Value::Text("UI", PLANTED[5].to_owned()),
    )];
    File::new(vec![group])
        .set(Tag(0x0010, 0x0010), text("PN", 0))
        .set(Tag(0x0010, 0x0020), text("LO", 1))
        .set(Tag(0x0010, 0x0030), text("DA", 2))
        .set(Tag(0x0008, 0x0050), text("SH", 3))
        .set(Tag(0x0008, 0x0080), text("LO", 4))
        .set(Tag(0x0008, 0x1110), Value::Items(vec![study.clone()]))
        .set(Tag(0x0020, 0x000d), Value::Text("UI", PLANTED[5].to_owned()))
        .set(Tag(0x0040, 0x0560), Value::OpenItems(vec![specimen]))
        .set(Tag(0x0008, 0x1120), Value::Items(vec![study]))
        .set(Tag(0x0040, 0x0512), lo("H23-4711-B2"))
        .set(Tag(0x0008, 0x1030), lo("Station7"))
}

#[test]
fn quirk_30_patient_accession_and_institution_stay_behind() {
    let file = of_a_patient();
    let bytes = file.bytes();
    for planted in PLANTED {
        assert!(
            bytes
                .windows(planted.len())
                .any(|window| window == planted.as_bytes()),
            "{planted} is in the file"
        );
    }
    for encoding in [
        ("1.2.840.10008.1.2.1", Encoding::ExplicitLittle),
        ("1.2.840.10008.1.2", Encoding::ImplicitLittle),
    ] {
        let document = document(&file.encoded(encoding.0, encoding.1));
        assert_eq!(document.annotations.len(), 2);
        let all = format!("{document:?}");
        for planted in PLANTED {
            assert!(!all.contains(planted), "{planted} in {all}");
        }
        let left = document.report.losses.count("patient_and_study_left_out");
        assert_eq!(left, 11);
        assert_eq!(losses(&document), [("unknown_element", 2)]);
    }
}

#[test]
fn quirk_30_a_refusal_quotes_no_value() {
    let mut group = points();
    set(&mut group, tags::TYPE, code("1", "SCT", "x"));
    let file = of_a_patient().set(tags::SOP_CLASS, fixture::ui("1.2.840.10008.5.1.4.1.1.77.1.6"));
    let message = refused(&file.bytes());
    assert!(
        message.contains("no microscopy bulk simple annotations"),
        "{message}"
    );
    let bytes = of_a_patient().bytes();
    for end in (200..bytes.len()).step_by(7) {
        let message = refused(&bytes[..end]);
        for planted in PLANTED {
            assert!(!message.contains(planted), "{message}");
        }
    }
}
