//! What the log answers of the questions of a datasheet. A part is a part: what the log cannot know is said.

use super::super::escape::markdown;
use super::super::history::LogFacts;
use super::super::numbers::{Numbers, Tally};
use super::Subject;
use crate::export::{Dataset, rule_text};
use crate::model::FactValue;

/// What is known of a version, for the answers.
pub(super) struct Known<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) dataset: &'a Dataset<'a>,
    pub(super) numbers: &'a Numbers,
    pub(super) log: &'a LogFacts,
}

/// An answer of the log, in Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The whole answer, and the command that gives its evidence.
    Full(String, &'static str),
    /// A part of it, and the command that gives its evidence.
    Part(String, &'static str),
    /// The log does not know.
    Open,
}

use Answer::{Full, Open, Part};

impl Known<'_> {
    pub(super) fn fact(&self, name: &str) -> Option<String> {
        let value = self.dataset.facts().get(name).and_then(FactValue::as_text)?;
        (!value.trim().is_empty()).then(|| markdown(value.trim()))
    }

    /// `A: 3, B: 4` of the values of a fact, by images.
    fn spread(&self, fact: &str) -> Option<String> {
        let values = self.numbers.facts.get(fact)?;
        let said = values
            .iter()
            .map(|(value, tally)| format!("{}: {}", markdown(value), tally.images));
        Some(said.collect::<Vec<_>>().join(", "))
    }

    /// On how many images a fact is stated.
    fn stated(&self, fact: &str) -> u64 {
        let values = self.numbers.facts.get(fact);
        values.map_or(0, |values| values.values().map(|tally| tally.images).sum())
    }
}

pub(super) fn open(_: &Known<'_>) -> Answer {
    Open
}

pub(super) fn makers(known: &Known<'_>) -> Answer {
    let kinds = known.numbers.annotators.values().map(|work| work.kind.as_str());
    let human = kinds.filter(|kind| *kind == "human").count();
    Part(
        format!(
            "{human} people, {} models or procedures rated, under codes; who made the images is not in the log.",
            known.numbers.annotators.len() - human
        ),
        "holotype list annotators",
    )
}

pub(super) fn instances(known: &Known<'_>) -> Answer {
    let shapes: Vec<String> = known
        .numbers
        .shapes
        .iter()
        .map(|(shape, count)| format!("{count} {shape}"))
        .collect();
    Full(
        format!(
            "Images, and annotations on them ({}); images belong to slides and cases where that is known.",
            shapes.join(", ")
        ),
        "holotype list annotations",
    )
}

pub(super) fn counts(known: &Known<'_>) -> Answer {
    let label = |(name, tally): (&String, &Tally)| format!("{} {}", tally.annotations, markdown(name));
    let labels: Vec<String> = known.numbers.labels.iter().map(label).collect();
    Full(
        format!(
            "{} cases, {} slides, {} images, {} annotations: {}.",
            known.dataset.cases().len(),
            known.dataset.slides().len(),
            known.numbers.images,
            known.numbers.annotations,
            labels.join(", ")
        ),
        "holotype status",
    )
}

pub(super) fn sample(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "{} of {} images have areas that are known to have been searched completely. What else there would have been to \
             collect is not in the log.",
            known.numbers.screened_images, known.numbers.images
        ),
        "holotype list screenings",
    )
}

pub(super) fn data(known: &Known<'_>) -> Answer {
    Full(
        format!(
            "An image: its files ({} images with {} bytes in all, {} declared without), width, height and other facts. An \
             annotation: a geometry in px of the full resolution, ratings with annotator and round, an agreed label.",
            known.numbers.with_bytes, known.numbers.size_bytes, known.numbers.declared
        ),
        "holotype list images",
    )
}

pub(super) fn labels(known: &Known<'_>) -> Answer {
    Full(
        format!(
            "Each annotation has a label, agreed by the rule `{}`; {} of {} are undecided.",
            rule_text(known.dataset.rows().rule()),
            known.numbers.undecided,
            known.numbers.annotations
        ),
        "holotype list labels",
    )
}

pub(super) fn missing(known: &Known<'_>) -> Answer {
    let numbers = known.numbers;
    Full(
        format!(
            "Images: {} without bytes, {} erased, {} without width and height, {} without a resolution, {} without a case. \
             Annotations: {} without a label, {} without a rating.",
            numbers.declared,
            numbers.erased,
            numbers.without_size,
            numbers.without_resolution,
            numbers.without_case,
            numbers.undecided,
            numbers.without_rating
        ),
        "holotype list images",
    )
}

