//! What in a JSON file can name a person: members by their name, texts by being an absolute path.

use super::super::document::PrivateTextKind;

/// Words that, anywhere in a member's name, say that its value can name a person.
const PERSONS: [&str; 32] = [
    "annotator",
    "annotators",
    "assignee",
    "author",
    "authors",
    "contributor",
    "contributors",
    "creator",
    "creators",
    "doctor",
    "editor",
    "email",
    "expert",
    "experts",
    "labeler",
    "labeller",
    "login",
    "mail",
    "operator",
    "orcid",
    "owner",
    "pathologist",
    "pathologists",
    "person",
    "persons",
    "physician",
    "rater",
    "raters",
    "reviewer",
    "reviewers",
    "user",
    "username",
];

/// Words that say that its value is a case number of the source.
const CASES: [&str; 4] = ["accession", "mrn", "patient", "pid"];

/// Words that say that its value is a number of such, not one of them.
const COUNTS: [&str; 4] = ["count", "n", "num", "number"];

/// Tells by a member's name what its value could name.
pub(crate) fn private_kind(member: &str) -> Option<PrivateTextKind> {
    let words = words(member);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let ends_with_by = words.len() > 1 && words.last().is_some_and(|word| word == "by");
    if has(&CASES)
        || matches!(words.as_slice(), [case, id] if case == "case" && (id == "id" || id == "number"))
    {
        return Some(PrivateTextKind::SourceCaseId);
    }
    if has(&["birth", "birthdate", "dob"]) {
        return Some(PrivateTextKind::FreeText);
    }
    ((has(&PERSONS) && !has(&COUNTS)) || ends_with_by).then_some(PrivateTextKind::Person)
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

/// Whether a text is an absolute path, of any system.
pub(crate) fn is_absolute_path(text: &str) -> bool {
    let drive = match text.as_bytes() {
        [letter, b':', b'\\' | b'/', ..] => letter.is_ascii_alphabetic(),
        _ => false,
    };
    drive
        || ["/", "\\\\", "~/", "~\\", "file:/"]
            .iter()
            .any(|start| text.starts_with(start))
}

/// Returns the last part of a path, of any system.
pub(crate) fn last_component(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
