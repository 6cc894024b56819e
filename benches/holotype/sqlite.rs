//! The same edits in SQLite: one transaction a commit, journal and database synced.

use std::path::Path;

use rusqlite::Connection;

use crate::measure::{Outcome, Sample, timed};

/// A table of annotations.
pub(crate) struct Sqlite {
    database: Connection,
    rows: u64,
    next: u64,
}

impl Sqlite {
    /// Makes a table with so many rows.
    pub(crate) fn with_rows(file: &Path, rows: u64) -> Outcome<Self> {
        let mut database = Connection::open(file)?;
        database.pragma_update(None, "journal_mode", "DELETE")?;
        database.pragma_update(None, "synchronous", "FULL")?;
        database.execute(
            "CREATE TABLE annotations (id INTEGER PRIMARY KEY, image INTEGER, label INTEGER, x REAL, y REAL, \
             width REAL, height REAL)",
            (),
        )?;
        let transaction = database.transaction()?;
        for id in 0..i64::try_from(rows)? {
            transaction
                .prepare_cached("INSERT INTO annotations VALUES (?1, ?2, ?3, 10.5, 20.5, 50, 50)")?
                .execute((id, id / 1000, id % 3))?;
        }
        transaction.commit()?;
        Ok(Self {
            database,
            rows,
            next: 0,
        })
    }

    /// Changes some rows from all over the table in one transaction.
    pub(crate) fn commit(&mut self, edits: u64) -> Outcome<Sample> {
        let ((), sample) = timed(|| {
            let transaction = self.database.transaction()?;
            for _ in 0..edits {
                let id = i64::try_from(self.next * 7919 % self.rows)?;
                self.next += 1;
                transaction
                    .prepare_cached("UPDATE annotations SET label = 3 WHERE id = ?1")?
                    .execute((id,))?;
            }
            Ok(transaction.commit()?)
        })?;
        Ok(sample)
    }
}
