//! From a document to events: finds what changed against the present state and records only that.
//!
//! Which known annotation each one is, is found by [`matching`]. What a document does not mention is left alone, unless it
//! is said to be complete.

mod account;
mod annotations;
mod beside;
mod by_image;
mod carried;
mod carrier;
pub mod changes;
mod creation;
mod dialect;
pub mod image_map;
mod images;
mod known_images;
mod labels;
mod lineage;
pub mod matching;
mod people;
mod recorder;
mod run;
mod sample;
mod screenings;
pub mod survey;
mod unchanged;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::event::{Command, Context, EntityRef, decide};
use crate::id::{Code, Digest, LabelId};
use crate::model::{AnnotatorKind, FactChanges, FactValue};
use crate::repo::{Repo, RepoError, Transaction};
use crate::store::PrivateKind;

pub use known_images::KnownSizes;
pub use people::register_annotator;
pub use run::Run;

use account::Account;
use by_image::ByImage;
use changes::{Changes, Scope};
use dialect::Frame;
use image_map::ImageMap;
use matching::{Radius, RadiusUsed};
use recorder::{Recorded, Recorder};
use sample::sampled;

use super::coco::{CocoError, InFile};
use super::document::{BoxDecision, Document, PrivateText, PrivateTextKind, SourceFacts, SourceValue};
use super::progress::Progress;
use super::report::{Entries, LossReport};

/// How somebody is to be taken: kind, and code where one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonChoice {
    /// Person, model or procedure.
    pub kind: AnnotatorKind,
    /// The code; the lowest free one where none is given.
    pub code: Option<Code>,
}

/// What a geometry that only frames a known point does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GeometryChoice {
    /// The point stays: the box is how the source writes it.
    #[default]
    Keep,
    /// The box is recorded.
    Take,
}

/// Whether what a document does not mention is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Completeness {
    /// It stays.
    #[default]
    Partial,
    /// It is withdrawn, on the images that the document names. Where somebody is said to have drawn the document, only what
    /// nobody else rated.
    Complete,
}

/// Choices of an import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// The one image that the document is about.
    pub image: Option<String>,
    /// Other names of images: as the source writes them, as they are here.
    pub map_image: ImageMap,
    /// How people of the source are to be taken, by their names there.
    pub map_annotator: BTreeMap<String, PersonChoice>,
    /// Who drew what the source gives nobody for: name and choice.
    pub annotator: Option<(String, PersonChoice)>,
    /// Other names of labels: as the source writes them, as they are here.
    pub map_label: BTreeMap<String, String>,
    /// The chain of files that this one belongs to.
    pub lineage: Option<String>,
    /// How far something may have moved and still be the same; from the size of what the source draws where none is given.
    pub radius: Option<Radius>,
    /// Boxes around known points.
    pub geometry: GeometryChoice,
    /// What is not mentioned.
    pub completeness: Completeness,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImportOutcome {
    /// Annotations of the source that were known.
    pub matched: u64,
    /// Annotations that were not.
    pub created: u64,
    /// Known ones that changed.
    pub modified: u64,
    /// Of these, those that are elsewhere with the same shape and size.
    pub moved: u64,
    /// Of these, those that have another shape or size.
    pub reshaped: u64,
    /// Of these, those that have another recorded label.
    pub relabelled: u64,
    /// Known ones that were found by distance or overlap.
    pub by_distance: u64,
    /// Known ones that were withdrawn.
    pub withdrawn: u64,
    /// Known ones that have another id in the source now.
    pub rekeyed: u64,
    /// Ratings that were not known.
    pub ratings_added: u64,
    /// The lineage that local ids were taken in.
    pub lineage: Option<String>,
    /// How boxes were read.
    pub box_format: Option<BoxDecision>,
    /// How far something may have moved and still be the same.
    pub radius: Option<RadiusUsed>,
    /// What the source could speak about.
    pub scope: Scope,
    /// What changed, image by image.
    pub changes: Changes,
    /// What was not taken over, and what deserves a look.
    pub report: LossReport,
}

