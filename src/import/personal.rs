//! Tells which texts of a source can name a person, so that a reader keeps those private.
//!
//! A member that no reader knows is kept as an attribute; by its name it is private when people usually put a
//! person or a case number there. In doubt it is private: a private text can be published later. In formats that people
//! type into, free text is private, too; in JSON a member of that name is what a program says of each record.

use super::document::{PrivateText, PrivateTextKind, SourceValue};

/// Words that say so of a member. Long ones count as beginning or end of a word, too; since others have short ones by
/// chance, these count alone or with what is put behind them.
struct Words {
    long: &'static [&'static str],
    short: &'static [&'static str],
}

/// What people are called.
const PERSONS: Words = Words {
    long: &[
        "annotator",
        "assignee",
        "author",
        "birth",
        "contributor",
        "creator",
        "doctor",
        "editor",
        "email",
        "expert",
        "flickr",
        "labeler",
        "labeller",
        "operator",
        "orcid",
        "owner",
        "pathologist",
        "person",
        "physician",
        "reviewer",
        "surname",
        "username",
    ],
    short: &["dob", "login", "mail", "rater", "user"],
};

/// What a case of the source is called.
const CASES: Words = Words {
    long: &["accession", "patient", "specimen"],
    short: &["case", "mrn", "pid"],
};

/// What a text is called that somebody typed.
const FREE_TEXTS: Words = Words {
    long: &["comment", "description", "information", "remark"],
    short: &["freetext", "note", "text"],
};

/// What says that a member counts, and names nobody.
const COUNTS: Words = Words {
    long: &[],
    short: &["count", "n", "num"],
};

/// What is put behind a short word without a space, as in `userid`.
const ENDINGS: [&str; 12] = [
    "", "address", "code", "id", "ids", "key", "name", "names", "no", "nr", "number", "s",
];

impl Words {
    fn is_in(&self, member: &[String]) -> bool {
        member.iter().any(|word| {
            let has_ending = |short: &&str| {
                word.strip_prefix(short)
                    .is_some_and(|rest| ENDINGS.contains(&rest))
            };
            let is_part = |part: &&str| word.starts_with(part) || word.ends_with(part);
            self.short.iter().any(has_ending) || self.long.iter().any(is_part)
        })
    }
}

/// Tells by a member's name whether its value could name a person or a case, also where it is a number.
pub(crate) fn private_kind(member: &str) -> Option<PrivateTextKind> {
    let words = words(member);
    let first = words.first().map(String::as_str);
    let last = words.last().map(String::as_str);
    let is_number_of = first == Some("number") && words.len() > 1;
    let counts = COUNTS.is_in(&words) || is_number_of;
    let ends_with_by = words.len() > 1 && last == Some("by");
    if CASES.is_in(&words) {
        // The name of a patient, and not the number.
        let is_name = last.is_some_and(|word| word.ends_with("name"));
        return Some(if is_name {
            PrivateTextKind::Person
        } else {
            PrivateTextKind::SourceCaseId
        });
    }
    ((PERSONS.is_in(&words) && !counts) || ends_with_by).then_some(PrivateTextKind::Person)
}

/// Whether a member of that name holds text that somebody typed.
fn is_free_text(member: &str) -> bool {
    FREE_TEXTS.is_in(&words(member))
}

/// Splits `created_by`, `createdBy` and `Created By` into lower-case words.
fn words(member: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in member.chars() {
        if !letter.is_alphanumeric() || (was_lower && letter.is_uppercase()) {
            words.push(String::new());
        }
        was_lower = letter.is_lowercase();
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a text is an absolute path of some operating system, or one below a home folder.
pub(crate) fn is_absolute_path(text: &str) -> bool {
    let mut start = text.chars();
    match (start.next(), start.next(), start.next()) {
        (Some('/' | '\\'), ..) => true,
        (Some('~'), ..) => text.contains(['/', '\\']),
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

/// Wraps a text of the member `name`, privately where it can name a person. What is called `name` alone can be anything's.
pub(crate) fn text_value(name: &str, text: &str) -> SourceValue {
    let kind = if is_absolute_path(text) {
        Some(PrivateTextKind::Path)
    } else if name.eq_ignore_ascii_case("name") {
        Some(PrivateTextKind::Person)
    } else {
        private_kind(name).or_else(|| is_free_text(name).then_some(PrivateTextKind::FreeText))
    };
    match kind {
        Some(kind) => private(kind, text),
        None => SourceValue::Text(text.to_owned()),
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
            "~jane/a",
            "file:///a",
        ] {
            assert!(is_absolute_path(path), "{path}");
        }
        for path in ["a.jpg", "folder/a.jpg", "", "C:", "1:/a", "a~/b", "~5", "~"] {
            assert!(!is_absolute_path(path), "{path}");
        }
        assert_eq!(split_absolute("/home/jane/a.jpg"), (Some("/home/jane"), "a.jpg"));
        assert_eq!(split_absolute("x/a.jpg"), (None, "x/a.jpg"));
    }

    #[test]
    fn members_that_can_name_a_person_are_private_however_they_are_spelled() {
        use PrivateTextKind::{Person, SourceCaseId};
        for (member, kind) in [
            ("Annotator", Person),
            ("annotator_2", Person),
            ("created_by", Person),
            ("createdBy", Person),
            ("Created By", Person),
            ("lastuser_mail", Person),
            ("userName", Person),
            ("username", Person),
            ("USERID", Person),
            ("mailaddress", Person),
            ("flickrid", Person),
            ("patientName", Person),
            ("PatientID", SourceCaseId),
            ("case", SourceCaseId),
            ("case_no", SourceCaseId),
            ("CASENR", SourceCaseId),
            ("cases", SourceCaseId),
            ("caseId", SourceCaseId),
            ("AccessionNumber", SourceCaseId),
            ("birthDate", Person),
        ] {
            assert_eq!(private_kind(member), Some(kind), "{member}");
        }
    }

    #[test]
    fn members_that_only_look_so_are_public() {
        for member in [
            "",
            "_",
            "stage",
            "by",
            "standby",
            "n_annotators",
            "number_of_experts",
            "annotator count",
            "lowercase",
            "context",
            "texture",
            "denoted",
            "iterate",
            "rapid",
            "email_count",
        ] {
            assert_eq!(
                text_value(member, "x"),
                SourceValue::Text("x".to_owned()),
                "{member}"
            );
        }
    }

    #[test]
    fn a_text_is_wrapped_by_its_member_and_by_what_it_is() {
        let kind = |name, text| match text_value(name, text) {
            SourceValue::Private(private) => Some(private.kind),
            SourceValue::Text(_) | SourceValue::Number(_) | SourceValue::Flag(_) => None,
        };
        assert_eq!(kind("Annotator", "Jane"), Some(PrivateTextKind::Person));
        assert_eq!(kind("Name", "Jane"), Some(PrivateTextKind::Person));
        for member in [
            "comment",
            "comments",
            "free text",
            "freetext",
            "longDescription",
            "notes",
        ] {
            assert_eq!(
                kind(member, "as Jane said"),
                Some(PrivateTextKind::FreeText),
                "{member}"
            );
            assert_eq!(private_kind(member), None, "{member}");
        }
        assert_eq!(kind("stage", "/home/jane"), Some(PrivateTextKind::Path));
        assert_eq!(kind("stage", "prophase"), None);
    }
}
