//! `check strip`: copies of TIFFs that say nothing of people, to be added in place of the originals.

use std::path::PathBuf;

use clap::Args;
use holotype::files::output::StagedFolder;
use holotype::files::probe::Photographs;
use holotype::files::strip::{StripFileError, strip_file};
use holotype::import::headers;
use holotype::import::ingest::{IngestOptions, find_images};
use holotype::quality::gate::personal_in_files;
use serde_json::json;

use crate::app::App;
use crate::commands::personal;
use crate::failure::{Failure, chain};
use crate::output::one_line;

/// Copies TIFFs with their personal texts blanked and every pixel of the scan as it is; needs no repository
#[derive(Debug, Args)]
pub(crate) struct StripArgs {
    /// TIFF files and folders of them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// The folder of the copies, new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also take out the photographs of the slide and of its label; what else there is stays, byte for byte
    #[arg(long)]
    photographs: bool,
}

pub(super) fn run(app: &mut App, args: &StripArgs) -> Result<u8, Failure> {
    let paths: Vec<PathBuf> = args.paths.iter().map(|path| app.user_path(path)).collect();
    let (files, _) = find_images(&paths, &IngestOptions::default())?;
    let mut folder = StagedFolder::create(&app.user_path(&args.out))?;
    let mut stripped = Vec::new();
    let photographs = if args.photographs {
        Photographs::Remove
    } else {
        Photographs::Keep
    };
    for file in &files {
        let patches = strip_file(&file.path, &mut folder, &file.name, photographs)?;
        let mut what: Vec<String> = patches.into_iter().map(|patch| patch.what).collect();
        what.dedup();
        stripped.push((file.name.clone(), what));
    }
    folder.publish()?;
    let out = app.user_path(&args.out);
    let copies = find_images(std::slice::from_ref(&out), &IngestOptions::default())?.0;
    let left = personal_in_files(&headers::of_files(&copies)?);
    let objects: Vec<_> = stripped
        .iter()
        .map(|(name, what)| json!({"file": name, "blanked": what}))
        .collect();
    app.out.object(
        "holotype/strip/1",
        &json!({"files": objects, "left": personal::json(&left)}),
    )?;
    for (name, what) in &stripped {
        let what = if what.is_empty() {
            "nothing".to_owned()
        } else {
            what.join("; ")
        };
        app.out.line(one_line(&format!("{name}: blanked {what}")))?;
    }
    for finding in &left {
        app.out
            .line(one_line(&format!("left {}: {}", finding.code, finding.message)))?;
    }
    app.out.line(format!("next: holotype add {}", out.display()))?;
    Ok(0)
}

impl From<StripFileError> for Failure {
    fn from(error: StripFileError) -> Self {
        let line = chain(&error);
        match error {
            StripFileError::Input(error) => error.into(),
            StripFileError::Output(error) => error.into(),
            StripFileError::Strip { .. } => Self::refused(
                line,
                "nothing was written; strip it with a tool of its format, and add the result",
            ),
        }
    }
}
