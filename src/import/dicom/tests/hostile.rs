//! What damaged and hostile files must not do.

use dicom_core::Tag;
use proptest::prelude::*;

use super::super::{recognise, tags};
use super::fixture::{cs, encode, group, header, lo, points, set};
use super::*;

/// A file whose data set is these bytes.
fn raw(data: &[u8]) -> Vec<u8> {
    let whole = File {
        elements: Vec::new(),
        ..File::new(Vec::new())
    };
    [whole.bytes().as_slice(), data].concat()
}

/// A data set of one class element and these bytes.
fn after_class(data: &[u8]) -> Vec<u8> {
    let class = vec![(tags::SOP_CLASS, fixture::ui(fixture::ANN))];
    raw(&[encode(&class, Encoding::ExplicitLittle).as_slice(), data].concat())
}

#[test]
fn f16_a_file_cut_anywhere_is_refused() {
    let bytes = File::new(vec![points()]).bytes();
    assert!(read("a.dcm", &bytes).is_ok());
    for end in 0..bytes.len() {
        let message = refused(&bytes[..end]);
        assert!(message.starts_with("a.dcm"), "{message}");
    }
    for trailing in [b"\x00".as_slice(), b"DICM", &[0; 7]] {
        let message = refused(&[bytes.as_slice(), trailing].concat());
        assert!(message.starts_with("a.dcm, "), "{message}");
    }
    assert!(refused(b"").contains("no DICOM file"));
    assert!(refused(&[0; 200]).contains("byte 129"));
}

#[test]
fn f16_lengths_beyond_the_file_are_refused_before_anything_is_allocated() {
    for (tag, vr) in [
        (tags::FLOAT_COORDINATES, "OF"),
        (tags::POINT_INDICES, "OL"),
        (Tag(0x0010, 0x2000), "UT"),
        (tags::GROUP_DESCRIPTION, "UT"),
        (Tag(0x0042, 0x0011), "OB"),
    ] {
        for length in [0xffff_fffe, 0x7fff_ffff, 0x1000] {
            let mut data = Vec::new();
            header(&mut data, tag, vr, length, Encoding::ExplicitLittle);
            let message = refused(&after_class(&data));
            assert!(
                message.contains(&super::super::dataset::tag_text(tag))
                    && message.contains(&length.to_string()),
                "{message}"
            );
        }
        let mut data = Vec::new();
        header(&mut data, tag, vr, u32::MAX, Encoding::ExplicitLittle);
        assert!(refused(&after_class(&data)).starts_with("a.dcm, "));
    }
    let mut meta = File::new(vec![points()]).bytes();
    meta[140..144].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(refused(&meta).contains("longer than the file"));
    let long = Value::Text("UT", "x".repeat(2 << 20));
    let mut group = points();
    set(&mut group, tags::GROUP_DESCRIPTION, long);
    let message = refused(&File::new(vec![group]).bytes());
    assert!(
        message.contains("(006A,0006)") && message.contains("1048576"),
        "{message}"
    );
}

#[test]
fn f05_sequences_that_nest_without_end_are_refused() {
    let mut data = Vec::new();
    for _ in 0..1_000_000 {
        header(
            &mut data,
            Tag(0x0040, 0x0555),
            "SQ",
            u32::MAX,
            Encoding::ExplicitLittle,
        );
        header(
            &mut data,
            Tag(0xfffe, 0xe000),
            "",
            u32::MAX,
            Encoding::ExplicitLittle,
        );
    }
    let message = refused(&after_class(&data));
    assert!(message.contains("nest more than 32 deep"), "{message}");
    assert!(message.len() < 1000, "{message}");
}

#[test]
fn f04_an_element_twice_is_refused() {
    for tag in [tags::GROUPS, tags::COORDINATE_TYPE] {
        let mut data = Vec::new();
        for _ in 0..2 {
            if tag == tags::GROUPS {
                header(&mut data, tag, "SQ", 0, Encoding::ExplicitLittle);
            } else {
                header(&mut data, tag, "CS", 2, Encoding::ExplicitLittle);
                data.extend(b"2D");
            }
        }
        let message = refused(&after_class(&data));
        assert!(message.contains("is there twice"), "{message}");
    }
}

