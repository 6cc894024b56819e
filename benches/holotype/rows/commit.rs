//! Small changes of a large dataset.

use std::fs;

use crate::git::Git;
use crate::lab::{self, Lab, Repository, text};
use crate::measure::{Outcome, Pair, Row, Sample, Unit, in_turn, median, median_of};
use crate::options::{Options, size_name};
use crate::process::{help, inside, run, whole};
use crate::sqlite::Sqlite;
use crate::{counters, durable};

/// What one relabelled annotation is called in the table.
const RELABEL: &str = "commit of one relabel";

fn relabel_once(lab: &Lab, repository: &Repository) -> Outcome<Sample> {
    run(&mut lab::record(&repository.dir, &repository.lines(lab, 1)?))
}

/// One relabel, whole process, against starting a process and six durable writes.
pub(super) fn relabel(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let dir = lab.fresh("durable");
    let pair = in_turn(
        lab.repetitions * 3,
        || relabel_once(lab, &repository),
        || {
            let (start, writes) = (help()?, durable::six_writes(&dir)?);
            Ok(Sample {
                seconds: start.seconds + writes.seconds,
                ..start
            })
        },
    )?;
    Ok(vec![pair.row(
        RELABEL,
        &size_name(options.size),
        "holotype --help + 6 durable writes",
        "≤ 1.5",
    )])
}

/// One relabel against git with one file an image.
pub(super) fn relabel_git(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let dir = lab.fresh("git");
    let git = Git::init(&dir)?;
    inside("rows-by-image", &[text(&repository.source), text(&dir)])?;
    git.commit(".")?;
    let file = dir.join("0000001.jsonl");
    let pair = in_turn(
        lab.repetitions * 3,
        || relabel_once(lab, &repository),
        || {
            let mut rows = fs::read_to_string(&file)?;
            rows.push_str("{\"id\":0}\n");
            fs::write(&file, rows)?;
            git.commit("0000001.jsonl")
        },
    )?;
    fs::remove_dir_all(dir)?;
    Ok(vec![pair.row(
        RELABEL,
        &size_name(options.size),
        "git add + commit, one file an image",
        "≤ 0.5",
    )])
}

/// One relabel against the same in a repository with a tenth of the annotations.
pub(super) fn relabel_growth(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let (large, small) = (lab.repository(options.size)?, lab.repository(options.size / 10)?);
    let pair = in_turn(
        lab.repetitions * 3,
        || relabel_once(lab, &large),
        || relabel_once(lab, &small),
    )?;
    let against = format!("the same at {}", size_name(small.size));
    Ok(vec![pair.row(
        RELABEL,
        &size_name(options.size),
        &against,
        "≤ 1.3",
    )])
}

/// Bytes made durable by commits of several sizes against the bytes of their events.
pub(super) fn synced_bytes(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let value = counters::of_repository(lab, &repository)?;
    let mut rows = Vec::new();
    for events in counters::COMMITS {
        let of = |name: &str| whole(&value, &format!("{name} of a commit of {events}"));
        rows.push(Row {
            operation: "synced bytes of a commit".to_owned(),
            size: format!("{events} of {}", size_name(options.size)),
            unit: Unit::Bytes,
            ours: Some(float(of("synced bytes")?)),
            against: "its encoded events".to_owned(),
            limit: float(of("event bytes")?),
            target: if events == 1 { "≤ 4" } else { "≤ 1.3" }.to_owned(),
            peak_bytes: 0,
        });
    }
    Ok(rows)
}

fn float(number: u64) -> f64 {
    // Bytes that a bench meets are far below 2^53.
    f64::from(u32::try_from(number >> 16).unwrap_or(u32::MAX)) * 65_536.0
        + f64::from(u16::try_from(number & 0xffff).unwrap_or(0))
}

/// Many commits of ten edits each on 100,000 annotations against SQLite, the last against the first, and the size of
/// the repository afterwards.
pub(super) fn many_commits(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let (size, commits) = if options.short {
        (10_000, 20)
    } else {
        (100_000, 1000)
    };
    let repository = lab.make_repository(size)?;
    let mut sqlite = Sqlite::with_rows(&lab.fresh("sqlite"), size)?;
    let mut pair = Pair::default();
    for _ in 0..commits {
        let lines = repository.lines(lab, 10)?;
        pair.ours.push(run(&mut lab::record(&repository.dir, &lines))?);
        let (start, update) = (help()?, sqlite.commit(10)?);
        pair.limit.push(Sample {
            seconds: start.seconds + update.seconds,
            ..start
        });
        fs::remove_file(lines)?;
    }
    let label = format!("{commits} on {}", size_name(size));
    let tenth = commits / 10;
    let part = |samples: &[Sample]| median_of(samples.iter().map(|sample| sample.seconds).collect());
    let stored: u64 = durable::files(&repository.dir.join(".holotype"))?
        .iter()
        .map(|path| fs::metadata(path).map(|metadata| metadata.len()))
        .sum::<Result<_, _>>()?;
    let needed = repository.fact("event_bytes")? + repository.fact("tree_bytes")?;
    let operation = "commit of 10 edits";
    let rows = vec![
        pair.row(
            operation,
            &label,
            "SQLite, one transaction each, synchronous=FULL, + holotype --help",
            "≤ 1.5",
        ),
        Row {
            ours: Some(part(pair.ours.get(commits - tenth..).unwrap_or_default())),
            limit: median(pair.ours.get(..tenth).unwrap_or_default()),
            against: format!("the first {tenth}"),
            target: "≤ 1.0".to_owned(),
            ..pair.row(&format!("the last {tenth} of them"), &label, "", "")
        },
        Row {
            operation: "repository after them".to_owned(),
            size: label.clone(),
            unit: Unit::Bytes,
            ours: Some(float(stored)),
            against: "event bytes + one tree".to_owned(),
            limit: float(needed),
            target: "≤ 1.5".to_owned(),
            peak_bytes: 0,
        },
    ];
    fs::remove_dir_all(&repository.dir)?;
    Ok(rows)
}
