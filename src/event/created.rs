//! The line that there are millions of: an annotation's creation. It is read in one pass, and what of it goes into
//! records unchanged is copied as it stands. A line of another form is left to the general reader.

use crate::codec::Scan;
use crate::id::{AnnotationId, BlobId, LabelId};
use crate::model::facts::scan_facts;
use crate::model::scan::{scan_annotation_id, scan_blob_id, scan_label_id};
use crate::model::{Facts, Geometry};

use super::Event;

/// The creation of an annotation, as it stands in a line whose kind is the default of its batch.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedLine<'b> {
    /// The annotation.
    pub annotation: AnnotationId,
    /// Its label.
    pub label: Option<LabelId>,
    /// The id that its source gave it.
    pub source_id: Option<&'b str>,
    /// Whatever else is known of it.
    pub attributes: Facts,
    geometry: Geometry,
    image_version: Option<BlobId>,
    /// The members `attributes`, `geometry` and the rest, as they stand.
    written: Written<'b>,
}

/// Canonical bytes of members; empty where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Written<'b> {
    /// With its comma behind.
    attributes: &'b [u8],
    geometry: &'b [u8],
    /// `image_version` and `label`, each with its comma before.
    rest: &'b [u8],
}

impl<'b> CreatedLine<'b> {
    /// Reads a line; `None` where the general reader has to look.
    pub(super) fn scan(line: &'b [u8]) -> Option<Self> {
        let scan = &mut Scan::new(line);
        scan.literal(b"{\"annotation\":")?;
        let annotation = scan_annotation_id(scan)?;
        scan.literal(b",")?;
        let before = *scan;
        let mut attributes = Facts::new();
        if scan.take(b"\"attributes\":") {
            attributes = scan_facts(scan)?;
            scan.literal(b",")?;
        }
        let written_attributes = scan.since(before);
        scan.literal(b"\"geometry\":")?;
        let before = *scan;
        let geometry = Geometry::scan(scan)?;
        let written_geometry = scan.since(before);
        let before = *scan;
        let image_version = if scan.take(b",\"image_version\":") {
            Some(scan_blob_id(scan)?)
        } else {
            None
        };
        let label = if scan.take(b",\"label\":") {
            Some(scan_label_id(scan)?)
        } else {
            None
        };
        let rest = scan.since(before);
        let source_id = if scan.take(b",\"source_id\":") {
            Some(scan.text()?)
        } else {
            None
        };
        scan.literal(b"}")?;
        scan.end()?;
        Some(Self {
            annotation,
            label,
            source_id,
            attributes,
            geometry,
            image_version,
            written: Written {
                attributes: written_attributes,
                geometry: written_geometry,
                rest,
            },
        })
    }

    /// Returns the canonical bytes of the annotation's record: its members are those of the line.
    pub(super) fn record(&self) -> Vec<u8> {
        const FORMAT: &[u8] = b"\"format\":\"annotation/1\",\"geometry\":";
        let Written {
            attributes,
            geometry,
            rest,
        } = self.written;
        [b"{", attributes, FORMAT, geometry, rest, b"}"].concat()
    }

    /// Returns the event.
    #[must_use]
    pub fn into_event(self) -> Event {
        Event::AnnotationCreated {
            annotation: self.annotation,
            geometry: self.geometry,
            label: self.label,
            source_id: self.source_id.map(str::to_owned),
            attributes: self.attributes,
            image_version: self.image_version,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::to_canonical;
    use crate::event::{BatchReader, BatchWriter, Context, EmptyState, LineEvent, evolve, evolve_line};
    use crate::id::{Code, Digest, ImageId};
    use crate::model::{FactValue, Shape};

    fn event() -> impl Strategy<Value = Event> {
        let number = || (0_i32..4000).prop_map(|n| f64::from(n) / 4.0);
        let shape = prop_oneof![
            [number(), number(), number(), number()].prop_map(|[x, y, width, height]| Shape::Box {
                x,
                y,
                width,
                height
            }),
            prop::collection::vec([number(), number()], 1..6)
                .prop_map(|ring| Shape::Polygon { rings: vec![ring] }),
            Just(Shape::Image),
        ];
        let facts = prop::collection::btree_map("[a-c]{1,2}", "[a-z\"]{0,4}".prop_map(FactValue::Text), 0..3);
        let source_id = prop::option::of("[0-9\\\\]{1,5}");
        let parts = (shape, any::<Option<[u8; 8]>>(), any::<Option<[u8; 32]>>());
        (parts, facts, source_id).prop_map(|((shape, label, version), attributes, source_id)| {
            Event::AnnotationCreated {
                annotation: AnnotationId::from_source(&ImageId::of_name("a"), "l", "1"),
                geometry: Geometry { shape, plane: None },
                label: label.map(LabelId::from_bytes),
                source_id,
                attributes,
                image_version: version.map(|bytes| BlobId::from_digest(Digest::from_bytes(bytes))),
            }
        })
    }

    fn context() -> Context {
        Context {
            annotator: Code::parse("human-1").ok(),
            lineage: Some("l".to_owned()),
            ..Context::default()
        }
    }

    /// Reads a batch of one event whose line is this.
    fn read(header: &[u8], line: &[u8]) -> Option<Event> {
        let bytes = [header, line, b"\n"].concat();
        let mut reader = BatchReader::new(&bytes).unwrap();
        Some(reader.next()?.ok()?.event)
    }

    proptest! {
        #[test]
        fn a_line_read_in_one_pass_does_what_its_event_does(event in event(), (at, other) in (any::<usize>(), any::<u8>())) {
            let mut writer = BatchWriter::new();
            writer.push(&context(), &event).unwrap();
            let bytes = writer.seal().unwrap().bytes;
            let mut reader = BatchReader::new(&bytes).unwrap();
            let read_line = reader.next_line().unwrap().unwrap();
            let Event::AnnotationCreated { geometry, attributes, source_id, .. } = &event else { unreachable!() };
            let is_plain = geometry.shape != Shape::Image
                && source_id.as_ref().is_none_or(|id| !id.contains('\\'))
                && !to_canonical(attributes).unwrap().contains(&b'\\');
            prop_assert_eq!(matches!(read_line.event, LineEvent::Created(_)), is_plain);
            let edits = evolve_line(&EmptyState, read_line.context, &read_line.event).unwrap();
            prop_assert_eq!(edits, evolve(&EmptyState, &context(), &event).unwrap());
            prop_assert_eq!(read_line.event.into_event(), event);

            // A byte of the line is another one: what is read in one pass is what is read otherwise, which a line
            // that says its own kind is.
            let split = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let (header, line) = bytes.split_at(split);
            let mut line = line[..line.len() - 1].to_vec();
            let length = line.len();
            line[at % length] = if other == b'\n' { b' ' } else { other };
            let general = [b"{\"event\":\"image.declared/1\",\"format\":\"holotype/batch/1\"}\n".as_slice()].concat();
            let text = String::from_utf8_lossy(&line).into_owned();
            if let (Some(found), Some(place)) = (CreatedLine::scan(&line), text.find(",\"geometry\"")) {
                let (front, back) = line.split_at(place);
                let told = [front, b",\"format\":\"annotation.created/1\"", back].concat();
                prop_assert_eq!(read(header, &line), Some(found.clone().into_event()));
                prop_assert_eq!(read(&general, &told), Some(found.into_event()));
            }
        }
    }
}
