//! Tells which texts of a source can name a person, so that a reader keeps those private.
//!
//! A member that no reader knows is kept as an attribute; by its name it is private when people usually put a
//! person, a case number or free text there. In doubt a text is private: a private text can be published later.

use super::document::{PrivateText, PrivateTextKind, SourceValue};

const PERSON: [&str; 12] = [
    "annotator",
    "author",
    "creator",
    "flickrid",
    "mail",
    "operator",
    "orcid",
    "owner",
    "patient",
    "person",
    "reviewer",
    "user",
];
const CASE: [&str; 3] = ["accession", "case", "specimen"];
const FREE_TEXT: [&str; 6] = ["comment", "description", "information", "note", "remark", "text"];

/// Whether a text is an absolute path of some operating system, or one below a home folder.
pub(crate) fn is_absolute_path(text: &str) -> bool {
    let mut start = text.chars();
    match (start.next(), start.next(), start.next()) {
        (Some('/' | '\\' | '~'), ..) => true,
        (Some(drive), Some(':'), Some('/' | '\\')) => drive.is_ascii_alphabetic(),
        _ => text.starts_with("file:"),
    }
}

/// Splits an absolute path at its last separator; a relative one stays whole.
pub(crate) fn split_absolute(text: &str) -> (Option<&str>, &str) {
    match text.rsplit_once(['/', '\\']) {
        Some((folder, name)) if is_absolute_path(text) => (Some(folder), name),
        _ => (None, text),
    }
}

/// Wraps a text that can name a person.
pub(crate) fn private(kind: PrivateTextKind, text: &str) -> SourceValue {
    SourceValue::Private(PrivateText {
        kind,
        text: text.to_owned(),
    })
}

/// Wraps a text of the member `name`, privately where it can name a person.
pub(crate) fn text_value(name: &str, text: &str) -> SourceValue {
    let name = name.to_ascii_lowercase();
    let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if is_absolute_path(text) {
        private(PrivateTextKind::Path, text)
    } else if holds(&PERSON) || name == "name" {
        private(PrivateTextKind::Person, text)
    } else if holds(&CASE) {
        private(PrivateTextKind::SourceCaseId, text)
    } else if holds(&FREE_TEXT) {
        private(PrivateTextKind::FreeText, text)
    } else {
        SourceValue::Text(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_of_each_system_are_known() {
        for path in [
            "/home/jane/a.jpg",
            "C:\\Users\\jane\\a.jpg",
            "d:/a.jpg",
            "\\\\host\\share",
            "~/a",
            "file:///a",
        ] {
            assert!(is_absolute_path(path), "{path}");
        }
        for path in ["a.jpg", "folder/a.jpg", "", "C:", "1:/a", "a~/b"] {
            assert!(!is_absolute_path(path), "{path}");
        }
        assert_eq!(split_absolute("/home/jane/a.jpg"), (Some("/home/jane"), "a.jpg"));
        assert_eq!(split_absolute("x/a.jpg"), (None, "x/a.jpg"));
    }

    #[test]
    fn members_that_can_name_a_person_are_private() {
        let kind = |name, text| match text_value(name, text) {
            SourceValue::Private(private) => Some(private.kind),
            SourceValue::Text(_) | SourceValue::Number(_) | SourceValue::Flag(_) => None,
        };
        assert_eq!(kind("Annotator", "Jane"), Some(PrivateTextKind::Person));
        assert_eq!(kind("case_no", "H23-1"), Some(PrivateTextKind::SourceCaseId));
        assert_eq!(kind("comment", "as Jane said"), Some(PrivateTextKind::FreeText));
        assert_eq!(kind("stage", "/home/jane"), Some(PrivateTextKind::Path));
        assert_eq!(kind("stage", "prophase"), None);
    }
}
