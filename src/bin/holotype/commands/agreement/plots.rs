//! `agreement --plots DIR`: figures, one file each.

use std::collections::BTreeMap;
use std::path::Path;

use holotype::event::{Event, LoggedEvent};
use holotype::files::output::StagedFolder;
use holotype::id::LabelId;
use holotype::quality::agreement::{Agreement, Pair};
use holotype::quality::intra::Repeat;
use holotype::quality::plots::{KappaRow, RatePanel, confusion, kappas, rates};
use holotype::repo::{Repo, Version};
use holotype::time::Timestamp;

use super::AgreementArgs;
use super::groups::Group;
use super::history::each_event;
use super::labels::View;
use crate::failure::Failure;

const DAY_MS: i64 = 86_400_000;
/// Label tables are drawn for so many groups.
const TABLES_MAX: usize = 20;

/// Draws all figures into a new or empty folder; returns the names of the files.
pub(super) fn draw(
    repo: &Repo,
    version: &Version,
    path: &Path,
    args: &AgreementArgs,
    whole: &Group<'_>,
    groups: &[(String, Group<'_>)],
) -> Result<Vec<String>, Failure> {
    let mut files = tables(&whole.agreement, "", "");
    let rows = kappa_rows("", whole);
    files.push(("kappa.svg".to_owned(), kappas("Cohen's kappa of pairs", &rows)));
    if !whole.repeats.is_empty() {
        let title = "Cohen's kappa of each with themselves";
        files.push(("kappa-intra.svg".to_owned(), kappas(title, &repeat_rows(whole))));
    }
    if let Some(field) = &args.by {
        for (number, (value, group)) in (1..=TABLES_MAX).zip(groups) {
            let (name, title) = (format!("-by-{number:02}"), format!(" ({field} {value})"));
            files.extend(tables(&group.agreement, &name, &title));
        }
        let of_group = |(value, group): &(String, Group<'_>)| kappa_rows(&format!(", {value}"), group);
        let rows: Vec<KappaRow> = groups.iter().flat_map(of_group).collect();
        let title = format!("Cohen's kappa of pairs by {field}");
        files.push(("kappa-by.svg".to_owned(), kappas(&title, &rows)));
    }
    let labels: Vec<&str> = whole
        .agreement
        .labels
        .iter()
        .map(|label| label.1.as_str())
        .collect();
    files.extend(
        rates(&labels, &said(repo, version, &whole.agreement)?).map(|svg| ("rates.svg".to_owned(), svg)),
    );
    let mut folder = StagedFolder::create(path)?;
    for (name, svg) in &files {
        folder.write_file(name, svg.as_bytes())?;
    }
    folder.publish()?;
    Ok(files.into_iter().map(|(name, _)| name).collect())
}

fn code(agreement: &Agreement, n: usize) -> &str {
    agreement.raters.get(n).map_or("", |rater| rater.code.as_str())
}

/// The label tables of all pairs; the file's name ends with `name`, and the names of who rated with `title`.
fn tables(agreement: &Agreement, name: &str, title: &str) -> Vec<(String, String)> {
    let labels: Vec<&str> = agreement.labels.iter().map(|(_, name)| name.as_str()).collect();
    let table = |pair: &Pair| {
        let (a, b) = (code(agreement, pair.a), code(agreement, pair.b));
        (
            format!("labels-{a}-{b}{name}.svg"),
            confusion([&format!("{a}{title}"), b], &labels, &pair.table),
        )
    };
    let compared = agreement.pairs.iter().filter(|pair| pair.table.n() > 0);
    compared.map(table).collect()
}

fn kappa_rows(suffix: &str, group: &Group<'_>) -> Vec<KappaRow> {
    let (agreement, view): (&Agreement, View<'_>) = (&group.agreement, group.view);
    let row = |pair: &Pair| {
        let kappa = pair.table.kappa(view.weights()).ok();
        KappaRow {
            name: format!(
                "{} and {}{suffix}",
                code(agreement, pair.a),
                code(agreement, pair.b)
            ),
            n: pair.table.n(),
            value: kappa.map(|kappa| kappa.value),
            interval: kappa.map(|kappa| kappa.interval()),
        }
    };
    agreement.pairs.iter().map(row).collect()
}

fn repeat_rows(group: &Group<'_>) -> Vec<KappaRow> {
    let row = |one: &Repeat| {
        let [earlier, later] = one.rounds;
        let kappa = one.table.kappa(group.view.weights()).ok();
        KappaRow {
            name: format!("{}, rounds {earlier} and {later}", one.annotator),
            n: one.table.n(),
            value: kappa.map(|kappa| kappa.value),
            interval: kappa.map(|kappa| kappa.interval()),
        }
    };
    group.repeats.iter().map(row).collect()
}

/// What each one said on which day, in the whole history up to the version. The day is what the tool claims, else when it
/// happened, else when it was recorded.
struct Said<'a> {
    labels: BTreeMap<LabelId, usize>,
    panels: BTreeMap<usize, RatePanel>,
    agreement: &'a Agreement,
}

fn said(repo: &Repo, version: &Version, agreement: &Agreement) -> Result<Vec<RatePanel>, Failure> {
    let mut said = Said {
        labels: (0..)
            .zip(&agreement.labels)
            .map(|(n, label)| (label.0, n))
            .collect(),
        panels: BTreeMap::new(),
        agreement,
    };
    each_event(repo, version, |event| said.take(event))?;
    Ok(said.panels.into_values().collect())
}

impl Said<'_> {
    fn take(&mut self, logged: &LoggedEvent) {
        let label = match &logged.event {
            Event::AnnotationCreated { label, .. }
            | Event::AnnotationRelabelled { label, .. }
            | Event::RatingGiven { label, .. } => *label,
            Event::ImageDeclared { .. }
            | Event::ImageIngested { .. }
            | Event::ImageErased { .. }
            | Event::ImageAssigned { .. }
            | Event::CaseRegistered { .. }
            | Event::SlideRegistered { .. }
            | Event::AnnotatorRegistered { .. }
            | Event::PersonErased { .. }
            | Event::LabelDefined { .. }
            | Event::LabelRenamed { .. }
            | Event::FactsSet { .. }
            | Event::GeometryRevised { .. }
            | Event::AttributesRevised { .. }
            | Event::AnnotationWithdrawn { .. }
            | Event::RatingWithdrawn { .. }
            | Event::SourceIdAttached { .. }
            | Event::RegionScreened { .. }
            | Event::RuleSet { .. }
            | Event::LabelOverridden { .. }
            | Event::SplitAssigned { .. }
            | Event::RecordRestored { .. } => None,
        };
        let context = &logged.context;
        let claimed = context
            .claimed_at
            .as_deref()
            .and_then(|text| Timestamp::parse(text).ok());
        let time = claimed.or(context.at).or(context.recorded_at);
        let place = label.and_then(|label| self.labels.get(&label).copied());
        let rater = context.annotator.as_ref().and_then(|code| {
            let mut raters = self.agreement.raters.iter();
            raters.position(|rater| rater.code == *code)
        });
        if let (Some(time), Some(label), Some(rater)) = (time, place, rater) {
            let panel = self.panels.entry(rater).or_insert_with(|| RatePanel {
                annotator: code(self.agreement, rater).to_owned(),
                ..RatePanel::default()
            });
            let day = panel
                .days
                .entry(time.as_unix_ms().div_euclid(DAY_MS))
                .or_default();
            *day.entry(label).or_default() += 1;
        }
    }
}
