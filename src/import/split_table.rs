//! Reads a split from a table: which case, image or slide is in which part. Records nothing, and never takes a row's
//! number for a name: rows are in another order tomorrow.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ImageId;
use crate::repo::{Repo, RepoError};

use super::metadata::{case_numbers, fact_name, find, is_case_column};
use super::table::{PatternError, Table, apply_pattern};

/// A table that is no split.
#[derive(Debug, thiserror::Error)]
pub enum SplitTableError {
    /// The repository failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A column is missing.
    #[error("the table has no column for the {wanted}; it has {columns}")]
    NoColumn {
        /// What is missing.
        wanted: &'static str,
        /// Those there are.
        columns: String,
    },
    /// Rows are named by their numbers.
    #[error(
        "line {line}: column '{column}' says '{cell}', a number that is no known case, slide or image: a split by row \
         numbers means something else as soon as the rows are in another order"
    )]
    RowNumbers {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The number.
        cell: String,
    },
    /// A row names nothing known.
    #[error("line {line}: column '{column}' says '{cell}', which is no known case, slide or image")]
    Unknown {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// What it says.
        cell: String,
    },
    /// A key does not fit the pattern.
    #[error("line {line}: {source}")]
    Pattern {
        /// The line, from 1.
        line: u64,
        /// Why.
        #[source]
        source: PatternError,
    },
    /// A part has a name that parts cannot have.
    #[error(
        "line {line}: '{part}' is no name of a part: 1 to 64 characters, no point, no control characters"
    )]
    Part {
        /// The line, from 1.
        line: u64,
        /// The text.
        part: String,
    },
    /// One case is put into two parts.
    #[error(
        "line {line} puts {member} into '{part}', line {other_line} into '{other}': a case is in one part"
    )]
    TwoParts {
        /// The later line, from 1.
        line: u64,
        /// The case or image.
        member: String,
        /// The part there.
        part: String,
        /// The earlier line, from 1.
        other_line: u64,
        /// The part there.
        other: String,
    },
}

/// What a table may name.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The members of splits that have images.
    pub members: BTreeSet<String>,
    /// Names of images with the member that each belongs to.
    pub images: BTreeMap<String, String>,
    /// Slides with the members that they belong to.
    pub slides: BTreeMap<String, BTreeSet<String>>,
}

/// Columns that hold a part, as [`fact_name`] spells them.
const PARTS: [&str; 8] = [
    "part",
    "split",
    "subset",
    "partition",
    "fold",
    "set",
    "dataset",
    "phase",
];

/// Whether a text can be the name of a part.
#[must_use]
pub fn is_part_name(part: &str) -> bool {
    let length = part.chars().count();
    (1..=64).contains(&length)
        && part.trim() == part
        && !part.contains('.')
        && !part.chars().any(char::is_control)
}

/// The places of the columns that name what is assigned, and its part.
fn columns(table: &Table) -> Result<(usize, usize), SplitTableError> {
    let missing = |wanted| SplitTableError::NoColumn {
        wanted,
        columns: table.columns.join(", "),
    };
    let folded: Vec<String> = table.columns.iter().map(|name| fact_name(name)).collect();
    let place = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| folded.iter().position(|one| one == name))
    };
    let part = place(&PARTS).ok_or_else(|| missing("part"))?;
    let key = folded
        .iter()
        .position(|name| is_case_column(name))
        .or_else(|| {
            place(&[
                "image",
                "image_name",
                "file",
                "file_name",
                "filename",
                "image_id",
                "name",
            ])
        })
        .or_else(|| place(&["slide", "slide_id", "slide_name"]))
        // What else stands first is looked at, so that a table of row numbers is refused with its reason.
        .or_else(|| (0..folded.len()).find(|n| *n != part))
        .ok_or_else(|| missing("case, image or slide"))?;
    Ok((key, part))
}

/// Returns the part of each member that the table names. `pattern` makes a name of a key (`{:03}.tiff`).
///
/// # Errors
/// [`SplitTableError`], with the line.
pub fn read_split(
    repo: &Repo,
    table: &Table,
    known: &Known,
    pattern: Option<&str>,
) -> Result<BTreeMap<String, String>, SplitTableError> {
    let (key, part) = columns(table)?;
    let numbers = case_numbers(repo)?;
    let names: BTreeSet<String> = known.images.keys().cloned().collect();
    let column = table.columns.get(key).cloned().unwrap_or_default();
    let mut found: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for row in &table.rows {
        let cell = |n: usize| row.cells.get(n).map_or("", |cell| cell.trim());
        let line = row.line;
        let name = match pattern {
            Some(pattern) => apply_pattern(pattern, cell(key))
                .map_err(|source| SplitTableError::Pattern { line, source })?,
            None => cell(key).to_owned(),
        };
        let members: Vec<String> = members_of(known, &numbers, &names, &name);
        if members.is_empty() {
            let (column, cell) = (column.clone(), name);
            return Err(
                if !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()) {
                    SplitTableError::RowNumbers { line, column, cell }
                } else {
                    SplitTableError::Unknown { line, column, cell }
                },
            );
        }
        let own = cell(part).to_owned();
        if !is_part_name(&own) {
            return Err(SplitTableError::Part { line, part: own });
        }
        for member in members {
            let (other_line, other) = found.entry(member.clone()).or_insert_with(|| (line, own.clone()));
            if *other != own {
                return Err(SplitTableError::TwoParts {
                    line,
                    member: format!("'{name}' ({member})"),
                    part: own,
                    other_line: *other_line,
                    other: other.clone(),
                });
            }
        }
    }
    Ok(found
        .into_iter()
        .map(|(member, (_, part))| (member, part))
        .collect())
}

/// The members that a name stands for: a case by its code or the source's number, an image by name or id, a slide.
fn members_of(
    known: &Known,
    numbers: &BTreeMap<String, crate::id::Code>,
    names: &BTreeSet<String>,
    name: &str,
) -> Vec<String> {
    if known.members.contains(name) {
        return vec![name.to_owned()];
    }
    if let Some(code) = numbers
        .get(name)
        .filter(|code| known.members.contains(code.as_str()))
    {
        return vec![code.to_string()];
    }
    if let Some(member) = find(names, name).and_then(|name| known.images.get(&name)) {
        return vec![member.clone()];
    }
    if let Ok(id) = ImageId::parse(name) {
        let of_id = known.images.iter().find(|(name, _)| ImageId::of_name(name) == id);
        return of_id.map(|(_, member)| member.clone()).into_iter().collect();
    }
    known.slides.get(name).into_iter().flatten().cloned().collect()
}
