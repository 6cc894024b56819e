//! What can be computed about the quality of labels: agreement between those who rate, and whether what they said is
//! independent. Pure: states are read, nothing is written, and nothing is random but what a seed gives.

pub mod agreement;
pub mod bootstrap;
pub mod contingency;
pub mod coverage;
pub mod fleiss;
pub mod gate;
pub mod icc;
pub mod independence;
pub mod krippendorff;
pub mod splits;
pub mod statistic;
