//! Reading the records that there are millions of in one pass: annotations, ratings and source ids in their commonest
//! form. All else, and what is wrong, is left to the general reader.

use crate::codec::{Extra, Scan, Tag, write_string};
use crate::id::{AnnotationId, BlobId, Digest, LabelId, append_hex};

use super::facts::{Facts, scan_facts};
use super::geometry::Geometry;
use super::kinds::Method;
use super::records::{AnnotationRecord, RatingRecord, SourceIdRecord};

/// Reads an annotation's id with its quotes.
pub(crate) fn scan_annotation_id(scan: &mut Scan<'_>) -> Option<AnnotationId> {
    scan.literal(b"\"")?;
    let id = AnnotationId::from_bytes(scan.hex()?);
    scan.literal(b"\"")?;
    Some(id)
}

/// Reads a label's id with its quotes.
pub(crate) fn scan_label_id(scan: &mut Scan<'_>) -> Option<LabelId> {
    scan.literal(b"\"")?;
    let id = LabelId::from_bytes(scan.hex()?);
    scan.literal(b"\"")?;
    Some(id)
}

/// Reads a blob's id with its quotes.
pub(crate) fn scan_blob_id(scan: &mut Scan<'_>) -> Option<BlobId> {
    scan.literal(b"\"")?;
    let id = BlobId::from_digest(Digest::from_bytes(scan.hex()?));
    scan.literal(b"\"")?;
    Some(id)
}

pub(super) fn scan_annotation(bytes: &[u8]) -> Option<AnnotationRecord> {
    let scan = &mut Scan::new(bytes);
    scan.literal(b"{")?;
    let attributes = if scan.take(b"\"attributes\":") {
        let facts = scan_facts(scan)?;
        scan.literal(b",")?;
        facts
    } else {
        Facts::new()
    };
    scan.literal(b"\"format\":\"annotation/1\",\"geometry\":")?;
    let geometry = Geometry::scan(scan)?;
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
    scan.literal(b"}")?;
    scan.end()?;
    Some(AnnotationRecord {
        attributes,
        format: Tag::default(),
        geometry,
        image_version,
        label,
        extra: Extra::default(),
    })
}

pub(super) fn scan_rating(bytes: &[u8]) -> Option<RatingRecord> {
    let scan = &mut Scan::new(bytes);
    scan.literal(b"{")?;
    let blinded = if scan.take(b"\"blinded\":true,") {
        Some(true)
    } else if scan.take(b"\"blinded\":false,") {
        Some(false)
    } else {
        None
    };
    let claimed_at = if scan.take(b"\"claimed_at\":") {
        let text = scan.text()?.to_owned();
        scan.literal(b",")?;
        Some(text)
    } else {
        None
    };
    scan.literal(b"\"format\":\"rating/1\"")?;
    let label = if scan.take(b",\"label\":") {
        Some(scan_label_id(scan)?)
    } else {
        None
    };
    let method = if scan.take(b",\"method\":") {
        Some(Method::parse(scan.text()?).ok()?)
    } else {
        None
    };
    scan.literal(b"}")?;
    scan.end()?;
    Some(RatingRecord {
        blinded,
        claimed_at,
        format: Tag::default(),
        label,
        method,
        extra: Extra::default(),
    })
}

/// A source id in its commonest form, borrowed from its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SourceIdParts<'b> {
    pub(crate) annotation: AnnotationId,
    pub(crate) id: &'b str,
    pub(crate) lineage: &'b str,
}

impl<'b> SourceIdParts<'b> {
    /// Reads a record; `None` where the general reader has to look.
    pub(crate) fn scan(bytes: &'b [u8]) -> Option<Self> {
        let scan = &mut Scan::new(bytes);
        scan.literal(b"{\"annotation\":")?;
        let annotation = scan_annotation_id(scan)?;
        scan.literal(b",\"format\":\"source-id/1\",\"id\":")?;
        let id = scan.text()?;
        scan.literal(b",\"lineage\":")?;
        let lineage = scan.text()?;
        scan.literal(b"}")?;
        scan.end()?;
        Some(Self {
            annotation,
            id,
            lineage,
        })
    }

    /// Returns the record's canonical bytes.
    pub(crate) fn to_record(self) -> Vec<u8> {
        const LITERALS: usize = 120;
        let mut bytes = Vec::with_capacity(LITERALS + self.id.len() + self.lineage.len());
        bytes.extend_from_slice(b"{\"annotation\":\"");
        append_hex(self.annotation.as_bytes(), &mut bytes);
        bytes.extend_from_slice(b"\",\"format\":\"source-id/1\",\"id\":");
        write_string(self.id, &mut bytes);
        bytes.extend_from_slice(b",\"lineage\":");
        write_string(self.lineage, &mut bytes);
        bytes.push(b'}');
        bytes
    }
}

