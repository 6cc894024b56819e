//! What is remembered of annotations that stay in their file: where each begins, which image it names, its id as long
//! as ids are compared. About twenty bytes an annotation while the file is read, and eight afterwards.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hasher as _};

use super::super::json::Id;
use super::records::RawAnnotation;

/// What one record says to all others.
pub(super) struct Brief {
    /// Where it begins in its window.
    start: u32,
    id: Option<Id>,
    image: Option<Id>,
    holotype_id: Option<[u8; 24]>,
    votes: usize,
}

impl Brief {
    pub(super) fn new(start: u32, raw: RawAnnotation) -> Self {
        Self {
            start,
            id: raw.id.into_id(),
            image: raw.image.into_id(),
            holotype_id: raw.more.as_ref().and_then(|more| more.holotype_id),
            votes: raw.more.map_or(0, |more| more.votes.len()),
        }
    }
}

/// A stretch of the file that was read at once.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Where it begins in the file.
    offset: u64,
    /// Where its last record ends in it.
    end: u32,
    /// Its first record.
    first: u32,
}

/// The records of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct Places {
    windows: Vec<Window>,
    /// Where each record begins in its window.
    starts: Vec<u32>,
}

impl Places {
    /// Returns how many there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    /// Returns how many there are, as the index of the next one.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns where in the file a record begins, and where the next one does, or it is sure to have ended.
    pub(super) fn of(&self, record: u32) -> Option<(u64, u64)> {
        let at = self.windows.partition_point(|window| window.first <= record);
        let window = self.windows.get(at.checked_sub(1)?)?;
        let start = |record: u32| self.starts.get(usize::try_from(record).ok()?).copied();
        let is_last = self.windows.get(at).is_some_and(|next| next.first == record + 1);
        let end = start(record + 1).filter(|_| !is_last).unwrap_or(window.end);
        Some((
            window.offset + u64::from(start(record)?),
            window.offset + u64::from(end),
        ))
    }
}

/// Keys of records by which equal ones are found. Different keys may have equal hashes.
#[derive(Debug, Default)]
pub(super) struct Hashed {
    pub(super) keys: Vec<(u64, u32)>,
}

impl Hashed {
    fn push(&mut self, key: impl std::hash::Hash, record: u32) {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        self.keys.push((hasher.finish(), record));
    }
}

/// The ids of all records.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Those that are numbers, and the records that have none.
    pub(super) numbers: Vec<i64>,
    pub(super) without_number: Vec<u32>,
    /// The others.
    pub(super) texts: Hashed,
    /// Those of Holotype's own.
    pub(super) own: Hashed,
    last: Option<Id>,
    last_own: Option<[u8; 24]>,
    /// Whether each was greater than the one before, so that none can be there twice.
    pub(super) ascend: Ascend,
    pub(super) own_ascend: Ascend,
}

impl Ids {
    fn push(&mut self, record: u32, id: Option<Id>) {
        match &id {
            Some(Id::Number(number)) => self.numbers.push(*number),
            Some(Id::Text(text)) => {
                self.texts.push(text, record);
                self.without_number.push(record);
            }
            None => self.without_number.push(record),
        }
        if id.is_some() {
            if self.last >= id {
                self.ascend = Ascend::No;
            }
            self.last = id;
        }
    }

    fn push_own(&mut self, record: u32, id: [u8; 24]) {
        if self.last_own.is_some_and(|last| last >= id) {
            self.own_ascend = Ascend::No;
        }
        self.last_own = Some(id);
        self.own.push(id, record);
    }
}

/// What is known of all records.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) places: Places,
    /// Which of the ids in `images` each record names.
    named: Vec<u32>,
    images: HashMap<Id, u32>,
    /// The id that was named last, as neighbours mostly name the same.
    last_image: Option<(Id, u32)>,
    /// Given up once ids are compared.
    pub(super) ids: Ids,
    /// How many votes each record has, 255 standing for more as well; empty while none has any.
    pub(super) votes: Vec<u8>,
    /// Whether a record has an id, and none of Holotype's own.
    pub(super) has_local_ids: bool,
}

