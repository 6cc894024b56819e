//! Label rows: who said what of which annotation, in the order of the clicks.
//!
//! Only a row of `Log` tells when a label was given. Where a label has several, the latest counts: the label row
//! holds the class that was set last.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::error::SlideRunnerError;
use super::lists::{Classes, Persons};
use super::schema::{LOG, Schema};
use crate::import::document::SourceRating;
use crate::import::report::LossReport;
use crate::time::Timestamp;

/// One row of `Annotations_label`.
pub(super) struct LabelRow {
    uid: Option<i64>,
    pub(super) person: Option<i64>,
    class: Option<i64>,
    annotation: Option<i64>,
}

/// Reads all label rows in uid order.
pub(super) fn read_rows(schema: &Schema<'_>) -> Result<Vec<LabelRow>, SlideRunnerError> {
    let mut rows = Vec::new();
    schema.rows(
        "Annotations_label",
        &["uid", "person", "class", "annoId"],
        |cells| {
            rows.push(LabelRow {
                uid: cells.integer(0),
                person: cells.integer(1),
                class: cells.integer(2),
                annotation: cells.integer(3),
            });
            Ok(())
        },
    )?;
    Ok(rows)
}

/// The ratings of each annotation, by the annotation's uid.
pub(super) struct Ratings {
    by_annotation: BTreeMap<i64, Vec<SourceRating>>,
}

impl Ratings {
    /// Resolves label rows to classes, persons and times.
    pub(super) fn new(
        schema: &Schema<'_>,
        rows: Vec<LabelRow>,
        classes: &Classes,
        persons: &Persons,
        report: &mut LossReport,
    ) -> Result<Self, SlideRunnerError> {
        let uids: BTreeSet<i64> = rows.iter().filter_map(|row| row.uid).collect();
        let times = read_times(schema, &uids, report)?;
        let mut by_annotation: BTreeMap<i64, Vec<SourceRating>> = BTreeMap::new();
        for row in rows {
            let place = || {
                let uid = row
                    .uid
                    .map_or_else(|| "unknown".to_owned(), |uid| uid.to_string());
                format!("{}: Annotations_label uid {uid}", schema.file)
            };
            let Some(person) = row.person.and_then(|uid| persons.index(uid)) else {
                report.losses.add("label_without_person", || {
                    format!("{}: it does not say who", place())
                });
                continue;
            };
            let Some(annotation) = row.annotation else {
                report.losses.add("label_without_annotation", || {
                    format!("{}: it names no annotation", place())
                });
                continue;
            };
            by_annotation.entry(annotation).or_default().push(SourceRating {
                person,
                label: opinion(row.class, classes, report, place),
                claimed_at: row.uid.and_then(|uid| times.get(&uid)).map(ToString::to_string),
            });
        }
        Ok(Self { by_annotation })
    }

    /// Hands out the ratings of an annotation, once.
    pub(super) fn take(&mut self, annotation: i64) -> Vec<SourceRating> {
        self.by_annotation.remove(&annotation).unwrap_or_default()
    }

    /// Reports the label rows that were not handed out: their annotation does not exist.
    pub(super) fn report_rest(&self, schema: &Schema<'_>, report: &mut LossReport) {
        for (annotation, ratings) in &self.by_annotation {
            report
                .losses
                .add_many("label_without_annotation", count(ratings.len()), || {
                    format!(
                        "{}: Annotations_label names annotation {annotation}, which does not exist",
                        schema.file
                    )
                });
        }
    }
}

/// Class 0 is no class but *no opinion*; so is none at all. A class that is not listed cannot be named.
fn opinion(
    class: Option<i64>,
    classes: &Classes,
    report: &mut LossReport,
    place: impl Fn() -> String,
) -> Option<usize> {
    let uid = class.unwrap_or(0);
    let label = classes.index(uid);
    match (label, class) {
        (Some(_), _) => {}
        (None, Some(0)) => report.warnings.add("no_opinion", || {
            format!("{}: class 0 is read as a rating without opinion", place())
        }),
        (None, Some(uid)) => report.losses.add("unknown_class", || {
            format!(
                "{}: class {uid} is not in Classes; kept as a rating without opinion",
                place()
            )
        }),
        (None, None) => report.warnings.add("label_without_class", || {
            format!("{}: it has no class; kept as a rating without opinion", place())
        }),
    }
    label
}

fn read_times(
    schema: &Schema<'_>,
    labels: &BTreeSet<i64>,
    report: &mut LossReport,
) -> Result<BTreeMap<i64, Timestamp>, SlideRunnerError> {
    let mut times: BTreeMap<i64, Timestamp> = BTreeMap::new();
    if !schema.has_column(LOG, "labelId") || !schema.has_column(LOG, "dateTime") {
        return Ok(times);
    }
    schema.rows(LOG, &["uid", "dateTime", "labelId"], |cells| {
        let place = || super::lists::place(schema, LOG, cells);
        let Some(label) = cells.integer(2).filter(|label| labels.contains(label)) else {
            report.losses.add("log_without_label", || {
                format!("{}: its label does not exist", place())
            });
            return Ok(());
        };
        let Some(time) = cells.number(1).and_then(from_unix_seconds) else {
            report.losses.add("log_without_time", || {
                format!("{}: its dateTime is no point in time", place())
            });
            return Ok(());
        };
        let latest = times.entry(label).or_insert(time);
        *latest = time.max(*latest);
        Ok(())
    })?;
    Ok(times)
}

/// Reads seconds since 1970-01-01T00:00:00Z, to the millisecond.
fn from_unix_seconds(seconds: f64) -> Option<Timestamp> {
    let distance = Duration::try_from_secs_f64(seconds.abs()).ok()?;
    let milliseconds = i64::try_from(distance.as_millis()).ok()?;
    Timestamp::from_unix_ms(if seconds < 0.0 {
        -milliseconds
    } else {
        milliseconds
    })
}

/// Returns a length as a count.
pub(super) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
