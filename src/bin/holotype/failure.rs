//! How a failure ends: one line what happened to what, a `Hint:` what to type next, and the exit code of the contract.

use std::error::Error;
use std::io::{IsTerminal, Write};

use holotype::event::Rejection;
use holotype::repo::RepoError;
use holotype::store::StoreError;

use crate::cli::Color;

/// Differences or findings, where the command was asked to tell.
pub(crate) const FOUND: u8 = 1;
/// The command line cannot be understood.
pub(crate) const USAGE: u8 = 2;
/// The input or the request is not acceptable; nothing changed.
pub(crate) const REFUSED: u8 = 3;
/// A conflict or a lost race.
pub(crate) const CONFLICT: u8 = 4;
/// The repository is damaged.
pub(crate) const DAMAGED: u8 = 5;
/// I/O, network or remote failure.
pub(crate) const IO: u8 = 6;

/// A failure with its line, hint and exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub code: u8,
    pub line: String,
    pub hint: String,
}

impl Failure {
    pub(crate) fn new(code: u8, line: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            code,
            line: line.into(),
            hint: hint.into(),
        }
    }

    pub(crate) fn refused(line: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(REFUSED, line, hint)
    }

    pub(crate) fn usage(line: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(USAGE, line, hint)
    }

    /// Prints it to stderr and returns the exit code.
    pub(crate) fn report(&self, color: Color) -> u8 {
        if self.line.is_empty() {
            return self.code;
        }
        let mut stderr = std::io::stderr().lock();
        let colored = color.enabled(stderr.is_terminal());
        let (red, reset) = if colored {
            ("\x1b[31m", "\x1b[0m")
        } else {
            ("", "")
        };
        // A closed stderr must not turn into a panic.
        let _ = writeln!(
            stderr,
            "{red}error:{reset} {}",
            crate::output::one_line(&self.line)
        );
        let _ = writeln!(stderr, "Hint: {}", crate::output::one_line(&self.hint));
        self.code
    }
}

/// Joins an error and its causes into one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        next = cause.source();
    }
    line
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            // Whoever read the result has seen enough, as `| head` has: there is nothing to tell anybody.
            return Self::new(IO, "", "");
        }
        let line = format!("cannot write the result: {error}");
        Self::new(IO, line, "check where the output goes, and run the command again")
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::from(RepoError::from(error))
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::from(RepoError::from(rejection))
    }
}

impl From<holotype::event::StateError> for Failure {
    fn from(error: holotype::event::StateError) -> Self {
        Self::from(RepoError::from(error))
    }
}

impl From<holotype::tree::TreeError> for Failure {
    fn from(error: holotype::tree::TreeError) -> Self {
        Self::from(RepoError::from(error))
    }
}

impl From<holotype::log::LogError> for Failure {
    fn from(error: holotype::log::LogError) -> Self {
        Self::from(RepoError::from(error))
    }
}

impl From<RepoError> for Failure {
    fn from(error: RepoError) -> Self {
        let line = chain(&error);
        if error.is_damage() {
            return Self::new(
                DAMAGED,
                line,
                "run 'holotype verify' to see all that is damaged; 'holotype repair --from COPY' brings it back",
            );
        }
        let similar = |names: &[String], otherwise: &str| match names.first() {
            Some(name) => format!("did you mean '{name}'?"),
            None => otherwise.to_owned(),
        };
        match &error {
            RepoError::Store(store) => Self::from_store(store, line),
            RepoError::UnknownRevision { similar: names, .. } => Self::refused(
                line,
                similar(
                    names,
                    "'holotype log' lists the commits, 'holotype list' what a version holds",
                ),
            ),
            RepoError::Ambiguous { .. } => Self::refused(line, "give more digits of the id"),
            RepoError::UnknownName {
                similar: names, kind, ..
            } => Self::refused(
                line,
                similar(names, &format!("'holotype list {kind}s' shows what there is")),
            ),
            RepoError::NoAuthor => Self::refused(
                line,
                "say who you are: holotype set author \"Name <mail>\" (or set HOLOTYPE_AUTHOR)",
            ),
            RepoError::NothingToCommit => Self::refused(
                line,
                "record something first: holotype add, import or record; see holotype status",
            ),
            RepoError::DraftConflict { .. } => Self::new(
                CONFLICT,
                line,
                "look at it with 'holotype diff HEAD DRAFT', or drop it with 'holotype discard'",
            ),
            RepoError::TagExists { .. } => Self::refused(line, "tags never move; choose another name"),
            RepoError::BadTagName { .. } => Self::refused(line, "choose a name such as v1.0"),
            RepoError::RevertConflict { .. } => Self::new(
                CONFLICT,
                line,
                "revert the later commits first, or correct the records with 'holotype record'",
            ),
            RepoError::Refused(rejection) => Self::from_rejection(rejection, line),
            RepoError::Log(_)
            | RepoError::Replay(_)
            | RepoError::Tree(_)
            | RepoError::State(_)
            | RepoError::Evolve(_)
            | RepoError::Batch(_)
            | RepoError::Encode(_) => Self::new(
                IO,
                line,
                "check the disk and the permissions, and run the command again",
            ),
        }
    }
}

