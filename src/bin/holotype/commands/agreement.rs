//! `agreement`: how far those who rate agree, and whether that can be taken at its word.

mod groups;
mod history;
mod intra;
mod labels;
mod look;
mod noise;
mod objects;
mod plots;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use holotype::event::{State, scan_records};
use holotype::id::LabelId;
use holotype::model::{EntityKind, Key, KeyParts, LabelRecord};
use holotype::quality::agreement::AgreementOptions;
use holotype::repo::Version;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;
use crate::output::one_line;
use groups::Group;
use labels::View;
use objects::Objects;

/// How often cases are drawn for an interval.
const DRAWS: u32 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WeightArg {
    Nominal,
    Linear,
    Quadratic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MatchArg {
    /// As many pairs as can be, then the least sum of distances; one to one
    Maximum,
    /// The nearest pair first; one to one
    Greedy,
    /// Each object that has any of the other's within the radius
    AnyHit,
}

/// Tells how far annotators agree: each pair and all, and what is not independent
#[derive(Debug, Args)]
pub(crate) struct AgreementArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// Ratings of this round alone
    #[arg(long, value_name = "R")]
    round: Option<u32>,
    /// The label that F1 and Jaccard are about; the rarer of two where none is given
    #[arg(long, value_name = "LABEL")]
    positive: Option<String>,
    /// How much it weighs that two labels differ
    #[arg(long, value_name = "HOW", default_value = "nominal")]
    weights: WeightArg,
    /// The labels in their order, lowest first, for weights and for ordinal and interval alpha
    #[arg(long, value_name = "LABEL,…", value_delimiter = ',')]
    order: Vec<String>,
    /// Also compares objects that each marked alone: those within this radius are one (12px, 3um)
    #[arg(long, value_name = "R")]
    match_radius: Option<String>,
    /// How objects are matched
    #[arg(
        long = "match",
        value_name = "RULE",
        default_value = "maximum",
        requires = "match_radius"
    )]
    rule: MatchArg,
    /// Objects with this label alone
    #[arg(long, value_name = "LABEL", requires = "match_radius")]
    label: Option<String>,
    /// Also apart for each value of a fact of images, slides or cases, such as scanner or species, or of `image`, `case`,
    /// `slide`, `round`, or `label` (one label against the rest)
    #[arg(long, value_name = "FIELD")]
    by: Option<String>,
    /// Also draws figures (SVG) into this new or empty folder: label tables of pairs, kappas, labels over time; with --by also
    /// for each group
    #[arg(long, value_name = "DIR")]
    plots: Option<PathBuf>,
    /// Also ranks so many annotations to look at first: disputed, unlike their neighbours, moved often
    #[arg(long, value_name = "N")]
    look_first: Option<usize>,
    /// Also tells what became of what models marked: accepted, edited, rejected
    #[arg(long)]
    proposals: bool,
    /// The seed of the draws of cases
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(app: &mut App, args: &AgreementArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let labels = label_ids(&version)?;
    let id = |name: &String| -> Result<LabelId, Failure> {
        labels.get(name).copied().ok_or_else(|| {
            Failure::refused(format!("there is no label '{name}'"), "see holotype list labels")
        })
    };
    let order = args.order.iter().map(id).collect::<Result<Vec<_>, _>>()?;
    let view = View {
        args,
        positive: args.positive.as_ref().map(id).transpose()?,
    };
    let objects = Objects::asked(args, args.label.as_ref().map(id).transpose()?)?;
    let options = AgreementOptions {
        round: args.round,
        images: None,
        order,
    };
    let whole = Group::read(&version, &options, objects.as_ref(), view)?;
    let groups = match args.by.as_deref() {
        None => Vec::new(),
        Some("label") => whole.by_label(),
        Some("round") => by_rounds(&version, &options, objects.as_ref(), view)?,
        Some(field) => by_images(&version, &options, objects.as_ref(), view, field)?,
    };
    let drawn = match &args.plots {
        Some(path) => Some(plots::draw(
            &repo,
            &version,
            &app.user_path(path),
            args,
            &whole,
            &groups,
        )?),
        None => None,
    };
    let told = look::read(&repo, &version, args, &whole.agreement)?;
    if app.out.json {
        // Intervals by drawing cases are costly, and are not shown to people.
        let mut object = whole.object();
        if let Some(field) = &args.by {
            let rows: Vec<Value> = groups.iter().map(|(value, group)| group.row(value)).collect();
            object.insert("by".to_owned(), json!({"fact": field, "groups": rows}));
        }
        if let Some(drawn) = drawn {
            object.insert("plots".to_owned(), json!(drawn));
        }
        told.add_to(&mut object);
        app.out.object("holotype/agreement/1", &Value::Object(object))?;
        return Ok(0);
    }
    whole.print(app)?;
    for (value, group) in &groups {
        app.out.line("")?;
        app.out.line(format!(
            "{}: {}",
            args.by.as_deref().unwrap_or(""),
            one_line(value)
        ))?;
        group.print(app)?;
    }
    told.print(app)?;
    Ok(0)
}

/// The groups of images that a field makes, each read apart.
fn by_images<'a>(
    version: &Version,
    options: &AgreementOptions,
    objects: Option<&Objects>,
    view: View<'a>,
    field: &str,
) -> Result<Vec<(String, Group<'a>)>, Failure> {
    let mut all = Vec::new();
    for (value, images) in groups::images_by(version, field)? {
        let options = AgreementOptions {
            images: Some(images),
            ..options.clone()
        };
        all.push((value, Group::read(version, &options, objects, view)?));
    }
    Ok(all)
}

/// Each round apart.
fn by_rounds<'a>(
    version: &Version,
    options: &AgreementOptions,
    objects: Option<&Objects>,
    view: View<'a>,
) -> Result<Vec<(String, Group<'a>)>, Failure> {
    let mut rounds = BTreeSet::new();
    version.scan(&Key::kind_prefix(EntityKind::Rating), &mut |key, _| {
        if let Ok(KeyParts::Rating(rating)) = Key::from_bytes(key).and_then(|key| key.parts()) {
            rounds.insert(rating.round);
        }
        ControlFlow::Continue(())
    })?;
    rounds.retain(|round| options.round.is_none_or(|wanted| wanted == *round));
    let mut all = Vec::new();
    for round in rounds {
        let options = AgreementOptions {
            round: Some(round),
            ..options.clone()
        };
        let group = Group::read(version, &options, objects, view)?;
        all.push((round.to_string(), group.without_repeats()));
    }
    Ok(all)
}

/// The labels of a version by name.
fn label_ids(state: &dyn State) -> Result<BTreeMap<String, LabelId>, Failure> {
    let mut labels = BTreeMap::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Label),
        |key, record: LabelRecord| {
            if let Ok(KeyParts::Label(id)) = key.parts() {
                labels.insert(record.name, id);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(labels)
}
