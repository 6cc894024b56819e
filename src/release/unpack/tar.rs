//! Members of a `tar.zst`: one frame of Zstandard around one tar archive. The format's extensions are read here, each
//! bounded, as readers differ on them.

use std::io::{BufRead, BufReader, Read};

use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::{MemberKind, Stop, Unpacking, refuse};

/// Bytes that the extension of a member's header may have.
const EXTENSION_BYTES_MAX: u64 = 1 << 16;
/// Zeros that may fill a tar archive up behind its end.
const PADDING_BYTES_MAX: u64 = 1 << 20;

/// What extensions say of the next member.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    size_bytes: Option<u64>,
}

/// Unpacks a `tar.zst`.
pub(super) fn unpack(file: impl Read, into: &mut Unpacking<'_>) -> Result<(), Stop> {
    let broken = |error: std::io::Error| refuse("", format!("it cannot be read: {error}"));
    let decoder = zstd::Decoder::new(file).map_err(broken)?.single_frame();
    let mut archive = Archive::new(decoder);
    let mut said = Said::default();
    for entry in archive.entries().map_err(broken)?.raw(true) {
        let mut entry = entry.map_err(broken)?;
        let name = said
            .name
            .take()
            .unwrap_or_else(|| entry.path_bytes().into_owned());
        let shown = String::from_utf8_lossy(&name).into_owned();
        let Some(kind) = MemberKind::of(entry.header().entry_type()) else {
            into.count(&shown)?;
            said.extend(&mut entry, &shown)?;
            continue;
        };
        let size_bytes = entry.size();
        if said.size_bytes.take().is_some_and(|said| said != size_bytes) {
            return Err(refuse(&shown, "its size is stated twice, and differs"));
        }
        match (into.admit(&name, kind)?, kind) {
            (Some(below), MemberKind::File) => into.write(&below, size_bytes, &mut entry)?,
            _ if size_bytes > 0 => return Err(refuse(&shown, "it is a folder with bytes")),
            (Some(_) | None, MemberKind::Folder | MemberKind::File) => {}
        }
    }
    if said.name.is_some() || said.size_bytes.is_some() {
        return Err(refuse("", "its last header is about a member that is missing"));
    }
    check_end(archive.into_inner())
}

impl MemberKind {
    fn of(entry_type: EntryType) -> Option<Self> {
        match (entry_type.is_file(), entry_type.is_dir()) {
            (true, _) => Some(Self::File),
            (false, true) => Some(Self::Folder),
            (false, false) => None,
        }
    }
}

impl Said {
    /// Takes what a header says of the member behind it; what is no such header is refused.
    fn extend(&mut self, entry: &mut Entry<'_, impl Read>, member: &str) -> Result<(), Stop> {
        let entry_type = entry.header().entry_type();
        if entry_type.is_gnu_longname() {
            let mut long = extension(entry, member)?;
            if long.last() == Some(&0) {
                long.pop();
            }
            self.name = Some(long);
            Ok(())
        } else if entry_type.is_pax_local_extensions() {
            read_pax(&extension(entry, member)?, member, self)
        } else {
            Err(refuse(
                member,
                format!("it is {}, no plain file", kind_of(entry_type)),
            ))
        }
    }
}

/// Reads the extension of a header.
fn extension(entry: &mut impl Read, member: &str) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    Read::take(entry, EXTENSION_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| refuse(member, format!("it cannot be read: {error}")))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > EXTENSION_BYTES_MAX {
        let why = format!("its header is longer than {EXTENSION_BYTES_MAX} bytes");
        return Err(refuse(member, why));
    }
    Ok(bytes)
}

/// Takes what a header of POSIX (pax) says of the next member: its name, its size and times, nothing else.
fn read_pax(bytes: &[u8], member: &str, said: &mut Said) -> Result<(), Stop> {
    for record in PaxExtensions::new(bytes) {
        let record = record.map_err(|error| refuse(member, format!("its header is none: {error}")))?;
        let value = record.value_bytes();
        match record.key_bytes() {
            b"path" => said.name = Some(value.to_vec()),
            b"size" => {
                let size = std::str::from_utf8(value)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| refuse(member, "its header states a size that is no number"))?;
                said.size_bytes = Some(size);
            }
            b"mtime" | b"atime" | b"ctime" => {}
            other => {
                let key = String::from_utf8_lossy(other).escape_debug().to_string();
                return Err(refuse(member, format!("its header states '{key}'")));
            }
        }
    }
    Ok(())
}

/// What a member is that is no file.
fn kind_of(entry_type: EntryType) -> &'static str {
    let kinds = [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::XGlobalHeader, "a header for all members"),
    ];
    let found = kinds.into_iter().find(|(kind, _)| *kind == entry_type);
    found.map_or("of another kind", |(_, word)| word)
}

/// Checks that nothing but zeros stands behind the last member, and nothing at all behind the frame.
fn check_end(mut decoder: zstd::Decoder<'_, BufReader<impl Read>>) -> Result<(), Stop> {
    let broken = |error: std::io::Error| refuse("", format!("it cannot be read: {error}"));
    let mut rest = Vec::new();
    Read::take(&mut decoder, PADDING_BYTES_MAX + 1)
        .read_to_end(&mut rest)
        .map_err(broken)?;
    let is_long = u64::try_from(rest.len()).unwrap_or(u64::MAX) > PADDING_BYTES_MAX;
    if is_long || rest.iter().any(|byte| *byte != 0) {
        return Err(refuse("", "there is more behind the end of the tar archive"));
    }
    let mut file = decoder.finish();
    if file.fill_buf().map_err(broken)?.is_empty() {
        Ok(())
    } else {
        Err(refuse(
            "",
            "there is more behind the end of the compressed stream",
        ))
    }
}