pub(super) fn scan_source_id(bytes: &[u8]) -> Option<SourceIdRecord> {
    let parts = SourceIdParts::scan(bytes)?;
    Some(SourceIdRecord {
        annotation: parts.annotation,
        format: Tag::default(),
        id: parts.id.to_owned(),
        lineage: parts.lineage.to_owned(),
        extra: Extra::default(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{Record, from_canonical, to_canonical};
    use crate::id::ImageId;
    use crate::model::FactValue;
    use crate::model::geometry::{Plane, Shape};

    /// What is read in one pass is what the general reader returns, also where a byte is another one.
    fn agrees<R: Record + PartialEq + std::fmt::Debug>(record: &R, at: usize, other: u8) -> bool {
        let mut bytes = to_canonical(record).unwrap();
        let whole = R::scan(&bytes);
        if let Some(read) = &whole {
            assert_eq!(read, record);
        }
        let at = at % (bytes.len() + 1);
        match bytes.get_mut(at) {
            Some(byte) => *byte = other,
            None => bytes.push(other),
        }
        if let Some(read) = R::scan(&bytes) {
            assert_eq!(
                read,
                from_canonical(&bytes).unwrap(),
                "{}",
                String::from_utf8_lossy(&bytes)
            );
        }
        whole.is_some()
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            (0_u32..100_000).prop_map(|n| f64::from(n) / 8.0),
            (-1000_i32..1000).prop_map(f64::from),
            any::<f64>().prop_filter("finite", |number| number.is_finite()),
        ]
    }

    fn geometry() -> impl Strategy<Value = Geometry> {
        let positions = || prop::collection::vec([number(), number()], 1..5);
        let shape = prop_oneof![
            [number(), number(), number(), number()].prop_map(|[x, y, w, h]| Shape::Box {
                x,
                y,
                width: w.abs(),
                height: h.abs()
            }),
            [number(), number()].prop_map(|[x, y]| Shape::Point { x, y }),
            [number(), number(), number()].prop_map(|[x, y, r]| Shape::Circle {
                x,
                y,
                radius: r.abs()
            }),
            positions().prop_map(|points| Shape::Polyline { points }),
            prop::collection::vec(positions(), 1..3).prop_map(|rings| Shape::Polygon { rings }),
            Just(Shape::Image),
        ];
        (shape, prop::bool::weighted(0.1)).prop_map(|(shape, in_stack)| Geometry {
            shape,
            plane: in_stack.then(Plane::default),
        })
    }

    fn facts() -> impl Strategy<Value = Facts> {
        let value = prop_oneof![
            "[a-zé\"]{0,6}".prop_map(FactValue::Text),
            number().prop_map(FactValue::Number),
            any::<bool>().prop_map(FactValue::Flag),
        ];
        prop::collection::btree_map("[a-z\u{e000}\u{1f600}]{1,3}", value, 0..4)
    }

    proptest! {
        #[test]
        fn records_are_read_in_one_pass_as_otherwise(
            geometry in geometry(),
            attributes in facts(),
            label in any::<Option<[u8; 8]>>(),
            version in any::<Option<[u8; 32]>>(),
            text in "[a-z0-9é\\\\]{0,8}",
            blinded in any::<Option<bool>>(),
            (at, other) in (any::<usize>(), any::<u8>()),
        ) {
            let label = label.map(LabelId::from_bytes);
            let is_plain = geometry.plane.is_none() && geometry.shape != Shape::Image;
            let plain_facts = attributes.iter().all(|(name, value)| {
                name.is_ascii() && value.as_text().is_none_or(|text| !text.contains('"'))
            });
            let record = AnnotationRecord {
                attributes,
                label,
                image_version: version.map(|bytes| BlobId::from_digest(Digest::from_bytes(bytes))),
                ..AnnotationRecord::empty(geometry)
            };
            // It is read in one pass where it can be: else this test would say nothing.
            let read = agrees(&record, at, other);
            prop_assert!(read || !is_plain || !plain_facts);
            let rating = RatingRecord {
                label,
                blinded,
                claimed_at: (!text.is_empty()).then(|| text.clone()),
                method: blinded.map(|_| Method::ALL[0]),
                ..RatingRecord::default()
            };
            prop_assert!(agrees(&rating, at, other) || text.contains('\\'));
            let source_id = SourceIdRecord {
                id: text.clone(),
                lineage: "coco-1".to_owned(),
                ..SourceIdRecord::empty(AnnotationId::from_source(&ImageId::of_name("a"), "l", &text))
            };
            prop_assert!(agrees(&source_id, at, other) || text.contains('\\'));
            let parts = SourceIdParts {
                annotation: source_id.annotation,
                id: &source_id.id,
                lineage: &source_id.lineage,
            };
            prop_assert_eq!(parts.to_record(), to_canonical(&source_id).unwrap());
        }
    }
}
