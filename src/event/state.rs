//! A state that commands are decided against: records by key. Three implementations: nothing, edits over another
//! state, and a snapshot's tree (`snapshot`).

use std::ops::ControlFlow;

use crate::codec::{Record, decode_record, from_canonical};
use crate::id::{ImageId, ImagePrefix};
use crate::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, ImageRecord, Key, LabelRecord,
    OverrideRecord, RatingRecord, RuleRecord, ScreeningRecord, SlideRecord, SourceIdRecord, SplitRecord,
};

/// A state that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The records cannot be had.
    #[error("cannot read the state")]
    Unreadable {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A record is not what its key says.
    #[error("the record under key {key} is damaged: {why}")]
    Damaged {
        /// The key, in hex digits.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// What a scan calls for each record: key and value.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// Records by key.
pub trait State: Sync {
    /// Returns the record's canonical bytes; `None` when there is none.
    ///
    /// # Errors
    /// [`StateError`] when the records cannot be had.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError>;

    /// Calls `visit` for each record whose key begins with `prefix`, in key order, until it breaks.
    ///
    /// # Errors
    /// [`StateError`] when the records cannot be had.
    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError>;
}

/// Reads and decodes a record.
///
/// # Errors
/// [`StateError`] when it cannot be had or decoded.
pub fn read<R: Record>(state: &dyn State, key: &Key) -> Result<Option<R>, StateError> {
    let Some(bytes) = state.get(key)? else {
        return Ok(None);
    };
    decode(key, &bytes).map(Some)
}

fn decode<R: Record>(key: &Key, bytes: &[u8]) -> Result<R, StateError> {
    decode_record(bytes).map_err(|error| StateError::Damaged {
        key: key.to_string(),
        why: error.to_string(),
    })
}

/// Takes a record that a scan found for its key and content.
///
/// # Errors
/// [`StateError`] when the key is none, or the record cannot be decoded.
pub fn decode_under<R: Record>(key: &[u8], value: &[u8]) -> Result<(Key, R), StateError> {
    let key = Key::from_bytes(key).map_err(|error| StateError::Damaged {
        key: String::new(),
        why: error.to_string(),
    })?;
    let record = decode(&key, value)?;
    Ok((key, record))
}

/// Reads all records whose keys begin with `prefix`.
///
/// # Errors
/// [`StateError`] when one cannot be had or decoded, or stands under what is no key.
pub fn scan_records<R: Record>(
    state: &dyn State,
    prefix: &[u8],
    mut each: impl FnMut(Key, R) -> ControlFlow<()>,
) -> Result<(), StateError> {
    let mut failure = None;
    state.scan(prefix, &mut |key, value| match decode_under(key, value) {
        Ok((key, record)) => each(key, record),
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failure.map_or(Ok(()), Err)
}

/// Returns all records of a kind, in the order of their keys.
///
/// # Errors
/// [`StateError`] when one cannot be had or decoded, or stands under what is no key.
pub fn all_records<R: Record>(state: &dyn State, kind: EntityKind) -> Result<Vec<R>, StateError> {
    let mut records = Vec::new();
    scan_records(state, &Key::kind_prefix(kind), |_, record: R| {
        records.push(record);
        ControlFlow::Continue(())
    })?;
    Ok(records)
}

/// Finds the image whose id begins with `prefix`; there is at most one.
///
/// # Errors
/// [`StateError`] when the records cannot be had.
pub fn find_image(
    state: &dyn State,
    prefix: ImagePrefix,
) -> Result<Option<(ImageId, ImageRecord)>, StateError> {
    let mut found = None;
    scan_records(
        state,
        &Key::on_image_prefix(EntityKind::Image, prefix),
        |_, record: ImageRecord| {
            found = Some((ImageId::of_name(&record.name), record));
            ControlFlow::Break(())
        },
    )?;
    Ok(found)
}

/// The state before the first event.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmptyState;

impl State for EmptyState {
    fn get(&self, _key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        Ok(None)
    }

    fn scan(&self, _prefix: &[u8], _visit: &mut Visit<'_>) -> Result<(), StateError> {
        Ok(())
    }
}

/// Checks that bytes are a record of the kind that a key is for.
///
/// # Errors
/// The reason in words.
pub(super) fn check_record(key: &Key, bytes: &[u8]) -> Result<(), String> {
    fn check<R: Record>(bytes: &[u8]) -> Result<(), String> {
        from_canonical::<R>(bytes)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }
    match key.kind() {
        Some(EntityKind::Dataset) => check::<DatasetRecord>(bytes),
        Some(EntityKind::Rule) => check::<RuleRecord>(bytes),
        Some(EntityKind::Case) => check::<CaseRecord>(bytes),
        Some(EntityKind::Slide) => check::<SlideRecord>(bytes),
        Some(EntityKind::Image) => check::<ImageRecord>(bytes),
        Some(EntityKind::Annotator) => check::<AnnotatorRecord>(bytes),
        Some(EntityKind::Label) => check::<LabelRecord>(bytes),
        Some(EntityKind::Annotation) => check::<AnnotationRecord>(bytes),
        Some(EntityKind::Rating) => check::<RatingRecord>(bytes),
        Some(EntityKind::Override) => check::<OverrideRecord>(bytes),
        Some(EntityKind::SourceId) => check::<SourceIdRecord>(bytes),
        Some(EntityKind::Screening) => check::<ScreeningRecord>(bytes),
        Some(EntityKind::Split) => check::<SplitRecord>(bytes),
        None => Err("its key names no kind of record".to_owned()),
    }
}
