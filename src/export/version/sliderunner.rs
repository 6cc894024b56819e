//! A version as a SlideRunner database.

use std::collections::BTreeMap;
use std::io::Write;

use super::{ExportOptions, Exported, chosen_images, count_erased, length, text};
use crate::event::State;
use crate::export::carrier::{carried, carrier};
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::rows::{Parts, Row};
use crate::export::sliderunner::{
    SlideRunnerClass, SlideRunnerDatabase, SlideRunnerLabel, SlideRunnerRow, SlideRunnerSlide,
};
use crate::export::{ExportError, ExportReport};
use crate::id::{Code, LabelId};
use crate::model::qupath::{colour_text, made_up_colour, parse_colour};
use crate::model::sliderunner::{Kind, Placed};
use crate::model::{FactValue, Rule};
use crate::time::Timestamp;

/// Writes a version as one SlideRunner database: images by name, annotations by id. Labels are agreed by `rule`, else by
/// the rule in force.
///
/// # Errors
/// [`ExportError`] when the version cannot be read or `out` not be written.
pub fn export_sliderunner<W: Write>(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: W,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = chosen_images(&dataset, options);
    let mut report = ExportReport::default();
    let carrier = carrier(&dataset, &chosen, options.repository, &mut report)?;
    let persons: Vec<&str> = dataset.annotators().keys().map(Code::as_str).collect();
    let mut database = SlideRunnerDatabase::begin(&classes(&dataset), &persons, &text(&carrier)?)?;
    let people: BTreeMap<&Code, usize> = dataset.annotators().keys().zip(0..).collect();
    let convert = Convert {
        dataset: &dataset,
        people,
    };
    let rows_of = |image: &ImageRow, rows: Vec<Row<'_>>| -> Result<Done, ExportError> {
        let mut losses = ExportReport::default();
        let taken = rows.iter().filter(|row| options.filter.takes(row));
        let rows: Result<Vec<SlideRunnerRow>, ExportError> =
            taken.map(|row| convert.row(row, &mut losses)).collect();
        let slide = (
            image.record.name.clone(),
            image.record.number("width"),
            image.record.number("height"),
        );
        Ok((slide, rows?, losses))
    };
    let images = chosen.iter().copied();
    dataset.rows().each_image(images, Parts::ALL, rows_of, |done| {
        let ((name, width, height), rows, losses) = done?;
        report.merge(losses);
        let slide = SlideRunnerSlide {
            name: &name,
            width,
            height,
        };
        database.put(&slide, &rows).map_err(ExportError::from)
    })?;
    let annotations = database.end(out)?;
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(dataset.rows().labels()),
        report,
    })
}

/// One image: name and size, annotations, what was lost.
type Done = (
    (String, Option<f64>, Option<f64>),
    Vec<SlideRunnerRow>,
    ExportReport,
);

/// SlideRunner draws each class in a colour of its own and cannot do without; one that is not known is made up.
fn classes<'d>(dataset: &'d Dataset<'_>) -> Vec<SlideRunnerClass<'d>> {
    let labels = dataset.rows().labels().iter();
    let class = |(_, record): &'d (LabelId, crate::model::LabelRecord)| {
        let known = record
            .facts
            .get("colour")
            .and_then(FactValue::as_text)
            .and_then(parse_colour);
        SlideRunnerClass {
            name: &record.name,
            colour: colour_text(known.unwrap_or_else(|| made_up_colour(&record.name))),
        }
    };
    labels.map(class).collect()
}

/// Turns annotations into rows.
struct Convert<'d> {
    dataset: &'d Dataset<'d>,
    people: BTreeMap<&'d Code, usize>,
}

impl Convert<'_> {
    fn row(&self, row: &Row<'_>, losses: &mut ExportReport) -> Result<SlideRunnerRow, ExportError> {
        let record = &row.record;
        let placed = Placed::of(&record.geometry, row.image.record.size());
        let name = || format!("annotation {}", row.annotation);
        if let Some((code, why)) = placed.loss {
            losses.add(code, 1, || {
                format!("{}: {why}; it travels exactly in the table Holotype", name())
            });
        }
        let shown = placed.read_back().filter(|shown| *shown != record.geometry);
        let (carried, hidden) = carried(row, self.dataset.rows(), shown);
        losses.add(
            "private_attributes",
            u64::try_from(hidden).unwrap_or(u64::MAX),
            || format!("{}: private texts are left out", name()),
        );
        let class = |label: Option<LabelId>| label.and_then(|label| self.dataset.rows().label_place(label));
        let is_flag = |name: &str, flag: bool| record.attributes.get(name) == Some(&FactValue::Flag(flag));
        let is_special = placed.kind == Kind::Spot
            && is_flag("special", true)
            && row.label.is_none()
            && row.ratings.is_empty();
        let labels = row.ratings.iter().filter_map(|rating| {
            let claimed = rating.record.claimed_at.as_deref();
            Some(SlideRunnerLabel {
                person: self.people.get(&rating.key.annotator).copied()?,
                class: class(rating.record.label),
                time: claimed.and_then(|text| Timestamp::parse(text).ok()).map(seconds),
            })
        });
        let own = row
            .annotation
            .as_bytes()
            .last_chunk::<16>()
            .copied()
            .unwrap_or_default();
        Ok(SlideRunnerRow {
            guid: uuid::Uuid::from_bytes(own).to_string(),
            kind: if is_special {
                Kind::SpecialSpot
            } else {
                placed.kind
            },
            points: placed.points,
            z: placed.z,
            class: class(row.label),
            is_clickable: !is_flag("clickable", false),
            labels: labels.collect(),
            carried: text(&carried)?,
        })
    }
}

/// Seconds since 1970, as SlideRunner keeps them.
fn seconds(time: Timestamp) -> f64 {
    let milliseconds: f64 = time.as_unix_ms().to_string().parse().unwrap_or(0.0);
    milliseconds / 1000.0
}