pub(super) fn relations(known: &Known<'_>) -> Answer {
    Full(
        format!(
            "Images name their case and slide: {} of {} name a case. Annotations name their image; ratings their \
             annotation and annotator.",
            known.numbers.images - known.numbers.without_case,
            known.numbers.images
        ),
        "holotype list cases",
    )
}

pub(super) fn splits(known: &Known<'_>) -> Answer {
    let splits = &known.numbers.splits;
    if splits.is_empty() {
        return Full("No: none is recorded.".to_owned(), "holotype list splits");
    }
    let parts: Vec<String> = splits
        .iter()
        .map(|((split, part), count)| format!("{}, {}: {count}", markdown(split), markdown(part)))
        .collect();
    Full(
        format!("By split and part, so many members: {}.", parts.join("; ")),
        "holotype list splits",
    )
}

pub(super) fn errors(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "{} logged exceptions from the rule, {} annotations without an agreed label, {} ratings without an opinion. \
             Errors that nobody noticed are not in the log.",
            known.numbers.exceptions,
            known.numbers.undecided,
            known
                .numbers
                .annotators
                .values()
                .map(|work| work.no_opinion)
                .sum::<u64>()
        ),
        "holotype agreement",
    )
}

pub(super) fn contained(known: &Known<'_>) -> Answer {
    if known.numbers.declared == 0 {
        return Full(
            "The dataset holds the bytes of all its images.".to_owned(),
            "holotype verify",
        );
    }
    Full(
        format!(
            "No: {} of {} images are named without bytes, which have to be had elsewhere.",
            known.numbers.declared, known.numbers.images
        ),
        "holotype list images",
    )
}

pub(super) fn confidential(_: &Known<'_>) -> Answer {
    Part(
        "What names a person stands in private objects, which never leave the repository; annotators and cases have codes. \
         What the pixels show was not examined."
            .to_owned(),
        "holotype list annotators",
    )
}

pub(super) fn people(known: &Known<'_>) -> Answer {
    let Some(spread) = known.spread("species") else {
        return Open;
    };
    let text = format!("Species by images: {spread}.");
    if known.stated("species") == known.numbers.images {
        Full(text, "holotype list images")
    } else {
        Part(text, "holotype list images")
    }
}

pub(super) fn groups(known: &Known<'_>) -> Answer {
    let facts = ["species", "tumour_type", "tumor_type", "origin"];
    let said: Vec<String> = facts
        .iter()
        .filter_map(|fact| Some(format!("{}: {}", fact.replace('_', " "), known.spread(fact)?)))
        .collect();
    if said.is_empty() {
        return Part(
            format!(
                "{} cases under codes; no group of people is named.",
                known.dataset.cases().len()
            ),
            "holotype list cases",
        );
    }
    Part(
        format!("By images. {}. Age and sex are not recorded.", said.join(". ")),
        "holotype list images",
    )
}

pub(super) fn recognised(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "Not by the log: {} cases and {} annotators have codes alone. What the pixels show was not examined.",
            known.dataset.cases().len(),
            known.numbers.annotators.len()
        ),
        "holotype list cases",
    )
}

pub(super) fn acquired(known: &Known<'_>) -> Answer {
    let methods: Vec<String> = known
        .numbers
        .methods
        .iter()
        .map(|(method, count)| format!("{}: {count}", method.replace('_', " ")))
        .collect();
    Part(
        format!(
            "Ratings by method: {}. How the images were taken is not in the log.",
            methods.join(", ")
        ),
        "holotype list ratings",
    )
}

pub(super) fn instruments(known: &Known<'_>) -> Answer {
    known.spread("scanner").map_or(Open, |spread| {
        Part(format!("Scanners by images: {spread}."), "holotype list images")
    })
}

pub(super) fn participants(known: &Known<'_>) -> Answer {
    let said: Vec<String> = known
        .numbers
        .annotators
        .iter()
        .map(|(code, work)| {
            format!(
                "{} ({}, {} ratings)",
                markdown(code.as_str()),
                work.kind,
                work.ratings
            )
        })
        .collect();
    Part(
        format!("{}. How they were paid is not in the log.", said.join(", ")),
        "holotype list annotators",
    )
}

pub(super) fn time(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "Recorded from {} to {}. When the images were taken is not in the log.",
            known.log.first_at.to_day(),
            known.log.last_at.to_day()
        ),
        "holotype log",
    )
}

pub(super) fn provenance(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "Annotations came from {} sources with ids of their own; nothing was asked of the people concerned through this log.",
            known.numbers.lineages.len()
        ),
        "holotype log --events",
    )
}

pub(super) fn revocation(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "What is held can be erased, so that its bytes are gone and the history still checks out: {} images were. Copies \
             that were given away stay.",
            known.numbers.erased
        ),
        "holotype log --events",
    )
}

