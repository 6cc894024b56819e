//! Why a file was not read as a SlideRunner database.

use super::schema::TableKind;

/// Why a file was not read. Each names the file; none changes it.
#[derive(Debug, thiserror::Error)]
pub enum SlideRunnerError {
    /// The file cannot be opened at all.
    #[error("{file}: cannot be opened")]
    Open {
        /// The file.
        file: String,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The path cannot be handed to SQLite.
    #[error("{file}: the path is empty or holds a NUL byte")]
    Path {
        /// The file.
        file: String,
    },
    /// The file is no SQLite database.
    #[error("{file}: this is not an SQLite database")]
    NotSqlite {
        /// The file.
        file: String,
    },
    /// The database is damaged.
    #[error("{file}: the database is damaged: {detail}")]
    Malformed {
        /// The file.
        file: String,
        /// What SQLite found first.
        detail: String,
    },
    /// A program was interrupted while it wrote, or is writing now.
    #[error("{file}: a rollback journal lies beside it ({file}-journal), so its last write is unfinished")]
    UnfinishedWrite {
        /// The file.
        file: String,
    },
    /// A table that each SlideRunner database has is not there.
    #[error("{file}: there is no table '{table}', so this is no SlideRunner database")]
    MissingTable {
        /// The file.
        file: String,
        /// The table.
        table: &'static str,
    },
    /// A table is none: it would run somebody's code when it is read.
    #[error("{file}: '{table}' is a {kind}, not a table")]
    NotATable {
        /// The file.
        file: String,
        /// Its name.
        table: &'static str,
        /// What it is.
        kind: TableKind,
    },
    /// A column that each SlideRunner database has is not there.
    #[error("{file}: table '{table}' has no column '{column}'")]
    MissingColumn {
        /// The file.
        file: String,
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A text is not UTF-8.
    #[error("{file}: table '{table}', uid {uid}: column '{column}' is not UTF-8 text")]
    NotUtf8 {
        /// The file.
        file: String,
        /// The table.
        table: &'static str,
        /// The row.
        uid: String,
        /// The column.
        column: String,
    },
    /// SQLite failed midway.
    #[error("{file}: table '{table}' cannot be read")]
    Read {
        /// The file.
        file: String,
        /// The table.
        table: String,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
}
