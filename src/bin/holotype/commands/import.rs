//! `import`: reads annotations, finds what changed, records only that.

mod interactive;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use holotype::event::{Context, State, Tool};
use holotype::id::Code;
use holotype::import::coco::{BoxChoice, CocoError, VoteChoice};
use holotype::import::csv::{CsvError, CsvOrder, CsvProblem};
use holotype::import::engine::image_map::ImageMap;
use holotype::import::engine::matching::Radius;
use holotype::import::engine::survey::survey;
use holotype::import::engine::{
    Completeness, GeometryChoice, ImportError, ImportOptions, ImportOutcome, KnownSizes, PersonChoice, Run,
    Source, import_next,
};
use holotype::import::format::Format;
use holotype::import::load::{FoundSource, LoadError, LoadOptions, Loaded, find_sources, load};
use holotype::import::progress::Unwatched;
use holotype::import::yolo::{YoloError, YoloProblem};
use holotype::model::{AnnotatorKind, Method};
use holotype::quality::gate::personal_that_is_new;
use holotype::repo::{Repo, Transaction};

use crate::app::App;
use crate::commands::personal::{self, Privacy};
use crate::failure::{Failure, chain};
use crate::progress::ImportBar;

use interactive::Dialogue;
use report::Told;

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
#[derive(Debug, Clone, Args)]
pub(crate) struct ImportArgs {
    /// Annotation files, or folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The format: auto, or coco, voc, sliderunner, geojson, csv, asap, imagescope, labelstudio, cvat, yolo, exact, dicom, parquet, scheme, holotype (what an export leaves beside GeoJSON)
    #[arg(long, value_name = "F", default_value = "auto")]
    format: String,
    /// The image that the file is about
    #[arg(long, value_name = "NAME")]
    image: Option<String>,
    /// Another name of an image: as the file writes it, as it is here; {} on both sides stands for any text, as in
    /// '{}.svs={}.ndpi'
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
    /// How far something may have moved and still be the same: 12, 12px or 3um; 0 for not at all [default: half of the
    /// median smaller side of what the file draws, 25px where it draws points]
    #[arg(long, value_name = "R")]
    match_radius: Option<String>,
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
    /// What the file does not mention, on the images that it names, is withdrawn; with --annotator only what nobody else
    /// rated
    #[arg(long)]
    complete: bool,
    /// Refuse, where names or facts that would be recorded look like personal data; else that is told
    #[arg(long)]
    strict_privacy: bool,
    /// Commit at once, without the draft
    #[arg(long, value_name = "MESSAGE")]
    commit: Option<String>,
    /// Only tell what would be recorded
    #[arg(long)]
    dry_run: bool,
    /// Ask about images, labels and people that are not known, and print the command line that needs no answers
    #[arg(long)]
    interactive: bool,
    /// The answers to --interactive, a line each; - is standard input
    #[arg(long, value_name = "FILE", requires = "interactive")]
    answers: Option<PathBuf>,
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
    let reading = reading(args)?;
    let paths: Vec<PathBuf> = args.paths.iter().map(|path| app.user_path(path)).collect();
    let sources = paths
        .iter()
        .map(|path| find_sources(path, &reading))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let asked = asked(app, &repo, args, &sources, &reading)?;
    let args = &asked;
    let context = context(app, &repo, args)?;
    let options = options(args)?;
    let bar = ImportBar::new(&app.out, &sources);
    let privacy = Privacy::of(args.strict_privacy);
    let version = repo.draft_version()?;
    let out: &App = app;
    let build = |transaction: &mut Transaction<'_>| -> Result<Total, Failure> {
        let total = read_all(&repo, transaction, &context, &sources, (&reading, &bar), &options)?;
        // What adds no event adds no name.
        if transaction.events() > 0 {
            personal::tell(out, &personal_that_is_new(&version, &*transaction)?, privacy)?;
        }
        Ok(total)
    };
    if args.dry_run {
        let mut transaction = Transaction::rehearsal(repo.store(), &version);
        let total = build(&mut transaction)?;
        let events = transaction.events();
        return report::report(app, &repo, &total, events, &Told::of(args, None));
    }
    let Some(message) = &args.commit else {
        let (total, events) = repo.try_draft_with(build)?;
        return report::report(app, &repo, &total, events, &Told::of(args, None));
    };
    let sealing = app.sealing(&repo, message)?;
    let (total, committed) = repo.try_commit_with(&sealing, |transaction, _| build(transaction))?;
    let events = committed
        .as_ref()
        .map_or(0, |committed| committed.commit.events());
    report::report(app, &repo, &total, events, &Told::of(args, committed.as_ref()))
}

