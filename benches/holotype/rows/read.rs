//! Questions: what differs, who did it, what is there.

use crate::dataset::{Wanted, counts};
use crate::durable;
use crate::inside::read_pair;
use crate::lab::{Lab, text};
use crate::measure::{Outcome, Pair, Row, Sample, in_turn, median};
use crate::options::{Options, size_name};
use crate::process::{empty, help, holotype, inside, run, whole};

/// The diff of one change, whole process, against as many hashed blocks as nodes are read and starting a process.
pub(super) fn diff_one(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    repository.commit(lab, 1)?;
    let (value, _) = inside("diff", &[text(&repository.dir), "5"])?;
    let hashing = median(&read_pair(&value, 0)?.limit);
    let pair = in_turn(
        lab.repetitions * 3,
        || run(&mut holotype(&repository.dir, &["diff", "HEAD~1", "HEAD"])),
        || {
            let start = help()?;
            Ok(Sample {
                seconds: start.seconds + hashing,
                ..start
            })
        },
    )?;
    let against = format!(
        "{} node reads × BLAKE3 of 4 KiB + holotype --help",
        whole(&value, "reads")?
    );
    Ok(vec![pair.row(
        "diff of one change",
        &size_name(options.size),
        &against,
        "≤ 1.5",
    )])
}

/// The diff of many changes, in this process, against as many hashed blocks as nodes are read.
pub(super) fn diff_many(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let wanted = usize::try_from(options.size / 10)?.min(10_000);
    let changes = wanted.min(repository.lines_left());
    repository.commit(lab, changes)?;
    let (value, peak) = inside("diff", &[text(&repository.dir), &lab.repetitions.to_string()])?;
    if whole(&value, "changes")? < u64::try_from(changes)? {
        return Err("the diff missed changes".into());
    }
    let against = format!("{} node reads × BLAKE3 of 4 KiB", whole(&value, "reads")?);
    let operation = format!("diff of {changes} changes, in process");
    Ok(vec![read_pair(&value, peak)?.row(
        &operation,
        &size_name(options.size),
        &against,
        "≤ 1.5",
    )])
}

/// A three-way merge of two sides, in this process.
pub(super) fn merge(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let changes = (options.size / 20).min(1000);
    let (value, peak) = inside(
        "merge",
        &[
            text(&repository.dir),
            &lab.repetitions.to_string(),
            &changes.to_string(),
        ],
    )?;
    let operation = format!("merge of {changes} + {changes}, in process");
    Ok(vec![read_pair(&value, peak)?.row(
        &operation,
        &size_name(options.size),
        "two diffs + one apply",
        "≤ 1.1",
    )])
}

/// Questions about one image or one annotation.
pub(super) fn one_image(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let image = an_image(options.size)?;
    let annotation = repository.an_annotation()?;
    let condition = format!("image.name == \"{image}\"");
    let questions: [(&str, Vec<&str>); 4] = [
        ("blame of one annotation", vec!["blame", &annotation]),
        ("blame of one image", vec!["blame", &image]),
        ("show of one annotation", vec!["show", &annotation]),
        (
            "list --where of one image",
            vec!["list", "annotations", "--where", &condition],
        ),
    ];
    let mut rows = Vec::new();
    for (operation, words) in questions {
        let pair = in_turn(
            lab.repetitions,
            || run(&mut holotype(&repository.dir, &words)),
            help,
        )?;
        rows.push(pair.row(
            operation,
            &size_name(options.size),
            "holotype --help",
            "≤ 50 ms, warm",
        ));
    }
    Ok(rows)
}

/// Returns the name of the image that has most nearly the mean number of annotations.
pub(crate) fn an_image(size: u64) -> Outcome<String> {
    let images = (size / 1000).max(100);
    let counts = counts(&Wanted::boxes(images, size));
    let nearest = (1_u64..)
        .zip(counts)
        .min_by_key(|(_, count)| count.abs_diff(size / images));
    let (id, _) = nearest.ok_or("there is no image")?;
    Ok(format!("{id:07}.tiff"))
}

/// What must answer at once, against the empty process.
pub(super) fn quick(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let repository = lab.repository(options.size)?;
    let mut rows = Vec::new();
    for words in [vec!["status"], vec!["log", "-n", "20"], vec!["--help"]] {
        let pair = in_turn(
            lab.repetitions * 3,
            || run(&mut holotype(&repository.dir, &words)),
            empty,
        )?;
        rows.push(pair.row(
            &words.join(" "),
            &size_name(options.size),
            "the empty process (`true`)",
            "≤ 20 ms more",
        ));
    }
    rows.push(durable_writes(lab)?);
    Ok(rows)
}

/// What the disk needs: six durable writes against one sync of a file of 4 KiB.
fn durable_writes(lab: &Lab) -> Outcome<Row> {
    let (dir, file) = (lab.fresh("durable"), lab.fresh("block"));
    let pair: Pair = in_turn(
        lab.repetitions * 3,
        || durable::six_writes(&dir),
        || {
            let ((), sample) = crate::measure::timed(|| durable::write_bytes(&file, 4096))?;
            Ok(sample)
        },
    )?;
    Ok(pair.row(
        "(the disk) 6 durable writes",
        "300 B",
        "write + fdatasync of 4 KiB",
        "",
    ))
}
