//! `checkout`: a working copy with images.

use std::path::PathBuf;

use clap::Args;
use holotype::export::checkout::checkout;
use serde_json::json;

use crate::app::App;
use crate::commands::export::losses;
use crate::failure::Failure;

/// Writes a version's images and annotations into a new or empty folder
#[derive(Debug, Args)]
pub(crate) struct CheckoutArgs {
    /// The revision
    revision: String,
    /// The folder
    dir: PathBuf,
}

pub(crate) fn run(app: &mut App, args: &CheckoutArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, Some(&args.revision))?;
    let dir = app.user_path(&args.dir);
    let summary = checkout(&repo, &version, None, &dir)?;
    app.out.object(
        "holotype/checkout/1",
        &json!({
            "path": dir,
            "images": summary.images,
            "bytes": summary.size_bytes,
            "declared": summary.declared,
            "erased": summary.erased,
            "absent": summary.absent,
            "annotations": summary.annotations.annotations,
            "losses": losses(&summary.annotations.report),
        }),
    )?;
    app.out.line(format!(
        "wrote {} images and {} annotations to {}",
        summary.images,
        summary.annotations.annotations,
        dir.display()
    ))?;
    if summary.declared + summary.erased > 0 {
        app.out.note(format!(
            "{} images are declared only, {} were erased",
            summary.declared, summary.erased
        ));
    }
    if summary.absent > 0 {
        app.out.note(format!(
            "the bytes of {} images never came in here; holotype add brings them",
            summary.absent
        ));
    }
    Ok(0)
}
