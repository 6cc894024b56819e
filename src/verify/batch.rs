//! What a batch holds and names, gathered while each of its lines is read.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::Value;

use crate::event::{BatchError, BatchPart, Context, ContextOrigin, Event, LineEvent};
use crate::id::{BlobId, ImageId, ImagePrefix, PrivateId};
use crate::log::BatchRange;
use crate::model::{EntityKind, FactValue, ImageFile, ImageRecord, Key};

/// The lines of a large batch are read in parts of so many bytes.
const PART_BYTES: usize = 256 << 10;

/// What a batch holds and names.
#[derive(Debug, Default)]
pub(super) struct BatchFacts {
    pub size_bytes: u64,
    pub events: u64,
    pub global_events: u64,
    pub images: Option<(ImagePrefix, ImagePrefix)>,
    /// Private objects that are named.
    pub private: BTreeSet<PrivateId>,
    /// Private objects that the events say are destroyed.
    pub erased_private: BTreeSet<PrivateId>,
    /// Blobs by image, with the lengths in bytes that are recorded.
    pub files: BTreeSet<(BlobId, u64, ImageId)>,
    /// Blobs that the events say came in; others are only known from records that an export brought.
    pub ingested: BTreeSet<BlobId>,
    /// Images whose bytes the events say are destroyed.
    pub erased_images: BTreeSet<ImageId>,
}

