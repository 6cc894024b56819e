//! What is no list, and rows that cannot be used.

use proptest::prelude::*;

use super::*;
use crate::import::table::TableProblem;

fn refuse(bytes: &[u8]) -> CsvProblem {
    read("t.csv", bytes, &CsvOptions::default()).unwrap_err().problem
}

#[test]
fn f20_what_is_no_table_is_refused_with_its_place() {
    assert!(matches!(
        refuse(b"x,y\n1,2\n3\n"),
        CsvProblem::Table(TableProblem::Ragged {
            line: 3,
            found: 1,
            expected: 2
        })
    ));
    assert!(matches!(
        refuse(b"x,y\n1,\"2\n3,4\n"),
        CsvProblem::Table(TableProblem::UnclosedQuote { line: 2 })
    ));
    assert!(matches!(
        refuse(b"x,y\n1,\0\n"),
        CsvProblem::Table(TableProblem::Nul { line: 2, offset: 6 })
    ));
    assert!(matches!(
        refuse(b"x,y\n1,\xE4\n"),
        CsvProblem::Table(TableProblem::NotUtf8 { line: 2, offset: 6 })
    ));
    assert_eq!(
        geometries(&list("x,y\r1,2\r3,4\r")).len(),
        2,
        "returns alone end lines"
    );
    let error = read("t.csv", b"x,y\n1,2\n3\n", &CsvOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "t.csv: line 3 has 1 cells, the header has 2");
}

#[test]
fn f20_a_million_columns_are_refused() {
    let header: String = std::iter::once("x,y".to_owned())
        .chain((0..1_000_000).map(|n| format!(",c{n}")))
        .collect();
    assert!(matches!(
        refuse(header.as_bytes()),
        CsvProblem::Table(TableProblem::TooManyColumns {
            count: 1_000_002,
            limit: 10_000
        })
    ));
}

#[test]
fn f15_a_byte_order_mark_is_accepted_and_utf_16_is_not() {
    assert_eq!(
        geometries(&list("\u{FEFF}x,y\n1,2\n")),
        [Geometry::point(1.0, 2.0)]
    );
    let utf16: Vec<u8> = "\u{FEFF}x,y\n1,2\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(matches!(
        refuse(&utf16),
        CsvProblem::Table(TableProblem::NotUtf8 { line: 1, offset: 0 })
    ));
    assert_eq!(recognise(&utf16), None);
}

#[test]
fn f16_a_list_that_was_cut_is_read_or_refused_at_every_byte() {
    let whole = "image,x,y,label,note\na.jpg,1.25,2.5,\u{3b1}\u{308},\"x, y\"\nb.jpg,3,4,b,\"c\"\"d\"\n";
    let mut read_rows = Vec::new();
    for end in 0..=whole.len() {
        if let Ok(document) = read("t.csv", &whole.as_bytes()[..end], &CsvOptions::default()) {
            read_rows.push(document.annotations.len());
        }
    }
    assert!(
        read_rows.is_sorted() && read_rows.last() == Some(&2),
        "{read_rows:?}"
    );
}

#[test]
fn f02_a_number_out_of_range_is_refused_with_its_place() {
    assert!(matches!(
        refuse(b"x,y\n1,1e400\n"),
        CsvProblem::OutOfRange { line: 2, column, text } if column == "y" && text == "1e400"
    ));
}

#[test]
fn f01_rows_that_cannot_be_used_are_lost_by_line_and_reason() {
    let text = "image,x,y,label\na,NaN,2,m\na,1,,m\n,1,2,m\na,1,2,\na,inf,2,m\na,1px,2,m\na,5,6,m\n";
    let document = list(text);
    assert_eq!(geometries(&document), [Geometry::point(5.0, 6.0)]);
    let losses = &document.report.losses;
    assert_eq!(losses.count("coordinate_not_a_number"), 4);
    assert_eq!(losses.count("row_without_image"), 1);
    assert_eq!(losses.count("row_without_label"), 1);
    let messages: Vec<String> = losses.iter().map(|entry| entry.message).collect();
    assert!(
        messages.contains(&"a/001.csv, line 2: its x 'NaN' is no finite number".to_owned()),
        "{messages:?}"
    );
    let reversed = list("x1,y1,x2,y2\n5,5,1,9\n");
    assert_eq!(
        (
            reversed.annotations.len(),
            reversed.report.losses.count("box_reversed")
        ),
        (0, 1)
    );
}

#[test]
fn f11_places_outside_and_without_size_are_kept_exactly() {
    let document = list("x,y,w,h\n-6,-7.5,0,0\n1e9,3,0,5\n");
    assert_eq!(
        geometries(&document),
        [
            Geometry::rectangle(-6.0, -7.5, 0.0, 0.0),
            Geometry::rectangle(1e9, 3.0, 0.0, 5.0)
        ]
    );
}

#[test]
fn f19_cells_that_a_spreadsheet_would_run_are_stored_as_they_are() {
    let document = list("x,y,label,a,b,c\n1,2,=1+1,@x,'=2,-3\n");
    assert_eq!(labels(&document), [Some("=1+1")]);
    let facts = &document.annotations[0].attributes;
    assert_eq!(facts["a"], SourceValue::Text("@x".to_owned()));
    assert_eq!(facts["b"], SourceValue::Text("=2".to_owned()));
    assert_eq!(facts["c"], SourceValue::Number(-3.0));
}

proptest! {
    #[test]
    fn f20_any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let order = CsvOrder::parse("x,y").unwrap();
        for order in [None, Some(&order)] {
            if let Ok(document) = read("t.csv", &bytes, &CsvOptions { order }) {
                prop_assert!(document.annotations.iter().all(|one| one.image < document.images.len()));
            }
        }
        let _ = (recognise(&bytes), is_table(&bytes));
    }

    #[test]
    fn f20_any_mix_of_what_lists_know_is_read_or_refused(
        header in "(x|y|w|h|x1|y1|cx|cy|r|image|label|id|geometry|holotype_id|)([,;\t](x|y|w|h|x2|y2|image|label|id|annotator|a)){0,5}\n",
        rows in "[0-9a,;.\t\"'={}\r\n -]{0,80}",
    ) {
        let text = format!("{header}{rows}");
        if let Ok(document) = read("t.csv", text.as_bytes(), &CsvOptions::default()) {
            for one in &document.annotations {
                prop_assert!(one.image < document.images.len());
                prop_assert!(one.label.is_none_or(|label| label < document.labels.len()));
                prop_assert!(one.ratings.iter().all(|rating| rating.person < document.people.len()));
            }
        }
    }
}
