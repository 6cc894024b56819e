//! Citations: what the dataset states about itself, its version, and the commit and snapshot that pin it. What is not
//! stated is left out, never invented.

use serde_json::{Map, Value, json};

use super::ReleaseError;
use super::build::release_of_tag;
use super::escape::{bibtex, plain, yaml};
use crate::event::read;
use crate::id::{CommitId, ReleaseId, SnapshotId};
use crate::model::{DatasetRecord, FactValue, Facts, Key};
use crate::repo::Repo;
use crate::time::Timestamp;

/// Licences whose SPDX id datasets state as their licence; Citation File Format takes no other text.
const SPDX: [&str; 18] = [
    "CC0-1.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-ND-4.0",
    "CC-BY-NC-ND-3.0",
    "CC-BY-NC-ND-4.0",
    "ODbL-1.0",
    "ODC-By-1.0",
    "PDDL-1.0",
    "MIT",
    "Apache-2.0",
    "BSD-3-Clause",
];

/// The forms of a citation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CiteFormat {
    /// One line for people.
    Text,
    /// A BibTeX entry.
    Bibtex,
    /// A `CITATION.cff` (Citation File Format 1.2.0).
    Cff,
    /// The metadata of DataCite 4, as JSON.
    Datacite,
}

impl CiteFormat {
    /// The words of all formats.
    pub const WORDS: [&'static str; 4] = ["text", "bibtex", "cff", "datacite"];

    /// Reads the word; `None` when it is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "text" => Some(Self::Text),
            "bibtex" => Some(Self::Bibtex),
            "cff" => Some(Self::Cff),
            "datacite" => Some(Self::Datacite),
            _ => None,
        }
    }
}

/// A person or organisation that made the dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Creator {
    /// The family name, or the whole name.
    family: String,
    given: Option<String>,
}

/// What a citation says.
#[derive(Debug, Clone)]
pub(super) struct Citation {
    name: String,
    version: Option<String>,
    title: String,
    creators: Vec<Creator>,
    publisher: Option<String>,
    doi: Option<String>,
    licence: Option<String>,
    licence_url: Option<String>,
    description: Option<String>,
    date: Timestamp,
    commit: CommitId,
    snapshot: SnapshotId,
    release: Option<ReleaseId>,
}

/// Which version is cited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cited<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) date: Timestamp,
    pub(super) commit: CommitId,
    pub(super) snapshot: SnapshotId,
    pub(super) release: Option<ReleaseId>,
}

/// Cites a tag or any other revision.
///
/// # Errors
/// [`ReleaseError::NoCommit`] for the version before the first commit, or when the repository cannot be read.
pub fn cite(repo: &Repo, text: &str, format: CiteFormat) -> Result<String, ReleaseError> {
    let tag = repo.store().read_tag(text)?;
    let commit = match &tag {
        Some(tag) => tag.commit,
        None => repo.resolve(text)?,
    };
    let version = repo.version(commit)?;
    let sealed = version.commit().ok_or(ReleaseError::NoCommit)?;
    let dataset: DatasetRecord = read(&version, &Key::dataset())?.unwrap_or_default();
    let cited = Cited {
        name: repo.name(),
        version: tag.as_ref().map(|tag| tag.name.as_str()),
        date: sealed.committed_at,
        commit,
        snapshot: sealed.snapshot,
        release: tag.as_ref().and_then(release_of_tag),
    };
    Ok(Citation::new(&dataset.facts, cited).render(format))
}

/// Reads `Family, Given; Family, Given`; a part without a comma is a whole name.
fn creators(text: &str) -> Vec<Creator> {
    let parts = text.split(';').map(plain);
    parts
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .map(|part| match part.split_once(',') {
            Some((family, given)) if !family.trim().is_empty() && !given.trim().is_empty() => Creator {
                family: family.trim().to_owned(),
                given: Some(given.trim().to_owned()),
            },
            _ => Creator {
                family: part,
                given: None,
            },
        })
        .collect()
}

/// Takes the bare DOI out of what people write.
fn bare_doi(text: &str) -> Option<String> {
    let text = text.trim();
    let start = text.find("10.")?;
    let doi = text.get(start..)?;
    let is_doi = doi.contains('/') && !doi.contains(|c: char| c.is_whitespace() || c.is_control());
    is_doi.then(|| doi.to_owned())
}

