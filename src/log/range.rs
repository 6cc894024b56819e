//! How a commit names a batch: its id, its length, how many events it has and which images they are about.
//!
//! What most batches have in common is left out when it is written: no event about no image, and one image alone.

use serde::{Deserialize, Serialize};

use crate::codec::{Extra, record};
use crate::id::{BatchId, ImagePrefix};

record! {
    /// A batch's entry as it is stored.
    struct BatchRangeWire {
        batch: BatchId,
        events: u64,
        first_image: Option<ImagePrefix> = optional,
        global_events: u64 = default,
        last_image: Option<ImagePrefix> = optional,
        size_bytes: u64,
    }
}

/// A batch as a commit names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "BatchRangeWire", into = "BatchRangeWire")]
pub struct BatchRange {
    /// The batch.
    pub batch: BatchId,
    /// How many events it holds.
    pub events: u64,
    /// How many of its events are about no image.
    pub global_events: u64,
    /// The lowest and the highest prefix of an image that an event of it is about.
    pub images: Option<(ImagePrefix, ImagePrefix)>,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// The members that this version does not know.
    pub extra: Extra,
}

/// An entry that is stored otherwise than it is written.
#[derive(Debug, thiserror::Error)]
enum RangeError {
    /// There is a last image and no first one.
    #[error("member `last_image` stands without `first_image`")]
    LastAlone,
    /// The last image is the first one.
    #[error("member `last_image` holds the value that is left out")]
    SameLast,
}

impl TryFrom<BatchRangeWire> for BatchRange {
    type Error = RangeError;

    fn try_from(wire: BatchRangeWire) -> Result<Self, RangeError> {
        let images = match (wire.first_image, wire.last_image) {
            (None, None) => None,
            (None, Some(_)) => return Err(RangeError::LastAlone),
            (Some(first), None) => Some((first, first)),
            (Some(first), Some(last)) if first == last => return Err(RangeError::SameLast),
            (Some(first), Some(last)) => Some((first, last)),
        };
        Ok(Self {
            batch: wire.batch,
            events: wire.events,
            global_events: wire.global_events,
            images,
            size_bytes: wire.size_bytes,
            extra: wire.extra,
        })
    }
}

impl From<BatchRange> for BatchRangeWire {
    fn from(range: BatchRange) -> Self {
        let (first, last) = range.images.unzip();
        Self {
            batch: range.batch,
            events: range.events,
            first_image: first,
            global_events: range.global_events,
            last_image: last.filter(|_| first != last),
            size_bytes: range.size_bytes,
            extra: range.extra,
        }
    }
}

impl BatchRange {
    /// Describes a finished batch.
    #[must_use]
    pub fn new(
        batch: BatchId,
        events: u64,
        global_events: u64,
        images: Option<(ImagePrefix, ImagePrefix)>,
        size_bytes: u64,
    ) -> Self {
        Self {
            batch,
            events,
            global_events,
            images,
            size_bytes,
            extra: Extra::default(),
        }
    }

    /// Whether it can hold an event about this image.
    #[must_use]
    pub fn may_hold(&self, image: ImagePrefix) -> bool {
        self.images
            .is_some_and(|(first, last)| first <= image && image <= last)
    }

    /// Takes in that an event about this image, or about none, is in the batch.
    pub fn note_event(&mut self, image: Option<ImagePrefix>) {
        self.events += 1;
        match (image, self.images) {
            (None, _) => self.global_events += 1,
            (Some(image), None) => self.images = Some((image, image)),
            (Some(image), Some((first, last))) => self.images = Some((first.min(image), last.max(image))),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{from_canonical, to_canonical};

    fn prefix(byte: u8) -> ImagePrefix {
        ImagePrefix::from_bytes([byte; 8])
    }

    /// The entry of a batch, with these members beside the three that are always there.
    fn text(images: &str, global: &str) -> String {
        format!(
            r#"{{"batch":"{}","events":2{images}{global},"size_bytes":9}}"#,
            "00".repeat(32)
        )
    }

    proptest! {
        #[test]
        fn an_entry_is_read_as_it_was_written(
            events in 0_u64..5,
            global_events in 0_u64..3,
            images in proptest::option::of((0_u8..4, 0_u8..4)),
            unknown in any::<bool>(),
        ) {
            let images = images.map(|(first, last)| (prefix(first), prefix(last)));
            let mut range = BatchRange::new(BatchId::of(b"b"), events, global_events, images, 7);
            if unknown {
                let mut members: serde_json::Value = serde_json::from_slice(&to_canonical(&range).unwrap()).unwrap();
                members["later"] = 1.into();
                range = serde_json::from_value(members).unwrap();
            }
            let bytes = to_canonical(&range).unwrap();
            let found: BatchRange = from_canonical(&bytes).unwrap();
            prop_assert_eq!(&found, &range);
            prop_assert_eq!(found.extra.len(), usize::from(unknown));
            prop_assert_eq!(to_canonical(&found).unwrap(), bytes);
        }
    }

    #[test]
    fn a_range_holds_the_images_between_the_first_and_the_last() {
        let mut range = BatchRange::new(BatchId::of(b"b"), 0, 0, None, 7);
        let holds = |range: &BatchRange| [0, 1, 2, 3, 4].map(|image| range.may_hold(prefix(image)));
        assert_eq!(holds(&range), [false; 5]);
        for image in [Some(2), None, Some(3), Some(1), None] {
            range.note_event(image.map(prefix));
        }
        assert_eq!((range.events, range.global_events), (5, 2));
        assert_eq!(range.images, Some((prefix(1), prefix(3))));
        assert_eq!(holds(&range), [false, true, true, true, false]);
    }

    #[test]
    fn what_is_left_out_when_it_is_written_is_refused_when_it_is_read() {
        let (one, two) = (prefix(1), prefix(2));
        let accepted = [
            (text("", r#","global_events":2"#), None),
            (text(&format!(r#","first_image":"{one}""#), ""), Some((one, one))),
            (
                text(
                    &format!(r#","first_image":"{one}""#),
                    &format!(r#","last_image":"{two}""#),
                ),
                Some((one, two)),
            ),
        ];
        for (text, images) in accepted {
            let range: BatchRange = from_canonical(text.as_bytes()).expect(&text);
            assert_eq!(range.images, images);
            assert_eq!(to_canonical(&range).unwrap(), text.as_bytes());
        }
        for refused in [
            text("", r#","global_events":0"#),
            text("", &format!(r#","last_image":"{two}""#)),
            text(
                &format!(r#","first_image":"{one}""#),
                &format!(r#","last_image":"{one}""#),
            ),
            text(r#","first_image":null"#, ""),
        ] {
            assert!(
                from_canonical::<BatchRange>(refused.as_bytes()).is_err(),
                "{refused}"
            );
        }
    }
}
