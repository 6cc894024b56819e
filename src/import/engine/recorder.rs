//! What an import records on: the transaction as a whole, or a fork of it for one image.

use crate::event::{Command, Context, Event, State};
use crate::id::AnnotationId;
use crate::repo::{Fork, RepoError, Transaction};

/// What a command led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Recorded {
    /// Whether there was an event.
    pub(super) changed: bool,
    /// The annotation that the first event is about.
    pub(super) annotation: Option<AnnotationId>,
}

/// Takes commands that must be accepted.
pub(super) trait Recorder: State {
    /// Decides a command and takes its events in.
    fn record(&mut self, context: &Context, command: Command) -> Result<Recorded, RepoError>;
}

impl Recorder for Transaction<'_> {
    fn record(&mut self, context: &Context, command: Command) -> Result<Recorded, RepoError> {
        self.must(context, command).map(|events| recorded(&events))
    }
}

impl Recorder for Fork<'_> {
    fn record(&mut self, context: &Context, command: Command) -> Result<Recorded, RepoError> {
        self.must(context, command).map(recorded)
    }
}

fn recorded(events: &[Event]) -> Recorded {
    Recorded {
        changed: !events.is_empty(),
        annotation: events.iter().find_map(Event::annotation),
    }
}