#[test]
fn items_and_delimiters_in_wrong_places_are_refused() {
    let part = |tags: &[(u16, u16)]| {
        let mut data = Vec::new();
        for (group, element) in tags {
            header(&mut data, Tag(*group, *element), "", 0, Encoding::ExplicitLittle);
        }
        data
    };
    let mut open = Vec::new();
    header(&mut open, tags::GROUPS, "SQ", u32::MAX, Encoding::ExplicitLittle);
    for data in [
        part(&[(0xfffe, 0xe00d), (0xfffe, 0xe000)]),
        part(&[(0xfffe, 0xe0dd), (0xfffe, 0xe000)]),
        part(&[(0xfffe, 0xe000)]),
        [
            open.clone(),
            part(&[(0xfffe, 0xe00d), (0xfffe, 0xe000), (0xfffe, 0xe00d)]),
        ]
        .concat(),
        [open.clone(), part(&[(0xfffe, 0xe0dd), (0xfffe, 0xe0dd)])].concat(),
        [open.clone(), part(&[(0x0008, 0x0016)])].concat(),
        open,
    ] {
        let message = refused(&after_class(&data));
        assert!(message.starts_with("a.dcm, "), "{message}");
    }
}

#[test]
fn values_of_another_representation_are_refused_with_their_place() {
    for (tag, value) in [
        (tags::FLOAT_COORDINATES, Value::Raw("OB", vec![0; 16])),
        (tags::FLOAT_COORDINATES, lo("1\\2")),
        (tags::ANNOTATION_COUNT, Value::Shorts(vec![2])),
        (tags::GRAPHIC_TYPE, Value::Raw("OB", b"POINT ".to_vec())),
        (tags::TYPE, lo("Mitotic figure")),
        (tags::GROUP_LABEL, Value::Items(Vec::new())),
    ] {
        let mut group = points();
        set(&mut group, tag, value);
        let message = refused(&File::new(vec![group]).bytes());
        let path = format!("(006A,0002)[1].{}", super::super::dataset::tag_text(tag));
        assert!(
            message.contains(&path) && message.contains("value representation"),
            "{message}"
        );
    }
}

#[test]
fn f12_index_lists_that_do_not_fit_lose_their_group_with_its_place() {
    let six = || Value::Floats(vec![1.0; 12]);
    for starts in [
        &[][..],
        &[0],
        &[2],
        &[3],
        &[1, 1],
        &[7, 1],
        &[1, 4],
        &[1, 13],
        &[1, u32::MAX],
    ] {
        let count = u32::try_from(starts.len()).unwrap();
        let document = document(&File::new(vec![group("POLYGON", count, six(), Some(starts))]));
        assert!(document.annotations.is_empty());
        let message = loss(&document, "index_list_unusable");
        assert!(
            message.starts_with("a.dcm, (006A,0002)[1]: (0066,0040): "),
            "{starts:?}: {message}"
        );
    }
    for (kind, count, coordinates, code) in [
        ("POLYGON", 1, six(), "coordinates_unusable"),
        ("POINT", 1, Value::Floats(vec![1.0; 3]), "coordinates_unusable"),
        (
            "RECTANGLE",
            1,
            Value::Floats(vec![1.0; 6]),
            "coordinates_unusable",
        ),
        ("POINT", 7, six(), "annotation_count_differs"),
        ("SPLINE", 1, six(), "graphic_type_unknown"),
        ("POINT", 1, Value::Raw("OF", vec![0; 6]), "coordinates_unusable"),
    ] {
        let document = document(&File::new(vec![group(kind, count, coordinates, None)]));
        assert_eq!(losses(&document), [(code, u64::from(count))], "{kind}");
    }
    let mut empty = points();
    empty.retain(|(tag, _)| *tag != tags::FLOAT_COORDINATES);
    assert_eq!(
        losses(&document(&File::new(vec![empty]))),
        [("coordinates_missing", 2)]
    );
    let mut twice = points();
    set(
        &mut twice,
        tags::DOUBLE_COORDINATES,
        Value::Doubles("OD", vec![1.0; 4]),
    );
    assert_eq!(
        losses(&document(&File::new(vec![twice]))),
        [("coordinates_twice", 2)]
    );
}

