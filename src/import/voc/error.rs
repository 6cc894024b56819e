//! Why a file was not read as Pascal VOC.

use std::fmt;

/// A place in a text file, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// Finds the place of a byte offset; an offset beyond the text is the text's end.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: 1 + before.matches('\n').count(),
            column: 1 + before.get(line_start..).map_or(0, |line| line.chars().count()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A file that was not read: which one, where, why.
#[derive(Debug, thiserror::Error)]
#[error("{file}, {place}: {problem}")]
pub struct VocError {
    /// The file.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// Why.
    #[source]
    pub problem: VocProblem,
}

/// Why a file is not read as Pascal VOC.
#[derive(Debug, thiserror::Error)]
pub enum VocProblem {
    /// It is larger than any such file.
    #[error("the file has {bytes} bytes; a Pascal VOC file describes one image in at most {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// It is UTF-16.
    #[error("this is UTF-16; save it as UTF-8")]
    Utf16,
    /// It is not UTF-8.
    #[error("this is not UTF-8 (byte {offset})")]
    NotUtf8 {
        /// The first byte that is not, from 0.
        offset: usize,
    },
    /// It says that it is in another encoding.
    #[error("the file says that it is in '{encoding}'; save it as UTF-8")]
    OtherEncoding {
        /// What it says.
        encoding: String,
    },
    /// A character that XML does not allow.
    #[error("the character U+{code:04X} is not allowed in XML")]
    Character {
        /// The character.
        code: u32,
    },
    /// A document type, through which a file could pull in others or grow without end.
    #[error("a DOCTYPE is not accepted")]
    Doctype,
    /// An entity other than the five of XML.
    #[error("the entity '&{name};' is not accepted")]
    Entity {
        /// Its name.
        name: String,
    },
    /// It is not well-formed.
    #[error("this is not well-formed XML")]
    Syntax(#[source] quick_xml::Error),
    /// An attribute is not well-formed.
    #[error("this is not well-formed XML")]
    Attribute(#[source] quick_xml::events::attributes::AttrError),
    /// It ends too early.
    #[error("the file ends within <{element}>")]
    Truncated {
        /// The innermost element that is open.
        element: String,
    },
    /// There is something outside of the one root element.
    #[error("there is something outside of the root element")]
    OutsideRoot,
    /// Elements are nested too deeply.
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The root element is another one, or there is none.
    #[error("the root element is '{root}', not 'annotation'")]
    NotVoc {
        /// Its name; empty when there is none.
        root: String,
    },
    /// A member that can be there once only is there twice.
    #[error("<{member}> is there more than once")]
    Repeated {
        /// The member.
        member: &'static str,
    },
    /// A number that no `f64` holds.
    #[error("the number '{text}' is out of range")]
    OutOfRange {
        /// The number.
        text: String,
    },
}
