//! The 52 questions of *Datasheets for Datasets* (Gebru, Morgenstern, Vecchione, Vaughan, Wallach, Daumé, Crawford;
//! Communications of the ACM 64(12), 2021), in words of our own, without the seven "anything else". Each has a name, under
//! which `datasheet.NAME` as a fact of the dataset holds the answer of its makers.

use super::answers::{self, Answer, Known};

/// A section of the datasheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Why there is the dataset.
    Motivation,
    /// What is in it.
    Composition,
    /// How it came about.
    Collection,
    /// What was done to it.
    Preprocessing,
    /// What it is for.
    Uses,
    /// How it is given away.
    Distribution,
    /// Who looks after it.
    Maintenance,
}

impl Section {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Motivation,
        Self::Composition,
        Self::Collection,
        Self::Preprocessing,
        Self::Uses,
        Self::Distribution,
        Self::Maintenance,
    ];

    /// Returns its head.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Motivation => "Motivation",
            Self::Composition => "Composition",
            Self::Collection => "Collection process",
            Self::Preprocessing => "Preprocessing, cleaning, labelling",
            Self::Uses => "Uses",
            Self::Distribution => "Distribution",
            Self::Maintenance => "Maintenance",
        }
    }
}

/// A question.
pub struct Question {
    /// Its name: `composition.2`.
    pub name: &'static str,
    /// Where it stands.
    pub section: Section,
    /// The question.
    pub text: &'static str,
    /// A fact of the dataset that answers it, too, beside `datasheet.NAME`.
    pub(super) fact: Option<&'static str>,
    pub(super) by_log: fn(&Known<'_>) -> Answer,
}

const fn ask(
    name: &'static str,
    section: Section,
    text: &'static str,
    fact: Option<&'static str>,
    by_log: fn(&Known<'_>) -> Answer,
) -> Question {
    Question {
        name,
        section,
        text,
        fact,
        by_log,
    }
}

use Section::{
    Collection as K, Composition as C, Distribution as D, Maintenance as M, Motivation as O,
    Preprocessing as P, Uses as U,
};

/// The questions, in their order.
pub const QUESTIONS: [Question; 52] = [
    ask(
        "motivation.1",
        O,
        "What was the dataset made for? Which gap was it to fill?",
        Some("purpose"),
        answers::open,
    ),
    ask(
        "motivation.2",
        O,
        "Who made it, and on whose behalf?",
        None,
        answers::makers,
    ),
    ask(
        "motivation.3",
        O,
        "Who paid for it?",
        Some("funding"),
        answers::open,
    ),
    ask(
        "composition.1",
        C,
        "What do the instances stand for? Are there several kinds?",
        None,
        answers::instances,
    ),
    ask(
        "composition.2",
        C,
        "How many instances of each kind are there?",
        None,
        answers::counts,
    ),
    ask(
        "composition.3",
        C,
        "Are these all possible instances, or a sample of more?",
        Some("sampling_frame"),
        answers::sample,
    ),
    ask(
        "composition.4",
        C,
        "What data does each instance consist of?",
        None,
        answers::data,
    ),
    ask(
        "composition.5",
        C,
        "Does each instance have a label or target?",
        None,
        answers::labels,
    ),
    ask(
        "composition.6",
        C,
        "Is something missing from single instances?",
        None,
        answers::missing,
    ),
    ask(
        "composition.7",
        C,
        "Are relations between instances stated?",
        None,
        answers::relations,
    ),
    ask(
        "composition.8",
        C,
        "Are there recommended splits?",
        None,
        answers::splits,
    ),
    ask(
        "composition.9",
        C,
        "Are there errors, noise or repetitions?",
        Some("known_errors"),
        answers::errors,
    ),
    ask(
        "composition.10",
        C,
        "Is it self-contained, or does it need something from elsewhere?",
        None,
        answers::contained,
    ),
    ask(
        "composition.11",
        C,
        "Does it hold what might be confidential?",
        None,
        answers::confidential,
    ),
    ask(
        "composition.12",
        C,
        "Does it hold what might offend or frighten?",
        None,
        answers::open,
    ),
    ask("composition.13", C, "Is it about people?", None, answers::people),
    ask(
        "composition.14",
        C,
        "Does it name groups of people, and how are they spread?",
        None,
        answers::groups,
    ),
    ask(
        "composition.15",
        C,
        "Can single people be recognised, directly or by combination?",
        None,
        answers::recognised,
    ),
    ask(
        "composition.16",
        C,
        "Does it hold what is sensitive, such as origin, beliefs or health?",
        None,
        answers::sensitive,
    ),
    ask(
        "collection.1",
        K,
        "How was the data of each instance acquired?",
        Some("collection"),
        answers::acquired,
    ),
    ask(
        "collection.2",
        K,
        "With which instruments and programs, and how were they validated?",
        None,
        answers::instruments,
    ),
    ask(
        "collection.3",
        K,
        "If it is a sample: by which rule was it drawn?",
        None,
        answers::sampling,
    ),
    ask(
        "collection.4",
        K,
        "Who took part in the collection, and how were they paid?",
        None,
        answers::participants,
    ),
    ask(
        "collection.5",
        K,
        "Over which time was it collected?",
        None,
        answers::time,
    ),
    ask(
        "collection.6",
        K,
        "Was there an ethical review?",
        Some("ethics"),
        answers::open,
    ),
    ask(
        "collection.7",
        K,
        "Does the collection concern people?",
        None,
        answers::people,
    ),
    ask(
        "collection.8",
        K,
        "Did the data come from the people concerned, or from others?",
        Some("source"),
        answers::provenance,
    ),
    ask(
        "collection.9",
        K,
        "Were the people concerned told?",
        None,
        answers::open,
    ),
    ask(
        "collection.10",
        K,
        "Did they consent?",
        Some("consent"),
        answers::open,
    ),
    ask(
        "collection.11",
        K,
        "Can they take their consent back?",
        None,
        answers::revocation,
    ),
    ask(
        "collection.12",
        K,
        "Was the effect on the people concerned examined?",
        None,
        answers::open,
    ),
    ask(
        "preprocessing.1",
        P,
        "Was the data preprocessed, cleaned or labelled?",
        Some("preprocessing"),
        answers::labelling,
    ),
    ask(
        "preprocessing.2",
        P,
        "Was the raw data kept as well?",
        None,
        answers::raw,
    ),
    ask(
        "preprocessing.3",
        P,
        "Can the programs that did it be had?",
        None,
        answers::software,
    ),
    ask(
        "uses.1",
        U,
        "What was it used for already?",
        Some("uses"),
        answers::used,
    ),
    ask(
        "uses.2",
        U,
        "Where are papers or systems listed that use it?",
        Some("paper_doi"),
        answers::open,
    ),
    ask(
        "uses.3",
        U,
        "What else could it be used for?",
        None,
        answers::tasks,
    ),
    ask(
        "uses.4",
        U,
        "What about its making may affect later uses?",
        None,
        answers::caveats,
    ),
    ask(
        "uses.5",
        U,
        "What should it not be used for?",
        Some("limitations"),
        answers::open,
    ),
    ask(
        "distribution.1",
        D,
        "Is it given to others?",
        None,
        answers::given,
    ),
    ask(
        "distribution.2",
        D,
        "How is it given, and has it a DOI?",
        None,
        answers::form,
    ),
    ask("distribution.3", D, "When?", None, answers::when),
    ask(
        "distribution.4",
        D,
        "Under which licence or terms?",
        None,
        answers::licence,
    ),
    ask(
        "distribution.5",
        D,
        "Do others hold rights in the data?",
        Some("third_party_rights"),
        answers::rights,
    ),
    ask(
        "distribution.6",
        D,
        "Are there export controls or other rules of states?",
        None,
        answers::open,
    ),
    ask(
        "maintenance.1",
        M,
        "Who keeps it?",
        Some("maintenance"),
        answers::keeper,
    ),
    ask(
        "maintenance.2",
        M,
        "How are they reached?",
        None,
        answers::contact,
    ),
    ask("maintenance.3", M, "Is there an erratum?", None, answers::erratum),
    ask(
        "maintenance.4",
        M,
        "Will it be updated, by whom, and how is that told?",
        None,
        answers::updates,
    ),
    ask(
        "maintenance.5",
        M,
        "Are there limits to how long data about people is kept?",
        None,
        answers::retention,
    ),
    ask(
        "maintenance.6",
        M,
        "Can older versions be had?",
        None,
        answers::older,
    ),
    ask(
        "maintenance.7",
        M,
        "How can others add to it or build on it?",
        None,
        answers::extension,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_question_has_its_name_and_place() {
        let names: BTreeSet<&str> = QUESTIONS.iter().map(|question| question.name).collect();
        assert_eq!(names.len(), QUESTIONS.len());
        let per_section: Vec<usize> = Section::ALL
            .iter()
            .map(|section| {
                QUESTIONS
                    .iter()
                    .filter(|question| question.section == *section)
                    .count()
            })
            .collect();
        // As in the paper: 3, 15 and 11 of their own, and in two sections whether people are concerned.
        assert_eq!(per_section, [3, 16, 12, 3, 5, 6, 7]);
        assert!(QUESTIONS.is_sorted_by_key(|question| question.section));
        assert!(QUESTIONS.iter().all(|question| question.text.ends_with('?')));
    }
}
