//! Members of a `zip`, of which its two lists must say the same and which must follow each other without a gap.

use std::io::{Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use super::{MemberKind, Stop, Unpacking, refuse};

/// The end of a zip archive without a comment: its record's length, and its first bytes.
const END_BYTES: i64 = 22;
const END_MAGIC: [u8; 4] = [b'P', b'K', 5, 6];
/// Bytes that may stand between two members: the longest data descriptor.
const DESCRIPTOR_BYTES_MAX: u64 = 24;

/// What is looked at of a member before it is read.
struct Seen {
    raw_name: Vec<u8>,
    kind: MemberKind,
    size_bytes: u64,
    start: u64,
    end: u64,
}

/// Unpacks a `zip`.
pub(super) fn unpack(
    mut file: impl Read + Seek,
    size_bytes: u64,
    into: &mut Unpacking<'_>,
) -> Result<(), Stop> {
    check_end(&mut file, size_bytes)?;
    let broken = |error: zip::result::ZipError| refuse("", format!("it cannot be read: {error}"));
    let mut archive = ZipArchive::new(std::io::BufReader::new(file)).map_err(broken)?;
    if archive.offset() != 0 {
        return Err(refuse("", "there is something before its beginning"));
    }
    if archive.has_duplicate_names() {
        return Err(refuse("", "it has two members of one name"));
    }
    let members = u64::try_from(archive.len()).unwrap_or(u64::MAX);
    if members > into.limits.members {
        let why = format!("it has more than {} members", into.limits.members);
        return Err(refuse("", why));
    }
    archive.validate_header_consistency().map_err(broken)?;
    let mut ends = Vec::new();
    for index in 0..archive.len() {
        let seen = look_at(&mut archive, index)?;
        ends.push((seen.start, seen.end));
        let shown = String::from_utf8_lossy(&seen.raw_name).into_owned();
        match (into.admit(&seen.raw_name, seen.kind)?, seen.kind) {
            (Some(below), MemberKind::File) => {
                let mut member = archive
                    .by_index(index)
                    .map_err(|error| refuse(&shown, format!("it cannot be read: {error}")))?;
                into.write(&below, seen.size_bytes, &mut member)?;
            }
            (Some(_) | None, MemberKind::Folder | MemberKind::File) => {}
        }
    }
    ends.push((archive.central_directory_start(), 0));
    check_gaps(ends)
}

/// Checks that the record that ends an archive is the end of the file: nothing behind it, not even a comment.
fn check_end(file: &mut (impl Read + Seek), size_bytes: u64) -> Result<(), Stop> {
    let broken = |error: std::io::Error| refuse("", format!("it cannot be read: {error}"));
    let mut end = Vec::new();
    if size_bytes >= END_BYTES.unsigned_abs() {
        file.seek(SeekFrom::End(-END_BYTES)).map_err(broken)?;
        file.read_to_end(&mut end).map_err(broken)?;
        file.rewind().map_err(broken)?;
    }
    if end.starts_with(&END_MAGIC) && end.ends_with(&[0, 0]) {
        Ok(())
    } else {
        Err(refuse("", "its end is missing, or there is more behind it"))
    }
}

/// Looks at a member; what no release's archive holds is refused.
fn look_at<R: Read + Seek>(archive: &mut ZipArchive<R>, index: usize) -> Result<Seen, Stop> {
    let member = archive
        .by_index_raw(index)
        .map_err(|error| refuse("", format!("its member {index} cannot be read: {error}")))?;
    let raw_name = member.name_raw().to_vec();
    let shown = String::from_utf8_lossy(&raw_name).into_owned();
    let kind = if raw_name.ends_with(b"/") {
        MemberKind::Folder
    } else {
        MemberKind::File
    };
    // The type of a file in the manner of Unix; 0 where no system is named.
    let file_type = member.unix_mode().unwrap_or(0) & 0o170_000;
    let fits = match kind {
        MemberKind::File => [0, 0o100_000].contains(&file_type),
        MemberKind::Folder => [0, 0o040_000].contains(&file_type) && member.size() == 0,
    };
    if !fits {
        return Err(refuse(
            &shown,
            "it is a link or something else that is no plain file",
        ));
    }
    if member.encrypted() {
        return Err(refuse(&shown, "it is encrypted"));
    }
    if ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&member.compression()) {
        return Err(refuse(&shown, "it is compressed in another way than by Deflate"));
    }
    let start = member.header_start();
    let data = member
        .data_start()
        .ok_or_else(|| refuse(&shown, "it is not known where its bytes begin"))?;
    Ok(Seen {
        kind,
        size_bytes: member.size(),
        start,
        end: data.saturating_add(member.compressed_size()),
        raw_name,
    })
}

/// Checks that members follow each other up to the list of them.
fn check_gaps(mut ends: Vec<(u64, u64)>) -> Result<(), Stop> {
    ends.sort_unstable();
    let mut end = 0;
    for (start, next) in ends {
        if start < end || start - end > DESCRIPTOR_BYTES_MAX {
            return Err(refuse(
                "",
                "something stands between its members, or they overlap",
            ));
        }
        end = next;
    }
    Ok(())
}
