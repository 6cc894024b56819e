//! Writing a version out.

use std::fs;

use crate::lab::{Lab, text};
use crate::measure::{Outcome, Pair, Row, in_turn};
use crate::options::{Options, size_name};
use crate::process::{attempt, holotype, inside_timed, run};

/// What every output is held against.
const SERIALISING: &str = "serde_json of the same rows, synced";

/// Export to each format against serialising the same rows.
pub(super) fn export(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let mut rows = Vec::new();
    for format in ["coco", "parquet"] {
        let out = lab.fresh("export");
        let words = ["export", "--format", format, "--overwrite", "--out", text(&out)];
        let operation = format!("export to {format}");
        let size = size_name(options.size);
        let (_, is_built) = attempt(&mut holotype(&repository.dir, &words))?;
        if !is_built {
            rows.push(Row {
                ours: None,
                ..Pair::default().row(&operation, &size, SERIALISING, "≤ 2.0")
            });
            continue;
        }
        let plain = lab.fresh("plain");
        let pair = in_turn(
            lab.repetitions.min(3),
            || run(&mut holotype(&repository.dir, &words)),
            || inside_timed("serialise", &[text(&repository.source), text(&plain)]),
        )?;
        fs::remove_file(plain)?;
        if out.is_dir() {
            fs::remove_dir_all(out)?;
        } else {
            fs::remove_file(out)?;
        }
        rows.push(pair.row(&operation, &size, SERIALISING, "≤ 2.0"));
    }
    Ok(rows)
}

/// A release against serialising the same rows.
pub(super) fn release(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let plain = lab.fresh("plain");
    let mut number = 0;
    let pair = in_turn(
        lab.repetitions.min(3),
        || {
            number += 1;
            let out = lab.fresh("release");
            fs::create_dir_all(&out)?;
            let version = format!("1.{number}.0");
            // The same commit is released again and again.
            let forced = ["--force-version", "measured once more"];
            let words = [&["release", &version, "--out", text(&out)][..], &forced].concat();
            let sample = run(&mut holotype(&repository.dir, &words))?;
            fs::remove_dir_all(out)?;
            Ok(sample)
        },
        || inside_timed("serialise", &[text(&repository.source), text(&plain)]),
    )?;
    fs::remove_file(plain)?;
    Ok(vec![pair.row(
        "release",
        &size_name(options.size),
        SERIALISING,
        "≤ 2.0",
    )])
}
