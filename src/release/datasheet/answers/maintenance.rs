//! What the dataset is for, how it is given away, and who looks after it.

use super::{Answer, Known};
use crate::event::EventFormat as E;
use crate::release::escape::markdown;
use crate::release::{stored_queries, withdrawals};

/// Events that correct what was recorded before.
const CORRECTIONS: [E; 7] = [
    E::GeometryRevised,
    E::AttributesRevised,
    E::AnnotationRelabelled,
    E::AnnotationWithdrawn,
    E::RatingWithdrawn,
    E::LabelOverridden,
    E::RecordRestored,
];

pub(in crate::release::datasheet) fn used(known: &Known<'_>) -> Answer {
    let queries = stored_queries(known.dataset.facts()).count();
    if queries == 0 {
        return Answer::Open;
    }
    let text = format!(
        "{queries} queries for a part of it were stored to be cited. What was done with those is not in the log."
    );
    known.part(text, "holotype log --events", &[])
}

pub(in crate::release::datasheet) fn tasks(known: &Known<'_>) -> Answer {
    let shapes: Vec<&str> = known.numbers.shapes.keys().copied().collect();
    let text = format!(
        "It has labels by {} for {} classes. For what that is enough is not in the log.",
        shapes.join(", "),
        known.numbers.labels.len()
    );
    known.part(text, "holotype list labels", &[E::LabelDefined])
}

pub(in crate::release::datasheet) fn caveats(known: &Known<'_>) -> Answer {
    let most = known.numbers.labels.values().map(|tally| tally.annotations).max();
    let text = format!(
        "The most frequent label has {} of {} annotations; {} images without annotations are not known to have been \
         searched. Other effects are not in the log.",
        most.unwrap_or(0),
        known.numbers.annotations,
        known.numbers.empty_not_screened
    );
    known.part(text, "holotype list labels", &[E::RegionScreened])
}

pub(in crate::release::datasheet) fn given(known: &Known<'_>) -> Answer {
    known.subject.version.map_or(Answer::Open, |version| {
        let text = format!(
            "Yes: by the release {}, to anyone who has the folder.",
            markdown(version)
        );
        known.full(text, "holotype cite VERSION", &[])
    })
}

pub(in crate::release::datasheet) fn form(known: &Known<'_>) -> Answer {
    let doi = known.subject.doi.map(markdown).or_else(|| known.fact("doi"));
    let doi = doi.map_or_else(|| "No DOI is recorded.".to_owned(), |doi| format!("DOI {doi}."));
    let text = format!("As a folder that is a BagIt bag, or as one file of it (`tar.zst`, `zip`). {doi}");
    known
        .full(text, "holotype release VERSION --out DIR", &[])
        .stated(known, &["doi"])
}

pub(in crate::release::datasheet) fn when(known: &Known<'_>) -> Answer {
    let text = format!("This version: {}.", known.subject.date.to_day());
    known.full(text, "holotype log", &[])
}

/// Quotes a fact that answers a question wholly.
fn quoted(known: &Known<'_>, fact: &str, query: &'static str) -> Answer {
    known.fact(fact).map_or(Answer::Open, |value| {
        known
            .full(format!("“{value}”"), query, &[])
            .stated(known, &[fact])
    })
}

pub(in crate::release::datasheet) fn licence(known: &Known<'_>) -> Answer {
    quoted(known, "licence", "holotype diff --stat @{DATE} HEAD")
}

pub(in crate::release::datasheet) fn rights(known: &Known<'_>) -> Answer {
    known.spread("licence").map_or(Answer::Open, |spread| {
        let text = format!("Licences of single images: {spread}.");
        known.part(text, "holotype list images", &[E::FactsSet])
    })
}

pub(in crate::release::datasheet) fn keeper(known: &Known<'_>) -> Answer {
    let Some(publisher) = known.fact("publisher") else {
        return Answer::Open;
    };
    let text = format!("The publisher is “{publisher}”");
    let query = "holotype cite VERSION";
    match known.fact("contact") {
        Some(contact) => known.full(format!("{text}; “{contact}” answers for it."), query, &[]),
        None => known.part(
            format!("{text}. Who answers for it is not in the log."),
            query,
            &[],
        ),
    }
    .stated(known, &["publisher", "contact"])
}

pub(in crate::release::datasheet) fn contact(known: &Known<'_>) -> Answer {
    quoted(known, "contact", "holotype log --events")
}

pub(in crate::release::datasheet) fn erratum(known: &Known<'_>) -> Answer {
    let text = format!(
        "Corrections are events, with who, when and why: {} so far. `CHANGELOG.md` counts those since the release before, and \
         `holotype errata VERSION` lists those of later versions.{}",
        CORRECTIONS
            .iter()
            .map(|kind| known.trail.events(*kind))
            .sum::<u64>(),
        withdrawn(known)
    );
    known.full(text, "holotype errata VERSION", &CORRECTIONS)
}

/// The releases that were withdrawn by this version.
fn withdrawn(known: &Known<'_>) -> String {
    withdrawals(known.dataset.facts())
        .values()
        .map(|withdrawal| format!(" “{}.”", markdown(&withdrawal.to_string())))
        .collect()
}

pub(in crate::release::datasheet) fn updates(known: &Known<'_>) -> Answer {
    let text = format!(
        "So far {} commits with {} events. What changes is computed and told in `CHANGELOG.md`; what is planned is not in the \
         log.",
        known.log.commits, known.log.events
    );
    known.part(text, "holotype log", &[])
}

pub(in crate::release::datasheet) fn retention(known: &Known<'_>) -> Answer {
    let text = format!(
        "No limit is recorded; {} images were erased.",
        known.numbers.erased
    );
    known.part(text, "holotype log --events", &[E::ImageErased, E::PersonErased])
}

pub(in crate::release::datasheet) fn older(known: &Known<'_>) -> Answer {
    let text = format!(
        "Yes: all {} commits are in the history, and each of their versions can be replayed from it.",
        known.log.commits
    );
    known.full(text, "holotype checkout REV DIR", &[])
}

pub(in crate::release::datasheet) fn extension(known: &Known<'_>) -> Answer {
    let text = "By events: annotations that come back from tools are matched, and what they change is recorded with who and \
                when. Whoever builds on a release cites its digest."
        .to_owned();
    known.full(text, "holotype import FILE", &[])
}
