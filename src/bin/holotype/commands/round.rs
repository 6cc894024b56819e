//! `round`: work packages without anybody's label, and what came back of them.

mod close;
mod show;
mod sliderunner;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use holotype::event::{State, read, scan_records};
use holotype::files::output::StagedFolder;
use holotype::id::ImagePrefix;
use holotype::model::{DatasetRecord, EntityKind, Facts, Key, KeyParts, RatingRecord};
use holotype::quality::rounds::{
    Item, PackageFile, PackageForm, Round, contents, draw, geojson_package, package_digest, rounds_of,
};
use holotype::repo::{Repo, Version};
use serde_json::json;

use crate::app::{App, plural};
use crate::commands::dataset_facts;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::rows::{RowContext, image_row};

/// Hands out annotations to be labelled again, blinded or not, and takes the answers
#[derive(Debug, Args)]
pub(crate) struct RoundArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Open(OpenArgs),
    Close(close::CloseArgs),
    List(show::ListArgs),
}

/// The form of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormArg {
    /// GeoJSON for QuPath, one file an image
    Geojson,
    /// One database for SlideRunner
    Sliderunner,
}

impl FormArg {
    fn form(self) -> PackageForm {
        match self {
            Self::Geojson => PackageForm::GeoJson,
            Self::Sliderunner => PackageForm::SlideRunner,
        }
    }
}

/// Writes a work package for one annotator: GeoJSON for QuPath, or a database for SlideRunner
#[derive(Debug, Args)]
struct OpenArgs {
    /// Who labels: a code or a name
    #[arg(long, value_name = "A")]
    annotator: String,
    /// The images whose annotations are drawn, as a CEL expression; all where none is given
    #[arg(long, value_name = "EXPR")]
    images: Option<String>,
    /// Hand out places alone; without it, the agreed labels stand in the package, too
    #[arg(long)]
    blinded: bool,
    /// Draw so many annotations; all where none is given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// The seed of the draw; the same one draws the same annotations for ever
    #[arg(long, value_name = "S")]
    seed: u64,
    /// The number of the round; one more than the highest where none is given. Of a round that is open the same
    /// package is made again
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    round: Option<u32>,
    /// The form of the package
    #[arg(long, value_name = "FORM", default_value = "geojson")]
    format: FormArg,
    /// The package: a new or empty folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(app: &mut App, args: &RoundArgs) -> Result<u8, Failure> {
    match &args.action {
        Action::Open(args) => open(app, args),
        Action::Close(args) => close::run(app, args),
        Action::List(args) => show::run(app, args),
    }
}

/// The facts of the dataset.
fn facts(state: &dyn State) -> Result<Facts, Failure> {
    let dataset: Option<DatasetRecord> = read(state, &Key::dataset())?;
    Ok(dataset.unwrap_or_default().facts)
}

/// The images of a version for which an expression is true; all without one.
fn images(version: &Version, expression: Option<&str>) -> Result<BTreeSet<ImagePrefix>, Failure> {
    let context = RowContext::new(version)?;
    let filter = expression.map(Filter::parse).transpose()?;
    let mut chosen = BTreeSet::new();
    for image in context.images(&[])? {
        let is_chosen = match &filter {
            Some(filter) => filter.accepts(&image_row(image.id, &image.record), &context)?,
            None => true,
        };
        if is_chosen {
            chosen.insert(image.id.prefix());
        }
    }
    Ok(chosen)
}

/// The objects of a round, drawn from the version that it says.
fn items(version: &Version, round: &Round) -> Result<Vec<Item>, Failure> {
    let images = images(version, round.images.as_deref())?;
    let number = round.number.to_string();
    let names = [round.annotator.as_str(), number.as_str()];
    Ok(draw(version, &images, names, round.seed, round.sample)?)
}

/// The files of a package.
fn package(version: &Version, round: &Round, items: &[Item]) -> Result<Vec<PackageFile>, Failure> {
    let contents = contents(version, round, items)?;
    match round.form {
        PackageForm::GeoJson => Ok(geojson_package(round, &contents)),
        PackageForm::SlideRunner => sliderunner::package(round, &contents),
    }
}

