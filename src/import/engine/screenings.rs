//! Areas that a source says were searched completely. One that is known already is not recorded again.

use std::sync::Arc;

use crate::event::{Command, Context};
use crate::id::{Code, ImageId};
use crate::import::document::SourceScreening;
use crate::repo::Transaction;

use super::{Import, ImportError};

impl Import<'_, Transaction<'_>> {
    /// Records the screenings of a source that are not known, by whom the source names, else by who drew it.
    pub(super) fn screenings(
        &mut self,
        screenings: &[SourceScreening],
        images: &[ImageId],
        people: &[Code],
    ) -> Result<(), ImportError> {
        for screening in screenings {
            let Some(image) = images.get(screening.image) else {
                continue;
            };
            let named = screening.person.and_then(|person| people.get(person));
            let context = Context {
                annotator: named.or(self.context.annotator.as_ref()).cloned(),
                ..(*Arc::clone(&self.context)).clone()
            };
            let command = Command::Screen {
                image: *image,
                region: screening.region.clone(),
            };
            self.must(&context, command)?;
        }
        Ok(())
    }
}
