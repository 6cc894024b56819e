//! Ids that stand for one annotation of a file.

use std::collections::BTreeMap;

use super::error::{XmlError, XmlProblem};
use super::reader::XmlReader;
use crate::import::document::{Document, SourceAnnotation};

/// Where the annotation of each id stands in the document, and in the file.
#[derive(Debug, Default)]
pub(crate) struct Ids(BTreeMap<String, (usize, usize)>);

impl Ids {
    /// Adds an annotation that begins at the byte `offset`. One whose id is there before must be the same, and is added
    /// once; else the file is refused.
    pub(crate) fn push(
        &mut self,
        reader: &XmlReader<'_>,
        offset: usize,
        id: Option<String>,
        annotation: SourceAnnotation,
        document: &mut Document,
    ) -> Result<(), XmlError> {
        let Some(name) = id else {
            document.annotations.push(annotation);
            return Ok(());
        };
        let new = (document.annotations.len(), offset);
        let (index, first) = *self.0.entry(name.clone()).or_insert(new);
        match document.annotations.get(index) {
            None => document.annotations.push(annotation),
            Some(known) if *known == annotation => {
                document.report.warnings.add("annotation_repeated", || {
                    format!(
                        "{}: the annotation {name} is there twice, the same both times",
                        reader.here(offset)
                    )
                });
            }
            Some(_) => {
                let (what, first) = ("the annotation", reader.place(first));
                return Err(reader.refuse(offset, XmlProblem::Contradiction { what, name, first }));
            }
        }
        Ok(())
    }
}
