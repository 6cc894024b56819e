//! What the header of an image says, judged. The parts are read by `files`.

use super::{Kind, Trace, in_name, in_text, shown};

/// Something that a header says and that could be about a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum HeaderPart {
    /// A text, such as an image description.
    Text {
        /// What it is called: `ImageDescription`, …
        name: String,
        /// Where it stands, such as `directory 3`.
        at: String,
        /// The text.
        text: String,
    },
    /// A member that names somebody: artist, owner, operator.
    Person {
        /// What it is called.
        name: String,
        /// Where it stands.
        at: String,
        /// The text.
        text: String,
    },
    /// A number that names a case, a specimen or a slide.
    Number {
        /// What it is called.
        name: String,
        /// Where it stands.
        at: String,
        /// The text.
        text: String,
    },
    /// A day.
    Date {
        /// What it is called.
        name: String,
        /// Where it stands.
        at: String,
        /// The text.
        text: String,
    },
    /// What is said of a patient.
    Patient {
        /// What it is called.
        name: String,
        /// Where it stands.
        at: String,
        /// The text.
        text: String,
    },
    /// A position on earth.
    Position {
        /// Where it stands.
        at: String,
    },
    /// A photograph of the slide's label.
    LabelImage {
        /// Which directory.
        at: String,
    },
    /// A photograph of the slide.
    MacroImage {
        /// Which directory.
        at: String,
    },
}

/// Keys of scanners' descriptions that name somebody.
const PERSON_KEYS: [&str; 7] = [
    "user",
    "operator",
    "username",
    "user name",
    "patient",
    "author",
    "scanned by",
];
/// Keys that hold numbers of cases and slides.
const NUMBER_KEYS: [&str; 7] = [
    "barcode",
    "slide id",
    "case",
    "case id",
    "specimen",
    "accession",
    "rack barcode",
];
/// Keys that hold days.
const DATE_KEYS: [&str; 4] = ["date", "scan date", "created", "acquisition date"];
/// Keys that hold the name of a file.
const FILE_KEYS: [&str; 3] = ["filename", "originalfilename", "file"];
/// Attributes of OME-XML that name somebody.
const OME_PEOPLE: [&str; 5] = ["FirstName", "LastName", "MiddleName", "UserName", "Email"];

/// Finds personal data in what a header says.
#[must_use]
pub fn in_header(part: &HeaderPart) -> Vec<Trace> {
    let said = |kind: Kind, name: &str, at: &str, text: &str| {
        let trace = Trace {
            kind,
            place: name.to_owned(),
            at: Some(at.to_owned()),
            text: shown(text),
        };
        if text.trim().is_empty() {
            Vec::new()
        } else {
            vec![trace]
        }
    };
    match part {
        HeaderPart::Text { name, at, text } => described(name, text)
            .into_iter()
            .map(|trace| Trace {
                at: Some(at.clone()),
                ..trace
            })
            .collect(),
        HeaderPart::Person { name, at, text } => said(Kind::Person, name, at, text),
        HeaderPart::Number { name, at, text } => said(Kind::Number, name, at, text),
        HeaderPart::Date { name, at, text } => said(Kind::Date, name, at, text),
        HeaderPart::Patient { name, at, text } => said(Kind::Patient, name, at, text),
        HeaderPart::Position { at } => said(Kind::Position, "GPS", at, "GPS position"),
        HeaderPart::LabelImage { at } => said(Kind::LabelImage, "label image", at, at),
        HeaderPart::MacroImage { at } => said(Kind::MacroImage, "macro image", at, at),
    }
}

fn say(traces: &mut Vec<Trace>, place: &str, kind: Kind, text: &str) {
    if !text.trim().is_empty() {
        traces.push(Trace {
            kind,
            place: place.to_owned(),
            at: None,
            text: shown(text),
        });
    }
}

/// Finds personal data in a description: `key = value|key = value` as scanners write it, OME-XML, or any text.
fn described(place: &str, text: &str) -> Vec<Trace> {
    let mut traces = Vec::new();
    for attribute in OME_PEOPLE {
        let mark = format!(" {attribute}=\"");
        for rest in text.split(mark.as_str()).skip(1) {
            say(
                &mut traces,
                place,
                Kind::Person,
                rest.split('"').next().unwrap_or_default(),
            );
        }
    }
    for field in text.split(['|', '\n', ';']) {
        let Some((key, value)) = field.split_once('=').filter(|(key, _)| key.len() < 40) else {
            traces.extend(in_text(place, field));
            continue;
        };
        let key = key.trim().to_lowercase();
        let is = |keys: &[&str]| keys.contains(&key.as_str());
        if is(&PERSON_KEYS) {
            say(&mut traces, place, Kind::Person, value);
        } else if is(&NUMBER_KEYS) {
            say(&mut traces, place, Kind::Number, value);
        } else if is(&DATE_KEYS) {
            say(&mut traces, place, Kind::Date, value);
        } else if is(&FILE_KEYS) {
            traces.extend(in_name(place, value.trim()));
        } else {
            traces.extend(in_text(place, field));
        }
    }
    traces.sort();
    traces.dedup();
    traces
}