pub(super) fn labelling(known: &Known<'_>) -> Answer {
    let ratings: u64 = known.numbers.annotators.values().map(|work| work.ratings).sum();
    let blinded: u64 = known.numbers.annotators.values().map(|work| work.blinded).sum();
    Full(
        format!(
            "Labelled: {ratings} ratings, {blinded} of them blinded, agreed by the rule `{}`. The images are stored as they \
             came in.",
            rule_text(known.dataset.rows().rule())
        ),
        "holotype list ratings",
    )
}

pub(super) fn raw(known: &Known<'_>) -> Answer {
    Full(
        format!(
            "Yes: {} images are kept byte for byte as they came in, and all {} recorded events with every earlier label.",
            known.numbers.with_bytes, known.log.events
        ),
        "holotype verify --replay",
    )
}

pub(super) fn software(_: &Known<'_>) -> Answer {
    Part(
        "Each event names the tool that it came from, where that is known. Whether the tool can be had is not in the log."
            .to_owned(),
        "holotype log --events",
    )
}

pub(super) fn tasks(known: &Known<'_>) -> Answer {
    let shapes: Vec<&str> = known.numbers.shapes.keys().copied().collect();
    Part(
        format!(
            "It has labels by {} for {} classes. For what that is enough is not in the log.",
            shapes.join(", "),
            known.numbers.labels.len()
        ),
        "holotype list labels",
    )
}

pub(super) fn caveats(known: &Known<'_>) -> Answer {
    let most = known.numbers.labels.values().map(|tally| tally.annotations).max();
    Part(
        format!(
            "The most frequent label has {} of {} annotations; {} images without annotations are not known to have been \
             searched. Other effects are not in the log.",
            most.unwrap_or(0),
            known.numbers.annotations,
            known.numbers.empty_not_screened
        ),
        "holotype list labels",
    )
}

pub(super) fn given(known: &Known<'_>) -> Answer {
    known.subject.version.map_or(Open, |version| {
        Full(
            format!(
                "Yes: by the release {}, to anyone who has the folder.",
                markdown(version)
            ),
            "holotype cite VERSION",
        )
    })
}

pub(super) fn form(known: &Known<'_>) -> Answer {
    let doi = known.subject.doi.map(markdown).or_else(|| known.fact("doi"));
    let doi = doi.map_or_else(|| "No DOI is recorded.".to_owned(), |doi| format!("DOI {doi}."));
    Full(
        format!("As a folder that is a BagIt bag, or as one file of it (`tar.zst`, `zip`). {doi}"),
        "holotype release VERSION --out DIR",
    )
}

pub(super) fn when(known: &Known<'_>) -> Answer {
    Full(
        format!("This version: {}.", known.subject.date.to_day()),
        "holotype log",
    )
}

pub(super) fn licence(known: &Known<'_>) -> Answer {
    known.fact("licence").map_or(Open, |licence| {
        Full(format!("“{licence}”"), "holotype diff --stat @{DATE} HEAD")
    })
}

pub(super) fn rights(known: &Known<'_>) -> Answer {
    known.spread("licence").map_or(Open, |spread| {
        Part(
            format!("Licences of single images: {spread}."),
            "holotype list images",
        )
    })
}

pub(super) fn keeper(known: &Known<'_>) -> Answer {
    known.fact("publisher").map_or(Open, |publisher| {
        Part(
            format!("The publisher is “{publisher}”."),
            "holotype cite VERSION",
        )
    })
}

pub(super) fn erratum(_: &Known<'_>) -> Answer {
    Full(
        "Corrections are events, with who, when and why; `CHANGELOG.md` counts those since the release before.".to_owned(),
        "holotype diff VERSION HEAD",
    )
}

pub(super) fn updates(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "So far {} commits with {} events. What changes is computed and told in `CHANGELOG.md`; what is planned is not in \
             the log.",
            known.log.commits, known.log.events
        ),
        "holotype log",
    )
}

pub(super) fn retention(known: &Known<'_>) -> Answer {
    Part(
        format!(
            "No limit is recorded; {} images were erased.",
            known.numbers.erased
        ),
        "holotype log --events",
    )
}

pub(super) fn older(known: &Known<'_>) -> Answer {
    Full(
        format!(
            "Yes: all {} commits are in the history, and each of their versions can be replayed from it.",
            known.log.commits
        ),
        "holotype checkout REV DIR",
    )
}

pub(super) fn extension(_: &Known<'_>) -> Answer {
    Full(
        "By events: annotations that come back from tools are matched, and what they change is recorded with who and when. \
         Whoever builds on a release cites its digest."
            .to_owned(),
        "holotype import FILE",
    )
}
