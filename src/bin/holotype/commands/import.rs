//! `import`: reads annotations, finds what changed, records only that.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use holotype::event::{Context, Tool};
use holotype::id::Code;
use holotype::import::coco::{BoxChoice, CocoError, VoteChoice};
use holotype::import::csv::{CsvError, CsvOrder, CsvProblem};
use holotype::import::engine::{
    Completeness, GeometryChoice, ImportError, ImportOptions, ImportOutcome, KnownSizes, PersonChoice,
    Source, import,
};
use holotype::import::format::Format;
use holotype::import::load::{LoadError, LoadOptions, find_sources, load};
use holotype::import::report::{Entries, Entry};
use holotype::import::yolo::{YoloError, YoloProblem};
use holotype::model::{AnnotatorKind, Method};
use holotype::repo::{Committed, Repo, Transaction};
use serde_json::{Value, json};

use crate::app::{App, plural, report_commit};
use crate::failure::{Failure, chain};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BoxArg {
    Auto,
    Xywh,
    Xyxy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum VoteArg {
    Ratings,
    Ignore,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GeometryArg {
    Keep,
    Take,
}

/// Reads annotations, finds what changed against the present state, records only that
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Annotation files, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The format: auto, or coco, voc, sliderunner, geojson, csv, asap, imagescope, labelstudio, cvat, yolo, exact, dicom, parquet, scheme
    #[arg(long, value_name = "F", default_value = "auto")]
    format: String,
    /// The image that the file is about
    #[arg(long, value_name = "NAME")]
    image: Option<String>,
    /// Another name of an image: as the file writes it, as it is here
    #[arg(long, value_name = "OLD=NEW")]
    map_image: Vec<String>,
    /// Who drew what the file gives nobody for, such as "Dr. A=human" or "net=model:model-7"
    #[arg(long, value_name = "NAME=KIND[:CODE]")]
    annotator: Option<String>,
    /// How somebody in the file is to be taken: human, model or procedure
    #[arg(long, value_name = "NAME=KIND[:CODE]")]
    map_annotator: Vec<String>,
    /// The pass over the material, from 1
    #[arg(long, value_name = "R")]
    round: Option<u32>,
    /// The ratings of others were hidden
    #[arg(long)]
    blinded: bool,
    /// How the annotations came about
    #[arg(long, value_name = "M")]
    method: Option<String>,
    /// The program in which they were made, such as "QuPath 0.5.1"
    #[arg(long, value_name = "T")]
    tool: Option<String>,
    /// The chain of files within which the ids of this one mean the same
    #[arg(long, value_name = "LINEAGE")]
    source: Option<String>,
    /// Another name of a label: as the file writes it, as it is here
    #[arg(long, value_name = "OLD=NEW")]
    map_label: Vec<String>,
    /// How far something may have moved and still be the same (px; not used by the present formats)
    #[arg(long, value_name = "R")]
    match_radius: Option<f64>,
    /// How four numbers are a box
    #[arg(long, value_name = "HOW", default_value = "auto")]
    box_format: BoxArg,
    /// What the columns of a list without header are: x,y or y,x or x,y,width,height or x1,y1,x2,y2 with image, label,
    /// id, annotator and names of attributes in any place; - passes a column over
    #[arg(long, value_name = "COLUMNS")]
    csv_order: Option<String>,
    /// The size in px of images whose size is not known, where places are parts of it (YOLO)
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    image_size: Option<String>,
    /// What lists of votes become
    #[arg(long, value_name = "WHAT", default_value = "ratings")]
    votes: VoteArg,
    /// Whether a box around a known point replaces it
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    geometry: GeometryArg,
    /// What the file does not mention, on the images that it names, is withdrawn
    #[arg(long)]
    complete: bool,
    /// Commit at once, without the draft
    #[arg(long, value_name = "MESSAGE")]
    commit: Option<String>,
    /// Only tell what would be recorded
    #[arg(long)]
    dry_run: bool,
}

/// What several files add up to.
#[derive(Default)]
struct Total {
    outcome: ImportOutcome,
    formats: Vec<Format>,
    files: u64,
}

pub(crate) fn run(app: &mut App, args: &ImportArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let repo = if args.dry_run { repo.rehearsal() } else { repo };
    let context = context(app, &repo, args)?;
    let options = options(args)?;
    let reading = reading(args)?;
    let paths: Vec<PathBuf> = args.paths.iter().map(|path| app.user_path(path)).collect();
    let build = |transaction: &mut Transaction<'_>| {
        read_all(&repo, transaction, &context, &paths, &reading, &options)
    };
    if args.dry_run {
        let version = repo.draft_version()?;
        let mut transaction = Transaction::rehearsal(repo.store(), &version);
        let total = build(&mut transaction)?;
        let events = transaction.events();
        return report(app, &repo, &total, events, None);
    }
    let Some(message) = &args.commit else {
        let (total, events) = repo.try_draft_with(build)?;
        return report(app, &repo, &total, events, None);
    };
    let sealing = app.sealing(&repo, message)?;
    let (total, committed) = repo.try_commit_with(&sealing, |transaction, _| build(transaction))?;
    let events = committed
        .as_ref()
        .map_or(0, |committed| committed.commit.events());
    report(app, &repo, &total, events, committed.as_ref())
}

