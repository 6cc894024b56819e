//! Reads a label scheme: a TOML file that says which labels there are and what they mean.
//!
//! ```toml
//! [[label]]
//! name = "mitotic figure"
//! colour = "#d62728"
//! description = "a cell in division, from late prophase on"
//! ```
//!
//! Each `[[label]]` has a `name`; `colour` (or `color`) is `"#rrggbb"`, `"#rgb"` or `[red, green, blue]`; every other member
//! is kept as a fact of the label. Members of `[scheme]`, and those before the first table, are facts of the dataset under
//! `scheme_…`. A scheme is the word on its labels: what it says replaces what other files said. It takes nothing away,
//! renames nothing, and two spellings of a name are two labels, which is told.

mod value;

use super::document::{Document, LabelFacts, SourceFacts, SourceLabel};
use super::report::LossReport;
use super::table::{decode, line_at};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// No scheme that is read is longer.
const BYTES_MAX: usize = 16 << 20;

/// No scheme that is read has more labels.
const LABELS_MAX: usize = 100_000;

/// A file that was not read: which one, where, why. Lines count from 1.
#[derive(Debug, thiserror::Error)]
#[error("{file}, line {line}: {problem}")]
pub struct SchemeError {
    /// The file.
    pub file: String,
    /// Where in it.
    pub line: u64,
    /// Why.
    #[source]
    pub problem: SchemeProblem,
}

/// Why a file is not read as a label scheme.
#[derive(Debug, thiserror::Error)]
pub enum SchemeProblem {
    /// It is larger than any scheme that is read.
    #[error("the file has {bytes} bytes; a scheme of at most {limit} is read")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It is no UTF-8 text.
    #[error("this is no UTF-8 text")]
    NotText,
    /// It is not TOML.
    #[error("this is not TOML: {why}")]
    Syntax {
        /// What the parser says.
        why: String,
    },
    /// It has no label.
    #[error("there is no [[label]]")]
    NoLabel,
    /// `label` is no list of tables.
    #[error("'label' is no list of tables; each label begins with [[label]]")]
    NotLabels,
    /// A label has no name.
    #[error("the label has no 'name', or one that is no text or is empty")]
    NoName,
    /// A name is there twice.
    #[error("the label '{name}' is there twice")]
    NameTwice {
        /// The name.
        name: String,
    },
    /// A member says one thing twice.
    #[error("the label has both 'colour' and 'color'")]
    ColourTwice,
    /// There are too many labels.
    #[error("there are more than {limit} labels")]
    TooMany {
        /// The limit.
        limit: usize,
    },
}

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let is_label = |line: &[u8]| {
        let inner = line
            .trim_ascii()
            .strip_prefix(b"[[")
            .map(<[u8]>::trim_ascii_start);
        let rest = inner.and_then(|inner| inner.strip_prefix(b"label"));
        rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b"]]"))
    };
    head.split(|byte| *byte == b'\n')
        .any(is_label)
        .then_some("TOML with [[label]] tables")
}

/// Reads a scheme; `file` is the name that messages give it.
///
/// # Errors
/// [`SchemeError`], with the line, when it is none.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, SchemeError> {
    read_scheme(file, bytes).map_err(|(offset, problem)| SchemeError {
        file: file.to_owned(),
        line: line_at(bytes, offset),
        problem,
    })
}

/// A problem, and the byte where it is.
type Failure = (usize, SchemeProblem);

fn read_scheme(file: &str, bytes: &[u8]) -> Result<Document, Failure> {
    if bytes.len() > BYTES_MAX {
        let (bytes, limit) = (bytes.len(), BYTES_MAX);
        return Err((0, SchemeProblem::TooLarge { bytes, limit }));
    }
    let text = decode(bytes).map_err(|_| (0, SchemeProblem::NotText))?;
    let skipped = bytes.len() - text.len();
    let table = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start + skipped);
        let why = error.message().to_owned();
        (offset, SchemeProblem::Syntax { why })
    })?;
    let mut document = Document {
        label_facts: LabelFacts::Definitions,
        ..Document::default()
    };
    let mut labels = None;
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "label" => labels = Some(value),
            "scheme" => match value.get_ref() {
                DeValue::Table(members) => {
                    for (key, value) in members {
                        dataset_fact(file, key, value, &mut document);
                    }
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_)
                | DeValue::Array(_) => dataset_fact(file, key, value, &mut document),
            },
            _ => dataset_fact(file, key, value, &mut document),
        }
    }
    let labels = labels.ok_or((0, SchemeProblem::NoLabel))?;
    let at = |value: &Spanned<DeValue<'_>>| value.span().start + skipped;
    let list = labels
        .get_ref()
        .as_array()
        .ok_or((at(labels), SchemeProblem::NotLabels))?;
    let mut names = std::collections::BTreeSet::new();
    for label in list.iter() {
        let members = label
            .get_ref()
            .as_table()
            .ok_or((at(label), SchemeProblem::NotLabels))?;
        let read = read_label(file, members, &mut document.report).map_err(|problem| (at(label), problem))?;
        if !names.insert(read.name.clone()) {
            return Err((at(label), SchemeProblem::NameTwice { name: read.name }));
        }
        if document.labels.len() == LABELS_MAX {
            return Err((at(label), SchemeProblem::TooMany { limit: LABELS_MAX }));
        }
        document.labels.push(read);
    }
    Ok(document)
}

fn dataset_fact(
    file: &str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
    document: &mut Document,
) {
    let name = format!("scheme_{}", key.get_ref());
    let fact = value::fact(file, &name, value.get_ref(), &mut document.report);
    document.dataset.insert(name, fact);
}

fn read_label(
    file: &str,
    members: &DeTable<'_>,
    report: &mut LossReport,
) -> Result<SourceLabel, SchemeProblem> {
    let (mut name, mut facts) = (None, SourceFacts::new());
    for (key, value) in members {
        let key = key.get_ref().as_ref();
        match key {
            "name" => name = value.get_ref().as_str().filter(|name| !name.trim().is_empty()),
            "colour" | "color" => {
                let colour = value::colour(file, key, value.get_ref(), report);
                if facts.insert("colour".to_owned(), colour).is_some() {
                    return Err(SchemeProblem::ColourTwice);
                }
            }
            "description" | "definition" => {
                // What a label means is written to be published.
                let fact = value::public_fact(file, key, value.get_ref(), report);
                facts.insert(key.to_owned(), fact);
            }
            _ => {
                let fact = value::fact(file, key, value.get_ref(), report);
                facts.insert(key.to_owned(), fact);
            }
        }
    }
    let name = name.ok_or(SchemeProblem::NoName)?.to_owned();
    if name.trim() != name {
        report.warnings.add("white_space_around_name", || {
            format!("{file}: there is white space around the name '{name}'; it is kept")
        });
    }
    Ok(SourceLabel { name, facts })
}

#[cfg(test)]
mod tests;
