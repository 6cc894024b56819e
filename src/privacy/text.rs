//! Paths and mail addresses.

use super::Kind;

/// Folders below which people have their own.
const HOMES: [&str; 4] = ["/home/", "/Users/", "/usr/people/", "/root/"];

/// What cannot stand in a path that is looked for in a text.
fn ends_path(character: char) -> bool {
    character.is_control() || "\"'<>|;,*?".contains(character)
}

/// Finds absolute paths: below a home folder, with a drive, on another computer, and `file:` addresses.
pub(super) fn paths(text: &str) -> Vec<(Kind, String)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(char::is_alphanumeric) || found.last().is_some_and(|(_, end)| at < *end) {
            continue;
        }
        if is_path(rest, before) {
            let end = rest.find(ends_path).unwrap_or(rest.len());
            found.push((at, at + end));
        }
    }
    let texts = found.into_iter().filter_map(|(at, end)| text.get(at..end));
    texts.map(|path| (Kind::Path, path.to_owned())).collect()
}

fn is_path(rest: &str, before: Option<char>) -> bool {
    let mut start = rest.chars();
    let (first, second, third) = (start.next(), start.next(), start.next());
    let drive = first.is_some_and(|first| first.is_ascii_alphabetic())
        && second == Some(':')
        && matches!(third, Some('\\' | '/'))
        // `https://` is an address, not a drive.
        && start.next() != Some('/');
    let home = HOMES
        .iter()
        .any(|home| rest.strip_prefix(home).is_some_and(|rest| !rest.is_empty()));
    let share = rest.starts_with("\\\\") && third.is_some_and(char::is_alphanumeric);
    let tilde = first == Some('~') && second.is_some_and(char::is_alphanumeric) && rest.contains('/');
    let file = rest.starts_with("file:///");
    // `a/home/b` is a relative path.
    drive || (home && before.is_none_or(|before| before != '.' && before != '/')) || share || tilde || file
}

fn is_of_mail(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._%+-".contains(character)
}

/// Finds mail addresses.
pub(super) fn mails(text: &str) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = (
            text.get(..at).unwrap_or_default(),
            text.get(at + 1..).unwrap_or_default(),
        );
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_of_mail(*c))
            .last()
            .map_or(at, |(start, _)| start);
        let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || ".-".contains(c)));
        let domain = after.get(..end.unwrap_or(after.len())).unwrap_or_default();
        let domain = domain.trim_end_matches(['.', '-']);
        let top = domain.rsplit_once('.').map(|(_, top)| top);
        let is_domain = top.is_some_and(|top| top.len() >= 2 && top.chars().all(|c| c.is_ascii_alphabetic()));
        if start < at && is_domain {
            let local = before.get(start..).unwrap_or_default();
            found.push((Kind::Mail, format!("{local}@{domain}")));
        }
    }
    found
}
