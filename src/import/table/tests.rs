//! Tables as people have them, damaged ones, and the published MIDOG++ table.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Table {
    read_table("t.csv", text.as_bytes()).unwrap()
}

fn refuse(bytes: &[u8]) -> TableProblem {
    read_table("t.csv", bytes).unwrap_err().problem
}

fn cells(table: &Table) -> Vec<(u64, Vec<&str>)> {
    table
        .rows
        .iter()
        .map(|row| (row.line, row.cells.iter().map(String::as_str).collect()))
        .collect()
}

#[test]
fn quirk_25_each_separator_is_found() {
    for (separator, text) in [(';', "a;b\n1;2\n"), (',', "a,b\n1,2\n"), ('\t', "a\tb\n1\t2\n")] {
        let table = read(text);
        assert_eq!((table.separator, table.columns.len()), (separator, 2));
        assert_eq!(cells(&table), [(2, vec!["1", "2"])]);
    }
    // Decimal commas and a comma in the header do not confuse it: only ';' gives each line the same count.
    assert_eq!(read("x, y;b\n1,5;2\n1;2\n").separator, ';');
    // Both are consistent: the one with more cells wins.
    assert_eq!(read("a;b,c,d\n1;2,3,4\n").separator, ',');
    assert_eq!(read("a;b,c\n1;2,3\n").separator, ';');
}

#[test]
fn quirk_25_byte_order_mark_line_ends_and_quotes_are_accepted() {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!("\u{FEFF}key;note{end}1;\"a;b{end}c \"\"x\"\"\"{end}{end}2; 5\" lens {end}");
        let table = read(&text);
        assert_eq!(table.columns, ["key", "note"]);
        let note = format!("a;b{end}c \"x\"");
        assert_eq!(
            cells(&table),
            [(2, vec!["1", note.as_str()]), (5, vec!["2", " 5\" lens "])],
            "{end:?}"
        );
    }
    assert_eq!(read("a;b").rows, []);
    assert_eq!(read("a;b").column("b"), Some(1));
}

#[test]
fn quirk_25_an_empty_file_is_no_metadata_table() {
    for text in ["", "\u{FEFF}", "\n\n\r\n"] {
        assert!(matches!(refuse(text.as_bytes()), TableProblem::Empty), "{text:?}");
    }
    assert!(matches!(refuse(b"key\n1\n2\n"), TableProblem::OneColumn));
}

#[test]
fn quirk_25_column_names_are_unique() {
    assert!(matches!(refuse(b"a;b;a\n"), TableProblem::ColumnRepeated { line: 1, name } if name == "a"));
    assert!(matches!(
        refuse(b"\n\na;a \n"),
        TableProblem::ColumnRepeated { line: 3, .. }
    ));
}

#[test]
fn f20_ragged_rows_are_refused_with_their_line() {
    assert!(matches!(
        refuse(b"a;b\n1;2\n3\n"),
        TableProblem::Ragged {
            line: 3,
            found: 1,
            expected: 2
        }
    ));
    assert!(matches!(
        refuse(b"a;b\r\r1;2;3\r"),
        TableProblem::Ragged {
            line: 3,
            found: 3,
            expected: 2
        }
    ));
    assert!(matches!(
        refuse(b"a,b\r\n\"x\r\ny\",2\r\n3\r\n"),
        TableProblem::Ragged {
            line: 4,
            found: 1,
            expected: 2
        }
    ));
    let error = read_table("t.csv", b"a;b\n1;2;3\n").unwrap_err();
    assert_eq!(error.to_string(), "t.csv: line 2 has 3 cells, the header has 2");
}

#[test]
fn f20_quotes_that_are_never_closed_are_refused() {
    assert!(matches!(
        refuse(b"a;b\n1;2\n3;\"4\n5;6\n"),
        TableProblem::UnclosedQuote { line: 3 }
    ));
    assert!(matches!(
        refuse(b"a;b\n1;\"2\"x\n"),
        TableProblem::TextAfterQuote { line: 2 }
    ));
}

#[test]
fn f20_what_is_no_text_is_refused_with_its_place() {
    assert!(matches!(
        refuse(b"a;b\n1;\xE4\n"),
        TableProblem::NotUtf8 { line: 2, offset: 6 }
    ));
    assert!(matches!(
        refuse(b"a;b\n1;\0\n"),
        TableProblem::Nul { line: 2, offset: 6 }
    ));
    assert!(matches!(
        refuse(b"\xFF\xFEa\0"),
        TableProblem::NotUtf8 { line: 1, offset: 0 }
    ));
}

#[test]
fn f20_a_million_columns_are_refused() {
    let header: String = (0..1_000_000).map(|n| format!("{n};")).collect();
    assert!(matches!(
        refuse(header.as_bytes()),
        TableProblem::TooManyColumns {
            count: 1_000_001,
            limit: 10_000
        }
    ));
}

#[test]
fn f20_cells_that_a_spreadsheet_would_run_stay_as_they_are() {
    assert_eq!(cells(&read("a;b\n=1+1;@x\n")), [(2, vec!["=1+1", "@x"])]);
}

fn midog() -> Option<Vec<u8>> {
    let folder = std::env::var_os("HOLOTYPE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"),
        PathBuf::from,
    );
    let path = folder.join("midog/MIDOG++_slides.csv");
    if path.exists() {
        return Some(std::fs::read(path).unwrap());
    }
    assert_ne!(
        std::env::var("HOLOTYPE_REQUIRE_TOOLS").as_deref(),
        Ok("1"),
        "{} is missing",
        path.display()
    );
    println!("skipped: no real data");
    None
}

#[test]
fn midog_plus_plus_has_503_rows_and_one_misspelt_scanner() {
    let Some(bytes) = midog() else { return };
    let table = read_table("MIDOG++_slides.csv", &bytes).unwrap();
    assert_eq!((table.separator, table.rows.len()), (';', 503));
    assert_eq!(
        table.columns,
        ["Slide", "Dataset", "Tumor", "Scanner", "Origin", "Species"]
    );
    let last = table.rows.last().unwrap();
    assert_eq!(
        (last.line, apply_pattern("{:03}.tiff", &last.cells[0])),
        (504, Ok("553.tiff".to_owned()))
    );
    for (column, expected) in [("Scanner", 1), ("Tumor", 0), ("Origin", 0), ("Species", 0)] {
        let index = table.column(column).unwrap();
        let mut values = BTreeMap::new();
        for row in &table.rows {
            *values.entry(row.cells[index].clone()).or_insert(0) += 1;
        }
        let found = spelling_variants(&values);
        assert_eq!(found.len(), expected, "{column}: {found:?}");
    }
}

proptest! {
    #[test]
    fn f20_any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(table) = read_table("t", &bytes) {
            prop_assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()));
        }
    }

    #[test]
    fn f20_any_mix_of_what_csv_knows_is_read_or_refused(text in "[ab;,\t\"\r\n\u{FEFF}]{0,60}") {
        if let Ok(table) = read_table("t", text.as_bytes()) {
            prop_assert!(table.rows.iter().all(|row| row.cells.len() == table.columns.len()));
            let lines: Vec<u64> = table.rows.iter().map(|row| row.line).collect();
            prop_assert!(lines.is_sorted() && lines.iter().all(|line| *line > 1));
        }
    }
}
