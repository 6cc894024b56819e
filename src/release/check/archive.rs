//! Checking a release that came as one file: unpacked into a folder of our own, checked there, and removed.

use std::path::Path;

use super::{CheckOptions, Finding, ReleaseCheck, Severity, verify_release_with};
use crate::files::output::StagedFolder;
use crate::files::scratch::ScratchFolder;
use crate::release::ReleaseError;
use crate::release::unpack::{ArchiveLimits, unpack};

/// Checks a release's archive, `tar.zst` or `zip`. It is unpacked into a new folder in `scratch`, which is removed again;
/// an archive that holds what no release's does is one finding, HT-R017, and nothing of it is looked at further. Without
/// `limits` they are [`ArchiveLimits::for_length`].
///
/// # Errors
/// [`ReleaseError::File`] when the archive cannot be opened, or nothing be written in `scratch`.
pub fn verify_release_archive(
    path: &Path,
    scratch: &Path,
    limits: Option<ArchiveLimits>,
    options: &CheckOptions<'_>,
) -> Result<ReleaseCheck, ReleaseError> {
    let scratch = ScratchFolder::create(scratch, "holotype-verify")?;
    let dir = scratch.path().join("release");
    let mut staged = StagedFolder::create(&dir)?;
    match unpack(path, limits, &mut staged)? {
        Ok(()) => {
            staged.publish()?;
            verify_release_with(&dir, options)
        }
        Err(refusal) => {
            let object = if refusal.member.is_empty() {
                path.display().to_string()
            } else {
                refusal.member
            };
            let finding = Finding {
                code: "HT-R017",
                severity: Severity::Error,
                object,
                message: refusal.why,
            };
            Ok(ReleaseCheck {
                findings: vec![finding],
                ..ReleaseCheck::default()
            })
        }
    }
}
