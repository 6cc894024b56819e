//! What an export carries of a whole dataset for our own readers, where a format of another tool has no place for it:
//! the records that belong to no annotation, as one JSON object. What belongs to an annotation is a
//! [`CarriedAnnotation`](super::CarriedAnnotation) beside it.
//!
//! Keys are not carried: each follows from its record, so that none can lie; a label's id, which follows from nothing
//! that lasts, stands beside its record. Private objects, names of people and bytes of images are not in it. Reading
//! checks the form alone; whether what it says can be true of a dataset is asked where it is taken in.

use crate::codec::{Extra, Record, Tag, record};
use crate::id::{Digest, LabelId};

use super::facts::{FactValue, Facts};
use super::records::{
    AnnotatorRecord, CaseRecord, DatasetRecord, ImageRecord, LabelRecord, RuleRecord, ScreeningRecord,
    SlideRecord, SplitRecord,
};

/// No carrier is longer (bytes).
pub const CARRIER_BYTES_MAX: usize = 256 << 20;
/// What is carried of one annotation is not longer (bytes).
pub const CARRIED_BYTES_MAX: usize = 64 << 20;

impl Record for Carrier {
    const FORMAT: &'static str = "holotype/carrier/1";
}

record! {
    /// A dataset but for its annotations.
    #[derive(Default)]
    pub struct Carrier {
        /// Who rates, by code.
        pub annotators: Vec<AnnotatorRecord> = default,
        /// The cases, by code.
        pub cases: Vec<CaseRecord> = default,
        /// Facts about the dataset, where there are any.
        pub dataset: Option<DatasetRecord> = optional,
        /// The format.
        pub format: Tag<Carrier>,
        /// The images that were exported, by name.
        pub images: Vec<ImageRecord> = default,
        /// The labels, by name.
        pub labels: Vec<CarriedLabelRecord> = default,
        /// The dataset that it was exported from, which tells whose codes these are.
        pub repository: Option<Digest> = optional,
        /// The rule, where one was set.
        pub rule: Option<RuleRecord> = optional,
        /// The areas of these images that were searched completely.
        pub screenings: Vec<ScreeningRecord> = default,
        /// The slides, by code.
        pub slides: Vec<SlideRecord> = default,
        /// Who is in which part of which split.
        pub splits: Vec<SplitRecord> = default,
    }
}

record! {
    /// A label and its id.
    pub struct CarriedLabelRecord {
        /// The id, which stays when the label is renamed.
        pub id: LabelId,
        /// What is known of it.
        pub record: LabelRecord,
    }
}

/// A text that is no carrier.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// It is too long.
    #[error("it has {length} bytes; at most {limit} are read")]
    TooLong {
        /// Its length.
        length: usize,
        /// The most that is read.
        limit: usize,
    },
    /// It has another form.
    #[error("it is not what an export writes: {0}")]
    Form(#[from] serde_json::Error),
}

/// Reads a carrier, or what is carried of an annotation. Spaces and another order of members are allowed, since another
/// program may have written it again.
///
/// # Errors
/// [`CarrierError`] when it is longer than `limit` or of another form.
pub fn parse_carried<R: Record>(text: &[u8], limit: usize) -> Result<R, CarrierError> {
    if text.len() > limit {
        return Err(CarrierError::TooLong {
            length: text.len(),
            limit,
        });
    }
    Ok(serde_json::from_slice(text)?)
}

impl CarriedLabelRecord {
    /// A label by its id.
    #[must_use]
    pub fn new(id: LabelId, record: LabelRecord) -> Self {
        Self {
            id,
            record,
            extra: Extra::default(),
        }
    }
}

/// Takes out of facts what names a private object; returns how many these were.
pub fn without_private(facts: &mut Facts) -> usize {
    let before = facts.len();
    facts.retain(|_, value| match value {
        FactValue::Private(_) => false,
        FactValue::Text(_) | FactValue::Number(_) | FactValue::Flag(_) => true,
    });
    before - facts.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::to_canonical;
    use crate::id::PrivateId;

    #[test]
    fn a_carrier_comes_back_also_when_it_was_written_again() {
        let record = LabelRecord {
            name: "mitosis".to_owned(),
            facts: Facts::from([("colour".to_owned(), FactValue::from("#ff0000"))]),
            ..LabelRecord::default()
        };
        let carrier = Carrier {
            labels: vec![CarriedLabelRecord::new(LabelId::of_name("Mitose", 0), record)],
            splits: vec![SplitRecord {
                split: "a".to_owned(),
                member: "case-1".to_owned(),
                part: "test".to_owned(),
                ..SplitRecord::default()
            }],
            ..Carrier::default()
        };
        let bytes = to_canonical(&carrier).unwrap();
        let parsed: Carrier = parse_carried(&bytes, 4096).unwrap();
        assert_eq!(parsed, carrier);
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        assert_eq!(parse_carried::<Carrier>(&pretty, 4096).unwrap(), carrier);
        assert!(matches!(
            parse_carried::<Carrier>(&bytes, bytes.len() - 1),
            Err(CarrierError::TooLong { .. })
        ));
    }

    #[test]
    fn what_is_no_carrier_is_refused() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"format":"holotype/carrier/2"}"#,
            r#"{"format":"holotype/carrier/1","labels":[{"id":"00"}]}"#,
            r#"{"format":"holotype/carrier/1","format":"holotype/carrier/1"}"#,
            r#"{"format":"holotype/carrier/1","rule":{"format":"rule/1","rule":{"name":"x"}}}"#,
        ] {
            assert!(parse_carried::<Carrier>(text.as_bytes(), 4096).is_err(), "{text}");
        }
    }

    #[test]
    fn private_facts_are_taken_out() {
        let mut facts = Facts::from([
            ("a".to_owned(), FactValue::from("x")),
            ("b".to_owned(), FactValue::Private(PrivateId::of(b"x"))),
        ]);
        assert_eq!(without_private(&mut facts), 1);
        assert_eq!(facts.keys().collect::<Vec<_>>(), ["a"]);
    }
}
