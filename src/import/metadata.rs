//! Joining a table to images: case, species, tumour, scanner, origin, licence, …

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{Command, Context, EntityRef, Event, read, scan_records};
use crate::id::{Code, ImageId};
use crate::model::facts::effective_changes;
use crate::model::{CaseRecord, EntityKind, FactChanges, FactValue, ImageRecord, Key, KeyParts};
use crate::repo::{Repo, RepoError, Scope, Transaction, events_since};
use crate::store::PrivateKind;

use super::document::{PrivateText, SourceValue};
use super::engine::private_kind;
use super::personal;
use super::table::{PatternError, Table, apply_pattern, spelling_variants};

/// A table that does not fit.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The repository failed, or refused an event.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// There is no such column.
    #[error("the table has no column '{column}'; it has {columns}")]
    NoColumn {
        /// The column asked for.
        column: String,
        /// Those there are.
        columns: String,
    },
    /// The pattern does not fit the keys.
    #[error("line {line}: {source}")]
    Pattern {
        /// The line of the table.
        line: u64,
        /// Why.
        #[source]
        source: PatternError,
    },
    /// No row names an image.
    #[error("no row of the table names an image: the first key is '{example}', the first image '{image}'")]
    NothingMatches {
        /// A key.
        example: String,
        /// An image.
        image: String,
    },
}

impl From<crate::event::StateError> for MetadataError {
    fn from(error: crate::event::StateError) -> Self {
        Self::Repo(error.into())
    }
}

/// Choices of a join.
#[derive(Debug, Clone, Default)]
pub struct MetadataOptions {
    /// The column that names the image; found by its name where none is given.
    pub key: Option<String>,
    /// Turns a key into a name, such as `{:03}.tiff`.
    pub pattern: Option<String>,
}

/// What a join did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MetadataOutcome {
    /// Rows that named an image.
    pub matched: u64,
    /// Keys of rows that named none.
    pub unmatched_rows: Vec<String>,
    /// Images that no row named.
    pub unmatched_images: Vec<String>,
    /// Values of one column that differ in spelling only: column, one, other.
    pub spellings: Vec<(String, String, String)>,
    /// Images that more than one row names, and what the last of them says counts.
    pub repeated: Vec<String>,
    /// Facts that can name a person: they are in private objects.
    pub private: BTreeSet<String>,
    /// Facts that can name a person, where nothing else of a row was new: they were not kept.
    pub not_kept: BTreeSet<String>,
    /// The column taken as key.
    pub key: String,
}

/// Names that a key column has, in the order in which they are looked for.
const KEY_NAMES: [&str; 10] = [
    "image",
    "file",
    "filename",
    "file_name",
    "image_name",
    "name",
    "slide",
    "slide_id",
    "image_id",
    "id",
];

/// States what a table says of images.
///
/// # Errors
/// [`MetadataError`]; nothing of the transaction may be used then.
pub fn join(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    table: &Table,
    options: &MetadataOptions,
) -> Result<MetadataOutcome, MetadataError> {
    let key = key_column(table, options)?;
    let mut outcome = MetadataOutcome {
        key: table.columns.get(key).cloned().unwrap_or_default(),
        spellings: spellings(table, key),
        ..MetadataOutcome::default()
    };
    let mut images = names(transaction)?;
    let all = images.clone();
    let mut cases = Cases::read(repo, transaction)?;
    for row in &table.rows {
        let Some(cell) = row.cells.get(key) else { continue };
        let name = match &options.pattern {
            Some(pattern) => {
                apply_pattern(pattern, cell.trim()).map_err(|source| MetadataError::Pattern {
                    line: row.line,
                    source,
                })?
            }
            None => cell.trim().to_owned(),
        };
        let Some(name) = find(&all, &name) else {
            outcome.unmatched_rows.push(cell.clone());
            continue;
        };
        if !images.remove(&name) {
            outcome.repeated.push(name.clone());
        }
        outcome.matched += 1;
        let cells = table
            .columns
            .iter()
            .zip(&row.cells)
            .enumerate()
            .filter(|(index, _)| *index != key);
        let cells: Vec<(&str, &str)> = cells
            .map(|(_, (column, cell))| (column.as_str(), cell.trim()))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        let personal = state_row(repo, transaction, context, &name, &cells, &mut cases)?;
        outcome.private.extend(personal.kept);
        outcome.not_kept.extend(personal.left_out);
    }
    if outcome.matched == 0
        && let (Some(example), Some(image)) = (outcome.unmatched_rows.first(), all.iter().next())
    {
        return Err(MetadataError::NothingMatches {
            example: example.clone(),
            image: image.clone(),
        });
    }
    outcome.unmatched_images = images.into_iter().collect();
    Ok(outcome)
}

