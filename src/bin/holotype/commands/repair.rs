//! `repair`: puts back what is missing or damaged, from other copies.

use std::path::PathBuf;

use clap::Args;
use holotype::repair::{RepairError, RepairOptions, RepairReport, repair};
use serde_json::json;

use crate::app::{App, plural};
use crate::commands::verify::{cannot_check, json_lines, lines_of, print, with_bar};
use crate::failure::{FOUND, Failure};
use crate::output::one_line;

/// Puts back what is missing or damaged, proven by its hash; what was bad goes to .holotype/quarantine; exit 1 when
/// something could not be healed
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// A folder with good copies: another copy of the repository, a release, or where images came from; may be repeated
    #[arg(long, value_name = "DIR")]
    from: Vec<PathBuf>,
    /// Say what could be put back, and change nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn run(app: &mut App, args: &RepairArgs) -> Result<u8, Failure> {
    if !app.dir.is_dir() {
        return Err(Failure::refused(
            format!("there is no folder {}", app.dir.display()),
            "check the path after -C",
        ));
    }
    let from: Vec<PathBuf> = args.from.iter().map(|dir| app.user_path(dir)).collect();
    let dir = std::path::absolute(&app.dir).unwrap_or_else(|_| app.dir.clone());
    let options = RepairOptions {
        from: &from,
        dry_run: args.dry_run,
    };
    let result = with_bar(app, |tell| repair(&App::vfs(), &dir, app.around, &options, tell));
    let report = result.map_err(|error| match error {
        RepairError::Repo(error) => Failure::from(error),
        RepairError::Verify(error) => cannot_check(&error),
        RepairError::Source(error) => Failure::refused(
            crate::failure::chain(&error),
            "check the folder after --from; nothing was changed",
        ),
    })?;
    tell(app, args, &report)
}

fn tell(app: &mut App, args: &RepairArgs, report: &RepairReport) -> Result<u8, Failure> {
    let lines = lines_of(&report.after);
    let restored: Vec<_> = report
        .restored
        .iter()
        .map(|one| json!({"path": one.path, "from": one.from, "quarantine": one.set_aside}))
        .collect();
    app.out.object(
        "holotype/repair/1",
        &json!({
            "ok": report.after.ok(), "dry_run": args.dry_run, "restored": restored, "findings": json_lines(&lines),
        }),
    )?;
    let verb = if args.dry_run {
        "could be put back"
    } else {
        "put back"
    };
    for one in &report.restored {
        let from = one
            .from
            .as_ref()
            .map_or("what stands here".to_owned(), |from| from.display().to_string());
        app.out
            .line(one_line(&format!("{verb}: {} from {from}", one.path)))?;
        if let Some(aside) = &one.set_aside {
            app.out.line(format!("  what stood there is now {aside}"))?;
        }
    }
    if !args.dry_run {
        print(app, &lines)?;
    }
    let count = u64::try_from(report.restored.len()).unwrap_or(u64::MAX);
    app.out.line(format!("{count} file{} {verb}", plural(count)))?;
    let healed = report.after.ok() && !(args.dry_run && count > 0);
    if !args.dry_run {
        app.out.line(if healed { "ok" } else { "not ok" })?;
    }
    Ok(if healed { 0 } else { FOUND })
}
