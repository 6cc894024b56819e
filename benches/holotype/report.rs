//! The table on the screen, `target/bench.json`, and what changed since the page was written.

use std::fmt::Write;
use std::path::Path;

use serde_json::json;

use crate::counters::Counter;
use crate::measure::{Outcome, Row, Unit};
use crate::options::{Options, size_name};
use crate::page::Recorded;

/// The columns of the page's table; the one on the screen has `recorded` besides.
pub(crate) const COLUMNS: [&str; 8] = [
    "operation",
    "size",
    "ours",
    "against",
    "limit",
    "ratio",
    "target",
    "peak memory",
];

/// Lays out the rows for a terminal, with the ratios recorded.
pub(crate) fn table(rows: &[Row], recorded: &Recorded) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut lines: Vec<Vec<String>> = vec![COLUMNS.iter().map(|text| (*text).to_owned()).collect()];
    if let Some(head) = lines.first_mut() {
        head.push("recorded".to_owned());
    }
    for row in rows {
        let mut cells = cells(row).to_vec();
        cells.push(change(row, recorded));
        lines.push(cells);
    }
    aligned(&lines)
}

/// Lays out the exact counts, with those recorded.
pub(crate) fn counter_table(counters: &[Counter], recorded: &Recorded) -> String {
    if counters.is_empty() {
        return String::new();
    }
    let head = ["exact count", "value", "recorded"].map(str::to_owned).to_vec();
    let rows = counters.iter().map(|counter| {
        let before = recorded.counters.get(&counter.name);
        vec![
            counter.name.clone(),
            counter.value.to_string(),
            before.map_or_else(|| "–".to_owned(), u64::to_string),
        ]
    });
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    format!("\n{}", aligned(&lines))
}

/// Names the counters that are above the ones recorded.
pub(crate) fn worse_counters(counters: &[Counter], recorded: &Recorded) -> Vec<String> {
    let worse = counters.iter().filter_map(|counter| {
        let before = *recorded.counters.get(&counter.name)?;
        (counter.value > before).then(|| {
            format!(
                "{} rose from {before} to {}; if that is meant, record it: cargo bench -- --short --write-docs",
                counter.name, counter.value
            )
        })
    });
    worse.collect()
}

/// Returns the cells of a row.
pub(crate) fn cells(row: &Row) -> [String; 8] {
    let ours = row
        .ours
        .map_or_else(|| "not built".to_owned(), |value| amount(value, row.unit));
    let limit = if row.ours.is_some() {
        amount(row.limit, row.unit)
    } else {
        "–".to_owned()
    };
    let peak = if row.peak_bytes > 0 {
        format!("{} MB", row.peak_bytes / 1_000_000)
    } else {
        "–".to_owned()
    };
    [
        row.operation.clone(),
        row.size.clone(),
        ours,
        row.against.clone(),
        limit,
        row.ratio()
            .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
        row.target.clone(),
        peak,
    ]
}

/// Writes an amount in a unit that people read.
pub(crate) fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value >= 1.0 => format!("{value:.2} s"),
        Unit::Seconds if value >= 0.001 => format!("{:.1} ms", value * 1e3),
        Unit::Seconds => format!("{:.1} µs", value * 1e6),
        Unit::Bytes if value >= 1e6 => format!("{:.1} MB", value / 1e6),
        Unit::Bytes if value >= 1e4 => format!("{:.1} kB", value / 1e3),
        Unit::Bytes => format!("{value:.0} B"),
    }
}

/// Tells a recorded ratio, and how far the present one is from it.
fn change(row: &Row, recorded: &Recorded) -> String {
    match (recorded.ratios.get(&row.key()), row.ratio()) {
        (Some(before), Some(now)) => format!("{before:.2} ({:+.0} %)", 100.0 * (now / before - 1.0)),
        (Some(before), None) => format!("{before:.2}"),
        (None, _) => "–".to_owned(),
    }
}

/// Pads cells to columns; all but the first two columns and what is held against stand to the left as well.
fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            // Writing into a text cannot fail.
            let _ = write!(row, "{cell:width$}  ");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// Writes `target/bench.json`.
pub(crate) fn write_json(
    options: &Options,
    machine: &str,
    rows: &[Row],
    counters: &[Counter],
) -> Outcome<()> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "operation": row.operation,
                "size": row.size,
                "unit": match row.unit { Unit::Seconds => "s", Unit::Bytes => "B" },
                "ours": row.ours,
                "against": row.against,
                "limit": row.ours.map(|_| row.limit),
                "ratio": row.ratio(),
                "target": row.target,
                "peak_bytes": Some(row.peak_bytes).filter(|bytes| *bytes > 0),
            })
        })
        .collect();
    let counters: serde_json::Map<_, _> = counters
        .iter()
        .map(|counter| (counter.name.clone(), json!(counter.value)))
        .collect();
    let document = json!({
        "format": "holotype/bench/1",
        "machine": machine,
        "size": size_name(options.size),
        "short": options.short,
        "repetitions": options.repetitions,
        "rows": rows,
        "counters": counters,
    });
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let path = tmp.parent().unwrap_or(tmp).join("bench.json");
    std::fs::write(&path, serde_json::to_string_pretty(&document)? + "\n")?;
    Ok(())
}
