//! `split`: which cases train, validate and test; made, taken from a table, shown, checked and frozen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use holotype::event::{Command, Context, EntityRef, State};
use holotype::files::input::read_file;
use holotype::id::Code;
use holotype::import::looks::looks;
use holotype::import::split_table::{Known, is_part_name, read_split};
use holotype::import::table::read_table;
use holotype::model::{EntityKind, FactChanges, FactValue, Look, Severity};
use holotype::quality::splits::{
    Assignment, LeakFinding, Material, Plan, Share, assign, check, frozen_fact, frozen_parts, leave_out,
    members_digest, read_splits, report,
};
use holotype::repo::{Repo, Transaction};
use serde_json::json;

use super::split_view::{Made, tell};
use crate::app::App;
use crate::failure::{FOUND, Failure, chain};
use crate::output::one_line;

/// Assigns cases to train, validation and test, and finds what leaks between them
#[derive(Debug, Args)]
pub(crate) struct SplitArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(CreateArgs),
    Import(ImportArgs),
    Show(ShowArgs),
    Check(CheckArgs),
    Freeze(FreezeArgs),
}

/// Only cases are assigned: rows of one case in two parts are a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Case,
}

/// Makes a split: cases by shares, in folds, or one domain left out
#[derive(Debug, Args)]
struct CreateArgs {
    /// The split's name
    name: String,
    /// What is assigned
    #[arg(long, default_value = "case")]
    by: By,
    /// The shares of the parts, such as 70:15:15
    #[arg(long, value_name = "SHARES", required_unless_present_any = ["folds", "leave_out"], conflicts_with_all = ["folds", "leave_out"])]
    ratio: Option<String>,
    /// The parts' names, in the order of the shares
    #[arg(long, value_name = "PART,…", value_delimiter = ',', conflicts_with = "folds")]
    parts: Vec<String>,
    /// Parts fold-1 to fold-K of equal shares
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(2..=1000), conflicts_with = "leave_out")]
    folds: Option<u32>,
    /// A split NAME-VALUE for each value of this fact: test has it, train does not
    #[arg(long, value_name = "FACT", conflicts_with = "stratify")]
    leave_out: Option<String>,
    /// The facts whose values each part shall have in proportion
    #[arg(long, value_name = "FACT,…", value_delimiter = ',')]
    stratify: Vec<String>,
    /// The seed; the same one gives the same split for ever
    #[arg(long, value_name = "S", required_unless_present = "leave_out")]
    seed: Option<u64>,
    /// Assign anew what was assigned before
    #[arg(long)]
    replace: bool,
    /// Tell what would be recorded
    #[arg(long)]
    dry_run: bool,
}

/// Takes a split from a table with a column for case, image or slide and one for the part
#[derive(Debug, Args)]
struct ImportArgs {
    /// The split's name
    name: String,
    /// The table: CSV with , ; or tab, the first line naming the columns
    table: PathBuf,
    /// Turns a key into a name: '{:03}.tiff' makes 001.tiff of 1
    #[arg(long = "match", value_name = "PATTERN")]
    pattern: Option<String>,
    /// Tell what would be recorded
    #[arg(long)]
    dry_run: bool,
}

/// Counts what each part has
#[derive(Debug, Args)]
struct ShowArgs {
    /// The split; all where none is given
    name: Option<String>,
    /// The revision; DRAFT where none is given
    revision: Option<String>,
    /// The facts by which it is counted
    #[arg(
        long,
        value_name = "FACT,…",
        value_delimiter = ',',
        default_value = "species,scanner"
    )]
    stratify: Vec<String>,
}

/// Finds leaks, changes of frozen parts and cases in no part; exit 1 when something is found
#[derive(Debug, Args)]
struct CheckArgs {
    /// The split; all where none is given
    name: Option<String>,
    /// The revision; DRAFT where none is given
    revision: Option<String>,
}

/// Freezes a part: a later change is refused, and found by split check
#[derive(Debug, Args)]
struct FreezeArgs {
    /// The split
    name: String,
    /// The part
    part: String,
}

pub(crate) fn run(app: &mut App, args: &SplitArgs) -> Result<u8, Failure> {
    match &args.action {
        Action::Create(args) => create(app, args),
        Action::Import(args) => import(app, args),
        Action::Show(args) => show(app, args),
        Action::Check(args) => find_leaks(app, args),
        Action::Freeze(args) => freeze(app, args),
    }
}

fn usage(line: impl Into<String>) -> Failure {
    Failure::usage(
        line,
        "such as holotype split create main --by case --ratio 70:15:15 --seed 1",
    )
}

/// Checks the name of a split.
fn checked_name(name: &str) -> Result<&str, Failure> {
    match Code::parse(name) {
        Ok(_) => Ok(name),
        Err(_) => Err(usage(format!(
            "'{name}' is no name of a split: letters, digits, . _ -"
        ))),
    }
}