fn read_all(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    paths: &[PathBuf],
    reading: &LoadOptions,
    options: &ImportOptions,
) -> Result<Total, Failure> {
    let mut total = Total::default();
    for path in paths {
        for found in find_sources(path, reading)? {
            let loaded = if found.format.needs_sizes() {
                let known = KnownSizes::read(&*transaction, options)?;
                let reading = LoadOptions {
                    known,
                    ..reading.clone()
                };
                load(&found, &reading)?
            } else {
                load(&found, reading)?
            };
            let format = loaded.format;
            let source = Source {
                file: &loaded.file,
                format: loaded.format.as_str(),
                digest: loaded.digest,
                document: loaded.document,
            };
            let outcome = import(repo, transaction, context, source, options)?;
            if !total.formats.contains(&format) {
                total.formats.push(format);
            }
            total.files += 1;
            total.outcome.add(outcome);
        }
    }
    Ok(total)
}

fn context(app: &App, repo: &Repo, args: &ImportArgs) -> Result<Context, Failure> {
    let method = match args.method.as_deref() {
        Some(word) => Method::parse(word)
            .map_err(|error| Failure::usage(error.to_string(), "see holotype import --help"))?,
        None => Method::Imported,
    };
    if args.round == Some(0) {
        return Err(Failure::usage("rounds are counted from 1", "give --round 1"));
    }
    Ok(Context {
        method: Some(method),
        round: args.round,
        blinded: args.blinded.then_some(true),
        tool: args.tool.as_deref().map(parse_tool),
        ..app.context(repo)?
    })
}

/// Splits `QuPath 0.5.1` into name and version.
pub(crate) fn parse_tool(text: &str) -> Tool {
    match text.rsplit_once(' ') {
        Some((name, version))
            if version.starts_with(|first: char| first.is_ascii_digit() || first == 'v') =>
        {
            Tool {
                name: name.to_owned(),
                version: Some(version.to_owned()),
            }
        }
        _ => Tool {
            name: text.to_owned(),
            version: None,
        },
    }
}

fn reading(args: &ImportArgs) -> Result<LoadOptions, Failure> {
    let format = match args.format.as_str() {
        "auto" => None,
        word => Some(Format::parse(word).ok_or_else(|| {
            Failure::usage(
                format!("'{word}' is no format that is read"),
                format!("formats are auto, {}", Format::words(", ")),
            )
        })?),
    };
    Ok(LoadOptions {
        format,
        box_format: match args.box_format {
            BoxArg::Auto => BoxChoice::Auto,
            BoxArg::Xywh => BoxChoice::Xywh,
            BoxArg::Xyxy => BoxChoice::Xyxy,
        },
        votes: match args.votes {
            VoteArg::Ratings => VoteChoice::Ratings,
            VoteArg::Ignore => VoteChoice::Ignore,
        },
        csv_order: args.csv_order.as_deref().map(csv_order).transpose()?,
        image_size: args.image_size.as_deref().map(image_size).transpose()?,
        known: KnownSizes::default(),
    })
}

/// Reads `640x480`.
fn image_size(text: &str) -> Result<[f64; 2], Failure> {
    let px = |text: &str| text.parse::<u32>().ok().filter(|px| *px > 0).map(f64::from);
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some([px(width)?, px(height)?]))
        .ok_or_else(|| {
            Failure::usage(
                format!("--image-size '{text}' is no width and height in pixels"),
                "--image-size 640x480",
            )
        })
}

fn csv_order(text: &str) -> Result<CsvOrder, Failure> {
    CsvOrder::parse(text).map_err(|problem| {
        Failure::usage(
            format!("--csv-order '{text}': {}", chain(&problem)),
            "name all columns in order, such as --csv-order image,x,y,label",
        )
    })
}

