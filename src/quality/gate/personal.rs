//! Personal data in what a version says: names of images and files, facts, labels, attributes, and headers of images.
//!
//! Findings are gathered by what was seen and where it stands, so that one decision settles what is alike in many files.
//! Facts of the dataset that are made for publication, such as its creators, may name people.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{State, StateError};
use crate::model::screened::SCREENED_FOR;
use crate::model::{FactValue, Facts, ImageRecord, Severity};
use crate::privacy::{HeaderPart, Kind, Trace, in_header, in_name, in_text, paths_in};

use super::codes::{
    Code, DATE, LABEL_IMAGE, MACRO_IMAGE, MAIL, NAME, NOT_LOOKED_AT, NUMBER, PATH, PATIENT, PERSON, POSITION,
};
use super::finding::{Finding, counted, quoted, some};
use super::inventory::Inventory;

/// Words in the names of facts that name somebody.
const PERSON_FACTS: [&str; 9] = [
    "author",
    "operator",
    "owner",
    "patient",
    "pathologist",
    "physician",
    "person",
    "photographer",
    "user",
];
/// Facts that say something about the file and not about people.
const PLAIN_FACTS: [&str; 4] = ["kind", "format", "vendor", "scanner"];
/// Examples that a message gives.
const EXAMPLES: usize = 3;

/// What headers of images say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// By the image's name.
    pub parts: BTreeMap<String, Vec<HeaderPart>>,
    /// Images whose bytes are not here, so that nobody could look.
    pub unread: BTreeSet<String>,
}

fn code(kind: Kind) -> Code {
    match kind {
        Kind::Path => PATH,
        Kind::Mail => MAIL,
        Kind::Name => NAME,
        Kind::Number => NUMBER,
        Kind::Date => DATE,
        Kind::Position => POSITION,
        Kind::LabelImage => LABEL_IMAGE,
        Kind::MacroImage => MACRO_IMAGE,
        Kind::Patient => PATIENT,
        Kind::Person => PERSON,
    }
}

/// Where a trace stands, which says what settles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Site {
    Name,
    Header,
    Fact,
    Label,
    Attribute,
}

/// Traces of one kind in one place.
#[derive(Default)]
struct Found {
    texts: BTreeSet<String>,
    items: BTreeSet<String>,
}

/// Traces, gathered by what was seen and where.
#[derive(Default)]
struct Traces(BTreeMap<(Kind, Site, String), Found>);

impl Traces {
    fn add(&mut self, site: Site, item: &str, traces: Vec<Trace>) {
        for trace in traces {
            let found = self.0.entry((trace.kind, site, trace.place)).or_default();
            found.texts.insert(trace.text);
            found.items.insert(match trace.at {
                Some(at) => format!("{item}, {at}"),
                None => item.to_owned(),
            });
        }
    }

    fn headers(&mut self, parts: &BTreeMap<String, Vec<HeaderPart>>) {
        for (name, parts) in parts {
            for part in parts {
                self.add(Site::Header, name, in_header(part));
            }
        }
    }

    fn image(&mut self, image: &ImageRecord) {
        self.add(Site::Name, &image.name, in_name("image name", &image.name));
        for file in &image.files {
            if !image.name.ends_with(&file.name) {
                self.add(Site::Name, &image.name, in_name("file name", &file.name));
            }
        }
        self.facts(&image.name, &image.facts);
    }

    fn facts(&mut self, item: &str, facts: &Facts) {
        for (name, value) in facts {
            let FactValue::Text(text) = value else { continue };
            if PLAIN_FACTS.contains(&name.as_str()) || name.starts_with(SCREENED_FOR) {
                continue;
            }
            let place = format!("fact {name}");
            let mut traces = in_text(&place, text);
            if PERSON_FACTS.iter().any(|word| name.contains(word)) {
                traces.push(Trace {
                    kind: Kind::Person,
                    place,
                    at: None,
                    text: text.clone(),
                });
            }
            self.add(Site::Fact, item, traces);
        }
    }

    fn into_findings(self) -> Vec<Finding> {
        let findings = self.0.into_iter().map(|((kind, site, place), found)| {
            let code = code(kind);
            let texts: Vec<String> = found
                .texts
                .iter()
                .take(EXAMPLES)
                .map(|text| format!("'{text}'"))
                .collect();
            let object = match site {
                Site::Header => format!("header/{place}"),
                Site::Name | Site::Fact | Site::Label | Site::Attribute => place.clone(),
            };
            let message = format!(
                "{kind} in {}: {} in {}: {}",
                object.replace('/', " "),
                texts.join(", "),
                counted(found.items.len(), "place"),
                some(&found.items)
            );
            let settle = settle(site, code, &object, &place);
            Finding::new(code, object, message, settle).about(found.items)
        });
        findings.collect()
    }
}

