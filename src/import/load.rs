//! From a file to a document: recognises the format by content, never by name, and reads it.

use std::path::Path;

use crate::files::input::{FilesError, FoundFile, find_files, read_file, read_head};
use crate::id::Digest;

use super::coco::{BoxChoice, CocoError, CocoOptions, VoteChoice, looks_like_coco, read_coco};
use super::document::Document;
use super::sliderunner::{SlideRunnerError, looks_like_sliderunner, read_sliderunner};
use super::voc::{VocError, looks_like_voc, read_voc};

/// No annotation file is longer.
const FILE_LIMIT: u64 = 16 << 30;
/// So much of a file is looked at to recognise it.
const HEAD_BYTES: u64 = 1 << 20;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// COCO JSON.
    Coco,
    /// Pascal VOC XML, one file an image.
    Voc,
    /// SlideRunner and EXACT SQLite.
    SlideRunner,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Coco, Self::Voc, Self::SlideRunner];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::Voc => "voc",
            Self::SlideRunner => "sliderunner",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }
}

/// A file that cannot be read as annotations.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// No format fits.
    #[error("{file} is in no format that is known: not COCO JSON, Pascal VOC XML or SlideRunner SQLite")]
    Unknown {
        /// The file.
        file: String,
    },
    /// A folder holds no file of a known format.
    #[error("the folder {folder} holds no annotations in a known format")]
    EmptyFolder {
        /// The folder.
        folder: String,
    },
    /// It is not COCO JSON.
    #[error(transparent)]
    Coco(#[from] CocoError),
    /// It is not Pascal VOC XML.
    #[error(transparent)]
    Voc(#[from] VocError),
    /// It is not a SlideRunner database.
    #[error(transparent)]
    SlideRunner(#[from] SlideRunnerError),
}

/// Choices of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LoadOptions {
    /// The format; recognised where none is given.
    pub format: Option<Format>,
    /// How boxes are written.
    pub box_format: BoxChoice,
    /// What becomes of votes.
    pub votes: VoteChoice,
}

/// A file as read.
#[derive(Debug)]
pub struct Loaded {
    /// The file's own name.
    pub file: String,
    /// Its format.
    pub format: Format,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What it says.
    pub document: Document,
}

/// Finds the files to read at a path: the file itself, or those of a folder that have a known format.
///
/// # Errors
/// [`LoadError`] when there are none.
pub fn find_sources(path: &Path, options: &LoadOptions) -> Result<Vec<(FoundFile, Format)>, LoadError> {
    let is_folder = crate::files::input::is_folder(path);
    let mut sources = Vec::new();
    for file in find_files(path)? {
        match (recognise(&file.path, options), is_folder) {
            (Ok(Some(format)), _) => sources.push((file, format)),
            (Ok(None), false) => return Err(LoadError::Unknown { file: file.name }),
            (Ok(None), true) => {}
            (Err(error), _) => return Err(error),
        }
    }
    if sources.is_empty() {
        return Err(LoadError::EmptyFolder {
            folder: path.display().to_string(),
        });
    }
    Ok(sources)
}

/// Recognises the format of a file by its content.
fn recognise(path: &Path, options: &LoadOptions) -> Result<Option<Format>, LoadError> {
    if options.format.is_some() {
        return Ok(options.format);
    }
    let head = read_head(path, HEAD_BYTES)?;
    if head.starts_with(b"SQLite format 3\0") {
        return Ok(looks_like_sliderunner(path).then_some(Format::SlideRunner));
    }
    if looks_like_voc(&head) {
        return Ok(Some(Format::Voc));
    }
    Ok(looks_like_coco(&head).then_some(Format::Coco))
}

/// Reads a file.
///
/// # Errors
/// [`LoadError`] when it is not in its format.
pub fn load(found: &FoundFile, format: Format, options: &LoadOptions) -> Result<Loaded, LoadError> {
    let file = found.name.clone();
    let bytes = read_file(&found.path, FILE_LIMIT)?;
    let digest = Digest::of(&bytes);
    let document = match format {
        Format::Coco => {
            let options = CocoOptions {
                box_format: options.box_format,
                votes: options.votes,
            };
            read_coco(&file, &bytes, &options)?
        }
        Format::Voc => read_voc(&file, &bytes)?,
        Format::SlideRunner => read_sliderunner(&file, &found.path)?,
    };
    Ok(Loaded {
        file,
        format,
        digest,
        document,
    })
}
