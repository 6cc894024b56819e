//! Who made the dataset, and what is in it.

use super::{Answer, Known, listed};
use crate::event::EventFormat as E;
use crate::export::rule_text;
use crate::quality::gate::meaning;
use crate::release::escape::markdown;
use crate::release::numbers::{GROUPS, Tally};

/// Facts of images, slides and cases that may be sensitive, by the words in their names.
const SENSITIVE: [&str; 14] = [
    "age",
    "sex",
    "gender",
    "ethnicity",
    "religion",
    "diagnosis",
    "tumour",
    "tumor",
    "grade",
    "stage",
    "treatment",
    "therapy",
    "survival",
    "outcome",
];

pub(in crate::release::datasheet) fn makers(known: &Known<'_>) -> Answer {
    let creators = known
        .fact("creators")
        .map_or_else(String::new, |creators| format!("By “{creators}”. "));
    let (human, others) = known.raters();
    let text = format!(
        "{creators}{human} people, {others} models or procedures rated, under codes; who made the images is not in the log."
    );
    known
        .part(text, "holotype list annotators", &[E::AnnotatorRegistered])
        .stated(known, &["creators"])
}

pub(in crate::release::datasheet) fn instances(known: &Known<'_>) -> Answer {
    let shapes: Vec<String> = known
        .numbers
        .shapes
        .iter()
        .map(|(shape, count)| format!("{count} {shape}"))
        .collect();
    let text = format!(
        "Images, and annotations on them ({}); images belong to slides and cases where that is known.",
        shapes.join(", ")
    );
    known.full(text, "holotype list annotations", &[E::AnnotationCreated])
}

pub(in crate::release::datasheet) fn counts(known: &Known<'_>) -> Answer {
    let label = |(name, tally): (&String, &Tally)| format!("{} {}", tally.annotations, markdown(name));
    let labels: Vec<String> = known.numbers.labels.iter().map(label).collect();
    let text = format!(
        "{} cases, {} slides, {} images, {} annotations: {}.",
        known.dataset.cases().len(),
        known.dataset.slides().len(),
        known.numbers.images,
        known.numbers.annotations,
        labels.join(", ")
    );
    let kinds = [
        E::ImageDeclared,
        E::ImageIngested,
        E::AnnotationCreated,
        E::AnnotationWithdrawn,
    ];
    known.full(text, "holotype status", &kinds)
}

pub(in crate::release::datasheet) fn sample(known: &Known<'_>) -> Answer {
    let parent = known.fact("derived_from_name").map_or_else(String::new, |name| {
        format!(" It is derived from a release of “{name}”.")
    });
    let text = format!(
        "{} of {} images have areas that are known to have been searched completely.{parent} What else there would have been \
         to collect is not in the log.",
        known.numbers.screened_images, known.numbers.images
    );
    known
        .part(text, "holotype list screenings", &[E::RegionScreened])
        .stated(known, &["derived_from_name"])
}

pub(in crate::release::datasheet) fn data(known: &Known<'_>) -> Answer {
    let text = format!(
        "An image: its files ({} images with {} bytes in all, {} declared without), width, height and other facts. An \
         annotation: a geometry in px of the full resolution, ratings with annotator and round, an agreed label.",
        known.numbers.with_bytes, known.numbers.size_bytes, known.numbers.declared
    );
    known.full(text, "holotype list images", &[E::ImageIngested])
}

pub(in crate::release::datasheet) fn labels(known: &Known<'_>) -> Answer {
    let text = format!(
        "Each annotation has a label, agreed by the rule `{}`; {} of {} are undecided.",
        rule_text(known.dataset.rows().rule()),
        known.numbers.undecided,
        known.numbers.annotations
    );
    known.full(text, "holotype list labels", &[E::LabelDefined, E::RuleSet])
}

pub(in crate::release::datasheet) fn missing(known: &Known<'_>) -> Answer {
    let numbers = known.numbers;
    let text = format!(
        "Images: {} without bytes, {} erased, {} without width and height, {} without a resolution, {} without a case. \
         Annotations: {} without a label, {} without a rating.",
        numbers.declared,
        numbers.erased,
        numbers.without_size,
        numbers.without_resolution,
        numbers.without_case,
        numbers.undecided,
        numbers.without_rating
    );
    known.full(text, "holotype list images", &[E::ImageErased])
}

pub(in crate::release::datasheet) fn relations(known: &Known<'_>) -> Answer {
    let text = format!(
        "Images name their case and slide: {} of {} name a case. Annotations name their image; ratings their annotation and \
         annotator.",
        known.numbers.images - known.numbers.without_case,
        known.numbers.images
    );
    let kinds = [E::CaseRegistered, E::SlideRegistered, E::ImageAssigned];
    known.full(text, "holotype list cases", &kinds)
}

pub(in crate::release::datasheet) fn splits(known: &Known<'_>) -> Answer {
    let splits = &known.numbers.splits;
    let text = if splits.is_empty() {
        "No: none is recorded.".to_owned()
    } else {
        let parts: Vec<String> = splits
            .iter()
            .map(|((split, part), count)| format!("{}, {}: {count}", markdown(split), markdown(part)))
            .collect();
        format!("By split and part, so many members: {}.", parts.join("; "))
    };
    known.full(text, "holotype list splits", &[E::SplitAssigned])
}