impl Citation {
    pub(super) fn new(facts: &Facts, cited: Cited<'_>) -> Self {
        let text = |name: &str| {
            let value = facts.get(name).and_then(FactValue::as_text)?;
            let value = plain(value).trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        Self {
            name: plain(cited.name),
            version: cited.version.map(str::to_owned),
            title: text("title").unwrap_or_else(|| plain(cited.name)),
            creators: text("creators").map(|text| creators(&text)).unwrap_or_default(),
            publisher: text("publisher"),
            doi: text("doi").and_then(|doi| bare_doi(&doi)),
            licence: text("licence"),
            licence_url: text("licence_url"),
            description: text("description"),
            date: cited.date,
            commit: cited.commit,
            snapshot: cited.snapshot,
            release: cited.release,
        }
    }

    pub(super) fn render(&self, format: CiteFormat) -> String {
        match format {
            CiteFormat::Text => self.to_text(),
            CiteFormat::Bibtex => self.to_bibtex(),
            CiteFormat::Cff => self.to_cff(),
            CiteFormat::Datacite => self.to_datacite(),
        }
    }

    /// `NAME@VERSION#DIGEST`: the release's digest, else the snapshot's.
    fn pinned(&self) -> String {
        let version = self.version.as_ref().map(|version| format!("@{version}"));
        let digest = self
            .release
            .map_or(self.snapshot.digest(), |release| release.digest());
        format!("{}{}#{digest}", self.name, version.unwrap_or_default())
    }

    fn year(&self) -> String {
        self.date.to_day().get(..4).unwrap_or_default().to_owned()
    }

    fn to_text(&self) -> String {
        let creators: Vec<String> = self
            .creators
            .iter()
            .map(|creator| match &creator.given {
                Some(given) => format!("{}, {given}", creator.family),
                None => creator.family.clone(),
            })
            .collect();
        let mut out = creators.join("; ");
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&format!("({}). {}", self.year(), self.title));
        if let Some(version) = &self.version {
            out.push_str(&format!(" (Version {version})"));
        }
        out.push_str(" [Data set].");
        if let Some(publisher) = &self.publisher {
            out.push_str(&format!(" {publisher}."));
        }
        if let Some(doi) = &self.doi {
            out.push_str(&format!(" https://doi.org/{doi}"));
        }
        out.push_str(&format!(
            " {} Commit {}, snapshot {}.\n",
            self.pinned(),
            self.commit,
            self.snapshot
        ));
        out
    }

    fn to_bibtex(&self) -> String {
        let letters = |text: &str| {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
        };
        let version = self.version.as_deref().unwrap_or_default();
        let key = format!("{}{}", letters(&self.name), letters(version));
        let key = if key.is_empty() { "dataset".to_owned() } else { key };
        let authors: Vec<String> = self
            .creators
            .iter()
            .map(|creator| match &creator.given {
                Some(given) => format!("{{{}}}, {{{}}}", bibtex(&creator.family), bibtex(given)),
                None => format!("{{{}}}", bibtex(&creator.family)),
            })
            .collect();
        let mut fields = Vec::new();
        if !authors.is_empty() {
            fields.push(("author", authors.join(" and ")));
        }
        fields.push(("title", format!("{{{}}}", bibtex(&self.title))));
        fields.push(("year", self.year()));
        if let Some(version) = &self.version {
            fields.push(("version", bibtex(version)));
        }
        if let Some(publisher) = &self.publisher {
            fields.push(("publisher", format!("{{{}}}", bibtex(publisher))));
        }
        if let Some(doi) = &self.doi {
            fields.push(("doi", bibtex(doi)));
        }
        fields.push((
            "note",
            format!(
                "{}, commit {}, snapshot {}",
                bibtex(&self.pinned()),
                self.commit,
                self.snapshot
            ),
        ));
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("  {name} = {{{value}}}"))
            .collect();
        format!("@misc{{{key},\n{}\n}}\n", fields.join(",\n"))
    }

    fn to_cff(&self) -> String {
        let mut out = String::from("cff-version: 1.2.0\n");
        let mut line = |name: &str, value: &str| out.push_str(&format!("{name}: {}\n", yaml(value)));
        line("message", "If you use this dataset, please cite it as below.");
        line("type", "dataset");
        line("title", &self.title);
        if let Some(version) = &self.version {
            line("version", version);
        }
        line("date-released", &self.date.to_day());
        if let Some(description) = &self.description {
            line("abstract", description);
        }
        if let Some(doi) = &self.doi {
            line("doi", doi);
        }
        match (&self.licence, &self.licence_url) {
            (Some(licence), _) if SPDX.contains(&licence.as_str()) => line("license", licence),
            (_, Some(url)) if url.starts_with("https://") || url.starts_with("http://") => {
                line("license-url", url);
            }
            _ => {}
        }
        if self.creators.is_empty() {
            out.push_str("# authors: the dataset states no creators\n");
        } else {
            out.push_str("authors:\n");
        }
        for creator in &self.creators {
            match &creator.given {
                Some(given) => out.push_str(&format!(
                    "  - family-names: {}\n    given-names: {}\n",
                    yaml(&creator.family),
                    yaml(given)
                )),
                None => out.push_str(&format!("  - name: {}\n", yaml(&creator.family))),
            }
        }
        out.push_str("identifiers:\n");
        for (value, what) in self.identifiers() {
            out.push_str(&format!(
                "  - type: other\n    value: {}\n    description: {}\n",
                yaml(&value),
                yaml(what)
            ));
        }
        out
    }

    fn identifiers(&self) -> Vec<(String, &'static str)> {
        let release = self.release.map(|id| {
            (
                format!("holotype:release:{id}"),
                "The release (BLAKE3 of release.json)",
            )
        });
        let rest = [
            (
                format!("holotype:commit:{}", self.commit),
                "The commit: content and history",
            ),
            (
                format!("holotype:snapshot:{}", self.snapshot),
                "The snapshot: content alone",
            ),
        ];
        release.into_iter().chain(rest).collect()
    }

    fn to_datacite(&self) -> String {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
        put("schemaVersion", json!("http://datacite.org/schema/kernel-4"));
        put(
            "types",
            json!({"resourceTypeGeneral": "Dataset", "resourceType": "Dataset"}),
        );
        put("titles", json!([{"title": self.title}]));
        put("publicationYear", json!(self.year()));
        put(
            "dates",
            json!([{"date": self.date.to_day(), "dateType": "Created"}]),
        );
        if let Some(version) = &self.version {
            put("version", json!(version));
        }
        if !self.creators.is_empty() {
            let creators: Vec<Value> = self.creators.iter().map(datacite_creator).collect();
            put("creators", Value::Array(creators));
        }
        if let Some(publisher) = &self.publisher {
            put("publisher", json!({"name": publisher}));
        }
        if let Some(doi) = &self.doi {
            put("doi", json!(doi));
            put(
                "identifiers",
                json!([{"identifier": doi, "identifierType": "DOI"}]),
            );
        }
        if let Some(description) = &self.description {
            put(
                "descriptions",
                json!([{"description": description, "descriptionType": "Abstract"}]),
            );
        }
        let rights = [("rights", &self.licence), ("rightsUri", &self.licence_url)];
        let rights: Map<String, Value> = rights
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))))
            .collect();
        if !rights.is_empty() {
            put("rightsList", json!([rights]));
        }
        let alternate: Vec<Value> = self
            .identifiers()
            .into_iter()
            .map(|(value, what)| json!({"alternateIdentifier": value, "alternateIdentifierType": what}))
            .collect();
        put("alternateIdentifiers", Value::Array(alternate));
        format!("{:#}\n", Value::Object(out))
    }
}

