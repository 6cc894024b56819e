//! Manifests: a digest, two spaces, a name, one line a file, as `sha256sum` and `b3sum` print and check them. Names
//! hold no line feed or backslash (`files::names`), so neither form of escaping occurs. Pure but for hashing a
//! stream.

use std::collections::BTreeMap;
use std::io::{self, Read};

use sha2::Digest as _;

use super::swh::{BlobHash, BlobHasher};
use crate::id::Digest;

/// The name of the payload's manifest of SHA-256.
pub(super) const SHA256_NAME: &str = "manifest-sha256.txt";
/// The name of the payload's manifest of BLAKE3.
pub(super) const BLAKE3_NAME: &str = "manifest-blake3.txt";
/// The name of the manifest of SHA-256 of all that is not payload.
pub(super) const TAG_SHA256_NAME: &str = "tagmanifest-sha256.txt";
/// The name of the manifest of BLAKE3 of all that is not payload.
pub(super) const TAG_BLAKE3_NAME: &str = "tagmanifest-blake3.txt";
/// The name of the record.
pub(super) const RELEASE_NAME: &str = "release.json";
/// The name of the signature of the record.
pub(super) const SIGNATURE_NAME: &str = "release.json.sig";
/// The folder of the payload.
pub(super) const DATA: &str = "data/";

/// The digests of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileDigests {
    pub(super) blake3: Digest,
    /// SHA-256.
    pub(super) sha256: Digest,
}

/// A file as it was read from the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FoundFile {
    pub(super) digests: FileDigests,
    pub(super) size_bytes: u64,
}

/// Files by name.
pub(super) type Found = BTreeMap<String, FoundFile>;

/// Says that a name cannot stand in a manifest: BagIt (RFC 8493, 2.1.3) reads `%0A`, `%0D` and `%25` as something else,
/// and `sha256sum` does not.
pub(super) fn is_ambiguous(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["%0A", "%0D", "%25"].iter().any(|code| upper.contains(code))
}

/// How much of a stream is hashed at a time: enough that two threads are worth it.
const BLOCK_BYTES: usize = 1 << 20;

/// Hashes a stream, by both functions at once.
pub(super) fn digest_stream(reader: &mut dyn Read) -> io::Result<FileDigests> {
    let mut hasher = Hasher::default();
    each_block(reader, |block| hasher.update(block))?;
    Ok(hasher.finish())
}

/// Hashes a stream of this many bytes by both functions, and as git does; `None` when it has another length.
pub(super) fn digest_with_blob(
    reader: &mut dyn Read,
    size_bytes: u64,
) -> io::Result<Option<(FileDigests, BlobHash)>> {
    let mut hasher = Hasher::default();
    let mut blob = BlobHasher::new(size_bytes);
    let read_bytes = each_block(reader, |block| {
        rayon::join(|| hasher.update(block), || blob.update(block));
    })?;
    Ok((read_bytes == size_bytes).then(|| (hasher.finish(), blob.finish())))
}

/// Reads a stream to its end, block by block; returns how many bytes there were.
pub(super) fn each_block(reader: &mut dyn Read, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut block = Vec::new();
    let mut size_bytes = 0;
    loop {
        block.clear();
        let mut limited = Read::take(&mut *reader, u64::try_from(BLOCK_BYTES).unwrap_or(u64::MAX));
        let count = limited.read_to_end(&mut block)?;
        if count == 0 {
            return Ok(size_bytes);
        }
        size_bytes += u64::try_from(count).unwrap_or(u64::MAX);
        take(&block);
    }
}

/// Hashes bytes by both functions.
pub(super) fn digest_bytes(bytes: &[u8]) -> FileDigests {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// Hashes what is written.
#[derive(Default)]
struct Hasher {
    blake3: blake3::Hasher,
    sha256: sha2::Sha256,
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        let (blake3, sha256) = (&mut self.blake3, &mut self.sha256);
        rayon::join(|| sha256.update(bytes), || blake3.update(bytes));
    }

    fn finish(self) -> FileDigests {
        FileDigests {
            blake3: Digest::from_bytes(*self.blake3.finalize().as_bytes()),
            sha256: Digest::from_bytes(self.sha256.finalize().into()),
        }
    }
}

/// Writes a manifest, sorted by name.
pub(super) fn manifest(
    files: &BTreeMap<String, FoundFile>,
    digest: impl Fn(&FileDigests) -> Digest,
) -> Vec<u8> {
    let mut text = String::new();
    for (name, file) in files {
        text.push_str(&digest(&file.digests).to_string());
        text.push_str("  ");
        text.push_str(name);
        text.push('\n');
    }
    text.into_bytes()
}

/// Reads one line of a manifest.
pub(super) fn parse_line(line: &str) -> Option<(Digest, &str)> {
    let (digest, rest) = line.split_at_checked(64)?;
    let name = rest.strip_prefix("  ")?;
    Some((Digest::parse(digest).ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_back() {
        let digests = digest_bytes(b"abc");
        assert_eq!(
            digests.sha256.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let found = FoundFile {
            digests,
            size_bytes: 3,
        };
        let files = BTreeMap::from([("a b.txt".to_owned(), found)]);
        assert_eq!(digest_bytes(b"abc"), digests);
        let text = String::from_utf8(manifest(&files, |file| file.blake3)).unwrap();
        let line = text.strip_suffix('\n').unwrap();
        assert_eq!(parse_line(line), Some((Digest::of(b"abc"), "a b.txt")));
        for bad in [
            "",
            "x",
            "ab  c",
            &line.to_uppercase(),
            &line.replacen("  ", " ", 1),
        ] {
            assert_eq!(parse_line(bad), None, "{bad}");
        }
    }
}
