//! Finds values that are probably two spellings of one word, or two words for one thing: "Hamammatsu XR" and "Hamamatsu
//! XR", "canine lymphoma" and "canine lymphosarcoma".
//!
//! A finding is for a person to look at; nothing is unified. Two values are told when they are the same but for case,
//! white space, hyphens or Unicode normal form; or when they have the same number of words and each pair of words is
//! the same, or long, free of digits and at most one edit apart (two from 13 letters on); or when they are so after
//! words of each set of synonyms were replaced by its first. So "Scanner A" and "Scanner B", "CS2" and "CS3", "Type II"
//! and "Type III" are different values.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;

/// Words that veterinary and human pathology use for one thing.
const SYNONYMS: [&[&str]; 3] = [
    &["lymphoma", "lymphosarcoma"],
    &["canine", "dog"],
    &["feline", "cat"],
];

/// From how many letters on words may differ, and from how many by two edits.
const LONG: usize = 5;
const VERY_LONG: usize = 13;

/// Beyond this many values a column is no vocabulary: only values that are the same but for form are told.
const VOCABULARY_LIMIT: usize = 1_000;

/// Why two values look like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// They differ in case, white space, hyphens, Unicode form, or by a letter or two.
    Spelling,
    /// Their words are known as words for one thing.
    Synonym,
}

/// Two values that look like one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variant {
    /// The rarer one; of equally frequent ones the first in order.
    pub rare: String,
    /// The other one.
    pub common: String,
    /// Why they look like one.
    pub likeness: Likeness,
}

/// Sets of words, or of groups of words, for one thing each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonyms(Vec<Vec<Vec<String>>>);

impl Default for Synonyms {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Synonyms {
    /// Those that are always known, and further sets.
    #[must_use]
    pub fn new(more: &[Vec<String>]) -> Self {
        let known = SYNONYMS
            .iter()
            .map(|set| set.iter().map(|text| words(&folded(text))).collect());
        let more = more
            .iter()
            .map(|set| set.iter().map(|text| words(&folded(text))).collect());
        Self(known.chain(more).collect())
    }

    /// Replaces each word, or group of words, of a set by the set's first.
    fn unified(&self, words: &[String]) -> Vec<String> {
        let mut rest = words;
        let mut unified = Vec::with_capacity(words.len());
        'next: while let Some((first, after)) = rest.split_first() {
            for set in &self.0 {
                let Some(target) = set.first() else { continue };
                let known = set.iter().filter(|phrase| !phrase.is_empty());
                if let Some(phrase) = known
                    .filter(|phrase| rest.starts_with(phrase))
                    .max_by_key(|phrase| phrase.len())
                {
                    unified.extend(target.iter().cloned());
                    rest = rest.get(phrase.len()..).unwrap_or(&[]);
                    continue 'next;
                }
            }
            unified.push(first.clone());
            rest = after;
        }
        unified
    }
}

/// Returns pairs of values that look like spellings of one, the rarer one first (of equally frequent ones the first
/// in order), sorted. `values` holds how often each value occurs.
#[must_use]
pub fn spelling_variants(values: &BTreeMap<String, u64>) -> Vec<(String, String)> {
    let found = variants(values, &Synonyms::default());
    found.into_iter().map(|one| (one.rare, one.common)).collect()
}

/// Says why two values look like one; `None` where they do not, or are the same.
#[must_use]
pub fn likeness(a: &str, b: &str, synonyms: &Synonyms) -> Option<Likeness> {
    (a != b).then(|| Form::of(a, 1, synonyms).likeness(&Form::of(b, 1, synonyms)))?
}

