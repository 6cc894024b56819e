//! The documents of a release, which stand beside its payload: README and LICENSE are written here.

use super::changelog::{Changes, changelog};
use super::cite::{Citation, CiteFormat, Cited};
use super::croissant::{About, croissant};
use super::datasheet::Subject;
use super::escape::{markdown, plain};
use super::history::LogFacts;
use super::manifest::Found;
use super::numbers::Numbers;
use super::record::ReleaseRecord;
use super::ro_crate::ro_crate;
use super::sink::Sink;
use super::trail::Trail;
use super::{ReleaseError, datasheet};
use crate::export::{Dataset, rule_text};
use crate::model::{FactValue, Facts};

/// What documents are written from, beside the record of the release.
pub(super) struct Documents<'a> {
    pub(super) dataset: &'a Dataset<'a>,
    pub(super) numbers: &'a Numbers,
    pub(super) trail: &'a Trail,
    /// What changed since the release before, where there is one.
    pub(super) changes: Option<&'a Changes<'a>>,
}

/// Writes all documents. `release` need not have the digests of its manifests yet; `payload` are the files below
/// `data/`.
pub(super) fn derive_documents(
    from: &Documents<'_>,
    release: &ReleaseRecord,
    payload: &Found,
    sink: &mut impl Sink,
) -> Result<(), ReleaseError> {
    let (dataset, numbers) = (from.dataset, from.numbers);
    let facts = dataset.facts();
    sink.put(
        "CHANGELOG.md",
        changelog(release, dataset, from.changes)?.as_bytes(),
    )?;
    let subject = Subject {
        name: &release.name,
        version: Some(&release.version),
        commit: release.commit.to_string(),
        snapshot: release.snapshot.to_string(),
        date: release.day(),
        filter: release.filter.as_deref(),
        doi: release.doi.as_deref(),
    };
    let sheet = datasheet::write(&subject, dataset, numbers, &LogFacts::of(release), from.trail);
    sink.put("datasheet.md", sheet.as_bytes())?;
    let title = format!("Datasheet: {}, version {}", release.name, release.version);
    sink.put("datasheet.html", datasheet::html::page(&title, &sheet).as_bytes())?;
    for (name, plot) in datasheet::plots_of(numbers) {
        sink.put(name, plot.as_bytes())?;
    }
    let citation = Citation::new(facts, Cited::of(release));
    sink.put("CITATION.cff", citation.render(CiteFormat::Cff).as_bytes())?;
    sink.put("datacite.json", citation.render(CiteFormat::Datacite).as_bytes())?;
    let about = About {
        release,
        citation: &citation,
        payload,
    };
    sink.put("croissant.json", croissant(&about).as_bytes())?;
    sink.put("ro-crate-metadata.json", ro_crate(&about).as_bytes())?;
    sink.put("README.md", readme(release, facts, payload).as_bytes())?;
    match licence(facts) {
        Some(text) => sink.put("LICENSE", text.as_bytes()),
        None => Ok(()),
    }
}

/// Writes `README.md`.
fn readme(release: &ReleaseRecord, facts: &Facts, payload: &Found) -> String {
    let text = |name: &str| facts.get(name).and_then(FactValue::as_text);
    let title = text("title").unwrap_or(&release.name);
    let mut out = format!(
        "# {}, version {}\n\n",
        markdown(title),
        markdown(&release.version)
    );
    if let Some(description) = text("description") {
        out.push_str(&format!("{}\n\n", markdown(description)));
    }
    let exported = &release.exported;
    out.push_str(&format!(
        "{} images, {} annotations, {} labels. Labels are agreed by the rule `{}`.\n",
        exported.images,
        exported.annotations,
        exported.labels,
        rule_text(&release.rule)
    ));
    if let Some(filter) = &release.filter {
        out.push_str(&format!(
            "The annotations are only those for which this holds: {}\n",
            markdown(filter)
        ));
    }
    out.push_str("\n| file | what it is |\n|---|---|\n");
    for (name, what) in FILES {
        let is_there = !name.starts_with("data/") || payload.keys().any(|file| file.starts_with(name));
        if is_there {
            out.push_str(&format!("| `{name}` | {what} |\n"));
        }
    }
    if !release.with_images {
        out.push_str(
            "\nThe images are not in this folder; `data/images.csv` has the BLAKE3 of each. A folder that holds them \
             is\ncompared by `holotype verify --release . --images FOLDER`.\n",
        );
    }
    out.push_str(&format!(
        "\nCommit `{}`, snapshot `{}`.\n\n## Check it\n\n```sh\n\
         sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt\n\
         b3sum -c manifest-blake3.txt tagmanifest-blake3.txt\nb3sum release.json\n\
         holotype verify --release .\n```\n\n\
         The folder is a BagIt bag (RFC 8493), too. `release.json` holds the digests of the manifests, and they list\n\
         every other file. Compare the BLAKE3 of `release.json` with the one in a citation.\n",
        release.commit, release.snapshot
    ));
    out
}

/// The files and folders of a release, as the README lists them.
const FILES: [(&str, &str); 16] = [
    (
        "data/annotations/coco.json",
        "annotations as COCO, boxes as x, y, width, height",
    ),
    (
        "data/annotations/annotations.csv",
        "the same as one table of text",
    ),
    (
        "data/annotations/annotations.parquet",
        "the same as one Parquet table, ratings included",
    ),
    (
        "data/annotations/geojson/",
        "the same as GeoJSON for QuPath, a file an image",
    ),
    ("data/annotations/labels.json", "the labels"),
    (
        "data/images.csv",
        "every image: name, digest, size, what is known of it",
    ),
    ("data/images/", "the images"),
    ("data/image-sources.csv", "where the images can be had"),
    (
        "data/splits.csv",
        "which image belongs to which part of which split",
    ),
    (
        "data/history/",
        "every recorded event, so that the version can be replayed",
    ),
    (
        "datasheet.md",
        "what the dataset is, how it came about, what is not known",
    ),
    ("CHANGELOG.md", "what changed since the release before"),
    ("CITATION.cff", "how to cite it"),
    ("datacite.json", "the same for archives, as DataCite's metadata"),
    (
        "croissant.json",
        "the same for programs that load datasets (Croissant 1.0)",
    ),
    ("ro-crate-metadata.json", "the same for archives, as RO-Crate 1.1"),
];

/// Writes `LICENSE`: the licence's text where the dataset states it, else its name and address; `None` when it
/// states neither.
fn licence(facts: &Facts) -> Option<String> {
    let text = |name: &str| facts.get(name).and_then(FactValue::as_text);
    if let Some(full) = text("licence_text") {
        let mut full = full.to_owned();
        if !full.ends_with('\n') {
            full.push('\n');
        }
        return Some(full);
    }
    let lines: Vec<String> = [text("licence"), text("licence_url")]
        .into_iter()
        .flatten()
        .map(plain)
        .collect();
    (!lines.is_empty()).then(|| format!("{}\n", lines.join("\n")))
}
