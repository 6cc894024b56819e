//! The datasheet: the seven sections and 52 questions of *Datasheets for Datasets* (Gebru et al. 2021), with tables. Every
//! number is computed from the log; what people stated is quoted; what nobody stated is an open question.

mod answers;
pub(super) mod html;
pub(super) mod plots;
mod questions;

pub use answers::{Answer, Evidence};
pub use questions::{QUESTIONS, Question, Section};

use answers::Known;

use super::ReleaseError;
use super::escape::markdown;
use super::history::{LogFacts, ancestors, log_facts};
use super::numbers::{Numbers, Tally, count};
use super::trail::{Trail, read_trail};
use crate::export::{Dataset, rule_text};
use crate::id::CommitId;
use crate::log::Commit;
use crate::model::{FactValue, Rule};
use crate::repo::{Repo, Version};
use crate::time::Timestamp;

/// What a datasheet is about.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
    pub(super) commit: String,
    pub(super) snapshot: String,
    pub(super) date: Timestamp,
    pub(super) filter: Option<&'a str>,
    /// The identifier that an archive minted for this version.
    pub(super) doi: Option<&'a str>,
}

/// Stands before the name of a question in the fact of the dataset that answers it.
pub const ANSWER_FACT: &str = "datasheet.";

/// How many questions are answered by whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tallied {
    /// Wholly by the log.
    pub full: u64,
    /// In part by the log, and no more by the makers.
    pub part: u64,
    /// By the makers.
    pub makers: u64,
    /// By nobody.
    pub open: u64,
}

/// A question with what is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The question's name.
    pub name: &'static str,
    /// What the log says.
    pub by_log: Answer,
    /// What the makers say, as they said it.
    pub by_makers: Option<String>,
}

/// Answers all questions of a version.
///
/// # Errors
/// [`ReleaseError::NoCommit`] for the version before the first commit, or when it cannot be read.
pub fn answers(repo: &Repo, version: &Version) -> Result<Vec<Answered>, ReleaseError> {
    let (Some(id), Some(commit)) = (version.id(), version.commit()) else {
        return Err(ReleaseError::NoCommit);
    };
    let dataset = Dataset::open(version, None)?;
    let log = log_facts(&ancestors(repo, id)?, commit);
    let known = Known {
        subject: &Subject::unreleased(repo.name(), id, commit),
        dataset: &dataset,
        numbers: &count(&dataset)?,
        log: &log,
        trail: &read_trail(repo, id)?,
    };
    Ok(QUESTIONS
        .iter()
        .map(|question| answer(question, &known))
        .collect())
}