/// Returns pairs of values that look like one, sorted. `values` holds how often each value occurs.
#[must_use]
pub fn variants(values: &BTreeMap<String, u64>, synonyms: &Synonyms) -> Vec<Variant> {
    let forms: Vec<Form<'_>> = values
        .iter()
        .map(|(value, count)| Form::of(value, *count, synonyms))
        .collect();
    let mut pairs = Vec::new();
    if forms.len() > VOCABULARY_LIMIT {
        let mut by_key: BTreeMap<&str, &Form<'_>> = BTreeMap::new();
        for form in &forms {
            match by_key.get(form.key.as_str()) {
                Some(first) => pairs.push(first.pair(form, Likeness::Spelling)),
                None => drop(by_key.insert(&form.key, form)),
            }
        }
    } else {
        for (index, a) in forms.iter().enumerate() {
            let later = forms.iter().skip(index + 1);
            pairs.extend(later.filter_map(|b| Some(a.pair(b, a.likeness(b)?))));
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
    /// The words, synonyms being one.
    unified: Vec<String>,
}

fn folded(value: &str) -> String {
    value.nfkc().flat_map(char::to_lowercase).nfc().collect()
}

fn words(folded: &str) -> Vec<String> {
    let words = folded.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

impl<'v> Form<'v> {
    fn of(value: &'v str, count: u64, synonyms: &Synonyms) -> Self {
        let folded = folded(value);
        let words = words(&folded);
        Self {
            value,
            count,
            key: without_gaps(&folded),
            unified: synonyms.unified(&words),
            words,
        }
    }

    fn likeness(&self, other: &Self) -> Option<Likeness> {
        if self.key == other.key || are_spellings(&self.words, &other.words) {
            Some(Likeness::Spelling)
        } else if !self.unified.is_empty()
            && (self.unified == other.unified || are_spellings(&self.unified, &other.unified))
        {
            Some(Likeness::Synonym)
        } else {
            None
        }
    }

    fn pair(&self, other: &Self, likeness: Likeness) -> Variant {
        let (rare, common) = if self.count <= other.count {
            (self, other)
        } else {
            (other, self)
        };
        Variant {
            rare: rare.value.to_owned(),
            common: common.value.to_owned(),
            likeness,
        }
    }
}

/// Whether words differ, and only as spellings of one do.
fn are_spellings(a: &[String], b: &[String]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).any(|(a, b)| a != b)
        && a.iter().zip(b).all(|(a, b)| is_same_word(a, b))
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
    if a == b {
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

    fn pairs(values: &[(&str, u64)]) -> Vec<(String, String)> {
        spelling_variants(
            &values
                .iter()
                .map(|(value, count)| ((*value).to_owned(), *count))
                .collect(),
        )
    }

    fn is_variant(a: &str, b: &str) -> bool {
        !pairs(&[(a, 1), (b, 1)]).is_empty()
    }

    #[test]
    fn quirk_25_spellings_of_one_scanner_or_diagnosis_are_told() {
        let found = pairs(&[
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

    #[test]
    fn words_for_one_thing_are_told_from_spellings_and_can_be_given() {
        let plain = Synonyms::default();
        assert_eq!(
            likeness("canine lymphoma", "canine lymphosarcoma", &plain),
            Some(Likeness::Synonym)
        );
        assert_eq!(likeness("Lymphoma", "lymphoma", &plain), Some(Likeness::Spelling));
        assert_eq!(likeness("lymphoma", "lymphoma", &plain), None);
        assert_eq!(likeness("mastocytoma", "mast cell tumour", &plain), None);
        let given = Synonyms::new(&[vec!["mast cell tumour".to_owned(), "Mastocytoma".to_owned()]]);
        for (a, b) in [
            ("mastocytoma", "mast cell tumour"),
            ("canine mastocytoma", "dog Mast-Cell Tumor"),
        ] {
            assert_eq!(likeness(a, b, &given), Some(Likeness::Synonym), "{a} / {b}");
        }
        assert_eq!(likeness("mastocytoma", "mast cell", &given), None);
    }

    proptest::proptest! {
        #[test]
        fn likeness_is_mutual_and_knows_no_case(a in "[a-z][a-z -]{0,14}", b in "[a-z][a-z -]{0,14}") {
            let known = Synonyms::default();
            proptest::prop_assert_eq!(likeness(&a, &b, &known), likeness(&b, &a, &known));
            let upper = a.to_uppercase();
            if upper != a {
                proptest::prop_assert_eq!(likeness(&a, &upper, &known), Some(Likeness::Spelling));
            }
        }
    }
}
