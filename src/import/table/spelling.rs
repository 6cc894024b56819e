//! Finds values that are probably two spellings of one word: "Hamammatsu XR" and "Hamamatsu XR".
//!
//! A finding is for a person to look at; nothing is unified. Two values are told when they are the same but for case,
//! white space, hyphens or Unicode normal form; or when they have the same number of words and each pair of words is
//! the same, a known pair of synonyms, or long, free of digits and at most one edit apart (two from 13 letters on).
//! So "Scanner A" and "Scanner B", "CS2" and "CS3", "Type II" and "Type III" are different values.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// Words that veterinary and human pathology use for one thing.
const SYNONYMS: [(&str, &str); 3] = [
    ("lymphoma", "lymphosarcoma"),
    ("canine", "dog"),
    ("cat", "feline"),
];

/// From how many letters on words may differ, and from how many by two edits.
const LONG: usize = 5;
const VERY_LONG: usize = 13;

/// Beyond this many values a column is no vocabulary: only values that are the same but for form are told.
const VOCABULARY_LIMIT: usize = 1_000;

/// Returns pairs of values that look like spellings of one, the rarer one first (of equally frequent ones the first
/// in order), sorted. `values` holds how often each value occurs.
#[must_use]
pub fn spelling_variants(values: &BTreeMap<String, u64>) -> Vec<(String, String)> {
    let forms: Vec<Form<'_>> = values
        .iter()
        .map(|(value, count)| Form::of(value, *count))
        .collect();
    let mut pairs = Vec::new();
    if forms.len() > VOCABULARY_LIMIT {
        let mut by_key: BTreeMap<&str, &Form<'_>> = BTreeMap::new();
        for form in &forms {
            match by_key.get(form.key.as_str()) {
                Some(first) => pairs.push(first.pair(form)),
                None => drop(by_key.insert(&form.key, form)),
            }
        }
    } else {
        for (index, a) in forms.iter().enumerate() {
            let later = forms.iter().skip(index + 1);
            pairs.extend(later.filter(|b| a.is_variant_of(b)).map(|b| a.pair(b)));
        }
    }
    pairs.sort();
    pairs
}

/// A value, and what of it is compared.
struct Form<'v> {
    value: &'v str,
    count: u64,
    /// Lower case, composed, without white space and hyphens (but one between two digits).
    key: String,
    words: Vec<String>,
}

impl<'v> Form<'v> {
    fn of(value: &'v str, count: u64) -> Self {
        let folded: String = value.nfkc().flat_map(char::to_lowercase).nfc().collect();
        let words = folded
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        Self {
            value,
            count,
            key: without_gaps(&folded),
            words: words.map(str::to_owned).collect(),
        }
    }

    fn is_variant_of(&self, other: &Self) -> bool {
        let words = || self.words.iter().zip(&other.words);
        self.key == other.key
            || (!self.words.is_empty()
                && self.words.len() == other.words.len()
                && words().any(|(a, b)| a != b)
                && words().all(|(a, b)| is_same_word(a, b)))
    }

    fn pair(&self, other: &Self) -> (String, String) {
        let (rare, common) = if self.count <= other.count {
            (self, other)
        } else {
            (other, self)
        };
        (rare.value.to_owned(), common.value.to_owned())
    }
}

fn without_gaps(text: &str) -> String {
    let (mut key, mut after_gap) = (String::new(), false);
    for character in text.chars() {
        if character.is_whitespace() || matches!(character, '-' | '_') {
            after_gap = true;
            continue;
        }
        if after_gap && character.is_numeric() && key.ends_with(char::is_numeric) {
            key.push(' ');
        }
        key.push(character);
        after_gap = false;
    }
    key
}

fn is_same_word(a: &str, b: &str) -> bool {
    if a == b || SYNONYMS.contains(&(a, b)) || SYNONYMS.contains(&(b, a)) {
        return true;
    }
    let shorter = a.chars().count().min(b.chars().count());
    let allowed = match shorter {
        VERY_LONG.. => 2,
        LONG.. => 1,
        _ => return false,
    };
    let has_digit = |word: &str| word.contains(char::is_numeric);
    !has_digit(a) && !has_digit(b) && strsim::osa_distance(a, b) <= allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(values: &[(&str, u64)]) -> Vec<(String, String)> {
        spelling_variants(
            &values
                .iter()
                .map(|(value, count)| ((*value).to_owned(), *count))
                .collect(),
        )
    }

    fn is_variant(a: &str, b: &str) -> bool {
        !variants(&[(a, 1), (b, 1)]).is_empty()
    }

    #[test]
    fn quirk_25_spellings_of_one_scanner_or_diagnosis_are_told() {
        let found = variants(&[
            ("Hamammatsu XR", 50),
            ("Hamamatsu XR", 104),
            ("Hamamatsu S360", 50),
        ]);
        assert_eq!(found, [("Hamammatsu XR".to_owned(), "Hamamatsu XR".to_owned())]);
        for (a, b) in [
            ("canine lymphoma", "canine lymphosarcoma"),
            ("human melanoma", "Human Melanoma"),
            ("3D Histech", "3DHistech"),
            ("a  b", "a b "),
            ("Mu\u{308}nchen", "M\u{fc}nchen"),
            ("tumour", "tumor"),
            ("Scanenr", "Scanner"),
        ] {
            assert!(is_variant(a, b), "{a} / {b}");
        }
    }

    #[test]
    fn quirk_25_values_that_differ_in_a_letter_or_digit_by_design_are_not_told() {
        for (a, b) in [
            ("Scanner A", "Scanner B"),
            ("Scanner 1", "Scanner 2"),
            ("Aperio CS2", "Aperio CS3"),
            ("grade1", "grade2"),
            ("Type II", "Type III"),
            ("male", "female"),
            ("slide 1 1", "slide 11"),
            ("Hamamatsu XR", "Hamamatsu S360"),
            ("canine lymphoma", "canine lung cancer"),
            ("+", "-"),
        ] {
            assert!(!is_variant(a, b), "{a} / {b}");
        }
    }

    #[test]
    fn a_column_of_ids_is_compared_by_form_only_and_in_time() {
        let mut values: BTreeMap<String, u64> =
            (0..50_000).map(|n| (format!("case-number-{n}"), 1)).collect();
        assert_eq!(spelling_variants(&values), []);
        values.insert("Case-Number-7".to_owned(), 3);
        let expected = ("case-number-7".to_owned(), "Case-Number-7".to_owned());
        assert_eq!(spelling_variants(&values), [expected]);
    }
}
