//! How many things of each kind a snapshot holds.

use crate::codec::record;

record! {
    /// Numbers of records by kind.
    #[derive(Default)]
    pub struct Counts {
        /// Annotations that were not withdrawn.
        pub annotations: u64,
        /// Annotators.
        pub annotators: u64,
        /// Cases.
        pub cases: u64,
        /// Images, declared ones too.
        pub images: u64,
        /// Labels.
        pub labels: u64,
        /// Ratings, those without an opinion too.
        pub ratings: u64,
        /// Screenings.
        pub screenings: u64,
        /// Slides.
        pub slides: u64,
        /// Members of splits.
        pub splits: u64,
    }
}