impl ImportOutcome {
    /// Adds what the work on a further image or file led to.
    pub fn add(&mut self, other: Self) {
        self.matched += other.matched;
        self.created += other.created;
        self.modified += other.modified;
        self.moved += other.moved;
        self.reshaped += other.reshaped;
        self.relabelled += other.relabelled;
        self.by_distance += other.by_distance;
        self.withdrawn += other.withdrawn;
        self.rekeyed += other.rekeyed;
        self.ratings_added += other.ratings_added;
        self.lineage = other.lineage.or(self.lineage.take());
        self.box_format = other.box_format.or(self.box_format.take());
        self.radius = match (self.radius, other.radius) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        self.scope.add(&other.scope);
        self.changes.add(other.changes);
        self.report.merge(&other.report);
    }
}

/// An import that is refused; nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The repository failed, or refused an event.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A file's integer ids disagree with those known.
    #[error(
        "{file}: {disagree} of its {common} ids that are known in lineage '{lineage}' name something else here"
    )]
    LineageUnclear {
        /// The file.
        file: String,
        /// The lineage that it could belong to.
        lineage: String,
        /// Ids known there.
        common: u64,
        /// Ids that name something else.
        disagree: u64,
    },
    /// A name of an image fits several.
    #[error("{file}: the image '{name}' can be {candidates}")]
    ImageUnclear {
        /// The file.
        file: String,
        /// The name.
        name: String,
        /// The images.
        candidates: String,
    },
    /// The radius is in µm, and an image's resolution is not known.
    #[error("{file}: the radius is in µm, and the resolution of {image} is not known")]
    NoResolution {
        /// The file.
        file: String,
        /// The image.
        image: String,
    },
    /// The source names several images where one was given.
    #[error("{file}: it is about {count} images, so --image cannot name the one")]
    NotOneImage {
        /// The file.
        file: String,
        /// How many.
        count: usize,
    },
    /// The annotations cannot be read from their file.
    #[error(transparent)]
    File(#[from] CocoError),
}

impl From<crate::event::StateError> for ImportError {
    fn from(error: crate::event::StateError) -> Self {
        Self::Repo(error.into())
    }
}

/// A document and where it came from.
pub struct Source<'a> {
    /// The file's own name, for messages.
    pub file: &'a str,
    /// The word for its format, which begins the name of a lineage.
    pub format: &'static str,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What it says.
    pub document: Document,
    /// The folder that the file is in, where images may lie beside it.
    pub folder: Option<PathBuf>,
    /// Its annotations where they are not in the document, but in their file.
    pub in_file: Option<InFile>,
    /// Who is told how far the import has come.
    pub progress: &'a dyn Progress,
}

/// Records what a document says that is not known yet.
///
/// # Errors
/// [`ImportError`]; nothing of the transaction may be used then.
pub fn import(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    source: Source<'_>,
    options: &ImportOptions,
) -> Result<ImportOutcome, ImportError> {
    import_next(repo, transaction, &mut Run::default(), context, source, options)
}

/// As [`import`], for one of several documents in a transaction: `run` keeps what is known from one to the next.
///
/// # Errors
/// [`ImportError`]; nothing of the transaction may be used then.
pub fn import_next(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    run_of_files: &mut Run,
    context: &Context,
    source: Source<'_>,
    options: &ImportOptions,
) -> Result<ImportOutcome, ImportError> {
    let Source {
        file,
        format,
        digest,
        mut document,
        in_file,
        folder,
        progress,
    } = source;
    let in_file = in_file.as_ref();
    let (radius, frame) = sampled(&document, in_file, |places| {
        (RadiusUsed::of(options.radius, places), Frame::of(places))
    })?;
    let setting = Setting {
        repo,
        file,
        format,
        folder: folder.as_deref(),
        options,
        radius,
        frame,
        progress,
    };
    let context = Context {
        source: Some(digest),
        ..context.clone()
    };
    let mut run = Import::new(&setting, transaction, Arc::new(context));
    run.outcome.box_format.clone_from(&document.box_format);
    run.outcome.radius = Some(setting.radius);
    run.outcome.scope.images = u64::try_from(document.images.len()).unwrap_or(u64::MAX);
    let carried = std::mem::take(&mut document.carried);
    if let Some(carrier) = &carried.dataset {
        run.carrier(carrier, run_of_files)?;
    }
    run.dataset(&document.dataset)?;
    let labels = run.labels(&document.labels, document.label_facts)?;
    let images = run.images(&document.images, run_of_files)?;
    let bringing = run.bringing(carried, &mut document, &images, &labels)?;
    let by_image = ByImage::new(std::mem::take(&mut document.annotations), in_file, &images);
    if document.people.is_empty()
        && document.screenings.is_empty()
        && bringing.is_empty()
        && let Some(lineage) = run.unchanged(&by_image, &labels)?
    {
        run_of_files.imported(Some(&lineage), &by_image)?;
        run.outcome.lineage = Some(lineage);
        return run.finish(document.report, in_file);
    }
    let (lineage, trust) = run.lineage(&document.people, &by_image, run_of_files)?;
    run_of_files.imported(lineage.as_deref(), &by_image)?;
    run.outcome.lineage.clone_from(&lineage);
    Arc::make_mut(&mut run.context).lineage = lineage;
    let people = run.people(&document.people)?;
    let drawn_by = run.drawn_by()?;
    Arc::make_mut(&mut run.context).annotator = drawn_by;
    let meaning = run.meaning(&labels, &people, trust)?;
    run.annotations(by_image, &meaning)?;
    run.bring(bringing, &meaning)?;
    run.screenings(&document.screenings, &images, &people)?;
    run.finish(document.report, in_file)
}

