//! Why a JSON file as a whole is refused, with the place.

/// A text that is not one JSON document of the right form.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
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
    Syntax {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Byte in the line, from 1.
        column: usize,
        /// What is wrong there, as the parser says it.
        reason: String,
    },
}

impl JsonError {
    /// Wraps the parser's error with its place in the file.
    pub(super) fn syntax(file: &str, has_bom: bool, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::Syntax {
            file: file.to_owned(),
            line: line.max(1),
            column: if has_bom && line <= 1 { column + 3 } else { column }.max(1),
            reason: reason(error),
        }
    }
}

/// Returns what the parser says, without the place.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
}