pub(in crate::release::datasheet) fn errors(known: &Known<'_>) -> Answer {
    let numbers = known.numbers;
    let no_opinion: u64 = numbers.annotators.values().map(|work| work.no_opinion).sum();
    let text = format!(
        "Noise: of {} annotations on which several annotators have an opinion, the opinions differ on {}; {} ratings are \
         without an opinion, {} annotations without an agreed label, {} have a logged exception from the rule. Oddities: {} \
         annotations reach beyond their image, of those on the {} images whose size is known. Repetitions: of {} images with \
         bytes {} have those of another, {} annotations have the place of another on their image. Errors that nobody noticed \
         are not in the log.",
        numbers.rated_by_several,
        numbers.disputed,
        no_opinion,
        numbers.undecided,
        numbers.exceptions,
        numbers.outside,
        numbers.images - numbers.without_size,
        numbers.with_bytes,
        numbers.repeated_images,
        numbers.repeated_annotations
    );
    let kinds = [
        E::GeometryRevised,
        E::AnnotationRelabelled,
        E::AnnotationWithdrawn,
        E::RatingWithdrawn,
    ];
    known.part(text, "holotype agreement", &kinds)
}

pub(in crate::release::datasheet) fn contained(known: &Known<'_>) -> Answer {
    let text = if known.numbers.declared == 0 {
        "Yes: the dataset holds the bytes of all its images, each under its BLAKE3.".to_owned()
    } else {
        format!(
            "No: {} of {} images are named without bytes, which have to be had elsewhere.",
            known.numbers.declared, known.numbers.images
        )
    };
    known.full(
        text,
        "holotype list images",
        &[E::ImageDeclared, E::ImageIngested],
    )
}

pub(in crate::release::datasheet) fn confidential(known: &Known<'_>) -> Answer {
    let found: Vec<String> = known
        .numbers
        .personal
        .iter()
        .map(|(code, places)| {
            let what = meaning(code).map_or("", |(_, what)| what);
            format!("{what}, in {places} places (`{code}`)")
        })
        .collect();
    let found = if found.is_empty() {
        "In names and facts nothing was found that looks like personal data".to_owned()
    } else {
        format!("In names and facts was found: {}", found.join("; "))
    };
    let text = format!(
        "What names a person stands in {} private objects, which never leave the repository; annotators and cases have \
         codes. {found}. What the pixels show was not examined.",
        known.trail.private()
    );
    let kinds = [E::AnnotatorRegistered, E::CaseRegistered, E::PersonErased];
    known.part(text, "holotype check", &kinds)
}

pub(in crate::release::datasheet) fn people(known: &Known<'_>) -> Answer {
    let (human, _) = known.raters();
    let Some(spread) = known.spread("species") else {
        let text = format!(
            "Of what species the material is, is not recorded. {human} people rated, under codes; the dataset says nothing \
             else of them."
        );
        return known.part(text, "holotype list annotators", &[E::AnnotatorRegistered]);
    };
    let species = known.numbers.facts.get("species");
    let is_human = species.into_iter().flat_map(|values| values.keys()).any(|name| {
        let name = name.trim().to_lowercase();
        name == "human" || name == "homo sapiens"
    });
    let unstated = known.numbers.images.saturating_sub(known.stated("species"));
    let rest = match unstated {
        0 => String::new(),
        images => format!("; of {images} images it is not recorded"),
    };
    let text = format!("species by images: {spread}{rest}.");
    let (query, kinds) = ("holotype list images", [E::FactsSet]);
    if is_human {
        known.full(format!("Yes: {text}"), query, &kinds)
    } else if unstated == 0 {
        known.full(format!("No: {text}"), query, &kinds)
    } else {
        known.part(format!("Not by what is recorded: {text}"), query, &kinds)
    }
}

pub(in crate::release::datasheet) fn groups(known: &Known<'_>) -> Answer {
    let said: Vec<String> = GROUPS
        .iter()
        .filter_map(|fact| Some(format!("by {}: {}", fact.replace('_', " "), known.spread(fact)?)))
        .collect();
    let said = if said.is_empty() {
        "No".to_owned()
    } else {
        format!("Images {}", said.join("; "))
    };
    let names: Vec<String> = known
        .numbers
        .fact_names
        .keys()
        .map(|name| markdown(name))
        .collect();
    let names = listed(&names, "nothing");
    let text = format!("{said}. All that is recorded of images, slides and cases: {names}.");
    known.full(text, "holotype list images", &[E::FactsSet])
}

pub(in crate::release::datasheet) fn recognised(known: &Known<'_>) -> Answer {
    let text = format!(
        "Not by the log: {} cases and {} annotators have codes alone. What the pixels show was not examined.",
        known.dataset.cases().len(),
        known.numbers.annotators.len()
    );
    let kinds = [E::CaseRegistered, E::AnnotatorRegistered];
    known.part(text, "holotype list cases", &kinds)
}

pub(in crate::release::datasheet) fn sensitive(known: &Known<'_>) -> Answer {
    let is_sensitive = |name: &str| name.split('_').any(|word| SENSITIVE.contains(&word));
    let found: Vec<String> = known
        .numbers
        .fact_names
        .iter()
        .filter(|(name, _)| is_sensitive(name))
        .map(|(name, images)| format!("{}: {images}", markdown(name)))
        .collect();
    let said = if found.is_empty() {
        format!("No fact is named for one of these: {}", SENSITIVE.join(", "))
    } else {
        format!("Images with facts that may be: {}", found.join(", "))
    };
    let text = format!("{said}. What the pixels show, such as a disease, is not in the log.");
    known.part(text, "holotype list images", &[E::FactsSet])
}
