//! The tables in `docs/performance.md`: read to compare with, replaced between their marks.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::counters::Counter;
use crate::measure::{Outcome, Row};
use crate::options::{Options, size_name};
use crate::report::{COLUMNS, cells};

/// What the page says.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// Ratios by operation, size and what they were held against.
    pub(crate) ratios: BTreeMap<(String, String, String), f64>,
    /// Exact counts by name.
    pub(crate) counters: BTreeMap<String, u64>,
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md")
}

/// Reads the page's tables: lines of eight cells are measurements, lines of two are counts.
pub(crate) fn read() -> Outcome<Recorded> {
    let mut recorded = Recorded::default();
    for line in fs::read_to_string(path())?.lines() {
        let Some(line) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" |")) else {
            continue;
        };
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        match cells.as_slice() {
            [operation, size, _, against, _, ratio, _, _] => {
                if let Ok(ratio) = ratio.parse() {
                    let key = [*operation, *size, *against].map(str::to_owned);
                    recorded.ratios.insert(key.into(), ratio);
                }
            }
            [name, value] => {
                if let Ok(value) = value.parse() {
                    recorded.counters.insert((*name).to_owned(), value);
                }
            }
            _ => {}
        }
    }
    Ok(recorded)
}

/// Replaces the table of this size, and the one of counts.
pub(crate) fn write(machine: &str, options: &Options, rows: &[Row], counters: &[Counter]) -> Outcome<()> {
    if options.only.is_some() {
        return Err("--write-docs replaces a whole table, so it cannot go with --only".into());
    }
    let size = size_name(options.size);
    let words = if options.short {
        "--short".to_owned()
    } else {
        format!("--size {size}")
    };
    let mut text = format!(
        "`cargo bench -- {words}`, {} repetitions, on: {machine}.\n\n{}",
        options.repetitions,
        markdown_head(&COLUMNS)
    );
    for row in rows {
        text.push_str(&markdown_line(&cells(row)));
    }
    replace(&format!("bench {size}"), &text)?;
    let mut text = markdown_head(&["count", "value"]);
    for counter in counters {
        text.push_str(&markdown_line(&[counter.name.clone(), counter.value.to_string()]));
    }
    replace("counts", &text)
}

/// Returns the head of a Markdown table.
pub(crate) fn markdown_head(columns: &[&str]) -> String {
    format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()))
}

/// Returns a line of a Markdown table.
pub(crate) fn markdown_line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Replaces what stands between the marks of a part of the page.
pub(crate) fn replace(part: &str, text: &str) -> Outcome<()> {
    let page = fs::read_to_string(path())?;
    let (begin, end) = (
        format!("<!-- {part}: begin -->\n"),
        format!("<!-- {part}: end -->"),
    );
    let missing = || format!("docs/performance.md has no marks for '{part}'");
    let (before, rest) = page.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(fs::write(path(), format!("{before}{begin}{text}{end}{after}"))?)
}
