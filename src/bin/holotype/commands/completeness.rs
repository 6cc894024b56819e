//! `completeness`: who searched what, what was found late, and what may not have been found at all.

use clap::Args;
use holotype::id::LabelId;
use holotype::model::Radius;
use holotype::quality::completeness::{Completeness, CompletenessOptions, Standing, read_completeness};
use holotype::quality::matching::MatchRule;
use holotype::quality::objects::{ObjectAgreement, ObjectOptions, ObjectPair, read_objects};
use holotype::quality::recapture::{ASSUMPTIONS, Recapture};
use serde_json::{Value, json};

use crate::app::App;
use crate::commands::record::find_label;
use crate::failure::Failure;
use crate::output::one_line;

/// So many images are named to people; all of them stand in the JSON.
const NAMES_MAX: usize = 10;

/// Tells how completely images were searched: by whom, what was found late, and how much may be missing
#[derive(Debug, Args)]
pub(crate) struct CompletenessArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// Annotations with this label alone
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Ratings and screenings of this round alone
    #[arg(long, value_name = "R")]
    round: Option<u32>,
    /// Objects of two that are within this radius are one (12px, 3um): for estimates from two searches and for controls
    #[arg(long, value_name = "R")]
    match_radius: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &CompletenessArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let label = args
        .label
        .as_ref()
        .map(|name| label_of(&version, name))
        .transpose()?;
    let radius = args.match_radius.as_deref().map(radius_of).transpose()?;
    let options = CompletenessOptions {
        label,
        round: args.round,
        radius,
    };
    let found = read_completeness(&version, &options)?;
    let objects = match radius {
        None => None,
        Some(radius) => Some(read_objects(
            &version,
            &ObjectOptions {
                radius,
                rule: MatchRule::Maximum,
                label,
                round: args.round,
                images: None,
            },
        )?),
    };
    app.out.object(
        "holotype/completeness/1",
        &members(args, &found, objects.as_ref()),
    )?;
    print(app, &found, objects.as_ref())?;
    Ok(0)
}

fn label_of(version: &holotype::repo::Version, name: &str) -> Result<LabelId, Failure> {
    find_label(version, name)?
        .ok_or_else(|| Failure::refused(format!("there is no label '{name}'"), "see holotype list labels"))
}

fn radius_of(text: &str) -> Result<Radius, Failure> {
    Radius::parse(text).ok_or_else(|| {
        Failure::usage(
            format!("--match-radius '{text}' is no length"),
            "--match-radius 12px, or --match-radius 3um",
        )
    })
}

const STANDINGS: [Standing; 4] = [
    Standing::Annotated,
    Standing::Empty,
    Standing::PartlyEmpty,
    Standing::NotAnnotated,
];

fn members(args: &CompletenessArgs, found: &Completeness, objects: Option<&ObjectAgreement>) -> Value {
    let code = |n: &usize| found.raters.get(*n).map(|(code, _)| code.as_str());
    let counts = STANDINGS.map(|standing| (standing.as_str(), json!(found.count(standing))));
    let images = found.images.iter().map(|row| {
        json!({
            "image": row.image, "name": row.name, "annotations": row.annotations, "standing": row.standing.as_str(),
            "searched_by": row.searched.iter().filter_map(code).collect::<Vec<_>>(),
        })
    });
    let annotators = found.coverage.iter().map(|(n, one)| {
        json!({
            "code": code(n),
            "screened": one.screened,
            "screened_in_part": one.screened_in_part,
            "empty": one.empty,
            "rated_without_screening": one.rated_only,
            "objects": one.objects,
            "controls_found": args.match_radius.as_ref().map(|_| one.controls_found),
            "controls_missed": args.match_radius.as_ref().map(|_| one.controls_missed),
        })
    });
    let rounds = found
        .first_labelled
        .iter()
        .map(|(round, n)| json!({"round": round, "annotations": n}));
    let estimates = objects.map(|objects| {
        let pairs = objects.pairs.iter().map(|pair| estimate(objects, pair));
        json!({"method": "chapman", "assumptions": ASSUMPTIONS, "pairs": pairs.collect::<Vec<_>>()})
    });
    json!({
        "label": args.label,
        "round": args.round,
        "match_radius": args.match_radius,
        "counts": counts.into_iter().map(|(name, count)| (name.to_owned(), count))
            .chain([("images".to_owned(), json!(found.images.len()))])
            .collect::<serde_json::Map<_, _>>(),
        "images": images.collect::<Vec<_>>(),
        "annotators": annotators.collect::<Vec<_>>(),
        "first_labelled": rounds.collect::<Vec<_>>(),
        "found_in_later_rounds": found.found_later(),
        "controls": found.controls,
        "capture_recapture": estimates,
    })
}