fn key_column(table: &Table, options: &MetadataOptions) -> Result<usize, MetadataError> {
    let columns = || table.columns.join(", ");
    if let Some(wanted) = &options.key {
        return table.column(wanted).ok_or_else(|| MetadataError::NoColumn {
            column: wanted.clone(),
            columns: columns(),
        });
    }
    let folded: Vec<String> = table.columns.iter().map(|name| fact_name(name)).collect();
    let found = KEY_NAMES
        .iter()
        .find_map(|name| folded.iter().position(|column| column == name));
    Ok(found.unwrap_or(0))
}

fn names(transaction: &Transaction<'_>) -> Result<BTreeSet<String>, MetadataError> {
    let mut names = BTreeSet::new();
    scan_records(
        transaction,
        &Key::kind_prefix(EntityKind::Image),
        |_, record: ImageRecord| {
            names.insert(record.name);
            ControlFlow::Continue(())
        },
    )?;
    Ok(names)
}

/// Finds the image of a name, or the only one whose last part is that name, with or without extension.
pub(super) fn find(names: &BTreeSet<String>, wanted: &str) -> Option<String> {
    if names.contains(wanted) {
        return Some(wanted.to_owned());
    }
    let fits = |name: &&String| {
        let last = name.rsplit('/').next().unwrap_or(name);
        last == wanted || last.rsplit_once('.').is_some_and(|(stem, _)| stem == wanted)
    };
    let mut found = names.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

/// A column's name as the name of a fact: lower case, words joined by `_`; tumor and license in British spelling.
pub(super) fn fact_name(column: &str) -> String {
    let words: Vec<String> = column
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    match words.join("_").as_str() {
        "tumor" => "tumour".to_owned(),
        "license" => "licence".to_owned(),
        other => other.to_owned(),
    }
}

fn spellings(table: &Table, key: usize) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (index, column) in table
        .columns
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != key)
    {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for cell in table.rows.iter().filter_map(|row| row.cells.get(index)) {
            *counts.entry(cell.trim().to_owned()).or_default() += 1;
        }
        // A column of free values has no vocabulary.
        if counts.len() <= 200 {
            found.extend(
                spelling_variants(&counts)
                    .into_iter()
                    .map(|(a, b)| (column.clone(), a, b)),
            );
        }
    }
    found
}

/// Columns that name the case of an image; the number itself is personal and goes private.
pub(super) fn is_case_column(name: &str) -> bool {
    matches!(
        name,
        "case" | "case_id" | "case_no" | "case_number" | "patient" | "patient_id" | "animal" | "animal_id"
    )
}

/// Facts that belong to the case, where the table names one.
fn is_case_fact(name: &str) -> bool {
    matches!(
        name,
        "species" | "tumour" | "tumour_type" | "diagnosis" | "sex" | "age" | "breed"
    )
}

/// Whether an event follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    None,
    One,
}

/// Facts of a row that can name a person, by what became of them.
#[derive(Default)]
struct Personal {
    kept: Vec<String>,
    left_out: Vec<String>,
}

