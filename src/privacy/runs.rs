//! Texts as runs of digits, letters and other characters. It judges nothing.

/// What a run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RunKind {
    Digits,
    Letters,
    Other,
}

/// Characters of one kind that stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run<'t> {
    pub(super) kind: RunKind,
    pub(super) text: &'t str,
    pub(super) start: usize,
}

impl Run<'_> {
    /// Where it ends, in bytes.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this many digits.
    pub(super) fn is_digits(&self, count: std::ops::RangeInclusive<usize>) -> bool {
        self.kind == RunKind::Digits && count.contains(&self.text.len())
    }

    /// Whether it is one of these single characters.
    pub(super) fn is_one_of(&self, characters: &str) -> bool {
        let mut own = self.text.chars();
        own.next().is_some_and(|first| characters.contains(first)) && own.next().is_none()
    }
}

fn kind(character: char) -> RunKind {
    if character.is_ascii_digit() {
        RunKind::Digits
    } else if character.is_alphabetic() {
        RunKind::Letters
    } else {
        RunKind::Other
    }
}

/// Takes a text apart; letters end where a capital follows a small one, as in `AnnaMeier`.
pub(super) fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, character) in text.char_indices() {
        let ends = before.is_some_and(|before| {
            kind(before) != kind(character) || (before.is_lowercase() && character.is_uppercase())
        });
        if ends {
            push(&mut runs, text, start, at, before);
            start = at;
        }
        before = Some(character);
    }
    push(&mut runs, text, start, text.len(), before);
    runs
}

fn push<'t>(runs: &mut Vec<Run<'t>>, text: &'t str, start: usize, end: usize, last: Option<char>) {
    if let (Some(last), Some(piece)) = (last, text.get(start..end)) {
        runs.push(Run {
            kind: kind(last),
            text: piece,
            start,
        });
    }
}

/// From how many hex digits on a word is a hash.
const HASH_DIGITS: usize = 16;
/// How many points the numbers of a UID have at least.
const UID_POINTS: usize = 4;

/// Returns the text with spaces in place of hashes, UUIDs and UIDs, whose digits tell nothing of people.
pub(super) fn without_codes(text: &str) -> String {
    let mut calm = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars().chain(['\0']) {
        if character.is_ascii_alphanumeric() || character == '-' || character == '.' {
            word.push(character);
            continue;
        }
        if is_code(&word) {
            calm.extend(std::iter::repeat_n(' ', word.len()));
        } else {
            calm.push_str(&word);
        }
        word.clear();
        if character != '\0' {
            calm.push(character);
        }
    }
    calm
}

fn is_code(word: &str) -> bool {
    // The ending of a file's name is no part of its code.
    let stem = word.rsplit_once('.').map_or(word, |(stem, ending)| {
        if ending.len() <= 5 && ending.contains(|c: char| c.is_ascii_alphabetic()) {
            stem
        } else {
            word
        }
    });
    let hex = stem.chars().filter(char::is_ascii_hexdigit).count();
    let is_hash = hex >= HASH_DIGITS
        && stem.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        && stem.contains(|c: char| c.is_ascii_alphabetic());
    let is_uid =
        word.matches('.').count() >= UID_POINTS && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_hash || is_uid
}
