//! What can be computed about the quality of labels: agreement between those who rate, and whether what they said is
//! independent. Pure: states are read, nothing is written, and nothing is random but what a seed gives.

pub mod agreement;
pub mod bootstrap;
pub mod completeness;
pub mod contingency;
pub mod coverage;
mod finds;
pub mod fleiss;
pub mod gate;
pub mod icc;
mod images;
pub mod independence;
pub mod intra;
pub mod krippendorff;
pub mod look;
pub mod matching;
pub mod noise;
pub mod objects;
pub mod plots;
pub mod proposals;
pub mod recapture;
pub mod rounds;
pub mod splits;
pub mod statistic;

#[cfg(test)]
mod laws;
