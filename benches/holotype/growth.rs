//! How costs grow: with annotations, and with commits. Every cell is a time of one machine; what matters is how a line
//! goes on.

use std::fs;
use std::path::Path;

use crate::inside::read_pair;
use crate::lab::{self, Lab, Repository, text};
use crate::measure::{Outcome, Sample, Unit, median};
use crate::options::{Options, size_name};
use crate::page::{markdown_head, markdown_line, replace};
use crate::process::{holotype, inside, inside_timed};
use crate::report::amount;
use crate::{machine, rows};

/// Annotations in the repositories with many commits.
const SMALL: u64 = 10_000;

/// The times of one column: operation and median.
type Column = Vec<(&'static str, f64)>;

/// Measures and prints both tables.
pub(crate) fn run(options: &Options) -> Outcome<()> {
    let lab = Lab::open(options)?;
    let machine = machine::describe();
    println!("{machine}");
    let mut columns = Vec::new();
    for size in [10_000, 100_000, 1_000_000, 10_000_000] {
        if size <= options.size {
            eprintln!("bench: growth, {} annotations", size_name(size));
            columns.push((size_name(size), of_size(&lab, size)?));
        }
    }
    let first = table("annotations", &columns);
    print!("{first}");
    columns.clear();
    for commits in [10, 1000, 100_000] {
        if commits <= options.commits {
            eprintln!("bench: growth, {} commits", size_name(commits));
            columns.push((size_name(commits), of_history(&lab, commits)?));
        }
    }
    let second = table("commits", &columns);
    print!("\n{second}");
    if options.write_docs {
        let head = format!(
            "`cargo bench -- --growth --size {} --commits {}`, on: {machine}.\n\n",
            size_name(options.size),
            options.commits
        );
        replace("growth with annotations", &format!("{head}{first}"))?;
        replace("growth with commits", &format!("{head}{second}"))?;
    }
    Ok(())
}

/// Lays columns out as a Markdown table with a line for each operation.
fn table(what: &str, columns: &[(String, Column)]) -> String {
    let heads: Vec<String> = columns.iter().map(|(name, _)| format!("{name} {what}")).collect();
    let mut names = vec!["operation"];
    names.extend(heads.iter().map(String::as_str));
    let mut text = markdown_head(&names);
    let Some((_, first)) = columns.first() else {
        return String::new();
    };
    for (operation, _) in first {
        let mut cells = vec![(*operation).to_owned()];
        for (_, column) in columns {
            let found = column.iter().find(|(name, _)| name == operation);
            cells.push(found.map_or_else(|| "–".to_owned(), |(_, value)| amount(*value, Unit::Seconds)));
        }
        text.push_str(&markdown_line(&cells));
    }
    text
}

/// Measures with so many annotations in one import.
fn of_size(lab: &Lab, size: u64) -> Outcome<Column> {
    let source = lab.source(size)?;
    let dir = lab.empty_repository()?;
    let import = run_once(&mut lab::import(&dir, &source))?;
    fs::remove_dir_all(dir)?;
    let repository = lab.make_repository(size)?;
    let mut column = vec![("import + commit", import)];
    column.extend(questions(lab, &repository, size)?);
    fs::remove_dir_all(&repository.dir)?;
    Ok(column)
}

/// Measures after so many commits of one change each.
fn of_history(lab: &Lab, commits: u64) -> Outcome<Column> {
    let repository = lab.make_repository(SMALL)?;
    let lines = repository.lines(lab, repository.lines_left() / 2)?;
    let made = inside_timed(
        "history",
        &[text(&repository.dir), text(&lines), &commits.to_string()],
    )?;
    let each = made.seconds / f64::from(u32::try_from(commits)?);
    let mut column = vec![("one commit of such a history, unsynced, in process", each)];
    column.extend(questions(lab, &repository, SMALL)?);
    fs::remove_dir_all(&repository.dir)?;
    Ok(column)
}

/// Measures one change and every question.
fn questions(lab: &Lab, repository: &Repository, size: u64) -> Outcome<Column> {
    let dir = repository.dir.as_path();
    let one_change = repeated(lab, || {
        crate::process::run(&mut lab::record(dir, &repository.lines(lab, 1)?))
    })?;
    let annotation = repository.an_annotation()?;
    let image = rows::read::an_image(size)?;
    let asked = |words: &[&str]| repeated(lab, || crate::process::run(&mut holotype(dir, words)));
    Ok(vec![
        ("commit of one relabel", one_change),
        ("open", open(lab, dir)?),
        ("status", asked(&["status"])?),
        ("log -n 20", asked(&["log", "-n", "20"])?),
        ("diff of one change", asked(&["diff", "HEAD~1", "HEAD"])?),
        ("blame of one annotation", asked(&["blame", &annotation])?),
        ("blame of one image", asked(&["blame", &image])?),
        ("verify", asked(&["verify"])?),
        ("replay to a root, in process", replay(dir)?),
        ("gc", run_once(&mut holotype(dir, &["gc", "--grace", "0"]))?),
        (
            "diff of one change after gc",
            run_once(&mut holotype(dir, &["diff", "HEAD~1", "HEAD"]))?,
        ),
    ])
}

fn run_once(command: &mut std::process::Command) -> Outcome<f64> {
    Ok(crate::process::run(command)?.seconds)
}

fn repeated(lab: &Lab, mut work: impl FnMut() -> Outcome<Sample>) -> Outcome<f64> {
    let samples: Outcome<Vec<Sample>> = (0..=lab.repetitions).map(|_| work()).collect();
    Ok(median(samples?.get(1..).unwrap_or_default()))
}

fn open(lab: &Lab, dir: &Path) -> Outcome<f64> {
    repeated(lab, || inside_timed("open", &[text(dir)]))
}

fn replay(dir: &Path) -> Outcome<f64> {
    let (value, peak) = inside("replay", &[text(dir), "1"])?;
    Ok(median(&read_pair(&value, peak)?.ours))
}
