//! Work on one image beside work on others: commands about an image read and change that image's records alone, so
//! that any number of images can be worked on at the same time and taken in one after the other.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::event::{
    Command, Context, Edits, Event, EventLines, NewAnnotation, Overlay, State, StateError, Visit,
    create_annotations, decide, evolve,
};
use crate::id::{ImageId, ImagePrefix};
use crate::model::Key;
use crate::snapshot::SnapshotView;

use super::RepoError;

/// One image's records of a version in memory; other records are looked up once.
pub struct ImageState<'a> {
    base: SnapshotView<'a>,
    image: ImagePrefix,
    records: BTreeMap<Key, Vec<u8>>,
    others: Mutex<BTreeMap<Key, Option<Vec<u8>>>>,
}

impl<'a> ImageState<'a> {
    /// Reads the records of an image.
    ///
    /// # Errors
    /// [`StateError`] when the state cannot be read, or holds what is under no key.
    pub fn read(base: SnapshotView<'a>, image: ImagePrefix) -> Result<Self, StateError> {
        let mut records = BTreeMap::new();
        let mut failure = None;
        for kind in Key::image_kind_bytes() {
            let prefix: Vec<u8> = [&[kind][..], image.as_bytes()].concat();
            base.scan(&prefix, &mut |key, value| match Key::from_bytes(key) {
                Ok(key) => {
                    records.insert(key, value.to_vec());
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            })?;
        }
        match failure {
            Some(error) => Err(StateError::Damaged {
                key: String::new(),
                why: error.to_string(),
            }),
            None => Ok(Self {
                base,
                image,
                records,
                others: Mutex::default(),
            }),
        }
    }
}

impl State for ImageState<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        if key.image_prefix() == Some(self.image) {
            return Ok(self.records.get(key).cloned());
        }
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = others.get(key) {
            return Ok(value.clone());
        }
        let value = self.base.get(key)?;
        others.insert(key.clone(), value.clone());
        Ok(value)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        let from = Key::lower_bound(prefix);
        if from.image_prefix() != Some(self.image) {
            return self.base.scan(prefix, visit);
        }
        let records = self.records.range(from..);
        for (key, value) in records.take_while(|(key, _)| key.as_bytes().starts_with(prefix)) {
            if visit(key.as_bytes(), value).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Events about one image, decided beside others.
pub struct Fork<'a> {
    state: Overlay<'a>,
    pieces: Vec<Piece>,
}

/// What a fork leaves: its events, and the edits that they make.
#[derive(Debug, Default)]
pub struct Work {
    pub(super) pieces: Vec<Piece>,
    pub(super) edits: Edits,
}

/// Some of a fork's events.
#[derive(Debug)]
pub(super) enum Piece {
    /// Decided one by one under one context.
    Events(Context, Vec<Event>),
    /// Decided and written together.
    Lines(EventLines),
}

impl<'a> Fork<'a> {
    /// Begins on an image.
    #[must_use]
    pub fn new(image: &'a ImageState<'a>) -> Self {
        Self {
            state: Overlay::new(image),
            pieces: Vec::new(),
        }
    }

    /// Decides a command that must be accepted and takes its events in. Returns these.
    ///
    /// # Errors
    /// [`RepoError`] when it is refused, or the state cannot be read.
    pub fn must(&mut self, context: &Context, command: Command) -> Result<&[Event], RepoError> {
        let events = decide(&self.state, context, command)??;
        for event in &events {
            let edits = evolve(&self.state, context, event)?;
            self.state.apply(edits);
        }
        let count = events.len();
        self.add(context, events);
        Ok(match self.pieces.last() {
            Some(Piece::Events(_, all)) => all.get(all.len() - count..).unwrap_or_default(),
            Some(Piece::Lines(_)) | None => &[],
        })
    }

    fn add(&mut self, context: &Context, events: Vec<Event>) {
        match self.pieces.last_mut() {
            Some(Piece::Events(last, all)) if last == context => all.extend(events),
            Some(Piece::Events(..) | Piece::Lines(_)) | None => {
                self.pieces.push(Piece::Events(context.clone(), events));
            }
        }
    }

    /// Creates annotations that must be accepted, on an image on which nothing was recorded here yet.
    ///
    /// # Errors
    /// [`RepoError`] when one is refused, or the state cannot be read.
    pub fn create(
        &mut self,
        context: &Context,
        image: ImageId,
        annotations: impl IntoIterator<Item = NewAnnotation>,
    ) -> Result<usize, RepoError> {
        let created = create_annotations(&self.state, context, image, annotations)??;
        let count = created.lines.len();
        self.state.absorb(created.edits);
        self.pieces.push(Piece::Lines(created.lines));
        Ok(count)
    }

    /// Ends it.
    #[must_use]
    pub fn finish(self) -> Work {
        Work {
            pieces: self.pieces,
            edits: self.state.into_edits(),
        }
    }
}

impl State for Fork<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.state.get(key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        self.state.scan(prefix, visit)
    }
}
