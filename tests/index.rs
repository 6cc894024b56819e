//! The index changes no answer: whatever happens to its files, every lookup says what the log says, and afterwards
//! the index is valid again or was done without.

#[path = "index/bench.rs"]
mod bench;
#[path = "index/damage.rs"]
mod damage;
#[path = "index/laws.rs"]
mod laws;
#[path = "index/sharing.rs"]
mod sharing;
