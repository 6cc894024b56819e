//! Finds personal data in texts, in names of files and in what the headers of images say: paths with user names, mail
//! addresses, names of people and their initials, numbers like those of cases, dates, places, patients, photographs of a
//! slide's label. Pure; what a header says is read by `files`.
//!
//! It proposes and does not decide: a trace is for a person to look at. It errs on the side of telling, but for what
//! stands in the names of many files that have nothing to do with people (hashes, UUIDs, counters of up to six digits).

mod header;
mod names;
mod numbers;
mod runs;
mod text;

#[cfg(test)]
mod tests;

pub use header::{HeaderPart, in_header};

use std::fmt;

/// What a trace is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An absolute path: it names a user, a computer or a folder of a clinic.
    Path,
    /// A mail address.
    Mail,
    /// What looks like a person's name or initials.
    Name,
    /// What looks like the number of a case, a specimen or a patient.
    Number,
    /// A day.
    Date,
    /// Where on earth a picture was taken.
    Position,
    /// A photograph of a slide's label.
    LabelImage,
    /// A photograph of a whole slide, on which its label may be seen.
    MacroImage,
    /// What a header says of a patient.
    Patient,
    /// A member of a header that names somebody: who scanned, wrote or owns.
    Person,
}

impl Kind {
    /// Returns the words for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "an absolute path",
            Self::Mail => "a mail address",
            Self::Name => "a person's name or initials",
            Self::Number => "a number like that of a case or patient",
            Self::Date => "a date",
            Self::Position => "a position on earth",
            Self::LabelImage => "a photograph of the slide's label",
            Self::MacroImage => "a photograph of the slide",
            Self::Patient => "data of a patient",
            Self::Person => "somebody who scanned, wrote or owns it",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Something that looks like personal data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// What it looks like.
    pub kind: Kind,
    /// Where it stands: `name`, `ImageDescription`, …
    pub place: String,
    /// Where exactly, such as `directory 3`, where that matters.
    pub at: Option<String>,
    /// What was seen.
    pub text: String,
}

/// Longest piece of text that a trace repeats, characters.
const SHOWN_CHARS: usize = 80;

/// Finds personal data in a text.
#[must_use]
pub fn in_text(place: &str, text: &str) -> Vec<Trace> {
    let mut found = text::paths(text);
    found.extend(text::mails(text));
    let calm = runs::without_codes(text);
    found.extend(numbers::dates(&calm));
    found.extend(numbers::accessions(&calm));
    found.extend(names::in_text(&calm));
    traces(place, found)
}

/// Finds personal data in the name of a file, or its path below a folder.
#[must_use]
pub fn in_name(place: &str, name: &str) -> Vec<Trace> {
    let mut found = text::paths(name);
    found.extend(text::mails(name));
    let calm = runs::without_codes(name);
    found.extend(numbers::dates(&calm));
    found.extend(numbers::accessions(&calm));
    found.extend(names::in_name(&calm));
    traces(place, found)
}

/// Finds absolute paths in a text that may have names in it.
#[must_use]
pub fn paths_in(place: &str, text: &str) -> Vec<Trace> {
    traces(place, text::paths(text))
}

fn traces(place: &str, found: Vec<(Kind, String)>) -> Vec<Trace> {
    let mut traces: Vec<Trace> = found
        .into_iter()
        .map(|(kind, text)| Trace {
            kind,
            place: place.to_owned(),
            at: None,
            text: shown(&text),
        })
        .collect();
    traces.sort();
    traces.dedup();
    traces
}

/// A text as a trace repeats it: one line, not too long.
fn shown(text: &str) -> String {
    let line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match line.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
