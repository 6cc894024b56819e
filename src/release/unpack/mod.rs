//! Reading a release's archive that a stranger gave: its members are written below one new folder, or it is refused
//! with the name of the first member that cannot be.
//!
//! A release's archive holds plain files in one folder, each once. Everything else (links, devices, names that leave the
//! folder or that some system takes for another's, sizes that are stated twice and differ, bytes behind the end) is
//! read by some program in another way than by the next one, and is refused. How much is written is bounded.

mod tar;
mod zip;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::ReleaseError;
use crate::files::folder::{FileError, open_user_file};
use crate::files::names::{check_name, fold};
use crate::files::output::StagedFolder;

/// How much is unpacked of an archive at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Members, folders counted.
    pub members: u64,
    /// Bytes of all files together.
    pub bytes: u64,
}

impl ArchiveLimits {
    /// The bounds for an archive of this length in bytes: five million members; a hundred times its length, and a GiB
    /// where that is less.
    #[must_use]
    pub fn for_length(size_bytes: u64) -> Self {
        Self {
            members: 5_000_000,
            bytes: size_bytes.saturating_mul(100).max(1 << 30),
        }
    }
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The member, as a text for people; empty when it is the archive as a whole.
    pub(super) member: String,
    /// One sentence.
    pub(super) why: String,
}

/// Why unpacking ended early.
enum Stop {
    Refused(Refusal),
    Failed(ReleaseError),
}

impl From<FileError> for Stop {
    fn from(error: FileError) -> Self {
        Self::Failed(error.into())
    }
}

fn refuse(member: &str, why: impl Into<String>) -> Stop {
    Stop::Refused(Refusal {
        member: member.escape_debug().to_string(),
        why: why.into(),
    })
}

/// Unpacks an archive into a folder in the making, without the name of the folder that it holds; its form is told by its
/// first bytes.
///
/// # Errors
/// [`ReleaseError::File`] when the archive cannot be opened, or a file not be written. An archive that is refused is a
/// value.
pub(super) fn unpack(
    path: &Path,
    limits: Option<ArchiveLimits>,
    staged: &mut StagedFolder,
) -> Result<Result<(), Refusal>, ReleaseError> {
    let mut file = open_user_file(path)?;
    let failed = |source| FileError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let size_bytes = file.metadata().map_err(failed)?.len();
    let mut magic = Vec::new();
    Read::take(&mut file, 4).read_to_end(&mut magic).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let mut unpacking = Unpacking {
        staged,
        limits: limits.unwrap_or_else(|| ArchiveLimits::for_length(size_bytes)),
        root: None,
        files: BTreeMap::new(),
        folders: BTreeSet::new(),
        members: 0,
        bytes: 0,
    };
    let unpacked = match magic.as_slice() {
        [0x28, 0xB5, 0x2F, 0xFD] => tar::unpack(file, &mut unpacking),
        [b'P', b'K', 3, 4] => zip::unpack(file, size_bytes, &mut unpacking),
        _ => Err(refuse("", "it is no tar.zst and no zip")),
    };
    match unpacked {
        Ok(()) => Ok(Ok(())),
        Err(Stop::Refused(refusal)) => Ok(Err(refusal)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MemberKind {
    File,
    Folder,
}

/// Where members go, and what was taken so far.
struct Unpacking<'s> {
    staged: &'s mut StagedFolder,
    limits: ArchiveLimits,
    /// The folder that holds all of it.
    root: Option<String>,
    /// Files by their name as the least careful system knows it.
    files: BTreeMap<String, String>,
    /// Folders on the way to them, likewise.
    folders: BTreeSet<String>,
    members: u64,
    bytes: u64,
}

impl Unpacking<'_> {
    /// Counts a member.
    fn count(&mut self, member: &str) -> Result<(), Stop> {
        self.members += 1;
        if self.members > self.limits.members {
            return Err(refuse(
                member,
                format!("it has more than {} members", self.limits.members),
            ));
        }
        Ok(())
    }

    /// Checks the name of a member and that it is new; returns the part below the archive's one folder, `None` for that
    /// folder itself.
    fn admit(&mut self, raw: &[u8], kind: MemberKind) -> Result<Option<String>, Stop> {
        let member = String::from_utf8_lossy(raw).into_owned();
        self.count(&member)?;
        let Ok(name) = std::str::from_utf8(raw) else {
            return Err(refuse(&member, "its name is not UTF-8"));
        };
        let name = match kind {
            MemberKind::File => name,
            MemberKind::Folder => name.strip_suffix('/').unwrap_or(name),
        };
        check_name(name).map_err(|error| refuse(&member, error.fault.to_string()))?;
        let (root, below) = name.split_once('/').map_or((name, None), |(a, b)| (a, Some(b)));
        let own = self.root.get_or_insert_with(|| root.to_owned());
        if own != root {
            let why = format!("it stands beside the folder '{own}' that holds the rest");
            return Err(refuse(&member, why));
        }
        match (below, kind) {
            (None, MemberKind::Folder) => Ok(None),
            (None, MemberKind::File) => Err(refuse(&member, "it stands in no folder")),
            (Some(below), kind) => {
                self.admit_below(&member, below, kind)?;
                Ok(Some(below.to_owned()))
            }
        }
    }

    /// Checks that a name is no other's on any system.
    fn admit_below(&mut self, member: &str, name: &str, kind: MemberKind) -> Result<(), Stop> {
        let folded = fold(name);
        if let Some(other) = self.files.get(&folded) {
            let why = if other == name {
                "it has two members of this name".to_owned()
            } else {
                format!("its name cannot be told from '{other}' on every file system")
            };
            return Err(refuse(member, why));
        }
        for (end, _) in folded.match_indices('/') {
            let folder = folded.get(..end).unwrap_or(&folded);
            if let Some(other) = self.files.get(folder) {
                return Err(refuse(member, format!("'{other}' is a file, and its folder")));
            }
            if !self.folders.contains(folder) {
                self.folders.insert(folder.to_owned());
            }
        }
        match kind {
            MemberKind::Folder => {
                self.folders.insert(folded);
            }
            MemberKind::File if self.folders.contains(&folded) => {
                return Err(refuse(member, "it is a file, and the folder of another member"));
            }
            MemberKind::File => {
                self.files.insert(folded, name.to_owned());
            }
        }
        Ok(())
    }

    /// Writes a file of exactly this many bytes.
    fn write(&mut self, name: &str, size_bytes: u64, from: &mut dyn Read) -> Result<(), Stop> {
        let mut file = self.staged.create_file(name)?;
        let mut block = vec![0_u8; 1 << 16];
        let mut written: u64 = 0;
        loop {
            let count = from
                .read(&mut block)
                .map_err(|error| refuse(name, format!("it cannot be read: {error}")))?;
            if count == 0 {
                break;
            }
            let length = u64::try_from(count).unwrap_or(u64::MAX);
            written = written.saturating_add(length);
            self.bytes = self.bytes.saturating_add(length);
            if self.bytes > self.limits.bytes {
                let why = format!("unpacked, the archive is longer than {} bytes", self.limits.bytes);
                return Err(refuse(name, why));
            }
            if written > size_bytes {
                break;
            }
            file.write_all(block.get(..count).unwrap_or(&[]))
                .map_err(|source| FileError::Io {
                    action: "write",
                    path: self.staged.path().join(name),
                    source,
                })?;
        }
        if written != size_bytes {
            let why = format!("it is not as long as the {size_bytes} bytes that are stated");
            return Err(refuse(name, why));
        }
        // It is read once and removed again: nothing has to be durable.
        file.hand_over()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
