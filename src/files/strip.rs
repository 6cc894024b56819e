//! Copies of TIFFs whose texts say nothing of people. The user's file is never changed; pixels are copied as they are.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::folder::FileError;
use super::input::{FilesError, InputFile};
use super::output::StagedFolder;
use super::probe::{Patch, Photographs, StripError};

/// A copy that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum StripFileError {
    /// The file cannot be read.
    #[error(transparent)]
    Input(#[from] FilesError),
    /// The copy cannot be written.
    #[error(transparent)]
    Output(#[from] FileError),
    /// Its texts cannot be written over.
    #[error("cannot strip {}", .path.display())]
    Strip {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: StripError,
    },
}

/// Bytes that are copied at a time.
const PIECE_BYTES: usize = 1 << 20;

/// Copies a TIFF into a folder with its personal texts blanked and, where that is asked for, without photographs of the slide
/// and its label. Returns what was written over, in the order of the file.
///
/// # Errors
/// [`StripFileError`]; the folder must not be published then.
pub fn strip_file(
    path: &Path,
    folder: &mut StagedFolder,
    name: &str,
    photographs: Photographs,
) -> Result<Vec<Patch>, StripFileError> {
    let mut input = InputFile::open(path)?;
    let patches = input
        .strip_patches(photographs)
        .map_err(|source| StripFileError::Strip {
            path: path.to_owned(),
            source,
        })?;
    input.rewind()?;
    let mut output = folder.create_file(name)?;
    let written = output.path().to_owned();
    copy(&mut input, &mut output, &patches).map_err(|source| {
        StripFileError::Output(FileError::Io {
            action: "write",
            path: written,
            source,
        })
    })?;
    if input.has_changed() {
        return Err(FilesError::Changed {
            path: path.to_owned(),
        }
        .into());
    }
    output.finish()?;
    Ok(patches)
}

fn copy(input: &mut impl Read, output: &mut impl Write, patches: &[Patch]) -> io::Result<()> {
    let mut piece = vec![0_u8; PIECE_BYTES];
    let mut at = 0_u64;
    loop {
        let count = input.read(&mut piece)?;
        let bytes = piece.get_mut(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        for patch in patches {
            lay(bytes, at, patch);
        }
        output.write_all(bytes)?;
        at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

/// Puts that part of a patch upon bytes at an offset that falls on them.
fn lay(bytes: &mut [u8], at: u64, patch: &Patch) {
    let first = patch.offset.saturating_sub(at);
    let skipped = at.saturating_sub(patch.offset);
    let (Ok(first), Ok(skipped)) = (usize::try_from(first), usize::try_from(skipped)) else {
        return;
    };
    let target = bytes.get_mut(first..).unwrap_or_default();
    let source = patch.bytes.get(skipped..).unwrap_or_default();
    for (to, from) in target.iter_mut().zip(source) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_laid_across_the_borders_of_pieces() {
        let patch = Patch {
            offset: 3,
            bytes: b"abcde".to_vec(),
            what: String::new(),
        };
        for size in 1..12 {
            let mut whole = b"0123456789".to_vec();
            for (n, piece) in whole.chunks_mut(size).enumerate() {
                lay(piece, u64::try_from(n * size).unwrap(), &patch);
            }
            assert_eq!(whole, b"012abcde89", "{size}");
        }
    }
}
