//! What is kept between the files of one run, so that each file costs what it holds and not what is known already: the
//! images by name, the names of lineages, and which ids they know.
//!
//! It is a copy of what the state says, kept true by the imports of the run; it lives no longer than their transaction.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::event::State;
use crate::import::document::SourceId;
use crate::model::{EntityKind, Key};

use super::by_image::ByImage;
use super::known_images::{KnownImages, KnownSizes};
use super::lineage::{alias_text, scan_aliases};
use super::{ImportError, ImportOptions};

/// What is kept between the files that are imported in one transaction.
#[derive(Debug, Default)]
pub struct Run {
    images: Option<Arc<KnownImages>>,
    lineages: Lineages,
    whole_scans: u64,
}

impl Run {
    /// Returns how often all records of a kind were read: it does not grow with the number of files.
    #[must_use]
    pub fn whole_scans(&self) -> u64 {
        self.whole_scans + self.lineages.scans
    }

    /// The known images.
    pub(super) fn images(&mut self, state: &dyn State) -> Result<&mut KnownImages, ImportError> {
        Ok(Arc::make_mut(self.shared_images(state)?))
    }

    fn shared_images(&mut self, state: &dyn State) -> Result<&mut Arc<KnownImages>, ImportError> {
        if self.images.is_none() {
            self.whole_scans += 1;
            self.images = Some(Arc::new(KnownImages::read(state)?));
        }
        Ok(self.images.get_or_insert_default())
    }

    /// The sizes of the known images, with the names that were given for images.
    ///
    /// # Errors
    /// [`ImportError`] when the state cannot be read.
    pub fn known_sizes(
        &mut self,
        state: &dyn State,
        options: &ImportOptions,
    ) -> Result<KnownSizes, ImportError> {
        let known = Arc::clone(self.shared_images(state)?);
        Ok(KnownSizes::of(known, options))
    }

    /// The known lineages.
    pub(super) fn lineages(&mut self, state: &dyn State) -> Result<&mut Lineages, ImportError> {
        self.lineages.begin(state)?;
        Ok(&mut self.lineages)
    }

    /// Notes that a file was imported, under which lineage, and its ids.
    pub(super) fn imported(
        &mut self,
        lineage: Option<&str>,
        by_image: &ByImage<'_>,
    ) -> Result<(), ImportError> {
        match lineage {
            Some(lineage) => self.lineages.imported(lineage, by_image),
            None => Ok(()),
        }
    }
}

/// Lineages and the ids that they know.
#[derive(Debug, Default)]
pub(super) struct Lineages {
    /// Names of lineages that have an id; `None` until they were read.
    names: Option<BTreeSet<String>>,
    /// The number up to which the names of a format are taken.
    taken: BTreeMap<String, u64>,
    /// Which lineage knows which id, by number and hash. Only for a run of several files: one file's ids are looked for while
    /// all known ones pass by, which needs no memory.
    ids: Option<HashSet<(u32, u64)>>,
    /// Lineages by name, with their numbers in `ids`.
    numbers: BTreeMap<String, u32>,
    files: u64,
    scans: u64,
}

impl Lineages {
    fn begin(&mut self, state: &dyn State) -> Result<(), ImportError> {
        if self.names.is_some() {
            return Ok(());
        }
        let mut names = BTreeSet::new();
        scan_aliases(state, &Key::kind_prefix(EntityKind::SourceId), |record| {
            if !names.contains(&record.lineage) {
                names.insert(record.lineage);
            }
        })?;
        self.scans += 1;
        self.names = Some(names);
        Ok(())
    }

    /// The lowest free name: `coco-1`, `coco-2`, …
    pub(super) fn free_name(&mut self, format: &str) -> String {
        let taken = self.taken.entry(format.to_owned()).or_default();
        loop {
            let name = format!("{format}-{}", *taken + 1);
            if !self.names.as_ref().is_some_and(|names| names.contains(&name)) {
                return name;
            }
            *taken += 1;
        }
    }

    /// How many of the ids with these hashes, which are in ascending order, each of the `lineages` knows.
    pub(super) fn elsewhere(
        &mut self,
        state: &dyn State,
        lineages: &[String],
        strangers: &[u64],
    ) -> Result<BTreeMap<String, u64>, ImportError> {
        let mut counts = BTreeMap::new();
        if strangers.is_empty() || lineages.is_empty() {
            return Ok(counts);
        }
        let aliases = Key::kind_prefix(EntityKind::SourceId);
        if self.files == 0 {
            let mut seen = HashSet::new();
            scan_aliases(state, &aliases, |record| {
                let id = hash(&record.id);
                let is_meant = strangers.binary_search(&id).is_ok();
                let Some(lineage) = lineages.iter().position(|one| *one == record.lineage) else {
                    return;
                };
                if is_meant && seen.insert((lineage, id)) {
                    *counts.entry(record.lineage).or_default() += 1;
                }
            })?;
            self.scans += 1;
            return Ok(counts);
        }
        if self.ids.is_none() {
            let mut ids = HashSet::new();
            scan_aliases(state, &aliases, |record| {
                ids.insert((self.number(&record.lineage), hash(&record.id)));
            })?;
            self.scans += 1;
            self.ids = Some(ids);
        }
        let ids = self.ids.get_or_insert_default();
        for lineage in lineages {
            let Some(number) = self.numbers.get(lineage) else {
                continue;
            };
            let known = strangers.iter().filter(|id| ids.contains(&(*number, **id)));
            counts.insert(lineage.clone(), u64::try_from(known.count()).unwrap_or(u64::MAX));
        }
        Ok(counts)
    }

    fn imported(&mut self, lineage: &str, by_image: &ByImage<'_>) -> Result<(), ImportError> {
        self.files += 1;
        // A strong id is no alias of what it names.
        let is_weak = |id: &SourceId| matches!(id, SourceId::Local(_));
        if !by_image.has_id(is_weak)? {
            return Ok(());
        }
        if let Some(names) = &mut self.names {
            names.insert(lineage.to_owned());
        }
        let number = self.number(lineage);
        if let Some(ids) = &mut self.ids {
            for (_, image) in by_image.iter() {
                let annotations = by_image.read(image)?;
                let given = annotations.iter().filter_map(|annotation| annotation.id.as_ref());
                let weak = given.filter(|id| is_weak(id)).filter_map(alias_text);
                ids.extend(weak.map(|id| (number, hash(&id))));
            }
        }
        Ok(())
    }

    fn number(&mut self, lineage: &str) -> u32 {
        if let Some(number) = self.numbers.get(lineage) {
            return *number;
        }
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.numbers.insert(lineage.to_owned(), number);
        number
    }
}

/// An id among millions, in eight bytes. That two have one hash is possible, and counts one id too many.
pub(super) fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