/// What stays the same throughout the import of one document.
struct Setting<'a> {
    repo: &'a Repo,
    /// The file's own name.
    file: &'a str,
    format: &'static str,
    folder: Option<&'a Path>,
    options: &'a ImportOptions,
    radius: RadiusUsed,
    /// The size of the boxes, where they have one.
    frame: Option<Frame>,
    progress: &'a dyn Progress,
}

/// One document being imported, or one image of it.
struct Import<'a, R> {
    setting: &'a Setting<'a>,
    recorder: &'a mut R,
    context: Arc<Context>,
    outcome: ImportOutcome,
    /// What is counted about the image that is worked on.
    account: Option<Account>,
    /// What is odd about geometries, whether or not the reader told it, too.
    flags: Entries,
    /// Declared images that have other dimensions now, and which.
    resized: Vec<String>,
    /// What can name a person, and waits for the event that it belongs to.
    pending: BTreeMap<String, PrivateText>,
    /// Labels that a carrier names, by their names in the file.
    named: BTreeMap<String, LabelId>,
}

/// The kind of private object that a text becomes.
pub(super) fn private_kind(kind: PrivateTextKind) -> PrivateKind {
    match kind {
        PrivateTextKind::Person => PrivateKind::Person,
        PrivateTextKind::Path => PrivateKind::Path,
        PrivateTextKind::SourceCaseId => PrivateKind::SourceCaseId,
        PrivateTextKind::FreeText => PrivateKind::FreeText,
    }
}

/// What a reader calls a flag, where it counts them itself.
const READER_FLAGS: [(&str, &str); 5] = [
    ("outside_image", "outside_image"),
    ("zero_size", "zero_size"),
    ("zero_size_box", "zero_size"),
    ("self_crossing", "self_crossing"),
    ("repeated_points", "repeated_points"),
];

/// The value as it is recorded; `None` where it is no number, or can name a person.
fn public_fact(value: &SourceValue) -> Option<FactValue> {
    match value {
        SourceValue::Text(text) => Some(FactValue::Text(text.clone())),
        SourceValue::Number(number) => number.is_finite().then_some(FactValue::Number(*number)),
        SourceValue::Flag(flag) => Some(FactValue::Flag(*flag)),
        SourceValue::Private(_) => None,
    }
}

impl<'a, R: Recorder> Import<'a, R> {
    fn new(setting: &'a Setting<'a>, recorder: &'a mut R, context: Arc<Context>) -> Self {
        Self {
            setting,
            recorder,
            context,
            outcome: ImportOutcome::default(),
            account: None,
            flags: Entries::default(),
            resized: Vec::new(),
            pending: BTreeMap::new(),
            named: BTreeMap::new(),
        }
    }

