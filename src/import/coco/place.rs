//! How a record of a COCO file is named in messages: `MIDOG.json, annotations[17] (id 18)`.

use std::fmt;

use super::super::json::RawId;

/// A record of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its list.
    pub(super) list: &'static str,
    /// Its index there.
    pub(super) index: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)
    }
}

impl Place {
    /// The record with its id, where it has one.
    pub(super) const fn with(self, id: &RawId) -> Named<'_> {
        Named { place: self, id }
    }
}

/// A record and its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'r> {
    place: Place,
    id: &'r RawId,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place;
        match self.id {
            RawId::Id(id) => write!(f, "{place} (id {id})"),
            RawId::Absent | RawId::Null | RawId::Unusable => write!(f, "{place}"),
        }
    }
}
