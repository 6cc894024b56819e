//! Who writes is present: it holds a kernel lock on `tmp/`, together with all others who write, from its first write
//! until its store is dropped. What was written and is not named by a ref yet is safe that long: garbage is removed by
//! somebody who holds the same lock alone. Readers take none, and the lock ends with its process.

use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};

use super::vfs::{Lock, LockMode};
use super::{Store, StoreError};

/// The folder that carries the lock.
const FOLDER: &str = "tmp";

/// The lock of a store and its clones; none before the first write.
pub(super) type Presence = Arc<Mutex<Option<Box<dyn Lock>>>>;

impl Store {
    /// Tells that somebody writes; waits while garbage is being removed.
    pub(super) fn be_present(&self) -> Result<(), StoreError> {
        let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        if presence.is_none() {
            let path = self.path(FOLDER);
            let lock = self.vfs.lock(&path, LockMode::Shared);
            *presence = Some(lock.map_err(StoreError::io("lock", &path))?);
        }
        Ok(())
    }

    /// Returns the same files for somebody who comes and goes apart from who holds this store.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            presence: Presence::default(),
            ..self.clone()
        }
    }

    /// Returns a store whose holder is alone: nobody else writes until it is dropped. `None` while somebody does.
    ///
    /// # Errors
    /// When the kernel gives no lock, or folders cannot be made.
    pub fn alone(&self) -> Result<Option<Self>, StoreError> {
        self.ensure_folders()?;
        let path = self.path(FOLDER);
        match self.vfs.lock(&path, LockMode::TryExclusive) {
            Ok(lock) => Ok(Some(Self {
                presence: Arc::new(Mutex::new(Some(lock))),
                ..self.clone()
            })),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(StoreError::io("lock", &path)(error)),
        }
    }
}
