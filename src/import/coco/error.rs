//! Why a COCO file as a whole is refused.

/// Why a file is refused.
#[derive(Debug, thiserror::Error)]
pub enum CocoError {
    /// The text is not in UTF-8.
    #[error("{file}, line {line}, column {column}: the file is not UTF-8 text ({found})")]
    Encoding {
        /// The file.
        file: String,
        /// What it looks like instead.
        found: &'static str,
        /// Line, from 1.
        line: usize,
        /// Byte in the line, from 1.
        column: usize,
    },
    /// It is not one JSON document of the right form.
    #[error("{file}, line {line}, column {column}: {reason}")]
    Json {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Byte in the line, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
        /// The parser's own error.
        #[source]
        source: serde_json::Error,
    },
    /// It is JSON, but not COCO.
    #[error("{file} is not COCO: it has no list '{missing}'")]
    NotCoco {
        /// The file.
        file: String,
        /// The list that is not there.
        missing: &'static str,
    },
    /// Two records that differ have the same id.
    #[error("{file}: {list}[{first}] and {list}[{second}] both have the {member} {id}, and they differ")]
    DuplicateId {
        /// The file.
        file: String,
        /// The list.
        list: &'static str,
        /// The member that is the same.
        member: &'static str,
        /// Its value.
        id: String,
        /// Index of the first record.
        first: usize,
        /// Index of the second.
        second: usize,
    },
    /// The boxes can be read in two ways, and the file does not tell which.
    #[error(
        "{file}: it is not clear whether its boxes are [x, y, width, height] or [x1, y1, x2, y2] ({evidence})"
    )]
    BoxFormatUnclear {
        /// The file.
        file: String,
        /// What was counted.
        evidence: String,
    },
}

impl CocoError {
    /// Wraps the parser's error with its place in the file.
    pub(super) fn json(file: &str, has_bom: bool, source: serde_json::Error) -> Self {
        let (line, column) = (source.line(), source.column());
        Self::Json {
            file: file.to_owned(),
            line: line.max(1),
            column: if has_bom && line <= 1 { column + 3 } else { column }.max(1),
            reason: reason(&source),
            source,
        }
    }
}

/// Returns what the parser says, without the place.
pub(super) fn reason(error: &serde_json::Error) -> String {
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
}