/// What to do about a failure of the operating system.
fn io_hint(kind: std::io::ErrorKind) -> &'static str {
    use std::io::ErrorKind;
    if kind == ErrorKind::PermissionDenied || kind == ErrorKind::ReadOnlyFilesystem {
        "nothing was changed; you need write permission there"
    } else if kind == ErrorKind::StorageFull || kind == ErrorKind::QuotaExceeded {
        "nothing was changed; free some space and run the command again"
    } else if kind == ErrorKind::Unsupported || kind == ErrorKind::CrossesDevices {
        "this file system lacks hard links, locks or renames; keep the repository on a local disk, such as ext4 or APFS"
    } else {
        "what was acknowledged before is safe; check the disk and run the command again"
    }
}

impl Failure {
    fn from_store(error: &StoreError, line: String) -> Self {
        match error {
            StoreError::NoRepository { .. } => Self::refused(
                line,
                "make one here: holotype init --name NAME (or go to it with -C DIR)",
            ),
            StoreError::RepositoryExists { .. } => Self::refused(
                line,
                "use it as it is, or choose another folder; see holotype status",
            ),
            StoreError::NewerFormat { .. } => Self::refused(line, "update holotype"),
            StoreError::Io { source, .. } => Self::new(IO, line, io_hint(source.kind())),
            StoreError::Poisoned { .. } | StoreError::Random => Self::new(
                IO,
                line,
                "what was acknowledged before is safe; check the disk and run the command again",
            ),
            StoreError::Missing { .. } | StoreError::Damaged { .. } => {
                Self::new(DAMAGED, line, "run 'holotype verify'")
            }
        }
    }

    fn from_rejection(rejection: &Rejection, line: String) -> Self {
        let hint = match rejection {
            Rejection::UnknownImage { .. } => {
                "'holotype list images' shows the images; bring one in with 'holotype add'"
            }
            Rejection::UnknownAnnotation { .. } => "'holotype list annotations' shows the ids",
            Rejection::UnknownLabel { .. } => {
                "'holotype list labels' shows the labels; --create adds new ones"
            }
            Rejection::UnknownAnnotator { .. } | Rejection::AnnotatorNeeded { .. } => {
                "'holotype list annotators' shows who there is; --create adds new ones"
            }
            Rejection::ChangedSince { .. } => {
                return Self::new(
                    CONFLICT,
                    line,
                    "look at the present state with 'holotype show', then try again",
                );
            }
            Rejection::UnknownEntity { .. }
            | Rejection::NameTaken { .. }
            | Rejection::BadName { .. }
            | Rejection::ImagePrefixTaken { .. }
            | Rejection::AnnotationExists { .. }
            | Rejection::ForeignAnnotation { .. }
            | Rejection::UnknownRating { .. }
            | Rejection::LineageNeeded
            | Rejection::Erased { .. }
            | Rejection::NotExact { .. } => "nothing was changed; 'holotype list' shows what there is",
        };
        Self::refused(line, hint)
    }
}