fn answer(question: &Question, known: &Known<'_>) -> Answered {
    let facts = known.dataset.facts();
    let stated = |name: &str| {
        let text = facts.get(name).and_then(FactValue::as_text)?;
        (!text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    Answered {
        name: question.name,
        by_log: (question.by_log)(known),
        by_makers: stated(&format!("{ANSWER_FACT}{}", question.name))
            .or_else(|| question.fact.and_then(stated)),
    }
}

impl Tallied {
    fn of(answered: &[Answered]) -> Self {
        let mut tallied = Self::default();
        for answered in answered {
            match (&answered.by_log, &answered.by_makers) {
                (Answer::Full(..), _) => tallied.full += 1,
                (Answer::Part(..) | Answer::Open, Some(_)) => tallied.makers += 1,
                (Answer::Part(..), None) => tallied.part += 1,
                (Answer::Open, None) => tallied.open += 1,
            }
        }
        tallied
    }
}

/// Counts how many questions are answered by whom.
#[must_use]
pub fn tally(answered: &[Answered]) -> Tallied {
    Tallied::of(answered)
}

impl<'a> Subject<'a> {
    /// A version that is no release.
    fn unreleased(name: &'a str, id: CommitId, commit: &Commit) -> Self {
        Self {
            name,
            version: None,
            commit: id.to_string(),
            snapshot: commit.snapshot.to_string(),
            date: commit.committed_at,
            filter: None,
            doi: None,
        }
    }
}

/// Writes the datasheet of a version, as Markdown. Labels are agreed by `rule`, else by the rule in force.
///
/// # Errors
/// [`ReleaseError::NoCommit`] for the version before the first commit, or when it cannot be read.
pub fn datasheet(repo: &Repo, version: &Version, rule: Option<&Rule>) -> Result<String, ReleaseError> {
    let (Some(id), Some(commit)) = (version.id(), version.commit()) else {
        return Err(ReleaseError::NoCommit);
    };
    let dataset = Dataset::open(version, rule)?;
    let subject = Subject::unreleased(repo.name(), id, commit);
    let log = log_facts(&ancestors(repo, id)?, commit);
    let trail = read_trail(repo, id)?;
    Ok(write(&subject, &dataset, &count(&dataset)?, &log, &trail))
}

/// Writes the datasheet from what was counted.
pub(super) fn write(
    subject: &Subject<'_>,
    dataset: &Dataset<'_>,
    numbers: &Numbers,
    log: &LogFacts,
    trail: &Trail,
) -> String {
    let known = Known {
        subject,
        dataset,
        numbers,
        log,
        trail,
    };
    let answered: Vec<Answered> = QUESTIONS
        .iter()
        .map(|question| answer(question, &known))
        .collect();
    let mut sheet = Sheet {
        out: String::new(),
        dataset,
        answered: &answered,
        has_plots: subject.version.is_some(),
    };
    let title = sheet.fact("title").unwrap_or_else(|| markdown(subject.name));
    let version = subject
        .version
        .map_or_else(String::new, |version| format!(", version {}", markdown(version)));
    sheet.line(&format!("# Datasheet: {title}{version}"));
    sheet.line(&format!(
        "{}. Commit `{}`, snapshot `{}`.",
        subject.date.to_day(),
        subject.commit,
        subject.snapshot
    ));
    sheet.line("Every number is counted from the recorded events; quoted statements are those of the dataset's makers.");
    let tallied = Tallied::of(&answered);
    sheet.line(&format!(
        "{} questions: {} answered by the log, {} in part, {} by the makers, {} open.",
        answered.len(),
        tallied.full,
        tallied.part,
        tallied.makers,
        tallied.open
    ));
    if let Some(filter) = subject.filter {
        sheet.line(&format!(
            "This edition holds only rows for which this holds: {}. The numbers are those of the whole version.",
            markdown(filter)
        ));
    }
    sheet.motivation();
    sheet.composition(numbers);
    sheet.collection(numbers, log);
    sheet.labelling(numbers);
    sheet.uses();
    sheet.distribution(numbers);
    sheet.maintenance();
    sheet.open_questions(numbers);
    sheet.out
}

/// The plots of a release, by name.
pub(super) fn plots_of(numbers: &Numbers) -> Vec<(&'static str, String)> {
    let annotations = |tallies: &std::collections::BTreeMap<String, Tally>| -> Vec<(String, u64)> {
        let rows = tallies.iter();
        rows.map(|(name, tally)| (name.clone(), tally.annotations))
            .collect()
    };
    let ratings: Vec<(String, u64)> = numbers
        .annotators
        .iter()
        .map(|(code, work)| (code.to_string(), work.ratings))
        .collect();
    let mut plots = vec![
        (
            LABEL_PLOT,
            plots::bars("Annotations by label", &annotations(&numbers.labels)),
        ),
        (ANNOTATOR_PLOT, plots::bars("Ratings by annotator", &ratings)),
    ];
    if let Some(scanners) = numbers.facts.get("scanner") {
        plots.push((
            SCANNER_PLOT,
            plots::bars("Annotations by scanner", &annotations(scanners)),
        ));
    }
    plots
}

const LABEL_PLOT: &str = "plots/labels.svg";
const ANNOTATOR_PLOT: &str = "plots/annotators.svg";
const SCANNER_PLOT: &str = "plots/scanners.svg";

struct Sheet<'a> {
    out: String,
    dataset: &'a Dataset<'a>,
    answered: &'a [Answered],
    has_plots: bool,
}

impl Sheet<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\n\n");
    }

    fn head(&mut self, text: &str) {
        self.line(&format!("## {text}"));
    }

    fn table(&mut self, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        let rows: Vec<Vec<String>> = rows.into_iter().collect();
        if rows.is_empty() {
            return;
        }
        self.out.push_str(&format!("| {} |\n", head.join(" | ")));
        self.out.push_str(&format!("|{}\n", "---|".repeat(head.len())));
        for row in rows {
            self.out.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        self.out.push('\n');
    }

    fn fact(&self, name: &str) -> Option<String> {
        let value = self.dataset.facts().get(name).and_then(FactValue::as_text)?;
        (!value.trim().is_empty()).then(|| markdown(value.trim()))
    }

    /// Quotes those facts that are stated; says so when none is.
    fn quote(&mut self, names: &[&str]) {
        let stated: Vec<(String, String)> = names
            .iter()
            .filter_map(|name| Some((name.replace('_', " "), self.fact(name)?)))
            .collect();
        if stated.is_empty() {
            self.line("Not stated.");
        }
        for (name, value) in stated {
            self.line(&format!("{name}: “{value}”"));
        }
    }

    /// The questions of a section, each with its answers and their evidence.
    fn questions(&mut self, section: Section) {
        for (question, answered) in QUESTIONS.iter().zip(self.answered) {
            if question.section != section {
                continue;
            }
            let mut text = format!("**{}**", markdown(question.text));
            if let Some(stated) = &answered.by_makers {
                text.push_str(&format!(" “{}”", markdown(stated)));
            }
            match &answered.by_log {
                Answer::Full(said, evidence) => text.push_str(&format!(" {said} (log: {evidence})")),
                Answer::Part(said, evidence) => text.push_str(&format!(" {said} (in part, log: {evidence})")),
                Answer::Open if answered.by_makers.is_none() => text.push_str(" Open."),
                Answer::Open => {}
            }
            self.line(&text);
        }
    }

    fn plot(&mut self, title: &str, name: &str) {
        if self.has_plots {
            self.line(&format!("![{title}]({name})"));
        }
    }

    fn motivation(&mut self) {
        self.head("Motivation");
        self.questions(Section::Motivation);
        self.quote(&["description", "purpose", "creators", "funding"]);
    }

    fn composition(&mut self, numbers: &Numbers) {
        self.head("Composition");
        self.questions(Section::Composition);
        let cases = self.dataset.cases().len().to_string();
        let slides = self.dataset.slides().len().to_string();
        let pairs = [
            ("cases", cases),
            ("slides", slides),
            ("images", numbers.images.to_string()),
            ("images with bytes", numbers.with_bytes.to_string()),
            ("bytes of images", numbers.size_bytes.to_string()),
            ("images declared without bytes", numbers.declared.to_string()),
            ("images erased", numbers.erased.to_string()),
            ("images without a case", numbers.without_case.to_string()),
            (
                "images without annotations, searched",
                numbers.empty_screened.to_string(),
            ),
            (
                "images without annotations, not known to be searched",
                numbers.empty_not_screened.to_string(),
            ),
            ("annotations", numbers.annotations.to_string()),
            (
                "annotations without an agreed label",
                numbers.undecided.to_string(),
            ),
        ];
        self.table(
            &["", "number"],
            pairs.map(|(name, value)| vec![name.to_owned(), value]),
        );
        self.table(&["label", "annotations", "images"], tally_rows(&numbers.labels));
        self.plot("Annotations by label", LABEL_PLOT);
        let shapes = numbers.shapes.iter();
        self.table(
            &["shape", "annotations"],
            shapes.map(|(shape, number)| vec![(*shape).to_owned(), number.to_string()]),
        );
        for (fact, values) in &numbers.facts {
            self.table(&[fact, "annotations", "images"], tally_rows(values));
        }
        if numbers.facts.contains_key("scanner") {
            self.plot("Annotations by scanner", SCANNER_PLOT);
        }
        let splits = numbers.splits.iter();
        self.table(
            &["split", "part", "members"],
            splits.map(|((split, part), number)| vec![markdown(split), markdown(part), number.to_string()]),
        );
    }

    fn collection(&mut self, numbers: &Numbers, log: &LogFacts) {
        self.head("Collection process");
        self.questions(Section::Collection);
        self.quote(&["collection", "ethics", "consent", "source"]);
        self.line(&format!(
            "{} commits with {} events, recorded from {} to {}; {} source{} of annotations with ids of their own.",
            log.commits,
            log.events,
            log.first_at.to_day(),
            log.last_at.to_day(),
            numbers.lineages.len(),
            if numbers.lineages.len() == 1 { "" } else { "s" },
        ));
    }

    fn labelling(&mut self, numbers: &Numbers) {
        self.head("Preprocessing, cleaning, labelling");
        self.questions(Section::Preprocessing);
        self.quote(&["preprocessing", "annotation_protocol"]);
        self.line(&format!(
            "Labels are agreed by the rule `{}`, with {} logged exceptions. {} annotations have no rating.",
            rule_text(self.dataset.rows().rule()),
            numbers.exceptions,
            numbers.without_rating
        ));
        let annotators = numbers.annotators.iter().map(|(code, work)| {
            let rounds: Vec<String> = work.rounds.iter().map(u32::to_string).collect();
            vec![
                markdown(code.as_str()),
                work.kind.clone(),
                work.ratings.to_string(),
                work.no_opinion.to_string(),
                rounds.join(", "),
                work.blinded.to_string(),
                work.not_blinded.to_string(),
            ]
        });
        let head = [
            "annotator",
            "kind",
            "ratings",
            "no opinion",
            "rounds",
            "blinded",
            "not blinded",
        ];
        self.table(&head, annotators);
        self.plot("Ratings by annotator", ANNOTATOR_PLOT);
        let methods = numbers.methods.iter();
        self.table(
            &["method", "ratings"],
            methods.map(|(method, number)| vec![method.replace('_', " "), number.to_string()]),
        );
    }

    fn uses(&mut self) {
        self.head("Uses");
        self.questions(Section::Uses);
        self.quote(&["uses", "limitations"]);
    }

    fn distribution(&mut self, numbers: &Numbers) {
        self.head("Distribution");
        self.questions(Section::Distribution);
        self.quote(&[
            "licence",
            "licence_url",
            "publisher",
            "doi",
            "contact",
            "maintenance",
        ]);
        if numbers.declared > 0 {
            self.line(&format!(
                "{} images are declared only: their bytes are not part of this dataset.",
                numbers.declared
            ));
        }
    }

    fn maintenance(&mut self) {
        self.head("Maintenance");
        self.questions(Section::Maintenance);
    }

    fn open_questions(&mut self, numbers: &Numbers) {
        self.head("Open questions");
        let unstated = [
            ("description", "What is the dataset for?"),
            ("creators", "Who made it?"),
            ("licence", "Under which licence may it be used?"),
            (
                "ethics",
                "Who approved the use of the material, and on which consent?",
            ),
            ("annotation_protocol", "By which protocol was it annotated?"),
            ("limitations", "For what should it not be used?"),
            ("contact", "Who answers questions and takes corrections?"),
        ];
        let mut questions: Vec<String> = unstated
            .into_iter()
            .filter(|(name, _)| self.fact(name).is_none())
            .map(|(_, question)| question.to_owned())
            .collect();
        let ratings: u64 = numbers.annotators.values().map(|work| work.ratings).sum();
        let known: u64 = numbers
            .annotators
            .values()
            .map(|work| work.blinded + work.not_blinded)
            .sum();
        let counted = [
            (numbers.without_size, "images: what are their width and height?"),
            (numbers.without_resolution, "images: how many µm is a pixel?"),
            (numbers.without_case, "images: which case are they of?"),
            (
                numbers.empty_not_screened,
                "images without annotations: were they searched?",
            ),
            (numbers.undecided, "annotations: what is their label?"),
            (numbers.without_rating, "annotations: who labelled them?"),
            (ratings.saturating_sub(known), "ratings: were they blinded?"),
            (
                numbers.methods.get("not stated").copied().unwrap_or(0),
                "ratings: by which method did they come about?",
            ),
        ];
        questions.extend(
            counted
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, question)| format!("{number} {question}")),
        );
        for fact in ["species", "scanner"] {
            let said: u64 = numbers
                .facts
                .get(fact)
                .map_or(0, |values| values.values().map(|tally| tally.images).sum());
            if said < numbers.images {
                questions.push(format!("{} images: which {fact}?", numbers.images - said));
            }
        }
        if questions.is_empty() {
            self.line("None.");
            return;
        }
        for question in questions {
            self.out.push_str(&format!("* {question}\n"));
        }
    }
}

fn tally_rows(tallies: &std::collections::BTreeMap<String, Tally>) -> Vec<Vec<String>> {
    tallies
        .iter()
        .map(|(name, tally)| {
            vec![
                markdown(name),
                tally.annotations.to_string(),
                tally.images.to_string(),
            ]
        })
        .collect()
}
