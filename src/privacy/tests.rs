//! Planted data of each kind are found; what looks alike and has nothing to do with people is not told.

use proptest::prelude::*;

use super::*;

fn kinds(traces: &[Trace]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = traces.iter().map(|trace| trace.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[test]
fn planted_texts_are_found() {
    for (text, kind) in [
        ("scanned to C:\\Users\\ameier\\slides\\7.svs", Kind::Path),
        ("/home/ameier/study", Kind::Path),
        ("see /Users/anna/x", Kind::Path),
        ("\\\\pacs01\\path\\x.svs", Kind::Path),
        ("~meier/slides", Kind::Path),
        ("file:///data/meier.svs", Kind::Path),
        ("ask a.meier+lab@clinic.example.org, please", Kind::Mail),
        ("scanned by Dr. Meier", Kind::Name),
        ("Prof Anders", Kind::Name),
        ("signed A. Meier", Kind::Name),
        ("signed A.M.", Kind::Name),
        ("Meier, Anna", Kind::Name),
        ("Anna Meier", Kind::Name),
        ("specimen H23-12345", Kind::Number),
        ("E-2021-0815", Kind::Number),
        ("S 19/1234", Kind::Number),
        ("MRN 4711081", Kind::Number),
        ("born 1951-03-12", Kind::Date),
        ("12.03.1951", Kind::Date),
        ("03/12/1951", Kind::Date),
        ("taken 20190403", Kind::Date),
    ] {
        assert_eq!(kinds(&in_text("x", text)), [kind], "{text}");
    }
}

#[test]
fn planted_names_of_files_are_found() {
    for (name, kind) in [
        ("Meier_Anna_HE.svs", Kind::Name),
        ("anna-meier.tiff", Kind::Name),
        ("AnnaMeier01.ndpi", Kind::Name),
        ("dr_Meier_01.svs", Kind::Name),
        ("study/H21-00815_HE.svs", Kind::Number),
        ("B19-1234.svs", Kind::Number),
        ("patient_1234567.svs", Kind::Number),
        ("2019-04-03_slide1.svs", Kind::Date),
        ("20190403 slide.svs", Kind::Date),
        ("slide_03.04.2019.svs", Kind::Date),
    ] {
        assert_eq!(kinds(&in_name("name", name)), [kind], "{name}");
    }
}

#[test]
fn names_of_published_files_and_texts_of_devices_are_not_told() {
    for name in [
        "001.tiff",
        "BloodImage_00000.jpg",
        "a/b/tile_12_34.png",
        "TCGA-A1-A0SB-01Z-00-DX1.svs",
        "slide 7.ndpi",
        "5f0c1d4e-7a2b-4c3d-8e9f-000000000004.png",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.jpg",
        "1.2.840.113619.2.5.1762583153.215519.978957063.78.dcm",
        "train/human_01.tiff",
        "x_1024_y_2048.png",
        "mitotic figure.tiff",
        "CS2-20-1024.svs",
        "IMG_0815.JPG",
    ] {
        assert_eq!(in_name("name", name), [], "{name}");
    }
    for text in [
        "Aperio Image Library v11.2.1",
        "46000x32914 [0,100 46000x32914] (256x256) J2K/YUV16 Q=30",
        "https://example.org/a/b",
        "ratio 1/2/3",
        "0.2527000",
        "E. coli",
        "mast cell tumour",
        "a/home/b",
        "../home/x",
        "urn:uuid:5f0c1d4e-7a2b-4c3d-8e9f-000000000004",
        "user@localhost",
        "v1.2.3-4",
    ] {
        assert_eq!(in_text("x", text), [], "{text}");
    }
}

#[test]
fn a_description_of_a_scanner_is_read_by_its_keys() {
    let text = "Aperio Image Library v11.2.1\r\n46000x32914|AppMag = 20|Filename = Meier_Anna|Date = 12/29/09|\
                User = b414003d-95c6-48b0|MPP = 0.4990|Barcode = 4711|ScanScope ID = SS1302";
    let part = HeaderPart::Text {
        name: "ImageDescription".to_owned(),
        at: "directory 1".to_owned(),
        text: text.to_owned(),
    };
    let found = in_header(&part);
    assert_eq!(
        kinds(&found),
        [Kind::Name, Kind::Number, Kind::Date, Kind::Person]
    );
    assert!(
        found
            .iter()
            .all(|trace| trace.at.as_deref() == Some("directory 1"))
    );
    let ome = HeaderPart::Text {
        name: "ImageDescription".to_owned(),
        at: "directory 1".to_owned(),
        text: "<OME><Experimenter ID=\"E:0\" FirstName=\"A\" LastName=\"M\"/><Image Name=\"C:\\Users\\am\\x.czi\"/></OME>"
            .to_owned(),
    };
    assert_eq!(kinds(&in_header(&ome)), [Kind::Path, Kind::Person]);
    let empty = HeaderPart::Person {
        name: "Artist".to_owned(),
        at: "directory 1".to_owned(),
        text: " ".to_owned(),
    };
    assert_eq!(in_header(&empty), []);
}

proptest! {
    #[test]
    fn no_text_makes_it_fail_and_what_it_shows_is_one_short_line(text in "\\PC{0,200}|[-A-Za-z0-9 ./@\\\\:~_\n]{0,200}") {
        for trace in in_text("x", &text).into_iter().chain(in_name("x", &text)) {
            prop_assert!(!trace.text.contains('\n'));
            prop_assert!(trace.text.chars().count() <= 81);
        }
    }

    #[test]
    fn every_day_is_a_date_however_it_is_written(year in 1900_u32..2100, month in 1_u32..13, day in 1_u32..29) {
        for text in [
            format!("a {year:04}-{month:02}-{day:02} b"),
            format!("{day:02}.{month:02}.{year:04}"),
            format!("x_{year:04}{month:02}{day:02}_y"),
            format!("{month}/{day}/{year}"),
        ] {
            prop_assert_eq!(kinds(&in_text("x", &text)), vec![Kind::Date], "{}", text);
        }
    }

    #[test]
    fn every_address_is_found_whatever_stands_around_it(
        local in "[a-z][a-z0-9.]{0,8}[a-z]", domain in "[a-z]{2,8}\\.[a-z]{2,4}", before in "[ <(,]", after in "[ >),]",
    ) {
        let text = format!("x{before}{local}@{domain}{after}y");
        let found = in_text("x", &text);
        let wanted = format!("{local}@{domain}");
        prop_assert!(found.iter().any(|trace| trace.kind == Kind::Mail && trace.text == wanted), "{found:?}");
    }

    #[test]
    fn counters_of_up_to_six_digits_are_not_told(word in "[a-z]{3,8}", number in 0_u32..1_000_000) {
        prop_assume!(super::names::in_name(&word).is_empty());
        prop_assert_eq!(in_name("name", &format!("{word}_{number:05}.tiff")), vec![]);
    }
}
