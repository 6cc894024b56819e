//! Names that can stand on a disk, on any disk: relative, `/` between their parts, nothing that leaves the folder,
//! that a file system reads as something else, or that a program takes for its own. Pure.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

/// Bytes that one part of a name may have.
const PART_BYTES_MAX: usize = 255;
/// Bytes that a whole name may have.
const NAME_BYTES_MAX: usize = 3000;
/// Parts that a name may have.
const PARTS_MAX: usize = 100;
/// Folders that belong to programs: files written into them could run code or damage a repository.
const RESERVED: [&str; 2] = [".holotype", ".git"];
/// The same by the short names that Windows gives them, without the number.
const RESERVED_SHORT: [&str; 2] = ["HOLOTY~", "GIT~"];
/// Names of devices on Windows, with any extension.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Why a name cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It has no characters, or a part has none.
    #[error("it has an empty part")]
    Empty,
    /// It begins at the root.
    #[error("it is absolute")]
    Absolute,
    /// A part is `.` or `..`.
    #[error("it has the part '.' or '..'")]
    Dots,
    /// It has a backslash, which separates folders on Windows.
    #[error("it has a backslash")]
    Backslash,
    /// It has a colon, which names drives and streams on Windows.
    #[error("it has a colon")]
    Colon,
    /// It has a control character, such as a line feed.
    #[error("it has a control character")]
    Control,
    /// A part ends with a dot or space, which Windows drops.
    #[error("a part of it ends with a dot or a space")]
    End,
    /// A part is the folder of a program.
    #[error("'{part}' is the folder of a program")]
    Reserved {
        /// The part.
        part: String,
    },
    /// A part is a device on Windows.
    #[error("'{part}' is a device on Windows")]
    Device {
        /// The part.
        part: String,
    },
    /// It is longer than file systems allow.
    #[error("it is longer than file systems allow")]
    Long,
    /// Another file has the same name, or one that some file systems take for the same.
    #[error("it cannot be told from '{other}' on every file system")]
    Taken {
        /// The other name.
        other: String,
    },
    /// Another name needs it as a folder.
    #[error("'{other}' needs it as a folder")]
    Folder {
        /// The other name.
        other: String,
    },
}

/// A name that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{}' cannot be a file here: {fault}", .name.escape_debug())]
pub struct NameError {
    /// The name.
    pub name: String,
    /// Why.
    pub fault: NameFault,
}

/// Which names of one folder are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// Those with the same bytes, as on Linux.
    Bytes,
    /// Also those that differ only in case or in their Unicode form, as on macOS and Windows.
    Folded,
}

/// Checks one name.
///
/// # Errors
/// [`NameError`] with the first thing that is wrong.
pub fn check_name(name: &str) -> Result<(), NameError> {
    find_fault(name).map_or(Ok(()), |fault| {
        Err(NameError {
            name: name.to_owned(),
            fault,
        })
    })
}

fn find_fault(name: &str) -> Option<NameFault> {
    if name.starts_with('/') {
        return Some(NameFault::Absolute);
    }
    if name.contains('\\') {
        return Some(NameFault::Backslash);
    }
    if name.contains(':') {
        return Some(NameFault::Colon);
    }
    if name.chars().any(char::is_control) {
        return Some(NameFault::Control);
    }
    if name.len() > NAME_BYTES_MAX || name.split('/').count() > PARTS_MAX {
        return Some(NameFault::Long);
    }
    name.split('/').find_map(find_part_fault)
}

fn find_part_fault(part: &str) -> Option<NameFault> {
    if part.is_empty() {
        return Some(NameFault::Empty);
    }
    if part == "." || part == ".." {
        return Some(NameFault::Dots);
    }
    if part.len() > PART_BYTES_MAX {
        return Some(NameFault::Long);
    }
    if is_reserved(part) {
        return Some(NameFault::Reserved {
            part: part.to_owned(),
        });
    }
    if part.ends_with(['.', ' ']) {
        return Some(NameFault::End);
    }
    is_device(part).then(|| NameFault::Device {
        part: part.to_owned(),
    })
}

