//! How much of a draft was acknowledged: an unsynced note beside it, written after each append was durable.
//!
//! A loss of power can leave anything of the append that it met, and nothing of the note. Where the note says that a
//! line was acknowledged, what is wrong with it is damage; where it does not, a crash explains it. The note is derived:
//! without it both look alike, and a last line with a hole in it counts as torn.

use crate::codec::{Extra, Record, Tag, record};
use crate::id::Digest;

use super::{Store, StoreError, missing_or, sealed};

record! {
    /// How much of a draft was acknowledged.
    pub struct Acknowledged {
        /// The length of the draft in bytes.
        pub bytes: u64,
        /// The draft.
        pub draft: Digest,
        /// The format.
        pub format: Tag<Acknowledged>,
    }
}

impl Record for Acknowledged {
    const FORMAT: &'static str = "holotype/acknowledged/1";
}

/// No such note is longer, in bytes.
const SIZE_MAX: u64 = 4096;
/// The folder, below `derived/`.
const FOLDER: &str = "acknowledged";

fn file(branch: &str) -> String {
    format!("{FOLDER}/{branch}")
}

/// The path of the note beside a draft, below `.holotype`.
pub(super) fn note_path(branch: &str) -> String {
    format!("derived/{}", file(branch))
}

impl Store {
    /// Notes how much of a draft was acknowledged; that this cannot be done is no failure.
    pub(super) fn note_acknowledged(&self, branch: &str, draft: Digest, bytes: u64) {
        let note = Acknowledged {
            bytes,
            draft,
            format: Tag::default(),
            extra: Extra::default(),
        };
        if let Ok((bytes, _)) = sealed::seal(&note) {
            let _ = self.write_derived(&file(branch), &bytes);
        }
    }

    /// Returns how much of a draft was acknowledged, where that is known. To be asked before the draft is read: who
    /// appends to it writes this note last.
    #[must_use]
    pub fn acknowledged(&self, branch: &str) -> Option<Acknowledged> {
        let path = self.derived_path(&file(branch));
        let bytes = self.read_derived(&file(branch), SIZE_MAX)?;
        sealed::unseal(&path, &bytes).ok().map(|(note, _)| note)
    }

    /// Removes the note of a draft that a commit has sealed, which is told from a missing one by the slot.
    pub(super) fn drop_acknowledged(&self, branch: &str) {
        self.remove_derived(&file(branch));
    }

    /// Removes the note before its draft is given up; durable when this returns, since a note without a draft says
    /// that the draft is missing.
    ///
    /// # Errors
    /// When that cannot be made durable.
    pub(super) fn forget_acknowledged(&self, branch: &str) -> Result<(), StoreError> {
        self.check_writable()?;
        let path = self.derived_path(&file(branch));
        match self.vfs.remove(&path).map_err(missing_or("remove", &path)) {
            Ok(()) => self.sync_dir(&self.derived_path(FOLDER)),
            Err(StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
