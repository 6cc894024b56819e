//! The Parquet table of a version: the same bytes each time, and what other people's readers make of it.
//!
//! `HOLOTYPE_PYTHON` names an interpreter with the wheel `pyarrow`; without it that test says that it was left out, unless
//! `HOLOTYPE_REQUIRE_TOOLS` is set.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

#[path = "dataset/mod.rs"]
mod dataset;

use std::process::Command;

use dataset::{Made, make};
use holotype::export::{ExportOptions, Exported, Filter, ImageRow, export_parquet};

fn parquet(made: &Made, options: &ExportOptions<'_>) -> (Vec<u8>, Exported) {
    let version = made.repo.head_version().unwrap();
    let mut out = Vec::new();
    let exported = export_parquet(&version, None, &mut out, options).unwrap();
    (out, exported)
}

#[test]
fn a_table_is_the_same_each_time() {
    let options = ExportOptions {
        name: "cells",
        ..ExportOptions::default()
    };
    let made = make();
    let (bytes, exported) = parquet(&made, &options);
    assert_eq!(
        (&bytes[..4], &bytes[bytes.len() - 4..]),
        (&b"PAR1"[..], &b"PAR1"[..])
    );
    assert_eq!((exported.images, exported.annotations), (4, 3));
    assert_eq!(parquet(&made, &options).0, bytes);
    assert_eq!(
        parquet(&make(), &options).0,
        bytes,
        "another repository, the same content"
    );
}

#[test]
fn what_a_table_cannot_say_is_told() {
    let (_, exported) = parquet(&make(), &ExportOptions::default());
    let losses: Vec<(&str, u64)> = exported
        .report
        .losses()
        .map(|loss| (loss.code, loss.count))
        .collect();
    assert_eq!(losses, [], "ratings, facts and empty images travel beside");
}

#[test]
fn an_empty_table_is_a_table() {
    let none = |_: &ImageRow| false;
    let options = ExportOptions {
        filter: Filter {
            image: Some(&none),
            annotation: None,
        },
        ..ExportOptions::default()
    };
    let (bytes, exported) = parquet(&make(), &options);
    assert_eq!((exported.images, exported.annotations), (0, 0));
    assert_eq!(&bytes[..4], b"PAR1");
}

const SCRIPT: &str = r#"
import json, struct, sys
try:
    import pyarrow.parquet as pq
except ImportError:
    sys.exit(77)
table = pq.read_table(sys.argv[1])
geo = json.loads(table.schema.metadata[b"geo"])
assert geo["version"] == "1.1.0" and geo["primary_column"] == "geometry", geo
assert geo["columns"]["geometry"]["crs"] is None and geo["columns"]["geometry"]["encoding"] == "WKB", geo
for row in table.sort_by("source_id").to_pylist():
    order, kind, rings, count = struct.unpack_from("<BIII", row["geometry"])
    assert (order, kind, rings, count) == (1, 3, 1, 5), row
    x, y = struct.unpack_from("<dd", row["geometry"], 13)
    assert (x, y) == (row["x"], row["y"]), row
    assert row["area_px2"] == row["width"] * row["height"], row
    assert row["area_um2"] is None and row["geometry_exact"] is None, row
    print(row["image"], row["source_id"], row["label"], row["recorded_label"], row["ratings"], row["annotators"], row["shape"])
"#;

#[test]
fn pyarrow_reads_what_was_written() {
    let made = make();
    let (bytes, _) = parquet(&made, &ExportOptions::default());
    let path = made.dir.path().join("cells.parquet");
    std::fs::write(&path, bytes).unwrap();
    let python = std::env::var_os("HOLOTYPE_PYTHON").unwrap_or_else(|| "python3".into());
    let output = Command::new(python)
        .arg("-c")
        .arg(SCRIPT)
        .arg(&path)
        .output()
        .unwrap();
    if output.status.code() == Some(77) {
        assert!(
            std::env::var_os("HOLOTYPE_REQUIRE_TOOLS").is_none(),
            "pyarrow is missing"
        );
        return;
    }
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows = String::from_utf8(output.stdout).unwrap();
    let expected = "a/1.png 11 mitotic figure mitotic figure 2 2 box\n\
                    a/1.png 12 mitotic figure mitotic figure 3 3 box\n\
                    b.png 13 other mitotic figure 2 2 box\n";
    assert_eq!(rows, expected);
}
