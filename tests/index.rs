//! The index changes no answer: whatever happens to its files, every lookup says what the log says, and afterwards
//! the index is valid again or was done without.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

#[path = "index/bench.rs"]
mod bench;
#[path = "index/damage.rs"]
mod damage;
#[path = "index/laws.rs"]
mod laws;
#[path = "index/revisions.rs"]
mod revisions;
#[path = "index/sharing.rs"]
mod sharing;
mod tree;
