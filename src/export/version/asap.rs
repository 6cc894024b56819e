//! A version as ASAP XML, one file an image.

use super::{ExportOptions, Exported, chosen_images, count_erased, file_names, length};
use crate::event::State;
use crate::export::asap::{AsapAnnotation, AsapCurve, AsapGroup, AsapImage, AsapLosses, write_asap};
use crate::export::dataset::{Dataset, ImageRow};
use crate::export::rows::{Parts, Row};
use crate::export::{ExportError, ExportReport};
use crate::files::output::StagedFolder;
use crate::model::{FactValue, Facts, Rule};

/// The facts of a label that a group can say.
const LABEL_FACTS: [&str; 2] = ["colour", "supercategory"];

/// The attributes of an annotation that the tool can say.
const ATTRIBUTES: [&str; 2] = ["asap_type", "colour"];

/// Writes a version as ASAP XML: one file an image, named as the image but for its extension (where two images differ
/// in that alone: behind it). Each file has all labels as groups.
///
/// # Errors
/// [`ExportError::Names`] when names of images cannot be files, or when the version cannot be read or a file not be
/// written.
pub fn export_asap(
    version: &(dyn State + Sync),
    rule: Option<&Rule>,
    out: &mut StagedFolder,
    options: &ExportOptions<'_>,
) -> Result<Exported, ExportError> {
    let dataset = Dataset::open(version, rule)?;
    let chosen: Vec<&ImageRow> = chosen_images(&dataset, options);
    let names = file_names(&chosen, "xml")?;
    let labels = dataset.rows().labels();
    let groups: Vec<AsapGroup<'_>> = labels
        .iter()
        .map(|(_, label)| AsapGroup {
            name: &label.name,
            colour: colour(&label.facts),
            outer: label.facts.get("supercategory").and_then(FactValue::as_text),
        })
        .collect();
    let (mut lost, mut annotations) = (Lost::default(), 0);
    let mut names = names.iter();
    let file_of = |image: &ImageRow, mut rows: Vec<Row<'_>>| {
        rows.retain(|row| options.filter.takes(row));
        (file(image, &groups, &rows), length(&rows))
    };
    let parts = options.filter.parts(Parts::COUNTED);
    let images = chosen.iter().copied();
    dataset
        .rows()
        .each_image(images, parts, file_of, |((bytes, of_file), rows)| {
            annotations += rows.saturating_sub(of_file.losses.without_extent);
            lost.add(of_file);
            let name = names.next().map_or("", String::as_str);
            out.write_file(name, &bytes).map_err(ExportError::from)
        })?;
    // Each file has the same groups: what they cannot say is counted once.
    lost.losses.outer_labels = lost.losses.outer_labels.checked_div(length(&chosen)).unwrap_or(0);
    let said = |facts: &Facts| says_more(facts, &LABEL_FACTS);
    let label_facts = labels.iter().filter(|(_, label)| said(&label.facts)).count();
    let mut report = report(&lost);
    report.add(
        "label_facts",
        u64::try_from(label_facts).unwrap_or(u64::MAX),
        || "of a label, ASAP says name, colour and outer label only".to_owned(),
    );
    count_erased(&dataset, &mut report);
    Ok(Exported {
        images: length(&chosen),
        annotations,
        labels: length(labels),
        report,
    })
}

/// What files do not say.
#[derive(Default)]
struct Lost {
    losses: AsapLosses,
    votes: u64,
    attributes: u64,
}

impl Lost {
    fn add(&mut self, other: Self) {
        self.losses.add(other.losses);
        self.votes += other.votes;
        self.attributes += other.attributes;
    }
}

/// A colour that every program reads: `#` and six hex digits.
fn colour(facts: &Facts) -> Option<&str> {
    let text = facts.get("colour").and_then(FactValue::as_text)?;
    let digits = text.strip_prefix('#')?;
    (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(text)
}

/// Whether there are facts beyond `known` that are not private.
fn says_more(facts: &Facts, known: &[&str]) -> bool {
    let is_public = |value: &FactValue| match value {
        FactValue::Text(_) | FactValue::Number(_) | FactValue::Flag(_) => true,
        FactValue::Private(_) => false,
    };
    facts
        .iter()
        .any(|(name, value)| !known.contains(&name.as_str()) && is_public(value))
}

fn file(image: &ImageRow, groups: &[AsapGroup<'_>], rows: &[Row<'_>]) -> (Vec<u8>, Lost) {
    let record = &image.record;
    let head = AsapImage {
        name: &record.name,
        size: record.number("width").zip(record.number("height")),
    };
    let annotations: Vec<AsapAnnotation<'_>> = rows
        .iter()
        .map(|row| {
            let attributes = &row.record.attributes;
            let kind = attributes.get("asap_type").and_then(FactValue::as_text);
            AsapAnnotation {
                id: Some(row.annotation),
                label: row.label_name,
                geometry: &row.record.geometry,
                colour: colour(attributes),
                curve: if kind == Some("Spline") {
                    AsapCurve::Spline
                } else {
                    AsapCurve::Straight
                },
            }
        })
        .collect();
    let mut bytes = Vec::new();
    let losses = write_asap(&head, groups, &annotations, &mut bytes);
    let attributes = rows
        .iter()
        .filter(|row| says_more(&row.record.attributes, &ATTRIBUTES))
        .count();
    let lost = Lost {
        losses,
        votes: rows.iter().map(|row| row.rating_count).sum(),
        attributes: u64::try_from(attributes).unwrap_or(u64::MAX),
    };
    (bytes, lost)
}

fn report(lost: &Lost) -> ExportReport {
    let mut report = ExportReport::default();
    let losses = &lost.losses;
    for (code, count, message) in [
        ("votes", lost.votes, "ASAP has no place for ratings"),
        (
            "attributes",
            lost.attributes,
            "ASAP has no place for attributes of annotations",
        ),
        (
            "holes_filled",
            losses.holes_filled,
            "ASAP shows polygons without their holes; they stand in HolotypeGeometry, which it does not keep",
        ),
        (
            "drawn_as_polygon",
            losses.drawn_as_polygon,
            "round and turned shapes and masks are drawn as polygons; exactly they stand in HolotypeGeometry, which ASAP \
             does not keep",
        ),
        (
            "line_closed",
            losses.line_closed,
            "lines of more than two positions are drawn as closed polygons",
        ),
        (
            "image_as_box",
            losses.image_as_rectangle,
            "a whole image is written as a box of its size",
        ),
        (
            "divided",
            losses.divided,
            "what takes several polygons becomes several annotations, which are new ones when they are read",
        ),
        (
            "without_extent",
            losses.without_extent,
            "annotations of a whole image whose size is not known are left out",
        ),
        (
            "without_plane",
            losses.without_plane,
            "ASAP does not show positions in a stack",
        ),
        (
            "label_unspeakable",
            losses.label_unspeakable,
            "the group None means no class, so that annotations with this label are written without one",
        ),
        (
            "outer_label",
            losses.outer_labels,
            "a label whose outer label is itself or no label of the dataset is written as an outermost group",
        ),
        (
            "characters_replaced",
            losses.characters_replaced,
            "characters that XML does not allow are written as U+FFFD",
        ),
    ] {
        report.add(code, count, || message.to_owned());
    }
    report
}
