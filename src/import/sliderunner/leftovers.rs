//! What the source had that no reader takes over: rows it deleted itself, columns and tables of other programs.

use super::carried::TABLE as CARRIED;
use super::error::SlideRunnerError;
use super::schema::{LOG, NEEDED, Schema, quoted};
use crate::import::report::LossReport;

/// Columns of tables whose rows have no place for attributes, as far as they are read or say nothing.
const READ: [(&str, &[&str]); 4] = [
    ("Persons", &["uid", "name"]),
    ("Annotations_label", &["uid", "person", "class", "annoId"]),
    (
        "Annotations_coordinates",
        &[
            "uid",
            "coordinateX",
            "coordinateY",
            "coordinateZ",
            "slide",
            "annoId",
            "orderIdx",
        ],
    ),
    (LOG, &["uid", "dateTime", "labelId"]),
];

/// A count that a hostile file makes up stays below what later sums can hold.
const MOST: u64 = 1 << 53;

/// Reports the leftovers.
pub(super) fn report(schema: &Schema<'_>, report: &mut LossReport) -> Result<(), SlideRunnerError> {
    deleted_rows(schema, report)?;
    for (table, known) in READ {
        for column in schema.other_columns(table, known) {
            let (name, column_name) = (quoted(table), quoted(&column));
            let sql =
                format!("select count(*) from {name} where {column_name} is not null and {column_name} <> 0");
            let filled = positive(schema.count(table, &sql)?);
            report.losses.add_many("column_not_read", filled, || {
                format!(
                    "{}: table '{table}': column '{column}' is not taken over",
                    schema.file
                )
            });
        }
    }
    let is_read = |table: &str| {
        table.starts_with("sqlite_")
            || table == LOG
            || table == CARRIED
            || NEEDED.iter().any(|(name, _)| name.eq_ignore_ascii_case(table))
    };
    for table in schema.table_names().filter(|table| !is_read(table)) {
        let rows = positive(schema.count(table, &format!("select count(*) from {}", quoted(table)))?);
        report.losses.add_many("table_not_read", rows, || {
            format!(
                "{}: table '{table}' is not one of SlideRunner's; its rows are not taken over",
                schema.file
            )
        });
    }
    Ok(())
}

/// `sqlite_sequence` holds the highest uid that a table ever had; what is missing to it was deleted for good.
fn deleted_rows(schema: &Schema<'_>, report: &mut LossReport) -> Result<(), SlideRunnerError> {
    if !schema.has_column("sqlite_sequence", "seq") {
        return Ok(());
    }
    let (mut sum, mut each) = (0u64, Vec::new());
    for (table, _) in NEEDED {
        let highest = format!("select max(seq) from sqlite_sequence where name = '{table}' collate nocase");
        let highest = schema.count("sqlite_sequence", &highest)?;
        let present = schema.count(table, &format!("select count(*) from {}", quoted(table)))?;
        let deleted = positive(highest.saturating_sub(present));
        if deleted > 0 {
            sum = sum.saturating_add(deleted).min(MOST);
            each.push(format!("{table} {deleted}"));
        }
    }
    report.losses.add_many("hard_deleted_rows", sum, || {
        format!(
            "{}: rows were deleted for good before this import: {}",
            schema.file,
            each.join(", ")
        )
    });
    Ok(())
}

fn positive(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0).min(MOST)
}
