//! How many things of each kind a snapshot holds.
//!
//! A kind of which there is nothing is left out, so that a kind of a later version changes nothing where it is not used.

use crate::codec::record;

record! {
    /// Numbers of records by kind.
    #[derive(Default)]
    pub struct Counts {
        /// Annotations that were not withdrawn.
        pub annotations: u64 = default,
        /// Annotators.
        pub annotators: u64 = default,
        /// Cases.
        pub cases: u64 = default,
        /// Images, declared ones too.
        pub images: u64 = default,
        /// Labels.
        pub labels: u64 = default,
        /// Ratings, those without an opinion too.
        pub ratings: u64 = default,
        /// Screenings.
        pub screenings: u64 = default,
        /// Slides.
        pub slides: u64 = default,
        /// Members of splits.
        pub splits: u64 = default,
    }
}

impl Counts {
    /// Returns all of them by name, those of which there is nothing too.
    #[must_use]
    pub fn by_name(&self) -> [(&'static str, u64); 9] {
        [
            ("annotations", self.annotations),
            ("annotators", self.annotators),
            ("cases", self.cases),
            ("images", self.images),
            ("labels", self.labels),
            ("ratings", self.ratings),
            ("screenings", self.screenings),
            ("slides", self.slides),
            ("splits", self.splits),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::codec::{from_canonical, to_canonical};

    #[test]
    fn a_count_of_nothing_is_left_out_and_refused() {
        let none = Counts::default();
        assert_eq!(to_canonical(&none).unwrap(), b"{}");
        assert_eq!(from_canonical::<Counts>(b"{}").unwrap(), none);
        let some = br#"{"images":2,"labels":1,"later":0}"#;
        let read: Counts = from_canonical(some).unwrap();
        assert_eq!((read.images, read.labels, read.ratings), (2, 1, 0));
        assert_eq!(to_canonical(&read).unwrap(), some);
        for (name, _) in none.by_name() {
            let text = format!(r#"{{"{name}":0}}"#);
            assert!(from_canonical::<Counts>(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn all_counts_are_named() {
        let text = br#"{"annotations":1,"annotators":2,"cases":3,"images":4,"labels":5,"ratings":6,"screenings":7,"slides":8,"splits":9}"#;
        let read: Counts = from_canonical(text).unwrap();
        assert!(read.extra.is_empty());
        assert_eq!(to_canonical(&BTreeMap::from(read.by_name())).unwrap(), text);
    }
}