/// One more than the highest number that a rating or a round has.
fn next_number(state: &dyn State, rounds: &[Round]) -> Result<u32, Failure> {
    let mut highest = rounds.iter().map(|round| round.number).max().unwrap_or(0);
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Rating),
        |key, _: RatingRecord| {
            if let Ok(KeyParts::Rating(rating)) = key.parts() {
                highest = highest.max(rating.round);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(highest.saturating_add(1))
}

fn open(app: &mut App, args: &OpenArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let context = app.context(&repo)?;
    let Asked { round, is_recorded } = asked(app, &repo, args)?;
    let version = repo.resolve_version(&round.base)?;
    let drawn = items(&version, &round)?;
    if drawn.is_empty() {
        return Err(Failure::refused(
            "there is no annotation to be labelled on these images",
            "choose others with --images, such as --images 'scanner == \"CS2\"'",
        ));
    }
    let mut round = Round {
        objects: u64::try_from(drawn.len()).unwrap_or(u64::MAX),
        ..round
    };
    let files = package(&version, &round, &drawn)?;
    let digest = package_digest(&files).to_string();
    if is_recorded && digest != round.package {
        return Err(Failure::refused(
            format!("the package of {} cannot be made again as it was", round.name()),
            "another version of the program may have written it; leave --round out for another round",
        ));
    }
    round.package = digest;
    let path = app.user_path(&args.out);
    let mut folder = StagedFolder::create(&path)?;
    for file in &files {
        folder.write_file(&file.name, &file.bytes)?;
    }
    // Recorded first: of a package that nobody recorded no answer would be taken. One that is lost in between is made
    // again from what was recorded.
    let events = if is_recorded {
        0
    } else {
        dataset_facts::draft(&repo, &context, round.opening_facts())?
    };
    folder.publish()?;
    app.out.object(
        "holotype/round/1",
        &json!({
            "action": "open",
            "round": show::members(&round),
            "path": path,
            "files": files.iter().map(|file| &file.name).collect::<Vec<_>>(),
            "events": events,
        }),
    )?;
    app.out.line(format!(
        "{}: {} object{} in {} files in {}{}",
        round.name(),
        round.objects,
        plural(round.objects),
        files.len(),
        path.display(),
        if round.is_blinded {
            ", without a label"
        } else {
            ", with the agreed labels"
        }
    ))?;
    app.out.line(format!(
        "recorded {events} event{}; seal it with holotype commit, and take the answers with holotype round close",
        plural(events)
    ))?;
    Ok(0)
}

/// The round that is asked for.
struct Asked {
    round: Round,
    /// It was recorded already, and only its package is wanted.
    is_recorded: bool,
}

/// The round that is asked for, before anything is drawn.
fn asked(app: &App, repo: &Repo, args: &OpenArgs) -> Result<Asked, Failure> {
    let Some(base) = repo.head()? else {
        return Err(Failure::refused(
            "nothing is committed yet, so that no version can be sampled",
            "holotype commit -m MESSAGE",
        ));
    };
    let state = app.version(repo, Some("DRAFT"))?;
    let known = rounds_of(&facts(&state)?);
    let Some(annotator) = repo.find_annotator(&state, &args.annotator)? else {
        return Err(Failure::refused(
            format!("there is no annotator '{}'", args.annotator),
            "see holotype list annotators",
        ));
    };
    let number = match args.round {
        Some(number) => number,
        None => next_number(&state, &known)?,
    };
    let round = Round {
        annotator,
        number,
        is_blinded: args.blinded,
        base: base.to_string(),
        images: args.images.clone(),
        seed: args.seed,
        sample: args.sample,
        objects: 0,
        form: args.format.form(),
        package: String::new(),
        closing: None,
    };
    let is_taken = |one: &Round| one.annotator == round.annotator && one.number == round.number;
    let Some(there) = known.into_iter().find(is_taken) else {
        return Ok(Asked {
            round,
            is_recorded: false,
        });
    };
    let wanted = Round {
        base: there.base.clone(),
        objects: there.objects,
        package: there.package.clone(),
        ..round
    };
    if wanted != there {
        return Err(Failure::refused(
            format!("{} is there already, and it is another one", there.name()),
            "leave --round out, or see holotype round list",
        ));
    }
    Ok(Asked {
        round: there,
        is_recorded: true,
    })
}