/// Shares as whole numbers: 70:15:15 or 0.7:0.15:0.15.
fn shares(args: &CreateArgs) -> Result<Vec<Share>, Failure> {
    if let Some(folds) = args.folds {
        let fold = |n| Share {
            part: format!("fold-{n}"),
            share: 1,
        };
        return Ok((1..=folds).map(fold).collect());
    }
    let Some(ratio) = &args.ratio else {
        return Ok(Vec::new());
    };
    let millionths = |text: &str| {
        let (whole, rest) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let digits = format!("{whole}{rest:0<6}");
        let fits = rest.len() <= 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = fits.then(|| digits.parse::<u32>().ok()).flatten();
        number.filter(|number| *number > 0)
    };
    let numbers: Option<Vec<u32>> = ratio.split(':').map(millionths).collect();
    let numbers = numbers.ok_or_else(|| {
        usage(format!(
            "'{ratio}' is no ratio: numbers above 0 and below 4000 with : between them"
        ))
    })?;
    let parts = match (args.parts.is_empty(), numbers.len()) {
        (true, 2) => vec!["train".to_owned(), "test".to_owned()],
        (true, 3) => ["train", "validation", "test"].map(str::to_owned).to_vec(),
        _ => args.parts.clone(),
    };
    if parts.len() != numbers.len() {
        return Err(usage(format!(
            "{} parts and {} shares",
            parts.len(),
            numbers.len()
        )));
    }
    Ok(parts
        .into_iter()
        .zip(numbers)
        .map(|(part, share)| Share { part, share })
        .collect())
}

fn checked_parts(parts: &[&String]) -> Result<(), Failure> {
    for (n, part) in parts.iter().enumerate() {
        if !is_part_name(part) || parts.iter().take(n).any(|other| other == part) {
            return Err(usage(format!("'{part}' is no name of a part, or given twice")));
        }
    }
    Ok(())
}

fn create(app: &mut App, args: &CreateArgs) -> Result<u8, Failure> {
    let By::Case = args.by;
    let name = checked_name(&args.name)?;
    let shares = shares(args)?;
    checked_parts(&shares.iter().map(|one| &one.part).collect::<Vec<_>>())?;
    let repo = app.repo()?;
    let mut context = app.context(&repo)?;
    let state = app.version(&repo, Some("DRAFT"))?;
    let looks = looks(&repo, &state)?;
    let material = Material::read(&state)?.with_looks(&looks);
    if material.pictures().is_empty() {
        return Err(Failure::refused(
            "there are no images to split",
            "holotype add IMAGES",
        ));
    }
    let made = match &args.leave_out {
        Some(fact) => domains(args, &material, name, fact)?,
        None => {
            let plan = Plan {
                shares,
                stratify: args.stratify.clone(),
                seed: args.seed.unwrap_or(0),
            };
            let assignment = assign(&material, &plan);
            let report = report(&material, &assignment, &plan.stratify, &plan.shares);
            vec![Made {
                name: name.to_owned(),
                assignment,
                report,
            }]
        }
    };
    context.reason = Some(reason(args));
    let keep = if args.replace {
        Before::Replace
    } else {
        Before::Refuse
    };
    let sight = Sight {
        looks: &looks,
        before: keep,
    };
    let events = record(app, &repo, &context, &made, &sight, args.dry_run)?;
    tell(app, name, &made, events, args.leave_out.is_some())
}

/// The splits that leave one value out each.
fn domains(args: &CreateArgs, material: &Material, name: &str, fact: &str) -> Result<Vec<Made>, Failure> {
    let (train, test) = match args.parts.as_slice() {
        [] => ("train".to_owned(), "test".to_owned()),
        [train, test] => (train.clone(), test.clone()),
        _ => return Err(usage("--leave-out needs two parts")),
    };
    checked_parts(&[&train, &test])?;
    let mut made: Vec<Made> = Vec::new();
    for (value, assignment) in leave_out(material, fact, &train, &test) {
        let word = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        };
        let name = format!("{name}-{}", value.chars().map(word).collect::<String>());
        if made.iter().any(|one| one.name == name) {
            return Err(Failure::refused(
                format!("two values of '{fact}' would give the split '{name}'"),
                "unify the spelling of the values",
            ));
        }
        checked_name(&name)?;
        let report = report(material, &assignment, &[fact.to_owned()], &[]);
        made.push(Made {
            name,
            assignment,
            report,
        });
    }
    if made.len() < 2 {
        return Err(Failure::refused(
            format!(
                "the images have {} values of '{fact}'; two are needed",
                made.len()
            ),
            "state them: holotype metadata TABLE.csv",
        ));
    }
    Ok(made)
}

