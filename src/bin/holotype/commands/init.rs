//! `init`: makes a repository.

use std::path::PathBuf;

use clap::Args;
use holotype::repo::Repo;
use serde_json::json;

use crate::app::App;
use crate::failure::Failure;

/// Makes a repository
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder of the dataset; it may exist
    dir: Option<PathBuf>,
    /// The name of the dataset
    #[arg(long)]
    name: String,
    /// Who records here: "Name <mail>"
    #[arg(long)]
    author: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &InitArgs) -> Result<u8, Failure> {
    let dir = args
        .dir
        .as_ref()
        .map_or_else(|| app.dir.clone(), |dir| app.dir.join(dir));
    if args.name.trim().is_empty() || args.name.chars().any(char::is_control) {
        return Err(Failure::refused(
            "the name of the dataset is empty or has control characters",
            "--name \"Mitosis study\"",
        ));
    }
    if dir.exists() && !dir.is_dir() {
        return Err(Failure::refused(
            format!("{} is a file", dir.display()),
            "give a folder",
        ));
    }
    let repo = Repo::init(App::vfs(), &dir, args.name.trim(), app.around)?;
    if let Some(author) = &args.author {
        repo.remember_author(author)?;
    }
    let id = repo.store().repository().id;
    app.out.object(
        "holotype/init/1",
        &json!({"path": repo.store().root(), "name": repo.name(), "dataset": id}),
    )?;
    app.out
        .line(format!("made the dataset '{}' in {}", repo.name(), dir.display()))?;
    app.out
        .line("next: holotype add IMAGES, holotype import ANNOTATIONS, holotype commit -m MESSAGE")?;
    Ok(0)
}
