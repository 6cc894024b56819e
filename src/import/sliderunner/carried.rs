//! What an export of Holotype left in the table `Holotype` of a database: text that is checked for its form here and for
//! its truth where it is taken in. Any of it that cannot be used is left out, with its place; the rest of the file counts.

use std::collections::{BTreeMap, BTreeSet};

use super::error::SlideRunnerError;
use super::lists::place;
use super::schema::{Cells, Schema};
use crate::codec::Record;
use crate::import::document::{Document, SourceAnnotation, SourceId};
use crate::import::report::LossReport;
use crate::model::CarriedAnnotation;
use crate::model::carrier::{CARRIED_BYTES_MAX, CARRIER_BYTES_MAX, parse_carried};

/// The table.
pub(super) const TABLE: &str = "Holotype";

/// What is carried of annotations, by the uids of these.
#[derive(Default)]
pub(super) struct Carried(BTreeMap<i64, CarriedAnnotation>);

impl Carried {
    /// Reads the table, where there is one; what is carried of the dataset goes into the document.
    pub(super) fn read(schema: &Schema<'_>, document: &mut Document) -> Result<Self, SlideRunnerError> {
        let mut carried = Self::default();
        if !["annoId", "carried"]
            .iter()
            .all(|column| schema.has_column(TABLE, column))
        {
            return Ok(carried);
        }
        schema.rows(TABLE, &["uid", "annoId", "carried"], |cells| {
            match cells.integer(1) {
                None => {
                    let read = parse(schema, cells, CARRIER_BYTES_MAX, &mut document.report);
                    if document.carried.dataset.is_none() {
                        document.carried.dataset = read.map(Box::new);
                    }
                }
                Some(uid) => {
                    if let Some(read) = parse(schema, cells, CARRIED_BYTES_MAX, &mut document.report) {
                        carried.0.entry(uid).or_insert(read);
                    }
                }
            }
            Ok(())
        })?;
        Ok(carried)
    }

    /// Returns the names under which images of the export stand in the database.
    pub(super) fn image_names(document: &Document) -> BTreeSet<String> {
        let images = document
            .carried
            .dataset
            .iter()
            .flat_map(|dataset| &dataset.images);
        images.map(|image| image.name.clone()).collect()
    }

    /// Takes what is carried of an annotation that has this guid; another one's is left out. Gives the annotation its exact
    /// geometry where the database still has the one that was written for it.
    pub(super) fn take(
        &mut self,
        uid: i64,
        here: &str,
        annotation: &mut SourceAnnotation,
        report: &mut LossReport,
    ) -> Option<CarriedAnnotation> {
        let carried = self.0.remove(&uid)?;
        let own = carried.id.as_bytes().last_chunk::<16>().copied();
        let is_own = match &annotation.id {
            Some(SourceId::Uuid(guid)) => own == Some(*guid),
            Some(SourceId::Holotype(_) | SourceId::Local(_)) | None => false,
        };
        if !is_own {
            report.losses.add("carried_of_another", || {
                format!(
                    "{here}: what the table {TABLE} carries for it is of annotation {}; it is left out",
                    carried.id
                )
            });
            return None;
        }
        if let (Some(exact), Some(shown)) = (&carried.geometry, &carried.shown)
            && *shown == annotation.geometry
        {
            annotation.geometry = exact.clone();
        }
        Some(carried)
    }
}

fn parse<R: Record>(
    schema: &Schema<'_>,
    cells: &Cells<'_>,
    limit: usize,
    report: &mut LossReport,
) -> Option<R> {
    match parse_carried(cells.bytes(2), limit) {
        Ok(read) => Some(read),
        Err(error) => {
            report.losses.add("carrier_unusable", || {
                format!("{}: {}", place(schema, TABLE, cells), error)
            });
            None
        }
    }
}