/// What was asked for, as the events say it.
fn reason(args: &CreateArgs) -> String {
    let mut text = "split create --by case".to_owned();
    let options = [
        ("ratio", args.ratio.clone()),
        ("folds", args.folds.map(|folds| folds.to_string())),
        ("leave-out", args.leave_out.clone()),
        ("parts", (!args.parts.is_empty()).then(|| args.parts.join(","))),
        (
            "stratify",
            (!args.stratify.is_empty()).then(|| args.stratify.join(",")),
        ),
        ("seed", args.seed.map(|seed| seed.to_string())),
    ];
    for (name, value) in options {
        if let Some(value) = value {
            text.push_str(&format!(" --{name} {value}"));
        }
    }
    text
}

/// What becomes of a split of the same name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Refuse,
    Replace,
    Extend,
}

/// What a split is held against before it is recorded.
struct Sight<'a> {
    looks: &'a BTreeMap<String, Look>,
    before: Before,
}

/// Records splits, unless a frozen part would change, something would leak, or one is there already.
fn record(
    app: &mut App,
    repo: &Repo,
    context: &Context,
    made: &[Made],
    sight: &Sight<'_>,
    dry_run: bool,
) -> Result<u64, Failure> {
    let build = |transaction: &mut Transaction<'_>| -> Result<(), Failure> {
        for one in made {
            record_one(transaction, context, one, sight)?;
        }
        Ok(())
    };
    if dry_run {
        let version = app.version(repo, Some("DRAFT"))?;
        let mut rehearsal = Transaction::rehearsal(repo.store(), &version);
        build(&mut rehearsal)?;
        return Ok(rehearsal.events());
    }
    let ((), events) = repo.try_draft_with(build)?;
    Ok(events)
}

fn record_one(
    transaction: &mut Transaction<'_>,
    context: &Context,
    made: &Made,
    sight: &Sight<'_>,
) -> Result<(), Failure> {
    let present = read_splits(&*transaction)?.remove(&made.name).unwrap_or_default();
    if sight.before == Before::Refuse && !present.is_empty() && present != made.assignment {
        return Err(Failure::refused(
            format!("there is a split '{}' already, and it is another one", made.name),
            "take another name, or --replace",
        ));
    }
    let mut wanted = made.assignment.clone();
    if sight.before == Before::Extend {
        let old = present
            .iter()
            .map(|(member, part)| (member.clone(), part.clone()));
        wanted = old.chain(wanted).collect();
    }
    for (part, digest) in frozen_parts(&*transaction, &made.name)? {
        if members_digest(&wanted, &part) != digest {
            let moved = present
                .iter()
                .find(|(member, own)| **own == part && wanted.get(*member) != Some(*own))
                .or_else(|| {
                    wanted
                        .iter()
                        .find(|(member, own)| **own == part && present.get(*member) != Some(*own))
                });
            return Err(Failure::refused(
                format!(
                    "part '{part}' of split '{}' is frozen and would change, with '{}' first",
                    made.name,
                    moved.map_or("", |(member, _)| member)
                ),
                "take another name for the new split",
            ));
        }
    }
    let material = Material::read(&*transaction)?.with_looks(sight.looks);
    let leaks = check(&material, &made.name, &wanted, &BTreeMap::new());
    let mut errors = leaks.iter().filter(|one| one.severity == Severity::Error);
    if let Some(first) = errors.next() {
        let more = errors.count();
        return Err(Failure::refused(
            format!("{}: {} ({more} more findings)", first.code, first.message),
            "put what belongs together into one part, or let holotype split create assign it",
        ));
    }
    let gone = present
        .keys()
        .filter(|member| !wanted.contains_key(*member))
        .map(|member| (member, None));
    let put = wanted.iter().map(|(member, part)| (member, Some(part.clone())));
    for (member, part) in gone.chain(put) {
        let command = Command::AssignSplit {
            split: made.name.clone(),
            member: member.clone(),
            part,
        };
        transaction.must(context, command)?;
    }
    Ok(())
}

fn import(app: &mut App, args: &ImportArgs) -> Result<u8, Failure> {
    let name = checked_name(&args.name)?;
    let repo = app.repo()?;
    let path = app.user_path(&args.table);
    let bytes = read_file(&path, 1 << 30)?;
    let file = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let read = read_table(&file, &bytes).map_err(|error| {
        Failure::refused(
            chain(&error),
            "save it as CSV with one line a row, the first naming the columns",
        )
    })?;
    let state = app.version(&repo, Some("DRAFT"))?;
    let material = Material::read(&state)?;
    let mut known = Known::default();
    for picture in material.pictures() {
        let member = picture.member();
        if let Some(slide) = &picture.slide {
            known
                .slides
                .entry(slide.to_string())
                .or_default()
                .insert(member.clone());
        }
        known.members.insert(member.clone());
        known.images.insert(picture.name.clone(), member);
    }
    let assignment = read_split(&repo, &read, &known, args.pattern.as_deref()).map_err(|error| {
        Failure::refused(
            format!("{file}: {}", chain(&error)),
            "name cases, slides or images; --match '{:03}.tiff' makes 001.tiff of 1",
        )
    })?;
    let context = Context {
        source: Some(holotype::id::Digest::of(&bytes)),
        reason: Some("split import".to_owned()),
        ..app.context(&repo)?
    };
    let made = vec![Made {
        report: report(
            &material,
            &assignment,
            &["species".to_owned(), "scanner".to_owned()],
            &[],
        ),
        name: name.to_owned(),
        assignment,
    }];
    let sight = Sight {
        looks: &looks(&repo, &state)?,
        before: Before::Extend,
    };
    let events = record(app, &repo, &context, &made, &sight, args.dry_run)?;
    tell(app, name, &made, events, false)
}

