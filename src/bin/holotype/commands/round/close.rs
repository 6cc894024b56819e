//! `round close`: the answers are recorded as ratings of the round, and blinding is checked from the log.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use holotype::event::{Command, Context, EntityRef, State, scan_records};
use holotype::files::folder::Folder;
use holotype::files::input::read_file;
use holotype::id::{AnnotationId, Digest, LabelId, hash_parts};
use holotype::import::sliderunner::looks_like_sliderunner;
use holotype::model::{Key, KeyParts, RatingRecord};
use holotype::quality::noise::Agreed;
use holotype::quality::rounds::{
    Answer, Closing, Item, ItemId, Round, package_digest, read_answers, rounds_of,
};
use holotype::repo::{Repo, RepoError, Version};
use serde_json::{Value, json};

use super::{package, show, sliderunner};
use crate::app::{App, plural};
use crate::commands::record::find_label;
use crate::failure::Failure;

/// No more is read of one file.
const FILE_LIMIT: u64 = 1 << 30;

/// Takes the answers of a round: GeoJSON files or a SlideRunner database, or the folder that holds them
#[derive(Debug, Args)]
pub(super) struct CloseArgs {
    /// The files or folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What came back.
struct Answers {
    all: Vec<Answer>,
    digest: Digest,
}

/// A round that is open, with what was handed out.
struct Open {
    round: Round,
    base: Version,
    items: Vec<Item>,
}

/// Whether nobody's label was to be seen, as far as the log can tell.
struct Blinding {
    proved: Vec<String>,
    refuted: Vec<String>,
}

/// What no log can tell.
const NOT_PROVABLE: &str = "whether the annotator saw labels elsewhere, such as in a release or in an export that somebody passed on";

pub(super) fn run(app: &mut App, args: &CloseArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let mut context = app.context(&repo)?;
    let state = app.version(&repo, Some("DRAFT"))?;
    let known = rounds_of(&super::facts(&state)?);
    let answers = read_all(app, &args.paths, &known)?;
    let open = find_round(&repo, &known, &answers)?;
    let blinding = blinding(&repo, &known, &open)?;
    let decided = decide(&state, &open, &answers)?;
    context.annotator = Some(open.round.annotator.clone());
    context.round = Some(open.round.number);
    context.source = Some(answers.digest);
    context.blinded = match (open.round.is_blinded, blinding.refuted.is_empty()) {
        (true, true) => Some(true),
        (true, false) => None,
        (false, _) => Some(false),
    };
    let closing = Closing {
        answers: answers.digest.to_string(),
        ..compare(&open, &decided)?
    };
    let events = record(&repo, &context, &open.round, &decided, &closing)?;
    let round = Round {
        closing: Some(closing),
        ..open.round
    };
    tell(app, &round, &decided, &blinding, events)
}

/// Reads every file; of a folder those that end as answers do.
fn read_all(app: &App, paths: &[PathBuf], known: &[Round]) -> Result<Answers, Failure> {
    let codes: BTreeSet<&str> = known.iter().map(|round| round.annotator.as_str()).collect();
    let mut files = Vec::new();
    for path in paths {
        let path = app.user_path(path);
        if !path.is_dir() {
            files.push(path);
            continue;
        }
        for entry in Folder::open(&path)?.list()? {
            let is_answer = [".geojson", ".json", ".sqlite"]
                .iter()
                .any(|end| entry.name.ends_with(end));
            if is_answer {
                files.push(path.join(&entry.name));
            }
        }
    }
    let (mut all, mut bytes_of_all) = (Vec::new(), Vec::new());
    for path in &files {
        let bytes = read_file(path, FILE_LIMIT)?;
        all.extend(if looks_like_sliderunner(path) {
            sliderunner::answers(path, &codes)?
        } else {
            read_answers(&bytes).map_err(|error| unreadable(path, &error))?
        });
        bytes_of_all.push(bytes);
    }
    if all.is_empty() {
        return Err(Failure::refused(
            "there is no object in what came back",
            "give the GeoJSON files that QuPath exported, the database of SlideRunner, or their folder",
        ));
    }
    let parts: Vec<&[u8]> = bytes_of_all.iter().map(Vec::as_slice).collect();
    Ok(Answers {
        all,
        digest: hash_parts("holotype/round-answers/1", &parts),
    })
}

pub(super) fn unreadable(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::refused(
        format!("{}: {}", path.display(), crate::failure::chain(error)),
        "nothing was recorded; export the objects from QuPath as GeoJSON, or give the database of SlideRunner",
    )
}

/// Finds the open round whose objects came back.
fn find_round(repo: &Repo, known: &[Round], answers: &Answers) -> Result<Open, Failure> {
    let mut closed = None;
    for round in known {
        let base = repo.resolve_version(&round.base)?;
        let items = super::items(&base, round)?;
        let is_of_round = |id: &ItemId| items.iter().any(|item| item.id == *id);
        if !answers
            .all
            .iter()
            .filter_map(|one| one.id.as_ref())
            .any(is_of_round)
        {
            continue;
        }
        if round.closing.is_some() {
            closed = Some(round.name());
            continue;
        }
        return Ok(Open {
            round: round.clone(),
            base,
            items,
        });
    }
    Err(match closed {
        Some(name) => Failure::refused(
            format!("{name} is closed already"),
            "open another round; ratings that were recorded can be seen with holotype list ratings",
        ),
        None => Failure::refused(
            "no object that came back belongs to an open round",
            "see holotype round list; objects keep their ids when QuPath exports them as GeoJSON, and in a database of SlideRunner",
        ),
    })
}

/// Checks from what was recorded that nobody's label was handed out.
fn blinding(repo: &Repo, known: &[Round], open: &Open) -> Result<Blinding, Failure> {
    let mut found = Blinding {
        proved: Vec::new(),
        refuted: Vec::new(),
    };
    if !open.round.is_blinded {
        found
            .refuted
            .push("the round was opened with the agreed labels in its package".to_owned());
        return Ok(found);
    }
    let files = package(&open.base, &open.round, &open.items)?;
    if package_digest(&files).to_string() == open.round.package {
        found.proved.push(
            "the package was made again from its commit, byte by byte, and holds places without labels"
                .to_owned(),
        );
    } else {
        found.refuted.push(
            "the package cannot be made again, so that what was handed out is not known: another version of the program \
             may have written it"
                .to_owned(),
        );
    }
    let handed_out =
        |items: &[Item]| -> BTreeSet<AnnotationId> { items.iter().map(|item| item.annotation).collect() };
    let own = handed_out(&open.items);
    let mut leaks = 0;
    for round in known {
        if round.annotator != open.round.annotator || round.is_blinded {
            continue;
        }
        let base = repo.resolve_version(&round.base)?;
        let shared = handed_out(&super::items(&base, round)?)
            .intersection(&own)
            .count();
        if shared > 0 {
            leaks += 1;
            found.refuted.push(format!(
                "{} handed out {shared} of these objects with their labels",
                round.name()
            ));
        }
    }
    if leaks == 0 {
        found.proved.push(format!(
            "no round handed out these objects to {} with labels",
            open.round.annotator
        ));
    }
    Ok(found)
}

/// What the answers come to.
#[derive(Default)]
struct Decided {
    /// Answers by annotation.
    labels: BTreeMap<AnnotationId, LabelId>,
    /// Handed out, and not answered.
    unanswered: u64,
    /// Came back and was not handed out.
    added: u64,
    /// Answered, and withdrawn meanwhile.
    withdrawn: u64,
    /// Answered, and labelled by the same annotator in an earlier round: they may remember what they said.
    rated_before: u64,
}

fn decide(state: &Version, open: &Open, answers: &Answers) -> Result<Decided, Failure> {
    let by_id: BTreeMap<ItemId, AnnotationId> =
        open.items.iter().map(|item| (item.id, item.annotation)).collect();
    let mut classes: BTreeMap<String, LabelId> = BTreeMap::new();
    let mut decided = Decided::default();
    for answer in &answers.all {
        let Some(annotation) = answer.id.and_then(|id| by_id.get(&id).copied()) else {
            decided.added += 1;
            continue;
        };
        let Some(class) = &answer.class else { continue };
        let label = match classes.get(class) {
            Some(label) => *label,
            None => {
                let label = find_label(state, class)?.ok_or_else(|| {
                    Failure::refused(
                        format!("there is no label '{class}'"),
                        "nothing was recorded; correct the class, or add the label with holotype record",
                    )
                })?;
                classes.insert(class.clone(), label);
                label
            }
        };
        if state.get(&Key::annotation(annotation))?.is_none() {
            decided.withdrawn += 1;
            continue;
        }
        if decided
            .labels
            .insert(annotation, label)
            .is_some_and(|other| other != label)
        {
            return Err(Failure::refused(
                format!("annotation {annotation} came back with two classes"),
                "nothing was recorded; give each file once",
            ));
        }
    }
    decided.rated_before = rated_before(state, open, &decided)?;
    let handed_out = u64::try_from(open.items.len()).unwrap_or(u64::MAX);
    let answered = u64::try_from(decided.labels.len()).unwrap_or(u64::MAX);
    decided.unanswered = handed_out - answered - decided.withdrawn;
    if answered == 0 {
        return Err(Failure::refused(
            "no object that came back has a class",
            "nothing was recorded; give each object one of the classes in the package's README",
        ));
    }
    Ok(decided)
}

fn rated_before(state: &Version, open: &Open, decided: &Decided) -> Result<u64, Failure> {
    let mut count = 0;
    for annotation in decided.labels.keys() {
        let mut is_known = false;
        scan_records(
            state,
            &Key::ratings_prefix(*annotation),
            |key, record: RatingRecord| {
                if let Ok(KeyParts::Rating(rating)) = key.parts() {
                    let is_earlier = rating.round < open.round.number && record.label.is_some();
                    is_known |= is_earlier && rating.annotator == open.round.annotator;
                }
                ControlFlow::Continue(())
            },
        )?;
        count += u64::from(is_known);
    }
    Ok(count)
}

/// Compares answers with the labels that were agreed when the round was opened.
fn compare(open: &Open, decided: &Decided) -> Result<Closing, Failure> {
    let agreed = Agreed::open(&open.base)?;
    let mut images: Vec<_> = decided.labels.keys().map(AnnotationId::image_prefix).collect();
    images.dedup();
    let (mut compared, mut differing) = (0, 0);
    for image in images {
        for (annotation, label) in agreed.on(&open.base, image)? {
            if let (Some(label), Some(answer)) = (label, decided.labels.get(&annotation)) {
                compared += 1;
                differing += u64::from(label != *answer);
            }
        }
    }
    Ok(Closing {
        answers: String::new(),
        answered: u64::try_from(decided.labels.len()).unwrap_or(u64::MAX),
        differing,
        compared,
    })
}

fn record(
    repo: &Repo,
    context: &Context,
    round: &Round,
    decided: &Decided,
    closing: &Closing,
) -> Result<u64, Failure> {
    let ((), events) = repo.draft_with(|transaction| -> Result<(), RepoError> {
        for (annotation, label) in &decided.labels {
            let command = Command::Rate {
                annotation: *annotation,
                label: Some(*label),
            };
            transaction.must(context, command)?;
        }
        let command = Command::SetFacts {
            entity: EntityRef::dataset(),
            changes: round.closing_facts(closing),
        };
        let of_dataset = Context {
            annotator: None,
            blinded: None,
            round: None,
            ..context.clone()
        };
        transaction.must(&of_dataset, command)?;
        Ok(())
    })?;
    Ok(events)
}

fn tell(
    app: &mut App,
    round: &Round,
    decided: &Decided,
    blinding: &Blinding,
    events: u64,
) -> Result<u8, Failure> {
    let held = blinding.refuted.is_empty();
    let mut warnings: Vec<Value> = Vec::new();
    if decided.added > 0 {
        warnings.push(json!({
            "code": "not_handed_out",
            "count": decided.added,
            "message": format!(
                "{} objects that came back were not handed out and are not recorded; bring them in with holotype import",
                decided.added
            ),
        }));
    }
    app.out.object(
        "holotype/round/1",
        &members(round, decided, blinding, events, &warnings),
    )?;
    let answered = round.closing.as_ref().map_or(0, |closing| closing.answered);
    app.out.line(format!(
        "{}: {answered} of {} objects answered, {} not",
        round.name(),
        round.objects,
        decided.unanswered
    ))?;
    if decided.rated_before > 0 {
        app.out.line(format!(
            "{} of them were labelled by the same annotator in an earlier round",
            decided.rated_before
        ))?;
    }
    app.out.line(format!(
        "differing from the label agreed when the round was opened: {}",
        show::rate_text(round)
    ))?;
    app.out.line(if held {
        "blinding held, as far as the log can tell:"
    } else {
        "blinding did not hold:"
    })?;
    for line in blinding.proved.iter().chain(&blinding.refuted) {
        app.out.line(format!("    {line}"))?;
    }
    app.out.line(format!("    not to be told: {NOT_PROVABLE}"))?;
    for warning in &warnings {
        let message = warning.get("message").and_then(Value::as_str).unwrap_or_default();
        app.out.line(format!("  look  {message}"))?;
    }
    app.out.line(format!(
        "recorded {events} event{}; seal it with holotype commit",
        plural(events)
    ))?;
    Ok(0)
}

fn members(round: &Round, decided: &Decided, blinding: &Blinding, events: u64, warnings: &[Value]) -> Value {
    json!({
        "action": "close",
        "round": show::members(round),
        "unanswered": decided.unanswered,
        "withdrawn": decided.withdrawn,
        "added": decided.added,
        "rated_before": decided.rated_before,
        "blinding": {
            "held": blinding.refuted.is_empty(),
            "proved": blinding.proved,
            "refuted": blinding.refuted,
            "not_provable": [NOT_PROVABLE],
        },
        "events": events,
        "warnings": warnings,
    })
}