impl BatchFacts {
    /// Reads every line of a batch, on all cores.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, BatchError> {
        let parts = BatchPart::whole(bytes)?.divided(PART_BYTES);
        let read: Vec<Result<Self, BatchError>> = parts.par_iter().map(Self::read_part).collect();
        let mut facts = Self {
            size_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            ..Self::default()
        };
        for part in read {
            facts.absorb(part?);
        }
        Ok(facts)
    }

    fn absorb(&mut self, part: Self) {
        self.events += part.events;
        self.global_events += part.global_events;
        self.images = match (self.images, part.images) {
            (Some((first, last)), Some((part_first, part_last))) => {
                Some((first.min(part_first), last.max(part_last)))
            }
            (own, part) => own.or(part),
        };
        self.private.extend(part.private);
        self.erased_private.extend(part.erased_private);
        self.files.extend(part.files);
        self.ingested.extend(part.ingested);
        self.erased_images.extend(part.erased_images);
    }

    /// Reads the lines of a part of a batch.
    fn read_part(part: &BatchPart<'_>) -> Result<Self, BatchError> {
        let mut facts = Self::default();
        let mut reader = part.reader();
        let mut is_batch_noted = false;
        while let Some(line) = reader.next_line() {
            let line = line?;
            match line.origin {
                ContextOrigin::Batch if is_batch_noted => {}
                ContextOrigin::Batch => {
                    facts.note_context(line.context);
                    is_batch_noted = true;
                }
                ContextOrigin::Line => facts.note_context(line.context),
            }
            facts.note_line(&line.event);
        }
        Ok(facts)
    }

    fn note_line(&mut self, event: &LineEvent<'_>) {
        self.events += 1;
        match (event.image_prefix(), self.images) {
            (None, _) => self.global_events += 1,
            (Some(image), None) => self.images = Some((image, image)),
            (Some(image), Some((first, last))) => self.images = Some((first.min(image), last.max(image))),
        }
        match event {
            LineEvent::Created(created) => self.note_facts(created.attributes.values()),
            LineEvent::Other(event) => self.note_event(event),
        }
    }

    fn note_context(&mut self, context: &Context) {
        self.private.extend(context.author);
        self.private
            .extend(context.private.iter().flat_map(|private| private.values()));
    }

    fn note_event(&mut self, event: &Event) {
        match event {
            Event::ImageDeclared { facts, .. } | Event::LabelDefined { facts, .. } => {
                self.note_facts(facts.values());
            }
            Event::ImageIngested { name, files, facts } => {
                self.note_facts(facts.values());
                self.note_files(ImageId::of_name(name), files);
                self.ingested.extend(files.iter().map(|file| file.blob));
            }
            Event::ImageErased { image } => {
                self.erased_images.insert(*image);
            }
            Event::CaseRegistered { source: private, .. }
            | Event::AnnotatorRegistered { person: private, .. } => self.private.extend(*private),
            Event::PersonErased { private } => {
                self.private.extend(private);
                self.erased_private.extend(private);
            }
            Event::FactsSet { changes, .. } | Event::AttributesRevised { changes, .. } => {
                self.note_facts(changes.values().flatten());
            }
            Event::AnnotationCreated { attributes, .. } => self.note_facts(attributes.values()),
            Event::RecordRestored {
                key,
                record: Some(record),
            } => self.note_record(key, record),
            Event::RecordRestored { record: None, .. }
            | Event::ImageAssigned { .. }
            | Event::SlideRegistered { .. }
            | Event::LabelRenamed { .. }
            | Event::GeometryRevised { .. }
            | Event::AnnotationRelabelled { .. }
            | Event::AnnotationWithdrawn { .. }
            | Event::RatingGiven { .. }
            | Event::RatingWithdrawn { .. }
            | Event::SourceIdAttached { .. }
            | Event::RegionScreened { .. }
            | Event::RuleSet { .. }
            | Event::LabelOverridden { .. }
            | Event::SplitAssigned { .. } => {}
        }
    }

    fn note_facts<'a>(&mut self, values: impl Iterator<Item = &'a FactValue>) {
        for value in values {
            match value {
                FactValue::Private(id) => {
                    self.private.insert(*id);
                }
                FactValue::Text(_) | FactValue::Number(_) | FactValue::Flag(_) => {}
            }
        }
    }

    fn note_files(&mut self, image: ImageId, files: &[ImageFile]) {
        self.files
            .extend(files.iter().map(|file| (file.blob, file.size_bytes, image)));
    }

    fn note_record(&mut self, key: &Key, record: &Value) {
        self.note_value(record);
        if key.kind() == Some(EntityKind::Image)
            && let Ok(record) = serde_json::from_value::<ImageRecord>(record.clone())
        {
            let image = ImageId::of_name(&record.name);
            for files in record.versions.iter().chain([&record.files]) {
                self.note_files(image, files);
            }
        }
    }

    /// Finds `{"private": id}` anywhere in a record.
    fn note_value(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                let id = members.get("private").and_then(Value::as_str);
                self.private.extend(
                    id.and_then(|id| PrivateId::parse(id).ok())
                        .filter(|_| members.len() == 1),
                );
                members.values().for_each(|value| self.note_value(value));
            }
            Value::Array(values) => values.iter().for_each(|value| self.note_value(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Says what a commit states otherwise; nothing when all is as stated.
    pub(super) fn differences(&self, range: &BatchRange) -> Vec<String> {
        let ((first, last), (stated_first, stated_last)) = (self.images.unzip(), range.images.unzip());
        let mut found = Vec::new();
        let mut compare = |what: &str, stated: String, is: String| {
            if stated != is {
                found.push(format!("{what}: stated {stated}, found {is}"));
            }
        };
        let image = |image: Option<ImagePrefix>| image.map_or("none".to_owned(), |image| image.to_string());
        compare("events", range.events.to_string(), self.events.to_string());
        compare(
            "events about no image",
            range.global_events.to_string(),
            self.global_events.to_string(),
        );
        compare("bytes", range.size_bytes.to_string(), self.size_bytes.to_string());
        compare("first image", image(stated_first), image(first));
        compare("last image", image(stated_last), image(last));
        found
    }
}

/// A blob that images name.
#[derive(Debug, Default)]
pub(super) struct BlobUse {
    /// The lengths in bytes that are recorded, each with the file that says so.
    pub sizes: BTreeMap<u64, String>,
    /// The images.
    pub images: BTreeSet<ImageId>,
    /// Whether an event says that it came in here.
    pub is_ingested: bool,
}

/// Everything that the log and the draft name outside of the objects.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Private objects, each with the first file that names it.
    pub private: BTreeMap<PrivateId, String>,
    pub erased_private: BTreeSet<PrivateId>,
    pub blobs: BTreeMap<BlobId, BlobUse>,
    pub erased_images: BTreeSet<ImageId>,
}

impl Named {
    /// Takes in what a batch names, which stands in the file `by`.
    pub(super) fn take(&mut self, facts: &BatchFacts, by: &str) {
        for id in &facts.private {
            self.name_private(*id, by);
        }
        self.erased_private.extend(&facts.erased_private);
        self.erased_images.extend(&facts.erased_images);
        for (blob, size_bytes, image) in &facts.files {
            let used = self.blobs.entry(*blob).or_default();
            used.sizes.entry(*size_bytes).or_insert_with(|| by.to_owned());
            used.images.insert(*image);
            used.is_ingested |= facts.ingested.contains(blob);
        }
    }

    /// Notes that the file `by` names a private object.
    pub(super) fn name_private(&mut self, id: PrivateId, by: &str) {
        self.private.entry(id).or_insert_with(|| by.to_owned());
    }
}