/// The splits that a command is about: the one named, else all.
fn chosen(state: &dyn State, name: Option<&str>) -> Result<BTreeMap<String, Assignment>, Failure> {
    let mut splits = read_splits(state)?;
    if let Some(name) = name {
        splits.retain(|own, _| own == name);
        if splits.is_empty() {
            return Err(Failure::refused(
                format!("there is no split '{name}'"),
                "'holotype split show' shows what there is",
            ));
        }
    }
    Ok(splits)
}

fn show(app: &mut App, args: &ShowArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let state = app.version(&repo, Some(args.revision.as_deref().unwrap_or("DRAFT")))?;
    let splits = chosen(&state, args.name.as_deref())?;
    let material = Material::read(&state)?;
    let made: Vec<Made> = splits
        .into_iter()
        .map(|(name, assignment)| Made {
            report: report(&material, &assignment, &args.stratify, &[]),
            name,
            assignment,
        })
        .collect();
    tell(
        app,
        args.name.as_deref().unwrap_or(""),
        &made,
        0,
        args.name.is_none(),
    )
}

fn find_leaks(app: &mut App, args: &CheckArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let state = app.version(&repo, Some(args.revision.as_deref().unwrap_or("DRAFT")))?;
    let splits = chosen(&state, args.name.as_deref())?;
    let material = Material::read(&state)?.with_looks(&looks(&repo, &state)?);
    let mut findings: Vec<LeakFinding> = Vec::new();
    for (name, assignment) in &splits {
        findings.extend(check(&material, name, assignment, &frozen_parts(&state, name)?));
    }
    let passed = findings.iter().all(|one| one.severity == Severity::Information);
    let list = findings.iter().map(|one| {
        json!({"code": one.code, "severity": one.severity.as_str(), "object": one.object,
               "message": one.message, "settle": one.settle})
    });
    app.out.object(
        "holotype/split/1",
        &json!({"splits": splits.keys().collect::<Vec<_>>(), "findings": list.collect::<Vec<_>>(), "passed": passed}),
    )?;
    for one in &findings {
        let line = format!("{} {}  {}: {}", one.severity, one.code, one.object, one.message);
        app.out.line(one_line(&line))?;
        app.out.line(format!("  settle: {}", one_line(&one.settle)))?;
    }
    app.out.line(if passed { "ok" } else { "not ok" })?;
    Ok(if passed { 0 } else { FOUND })
}

fn freeze(app: &mut App, args: &FreezeArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let context = app.context(&repo)?;
    let (digest, events) = repo.try_draft_with(|transaction| -> Result<String, Failure> {
        let splits = chosen(&*transaction, Some(&args.name))?;
        let assignment = splits.into_values().next().unwrap_or_default();
        if !assignment.values().any(|part| *part == args.part) {
            return Err(Failure::refused(
                format!("split '{}' has no part '{}'", args.name, args.part),
                "'holotype split show' shows what there is",
            ));
        }
        let digest = members_digest(&assignment, &args.part);
        let frozen = frozen_parts(&*transaction, &args.name)?;
        if frozen.get(&args.part).is_some_and(|known| *known != digest) {
            return Err(Failure::refused(
                format!(
                    "part '{}' of split '{}' is frozen, and was changed since",
                    args.part, args.name
                ),
                format!("holotype split check {}", args.name),
            ));
        }
        let entity = EntityRef {
            kind: EntityKind::Dataset,
            id: String::new(),
        };
        let value = Some(FactValue::Text(digest.clone()));
        let changes = FactChanges::from([(frozen_fact(&args.name, &args.part), value)]);
        transaction.must(&context, Command::SetFacts { entity, changes })?;
        Ok(digest)
    })?;
    app.out.object(
        "holotype/split/1",
        &json!({"split": args.name, "part": args.part, "digest": digest, "events": events}),
    )?;
    app.out.line(format!(
        "froze part '{}' of split '{}': {digest}",
        args.part, args.name
    ))?;
    Ok(0)
}
