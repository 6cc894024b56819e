//! A release as one file: `tar.zst` or `zip`. The same folder gives the same bytes: members in the order of their names,
//! without time, owner or anything else that is not in the release; one thread compresses.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::ReleaseError;
use crate::files::folder::{EntryKind, FileError, Folder, Vacancy, vacancy};
use crate::files::output::{Existing, StagedFile};

/// A form of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// A tar archive, compressed by Zstandard.
    TarZst,
    /// A zip archive.
    Zip,
}

/// How hard Zstandard works: its default.
const ZSTD_LEVEL: i32 = 3;

impl ArchiveFormat {
    /// The words of all of them.
    pub const WORDS: [&'static str; 2] = ["tar.zst", "zip"];

    /// Reads the word, which is the end of the file's name; `None` when it is none.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "tar.zst" => Some(Self::TarZst),
            "zip" => Some(Self::Zip),
            _ => None,
        }
    }

    /// Returns the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TarZst => "tar.zst",
            Self::Zip => "zip",
        }
    }
}

/// Packs a folder into a file beside it, `NAME.tar.zst` or `NAME.zip`, whole or not at all; returns its path. A file that
/// is there already must be that archive.
///
/// # Errors
/// [`ReleaseError::Differs`] when something else is there, or when something cannot be read or written.
pub fn archive_release(dir: &Path, format: ArchiveFormat) -> Result<PathBuf, ReleaseError> {
    let name = dir
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .ok_or_else(|| FileError::Nameless { path: dir.to_owned() })?;
    let path = dir.with_file_name(format!("{name}.{}", format.as_str()));
    let folder = Folder::open(dir)?;
    if vacancy(&path)? == Vacancy::Occupied {
        let there = digest_of_file(&path)?;
        let mut hasher = blake3::Hasher::new();
        write_archive(&folder, &name, format, &mut hasher)?;
        return if hasher.finalize() == there {
            Ok(path)
        } else {
            Err(ReleaseError::Differs {
                path,
                why: "it is another archive".to_owned(),
            })
        };
    }
    let mut file = StagedFile::create(&path, Existing::Refuse)?;
    write_archive(&folder, &name, format, &mut file)?;
    file.publish()?;
    Ok(path)
}

fn digest_of_file(path: &Path) -> Result<blake3::Hash, ReleaseError> {
    let mut file = crate::files::folder::open_user_file(path)?;
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finalize())
}

/// Writes the files of a folder as an archive, all below `name`.
fn write_archive(
    folder: &Folder,
    name: &str,
    format: ArchiveFormat,
    out: &mut dyn Write,
) -> Result<(), ReleaseError> {
    match format {
        ArchiveFormat::TarZst => {
            let mut packed = zstd::Encoder::new(out, ZSTD_LEVEL)?;
            packed.include_checksum(true)?;
            let mut tar = tar::Builder::new(packed);
            each_file(folder, |member, size_bytes, file| {
                let mut header = tar::Header::new_ustar();
                header.set_size(size_bytes);
                header.set_mode(0o644);
                header.set_mtime(0);
                header.set_entry_type(tar::EntryType::Regular);
                tar.append_data(&mut header, format!("{name}/{member}"), file)
            })?;
            tar.into_inner()?.finish()?;
        }
        ArchiveFormat::Zip => {
            let mut zip = zip::ZipWriter::new_stream(out);
            let options = zip::write::SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Deflated)
                .last_modified_time(zip::DateTime::default())
                .unix_permissions(0o644)
                .large_file(true);
            each_file(folder, |member, _, file| {
                zip.start_file(format!("{name}/{member}"), options)?;
                io::copy(file, &mut zip).map(|_| ())
            })?;
            zip.finish().map_err(io::Error::from)?;
        }
    }
    Ok(())
}

/// Hands every file of a folder on, by name, with its length in bytes.
fn each_file(
    folder: &Folder,
    mut take: impl FnMut(&str, u64, &mut dyn Read) -> io::Result<()>,
) -> Result<(), ReleaseError> {
    for entry in folder.list()? {
        let path = || folder.path().join(&entry.name);
        let EntryKind::File { size_bytes } = entry.kind else {
            return Err(FileError::NotAFile { path: path() }.into());
        };
        let mut file = folder.open_file(&entry.name)?;
        take(&entry.name, size_bytes, &mut file).map_err(|source| FileError::Io {
            action: "pack",
            path: path(),
            source,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(names: &[&str], format: ArchiveFormat) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let release = dir.path().join("cells-1.0.0");
        let mut staged = crate::files::output::StagedFolder::create(&release).unwrap();
        for name in names {
            staged
                .write_file(name, format!("bytes of {name}").as_bytes())
                .unwrap();
        }
        staged.publish().unwrap();
        let path = archive_release(&release, format).unwrap();
        // The same once more is that archive; another is left alone.
        assert_eq!(archive_release(&release, format).unwrap(), path);
        let mut bytes = Vec::new();
        let mut file = crate::files::folder::open_user_file(&path).unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let mut more = crate::files::output::StagedFile::create(&path, Existing::Replace).unwrap();
        more.write_all(b"something else").unwrap();
        more.publish().unwrap();
        assert!(matches!(
            archive_release(&release, format),
            Err(ReleaseError::Differs { .. })
        ));
        bytes
    }

    #[test]
    fn the_order_of_writing_does_not_matter_and_all_comes_back() {
        let long = format!("data/{}/{}.json", "x".repeat(120), "y".repeat(120));
        for format in [ArchiveFormat::TarZst, ArchiveFormat::Zip] {
            let one = packed(&["b/ü.txt", "a.txt", &long], format);
            let two = packed(&[&long, "a.txt", "b/ü.txt"], format);
            assert_eq!(one, two, "{format:?}");
            assert_eq!(ArchiveFormat::parse(format.as_str()), Some(format));
            let names: Vec<String> = match format {
                ArchiveFormat::TarZst => {
                    let mut tar = tar::Archive::new(zstd::Decoder::new(one.as_slice()).unwrap());
                    let entries = tar.entries().unwrap();
                    entries
                        .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
                        .collect()
                }
                ArchiveFormat::Zip => {
                    let zip = zip::ZipArchive::new(io::Cursor::new(&one)).unwrap();
                    zip.file_names().map(|name| name.unwrap().into_owned()).collect()
                }
            };
            let expected = ["a.txt", "b/ü.txt", long.as_str()].map(|name| format!("cells-1.0.0/{name}"));
            assert_eq!(names, expected, "{format:?}");
        }
        assert_eq!(ArchiveFormat::parse("rar"), None);
    }
}