/// What settles a finding, and the waiver that keeps what is found.
fn settle(site: Site, code: Code, object: &str, place: &str) -> String {
    let keep = format!(
        "keep it with a reason: holotype check waive {} {} --reason R --until DATE",
        code.text,
        quoted(object)
    );
    let change = match site {
        Site::Name => "give the files other names and add them under those before anything is committed (holotype discard drops the draft)"
            .to_owned(),
        Site::Header if [LABEL_IMAGE.text, MACRO_IMAGE.text].contains(&code.text) => {
            "take it out of copies (holotype check strip FILES --out DIR --photographs), and add these".to_owned()
        }
        Site::Header => "blank it in copies (TIFF: holotype check strip FILES --out DIR), or write the files anew without it, \
                         and add these"
            .to_owned(),
        Site::Fact => {
            let fact = place.strip_prefix("fact ").unwrap_or(place);
            format!("holotype vocabulary map {} OLD=NEW", quoted(fact))
        }
        Site::Label => "holotype record with {\"command\":\"rename_label\",\"label\":\"OLD\",\"to\":\"NEW\"}".to_owned(),
        Site::Attribute => "withdraw what should not be told, or import it anew without".to_owned(),
    };
    format!("{change}; or {keep}")
}

/// Finds personal data in a version and in the headers of its images.
pub(super) fn check(inventory: &Inventory, headers: &Headers, findings: &mut Vec<Finding>) {
    let mut traces = Traces::default();
    for image in &inventory.images {
        traces.image(image);
    }
    for (code, slide) in &inventory.slides {
        traces.facts(&format!("slide/{code}"), &slide.facts);
    }
    for (code, case) in &inventory.cases {
        traces.facts(&format!("case/{code}"), &case.facts);
    }
    for label in inventory.labels.values() {
        traces.add(Site::Label, &label.name, in_text("label name", &label.name));
    }
    for (name, value) in &inventory.dataset {
        if let FactValue::Text(text) = value {
            traces.add(Site::Fact, "dataset", paths_in(&format!("fact {name}"), text));
        }
    }
    for ((name, text), count) in &inventory.attributes {
        let item = format!(
            "{} with {name} = {text}",
            counted(usize::try_from(*count).unwrap_or(usize::MAX), "annotation")
        );
        traces.add(
            Site::Attribute,
            &item,
            in_text(&format!("attribute {name}"), text),
        );
    }
    traces.headers(&headers.parts);
    findings.extend(traces.into_findings());
    if !headers.unread.is_empty() {
        let message = format!(
            "nobody could look into the headers of {}, whose bytes are not here: {}",
            counted(headers.unread.len(), "image"),
            some(&headers.unread)
        );
        let settle = "nothing, or check again where the bytes are".to_owned();
        let finding = Finding::new(NOT_LOOKED_AT, "headers".to_owned(), message, settle);
        findings.push(finding.about(headers.unread.clone()));
    }
}

/// Finds personal data in the names and headers of files that are about to come in.
#[must_use]
pub fn personal_in_files(headers: &BTreeMap<String, Vec<HeaderPart>>) -> Vec<Finding> {
    let mut traces = Traces::default();
    for name in headers.keys() {
        traces.add(Site::Name, name, in_name("image name", name));
    }
    traces.headers(headers);
    traces.into_findings()
}

/// Finds personal data in names of images and labels and in facts that are in one state and not in another: what is about
/// to be recorded.
///
/// # Errors
/// [`StateError`] when a record cannot be had or decoded.
pub fn personal_that_is_new(before: &dyn State, after: &dyn State) -> Result<Vec<Finding>, StateError> {
    let told = |state: &dyn State| -> Result<Vec<Finding>, StateError> {
        let inventory = Inventory::read_names(state)?;
        let mut findings = Vec::new();
        check(&inventory, &Headers::default(), &mut findings);
        findings.retain(|finding| finding.severity != Severity::Information);
        Ok(findings)
    };
    let mut found = told(after)?;
    if found.is_empty() {
        return Ok(found);
    }
    let known: BTreeMap<(&'static str, String), Finding> = told(before)?
        .into_iter()
        .map(|one| ((one.code, one.object.clone()), one))
        .collect();
    found.sort_by(|a, b| (a.code, &a.object).cmp(&(b.code, &b.object)));
    found.retain(|finding| {
        let old = known.get(&(finding.code, finding.object.clone()));
        finding
            .items
            .iter()
            .any(|item| old.is_none_or(|old| !old.items.contains(item)))
    });
    Ok(found)
}
