//! `record`: commands as JSON lines, all or nothing; the write interface for scripts and tools.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use holotype::event::{State, scan_records};
use holotype::id::LabelId;
use holotype::import::commands::{CommandError, RecordOptions, Recorded, record_lines};
use holotype::model::{EntityKind, Key, KeyParts, LabelRecord};
use holotype::repo::RepoError;
use serde_json::json;

use crate::app::{App, plural, report_commit};
use crate::failure::{Failure, chain};

/// No more is read of commands.
const INPUT_LIMIT: u64 = 4 << 30;

/// Records commands, one JSON object a line, all or nothing
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// The file, or - for standard input
    file: PathBuf,
    /// Add annotators and labels that are not known
    #[arg(long)]
    create: bool,
    /// Commit at once, without the draft
    #[arg(long, value_name = "MESSAGE")]
    commit: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &RecordArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let context = app.context(&repo)?;
    let bytes = if args.file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(INPUT_LIMIT)
            .read_to_end(&mut bytes)?;
        bytes
    } else {
        holotype::files::input::read_file(&app.user_path(&args.file), INPUT_LIMIT)?
    };
    let options = RecordOptions { create: args.create };
    let name = args.file.display().to_string();
    match &args.commit {
        Some(message) => {
            let sealing = app.sealing(&repo, message)?;
            let (recorded, committed) = repo.try_commit_with(&sealing, |transaction, _| {
                record_lines(&repo, transaction, &context, &name, &bytes, &options).map_err(Failure::from)
            })?;
            let Some(committed) = committed else {
                return Err(Failure::refused(
                    "the commands change nothing, so there is nothing to commit",
                    "holotype status",
                ));
            };
            report_commit(app, &repo, "holotype/record/1", &committed, members(&recorded))?;
        }
        None => {
            let (recorded, events) = repo.try_draft_with(|transaction| {
                record_lines(&repo, transaction, &context, &name, &bytes, &options).map_err(Failure::from)
            })?;
            let mut object = members(&recorded);
            if let Some(map) = object.as_object_mut() {
                map.insert("events".to_owned(), json!(events));
            }
            app.out.object("holotype/record/1", &object)?;
            app.out.line(format!(
                "recorded {} command{}: {events} event{}",
                recorded.commands,
                plural(recorded.commands),
                plural(events)
            ))?;
        }
    }
    Ok(0)
}

fn members(recorded: &Recorded) -> serde_json::Value {
    json!({"commands": recorded.commands, "annotations": recorded.annotations})
}

/// Finds a label by name.
pub(crate) fn find_label(state: &dyn State, name: &str) -> Result<Option<LabelId>, RepoError> {
    let mut found = None;
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Label),
        |key, record: LabelRecord| {
            if let Ok(KeyParts::Label(label)) = key.parts()
                && record.name == name
            {
                found = Some(label);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(found)
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        let line = chain(&error);
        match error {
            CommandError::Repo { source, .. } => Self {
                line,
                ..Self::from(*source)
            },
            CommandError::Refused { rejection, .. } => Self {
                line,
                ..Self::from(*rejection)
            },
            CommandError::Json { .. } | CommandError::Line { .. } => Self::refused(
                line,
                "nothing was recorded; each line is one JSON object, such as {\"command\":\"withdraw\",\"annotation\":\"ID\"}",
            ),
            CommandError::Unknown { kind, .. } => Self::refused(
                line,
                match kind {
                    "label" | "annotator" => {
                        "nothing was recorded; --create adds labels and annotators that are not known"
                            .to_owned()
                    }
                    other => format!("nothing was recorded; 'holotype list {other}s' shows what there is"),
                },
            ),
        }
    }
}
