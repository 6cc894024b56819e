//! Which images a commit names, read from its batches.

use std::collections::BTreeSet;

use crate::event::{BatchError, BatchReader, Event, EventFormat};
use crate::id::ImageId;
use crate::log::read_batch;
use crate::model::KeyParts;
use crate::store::Store;

use super::LookupError;
use super::rows::{BatchRow, CommitRow};

/// The kinds of events that can bring an image in.
const KINDS: [EventFormat; 3] = [
    EventFormat::ImageDeclared,
    EventFormat::ImageIngested,
    EventFormat::RecordRestored,
];

/// Returns the last component of an image's name.
pub(super) fn last_component(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// Returns the images that a commit declares, ingests or restores, with their names.
///
/// # Errors
/// [`LookupError`] when a batch is missing or damaged.
pub(super) fn images_of(store: &Store, row: &CommitRow) -> Result<BTreeSet<(String, ImageId)>, LookupError> {
    let mut found = BTreeSet::new();
    for batch in row.batches.iter().filter(|batch| batch.has_images()) {
        let bytes = read_batch(store, batch.id())?;
        collect(&bytes, &mut found).map_err(|source| unreadable(batch, source))?;
    }
    Ok(found)
}

fn unreadable(batch: &BatchRow, source: BatchError) -> LookupError {
    LookupError::Batch {
        batch: batch.id(),
        source,
    }
}

fn collect(bytes: &[u8], found: &mut BTreeSet<(String, ImageId)>) -> Result<(), BatchError> {
    for kind in KINDS {
        for logged in BatchReader::containing(bytes, &[kind.as_str()])? {
            found.extend(named_image(&logged?.event));
        }
    }
    Ok(())
}

fn named_image(event: &Event) -> Option<(String, ImageId)> {
    if let Event::ImageDeclared { name, .. } | Event::ImageIngested { name, .. } = event {
        return Some((name.clone(), ImageId::of_name(name)));
    }
    if let Event::RecordRestored {
        key,
        record: Some(record),
    } = event
        && let Ok(KeyParts::Image(image)) = key.parts()
    {
        return Some((record.get("name")?.as_str()?.to_owned(), image));
    }
    None
}