fn options(args: &ImportArgs) -> Result<ImportOptions, Failure> {
    let mut map_annotator = BTreeMap::new();
    for text in &args.map_annotator {
        let (name, choice) = person(text, "--map-annotator")?;
        map_annotator.insert(name, choice);
    }
    Ok(ImportOptions {
        image: args.image.clone(),
        map_image: pairs(&args.map_image, "--map-image")?,
        map_annotator,
        annotator: args
            .annotator
            .as_deref()
            .map(|text| person(text, "--annotator"))
            .transpose()?,
        map_label: pairs(&args.map_label, "--map-label")?,
        lineage: args.source.clone(),
        geometry: match args.geometry {
            GeometryArg::Keep => GeometryChoice::Keep,
            GeometryArg::Take => GeometryChoice::Take,
        },
        completeness: if args.complete {
            Completeness::Complete
        } else {
            Completeness::Partial
        },
    })
}

fn pairs(texts: &[String], flag: &str) -> Result<BTreeMap<String, String>, Failure> {
    texts
        .iter()
        .map(|text| match text.split_once('=') {
            Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok((old.to_owned(), new.to_owned())),
            _ => Err(Failure::usage(
                format!("{flag} '{text}' has no = between two names"),
                format!("{flag} OLD=NEW"),
            )),
        })
        .collect()
}

/// Reads `NAME=KIND[:CODE]`; without a kind the person is human.
pub(crate) fn person(text: &str, flag: &str) -> Result<(String, PersonChoice), Failure> {
    let bad = |why: String| {
        Failure::usage(
            format!("{flag} '{text}': {why}"),
            format!("{flag} \"NAME=human|model|procedure[:CODE]\""),
        )
    };
    let (name, rest) = text.rsplit_once('=').unwrap_or((text, "human"));
    let (kind, code) = match rest.split_once(':') {
        Some((kind, code)) => (kind, Some(code)),
        None => (rest, None),
    };
    if name.trim().is_empty() {
        return Err(bad("the name is empty".to_owned()));
    }
    let kind = AnnotatorKind::parse(kind).map_err(|error| bad(error.to_string()))?;
    let code = code
        .map(Code::parse)
        .transpose()
        .map_err(|error| bad(error.to_string()))?;
    Ok((name.to_owned(), PersonChoice { kind, code }))
}

fn report(
    app: &mut App,
    repo: &Repo,
    total: &Total,
    events: u64,
    committed: Option<&Committed>,
) -> Result<u8, Failure> {
    let format = match total.formats.as_slice() {
        [format] => format.as_str(),
        _ => "mixed",
    };
    print(app, total, format, events)?;
    let members = members(total, format, events);
    match committed {
        Some(committed) => report_commit(app, repo, "holotype/import/1", committed, members)?,
        None => app.out.object("holotype/import/1", &members)?,
    }
    Ok(0)
}

fn members(total: &Total, format: &str, events: u64) -> Value {
    let outcome = &total.outcome;
    let list = |entries: &Entries| -> Vec<Value> {
        let object =
            |Entry { code, count, message }| json!({"code": code, "count": count, "message": message});
        entries.iter().map(object).collect()
    };
    json!({
        "format": format,
        "files": total.files,
        "events": events,
        "matched": outcome.matched,
        "created": outcome.created,
        "modified": outcome.modified,
        "withdrawn": outcome.withdrawn,
        "rekeyed": outcome.rekeyed,
        "ratings_added": outcome.ratings_added,
        "lineage": outcome.lineage,
        "box_format": outcome.box_format.as_ref().map(|decision| decision.format.as_str()),
        "box_format_evidence": outcome.box_format.as_ref().map(|decision| decision.evidence.clone()),
        "losses": list(&outcome.report.losses),
        "warnings": list(&outcome.report.warnings),
    })
}

