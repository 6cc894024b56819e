//! Work on one image beside work on others: commands about an image read and change that image's records alone, so
//! that any number of images can be worked on at the same time and taken in one after the other.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::event::{Command, Context, Edits, Event, Overlay, State, StateError, Visit, decide, evolve};
use crate::id::ImagePrefix;
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
    work: Work,
}

/// What a fork leaves: its events, and the edits that they make.
#[derive(Debug, Default)]
pub struct Work {
    /// The contexts, each with the number of the first event that has it.
    contexts: Vec<(usize, Context)>,
    events: Vec<Event>,
    pub(super) edits: Edits,
}

impl<'a> Fork<'a> {
    /// Begins on an image.
    #[must_use]
    pub fn new(image: &'a ImageState<'a>) -> Self {
        Self {
            state: Overlay::new(image),
            work: Work::default(),
        }
    }

    /// Decides a command that must be accepted and takes its events in. Returns these.
    ///
    /// # Errors
    /// [`RepoError`] when it is refused, or the state cannot be read.
    pub fn must(&mut self, context: &Context, command: Command) -> Result<&[Event], RepoError> {
        let events = decide(&self.state, context, command)??;
        let before = self.work.events.len();
        for event in events {
            let edits = evolve(&self.state, context, &event)?;
            self.state.apply(edits);
            if self.work.contexts.last().is_none_or(|(_, last)| last != context) {
                self.work.contexts.push((self.work.events.len(), context.clone()));
            }
            self.work.events.push(event);
        }
        Ok(self.work.events.get(before..).unwrap_or_default())
    }

    /// Ends it.
    #[must_use]
    pub fn finish(self) -> Work {
        Work {
            edits: self.state.into_edits(),
            ..self.work
        }
    }
}

impl Work {
    /// The events in order, each with its context.
    pub(super) fn events(&self) -> impl Iterator<Item = (&Context, &Event)> {
        let ends = self
            .contexts
            .iter()
            .skip(1)
            .map(|(start, _)| *start)
            .chain([self.events.len()]);
        self.contexts
            .iter()
            .zip(ends)
            .flat_map(|((start, context), end)| {
                let events = self.events.get(*start..end).unwrap_or_default();
                events.iter().map(move |event| (context, event))
            })
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
