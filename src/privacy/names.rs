//! Names of people: a title and a name, an initial and a name, a common given name beside another word. No list knows
//! all names; this one tells the usual form in which they stand in names of files and in headers.

use super::Kind;
use super::runs::{Run, RunKind, runs};

/// Words after which a name follows.
const TITLES: [&str; 14] = [
    "dr", "prof", "mr", "mrs", "ms", "miss", "herr", "frau", "mme", "monsieur", "madame", "señor", "señora",
    "sr",
];

/// Given names that are no words of the field: English, German, French, Spanish, Italian, Dutch, Nordic, Polish, Turkish,
/// Arabic, Indian, Chinese and Japanese ones that are common among those born since 1930.
const GIVEN: [&str; 194] = [
    "aaron",
    "adam",
    "adrian",
    "agnes",
    "ahmed",
    "akira",
    "alan",
    "albert",
    "alessandro",
    "alexander",
    "alexandra",
    "alfred",
    "ali",
    "alice",
    "amanda",
    "amelia",
    "amit",
    "andrea",
    "andreas",
    "andrew",
    "angela",
    "anita",
    "anja",
    "anke",
    "ann",
    "anna",
    "anne",
    "annika",
    "anthony",
    "antonio",
    "arthur",
    "astrid",
    "ayse",
    "barbara",
    "beatrice",
    "benjamin",
    "bernd",
    "birgit",
    "brian",
    "brigitte",
    "camille",
    "carl",
    "carlos",
    "carmen",
    "caroline",
    "catherine",
    "charles",
    "charlotte",
    "christian",
    "christina",
    "christine",
    "christoph",
    "christopher",
    "claire",
    "claudia",
    "cornelia",
    "daniel",
    "daniela",
    "david",
    "deborah",
    "dennis",
    "diego",
    "dieter",
    "dirk",
    "dominik",
    "donald",
    "dorothea",
    "edward",
    "elena",
    "elisabeth",
    "elizabeth",
    "emily",
    "emma",
    "eric",
    "erik",
    "ernst",
    "esther",
    "fatima",
    "felix",
    "fernando",
    "florian",
    "francesca",
    "francesco",
    "francois",
    "frank",
    "franziska",
    "frederik",
    "friedrich",
    "gabriele",
    "georg",
    "george",
    "gerhard",
    "giovanni",
    "giulia",
    "gustav",
    "hannah",
    "hans",
    "harald",
    "heike",
    "heinrich",
    "helen",
    "helena",
    "helmut",
    "henrik",
    "herbert",
    "hiroshi",
    "ingrid",
    "isabel",
    "isabella",
    "jacob",
    "jakob",
    "james",
    "jan",
    "jane",
    "javier",
    "jean",
    "jennifer",
    "jens",
    "jessica",
    "johann",
    "johanna",
    "johannes",
    "john",
    "jonathan",
    "jorge",
    "jose",
    "joseph",
    "juan",
    "julia",
    "julian",
    "jürgen",
    "karin",
    "karl",
    "katharina",
    "katherine",
    "kenji",
    "kevin",
    "klaus",
    "laura",
    "lars",
    "laurent",
    "linda",
    "lisa",
    "lorenzo",
    "louise",
    "lucas",
    "lukas",
    "luis",
    "manuel",
    "marco",
    "margaret",
    "maria",
    "marie",
    "markus",
    "martin",
    "martina",
    "mary",
    "matthew",
    "matthias",
    "mehmet",
    "michael",
    "michelle",
    "miguel",
    "mohammed",
    "monika",
    "natalie",
    "nicholas",
    "nicole",
    "nils",
    "oliver",
    "pablo",
    "patricia",
    "patrick",
    "paul",
    "pedro",
    "peter",
    "petra",
    "philipp",
    "pierre",
    "rachel",
    "rainer",
    "ralf",
    "rebecca",
    "richard",
    "robert",
    "sabine",
    "sandra",
    "sarah",
    "sebastian",
    "sofia",
    "sophie",
    "stefan",
    "susan",
    "susanne",
];

/// Further ones, from T on and those that came late to the list.
const MORE_GIVEN: [&str; 34] = [
    "svenja",
    "sylvia",
    "takashi",
    "tanja",
    "teresa",
    "thomas",
    "thorsten",
    "timothy",
    "tobias",
    "tomasz",
    "ulrich",
    "ursula",
    "uwe",
    "valentina",
    "vanessa",
    "vera",
    "verena",
    "veronika",
    "victoria",
    "vincent",
    "walter",
    "werner",
    "wilhelm",
    "william",
    "wolfgang",
    "xavier",
    "yasmin",
    "yuki",
    "yusuf",
    "zoe",
    "jonas",
    "katja",
    "silke",
    "steffen",
];

