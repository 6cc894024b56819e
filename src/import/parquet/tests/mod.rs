//! Tables as other people's programs wrote them, and what hostile ones do.

use super::{read, recognise};

mod hostile;

/// Parquet as `pyarrow` writes it: see `tests/interop/parquet.py`, which made it.
pub(super) const FOREIGN: &[u8] = include_bytes!("foreign.parquet");

#[test]
fn a_table_is_recognised_by_its_first_bytes() {
    assert!(recognise(FOREIGN).is_some());
    assert!(recognise(b"{\"type\":\"FeatureCollection\"}").is_none());
}

#[test]
fn a_table_of_others_is_read_by_the_names_of_its_columns() {
    let document = read("cells.parquet", FOREIGN).unwrap();
    let names: Vec<&str> = document.images.iter().map(|image| image.name.as_str()).collect();
    assert_eq!(names, ["a.tiff", "b.tiff"]);
    let labels: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["mitosis", "other"]);
    assert_eq!(document.annotations.len(), 4, "{:?}", document.report);
    assert_eq!(document.report.losses.count("row_without_geometry"), 1);
    assert_eq!(document.report.losses.count("column_not_read"), 1);
    let first = &document.annotations[0];
    assert_eq!(first.geometry, crate::model::Geometry::point(1.5, 2.0));
    assert_eq!(
        first.attributes["score"],
        crate::import::document::SourceValue::Number(0.25)
    );
    assert_eq!(document.annotations[2].label, None);
}