#[test]
fn f01_coordinates_that_are_not_finite_lose_their_annotation() {
    let odd = group(
        "POINT",
        3,
        Value::Floats(vec![f32::NAN, 1.0, 2.0, 3.0, 4.0, f32::INFINITY]),
        None,
    );
    let document = document(&File::new(vec![odd]));
    assert_eq!(document.annotations.len(), 1);
    assert_eq!(losses(&document), [("coordinate_not_a_number", 2)]);
    assert!(loss(&document, "coordinate_not_a_number").contains("(006A,0002)[1], annotation 1"));
}

#[test]
fn f07_groups_of_one_uid() {
    let same = document(&File::new(vec![points(), points()]));
    assert_eq!(same.annotations.len(), 2);
    assert_eq!(warnings(&same), [("group_twice", 1)]);
    let mut other = points();
    set(&mut other, tags::GROUP_LABEL, lo("other"));
    let message = refused(&File::new(vec![points(), other]).bytes());
    assert!(
        message.contains("(006A,0002)[1] and (006A,0002)[2]") && message.contains("differ"),
        "{message}"
    );
}

#[test]
fn f15_character_sets() {
    let with = |set_name: &str, label: &[u8]| {
        let mut group = points();
        set(&mut group, tags::GROUP_LABEL, Value::Raw("LO", label.to_vec()));
        document(&File::new(vec![group]).set(tags::CHARACTER_SET, cs(set_name)))
    };
    assert_eq!(
        with("ISO_IR 192", "Zelle äöü ".as_bytes()).labels[0].name,
        "Zelle äöü"
    );
    assert_eq!(
        with("ISO_IR 100", b"Zelle \xe4\xf6\xfc ").labels[0].name,
        "Zelle äöü"
    );
    assert_eq!(
        warnings(&with("ISO_IR 148", b"Zelle ")),
        [("character_set_not_known", 1)]
    );
    assert_eq!(
        warnings(&with("\\ISO 2022 IR 87", b"Zelle ")),
        [],
        "an empty first set is the default one"
    );
}

#[test]
fn syntaxes_that_are_not_read_are_refused() {
    for syntax in ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.3"] {
        let message = refused(
            &File::new(vec![points()])
                .encoded(syntax, Encoding::ExplicitLittle)
                .bytes(),
        );
        assert!(message.contains(syntax), "{message}");
    }
    let mut data = Vec::new();
    header(
        &mut data,
        Tag(0x7fe0, 0x0010),
        "OB",
        u32::MAX,
        Encoding::ExplicitLittle,
    );
    let message = refused(&after_class(&data));
    assert!(message.contains("no compressed pictures"), "{message}");
}

#[test]
fn only_files_of_the_class_are_recognised() {
    let file = File::new(vec![points()]);
    assert!(recognise(&file.bytes()).is_some());
    let slide = File {
        class: "1.2.840.10008.5.1.4.1.1.77.1.6",
        ..file
    };
    assert_eq!(recognise(&slide.bytes()), None);
    assert_eq!(recognise(b"DICM"), None);
    assert_eq!(recognise(&[0; 4096]), None);
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        encoding in prop::sample::select(vec![
            ("1.2.840.10008.1.2.1", Encoding::ExplicitLittle),
            ("1.2.840.10008.1.2", Encoding::ImplicitLittle),
            ("1.2.840.10008.1.2.2", Encoding::ExplicitBig),
        ]),
    ) {
        let polygons = group("POLYGON", 2, Value::Floats(vec![1.0; 12]), Some(&[1, 7]));
        let open = Value::OpenItems(vec![polygons, points()]);
        let file = File::new(Vec::new()).set(tags::GROUPS, open);
        let mut bytes = file.encoded(encoding.0, encoding.1).bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        let _ = recognise(&bytes);
        match read("a.dcm", &bytes) {
            Ok(document) => prop_assert!(document.annotations.len() <= 12),
            Err(error) => prop_assert!(error.to_string().starts_with("a.dcm")),
        }
    }

    #[test]
    fn random_data_sets_never_panic(data in prop::collection::vec(any::<u8>(), 0..400)) {
        for bytes in [raw(&data), data] {
            let message = refused(&bytes);
            prop_assert!(message.starts_with("a.dcm"), "{}", message);
        }
    }
}
