//! Who is who. Names of people stand in private objects alone; snapshots know codes. The log says which private
//! object belongs to which code.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, scan_records};
use crate::id::{Code, CommitId, PrivateId};
use crate::model::{AnnotatorKind, AnnotatorRecord, EntityKind, Key};
use crate::store::{PrivateKind, PrivateRead, Store};

use super::annotators::{self, Annotator};
use super::{Repo, RepoError};

/// What is known of a private object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// The text.
    Known(String),
    /// It was erased on this day.
    Erased(String),
    /// It is not in this copy.
    Absent,
}

impl Person {
    /// Returns the text where it is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Known(name) => Some(name),
            Self::Erased(_) | Self::Absent => None,
        }
    }

    /// Returns the text, or a word for why there is none.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Known(name) => name.clone(),
            Self::Erased(day) => format!("erased on {day}"),
            Self::Absent => "not in this copy".to_owned(),
        }
    }
}

/// An annotator as registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The code.
    pub code: Code,
    /// Person, model or procedure.
    pub kind: AnnotatorKind,
    /// The name of a model or procedure, or the text of a person's private object.
    pub name: Option<String>,
    /// A person's private object.
    pub person: Option<PrivateId>,
}

impl Repo {
    /// Reads a private object.
    ///
    /// # Errors
    /// [`RepoError`] when it is damaged or cannot be read.
    pub fn person(&self, id: PrivateId) -> Result<Person, RepoError> {
        Ok(match self.store.read_private(id)? {
            PrivateRead::Present(object) => Person::Known(object.value),
            PrivateRead::Erased(tombstone) => Person::Erased(tombstone.erased_at.to_day()),
            PrivateRead::Absent => Person::Absent,
        })
    }

    /// Returns the private object that holds a text, made where there is none.
    ///
    /// # Errors
    /// [`RepoError`] when private objects cannot be read or written.
    pub fn private(&self, kind: PrivateKind, value: &str) -> Result<PrivateId, RepoError> {
        if let Some(id) = self.find_private(kind, value)? {
            return Ok(id);
        }
        let head = self.head()?;
        let parent = head.map_or([0; 32], |head| *head.digest().as_bytes());
        let subject = crate::id::hash_parts("holotype/salt-subject/1", &[value.as_bytes(), &parent]);
        let purpose = format!("holotype/salt/1/{kind:?}");
        let salt = Store::nonce(self.around.seed, &purpose, subject.as_bytes())?;
        if self.rehearses {
            return Ok(PrivateId::from_digest(salt));
        }
        let id = self.store.write_private(kind, salt, value)?;
        let mut known = self
            .known_private
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = known.as_mut() {
            known.insert((kind, value.to_owned()), id);
        }
        Ok(id)
    }

    /// Finds the private object that holds a text.
    ///
    /// # Errors
    /// [`RepoError`] when private objects cannot be read.
    pub fn find_private(&self, kind: PrivateKind, value: &str) -> Result<Option<PrivateId>, RepoError> {
        let wanted = (kind, value.to_owned());
        let mut known = self
            .known_private
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.is_none() {
            if let Some(id) = self.find_likely_private(kind, value)? {
                return Ok(Some(id));
            }
            let mut found = BTreeMap::new();
            for id in self.store.list_private()? {
                if let PrivateRead::Present(object) = self.store.read_private(id)? {
                    found.entry((object.kind, object.value)).or_insert(id);
                }
            }
            *known = Some(found);
        }
        let Some(id) = known.as_ref().and_then(|known| known.get(&wanted)).copied() else {
            return Ok(None);
        };
        // It may have been erased since.
        if matches!(self.store.read_private(id)?, PrivateRead::Present(_)) {
            return Ok(Some(id));
        }
        if let Some(known) = known.as_mut() {
            known.remove(&wanted);
        }
        Ok(None)
    }