fn datacite_creator(creator: &Creator) -> Value {
    match &creator.given {
        Some(given) => json!({
            "name": format!("{}, {given}", creator.family),
            "nameType": "Personal",
            "givenName": given,
            "familyName": creator.family,
        }),
        None => json!({"name": creator.family}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation(facts: &[(&str, &str)]) -> Citation {
        let facts = facts
            .iter()
            .map(|(name, value)| ((*name).to_owned(), FactValue::from(*value)))
            .collect();
        let cited = Cited {
            name: "cells & co",
            version: Some("1.0"),
            date: Timestamp::parse("2026-11-01T12:00:00Z").unwrap(),
            commit: CommitId::of(b"c"),
            snapshot: SnapshotId::of(b"s"),
            release: None,
        };
        Citation::new(&facts, cited)
    }

    #[test]
    fn what_is_not_stated_is_left_out() {
        let citation = citation(&[]);
        let snapshot = SnapshotId::of(b"s");
        let text = citation.render(CiteFormat::Text);
        assert!(
            text.starts_with("(2026). cells & co (Version 1.0) [Data set]. "),
            "{text}"
        );
        assert!(text.contains(&format!("cells & co@1.0#{snapshot}")));
        let json: Value = serde_json::from_str(&citation.render(CiteFormat::Datacite)).unwrap();
        for absent in ["creators", "publisher", "doi", "rightsList", "descriptions"] {
            assert!(json.get(absent).is_none(), "{absent}");
        }
        assert!(!citation.render(CiteFormat::Bibtex).contains("author"));
        assert!(!citation.render(CiteFormat::Cff).contains("\nauthors:"));
    }

    #[test]
    fn names_survive_every_format() {
        let citation = citation(&[
            ("creators", "O'Neil, Zoë \"Z\"; Müller and Sons; Ng_1, {A}"),
            ("title", "50 % mitoses: \"no\"\n#1"),
            ("doi", "https://doi.org/10.5281/zenodo.1_2"),
            ("licence", "CC-BY-4.0"),
            ("publisher", "Zenodo"),
        ]);
        let bib = citation.render(CiteFormat::Bibtex);
        assert!(
            bib.contains("author = {{O'Neil}, {Zoë \"Z\"} and {Müller and Sons} and {Ng\\_1}, "),
            "{bib}"
        );
        assert!(bib.contains("title = {{50 \\% mitoses: \"no\" \\#1}}"), "{bib}");
        assert!(bib.contains("doi = {10.5281/zenodo.1\\_2}"), "{bib}");
        let cff = citation.render(CiteFormat::Cff);
        assert!(cff.contains("given-names: \"Zoë \\\"Z\\\"\"\n"), "{cff}");
        assert!(cff.contains("  - name: \"Müller and Sons\"\n"), "{cff}");
        assert!(cff.contains("license: \"CC-BY-4.0\"\n"), "{cff}");
        let json: Value = serde_json::from_str(&citation.render(CiteFormat::Datacite)).unwrap();
        assert_eq!(json["creators"][2]["givenName"], "{A}");
        assert_eq!(json["doi"], "10.5281/zenodo.1_2");
        assert!(
            citation
                .render(CiteFormat::Text)
                .contains("https://doi.org/10.5281/zenodo.1_2")
        );
    }
}
