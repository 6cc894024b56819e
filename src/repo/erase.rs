//! Erasure: bytes or personal data are destroyed, the fact stays. A commit of its own comes first, then tombstones,
//! then the deletion; what a crash interrupted is finished when the repository is opened next.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::event::{Command, Context, Event, EventFormat, read, scan_records};
use crate::id::{BlobId, Code, CommitId, ImageId, PrivateId};
use crate::model::{CaseRecord, EntityKind, FactValue, ImageRecord, Key, KeyParts, SlideRecord};
use crate::store::{LocalErasure, PrivateRead, Spared, Tombstone};

use super::history::{Scope, events_since};
use super::{Repo, RepoError, Sealing, Version};

/// What is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasurePlan {
    kind: &'static str,
    images: Vec<ImageId>,
    blobs: Vec<BlobId>,
    shared: Vec<BlobId>,
    private: Vec<PrivateId>,
    name: String,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The commit that says so; none when that was said before.
    pub commit: Option<CommitId>,
    /// The blobs that are gone.
    pub blobs: Vec<BlobId>,
    /// The private objects that are gone.
    pub private: Vec<PrivateId>,
    /// The images that are marked as erased.
    pub images: Vec<ImageId>,
}

impl ErasurePlan {
    /// Returns what it is: `image`, `case` or `person`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the blobs that stay, since other images show them as well.
    #[must_use]
    pub fn shared(&self) -> &[BlobId] {
        &self.shared
    }

    /// Says what will be gone; for a person without the name.
    #[must_use]
    pub fn describe(&self) -> String {
        match self.kind {
            "image" => format!(
                "the bytes of image {} ({} files, all versions)",
                self.name,
                self.blobs.len()
            ),
            "case" => format!(
                "case {} ({} images, {} private objects)",
                self.name,
                self.images.len(),
                self.private.len()
            ),
            _ => format!("what names this person ({} private objects)", self.private.len()),
        }
    }
}

impl Repo {
    /// Finds what a text names: an image, a case, an annotator or a person.
    ///
    /// # Errors
    /// [`RepoError::UnknownName`] when it names nothing, or when files cannot be read.
    pub fn plan_erasure(&self, subject: &str) -> Result<ErasurePlan, RepoError> {
        let version = self.head_version()?;
        for id in [ImageId::parse(subject).ok(), Some(ImageId::of_name(subject))]
            .into_iter()
            .flatten()
        {
            if let Some(record) = read::<ImageRecord>(&version, &Key::image(id))? {
                let (blobs, shared) = self.only_here(&version, &[id], blobs_of(&record))?;
                let (images, private) = (vec![id], Vec::new());
                return Ok(ErasurePlan {
                    kind: "image",
                    images,
                    blobs,
                    shared,
                    private,
                    name: record.name,
                });
            }
        }
        if let Ok(code) = Code::parse(subject)
            && read::<CaseRecord>(&version, &Key::of(&KeyParts::Case(code.clone())))?.is_some()
        {
            return self.plan_case(&version, &code);
        }
        let mut private = self.private_of(subject)?;
        if let Some(code) = self.find_annotator(&version, subject)? {
            let registrations = self.registrations(self.head()?)?;
            private.extend(registrations.get(&code).and_then(|who| who.person));
        }
        private.sort();
        private.dedup();
        if private.is_empty() {
            let name = subject.to_owned();
            return Err(RepoError::UnknownName {
                kind: "image, case or person",
                name,
                similar: Vec::new(),
            });
        }
        Ok(ErasurePlan {
            kind: "person",
            images: Vec::new(),
            blobs: Vec::new(),
            shared: Vec::new(),
            private,
            name: String::new(),
        })
    }

    fn plan_case(&self, version: &Version, code: &Code) -> Result<ErasurePlan, RepoError> {
        let (mut images, mut blobs, mut slides) = (Vec::new(), Vec::new(), Vec::new());
        scan_records(
            version,
            &Key::kind_prefix(EntityKind::Slide),
            |_, record: SlideRecord| {
                slides.extend((record.case.as_ref() == Some(code)).then_some(record.code));
                ControlFlow::Continue(())
            },
        )?;
        scan_records(
            version,
            &Key::kind_prefix(EntityKind::Image),
            |_, record: ImageRecord| {
                let by_slide = record.slide.as_ref().is_some_and(|slide| slides.contains(slide));
                if record.case.as_ref() == Some(code) || (record.case.is_none() && by_slide) {
                    images.push(ImageId::of_name(&record.name));
                    blobs.extend(blobs_of(&record));
                }
                ControlFlow::Continue(())
            },
        )?;
        let (blobs, shared) = self.only_here(version, &images, blobs)?;
        let mut private = Vec::new();
        for event in events_since(self, self.head()?, None, Scope::Global, &["case.registered/1"])? {
            if let Event::CaseRegistered {
                code: own,
                source: Some(source),
            } = event.logged.event
                && own == *code
            {
                private.push(source);
            }
        }
        Ok(ErasurePlan {
            kind: "case",
            images,
            blobs,
            shared,
            private,
            name: code.to_string(),
        })
    }