    /// Looks at those who recorded last, so that not all private objects are read.
    fn find_likely_private(&self, kind: PrivateKind, value: &str) -> Result<Option<PrivateId>, RepoError> {
        if kind != PrivateKind::Person {
            return Ok(None);
        }
        let last = self.head()?.map(|head| self.commit(head)).transpose()?;
        let likely = [last.map(|commit| commit.author), self.store.local_author()?];
        for id in likely.into_iter().flatten() {
            if let PrivateRead::Present(object) = self.store.read_private(id)?
                && object.kind == kind
                && object.value == value
            {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Returns the private object of the author: the given name, else who was remembered.
    ///
    /// # Errors
    /// [`RepoError::NoAuthor`] when nobody is named.
    pub fn author(&self, name: Option<&str>) -> Result<PrivateId, RepoError> {
        match name.map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => self.private(PrivateKind::Person, name),
            None => self.store.local_author()?.ok_or(RepoError::NoAuthor),
        }
    }

    /// Remembers who records here.
    ///
    /// # Errors
    /// [`RepoError`] when it cannot be written.
    pub fn remember_author(&self, name: &str) -> Result<PrivateId, RepoError> {
        let id = self.private(PrivateKind::Person, name.trim())?;
        self.store.set_local_author(id)?;
        Ok(id)
    }

    /// Returns the annotators that were registered up to a commit and in the draft, by code.
    ///
    /// # Errors
    /// [`RepoError`] when the log or a private object cannot be read.
    pub fn registrations(&self, head: Option<CommitId>) -> Result<BTreeMap<Code, Registration>, RepoError> {
        let mut found = BTreeMap::new();
        for who in annotators::registered(self, head)? {
            found.insert(who.code.clone(), self.registration(&who)?);
        }
        if head == self.head()?
            && let Some(draft) = self.draft()?
        {
            draft.for_each(self, |event| {
                if let Some(who) = Annotator::of(event.event) {
                    found.insert(who.code.clone(), self.registration(&who)?);
                }
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Adds the name of a person, where it is known here.
    fn registration(&self, who: &Annotator) -> Result<Registration, RepoError> {
        let name = match (&who.name, who.person) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(person)) => self.person(person)?.name().map(str::to_owned),
            (None, None) => None,
        };
        Ok(Registration {
            code: who.code.clone(),
            kind: who.kind,
            name,
            person: who.person,
        })
    }

    /// Finds an annotator of a state by code or name. One whose registration was reverted is none.
    ///
    /// # Errors
    /// [`RepoError`] when the state or the log cannot be read.
    pub fn find_annotator(&self, state: &dyn State, text: &str) -> Result<Option<Code>, RepoError> {
        if let Ok(code) = Code::parse(text)
            && is_annotator(state, &code)?
        {
            return Ok(Some(code));
        }
        match named(&self.registrations(self.head()?)?, text) {
            Some(who) if is_annotator(state, &who.code)? => Ok(Some(who.code.clone())),
            Some(_) | None => Ok(None),
        }
    }

    /// Returns the code under which somebody is to be registered: the one that was theirs before it was reverted, else a
    /// free one.
    ///
    /// # Errors
    /// [`RepoError`] when the state or the log cannot be read.
    pub(crate) fn code_for(
        &self,
        state: &dyn State,
        kind: AnnotatorKind,
        name: &str,
    ) -> Result<Code, RepoError> {
        let registrations = self.registrations(self.head()?)?;
        match named(&registrations, name) {
            Some(who) if who.kind == kind && !is_annotator(state, &who.code)? => Ok(who.code.clone()),
            Some(_) | None => lowest_free(state, kind, registrations),
        }
    }

    /// Returns the lowest code of a kind that nobody has or ever had: `human-1`, `model-1`, … A code that was reverted still
    /// names its owner in the log.
    ///
    /// # Errors
    /// [`RepoError`] when the state or the log cannot be read.
    pub(crate) fn free_code(&self, state: &dyn State, kind: AnnotatorKind) -> Result<Code, RepoError> {
        lowest_free(state, kind, self.registrations(self.head()?)?)
    }
}

/// How somebody of this name was registered, whether or not that was reverted.
fn named<'r>(registrations: &'r BTreeMap<Code, Registration>, name: &str) -> Option<&'r Registration> {
    registrations
        .values()
        .find(|who| who.name.as_deref() == Some(name))
}

fn lowest_free(
    state: &dyn State,
    kind: AnnotatorKind,
    registrations: BTreeMap<Code, Registration>,
) -> Result<Code, RepoError> {
    let mut taken: BTreeSet<Code> = registrations.into_keys().collect();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Annotator),
        |_, record: AnnotatorRecord| {
            taken.insert(record.code);
            ControlFlow::Continue(())
        },
    )?;
    let mut n = 1_u64;
    loop {
        if let Ok(code) = Code::parse(&format!("{kind}-{n}"))
            && !taken.contains(&code)
        {
            return Ok(code);
        }
        n += 1;
    }
}

fn is_annotator(state: &dyn State, code: &Code) -> Result<bool, RepoError> {
    Ok(state.get(&Key::annotator(code))?.is_some())
}