/// Whether keys came in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ascend {
    /// So far.
    #[default]
    Yes,
    /// Not all of them.
    No,
}

/// No image.
const NOWHERE: u32 = u32::MAX;

impl Index {
    /// Begins a window.
    pub(super) fn begin_window(&mut self, offset: u64, end: u32) {
        let first = self.places.count();
        self.places.windows.push(Window { offset, end, first });
    }

    /// Takes in the next record of the window; `None` when there are too many.
    pub(super) fn push(&mut self, brief: Brief) -> Option<()> {
        let record = self.places.count();
        // The last number stands for no image, and one more must be a number, too.
        if record >= NOWHERE - 1 {
            return None;
        }
        self.places.starts.push(brief.start);
        let image = match brief.image {
            Some(image) => self.image(image),
            None => NOWHERE,
        };
        self.named.push(image);
        self.has_local_ids |= brief.id.is_some() && brief.holotype_id.is_none();
        self.ids.push(record, brief.id);
        if let Some(id) = brief.holotype_id {
            self.ids.push_own(record, id);
        }
        if brief.votes > 0 || !self.votes.is_empty() {
            self.votes.resize(self.places.starts.len() - 1, 0);
            self.votes.push(u8::try_from(brief.votes).unwrap_or(u8::MAX));
        }
        Some(())
    }

    fn image(&mut self, id: Id) -> u32 {
        if let Some((last, number)) = &self.last_image
            && *last == id
        {
            return *number;
        }
        // There are no more of them than records.
        let next = u32::try_from(self.images.len()).unwrap_or(NOWHERE);
        let number = match self.images.entry(id.clone()) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => *entry.insert(next),
        };
        self.last_image = Some((id, number));
        number
    }

    /// Puts records to the images of a document that has so many; `place` tells which image an id names.
    pub(super) fn by_image(self, count: usize, place: impl Fn(&Id) -> Option<usize>) -> (Places, ByImage) {
        let mut places = vec![None; self.images.len()];
        for (id, number) in &self.images {
            if let Some(slot) = usize::try_from(*number)
                .ok()
                .and_then(|number| places.get_mut(number))
            {
                *slot = place(id).filter(|place| *place < count);
            }
        }
        let place = |named: u32| {
            let number = usize::try_from(named).ok()?;
            places.get(number).copied().flatten()
        };
        let mut ends = vec![0_usize; count];
        for image in self.named.iter().filter_map(|named| place(*named)) {
            if let Some(end) = ends.get_mut(image) {
                *end += 1;
            }
        }
        let mut next = 0;
        for end in &mut ends {
            let begin = next;
            next += *end;
            *end = begin;
        }
        let mut records = vec![0_u32; next];
        let mut nowhere = Vec::new();
        for (record, named) in (0_u32..).zip(&self.named) {
            let slot = place(*named).and_then(|image| ends.get_mut(image));
            match slot {
                Some(end) => {
                    if let Some(slot) = records.get_mut(*end) {
                        *slot = record;
                    }
                    *end += 1;
                }
                None => nowhere.push(record),
            }
        }
        let by_image = ByImage {
            records,
            ends,
            nowhere,
        };
        (self.places, by_image)
    }
}

/// Which records name which image of the document, in the file's order.
#[derive(Debug, Default)]
pub(super) struct ByImage {
    /// The records of the first image, then those of the second, …
    records: Vec<u32>,
    /// Where those of each image end.
    ends: Vec<usize>,
    /// Those that name no usable image.
    pub(super) nowhere: Vec<u32>,
}

impl ByImage {
    /// Returns how many images there are.
    pub(super) fn images(&self) -> usize {
        self.ends.len()
    }

    /// Returns the records that name an image.
    pub(super) fn of(&self, image: usize) -> &[u32] {
        let begin = match image.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(image).copied().unwrap_or(begin);
        self.records.get(begin..end).unwrap_or_default()
    }
}
