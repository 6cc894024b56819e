//! Citations: what the dataset states about itself, its version, and the commit and snapshot that pin it. What is not
//! stated is left out, never invented.

mod datacite;
mod query;
#[cfg(test)]
mod tests;

pub use query::{QUERY_FACT, QueryCitation, QueryRecord, Selected, StoredQuery, select, stored_queries};

use query::QUERY_MARK;

use super::ReleaseError;
use super::build::release_of_tag;
use super::escape::{bibtex, plain, yaml};
use super::record::ReleaseRecord;
use super::withdrawn::{Withdrawal, withdrawal};
use crate::event::read;
use crate::id::{CommitId, ReleaseId, SnapshotId};
use crate::model::{DatasetRecord, FactValue, Facts, Key};
use crate::repo::Repo;
use crate::store::TagRecord;
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
pub(super) struct Creator {
    /// The family name, or the whole name.
    pub(super) family: String,
    pub(super) given: Option<String>,
}

impl Creator {
    /// `Family, Given`, or the whole name.
    pub(super) fn name(&self) -> String {
        match &self.given {
            Some(given) => format!("{}, {given}", self.family),
            None => self.family.clone(),
        }
    }
}

/// Something else that the dataset is related to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Related {
    /// As DataCite has it.
    relation: &'static str,
    /// `DOI` or `URN`.
    kind: &'static str,
    identifier: String,
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
    related: Vec<Related>,
    subset: Option<StoredQuery>,
    withdrawn: Option<Withdrawal>,
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
    /// The identifier that an archive minted for this version; else that of the dataset's facts.
    pub(super) doi: Option<&'a str>,
    /// The release before.
    pub(super) previous: Option<ReleaseId>,
    /// The query that chooses the part that is cited; else all is.
    pub(super) subset: Option<&'a StoredQuery>,
    /// That it was withdrawn.
    pub(super) withdrawn: Option<&'a Withdrawal>,
}

impl<'a> Cited<'a> {
    /// What a release's own documents cite, which cannot know its id.
    pub(super) fn of(release: &'a ReleaseRecord) -> Self {
        Self {
            name: &release.name,
            version: Some(&release.version),
            date: release.day(),
            commit: release.commit,
            snapshot: release.snapshot,
            release: None,
            doi: release.doi.as_deref(),
            previous: release.previous.as_ref().map(|previous| previous.release),
            subset: None,
            withdrawn: None,
        }
    }
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
    cite_version(repo, commit, tag.as_ref(), None, format)
}

/// Cites a stored query.
///
/// # Errors
/// As [`cite`].
pub fn cite_query(repo: &Repo, query: &StoredQuery, format: CiteFormat) -> Result<String, ReleaseError> {
    let tag = match &query.record.version {
        Some(name) => repo.store().read_tag(name)?,
        None => None,
    };
    cite_version(repo, query.record.commit, tag.as_ref(), Some(query), format)
}