/// Whether a file system may take the part for the folder of a program: in any case, with characters that HFS+
/// passes over, with dots and spaces at its end, or by its short name.
fn is_reserved(part: &str) -> bool {
    let seen: String = part
        .chars()
        .filter(|character| !is_passed_over(*character))
        .collect();
    let bare = fold(seen.trim_end_matches(['.', ' ']));
    let upper = seen.to_ascii_uppercase();
    let is_short = |start: &str| {
        upper
            .strip_prefix(start)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    RESERVED.contains(&bare.as_str()) || RESERVED_SHORT.iter().any(|start| is_short(start))
}

const fn is_passed_over(character: char) -> bool {
    matches!(character, '\u{200C}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}')
}

fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end_matches(' ');
    let stem = stem.to_ascii_uppercase();
    let is_port = |start: &str| {
        stem.strip_prefix(start).is_some_and(|rest| {
            let mut characters = rest.chars();
            let first = characters.next();
            first.is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c)) && characters.next().is_none()
        })
    };
    DEVICES.contains(&stem.as_str()) || is_port("COM") || is_port("LPT")
}

/// Returns what is the same for names that some file system takes for one.
#[must_use]
pub fn fold(name: &str) -> String {
    let composed: String = name.nfc().collect();
    // By way of upper case, so that `ß` meets `ss`.
    composed.to_uppercase().to_lowercase().nfc().collect()
}

/// Checks names that are to stand in one folder; returns every fault.
#[must_use]
pub fn check_names<'a>(names: impl IntoIterator<Item = &'a str>, sameness: Sameness) -> Vec<NameError> {
    let key = |name: &str| match sameness {
        Sameness::Bytes => name.to_owned(),
        Sameness::Folded => fold(name),
    };
    let mut faults = Vec::new();
    let mut files: BTreeMap<String, &str> = BTreeMap::new();
    let mut fail = |name: &str, fault| {
        faults.push(NameError {
            name: name.to_owned(),
            fault,
        });
    };
    for name in names {
        if let Some(fault) = find_fault(name) {
            fail(name, fault);
        } else if let Some(other) = files.insert(key(name), name) {
            fail(
                name,
                NameFault::Taken {
                    other: other.to_owned(),
                },
            );
        }
    }
    for (folded, name) in &files {
        for (end, _) in folded.match_indices('/') {
            let folder = folded.get(..end).and_then(|folder| files.get(folder));
            if let Some(folder) = folder {
                fail(
                    folder,
                    NameFault::Folder {
                        other: (*name).to_owned(),
                    },
                );
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n01_to_n04_names_that_leave_or_mean_something_else_are_refused() {
        for bad in [
            "",
            ".",
            "..",
            "/abs",
            "C:\\x",
            "\\\\host\\x",
            "a/../../b",
            "a//b",
            "a/",
            "a/./b",
            ".holotype/x",
            ".git/hooks/post-checkout",
            ".HOLOTYPE",
            ".holotype ",
            ".holotype.",
            ".Git",
            ".g\u{200c}it",
            "HOLOTY~1",
            "git~1/x",
            "CON",
            "nul",
            "COM1",
            "AUX.tif",
            "lpt9.png",
            "com¹",
            "a:b",
            "a\nb",
            "a\tb",
            "a\u{1b}[0m",
            "x\u{0}",
            "a./b",
            "a ",
        ] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_name(&"x".repeat(256)).is_err());
        assert!(check_name(&"x/".repeat(200)).is_err());
    }

    #[test]
    fn ordinary_names_are_taken() {
        for good in [
            "001.tiff",
            "a/b/c.png",
            "-rf",
            "~",
            "$(x)`y`",
            "größe.png",
            "com10.png",
            "console.txt",
            ".gitignore",
            "image (1).jpg",
            ".hidden",
            "holotype",
            "NULL.png",
        ] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn n06_n10_names_that_meet_are_all_listed() {
        let names = [
            "A.png",
            "a.png",
            "x",
            "x/y",
            "stra\u{df}e",
            "STRASSE",
            "e\u{301}",
            "\u{e9}",
            "ok",
        ];
        assert_eq!(check_names(names, Sameness::Folded).len(), 4);
        assert_eq!(check_names(names, Sameness::Bytes).len(), 1);
        assert_eq!(check_names(["b", "b"], Sameness::Bytes).len(), 1);
    }
}