/// Why a pair says nothing about what was missed.
fn why_not(pair: &ObjectPair) -> Option<String> {
    (pair.shared > 0).then(|| {
        format!(
            "{} of the matched objects are one annotation that both rated, so that these were not two searches",
            pair.shared
        )
    })
}

fn recapture(pair: &ObjectPair) -> Result<Recapture, String> {
    if let Some(why) = why_not(pair) {
        return Err(why);
    }
    let ([first, second], [both, _]) = (pair.tally.counts, pair.tally.hits);
    Recapture::of(first, second, both).map_err(|why| why.to_string())
}

fn estimate(objects: &ObjectAgreement, pair: &ObjectPair) -> Value {
    let code = |n: usize| objects.raters.get(n).map(|(code, _)| code.as_str());
    let ([a, b], [both, _]) = (pair.tally.counts, pair.tally.hits);
    let estimate = recapture(pair);
    json!({
        "a": code(pair.a),
        "b": code(pair.b),
        "images": pair.images(),
        "objects_a": a,
        "objects_b": b,
        "both": both,
        "found": estimate.as_ref().ok().map(|one| one.found),
        "estimate": estimate.as_ref().ok().map(|one| one.estimate),
        "estimate_ci": estimate.as_ref().ok().map(|one| one.interval),
        "undefined": estimate.err().map(|why| json!({"estimate": why})).unwrap_or_else(|| json!({})),
    })
}

fn print(app: &mut App, found: &Completeness, objects: Option<&ObjectAgreement>) -> Result<(), Failure> {
    app.out.line(format!("{} images", found.images.len()))?;
    for (standing, what) in STANDINGS.into_iter().zip([
        "have annotations",
        "were searched and are empty",
        "were searched in part, and nothing was found",
        "are not annotated: nothing is marked, and nobody says that they searched",
    ]) {
        app.out.line(format!("{:>8} {what}", found.count(standing)))?;
    }
    let missing = found
        .images
        .iter()
        .filter(|row| row.standing == Standing::NotAnnotated);
    for row in missing.clone().take(NAMES_MAX) {
        app.out.line(format!("           {}", one_line(&row.name)))?;
    }
    if missing.count() > NAMES_MAX {
        app.out.line("           … (all of them: --json)")?;
    }
    let code = |n: usize| found.raters.get(n).map_or("", |(code, _)| code.as_str());
    if !found.coverage.is_empty() {
        app.out.line(
            "annotator         searched  in part  empty  rated only  objects  controls found and missed",
        )?;
    }
    for (n, one) in &found.coverage {
        app.out.line(format!(
            "{:<16} {:>9} {:>8} {:>6} {:>11} {:>8}  {} and {}",
            code(*n),
            one.screened,
            one.screened_in_part,
            one.empty,
            one.rated_only,
            one.objects,
            one.controls_found,
            one.controls_missed
        ))?;
    }
    for (round, n) in &found.first_labelled {
        app.out.line(format!(
            "{n:>8} annotations got their first label in round {round}"
        ))?;
    }
    let Some(objects) = objects else {
        return app
            .out
            .line("with --match-radius R two searches are compared, and how much is missing is estimated");
    };
    for pair in &objects.pairs {
        let names = format!("{} and {}", code(pair.a), code(pair.b));
        match recapture(pair) {
            Ok(one) => {
                let [low, high] = one.interval;
                app.out.line(format!(
                    "{names} found {} objects on {} images; there may be {:.0} ({low:.0} to {high:.0}), if:",
                    one.found,
                    pair.images(),
                    one.estimate
                ))?;
                for assumption in ASSUMPTIONS {
                    app.out.line(format!("    {assumption}"))?;
                }
            }
            Err(why) => app.out.line(format!("{names}: no estimate: {why}"))?,
        }
    }
    Ok(())
}
