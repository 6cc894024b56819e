//! What tables and columns a database has (they differ by its age), and how its cells are read.
//!
//! SQLite types values, not columns: an INTEGER column holds 6697.5 as it is. So a cell is read by what it holds.

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::error::SlideRunnerError;

/// What a name in the schema stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// A table.
    Table,
    /// A view.
    View,
    /// A table made by a module of SQLite.
    VirtualTable,
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::View => "view",
            Self::VirtualTable => "virtual table",
        })
    }
}

/// The tables that each SlideRunner database has, with the columns that each age of it has.
pub(super) const NEEDED: [(&str, &[&str]); 6] = [
    ("Slides", &["uid", "filename"]),
    ("Classes", &["uid", "name"]),
    ("Persons", &["uid", "name"]),
    ("Annotations", &["uid", "slide", "type"]),
    ("Annotations_label", &["uid", "person", "class", "annoId"]),
    (
        "Annotations_coordinates",
        &["uid", "coordinateX", "coordinateY", "annoId"],
    ),
];

/// A table whose columns are not needed for the file to be read.
pub(super) const LOG: &str = "Log";

/// Tables, views and their columns.
pub(super) struct Schema<'a> {
    pub(super) file: &'a str,
    pub(super) connection: &'a Connection,
    tables: Tables,
}

/// By lower-case name, as SQLite compares them: name as written, kind, columns as written.
type Tables = BTreeMap<String, (String, TableKind, Vec<String>)>;

impl<'a> Schema<'a> {
    /// Asks the database.
    pub(super) fn read(file: &'a str, connection: &'a Connection) -> Result<Self, SlideRunnerError> {
        let mut schema = Self {
            file,
            connection,
            tables: Tables::new(),
        };
        schema.tables = schema
            .list()
            .map_err(|source| schema.error("sqlite_schema", source))?;
        Ok(schema)
    }

    fn list(&self) -> rusqlite::Result<Tables> {
        let mut names = self
            .connection
            .prepare("select name, type, rootpage from sqlite_schema where type in ('table', 'view')")?;
        let mut rows = names.query([])?;
        let mut tables = Tables::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            let kind = match (row.get::<_, String>(1)?.as_str(), row.get::<_, Option<i64>>(2)?) {
                ("view", _) => TableKind::View,
                (_, None | Some(0)) => TableKind::VirtualTable,
                (_, Some(_)) => TableKind::Table,
            };
            let columns = match kind {
                TableKind::Table => self.columns(&name)?,
                // Asking a view or a module for its columns would run it.
                TableKind::View | TableKind::VirtualTable => Vec::new(),
            };
            tables.insert(name.to_ascii_lowercase(), (name, kind, columns));
        }
        Ok(tables)
    }

    fn columns(&self, table: &str) -> rusqlite::Result<Vec<String>> {
        let mut statement = self
            .connection
            .prepare("select name from pragma_table_info(?1)")?;
        let names = statement.query_map([table], |row| row.get(0))?;
        names.collect()
    }

    /// Refuses a file that lacks a needed table or column, or where one is a view or a virtual table.
    pub(super) fn require(&self) -> Result<(), SlideRunnerError> {
        let file = || self.file.to_owned();
        for (table, columns) in NEEDED {
            let Some((_, kind, _)) = self.tables.get(&table.to_ascii_lowercase()) else {
                return Err(SlideRunnerError::MissingTable { file: file(), table });
            };
            self.refuse_unless_table(table, *kind)?;
            for &column in columns {
                if !self.has_column(table, column) {
                    return Err(SlideRunnerError::MissingColumn {
                        file: file(),
                        table,
                        column,
                    });
                }
            }
        }
        match self.tables.get(&LOG.to_ascii_lowercase()) {
            Some((_, kind, _)) => self.refuse_unless_table(LOG, *kind),
            None => Ok(()),
        }
    }

    fn refuse_unless_table(&self, table: &'static str, kind: TableKind) -> Result<(), SlideRunnerError> {
        match kind {
            TableKind::Table => Ok(()),
            TableKind::View | TableKind::VirtualTable => Err(SlideRunnerError::NotATable {
                file: self.file.to_owned(),
                table,
                kind,
            }),
        }
    }

    /// Whether there is such a column; names compare without case.
    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.column_names(table)
            .iter()
            .any(|name| name.eq_ignore_ascii_case(column))
    }

    /// Returns the columns of a table beyond `known`.
    pub(super) fn other_columns(&self, table: &str, known: &[&str]) -> Vec<String> {
        let is_known = |name: &String| known.iter().any(|known| known.eq_ignore_ascii_case(name));
        self.column_names(table)
            .iter()
            .filter(|name| !is_known(name))
            .cloned()
            .collect()
    }

    /// Returns the names of the true tables, as written.
    pub(super) fn table_names(&self) -> impl Iterator<Item = &str> {
        let true_tables = self
            .tables
            .values()
            .filter(|(_, kind, _)| *kind == TableKind::Table);
        true_tables.map(|(name, ..)| name.as_str())
    }

    fn column_names(&self, table: &str) -> &[String] {
        self.tables
            .get(&table.to_ascii_lowercase())
            .map_or(&[], |(_, _, columns)| columns)
    }

    /// Hands each row of a table, in uid order, to `each`; a column that is not there reads as NULL.
    pub(super) fn rows(
        &self,
        table: &'static str,
        columns: &[&str],
        mut each: impl FnMut(&Cells<'_>) -> Result<(), SlideRunnerError>,
    ) -> Result<(), SlideRunnerError> {
        // A quoted name that is no column would be read as a text, so each one is checked before.
        let selected: Vec<String> = columns
            .iter()
            .map(|column| {
                if self.has_column(table, column) {
                    quoted(column)
                } else {
                    "null".to_owned()
                }
            })
            .collect();
        let order = if self.has_column(table, "uid") {
            " order by \"uid\""
        } else {
            ""
        };
        let sql = format!("select {} from {}{order}", selected.join(", "), quoted(table));
        let failed = |source| self.error(table, source);
        let mut statement = self.connection.prepare(&sql).map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(&Cells {
                file: self.file,
                table,
                columns,
                row,
            })?;
        }
        Ok(())
    }

    /// Returns the one whole number that a query gives; 0 when it gives none.
    pub(super) fn count(&self, table: &str, sql: &str) -> Result<i64, SlideRunnerError> {
        let count = self
            .connection
            .query_row(sql, [], |row| Ok(row.get_ref(0).map(as_integer).ok().flatten()));
        Ok(count.map_err(|source| self.error(table, source))?.unwrap_or(0))
    }

    pub(super) fn error(&self, table: &str, source: rusqlite::Error) -> SlideRunnerError {
        SlideRunnerError::Read {
            file: self.file.to_owned(),
            table: table.to_owned(),
            source,
        }
    }
}