/// The arguments, with what was asked and answered.
fn asked(
    app: &App,
    repo: &Repo,
    args: &ImportArgs,
    sources: &[FoundSource],
    reading: &LoadOptions,
) -> Result<ImportArgs, Failure> {
    let mut asked = args.clone();
    if !args.interactive {
        return Ok(asked);
    }
    let answers = args.answers.as_ref().map(|path| match path.to_str() {
        Some("-") => path.clone(),
        _ => app.user_path(path),
    });
    let mut dialogue = Dialogue::begin(answers)?;
    let options = options(args)?;
    let version = repo.draft_version()?;
    let transaction = Transaction::rehearsal(repo.store(), &version);
    let (mut surveys, mut run) = (Vec::new(), Run::default());
    for found in sources {
        let loaded = load(found, reading, &Unwatched)?;
        let place = (loaded.file.as_str(), found.place.folder());
        let says = (&loaded.document, loaded.in_file.as_ref());
        surveys.push(survey(repo, &transaction, &mut run, place, says, &options)?);
    }
    dialogue.about(&interactive::joined(surveys), &mut asked)?;
    app.out
        .note(format!("the same without questions: {}", dialogue.command_line()));
    Ok(asked)
}

fn read_all(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    sources: &[FoundSource],
    (reading, progress): (&LoadOptions, &ImportBar),
    options: &ImportOptions,
) -> Result<Total, Failure> {
    let (mut total, mut run) = (Total::default(), Run::default());
    for found in sources {
        let loaded = load_with_sizes(found, (&*transaction, &mut run), (reading, progress), options)?;
        let format = loaded.format;
        let source = Source {
            file: &loaded.file,
            format: format.as_str(),
            digest: loaded.digest,
            document: loaded.document,
            in_file: loaded.in_file,
            folder: found.place.folder().map(Path::to_owned),
            progress,
        };
        let outcome = import_next(repo, transaction, &mut run, context, source, options)?;
        // What an export left beside files of a format is none of its own.
        if format != Format::Carrier && !total.formats.contains(&format) {
            total.formats.push(format);
        }
        total.files += 1;
        total.outcome.add(outcome);
        progress.end_file();
    }
    Ok(total)
}

/// Reads a source, with the sizes of known images where its format needs them.
fn load_with_sizes(
    found: &FoundSource,
    (state, run): (&dyn State, &mut Run),
    (reading, progress): (&LoadOptions, &ImportBar),
    options: &ImportOptions,
) -> Result<Loaded, Failure> {
    if !found.format.needs_sizes() {
        return Ok(load(found, reading, progress)?);
    }
    let reading = LoadOptions {
        known: run.known_sizes(state, options)?,
        ..reading.clone()
    };
    Ok(load(found, &reading, progress)?)
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
        map_image: image_map(&args.map_image)?,
        map_annotator,
        annotator: args
            .annotator
            .as_deref()
            .map(|text| person(text, "--annotator"))
            .transpose()?,
        map_label: pairs(&args.map_label, "--map-label")?.into_iter().collect(),
        lineage: args.source.clone(),
        radius: args.match_radius.as_deref().map(radius).transpose()?,
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

fn radius(text: &str) -> Result<Radius, Failure> {
    Radius::parse(text).ok_or_else(|| {
        Failure::usage(
            format!("--match-radius '{text}' is no length"),
            "--match-radius 12px, --match-radius 3um, or --match-radius 0 for not at all",
        )
    })
}

fn image_map(texts: &[String]) -> Result<ImageMap, Failure> {
    let mut map = ImageMap::default();
    for (old, new) in pairs(texts, "--map-image")? {
        map.insert(&old, &new).map_err(|error| {
            Failure::usage(
                format!("--map-image '{old}={new}': {error}"),
                "--map-image OLD=NEW, or a pattern such as --map-image '{}.svs={}.ndpi'",
            )
        })?;
    }
    Ok(map)
}

fn pairs(texts: &[String], flag: &str) -> Result<Vec<(String, String)>, Failure> {
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
            LoadError::Coco(CocoError::Files(error)) => error.into(),
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
            | LoadError::Scheme(_)
            | LoadError::Carrier(_) => Self::refused(
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
            ImportError::File(error) => LoadError::Coco(error).into(),
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
            ImportError::NoResolution { image, .. } => Self::refused(
                line,
                format!(
                    "give the radius in px, or the resolution: holotype set image '{image}' um_per_px_x=… um_per_px_y=…"
                ),
            ),
            ImportError::NotOneImage { .. } => {
                Self::refused(line, "use --map-image OLD=NEW for each of them")
            }
        }
    }
}