fn state_row(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    image: &str,
    cells: &[(&str, &str)],
    cases: &mut Cases,
) -> Result<Personal, MetadataError> {
    let id = ImageId::of_name(image);
    let mut case = None;
    for (column, cell) in cells {
        if is_case_column(&fact_name(column)) {
            case = Some(cases.of(repo, transaction, context, cell)?);
        }
    }
    let (mut of_image, mut of_case) = (FactChanges::new(), FactChanges::new());
    let mut personal: BTreeMap<String, PrivateText> = BTreeMap::new();
    for (column, cell) in cells {
        let name = fact_name(column);
        if is_case_column(&name) {
            continue;
        }
        if let SourceValue::Private(text) = personal::text_value(&name, cell) {
            personal.insert(name, text);
            continue;
        }
        let value = Some(FactValue::from(*cell));
        if case.is_some() && is_case_fact(&name) {
            of_case.insert(name, value)
        } else {
            of_image.insert(name, value)
        };
    }
    if let Some(code) = case {
        let record: Option<ImageRecord> = read(&*transaction, &Key::image(id))?;
        let slide = record.and_then(|record| record.slide);
        transaction.must(
            context,
            Command::AssignImage {
                image: id,
                case: Some(code.clone()),
                slide,
            },
        )?;
        let entity = EntityRef {
            kind: EntityKind::Case,
            id: code.to_string(),
        };
        transaction.must(
            context,
            Command::SetFacts {
                entity,
                changes: of_case,
            },
        )?;
    }
    let record: Option<ImageRecord> = read(&*transaction, &Key::image(id))?;
    let changes = effective_changes(&record.unwrap_or_default().facts, &of_image);
    let event = if changes.is_empty() {
        Expected::None
    } else {
        Expected::One
    };
    let (kept, context) = keep_privately(repo, context, personal, event)?;
    let entity = EntityRef::image(id);
    transaction.must(&context, Command::SetFacts { entity, changes })?;
    Ok(kept)
}

/// Puts what can name a person into private objects that the event of the row names; without an event it is not kept,
/// and not missed where it is known from before.
fn keep_privately(
    repo: &Repo,
    context: &Context,
    personal: BTreeMap<String, PrivateText>,
    event: Expected,
) -> Result<(Personal, Context), MetadataError> {
    let (mut told, mut private) = (Personal::default(), BTreeMap::new());
    for (name, text) in personal {
        let kind = private_kind(text.kind);
        if event == Expected::None {
            if repo.find_private(kind, &text.text)?.is_none() {
                told.left_out.push(name);
            }
            continue;
        }
        private.insert(name.clone(), repo.private(kind, &text.text)?);
        told.kept.push(name);
    }
    let context = Context {
        private: (!private.is_empty()).then_some(private),
        ..context.clone()
    };
    Ok((told, context))
}

/// Returns the codes of cases by the source's case number, as far as it was not erased; those of the draft, too.
///
/// # Errors
/// [`RepoError`] when the log cannot be read.
pub(super) fn case_numbers(repo: &Repo) -> Result<BTreeMap<String, Code>, RepoError> {
    let mut by_number = BTreeMap::new();
    let mut note = |event: &Event| -> Result<(), RepoError> {
        if let Event::CaseRegistered {
            code,
            source: Some(source),
        } = event
            && let Some(number) = repo.person(*source)?.name()
        {
            by_number.insert(number.to_owned(), code.clone());
        }
        Ok(())
    };
    for event in events_since(repo, repo.head()?, None, Scope::Global, &["case.registered/1"])? {
        note(&event.logged.event)?;
    }
    if let Some(draft) = repo.draft()? {
        draft.for_each(repo, |logged| note(&logged.event))?;
    }
    Ok(by_number)
}

/// The cases that are known, by the source's case number.
struct Cases {
    by_number: BTreeMap<String, Code>,
    next: u64,
}

impl Cases {
    fn read(repo: &Repo, transaction: &Transaction<'_>) -> Result<Self, MetadataError> {
        let by_number = case_numbers(repo)?;
        let mut count = 0;
        scan_records(
            transaction,
            &Key::kind_prefix(EntityKind::Case),
            |_, _: CaseRecord| {
                count += 1;
                ControlFlow::Continue(())
            },
        )?;
        Ok(Self {
            by_number,
            next: count + 1,
        })
    }

    fn of(
        &mut self,
        repo: &Repo,
        transaction: &mut Transaction<'_>,
        context: &Context,
        number: &str,
    ) -> Result<Code, MetadataError> {
        if let Some(code) = self.by_number.get(number) {
            return Ok(code.clone());
        }
        loop {
            let code = Code::parse(&format!("case-{}", self.next));
            self.next += 1;
            let Ok(code) = code else { continue };
            let key = Key::of(&KeyParts::Case(code.clone()));
            if read::<CaseRecord>(&*transaction, &key)?.is_some() {
                continue;
            }
            let source = repo.private(PrivateKind::SourceCaseId, number)?;
            transaction.must(
                context,
                Command::RegisterCase {
                    code: code.clone(),
                    source: Some(source),
                },
            )?;
            self.by_number.insert(number.to_owned(), code.clone());
            return Ok(code);
        }
    }
}