/// Quotes a name for SQL.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// One row; cells are asked for by their place in the list of columns.
pub(super) struct Cells<'r> {
    file: &'r str,
    table: &'static str,
    columns: &'r [&'r str],
    row: &'r Row<'r>,
}

impl Cells<'_> {
    /// Returns the cell as it is.
    pub(super) fn get(&self, column: usize) -> ValueRef<'_> {
        self.row.get_ref(column).unwrap_or(ValueRef::Null)
    }

    /// Returns the bytes of a text; none where the cell is something else.
    pub(super) fn bytes(&self, column: usize) -> &[u8] {
        match self.get(column) {
            ValueRef::Text(bytes) => bytes,
            ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => &[],
        }
    }

    /// Returns a whole number, also where it is stored as 1.0 or '1'.
    pub(super) fn integer(&self, column: usize) -> Option<i64> {
        as_integer(self.get(column))
    }

    /// Returns a finite number.
    pub(super) fn number(&self, column: usize) -> Option<f64> {
        as_number(self.get(column))
    }

    /// Returns a text; `None` for NULL, for nothing but white space, and for Python's 'None'.
    pub(super) fn text(&self, column: usize) -> Result<Option<String>, SlideRunnerError> {
        Ok(self.name(column)?.filter(|text| text != "None"))
    }

    /// Returns a name, which may be 'None'; `None` for NULL and for nothing but white space.
    pub(super) fn name(&self, column: usize) -> Result<Option<String>, SlideRunnerError> {
        let text = match self.get(column) {
            ValueRef::Null => return Ok(None),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                String::from_utf8(bytes.to_vec()).map_err(|_| self.not_utf8(column))?
            }
        };
        Ok(Some(text).filter(|text| !text.trim().is_empty()))
    }

    fn not_utf8(&self, column: usize) -> SlideRunnerError {
        SlideRunnerError::NotUtf8 {
            file: self.file.to_owned(),
            table: self.table,
            uid: self
                .integer(0)
                .map_or_else(|| "unknown".to_owned(), |uid| uid.to_string()),
            column: self
                .columns
                .get(column)
                .map_or_else(String::new, |name| (*name).to_owned()),
        }
    }
}

fn as_integer(value: ValueRef<'_>) -> Option<i64> {
    match value {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 => {
            format!("{number:.0}").parse().ok()
        }
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
    }
}

fn as_number(value: ValueRef<'_>) -> Option<f64> {
    let number = match value {
        ValueRef::Integer(number) => whole_to_number(number),
        ValueRef::Real(number) => number,
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok()?,
        ValueRef::Null | ValueRef::Blob(_) => return None,
    };
    number.is_finite().then_some(number)
}

/// Returns the nearest `f64`.
pub(super) fn whole_to_number(number: i64) -> f64 {
    i32::try_from(number).map_or_else(|_| number.to_string().parse().unwrap_or(f64::NAN), f64::from)
}
