//! Who is told how far a long import has come. It changes nothing of what is read or recorded.

/// What is being done, in the order in which it is done with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A file is read and checked; counted in bytes.
    Reading,
    /// What it says is compared with what is known; counted in annotations.
    Comparing,
    /// What is new is recorded; counted in annotations.
    Recording,
}

/// Somebody who is told how far an import has come.
pub trait Progress: Sync {
    /// A stage begins, in which there is so much to do.
    fn begin(&self, stage: Stage, total: u64);

    /// So much more of it is done.
    fn advance(&self, count: u64);
}

/// Nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _: Stage, _: u64) {}

    fn advance(&self, _: u64) {}
}