/// Words of the field and of files that stand beside names without being one.
const COMMON: [&str; 48] = [
    "slide",
    "slides",
    "scan",
    "scans",
    "image",
    "images",
    "img",
    "tumor",
    "tumour",
    "cell",
    "cells",
    "region",
    "roi",
    "tile",
    "tiles",
    "train",
    "test",
    "val",
    "validation",
    "mask",
    "masks",
    "label",
    "labels",
    "dog",
    "cat",
    "human",
    "canine",
    "feline",
    "mouse",
    "case",
    "cases",
    "patient",
    "specimen",
    "tiff",
    "tif",
    "svs",
    "ndpi",
    "jpeg",
    "jpg",
    "png",
    "lab",
    "stain",
    "level",
    "data",
    "dataset",
    "export",
    "area",
    "university",
];

fn is_given(word: &str) -> bool {
    let word = word.to_lowercase();
    GIVEN.contains(&word.as_str()) || MORE_GIVEN.contains(&word.as_str())
}

fn is_capitalised(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// Whether a word can be a surname beside a given name.
fn can_be_surname(word: &str) -> bool {
    word.chars().count() >= 3 && !COMMON.contains(&word.to_lowercase().as_str())
}

fn is_title(word: &str) -> bool {
    TITLES.contains(&word.to_lowercase().as_str())
}

/// Letters with what stands between each and the next.
fn words(text: &str) -> Vec<(Run<'_>, Option<Run<'_>>)> {
    let runs = runs(text);
    let mut words = Vec::new();
    for (at, run) in runs.iter().enumerate() {
        if run.kind == RunKind::Letters {
            words.push((
                *run,
                runs.get(at + 1)
                    .filter(|next| next.kind == RunKind::Other)
                    .copied(),
            ));
        }
    }
    words
}

/// Whether two words stand beside each other: glued as in `AnnaMeier`, or with marks between them.
fn are_beside(first: &(Run<'_>, Option<Run<'_>>), second: &Run<'_>, marks: &str) -> bool {
    match first.1 {
        None => first.0.end() == second.start,
        Some(gap) => {
            gap.end() == second.start && gap.text.len() <= 2 && gap.text.chars().all(|c| marks.contains(c))
        }
    }
}

/// An initial, a point and a name: `A. Meier`.
fn is_initial(word: &(Run<'_>, Option<Run<'_>>)) -> bool {
    word.0.text.chars().count() == 1
        && is_capitalised(word.0.text)
        && word.1.is_some_and(|gap| gap.text == ". " || gap.text == ".")
}

fn pairs(text: &str, marks: &str, is_pair: impl Fn(&str, &str) -> bool) -> Vec<(Kind, String)> {
    let words = words(text);
    let mut found = Vec::new();
    for pair in words.windows(2) {
        let [first, second] = pair else { continue };
        let surname = is_capitalised(second.0.text) && can_be_surname(second.0.text);
        // The name of a species begins small: `E. coli`.
        let titled =
            is_title(first.0.text) && first.1.is_some() && surname && are_beside(first, &second.0, ". _-");
        let initial = is_initial(first) && surname && are_beside(first, &second.0, ". ");
        let named = are_beside(first, &second.0, marks) && is_pair(first.0.text, second.0.text);
        if titled || initial || named {
            let whole = text.get(first.0.start..second.0.end()).unwrap_or_default();
            found.push((Kind::Name, whole.to_owned()));
        }
    }
    found.extend(initials(text));
    found
}

/// Initials with points: `A.M.`, alone between other words.
fn initials(text: &str) -> Vec<(Kind, String)> {
    let mut found = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || "_-()[]/,;:".contains(c)) {
        let letters: Vec<&str> = word.split_terminator('.').collect();
        let single = |letter: &&str| letter.chars().count() == 1 && is_capitalised(letter);
        if word.ends_with('.') && (2..=3).contains(&letters.len()) && letters.iter().all(single) {
            found.push((Kind::Name, word.to_owned()));
        }
    }
    found
}

/// Finds names of people in a text: both words begin with a capital.
pub(super) fn in_text(text: &str) -> Vec<(Kind, String)> {
    pairs(text, " ,", |a, b| {
        is_capitalised(a)
            && is_capitalised(b)
            && (is_given(a) && can_be_surname(b) || is_given(b) && can_be_surname(a))
    })
}

/// Finds names of people in the name of a file, in capitals or not.
pub(super) fn in_name(name: &str) -> Vec<(Kind, String)> {
    // The ending of a file is no name.
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 5 => stem,
        _ => name,
    };
    pairs(stem, " ,_-.", |a, b| {
        is_given(a) && can_be_surname(b) || is_given(b) && can_be_surname(a)
    })
}
