//! How the data came about, and what was done to it.

use super::{Answer, Known, listed};
use crate::event::EventFormat as E;
use crate::export::rule_text;
use crate::release::escape::markdown;

pub(in crate::release::datasheet) fn acquired(known: &Known<'_>) -> Answer {
    let methods: Vec<String> = known
        .numbers
        .methods
        .iter()
        .map(|(method, count)| format!("{}: {count}", method.replace('_', " ")))
        .collect();
    let text = format!(
        "Ratings by method: {}. How the images were taken is not in the log.",
        methods.join(", ")
    );
    let kinds = [E::AnnotationCreated, E::AnnotationRelabelled, E::RatingGiven];
    known.part(text, "holotype list ratings", &kinds)
}

pub(in crate::release::datasheet) fn instruments(known: &Known<'_>) -> Answer {
    let scanners = known
        .spread("scanner")
        .map(|spread| format!("Scanners by images: {spread}. "));
    if scanners.is_none() && known.trail.tools().is_empty() {
        return Answer::Open;
    }
    let programs = if known.trail.tools().is_empty() {
        String::new()
    } else {
        format!("Programs by events: {}. ", known.tools())
    };
    let text = format!(
        "{}{programs}How they were validated is not in the log.",
        scanners.unwrap_or_default()
    );
    known.part(text, "holotype log --events", &[])
}

pub(in crate::release::datasheet) fn sampling(known: &Known<'_>) -> Answer {
    let drawn = known.subject.filter.map_or_else(
        || "No part of what the dataset holds was drawn for this edition".to_owned(),
        |filter| {
            format!(
                "This edition holds the rows for which this is true: {}",
                markdown(filter)
            )
        },
    );
    let text = format!("{drawn}. By which rule the images were chosen is not in the log.");
    known.part(text, "holotype list images", &[])
}

pub(in crate::release::datasheet) fn participants(known: &Known<'_>) -> Answer {
    let said: Vec<String> = known
        .numbers
        .annotators
        .iter()
        .map(|(code, work)| {
            let rounds: Vec<String> = work.rounds.iter().map(u32::to_string).collect();
            let rounds = match rounds.as_slice() {
                [] => String::new(),
                [round] => format!(", in round {round}"),
                several => format!(", in rounds {}", several.join(" and ")),
            };
            format!(
                "{} ({}, {} ratings{rounds})",
                markdown(code.as_str()),
                work.kind,
                work.ratings
            )
        })
        .collect();
    let said = listed(&said, "Nobody who rates is recorded");
    let text = format!("{said}. How they were paid is not in the log.");
    known.part(text, "holotype list annotators", &[E::AnnotatorRegistered])
}

pub(in crate::release::datasheet) fn time(known: &Known<'_>) -> Answer {
    let text = format!(
        "Recorded from {} to {}; {} ratings carry the time that their tool claims. When the images were taken is not in the \
         log.",
        known.log.first_at.to_day(),
        known.log.last_at.to_day(),
        known.numbers.claimed
    );
    known.part(text, "holotype log", &[])
}

pub(in crate::release::datasheet) fn provenance(known: &Known<'_>) -> Answer {
    let text = format!(
        "Events came from {} files, told by their digests; annotations from {} sources with ids of their own. Nothing was \
         asked of the people concerned through this log.",
        known.trail.sources(),
        known.numbers.lineages.len()
    );
    known.part(text, "holotype log --events", &[E::SourceIdAttached])
}

pub(in crate::release::datasheet) fn revocation(known: &Known<'_>) -> Answer {
    let text = format!(
        "What is held can be erased, so that its bytes are gone and the history still checks out: {} images were. Copies \
         that were given away stay.",
        known.numbers.erased
    );
    known.part(text, "holotype log --events", &[E::ImageErased, E::PersonErased])
}

pub(in crate::release::datasheet) fn labelling(known: &Known<'_>) -> Answer {
    let ratings: u64 = known.numbers.annotators.values().map(|work| work.ratings).sum();
    let blinded: u64 = known.numbers.annotators.values().map(|work| work.blinded).sum();
    let text = format!(
        "Labelled: {ratings} ratings, {blinded} of them blinded, agreed by the rule `{}`. The images are stored as they came \
         in.",
        rule_text(known.dataset.rows().rule())
    );
    let kinds = [
        E::AnnotationCreated,
        E::AnnotationRelabelled,
        E::RatingGiven,
        E::RuleSet,
        E::LabelOverridden,
    ];
    known.full(text, "holotype list ratings", &kinds)
}

pub(in crate::release::datasheet) fn raw(known: &Known<'_>) -> Answer {
    let text = format!(
        "Yes: {} images are kept byte for byte as they came in, and all {} recorded events with every earlier label; {} files \
         that annotations came from are named by their digests.",
        known.numbers.with_bytes,
        known.log.events,
        known.trail.sources()
    );
    known.full(text, "holotype verify --replay", &[E::ImageIngested])
}

pub(in crate::release::datasheet) fn software(known: &Known<'_>) -> Answer {
    let text = format!(
        "Programs by events: {}. Whether they can be had is not in the log.",
        known.tools()
    );
    known.part(text, "holotype log --events", &[])
}