fn cite_version(
    repo: &Repo,
    commit: CommitId,
    tag: Option<&TagRecord>,
    subset: Option<&StoredQuery>,
    format: CiteFormat,
) -> Result<String, ReleaseError> {
    let version = repo.version(commit)?;
    let sealed = version.commit().ok_or(ReleaseError::NoCommit)?;
    let dataset: DatasetRecord = read(&version, &Key::dataset())?.unwrap_or_default();
    let withdrawn = match tag {
        Some(tag) => withdrawal(repo, &tag.name)?,
        None => None,
    };
    let cited = Cited {
        name: repo.name(),
        version: tag.map(|tag| tag.name.as_str()),
        date: sealed.committed_at,
        commit,
        snapshot: sealed.snapshot,
        release: tag.and_then(release_of_tag),
        doi: None,
        previous: None,
        subset,
        withdrawn: withdrawn.as_ref(),
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
#[must_use]
pub fn bare_doi(text: &str) -> Option<String> {
    let text = text.trim();
    let start = text.find("10.")?;
    let doi = text.get(start..)?;
    let (prefix, suffix) = doi.strip_prefix("10.")?.split_once('/')?;
    let is_prefix = (4..=9).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let is_suffix = !suffix.is_empty() && !suffix.contains(|c: char| c.is_whitespace() || c.is_control());
    (is_prefix && is_suffix).then(|| doi.to_owned())
}

/// Says whether a text is the id of a licence that documents name as such.
pub(super) fn is_spdx(licence: &str) -> bool {
    SPDX.contains(&licence)
}

/// What the dataset's facts and the release before say of what it is related to.
fn related(text: &impl Fn(&str) -> Option<String>, cited: &Cited<'_>) -> Vec<Related> {
    let by_doi = [
        ("paper_doi", "IsDocumentedBy"),
        ("derived_from_doi", "IsDerivedFrom"),
    ];
    let dois = by_doi.into_iter().filter_map(|(name, relation)| {
        Some(Related {
            relation,
            kind: "DOI",
            identifier: bare_doi(&text(name)?)?,
        })
    });
    let whole = cited.release.filter(|_| cited.subset.is_some());
    let by_release = [
        (whole.map(|id| id.to_string()), "IsPartOf"),
        (cited.previous.map(|id| id.to_string()), "IsNewVersionOf"),
        (text("derived_from_release"), "IsDerivedFrom"),
    ];
    let releases = by_release.into_iter().filter_map(|(id, relation)| {
        Some(Related {
            relation,
            kind: "URN",
            identifier: format!("urn:holotype:release:{}", id?),
        })
    });
    dois.chain(releases).collect()
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
            doi: cited
                .doi
                .map(str::to_owned)
                .or_else(|| text("doi"))
                .and_then(|doi| bare_doi(&doi)),
            licence: text("licence"),
            licence_url: text("licence_url"),
            description: text("description"),
            date: cited.date,
            commit: cited.commit,
            snapshot: cited.snapshot,
            release: cited.release,
            related: related(&text, &cited),
            subset: cited.subset.cloned(),
            withdrawn: cited.withdrawn.cloned(),
        }
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn creators(&self) -> &[Creator] {
        &self.creators
    }

    pub(super) fn doi(&self) -> Option<&str> {
        self.doi.as_deref()
    }

    pub(super) fn publisher(&self) -> Option<&str> {
        self.publisher.as_deref()
    }

    pub(super) fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The address of the licence: the one that is stated, else that of its SPDX id.
    pub(super) fn licence_address(&self) -> Option<String> {
        let is_address = |url: &&String| url.starts_with("https://") || url.starts_with("http://");
        let spdx = self.licence.as_ref().filter(|licence| is_spdx(licence));
        let stated = self.licence_url.as_ref().filter(is_address).cloned();
        stated.or_else(|| spdx.map(|licence| format!("https://spdx.org/licenses/{licence}")))
    }

    /// The licence as it is stated.
    pub(super) fn licence(&self) -> Option<&str> {
        self.licence.as_deref()
    }

    pub(super) fn render(&self, format: CiteFormat) -> String {
        match format {
            CiteFormat::Text => self.to_text(),
            CiteFormat::Bibtex => self.to_bibtex(),
            CiteFormat::Cff => self.to_cff(),
            CiteFormat::Datacite => self.to_datacite(),
        }
    }

    /// `NAME@vVERSION#DIGEST`: the release's digest, else the snapshot's. Of a stored query `NAME@vVERSION?query#ID`.
    fn pinned(&self) -> String {
        let version = self.version.as_deref();
        let version = version.map(|version| format!("@v{}", version.strip_prefix('v').unwrap_or(version)));
        if let Some(query) = &self.subset {
            return format!(
                "{}{}{QUERY_MARK}{}",
                self.name,
                version.unwrap_or_default(),
                query.id
            );
        }
        let digest = self
            .release
            .map_or(self.snapshot.digest(), |release| release.digest());
        format!("{}{}#{digest}", self.name, version.unwrap_or_default())
    }

    /// What the stored query chooses, where one is cited.
    fn chosen(&self) -> Option<String> {
        let record = &self.subset.as_ref()?.record;
        Some(format!(
            "{} annotations for which {}, result {}",
            record.count, record.query, record.result
        ))
    }

    fn year(&self) -> String {
        self.date.to_day().get(..4).unwrap_or_default().to_owned()
    }

    fn to_text(&self) -> String {
        let creators: Vec<String> = self.creators.iter().map(Creator::name).collect();
        let mut out = creators.join("; ");
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&format!("({}). {}", self.year(), self.title));
        if let Some(version) = &self.version {
            out.push_str(&format!(" (Version {version})"));
        }
        out.push_str(match self.subset {
            Some(_) => " [Data set, subset].",
            None => " [Data set].",
        });
        if let Some(publisher) = &self.publisher {
            out.push_str(&format!(" {publisher}."));
        }
        if let Some(doi) = &self.doi {
            out.push_str(&format!(" https://doi.org/{doi}"));
        }
        let chosen = self.chosen().map(|chosen| format!(" {chosen}."));
        out.push_str(&format!(
            " {}{} Commit {}, snapshot {}.\n",
            self.pinned(),
            chosen.unwrap_or_default(),
            self.commit,
            self.snapshot
        ));
        if let Some(withdrawn) = &self.withdrawn {
            out.insert_str(out.trim_end().len(), &format!(" {withdrawn}."));
        }
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
                "{}{}, commit {}, snapshot {}",
                bibtex(&self.pinned()),
                self.chosen()
                    .map(|chosen| format!(", {}", bibtex(&chosen)))
                    .unwrap_or_default(),
                self.commit,
                self.snapshot
            ),
        ));
        if let Some(withdrawn) = &self.withdrawn {
            fields.push(("annote", bibtex(&withdrawn.to_string())));
        }
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("  {name} = {{{value}}}"))
            .collect();
        format!("@misc{{{key},\n{}\n}}\n", fields.join(",\n"))
    }

    fn to_cff(&self) -> String {
        let mut out = String::from("cff-version: 1.2.0\n");
        let mut line = |name: &str, value: &str| out.push_str(&format!("{name}: {}\n", yaml(value)));
        let message = "If you use this dataset, please cite it as below.";
        match &self.withdrawn {
            Some(withdrawn) => line("message", &format!("{withdrawn}. {message}")),
            None => line("message", message),
        }
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
        out.push_str("authors:\n");
        if self.creators.is_empty() {
            // The form wants an author, and has this word for one who is not known.
            out.push_str("  - name: anonymous # the dataset states no creators\n");
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
                yaml(&what)
            ));
        }
        out
    }

    fn identifiers(&self) -> Vec<(String, String)> {
        let query = self.subset.as_ref().zip(self.chosen()).map(|(query, chosen)| {
            (
                format!("holotype:query:{}", query.id),
                format!("A stored query: {chosen}"),
            )
        });
        let release = self.release.map(|id| {
            (
                format!("holotype:release:{id}"),
                "The release (BLAKE3 of release.json)".to_owned(),
            )
        });
        let rest = [
            (
                format!("holotype:commit:{}", self.commit),
                "The commit: content and history".to_owned(),
            ),
            (
                format!("holotype:snapshot:{}", self.snapshot),
                "The snapshot: content alone".to_owned(),
            ),
        ];
        query.into_iter().chain(release).chain(rest).collect()
    }
}
