//! Why an XML file was not read, whatever its format.

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
    /// The beginning of a file.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    /// Finds the place of a byte offset; an offset beyond the text is the text's end.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: 1 + before.matches('\n').count(),
            column: 1 + before.get(line_start..).map_or(0, |line| line.chars().count()),
        }
    }

    /// Counts on over the text between this place and the next.
    pub(super) fn after(mut self, passed: &str) -> Self {
        for character in passed.chars() {
            if character == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self
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
pub struct XmlError {
    /// The file.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// Why.
    #[source]
    pub problem: XmlProblem,
}

/// Why an XML file is not read.
#[derive(Debug, thiserror::Error)]
pub enum XmlProblem {
    /// It is larger than any such file.
    #[error("the file has {bytes} bytes; a file of this format is read up to {limit}")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
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
    /// An element has too many attributes.
    #[error("an element has more than {limit} attributes")]
    TooManyAttributes {
        /// The limit.
        limit: usize,
    },
    /// A member that is read whole is too large.
    #[error("<{element}> has more than {limit} bytes")]
    MemberTooLarge {
        /// Its name.
        element: String,
        /// The limit.
        limit: usize,
    },
    /// There is no element at all.
    #[error("the file holds no element")]
    NoRoot,
    /// The root element is that of another format.
    #[error("the root element is '{root}', not '{expected}'")]
    WrongRoot {
        /// Its name.
        root: String,
        /// The name that the format's root has.
        expected: &'static str,
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
    /// Two records say different things under one name.
    #[error("{what} '{name}' is there twice, and not the same; the first is at {first}")]
    Contradiction {
        /// What they are.
        what: &'static str,
        /// Their name.
        name: String,
        /// Where the first is.
        first: Place,
    },
}
