//! Opens a database so that nothing in it or beside it can change or run.

use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::SlideRunnerError;

/// Opens a database read-only and immutable (no lock, no journal, no file beside it), with its schema distrusted:
/// no function of the schema runs, no trigger, no view. Checks its structure first.
pub(super) fn open(file: &str, path: &Path) -> Result<Connection, SlideRunnerError> {
    if has_content(path, "-journal") {
        return Err(SlideRunnerError::UnfinishedWrite {
            file: file.to_owned(),
        });
    }
    let connection = open_unchecked(file, path)?;
    check_length(file, path, &connection)?;
    check_structure(file, &connection)?;
    Ok(connection)
}

/// Opens as [`open`] does, without reading the whole file to check it.
pub(super) fn open_unchecked(file: &str, path: &Path) -> Result<Connection, SlideRunnerError> {
    let uri = uri(path).ok_or_else(|| SlideRunnerError::Path {
        file: file.to_owned(),
    })?;
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags).map_err(|source| SlideRunnerError::Open {
        file: file.to_owned(),
        source,
    })?;
    harden(&connection).map_err(|source| failure(file, source))?;
    Ok(connection)
}

/// Whether a write-ahead log with content lies beside the database. An immutable reader does not look into it.
pub(super) fn has_write_ahead_log(path: &Path) -> bool {
    has_content(path, "-wal")
}

fn has_content(path: &Path, suffix: &str) -> bool {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    PathBuf::from(beside)
        .metadata()
        .is_ok_and(|metadata| metadata.len() > 0)
}

fn harden(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // No memory map: a file that shrinks meanwhile must give an error, not a signal.
    connection.execute_batch(
        "pragma mmap_size = 0; pragma cell_size_check = on; pragma temp_store = memory; pragma query_only = on;",
    )
}

/// SQLite fills up a last page that is cut off with zeros, so the length is checked here.
fn check_length(file: &str, path: &Path, connection: &Connection) -> Result<(), SlideRunnerError> {
    let ask = |sql: &str| {
        let answer = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        answer
            .map(|number| u64::try_from(number).unwrap_or(0))
            .map_err(|source| failure(file, source))
    };
    let (size, pages) = (ask("pragma page_size")?.max(1), ask("pragma page_count")?);
    let length = path.metadata().map_or(0, |metadata| metadata.len());
    if length.is_multiple_of(size) && pages.checked_mul(size).is_some_and(|needed| needed <= length) {
        return Ok(());
    }
    Err(SlideRunnerError::Malformed {
        file: file.to_owned(),
        detail: format!("it has {length} bytes, which is not its {pages} pages of {size}: it is cut off"),
    })
}

fn check_structure(file: &str, connection: &Connection) -> Result<(), SlideRunnerError> {
    let verdict: String = connection
        .query_row("pragma quick_check(1)", [], |row| row.get(0))
        .map_err(|source| failure(file, source))?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(SlideRunnerError::Malformed {
        file: file.to_owned(),
        detail: verdict,
    })
}

fn failure(file: &str, source: rusqlite::Error) -> SlideRunnerError {
    let file = file.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => SlideRunnerError::NotSqlite { file },
        Some(ErrorCode::DatabaseCorrupt) => SlideRunnerError::Malformed {
            file,
            detail: source.to_string(),
        },
        _ => SlideRunnerError::Open { file, source },
    }
}

/// Writes a path as an SQLite URI: each byte that could mean something in a URI is percent-encoded.
fn uri(path: &Path) -> Option<String> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.is_empty() || bytes.contains(&0) {
        return None;
    }
    // `file://` with an empty host before an absolute path; `./` keeps `:memory:` and the like from being special.
    let mut uri = String::from(if path.has_root() && bytes.starts_with(b"/") {
        "file://"
    } else if path.is_absolute() {
        "file:///"
    } else {
        "file:./"
    });
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                uri.push(char::from(*byte))
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?mode=ro&immutable=1");
    Some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f23_each_path_is_encoded_so_that_it_names_itself_only() {
        let uri = |path: &str| uri(Path::new(path));
        let immutable = "?mode=ro&immutable=1";
        assert_eq!(
            uri("/a b/c?x=1#y%20.sqlite"),
            Some(format!("file:///a%20b/c%3Fx%3D1%23y%2520.sqlite{immutable}"))
        );
        assert_eq!(uri(":memory:"), Some(format!("file:./%3Amemory%3A{immutable}")));
        assert_eq!(uri("//host/x"), Some(format!("file:////host/x{immutable}")));
        assert_eq!(uri("ä"), Some(format!("file:./%C3%A4{immutable}")));
        assert_eq!(uri(""), None);
        assert_eq!(uri("a\0b"), None);
    }
}