    /// Ends it: what the reader told comes first, and a flag that it told is not told again.
    fn finish(mut self, reader: LossReport, in_file: Option<&InFile>) -> Result<ImportOutcome, ImportError> {
        self.leave_out(BTreeMap::new());
        let mut report = reader;
        if let Some(in_file) = in_file {
            in_file.check()?;
            report.merge(&in_file.report());
        }
        let told: Vec<&str> = READER_FLAGS
            .iter()
            .filter(|(code, _)| report.warnings.count(code) > 0)
            .map(|(_, flag)| *flag)
            .collect();
        report.merge(&self.outcome.report);
        for entry in self.flags.iter().filter(|entry| !told.contains(&entry.code)) {
            report
                .warnings
                .add_many(entry.code, entry.count, || entry.message);
        }
        self.outcome.report = report;
        Ok(self.outcome)
    }

    /// Executes a command that must be accepted; returns whether it changed something.
    fn must(&mut self, context: &Context, command: Command) -> Result<bool, ImportError> {
        self.record(context, command).map(|recorded| recorded.changed)
    }

    /// Executes a command that must be accepted. What can name a person and waits goes into private objects that the
    /// event names; without an event it is not kept.
    fn record(&mut self, context: &Context, command: Command) -> Result<Recorded, ImportError> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return Ok(self.recorder.record(context, command)?);
        }
        let changes =
            decide(&*self.recorder, context, command.clone())?.is_ok_and(|events| !events.is_empty());
        if !changes {
            self.leave_out(pending);
            return Ok(Recorded::default());
        }
        let mut private = BTreeMap::new();
        for (name, text) in pending {
            let file = self.setting.file;
            self.outcome.report.warnings.add("kept_privately", || {
                format!(
                    "{file}: '{name}' can name a person; it is kept in a private object, which can be erased"
                )
            });
            let id = self.setting.repo.private(private_kind(text.kind), &text.text)?;
            private.insert(name, id);
        }
        let context = Context {
            private: Some(private),
            ..context.clone()
        };
        Ok(self.recorder.record(&context, command)?)
    }

    /// Counts what can name a person and belongs to no event. What is known from before is not missed.
    fn leave_out(&mut self, pending: BTreeMap<String, PrivateText>) {
        let left = std::mem::take(&mut self.pending);
        for (name, text) in left.into_iter().chain(pending) {
            let known = self
                .setting
                .repo
                .find_private(private_kind(text.kind), &text.text);
            if matches!(known, Ok(Some(_))) {
                continue;
            }
            let file = self.setting.file;
            self.outcome.report.losses.add("personal_data_not_kept", || {
                format!("{file}: '{name}' can name a person, and nothing else is new of what it belongs to; it was not kept")
            });
        }
    }

    /// The context of facts, which nobody rates.
    fn plain_context(&self) -> Context {
        Context {
            annotator: None,
            round: None,
            blinded: None,
            lineage: None,
            ..(*self.context).clone()
        }
    }

    fn dataset(&mut self, facts: &SourceFacts) -> Result<(), ImportError> {
        let changes = self.fact_changes(facts);
        if changes.is_empty() && self.pending.is_empty() {
            return Ok(());
        }
        let before: crate::model::DatasetRecord =
            crate::event::read(&*self.recorder, &crate::model::Key::dataset())?.unwrap_or_default();
        let licence = changes.get("licence").cloned().flatten();
        if let (Some(old), Some(new)) = (before.facts.get("licence"), &licence)
            && old != new
        {
            let (file, old, new) = (self.setting.file, old.clone(), new.clone());
            let message = || format!("{file}: the licence of the dataset changes from '{old}' to '{new}'");
            self.outcome.report.warnings.add("licence_changed", message);
        }
        let context = self.plain_context();
        self.must(
            &context,
            Command::SetFacts {
                entity: EntityRef::dataset(),
                changes,
            },
        )?;
        Ok(())
    }

    /// Turns a source's facts into changes; what can name a person waits for the event that it belongs to.
    fn fact_changes(&mut self, facts: &SourceFacts) -> FactChanges {
        self.leave_out(BTreeMap::new());
        let mut changes = FactChanges::new();
        for (name, value) in facts {
            if let Some(value) = self.fact(name, value) {
                changes.insert(name.clone(), Some(value));
            }
        }
        changes
    }

    fn fact(&mut self, name: &str, value: &SourceValue) -> Option<FactValue> {
        if let SourceValue::Private(text) = value {
            self.pending.insert(name.to_owned(), text.clone());
        }
        public_fact(value)
    }
}

#[cfg(test)]
mod tests;
