//! Why a DICOM file as a whole is refused. A path names an element: `(006A,0002)[1].(0066,0040)`, items from 1.

use dicom_parser::dataset::lazy_read::Error as ParserError;

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum DicomError {
    /// It does not begin as a DICOM file does.
    #[error("{file}: it is no DICOM file ({reason})")]
    NotDicom {
        /// The file.
        file: String,
        /// What is missing.
        reason: &'static str,
    },
    /// It holds something else than annotations.
    #[error(
        "{file}: it holds no microscopy bulk simple annotations; the class of what it holds is '{class}'"
    )]
    NotAnnotations {
        /// The file.
        file: String,
        /// The SOP class UID.
        class: String,
    },
    /// Its encoding is not read.
    #[error(
        "{file}: its transfer syntax {syntax} is not read; write it as Explicit VR Little Endian (1.2.840.10008.1.2.1)"
    )]
    Syntax {
        /// The file.
        file: String,
        /// The transfer syntax UID.
        syntax: String,
    },
    /// The parser cannot go on.
    #[error("{file}, {path}, byte {byte}: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// The element within which it is.
        path: String,
        /// How far the file was read.
        byte: u64,
        /// What is wrong.
        reason: String,
        /// The parser's own error, where it found it.
        #[source]
        source: Option<Box<ParserError>>,
    },
    /// A value is longer than what is left of the file, or than such a value may be.
    #[error("{file}, {path}: its value is said to have {bytes} bytes, {limit} are possible")]
    TooLong {
        /// The file.
        file: String,
        /// The element.
        path: String,
        /// The length in its header.
        bytes: u64,
        /// The most that it can have.
        limit: u64,
    },
    /// A value is of another kind than the standard says.
    #[error("{file}, {path}: its value representation is {vr}, which is not what this element has")]
    Representation {
        /// The file.
        file: String,
        /// The element.
        path: String,
        /// The value representation.
        vr: &'static str,
    },
    /// An element is there twice in one item.
    #[error("{file}, {path}: the element is there twice")]
    ElementTwice {
        /// The file.
        file: String,
        /// The element.
        path: String,
    },
    /// Two groups of one id differ.
    #[error(
        "{file}: (006A,0002)[{first}] and (006A,0002)[{second}] both have the UID {uid}, and they differ"
    )]
    GroupTwice {
        /// The file.
        file: String,
        /// The UID.
        uid: String,
        /// The first group, from 1.
        first: usize,
        /// The second group, from 1.
        second: usize,
    },
    /// There is more of something than is read.
    #[error("{file}: it has more than {limit} {what}")]
    TooMany {
        /// The file.
        file: String,
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Something that the whole file rests on is missing.
    #[error("{file}: it has no {what}")]
    Missing {
        /// The file.
        file: String,
        /// The element, with its tag.
        what: &'static str,
    },
}
