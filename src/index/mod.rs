//! The index: a small, disposable projection of the log, kept by sled in `derived/index/`. It knows which batches
//! can hold events about an image, which hold events about none, which commit stood at a time, which commits begin
//! with a prefix, and which images have a file name.
//!
//! [`Lookup`] asks it, and answers from the log itself where the log is short or the index cannot be had. An index
//! is used only under a valid seal: what it leaves out could not be seen otherwise. It has rows for
//! commits and images, none for annotations; it is filled when it is asked, never by an import or a commit; and it
//! is the one module that knows sled and bincode.

mod aliases;
mod db;
mod error;
mod fill;
mod lookup;
mod open;
mod rows;
mod seal;
mod walk;

pub use error::{IndexError, LookupError};
pub use lookup::{Lookup, Policy, WALK_MAX};
pub use open::{Bypass, Index, IndexAnswer, IndexMode, IndexStats, drop_index, open, rebuild};
pub use rows::BatchAt;
