//! Which of the members that a reader uses an object has had: such a member may stand there once.

use std::fmt;

/// The used members of one record, which is named in errors.
#[derive(Debug)]
pub(crate) struct Seen<R>(R, u32);

impl<R: fmt::Display> Seen<R> {
    /// None of them yet.
    pub(crate) const fn of(record: R) -> Self {
        Self(record, 0)
    }

    /// Notes that the `n`-th used member (from 0, below 32) is there; refuses the second time.
    ///
    /// # Errors
    /// That the record has the member twice.
    pub(crate) fn once<E: serde::de::Error>(&mut self, n: u32, name: &str) -> Result<(), E> {
        let bit = 1 << n;
        if self.1 & bit != 0 {
            return Err(E::custom(format!("{} has the member '{name}' twice", self.0)));
        }
        self.1 |= bit;
        Ok(())
    }
}
