//! People of a source become annotators: by a name that is known, as they were mapped, or as persons.

use crate::event::Command;
use crate::id::Code;
use crate::import::document::SourcePerson;
use crate::model::AnnotatorKind;
use crate::repo::{RepoError, Transaction};
use crate::store::PrivateKind;

use super::{Import, ImportError, PersonChoice};

impl Import<'_, Transaction<'_>> {
    /// Returns the annotator of each person of the source.
    pub(super) fn people(&mut self, people: &[SourcePerson]) -> Result<Vec<Code>, ImportError> {
        people
            .iter()
            .map(|person| {
                let said = person.kind.map(|kind| PersonChoice { kind, code: None });
                let choice = self.setting.options.map_annotator.get(&person.name).cloned().or(said);
                // Anonymous votes are of this lineage's own people: another file's first vote is somebody else.
                let anonymous = is_anonymous(&person.name);
                let name = match &self.context.lineage {
                    Some(lineage) if anonymous => format!("{} of {lineage}", person.name),
                    _ => person.name.clone(),
                };
                let known = self.known_person(&name)?;
                if choice.is_none() && known.is_none() {
                    let (file, code_name) = (self.setting.file, &person.name);
                    let code = if anonymous { "anonymous_votes" } else { "person_taken_as_human" };
                    self.outcome.report.warnings.add(code, || {
                        format!("{file}: '{code_name}' was taken as a person; --map-annotator '{code_name}=model' says otherwise")
                    });
                }
                match known {
                    Some(code) => Ok(code),
                    None => self.register(&name, choice),
                }
            })
            .collect()
    }

    /// Returns who drew what the source gives nobody for.
    pub(super) fn drawn_by(&mut self) -> Result<Option<Code>, ImportError> {
        let Some((name, choice)) = self.setting.options.annotator.clone() else {
            return Ok(None);
        };
        match self.known_person(&name)? {
            Some(code) => Ok(Some(code)),
            None => self.register(&name, Some(choice)).map(Some),
        }
    }

    pub(super) fn known_person(&mut self, name: &str) -> Result<Option<Code>, ImportError> {
        let known = known_annotator(self.setting.repo, self.recorder, name)?;
        // The next file of this transaction need not look again.
        if let Some(code) = &known {
            self.recorder.note_person(name, code);
        }
        Ok(known)
    }

    fn register(&mut self, name: &str, choice: Option<PersonChoice>) -> Result<Code, ImportError> {
        let choice = choice.unwrap_or(PersonChoice {
            kind: AnnotatorKind::Human,
            code: None,
        });
        let context = self.plain_context();
        Ok(register_annotator(
            self.setting.repo,
            self.recorder,
            &context,
            name,
            &choice,
        )?)
    }
}

/// Whether a reader made the name up for a vote that the source gives nobody for.
fn is_anonymous(name: &str) -> bool {
    name.strip_prefix("annotator ")
        .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Finds an annotator by code or name, also one that was registered in the same transaction.
///
/// # Errors
/// [`RepoError`] when the state or the log cannot be read.
pub(super) fn known_annotator(
    repo: &crate::repo::Repo,
    transaction: &crate::repo::Transaction<'_>,
    name: &str,
) -> Result<Option<Code>, RepoError> {
    match transaction.noted_person(name) {
        Some(code) => Ok(Some(code)),
        None => repo.find_annotator(transaction, name),
    }
}

/// Makes an annotator known: a person by a private object, others by name.
///
/// # Errors
/// [`RepoError`] when it is refused or a file cannot be written.
pub fn register_annotator(
    repo: &crate::repo::Repo,
    transaction: &mut crate::repo::Transaction<'_>,
    context: &crate::event::Context,
    name: &str,
    choice: &PersonChoice,
) -> Result<Code, RepoError> {
    let code = match &choice.code {
        Some(code) => code.clone(),
        None => repo.code_for(&*transaction, choice.kind, name)?,
    };
    let (public, person) = match choice.kind {
        AnnotatorKind::Human => (None, Some(repo.private(PrivateKind::Person, name)?)),
        AnnotatorKind::Model | AnnotatorKind::Procedure => (Some(name.to_owned()), None),
    };
    let command = Command::RegisterAnnotator {
        code: code.clone(),
        kind: choice.kind,
        name: public,
        person,
    };
    transaction.must(context, command)?;
    transaction.note_person(name, &code);
    Ok(code)
}
