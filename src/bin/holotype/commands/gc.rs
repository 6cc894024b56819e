//! `gc`: removes what nobody needs.

use clap::Args;
use holotype::repo::{GcPlan, GcRun};
use holotype::store::{Garbage, GarbageKind, Tally};
use serde_json::{Value, json};

use crate::app::{App, plural};
use crate::failure::Failure;

/// Removes what no version, tag, release or draft needs; never a commit or a batch
///
/// Derived files, which are rebuilt when needed; files that dead processes left; the bytes of images that no version and
/// no draft has, as after 'discard'. Nothing goes that was written within the period of grace. Bytes and left files stay
/// while somebody else writes. What each run did is noted in .holotype/local/gc.jsonl.
#[derive(Debug, Args)]
pub(crate) struct GcArgs {
    /// List what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Keep what was written within this time: a number of s, m, h, d or w; 0 keeps nothing
    #[arg(long, value_name = "DURATION", default_value = "2w", value_parser = parse_grace)]
    grace: Grace,
}

/// How long a file stays that nobody needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grace {
    seconds: u64,
}

impl Grace {
    fn ms(self) -> u64 {
        self.seconds.saturating_mul(1000)
    }
}

/// Reads a number with its unit; 0 needs none.
fn parse_grace(text: &str) -> Result<Grace, String> {
    if text == "0" {
        return Ok(Grace { seconds: 0 });
    }
    let wrong = || "a period is a whole number and its unit s, m, h, d or w, such as 36h or 14d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let unit_seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        'w' => 7 * 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number = text.strip_suffix(unit).ok_or_else(wrong)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = count.checked_mul(unit_seconds).ok_or_else(wrong)?;
    Ok(Grace { seconds })
}

pub(crate) fn run(app: &mut App, args: &GcArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let grace_ms = args.grace.ms();
    let (plan, run) = if args.dry_run {
        (repo.plan_gc(grace_ms)?, GcRun::Whole)
    } else {
        let outcome = repo.gc(grace_ms, app.author_name())?;
        (outcome.plan, outcome.run)
    };
    let bytes: u64 = plan.garbage.iter().map(|one| one.size_bytes).sum();
    app.out.object(
        "holotype/gc/1",
        &json!({
            "dry_run": args.dry_run,
            "grace_seconds": args.grace.seconds,
            "freed_bytes": if args.dry_run { 0 } else { bytes },
            "garbage": tallies(&plan.garbage),
            "young": tallies(&plan.young),
            "files": plan.garbage.iter().map(file_json).collect::<Vec<_>>(),
            "waits_for_writers": run == GcRun::BesideWriters,
        }),
    )?;
    tell(app, args.dry_run, &plan, bytes)?;
    if run == GcRun::BesideWriters {
        app.out
            .line("somebody else is writing: bytes of images and left files stay; run it again later")?;
    }
    Ok(0)
}

fn tell(app: &mut App, dry_run: bool, plan: &GcPlan, bytes: u64) -> Result<(), Failure> {
    if dry_run {
        for one in &plan.garbage {
            app.out.line(format!(
                "  {:<14} {:>12} bytes  {}",
                name(one.kind),
                one.size_bytes,
                one.path
            ))?;
        }
    }
    let counted = |garbage: &[Garbage]| {
        KINDS.map(|kind| {
            let files = Tally::of(garbage, kind).files;
            format!("{files} {} file{}", name(kind), plural(files))
        })
    };
    let what = counted(&plan.garbage).join(", ");
    app.out.line(if dry_run {
        format!("would free {bytes} bytes: {what}; nothing was changed")
    } else {
        format!("freed {bytes} bytes: {what}; what is derived is rebuilt when needed")
    })?;
    if !plan.young.is_empty() {
        let what = counted(&plan.young).join(", ");
        app.out.line(format!(
            "within the period of grace, or in use: {what}; see --grace"
        ))?;
    }
    Ok(())
}

const KINDS: [GarbageKind; 3] = [GarbageKind::Blob, GarbageKind::Derived, GarbageKind::Temporary];

fn name(kind: GarbageKind) -> &'static str {
    match kind {
        GarbageKind::Blob => "unneeded image",
        GarbageKind::Derived => "derived",
        GarbageKind::Temporary => "left",
    }
}

/// The names of kinds in JSON.
fn member(kind: GarbageKind) -> &'static str {
    match kind {
        GarbageKind::Blob => "blobs",
        GarbageKind::Derived => "derived",
        GarbageKind::Temporary => "temporary",
    }
}

fn tallies(garbage: &[Garbage]) -> Value {
    let tally = |kind| {
        let Tally { files, size_bytes } = Tally::of(garbage, kind);
        (
            member(kind).to_owned(),
            json!({"files": files, "bytes": size_bytes}),
        )
    };
    KINDS
        .map(tally)
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn file_json(one: &Garbage) -> Value {
    json!({"kind": member(one.kind), "path": one.path, "bytes": one.size_bytes})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_of_grace_has_a_unit() {
        let seconds = |text| parse_grace(text).map(|grace| grace.seconds);
        assert_eq!(seconds("0"), Ok(0));
        assert_eq!(seconds("0d"), Ok(0));
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("36h"), Ok(36 * 3600));
        assert_eq!(seconds("2w"), Ok(14 * 86400));
        let wrong = [
            "",
            "d",
            "-1d",
            "+1d",
            "1.5d",
            "7",
            "2 w",
            "1y",
            "1wä",
            "99999999999999999999w",
            "9999999999999999999w",
        ];
        for text in wrong {
            assert!(parse_grace(text).is_err(), "{text}");
        }
    }
}