    /// Adds the blobs that the log says these images ever had, and sets those apart that other images show as well.
    fn only_here(
        &self,
        version: &Version,
        images: &[ImageId],
        mut blobs: Vec<BlobId>,
    ) -> Result<(Vec<BlobId>, Vec<BlobId>), RepoError> {
        let needle = EventFormat::ImageIngested.as_str();
        for found in events_since(self, self.head()?, None, Scope::Everything, &[needle])? {
            if let Event::ImageIngested { name, files, .. } = found.logged.event
                && images.contains(&ImageId::of_name(&name))
            {
                blobs.extend(files.iter().map(|file| file.blob));
            }
        }
        blobs.sort();
        blobs.dedup();
        let mut shared = BTreeSet::new();
        scan_records(
            version,
            &Key::kind_prefix(EntityKind::Image),
            |_, record: ImageRecord| {
                if !images.contains(&ImageId::of_name(&record.name)) && !is_erased(&record) {
                    shared.extend(blobs_of(&record).into_iter().filter(|blob| blobs.contains(blob)));
                }
                ControlFlow::Continue(())
            },
        )?;
        blobs.retain(|blob| !shared.contains(blob));
        Ok((blobs, shared.into_iter().collect()))
    }

    /// The private objects that hold this text, or a person's name or mail as `Name <mail>`.
    fn private_of(&self, name: &str) -> Result<Vec<PrivateId>, RepoError> {
        let mut found = Vec::new();
        for id in self.store.list_private()? {
            if let PrivateRead::Present(object) = self.store.read_private(id)?
                && is_named(&object.value, name)
            {
                found.push(id);
            }
        }
        Ok(found)
    }

    /// Erases. What is to go is noted, the commit says so, then each tombstone is durable before what it stands for is
    /// removed. What a crash interrupts is finished when the repository is opened next.
    ///
    /// # Errors
    /// [`RepoError`] when a file cannot be written or removed.
    pub fn erase(
        &self,
        plan: &ErasurePlan,
        context: &Context,
        sealing: &Sealing,
        reason: &str,
    ) -> Result<Erased, RepoError> {
        let erasure = LocalErasure {
            blobs: plan.blobs.clone(),
            images: plan.images.clone(),
            private: plan.private.clone(),
            ..LocalErasure::new(self.around.now, reason)
        };
        self.store.set_local_erasure(&erasure)?;
        let ((), committed) = self.commit_with(sealing, |transaction, _| {
            for image in &plan.images {
                transaction.must(context, Command::EraseImage { image: *image })?;
            }
            if !plan.private.is_empty() {
                transaction.must(
                    context,
                    Command::ErasePerson {
                        private: plan.private.clone(),
                    },
                )?;
            }
            Ok(())
        })?;
        self.destroy(&erasure)?;
        Ok(Erased {
            commit: committed.map(|committed| committed.id),
            blobs: erasure.blobs,
            private: erasure.private,
            images: erasure.images,
        })
    }

    fn destroy(&self, erasure: &LocalErasure) -> Result<(), RepoError> {
        for blob in &erasure.blobs {
            let tombstone = Tombstone::new(blob.digest(), erasure.erased_at, &erasure.reason);
            self.store.erase_blob(*blob, &tombstone)?;
            self.store.forget_local_path(*blob)?;
            self.store.erase_set_aside(blob.digest())?;
        }
        for id in &erasure.private {
            let tombstone = Tombstone::new(id.digest(), erasure.erased_at, &erasure.reason);
            self.store.erase_private(*id, &tombstone)?;
            self.store.erase_set_aside(id.digest())?;
        }
        self.drop_derived(Spared::Nothing)?;
        Ok(self.store.clear_local_erasure()?)
    }

    /// Finishes an erasure whose commit stands; one whose commit never came to be is forgotten.
    pub(super) fn finish_erasure(&self) -> Result<(), RepoError> {
        let Some(erasure) = self.store.local_erasure()? else {
            return Ok(());
        };
        if self.is_committed(&erasure)? {
            self.destroy(&erasure)
        } else {
            Ok(self.store.clear_local_erasure()?)
        }
    }

    fn is_committed(&self, erasure: &LocalErasure) -> Result<bool, RepoError> {
        let version = self.head_version()?;
        for image in &erasure.images {
            let record: Option<ImageRecord> = read(&version, &Key::image(*image))?;
            if !record.as_ref().is_some_and(is_erased) {
                return Ok(false);
            }
        }
        let said = events_since(self, self.head()?, None, Scope::Global, &["person.erased/1"])?;
        let said = |id: &PrivateId| {
            said.iter().any(
                |one| matches!(&one.logged.event, Event::PersonErased { private } if private.contains(id)),
            )
        };
        Ok(erasure.private.iter().all(said))
    }
}

/// Whether a private text is this one, or names the person whose name or mail this is.
fn is_named(value: &str, name: &str) -> bool {
    let parts = value.strip_suffix('>').and_then(|rest| rest.split_once(" <"));
    value == name || parts.is_some_and(|(own, mail)| own == name || mail == name)
}

fn is_erased(record: &ImageRecord) -> bool {
    record.facts.get("erased") == Some(&FactValue::Flag(true))
}

fn blobs_of(record: &ImageRecord) -> Vec<BlobId> {
    record
        .files
        .iter()
        .chain(record.versions.iter().flatten())
        .map(|file| file.blob)
        .collect()
}