fn print(app: &mut App, total: &Total, format: &str, events: u64) -> Result<(), Failure> {
    let outcome = &total.outcome;
    app.out.line(format!(
        "read {} file{} ({format}): {} created, {} matched, {} modified, {} withdrawn, {} re-keyed, {} ratings added: {events} event{}",
        total.files,
        plural(total.files),
        outcome.created,
        outcome.matched,
        outcome.modified,
        outcome.withdrawn,
        outcome.rekeyed,
        outcome.ratings_added,
        plural(events)
    ))?;
    if let Some(decision) = &outcome.box_format {
        app.out.line(format!(
            "boxes read as {}: {}",
            decision.format.as_str(),
            decision.evidence
        ))?;
    }
    let nothing_lost = outcome.report.losses.is_empty();
    app.out.line(if nothing_lost {
        "loss report: everything was taken over"
    } else {
        "loss report:"
    })?;
    for (heading, entries) in [
        ("lost", &outcome.report.losses),
        ("look", &outcome.report.warnings),
    ] {
        for Entry { code, count, message } in entries.iter() {
            app.out.line(format!(
                "  {heading}  {count} × {code}: {}",
                crate::output::one_line(&message)
            ))?;
        }
    }
    Ok(())
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let line = chain(&error);
        match error {
            LoadError::Files(error) => error.into(),
            LoadError::Unknown { .. } => Self::refused(
                line,
                "name it with --format F; holotype import --help lists the formats; nothing was changed",
            ),
            LoadError::Unclear { fits, .. } => {
                let words: Vec<&str> = fits.iter().map(|fit| fit.format.as_str()).collect();
                Self::refused(
                    line,
                    format!("say which with --format {}; nothing was changed", words.join("|")),
                )
            }
            LoadError::EmptyFolder { .. } => Self::refused(line, "give the annotation files themselves"),
            LoadError::Coco(CocoError::BoxFormatUnclear { .. }) => Self::refused(
                line,
                "say how four numbers are a box: --box-format xywh or --box-format xyxy",
            ),
            LoadError::Facts { .. } => Self::refused(
                line,
                "holotype metadata joins it to images; columns that are coordinates are named with --csv-order",
            ),
            LoadError::Csv(CsvError { problem, .. }) => Self::refused(line, csv_hint(&problem)),
            LoadError::Yolo(YoloError { problem, .. }) => Self::refused(line, yolo_hint(&problem)),
            LoadError::Coco(_)
            | LoadError::Voc(_)
            | LoadError::SlideRunner(_)
            | LoadError::GeoJson(_)
            | LoadError::Asap(_)
            | LoadError::ImageScope(_)
            | LoadError::LabelStudio(_)
            | LoadError::Cvat(_)
            | LoadError::Exact(_)
            | LoadError::Dicom(_)
            | LoadError::Parquet(_)
            | LoadError::Scheme(_) => Self::refused(
                line,
                "nothing was changed; correct the file, or export it again from its tool",
            ),
        }
    }
}

/// What to do about a list that is not read.
fn csv_hint(problem: &CsvProblem) -> &'static str {
    match problem {
        CsvProblem::NoHeader { .. } => {
            "say what the columns are, such as --csv-order x,y or --csv-order y,x; nothing was changed"
        }
        CsvProblem::NoPlace { .. } => {
            "holotype metadata joins it to images; columns that are coordinates are named with --csv-order"
        }
        CsvProblem::Unclear { .. } | CsvProblem::OrderLength { .. } => {
            "name all columns in order with --csv-order, a - for each that is to be passed over; nothing was changed"
        }
        CsvProblem::Micrometres { .. } => "export the coordinates in pixels; nothing was changed",
        CsvProblem::MixedDecimals { .. } => {
            "write all numbers with one decimal sign and without thousands separators"
        }
        CsvProblem::TooLarge { .. } | CsvProblem::TooManyRows { .. } => {
            "split the file by images; nothing was changed"
        }
        CsvProblem::IdTwice { .. } => {
            "give each annotation an id of its own, or leave the column out with --csv-order"
        }
        CsvProblem::Table(_) | CsvProblem::OutOfRange { .. } => {
            "nothing was changed; correct the file, or export it again from its tool"
        }
    }
}

/// What to do about a YOLO dataset that is not read.
fn yolo_hint(problem: &YoloProblem) -> &'static str {
    match problem {
        YoloProblem::SizeUnknown { .. } => {
            "bring the images in first with holotype add, give --image-size WIDTHxHEIGHT, or put the images beside the labels"
        }
        YoloProblem::NoClasses => {
            "put a classes.txt with one name a line beside the labels, or import the whole folder"
        }
        YoloProblem::ClassesDiffer { .. } => "keep the one that the labels were written with",
        YoloProblem::Yaml { .. } => {
            "write the list as names: [a, b], or as a classes.txt with one name a line"
        }
        YoloProblem::Keypoints { .. } => "export boxes or outlines; nothing was changed",
        YoloProblem::NotText { .. }
        | YoloProblem::TooManyClasses { .. }
        | YoloProblem::TooManyLines { .. }
        | YoloProblem::NotLabels { .. }
        | YoloProblem::OutOfRange { .. } => {
            "nothing was changed; correct the file, or export it again from its tool"
        }
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        let line = chain(&error);
        match error {
            ImportError::Repo(error) => error.into(),
            ImportError::LineageUnclear { lineage, .. } => Self::refused(
                line,
                format!(
                    "say which chain of files it belongs to: --source {lineage}, or --source with a new name"
                ),
            ),
            ImportError::ImageUnclear { name, .. } => Self::refused(
                line,
                format!("say which with --map-image '{name}=NAME'; see holotype list images"),
            ),
            ImportError::NotOneImage { .. } => {
                Self::refused(line, "use --map-image OLD=NEW for each of them")
            }
        }
    }
}
